// Turns of reading: what channels read of their storage is spread, so that no channel holds up the others.
// Knows times and costs; never knows what is read, nor for whom.

/** Time reserved for each segment of about 4 KiB, ms. Reading takes less than half of it; the rest is for everything else. */
const SEGMENT_MS = 0.2;
/** Longest wait, ms. It bounds what a clock that goes back costs. */
const MAX_WAIT_MS = 10_000;

/** All channels of an isolate share one, since they share its thread. */
export class ReadingTurns {
	readonly #clock: () => number;
	/** When the thread has no reading left, ms since the Unix epoch. */
	#freeAt = 0;

	constructor(clock: () => number) {
		this.#clock = clock;
	}

	/** Reserves the time for a number of segments. Returns how long to wait for it, ms. */
	reserve(segments: number): number {
		const now = this.#clock();
		const at = Math.min(Math.max(this.#freeAt, now), now + MAX_WAIT_MS);
		this.#freeAt = at + segments * SEGMENT_MS;
		return at - now;
	}
}
