// A channel: drafts in, one log, the same order to everybody.
// Knows commit and fan-out; log, clock and the engine's turn are passed in.
// Never knows PartyKit, HTTP, sockets or JSON.
import { type Amended, addReply, amend, isOwn, personOf } from './amendment.ts';
import { DraftQueue } from './draft-queue.ts';
import { FanOut } from './fan-out.ts';
import { Figures } from './figures.ts';
import { Filter, Frame } from './frame.ts';
import { digestDraft } from './idempotency.ts';
import { capabilitiesOf, deny, type Identity } from './identity.ts';
import type { Limiter } from './limiter.ts';
import {
	type Amendments,
	createEntry,
	type Entry,
	isEventEntry,
	type Log,
	type Reactions,
	tellChange,
	type UsedKey,
} from './log.ts';
import { type Begin, LogReader, type PageQuery, type Start, type Turn } from './log-reader.ts';
import { Pages } from './pages.ts';
import { CHANGING } from './protocol/capabilities.ts';
import { PROTOCOL_VERSION } from './protocol/client-message.ts';
import { isChangeDraft } from './protocol/draft.ts';
import { createError, FeedError } from './protocol/errors.ts';
import {
	type Actor,
	type Change,
	type ChangeDraft,
	type CheckedDraft,
	type FeedEvent,
	isChange,
	type Own,
	type Page,
	type Pulse,
	type Receipt,
	type Version,
} from './protocol/event.ts';
import {
	MAX_COMMIT_BYTES,
	MAX_DEFLATED_COMMIT_BYTES,
	MAX_EVENT_BYTES,
	MAX_FILTERS,
	MAX_JOINED_BYTES,
	MAX_QUEUE_BYTES,
	MAX_RETURN_MS,
	MIN_RETURN_MS,
	RETURN_MS_PER_VIEWER,
	SLICE_VIEWERS,
} from './protocol/limits.ts';
import { formatPosition, NO_EPOCH, type Position, parsePosition } from './protocol/position.ts';
import type { Welcome } from './protocol/relay-message.ts';
import type { Wish } from './protocol/wish.ts';
import { PulseCounter } from './pulse.ts';
import type { OnRead } from './reading-bounds.ts';
import { SEGMENT_BYTES } from './series.ts';
import type { Viewer } from './viewer.ts';
import { Waiters } from './waiters.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** The pulse is stored once for so many entries: no more than these are read to count it when the channel wakes. */
const PULSE_ENTRIES = 1000;
/** Of a commit: storage keys that it may change besides those of its new entries. */
const MAX_AMENDED_KEYS = 96;
/** Drafts whose events are made ready together for the next commits. */
const HELD_DRAFTS = 64;

/** Events of a page that are made JSON in one turn, and how none of them look. */
const FORMATTED_EVENTS = 100;
const NO_EVENTS = '"events":[]';

/** What came of one draft. */
export type Result = { ref: number } & ({ receipt: Receipt } | { error: FeedError });

/** Whoever hands in drafts and wants to know what came of them. */
export interface Publisher {
	/** Its name in this process, where it lasts longer than a request. */
	readonly connection?: string;
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
	/** Waits for a turn to read or to make ready what was read. Default: always now. */
	turn?: Turn;
	/** How much each may publish: as much as he wants unless given. */
	limiter?: Pick<Limiter, 'publish'>;
	/** Told of each draft that was refused. */
	onRefused?: (error: FeedError, who: Identity) => void;
	/** Told of what somebody did to another's event. */
	onModerated?: (change: Change, who: Identity) => void;
	/** How much may wait for the next commits, bytes: 16 MiB unless given. */
	maxQueueBytes?: number;
	/** How large an event may be as JSON, bytes: 64 KiB unless given, and never more. */
	maxEventBytes?: number;
	/** How many viewers are sent a frame before the engine gets its turn: 100 unless given. */
	sliceViewers?: number;
	/** Where is counted what happens here. */
	figures?: Counter;
}

type Counter = Pick<Figures, 'committed' | 'settled' | 'strain'>;

/** A draft as it is handed in. */
export interface Submission {
	/** The publisher's own number for it; the same where it comes again after it was refused for now. */
	ref: number;
	draft: CheckedDraft | ChangeDraft;
	/** Of its JSON, at about. */
	bytes: number;
}

interface Pending extends Submission {
	publisher: Publisher;
	/** The identity it was accepted with, whatever its connection has proved since. */
	who: Identity;
	/** The person whose drafts keep their order. */
	person: string;
	/** When it was accepted, ms since the Unix epoch: rights are those of then. */
	acceptedAt: number;
}

/** What a commit has come to so far. */
interface Commit {
	readonly time: number;
	/** In order, as viewers are sent them. */
	readonly entries: Entry[];
	readonly keys: Map<string, UsedKey>;
	/** Events that it has changed, by `seq`. */
	readonly states: Map<number, FeedEvent>;
	readonly reactions: Map<string, Map<number, readonly string[]>>;
	readonly versions: { seq: number; n: number; version: Version }[];
	readonly forgotten: { seq: number; count: number }[];
	readonly moderated: { change: Change; who: Identity }[];
	/** Storage keys that are changed besides. */
	amended: number;
}

/** How long so many viewers take to come back one after the other, milliseconds. */
export function spreadReturn(viewers: number): number {
	return Math.min(Math.max(viewers * RETURN_MS_PER_VIEWER, MIN_RETURN_MS), MAX_RETURN_MS);
}

/** An entry with what its event has become in the commit. */
function bringUp(entry: Entry, states: ReadonlyMap<number, FeedEvent>): Entry {
	const { event } = entry;
	const state = states.get(isChange(event) ? parsePosition(event.target).seq : event.seq);
	if (!state) return entry;
	if (!isChange(event)) return createEntry(state);
	const isLast = event.seq === state.version && event.state?.replies === state.replies;
	return isLast ? entry : tellChange(event, state);
}

/** What a token proves goes before what the draft says; what it does not prove is marked so. */
function prove({ subject, name, author }: Identity, actor: CheckedDraft['actor']): { actor?: Actor; author?: string } {
	const whose = author === undefined ? {} : { author };
	if (subject === '') return { ...(actor ? { actor: { ...actor, verified: false } } : {}), ...whose };
	const { name: _, ...rest } = actor ?? {};
	return { actor: { ...rest, id: subject, ...(name === undefined ? {} : { name }), verified: true } };
}

export class Channel {
	readonly #log: Log;
	readonly #options: ChannelOptions;
	readonly #reader: LogReader;
	readonly #pages: Pages;
	readonly #pulse = new PulseCounter();
	/** Up to here the pulse was stored. */
	#pulseSeq = 0;
	/** All who are fed; those of them who are live get each commit's frame. */
	readonly #viewers = new Set<Viewer>();
	readonly #live: FanOut;
	readonly #waiters = new Waiters();
	/** The time to come back that all viewers know of at the least, milliseconds. */
	#toldReturnMs = MIN_RETURN_MS;
	readonly #filters = new Map<string, { filter: Filter; viewers: number }>();
	readonly #queue: DraftQueue<Pending>;
	readonly #figures: Counter;
	/** Why nothing is taken or read here any more. */
	#failure: FeedError | undefined;
	/** A commit is being stored, deflated or sent. */
	#isBusy = false;
	/** What the next commit takes: as much as is not too much on the way to each viewer. */
	#commitBytes = MAX_COMMIT_BYTES;
	/** What the next drafts are about is being read. */
	#isHolding = false;
	#isPrepared = false;
	#isPreparing = false;

	constructor(options: ChannelOptions) {
		this.#log = options.log;
		this.#reader = new LogReader(options.log, options.clock, options.turn);
		this.#pages = new Pages(options.log);
		this.#options = options;
		this.#queue = new DraftQueue(options.maxQueueBytes ?? MAX_QUEUE_BYTES);
		this.#figures = options.figures ?? new Figures(options.clock);
		this.#live = new FanOut({
			afterDrain: options.afterDrain,
			onTurn: () => this.#commitWhileSending(),
			// One turn more: drafts that the engine has read, and not handed over while it was sending, go together.
			onDone: () => options.afterDrain(() => this.#goOn()),
			onLate: (viewer) => {
				if (this.#viewers.has(viewer)) void this.#follow(viewer); // he may have left at that
			},
			guard: (act) => this.#guard(act),
			sliceViewers: options.sliceViewers ?? SLICE_VIEWERS,
		});
	}

	/** Reads what serving needs; nothing else may be called before. */
	async load(): Promise<void> {
		await this.#log.load();
		const start = this.#options.clock() - HOUR_MS;
		const { last, pulse } = this.#log;
		// One of after this clock is of a clock that was wrong.
		const isUsable = pulse !== undefined && pulse.minute * MINUTE_MS <= start + MINUTE_MS;
		if (isUsable) this.#pulse.resume(pulse);
		const counted = isUsable ? pulse.seq : 0;
		this.#pulseSeq = counted;
		for await (const entries of this.#reader.backwards(last + 1)) {
			for (const { event } of entries) {
				if (event.time < start || event.seq <= counted) return;
				this.#count(event);
			}
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

	/** Where the log begins and ends, to name what a page of now shows: answered from memory unless events may have grown too old. */
	async readRange(): Promise<{ epoch: string; first: number; last: number }> {
		if (this.#failure) throw this.#failure;
		await this.#log.expire();
		const { epoch, first, last } = this;
		return { epoch, first, last };
	}

	/** How many events are kept, and of how many bytes they are, at about. */
	async measure(): Promise<{ count: number; bytes: number }> {
		if (this.#failure) throw this.#failure;
		return this.#log.measure();
	}

	readPulse(): Pulse {
		return this.#pulse.read(this.#options.clock());
	}

	/** Within this time whoever is cut off comes back, milliseconds. */
	get returnMs(): number {
		return spreadReturn(this.#viewers.size + this.#waiters.size);
	}

	/** The first word to a viewer who begins at `begin`. */
	welcome(begin: Begin, { types, status }: Filter, own: Own): Welcome {
		const { epoch, first, last, returnMs } = this;
		return {
			...{ type: 'welcome', protocol: PROTOCOL_VERSION, epoch, first, last, ...begin },
			...(types.length > 0 ? { types: [...types] } : {}),
			...(status.length > 0 ? { status: [...status] } : {}),
			...{ time: this.#options.clock(), pulse: this.readPulse(), returnMs, own },
		};
	}

	/** What somebody is told of himself. */
	async describe(who: Identity): Promise<Own> {
		const person = personOf(who);
		const own: Own = { can: capabilitiesOf(who) };
		if (who.author !== undefined) own.author = who.author;
		if (person === '' || this.#log.last === 0) return own;
		await this.#log.hold([], [person]);
		const reacted = [...(this.#log.reactionsOf(person) ?? [])].filter(([seq]) => seq >= this.first);
		if (reacted.length > 0) own.reacted = Object.fromEntries(reacted.map(([seq, signs]) => [seq, [...signs]]));
		return own;
	}

	/** The same to one who may publish and not read: nothing of what is here. */
	welcomeWriter(who: Identity): Welcome {
		const nothing = { epoch: NO_EPOCH, first: 0, last: 0, after: 0, recovered: true, returnMs: this.returnMs };
		const time = this.#options.clock();
		const pulse = { minute: Math.floor(time / 60_000), counts: {} };
		const own: Own = { can: capabilitiesOf(who) };
		return { type: 'welcome', protocol: PROTOCOL_VERSION, ...nothing, time, pulse, own };
	}

	/**
	 * Takes drafts, in order. They are stored at once, or with all others that gather until the last frame was sent, or, where they
	 * are little, until the next slice of it was; `publisher.settle` then gets a receipt or an error for each.
	 */
	publish(publisher: Publisher, drafts: readonly Submission[], who: Identity): void {
		if (this.#failure) {
			this.#settleFailed(drafts.map(({ ref }) => ({ publisher, ref, who })));
			return;
		}
		const refused: Result[] = [];
		const acceptedAt = this.#options.clock();
		const person = personOf(who);
		for (const { ref, draft, bytes } of drafts) {
			const pending = { publisher, who, person, acceptedAt, ref, draft, bytes };
			const error = this.#refuse(pending) ?? this.#add(pending);
			if (!error) continue;
			refused.push({ ref, error });
			this.#options.onRefused?.(error, who);
		}
		if (refused.length > 0) this.#guard(() => publisher.settle(refused));
		this.#noteQueue();
		if (this.#isPrepared) this.#commitUnlessBusy();
		else this.#prepare();
	}

	/** Rights to publish are looked at for each draft, here and nowhere else. */
	#refuse({ who, draft, acceptedAt: now }: Pending): FeedError | undefined {
		// Whether a change may be made depends on the event, which is looked at when it is its turn.
		if (isChangeDraft(draft)) return deny(who, now, ...CHANGING);
		return draft.replyTo === undefined ? deny(who, now, 'publish') : deny(who, now, 'comment', 'publish');
	}

	#add(pending: Pending): FeedError | undefined {
		const { publisher, who, bytes } = pending;
		const { connection } = publisher;
		const limited = { who, ...(connection === undefined ? {} : { connection }) };
		return this.#queue.add(pending, () => this.#options.limiter?.publish(limited, bytes));
	}

	/** A draft that was refused for now does not come again: those after it are taken. */
	giveUp(publisher: Publisher, ref: number): void {
		this.#queue.giveUp(publisher, ref);
	}

	/** A filter shared by all who ask for the same; undefined where the channel evaluates too many or it is too long. */
	takeFilter(wish: Wish = {}): Filter | undefined {
		const filter = new Filter(wish);
		if (!filter.isShort) return undefined;
		let shared = this.#filters.get(filter.key);
		if (!shared) {
			const distinct = this.#filters.size - (this.#filters.has('') ? 1 : 0);
			if (!filter.isAll && distinct >= MAX_FILTERS) return undefined;
			filter.covered = this.last;
			shared = { filter, viewers: 0 };
			this.#filters.set(filter.key, shared);
		}
		shared.viewers++;
		return shared.filter;
	}

	/** Gives back what `takeFilter` gave. */
	releaseFilter(filter: Filter): void {
		const shared = this.#filters.get(filter.key);
		if (shared?.filter === filter && --shared.viewers === 0) this.#filters.delete(filter.key);
	}

	/** Where a reader begins who wants `start`. */
	async begin(start: Start, filter: Filter, onRead?: OnRead): Promise<Begin> {
		if (this.#failure) throw this.#failure;
		return this.#reader.begin(start, filter, onRead);
	}

	/**
	 * Feeds a viewer from `after` on: from the log until he has everything, then live. Never rejects.
	 * `isFresh`: he knows no events yet, so that their changes are no news.
	 */
	feed(viewer: Viewer, { after, refresh }: Pick<Begin, 'after' | 'refresh'>, isFresh = false): Promise<void> {
		viewer.start(after, isFresh ? this.last : 0, refresh?.to);
		return this.#follow(viewer);
	}

	#follow(viewer: Viewer): Promise<void> {
		if (this.#failure) {
			this.#guard(() => viewer.sink.fail());
			return Promise.resolve();
		}
		this.#viewers.add(viewer);
		this.#live.delete(viewer);
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
			const page = await this.#pages.read(viewer.cursor, viewer.freshTo);
			if (viewer.turn !== turn) return;
			await viewer.sendHistory(this.#overtake(viewer, page));
			if (viewer.turn !== turn) return;
		}
		viewer.isLive = true;
		this.#live.add(viewer);
		this.#allHaveAll();
	}

	/** A page as a viewer is sent it who was so slow that changes which he has not had are no longer kept. */
	#overtake(viewer: Viewer, page: Frame): Frame {
		const { cursor, freshTo, refreshedTo, sink } = viewer;
		const { changesFrom } = this.#log;
		if (cursor < freshTo || changesFrom <= Math.max(cursor, refreshedTo) + 1) return page;
		viewer.refreshedTo = changesFrom - 1;
		if (sink.refresh) {
			sink.refresh(cursor + 1, changesFrom - 1);
			return page;
		}
		const left = page.entries.filter(({ event }) => event.seq >= changesFrom);
		return new Frame(page.epoch, changesFrom, Math.max(page.to, changesFrom - 1), left);
	}

	/** A viewer who already has everything, as after the relay has slept. */
	resume(viewer: Viewer): void {
		viewer.resume(this.last);
		this.#viewers.add(viewer);
		this.#live.add(viewer);
	}

	leave(viewer: Viewer): void {
		viewer.turn++;
		viewer.isLive = false;
		this.#viewers.delete(viewer);
		this.#live.delete(viewer);
		this.#allHaveAll();
	}

	/** The JSON of a page, a part at a turn. */
	async format(page: Page): Promise<string> {
		const [head = '', tail = ''] = JSON.stringify({ ...page, events: [] }).split(NO_EVENTS);
		const parts: string[] = [];
		for (let at = 0; at < page.events.length; at += FORMATTED_EVENTS) {
			const json = JSON.stringify(page.events.slice(at, at + FORMATTED_EVENTS)).slice(1, -1);
			parts.push(json);
			if (at + FORMATTED_EVENTS < page.events.length) await this.#options.turn?.(json.length / SEGMENT_BYTES);
		}
		return `${head}"events":[${parts.join(',')}]${tail}`;
	}

	/** A page of history. */
	async page(query: PageQuery, onRead?: OnRead): Promise<Page> {
		if (this.#failure) throw this.#failure;
		return (await this.#reader.read(query, onRead)).page;
	}

	/**
	 * One event as it stands, and its earlier texts.
	 * @throws FeedError `unknown-event`
	 */
	async readEvent({ epoch, seq }: Position): Promise<{ event: FeedEvent; versions: Version[] }> {
		if (this.#failure) throw this.#failure;
		const isHere = epoch === this.epoch;
		if (isHere) await this.#log.hold([seq], []);
		const event = isHere ? this.#log.find(seq) : undefined;
		if (!event) throw createError('unknown-event');
		return { event, versions: event.edited ? await this.#log.readVersions(seq) : [] };
	}

	/**
	 * A page as soon as there is something to say; where nothing comes until `over`, one without events.
	 * With what a welcome says of now. Not for reading back. Rejects with a FeedError where the channel fails meanwhile.
	 */
	async waitForPage(query: PageQuery, over: AbortSignal, onRead?: OnRead): Promise<Page> {
		const filter = new Filter(query);
		const { limit, types, status } = query;
		let reading = query;
		for (let isOver = over.aborted; ; ) {
			const { page, recovered, isCut } = await this.#reader.read(reading, onRead);
			if (this.#failure) throw this.#failure;
			const { seq } = parsePosition(page.next as string); // null is said of reading back alone
			const isNew = page.events.length > 0 || page.changes !== undefined || page.refresh !== undefined || !recovered;
			// Where there is more to look through, the reader goes on.
			if (isNew || isOver || (isCut && seq < this.last)) {
				return { ...page, time: this.#options.clock(), pulse: this.readPulse(), returnMs: this.returnMs };
			}
			// What was stored while the page was read is looked at first.
			const waited = seq < this.last ? { seq, isOver } : await this.#waiters.wait(filter, seq, over);
			isOver = waited.isOver;
			reading = { after: { epoch: this.epoch, seq: waited.seq }, limit, types, status };
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
		this.#log.close();
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
				this.#commitUnlessBusy();
			})
			.catch((error) => {
				this.#options.onFault(error);
				this.#settleFailed(this.#queue.take());
			})
			.finally(() => {
				this.#isPreparing = false;
			});
	}

	#commitUnlessBusy(): void {
		if (!this.#isBusy && !this.#isHolding && this.#queue.drafts.length > 0) this.#commit();
	}

	/**
	 * Of little, nobody waits until many have been sent what was before it: it goes with that to those who have not.
	 * A change waits: what it takes away is not to be sent once it has a receipt.
	 */
	#commitWhileSending(): void {
		const { bytes, drafts } = this.#queue;
		if (drafts.length === 0 || this.#isHolding || this.#live.bytes + bytes > MAX_JOINED_BYTES) return;
		if (!drafts.some(({ draft }) => isChangeDraft(draft))) this.#commit();
	}

	/** After a commit of which nothing is left to send. */
	#goOn(): void {
		this.#isBusy = this.#live.isSending;
		this.#commitUnlessBusy();
	}

	#settleFailed(drafts: readonly Pick<Pending, 'publisher' | 'ref' | 'who'>[]): void {
		const error = createError('storage-failed');
		this.#noteQueue();
		for (const { publisher, ref, who } of drafts) {
			this.#options.onRefused?.(error, who);
			this.#guard(() => publisher.settle([{ ref, error }]));
		}
	}

	/** Stores what has gathered, by one storage operation, and sends it as one frame. */
	#commit(): void {
		const results = new Map<Publisher, Result[]>();
		const before = this.#log.last;
		const commit: Commit = {
			...{ time: Math.max(this.#options.clock(), this.#log.lastTime), entries: [], keys: new Map(), states: new Map() },
			...{ reactions: new Map(), versions: [], forgotten: [], moderated: [], amended: 0 },
		};
		let entries: readonly Entry[] = commit.entries;
		let bytes = 0;
		let [taken, receipts, duplicates] = [0, 0, 0];
		for (const pending of this.#queue.drafts) {
			if (bytes >= this.#commitBytes || commit.amended >= MAX_AMENDED_KEYS) break;
			// What it is about has to be at hand; it is made so for this one and those after it.
			if (!this.#isHeld(pending)) break;
			taken++;
			const count = entries.length;
			const result = this.#take(pending, commit);
			for (let at = count; at < entries.length; at++) bytes += (entries[at] as Entry).bytes.length; // below the length
			const { publisher, who } = pending;
			const own = results.get(publisher) ?? [];
			own.push(result);
			results.set(publisher, own);
			if ('error' in result) this.#options.onRefused?.(result.error, who);
			else {
				receipts++;
				if (result.receipt.duplicate) duplicates++;
			}
		}
		if (taken === 0) {
			this.#hold();
			return;
		}
		const settling = this.#queue.take(taken);
		this.#noteQueue();
		this.#isBusy = true; // whoever publishes when he is told of these has it in the next one
		if (entries.length > 0 || commit.keys.size > 0) {
			try {
				entries = this.#append(commit);
			} catch (error) {
				this.#options.onFault(error);
				// The later ones with them: a publisher's drafts keep their order.
				this.#settleFailed([...settling, ...this.#queue.take()]);
				this.#goOn();
				return;
			}
		}
		for (const [publisher, own] of results) this.#guard(() => publisher.settle(own));
		this.#figures.settled(receipts, duplicates);
		for (const { change, who } of commit.moderated) this.#guard(() => this.#options.onModerated?.(change, who));
		this.#waiters.wake(entries);
		if (entries.length === 0) {
			this.#goOn();
			return;
		}
		const events = entries.filter(isEventEntry);
		this.#figures.committed(entries.length, bytes, events.length);
		for (const { event } of events) this.#count(event);
		this.#noteLag();
		const frame = new Frame(this.epoch, before + 1, this.#log.last, entries);
		for (const { filter } of this.#filters.values()) frame.cover(filter);
		this.#send(frame);
	}

	/** Deflated first for those who can inflate it, once for all of them. Who joins meanwhile has it from the log. */
	#send(frame: Frame): void {
		if (this.#live.isSending) {
			this.#live.send(frame); // with what was before it: together less than is worth deflating
			return;
		}
		const { inflating, plain } = this.#live.forms;
		const deflating = frame.deflateLive(inflating);
		const isForAll = ![...plain].some((filter) => frame.isFor(filter));
		if (!isForAll) this.#commitBytes = MAX_COMMIT_BYTES;
		if (!deflating) {
			this.#live.send(frame);
			return;
		}
		const send = () => {
			const bytes = MAX_COMMIT_BYTES / (frame.deflatedShare ?? 1);
			if (isForAll) this.#commitBytes = Math.min(Math.max(bytes, MAX_COMMIT_BYTES), MAX_DEFLATED_COMMIT_BYTES);
			this.#live.send(frame);
		};
		// What cannot be deflated is sent as it is.
		deflating.catch(this.#options.onFault).then(send);
	}

	/** Answers what is told of it: all as it stands after the commit, so that nothing shows that is removed already. */
	#append({ entries, keys, states, reactions, versions, forgotten }: Commit): readonly Entry[] {
		const told = states.size === 0 ? entries : entries.map((entry) => bringUp(entry, states));
		const { last } = this.#log;
		const older = [...states.values()].filter(({ seq }) => seq <= last);
		const amendments: Amendments = { states: older, reactions, versions, forgotten };
		const isDue = last - this.#pulseSeq >= PULSE_ENTRIES;
		const pulse = isDue ? { seq: last, ...this.#pulse.newest } : undefined;
		this.#log.append(told, [...keys.values()], states.size > 0 ? amendments : undefined, pulse);
		if (pulse) this.#pulseSeq = last;
		if (states.size > 0) this.#pages.change(this.#log.last);
		return told;
	}

	/** The event that a draft changes or answers. */
	#targetOf(draft: CheckedDraft | ChangeDraft): Position | undefined {
		const id = isChangeDraft(draft) ? draft.target : draft.replyTo;
		const target = id === undefined ? undefined : parsePosition(id);
		return target?.epoch === this.#log.epoch ? target : undefined;
	}

	#isHeld({ draft, person }: Pending): boolean {
		const target = this.#targetOf(draft);
		const isKnown = !target || target.seq > this.#log.last || this.#log.find(target.seq) !== undefined;
		if (!isKnown || !isChangeDraft(draft) || draft.reaction === undefined) return isKnown;
		return this.#log.reactionsOf(person) !== undefined;
	}

	/** Makes ready what the next drafts are about, and goes on. */
	#hold(): void {
		const next = this.#queue.drafts.slice(0, HELD_DRAFTS);
		const seqs = new Set(next.flatMap(({ draft }) => this.#targetOf(draft)?.seq ?? []));
		const reacting = next.filter(({ draft }) => isChangeDraft(draft) && draft.reaction !== undefined);
		this.#isHolding = true;
		this.#log
			.hold(seqs, new Set(reacting.map(({ person }) => person)))
			.then(() => {
				this.#isHolding = false;
				this.#commitUnlessBusy();
			})
			.catch((error) => {
				this.#isHolding = false;
				this.#options.onFault(error);
				this.#settleFailed(this.#queue.take());
			});
	}

	#take(pending: Pending, commit: Commit): Result {
		const { who, ref, draft } = pending;
		const { key } = draft;
		const { subject } = who;
		const name = `${subject}\n${key}`;
		const epoch = this.#log.begin();
		const digest = key === undefined ? '' : digestDraft(draft);
		if (key !== undefined) {
			const used = commit.keys.get(name) ?? this.#log.findKey(subject, key);
			if (used && used.digest !== digest) {
				const text = `The key ${key} was used for ${formatPosition({ epoch, seq: used.seq })} with other content. Give each event a key of its own.`;
				return { ref, error: new FeedError('key-conflict', text) };
			}
			if (used) {
				const id = formatPosition({ epoch, seq: used.seq });
				return { ref, receipt: { id, seq: used.seq, time: used.time, duplicate: true } };
			}
		}
		let receipt: Receipt;
		try {
			receipt = isChangeDraft(draft) ? this.#amend(draft, pending, commit) : this.#create(draft, who, commit);
		} catch (error) {
			if (error instanceof FeedError) return { ref, error };
			throw error;
		}
		const { seq, time } = receipt;
		if (key !== undefined) commit.keys.set(name, { subject, key, digest, seq, time });
		return { ref, receipt };
	}

	/** An event as the commit has it by now; undefined where there is none, or not any more. */
	#find({ seq }: Position, commit: Commit): FeedEvent | undefined {
		const added = seq > this.#log.last ? commit.entries[seq - this.#log.last - 1] : undefined;
		const known = commit.states.get(seq) ?? (added && isEventEntry(added) ? added.event : this.#log.find(seq));
		return known ?? undefined;
	}

	/** @throws FeedError `event-too-large` */
	#create(draft: CheckedDraft, who: Identity, commit: Commit): Receipt {
		const { key: _, actor, status, ...content } = draft;
		const { time, entries, states } = commit;
		const seq = this.#log.last + entries.length + 1;
		const id = formatPosition({ epoch: this.#log.begin(), seq });
		const target = draft.replyTo === undefined ? undefined : this.#targetOf(draft);
		const answered = target && this.#find(target, commit);
		const event: FeedEvent = {
			...{ id, seq, time, ...content, ...prove(who, actor) },
			...(answered ? { replyType: answered.type } : {}),
			...(status ? { status } : {}),
		};
		const entry = createEntry(event);
		const { maxEventBytes = MAX_EVENT_BYTES } = this.#options;
		if (entry.bytes.length > maxEventBytes) {
			const text = `An event has at most ${maxEventBytes} bytes as JSON here; this one has ${entry.bytes.length}.`;
			throw new FeedError('event-too-large', text);
		}
		entries.push(entry);
		if (answered) {
			if (!states.has(answered.seq)) commit.amended += 2;
			states.set(answered.seq, addReply(answered, event));
		}
		return { id, seq, time, duplicate: false };
	}

	/** @throws FeedError */
	#amend(draft: ChangeDraft, { who, person, acceptedAt }: Pending, commit: Commit): Receipt {
		const { time, entries, states, reactions } = commit;
		const target = this.#targetOf(draft);
		const event = target && this.#find(target, commit);
		if (!event) throw createError('unknown-event');
		const seq = this.#log.last + entries.length + 1;
		const epoch = this.#log.begin();
		const own = reactions.get(person) ?? this.#log.reactionsOf(person) ?? new Map();
		const { actor, author } = prove(who, draft.actor);
		const { first } = this;
		const amender = { who, acceptedAt, time, reactions: own, first, ...(actor ? { actor } : {}) };
		const amended = amend(event, draft, seq, amender);
		const { maxEventBytes = MAX_EVENT_BYTES } = this.#options;
		if (amended && draft.text !== undefined && createEntry(amended.event).bytes.length > maxEventBytes)
			throw new FeedError(
				'event-too-large',
				`An event has at most ${maxEventBytes} bytes as JSON here, edited ones too.`,
			);
		if (!amended) {
			const version = event.version ?? event.seq;
			return { id: formatPosition({ epoch, seq: version }), seq: version, time: event.time, duplicate: true };
		}
		this.#note(amended, person, own, commit);
		states.set(event.seq, amended.event);
		const id = formatPosition({ epoch, seq });
		const change: Change = {
			...{ id, seq, time, ...amended.told, target: event.id, type: event.type },
			...(event.replyType === undefined ? {} : { replyType: event.replyType }),
			...(actor ? { actor } : {}),
			...(author === undefined ? {} : { author }),
		};
		entries.push(tellChange(change, amended.event));
		if (!isOwn(event, who) && draft.reaction === undefined) commit.moderated.push({ change, who });
		return { id, seq, time, duplicate: false };
	}

	/** What is stored of a change beside the event itself. */
	#note(
		{ event: { seq }, signs, version, forgotten = 0 }: Amended,
		person: string,
		own: Reactions,
		commit: Commit,
	): void {
		if (!commit.states.has(seq)) commit.amended += 2; // a segment may become two
		if (signs) {
			if (!commit.reactions.has(person)) commit.amended++;
			const changed = commit.reactions.get(person) ?? new Map(own);
			commit.reactions.set(person, changed.set(seq, signs));
		}
		if (version) {
			commit.versions.push({ seq, ...version });
			commit.amended++;
		}
		if (forgotten === 0) return;
		commit.forgotten.push({ seq, count: forgotten });
		// What an edit of the same commit would keep goes too.
		for (let at = commit.versions.length - 1; at >= 0; at--)
			if (commit.versions[at]?.seq === seq) commit.versions.splice(at, 1);
	}

	#noteQueue(): void {
		const { strain } = this.#figures;
		strain.drafts = this.#queue.drafts.length;
		strain.draftBytes = this.#queue.bytes;
	}

	/** How far the slowest viewer is behind; looked for where somebody is, which is at commits alone: when many come back it would cost too much. */
	#noteLag(): void {
		let lag = 0;
		if (this.#isSomebodyBehind)
			for (const { cursor, isLive } of this.#viewers) if (!isLive) lag = Math.max(lag, this.last - cursor);
		this.#figures.strain.lag = lag;
	}

	/** Where nobody is behind any more, nothing is kept for it. */
	#allHaveAll(): void {
		if (this.#isSomebodyBehind) return;
		this.#figures.strain.lag = 0;
		this.#pages.clear();
	}

	get #isSomebodyBehind(): boolean {
		return this.#live.size < this.#viewers.size;
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
