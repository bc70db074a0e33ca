// That the relay is there, told to all who have heard nothing for a while as soon as one of them asks.
// Knows times and turns; never knows messages, sockets or who they are.
import { HEARTBEAT_MS } from './protocol/limits.ts';
import { inSlices } from './slices.ts';

/** Whoever may be waiting for a sign of life. */
export interface Listener {
	/** When something was sent to him, milliseconds since 1970; 0 where that is not known. */
	readonly toldAt: number;
	/** Tells him, unless he is not to be told now. */
	assure(): void;
}

export interface HeartbeatOptions {
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Runs a function once the engine has sent what it was given. */
	afterDrain: (run: () => void) => void;
	/** All who are connected. */
	listeners: () => Iterable<Listener>;
}

/**
 * Thousands who are idle would each ask in their turn, and the engine wakes for each of them; they are told
 * in one go for a fraction of that, and nobody else needs to ask.
 */
export class Heartbeat {
	readonly #options: HeartbeatOptions;
	#beatAt = 0;

	constructor(options: HeartbeatOptions) {
		this.#options = options;
	}

	/** Somebody has asked, and has his answer. */
	beat(): void {
		const { clock, listeners } = this.#options;
		const now = clock();
		// A clock that went back says nothing of how long ago it was.
		if (Math.abs(now - this.#beatAt) < HEARTBEAT_MS) return;
		this.#beatAt = now;
		const assure = (listener: Listener) => {
			if (Math.abs(now - listener.toldAt) >= HEARTBEAT_MS) listener.assure();
		};
		inSlices([...listeners()], assure, this.#options.afterDrain);
	}
}
