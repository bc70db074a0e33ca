// What a client does about a line that is not what it seems: behind the fault proxy, in a real page.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { type FaultProxy, startProxy } from '../faults/proxy.ts';
import { createChannelName } from '../support/conversation.ts';
import { openPage, waitUntilLive } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';

const isSocket = ({ via }: { via: string }) => via === 'websocket';

// Each has a line of its own, and most of it is waiting for what a client gives a line: beside one another.
describe.concurrent('a panel whose line fails', () => {
	const stage = setStage();
	const post = async (channel: string, text: string) => {
		const { ok } = await fetch(`${stage.relay.url}/channels/${channel}/events`, { method: 'POST', body: text });
		expect(ok).toBe(true);
	};
	const it = test.extend<{ proxy: FaultProxy }>({
		// biome-ignore lint/correctness/noEmptyPattern: the runner reads here that it needs nothing else
		proxy: async ({}, use) => {
			const proxy = await startProxy(Number(new URL(stage.relay.url).port));
			await use(proxy);
			await proxy.stop();
		},
	});
	async function open(proxy: FaultProxy, channel: string): Promise<Page> {
		const { page } = await openPage(stage.browser, proxy.url, `<live-feed channel="${channel}"></live-feed>`);
		await waitUntilLive(page);
		// What keeps watch is loaded with the first row.
		await post(channel, 'first');
		await page.waitForFunction(() => {
			const root = document.querySelector('live-feed')?.shadowRoot;
			const rows = [...(root?.querySelectorAll('[part~=row-text]') ?? [])].map((row) => row.textContent?.trim());
			return rows.join() === 'first' && root?.querySelector('.end');
		});
		return page;
	}
	const wake = (page: Page, type: string) =>
		page.evaluate((name) => {
			// Where a browser does: these two at the document, and one of them does not bubble.
			const target = /visibility|resume/.test(name) ? document : window;
			target.dispatchEvent(new Event(name));
		}, type);
	const texts = (page: Page) =>
		page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events.map(({ text }) => text));

	// It takes as long as a relay under load may need for a receipt: begun first.
	it('sends a draft again whose receipt got lost, and the relay has it once', async ({ expect, proxy }) => {
		const channel = createChannelName('receipt');
		const { page } = await openPage(stage.browser, proxy.url, `<live-feed channel="${channel}"></live-feed>`);
		await waitUntilLive(page);
		let dropped = 0;
		proxy.set({
			message: (text) => {
				if (!text.includes('"receipts"') || dropped > 0) return 'pass';
				dropped++;
				return 'drop';
			},
		});
		const receipt = await page.evaluate(() =>
			document.querySelector<LiveFeed>('live-feed')?.publish('message', { text: 'answered late' }),
		);
		expect(dropped).toBe(1);
		expect(receipt).toMatchObject({ seq: 1, duplicate: true });
		expect(await texts(page)).toEqual(['answered late']);
		await page.close();
	});

	it.for(['online', 'visibilitychange', 'resume'])(
		'finds a dead socket that says OPEN by a probe at `%s`',
		async (type, { expect, proxy }) => {
			const channel = createChannelName('probe');
			const page = await open(proxy, channel);
			expect(proxy.cut('hole', isSocket)).toBe(1);
			await post(channel, 'while it was dead');
			await wake(page, type);
			await expect.poll(() => texts(page)).toEqual(['first', 'while it was dead']);
			await page.close();
			proxy.heal();
		},
	);

	it.for(['online', 'visibilitychange', 'resume', 'pageshow'])(
		'ends a running back-off at once at `%s`',
		async (type, { expect, proxy }) => {
			const channel = createChannelName('backoff');
			const page = await open(proxy, channel);
			await proxy.closePort();
			proxy.cut('reset');
			// Until the next attempt is far enough away to be told from one that comes by itself.
			await page.waitForFunction(() => {
				const shadow = document.querySelector('live-feed')?.shadowRoot;
				return shadow?.querySelector('[part=state]')?.textContent?.includes('Offline');
			}, undefined);
			await post(channel, 'meanwhile');
			await proxy.openPort();
			const attempts = proxy.attempts.length;
			await wake(page, type);
			await expect.poll(() => proxy.attempts.length).toBeGreaterThan(attempts);
			await waitUntilLive(page);
			await expect.poll(() => texts(page)).toEqual(['first', 'meanwhile']);
			await page.close();
		},
	);

	it('fetches a hole, and only that, on the same socket', async ({ expect, proxy }) => {
		const channel = createChannelName('hole');
		const page = await open(proxy, channel);
		const requests: string[] = [];
		page.on('request', (request) => void (request.url().includes('/events?') && requests.push(request.url())));
		const [socket] = proxy.connections.filter(isSocket);
		proxy.set({ message: (text) => (/"text":"lost \d"/.test(text) ? 'drop' : 'pass') });
		await post(channel, 'lost 1');
		await post(channel, 'lost 2');
		await post(channel, 'after');
		await expect.poll(() => texts(page)).toEqual(['first', 'lost 1', 'lost 2', 'after']);
		expect(requests).toHaveLength(1);
		expect(requests[0]).toMatch(/after=[a-z0-9]+%3A1&limit=2$/);
		expect(proxy.connections.filter(isSocket)).toEqual([socket]);
		expect(
			await page.evaluate(() => document.querySelector('live-feed')?.shadowRoot?.querySelector('[part=gap]')),
		).toBe(null);
		proxy.heal();
		await page.close();
	});

	it('passes over what comes twice, and comes back from what is cut in half', async ({ expect, proxy }) => {
		const channel = createChannelName('mangled');
		const page = await open(proxy, channel);
		proxy.set({ message: (text) => (text.includes('twice') ? 'duplicate' : 'pass') });
		await post(channel, 'twice');
		let isFirst = true;
		proxy.set({
			message: (text) => {
				if (!text.includes('half') || !isFirst) return 'pass';
				isFirst = false;
				return 'truncate';
			},
		});
		await post(channel, 'half');
		await post(channel, 'whole');
		await expect.poll(() => texts(page)).toEqual(['first', 'twice', 'half', 'whole']);
		proxy.heal();
		await page.close();
	});

	it('shows what waits to be sent, and sends it once it can', async ({ expect, proxy }) => {
		const channel = createChannelName('waiting');
		const page = await open(proxy, channel);
		await proxy.closePort();
		proxy.cut('reset');
		await page.evaluate(
			() => void document.querySelector<LiveFeed>('live-feed')?.publish('message', { text: 'later' }),
		);
		const pending = () =>
			page.evaluate(() =>
				[...(document.querySelector('live-feed')?.shadowRoot?.querySelectorAll('[part~=row-pending]') ?? [])].map(
					(row) => row.textContent?.replace(/\s+/g, ' ').trim(),
				),
			);
		await expect.poll(pending).toEqual(['laterWaiting to be sent']);
		await proxy.openPort();
		await wake(page, 'online');
		await expect.poll(() => texts(page)).toEqual(['first', 'later']);
		await expect.poll(pending).toEqual([]);
		await page.close();
	});
});
