// Keeps watch over a connection: pings into silence, and finds out after a sleep whether the line is still alive.
// Knows times and doubts; never knows transports or events.
import { PING_INTERVAL_MS } from '../../relay/protocol/limits.ts';
import type { Outbox } from './outbox.ts';

/** A ping that nothing answers in this time has found a dead connection; after a wake-up, sooner. Milliseconds. */
const PONG_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 4000;
/** A draft without a receipt for so long was lost on the way, since the relay answers at once; milliseconds. */
const RECEIPT_TIMEOUT_MS = 15_000;
/** How often it looks at the clock, and how late it must be to have slept; milliseconds. */
const LOOK_MS = 5000;
const SLEPT_MS = 10_000;

/** The connection that is watched. */
export interface Watched {
	/** Is it open, with a welcome? */
	isOpen(): boolean;
	/** When the relay was last heard, milliseconds since 1970. */
	heardAt(): number;
	readonly outbox: Pick<Outbox, 'waiting' | 'takenAt'>;
	/** The engine may answer for the relay, unless the ping is a full one: the answer then says what the relay has sent. */
	ping(isFull: boolean): void;
	/** Drops it, since it cannot be trusted, and resumes. */
	restart(): void;
}

export class Vigil {
	readonly #watched: Watched;
	readonly #look: ReturnType<typeof setInterval>;
	#lookedAt = Date.now();
	#deadline: ReturnType<typeof setTimeout> | undefined;

	constructor(watched: Watched) {
		this.#watched = watched;
		this.#look = setInterval(() => this.#watch(), LOOK_MS);
	}

	end(): void {
		clearInterval(this.#look);
		clearTimeout(this.#deadline);
	}

	/** Asks whether anybody is there; who does not answer in time is left. */
	probe(timeoutMs = PROBE_TIMEOUT_MS): void {
		if (!this.#watched.isOpen() || (this.#deadline && timeoutMs > PROBE_TIMEOUT_MS)) return;
		const askedAt = Date.now();
		this.#watched.ping(timeoutMs === PROBE_TIMEOUT_MS);
		clearTimeout(this.#deadline);
		this.#deadline = setTimeout(() => {
			this.#deadline = undefined;
			if (this.#watched.isOpen() && this.#watched.heardAt() < askedAt) this.#watched.restart();
		}, timeoutMs);
	}

	#watch(): void {
		const now = Date.now();
		const hasSlept = now - this.#lookedAt > LOOK_MS + SLEPT_MS;
		this.#lookedAt = now;
		if (!this.#watched.isOpen()) return;
		// A late timer proves that this device slept, not that the line is dead.
		if (hasSlept) this.probe();
		else if (now - this.#waitingSince(now) > RECEIPT_TIMEOUT_MS) this.#watched.restart();
		else if (now - this.#watched.heardAt() > PING_INTERVAL_MS - LOOK_MS) this.probe(PONG_TIMEOUT_MS);
	}

	/** Since when the oldest draft in flight waits for its receipt; while others come, those behind them are on their way. */
	#waitingSince(now: number): number {
		const { waiting, takenAt } = this.#watched.outbox;
		return Math.max(waiting[0]?.sentAt ?? now, takenAt);
	}
}
