// Who else is here, for a client that wants to know: keeps this reader present, and makes sense of what the relay tells.
// Knows frames and people; never knows sockets, or how anybody is shown.
import type { Hello } from '../../relay/protocol/client-message.ts';
import type { Person } from '../../relay/protocol/event.ts';
import { MAX_MOVES, MAX_PEOPLE, PRESENCE_PING_MS } from '../../relay/protocol/limits.ts';
import type { Presence, RelayMessage } from '../../relay/protocol/relay-message.ts';

/** Who was cut off with this reader is back by so much after the time that the relay gave; milliseconds. */
const RETURN_MS = 10_000;
/** People that are remembered at the most. */
const MOST_KNOWN = 1000;

/** Who is here now, and what has changed since the last time. */
export interface Company extends Omit<Presence, 'type'> {
	/** How many came and left besides those that are named. */
	moreJoined: number;
	moreLeft: number;
}

/** Of a way to the relay that has no presence: read now and then, so what has changed is for us to find. */
export type ReadPresence = Presence & { isRead: true };

export interface Watched {
	/** Is it open, with a welcome? */
	isOpen(): boolean;
	ping(isFull: boolean): void;
}

export class Attendance {
	readonly #watched: Watched;
	readonly #tell: () => void;
	/** What is said of it in each hello. */
	wish: Pick<Hello, 'presence'> = {};
	/** Those that were told of as here. */
	readonly #known = new Set<string>();
	company: Company | undefined;
	#isWhole = true;
	/** Until then those who were cut off come back, which is no news. */
	#returningUntil = 0;
	#pingedAt = 0;
	#timer: ReturnType<typeof setInterval> | undefined;

	constructor(watched: Watched, tell: () => void) {
		this.#watched = watched;
		this.#tell = tell;
	}

	/** He is to be present so, or not any more. */
	want(presence: Hello['presence'] | undefined): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.wish = presence ? { presence } : {};
		if (presence || !this.company) return;
		this.company = undefined;
		this.#known.clear();
		this.#tell();
	}

	/** A message of the relay, before the client has done with it what it does. */
	hear(message: RelayMessage | undefined): void {
		if (message?.type === 'welcome') {
			this.#isWhole = true;
			this.#returningUntil = Date.now() + message.returnMs + RETURN_MS;
			const id = message.subject ?? message.own?.author;
			if (id) this.#known.add(id); // that he is here himself is no news to him
		} else if (message?.type === 'pong') {
			// The relay asks, since this page's own timers are late: in the background.
			if (this.#timer && Date.now() - this.#pingedAt > PRESENCE_PING_MS) this.#ping();
		} else if (message?.type === 'presence') this.#take(message);
	}

	#ping(): void {
		this.#pingedAt = Date.now();
		if (this.#watched.isOpen()) this.#watched.ping(true); // who is here is for the relay to know
	}

	#take(told: Presence | ReadPresence): void {
		const isRead = 'isRead' in told;
		if (!isRead) this.#timer ??= setInterval(() => this.#ping(), PRESENCE_PING_MS);
		const { total, people } = told;
		const last = this.#isWhole && !isRead ? undefined : this.company;
		this.#isWhole = false;
		const [joined, left] = isRead ? compare(this.company?.people, people) : [told.joined, told.left];
		const rise = total - (last?.total ?? total);
		const company: Company = {
			...{ total, people, left },
			joined: joined.filter(({ id }) => !this.#known.has(id)),
			moreJoined: joined.length < MAX_MOVES ? 0 : Math.max(rise + left.length - joined.length, 0),
			moreLeft: left.length < MAX_MOVES ? 0 : Math.max(joined.length - rise - left.length, 0),
		};
		for (const { id } of left) this.#known.delete(id);
		const isComplete = people.length === total && Date.now() > this.#returningUntil;
		if (isComplete || this.#known.size > MOST_KNOWN) this.#known.clear();
		for (const { id } of [...people, ...joined]) this.#known.add(id);
		this.company = company;
		this.#tell();
	}
}

/** Who came and who went, as far as it can be told from the first ones alone. */
function compare(before: readonly Person[] | undefined, now: readonly Person[]): [joined: Person[], left: Person[]] {
	if (!before) return [[], []];
	const without = (some: readonly Person[], others: readonly Person[]) =>
		some.filter(({ id }) => others.every((other) => other.id !== id));
	const isWhole = Math.max(before.length, now.length) < MAX_PEOPLE;
	return isWhole ? [without(now, before), without(before, now)] : [[], []];
}
