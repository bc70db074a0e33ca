// The headless client: one channel of one relay, complete and in order.
// Knows positions, when to come back and what came of drafts; never knows what its transport is made of, Lit or a panel.
import { formatClientMessage, type Hello, PROTOCOL_VERSION } from '../../relay/protocol/client-message.ts';
import { FeedError } from '../../relay/protocol/errors.ts';
import {
	type Change,
	type ChangeDraft,
	type Draft,
	type FeedEntry,
	type FeedEvent,
	isChange,
	type Own,
	type Page,
	type Pulse,
	type Receipt,
	type Status,
	type Version,
} from '../../relay/protocol/event.ts';
import { MAX_FILTER_BYTES } from '../../relay/protocol/limits.ts';
import { formatPosition, NO_EPOCH } from '../../relay/protocol/position.ts';
import {
	type Entries,
	type ErrorMessage,
	parseRelayMessage,
	type RelayMessage,
	type Welcome,
} from '../../relay/protocol/relay-message.ts';
import { isName, parseChannel } from '../../relay/protocol/types.ts';
import { AUTHOR_MEMORY, findStorage } from './browser-storage.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { freeze } from './freeze.ts';
import type { Ladder } from './ladder.ts';
import { sendLeaving } from './leaving.ts';
import { Outbox, type Outgoing, SENT } from './outbox.ts';
import type { Attendance, Company } from './presence.ts';
import { parseRelay } from './relay-address.ts';
import { checkTypes, matchesSome, Subscriptions } from './subscriptions.ts';
import type { Gap } from './timeline.ts';
import { type CreateTransport, TRANSPORT_MEMORY, type Transport } from './transport.ts';
import type { Vigil, Watched } from './vigil.ts';
import { canInflate, createWebSocket } from './websocket.ts';

/** What is not needed at once, or not while all is well. */
type Later = typeof import('./later.ts');

/** `idle` not started or closed; `offline` cut off and coming back by itself; `refused` for good. */
export type Connection = 'idle' | 'connecting' | 'catching-up' | 'live' | 'offline' | 'refused';

export interface ClientOptions extends CredentialSource {
	/** The relay's address, such as `https://relay.example.org`. */
	relay: string;
	channel: string;
	/** Types to be transferred: names, prefixes such as `deploy.*`. All unless given. */
	types?: readonly string[] | undefined;
	/** Statuses of the events to be transferred: `open`, `resolved`, `cancelled`, `reopened`. All unless given, and those that have none. */
	status?: readonly Status[] | undefined;
	/** How many of the newest events to begin with (50 unless given), or how far back: `2h`. */
	history?: number | string | undefined;
	/** One way to the relay, instead of a WebSocket and what else gets through where that is blocked. */
	createTransport?: CreateTransport;
}

export interface ClientEvents {
	/** `connection`, `problem`, `toGo`, `retryAt` or `own` changed. */
	state: undefined;
	/** One frame: events in order; `replayed` are those from before this client began. */
	received: { events: FeedEvent[]; replayed: boolean };
	/**
	 * What became of events, in order: each brings all that is changeable of its event as it stands, so `applyChanges` may
	 * take them before or after what `received` tells of.
	 */
	changed: { changes: Change[] };
	/** Changes in this range cannot be had any more: what is known of events from before its end may be out of date. */
	refresh: Gap;
	/** Events that cannot be had any more. `reset`: a whole log was lost, and another begins. */
	gap: Gap & { reset: boolean };
	/** `outbox` changed. */
	outbox: undefined;
	/** `company` changed. */
	presence: undefined;
	/** Something failed that no promise tells of; a callback's own error is passed on as it is. */
	error: unknown;
}

/** A draft of the outbox. */
export interface Waiting {
	/** For `retry` and `discard`. */
	ref: number;
	/** When it was handed in, by this device's clock; milliseconds since 1970. */
	at: number;
	draft: Draft | ChangeDraft;
	state: 'waiting' | 'sending' | 'failed';
	/** Why it was refused for good. */
	error: FeedError | undefined;
}

export interface SubscribeOptions {
	/** Ends the subscription. */
	signal?: AbortSignal | undefined;
	/** Begins with history: a position, `10m`, a date, or 0 for the beginning. */
	since?: string | number | undefined;
}

/** Coming back: full jitter up to a bound that doubles from the first on; short for a restart, longer for an outage. Milliseconds. */
const FIRST_RETRY_MS = 1000;
const RESTART_RETRY_MS = 8000;
const OUTAGE_RETRY_MS = 30_000;
const OUTAGE_ATTEMPTS = 10;
/** A welcome that has not come by then will not come; and when all is well, what keeps it so is loaded then. Milliseconds. */
const WELCOME_TIMEOUT_MS = 10_000;
const CALM_MS = 20_000;
/** Gaps that a client remembers. */
const MAX_GAPS = 100;

const CLOSED = 'Closed before the relay answered.';

export class FeedClient {
	readonly relay: string;
	readonly channel: string;
	/** How it began: as the option. */
	readonly history: number | string | undefined;
	connection: Connection = 'idle';
	/** Why it is `offline` or `refused`. */
	problem: FeedError | undefined;
	/** When the next attempt is made, of this device's clock; milliseconds since 1970. */
	retryAt: number | undefined;
	/** Entries still to come while `catching-up`. */
	toGo = 0;
	/** What the relay counted in the hour before the last welcome. */
	pulse: Pulse | undefined;
	/** The relay's clock less this device's, milliseconds. */
	clockOffset = 0;
	/** What could not be had since it began, oldest first; the newest 100. */
	gaps: readonly Gap[] = [];
	/** What the relay says of this reader: who he is to it, what he may do, his reactions. Undefined before the first welcome. */
	own: (Own & { subject?: string | undefined }) | undefined;
	readonly #url: string;
	readonly #outbox: Outbox;
	readonly #isClimbing: boolean;
	readonly #listeners = new Map<keyof ClientEvents, Set<(detail: never) => void>>();
	readonly #subscriptions = new Subscriptions((error) => this.#emit('error', error));
	readonly #abort = new AbortController();
	/** Of what the transport is made, before a token is put into it. */
	#createNow!: CreateTransport;
	#transport!: Transport;
	#types: readonly string[] | undefined;
	readonly #status: readonly Status[] | undefined;
	/** Of this browser, or of this client where the browser keeps nothing: makes who has no token the author of what he publishes. */
	#author: string | undefined;
	#epoch = '';
	#seq = 0;
	/** The newest `seq` that was there before this client began. */
	#replayedTo = 0;
	#welcomeLast = 0;
	#attempts = 0;
	#returnMs = 0;
	#isOpen = false;
	/** The newest hello, and whether its welcome has come. */
	#hellos = 0;
	#isWelcome = false;
	#isPaused = false;
	/** Frames that wait until a hole before them is mended. */
	#held: Entries[] | undefined;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#resendTimer: ReturnType<typeof setTimeout> | undefined;
	#heardAt = 0;
	#loading: Promise<Later> | undefined;
	/** Drafts that earlier pages have left come first, and have yet to be read. */
	#isAdopting = false;
	#vigil: Vigil | undefined;
	#ladder: Ladder | undefined;
	#attendance: Attendance | undefined;
	/** How it gets a token; as the option. */
	readonly getToken: CredentialSource['getToken'];
	readonly #source: CredentialSource;
	#credentials: Credentials | undefined;

	/** @throws FeedError `invalid-channel`, `no-relay`, `mixed-content`, `invalid-parameter` */
	constructor({ relay, channel, types, status, history, createTransport, ...source }: ClientOptions) {
		this.#source = source;
		this.getToken = source.getToken;
		this.channel = parseChannel(channel);
		this.relay = parseRelay(relay);
		this.#url = `${this.relay}/channels/${this.channel}/events`;
		this.#types = checkTypes(types);
		this.#status = status;
		this.history = history;
		this.#outbox = new Outbox(this.#url);
		this.#isClimbing = !createTransport;
		this.#use(createTransport ?? createWebSocket);
		const on = (type: string, run: () => void) =>
			globalThis.addEventListener?.(type, run, { signal: this.#abort.signal, capture: true });
		// An open socket keeps a page out of the back/forward cache; and a leaving page must get rid of its drafts.
		on('pagehide', () => this.#leave());
		for (const type of ['pageshow', 'online', 'resume', 'visibilitychange']) on(type, () => this.#wake());
	}

	/** Where this reader stands, `epoch:seq`; undefined before the first welcome. */
	get position(): string | undefined {
		return this.#epoch ? formatPosition({ epoch: this.#epoch, seq: this.#seq }) : undefined;
	}

	/** The drafts that have no receipt yet, oldest first; `failed` ones wait for `retry` or `discard`. */
	get outbox(): readonly Waiting[] {
		return [...this.#outbox.drafts.values()].map(({ ref, at, json, error }) => ({
			ref,
			at,
			get draft() {
				return JSON.parse(json).draft;
			},
			state: error ? 'failed' : this.#isOpen ? 'sending' : 'waiting',
			error,
		}));
	}

	/** Who is here, where that was asked for by `setPresence` and is allowed. */
	get company(): Company | undefined {
		return this.#attendance?.company;
	}

	/** Begins. */
	connect(): void {
		if (this.connection !== 'idle') return;
		// Where a WebSocket is known to be blocked, another way is taken from the first attempt on.
		if (this.#isClimbing && findStorage('sessionStorage')?.[TRANSPORT_MEMORY + this.relay]) {
			this.#setConnection('connecting');
			this.load()
				.then(
					() => this.#ladder?.recall(),
					() => {},
				)
				.then(() => this.reconnect());
		} else this.reconnect();
	}

	/** Tries now, whatever it waits for; also out of `refused`. */
	reconnect(): void {
		if (this.#abort.signal.aborted) return;
		clearTimeout(this.#timer);
		this.#isPaused = false;
		this.#cut();
		this.#heardAt = 0;
		this.retryAt = undefined;
		if (this.connection !== 'offline') this.#setConnection('connecting');
		// Who has a token, or a way to one, opens no line without it.
		if (!this.#credentials && Object.values(this.#source).some(Boolean))
			this.load().then(
				({ Credentials }) => {
					this.#credentials ??= new Credentials(this.#source, this.#outbox, {
						renew: () => this.refresh(),
						restart: () => this.#restart(),
					});
					this.#use(this.#createNow);
					this.reconnect();
				},
				() => this.#handleClose(0),
			);
		else this.#transport.open();
	}

	/** Another token, for what follows: of the same person, or of another. */
	setToken(token: string | undefined): void {
		this.#source.token = token;
		if (!this.#credentials?.set(token) && this.connection !== 'idle') this.reconnect();
	}

	/** Ends it for good; drafts without a receipt are rejected with `closed`. */
	close(): void {
		this.#abort.abort();
		this.#vigil?.end();
		this.#ladder?.end();
		this.#attendance?.want(undefined);
		this.#cut();
		this.#transport.close();
		this.#rejectAll(new FeedError('closed', CLOSED));
		this.#setConnection('idle');
	}

	/** Loads what is loaded otherwise once it is needed: the watch over the line, other transports, pages of history. */
	load(): Promise<Later> {
		this.#loading ??= import('./later.ts').then(
			(later) => {
				if (this.#abort.signal.aborted) return later;
				const watched: Watched = {
					isOpen: () => this.#isWelcome,
					heardAt: () => this.#heardAt,
					outbox: this.#outbox,
					ping: (isFull) => this.#transport.send(isFull ? '{"type":"ping","position":true}' : '{"type":"ping"}'),
					restart: () => this.#restart(),
				};
				this.#vigil = new later.Vigil(watched);
				this.#attendance = new later.Attendance(watched, () => this.#emit('presence', undefined));
				if (this.#isClimbing)
					this.#ladder = new later.Ladder({
						relay: this.relay,
						url: this.#url,
						isOpen: () => this.#isWelcome,
						use: (create) => this.#use(create),
						reconnect: () => this.connection !== 'refused' && this.#restart(),
						explain: (problem) => {
							this.problem = problem;
							this.#emit('state', undefined);
						},
					});
				return later;
			},
			(error) => {
				this.#loading = undefined;
				throw error;
			},
		);
		return this.#loading;
	}

	/** Calls back at each such event of the client; answers a function that ends it. */
	on<K extends keyof ClientEvents>(kind: K, callback: (detail: ClientEvents[K]) => void): () => void {
		const listeners = this.#listeners.get(kind) ?? new Set();
		this.#listeners.set(kind, listeners);
		listeners.add(callback);
		return () => listeners.delete(callback);
	}

	/** Has the relay count anew: a new `pulse`, and nothing lost. */
	refresh(): void {
		if (this.#isOpen) this.#sayHello();
	}

	/**
	 * Has this reader be among those who are here, by this name and colour if any, and be told of the others: `company`.
	 * Undefined ends it.
	 */
	async setPresence(presence: Hello['presence'] | undefined): Promise<void> {
		await this.load();
		this.#attendance?.want(presence);
		this.refresh();
	}

	/**
	 * Changes what is transferred, from here on.
	 * @throws FeedError `invalid-parameter`
	 */
	setTypes(types: readonly string[] | undefined): void {
		if (types?.join() === this.#types?.join()) return;
		this.#types = checkTypes(types);
		if (this.#isOpen) this.#sayHello();
	}

	/**
	 * Publishes an event and resolves once it is stored. A lone string is its type: `publish('deploy.done')`;
	 * a text is `publish('message', {text: 'Deploy done'})`, and a change names its event:
	 * `publish({target: event.id, status: 'resolved'})`. What cannot be sent now waits in the `outbox`, across a reload.
	 * @throws FeedError (as a rejection) `invalid-event` and whatever the relay refuses, `outbox-full`, `closed`
	 */
	publish(type: string, fields?: Omit<Draft, 'type'>): Promise<Receipt>;
	publish(draft: Draft | ChangeDraft): Promise<Receipt>;
	publish(first: string | Draft | ChangeDraft, fields?: Omit<Draft, 'type'>): Promise<Receipt> {
		return new Promise((resolve, reject) => {
			const draft = parseDraftArguments(first, fields);
			if (this.#abort.signal.aborted) throw new FeedError('closed', CLOSED);
			if (this.connection === 'refused' && this.problem) throw this.problem;
			const own = this.#outbox.add(draft, resolve, reject);
			if (this.#isOpen) this.#send(own);
			else {
				this.#outbox.keep();
				if (this.#isPaused) sendLeaving(this.#url, [own], this.#credentials?.headers);
			}
			this.#emit('outbox', undefined);
		});
	}

	/** Sends a failed draft of the outbox once more. */
	retry(ref: number): void {
		const own = this.#outbox.drafts.get(ref);
		if (!own?.error) return;
		delete own.error;
		if (this.#isOpen) this.#send(own);
		this.#emit('outbox', undefined);
	}

	/** Gives up a draft of the outbox: its promise is rejected with `closed`. It may have been stored already. */
	discard(ref: number): void {
		this.#outbox.take(ref)?.reject(new FeedError('closed', 'Given up.'));
		this.#say({ type: 'give-up', ref });
		this.#emit('outbox', undefined);
	}

	/**
	 * Calls back for each event of a type (`deploy.done`, `deploy.*`, `*`) from now on, once each and in order,
	 * also for those that a reconnect brings. Answers a function that ends it.
	 * @throws FeedError `invalid-parameter`
	 */
	subscribe(
		pattern: string,
		callback: (event: FeedEvent) => void,
		{ signal, since }: SubscribeOptions = {},
	): () => void {
		const subscription = this.#subscriptions.add(pattern, callback, since !== undefined);
		const end = () => this.#subscriptions.delete(subscription);
		if (signal?.aborted) end();
		signal?.addEventListener('abort', end);
		if (since !== undefined) {
			this.load()
				.then(({ tellHistory }) =>
					tellHistory(this, String(since), subscription, (event) => this.#subscriptions.deliver(subscription, event)),
				)
				.catch((error) => this.#emit('error', error));
		}
		return end;
	}

	/**
	 * A page of history, as PROTOCOL.md has it: `after`, `before`, `since`, `limit`, `type`, `status`, `thread`.
	 * @throws FeedError the relay's own, or `relay-unreachable`
	 */
	async fetchPage(query: Record<string, string>, path = ''): Promise<Page> {
		const { fetchPage, authorise } = await this.load();
		return fetchPage(this.#url + path, query, {
			...authorise(undefined, this.#findAuthor()),
			...this.#credentials?.headers,
		});
	}

	/**
	 * An event as it stands, with its earlier texts, oldest first.
	 * @throws FeedError as `fetchPage` does
	 */
	fetchEvent(id: string): Promise<FeedEvent & { versions: Version[] }> {
		return this.fetchPage({}, `/${id}`) as Promise<never>; // what the relay has under an id
	}

	/**
	 * A page of the replies to an event, the newest ones, or those before a position.
	 * @throws FeedError as `fetchPage` does
	 */
	fetchThread(id: string, query: { before?: string; limit?: string } = {}): Promise<Page> {
		return this.fetchPage({ ...query, thread: id });
	}

	/**
	 * Has this browser be somebody, so that what is published without a token is its reader's own: a random key, which is
	 * made and kept now where there is none, and shown from now on. Without it a reader leaves no trace.
	 */
	async claim(): Promise<void> {
		const { makeAuthor } = await this.load();
		if (this.#findAuthor()) return;
		this.#author = makeAuthor();
		this.refresh();
	}

	/** The key in the browser's memory, which another page may have put there. */
	#findAuthor(): string | undefined {
		const kept = findStorage('localStorage')?.[AUTHOR_MEMORY];
		return /^[!-~]{16,64}$/.test(kept ?? '') ? kept : this.#author;
	}

	#use(create: CreateTransport): void {
		this.#transport?.close();
		this.#createNow = create;
		this.#transport = (this.#credentials?.wrap(create) ?? create)(this.#url, {
			onOpen: () => this.#sayHello(),
			onMessage: (text) => this.#receive(text),
			onClose: (code) => this.#handleClose(code),
		});
	}

	/** A wake-up, a new network, a page that comes back: no waiting any more, and no trust in an old line. */
	#wake(): void {
		if ((globalThis as { document?: { hidden: boolean } }).document?.hidden) return;
		if (this.#isPaused || this.connection === 'offline') this.reconnect();
		else if (this.#isWelcome)
			this.load().then(
				() => this.#ladder?.wake() || this.#vigil?.probe(),
				() => this.#restart(), // nothing can be had of the relay
			);
	}

	#sayHello(): void {
		this.#isWelcome = false;
		this.#held = undefined;
		const { position } = this;
		const types = this.#types;
		const status = this.#status;
		const author = this.#findAuthor();
		const isShort = types && new TextEncoder().encode(JSON.stringify(types)).length <= MAX_FILTER_BYTES;
		this.#say({
			type: 'hello',
			protocol: PROTOCOL_VERSION,
			ref: ++this.#hellos,
			...(position === undefined ? {} : { position }),
			...(this.history === undefined ? {} : { history: this.history }),
			...(isShort ? { types: [...types] } : {}),
			...(status ? { status: [...status] } : {}),
			...(author ? { author } : {}),
			...(canInflate ? { inflate: true } : {}),
			...this.#attendance?.wish,
		});
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#transport.close();
			this.#handleClose(0);
		}, WELCOME_TIMEOUT_MS);
		if (this.#isOpen) return;
		this.#isOpen = true;
		if (this.#outbox.left.length === 0) this.#sendAll();
		else if (!this.#isAdopting) {
			this.#isAdopting = true;
			this.load()
				.then(
					({ adoptDrafts }) => adoptDrafts(this.#outbox),
					() => {}, // they stay where they are
				)
				.then(() => {
					this.#isAdopting = false;
					if (this.#isOpen) this.#sendAll();
				});
		}
	}

	#sendAll(): void {
		for (const own of this.#outbox.waiting) this.#send(own);
	}

	#send(own: Outgoing): void {
		// While earlier ones wait to come, again or at all, it waits behind them.
		if (this.#resendTimer || this.#isAdopting) return;
		own.sentAt = Date.now();
		this.#transport.send(own.json);
	}

	/** Drops a connection that cannot be trusted, and resumes. */
	#restart(): void {
		this.#setConnection('offline');
		this.reconnect();
	}

	#say(message: Parameters<typeof formatClientMessage>[0]): void {
		this.#transport.send(formatClientMessage(message));
	}

	#receive(text: string): void {
		this.#heardAt = Date.now();
		let message: RelayMessage | undefined;
		try {
			message = parseRelayMessage(text);
		} catch (error) {
			this.#emit('error', error);
			this.#restart();
			return;
		}
		this.#attendance?.hear(message);
		switch (message?.type) {
			case 'welcome':
				this.#handleWelcome(message);
				break;
			case 'entries':
				this.#handleEntries(message);
				break;
			case 'receipts':
				for (const { ref, ...receipt } of message.receipts) this.#outbox.take(ref)?.resolve(receipt);
				this.#emit('outbox', undefined);
				break;
			case 'error':
				this.#handleError(message);
				break;
			case 'goaway':
				this.#returnMs = message.returnMs;
				break;
			case 'pong': {
				const { time, position, returnMs } = message;
				this.#returnMs = returnMs ?? this.#returnMs;
				if (time !== undefined) this.clockOffset = time - this.#heardAt;
				// What the relay has sent and did not come here is a hole at the end. What a filter left out looks the same.
				if (!position || this.#types || this.#status) break;
				const [epoch = '', seq] = position.split(':');
				this.#handleEntries({ type: 'entries', epoch, from: Number(seq) + 1, to: Number(seq), entries: [] });
			}
		}
	}

	#handleWelcome(welcome: Welcome): void {
		// One that a later hello has overtaken: what follows it comes again.
		if (welcome.ref !== this.#hellos) return;
		this.#isWelcome = true;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.load().catch(() => {}), CALM_MS);
		const { epoch, after, last, missing, recovered, time, pulse, returnMs, own, subject, refresh } = welcome;
		this.clockOffset = time - Date.now();
		this.pulse = pulse;
		this.own = own && { ...own, subject };
		this.#attempts = 0;
		this.#returnMs = returnMs;
		this.#welcomeLast = last;
		this.problem = undefined;
		const isFirst = this.#epoch === '';
		if (isFirst) this.#replayedTo = last;
		// Another log, or this one without its end.
		const reset = !isFirst && !recovered && !missing;
		if (reset) this.#replayedTo = 0;
		this.#epoch = epoch;
		this.#seq = after;
		if (reset || missing) this.#tellGap(missing, reset);
		if (refresh) this.#emit('refresh', refresh);
		// What it is not said of otherwise.
		if (this.connection === 'live') this.#emit('state', undefined);
		this.#updateProgress();
	}

	#tellGap(gap: Gap = { from: 0, to: 0 }, reset = false): void {
		this.gaps = [...this.gaps, gap].slice(-MAX_GAPS);
		this.#emit('gap', { ...gap, reset });
	}

	#handleEntries(message: Entries): void {
		const { epoch, from, to, entries } = message;
		if (!this.#isWelcome) return;
		if (this.#held) {
			this.#held.push(message);
			return;
		}
		if (epoch !== this.#epoch && this.#epoch !== NO_EPOCH) {
			this.#restart();
			return;
		}
		if (from > this.#seq + 1) {
			void this.#mend(message);
			return;
		}
		this.#epoch = epoch;
		const wanted = entries.filter((entry) => entry.seq > this.#seq && this.#isWanted(entry));
		const changes = wanted.filter(isChange);
		const events = wanted.filter((entry): entry is FeedEvent => !isChange(entry));
		this.#seq = Math.max(this.#seq, to);
		this.#updateProgress();
		const old = freeze(events.filter(({ seq }) => seq <= this.#replayedTo));
		const live = freeze(events.slice(old.length));
		if (old.length > 0) this.#emit('received', { events: old, replayed: true });
		if (live.length > 0) this.#emit('received', { events: live, replayed: false });
		if (changes.length > 0) this.#handleChanges(changes);
		for (const event of live) this.#subscriptions.tell(event);
	}

	#handleChanges(changes: Change[]): void {
		this.#emit('changed', { changes: freeze(changes) });
		this.load().then(
			({ followChanges }) => followChanges(this, this.#outbox, changes),
			() => {}, // the relay refuses what has become impossible
		);
	}

	/** Fetches what is missing before a frame, and nothing else; what comes meanwhile waits. */
	async #mend(frame: Entries): Promise<void> {
		const held = [frame];
		this.#held = held;
		try {
			const { fetchHole } = await this.load();
			const { entries, missing, to } = await fetchHole(this, frame, this.#types, this.#status);
			if (this.#held !== held) return;
			this.#held = undefined;
			if (missing) {
				this.#seq = missing.to;
				this.#tellGap(missing);
			}
			this.#handleEntries({ ...frame, from: this.#seq + 1, to, entries });
			for (const one of held) this.#handleEntries(one);
		} catch {
			// The resume brings it, or says what is gone.
			if (this.#held === held) this.#restart();
		}
	}

	#isWanted(entry: FeedEntry): boolean {
		return (
			(isChange(entry) || (this.#status?.includes(entry.status as Status) ?? true)) && // one that is not there is not among them
			(!this.#types || matchesSome(this.#types, entry))
		);
	}

	#handleError({ ref, code, message, retryable, retryMs = 0, event }: ErrorMessage): void {
		const error = new FeedError(code, message);
		if (event) error.event = event;
		if (ref === undefined) {
			this.problem = error;
			// A hello that is wrong stays wrong, however often it is said; another token may be right.
			if (retryable || (this.#isWelcome && !code.startsWith('token'))) this.#emit('error', error);
			else this.#refuse(error);
		} else if (!retryable) {
			this.#outbox.fail(ref, error);
			this.#emit('outbox', undefined);
		} else {
			// For now: again, and those after it in their order.
			this.#resendTimer ??= setTimeout(
				() => {
					this.#resendTimer = undefined;
					if (this.#isOpen) this.#sendAll();
				},
				retryMs + FIRST_RETRY_MS * (0.5 + Math.random()),
			);
		}
	}

	/** What came by the line until now is all that comes by it. */
	#cut(): void {
		clearTimeout(this.#timer);
		clearTimeout(this.#resendTimer);
		this.#resendTimer = undefined;
		this.#isOpen = false;
		this.#isWelcome = false;
		this.#held = undefined;
	}

	#handleClose(code: number): void {
		const isSilent = this.#heardAt === 0;
		this.#cut();
		this.#outbox.keep();
		this.problem ??= new FeedError('relay-unreachable', `The relay at ${this.relay} cannot be reached.`);
		// Full jitter: those who were cut off together do not come back together. The relay knows how many they are.
		const most = this.#attempts > OUTAGE_ATTEMPTS ? OUTAGE_RETRY_MS : RESTART_RETRY_MS;
		const bound = Math.max(Math.min(FIRST_RETRY_MS * 2 ** this.#attempts++, most), this.#returnMs);
		const delayMs = Math.random() * bound;
		this.retryAt = Date.now() + delayMs;
		this.#timer = setTimeout(() => this.reconnect(), delayMs);
		this.#setConnection('offline');
		// Two attempts, beside a line that was cut, to which the relay has said nothing: perhaps something on the way does not let it.
		if (this.#attempts > (this.#epoch ? 2 : 1) && isSilent && code < 4000)
			this.load().then(
				() => this.#ladder?.descend(),
				() => {},
			);
	}

	/** For good: nothing is tried again but by `reconnect()`. */
	#refuse(error: FeedError): void {
		this.#cut();
		this.#transport.close();
		this.problem = error;
		this.#rejectAll(error);
		this.#setConnection('refused');
	}

	#rejectAll(error: FeedError): void {
		for (const { ref, isAdopted } of this.#outbox.waiting) this.#outbox.take(ref, isAdopted)?.reject(error);
	}

	#leave(): void {
		this.#outbox.keep(this.#isOpen ? SENT : '');
		sendLeaving(this.#url, this.#outbox.waiting, this.#credentials?.headers);
		if (this.connection === 'idle' || this.connection === 'refused') return;
		this.#cut();
		this.#isPaused = true;
		this.#transport.close();
	}

	#updateProgress(): void {
		this.toGo = Math.max(this.#welcomeLast - this.#seq, 0);
		this.#setConnection(this.toGo > 0 ? 'catching-up' : 'live');
	}

	#setConnection(connection: Connection): void {
		if (this.connection === 'live' && connection === 'live') return;
		this.connection = connection;
		this.#emit('state', undefined);
	}

	#emit<K extends keyof ClientEvents>(kind: K, detail: ClientEvents[K]): void {
		for (const callback of this.#listeners.get(kind) ?? []) {
			try {
				(callback as (detail: ClientEvents[K]) => void)(detail); // `on` has put it under its own kind
			} catch (error) {
				// The page's own fault: told to the page, as an uncaught error of its own is.
				globalThis.reportError?.(error);
			}
		}
	}
}

function parseDraftArguments(
	first: string | Draft | ChangeDraft,
	fields: Omit<Draft, 'type'> | undefined,
): Draft | ChangeDraft {
	if (typeof first !== 'string') return first;
	const type: unknown = first; // so that the check leaves a string below, and not nothing
	if (isName(type)) return { type, ...fields };
	throw new FeedError('invalid-event', "A lone string is a type; a text is sent as publish('message', {text}).");
}
