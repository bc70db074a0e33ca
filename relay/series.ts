// Runs of small things in storage: JSON arrays under numbered keys, the newest of which grows until it is large enough.
// Knows keys, sizes and bytes; never knows what an item is.
import { concatBytes } from './bytes.ts';
import { mendJson } from './protocol/well-formed.ts';
import { readStored, StorageFault } from './storage-state.ts';

/** The engine refuses values of more than 131,072 bytes; with room for its own framing. */
export const MAX_VALUE_BYTES = 128_000;
/** The newest segment is rewritten until it holds about this much: more would be copied too often, less loads slower. */
export const SEGMENT_BYTES = 4096;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const OPEN = encoder.encode('[');
const COMMA = encoder.encode(',');
const CLOSE = encoder.encode(']');

/** The key of a segment, by the `seq` of the first thing in it, or a later one. */
export const segmentKey = (prefix: string, seq: number): string => prefix + String(seq).padStart(16, '0');
export const firstOf = (key: string): number => Number(key.slice(key.indexOf(':') + 1));

/** Reads a stored segment. An older version may have stored lone surrogates: each is U+FFFD. @throws StorageFault where it is damaged */
export function parseSegment<T>(value: unknown): T[] {
	const items: unknown = readStored(() => JSON.parse(mendJson(decoder.decode(value as Uint8Array))));
	if (!Array.isArray(items)) throw new StorageFault('a stored segment is no list');
	return items; // written by the log alone
}

/** A segment's value. */
export function formatSegment(items: readonly Uint8Array[]): Uint8Array {
	return concatBytes([OPEN, ...items.flatMap((item, index) => (index > 0 ? [COMMA, item] : [item])), CLOSE]);
}

/** What is only ever added to. */
export class Series {
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
				// After the one before it, also where it begins with something that is about an older `seq`.
				this.#key = segmentKey(this.#prefix, Math.max(item.seq, this.#key === '' ? 0 : firstOf(this.#key) + 1));
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
