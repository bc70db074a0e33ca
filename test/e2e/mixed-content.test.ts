import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.ts';

const SCRIPTS = path.join(import.meta.dirname, '../../dist/site/script');

describe('an https page with an http relay', () => {
	let browser: Browser;
	beforeAll(async () => {
		browser = await launch();
	});
	afterAll(async () => {
		await browser?.close();
	});

	it('says so in the panel and in an event, and throws nothing into the page', async () => {
		const page = await browser.newPage();
		const thrown: string[] = [];
		page.on('pageerror', (error) => thrown.push(error.message));
		await page.route('https://page.example/**', async (route) => {
			const { pathname } = new URL(route.request().url());
			if (pathname.endsWith('.js')) {
				await route.fulfill({ contentType: 'text/javascript', body: await readFile(path.join(SCRIPTS, pathname)) });
				return;
			}
			await route.fulfill({
				contentType: 'text/html',
				body: `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
					<script>addEventListener('live-feed-error', ({ error }) => { document.documentElement.dataset.error = error.code; });</script>
					<script type="module" src="/live-feed.js"></script>
					<live-feed channel="deploys" relay="http://relay.example"></live-feed>`,
			});
		});
		await page.goto('https://page.example/');
		await page.waitForFunction(() =>
			document
				.querySelector('live-feed')
				?.shadowRoot?.querySelector('.note')
				?.textContent?.includes('needs a relay over https'),
		);
		const words = await page.locator('live-feed .note').first().textContent();
		expect(words).toContain('http://relay.example');
		expect(await page.getAttribute('html', 'data-error')).toBe('mixed-content');
		expect(thrown).toEqual([]);
	});
});
