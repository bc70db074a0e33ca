// What a relay or a channel has done and how long it took: counts since it began, and rates of its last minute.
// Knows numbers and times; never knows how they are written, or who reads them.
import type { ErrorCode } from './protocol/errors.ts';

const SECOND_MS = 1000;
/** Rates are of so many seconds at the most: of all its time, for what is younger. */
const WINDOW_S = 60;
/** So many of the newest durations tell what is slow. */
const KEPT_DURATIONS = 256;
/** Upper bounds of the durations that are counted together, milliseconds. */
export const DURATION_BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500] as const;

/** Work that is measured from when it begins until `end`, without the time in which it waits for something to happen. */
export interface Work {
	pause(): void;
	resume(): void;
	end(): void;
}

/** A number of times, and what these came to together. */
export interface Sum {
	count: number;
	total: number;
}

/** What waits in a channel. */
export interface Strain {
	/** Drafts that are not stored yet, and their bytes. */
	drafts: number;
	draftBytes: number;
	/** Entries that the slowest viewer has not been sent. */
	lag: number;
}

/** Figures as they are at one moment. */
export interface Readings {
	/** When the counting began, and now; milliseconds since 1970. */
	since: number;
	time: number;
	/** Requests and messages of clients. */
	requests: number;
	requestsPerSecond: number;
	/** How long one takes, milliseconds: over the last minute, and of all since the beginning. */
	meanMs: number;
	p95Ms: number;
	durationMs: number;
	/** How many took no longer than each of `DURATION_BOUNDS_MS`. */
	durations: number[];
	/** The part of the time in which nothing was worked on, 0 to 1; and how long something was, milliseconds. */
	idle: number;
	busyMs: number;
	/** Stored: events, and entries with those that change something. */
	events: number;
	eventBytes: number;
	receipts: number;
	duplicates: number;
	refusals: Partial<Record<ErrorCode, number>>;
	/** Handed to the engine for viewers and publishers. */
	frames: number;
	frameBytes: number;
	/** Entries and their bytes by commit. */
	commitEntries: Sum;
	commitBytes: Sum;
	/** Milliseconds by operation. */
	reads: Sum;
	writes: Sum;
}

/** What one second of the window has seen. */
interface Second {
	second: number;
	requests: number;
	durationMs: number;
	busyMs: number;
}

/** A channel's figures are its relay's too: what is counted in one is counted in its parent. */
export class Figures {
	readonly #clock: () => number;
	readonly #parent: Figures | undefined;
	/** When the counting began, milliseconds since 1970. */
	readonly since: number;
	/** As the channel has noted it last; one that sleeps has left it so. */
	readonly strain: Strain = { drafts: 0, draftBytes: 0, lag: 0 };
	readonly #seconds: Second[] = Array.from({ length: WINDOW_S }, () => createSecond(-1));
	/** A ring of when a request ended and how long it took. */
	readonly #newest: { time: number; ms: number }[] = [];
	readonly #durations: number[] = DURATION_BOUNDS_MS.map(() => 0);
	readonly #refusals = new Map<ErrorCode, number>();
	readonly #sums = { commitEntries: createSum(), commitBytes: createSum(), reads: createSum(), writes: createSum() };
	readonly #counts = { events: 0, eventBytes: 0, receipts: 0, duplicates: 0, frames: 0, frameBytes: 0 };
	#requests = 0;
	#durationMs = 0;
	#busyMs = 0;
	/** How much is being worked on, and since when there is any. */
	#working = 0;
	#workingSince = 0;

	constructor(clock: () => number = Date.now, parent?: Figures) {
		this.#clock = clock;
		this.#parent = parent;
		this.since = clock();
	}

	/** A request has come. */
	begin(): Work {
		const parent = this.#parent?.begin();
		let since = this.#enter();
		let ms = 0;
		let state: 'working' | 'waiting' | 'over' = 'working';
		const stop = (next: 'waiting' | 'over') => {
			if (state === 'working') ms += this.#leave(since);
			state = next;
		};
		return {
			pause: () => {
				parent?.pause();
				if (state === 'working') stop('waiting');
			},
			resume: () => {
				parent?.resume();
				if (state !== 'waiting') return;
				since = this.#enter();
				state = 'working';
			},
			end: () => {
				parent?.end();
				if (state === 'over') return;
				stop('over');
				this.#count(ms);
			},
		};
	}

	/** Runs what answers a message at once. */
	measure(run: () => void): void {
		const since = this.#enter();
		try {
			if (this.#parent) this.#parent.measure(run);
			else run();
		} finally {
			this.#count(this.#leave(since));
		}
	}

	/** Runs what no request waits for, and what keeps the relay busy all the same. */
	occupy(run: () => void): void {
		const since = this.#enter();
		try {
			if (this.#parent) this.#parent.occupy(run);
			else run();
		} finally {
			this.#leave(since);
		}
	}

	/** A commit has stored so many entries, so many of them events. */
	committed(entries: number, bytes: number, events: number): void {
		add(this.#sums.commitEntries, entries);
		add(this.#sums.commitBytes, bytes);
		this.#counts.events += events;
		this.#counts.eventBytes += bytes;
		this.#parent?.committed(entries, bytes, events);
	}

	/** So many drafts have a receipt now, of which some had one before. */
	settled(receipts: number, duplicates: number): void {
		this.#counts.receipts += receipts;
		this.#counts.duplicates += duplicates;
		this.#parent?.settled(receipts, duplicates);
	}

	refused(code: ErrorCode): void {
		this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
		this.#parent?.refused(code);
	}

	/** The engine was handed a frame. */
	sent(bytes: number): void {
		this.#counts.frames++;
		this.#counts.frameBytes += bytes;
		this.#parent?.sent(bytes);
	}

	/** Storage was asked for something, and had it after so many milliseconds. */
	stored(kind: 'reads' | 'writes', ms: number): void {
		add(this.#sums[kind], ms);
		this.#parent?.stored(kind, ms);
	}

	/** Nobody was told anything by it: names that strangers invent are such. */
	get isUnused(): boolean {
		return this.#counts.frames === 0 && this.#counts.receipts === 0;
	}

	read(): Readings {
		const time = this.#clock();
		const first = Math.floor(time / SECOND_MS) - WINDOW_S + 1;
		const elapsedMs = Math.max(Math.min(time - this.since, time - first * SECOND_MS), 1);
		const all = createSecond(0);
		for (const { second, requests, durationMs, busyMs } of this.#seconds) {
			if (second < first) continue;
			all.requests += requests;
			all.durationMs += durationMs;
			all.busyMs += busyMs;
		}
		const nowMs = this.#working > 0 ? Math.max(time - this.#workingSince, 0) : 0;
		const recent = this.#newest.filter((one) => one.time >= first * SECOND_MS).map(({ ms }) => ms);
		recent.sort((one, other) => one - other);
		return {
			...{ since: this.since, time, requests: this.#requests },
			requestsPerSecond: (all.requests * SECOND_MS) / elapsedMs,
			meanMs: all.requests === 0 ? 0 : all.durationMs / all.requests,
			p95Ms: recent[Math.ceil(recent.length * 0.95) - 1] ?? 0,
			...{ durationMs: this.#durationMs, durations: [...this.#durations] },
			idle: Math.max(1 - (all.busyMs + Math.min(nowMs, elapsedMs)) / elapsedMs, 0),
			busyMs: this.#busyMs + nowMs,
			...this.#counts,
			refusals: Object.fromEntries(this.#refusals),
			...structuredClone(this.#sums),
		};
	}

	#enter(): number {
		const now = this.#clock();
		if (this.#working++ === 0) this.#workingSince = now;
		return now;
	}

	/** Answers how long it was, milliseconds. */
	#leave(since: number): number {
		const now = this.#clock();
		// What runs beside something else makes nobody busier.
		if (--this.#working === 0) {
			this.#busyMs += Math.max(now - this.#workingSince, 0);
			// Each second has its own part of it.
			let from = Math.max(this.#workingSince, now - WINDOW_S * SECOND_MS);
			while (from < now) {
				const to = Math.min((Math.floor(from / SECOND_MS) + 1) * SECOND_MS, now);
				this.#second(from).busyMs += to - from;
				from = to;
			}
		}
		return Math.max(now - since, 0); // a clock may be set back
	}

	#count(ms: number): void {
		const time = this.#clock();
		const second = this.#second(time);
		second.requests++;
		second.durationMs += ms;
		this.#newest[this.#requests % KEPT_DURATIONS] = { time, ms };
		this.#requests++;
		this.#durationMs += ms;
		const at = DURATION_BOUNDS_MS.findIndex((bound) => ms <= bound);
		for (let index = at; at >= 0 && index < DURATION_BOUNDS_MS.length; index++)
			this.#durations[index] = (this.#durations[index] ?? 0) + 1;
	}

	#second(time: number): Second {
		const second = Math.floor(time / SECOND_MS);
		const at = second % WINDOW_S;
		const known = this.#seconds[at];
		if (known?.second === second) return known;
		const next = createSecond(second);
		this.#seconds[at] = next;
		return next;
	}
}

/** Readings of which nothing was counted yet. */
export function emptyReadings(time: number): Readings {
	return new Figures(() => time).read();
}

/** Those of the readings that are totals: rates are of one memory. */
const COUNTS = [
	'requests',
	'durationMs',
	'busyMs',
	'events',
	'eventBytes',
	'receipts',
	'duplicates',
	'frames',
	'frameBytes',
] as const;
const SUMS = ['commitEntries', 'commitBytes', 'reads', 'writes'] as const;

/** Adds the totals of other readings to these. */
export function addReadings(to: Readings, more: Readings): void {
	for (const name of COUNTS) to[name] += more[name];
	for (const name of SUMS) {
		const { count, total } = more[name];
		to[name] = { count: to[name].count + count, total: to[name].total + total };
	}
	to.durations = DURATION_BOUNDS_MS.map((_, index) => (to.durations[index] ?? 0) + (more.durations[index] ?? 0));
	for (const [code, count] of Object.entries(more.refusals) as [ErrorCode, number][])
		to.refusals[code] = (to.refusals[code] ?? 0) + count;
}

/** Returns what was counted between two readings of one memory. */
export function subtractReadings(later: Readings, earlier: Readings): Readings {
	const between = structuredClone(later);
	for (const name of COUNTS) between[name] -= earlier[name];
	for (const name of SUMS) {
		const { count, total } = earlier[name];
		between[name] = { count: later[name].count - count, total: later[name].total - total };
	}
	between.durations = later.durations.map((count, index) => count - (earlier.durations[index] ?? 0));
	for (const [code, count] of Object.entries(earlier.refusals) as [ErrorCode, number][])
		between.refusals[code] = (later.refusals[code] ?? 0) - count;
	return between;
}

const KEPT_CHANNELS = 1000;

/** Figures of the channels that were used last. Those of a channel outlast its sleep, which clears its own memory. */
export class ChannelFigures {
	readonly #relay: Figures;
	readonly #clock: () => number;
	readonly #channels = new Map<string, Figures>();

	constructor(clock: () => number, relay: Figures) {
		this.#clock = clock;
		this.#relay = relay;
	}

	/** What waits in all of them, and how far the slowest viewer is behind. */
	get strain(): Strain {
		const sum: Strain = { drafts: 0, draftBytes: 0, lag: 0 };
		for (const { strain } of this.#channels.values()) {
			sum.drafts += strain.drafts;
			sum.draftBytes += strain.draftBytes;
			sum.lag = Math.max(sum.lag, strain.lag);
		}
		return sum;
	}

	of(channel: string): Figures {
		const figures = this.#channels.get(channel) ?? new Figures(this.#clock, this.#relay);
		this.#channels.delete(channel);
		this.#channels.set(channel, figures);
		if (this.#channels.size > KEPT_CHANNELS) this.#forget(figures);
		return figures;
	}

	/** The oldest goes, of those of which nobody had anything first. */
	#forget(newest: Figures): void {
		const known = [...this.#channels].filter(([, figures]) => figures !== newest);
		const [oldest] = known.find(([, figures]) => figures.isUnused) ?? known[0] ?? [];
		if (oldest !== undefined) this.#channels.delete(oldest);
	}
}

function createSecond(second: number): Second {
	return { second, requests: 0, durationMs: 0, busyMs: 0 };
}

function createSum(): Sum {
	return { count: 0, total: 0 };
}

function add(sum: Sum, amount: number): void {
	sum.count++;
	sum.total += amount;
}
