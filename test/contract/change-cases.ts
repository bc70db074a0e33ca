// What every log must do with events that change, as cases beside those of log-cases.ts.
// Knows the contract of log.ts, and a plain model of it; never knows which log it has, nor a test runner.
import { createEntry, type Entry, type Log, type Retention, stateOf } from '../../relay/log.ts';
import { type Change, type FeedEvent, isChange, type Version } from '../../relay/protocol/event.ts';
import { KEPT_CHANGES, KEPT_VERSIONS } from '../../relay/protocol/limits.ts';
import { createRandom, type Random } from '../support/random.ts';
import { type Case, check, checkEqual, type LogHost, readAll, readAllBack, seqs } from './log-cases.ts';

/** What is done in a commit: a new event, or one that is given other content. */
type Act =
	| { add: string }
	| { change: number; to: Partial<FeedEvent>; person?: string; signs?: string[]; version?: string };

/** A log, and beside it what it is to hold, in arrays. */
class Book {
	log: Log;
	readonly #host: LogHost;
	readonly events: FeedEvent[] = [];
	readonly changes: Change[] = [];
	readonly people = new Map<string, Map<number, readonly string[]>>();
	readonly versions = new Map<number, Version[]>();
	retention: Partial<Retention>;

	private constructor(host: LogHost, log: Log, retention: Partial<Retention>) {
		this.#host = host;
		this.log = log;
		this.retention = retention;
	}

	static async open(host: LogHost, retention: Partial<Retention> = {}): Promise<Book> {
		return new Book(host, await host.open(retention), retention);
	}

	async restart(retention = this.retention): Promise<void> {
		await this.#host.settle();
		this.retention = retention;
		this.log = await this.#host.open(retention);
	}

	find(seq: number): FeedEvent | undefined {
		return this.events.find((event) => event.seq === seq);
	}

	async commit(...acts: readonly Act[]): Promise<void> {
		const { log } = this;
		const changed = acts.filter((act) => 'change' in act);
		const people = changed.flatMap(({ person }) => person ?? []);
		await log.hold(new Set(changed.map(({ change }) => change)), new Set(people));
		const epoch = log.begin();
		const time = this.#host.clock.now;
		const entries: Entry[] = [];
		const states = new Map<number, FeedEvent>();
		const reactions = new Map<string, Map<number, readonly string[]>>();
		const versions: { seq: number; n: number; version: Version }[] = [];
		const forgotten: { seq: number; count: number }[] = [];
		const last = log.last;
		for (const [index, act] of acts.entries()) {
			const seq = last + 1 + index;
			const id = `${epoch}:${seq}`;
			if ('add' in act) {
				const event = { id, seq, time, type: 'message', text: act.add };
				this.events.push(event);
				entries.push(createEntry(event));
				continue;
			}
			const at = this.events.findIndex((event) => event.seq === act.change);
			const before = this.events[at] as FeedEvent; // only what is there is changed
			if (before.seq <= last && !states.has(before.seq))
				checkEqual(log.find(before.seq), before, `event ${before.seq}, held`);
			const after = { ...before, ...act.to, version: seq } as FeedEvent; // parts of one
			if (act.to.removed) for (const field of ['text', 'edited'] as const) delete after[field];
			this.events[at] = after;
			states.set(after.seq, after);
			const change: Change = {
				id,
				seq,
				time,
				change: 'edit',
				target: before.id,
				type: 'message',
				state: stateOf(after),
			};
			const { state: _, ...told } = change;
			this.changes.push(told);
			entries.push(createEntry(change));
			if (act.person !== undefined) {
				const own = this.people.get(act.person) ?? new Map<number, readonly string[]>();
				const next = new Map(own).set(before.seq, act.signs ?? []);
				this.people.set(act.person, next);
				reactions.set(act.person, next);
			}
			if (act.version !== undefined) {
				const n = before.edited?.count ?? 0;
				const version = { text: act.version, time };
				versions.push({ seq: before.seq, n, version });
				this.versions.set(before.seq, [...(this.versions.get(before.seq) ?? []), version].slice(-KEPT_VERSIONS));
			}
			if (act.to.removed) {
				forgotten.push({ seq: before.seq, count: before.edited?.count ?? 0 });
				this.versions.delete(before.seq);
			}
		}
		const stored = entries.map((entry) => {
			const state = isChange(entry.event) ? undefined : states.get(entry.event.seq);
			return state ? createEntry(state) : entry;
		});
		const older = [...states.values()].filter(({ seq }) => seq <= last);
		log.append(stored, [], { states: older, reactions, versions, forgotten });
	}

	/** Kept by now, as the retention says. */
	get kept(): FeedEvent[] {
		const { entries = 100_000, ageMs } = this.retention;
		const newest = this.events.slice(-entries);
		if (ageMs === undefined) return newest;
		const old = newest.findLastIndex(({ time }) => time < this.#host.clock.now - ageMs);
		return newest.slice(old + 1);
	}

	get first(): number {
		const gone = this.events.length - this.kept.length;
		return this.log.last === 0 ? 0 : (this.events[gone - 1]?.seq ?? 0) + 1;
	}

	/** A change as it is to be told now. */
	#tell(change: Change): Change {
		const target = this.kept.find(({ id }) => id === change.target);
		return target ? { ...change, state: stateOf(target) } : change;
	}

	/** Everything that a reader after `after` is to be told. */
	entriesAfter(after: number): (FeedEvent | Change)[] {
		const changes = this.changes.filter(({ seq }) => seq >= this.log.changesFrom).map((change) => this.#tell(change));
		return [...this.kept, ...changes].filter(({ seq }) => seq > after).sort((one, other) => one.seq - other.seq);
	}

	async check(message: string): Promise<void> {
		const { log } = this;
		await log.expire();
		checkEqual(
			[log.first, log.last],
			[this.first, this.events.length + this.changes.length],
			`${message}: first and last`,
		);
		const from = log.first - 1;
		const events = (entries: readonly Entry[]) => entries.map(({ event }) => event);
		const all: Entry[] = [];
		for (
			let page = await log.read(from, 1000);
			page.length > 0;
			page = await log.read(seqs(all).at(-1) as number, 1000)
		)
			all.push(...page);
		checkSame(events(all), this.entriesAfter(from), `${message}, forward`);
		checkSame(events(await readAllBack(log, 1000)), this.kept, `${message}, back`);
		const alone: Entry[] = [];
		for (
			let page = await log.readEvents(from, 300);
			page.length > 0;
			page = await log.readEvents(seqs(alone).at(-1) as number, 300)
		)
			alone.push(...page);
		checkSame(events(alone), this.kept, `${message}, events alone`);
	}
}

/** Equal, and where they are not, the first that is another. */
function checkSame(actual: readonly unknown[], expected: readonly { seq: number }[], message: string): void {
	const differs = expected.findIndex((one, index) => JSON.stringify(one) !== JSON.stringify(actual[index]));
	if (differs >= 0) checkEqual(actual[differs], expected[differs], `${message}, item ${differs} of ${expected.length}`);
	checkEqual(actual.length, expected.length, `${message}, how many`);
}

const SIZES = [0, 3, 40, 400, 3000, 20_000, 60_000];

/** Some acts of a commit, of 64 KiB at about. */
function createActs(random: Random, book: Book): Act[] {
	const acts: Act[] = [];
	const kept = book.kept;
	const last = book.log.last;
	for (let left = random.pick([1, 1, 2, 5, 20]), bytes = 0; left > 0 && bytes < 65_536; left--) {
		const size = random.pick(SIZES);
		const target = kept.length > 0 ? random.pick(kept) : undefined;
		const isTwice = acts.some((act) => 'change' in act && act.change === target?.seq);
		const kind = target && !isTwice ? random.below(3) : 0;
		const change = target?.seq ?? 0;
		if (kind === 0) acts.push({ add: 'x'.repeat(size) });
		if (kind === 1) {
			const [person, signs] = [`p${random.below(5)}`, random.pick([[], ['👍']])];
			acts.push({ change, to: { reactions: { '👍': last } }, person, signs });
		}
		if (kind === 2) {
			const edited = { count: (target?.edited?.count ?? 0) + 1, time: 1 };
			acts.push({ change, to: { text: 'ä'.repeat(size >> 1), edited }, version: `of ${last}` });
		}
		bytes += size;
	}
	return acts;
}

export const CHANGE_CASES: Record<string, Case> = {
	'[CHG6] [LOG3] events are rewritten where they lie, in newest, older and split segments, however they grow': async (
		host,
	) => {
		const book = await Book.open(host);
		const grow = (change: number, size: number): Act => ({ change, to: { text: 'g'.repeat(size) } });
		await book.commit(...Array.from({ length: 40 }, (_, n) => ({ add: `small ${n}` })));
		await book.check('small ones');
		for (const size of [100, 3000, 30_000, 65_000]) {
			for (const seq of [1, 40, 20, 21, 2, 39]) await book.commit(grow(seq, size));
			await book.check(`grown to ${size}, in the newest`);
		}
		for (let n = 0; n < 30; n++) await book.commit({ add: `${'later '.repeat(n * 10)}` });
		for (const seq of [3, 22, 38]) await book.commit(grow(seq, 65_000));
		await book.check('grown in older ones');
		await book.restart();
		await book.check('after a restart');
		for (const seq of [4, 23, 37, 5, 24, 1, 20]) await book.commit(grow(seq, seq % 2 ? 65_000 : 1), { add: 'beside' });
		await book.check('grown and shrunk after a restart');
		await book.restart();
		await book.check('after another');
		// All at once: each may split its segment.
		await book.commit(...Array.from({ length: 15 }, (_, n) => grow(6 + n, 60_000)));
		await book.check('many of one segment in one commit');
		await book.restart();
		await book.check('in the end');
	},

	'[LOG3] [LOG5] [CHG6] random events and changes are as in a plain array, through restarts and retention': async (
		host,
	) => {
		const random = createRandom(host.seed);
		const book = await Book.open(host, { entries: random.pick([30, 100, 3000]) });
		for (let round = 0; round < 220; round++) {
			await book.commit(...createActs(random, book));
			host.clock.now += random.below(50);
			const chance = random.below(30);
			if (chance === 0) await book.restart();
			if (chance === 1)
				await book.restart({
					...book.retention,
					entries: random.pick([30, 60, 100, 3000].filter((n) => n <= (book.retention.entries ?? 0))),
				});
			if (chance < 4) await book.check(`round ${round}`);
			checkEqual(book.log.first, book.first, `first in round ${round}`);
		}
		await book.restart();
		await book.check('in the end');
		for (const { seq } of book.kept)
			checkEqual(await book.log.readVersions(seq), book.versions.get(seq) ?? [], `earlier texts of ${seq}`);
	},

	'[LOG6] [CHG6] by age too, events alone are what is gone, and no gap is where only changes lie': async (host) => {
		const random = createRandom(host.seed);
		const book = await Book.open(host, { ageMs: 10_000, entries: 100_000 });
		for (let round = 0; round < 150; round++) {
			await book.commit({ add: `event ${round} ${'x'.repeat(200)}` });
			for (let left = random.below(4); left > 0; left--)
				await book.commit({ change: random.pick(book.kept).seq, to: { reactions: { '👍': round + 1 } } });
			host.clock.now += 100;
			if (round % 25 === 0) await book.restart();
		}
		for (const wait of [0, 1, 99, 3000, 5000]) {
			host.clock.now += wait;
			await book.check(`${wait} ms later`);
		}
		await book.restart();
		await book.check('after a restart');
		const [newest] = book.kept.slice(-1);
		for (let n = 0; n < 30; n++) await book.commit({ change: newest?.seq ?? 0, to: { reactions: { '👍': n + 1000 } } });
		host.clock.now += 20_000;
		await book.log.expire();
		checkEqual([book.log.first, book.log.last], [(newest?.seq ?? 0) + 1, book.log.last], 'all events are too old');
		await book.commit({ add: 'after a long silence' });
		await book.check('it goes on');
	},

	'[LOG5] changes push no event out, and `first` is after the newest event that is gone': async (host) => {
		const book = await Book.open(host, { entries: 50 });
		for (let round = 0; round < 200; round++) {
			await book.commit({ add: `event ${round}` });
			const { seq } = book.kept[0] as FeedEvent;
			await book.commit(...Array.from({ length: 5 }, (_, n) => ({ change: seq, to: { reactions: { '👍': n + 1 } } })));
			checkEqual(book.log.first, book.first, `first after ${round}`);
		}
		checkEqual(book.kept.length, 50, 'kept');
		await book.check('as written');
		await book.restart();
		await book.check('after a restart');
		check((await host.countStored('e:')) < 40, 'old segments are deleted');
	},

	'[CHG9] the newest 5,000 changes are kept at the least, and where they begin is known': async (host) => {
		let from = 0;
		const book = await Book.open(host);
		await book.commit({ add: 'one' }, { add: 'two' });
		for (let round = 0; round < 140; round++) {
			await book.commit(
				...Array.from({ length: 50 }, (_, n) => ({ change: 1 + (n % 2), to: { reactions: { '👍': n + 1 } } })),
			);
			if (round % 10 === 0) await host.settle();
			if (round === 90) await book.restart();
			check(book.log.changesFrom >= from, 'it never goes back');
			from = book.log.changesFrom;
		}
		await host.settle();
		for (const message of ['as written', 'after a restart']) {
			const { changesFrom, last, first } = book.log;
			check(changesFrom > 2 && first === 1, `${message}: some are gone, of events none`);
			check(last - changesFrom + 1 >= KEPT_CHANGES, `${message}: ${last - changesFrom + 1} are kept`);
			check(last - changesFrom + 1 < KEPT_CHANGES * 1.3, `${message}: and not many more, ${last - changesFrom + 1}`);
			const read = seqs(await readAll(book.log, 1000));
			checkEqual(read.slice(0, 3), [1, 2, changesFrom], `${message}: the events, then changes`);
			checkEqual(read.length, 2 + last - changesFrom + 1, `${message}: all of them`);
			await book.check(message);
			await book.restart();
		}
	},

	'[ONE1] [CHG6] the newest 100 earlier texts are kept, and go with their event': async (host) => {
		const book = await Book.open(host, { entries: 20 });
		await book.commit({ add: 'text 0' });
		for (let n = 0; n < 130; n++)
			await book.commit({
				change: 1,
				to: { text: `text ${n + 1}`, edited: { count: n + 1, time: 1 } },
				version: `text ${n}`,
			});
		const texts = async () => (await book.log.readVersions(1)).map(({ text }) => text);
		const expected = Array.from({ length: KEPT_VERSIONS }, (_, n) => `text ${n + 30}`);
		checkEqual(await texts(), expected, 'as written');
		await book.restart();
		checkEqual(await texts(), expected, 'after a restart');
		for (let n = 0; n < 80; n++) await book.commit({ add: 'x'.repeat(3000) });
		await host.settle();
		checkEqual([await host.countStored('v:'), await texts()], [0, []], 'with the event they are gone');
	},

	'[REACT2] the reactions of each person come back after a restart, those of kept events alone': async (host) => {
		const book = await Book.open(host, { entries: 5 });
		const own = async (person: string) => {
			await book.log.hold([], [person]);
			const signs = [...(book.log.reactionsOf(person) ?? [])].filter(
				([seq, all]) => seq >= book.log.first && all.length > 0,
			);
			return Object.fromEntries(signs);
		};
		await book.commit({ add: 'one' }, { add: 'two' });
		const react = (change: number, person: string, signs: string[]): Act => ({
			change,
			to: { reactions: { x: 1 } },
			person,
			signs,
		});
		await book.commit(react(1, 'ada', ['👍']), react(1, 'bob', ['🎉', '👍']), react(2, 'ada', ['x']));
		await book.commit(react(1, 'bob', ['👍']), react(2, 'ada', []));
		for (const _ of ['as written', 'after a restart']) {
			checkEqual(
				[await own('ada'), await own('bob'), await own('eve')],
				[{ 1: ['👍'] }, { 1: ['👍'] }, {}],
				'each his own',
			);
			await book.restart();
		}
		for (let n = 0; n < 600; n++) await book.log.hold([], [`somebody ${n}`]);
		checkEqual(await own('ada'), { 1: ['👍'] }, 'after many others');
		await book.commit(...Array.from({ length: 6 }, () => ({ add: 'more' })));
		const { seq } = book.kept.at(-1) as FeedEvent;
		await book.commit(react(seq, 'ada', ['new']));
		await book.restart();
		checkEqual([await own('ada'), await own('bob')], [{ [seq]: ['new'] }, {}], 'of what is gone nothing');
	},

	'[CHG2] that there is no event is known once it was looked for: of a change, of what is gone, of what never was':
		async (host) => {
			const book = await Book.open(host, { entries: 3 });
			const none = async (...wanted: number[]) => {
				await book.log.hold(wanted, []);
				checkEqual(
					wanted.map((seq) => book.log.find(seq)),
					wanted.map(() => null),
					`of ${wanted}`,
				);
			};
			await none(0, 1, 7);
			await book.commit({ add: 'one' }, { change: 1, to: { text: 'x' } });
			await none(0, 2, 3, 99);
			// The oldest that is kept is now a change, of which no segment is left.
			for (let round = 0; round < 40; round++) {
				await book.commit({ add: 'x'.repeat(5000) });
				await book.commit(
					{ change: book.log.last, to: { text: 'x'.repeat(5000) } },
					{ change: book.log.last, to: { text: 'y' } },
				);
			}
			for (const _ of ['as written', 'after a restart']) {
				await book.log.expire();
				const { first, last } = book.log;
				await none(first - 1, first, first + 1, last, last + 1);
				for (const { seq } of book.kept) {
					await book.log.hold([seq], []);
					checkEqual(book.log.find(seq)?.seq, seq, 'what is kept');
				}
				await book.restart();
			}
			// More than are remembered.
			for (let round = 0; round < 1100; round++)
				await book.commit({ change: (book.kept[0] as FeedEvent).seq, to: { text: `${round}` } });
			for (let seq = book.log.last - 1050; seq <= book.log.last; seq += 50)
				await none(...Array.from({ length: 50 }, (_, n) => seq - n));
		},

	'[GONE1] the content of a removed event is in no stored value, its earlier texts neither': async (host) => {
		const book = await Book.open(host);
		await book.commit(...Array.from({ length: 30 }, (_, n) => ({ add: `event ${n}` })), { add: 'SECRET 0' });
		const seq = book.log.last;
		for (let n = 0; n < 110; n++)
			await book.commit({
				change: seq,
				to: { text: `SECRET ${n + 1}`, edited: { count: n + 1, time: 1 } },
				version: `SECRET ${n}`,
			});
		await host.settle();
		if (host.traffic) check((await host.search('SECRET')).length > 90, 'it is there before');
		await book.commit({ change: seq, to: { removed: { time: 1 } } });
		await host.settle();
		checkEqual(await host.search('SECRET'), [], 'stored values');
		checkEqual(await book.log.readVersions(seq), [], 'earlier texts');
		await book.check('as written');
		await book.restart();
		const all = JSON.stringify(
			[await readAll(book.log, 1000), await readAllBack(book.log, 1000)].flat().map(({ event }) => event),
		);
		check(!all.includes('SECRET') && all.includes('removed'), 'what is read');
	},

	'[LOG4] a reader whose events change under him is told all in order, once, and what they are now': async (host) => {
		const random = createRandom(host.seed);
		const book = await Book.open(host, { entries: 80 });
		for (let n = 0; n < 80; n++) await book.commit({ add: 'x'.repeat(8000) });
		const known = new Map<number, FeedEvent>();
		let cursor = 0;
		const apply = (page: readonly Entry[]) => {
			for (const { event } of page) {
				check(event.seq > cursor, `${event.seq} comes after ${cursor}`);
				cursor = event.seq;
				if (!isChange(event)) known.set(event.seq, event);
				const target = isChange(event) && [...known.values()].find(({ id }) => isChange(event) && id === event.target);
				if (target && isChange(event) && event.state) known.set(target.seq, { ...target, ...event.state });
			}
		};
		const grow = (): Act => {
			const target = random.pick(book.kept);
			return {
				change: target.seq,
				to: { text: 'g'.repeat(random.pick([10, 30_000, 60_000])), edited: { count: 1, time: 1 } },
			};
		};
		for (let round = 0; round < 100; round++) {
			const reading = book.log.read(cursor, random.pick([1, 5, 50, 1000]));
			const back = book.log.readBack(book.log.last + 1 - random.below(30), 40);
			for (let commits = random.below(4); commits > 0; commits--)
				await book.commit(...(random.below(3) === 0 ? [{ add: 'x'.repeat(12_000) }, grow()] : [grow()]));
			apply(await reading);
			const order = seqs(await back);
			checkEqual(
				order,
				[...new Set(order)].sort((one, other) => one - other),
				'read back',
			);
			if (random.below(20) === 0) await book.restart();
		}
		for (let page = await book.log.read(cursor, 50); page.length > 0; page = await book.log.read(cursor, 50))
			apply(page);
		const brief = (event?: FeedEvent) => [event?.version, event?.text?.length, event?.edited];
		for (const event of book.kept)
			checkEqual(brief(known.get(event.seq)), brief(event), `event ${event.seq} in the end`);
	},

	'[COM1] a commit with changes is one storage operation, whatever they are of': async (host) => {
		const book = await Book.open(host);
		for (let n = 0; n < 60; n++) await book.commit({ add: 'x'.repeat(5000) });
		await book.restart();
		const { traffic } = host;
		const edit = (seq: number): Act => ({
			...{ change: seq, to: { text: 'y'.repeat(1000), edited: { count: 1, time: 1 } }, version: 'x' },
			...{ person: `p${seq}`, signs: ['👍'] },
		});
		for (let seq = 1; seq + 20 <= 60; seq += 20) {
			const puts = traffic?.puts ?? 0;
			await book.commit(...Array.from({ length: 20 }, (_, n) => edit(seq + n)), { add: 'one more' });
			checkEqual(traffic?.puts ?? 1, traffic ? puts + 1 : 1, 'writes');
		}
		await book.check('in the end');
	},
};
