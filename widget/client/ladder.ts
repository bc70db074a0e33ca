// Which transport: down where one is blocked, up again when it is not; remembered for the tab.
// Knows their order and when to try another; never knows what is said.
import { findStorage } from './browser-storage.ts';
import { createEventStream } from './event-stream.ts';
import { createLongPoll } from './long-poll.ts';
import { type CreateTransport, TRANSPORT_MEMORY } from './transport.ts';
import { createWebSocket } from './websocket.ts';

/** From the best to the one that always gets through. */
const RUNGS: readonly CreateTransport[] = [createWebSocket, createEventStream, createLongPoll];
/** An attempt to climb follows after so long, then after twice as long, up to a bound; milliseconds. */
const FIRST_CLIMB_MS = 30_000;
const LAST_CLIMB_MS = 600_000;
/** A relay that answers at all does so within this time, milliseconds. */
const HEALTH_TIMEOUT_MS = 5000;

/** The client that is moved from rung to rung. */
export interface Climber {
	/** Address of the relay, and of the channel's events there. */
	readonly relay: string;
	readonly url: string;
	/** Has the present transport brought a welcome? */
	isOpen(): boolean;
	/** Uses another transport from the next attempt on. */
	use(create: CreateTransport): void;
	reconnect(): void;
}

export class Ladder {
	readonly #climber: Climber;
	#rung = 0;
	#isLooking = false;
	#climbMs = FIRST_CLIMB_MS;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#abort = new AbortController();

	constructor(climber: Climber) {
		this.#climber = climber;
		const known = Number(findStorage('sessionStorage')?.[TRANSPORT_MEMORY + climber.relay]);
		if (RUNGS[known]) this.#stand(known);
	}

	end(): void {
		clearTimeout(this.#timer);
		this.#abort.abort();
	}

	/** Attempts have failed: if the relay answers, it is the transport that is blocked. */
	async descend(): Promise<void> {
		if (this.#isLooking) return;
		this.#isLooking = true;
		const isHealthy = await isUp(this.#climber.relay);
		this.#isLooking = false;
		if (!isHealthy || this.#abort.signal.aborted || this.#climber.isOpen()) return;
		this.#stand((this.#rung + 1) % RUNGS.length);
		this.#climber.reconnect();
	}

	/** Looks now whether a better way is open, as after a change of networks. */
	climb(): void {
		clearTimeout(this.#timer);
		if (this.#rung === 0) return;
		const attempt = createWebSocket(this.#climber.url, {
			onOpen: () => {
				attempt.close();
				if (this.#abort.signal.aborted || this.#rung === 0) return;
				this.#stand(0);
				this.#climber.reconnect();
			},
			onMessage() {},
			onClose: () => {
				this.#climbMs = Math.min(this.#climbMs * 2, LAST_CLIMB_MS);
				this.#wait();
			},
		});
		this.#abort.signal.addEventListener('abort', () => attempt.close(), { once: true });
		attempt.open();
	}

	#stand(rung: number): void {
		this.#rung = rung;
		this.#climber.use(RUNGS[rung] as CreateTransport); // below the length
		this.#climbMs = FIRST_CLIMB_MS;
		try {
			const memory = findStorage('sessionStorage') ?? {};
			if (rung === 0) delete memory[TRANSPORT_MEMORY + this.#climber.relay];
			else memory[TRANSPORT_MEMORY + this.#climber.relay] = String(rung);
		} catch {
			// The browser remembers nothing; the next page finds out for itself.
		}
		this.#wait();
	}

	#wait(): void {
		clearTimeout(this.#timer);
		if (this.#rung === 0 || this.#abort.signal.aborted) return;
		// With jitter, since a relay that was behind something comes back for everybody at once.
		this.#timer = setTimeout(() => this.climb(), this.#climbMs * (0.5 + Math.random()));
	}
}

/** Does the relay answer a plain request? */
async function isUp(relay: string): Promise<boolean> {
	try {
		return (await fetch(`${relay}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) })).ok;
	} catch {
		return false;
	}
}
