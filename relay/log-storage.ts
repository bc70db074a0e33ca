// A log in Durable Object storage: events, their changes, earlier texts, people's reactions, the ring of used keys, one head record.
// Knows which keys there are and what is kept; never knows drafts, viewers or who may do what.
import { EVENTS, EventSegments, parseEvents, readSegment, type Segment } from './event-segments.ts';
import {
	type Amendments,
	createEntry,
	type Entry,
	fitBytes,
	isEventEntry,
	type Log,
	type Reactions,
	type StoredPulse,
	sizeOf,
	stripState,
	tellChange,
	type UsedKey,
} from './log.ts';
import type { LogOptions } from './log-memory.ts';
import { type Change, type FeedEntry, type FeedEvent, isChange, type Version } from './protocol/event.ts';
import { KEPT_CHANGES, KEPT_KEYS, KEPT_VERSIONS, MAX_PAGE_BYTES } from './protocol/limits.ts';
import { NO_EPOCH, parsePosition } from './protocol/position.ts';
import { mendJson } from './protocol/well-formed.ts';
import { firstOf, parseSegment, SEGMENT_BYTES, Series, segmentKey } from './series.ts';
import { readStored, StorageFault } from './storage-state.ts';
import { UsedKeys } from './used-keys.ts';

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
	deleteAll(): Promise<void>;
}

/** Epoch; the newest event that is gone and the oldest change that is kept, where they are not the first of all. */
interface Head {
	epoch: string;
	gone?: number;
	changesFrom?: number;
}

const HEAD = 'head';
const CHANGES = 'c:';
const KEYS = 'k:';
const PEOPLE = 'p:';
const VERSIONS = 'v:';
const PULSE = 'pulse';
/** The engine's limit, which the local one does not check. */
const MAX_OPERATION_KEYS = 128;
/** Segments that one `list` brings, in less than a millisecond: few where few events are wanted, and no more than about these bytes, as the last ones were. */
const FIRST_LIST = 4;
const LIST_SEGMENTS = 8;
const LIST_BYTES = 8 * 1024;
/** The same where what was listed is gone before it is there. */
const MAX_HURRY = 32;
/** More events than these are wanted: as much as one list brings. */
const FEW_EVENTS = 128;
/** Segments that one page may need besides, for the events that its changes are about. */
const MAX_STATE_SEGMENTS = 32;
/** The newest entries are held in memory, so that those who join now are served without storage. */
const RECENT_ENTRIES = 512;
const RECENT_BYTES = 256 * 1024;
/** How often expired entries are looked for, milliseconds; reading leaves them out at once. */
const EXPIRY_INTERVAL_MS = 60_000;
/** So many of the oldest events are known by their `seq`, to know which of them is the first that is kept. */
const OLDEST_KNOWN = 2000;
/** People whose reactions are at hand. */
const HELD_PEOPLE = 512;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Counts up to `KEPT_VERSIONS` and begins anew, in place of the oldest. */
const versionKey = (seq: number, n: number): string =>
	`${segmentKey(VERSIONS, seq)}:${String(n % KEPT_VERSIONS).padStart(3, '0')}`;
const versionKeys = (seq: number, count: number): string[] =>
	Array.from({ length: Math.min(count, KEPT_VERSIONS) }, (_, n) => versionKey(seq, n));

/** Reads a stored value. An older version may have stored lone surrogates: each is U+FFFD. */
function parseValue<T>(value: unknown): T {
	return readStored(() => JSON.parse(mendJson(decoder.decode(value as Uint8Array)))); // written by the log alone
}

export class StorageLog implements Log {
	epoch = NO_EPOCH;
	changesFrom = 0;
	readonly #storage: KeyValueStorage;
	readonly #options: LogOptions;
	readonly #onFailure: (error: unknown) => void;
	#headIsStored = false;
	#nextEpoch: string | undefined;
	/** The newest event that storage has no more; that is too old, as far as has been seen; and that is too much. */
	#trimmed = 0;
	#old = 0;
	#surplus = 0;
	/** How many events came before the oldest one stored. */
	#trimmedCount = 0;
	/** The oldest events that are not too many, by `seq`, and how many came before the first of them. */
	#oldest: number[] = [];
	#oldestCount = 0;
	#isFilling = false;
	#last = 0;
	#lastTime = 0;
	/** Time of the newest entry as the log was loaded: the clock of that time has agreed with it. */
	#agreedTime = 0;
	/** The latest time by which events have been too old, ms since the Unix epoch. */
	#youngest = 0;
	/** Size of the segments that were read last, bytes. */
	#segmentBytes = SEGMENT_BYTES;
	pulse: StoredPulse | undefined;
	readonly #events = new EventSegments();
	#changes = new Series(CHANGES);
	#changesSinceTrim = 0;
	/** The newest entries, and from which `seq` on they are all. */
	#recent: Entry[] = [];
	#recentFrom = 0;
	#recentBytes = 0;
	#keys: UsedKeys | undefined;
	#keySeries = new Series(KEYS);
	/** How many keys each segment holds, oldest first. */
	readonly #keySegments = new Map<string, number>();
	/** The latest used last. */
	readonly #people = new Map<string, Reactions>();
	/** The oldest kept event, as far as has been seen. */
	#oldestSeen: { seq: number; time: number } | undefined;
	#isClosed = false;
	#trimming = false;
	/** So many events must have come and gone before the oldest segment can be deleted, as far as has been seen. */
	#trimmableCount = 0;
	#expiryCheckedAt = 0;
	/** Of all segments, as they are counted once; and of those that were deleted since that began; bytes. */
	#measuring: Promise<number> | undefined;
	#forgotten = 0;

	/** `onFailure` is told when a write did not reach the disk: what is in memory is then not to be trusted. */
	constructor(storage: KeyValueStorage, options: LogOptions, onFailure: (error: unknown) => void) {
		this.#storage = storage;
		this.#options = options;
		this.#onFailure = onFailure;
	}

	get first(): number {
		if (this.#last === 0) return 0;
		return Math.max(this.#trimmed, this.#old, this.#surplus) + 1;
	}

	get last(): number {
		return this.#last;
	}

	get lastTime(): number {
		return this.#lastTime;
	}

	async load(): Promise<void> {
		const [head, pulse, newest, oldest, changes] = await Promise.all([
			this.#storage.get(HEAD),
			this.#storage.get(PULSE),
			this.#storage.list({ prefix: EVENTS, reverse: true, limit: 1 }),
			this.#storage.list({ prefix: EVENTS, limit: 1 }),
			this.#storage.list({ prefix: CHANGES, reverse: true, limit: 2 }),
		]);
		if (head === undefined && newest.size === 0 && changes.size === 0) return;
		const { epoch, gone, changesFrom = 0 } = (head ?? {}) as Partial<Head>; // written by this log alone
		if (typeof epoch !== 'string') throw new StorageFault('the head of the log is damaged');
		this.epoch = epoch;
		this.changesFrom = changesFrom;
		this.#headIsStored = true;
		this.pulse = pulse === undefined ? undefined : parseValue<StoredPulse>(pulse);
		this.#recent = [];
		this.#recentBytes = 0;
		this.#recentFrom = 0;
		let events: Entry[] = [];
		for (const [key, value] of newest) {
			const segment = readSegment(key, value);
			this.#events.resume(segment);
			events = segment.entries;
			this.#recentFrom = firstOf(key);
		}
		for (const [key, value] of oldest) {
			this.#trimmedCount = parseEvents(key, value).ordinal;
			this.#trimmed = gone ?? firstOf(key) - 1;
		}
		const [newestChanges] = changes;
		if (newestChanges) {
			this.#changes.resume(newestChanges[0], newestChanges[1] as Uint8Array);
			events = [...events, ...parseSegment<Change>(newestChanges[1]).map(createEntry)];
			events.sort((one, other) => one.event.seq - other.event.seq);
			if (changes.size > 1) this.#recentFrom = Math.max(this.#recentFrom, firstOf(newestChanges[0]));
		}
		const last = events.at(-1)?.event;
		this.#last = last?.seq ?? 0;
		this.#lastTime = last?.time ?? 0;
		this.#agreedTime = this.#lastTime;
		this.#remember(events.filter(({ event }) => event.seq >= this.#recentFrom));
		this.#oldest = [];
		this.#oldestCount = this.#trimmedCount;
		if (this.#isNearlyFull) await this.#fill();
	}

	async loadKeys(): Promise<void> {
		if (this.#keys) return;
		const segments: [string, UsedKey[]][] = [];
		let count = 0;
		let end: string | undefined;
		let newest: [string, Uint8Array] | undefined;
		while (count < KEPT_KEYS) {
			const range = end === undefined ? {} : { end };
			const page = await this.#list({ prefix: KEYS, reverse: true, limit: LIST_SEGMENTS, ...range });
			if (page.size === 0) break;
			for (const [key, value] of page) {
				newest ??= [key, value as Uint8Array];
				const used = parseSegment<UsedKey>(value);
				segments.push([key, used]);
				count += used.length;
				end = key;
			}
		}
		const keys = new UsedKeys(KEPT_KEYS);
		segments.reverse();
		for (const [n, [, used]] of segments.entries()) {
			if (n % LIST_SEGMENTS === 0) await this.#options.turn?.(LIST_SEGMENTS);
			for (const one of used) keys.add(one);
		}
		if (this.#keys) return; // another call was faster, and appends may have followed it
		this.#keys = keys;
		for (const [key, used] of segments) this.#keySegments.set(key, used.length);
		if (newest) this.#keySeries.resume(...newest);
	}

	begin(): string {
		if (this.#headIsStored) return this.epoch;
		this.#nextEpoch ??= this.#options.createEpoch();
		return this.#nextEpoch;
	}

	append(entries: readonly Entry[], keys: readonly UsedKey[], amendments?: Amendments, pulse?: StoredPulse): void {
		const batch: Record<string, unknown> = {};
		if (pulse) batch[PULSE] = encoder.encode(JSON.stringify(pulse));
		this.epoch = this.begin();
		if (!this.#headIsStored) batch[HEAD] = this.#head;
		const events = entries.filter(isEventEntry);
		const stored = entries.map(stripState);
		const changes = stored.filter(({ event }) => isChange(event));
		this.#events.add(events);
		if (amendments) this.#amend(amendments, batch);
		Object.assign(batch, this.#events.flush());
		if (changes.length > 0)
			this.#changes.add(
				changes.map(({ event, bytes }) => ({ seq: event.seq, bytes })),
				batch,
			);
		if (keys.length > 0) this.#addKeys(keys, batch);
		const count = Object.keys(batch).length;
		if (count > 0)
			this.#write(() => {
				if (count > MAX_OPERATION_KEYS) throw new Error(`a commit of ${count} keys`);
				return this.#storage.put(batch);
			});
		this.#headIsStored = true;
		const newest = entries.at(-1)?.event;
		if (newest) {
			this.#last = newest.seq;
			this.#lastTime = newest.time;
		}
		this.#addOldest(events);
		this.#remember(stored);
		this.#changesSinceTrim += changes.length;
		this.#trimWhenDue();
	}

	/** Puts what becomes of events that are there into `batch`; what is gone is deleted in the same turn, so with it or not at all. */
	#amend({ states, reactions, versions, forgotten }: Amendments, batch: Record<string, unknown>): void {
		for (const event of states) {
			const entry = createEntry(event);
			this.#events.replace(entry);
			const at = this.#recent.findLastIndex((recent) => recent.event.seq === event.seq);
			const before = this.#recent[at];
			if (!before) continue;
			this.#recent[at] = entry;
			this.#recentBytes += entry.bytes.length - before.bytes.length;
		}
		const nobody: string[] = [];
		for (const [person, signs] of reactions) {
			const kept = new Map([...signs].filter(([seq, own]) => seq >= this.first && own.length > 0));
			this.#keepPerson(person, kept);
			if (kept.size === 0) nobody.push(PEOPLE + person);
			else batch[PEOPLE + person] = encoder.encode(JSON.stringify(Object.fromEntries(kept)));
		}
		for (const { seq, n, version } of versions)
			batch[versionKey(seq, n)] = encoder.encode(JSON.stringify({ n, ...version }));
		const gone = [...nobody, ...forgotten.flatMap(({ seq, count }) => versionKeys(seq, count))];
		for (let at = 0; at < gone.length; at += MAX_OPERATION_KEYS)
			this.#write(() => this.#storage.delete(gone.slice(at, at + MAX_OPERATION_KEYS)));
	}

	findKey(subject: string, key: string): UsedKey | undefined {
		return this.#keys?.find(subject, key);
	}

	async hold(seqs: Iterable<number>, people: Iterable<string>): Promise<void> {
		const wanted = [...seqs].filter((seq) => this.find(seq) === undefined);
		const unknown = [...people].filter((person) => !this.#people.has(person));
		await Promise.all([
			...wanted.map(async (seq) => {
				const segment = await this.#readSegmentOf(seq);
				this.#events.hold(segment, seq);
			}),
			...unknown.map(async (person) => {
				const value = await this.#storage.get(PEOPLE + person);
				if (this.#people.has(person)) return;
				const signs = value === undefined ? {} : parseValue<Record<string, string[]>>(value);
				this.#keepPerson(person, new Map(Object.entries(signs).map(([seq, own]) => [Number(seq), own])));
			}),
		]);
	}

	find(seq: number): FeedEvent | null | undefined {
		if (seq > this.#last || seq < this.first) return null;
		return this.#events.find(seq);
	}

	reactionsOf(person: string): Reactions | undefined {
		return this.#people.get(person);
	}

	async readVersions(seq: number): Promise<Version[]> {
		const prefix = `${segmentKey(VERSIONS, seq)}:`;
		const stored = await this.#storage.list({ prefix, limit: KEPT_VERSIONS });
		const versions = [...stored.values()].map((value) => parseValue<Version & { n: number }>(value));
		return versions.sort((one, other) => one.n - other.n).map(({ n: _, ...version }) => version);
	}

	close(): void {
		this.#isClosed = true;
	}

	async measure(): Promise<{ count: number; bytes: number }> {
		await this.expire();
		if (this.#last === 0) return { count: 0, bytes: 0 };
		const { first } = this;
		const segment = await this.#readSegmentOf(first);
		const before = segment?.entries.filter(({ event }) => event.seq < first).length ?? 0;
		const gone = segment ? segment.ordinal + before : this.#events.count;
		const count = first > this.#last ? 0 : this.#events.count - gone;
		this.#measuring ??= this.#measureSegments();
		const measured = await this.#measuring;
		return { count, bytes: measured - this.#forgotten + this.#events.grown };
	}

	/** Reads them all, once for as long as the channel is awake. */
	async #measureSegments(): Promise<number> {
		let bytes = 0;
		for (let start = EVENTS; ; ) {
			const limit = this.#listSize;
			const segments = await this.#list({ prefix: EVENTS, start, limit });
			for (const value of segments.values()) bytes += (value as Uint8Array).length;
			if (segments.size < limit) return bytes - this.#events.grown;
			start = `${[...segments.keys()].at(-1)}~`;
		}
	}

	async expire(): Promise<void> {
		const { ageMs } = this.#options.retention;
		if (ageMs === undefined || this.#last === 0) return;
		const youngest = this.#noteYoungest(this.#options.clock() - ageMs);
		const { first } = this;
		if (first > this.#last) return; // none is kept any more
		const seen = this.#oldestSeen;
		if (seen && seen.seq >= first && seen.time >= youngest) return;
		this.#old = Math.max(this.#old, await this.seqBefore(youngest));
		const [oldest] = (await this.#readEvents(this.first - 1, 1)).entries;
		this.#oldestSeen = oldest?.event;
	}

	async read(after: number, limit: number): Promise<Entry[]> {
		const from = after + 1;
		if (from > this.#last || limit === 0) return [];
		let entries: Entry[];
		if (Math.max(from, this.first) >= this.#recentFrom) {
			entries = this.#keep(this.#recent, from, this.#last).slice(0, limit);
		} else {
			const { last } = this;
			const { entries: found, isAll } = await this.#readEvents(after, limit);
			// What is appended meanwhile is for another page, together with the changes among it.
			const events = isAll ? found.filter(({ event }) => event.seq <= last) : found;
			const to = isAll ? last : (events.at(-1)?.event.seq ?? last);
			const changes = await this.#readChanges(from, to, limit);
			const all = [...events, ...changes].sort((one, other) => one.event.seq - other.event.seq);
			entries = (changes.length > 0 ? all : events).slice(0, limit);
		}
		return this.#fit(await this.#withStates(entries), limit);
	}

	async readEvents(after: number, limit: number): Promise<Entry<FeedEvent>[]> {
		const from = Math.max(after + 1, this.first);
		if (from > this.#last || limit === 0) return [];
		if (from < this.#recentFrom) return (await this.#readEvents(after, limit)).entries;
		return this.#fit(this.#keep(this.#recent, from, this.#last).filter(isEventEntry), limit);
	}

	/** Kept events from the one after `after` on, and whether these are all of them. */
	async #readEvents(after: number, limit: number): Promise<{ entries: Entry<FeedEvent>[]; isAll: boolean }> {
		const from = Math.max(after + 1, this.first);
		let start = await this.#findKey(from);
		let kept: Entry<FeedEvent>[] = [];
		let hurry = 1;
		for (let few = limit <= FEW_EVENTS; ; few = false) {
			const size = hurry > 1 ? hurry : few ? Math.min(this.#listSize, limit === 1 ? 1 : FIRST_LIST) : this.#listSize;
			const segments = await this.#list({ prefix: EVENTS, start, limit: size });
			const end = kept.at(-1)?.event.seq;
			// What was split between the two lists is in both of them.
			const more = this.#keep(flatten(segments), end === undefined ? from : end + 1, Number.POSITIVE_INFINITY);
			// Trimmed between the two lists: what comes after the hole is another page.
			if (end !== undefined && this.first > end + 1) return { entries: this.#fit(kept, limit), isAll: false };
			kept = [...kept, ...more];
			// What publishers overtake is read in larger parts, or it would never be reached.
			hurry = kept.length === 0 ? Math.min(hurry * 2, MAX_HURRY) : 1;
			const entries = this.#fit(kept, limit);
			const isEnd = segments.size < size;
			if (entries.length === limit || entries.length < kept.length || isEnd)
				return { entries, isAll: isEnd && entries.length === kept.length };
			start = `${[...segments.keys()].at(-1)}~`; // sorts right after that key
		}
	}

	/** Segments that one list may bring. */
	get #listSize(): number {
		return Math.max(1, Math.min(Math.floor(LIST_BYTES / this.#segmentBytes), LIST_SEGMENTS));
	}

	/** Reads segments when it is their turn: reading is spread over all channels of the isolate. */
	async #list(options: Parameters<KeyValueStorage['list']>[0]): Promise<Map<string, unknown>> {
		// Of changes there are mostly few.
		const segments = options.prefix === CHANGES ? 1 : options.limit;
		await this.#options.turn?.(Math.max((segments * this.#segmentBytes) / SEGMENT_BYTES, 1));
		const found = await this.#storage.list(options);
		if (found.size > 0 && options.prefix === EVENTS) {
			let total = 0;
			for (const value of found.values()) total += (value as Uint8Array).length;
			this.#segmentBytes = total / found.size;
		}
		return found;
	}

	/** Halves the range at each step: times never go back within a log. */
	async seqBefore(time: number): Promise<number> {
		const { first } = this;
		let [low, high] = [first, this.#last];
		let found = Math.max(first - 1, 0);
		while (low <= high && high > 0) {
			const middle = Math.floor((low + high) / 2);
			await this.#options.turn?.(1);
			const segment = await this.#readSegmentOf(middle);
			const events = (segment?.entries ?? []).map(({ event }) => event).filter(({ seq }) => seq >= first);
			const [oldest] = events;
			const newest = events.at(-1);
			if (!oldest || !newest) low = middle + 1;
			else if (newest.time < time) {
				found = Math.max(found, newest.seq);
				low = Math.max(middle, newest.seq) + 1;
			} else if (oldest.time >= time) high = Math.min(oldest.seq, middle) - 1;
			else return events.findLast((event) => event.time < time)?.seq ?? found;
		}
		return found;
	}

	/** Where the clock went back, what seemed too old is looked at anew. Returns the time before which events are too old. */
	#noteYoungest(youngest: number): number {
		if (youngest < this.#youngest) {
			this.#old = 0;
			this.#oldestSeen = undefined;
		}
		this.#youngest = youngest;
		return youngest;
	}

	/** The key of the segment that an event would be in. */
	async #findKey(seq: number): Promise<string> {
		const end = segmentKey(EVENTS, seq + 1);
		const holding = await this.#storage.list({ prefix: EVENTS, end, reverse: true, limit: 1 });
		return [...holding.keys()][0] ?? EVENTS;
	}

	async #readSegmentOf(seq: number): Promise<Segment | undefined> {
		const end = segmentKey(EVENTS, seq + 1);
		const [found] = await this.#storage.list({ prefix: EVENTS, end, reverse: true, limit: 1 });
		return found && readSegment(...found);
	}

	/** The oldest changes of a range. */
	async #readChanges(from: number, to: number, limit: number): Promise<Entry<Change>[]> {
		const begin = Math.max(from, this.changesFrom);
		const first = segmentKey(CHANGES, begin + 1);
		const holding = await this.#storage.list({ prefix: CHANGES, end: first, reverse: true, limit: 1 });
		let start = [...holding.keys()][0] ?? CHANGES;
		const end = segmentKey(CHANGES, to + 1);
		const found: Change[] = [];
		for (;;) {
			const segments = start < end ? await this.#list({ prefix: CHANGES, start, end, limit: LIST_SEGMENTS }) : [];
			const list = [...segments];
			for (const [, value] of list)
				found.push(...parseSegment<Change>(value).filter(({ seq }) => seq >= begin && seq <= to));
			if (list.length < LIST_SEGMENTS || found.length >= limit) return found.slice(0, limit).map(createEntry);
			start = `${list.at(-1)?.[0]}~`;
		}
	}

	/** Changes as they are told: with their event's state of now. */
	async #withStates(entries: readonly Entry[]): Promise<Entry[]> {
		if (entries.every(isEventEntry)) return [...entries];
		const targets = new Map<number, FeedEvent>();
		// Most of them are in the page itself, or next to each other.
		for (const { event } of [...this.#recent, ...entries]) if (!isChange(event)) targets.set(event.seq, event);
		const result: Entry[] = [];
		let segments = 0;
		for (const entry of entries) {
			const { event } = entry;
			if (!isChange(event)) {
				result.push(entry);
				continue;
			}
			const { seq } = parsePosition(event.target);
			if (seq >= this.first && !targets.has(seq)) {
				const held = this.#events.find(seq);
				if (held === undefined && ++segments > MAX_STATE_SEGMENTS) break; // the rest is another page
				const segment = held === undefined ? await this.#readSegmentOf(seq) : undefined;
				for (const { event } of segment?.entries ?? []) targets.set(event.seq, event);
				if (held) targets.set(seq, held);
			}
			const target = seq >= this.first ? targets.get(seq) : undefined;
			result.push(target ? tellChange(event, target) : entry);
		}
		return result;
	}

	async readBack(before: number, limit: number): Promise<Entry<FeedEvent>[]> {
		const to = Math.min(before - 1, this.#last);
		if (to < this.first || limit === 0) return [];
		const recent = this.#keep(this.#recent, 0, to).filter(isEventEntry);
		if (recent.length >= limit || this.#recentFrom <= this.first) return this.#fit(recent, limit, true);
		let end = segmentKey(EVENTS, to + 1);
		let kept: Entry<FeedEvent>[] = [];
		for (let few = limit <= FEW_EVENTS; ; few = false) {
			const size = few ? Math.min(this.#listSize, limit === 1 ? 1 : FIRST_LIST) : this.#listSize;
			const segments = await this.#list({ prefix: EVENTS, end, reverse: true, limit: size });
			const older = flatten([...segments].reverse());
			const olderKept = this.#keep(older, 0, to);
			kept = [...olderKept, ...kept];
			const page = this.#fit(kept, limit, true);
			const isStart = segments.size < size || olderKept[0] !== older[0]; // what is not kept has nothing kept before it
			if (page.length === limit || page.length < kept.length || isStart) return page;
			end = [...segments.keys()].at(-1) as string; // the list was full
		}
	}

	/** Those of `entries` that lie in the range and are kept. */
	#keep<T extends Entry>(entries: readonly T[], from: number, to: number): T[] {
		const { ageMs } = this.#options.retention;
		if (ageMs !== undefined) {
			const youngest = this.#noteYoungest(this.#options.clock() - ageMs);
			const old = entries.findLast((entry) => entry.event.time < youngest && isEventEntry(entry));
			if (old) this.#old = Math.max(this.#old, old.event.seq);
		}
		const { first, changesFrom } = this;
		return entries.filter((entry) => {
			const { seq } = entry.event;
			return seq >= from && seq <= to && seq >= (isEventEntry(entry) ? first : changesFrom);
		});
	}

	/** Most entries are only looked at: their bytes are not made where their sizes say that they fit. */
	#fit<T extends FeedEntry>(kept: readonly Entry<T>[], limit: number, back = false): Entry<T>[] {
		const chosen = back ? kept.slice(-limit) : kept.slice(0, limit);
		let bytes = 0;
		for (const entry of chosen) bytes += sizeOf(entry);
		return bytes <= MAX_PAGE_BYTES ? chosen : fitBytes(chosen, MAX_PAGE_BYTES, back);
	}

	#remember(entries: readonly Entry[]): void {
		this.#recent.push(...entries);
		for (const { bytes } of entries) this.#recentBytes += bytes.length;
		// Half at once, so that a busy channel does not move the array at every commit.
		if (this.#recent.length <= RECENT_ENTRIES * 2 && this.#recentBytes <= RECENT_BYTES * 2) return;
		this.#recent = fitBytes(this.#recent.slice(-RECENT_ENTRIES), RECENT_BYTES, true);
		this.#recentFrom = this.#recent[0]?.event.seq ?? 0;
		this.#recentBytes = this.#recent.reduce((sum, { bytes }) => sum + bytes.length, 0);
	}

	#keepPerson(person: string, signs: Reactions): void {
		this.#people.delete(person);
		this.#people.set(person, signs);
		for (const oldest of this.#people.keys()) {
			if (this.#people.size <= HELD_PEOPLE) break;
			this.#people.delete(oldest);
		}
	}

	#addKeys(keys: readonly UsedKey[], batch: Record<string, unknown>): void {
		const used = this.#keys;
		if (!used) throw new Error('keys are added before they are loaded');
		const added = this.#keySeries.add(
			keys.map((key) => ({ seq: key.seq, bytes: used.add(key) })),
			batch,
		);
		const segments = this.#keySegments;
		for (const [key, count] of added) segments.set(key, (segments.get(key) ?? 0) + count);
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
		if (this.#isClosed) return;
		try {
			begin().catch(this.#onFailure);
		} catch (error) {
			this.#onFailure(error);
			throw error;
		}
	}

	get #head(): Head {
		const { epoch, changesFrom } = this;
		const gone = this.#trimmed === 0 ? {} : { gone: this.#trimmed };
		return { epoch, ...gone, ...(changesFrom === 0 ? {} : { changesFrom }) };
	}

	/** So many events are kept that the oldest may soon be too many. */
	get #isNearlyFull(): boolean {
		return this.#events.count + OLDEST_KNOWN - this.#options.retention.entries > this.#oldestCount;
	}

	/** Takes note of the `seq` of new events where all before them are known, and of which are too many now. */
	#addOldest(events: readonly Entry[]): void {
		const isNext = this.#oldestCount + this.#oldest.length === this.#events.count - events.length;
		if (isNext && this.#oldest.length < 2 * OLDEST_KNOWN) this.#oldest.push(...events.map(({ event }) => event.seq));
		this.#dropSurplus();
		const isShort = this.#oldest.length < OLDEST_KNOWN / 2;
		const isMore = this.#oldestCount + this.#oldest.length < this.#events.count;
		if (!isShort || !isMore || !this.#isNearlyFull || this.#isFilling) return;
		this.#isFilling = true;
		this.#fill()
			.catch(this.#onFailure)
			.finally(() => {
				this.#isFilling = false;
			});
	}

	#dropSurplus(): void {
		const surplus = this.#events.count - this.#options.retention.entries - this.#oldestCount;
		if (surplus <= 0 || this.#oldest.length === 0) return;
		const dropped = this.#oldest.splice(0, surplus);
		this.#oldestCount += dropped.length;
		this.#surplus = dropped.at(-1) ?? this.#surplus;
	}

	/** Reads which the oldest events are, until enough of them are known. */
	async #fill(): Promise<void> {
		const { entries } = this.#options.retention;
		for (;;) {
			const known = this.#oldestCount + this.#oldest.length;
			const wanted = this.#events.count - entries + OLDEST_KNOWN;
			if (known >= Math.min(wanted, this.#events.count)) break;
			const start = await this.#findKey((this.#oldest.at(-1) ?? Math.max(this.#surplus, this.#trimmed)) + 1);
			const segments = await this.#list({ prefix: EVENTS, start, limit: LIST_SEGMENTS });
			const before = known;
			for (const [key, value] of segments) {
				const { ordinal, events } = parseEvents(key, value);
				// What is known already is passed over, and what was trimmed meanwhile is not there.
				const next = this.#oldestCount + this.#oldest.length;
				if (this.#oldest.length === 0 && ordinal > next) this.#oldestCount = ordinal;
				const skip = this.#oldestCount + this.#oldest.length - ordinal;
				this.#oldest.push(...events.slice(Math.max(skip, 0)).map(({ seq }) => seq));
			}
			this.#dropSurplus();
			if (this.#oldestCount + this.#oldest.length === before) break;
		}
		this.#dropSurplus();
	}

	#trimWhenDue(): void {
		const { entries, ageMs } = this.#options.retention;
		const now = this.#options.clock();
		const surplus = this.#events.count - this.#trimmedCount - entries;
		// By tenths, so that a full channel does not delete at every commit.
		const isWhole = this.#events.count - entries >= this.#trimmableCount;
		const full = isWhole && surplus > Math.max(entries / 10, 1);
		const old = ageMs !== undefined && now - this.#expiryCheckedAt > Math.min(EXPIRY_INTERVAL_MS, ageMs);
		const changed = this.#changesSinceTrim > KEPT_CHANGES / 10;
		if (this.#trimming || !(full || old || changed)) return;
		this.#trimming = true;
		this.#expiryCheckedAt = now;
		Promise.all([full || old ? this.#trim() : undefined, changed ? this.#trimChanges() : undefined])
			.catch(this.#onFailure)
			.finally(() => {
				this.#trimming = false;
			});
	}

	/** Deletes the oldest segments of which nothing is kept any more. */
	async #trim(): Promise<void> {
		const { ageMs } = this.#options.retention;
		for (;;) {
			const segments = [...(await this.#list({ prefix: EVENTS, limit: LIST_SEGMENTS }))];
			// Too old by a clock that is sure, or by the time of what was stored before.
			const { clock, isSure } = this.#options;
			const time = isSure?.() === false ? Math.min(clock(), this.#agreedTime) : clock();
			const youngest = ageMs === undefined ? 0 : time - ageMs;
			const expired: string[] = [];
			const versions: string[] = [];
			for (const [index, [key, value]] of segments.entries()) {
				if (!segments[index + 1]) break; // the newest stays, whatever its age: it says what the last `seq` is
				const { events, ordinal } = parseEvents(key, value);
				const newest = events.at(-1);
				this.#trimmableCount = ordinal + events.length;
				if (!newest || (newest.seq > Math.max(this.#trimmed, this.#surplus) && newest.time >= youngest)) break;
				expired.push(key);
				if (this.#measuring) this.#forgotten += (value as Uint8Array).length;
				for (const { seq, edited } of events) versions.push(...versionKeys(seq, edited?.count ?? 0));
				this.#trimmed = newest.seq;
				this.#trimmedCount = ordinal + events.length;
			}
			if (expired.length > 0) {
				this.#events.drop(expired);
				const gone = [...expired, ...versions];
				this.#write(() => this.#storage.put({ [HEAD]: this.#head }));
				for (let at = 0; at < gone.length; at += MAX_OPERATION_KEYS)
					this.#write(() => this.#storage.delete(gone.slice(at, at + MAX_OPERATION_KEYS)));
			}
			if (expired.length < LIST_SEGMENTS - 1) return;
		}
	}

	/** Deletes the oldest changes beyond those that are kept. */
	async #trimChanges(): Promise<void> {
		this.#changesSinceTrim = 0;
		const segments: [key: string, count: number][] = [];
		for (let start = CHANGES; ; ) {
			const page = await this.#list({ prefix: CHANGES, start, limit: LIST_SEGMENTS });
			for (const [key, value] of page) segments.push([key, parseSegment(value).length]);
			if (page.size < LIST_SEGMENTS) break;
			start = `${segments.at(-1)?.[0]}~`;
		}
		let kept = segments.reduce((sum, [, count]) => sum + count, 0);
		const expired: string[] = [];
		for (const [index, [key, count]] of segments.entries()) {
			kept -= count;
			const next = segments[index + 1];
			if (kept < KEPT_CHANGES || !next) break;
			expired.push(key);
			this.changesFrom = firstOf(next[0]);
		}
		if (expired.length === 0) return;
		this.#write(() => this.#storage.put({ [HEAD]: this.#head }));
		for (let at = 0; at < expired.length; at += MAX_OPERATION_KEYS)
			this.#write(() => this.#storage.delete(expired.slice(at, at + MAX_OPERATION_KEYS)));
	}
}

/** Removes everything that a channel has stored, and begins another log in its place; answers its epoch. */
export async function emptyStorage(storage: KeyValueStorage, createEpoch: () => string): Promise<string> {
	await storage.deleteAll();
	return beginStorage(storage, createEpoch);
}

/** Begins a log in storage that holds none. Returns its epoch. */
export async function beginStorage(storage: KeyValueStorage, createEpoch: () => string): Promise<string> {
	const head: Head = { epoch: createEpoch() };
	await storage.put({ [HEAD]: head });
	return head.epoch;
}

function flatten(segments: Iterable<[string, unknown]>): Entry<FeedEvent>[] {
	return [...segments].flatMap(([key, value]) => readSegment(key, value).entries);
}
