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

it('[PAGE11] reads much only in its turn, and a part at a time', async () => {
	const { channel, turns } = await openLarge();
	await channel.page({ limit: 50, types: ['rare'] });
	expect(turns.length).toBeGreaterThan(4);
	expect(Math.max(...turns)).toBeLessThan(9);
});

/** Turns, and an engine whose own turns and clock go on only where one waits. */
function openTurns() {
	const clock = { now: START };
	/** Of the engine. */
	let round = 0;
	const turns = new ReadingTurns(() => clock.now);
	let sleeping: { at: number; wake: () => void }[] = [];
	const sleep = (ms: number) => new Promise<void>((wake) => sleeping.push({ at: clock.now + ms, wake }));
	/** One turn of the engine: all whose time has come. */
	const goOn = async () => {
		await settle();
		if (sleeping.length === 0) return false;
		round++;
		clock.now = Math.max(clock.now + 0.1, Math.min(...sleeping.map(({ at }) => at)));
		const due = sleeping.filter(({ at }) => at <= clock.now);
		sleeping = sleeping.filter(({ at }) => at > clock.now);
		for (const { wake } of due) wake();
		await settle();
		return true;
	};
	const wakeAll = async () => {
		for (const { wake } of sleeping.splice(0)) wake();
		await settle();
	};
	return { clock, turns, sleep, goOn, wakeAll, readRound: () => round };
}

it('[PAGE11] gives one turn at a time, with one of the engine after each, and to each channel as many', async () => {
	const { turns, sleep, goOn, readRound } = openTurns();
	const taken: [channel: string, round: number][] = [];
	const read = (channel: string, count: number) => {
		const own = turns.open();
		for (let n = 0; n < count; n++)
			void Promise.resolve(own.take(4, sleep)).then(() => void taken.push([channel, readRound()]));
	};
	read('busy', 100);
	read('quiet', 3);
	while (await goOn());
	expect(taken).toHaveLength(103);
	for (const [n, [, round]] of taken.entries()) expect(round).toBeGreaterThan(taken[n - 1]?.[1] ?? -1);
	// Three of the first six or seven, although a hundred were there before.
	expect(taken.slice(0, 7).filter(([channel]) => channel === 'quiet')).toHaveLength(3);
});

it('[PAGE11] waits for nobody where nobody has read for a moment', async () => {
	const { clock, turns, sleep } = openTurns();
	const [own, other] = [turns.open(), turns.open()];
	expect(own.take(4, sleep)).toBeUndefined();
	expect(other.take(4, sleep)).toBeDefined();
	clock.now += 10_000;
	expect(turns.open().take(4, sleep)).toBeUndefined();
});

it('[PAGE11] late timers cause no burst of turns', async () => {
	const { clock, turns, sleep, wakeAll } = openTurns();
	const own = turns.open();
	let taken = 0;
	for (let n = 0; n < 20; n++) void Promise.resolve(own.take(4, sleep)).then(() => void taken++);
	await settle();
	clock.now += 100;
	await wakeAll();
	expect(taken).toBe(2); // the one that waited for nobody, and one of all that are late
});

it('[PAGE11] waits for no clock that goes back, and for none that does not come any more', async () => {
	const { clock, turns, sleep } = openTurns();
	const own = turns.open();
	expect(own.take(16, sleep)).toBeUndefined();
	void own.take(16, async () => new Promise(() => {})); // its object has ended
	clock.now += 10_000;
	expect(own.take(16, sleep)).toBeUndefined();
	clock.now -= 86_400_000;
	const ticket = turns.enter(0, 4);
	expect(turns.claim(ticket)).toBeUndefined();
});

it('[PAGE11] a waiter that comes although it was given up has its turn', async () => {
	const { clock, turns } = openTurns();
	turns.claim(turns.enter(0, 4));
	const late = turns.enter(0, 4);
	expect(turns.claim(late)).toBe(0);
	clock.now += 10_000;
	expect(turns.claim(turns.enter(0, 4))).toBeUndefined();
	expect(turns.claim(late)).toBe(0);
	expect(turns.claim(late)).toBeUndefined();
});

it('[PAGE11] makes a page ready a part at a turn, and its JSON is that of the whole', async () => {
	const storage = new MapStorage();
	const turns: number[] = [];
	const turn = (segments: number) => void turns.push(segments);
	const options = { retention: { entries: 5000, ageMs: undefined }, clock: () => START, createEpoch: () => 'k3f9' };
	const log = new StorageLog(storage, options, () => {});
	await log.load();
	const channel = new Channel({ log, clock: () => START, turn, afterDrain: () => {}, onFault: () => {} });
	const event = (seq: number) => ({ id: `k3f9:${seq}`, seq, time: START, type: 'x', text: `"events":[] ${seq}` });
	log.append(
		Array.from({ length: 1000 }, (_, n) => createEntry(event(n + 1))),
		[],
	);
	for (const limit of [0, 1, 100, 101, 1000]) {
		turns.length = 0;
		const page = await channel.page({ limit });
		expect(JSON.parse(await channel.format(page))).toEqual(page);
		if (limit === 1000) expect(turns.length).toBeGreaterThan(10);
		for (const segments of turns) expect(segments).toBeLessThan(6);
	}
});

it('[KEY2] ten thousand used keys are read and made ready a part at a turn', async () => {
	const storage = new MapStorage();
	const turns: number[] = [];
	const open = async () => {
		const log = new StorageLog(
			storage,
			{
				...{ retention: { entries: 100, ageMs: undefined }, clock: () => START, createEpoch: () => 'k3f9' },
				turn: (segments: number) => void turns.push(segments),
			},
			(error) => {
				throw error;
			},
		);
		await log.load();
		return log;
	};
	const writer = await open();
	await writer.loadKeys();
	const used = (n: number) => ({ subject: 'ada', key: `key ${n}`, digest: '0', seq: n, time: START });
	for (let n = 0; n < 10_000; n += 100)
		writer.append(
			[],
			Array.from({ length: 100 }, (_, k) => used(n + k + 1)),
		);
	await settle();
	const log = await open();
	turns.length = 0;
	await Promise.all([log.loadKeys(), log.loadKeys()]);
	expect([log.findKey('ada', 'key 1')?.seq, log.findKey('ada', 'key 10000')?.seq]).toEqual([1, 10_000]);
	const segments = [...storage.values.keys()].filter((key) => key.startsWith('k:')).length;
	// Each of the two calls reads them, and makes them ready.
	expect(turns.reduce((sum, turn) => sum + turn, 0)).toBeGreaterThanOrEqual(4 * segments);
	expect(Math.max(...turns)).toBeLessThan(9);
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
