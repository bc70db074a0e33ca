// Bounds the request bodies in flight of the whole relay, and the time that one of them may take.
// Knows bytes and time; never knows requests, nor what a body says.
import { createError, type FeedError } from '../protocol/errors.ts';
import { BODY_GRACE_MS, MAX_BODIES_BYTES, MIN_BODY_BYTES_PER_S } from '../protocol/limits.ts';

export class BodyBudget {
	readonly #max: number;
	#bytes = 0;

	/** `max`: bytes of all bodies in flight. Default: 64 MiB. */
	constructor(max = MAX_BODIES_BYTES) {
		this.#max = max;
	}

	/** Bytes in flight. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Adds bytes that came. Returns `relay-full` where there is no room for them; then nothing is added. */
	add(bytes: number): FeedError | undefined {
		if (this.#bytes + bytes > this.#max) return createError('relay-full');
		this.#bytes += bytes;
		return undefined;
	}

	remove(bytes: number): void {
		this.#bytes -= bytes;
	}
}

/** Returns the time that a body has had enough of once this many of its bytes came, ms since its beginning. */
export function allowedMs(bytes: number, graceMs = BODY_GRACE_MS): number {
	return graceMs + (bytes / MIN_BODY_BYTES_PER_S) * 1000;
}
