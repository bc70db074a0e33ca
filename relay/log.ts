// The contract of a channel's log, in words and types; log-memory.ts and log-storage.ts keep it.
// Knows what a log promises; never knows viewers, rules or where bytes lie.
import type { Change, EventState, FeedEntry, FeedEvent, Pulse, Version } from './protocol/event.ts';
import { isChange } from './protocol/event.ts';

/** An event or a change of one, and its JSON as UTF-8, encoded once for storage and every viewer. */
export interface Entry<T extends FeedEntry = FeedEntry> {
	readonly event: T;
	readonly bytes: Uint8Array;
	/** Number of its bytes at about, where `bytes` are not made yet. */
	readonly size?: number;
}

/** An entry as it was read from storage. Its bytes are made when they are asked for: most entries are only looked at. */
export class StoredEntry<T extends FeedEntry> implements Entry<T> {
	readonly event: T;
	readonly size: number;
	#bytes: Uint8Array | undefined;

	constructor(event: T, size: number) {
		this.event = event;
		this.size = size;
	}

	get bytes(): Uint8Array {
		this.#bytes ??= encoder.encode(JSON.stringify(this.event));
		return this.#bytes;
	}
}

/** Number of an entry's bytes at about. */
export function sizeOf(entry: Entry): number {
	return entry.size ?? entry.bytes.length;
}

/** The pulse as it is stored: the events up to `seq`, by minute and level. */
export interface StoredPulse extends Pulse {
	seq: number;
}

/** Somebody's reactions: signs, by the `seq` of the event. */
export type Reactions = ReadonlyMap<number, readonly string[]>;

/** What a commit does to events that are there already. */
export interface Amendments {
	/** Events as they stand from now on. */
	states: readonly FeedEvent[];
	/** By person, all of his reactions. */
	reactions: ReadonlyMap<string, Reactions>;
	/** Texts that were replaced; `n` counts those of the event. */
	versions: readonly { seq: number; n: number; version: Version }[];
	/** Events whose earlier texts go, and how many they have. */
	forgotten: readonly { seq: number; count: number }[];
}

/** What must be remembered of a used idempotency key. */
export interface UsedKey {
	/** Whose key it is; empty for unproven publishers. */
	subject: string;
	key: string;
	/** Of the draft's content, to tell a repeat from another draft. */
	digest: string;
	seq: number;
	time: number;
}

/** How much a log keeps: a number of events always, and time where given. */
export interface Retention {
	entries: number;
	ageMs: number | undefined;
}

/**
 * Entries with `seq` 1, 2, 3 … without holes, in one epoch: events, each as it now stands, and their changes. Events are kept
 * as the retention says, and changes for a shorter while, since events are right without them.
 * Nothing but `load` and `loadKeys` may be called before `load` has resolved.
 */
export interface Log {
	/** `-` until the first entry; then the same for as long as the log is not lost. */
	readonly epoch: string;
	/** From here on every event is kept, and the newest entry; 0 and 0 before the first, `first` after the newest event where none is kept. */
	readonly first: number;
	readonly last: number;
	/** From here on every change is kept. */
	readonly changesFrom: number;
	/** `time` of the newest entry, milliseconds since 1970; 0 while there is none. */
	readonly lastTime: number;
	/** The newest pulse that was stored, as `load` found it. */
	readonly pulse: StoredPulse | undefined;
	/** Reads what is needed to append and to serve. May be called again after it failed. */
	load(): Promise<void>;
	/** Reads the used keys, needed before `findKey` and before an `append` of keys. */
	loadKeys(): Promise<void>;
	/** Looks for what has grown too old since; `first` is exact afterwards, and at the least what it was. */
	expire(): Promise<void>;
	/** The epoch that the next `append` writes in: `epoch`, or a new one where there is none yet. */
	begin(): string;
	/**
	 * Adds entries and keys in one storage operation, without waiting: the engine's output gate
	 * holds whatever is sent afterwards until it is on disk. `seq` must go on from `last`.
	 */
	append(entries: readonly Entry[], keys: readonly UsedKey[], amendments?: Amendments, pulse?: StoredPulse): void;
	/** How many events are kept, and of how many bytes they are, at about. */
	measure(): Promise<{ count: number; bytes: number }>;
	findKey(subject: string, key: string): UsedKey | undefined;
	/** Nothing is written any more: another log takes its place. */
	close(): void;
	/** Makes events and people's reactions ready for `find` and `reactionsOf`: for the next commit, and not for ever. */
	hold(seqs: Iterable<number>, people: Iterable<string>): Promise<void>;
	/** An event that is held, as it stands; null where there is none, undefined where it is not held. */
	find(seq: number): FeedEvent | null | undefined;
	/** What is held of somebody's reactions; undefined where nothing is. */
	reactionsOf(person: string): Reactions | undefined;
	/** The earlier texts of an event, oldest first. */
	readVersions(seq: number): Promise<Version[]>;
	/**
	 * Up to `limit` kept entries after `after`, oldest first, changes with their event's state; fewer where they are many bytes,
	 * none only at the end. No event is left out within.
	 */
	read(after: number, limit: number): Promise<Entry[]>;
	/** The same of events alone. */
	readEvents(after: number, limit: number): Promise<Entry<FeedEvent>[]>;
	/** The newest kept event of before `time`, ms since the Unix epoch; the one before `first` where there is none. */
	seqBefore(time: number): Promise<number>;
	/** Up to `limit` kept events before `before`, oldest first; fewer where they are many bytes, none only at the beginning. None is left out within. */
	readBack(before: number, limit: number): Promise<Entry<FeedEvent>[]>;
}

const encoder = new TextEncoder();

/** An entry with its JSON. */
export function createEntry<T extends FeedEntry>(event: T): Entry<T> {
	return { event, bytes: encoder.encode(JSON.stringify(event)) };
}

export function isEventEntry(entry: Entry): entry is Entry<FeedEvent> {
	return !isChange(entry.event);
}

/** A change as the log keeps it: what its event is like is looked up when it is read. */
export function stripState(entry: Entry): Entry {
	if (!isChange(entry.event)) return entry;
	const { state: _, ...change } = entry.event;
	return createEntry(change);
}

/** All of an event that changes, as a change brings it. */
export function stateOf({ text, ...event }: FeedEvent): EventState {
	const { version, status, statusBy, reactions, replies, edited, pinned, removed } = event;
	const all = { version, status, statusBy, reactions, replies, edited, pinned, removed };
	const state = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as EventState;
	return edited && text !== undefined ? { ...state, text } : state;
}

/** A change as it is told: with its event's state of now. */
export function tellChange(change: Change, event: FeedEvent): Entry<Change> {
	return createEntry({ ...change, state: stateOf(event) });
}

/** The entries of `from` that fit into about `maxBytes`, and one at least; from the end where `back`. */
export function fitBytes<T extends FeedEntry>(from: readonly Entry<T>[], maxBytes: number, back = false): Entry<T>[] {
	let bytes = 0;
	let count = 0;
	while (count < from.length) {
		bytes += (from.at(back ? -1 - count : count) as Entry<T>).bytes.length; // count is below the length
		if (bytes > maxBytes && count > 0) break;
		count++;
	}
	return back ? from.slice(from.length - count) : from.slice(0, count);
}
