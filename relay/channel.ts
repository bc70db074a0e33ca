// A channel: drafts in, one log, the same order to everybody.
// Knows commit, fan-out and where a reader begins; log, clock and the engine's turn are passed in.
// Never knows PartyKit, HTTP, sockets or JSON.
import { Filter, Frame } from './frame.ts';
import { digestDraft } from './idempotency.ts';
import { createEntry, type Entry, type Log, type UsedKey } from './log.ts';
import { createError, FeedError } from './protocol/errors.ts';
import type { Actor, CheckedDraft, FeedEvent, Page, Pulse, Receipt } from './protocol/event.ts';
import {
	DEFAULT_PAGE_EVENTS,
	MAX_COMMIT_BYTES,
	MAX_EVENT_BYTES,
	MAX_FILTERS,
	MAX_PAGE_EVENTS,
	SLICE_VIEWERS,
} from './protocol/limits.ts';
import { formatPosition, NO_EPOCH, type Position } from './protocol/position.ts';
import { parseSince } from './protocol/since.ts';
import { PulseCounter } from './pulse.ts';
import type { Viewer } from './viewer.ts';

const HOUR_MS = 3_600_000;

/** What came of one draft. */
export type Result = { ref: number } & ({ receipt: Receipt } | { error: FeedError });

/** Whoever hands in drafts and wants to know what came of them. */
export interface Publisher {
	/** Whom a token proved; empty for the unproven. */
	readonly subject: string;
	/** Called with the results of all his drafts that one commit took, in their order. */
	settle(results: readonly Result[]): void;
}

export interface ChannelOptions {
	log: Log;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Runs a function once the engine has sent what it was given: `setTimeout(run, 0)`. */
	afterDrain: (run: () => void) => void;
	/** Told of faults of our own that have no caller. */
	onFault: (error: unknown) => void;
}

/** Where a reader wants to begin: after a position, or with some of the newest. */
export interface Start {
	position?: Position | undefined;
	/** Number of the newest events, or a span or date in the words of `parseSince`. */
	history?: number | string | undefined;
}

/** Where a reader begins, and whether that is where he wanted. */
export interface Begin {
	after: number;
	recovered: boolean;
	missing?: { from: number; to: number };
}

export interface PageQuery {
	after?: Position;
	before?: Position;
	/** Milliseconds since 1970. */
	since?: number;
	limit: number;
	types: readonly string[];
}

interface Pending {
	publisher: Publisher;
	ref: number;
	draft: CheckedDraft;
}

export class Channel {
	readonly #log: Log;
	readonly #options: ChannelOptions;
	readonly #pulse = new PulseCounter();
	readonly #live = new Set<Viewer>();
	readonly #filters = new Map<string, { filter: Filter; viewers: number }>();
	#queue: Pending[] = [];
	#isDraining = false;
	#isPrepared = false;
	#isPreparing = false;

	constructor(options: ChannelOptions) {
		this.#log = options.log;
		this.#options = options;
	}

	/** Reads what serving needs; nothing else may be called before. */
	async load(): Promise<void> {
		await this.#log.load();
		const start = this.#options.clock() - HOUR_MS;
		let before = this.#log.last + 1;
		while (before > 1) {
			const entries = await this.#log.readBack(before, MAX_PAGE_EVENTS);
			for (const { event } of entries) this.#count(event);
			const oldest = entries[0]?.event;
			if (!oldest || oldest.time < start) break;
			before = oldest.seq;
		}
	}

	get first(): number {
		return this.#log.first;
	}

	get last(): number {
		return this.#log.last;
	}

	get epoch(): string {
		return this.#log.epoch;
	}

	/** The position of the newest entry. */
	get position(): string {
		return formatPosition({ epoch: this.epoch, seq: this.last });
	}

	readPulse(): Pulse {
		return this.#pulse.read(this.#options.clock());
	}

	/**
	 * Takes drafts, in order. They are stored with all others that gather until the last broadcast has drained;
	 * `publisher.settle` then gets a receipt or an error for each.
	 */
	publish(publisher: Publisher, drafts: readonly { ref: number; draft: CheckedDraft }[]): void {
		for (const { ref, draft } of drafts) this.#queue.push({ publisher, ref, draft });
		if (this.#isPrepared) this.#commitUnlessDraining();
		else this.#prepare();
	}

	/** A filter shared by all who ask for the same types; undefined where the channel evaluates too many or too long ones. */
	takeFilter(types: readonly string[] | undefined): Filter | undefined {
		const key = Filter.key(types ?? []);
		if (key === undefined) return undefined;
		let shared = this.#filters.get(key);
		if (!shared) {
			if (key !== '' && this.#filters.size >= MAX_FILTERS) return undefined;
			const filter = new Filter(key === '' ? [] : key.split(' '));
			filter.covered = this.last;
			this.#filters.set(key, (shared = { filter, viewers: 0 }));
		}
		shared.viewers++;
		return shared.filter;
	}

	/** Gives back what `takeFilter` gave. */
	releaseFilter(filter: Filter): void {
		const key = Filter.key(filter.types) ?? '';
		const shared = this.#filters.get(key);
		if (shared?.filter === filter && --shared.viewers === 0) this.#filters.delete(key);
	}

	/** Where a reader begins who wants `start`. */
	async begin({ position, history }: Start, filter: Filter): Promise<Begin> {
		const { first, last, epoch } = this.#log;
		if (position) {
			const isNothing = position.epoch === NO_EPOCH;
			if (!isNothing && (position.epoch !== epoch || position.seq > last)) {
				// Another log, or one that lost its end: all of it is new to this reader.
				return { after: Math.max(first - 1, 0), recovered: false };
			}
			const after = isNothing ? 0 : position.seq;
			if (after + 1 >= first || last === 0) return { after, recovered: true };
			return { after: first - 1, recovered: false, missing: { from: after + 1, to: first - 1 } };
		}
		return { after: await this.#historyStart(history, filter), recovered: true };
	}

	/** Feeds a viewer from `after` on: from the log until he has everything, then live. */
	async feed(viewer: Viewer, after: number): Promise<void> {
		const turn = ++viewer.turn;
		viewer.isLive = false;
		viewer.cursor = after;
		while (viewer.cursor < this.#log.last) {
			if (!viewer.sink.isReady()) await viewer.sink.whenReady();
			if (viewer.turn !== turn) return;
			const entries = await this.#log.read(viewer.cursor, MAX_PAGE_EVENTS);
			if (viewer.turn !== turn) return;
			const to = entries.at(-1)?.event.seq ?? this.#log.last;
			// Where the log was trimmed meanwhile, `from` leaves a hole that the reader sees.
			const from = entries[0]?.event.seq ?? to + 1;
			viewer.sendHistory(new Frame(this.epoch, from, to, entries));
		}
		viewer.isLive = true;
		this.#live.add(viewer);
	}

	/** A viewer who already has everything, as after the relay has slept. */
	resume(viewer: Viewer): void {
		viewer.cursor = this.last;
		viewer.isLive = true;
		this.#live.add(viewer);
	}

	leave(viewer: Viewer): void {
		viewer.turn++;
		viewer.isLive = false;
		this.#live.delete(viewer);
	}

	/** A page of history. */
	async page(query: PageQuery): Promise<Page> {
		const { epoch } = this.#log;
		const filter = new Filter(query.types.includes('*') ? [] : query.types);
		if (query.after) return this.#pageForward(query.after, query.limit, filter);
		if (query.since !== undefined) {
			const after = (await this.#seqBefore(query.since)) ?? this.#log.first - 1;
			return this.#pageForward({ epoch, seq: Math.max(after, 0) }, query.limit, filter);
		}
		const { before } = query;
		const isOther = before !== undefined && before.epoch !== epoch;
		const end = before === undefined ? this.last + 1 : isOther ? 0 : before.seq;
		const found = await this.#matchingBefore(end, query.limit, filter);
		const oldest = found.entries[0]?.event.seq ?? end;
		const { first, last } = this.#log;
		const events = found.entries.map(({ event }) => event);
		const next = before === undefined ? last : oldest;
		const isEnd = before !== undefined && (found.isStart || oldest <= first);
		return { epoch, first, last, events, next: isEnd ? null : formatPosition({ epoch, seq: next }) };
	}

	async #pageForward(after: Position, limit: number, filter: Filter): Promise<Page> {
		const { missing, after: begin } = await this.begin({ position: after }, filter);
		const { first, last, epoch } = this.#log;
		let seq = begin;
		const events: FeedEvent[] = [];
		while (events.length < limit && seq < last) {
			const entries = await this.#log.read(seq, Math.min(MAX_PAGE_EVENTS, filter.types.length ? MAX_PAGE_EVENTS : limit));
			if (entries.length === 0) seq = last;
			for (const { event } of entries) {
				if (events.length === limit) break;
				seq = event.seq;
				if (filter.matches(event.type)) events.push(event);
			}
			if (filter.types.length === 0) break; // the log has given as many bytes as a page may hold
		}
		const next = formatPosition({ epoch, seq });
		return { epoch, first, last, events, next, ...(missing ? { missing } : {}) };
	}

	async #historyStart(history: number | string = DEFAULT_PAGE_EVENTS, filter: Filter): Promise<number> {
		const { first, last } = this.#log;
		if (typeof history === 'string') {
			const since = parseSince(history, this.#options.clock());
			return Math.max((await this.#seqBefore(since)) ?? 0, first - 1, last - MAX_PAGE_EVENTS, 0);
		}
		const limit = Math.min(history, MAX_PAGE_EVENTS);
		if (filter.types.length === 0 || limit === 0) return Math.max(last - limit, first - 1, 0);
		const { entries } = await this.#matchingBefore(last + 1, limit, filter);
		return entries[0] ? entries[0].event.seq - 1 : last;
	}

	/** The newest `seq` stored before `time`; undefined where all that is kept is younger. */
	async #seqBefore(time: number): Promise<number | undefined> {
		let before = this.last + 1;
		for (;;) {
			const entries = await this.#log.readBack(before, MAX_PAGE_EVENTS);
			const older = entries.findLast(({ event }) => event.time < time);
			if (older) return older.event.seq;
			if (entries.length === 0) return undefined;
			before = (entries[0] as Entry).event.seq; // length is above 0
		}
	}

	/** The newest `limit` entries before `seq` that the filter lets through, oldest first. */
	async #matchingBefore(seq: number, limit: number, filter: Filter): Promise<{ entries: Entry[]; isStart: boolean }> {
		let before = seq;
		let found: Entry[] = [];
		while (found.length < limit) {
			const wanted = filter.types.length ? MAX_PAGE_EVENTS : limit;
			const entries = await this.#log.readBack(before, wanted);
			if (entries.length === 0) return { entries: found, isStart: true };
			before = (entries[0] as Entry).event.seq; // length is above 0
			found = [...entries.filter(({ event }) => filter.matches(event.type)), ...found].slice(-limit);
			if (filter.types.length === 0) break; // the log has given as many bytes as a page may hold
		}
		return { entries: found, isStart: false };
	}

	/** Loads the used keys at the first publish; drafts wait for it in their order. */
	#prepare(): void {
		if (this.#isPreparing) return;
		this.#isPreparing = true;
		this.#log
			.loadKeys()
			.then(() => {
				this.#isPrepared = true;
				this.#commitUnlessDraining();
			})
			.catch((error) => {
				this.#options.onFault(error);
				this.#settleFailed(this.#queue.splice(0));
			})
			.finally(() => {
				this.#isPreparing = false;
			});
	}

	#commitUnlessDraining(): void {
		if (!this.#isDraining && this.#queue.length > 0) this.#commit();
	}

	#settleFailed(drafts: readonly { publisher: Publisher; ref: number }[]): void {
		const error = createError('storage-failed');
		for (const { publisher, ref } of drafts) this.#guard(() => publisher.settle([{ ref, error }]));
	}

	/** Stores what has gathered, by one storage operation, and sends it as one frame. */
	#commit(): void {
		const results = new Map<Publisher, Result[]>();
		const entries: Entry[] = [];
		const keys: UsedKey[] = [];
		const before = this.#log.last;
		let bytes = 0;
		let taken = 0;
		const time = Math.max(this.#options.clock(), this.#log.lastTime);
		for (const pending of this.#queue) {
			if (bytes >= MAX_COMMIT_BYTES) break;
			taken++;
			const result = this.#take(pending, before + entries.length + 1, time, keys);
			if ('entry' in result) {
				entries.push(result.entry);
				bytes += result.entry.bytes.length;
			}
			const { publisher } = pending;
			const own = results.get(publisher) ?? [];
			own.push(result);
			results.set(publisher, own);
		}
		this.#queue = this.#queue.slice(taken);
		if (entries.length > 0) {
			try {
				this.#log.append(entries, keys);
			} catch (error) {
				this.#options.onFault(error);
				this.#settleFailed([...results].flatMap(([publisher, own]) => own.map(({ ref }) => ({ publisher, ref }))));
				return;
			}
		}
		for (const [publisher, own] of results) this.#guard(() => publisher.settle(own));
		if (entries.length === 0) {
			this.#commitUnlessDraining();
			return;
		}
		for (const { event } of entries) this.#count(event);
		const frame = new Frame(this.epoch, before + 1, this.#log.last, entries);
		for (const { filter } of this.#filters.values()) frame.cover(filter);
		this.#isDraining = true;
		this.#broadcast(frame, [...this.#live]);
	}

	#take({ publisher: { subject }, ref, draft }: Pending, seq: number, time: number, keys: UsedKey[]): Result & { entry?: Entry } {
		const { key, ...content } = draft;
		const epoch = this.#log.begin();
		const digest = key === undefined ? '' : digestDraft(draft);
		if (key !== undefined) {
			const used =
				keys.find((one) => one.key === key && one.subject === subject) ?? this.#log.findKey(subject, key);
			if (used && used.digest !== digest) {
				const text = `The key ${key} was used for ${formatPosition({ epoch, seq: used.seq })} with other content. Give each event a key of its own.`;
				return { ref, error: new FeedError('key-conflict', text) };
			}
			if (used) {
				const id = formatPosition({ epoch, seq: used.seq });
				return { ref, receipt: { id, seq: used.seq, time: used.time, duplicate: true } };
			}
		}
		const id = formatPosition({ epoch, seq });
		const { actor, ...rest } = content;
		const proven: { actor?: Actor } = actor ? { actor: { ...actor, verified: false } } : {};
		const entry = createEntry({ id, seq, time, ...rest, ...proven });
		if (entry.bytes.length > MAX_EVENT_BYTES) {
			const text = `An event has at most ${MAX_EVENT_BYTES} bytes as JSON; this one has ${entry.bytes.length}.`;
			return { ref, error: new FeedError('event-too-large', text) };
		}
		if (key !== undefined) keys.push({ subject, key, digest, seq, time });
		return { ref, receipt: { id, seq, time, duplicate: false }, entry };
	}

	/** Sends a frame in slices; what gathered meanwhile is committed once the engine has drained. */
	#broadcast(frame: Frame, viewers: readonly Viewer[], start = 0): void {
		const end = Math.min(start + SLICE_VIEWERS, viewers.length);
		for (let index = start; index < end; index++) {
			const viewer = viewers[index] as Viewer; // below the length
			this.#guard(() => {
				if (!viewer.sendLive(frame)) this.#catchUp(viewer);
			});
		}
		this.#options.afterDrain(() => {
			if (end < viewers.length) {
				this.#broadcast(frame, viewers, end);
				return;
			}
			this.#isDraining = false;
			this.#guard(() => this.#commitUnlessDraining());
		});
	}

	#catchUp(viewer: Viewer): void {
		this.#live.delete(viewer);
		this.feed(viewer, viewer.cursor).catch(this.#options.onFault);
	}

	#count(event: FeedEvent): void {
		this.#pulse.count(event.level ?? 'info', event.time);
	}

	/** One reader's or publisher's trouble is nobody else's. */
	#guard(act: () => void): void {
		try {
			act();
		} catch (error) {
			this.#options.onFault(error);
		}
	}
}
