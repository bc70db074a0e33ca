// Turns of reading: what channels read and encode is spread, so that no channel holds up the others.
// Knows times, costs and an order; never knows what is read, nor for whom.

/** Time reserved for each segment of about 4 KiB, ms. Reading takes less than it, and timers come late by as much; the rest is for everything else. */
const SEGMENT_MS = 0.4;
/** Longest turn, ms. It bounds what a clock that goes back costs. */
const MAX_TURN_MS = 100;
/** A waiter that is so late does not come any more, ms: its object may have ended. */
const LOST_MS = 1000;

/** A place in the order. */
export interface Ticket {
	readonly rank: number;
	readonly segments: number;
	/** When it asks again, ms since the Unix epoch. */
	wakeAt: number;
}

/** All channels of an isolate share one, since they share its thread. */
export class ReadingTurns {
	readonly #clock: () => number;
	/** When the thread has no reading left, ms since the Unix epoch. */
	#freeAt = 0;
	/** Rank of the turn that was taken last. */
	#rank = 0;
	/** By rank, and those of one rank as they came. */
	readonly #waiting: Ticket[] = [];

	constructor(clock: () => number) {
		this.#clock = clock;
	}

	/** Returns the turns of one channel. */
	open(): ChannelTurns {
		return new ChannelTurns(this);
	}

	/** Takes a place behind all that are not of a later rank. A channel that asks often has later ranks than the others. */
	enter(rank: number, segments: number): Ticket {
		const ticket = { rank: Math.max(rank, this.#rank), segments, wakeAt: this.#clock() };
		const before = this.#waiting.findLastIndex((other) => other.rank <= ticket.rank);
		this.#waiting.splice(before + 1, 0, ticket);
		return ticket;
	}

	/** Takes the turn, or returns how long to wait before asking again, ms. */
	claim(ticket: Ticket): number {
		const now = this.#clock();
		this.#freeAt = Math.min(this.#freeAt, now + MAX_TURN_MS);
		for (let first = this.#waiting[0]; first && first !== ticket; first = this.#waiting[0]) {
			if (Math.abs(now - first.wakeAt) < LOST_MS) break;
			this.#waiting.shift();
		}
		let ahead = 0;
		for (const other of this.#waiting) {
			if (other === ticket) break;
			ahead += other.segments;
		}
		const wait = Math.max(this.#freeAt - now, 0) + ahead * SEGMENT_MS;
		if (wait > 0) {
			const ms = Math.min(Math.max(wait, 1), LOST_MS / 2);
			ticket.wakeAt = now + ms;
			return ms;
		}
		const place = this.#waiting.indexOf(ticket);
		if (place >= 0) this.#waiting.splice(place, 1);
		this.#rank = Math.max(this.#rank, ticket.rank);
		this.#freeAt = now + ticket.segments * SEGMENT_MS;
		return 0;
	}
}

/** Those of one channel: each of its turns is of a later rank than the one before. */
export class ChannelTurns {
	readonly #turns: ReadingTurns;
	#rank = 0;

	constructor(turns: ReadingTurns) {
		this.#turns = turns;
	}

	/** Waits for a turn to read a number of segments. Returns undefined where it is now. `sleep` is the waiter's own. */
	take(segments: number, sleep: (ms: number) => Promise<void>): Promise<void> | undefined {
		const ticket = this.#turns.enter(this.#rank + 1, segments);
		this.#rank = ticket.rank;
		const ms = this.#turns.claim(ticket);
		return ms > 0 ? this.#wait(ticket, ms, sleep) : undefined;
	}

	async #wait(ticket: Ticket, first: number, sleep: (ms: number) => Promise<void>): Promise<void> {
		for (let ms = first; ms > 0; ms = this.#turns.claim(ticket)) await sleep(Math.ceil(ms));
	}
}
