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
/** Segments that one `list` brings: few at first, since each may have 128,000 bytes, and more where they are small. */
const FIRST_LIST = 4;
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

	/** Puts the segments that change into `batch`; answers how many items each of them was given. */
	add(items: readonly { seq: number; bytes: Uint8Array }[], batch: Record<string, unknown>): Map<string, number> {
		const total = items.reduce((sum, item) => sum + item.bytes.length + 1, 0);
		const added = new Map<string, number>();
		let fits = this.#key !== '' && this.#bytes + total <= SEGMENT_BYTES;
		for (const item of items) {
			if (!fits || this.#bytes + item.bytes.length + 1 > MAX_VALUE_BYTES) {
				this.#flush(batch);
				this.#key = segmentKey(this.#prefix, item.seq);
				this.#parts = [];
				this.#bytes = 2;
				fits = true;
			}
			this.#parts.push(this.#parts.length === 0 ? OPEN : COMMA, item.bytes);
			this.#bytes += item.bytes.length + 1;
			batch[this.#key] = undefined;
			added.set(this.#key, (added.get(this.#key) ?? 0) + 1);
		}
		this.#flush(batch);
		return added;
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
	/** How many keys each segment holds, oldest first. */
	readonly #keySegments = new Map<string, number>();
	/** The entry at `first`, as far as has been seen. */
	#oldest: { seq: number; time: number } | undefined;
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
			this.#keySegments.set(key, used.length);
			for (const one of used) this.#keys.set(`${one.subject}\n${one.key}`, one);
		}
		if (newest) this.#keySeries.resume(...newest);
	}

	begin(): string {
		if (this.#headIsStored) return this.epoch;
		this.#nextEpoch ??= this.#options.createEpoch();
		return this.#nextEpoch;
	}

	append(entries: readonly Entry[], keys: readonly UsedKey[]): void {
		const batch: Record<string, unknown> = {};
		this.epoch = this.begin();
		if (!this.#headIsStored) batch[HEAD] = { epoch: this.epoch };
		this.#events.add(
			entries.map(({ event, bytes }) => ({ seq: event.seq, bytes })),
			batch,
		);
		if (keys.length > 0) this.#addKeys(keys, batch);
		const count = Object.keys(batch).length;
		if (count > MAX_OPERATION_KEYS) throw new Error(`a commit of ${count} keys`);
		this.#write(() => this.#storage.put(batch));
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

	async expire(): Promise<void> {
		const { ageMs } = this.#options.retention;
		if (ageMs === undefined || this.#last === 0) return;
		const { first } = this;
		if (this.#oldest?.seq === first && this.#oldest.time >= this.#options.clock() - ageMs) return;
		const [oldest] = await this.read(first - 1, 1);
		this.#oldest = oldest?.event;
	}

	async read(after: number, limit: number): Promise<Entry[]> {
		const from = Math.max(after + 1, this.first);
		if (from > this.#last || limit === 0) return [];
		if (from >= (this.#recent[0]?.event.seq ?? Number.POSITIVE_INFINITY)) {
			return this.#fit(this.#keep(this.#recent, from, this.#last), limit);
		}
		const holding = await this.#storage.list({
			prefix: EVENTS,
			end: segmentKey(EVENTS, from + 1),
			reverse: true,
			limit: 1,
		});
		let start = [...holding.keys()][0] ?? EVENTS;
		let kept: Entry[] = [];
		for (let size = FIRST_LIST; ; size = Math.min(size * 2, LIST_SEGMENTS)) {
			const segments = await this.#storage.list({ prefix: EVENTS, start, limit: size });
			const more = this.#keep(flatten(segments.values()), from, Number.POSITIVE_INFINITY);
			const end = kept.at(-1)?.event.seq;
			// Trimmed between the two lists: what comes after the hole is another page.
			if (end !== undefined && more[0] && more[0].event.seq !== end + 1) return this.#fit(kept, limit);
			kept = [...kept, ...more];
			const page = this.#fit(kept, limit);
			if (page.length === limit || page.length < kept.length || segments.size < size) return page;
			start = `${[...segments.keys()].at(-1)}~`; // sorts right after that key
		}
	}

	async readBack(before: number, limit: number): Promise<Entry[]> {
		const to = Math.min(before - 1, this.#last);
		if (to < this.first || limit === 0) return [];
		const oldest = this.#recent[0]?.event.seq ?? Number.POSITIVE_INFINITY;
		if (Math.max(to - limit + 1, this.first) >= oldest) {
			return this.#fit(this.#keep(this.#recent, 0, to), limit, true);
		}
		let end = segmentKey(EVENTS, to + 1);
		let kept: Entry[] = [];
		for (let size = FIRST_LIST; ; size = Math.min(size * 2, LIST_SEGMENTS)) {
			const segments = await this.#storage.list({ prefix: EVENTS, end, reverse: true, limit: size });
			const older = flatten([...segments.values()].reverse());
			const olderKept = this.#keep(older, 0, to);
			kept = [...olderKept, ...kept];
			const page = this.#fit(kept, limit, true);
			const isStart = segments.size < size || olderKept[0] !== older[0]; // what is not kept has nothing kept before it
			if (page.length === limit || page.length < kept.length || isStart) return page;
			end = [...segments.keys()].at(-1) as string; // the list was full
		}
	}

	/** Those of `entries` that lie in the range and are kept. */
	#keep(entries: readonly Entry[], from: number, to: number): Entry[] {
		const { ageMs } = this.#options.retention;
		if (ageMs !== undefined) {
			const youngest = this.#options.clock() - ageMs;
			const old = entries.findLast(({ event }) => event.time < youngest);
			if (old) this.#young = Math.max(this.#young, old.event.seq + 1);
		}
		const start = Math.max(from, this.first);
		return entries.filter(({ event }) => event.seq >= start && event.seq <= to);
	}

	#fit(kept: readonly Entry[], limit: number, back = false): Entry[] {
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
		const added = this.#keySeries.add(
			keys.map((used) => ({ seq: used.seq, bytes: encoder.encode(JSON.stringify(used)) })),
			batch,
		);
		const segments = this.#keySegments;
		for (const [key, count] of added) segments.set(key, (segments.get(key) ?? 0) + count);
		for (const used of keys) map.set(`${used.subject}\n${used.key}`, used);
		for (const oldest of map.keys()) {
			if (map.size <= KEPT_KEYS) break;
			map.delete(oldest);
		}
		let kept = 0;
		for (const count of segments.values()) kept += count;
		const expired: string[] = [];
		for (const [key, count] of segments) {
			kept -= count;
			if (kept < KEPT_KEYS || expired.length === MAX_OPERATION_KEYS) break;
			expired.push(key);
			segments.delete(key);
		}
		if (expired.length > 0) this.#write(() => this.#storage.delete(expired));
	}

	/** Begins a write and does not wait for it. @throws what the engine refuses at once */
	#write(begin: () => Promise<unknown>): void {
		try {
			begin().catch(this.#onFailure);
		} catch (error) {
			this.#onFailure(error);
			throw error;
		}
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
			if (expired.length > 0) this.#write(() => this.#storage.delete(expired));
			if (expired.length < LIST_SEGMENTS - 1) return;
		}
	}
}

function flatten(segments: Iterable<unknown>): Entry[] {
	return [...segments].flatMap((segment) => parseSegment<FeedEvent>(segment).map(createEntry));
}
