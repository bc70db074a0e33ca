// What everybody sees in the end, after random publishes and changes by several people, with readers who come, go, stop and resume.
import { describe, expect, it } from 'vitest';
import { Channel, type Result } from '../../relay/channel.ts';
import { Filter, socketForm } from '../../relay/frame.ts';
import { ANYBODY } from '../../relay/identity.ts';
import type { Log } from '../../relay/log.ts';
import { MemoryLog } from '../../relay/log-memory.ts';
import { StorageLog } from '../../relay/log-storage.ts';
import { parseDraft } from '../../relay/protocol/draft.ts';
import { createError } from '../../relay/protocol/errors.ts';
import {
	type ChangeDraft,
	type CheckedDraft,
	type FeedEntry,
	type FeedEvent,
	isChange,
	type Receipt,
	STATUSES,
} from '../../relay/protocol/event.ts';
import { formatPosition, type Position, parsePosition } from '../../relay/protocol/position.ts';
import type { Wish } from '../../relay/protocol/wish.ts';
import { type Sink, Viewer } from '../../relay/viewer.ts';
import { findEvent, insertEvent, LiveTimeline } from '../../widget/client/changes.ts';
import { settle } from '../support/channel.ts';
import { MapStorage } from '../support/map-storage.ts';
import { createRandom, type Random, withSeed } from '../support/random.ts';

const PEOPLE = ['', 'ada', 'bob', 'eve', 'joe'];
const TYPES = ['note', 'bug', 'deploy.done', 'deploy.failed'];
const WISHES: readonly Wish[] = [
	...[{}, {}, {}, { types: ['deploy.*'] }, { types: ['bug', 'note'] }, { status: ['open', 'reopened'] as const }],
	{ types: ['bug'], status: ['resolved'] },
];
const HISTORY = 1000;

/** Somebody who reads: what he was sent, applied as the client does. */
class Reader implements Sink {
	readonly form = socketForm;
	readonly wish: Wish;
	readonly timeline = new LiveTimeline();
	readonly #unknown = new Set<string>();
	position: Position | undefined;
	viewer: Viewer | undefined;
	/** True once he has to come again: he was cut off, or sees a hole. */
	isCut = false;
	#isOpen = true;
	#wake: (() => void)[] = [];

	constructor(wish: Wish) {
		this.wish = wish;
	}

	async join(channel: Channel): Promise<void> {
		const filter = channel.takeFilter(this.wish) as Filter; // there are few of them
		const viewer = new Viewer(this, filter);
		this.leave(channel);
		this.viewer = viewer;
		this.isCut = false;
		const { position } = this;
		const begin = await channel.begin({ position, history: HISTORY }, filter);
		if (this.viewer !== viewer) return;
		if (begin.missing) this.timeline.addGap(begin.missing);
		this.position = { epoch: channel.epoch, seq: begin.after };
		channel.feed(viewer, begin, position === undefined || !begin.recovered);
	}

	leave(channel: Channel): void {
		if (this.viewer) channel.leave(this.viewer);
		this.viewer = undefined;
		this.isCut = true;
		this.go();
	}

	stop(): void {
		this.#isOpen = false;
	}

	go(): void {
		this.#isOpen = true;
		for (const wake of this.#wake.splice(0)) wake();
	}

	isReady(): boolean {
		return this.#isOpen;
	}

	whenReady(): Promise<void> {
		return new Promise((resolve) => this.#wake.push(resolve));
	}

	fail(): void {
		this.isCut = true;
	}

	write(bytes: Uint8Array): void {
		const { epoch, from, to, entries } = JSON.parse(new TextDecoder().decode(bytes)) as {
			epoch: string;
			from: number;
			to: number;
			entries: FeedEntry[];
		};
		const { seq } = this.position as Position; // he has joined
		if (from > seq + 1) this.isCut = true;
		if (this.isCut) return;
		for (const entry of entries) {
			expect(entry.seq).toBeGreaterThan(seq);
			if (!isChange(entry)) this.timeline.append([entry]);
			else {
				if (!findEvent(this.timeline, entry.target)) this.#unknown.add(entry.target);
				this.timeline.change([entry]);
			}
		}
		this.position = { epoch, seq: to };
	}

	/** Asks for events that a change has brought in. */
	async fetchUnknown(channel: Channel): Promise<void> {
		for (const id of this.#unknown) {
			const found = await channel.readEvent(parsePosition(id)).catch(() => undefined);
			if (found && new Filter(this.wish).matches(found.event)) insertEvent(this.timeline, found.event);
		}
		this.#unknown.clear();
	}
}

/** A channel with everybody who uses it. */
class World {
	readonly random: Random;
	readonly storage = new MapStorage();
	readonly memory: MemoryLog | undefined;
	readonly #retention: { entries: number; ageMs: undefined };
	readonly clock = { now: 1_800_000_000_000 };
	readonly faults: unknown[] = [];
	readonly readers: Reader[] = [];
	/** What was taken, with who did it. */
	readonly accepted: { draft: CheckedDraft | ChangeDraft; person: string; receipt: Receipt }[] = [];
	readonly codes = new Set<string>();
	channel!: Channel;
	log!: Log;
	#turns: (() => void)[] = [];
	#keys = 0;

	constructor(random: Random, isStored: boolean) {
		this.random = random;
		this.#retention = { entries: random.pick([25, 80, 1000]), ageMs: undefined };
		const options = { retention: this.#retention, clock: () => this.clock.now, createEpoch: () => 'k3f9' };
		this.memory = isStored ? undefined : new MemoryLog(options);
		this.storage.isSlow = true;
	}

	async open(): Promise<void> {
		const options = { retention: this.#retention, clock: () => this.clock.now, createEpoch: () => 'k3f9' };
		this.log = this.memory ?? new StorageLog(this.storage, options, (error) => this.faults.push(error));
		this.channel = new Channel({
			log: this.log,
			clock: () => this.clock.now,
			afterDrain: (run) => this.#turns.push(run),
			onFault: (error) => this.faults.push(error),
		});
		await this.until(this.channel.load());
	}

	/** The process ends, and another begins. */
	async restart(): Promise<void> {
		for (const reader of this.readers) reader.leave(this.channel);
		this.channel.fail(createError('storage-failed'));
		this.#turns = [];
		await this.rest();
		this.#turns = [];
		await this.open();
	}

	/** Something that waits goes on: the engine, or the storage. */
	async step(): Promise<void> {
		this.storage.release(this.random.below(3));
		if (this.random.below(2) === 0) this.#turns.shift()?.();
		await settle();
	}

	async until<T>(promise: Promise<T>): Promise<T> {
		let isOver = false;
		promise.finally(() => {
			isOver = true;
		});
		while (!isOver) await this.step();
		return promise;
	}

	/** Until nothing waits any more. */
	async rest(): Promise<void> {
		for (let idle = 0; idle < 5; idle++) {
			if (this.storage.waiting.length + this.#turns.length > 0) idle = 0;
			this.storage.release(100);
			this.#turns.shift()?.();
			await settle();
		}
	}

	publish(person: string, drafts: readonly (CheckedDraft | ChangeDraft)[]): void {
		const who = { ...ANYBODY, ...(person === '' ? {} : { author: person }) };
		const settled = (results: readonly Result[]) => {
			for (const result of results) {
				if ('error' in result) this.codes.add(result.error.code);
				else if (!result.receipt.duplicate)
					this.accepted.push({ draft: drafts[result.ref] as ChangeDraft, person, receipt: result.receipt }); // it has one
			}
		};
		this.channel.publish(
			{ settle: settled },
			drafts.map((draft, ref) => ({ ref, draft, bytes: 100 })),
			who,
		);
	}

	createDraft(): CheckedDraft | ChangeDraft {
		const { random, log } = this;
		const text = `${random.below(1_000_000)} ${'x'.repeat(random.pick([0, 10, 500, 4000]))}`;
		const key = random.below(6) === 0 ? { key: `key ${random.below(3) === 0 ? this.#keys : ++this.#keys}` } : {};
		const recent = log.last - random.below(Math.min(log.last, 60));
		const target = formatPosition({
			epoch: log.last > 0 ? log.epoch : 'none',
			seq: Math.max(random.below(4) ? recent : 1 + random.below(log.last + 2), 1),
		});
		const match = random.below(8) === 0 ? { ifMatch: log.last - random.below(30) } : {};
		const kind = random.below(16);
		const type = random.pick(TYPES);
		if (kind < 4) return parseDraft({ type, text, ...key, ...random.pick([{}, { status: 'open' }]) });
		if (kind < 6) return parseDraft({ type, text, replyTo: target, ...key });
		const change = { target, ...key, ...match };
		if (kind < 8) return parseDraft({ ...change, text });
		if (kind < 11) return parseDraft({ ...change, status: random.pick(STATUSES) });
		if (kind < 14) return parseDraft({ ...change, reaction: random.pick(['👍', '🎉', 'x']), on: random.below(3) > 0 });
		if (kind < 15) return parseDraft({ ...change, pinned: random.below(2) === 0 });
		return parseDraft(random.below(2) === 0 ? { ...change, removed: true } : { ...change, text: 'short' });
	}

	async act(): Promise<void> {
		const { random, readers, channel } = this;
		const reader = readers.length > 0 ? random.pick(readers) : undefined;
		switch (random.below(12)) {
			case 0:
				readers.push(new Reader(random.pick(WISHES)));
				break;
			case 1:
				reader?.leave(channel);
				break;
			case 2:
				reader?.stop();
				break;
			case 3:
				reader?.go();
				break;
			case 4:
				if (reader?.isCut || reader?.viewer === undefined) await this.until(reader?.join(channel) ?? Promise.resolve());
				break;
			case 5:
				if (reader && random.below(4) === 0) await this.until(reader.fetchUnknown(channel));
				break;
			case 6:
				if (random.below(15) === 0) await this.restart();
				break;
			default:
				this.publish(
					random.pick(PEOPLE),
					Array.from({ length: random.pick([1, 1, 1, 2, 8]) }, () => this.createDraft()),
				);
		}
		this.clock.now += random.below(20);
		for (let left = random.below(4); left > 0; left--) await this.step();
	}

	/** All events that are kept, from pages read back. */
	async readPages(wish: Wish): Promise<FeedEvent[]> {
		const events: FeedEvent[] = [];
		for (let before: string | null | undefined; before !== null; ) {
			const position = before === undefined ? {} : { before: parsePosition(before) };
			const page = await this.until(this.channel.page({ ...wish, ...position, limit: 40 }));
			events.unshift(...page.events);
			before = page.events.length === 0 && before === undefined ? null : page.next;
			if (before !== null && page.events.length > 0 && before === formatPosition({ epoch: page.epoch, seq: page.last }))
				before = page.events[0]?.id;
		}
		return events;
	}
}

/** What an event has become, told from receipts alone. */
function expectState(world: World, event: FeedEvent): void {
	const mine = world.accepted.filter(({ draft }) => 'target' in draft && draft.target === event.id);
	const changes = mine.sort((one, other) => one.receipt.seq - other.receipt.seq);
	const drafts = changes.map(({ draft }) => draft as ChangeDraft); // they have a target
	const own = world.accepted.find(({ receipt, draft }) => receipt.id === event.id && !('target' in draft));
	const draft = own?.draft as CheckedDraft; // it was published
	// One that came before what it answers is no answer.
	const isReply = ({ draft, receipt }: (typeof world.accepted)[number]) =>
		'replyTo' in draft && draft.replyTo === event.id && receipt.seq > event.seq;
	const replies = world.accepted.filter(isReply);
	expect(event.version).toBe(changes.at(-1)?.receipt.seq);
	if (replies.length > 0) expect(event.replies?.count).toBe(replies.length);
	else expect(event).not.toHaveProperty('replies');
	const isRemoved = drafts.some(({ removed }) => removed);
	if (isRemoved)
		expect(Object.keys(event).filter((name) => /text|status|reactions|edited|pinned|actor|author/.test(name))).toEqual(
			[],
		);
	expect(event.removed !== undefined).toBe(isRemoved);
	if (isRemoved) return;
	const texts = drafts.flatMap(({ text }) => text ?? []);
	expect([event.text, event.edited?.count ?? 0]).toEqual([texts.at(-1) ?? draft.text, texts.length]);
	expect(event.status).toBe(drafts.findLast(({ status }) => status)?.status ?? draft.status);
	expect(event.pinned ?? false).toBe(drafts.findLast(({ pinned }) => pinned !== undefined)?.pinned ?? false);
	const pressed = new Map<string, boolean>();
	for (const { draft, person } of changes) {
		const { reaction, on = true } = draft as ChangeDraft; // as above
		if (reaction !== undefined) pressed.set(`${reaction} ${person}`, on);
	}
	const counts: Record<string, number> = {};
	for (const [name, on] of pressed)
		if (on) counts[name.split(' ')[0] as string] = (counts[name.split(' ')[0] as string] ?? 0) + 1;
	expect(event.reactions ?? {}).toEqual(counts);
}

describe.each([
	['in memory', false],
	['in storage that answers late', true],
])('over a log %s', (_, isStored) => {
	it(
		'[SEAM1] [CHG6] [CHG7] [CHG8] [THR1] all readers, fresh ones, pages and receipts agree in the end',
		() =>
			withSeed(async (seed) => {
				const world = new World(createRandom(seed), isStored);
				await world.open();
				world.publish('', [parseDraft({ text: 'the first' })]);
				await world.rest();
				const until = world.random.pick([40, 150, 500]);
				for (let n = 0; n < until; n++) await world.act();
				for (const reader of world.readers) reader.go();
				await world.rest();
				for (const wish of WISHES) world.readers.push(new Reader(wish));
				for (let round = 0; round < 3; round++) {
					for (const reader of world.readers)
						if (reader.isCut || !reader.viewer) await world.until(reader.join(world.channel));
					await world.rest();
				}
				expect(world.faults).toEqual([]);
				const { first, last } = world.channel;
				for (const event of await world.readPages({})) expectState(world, event);
				for (const reader of world.readers) {
					expect(reader.isCut).toBe(false);
					await world.until(reader.fetchUnknown(world.channel));
					const filter = new Filter(reader.wish);
					// Answers to what a filter lets through by its status, or as an answer itself, do not all come through.
					const isCounted = ({ type }: FeedEvent) => filter.matches({ type } as FeedEvent); // it looks at nothing else
					const bare = ({ replies, ...event }: FeedEvent) => ({ ...event, ...(isCounted(event) ? { replies } : {}) });
					const seen = reader.timeline.events.filter((event) => event.seq >= first && filter.matches(event));
					const pages = await world.readPages(reader.wish);
					expect(seen.map(bare)).toEqual(pages.map(bare));
					expect(reader.position?.seq).toBeLessThanOrEqual(last);
				}
			}),
		60_000,
	);
});
