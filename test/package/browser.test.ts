import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { findBrowser } from '../support/browser.ts';

test('a browser is found on this machine', async () => {
	const { executablePath, source } = await findBrowser();
	console.info(`${source}: ${executablePath}`);
	expect(executablePath).not.toBe('');
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
	'the carried browser draws a page, for machines that have none',
	async () => {
		const found = await findBrowser({ ignoreInstalled: true });
		expect(found.source).toBe('carried');
		const browser = await chromium.launch({
			executablePath: found.executablePath,
			args: found.args,
			env: { ...(process.env as Record<string, string>), ...found.env },
		});
		try {
			const page = await browser.newPage();
			await page.setContent('<h1>drawn</h1>');
			// Without a font the text is there and has no height.
			expect((await page.locator('h1').boundingBox())?.height).toBeGreaterThan(10);
		} finally {
			await browser.close();
		}
	},
);
