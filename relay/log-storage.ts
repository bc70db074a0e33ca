// A log in Durable Object storage: segments of events, the ring of used keys, one head record.
// Knows keys, values and their limits; never knows drafts, viewers or who may do what.
import { concatBytes } from './bytes.ts';
import { createEntry, type Entry, fitBytes, type Log, type UsedKey } from './log.ts';
import type { LogOptions } from './log-memory.ts';
import type { FeedEvent } from './protocol/event.ts';
import { KEPT_KEYS, MAX_PAGE_BYTES } from './protocol/limits.ts';
import { NO_EPOCH } from './protocol/position.ts';

/** What the log needs of a Durable Object's storage. */
export interface KeyValueStorage {
	list(options: {
		prefix: string;
		start?: string;
		end?: string;
		reverse?: boolean;
		limit: number;
	}): Promise<Map<string, unknown>>;
	get(key: string): Promise<unknown>;
	put(entries: Record<string, unknown>): Promise<void>;
	delete(keys: string[]): Promise<unknown>;
}

const HEAD = 'head';
const EVENTS = 'e:';
const KEYS = 'k:';
/** The engine refuses values of more than 131,072 bytes; with room for its own framing. */
const MAX_VALUE_BYTES = 128_000;
/** The engine's limit, which the local one does not check. */
const MAX_OPERATION_KEYS = 128;
/** The newest segment is rewritten until it holds about this much: more would be copied too often, less loads slower. */
const SEGMENT_BYTES = 4096;
/** Segments that one `list` brings at the most; a segment has 128,000 bytes at the most. */
const LIST_SEGMENTS = 32;
/** The newest entries are held in memory, so that those who join now are served without storage. */
const RECENT_ENTRIES = 512;
const RECENT_BYTES = 256 * 1024;
/** How often expired entries are looked for, milliseconds; reading leaves them out at once. */
const EXPIRY_INTERVAL_MS = 60_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const OPEN = encoder.encode('[');
const COMMA = encoder.encode(',');
const CLOSE = encoder.encode(']');

const segmentKey = (prefix: string, seq: number): string => prefix + String(seq).padStart(16, '0');
const firstOf = (key: string): number => Number(key.slice(key.indexOf(':') + 1));

function parseSegment<T>(value: unknown): T[] {
	return JSON.parse(decoder.decode(value as Uint8Array)); // written by Series alone
}

/** JSON arrays under numbered keys, the newest of which grows until it is large enough. */
class Series {
	readonly #prefix: string;
	#key = '';
	/** The newest segment without its closing bracket. */
	#parts: Uint8Array[] = [];
	#bytes = 0;

	constructor(prefix: string) {
		this.#prefix = prefix;
	}

	/** Goes on with a segment that was read. */
	resume(key: string, value: Uint8Array): void {
		this.#key = key;
		this.#parts = [value.subarray(0, -1)];
		this.#bytes = value.length;
	}

	/** Puts the segments that change into `batch`; answers the keys of those that are new. */
	add(items: readonly { seq: number; bytes: Uint8Array }[], batch: Record<string, unknown>): string[] {
		const total = items.reduce((sum, item) => sum + item.bytes.length + 1, 0);
		const begun: string[] = [];
		let fits = this.#key !== '' && this.#bytes + total <= SEGMENT_BYTES;
		for (const item of items) {
			if (!fits || this.#bytes + item.bytes.length + 1 > MAX_VALUE_BYTES) {
				this.#flush(batch);
				this.#key = segmentKey(this.#prefix, item.seq);
				this.#parts = [];
				this.#bytes = 2;
				begun.push(this.#key);
				fits = true;
			}
			this.#parts.push(this.#parts.length === 0 ? OPEN : COMMA, item.bytes);
			this.#bytes += item.bytes.length + 1;
			batch[this.#key] = undefined;
		}
		this.#flush(batch);
		return begun;
	}

	#flush(batch: Record<string, unknown>): void {
		if (!Object.hasOwn(batch, this.#key)) return;
		this.#parts = [concatBytes(this.#parts)];
		batch[this.#key] = concatBytes([...this.#parts, CLOSE]);
	}
}

export class StorageLog implements Log {
	epoch = NO_EPOCH;
	readonly #storage: KeyValueStorage;
	readonly #options: LogOptions;
	readonly #onFailure: (error: unknown) => void;
	#headIsStored = false;
	#nextEpoch: string | undefined;
	/** The oldest `seq` that storage still has. */
	#stored = 0;
	/** The oldest `seq` that is young enough, as far as has been seen. */
	#young = 0;
	#last = 0;
	#lastTime = 0;
	#events = new Series(EVENTS);
	#recent: Entry[] = [];
	#recentBytes = 0;
	#keys: Map<string, UsedKey> | undefined;
	#keySeries = new Series(KEYS);
	#keySegments: { key: string; count: number }[] = [];
	#trimming = false;
	#expiryCheckedAt = 0;

	/** `onFailure` is told when a write did not reach the disk: what is in memory is then not to be trusted. */
	constructor(storage: KeyValueStorage, options: LogOptions, onFailure: (error: unknown) => void) {
		this.#storage = storage;
		this.#options = options;
		this.#onFailure = onFailure;
	}

	get first(): number {
		if (this.#last === 0) return 0;
		return Math.max(this.#stored, this.#young, this.#last - this.#options.retention.entries + 1);
	}

	get last(): number {
		return this.#last;
	}

	get lastTime(): number {
		return this.#lastTime;
	}

	async load(): Promise<void> {
		const [head, newest, oldest] = await Promise.all([
			this.#storage.get(HEAD),
			this.#storage.list({ prefix: EVENTS, reverse: true, limit: 1 }),
			this.#storage.list({ prefix: EVENTS, limit: 1 }),
		]);
		if (head === undefined) return;
		this.epoch = (head as { epoch: string }).epoch; // written by `append` alone
		this.#headIsStored = true;
		this.#recent = [];
		this.#recentBytes = 0;
		for (const [key, value] of newest) {
			this.#events.resume(key, value as Uint8Array);
			this.#remember(parseSegment<FeedEvent>(value).map(createEntry));
		}
		for (const key of oldest.keys()) this.#stored = firstOf(key);
		const event = this.#recent.at(-1)?.event;
		this.#last = event?.seq ?? 0;
		this.#lastTime = event?.time ?? 0;
	}

	async loadKeys(): Promise<void> {
		if (this.#keys) return;
		const segments: [string, UsedKey[]][] = [];
		let count = 0;
		let end: string | undefined;
		let newest: [string, Uint8Array] | undefined;
		while (count < KEPT_KEYS) {
			const range = end === undefined ? {} : { end };
			const page = await this.#storage.list({ prefix: KEYS, reverse: true, limit: LIST_SEGMENTS, ...range });
			if (page.size === 0) break;
			for (const [key, value] of page) {
				newest ??= [key, value as Uint8Array];
				const used = parseSegment<UsedKey>(value);
				segments.push([key, used]);
				count += used.length;
				end = key;
			}
		}
		if (this.#keys) return; // another call was faster, and appends may have followed it
		this.#keys = new Map();
		for (const [key, used] of segments.reverse()) {
			this.#keySegments.push({ key, count: used.length });
			for (const one of used) this.#keys.set(`${one.subject}\n${one.key}`, one);
		}
		if (newest) this.#keySeries.resume(...newest);
	}

	begin(): string {
		return this.#headIsStored ? this.epoch : (this.#nextEpoch ??= this.#options.createEpoch());
	}

	append(entries: readonly Entry[], keys: readonly UsedKey[]): void {
		const batch: Record<string, unknown> = {};
		if (!this.#headIsStored) batch[HEAD] = { epoch: (this.epoch = this.begin()) };
		this.#events.add(
			entries.map(({ event, bytes }) => ({ seq: event.seq, bytes })),
			batch,
		);
		if (keys.length > 0) this.#addKeys(keys, batch);
		const count = Object.keys(batch).length;
		if (count > MAX_OPERATION_KEYS) throw new Error(`a commit of ${count} keys`);
		this.#write(this.#storage.put(batch));
		this.#headIsStored = true;
		const newest = entries.at(-1)?.event;
		if (newest) {
			if (this.#last === 0) this.#stored = entries[0]?.event.seq ?? 1;
			this.#last = newest.seq;
			this.#lastTime = newest.time;
		}
		this.#remember(entries);
		this.#trimWhenDue();
	}

	findKey(subject: string, key: string): UsedKey | undefined {
		return this.#keys?.get(`${subject}\n${key}`);
	}

	async read(after: number, limit: number): Promise<Entry[]> {
		const from = Math.max(after + 1, this.first);
		if (from > this.#last) return [];
		if (from >= (this.#recent[0]?.event.seq ?? Number.POSITIVE_INFINITY)) {
			return this.#page(this.#recent, (seq) => seq >= from, limit);
		}
		const holding = await this.#storage.list({
			prefix: EVENTS,
			end: segmentKey(EVENTS, from + 1),
			reverse: true,
			limit: 1,
		});
		let start = [...holding.keys()][0] ?? EVENTS;
		for (;;) {
			const segments = await this.#storage.list({ prefix: EVENTS, start, limit: LIST_SEGMENTS });
			const found = this.#page(flatten(segments.values()), (seq) => seq >= from, limit);
			if (found.length > 0 || segments.size < LIST_SEGMENTS) return found;
			start = `${[...segments.keys()].at(-1)}~`; // sorts right after that key
		}
	}

	async readBack(before: number, limit: number): Promise<Entry[]> {
		const [oldest] = this.#recent;
		if (oldest && Math.max(before - limit, this.first) >= oldest.event.seq) {
			return this.#page(this.#recent, (seq) => seq < before, limit, true);
		}
		let candidates: Entry[] = [];
		let end = segmentKey(EVENTS, Math.max(before, 0));
		for (;;) {
			const segments = await this.#storage.list({ prefix: EVENTS, end, reverse: true, limit: LIST_SEGMENTS });
			candidates = [...flatten([...segments.values()].reverse()), ...candidates];
			const page = this.#page(candidates, (seq) => seq < before, limit, true);
			// Left out at the old end: it did not fit, or is no longer kept, and neither is anything older.
			const isWhole = page[0]?.event.seq !== candidates[0]?.event.seq;
			if (isWhole || page.length === limit || segments.size < LIST_SEGMENTS) return page;
			end = [...segments.keys()].at(-1) as string; // the list was full
		}
	}

	#page(entries: readonly Entry[], isIn: (seq: number) => boolean, limit: number, back = false): Entry[] {
		const { ageMs } = this.#options.retention;
		const youngest = ageMs === undefined ? 0 : this.#options.clock() - ageMs;
		const first = this.first;
		const kept = entries.filter(({ event }) => {
			if (event.time < youngest) this.#young = Math.max(this.#young, event.seq + 1);
			return isIn(event.seq) && event.seq >= first && event.time >= youngest;
		});
		return fitBytes(back ? kept.slice(-limit) : kept.slice(0, limit), MAX_PAGE_BYTES, back);
	}

	#remember(entries: readonly Entry[]): void {
		this.#recent.push(...entries);
		for (const { bytes } of entries) this.#recentBytes += bytes.length;
		// Half at once, so that a busy channel does not move the array at every commit.
		if (this.#recent.length <= RECENT_ENTRIES * 2 && this.#recentBytes <= RECENT_BYTES * 2) return;
		this.#recent = fitBytes(this.#recent.slice(-RECENT_ENTRIES), RECENT_BYTES, true);
		this.#recentBytes = this.#recent.reduce((sum, { bytes }) => sum + bytes.length, 0);
	}

	#addKeys(keys: readonly UsedKey[], batch: Record<string, unknown>): void {
		const map = this.#keys;
		if (!map) throw new Error('keys are added before they are loaded');
		const begun = this.#keySeries.add(
			keys.map((used) => ({ seq: used.seq, bytes: encoder.encode(JSON.stringify(used)) })),
			batch,
		);
		for (const key of begun) this.#keySegments.push({ key, count: 0 });
		// Which of several new segments has how many matters little: too many are kept, never too few.
		const newest = this.#keySegments.at(-1);
		if (newest) newest.count += keys.length;
		for (const used of keys) map.set(`${used.subject}\n${used.key}`, used);
		for (const oldest of map.keys()) {
			if (map.size <= KEPT_KEYS) break;
			map.delete(oldest);
		}
		let count = this.#keySegments.reduce((sum, segment) => sum + segment.count, 0);
		const expired: string[] = [];
		for (const segment of this.#keySegments) {
			count -= segment.count;
			if (count < KEPT_KEYS || expired.length === MAX_OPERATION_KEYS) break;
			expired.push(segment.key);
		}
		if (expired.length === 0) return;
		this.#keySegments.splice(0, expired.length);
		this.#write(this.#storage.delete(expired));
	}

	#write(operation: Promise<unknown>): void {
		operation.catch(this.#onFailure);
	}

	#trimWhenDue(): void {
		const { entries, ageMs } = this.#options.retention;
		const now = this.#options.clock();
		const surplus = this.#last - this.#stored + 1 - entries;
		// By tenths, so that a full channel does not delete at every commit.
		const full = surplus > Math.max(entries / 10, 1);
		const old = ageMs !== undefined && now - this.#expiryCheckedAt > Math.min(EXPIRY_INTERVAL_MS, ageMs);
		if (this.#trimming || !(full || old)) return;
		this.#trimming = true;
		this.#expiryCheckedAt = now;
		this.#trim()
			.catch(this.#onFailure)
			.finally(() => {
				this.#trimming = false;
			});
	}

	/** Deletes the oldest segments of which nothing is kept any more. */
	async #trim(): Promise<void> {
		const { ageMs } = this.#options.retention;
		for (;;) {
			const segments = [...(await this.#storage.list({ prefix: EVENTS, limit: LIST_SEGMENTS }))];
			const youngest = ageMs === undefined ? 0 : this.#options.clock() - ageMs;
			const expired: string[] = [];
			for (const [index, [key, value]] of segments.entries()) {
				const next = segments[index + 1];
				if (!next) break; // the newest stays, whatever its age: it says what the last `seq` is
				const all = firstOf(next[0]) <= this.first;
				if (!all && (parseSegment<FeedEvent>(value).at(-1)?.time ?? 0) >= youngest) break;
				expired.push(key);
				this.#stored = firstOf(next[0]);
			}
			if (expired.length > 0) this.#write(this.#storage.delete(expired));
			if (expired.length < LIST_SEGMENTS - 1) return;
		}
	}
}

function flatten(segments: Iterable<unknown>): Entry[] {
	return [...segments].flatMap((segment) => parseSegment<FeedEvent>(segment).map(createEntry));
}
