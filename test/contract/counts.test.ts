// What work grows with: storage operations, frames and encodings are counted, and no clock is looked at.
import { afterEach, expect, it } from 'vitest';
import { type Form, socketForm } from '../../relay/frame.ts';
import { StorageLog } from '../../relay/log-storage.ts';
import { parseDraft } from '../../relay/protocol/draft.ts';
import { SLICE_VIEWERS } from '../../relay/protocol/limits.ts';
import { openTestChannel, RecordingSink, type TestChannel, TestPublisher } from '../support/channel.ts';
import { MapStorage } from '../support/map-storage.ts';
import { CountingStorage } from './counting-storage.ts';

const EVENTS = 1000;
/** An event of some 200 bytes, as the relay stores it. */
const draft = (n: number) => ({ type: n % 2 ? 'odd' : 'even', text: `event ${n} `.padEnd(100, '.'), key: `k${n}` });

const { stringify } = JSON;
afterEach(() => {
	JSON.stringify = stringify;
});

/** A channel over storage, to which something was published: an epoch has begun, and its keys are loaded. */
async function open(entries = 100_000, kept = new MapStorage()) {
	const storage = new CountingStorage(kept);
	const clock = { now: 1_800_000_000_000 };
	const retention = { entries, ageMs: undefined };
	const failures: unknown[] = [];
	const log = new StorageLog(storage, { retention, clock: () => clock.now, createEpoch: () => 'k3f9' }, (error) =>
		failures.push(error),
	);
	await log.load();
	const test = await openTestChannel(log, clock);
	test.publish([{ text: 'the first', key: `first ${test.channel.last}` }]);
	await test.drainAll();
	await storage.settle();
	expect(failures).toEqual([]);
	/** What storage is asked for meanwhile. */
	const count = async (run: () => unknown) => {
		const before = { ...storage.traffic };
		await run();
		await storage.settle();
		const { puts, deletes, lists, gets } = storage.traffic;
		return {
			...{ puts: puts - before.puts, deletes: deletes - before.deletes },
			...{ lists: lists - before.lists, gets: gets - before.gets },
		};
	};
	return { ...test, storage, count };
}

/** Hands them in one by one, so many at the most without a receipt; the engine drains whenever it is so. */
function publishAll({ channel, drain }: Pick<TestChannel, 'channel' | 'drain'>, inFlight: number, from = 0): void {
	const publisher = new TestPublisher('');
	for (let n = 0; n < EVENTS; ) {
		for (; n < EVENTS && n - publisher.results.length < inFlight; n++)
			channel.publish(publisher, [{ ref: n, draft: parseDraft(draft(from + n)), bytes: 200 }], publisher.who);
		drain();
	}
	while (drain());
	expect(publisher.results.length).toBe(EVENTS);
}

// The first one finds an idle channel. Of the others 380 at the most fit into the 64 KiB of a commit.
it.each([
	[1, 1000],
	[10, 101],
	[100, 11],
	[1000, 4],
])('[COM1] 1,000 events, %i of them in flight, are %i storage operations', async (inFlight, puts) => {
	const test = await open();
	expect(await test.count(() => publishAll(test, inFlight))).toEqual({ puts, deletes: 0, lists: 0, gets: 0 });
	expect(test.channel.last).toBe(EVENTS + 1);
});

it('[LOG5] [COM1] where the log is full, a commit is one operation still, and trimming is one for many', async () => {
	const test = await open(EVENTS);
	publishAll(test, EVENTS);
	await test.storage.settle();
	const traffic = await test.count(async () => {
		for (let n = 0; n < EVENTS; n++) {
			test.publish([{ text: `event ${n} `.padEnd(100, '.') }]);
			await test.drainAll();
		}
	});
	// A tenth more than is kept is deleted at once, or a whole segment where that is more: looked for, deleted, and noted.
	expect(traffic).toEqual({ puts: EVENTS + 4, deletes: 4, lists: 4, gets: 0 });
});

it.each([10, 1000])('[COM1] [COM3] each of %i viewers has a frame for a commit, encoded once', async (count) => {
	const test = await open();
	const encoded: Record<string, number> = { frames: 0, lines: 0 };
	const form =
		(name: string): Form =>
		(run) => {
			encoded[name] = (encoded[name] ?? 0) + 1;
			return socketForm(run);
		};
	const forms = [form('frames'), form('lines')];
	const viewers: RecordingSink[] = [];
	for (let n = 0; n < count; n++) {
		// Half of them read otherwise, and a third wants less.
		const sink = new CountingSink(forms[n % 2]);
		viewers.push(await test.join({ history: 0 }, n % 3 === 0 ? ['odd'] : undefined, sink));
	}
	let serialised = 0;
	JSON.stringify = new Proxy(stringify, {
		apply(target, self, args) {
			serialised++;
			return Reflect.apply(target, self, args);
		},
	});
	const { puts, ...others } = await test.count(async () => {
		const publisher = new TestPublisher('');
		for (let n = 0; n < EVENTS; n++)
			test.channel.publish(publisher, [{ ref: n, draft: parseDraft(draft(n)), bytes: 200 }], publisher.who);
		while (test.drain());
	});
	JSON.stringify = stringify;
	expect(others).toEqual({ deletes: 0, lists: 0, gets: 0 });
	// The first commit is one event, which is none of the odd ones.
	const frames = viewers.map((_, n) => (n % 3 === 0 ? puts - 1 : puts));
	expect(viewers.map(({ writes }) => writes)).toEqual(frames);
	// Two forms and two filters, however many viewers; and the event, its key and what tells it from another of that key.
	expect(encoded).toEqual({ frames: 2 * puts - 1, lines: 2 * puts - 1 });
	expect(serialised).toBe(3 * EVENTS);
});

// Where one comes with each slice, they are soon too many for that.
it.each([
	[1, 97, 102],
	[6, 1000, 1999],
])(
	'[COM4] 1,000 events, one each %i slices: %i commits, %i encodings, and a frame for a viewer in a round',
	async (each, commits, encodings) => {
		const test = await open();
		let encoded = 0;
		const form: Form = (run) => {
			encoded++;
			return socketForm(run);
		};
		const viewers: RecordingSink[] = [];
		for (let n = 0; n < 1000; n++) viewers.push(await test.join({ history: 0 }, undefined, new CountingSink(form)));
		let turns = 0;
		const turn = () => {
			const isOne = test.drain();
			if (isOne) turns++;
			return isOne;
		};
		const { puts } = await test.count(() => {
			for (let n = 0; n < EVENTS; n++) {
				test.publish([{ text: `event ${n} `.padEnd(50, '.') }]);
				for (let count = 0; count < each; count++) turn();
			}
			while (turn());
		});
		const rounds = Math.ceil(turns / (1000 / SLICE_VIEWERS));
		expect(test.channel.last).toBe(EVENTS + 1);
		expect([puts, encoded]).toEqual([commits, encodings]);
		for (const { writes, viewer } of viewers) {
			expect(viewer.cursor).toBe(test.channel.last);
			expect(writes).toBeLessThanOrEqual(rounds + 1);
		}
	},
);

it('[SEAM1] a hundred viewers who join together are served from memory', async () => {
	const test = await open();
	publishAll(test, 100);
	await test.storage.settle();
	const join = () => test.join({ history: 50 }, undefined, new CountingSink());
	expect(await test.count(() => Promise.all(Array.from({ length: 100 }, join)))).toEqual({
		...{ puts: 0, deletes: 0, lists: 0, gets: 0 },
	});
});

it('[SEAM2] a hundred who come back and miss the same are one reader for storage', async () => {
	const test = await open();
	for (let n = 0; n < 3; n++) publishAll(test, 1000, n * EVENTS);
	await test.storage.settle();
	const join = () => test.join({ position: { epoch: 'k3f9', seq: 1 } }, undefined, new CountingSink());
	const joinAll = (count: number) => Promise.all(Array.from({ length: count }, join));
	// Three pages of a thousand, a few segments at a time.
	expect(await test.count(() => joinAll(100))).toEqual({ puts: 0, deletes: 0, lists: 16, gets: 0 });
});

/** Whoever counts does not want to know what they say. */
class CountingSink extends RecordingSink {
	override write(): void {
		this.writes++;
	}
}
