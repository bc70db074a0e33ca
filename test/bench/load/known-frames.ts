// What was in a frame that somebody else has decoded: all viewers of a channel are sent the same ones.
// Knows frames by length, beginning and end; never knows how one is decoded.

export interface Known {
	from: number;
	to: number;
}

/** A beginning of ours holds the range; the end of a deflated frame is its checksum. */
const HEAD_BYTES = 96;
const TAIL_BYTES = 16;
const MOST = 4096;

export class KnownFrames {
	readonly #found = new Map<number, Known>();

	find(key: number): Known | undefined {
		return this.#found.get(key);
	}

	add(key: number, known: Known): void {
		if (this.#found.size >= MOST) {
			let left = MOST / 2;
			for (const old of this.#found.keys()) {
				if (left-- === 0) break;
				this.#found.delete(old);
			}
		}
		this.#found.set(key, known);
	}
}

/** 53 bits of the length, the first 96 and the last 16 bytes (FNV-1a, twice). */
export function keyOf(bytes: Uint8Array, start: number, end: number): number {
	let one = 0x811c9dc5 ^ (end - start);
	let other = 0x811c9dc5;
	const head = Math.min(start + HEAD_BYTES, end);
	for (let at = start; at < head; at++) one = Math.imul(one ^ (bytes[at] as number), 0x01000193);
	for (let at = Math.max(end - TAIL_BYTES, start); at < end; at++)
		other = Math.imul(other ^ (bytes[at] as number), 0x01000193);
	return (one >>> 0) * 2 ** 21 + ((other >>> 0) % 2 ** 21);
}
