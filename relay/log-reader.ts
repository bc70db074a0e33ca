// Where a reader begins in a log, and pages of it.
// Knows positions, times and filters; never knows viewers, sockets or requests.
import { Filter } from './frame.ts';
import type { Entry, Log } from './log.ts';
import { type Change, type FeedEvent, isChange, type Page } from './protocol/event.ts';
import { DEFAULT_PAGE_EVENTS, MAX_PAGE_BYTES, MAX_PAGE_EVENTS } from './protocol/limits.ts';
import { formatPosition, NO_EPOCH, type Position, parsePosition } from './protocol/position.ts';
import { parseSince } from './protocol/since.ts';
import type { Wish } from './protocol/wish.ts';

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
	/** Changes of which he is not told, of events that he may have. */
	refresh?: { from: number; to: number };
}

export interface PageQuery extends Wish {
	after?: Position;
	before?: Position;
	/** Milliseconds since 1970. */
	since?: number;
	limit: number;
	/** Replies to this event alone. */
	thread?: Position;
}

const isAny = (_: FeedEvent): boolean => true;

/** How many bytes of events a page has taken; the first always fits. */
class PageBytes {
	#bytes = 0;

	take({ bytes }: Entry): boolean {
		const isFirst = this.#bytes === 0;
		this.#bytes += bytes.length;
		return isFirst || this.#bytes <= MAX_PAGE_BYTES;
	}
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
			const refresh = this.#refresh(after);
			if (after + 1 >= first || last === 0) return { after, recovered: true, ...refresh };
			return { after: first - 1, recovered: false, missing: { from: after + 1, to: first - 1 }, ...refresh };
		}
		const after = since === undefined ? await this.#historyStart(history, filter) : await this.#seqBefore(since);
		return { after, recovered: true };
	}

	/** Which changes after a `seq` are no longer kept. */
	#refresh(after: number): Pick<Begin, 'refresh'> {
		const { changesFrom } = this.#log;
		return after > 0 && after + 1 < changesFrom ? { refresh: { from: after + 1, to: changesFrom - 1 } } : {};
	}

	/** A page, and whether it goes on where the reader was. */
	async read(query: PageQuery): Promise<{ page: Page; recovered: boolean }> {
		await this.#log.expire();
		const { limit } = query;
		const filter = new Filter(query);
		if (query.thread) return { page: await this.#readThread(query.thread, query, filter), recovered: true };
		if (query.after) return this.#pageForward(query.after, limit, filter, true);
		const { epoch } = this.#log;
		if (query.since !== undefined) {
			return this.#pageForward({ epoch, seq: await this.#seqBefore(query.since) }, limit, filter, false);
		}
		return { page: await this.#pageBack(query.before, limit, filter), recovered: true };
	}

	/** Events before a position, or the newest; of those that `isWanted`, down to `oldest`. */
	async #pageBack(
		before: Position | undefined,
		limit: number,
		filter: Filter,
		{ end = this.#log.last + 1, oldest = 0, isWanted = isAny } = {},
	): Promise<Page> {
		const { epoch, first, last } = this.#log;
		const isOther = before !== undefined && before.epoch !== epoch;
		const from = isOther ? 0 : Math.min(before?.seq ?? end, end);
		const events: FeedEvent[] = [];
		let next = from;
		let isEnd = from <= first;
		if (limit > 0 && !isEnd) {
			const page = new PageBytes();
			isEnd = true;
			for await (const entry of this.backwards(from, filter.isAll && !oldest ? limit + 1 : MAX_PAGE_EVENTS)) {
				const { event } = entry;
				if (event.seq <= oldest) break;
				const isChosen = filter.matches(event) && isWanted(event);
				if (isChosen && (events.length === limit || !page.take(entry))) {
					isEnd = false;
					break;
				}
				next = event.seq;
				if (isChosen) events.unshift(event);
			}
		}
		const isOver = before !== undefined && isEnd;
		const position = formatPosition({ epoch, seq: before === undefined && !oldest ? last : next });
		return { epoch, first, last, events, next: isOver || (oldest && isEnd) ? null : position };
	}

	/** Replies to an event come after it, and how many there are it says itself. */
	async #readThread(thread: Position, { before, after, limit }: PageQuery, filter: Filter): Promise<Page> {
		const { epoch } = this.#log;
		const { seq } = thread;
		await this.#log.hold(thread.epoch === epoch ? [seq] : [], []);
		const { count = 0, seq: newest = seq } = (thread.epoch === epoch && this.#log.find(seq)?.replies) || {};
		const id = formatPosition(thread);
		const isWanted = ({ replyTo }: FeedEvent) => replyTo === id;
		if (after) {
			const from = Math.max(after.seq, seq);
			const { page } = await this.#pageForward({ epoch, seq: from }, limit, filter, false, isWanted);
			return page;
		}
		return this.#pageBack(before, limit, filter, { end: count > 0 ? newest + 1 : 0, oldest: seq, isWanted });
	}

	/** `hasChanges`: with the changes of events that the reader may have. */
	async #pageForward(
		after: Position,
		limit: number,
		filter: Filter,
		hasChanges: boolean,
		isWanted = isAny,
	): Promise<{ page: Page; recovered: boolean }> {
		const { missing, after: begin, recovered } = await this.begin({ position: after }, filter);
		const { first, last, epoch } = this.#log;
		const events: FeedEvent[] = [];
		const changes: Change[] = [];
		let seq = begin;
		if (limit > 0) {
			const page = new PageBytes();
			for await (const entry of this.#forwards(begin, filter.isAll ? limit : MAX_PAGE_EVENTS)) {
				const { event } = entry;
				const isNews = isChange(event) ? hasChanges && parsePosition(event.target).seq <= begin : isWanted(event);
				const isChosen = isNews && filter.matches(event);
				if (isChosen && !page.take(entry)) break;
				seq = event.seq;
				if (isChosen && isChange(event)) changes.push(event);
				else if (isChosen) events.push(event as FeedEvent); // what is no change
				if (events.length + changes.length === limit) break;
			}
		}
		const next = formatPosition({ epoch, seq });
		// Of now, since they may have gone while the page was read; `missing` and another log are all new.
		const isKnown = hasChanges && after.epoch === epoch && begin >= after.seq;
		const more = { ...(missing ? { missing } : {}), ...(isKnown ? this.#refresh(after.seq) : {}) };
		const changed = changes.length > 0 ? { changes } : {};
		return { page: { epoch, first, last, events, ...changed, next, ...more }, recovered };
	}

	async #historyStart(history: number | string = DEFAULT_PAGE_EVENTS, filter: Filter): Promise<number> {
		const { first, last } = this.#log;
		const limit = typeof history === 'string' ? MAX_PAGE_EVENTS : Math.min(history, MAX_PAGE_EVENTS);
		const since = typeof history === 'string' ? await this.#seqBefore(parseSince(history, this.#clock())) : 0;
		if (limit === 0) return last;
		let found = 0;
		let after = typeof history === 'string' ? since : filter.isAll ? Math.max(first - 1, 0) : last;
		for await (const { event } of this.backwards(last + 1, filter.isAll ? limit : MAX_PAGE_EVENTS)) {
			if (event.seq <= since) break;
			if (!filter.matches(event)) continue;
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

	/** Kept events from the one before `seq` on, newest first; `step` at a time are read. */
	async *backwards(seq: number, step = MAX_PAGE_EVENTS): AsyncGenerator<Entry<FeedEvent>> {
		for (let before = seq; before > this.#log.first; ) {
			const entries = await this.#log.readBack(before, step);
			for (let index = entries.length - 1; index >= 0; index--) yield entries[index] as Entry<FeedEvent>; // below the length
			before = entries[0]?.event.seq ?? 0;
		}
	}

	/** Kept entries from the one after `seq` on, as far as there are any at the call. */
	async *#forwards(seq: number, step: number): AsyncGenerator<Entry> {
		const { last } = this.#log;
		for (let after = seq; after < last; ) {
			const entries = await this.#log.read(after, step);
			for (const entry of entries) {
				// What came meanwhile may have changed what was read before it.
				if (entry.event.seq > last) return;
				yield entry;
			}
			after = entries.at(-1)?.event.seq ?? last;
		}
	}
}
