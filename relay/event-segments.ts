// Events in storage: segments of them under the `seq` of their first, each event rewritten in place as it changes.
// Knows keys, sizes and which segments are at hand; never knows who reads, nor what is kept for how long.
import { type Entry, StoredEntry } from './log.ts';
import type { FeedEvent } from './protocol/event.ts';
import { firstOf, formatSegment, MAX_VALUE_BYTES, parseSegment, SEGMENT_BYTES, segmentKey } from './series.ts';
import { StorageFault } from './storage-state.ts';

export const EVENTS = 'e:';
/** Segments that are held for changes, besides the newest. */
const HELD_SEGMENTS = 128;
/** Names that stood for no event, remembered at the most. */
const MOST_ABSENT = 1000;

const encoder = new TextEncoder();

export interface Segment {
	key: string;
	/** How many events came before its first: it counts them, where `seq` counts changes too. */
	ordinal: number;
	entries: Entry<FeedEvent>[];
	/** Of its value. */
	bytes: number;
	/** Of its value as it is in storage. */
	stored: number;
}

/** The events of a segment, and how many came before them; the first were written without that, when there were no changes. @throws StorageFault */
export function parseEvents(key: string, value: unknown): { ordinal: number; events: FeedEvent[] } {
	const [head, ...rest] = parseSegment<FeedEvent | number>(value);
	// A number comes first or not at all.
	const isCounted = typeof head === 'number';
	const events = (isCounted ? rest : [head, ...rest]) as FeedEvent[]; // the log wrote them
	if (!events.every((event) => typeof event?.seq === 'number' && typeof event.time === 'number'))
		throw new StorageFault(`the events of ${key} are damaged`);
	return { ordinal: isCounted ? head : firstOf(key) - 1, events };
}

/** A segment as it was stored. */
export function readSegment(key: string, value: unknown): Segment {
	const { ordinal, events } = parseEvents(key, value);
	// Of its value as it will be written: with the ordinal, at its longest.
	const { length } = value as Uint8Array;
	const entries = events.map((event) => new StoredEntry(event, length / events.length));
	return { key, ordinal, entries, bytes: length + 18, stored: length };
}

const sizeOf = ({ bytes }: Entry): number => bytes.length + 1;

export class EventSegments {
	/** Those at hand, the latest used last; the newest is always. */
	readonly #held = new Map<string, Segment>();
	readonly #absent = new Set<number>();
	#newest: Segment | undefined;
	readonly #changed = new Set<Segment>();
	/** By how much the values have grown in storage, bytes. */
	grown = 0;

	/** How many events were ever added. */
	get count(): number {
		return this.#newest ? this.#newest.ordinal + this.#newest.entries.length : 0;
	}

	/** Goes on with the newest segment. */
	resume(segment: Segment): void {
		this.#newest = segment;
	}

	/** The segment that was read to find `seq` in it, where there is one. */
	hold(segment: Segment | undefined, seq: number): void {
		if (segment && segment.key !== this.#newest?.key && !this.#held.has(segment.key)) this.#keep(segment);
		if (this.find(seq)) return;
		if (this.#absent.size >= MOST_ABSENT) this.#absent.clear();
		this.#absent.add(seq);
	}

	/** Segments that are not in storage any more. */
	drop(keys: readonly string[]): void {
		for (const key of keys) this.#held.delete(key);
	}

	/** An event as it stands; null where it is known that there is none, undefined where its segment is not at hand. */
	find(seq: number): FeedEvent | null | undefined {
		const event = this.#segmentOf(seq)?.entries.find((entry) => entry.event.seq === seq)?.event;
		return event ?? (this.#absent.has(seq) ? null : undefined);
	}

	/** Adds events; what is stored of it is what `flush` answers. */
	add(entries: readonly Entry<FeedEvent>[]): void {
		const total = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
		let segment = this.#newest;
		let fits = segment !== undefined && segment.bytes + total <= SEGMENT_BYTES;
		for (const entry of entries) {
			if (!segment || !fits || segment.bytes + sizeOf(entry) > MAX_VALUE_BYTES) {
				if (segment) this.#keep(segment);
				segment = {
					...{ key: segmentKey(EVENTS, entry.event.seq), ordinal: this.count, entries: [] },
					bytes: 20, // brackets, and the ordinal at its longest
					stored: 0,
				};
				this.#newest = segment;
				fits = true;
			}
			segment.entries.push(entry);
			segment.bytes += sizeOf(entry);
			this.#changed.add(segment);
		}
	}

	/** Puts an event that is held in the place of what it was. */
	replace(entry: Entry<FeedEvent>): void {
		const segment = this.#segmentOf(entry.event.seq);
		const at = segment?.entries.findIndex(({ event }) => event.seq === entry.event.seq) ?? -1;
		const before = segment?.entries[at];
		if (!segment || !before) throw new Error(`event ${entry.event.seq} is changed and not held`);
		segment.entries[at] = entry;
		segment.bytes += entry.bytes.length - before.bytes.length;
		this.#changed.add(segment);
		if (segment.bytes > MAX_VALUE_BYTES) this.#split(segment);
	}

	/** The values of the segments that have changed, by their keys. */
	flush(): Record<string, Uint8Array> {
		const values = [...this.#changed].map((segment) => {
			const { key, ordinal, entries, stored } = segment;
			const value = formatSegment([encoder.encode(String(ordinal)), ...entries.map(({ bytes }) => bytes)]);
			segment.stored = value.length;
			this.grown += value.length - stored;
			return [key, value] as const;
		});
		this.#changed.clear();
		return Object.fromEntries(values);
	}

	/** Its later half is a segment of its own. */
	#split(segment: Segment): void {
		let [at, bytes] = [0, 20];
		while (at < segment.entries.length - 1 && bytes < segment.bytes / 2) {
			bytes += sizeOf(segment.entries[at] as Entry); // below the length
			at++;
		}
		if (at === 0) return; // one event alone always fits
		const entries = segment.entries.splice(at);
		const later: Segment = {
			...{ key: segmentKey(EVENTS, (entries[0] as Entry).event.seq), ordinal: segment.ordinal + at, entries }, // it has one
			bytes: segment.bytes - bytes + 20,
			stored: 0,
		};
		segment.bytes = bytes;
		this.#changed.add(later);
		if (segment === this.#newest) {
			this.#newest = later;
			this.#keep(segment);
		} else this.#keep(later);
		for (const half of [segment, later]) if (half.bytes > MAX_VALUE_BYTES) this.#split(half);
	}

	#segmentOf(seq: number): Segment | undefined {
		const isIn = ({ entries }: Segment) =>
			seq >= (entries[0]?.event.seq ?? Infinity) && seq <= (entries.at(-1)?.event.seq ?? 0);
		if (this.#newest && isIn(this.#newest)) return this.#newest;
		for (const segment of this.#held.values()) {
			if (!isIn(segment)) continue;
			this.#keep(segment);
			return segment;
		}
		return undefined;
	}

	#keep(segment: Segment): void {
		this.#held.delete(segment.key);
		this.#held.set(segment.key, segment);
		for (const [key, oldest] of this.#held) {
			if (this.#held.size <= HELD_SEGMENTS) break;
			if (!this.#changed.has(oldest)) this.#held.delete(key);
		}
	}
}
