// What every log must do, as cases that run wherever a log runs: in Node, and inside the engine.
// Knows the contract of log.ts; never knows which log it has, nor a test runner.

import { Channel, type Result } from '../../relay/channel.ts';
import { ANYBODY } from '../../relay/identity.ts';
import { createEntry, type Entry, type Log, type Retention, type UsedKey } from '../../relay/log.ts';
import type { CheckedDraft } from '../../relay/protocol/event.ts';
import { KEPT_KEYS, MAX_PAGE_BYTES } from '../../relay/protocol/limits.ts';
import { createRandom } from '../support/random.ts';

/** What the storage was asked for; every operation is also held against the engine's limits. */
export interface Traffic {
	puts: number;
	deletes: number;
	lists: number;
	gets: number;
}

/** A place for one log. */
export interface LogHost {
	/** Milliseconds since 1970; moved by hand. */
	clock: { now: number };
	seed: number;
	/** The log, loaded. Again: as after a restart of the relay. */
	open(retention?: Partial<Retention>): Promise<Log>;
	/** Where there is a storage behind it. */
	traffic: Traffic | undefined;
	/** How many storage keys with this beginning are used; 0 without a storage. */
	countStored(prefix: string): Promise<number>;
	/** Keys of all values that hold a text. */
	search(text: string): Promise<string[]>;
	/** Resolves once everything that was begun on the storage is done. */
	settle(): Promise<void>;
}

export type Case = (host: LogHost) => Promise<void>;

export function check(condition: boolean, message: string): asserts condition {
	if (!condition) throw new Error(message);
}

export function checkEqual(actual: unknown, expected: unknown, message: string): void {
	const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
	check(is === should, `${message}: expected ${should?.slice(0, 300)}, got ${is?.slice(0, 300)}`);
}

/** Appends one commit of events with the given texts. */
function append(log: Log, clock: { now: number }, texts: readonly string[], keys: readonly UsedKey[] = []): Entry[] {
	const epoch = log.begin();
	const entries = texts.map((text, index) => {
		const seq = log.last + 1 + index;
		return createEntry({ id: `${epoch}:${seq}`, seq, time: clock.now, type: 'message', text });
	});
	log.append(entries, keys);
	return entries;
}

/** A channel over the log, as after a restart. */
async function openChannel(host: LogHost, retention: Partial<Retention> = {}): Promise<Channel> {
	await host.settle();
	const channel = new Channel({
		log: await host.open(retention),
		clock: () => host.clock.now,
		afterDrain: (run) => void Promise.resolve().then(run),
		onFault: (error) => {
			throw error;
		},
	});
	await channel.load();
	return channel;
}

/** Publishes and waits for what comes of all of it, in order. */
function publish(channel: Channel, subject: string, drafts: readonly CheckedDraft[]): Promise<Result[]> {
	return new Promise((resolve) => {
		const results: Result[] = [];
		const settle = (settled: readonly Result[]) => {
			results.push(...settled);
			if (results.length === drafts.length) resolve(results);
		};
		channel.publish(
			{ settle },
			drafts.map((draft, ref) => ({ ref, draft, bytes: 100 })),
			{ ...ANYBODY, subject },
		);
	});
}

export const seqs = (entries: readonly Entry[]): number[] => entries.map(({ event }) => event.seq);
const sum = (entries: readonly Entry[]): number => entries.reduce((bytes, entry) => bytes + entry.bytes.length, 0);

function checkRun(page: readonly Entry[], message: string): void {
	for (const [index, { event }] of page.entries()) {
		const before = page[index - 1];
		check(
			!before || event.seq === before.event.seq + 1,
			`${message}: ${before?.event.seq} is followed by ${event.seq}`,
		);
	}
}

export async function readAll(log: Log, limit: number): Promise<Entry[]> {
	const all: Entry[] = [];
	for (;;) {
		const page = await log.read(all.at(-1)?.event.seq ?? 0, limit);
		if (page.length === 0) return all;
		all.push(...page);
	}
}

export async function readAllBack(log: Log, limit: number): Promise<Entry[]> {
	const all: Entry[] = [];
	for (;;) {
		const page = await log.readBack(all[0]?.event.seq ?? log.last + 1, limit);
		if (page.length === 0) return all;
		all.unshift(...page);
	}
}

async function checkWhole(log: Log, model: readonly Entry[], message: string): Promise<void> {
	const events = (entries: readonly Entry[]) => entries.map(({ event }) => event);
	checkEqual(events(await readAll(log, 1000)), events(model), `${message}, read forward`);
	checkEqual(events(await readAllBack(log, 1000)), events(model), `${message}, read back`);
}

const used = (seq: number, key = `key-${seq}`): UsedKey => {
	return { subject: '', key, digest: '1a2b3c4d5e6', seq, time: 1_800_000_000_000 + seq };
};

export const CASES: Record<string, Case> = {
	'[LOG1] nothing was ever published: no epoch, no entries, nothing stored': async (host) => {
		const log = await host.open();
		await log.expire();
		checkEqual([log.epoch, log.first, log.last, log.lastTime], ['-', 0, 0, 0], 'an empty log');
		checkEqual([await log.read(0, 10), await log.readBack(1, 10)], [[], []], 'its pages');
		checkEqual(await host.countStored(''), 0, 'stored keys');
		checkEqual(host.traffic?.puts ?? 0, 0, 'writes');
	},

	'[LOG2] the first entry begins an epoch, which stays through every restart': async (host) => {
		let log = await host.open();
		const epoch = log.begin();
		check(/^[a-z0-9]{1,16}$/.test(epoch), `an epoch: ${epoch}`);
		checkEqual(log.begin(), epoch, 'the same until it is used');
		append(log, host.clock, ['one']);
		checkEqual([log.epoch, log.first, log.last, log.lastTime], [epoch, 1, 1, host.clock.now], 'after the first entry');
		for (let seq = 2; seq < 5; seq++) {
			await host.settle();
			log = await host.open();
			checkEqual([log.epoch, log.last], [epoch, seq - 1], 'after a restart');
			append(log, host.clock, ['more']);
		}
	},

	'[LOG3] all entries are read in both directions from every place, through any number of segments': async (host) => {
		const random = createRandom(host.seed);
		let log = await host.open();
		const model: Entry[] = [];
		while (model.length < 1500) {
			const texts = Array.from({ length: random.pick([1, 1, 1, 2, 7, 60]) }, () =>
				'ä'.repeat(random.pick([0, 3, 40, 400, 3000])),
			);
			model.push(...append(log, host.clock, texts));
			host.clock.now += random.below(5);
		}
		const compare = async (message: string) => {
			for (let round = 0; round < 120; round++) {
				const at = random.between(0, model.length + 2);
				const limit = random.pick([0, 1, 2, 50, 333, 1000]);
				const forward = await log.read(at, limit);
				checkEqual(seqs(forward), seqs(model.slice(at, at + forward.length)), `${message}: ${limit} after ${at}`);
				const isShort = forward.length < Math.min(limit, model.length - at);
				check(
					!isShort || sum(forward) + 9000 > MAX_PAGE_BYTES || forward.length > 0,
					`${message}: too few after ${at}`,
				);
				const back = await log.readBack(at, limit);
				const end = Math.min(Math.max(at - 1, 0), model.length);
				checkEqual(seqs(back), seqs(model.slice(end - back.length, end)), `${message}: ${limit} before ${at}`);
				check(back.length > 0 || limit === 0 || at <= 1, `${message}: nothing before ${at}`);
				check(forward.length > 0 || limit === 0 || at >= model.length, `${message}: nothing after ${at}`);
			}
			await checkWhole(log, model, message);
		};
		await compare('the log that wrote');
		await host.settle();
		log = await host.open();
		await compare('the log that was loaded');
		checkEqual(
			await log.readBack(Number.MAX_SAFE_INTEGER, 3),
			await log.readBack(model.length + 1, 3),
			'before the end of all',
		);
	},

	'[LOG3] a log that is loaded before each entry writes on where it was': async (host) => {
		const model: Entry[] = [];
		for (let round = 0; round < 60; round++) {
			const log = await host.open();
			model.push(...append(log, host.clock, [`entry ${round} ${'x'.repeat(round * 10)}`]));
			await host.settle();
		}
		await checkWhole(await host.open(), model, 'after 60 restarts');
		check((await host.countStored('e:')) < 20, 'small entries share segments');
	},

	'[LOG4] a page stays within its bytes, or is one entry': async (host) => {
		const log = await host.open();
		for (let round = 0; round < 30; round++) append(log, host.clock, ['€'.repeat(20_000)]);
		for (const page of [await log.read(0, 1000), await log.readBack(31, 1000)]) {
			check(page.length > 1 && sum(page) <= MAX_PAGE_BYTES, `${page.length} entries of ${sum(page)} bytes`);
			check(sum(page) + 60_100 > MAX_PAGE_BYTES, 'it is filled');
		}
	},

	'[LOG5] of entries, the newest are kept, as many as are set': async (host) => {
		let log = await host.open({ entries: 100 });
		const model: Entry[] = [];
		for (let round = 0; round < 350; round++) {
			model.push(...append(log, host.clock, [`entry ${round} ${'x'.repeat(300)}`]));
			checkEqual(log.first, Math.max(1, log.last - 99), 'first');
		}
		await host.settle();
		await checkWhole(log, model.slice(-100), 'the newest 100');
		checkEqual(await log.readBack(log.first, 10), [], 'before the first');
		check((await host.countStored('e:')) < 30, 'old segments are deleted');
		log = await host.open({ entries: 100 });
		await checkWhole(log, model.slice(-100), 'after a restart');
		log = await host.open({ entries: 10 });
		await checkWhole(log, model.slice(-10), 'with another setting');
		append(log, host.clock, ['a commit of'.repeat(40), 'more'.repeat(100), 'than is kept']);
		checkEqual(log.first, log.last - 9, 'first');
	},

	'[LOG6] entries that have grown too old are gone, and `seq` goes on': async (host) => {
		const ageMs = 10_000;
		let log = await host.open({ ageMs });
		const model: Entry[] = [];
		for (let round = 0; round < 200; round++) {
			model.push(...append(log, host.clock, [`entry ${round} ${'x'.repeat(200)}`]));
			host.clock.now += 100;
		}
		const young = () => model.filter(({ event }) => event.time >= host.clock.now - ageMs);
		for (const wait of [0, 1, 99, 1000, 5000]) {
			host.clock.now += wait;
			await log.expire();
			checkEqual(log.first, young()[0]?.event.seq, `first, ${wait} ms later`);
			await checkWhole(log, young(), `${wait} ms later`);
		}
		await host.settle();
		log = await host.open({ ageMs });
		await log.expire();
		checkEqual(log.first, young()[0]?.event.seq, 'first, after a restart');
		await checkWhole(log, young(), 'after a restart');
		host.clock.now += ageMs;
		await log.expire();
		checkEqual([log.first, log.last], [201, 200], 'all too old');
		checkEqual([await log.read(0, 10), await log.readBack(201, 10)], [[], []], 'nothing is left');
		model.push(...append(log, host.clock, ['after a long silence']));
		checkEqual([log.first, log.last], [201, 201], 'it goes on');
		await checkWhole(log, model.slice(-1), 'the new one');
		await host.settle();
		check((await host.countStored('e:')) <= 2, 'old segments are deleted');
	},

	'[KEY2] the newest 10,000 keys are remembered, through restarts and retention': async (host) => {
		const random = createRandom(host.seed);
		let log = await host.open({ entries: 50 });
		await log.loadKeys();
		const total = KEPT_KEYS + 2345;
		const name = (seq: number) => `${seq}-`.padEnd(64, 'k');
		while (log.last < total) {
			const size = Math.min(random.pick([1, 40, 500, 1000]), total - log.last);
			const first = log.last + 1;
			const keys = Array.from({ length: size }, (_, index) => used(first + index, name(first + index)));
			append(log, host.clock, Array(size).fill(''), keys);
			if (random.below(4) > 0) continue;
			await host.settle();
			log = await host.open({ entries: 50 });
			await log.loadKeys();
			for (let seq = Math.max(1, log.last - KEPT_KEYS + 1); seq <= log.last; seq += 50) {
				checkEqual(log.findKey('', name(seq))?.seq, seq, `of ${log.last} keys, key ${seq}`);
			}
		}
		const checkKeys = (message: string) => {
			for (let seq = total - KEPT_KEYS + 1; seq <= total; seq++) {
				checkEqual(log.findKey('', name(seq))?.seq, seq, `${message}, key ${seq}`);
			}
			checkEqual(log.findKey('somebody', name(total)), undefined, 'another subject');
			checkEqual(log.findKey('', 'unused'), undefined, 'a key that was never used');
		};
		checkKeys('as written');
		await host.settle();
		log = await host.open({ entries: 50 });
		await Promise.all([log.loadKeys(), log.loadKeys()]);
		checkKeys('as loaded');
		const bytes = total * 145;
		check((await host.countStored('k:')) < bytes / 2048, 'old keys are deleted');
	},

	'[KEY2] two publishers, loaded once and twice, write into one ring': async (host) => {
		const log = await host.open();
		await log.loadKeys();
		append(log, host.clock, ['a'], [{ ...used(1, 'same'), subject: 'ada' }]);
		append(log, host.clock, ['b'], [{ ...used(2, 'same'), subject: 'bob' }]);
		await log.loadKeys();
		await host.settle();
		const again = await host.open();
		await again.loadKeys();
		for (const one of [log, again]) {
			checkEqual([one.findKey('ada', 'same')?.seq, one.findKey('bob', 'same')?.seq], [1, 2], 'each has his own');
		}
	},

	'[KEY4] the same key from two subjects is two events, each with its own receipt again after a restart': async (
		host,
	) => {
		const draft = { type: 'deploy.done', text: 'Deploy 214', key: 'deploy-214' };
		const [first] = await publish(await openChannel(host), 'ada', [draft]);
		for (let round = 0; round < 3; round++) {
			const channel = await openChannel(host);
			const results = [...(await publish(channel, 'ada', [draft])), ...(await publish(channel, 'bob', [draft]))];
			const receipts = results.map((result) => ('receipt' in result ? result.receipt : undefined));
			checkEqual([receipts[0]?.seq, receipts[0]?.duplicate], [1, true], 'the first one has his event');
			checkEqual([receipts[1]?.seq, receipts[1]?.duplicate], [2, round > 0], 'the other one has his own');
			check(
				first !== undefined && 'receipt' in first && first.receipt.id === receipts[0]?.id,
				'the first receipt again',
			);
			const { events } = await channel.page({ limit: 10, types: [] });
			checkEqual(
				events.map(({ id }) => id),
				receipts.map((receipt) => receipt?.id),
				'two events',
			);
		}
	},

	'[KEY1] [KEY2] keys that come again and again, through restarts and retention, are stored once each': async (
		host,
	) => {
		const random = createRandom(host.seed);
		const total = 600;
		const sent = Array.from({ length: total }, (_, n) => Array(random.between(1, 10)).fill(n) as number[]).flat();
		for (let index = sent.length - 1; index > 0; index--) {
			const other = random.below(index + 1);
			[sent[index], sent[other]] = [sent[other] as number, sent[index] as number]; // both are below its length
		}
		const known = new Map<number, string>();
		let channel = await openChannel(host, { entries: 20 });
		for (let start = 0; start < sent.length; ) {
			const batch = sent.slice(start, start + random.pick([1, 7, 200]));
			start += batch.length;
			const drafts = batch.map((n) => ({ type: 'message', text: `event ${n}`, key: `key-${n}` }));
			for (const [index, result] of (await publish(channel, '', drafts)).entries()) {
				check('receipt' in result, 'a receipt');
				const n = batch[index] as number; // there is a result for each
				checkEqual(result.receipt.duplicate, known.has(n), `key ${n} is a repeat`);
				checkEqual(result.receipt.id, known.get(n) ?? result.receipt.id, `the receipt of key ${n}`);
				known.set(n, result.receipt.id);
			}
			if (random.below(10) === 0) channel = await openChannel(host, { entries: 20 });
		}
		checkEqual([known.size, new Set(known.values()).size, channel.last], [total, total, total], 'each of them once');
	},

	'[LIM1] the largest commits in the widest characters are stored and read': async (host) => {
		let log = await host.open();
		await log.loadKeys();
		const model: Entry[] = [];
		for (const text of ['x'.repeat(65_470), '€'.repeat(21_000), '😀'.repeat(16_000), '\u0000'.repeat(10_000)]) {
			model.push(...append(log, host.clock, [text, text]));
			model.push(...append(log, host.clock, ['', text], [used(log.last + 1), used(log.last + 2)]));
			model.push(...append(log, host.clock, Array(900).fill('é')));
		}
		await checkWhole(log, model, 'as written');
		await host.settle();
		log = await host.open();
		await checkWhole(log, model, 'as loaded');
	},

	'[LOG4] a reader who is overtaken by retention sees runs without holes inside, up to the end': async (host) => {
		const random = createRandom(host.seed);
		let log = await host.open({ entries: 60 });
		const text = 'x'.repeat(12_000); // so that the newest in memory are not all that is kept
		for (let round = 0; round < 60; round++) append(log, host.clock, [text]);
		let cursor = 0;
		for (let round = 0; round < 80; round++) {
			const reading = log.read(cursor, random.pick([1, 5, 50]));
			const readingBack = log.readBack(log.last - random.below(58), 40);
			for (let commits = random.below(4); commits > 0; commits--) {
				append(log, host.clock, Array(random.between(1, 9)).fill(text));
			}
			const page = await reading;
			checkRun(page, `forward from ${cursor}`);
			check(page.length === 0 || (page[0]?.event.seq ?? 0) > cursor, 'only what comes after');
			cursor = page.at(-1)?.event.seq ?? cursor;
			checkRun(await readingBack, 'back');
			if (random.below(20) === 0) {
				await host.settle();
				log = await host.open({ entries: 60 });
			}
		}
		for (let page = await log.read(cursor, 50); page.length > 0; page = await log.read(cursor, 50)) {
			checkRun(page, 'to the end');
			cursor = page.at(-1)?.event.seq ?? cursor;
		}
		checkEqual(cursor, log.last, 'the end');
	},

	'[COM1] one commit is one storage operation, whatever its size': async (host) => {
		const log = await host.open();
		await log.loadKeys();
		const { traffic } = host;
		if (!traffic) return; // a log in memory has nothing to count
		const lists = traffic.lists;
		for (let commit = 1; commit <= 300; commit++) {
			const first = log.last + 1;
			const size = [1, 1, 3, 300][commit % 4] as number; // below the length
			append(log, host.clock, Array(size).fill('text'), [used(first)]);
			checkEqual([traffic.puts, traffic.lists, traffic.deletes], [commit, lists, 0], `commit ${commit}`);
		}
	},
};
