// The contract of a channel's log, in words and types; log-memory.ts and log-storage.ts keep it.
// Knows what a log promises; never knows viewers, rules or where bytes lie.
import type { FeedEvent } from './protocol/event.ts';

/** An event and its JSON as UTF-8, encoded once for storage and every viewer. */
export interface Entry {
	readonly event: FeedEvent;
	readonly bytes: Uint8Array;
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

/** How much a log keeps: entries always, and time where given. */
export interface Retention {
	entries: number;
	ageMs: number | undefined;
}

/**
 * Entries with `seq` 1, 2, 3 … without holes, in one epoch.
 * Nothing but `load` and `loadKeys` may be called before `load` has resolved.
 */
export interface Log {
	/** `-` until the first entry; then the same for as long as the log is not lost. */
	readonly epoch: string;
	/** The oldest entry that is kept and the newest; 0 and 0 before the first, `last + 1` and `last` where none is kept. */
	readonly first: number;
	readonly last: number;
	/** `time` of the newest entry, milliseconds since 1970; 0 while there is none. */
	readonly lastTime: number;
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
	append(entries: readonly Entry[], keys: readonly UsedKey[]): void;
	findKey(subject: string, key: string): UsedKey | undefined;
	/** Up to `limit` kept entries after `after`, oldest first; fewer where they are many bytes, none only at the end. No holes within. */
	read(after: number, limit: number): Promise<Entry[]>;
	/** Up to `limit` kept entries before `before`, oldest first; fewer where they are many bytes, none only at the beginning. No holes within. */
	readBack(before: number, limit: number): Promise<Entry[]>;
}

const encoder = new TextEncoder();

/** An event with its JSON. */
export function createEntry(event: FeedEvent): Entry {
	return { event, bytes: encoder.encode(JSON.stringify(event)) };
}

/** The entries of `from` that fit into about `maxBytes`, and one at least; from the end where `back`. */
export function fitBytes(from: readonly Entry[], maxBytes: number, back = false): Entry[] {
	let bytes = 0;
	let count = 0;
	while (count < from.length) {
		bytes += (from.at(back ? -1 - count : count) as Entry).bytes.length; // count is below the length
		if (bytes > maxBytes && count > 0) break;
		count++;
	}
	return back ? from.slice(from.length - count) : from.slice(0, count);
}
