// More channels in one page than a browser opens sockets for.
import { describe, expect, it } from 'vitest';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { openPage } from '../support/panel.ts';
import { patience } from '../support/slowness.ts';
import { setStage } from '../support/stage.ts';

/** Chromium opens 255. */
const CHANNELS = 262;
const FEWEST = 200;

describe('a page with too many channels', () => {
	const stage = setStage();

	it('says of each channel beyond the limit of the browser why it is offline, and shows the others', async () => {
		const { page, errors } = await openPage(stage.browser, stage.relay.url, '');
		await page.evaluate((count) => {
			const told = new Map<EventTarget, string>();
			Object.assign(globalThis, { told });
			for (let n = 0; n < count; n++) {
				const feed = document.createElement('live-feed');
				feed.setAttribute('channel', `many-${n}`);
				feed.addEventListener('live-feed-error', ({ error }) => told.set(feed, (error as { code: string }).code));
				document.body.append(feed);
			}
		}, CHANNELS);
		const readAll = () =>
			page.evaluate(() =>
				[...document.querySelectorAll<LiveFeed>('live-feed')].map((feed) => ({
					connection: feed.connection,
					code: (globalThis as unknown as { told: Map<EventTarget, string> }).told.get(feed),
				})),
			);
		const count = (all: Awaited<ReturnType<typeof readAll>>) => ({
			live: all.filter(({ connection }) => connection === 'live').length,
			told: all.filter(({ connection, code }) => connection === 'offline' && code === 'too-many-connections').length,
		});
		const isExplained = async () => {
			const { live, told } = count(await readAll());
			return live + told;
		};
		await expect.poll(isExplained, { timeout: patience(60_000), interval: 200 }).toBe(CHANNELS);
		const { live, told } = count(await readAll());
		expect(live).toBeGreaterThan(FEWEST);
		expect(told).toBeGreaterThan(0);
		const text = await page.evaluate(() => {
			const feed = [...document.querySelectorAll<LiveFeed>('live-feed')].find(
				({ connection }) => connection === 'offline',
			);
			return feed?.shadowRoot?.textContent?.replace(/\s+/g, ' ');
		});
		expect(text).toMatch(/ \d+ channels of this page are connected\. Show fewer channels in one page\./);
		expect(errors.filter((error) => !/WebSocket|ERR_INSUFFICIENT/.test(String(error)))).toEqual([]);
	});
});
