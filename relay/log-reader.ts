// Where a reader begins in a log, and pages of it.
// Knows positions, times and filters; never knows viewers, sockets or requests.
import { Filter } from './frame.ts';
import type { Entry, Log } from './log.ts';
import { type Change, type FeedEvent, isChange, type Page } from './protocol/event.ts';
import { DEFAULT_PAGE_EVENTS, MAX_PAGE_EVENTS } from './protocol/limits.ts';
import { formatPosition, NO_EPOCH, type Position, parsePosition } from './protocol/position.ts';
import { parseSince } from './protocol/since.ts';
import type { Wish } from './protocol/wish.ts';
import { Look, type OnRead, PageBytes } from './reading-bounds.ts';
import { SEGMENT_BYTES } from './series.ts';

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

/** Waits for a turn of about so many segments of 4 KiB; undefined where it is now. */
export type Turn = (segments: number) => Promise<void> | undefined;

/** A page, whether it goes on where the reader was, and whether there is more to look through. */
interface Reading {
	page: Page;
	recovered: boolean;
	isCut: boolean;
}

const ignore: OnRead = () => {};
const isAny = (_: FeedEvent): boolean => true;

/** More events than these, or a filter: what is in memory is looked through in a turn too. */
const FEW_EVENTS = 128;
const TURN_SEGMENTS = 4;
const isPlain = (query: PageQuery): boolean => query.thread === undefined && new Filter(query).isAll;

/** What a page is to hold, and what it has looked through for it. */
interface Wanted {
	filter: Filter;
	isWanted: (event: FeedEvent) => boolean;
	look: Look;
}

export class LogReader {
	readonly #log: Log;
	/** Milliseconds since 1970. */
	readonly #clock: () => number;
	readonly #turn: Turn | undefined;

	constructor(log: Log, clock: () => number, turn?: Turn) {
		this.#log = log;
		this.#clock = clock;
		this.#turn = turn;
	}

	/** Where a reader begins who wants `start`. */
	async begin({ position, history, since }: Start, filter: Filter, onRead: OnRead = ignore): Promise<Begin> {
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
		if (!filter.isAll) await this.#turn?.(TURN_SEGMENTS);
		// Without a filter all of it is sent, and charged then.
		const look = new Look(filter.isAll ? ignore : onRead);
		const after =
			since === undefined ? await this.#historyStart(history, filter, look) : await this.#log.seqBefore(since);
		return { after, recovered: true };
	}

	/** Which changes after a `seq` are no longer kept. */
	#refresh(after: number): Pick<Begin, 'refresh'> {
		const { changesFrom } = this.#log;
		return after > 0 && after + 1 < changesFrom ? { refresh: { from: after + 1, to: changesFrom - 1 } } : {};
	}

	/** A page of what is found within the bounds of one request. */
	async read(query: PageQuery, onRead: OnRead = ignore): Promise<Reading> {
		await this.#log.expire();
		const { limit } = query;
		if (limit > FEW_EVENTS || !isPlain(query)) await this.#turn?.(TURN_SEGMENTS);
		const wanted: Wanted = { filter: new Filter(query), isWanted: isAny, look: new Look(onRead) };
		if (query.thread) return this.#readThread(query.thread, query, wanted);
		if (query.after) return this.#pageForward(query.after, limit, wanted, true);
		const { epoch } = this.#log;
		if (query.since !== undefined) {
			const seq = await this.#log.seqBefore(query.since);
			return this.#pageForward({ epoch, seq }, limit, wanted, false);
		}
		return this.#pageBack(query.before, limit, wanted);
	}

	/** Events before a position, or the newest; down to `oldest`. */
	async #pageBack(
		before: Position | undefined,
		limit: number,
		{ filter, isWanted, look }: Wanted,
		{ end = this.#log.last + 1, oldest = 0 } = {},
	): Promise<Reading> {
		const { epoch, first, last } = this.#log;
		const isOther = before !== undefined && before.epoch !== epoch;
		const from = isOther ? 0 : Math.min(before?.seq ?? end, end);
		const events: FeedEvent[] = [];
		let next = from;
		let isEnd = from <= first;
		let isCut = false;
		if (limit > 0 && !isEnd) {
			const page = new PageBytes();
			isEnd = true;
			for await (const entries of this.backwards(from, filter.isAll && !oldest ? limit + 1 : MAX_PAGE_EVENTS)) {
				look.add(entries);
				for (const entry of entries) {
					const { event } = entry;
					if (event.seq <= oldest) break;
					const isChosen = filter.matches(event) && isWanted(event);
					const slice = page.takeSlice();
					if (slice > 0) await this.#turn?.(slice / SEGMENT_BYTES);
					if (isChosen && (events.length === limit || !page.take(entry))) {
						isEnd = false;
						break;
					}
					next = event.seq;
					if (isChosen) events.push(event);
				}
				isCut = look.isOver && next > Math.max(this.#log.first, oldest + 1);
				if (isCut) isEnd = false;
				if (!isEnd || (entries.at(-1)?.event.seq ?? 0) <= oldest) break;
			}
			events.reverse();
		}
		const isOver = before !== undefined && isEnd;
		const position = formatPosition({ epoch, seq: before === undefined && !oldest ? last : next });
		const page = { epoch, first, last, events, next: isOver || (oldest && isEnd) ? null : position };
		return { page, recovered: true, isCut };
	}

	/** Replies to an event come after it, and how many there are it says itself. */
	async #readThread(thread: Position, { before, after, limit }: PageQuery, all: Wanted): Promise<Reading> {
		const { epoch } = this.#log;
		const { seq } = thread;
		await this.#log.hold(thread.epoch === epoch ? [seq] : [], []);
		const { count = 0, seq: newest = seq } = (thread.epoch === epoch && this.#log.find(seq)?.replies) || {};
		const id = formatPosition(thread);
		const wanted: Wanted = { ...all, isWanted: ({ replyTo }) => replyTo === id };
		if (after) return this.#pageForward({ epoch, seq: Math.max(after.seq, seq) }, limit, wanted, false);
		return this.#pageBack(before, limit, wanted, { end: count > 0 ? newest + 1 : 0, oldest: seq });
	}

	/** `hasChanges`: with the changes of events that the reader may have. */
	async #pageForward(
		after: Position,
		limit: number,
		{ filter, isWanted, look }: Wanted,
		hasChanges: boolean,
	): Promise<Reading> {
		const { missing, after: begin, recovered } = await this.begin({ position: after }, filter);
		const { first, last, epoch } = this.#log;
		const events: FeedEvent[] = [];
		const changes: Change[] = [];
		let seq = begin;
		let isFull = limit === 0;
		let isCut = false;
		if (!isFull) {
			const page = new PageBytes();
			for await (const entries of this.#forwards(begin, filter.isAll ? limit : MAX_PAGE_EVENTS)) {
				look.add(entries);
				for (const entry of entries) {
					const { event } = entry;
					const slice = page.takeSlice();
					if (slice > 0) await this.#turn?.(slice / SEGMENT_BYTES);
					const isNews = isChange(event) ? hasChanges && parsePosition(event.target).seq <= begin : isWanted(event);
					const isChosen = isNews && filter.matches(event);
					isFull = isChosen && !page.take(entry);
					if (isFull) break;
					seq = event.seq;
					if (isChosen && isChange(event)) changes.push(event);
					else if (isChosen) events.push(event as FeedEvent); // what is no change
					isFull = events.length + changes.length === limit;
					if (isFull) break;
				}
				isCut = look.isOver && !isFull && seq < this.#log.last;
				if (isFull || isCut) break;
			}
		}
		const next = formatPosition({ epoch, seq });
		// Of now, since they may have gone while the page was read; `missing` and another log are all new.
		const isKnown = hasChanges && after.epoch === epoch && begin >= after.seq;
		const more = { ...(missing ? { missing } : {}), ...(isKnown ? this.#refresh(after.seq) : {}) };
		const changed = changes.length > 0 ? { changes } : {};
		return { page: { epoch, first, last, events, ...changed, next, ...more }, recovered, isCut };
	}

	/** Where what is looked through holds fewer than are wanted, it begins with the oldest that was found. */
	async #historyStart(history: number | string = DEFAULT_PAGE_EVENTS, filter: Filter, look: Look): Promise<number> {
		const { first, last } = this.#log;
		const limit = typeof history === 'string' ? MAX_PAGE_EVENTS : Math.min(history, MAX_PAGE_EVENTS);
		const since = typeof history === 'string' ? await this.#log.seqBefore(parseSince(history, this.#clock())) : 0;
		if (limit === 0) return last;
		let found = 0;
		let after = typeof history === 'string' ? since : filter.isAll ? Math.max(first - 1, 0) : last;
		for await (const entries of this.backwards(last + 1, filter.isAll ? limit : MAX_PAGE_EVENTS)) {
			look.add(entries);
			for (const { event } of entries) {
				if (event.seq <= since) return after;
				if (!filter.matches(event)) continue;
				after = event.seq - 1;
				if (++found === limit) return after;
			}
			if (look.isOver) break;
		}
		return after;
	}

	/** Kept events from the one before `seq` on, newest first; up to `step` at a time. */
	async *backwards(seq: number, step = MAX_PAGE_EVENTS): AsyncGenerator<Entry<FeedEvent>[]> {
		for (let before = seq; before > this.#log.first; ) {
			const entries = await this.#log.readBack(before, step);
			before = entries[0]?.event.seq ?? 0;
			if (entries.length > 0) yield entries.toReversed();
		}
	}

	/** Kept entries from the one after `seq` on, as far as there are any at the call; up to `step` at a time. */
	async *#forwards(seq: number, step: number): AsyncGenerator<Entry[]> {
		const { last } = this.#log;
		for (let after = seq; after < last; ) {
			const entries = await this.#log.read(after, step);
			// What came meanwhile may have changed what was read before it.
			const known = entries.filter(({ event }) => event.seq <= last);
			if (known.length > 0) yield known;
			after = entries.at(-1)?.event.seq ?? last;
		}
	}
}
