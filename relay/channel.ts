// A channel: drafts in, one log, the same order to everybody.
// Knows commit and fan-out; log, clock and the engine's turn are passed in.
// Never knows PartyKit, HTTP, sockets or JSON.
import { DraftQueue } from './draft-queue.ts';
import { Filter, Frame } from './frame.ts';
import { digestDraft } from './idempotency.ts';
import { createEntry, type Entry, type Log, type UsedKey } from './log.ts';
import { type Begin, createPageFilter, LogReader, type PageQuery, type Start } from './log-reader.ts';
import { Pages } from './pages.ts';
import { PROTOCOL_VERSION } from './protocol/client-message.ts';
import { createError, FeedError } from './protocol/errors.ts';
import type { Actor, CheckedDraft, FeedEvent, Page, Pulse, Receipt } from './protocol/event.ts';
import {
	MAX_COMMIT_BYTES,
	MAX_EVENT_BYTES,
	MAX_FILTERS,
	MAX_QUEUE_BYTES,
	MAX_RETURN_MS,
	MIN_RETURN_MS,
	RETURN_MS_PER_VIEWER,
	SLICE_VIEWERS,
} from './protocol/limits.ts';
import { formatPosition, parsePosition } from './protocol/position.ts';
import type { Welcome } from './protocol/relay-message.ts';
import { PulseCounter } from './pulse.ts';
import type { Viewer } from './viewer.ts';
import { Waiters } from './waiters.ts';

const HOUR_MS = 3_600_000;

/** What came of one draft. */
export type Result = { ref: number } & ({ receipt: Receipt } | { error: FeedError });

/** Whoever hands in drafts and wants to know what came of them. */
export interface Publisher {
	/** Whom a token proved; empty for the unproven. */
	readonly subject: string;
	/** Called with the results of all his drafts that one commit took, in their order; at once for what is refused for now. */
	settle(results: readonly Result[]): void;
}

export interface ChannelOptions {
	log: Log;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Runs a function once the engine has sent what it was given: `setTimeout(run, 0)`. */
	afterDrain: (run: () => void) => void;
	/** Told of faults of our own that have no caller. */
	onFault: (error: unknown) => void;
	/** How much may wait for the next commits, bytes: 16 MiB unless given. */
	maxQueueBytes?: number;
}

/** A draft as it is handed in. */
export interface Submission {
	/** The publisher's own number for it; the same where it comes again after it was refused for now. */
	ref: number;
	draft: CheckedDraft;
	/** Of its JSON, at about. */
	bytes: number;
}

interface Pending extends Submission {
	publisher: Publisher;
}

/** How long so many viewers take to come back one after the other, milliseconds. */
export function spreadReturn(viewers: number): number {
	return Math.min(Math.max(viewers * RETURN_MS_PER_VIEWER, MIN_RETURN_MS), MAX_RETURN_MS);
}

export class Channel {
	readonly #log: Log;
	readonly #options: ChannelOptions;
	readonly #reader: LogReader;
	readonly #pages: Pages;
	readonly #pulse = new PulseCounter();
	/** All who are fed; those of them who are live get each commit's frame. */
	readonly #viewers = new Set<Viewer>();
	readonly #live = new Set<Viewer>();
	readonly #waiters = new Waiters();
	/** The time to come back that all viewers know of at the least, milliseconds. */
	#toldReturnMs = MIN_RETURN_MS;
	readonly #filters = new Map<string, { filter: Filter; viewers: number }>();
	readonly #queue: DraftQueue<Pending>;
	/** Why nothing is taken or read here any more. */
	#failure: FeedError | undefined;
	#isDraining = false;
	#isPrepared = false;
	#isPreparing = false;

	constructor(options: ChannelOptions) {
		this.#log = options.log;
		this.#reader = new LogReader(options.log, options.clock);
		this.#pages = new Pages(options.log);
		this.#options = options;
		this.#queue = new DraftQueue(options.maxQueueBytes ?? MAX_QUEUE_BYTES);
	}

	/** Reads what serving needs; nothing else may be called before. */
	async load(): Promise<void> {
		await this.#log.load();
		const start = this.#options.clock() - HOUR_MS;
		for await (const { event } of this.#reader.backwards(this.#log.last + 1)) {
			if (event.time < start) break;
			this.#count(event);
		}
	}

	get first(): number {
		return this.#log.first;
	}

	get last(): number {
		return this.#log.last;
	}

	get epoch(): string {
		return this.#log.epoch;
	}

	/** The position of the newest entry. */
	get position(): string {
		return formatPosition({ epoch: this.epoch, seq: this.last });
	}

	readPulse(): Pulse {
		return this.#pulse.read(this.#options.clock());
	}

	/** Within this time whoever is cut off comes back, milliseconds. */
	get returnMs(): number {
		return spreadReturn(this.#viewers.size + this.#waiters.size);
	}

	/** The first word to a viewer who begins at `begin`. */
	welcome(begin: Begin, { types }: Filter): Welcome {
		const { epoch, first, last, returnMs } = this;
		return {
			...{ type: 'welcome', protocol: PROTOCOL_VERSION, epoch, first, last, ...begin },
			...(types.length > 0 ? { types: [...types] } : {}),
			...{ time: this.#options.clock(), pulse: this.readPulse(), returnMs },
		};
	}

	/**
	 * Takes drafts, in order. They are stored with all others that gather until the last broadcast has drained;
	 * `publisher.settle` then gets a receipt or an error for each.
	 */
	publish(publisher: Publisher, drafts: readonly Submission[]): void {
		if (this.#failure) {
			this.#settleFailed(drafts.map(({ ref }) => ({ publisher, ref })));
			return;
		}
		const refused: Result[] = [];
		for (const { ref, draft, bytes } of drafts) {
			const error = this.#queue.add({ publisher, ref, draft, bytes });
			if (error) refused.push({ ref, error });
		}
		if (refused.length > 0) this.#guard(() => publisher.settle(refused));
		if (this.#isPrepared) this.#commitUnlessDraining();
		else this.#prepare();
	}

	/** A draft that was refused for now does not come again: those after it are taken. */
	giveUp(publisher: Publisher, ref: number): void {
		this.#queue.giveUp(publisher, ref);
	}

	/** A filter shared by all who ask for the same types; undefined where the channel evaluates too many or too long ones. */
	takeFilter(types: readonly string[] | undefined): Filter | undefined {
		const key = Filter.key(types ?? []);
		if (key === undefined) return undefined;
		let shared = this.#filters.get(key);
		if (!shared) {
			const distinct = this.#filters.size - (this.#filters.has('') ? 1 : 0);
			if (key !== '' && distinct >= MAX_FILTERS) return undefined;
			const filter = new Filter(key === '' ? [] : key.split(' '));
			filter.covered = this.last;
			shared = { filter, viewers: 0 };
			this.#filters.set(key, shared);
		}
		shared.viewers++;
		return shared.filter;
	}

	/** Gives back what `takeFilter` gave. */
	releaseFilter(filter: Filter): void {
		const key = Filter.key(filter.types) ?? '';
		const shared = this.#filters.get(key);
		if (shared?.filter === filter && --shared.viewers === 0) this.#filters.delete(key);
	}

	/** Where a reader begins who wants `start`. */
	async begin(start: Start, filter: Filter): Promise<Begin> {
		if (this.#failure) throw this.#failure;
		return this.#reader.begin(start, filter);
	}

	/** Feeds a viewer from `after` on: from the log until he has everything, then live. Never rejects. */
	feed(viewer: Viewer, after: number): Promise<void> {
		viewer.start(after);
		return this.#follow(viewer);
	}

	#follow(viewer: Viewer): Promise<void> {
		if (this.#failure) {
			this.#guard(() => viewer.sink.fail());
			return Promise.resolve();
		}
		this.#viewers.add(viewer);
		this.#spread();
		return this.#sendHistory(viewer).catch((error) => {
			this.#options.onFault(error);
			this.leave(viewer);
			this.#guard(() => viewer.sink.fail());
		});
	}

	/** Those who came first were told of a time that was long enough for few: told anew at each doubling. */
	#spread(): void {
		const { returnMs } = this;
		if (returnMs < 2 * this.#toldReturnMs) return;
		this.#toldReturnMs = returnMs;
		for (const viewer of this.#viewers) this.#guard(() => viewer.sink.spread?.(returnMs));
	}

	async #sendHistory(viewer: Viewer): Promise<void> {
		const turn = ++viewer.turn;
		viewer.isLive = false;
		while (viewer.cursor < this.#log.last) {
			if (!viewer.sink.isReady()) await viewer.sink.whenReady();
			if (viewer.turn !== turn) return;
			const page = await this.#pages.read(viewer.cursor);
			if (viewer.turn !== turn) return;
			viewer.sendHistory(page);
		}
		viewer.isLive = true;
		this.#live.add(viewer);
		if (this.#live.size === this.#viewers.size) this.#pages.clear();
	}

	/** A viewer who already has everything, as after the relay has slept. */
	resume(viewer: Viewer): void {
		viewer.start(this.last);
		// How much of what his filter left out he was told of is forgotten: the next frame covers all of it.
		if (viewer.filter.types.length > 0) viewer.filter.covered = 0;
		viewer.isLive = true;
		this.#viewers.add(viewer);
		this.#live.add(viewer);
	}

	leave(viewer: Viewer): void {
		viewer.turn++;
		viewer.isLive = false;
		this.#viewers.delete(viewer);
		this.#live.delete(viewer);
		if (this.#live.size === this.#viewers.size) this.#pages.clear();
	}

	/** A page of history. */
	async page(query: PageQuery): Promise<Page> {
		if (this.#failure) throw this.#failure;
		return (await this.#reader.read(query)).page;
	}

	/**
	 * A page as soon as there is something to say; where nothing comes until `over`, one without events.
	 * With what a welcome says of now. Not for reading back. Rejects with a FeedError where the channel fails meanwhile.
	 */
	async waitForPage(query: PageQuery, over: AbortSignal): Promise<Page> {
		const filter = createPageFilter(query.types);
		const { limit, types } = query;
		let reading = query;
		for (let isOver = over.aborted; ; ) {
			const { page, recovered } = await this.#reader.read(reading);
			if (this.#failure) throw this.#failure;
			const { seq } = parsePosition(page.next as string); // null is said of reading back alone
			const isNew = page.events.length > 0 || !recovered;
			if (isNew || isOver) {
				return { ...page, time: this.#options.clock(), pulse: this.readPulse(), returnMs: this.returnMs };
			}
			// What was stored while the page was read is looked at first.
			const waited = seq < this.last ? { seq, isOver } : await this.#waiters.wait(filter, seq, over);
			isOver = waited.isOver;
			reading = { after: { epoch: this.epoch, seq: waited.seq }, limit, types };
		}
	}

	/** The relay is about to stop: streams end, and who waits for a page has it. Sockets are told by their sessions. */
	goAway(): void {
		const { returnMs } = this;
		for (const viewer of [...this.#viewers]) this.#guard(() => viewer.sink.goAway?.(returnMs));
		this.#waiters.end();
	}

	/** The channel can no longer be trusted: who reads or publishes here is told, and comes back to another one. */
	fail(error: FeedError): void {
		this.#failure = error;
		for (const viewer of [...this.#viewers]) {
			this.leave(viewer);
			this.#guard(() => viewer.sink.fail());
		}
		this.#waiters.fail(error);
		this.#settleFailed(this.#queue.take());
	}

	/** Loads the used keys at the first publish; drafts wait for it in their order. */
	#prepare(): void {
		if (this.#isPreparing) return;
		this.#isPreparing = true;
		this.#log
			.loadKeys()
			.then(() => {
				this.#isPrepared = true;
				this.#commitUnlessDraining();
			})
			.catch((error) => {
				this.#options.onFault(error);
				this.#settleFailed(this.#queue.take());
			})
			.finally(() => {
				this.#isPreparing = false;
			});
	}

	#commitUnlessDraining(): void {
		if (!this.#isDraining && this.#queue.drafts.length > 0) this.#commit();
	}

	#settleFailed(drafts: readonly { publisher: Publisher; ref: number }[]): void {
		const error = createError('storage-failed');
		for (const { publisher, ref } of drafts) this.#guard(() => publisher.settle([{ ref, error }]));
	}

	/** Stores what has gathered, by one storage operation, and sends it as one frame. */
	#commit(): void {
		const results = new Map<Publisher, Result[]>();
		const entries: Entry[] = [];
		const keys = new Map<string, UsedKey>();
		const before = this.#log.last;
		let bytes = 0;
		let taken = 0;
		const time = Math.max(this.#options.clock(), this.#log.lastTime);
		for (const pending of this.#queue.drafts) {
			if (bytes >= MAX_COMMIT_BYTES) break;
			taken++;
			const result = this.#take(pending, before + entries.length + 1, time, keys);
			if ('entry' in result) {
				entries.push(result.entry);
				bytes += result.entry.bytes.length;
			}
			const { publisher } = pending;
			const own = results.get(publisher) ?? [];
			own.push(result);
			results.set(publisher, own);
		}
		this.#queue.take(taken);
		if (entries.length > 0) {
			try {
				this.#log.append(entries, [...keys.values()]);
			} catch (error) {
				this.#options.onFault(error);
				const own = [...results].flatMap(([publisher, own]) => own.map(({ ref }) => ({ publisher, ref })));
				// The later ones with them: a publisher's drafts keep their order.
				this.#settleFailed([...own, ...this.#queue.take()]);
				return;
			}
		}
		for (const [publisher, own] of results) this.#guard(() => publisher.settle(own));
		this.#waiters.wake(entries);
		if (entries.length === 0) {
			this.#commitUnlessDraining();
			return;
		}
		for (const { event } of entries) this.#count(event);
		const frame = new Frame(this.epoch, before + 1, this.#log.last, entries);
		for (const { filter } of this.#filters.values()) frame.cover(filter);
		this.#isDraining = true;
		this.#broadcast(frame, [...this.#live]);
	}

	#take(
		{ publisher: { subject }, ref, draft }: Pending,
		seq: number,
		time: number,
		keys: Map<string, UsedKey>,
	): Result & { entry?: Entry } {
		const { key, ...content } = draft;
		const epoch = this.#log.begin();
		const digest = key === undefined ? '' : digestDraft(draft);
		if (key !== undefined) {
			const used = keys.get(`${subject}\n${key}`) ?? this.#log.findKey(subject, key);
			if (used && used.digest !== digest) {
				const text = `The key ${key} was used for ${formatPosition({ epoch, seq: used.seq })} with other content. Give each event a key of its own.`;
				return { ref, error: new FeedError('key-conflict', text) };
			}
			if (used) {
				const id = formatPosition({ epoch, seq: used.seq });
				return { ref, receipt: { id, seq: used.seq, time: used.time, duplicate: true } };
			}
		}
		const id = formatPosition({ epoch, seq });
		const { actor, ...rest } = content;
		const proven: { actor?: Actor } = actor ? { actor: { ...actor, verified: false } } : {};
		const entry = createEntry({ id, seq, time, ...rest, ...proven });
		if (entry.bytes.length > MAX_EVENT_BYTES) {
			const text = `An event has at most ${MAX_EVENT_BYTES} bytes as JSON; this one has ${entry.bytes.length}.`;
			return { ref, error: new FeedError('event-too-large', text) };
		}
		if (key !== undefined) keys.set(`${subject}\n${key}`, { subject, key, digest, seq, time });
		return { ref, receipt: { id, seq, time, duplicate: false }, entry };
	}

	/** Sends a frame in slices; what gathered meanwhile is committed once the engine has drained. */
	#broadcast(frame: Frame, viewers: readonly Viewer[], start = 0): void {
		const end = Math.min(start + SLICE_VIEWERS, viewers.length);
		for (let index = start; index < end; index++) {
			const viewer = viewers[index] as Viewer; // below the length
			this.#guard(() => {
				if (!viewer.sendLive(frame)) this.#catchUp(viewer);
			});
		}
		this.#options.afterDrain(() => {
			if (end < viewers.length) {
				this.#broadcast(frame, viewers, end);
				return;
			}
			this.#isDraining = false;
			this.#guard(() => this.#commitUnlessDraining());
		});
	}

	#catchUp(viewer: Viewer): void {
		this.#live.delete(viewer);
		this.#follow(viewer);
	}

	#count(event: FeedEvent): void {
		this.#pulse.count(event.level ?? 'info', event.time);
	}

	/** One reader's or publisher's trouble is nobody else's. */
	#guard(act: () => void): void {
		try {
			act();
		} catch (error) {
			this.#options.onFault(error);
		}
	}
}
