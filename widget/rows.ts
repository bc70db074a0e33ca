// The rows of a list, oldest first: events, marks for what is missing, and alike events folded into one. Pure.
// Knows which events are alike, which stand in another's thread and how rows are numbered; never knows which of them are drawn.
import type { FeedEvent } from '../relay/protocol/event.ts';
import { findEvent, findIndex } from './client/changes.ts';
import { seqOf, type Timeline, type TimelineItem } from './client/timeline.ts';
import type { Fold, Item } from './views/panel.ts';

/** Alike events are folded where each came within this time of the one before; milliseconds. */
const FOLD_MS = 600_000;

/** A row is what the list shows. */
export type Row = Item;

export class Rows {
	/** The number of the first row. Numbers of rows stay as they are while others come and go at both ends. */
	first = 0;
	/** How often rows came or went in between, so that numbers are others. */
	moves = 0;
	/** The newest `seq` that the rows stand for, or that has no row of its own; -1 before the first. */
	newest = -1;
	#list: Row[] = [];
	/** The `seq` of the oldest item that was taken over. */
	#oldest = 0;
	#clears = -1;
	/** So many of the timeline's drops were taken over. */
	#drops = 0;
	#isFolding = true;
	/** Replies that have rows of their own, by what they answer, which is not here. */
	readonly #strays = new Map<string, Set<number>>();

	/** One after the last number. */
	get end(): number {
		return this.first + this.#list.length;
	}

	/** The row of a number. */
	at(number: number): Row | undefined {
		return this.#list[number - this.first];
	}

	/** The rows of a range of numbers, the second not included. */
	slice(from: number, to: number): Row[] {
		return this.#list.slice(Math.max(from - this.first, 0), Math.max(to - this.first, 0));
	}

	/** The number of the first row that stands for a `seq` or a later one. */
	find(seq: number): number {
		let [low, high] = [0, this.#list.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (seqOfRow(this.#list[middle]) < seq) low = middle + 1;
			else high = middle;
		}
		return this.first + low;
	}

	/**
	 * Takes over what has changed in a timeline. Answers false where it is another one, so that no number holds any more.
	 * @param until what is newer than this `seq` waits, also to be folded
	 * @param changed events that have become others in their places, or were put in between
	 */
	sync(
		timeline: Timeline,
		isFolding: boolean,
		until = Number.POSITIVE_INFINITY,
		changed: readonly FeedEvent[] = [],
	): boolean {
		const { items, clears, drops } = timeline;
		const isSame = clears === this.#clears && isFolding === this.#isFolding;
		if (!isSame) {
			this.#list = [];
			this.first = 0;
			this.#strays.clear();
			this.newest = -1;
			this.#clears = clears;
			this.#isFolding = isFolding;
		}
		// Before what comes first, among which may be again what was dropped; what was loaded again before this stays.
		if (drops.length > this.#drops) {
			const next = Math.max(...drops.slice(this.#drops)) + 1;
			this.#drop(next);
			this.#oldest = Math.max(this.#oldest, next);
			this.#drops = drops.length;
		}
		// What comes first may have to wait as well.
		const older = this.newest < 0 ? [] : items.slice(0, findIndex(items, Math.min(this.#oldest, this.newest + 1)));
		this.#prepend(older.filter((item) => this.#isRow(timeline, item)));
		for (let i = findIndex(items, this.newest + 1); i < items.length; i++) {
			const item = items[i] as TimelineItem; // it has so many
			if (seqOf(item) > until) break;
			if (this.#isRow(timeline, item)) this.#append(item);
			this.newest = seqOf(item);
		}
		this.#oldest = seqOf(items[0]);
		for (const { seq } of changed) {
			const item = items[findIndex(items, seq)];
			if (seq <= this.newest && item?.kind === 'event' && item.event.seq === seq)
				this.#put(seq, this.#isRow(timeline, item) ? item.event : undefined);
		}
		// What is answered has come after its answers.
		for (const { id } of this.#strays.size > 0 ? [...older.flatMap(eventIn), ...changed] : []) {
			for (const seq of this.#strays.get(id) ?? []) this.#put(seq, undefined);
			this.#strays.delete(id);
		}
		return isSame;
	}

	/** Opens a fold, or closes it; answers by how many rows there are more now. */
	toggle(fold: Fold): number {
		const at = this.find(fold.event.seq) - this.first;
		const known = this.#list[at];
		// One that was dropped may still be read, and pressed.
		if (known?.kind !== 'fold' || !known.events.includes(fold.event)) return 0;
		const isOpen = !known.isOpen;
		const members = isOpen ? known.events.slice(0, -1).map(toInside) : [];
		// Some of them may have been dropped meanwhile.
		let begin = at;
		while (!isOpen && begin > 0 && isInside(this.#list[begin - 1])) begin--;
		this.#list = [...this.#list.slice(0, begin), ...members, { ...known, isOpen }, ...this.#list.slice(at + 1)];
		return members.length - (at - begin);
	}

	/** Has it a row of its own? A reply stands with what it answers, where that is here. */
	#isRow(timeline: Timeline, item: TimelineItem): boolean {
		if (item.kind === 'gap') return true;
		const { replyTo, seq } = item.event;
		if (isInThread(timeline, item.event)) return false;
		if (replyTo !== undefined && isAnswer(item.event, replyTo))
			this.#strays.set(replyTo, (this.#strays.get(replyTo) ?? new Set()).add(seq));
		return true;
	}

	/** Puts an event into the row that stands for it, or in between; or takes it out. */
	#put(seq: number, event: FeedEvent | undefined): void {
		let end = this.find(seq) - this.first;
		let begin = end;
		// What an open fold shows goes with it.
		while (isInside(this.#list[end])) end++;
		const row = this.#list[end];
		const isFold = row?.kind === 'fold' && (row.events[0]?.seq ?? seq) <= seq;
		const isIt = isFold || (row?.kind === 'event' && row.event.seq === seq);
		if (isFold) begin = end;
		while (isFold && isInside(this.#list[begin - 1])) begin--;
		const known = isIt ? eventsOf(row) : [];
		const at = known.findIndex((one) => one.seq >= seq);
		const isThere = known[at]?.seq === seq;
		// A stray that is hidden by now changes nothing.
		if (!event && !isThere) return;
		const events = event && !isIt ? [event] : known.toSpliced(at, isThere ? 1 : 0, ...(event ? [event] : []));
		const rows = isFold ? foldAgain(events, row) : events.map((one): Row => ({ kind: 'event', event: one }));
		const count = isIt ? end + 1 - begin : 0;
		this.#list.splice(begin, count, ...rows);
		if (rows.length !== count) this.moves++;
	}

	#append(item: TimelineItem): void {
		const last = this.#list.at(-1);
		const fold = this.#isFolding && item.kind === 'event' ? foldWith(last, item.event) : undefined;
		if (!fold) this.#list.push(item);
		else {
			this.#list.pop();
			if (fold.isOpen) this.#list.push(toInside(fold.events.at(-2) as FeedEvent)); // it has two at least
			this.#list.push(fold);
		}
	}

	#prepend(items: readonly TimelineItem[]): void {
		if (items.length === 0) return;
		const later = this.#list;
		this.#list = [];
		for (const item of items) this.#append(item);
		const earlier = this.#list.at(-1);
		const [first] = later;
		// Where both halves of a fold meet, it is one again.
		if (this.#isFolding && earlier && first && isFoldable(earlier) && isFoldable(first) && !isOpen(first)) {
			const [last, next] = [eventsOf(earlier), eventsOf(first)];
			if (isAlike(last.at(-1), next[0])) {
				const key = first.kind === 'fold' ? first.key : first.event.id;
				later[0] = { kind: 'fold', key, event: first.event, events: [...last, ...next], isOpen: false };
				this.#list.pop();
			}
		}
		this.first -= this.#list.length;
		this.#list = [...this.#list, ...later];
	}

	#drop(seq: number): void {
		for (const [id, seqs] of this.#strays) if (Math.max(...seqs) < seq) this.#strays.delete(id);
		const before = this.find(seq) - this.first;
		this.#list.splice(0, before);
		this.first += before;
		// An open fold comes after what is left inside it.
		const at = this.#list.findIndex((row) => !isInside(row));
		const row = this.#list[at];
		if (row?.kind === 'fold') this.#list[at] = foldFrom(row, seq);
	}
}

/** Does an event stand with the one that it answers, since a timeline has that? */
export function isInThread(timeline: Timeline, event: FeedEvent): boolean {
	const { replyTo } = event;
	return replyTo !== undefined && isAnswer(event, replyTo) && findEvent(timeline, replyTo) !== undefined;
}

/** Nothing answers itself, or what comes later. */
function isAnswer({ seq }: FeedEvent, id: string): boolean {
	return Number(id.split(':')[1]) < seq;
}

function eventIn(item: TimelineItem): FeedEvent[] {
	return item.kind === 'event' ? [item.event] : [];
}

/** The newest `seq` that a row stands for; 0 for none. */
export function seqOfRow(row: Row | undefined): number {
	return row?.kind === 'fold' ? row.event.seq : seqOf(row);
}

/** Is it the same row for who reads it, though events may have been folded into it meanwhile? */
export function isSameRow(one: Row, other: Row): boolean {
	return keyOf(one) === keyOf(other);
}

function keyOf(row: Row): string {
	if (row.kind === 'gap') return `${row.from} ${row.to}`;
	return row.kind === 'fold' ? row.key : `${row.event.id}${row.isInside ? ' inside' : ''}`;
}

function toInside(event: FeedEvent): Row {
	return { kind: 'event', event, isInside: true };
}

function isFoldable(row: Row): row is Fold | { kind: 'event'; event: FeedEvent } {
	return row.kind !== 'gap' && !isInside(row);
}

function isInside(row: Row | undefined): boolean {
	return row?.kind === 'event' && row.isInside === true;
}

function isOpen(row: Row): boolean {
	return row.kind === 'fold' && row.isOpen;
}

function eventsOf(row: Fold | { kind: 'event'; event: FeedEvent }): FeedEvent[] {
	return row.kind === 'fold' ? row.events : [row.event];
}

/** The row before an event with the event in it; undefined where they are not alike. */
function foldWith(row: Row | undefined, event: FeedEvent): Fold | undefined {
	if (!row || !isFoldable(row) || !isAlike(row.event, event)) return undefined;
	if (row.kind === 'event')
		return { kind: 'fold', key: row.event.id, event, events: [row.event, event], isOpen: false };
	row.events.push(event);
	return { ...row, event };
}

/** What was one fold, of which some are not alike any more; open where it was. */
function foldAgain(events: readonly FeedEvent[], { key, isOpen }: Fold): Row[] {
	const groups: FeedEvent[][] = [];
	for (const event of events) {
		const last = groups.at(-1);
		if (last && isAlike(last.at(-1), event)) last.push(event);
		else groups.push([event]);
	}
	return groups.flatMap((group): Row[] => {
		const [oldest, newest] = [group[0], group.at(-1)] as [FeedEvent, FeedEvent]; // none is empty
		if (oldest === newest) return [{ kind: 'event', event: newest }];
		const own = group.some(({ id }) => id === key) ? key : oldest.id;
		const fold: Fold = { kind: 'fold', key: own, event: newest, events: group, isOpen };
		return [...(isOpen ? group.slice(0, -1).map(toInside) : []), fold];
	});
}

/** What is left of a fold from a `seq` on; of one event there is none. */
function foldFrom(fold: Fold, seq: number): Row {
	const events = fold.events.filter((event) => event.seq >= seq);
	const [oldest = fold.event] = events;
	if (oldest === fold.event) return { kind: 'event', event: oldest };
	// The key of a dropped event is its own again, should it be loaded once more.
	return { ...fold, key: events.some(({ id }) => id === fold.key) ? fold.key : oldest.id, events };
}

/** Has nothing become of it? What has is a row of its own. */
function isPlain({ status, reactions, replies, edited, pinned, removed }: FeedEvent): boolean {
	return !(status || reactions || replies || edited || pinned || removed);
}

/** Would both read the same, and did a program say so? What people say is never folded. */
function isAlike(one: FeedEvent | undefined, other: FeedEvent | undefined): boolean {
	return (
		!!one &&
		!!other &&
		isPlain(one) &&
		isPlain(other) &&
		one.type === other.type &&
		one.text === other.text &&
		one.level === other.level &&
		one.url === other.url &&
		one.actor?.id === other.actor?.id &&
		one.actor?.name === other.actor?.name &&
		one.actor?.kind === other.actor?.kind &&
		(!other.actor || other.actor.kind === 'bot') &&
		Math.abs((other.at ?? other.time) - (one.at ?? one.time)) < FOLD_MS
	);
}
