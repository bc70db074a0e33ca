// Who is here: connections in, people out, and who asked is told of them once a second at the most.
// Knows people and when they were heard; clock, timers and the engine's turn are passed in. Never knows sockets, tokens or the log.
import { can, type Identity } from './identity.ts';
import type { Hello } from './protocol/client-message.ts';
import type { Person } from './protocol/event.ts';
import {
	MAX_MOVES,
	MAX_PEOPLE,
	PRESENCE_INTERVAL_MS,
	PRESENCE_PING_MS,
	PRESENCE_TIMEOUT_MS,
} from './protocol/limits.ts';
import type { Presence as Told } from './protocol/relay-message.ts';
import { inSlices } from './slices.ts';

/** Who says nothing for so long is asked whether he is there: a page in the background is late by itself, and answers at once. */
const PROBE_MS = PRESENCE_PING_MS + 1000;
/** How long an answer may take; and after so long nobody is asked any more. */
const ANSWER_MS = 5000;
const LOST_MS = 120_000;

const encoder = new TextEncoder();

/** A connection, as far as presence goes. */
export interface Visitor {
	/** Its name, which is that of a person of whom nothing else is known. */
	readonly connection: string;
	/** False while he is so far behind that nothing is to be added. */
	readonly isReady: boolean;
	tell(frame: Uint8Array): void;
	/** When the engine answered a ping of this connection last, ms since the Unix epoch. Undefined where it has not. */
	readonly pingedAt?: number | undefined;
	/** Asks whether he is there. */
	probe(): void;
	/** What `remember` answers of him is another. */
	keep(): void;
}

/** What of a visitor must survive the relay's sleep. Times are milliseconds since 1970. */
export interface PresenceMemory {
	/** As he said; a proven name is remembered with who proved it. */
	name?: string;
	color?: string;
	/** When he came, and when he said his name last. */
	since: number;
	at: number;
	/** When he was heard last; 0 where he is taken for gone. */
	heard: number;
	/** When he was asked whether he is there, if he has said nothing since; where he is taken for gone, since when. */
	probed?: number | undefined;
}

export interface PresenceOptions {
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Runs a function after that many milliseconds, unless what it returns is called before. */
	startTimer: (ms: number, run: () => void) => () => void;
	/** Runs a function once the engine has sent what it was given. */
	afterDrain: (run: () => void) => void;
	/** Told of faults of our own that have no caller. */
	onFault: (error: unknown) => void;
}

interface Visit extends PresenceMemory {
	visitor: Visitor;
	/** The identity of the hello that asked for it, whatever its connection becomes meanwhile. */
	who: Identity;
	key: string;
	/** The state of which he was told. */
	version: number;
}

interface Attendee {
	person: Person;
	since: number;
	/** When the name was said. */
	at: number;
	visits: Set<Visit>;
}

/** Those of one channel. */
export class Presence {
	readonly #options: PresenceOptions;
	/** All who asked; those who are taken for gone too, since they may be heard again. */
	readonly #visits = new Map<Visitor, Visit>();
	/** In the order of their coming. */
	#attendees = new Map<string, Attendee>();
	#isOrdered = true;
	/** Those whose last connection ended so lately that they may be back: a reload is neither leave nor join. */
	readonly #leaving = new Map<string, number>();
	/** Who came and went since everybody was told last. */
	readonly #joined = new Map<string, Person>();
	readonly #left = new Map<string, Person>();
	/** Counts states: of people, their names and colours. */
	#version = 0;
	/** The state that was told last, and when. */
	#toldVersion = 0;
	#toldAt = 0;
	#whole: { version: number; frame: Uint8Array } | undefined;
	#isSending = false;
	/** When everybody is told next, and what calls it off. */
	#due: { at: number; end: () => void } | undefined;
	#sweptAt = 0;

	constructor(options: PresenceOptions) {
		this.#options = options;
	}

	/** Those who are here now. */
	read(): Pick<Told, 'total' | 'people'> {
		this.#sweep(this.#options.clock());
		this.#schedule();
		return this.#describe();
	}

	/** A hello of `who` has come: shows this person by that name from now on, or not any more. */
	greet(visitor: Visitor, who: Identity, wish: Hello['presence']): void {
		if (!wish || !can(who, 'presence') || !can(who, 'read')) {
			this.leave(visitor);
			return;
		}
		const now = this.#options.clock();
		const earlier = this.#visits.get(visitor);
		const key = keyOf(visitor, who);
		const isSame = earlier?.key === key;
		if (earlier && !isSame) this.leave(visitor);
		const name = who.subject ? undefined : wish.name;
		const { color } = wish;
		const visit: Visit = {
			...{ visitor, who, key, since: isSame ? earlier.since : now, at: now, heard: now, version: 0 },
			...(name === undefined ? {} : { name }),
			...(color === undefined ? {} : { color }),
		};
		if (isSame) this.#attendees.get(key)?.visits.delete(earlier);
		this.#visits.set(visitor, visit);
		this.#attend(visit);
		this.#tellWhole(visit);
		this.#schedule();
	}

	/** He was here when the relay fell asleep, and everybody has been told. */
	resume(visitor: Visitor, who: Identity, memory: PresenceMemory): void {
		const visit: Visit = { ...memory, visitor, who, key: keyOf(visitor, who), version: this.#version };
		this.#visits.set(visitor, visit);
		if (visit.heard === 0) return;
		this.#isOrdered = false;
		const known = this.#attendees.get(visit.key);
		this.#attendees.set(visit.key, join(known, visit));
	}

	/** Returns what is to be remembered of a visitor beside its identity. Undefined if it is not here as that. */
	remember(visitor: Visitor, who: Identity): PresenceMemory | undefined {
		const visit = this.#visits.get(visitor);
		if (visit?.key !== keyOf(visitor, who)) return undefined;
		const { name, color, since, at, heard, probed } = visit;
		return {
			...(name === undefined ? {} : { name }),
			...(color === undefined ? {} : { color }),
			...{ since, at, heard },
			...(probed === undefined ? {} : { probed }),
		};
	}

	/** Something came from a connection, be it a visitor's or not. */
	hear(visitor: Visitor): void {
		const now = this.#options.clock();
		const visit = this.#visits.get(visitor);
		if (visit) {
			const isBack = visit.heard === 0;
			if (isBack) this.#return(visit, now);
			visit.heard = now;
			visit.probed = undefined;
			// What was not sent because he was behind.
			if (!isBack && visit.version < this.#toldVersion && !this.#isSending) this.#tellWhole(visit);
		}
		if (this.#sweep(now)) this.#schedule();
	}

	/** He was taken for gone, and is heard again. */
	#return(visit: Visit, heard: number): void {
		visit.heard = heard;
		visit.probed = undefined;
		visit.since = heard;
		this.#attend(visit);
		this.#tellWhole(visit);
		this.#schedule();
	}

	leave(visitor: Visitor): void {
		const visit = this.#visits.get(visitor);
		if (!visit) return;
		this.#visits.delete(visitor);
		const attendee = this.#attendees.get(visit.key);
		attendee?.visits.delete(visit);
		if (attendee?.visits.size !== 0) return;
		this.#leaving.set(visit.key, this.#options.clock());
		this.#schedule();
	}

	#attend(visit: Visit): void {
		const { key } = visit;
		const known = this.#attendees.get(key);
		const attendee = join(known, visit);
		this.#attendees.set(key, attendee);
		this.#leaving.delete(key);
		if (known && isAlike(known.person, attendee.person)) return;
		this.#version++;
		if (!known && !this.#left.delete(key)) this.#joined.set(key, attendee.person);
		// The one who came since everybody was told is told by the name that he has now.
		if (this.#joined.has(key)) this.#joined.set(key, attendee.person);
	}

	#depart(key: string): void {
		const attendee = this.#attendees.get(key);
		this.#leaving.delete(key);
		if (!attendee) return;
		this.#attendees.delete(key);
		this.#version++;
		if (!this.#joined.delete(key)) this.#left.set(key, attendee.person);
	}

	/** Looks for those who have fallen silent, or speak again; true where somebody is gone or back. */
	#sweep(now: number): boolean {
		if (Math.abs(now - this.#sweptAt) < PRESENCE_INTERVAL_MS) return false;
		this.#sweptAt = now;
		const before = this.#version;
		const asked: Visit[] = [];
		for (const visit of this.#visits.values()) {
			const { visitor } = visit;
			// A ping that the engine answered was not heard here.
			const pingedAt = visitor.pingedAt ?? 0;
			if (visit.heard === 0) {
				if (pingedAt > (visit.probed ?? now)) {
					this.#return(visit, pingedAt);
					visitor.keep();
				}
				continue;
			}
			if (pingedAt > visit.heard) {
				visit.heard = pingedAt;
				visit.probed = undefined;
			}
			const { heard, probed } = visit;
			const silence = now - heard;
			if (silence < PROBE_MS) continue;
			const isUnanswered = probed !== undefined && now - probed >= ANSWER_MS;
			if (silence >= LOST_MS || (silence >= PRESENCE_TIMEOUT_MS && isUnanswered)) this.#lose(visit, now);
			else if (probed === undefined) {
				visit.probed = now;
				asked.push(visit);
			}
		}
		// A relay that was suspended finds everybody silent at once.
		const ask = (visit: Visit) => {
			const { visitor } = visit;
			if (this.#visits.get(visitor) !== visit || visit.probed === undefined) return;
			visitor.keep();
			this.#guard(() => visitor.probe());
		};
		inSlices(asked, ask, this.#options.afterDrain);
		return this.#version !== before;
	}

	#lose(visit: Visit, now: number): void {
		visit.heard = 0;
		visit.probed = now;
		visit.visitor.keep();
		const attendee = this.#attendees.get(visit.key);
		attendee?.visits.delete(visit);
		if (attendee?.visits.size === 0) this.#depart(visit.key);
	}

	/** Has everybody told as soon as there is something to tell and may be. */
	#schedule(): void {
		if (this.#isSending) return;
		const isChanged = this.#version !== this.#toldVersion;
		const [leftAt] = this.#leaving.values(); // the first to leave is the first to be gone
		if (!isChanged && leftAt === undefined) return;
		const now = this.#options.clock();
		const last = isChanged ? this.#toldAt : Math.max(this.#toldAt, leftAt ?? 0);
		// Within these bounds also where the clock goes back.
		const wait = Math.min(Math.max(last + PRESENCE_INTERVAL_MS - now, 0), PRESENCE_INTERVAL_MS);
		const at = now + wait;
		if (this.#due && this.#due.at <= at) return;
		this.#due?.end();
		this.#due = { at, end: this.#options.startTimer(wait, () => this.#flush()) };
	}

	#flush(): void {
		this.#due = undefined;
		const now = this.#options.clock();
		for (const [key, leftAt] of this.#leaving) {
			if (Math.abs(now - leftAt) >= PRESENCE_INTERVAL_MS) this.#depart(key);
		}
		if (this.#version === this.#toldVersion) {
			this.#schedule();
			return;
		}
		this.#toldAt = now;
		this.#toldVersion = this.#version;
		const frame = this.#encode([...this.#joined.values()], [...this.#left.values()]);
		this.#joined.clear();
		this.#left.clear();
		this.#isSending = true;
		this.#broadcast(frame, this.#version);
	}

	/** As a commit's frame goes out. */
	#broadcast(frame: Uint8Array, version: number): void {
		const tell = (visit: Visit) => {
			const { visitor, heard } = visit;
			if (visit.version >= version || heard === 0 || this.#visits.get(visitor) !== visit) return;
			if (visitor.isReady) this.#tell(visit, frame, version);
		};
		inSlices([...this.#visits.values()], tell, this.#options.afterDrain, () => {
			this.#isSending = false;
			this.#schedule();
		});
	}

	#tellWhole(visit: Visit): void {
		if (!visit.visitor.isReady) return;
		const version = this.#version;
		if (this.#whole?.version !== version) this.#whole = { version, frame: this.#encode([], []) };
		this.#tell(visit, this.#whole.frame, version);
	}

	#tell(visit: Visit, frame: Uint8Array, version: number): void {
		visit.version = version;
		this.#guard(() => visit.visitor.tell(frame));
	}

	#describe(): Pick<Told, 'total' | 'people'> {
		if (!this.#isOrdered) {
			this.#isOrdered = true;
			this.#attendees = new Map([...this.#attendees].sort(([, a], [, b]) => a.since - b.since));
		}
		const people: Person[] = [];
		for (const { person } of this.#attendees.values()) {
			if (people.length === MAX_PEOPLE) break;
			people.push(person);
		}
		return { total: this.#attendees.size, people };
	}

	#encode(joined: Person[], left: Person[]): Uint8Array {
		const moves = { joined: joined.slice(0, MAX_MOVES), left: left.slice(0, MAX_MOVES) };
		const told: Told = { type: 'presence', ...this.#describe(), ...moves };
		return encoder.encode(JSON.stringify(told));
	}

	/** One visitor's trouble is nobody else's. */
	#guard(act: () => void): void {
		try {
			act();
		} catch (error) {
			this.#options.onFault(error);
		}
	}
}

function idOf({ connection }: Visitor, who: Identity): string {
	return who.subject || who.author || connection;
}

/** Nobody becomes another by choosing a key or a name. */
function keyOf(visitor: Visitor, who: Identity): string {
	return `${who.subject ? 'proven' : 'unproven'} ${idOf(visitor, who)}`;
}

/** The same person with one connection more; he has the name that he said last, on whichever. */
function join(known: Attendee | undefined, visit: Visit): Attendee {
	const visits = (known?.visits ?? new Set()).add(visit);
	const isNewest = !known || visit.at >= known.at;
	const { person, at } = isNewest ? { person: toPerson(visit), at: visit.at } : known;
	return { person, at, since: Math.min(known?.since ?? visit.since, visit.since), visits };
}

function toPerson({ visitor, who, name: said, color }: Visit): Person {
	const { subject, name: proven } = who;
	const name = subject ? proven : said;
	return {
		id: idOf(visitor, who),
		...(name === undefined ? {} : { name }),
		...(color === undefined ? {} : { color }),
		verified: subject !== '',
	};
}

function isAlike(a: Person, b: Person): boolean {
	return a.name === b.name && a.color === b.color;
}
