// Where a reader begins in a log, and pages of it.
// Knows positions, times and filters; never knows viewers, sockets or requests.
import { Filter } from './frame.ts';
import type { Entry, Log } from './log.ts';
import type { FeedEvent, Page } from './protocol/event.ts';
import { DEFAULT_PAGE_EVENTS, MAX_PAGE_BYTES, MAX_PAGE_EVENTS } from './protocol/limits.ts';
import { formatPosition, NO_EPOCH, type Position } from './protocol/position.ts';
import { parseSince } from './protocol/since.ts';

/** Where a reader wants to begin: after a position, or with some of the newest. */
export interface Start {
	position?: Position | undefined;
	/** Number of the newest events; or a span or date in the words of `parseSince`, of which the newest 1,000 are sent. */
	history?: number | string | undefined;
	/** Everything kept from then on, milliseconds since 1970. */
	since?: number | undefined;
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

/** How many bytes of events a page has taken; the first always fits. */
class PageBytes {
	#bytes = 0;

	take({ bytes }: Entry): boolean {
		const isFirst = this.#bytes === 0;
		this.#bytes += bytes.length;
		return isFirst || this.#bytes <= MAX_PAGE_BYTES;
	}
}

/** The filter of a page, which is nobody else's. */
export function createPageFilter(types: readonly string[]): Filter {
	return new Filter(types.includes('*') ? [] : types);
}

export class LogReader {
	readonly #log: Log;
	/** Milliseconds since 1970. */
	readonly #clock: () => number;

	constructor(log: Log, clock: () => number) {
		this.#log = log;
		this.#clock = clock;
	}

	/** Where a reader begins who wants `start`. */
	async begin({ position, history, since }: Start, filter: Filter): Promise<Begin> {
		await this.#log.expire();
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
		const after = since === undefined ? await this.#historyStart(history, filter) : await this.#seqBefore(since);
		return { after, recovered: true };
	}

	/** A page, and whether it goes on where the reader was. */
	async read(query: PageQuery): Promise<{ page: Page; recovered: boolean }> {
		await this.#log.expire();
		const { limit } = query;
		const filter = createPageFilter(query.types);
		if (query.after) return this.#pageForward(query.after, limit, filter);
		const { epoch, first, last } = this.#log;
		if (query.since !== undefined) {
			return this.#pageForward({ epoch, seq: await this.#seqBefore(query.since) }, limit, filter);
		}
		const { before } = query;
		const isOther = before !== undefined && before.epoch !== epoch;
		const end = before === undefined ? last + 1 : isOther ? 0 : Math.min(before.seq, last + 1);
		const events: FeedEvent[] = [];
		let next = end;
		if (limit > 0) {
			const page = new PageBytes();
			for await (const entry of this.backwards(end, filter.types.length > 0 ? MAX_PAGE_EVENTS : limit)) {
				const isWanted = filter.matches(entry.event.type);
				if (isWanted && !page.take(entry)) break;
				next = entry.event.seq;
				if (isWanted) events.unshift(entry.event);
				if (events.length === limit) break;
			}
		}
		const isEnd = before !== undefined && next <= first;
		const position = formatPosition({ epoch, seq: before === undefined ? last : next });
		return { page: { epoch, first, last, events, next: isEnd ? null : position }, recovered: true };
	}

	async #pageForward(after: Position, limit: number, filter: Filter): Promise<{ page: Page; recovered: boolean }> {
		const { missing, after: begin, recovered } = await this.begin({ position: after }, filter);
		const { first, last, epoch } = this.#log;
		const events: FeedEvent[] = [];
		let seq = begin;
		if (limit > 0) {
			const page = new PageBytes();
			for await (const entry of this.#forwards(begin, filter.types.length > 0 ? MAX_PAGE_EVENTS : limit)) {
				const isWanted = filter.matches(entry.event.type);
				if (isWanted && !page.take(entry)) break;
				seq = entry.event.seq;
				if (isWanted) events.push(entry.event);
				if (events.length === limit) break;
			}
		}
		const next = formatPosition({ epoch, seq });
		return { page: { epoch, first, last, events, next, ...(missing ? { missing } : {}) }, recovered };
	}

	async #historyStart(history: number | string = DEFAULT_PAGE_EVENTS, filter: Filter): Promise<number> {
		const { first, last } = this.#log;
		if (typeof history === 'string') {
			const after = await this.#seqBefore(parseSince(history, this.#clock()));
			return Math.max(after, last - MAX_PAGE_EVENTS);
		}
		const limit = Math.min(history, MAX_PAGE_EVENTS);
		if (filter.types.length === 0 || limit === 0) return Math.max(last - limit, first - 1, 0);
		let found = 0;
		let after = last;
		for await (const { event } of this.backwards(last + 1)) {
			if (!filter.matches(event.type)) continue;
			after = event.seq - 1;
			if (++found === limit) break;
		}
		return after;
	}

	/** The newest `seq` stored before `time`; the one before `first` where all that is kept is younger. */
	async #seqBefore(time: number): Promise<number> {
		for await (const { event } of this.backwards(this.#log.last + 1)) {
			if (event.time < time) return event.seq;
		}
		return Math.max(this.#log.first - 1, 0);
	}

	/** Kept entries from the one before `seq` on, newest first; `step` at a time are read. */
	async *backwards(seq: number, step = MAX_PAGE_EVENTS): AsyncGenerator<Entry> {
		for (let before = seq; before > this.#log.first; ) {
			const entries = await this.#log.readBack(before, step);
			for (let index = entries.length - 1; index >= 0; index--) yield entries[index] as Entry; // below the length
			before = entries[0]?.event.seq ?? 0;
		}
	}

	/** Kept entries from the one after `seq` on, as far as there are any at the call. */
	async *#forwards(seq: number, step: number): AsyncGenerator<Entry> {
		const { last } = this.#log;
		for (let after = seq; after < last; ) {
			const entries = await this.#log.read(after, step);
			yield* entries;
			after = entries.at(-1)?.event.seq ?? last;
		}
	}
}
