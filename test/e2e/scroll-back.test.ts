import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.ts';
import { openPage, readRows, waitUntilFirstPainted, waitUntilLive, waitUntilPainted } from '../support/panel.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { findLog, LEAST_LINES } from '../support/system-log.ts';

const STEP_PX = 12_000;
const MOST_STEPS = 2000;

/** Turns the wheel over the list until its old end says that nothing is older. */
async function scrollBack(page: Page, upwards: boolean): Promise<number> {
	const box = await page.locator('live-feed').boundingBox();
	if (!box) throw new Error('the panel has no box');
	await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
	for (let step = 1; step <= MOST_STEPS; step++) {
		await page.mouse.wheel(0, upwards ? -STEP_PX : STEP_PX);
		const isEnd = await page.evaluate(async () => {
			await new Promise((resolve) => requestAnimationFrame(resolve));
			const root = document.querySelector('live-feed')?.shadowRoot;
			const list = root?.querySelector('[part~=list]')?.getBoundingClientRect();
			const end = root?.querySelector('.end');
			const place = end?.getBoundingClientRect();
			const isInView = list && place && place.bottom > list.top && place.top < list.bottom;
			return Boolean(isInView && end?.textContent?.includes('where the channel begins'));
		});
		if (isEnd) return step;
	}
	throw new Error(`no end after ${MOST_STEPS} turns of the wheel`);
}

describe('a system log', () => {
	let relay: TestRelay;
	let browser: Browser;
	let folder: string;
	beforeAll(async () => {
		[relay, browser, folder] = await Promise.all([
			startRelay(),
			launch(),
			mkdtemp(path.join(tmpdir(), 'live-feed-log-')),
		]);
	});
	afterAll(async () => {
		await browser?.close();
		await relay?.stop();
		await rm(folder, { recursive: true, force: true });
	});

	it(`of ${LEAST_LINES} lines and more is reached to its first line by scrolling back, in a panel open before and in one opened after`, async () => {
		const file = await findLog(folder);
		const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-9000);
		const texts = lines.map((line) => line.slice(20).trimEnd());
		expect(lines.length).toBeGreaterThanOrEqual(LEAST_LINES);

		const { page: before, errors } = await openPage(
			browser,
			relay.url,
			'<live-feed channel="log" density="compact"></live-feed>',
		);
		await waitUntilLive(before);
		const script = path.join(import.meta.dirname, '../../demo/publish-records.mjs');
		await promisify(execFile)(process.execPath, [
			script,
			'log',
			file,
			'--relay',
			relay.url,
			'--channel',
			'log',
			'--last',
			'9000',
		]);
		await waitUntilPainted(before, texts.at(-1) ?? '');
		const { page: after } = await openPage(
			browser,
			relay.url,
			'<live-feed channel="log" order="newest-last"></live-feed>',
		);
		await waitUntilPainted(after, texts.at(-1) ?? '');

		const steps = [await scrollBack(before, false), await scrollBack(after, true)];
		for (const [index, page] of [before, after].entries()) {
			const rows = await readRows(page);
			const oldestFirst = index === 0 ? rows.toReversed() : rows;
			expect(oldestFirst.length).toBe(texts.length);
			expect(oldestFirst[0]).toBe(texts[0]);
			expect(oldestFirst).toEqual(texts);
			await waitUntilFirstPainted(page);
		}
		expect(errors).toEqual([]);
		console.log(
			`${texts.length} lines of ${path.basename(file)} reached in ${steps.join(' and ')} turns of the wheel; the first is "${texts[0]}"`,
		);
	});
});
