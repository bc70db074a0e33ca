import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.ts';
import { isLong } from '../support/form.ts';
import { openPage, waitUntilFirstPainted, waitUntilLive, waitUntilPainted } from '../support/panel.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { findLog, LEAST_LINES } from '../support/system-log.ts';

/** Of a log that has more. */
const LINES = isLong ? LEAST_LINES : 600;

const MOST_STEPS = 3000;

interface Way {
	steps: number;
	/** The rows met on the way, from the oldest. */
	texts: string[];
}

/** Turns the wheel over the list until its old end says that nothing is older; rows are drawn only near the view. */
async function scrollBack(page: Page, upwards: boolean): Promise<Way> {
	const box = await page.locator('live-feed').boundingBox();
	if (!box) throw new Error('the panel has no box');
	await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
	const met = new Map<number, string>();
	// As far as rows are drawn beyond the view, so that none is passed over.
	const step = Math.round(box.height * 0.9);
	for (let steps = 0; steps <= MOST_STEPS; steps++) {
		const { rows, isEnd } = await page.evaluate(async () => {
			const root = document.querySelector('live-feed')?.shadowRoot;
			// What the wheel asked for is drawn in the frame after that in which the page hears of it.
			for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
			const list = root?.querySelector('[part~=list]')?.getBoundingClientRect();
			const end = root?.querySelector('.end');
			const place = end?.getBoundingClientRect();
			const isInView = list && place && place.bottom > list.top && place.top < list.bottom;
			return {
				rows: [...(root?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])].map(
					(row) => [Number(row.dataset.seq), row.querySelector('[part~=row-text]')?.textContent?.trim() ?? ''] as const,
				),
				isEnd: Boolean(isInView && end?.textContent?.includes('where the channel begins')),
			};
		});
		for (const [seq, text] of rows) met.set(seq, text);
		if (isEnd) return { steps, texts: [...met].sort(([a], [b]) => a - b).map(([, text]) => text) };
		await page.mouse.wheel(0, upwards ? -step : step);
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

	it(`of ${LINES} lines and more is reached to its first line by scrolling back, in a panel open before and in one opened after`, async () => {
		const file = await findLog(folder);
		const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-LINES);
		const texts = lines.map((line) => line.slice(20).trimEnd());
		expect(lines.length).toBeGreaterThanOrEqual(LINES);

		const { page: before, errors } = await openPage(
			browser,
			relay.url,
			'<live-feed channel="log" density="compact" no-fold></live-feed>',
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
			String(LINES),
		]);
		await waitUntilPainted(before, texts.at(-1) ?? '');
		const { page: after } = await openPage(
			browser,
			relay.url,
			'<live-feed channel="log" order="newest-last" density="compact" no-fold></live-feed>',
		);
		await waitUntilPainted(after, texts.at(-1) ?? '');

		const ways = await Promise.all([scrollBack(before, false), scrollBack(after, true)]);
		for (const { texts: met } of ways) expect(met).toEqual(texts);
		for (const page of [before, after]) await waitUntilFirstPainted(page);
		expect(errors).toEqual([]);
		console.log(
			`${texts.length} lines of ${path.basename(file)} reached in ${ways.map(({ steps }) => steps).join(' and ')} turns of the wheel; the first is "${texts[0]}"`,
		);
	});
});
