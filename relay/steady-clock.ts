// A clock that believes no jump ahead until it has lasted: what is kept for a time is not lost to a moment's error.
// Knows readings of the engine's clock; never knows what is kept, nor for how long.

/** A step ahead between two readings that is believed at once, ms. */
const MAX_STEP_MS = 60_000;
/** A longer step is believed once the clock has gone on from there for this long, ms. */
const CONFIRM_MS = 60_000;

/** Shared by all channels of an isolate: the more often it is read, the smaller are its steps. */
export class SteadyClock {
	readonly #read: () => number;
	#newest: number | undefined;
	/** By how much the engine's clock is ahead of what is believed, ms. */
	#ahead = 0;
	/** When the clock was last started, jumped or went back, by its own time. */
	#doubtedAt = 0;

	/** `read` returns ms since the Unix epoch. */
	constructor(read: () => number) {
		this.#read = read;
	}

	/** Returns ms since the Unix epoch. It follows the engine's clock back at once, and ahead by steps that it can check. */
	readonly now = (): number => {
		const wall = this.#read();
		const step = this.#newest === undefined ? 0 : wall - this.#newest;
		if (this.#newest === undefined) this.#doubtedAt = wall;
		this.#newest = wall;
		if (step < 0) {
			this.#ahead = Math.max(this.#ahead + step, 0);
			this.#doubtedAt = wall;
			return wall - this.#ahead;
		}
		// It has gone on since, and not back.
		if (wall - this.#doubtedAt >= CONFIRM_MS) this.#ahead = 0;
		if (step > MAX_STEP_MS) {
			this.#ahead += step;
			this.#doubtedAt = wall;
		}
		return wall - this.#ahead;
	};

	/** False for a while after a start, a jump or a step back: nothing is deleted by this time alone. */
	readonly isSure = (): boolean => {
		this.now();
		return this.#ahead === 0 && (this.#newest ?? 0) - this.#doubtedAt >= CONFIRM_MS;
	};
}
