// The last hour of a channel, as numbers of events by minute and level.
// Knows minutes and counts; never knows events' content or how it is drawn.
import { LEVELS, type Level, type Pulse } from './protocol/event.ts';

const MINUTES = 60;
const MINUTE_MS = 60_000;

export class PulseCounter {
	/** Rings of sixty minutes, indexed by minute modulo sixty. */
	readonly #counts = new Map<Level, number[]>(LEVELS.map((level) => [level, Array(MINUTES).fill(0)]));
	#newest = 0;

	/** Counts an event of the given time, milliseconds since 1970; one of more than an hour before the newest is left out. */
	count(level: Level, time: number): void {
		const minute = Math.floor(time / MINUTE_MS);
		this.#advance(minute);
		if (minute <= this.#newest - MINUTES) return;
		const ring = this.#counts.get(level) as number[]; // made with all levels
		ring[minute % MINUTES] = (ring[minute % MINUTES] ?? 0) + 1;
	}

	/** Goes on with what `read` returned. */
	resume({ minute, counts }: Pulse): void {
		this.#advance(minute + MINUTES - 1);
		for (const [level, ring] of this.#counts) {
			for (const [index, count] of (counts[level] ?? []).entries()) {
				const at = (minute + index) % MINUTES;
				ring[at] = (ring[at] ?? 0) + count;
			}
		}
	}

	/** The hour that ends with the newest minute that was counted. */
	get newest(): Pulse {
		return this.read(this.#newest * MINUTE_MS);
	}

	/** The hour that ends with the minute of `now`. */
	read(now: number): Pulse {
		const newest = Math.floor(now / MINUTE_MS);
		this.#advance(newest);
		const minute = this.#newest - MINUTES + 1;
		const counts: Pulse['counts'] = {};
		for (const [level, ring] of this.#counts) {
			if (ring.some((count) => count > 0)) {
				counts[level] = ring.map((_, index) => ring[(minute + index) % MINUTES] ?? 0);
			}
		}
		return { minute, counts };
	}

	#advance(minute: number): void {
		for (let next = Math.max(this.#newest + 1, minute - MINUTES + 1); next <= minute; next++) {
			for (const ring of this.#counts.values()) ring[next % MINUTES] = 0;
		}
		this.#newest = Math.max(this.#newest, minute);
	}
}
