// Which transport: down where one is blocked, up again when it is not; remembered for the tab.
// Knows their order and when to try another; never knows what is said.
import { FeedError } from '../../relay/protocol/errors.ts';
import { findStorage } from './browser-storage.ts';
import { createEventStream } from './event-stream.ts';
import { createLongPoll } from './long-poll.ts';
import { type CreateTransport, TRANSPORT_MEMORY, type Transport } from './transport.ts';
import { createWebSocket, liveSockets } from './websocket.ts';

/** From the best to the one that always gets through. */
const RUNGS: readonly CreateTransport[] = [createWebSocket, createEventStream, createLongPoll];
/** An attempt to climb follows after so long, then after twice as long, up to a bound; milliseconds. */
const FIRST_CLIMB_MS = 30_000;
const LAST_CLIMB_MS = 600_000;
/** A relay that answers at all does so within this time, and welcomes within that; milliseconds. */
const HEALTH_TIMEOUT_MS = 5000;
const WELCOME_TIMEOUT_MS = 10_000;

/** So many sockets may be all: Firefox opens 200 for all pages, Chromium 255. */
const MANY_SOCKETS = 190;

/** The client that is moved from rung to rung. */
export interface Climber {
	/** Address of the relay, and of the channel's events there. */
	readonly relay: string;
	readonly url: string;
	/** Has the present transport brought a welcome? */
	isOpen(): boolean;
	/** Uses another transport from the next attempt on. */
	use(create: CreateTransport): void;
	/** Tries now, unless it was refused for good. */
	reconnect(): unknown;
	/** Says why it is offline. */
	explain(problem: FeedError): void;
}

export class Ladder {
	readonly #climber: Climber;
	#rung = 0;
	#isLooking = false;
	/** How often in a row the relay answered although an attempt had failed. */
	#doubts = 0;
	#attempt: Transport | undefined;
	#climbMs = FIRST_CLIMB_MS / 2;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#abort = new AbortController();

	constructor(climber: Climber) {
		this.#climber = climber;
	}

	/** Stands where the tab stood last; before the first attempt. */
	recall(): void {
		const known = Number(findStorage('sessionStorage')?.[TRANSPORT_MEMORY + this.#climber.relay]);
		if (RUNGS[known]) this.#stand(known);
	}

	end(): void {
		clearTimeout(this.#timer);
		this.#attempt?.close();
		this.#abort.abort();
	}

	/** Attempts have failed: if the relay answers, it is the transport that is blocked. */
	async descend(): Promise<void> {
		if (this.#isLooking) return;
		if ([...liveSockets.values()].some((url) => url.startsWith(this.#climber.relay))) {
			// It is not blocked, and streams and polls would take the few connections that requests have.
			if (this.#rung > 0) this.#stand(0);
			const { size } = liveSockets;
			const text = `This browser opens no more connections: ${size} channels of this page are connected. Show fewer channels in one page.`;
			if (size >= MANY_SOCKETS) this.#climber.explain(new FeedError('too-many-connections', text));
			return;
		}
		this.#isLooking = true;
		const isHealthy = await isUp(this.#climber.relay);
		this.#isLooking = false;
		if (this.#abort.signal.aborted || this.#climber.isOpen()) return;
		this.#doubts = isHealthy ? this.#doubts + 1 : 0;
		// Once may be a relay that has just come back.
		if (!isHealthy || (this.#rung === 0 && this.#doubts < 2)) return;
		if (this.#rung === 0) this.#climbMs = Math.min(this.#climbMs * 2, LAST_CLIMB_MS); // a climb that did not last
		this.#stand((this.#rung + 1) % RUNGS.length);
		this.#climber.reconnect();
	}

	/** After a wake-up nothing tells whether a line of requests still lives: begins it anew. Answers whether it is one. */
	wake(): boolean {
		if (this.#rung === 0) return false;
		this.#climber.reconnect();
		this.climb();
		return true;
	}

	/** Looks now whether a better way is open, as after a change of networks. */
	climb(rung = 0): void {
		clearTimeout(this.#timer);
		this.#attempt?.close();
		if (this.#abort.signal.aborted) return;
		if (rung >= this.#rung) {
			this.#climbMs = Math.min(this.#climbMs * 2, LAST_CLIMB_MS);
			this.#wait();
			return;
		}
		const next = () => this.climb(rung + 1);
		// Only what comes through counts: some proxies open a socket and pass nothing.
		const attempt = (RUNGS[rung] as CreateTransport)(this.#climber.url, {
			onOpen: () => attempt.send('{"type":"hello","protocol":1,"history":0}'),
			onMessage: () => {
				attempt.close();
				this.#stand(rung);
				this.#climber.reconnect();
			},
			onClose: next,
		});
		this.#attempt = attempt;
		attempt.open();
		this.#timer = setTimeout(next, WELCOME_TIMEOUT_MS);
	}

	#stand(rung: number): void {
		this.#rung = rung;
		this.#doubts = 0;
		this.#climber.use(RUNGS[rung] as CreateTransport); // below the length
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
