import { describe, expect, it } from 'vitest';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { openPage, waitUntilLive } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';

describe('subscriptions', () => {
	const stage = setStage();

	it('to 1,000 types on one element use one socket, and each is called once', async () => {
		const { page, errors } = await openPage(stage.browser, stage.relay.url, '');
		let sockets = 0;
		page.on('websocket', () => sockets++);
		await page.evaluate(() => {
			const feed = document.createElement('live-feed');
			feed.setAttribute('channel', 'many-types');
			feed.setAttribute('types', 'shown');
			const calls: string[] = [];
			Object.assign(globalThis, { calls });
			for (let n = 0; n < 1000; n++) feed.subscribe(`type-${n}`, ({ type }) => calls.push(type));
			document.body.append(feed);
		});
		await waitUntilLive(page);
		const published = await page.evaluate(async () => {
			const feed = document.querySelector<LiveFeed>('live-feed');
			const types = Array.from({ length: 1000 }, (_, n) => `type-${n}`);
			await Promise.all(types.map((type) => feed?.publish(type)));
			return types;
		});
		await page.waitForFunction(() => (globalThis as unknown as { calls: string[] }).calls.length >= 1000);
		expect(await page.evaluate(() => (globalThis as unknown as { calls: string[] }).calls)).toEqual(published);
		expect(sockets).toBe(1);
		expect(
			await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events.length),
			'only `types` are shown',
		).toBe(0);
		expect(errors).toEqual([]);
	});
});
