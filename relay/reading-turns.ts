// Turns of reading: what channels read and encode is spread, so that no channel holds up the others.
// Knows times, costs and an order; never knows what is read, nor for whom.

/** Time that a segment of about 4 KiB takes of the thread, ms: a waiter asks again after those before it. */
const SEGMENT_MS = 0.1;
/** So many of those who come next ask again at each turn of the engine. More would cost as much as they read. */
const NEXT = 4;
/** After so long without a turn, the next one waits for nobody, ms. */
const IDLE_MS = 2;
/** Longest sleep, ms: those before it may go without their turn. */
const MAX_SLEEP_MS = 20;
/** A waiter that is so late does not come any more, ms: its object may have ended. */
const LOST_MS = 1000;

/** A place in the order. */
export interface Ticket {
	readonly rank: number;
	readonly segments: number;
	/** When it asks again, ms since the Unix epoch. */
	wakeAt: number;
	/** Turns that were taken when it fell asleep. Undefined until then. */
	takenBefore?: number;
}

/** All channels of an isolate share one, since they share its thread. */
export class ReadingTurns {
	readonly #clock: () => number;
	/** Turns that were taken, and when the last one was, ms since the Unix epoch. */
	#taken = 0;
	#takenAt = 0;
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

	/**
	 * Takes the turn and returns undefined, or returns how long to wait before asking again, ms: 0 for a turn of the engine. Between
	 * two turns of reading there is one of the engine, in which it does everything else.
	 */
	claim(ticket: Ticket): number | undefined {
		const now = this.#clock();
		for (let first = this.#waiting[0]; first && first !== ticket; first = this.#waiting[0]) {
			if (Math.abs(now - first.wakeAt) < LOST_MS) break;
			this.#waiting.shift();
		}
		const place = this.#waiting.indexOf(ticket);
		if (place < 0) this.#waiting.push(ticket); // it was late, and given up
		const isIdle = Math.abs(now - this.#takenAt) > IDLE_MS;
		if (this.#waiting[0] === ticket && (isIdle || ticket.takenBefore === this.#taken)) {
			this.#waiting.shift();
			this.#rank = Math.max(this.#rank, ticket.rank);
			this.#taken++;
			this.#takenAt = now;
			return undefined;
		}
		let ahead = 0;
		for (const other of this.#waiting) {
			if (other === ticket) break;
			ahead += other.segments;
		}
		const ms = place < NEXT ? 0 : Math.min(ahead * SEGMENT_MS, MAX_SLEEP_MS);
		ticket.wakeAt = now + ms;
		ticket.takenBefore = this.#taken;
		return ms;
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
		return ms === undefined ? undefined : this.#wait(ticket, ms, sleep);
	}

	async #wait(ticket: Ticket, first: number, sleep: (ms: number) => Promise<void>): Promise<void> {
		for (let ms: number | undefined = first; ms !== undefined; ms = this.#turns.claim(ticket))
			await sleep(Math.ceil(ms));
	}
}
