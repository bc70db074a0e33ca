// What reading a large log costs: how much one request looks through, what is charged for it, and whose turn it is.
// Knows the channel and the log; never knows sockets or engines.
import { expect, it } from 'vitest';
import { Channel } from '../../relay/channel.ts';
import { Filter } from '../../relay/frame.ts';
import { createEntry } from '../../relay/log.ts';
import { StorageLog } from '../../relay/log-storage.ts';
import { MAX_LOOKED_EVENTS } from '../../relay/protocol/limits.ts';
import { ReadingTurns } from '../../relay/reading-turns.ts';
import { openTestChannel, settle } from '../support/channel.ts';
import { MapStorage } from '../support/map-storage.ts';

const EVENTS = 12_000;
const START = 1_800_000_000_000;

/** A log whose first event alone is of another type, opened anew, so that it is read from storage. */
async function openLarge() {
	const storage = new MapStorage();
	const lists: number[] = [];
	const turns: number[] = [];
	const open = async () => {
		const log = new StorageLog(
			{
				list: (options) => {
					lists.push(options.limit);
					return storage.list(options);
				},
				get: (key) => storage.get(key),
				put: (entries) => storage.put(entries),
				delete: (keys) => storage.delete(keys),
				deleteAll: () => storage.deleteAll(),
			},
			{
				...{ retention: { entries: 100_000, ageMs: undefined }, clock: () => START + EVENTS },
				...{ createEpoch: () => 'k3f9', turn: (segments: number) => void turns.push(segments) },
			},
			(error) => {
				throw error;
			},
		);
		await log.load();
		return log;
	};
	const writer = await open();
	for (let from = 1; from <= EVENTS; from += 200) {
		const seqs = Array.from({ length: 200 }, (_, n) => from + n);
		const type = (seq: number) => (seq === 1 ? 'rare' : 'often');
		const event = (seq: number) => ({
			id: `k3f9:${seq}`,
			seq,
			time: START + seq,
			type: type(seq),
			text: `event ${seq}`,
		});
		writer.append(
			seqs.map((seq) => createEntry(event(seq))),
			[],
		);
	}
	await settle();
	const log = await open();
	const test = await openTestChannel(log, { now: START + EVENTS });
	lists.length = 0;
	turns.length = 0;
	return { ...test, log, lists, turns, open };
}

it('[PAGE10] one request looks through a part of the log, and `next` leads to what is beyond it', async () => {
	const { channel } = await openLarge();
	for (const start of [{}, { before: { epoch: 'k3f9', seq: EVENTS + 1 } }]) {
		let page = await channel.page({ ...start, limit: 50, types: ['rare'] });
		let pages = 1;
		while (page.events.length === 0 && page.next !== null) {
			const seq = Number(page.next.split(':')[1]);
			page = await channel.page({ before: { epoch: 'k3f9', seq }, limit: 50, types: ['rare'] });
			pages++;
		}
		expect(page.events.map(({ seq }) => seq)).toEqual([1]);
		expect(pages).toBeGreaterThan(EVENTS / MAX_LOOKED_EVENTS);
	}
	const forward = await channel.page({ after: { epoch: 'k3f9', seq: 1 }, limit: 50, types: ['rare'] });
	const reached = Number(forward.next?.split(':')[1]);
	expect([forward.events, reached < EVENTS, reached >= MAX_LOOKED_EVENTS]).toEqual([[], true, true]);
});

it('[QUOTA6] what is looked through is charged, not what is sent', async () => {
	const { channel } = await openLarge();
	let read = 0;
	const onRead = (bytes: number) => {
		read += bytes;
	};
	const { events } = await channel.page({ limit: 50, types: ['rare'] }, onRead);
	expect(events).toEqual([]);
	expect(read).toBeGreaterThan(MAX_LOOKED_EVENTS * 50);
	read = 0;
	await channel.begin({ history: 50 }, new Filter({ types: ['rare'] }), onRead);
	expect(read).toBeGreaterThan(MAX_LOOKED_EVENTS * 50);
});

it('[WAIT1] who waits for a page is answered where there is more to look through', async () => {
	const { channel } = await openLarge();
	const query = { after: { epoch: 'k3f9', seq: 1 }, limit: 50, types: ['rare'] };
	const page = await channel.waitForPage(query, new AbortController().signal);
	const seq = Number(page.next?.split(':')[1]);
	expect([page.events, seq > 1, seq < EVENTS]).toEqual([[], true, true]);
});

it('[PAGE4] where a time begins is found with a few segments', async () => {
	const { channel, lists, log } = await openLarge();
	for (const seq of [1, 2, 777, 6000, EVENTS - 3]) {
		lists.length = 0;
		expect(await log.seqBefore(START + seq)).toBe(seq - 1);
		expect(lists.every((limit) => limit === 1)).toBe(true);
		expect(lists.length).toBeLessThan(16);
		const page = await channel.page({ since: START + seq, limit: 1, types: [] });
		expect(page.events[0]?.seq).toBe(seq);
	}
});

it('[PAGE10] reads much only in its turn, and a part at a time', async () => {
	const { channel, turns } = await openLarge();
	await channel.page({ limit: 50, types: ['rare'] });
	expect(turns.length).toBeGreaterThan(4);
	expect(Math.max(...turns)).toBeLessThan(33);
});

it('[PAGE10] spreads what is read, and waits for no clock that goes back', () => {
	const clock = { now: START };
	const turns = new ReadingTurns(() => clock.now);
	expect(turns.reserve(16)).toBe(0);
	const waits = Array.from({ length: 10 }, () => turns.reserve(16));
	for (const [n, wait] of waits.entries()) expect(wait).toBeGreaterThan((waits[n - 1] ?? 0) + 1);
	clock.now += 1000;
	expect(turns.reserve(16)).toBe(0);
	clock.now -= 86_400_000;
	expect(turns.reserve(16)).toBeLessThanOrEqual(10_000);
});

it('[PAGE10] waking reads no more than the newest events, and knows the pulse of the hour', async () => {
	const { channel, clock, publish, drainAll, open, lists } = await openLarge();
	for (let n = 0; n < 2500; n++) {
		publish([{ text: `more ${n}` }]);
		if (n % 50 === 0) await drainAll();
	}
	await drainAll();
	await settle();
	const log = await open();
	lists.length = 0;
	const woken = new Channel({ log, clock: () => clock.now, afterDrain: () => {}, onFault: () => {} });
	await woken.load();
	expect(woken.readPulse()).toEqual(channel.readPulse());
	// On loading itself, and at most one thousand events and a commit's.
	expect(lists.reduce((sum, limit) => sum + limit, 0)).toBeLessThan(100);
});
