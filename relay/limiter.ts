// How much somebody may still do: the limits of the settings, held for a subject, a connection and an address.
// Knows whose limits count together; never knows sockets, requests or what an event says.
import { type Identity, NOBODY } from './identity.ts';
import { FeedError } from './protocol/errors.ts';
import { Quotas } from './quotas.ts';
import type { Limits } from './settings.ts';

/** What is limited of one connection; a request is one of its own. */
export interface Connection {
	readonly who: Identity;
	/** Its name in this process; absent for a request, which lasts too short for a limit. */
	readonly connection?: string;
}

export class Limiter {
	readonly #limits: Limits;
	readonly #quotas: Quotas;

	constructor(limits: Limits, clock: () => number, quotas = new Quotas(clock)) {
		this.#limits = limits;
		this.#quotas = quotas;
	}

	/** Takes one event of so many bytes, or answers why not. */
	publish(publisher: Connection, bytes: number): FeedError | undefined {
		const { publishes, publishedBytes } = this.#limits;
		if (publishes === undefined && publishedBytes === undefined) return undefined;
		const tellEvents = (limit: number) => `${limit} events a minute are allowed`;
		const tellBytes = (limit: number) => `${limit} bytes of events a minute are allowed`;
		const tooMany = this.#take(publisher, 'publishes', 1, publishes, tellEvents);
		if (tooMany) return tooMany;
		const tooMuch = this.#take(publisher, 'bytes', bytes, publishedBytes, tellBytes);
		// It was not taken, so it does not count: it will come again, perhaps more than once.
		if (tooMuch && publishes) this.#quotas.charge(namesOf(publisher, 'publishes'), -1, publishes);
		return tooMuch;
	}

	/** One message more that brings no event. */
	message({ connection = '' }: Pick<Connection, 'connection'>): FeedError | undefined {
		const { messages } = this.#limits;
		const text = (limit: number) => `${limit} messages a minute that bring no event are allowed`;
		return this.#take({ who: NOBODY, connection }, 'messages', 1, messages, text);
	}

	/** Somebody comes to a channel that is not in use. */
	openChannel({ who }: Connection): FeedError | undefined {
		const text = (limit: number) => `${limit} new channels a minute are allowed`;
		return this.#take({ who }, 'channels', 1, this.#limits.newChannels, text);
	}

	/** May he read back now? What it comes to is charged afterwards. */
	replay(reader: Connection): FeedError | undefined {
		const text = (limit: number) => `${limit} bytes of history a minute are allowed`;
		return this.#take(reader, 'replay', 1, this.#limits.replayedBytes, text);
	}

	replayed(reader: Connection, bytes: number): void {
		const { replayedBytes } = this.#limits;
		if (replayedBytes) this.#quotas.charge(namesOf(reader, 'replay'), bytes, replayedBytes);
	}

	#take(
		whose: Connection,
		what: string,
		amount: number,
		limit: number | undefined,
		tell: (limit: number) => string,
	): FeedError | undefined {
		if (limit === undefined) return undefined;
		const retryMs = this.#quotas.take(namesOf(whose, what), amount, limit);
		if (retryMs === 0) return undefined;
		const seconds = Math.ceil(retryMs / 1000);
		const error = new FeedError('rate-limited', `${tell(limit)}; try again in ${seconds} s.`);
		error.retryMs = retryMs;
		return error;
	}
}

/** All of whom nothing is known are one: a limit that is set holds for somebody. */
function namesOf({ who: { subject, address }, connection }: Connection, what: string): string[] {
	const names = [
		...(subject ? [`${what} subject ${subject}`] : []),
		...(address ? [`${what} address ${address}`] : []),
		...(connection ? [`${what} connection ${connection}`] : []),
	];
	return names.length > 0 ? names : [`${what} of anybody`];
}
