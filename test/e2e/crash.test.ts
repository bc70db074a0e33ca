import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import type { RelayMessage } from '../../relay/protocol/relay-message.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { openPage, waitUntilLive } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';

const CHANNEL = 'crash';
const KILLS = 3;
/** Receipts that must have come before each kill, so that it happens under load. */
const RECEIPTS_BETWEEN = 300;

interface Proof {
	text: string;
	seq: number;
	id: string;
}

/** All events of the channel, by pages from the beginning. */
async function readAll(url: string): Promise<FeedEvent[]> {
	const events: FeedEvent[] = [];
	let after = '0';
	for (;;) {
		const response = await fetch(`${url}/channels/${CHANNEL}/events?after=${after}&limit=1000`);
		const page = (await response.json()) as Page;
		events.push(...page.events);
		if (page.events.length === 0 || page.next === null) return events;
		after = page.next;
	}
}

describe('the engine is killed under load', () => {
	const stage = setStage({ vars: { LIVE_FEED_KEEP_ENTRIES: '100000' } });

	it('everything that had a receipt is there, in order, once, and the panel goes on by itself', async () => {
		const { engine, url } = stage.relay;
		if (!engine) throw new Error('a relay of our own is needed');
		const receipts: Proof[] = [];
		let isOver = false;

		const { page } = await openPage(stage.browser, url, `<live-feed channel="${CHANNEL}"></live-feed>`);
		await waitUntilLive(page);

		const byHttp = (async () => {
			for (let n = 1; !isOver; n++) {
				const text = `http ${n}`;
				try {
					const response = await fetch(`${url}/channels/${CHANNEL}/events`, {
						method: 'POST',
						headers: { 'content-type': 'application/json' },
						body: JSON.stringify({ type: 'load', text, key: text }),
					});
					if (response.ok) receipts.push({ ...((await response.json()) as Proof), text });
				} catch {
					await new Promise((resolve) => setImmediate(resolve)); // the relay is down; the next text goes on
				}
			}
		})();
		const bySocket = (async () => {
			let n = 0;
			while (!isOver) {
				await new Promise<void>((resolve) => {
					const socket = new WebSocket(`${url.replace('http', 'ws')}/channels/${CHANNEL}/events`);
					const texts = new Map<number, string>();
					let bytes = 0;
					const send = () => {
						if (isOver) return socket.close();
						texts.set(++n, `socket ${n}`);
						socket.send(JSON.stringify({ type: 'publish', ref: n, draft: { type: 'load', text: `socket ${n}` } }));
					};
					socket.on('open', () => {
						socket.send(JSON.stringify({ type: 'hello', protocol: 1, history: 0 }));
						for (let i = 0; i < 8; i++) send();
					});
					socket.on('message', (data: Buffer) => {
						bytes += data.length;
						socket.send(JSON.stringify({ type: 'seen', bytes }));
						const message = JSON.parse(data.toString()) as RelayMessage;
						if (message.type !== 'receipts') return;
						for (const { ref, seq, id } of message.receipts) {
							receipts.push({ text: texts.get(ref) ?? '', seq, id });
							send();
						}
					});
					socket.on('error', () => {});
					socket.on('close', () => resolve());
				});
			}
		})();
		const byElement = page.evaluate(async () => {
			const feed = document.querySelector<LiveFeed>('live-feed');
			const own: { text: string; seq: number; id: string }[] = [];
			Object.assign(globalThis, { own, isOver: false });
			for (let n = 1; !(globalThis as unknown as { isOver: boolean }).isOver; n++) {
				const receipt = await feed?.publish('load', { text: `element ${n}` });
				if (receipt) own.push({ text: `element ${n}`, seq: receipt.seq, id: receipt.id });
			}
			return own;
		});

		for (let kill = 1; kill <= KILLS; kill++) {
			const before = receipts.length;
			await expect.poll(() => receipts.length - before, { timeout: 30_000 }).toBeGreaterThan(RECEIPTS_BETWEEN);
			const { enginePid } = engine;
			engine.killEngine();
			await engine.exited;
			await engine.restart();
			console.log(
				`kill ${kill}: SIGKILL for engine ${enginePid} after ${receipts.length} receipts, now ${engine.enginePid}`,
			);
			await waitUntilLive(page, 30_000);
		}
		const after = receipts.length;
		await expect.poll(() => receipts.length - after, { timeout: 30_000 }).toBeGreaterThan(RECEIPTS_BETWEEN);
		isOver = true;
		await page.evaluate(() => Object.assign(globalThis, { isOver: true }));
		await Promise.all([byHttp, bySocket]);
		receipts.push(...(await byElement));

		const stored = await readAll(url);
		expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
		const texts = stored.map(({ text }) => text);
		expect(new Set(texts).size, 'nothing is stored twice').toBe(texts.length);
		const lost = receipts.filter(({ text, seq, id }) => stored[seq - 1]?.text !== text || stored[seq - 1]?.id !== id);
		expect(lost, 'every receipt holds').toEqual([]);
		for (const who of ['http', 'socket', 'element']) {
			const own = stored
				.filter(({ text }) => text?.startsWith(`${who} `))
				.map(({ text }) => Number(text?.split(' ')[1]));
			expect(own.length, `${who} has published`).toBeGreaterThan(0);
			if (who !== 'http') expect(own, `the order of ${who}`).toEqual(own.toSorted((a, b) => a - b));
		}
		await page.waitForFunction(
			(last) => document.querySelector<LiveFeed>('live-feed')?.events.at(-1)?.seq === last,
			stored.length,
		);
		const seen = await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events.map(({ seq }) => seq));
		expect(seen, 'the panel has them all, in order, once').toEqual(stored.map(({ seq }) => seq));
		console.log(
			`${receipts.length} receipts, ${stored.length} stored, ${lost.length} lost, 0 doubled after ${KILLS} kills`,
		);
	});
});
