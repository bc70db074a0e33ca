// The newest used idempotency keys, as JSON in memory of their own: objects would grow old by the thousand, and the engine
// takes back late what has grown old, so that a busy relay seems to leak.
// Knows a key's subject, its name and what became of it; never knows storage or drafts.
import type { UsedKey } from './log.ts';

/** Room at first: keys, and bytes of JSON for each. Both double as often as they must. */
const FIRST_WIDTH = 64;
const FIRST_BYTES = 128;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class UsedKeys {
	readonly #most: number;
	/** By chance, so that nobody knows names that meet in one place. */
	readonly #seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
	/** They are numbered as they come; these are the oldest that is kept, and the next to come. */
	#first = 0;
	#next = 0;
	/** A power of two; what is known of the key `n` is at `n % #width`. */
	#width = FIRST_WIDTH;
	#hashes = new Int32Array(FIRST_WIDTH);
	/** Where its JSON ends, counted from the first byte that ever was; it begins where the one before it ends. */
	#ends = new Float64Array(FIRST_WIDTH);
	/** The one before it whose hash has the same place, and the newest of each place; -1 where there is none. */
	#before = new Float64Array(FIRST_WIDTH);
	#newest = new Float64Array(FIRST_WIDTH).fill(-1);
	#json = new Uint8Array(FIRST_WIDTH * FIRST_BYTES);
	/** Which byte the first of `#json` is, and where the oldest and the newest that is kept begin and end. */
	#offset = 0;
	#from = 0;
	#to = 0;

	/** @param most More than these are forgotten, oldest first */
	constructor(most: number) {
		this.#most = most;
	}

	/** Answers its JSON, as UTF-8. Where the name is there already, the new one counts. */
	add(used: UsedKey): Uint8Array {
		const bytes = encoder.encode(JSON.stringify(used));
		if (this.#next - this.#first === this.#most) {
			this.#from = this.#ends[this.#first % this.#width] as number; // each of them has an end
			this.#first++;
		} else if (this.#next - this.#first === this.#width) this.#widen();
		if (this.#to + bytes.length > this.#offset + this.#json.length) this.#makeRoom(bytes.length);
		this.#json.set(bytes, this.#to - this.#offset);
		this.#to += bytes.length;
		this.#ends[this.#next % this.#width] = this.#to;
		this.#put(this.#next, this.#hash(used.subject, used.key));
		this.#next++;
		return bytes;
	}

	find(subject: string, key: string): UsedKey | undefined {
		const hash = this.#hash(subject, key);
		let n = this.#newest[hash & (this.#width - 1)] as number; // so many there are
		for (; n >= this.#first; n = this.#before[n % this.#width] as number) {
			if (this.#hashes[n % this.#width] !== hash) continue;
			const used = this.#read(n);
			if (used.subject === subject && used.key === key) return used;
		}
		return undefined;
	}

	#read(n: number): UsedKey {
		const from = n === this.#first ? this.#from : (this.#ends[(n - 1) % this.#width] as number);
		const to = this.#ends[n % this.#width] as number;
		return JSON.parse(decoder.decode(this.#json.subarray(from - this.#offset, to - this.#offset))); // written by `add` alone
	}

	/** After all before it. */
	#put(n: number, hash: number): void {
		const place = hash & (this.#width - 1);
		this.#hashes[n % this.#width] = hash;
		this.#before[n % this.#width] = this.#newest[place] as number;
		this.#newest[place] = n;
	}

	#widen(): void {
		const [width, hashes, ends] = [this.#width, this.#hashes, this.#ends];
		this.#width *= 2;
		this.#hashes = new Int32Array(this.#width);
		this.#ends = new Float64Array(this.#width);
		this.#before = new Float64Array(this.#width);
		this.#newest = new Float64Array(this.#width).fill(-1);
		for (let n = this.#first; n < this.#next; n++) {
			this.#ends[n % this.#width] = ends[n % width] as number;
			this.#put(n, hashes[n % width] as number);
		}
	}

	/** Moves what is kept to the beginning, into twice the room where it fills more than half of this one. */
	#makeRoom(bytes: number): void {
		const kept = this.#json.subarray(this.#from - this.#offset, this.#to - this.#offset);
		let room = this.#json.length;
		while (room < 2 * (kept.length + bytes)) room *= 2;
		const json = room === this.#json.length ? this.#json : new Uint8Array(room);
		json.set(kept); // as if it were copied first, where both are the same
		this.#json = json;
		this.#offset = this.#from;
	}

	/** FNV-1a of both, begun by chance. */
	#hash(subject: string, key: string): number {
		let hash = this.#seed;
		for (const text of [subject, '\n', key])
			for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
		return hash ^ (hash >>> 15); // the low bits say the place
	}
}
