// The headless client: one channel of one relay, complete and in order.
// Knows positions, drafts in flight and when to come back; never knows which transport it has, Lit or `document`.
import { formatClientMessage, PROTOCOL_VERSION } from '../../relay/protocol/client-message.ts';
import { FeedError } from '../../relay/protocol/errors.ts';
import type { Draft, FeedEvent, Page, Pulse, Receipt } from '../../relay/protocol/event.ts';
import { MAX_EVENT_BYTES, MAX_FILTER_BYTES, PING_INTERVAL_MS } from '../../relay/protocol/limits.ts';
import { formatPosition, NO_EPOCH } from '../../relay/protocol/position.ts';
import {
	type Entries,
	parseRelayMessage,
	type RelayMessage,
	type Welcome,
} from '../../relay/protocol/relay-message.ts';
import { isName, isTypePattern, matchesType, parseChannel } from '../../relay/protocol/types.ts';
import type { Gap } from './timeline.ts';
import type { CreateTransport, Transport } from './transport.ts';
import { createWebSocket } from './websocket.ts';

/** `idle` not started or closed; `offline` cut off and coming back by itself; `refused` for good. */
export type Connection = 'idle' | 'connecting' | 'catching-up' | 'live' | 'offline' | 'refused';

export interface ClientOptions {
	/** The relay's address, such as `https://relay.example.org`. */
	relay: string;
	channel: string;
	/** Types to be transferred: names, prefixes such as `deploy.*`. All unless given. */
	types?: readonly string[] | undefined;
	/** How many of the newest events to begin with (50 unless given), or how far back: `2h`. */
	history?: number | string | undefined;
	/** Another way to the relay than a WebSocket. */
	createTransport?: CreateTransport;
}

export interface ClientEvents {
	/** `connection`, `problem`, `toGo` or `retryAt` changed. */
	state: undefined;
	/** One frame: events in order; `replayed` are those from before this client began. */
	received: { events: FeedEvent[]; replayed: boolean };
	/** Events that cannot be had any more. `reset`: a whole log was lost, and another begins. */
	gap: Gap & { reset: boolean };
	/** Something failed that no promise tells of; a callback's own error is passed on as it is. */
	error: unknown;
}

export interface SubscribeOptions {
	/** Ends the subscription. */
	signal?: AbortSignal | undefined;
	/** Begins with history: a position, `10m`, a date, or 0 for the beginning. */
	since?: string | number | undefined;
}

interface Pending {
	/** The publish message, ready to be sent. */
	json: string;
	resolve: (receipt: Receipt) => void;
	reject: (error: FeedError) => void;
}

/** Whoever wants to be called. */
export interface Subscription {
	pattern: string;
	callback: (event: FeedEvent) => void;
	/** Live events that wait until history has been told. */
	held: FeedEvent[] | undefined;
}

/** Drafts that wait for the relay at the most; what more is refused. */
const MAX_PENDING = 1000;
/** What a leaving page hands over at the most, bytes; with room for the form around it. */
const LEAVING_BYTES = 60_000;
/** Coming back: full jitter up to a bound that doubles from the first to the last, milliseconds. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
/** A ping that nothing answers in this time has found a dead connection, milliseconds. */
const PONG_TIMEOUT_MS = 10_000;

const CLOSED = 'Closed before the relay answered.';

/** Random letters and digits, in every context (`crypto.randomUUID` exists only in secure ones). */
function createKey(): string {
	return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
}

export class FeedClient {
	readonly relay: string;
	readonly channel: string;
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
	readonly #url: string;
	readonly #history: number | string | undefined;
	readonly #transport: Transport;
	readonly #listeners = new Map<keyof ClientEvents, Set<(detail: never) => void>>();
	readonly #subscriptions = new Set<Subscription>();
	readonly #pending = new Map<number, Pending>();
	readonly #abort = new AbortController();
	#types: readonly string[] | undefined;
	#nextRef = 1;
	#epoch = '';
	#seq = 0;
	/** The newest `seq` that was there before this client began. */
	#replayedTo = 0;
	#welcomeLast = 0;
	#attempts = 0;
	#isOpen = false;
	/** The newest hello, and whether its welcome has come. */
	#hellos = 0;
	#isWelcome = false;
	#isPaused = false;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#heardAt = 0;

	/** @throws FeedError `invalid-channel`, `no-relay`, `mixed-content`, `invalid-parameter` */
	constructor({ relay, channel, types, history, createTransport = createWebSocket }: ClientOptions) {
		this.channel = parseChannel(channel);
		this.relay = parseRelay(relay);
		this.#url = `${this.relay}/channels/${this.channel}/events`;
		this.#types = checkTypes(types);
		this.#history = history;
		this.#transport = createTransport(this.#url, {
			onOpen: () => this.#sayHello(),
			onMessage: (text) => this.#receive(text),
			onClose: (code, reason) => this.#handleClose(code, reason),
		});
		const { signal } = this.#abort;
		const on = (type: string, run: () => void) => globalThis.addEventListener?.(type, run, { signal });
		on('online', () => this.connection === 'offline' && this.reconnect());
		// An open socket keeps a page out of the back/forward cache; and a leaving page must get rid of its drafts.
		on('pagehide', () => this.#leave());
		on('pageshow', () => this.#isPaused && this.reconnect());
	}

	/** Where this reader stands, `epoch:seq`; undefined before the first welcome. */
	get position(): string | undefined {
		return this.#epoch ? formatPosition({ epoch: this.#epoch, seq: this.#seq }) : undefined;
	}

	/** Begins. */
	connect(): void {
		if (this.connection === 'idle') this.reconnect();
	}

	/** Tries now, whatever it waits for; also out of `refused`. */
	reconnect(): void {
		if (this.#abort.signal.aborted) return;
		clearTimeout(this.#timer);
		this.#isPaused = false;
		this.#isOpen = false;
		this.retryAt = undefined;
		if (this.connection !== 'offline') this.#setConnection('connecting');
		this.#transport.open();
	}

	/** Ends it for good; drafts without a receipt are rejected with `closed`. */
	close(): void {
		this.#abort.abort();
		clearTimeout(this.#timer);
		this.#transport.close();
		this.#isOpen = false;
		this.#rejectAll(new FeedError('closed', CLOSED));
		this.#setConnection('idle');
	}

	/** Calls back at each such event of the client; answers a function that ends it. */
	on<K extends keyof ClientEvents>(kind: K, callback: (detail: ClientEvents[K]) => void): () => void {
		const listeners = this.#listeners.get(kind) ?? new Set();
		this.#listeners.set(kind, listeners);
		listeners.add(callback);
		return () => listeners.delete(callback);
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
	 * a text is `publish('message', {text: 'Deploy done'})`.
	 * @throws FeedError (as a rejection) `invalid-event` and whatever the relay refuses, `outbox-full`, `closed`
	 */
	publish(type: string, fields?: Omit<Draft, 'type'>): Promise<Receipt>;
	publish(draft: Draft): Promise<Receipt>;
	publish(first: string | Draft, fields?: Omit<Draft, 'type'>): Promise<Receipt> {
		return new Promise((resolve, reject) => {
			const ref = this.#nextRef++;
			// As it is now: what the page changes later belongs to a later event.
			const json = formatClientMessage({
				type: 'publish',
				ref,
				draft: { key: createKey(), ...parseDraftArguments(first, fields) },
			});
			if (this.#pending.size >= MAX_PENDING) {
				throw new FeedError('outbox-full', `${MAX_PENDING} events wait for the relay already.`);
			}
			if (new TextEncoder().encode(json).length > MAX_EVENT_BYTES) {
				throw new FeedError('event-too-large', `An event has at most ${MAX_EVENT_BYTES} bytes as JSON.`);
			}
			if (this.#abort.signal.aborted) throw new FeedError('closed', CLOSED);
			if (this.connection === 'refused' && this.problem) throw this.problem;
			this.#pending.set(ref, { json, resolve, reject });
			if (this.#isOpen) this.#transport.send(json);
			else if (this.#isPaused) this.#sendLeaving([json]);
		});
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
		checkTypes([pattern]);
		const subscription: Subscription = { pattern, callback, held: since === undefined ? undefined : [] };
		const end = () => void this.#subscriptions.delete(subscription);
		if (signal?.aborted) return end;
		this.#subscriptions.add(subscription);
		signal?.addEventListener('abort', end);
		if (since !== undefined) {
			import('./history.ts')
				.then(({ tellHistory }) =>
					tellHistory(this, String(since), subscription, (event) => this.#deliver(subscription, event)),
				)
				.catch((error) => this.#emit('error', error));
		}
		return end;
	}

	/**
	 * A page of history, as PROTOCOL.md has it: `after`, `before`, `since`, `limit`, `type`.
	 * @throws FeedError the relay's own, or `relay-unreachable`
	 */
	async fetchPage(query: Record<string, string>): Promise<Page> {
		return (await import('./history.ts')).fetchPage(this.#url, query);
	}

	#sayHello(): void {
		this.#heardAt = Date.now();
		this.#isWelcome = false;
		const { position } = this;
		const types = this.#types;
		const isShort = types && new TextEncoder().encode(JSON.stringify(types)).length <= MAX_FILTER_BYTES;
		this.#say({
			type: 'hello',
			protocol: PROTOCOL_VERSION,
			ref: ++this.#hellos,
			...(position === undefined ? {} : { position }),
			...(this.#history === undefined ? {} : { history: this.#history }),
			...(isShort ? { types: [...types] } : {}),
		});
		if (this.#isOpen) return;
		this.#isOpen = true;
		for (const { json } of this.#pending.values()) this.#transport.send(json);
		this.#watch();
	}

	/** Pings into silence, so that no proxy cuts the line and a dead one is found. */
	#watch(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			const asked = Date.now();
			if (asked - this.#heardAt < PING_INTERVAL_MS - 1000) {
				this.#watch();
				return;
			}
			this.#say({ type: 'ping' });
			this.#timer = setTimeout(() => {
				if (this.#heardAt >= asked) this.#watch();
				else this.#restart();
			}, PONG_TIMEOUT_MS);
		}, PING_INTERVAL_MS);
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
		switch (message?.type) {
			case 'welcome':
				this.#handleWelcome(message);
				break;
			case 'entries':
				this.#handleEntries(message);
				break;
			case 'receipts':
				for (const { ref, ...receipt } of message.receipts) this.#takePending(ref)?.resolve(receipt);
				break;
			case 'error':
				this.#handleError(new FeedError(message.code, message.message), message.ref);
				break;
			case 'pong':
				this.clockOffset = message.time - this.#heardAt;
		}
	}

	#handleWelcome(welcome: Welcome): void {
		// One that a later hello has overtaken: what follows it comes again.
		if (welcome.ref !== this.#hellos) return;
		this.#isWelcome = true;
		const { epoch, after, last, missing, recovered, time, pulse } = welcome;
		this.clockOffset = time - Date.now();
		this.pulse = pulse;
		this.#attempts = 0;
		this.#welcomeLast = last;
		this.problem = undefined;
		const isFirst = this.#epoch === '';
		if (isFirst) this.#replayedTo = last;
		// Another log, or this one without its end.
		const reset = !isFirst && !recovered && !missing;
		if (reset) this.#replayedTo = 0;
		this.#epoch = epoch;
		this.#seq = after;
		if (reset || missing) this.#emit('gap', { ...(missing ?? { from: 0, to: 0 }), reset });
		this.#updateProgress();
	}

	#handleEntries({ epoch, from, to, entries }: Entries): void {
		if (!this.#isWelcome) return;
		const isOther = epoch !== this.#epoch && this.#epoch !== NO_EPOCH;
		// A hole: what is missing comes with the resume.
		if (isOther || from > this.#seq + 1) {
			this.#restart();
			return;
		}
		this.#epoch = epoch;
		const events = entries.filter(({ seq, type }) => seq > this.#seq && this.#isWanted(type));
		this.#seq = Math.max(this.#seq, to);
		this.#updateProgress();
		const old = events.filter(({ seq }) => seq <= this.#replayedTo);
		const live = events.slice(old.length);
		if (old.length > 0) this.#emit('received', { events: old, replayed: true });
		if (live.length === 0) return;
		this.#emit('received', { events: live, replayed: false });
		for (const event of live) {
			// A callback may subscribe and unsubscribe: what it adds begins with the next event, what it ends ends at once.
			for (const subscription of [...this.#subscriptions]) {
				if (!matchesType(subscription.pattern, event.type)) continue;
				if (subscription.held) subscription.held.push(event);
				else this.#deliver(subscription, event);
			}
		}
	}

	#isWanted(type: string): boolean {
		return !this.#types || this.#types.some((pattern) => matchesType(pattern, type));
	}

	/** Calls back, and answers false once nobody wants it. A callback that throws is reported, and the others still run. */
	#deliver(subscription: Subscription, event: FeedEvent): boolean {
		if (!this.#subscriptions.has(subscription)) return false;
		try {
			subscription.callback(event);
		} catch (error) {
			this.#emit('error', error);
		}
		return true;
	}

	#handleError(error: FeedError, ref: number | undefined): void {
		if (ref === undefined) {
			this.problem = error;
			// A hello that is wrong stays wrong, however often it is said.
			if (!this.#isWelcome && error.code.startsWith('invalid')) this.#refuse(error);
			else this.#emit('error', error);
		} else if (error.code !== 'storage-failed') {
			this.#takePending(ref)?.reject(error);
		} // else the relay closes, and the draft goes out again
	}

	#handleClose(code: number, reason: string): void {
		this.#isOpen = false;
		clearTimeout(this.#timer);
		if (code === 4400 || code === 4406) {
			this.#refuse(new FeedError(code === 4400 ? 'invalid-channel' : 'unsupported-protocol', reason));
			return;
		}
		this.problem ??= new FeedError('relay-unreachable', `The relay at ${this.relay} cannot be reached.`);
		// Full jitter: those who were cut off together do not come back together.
		const bound = Math.min(FIRST_RETRY_MS * 2 ** this.#attempts++, LAST_RETRY_MS);
		const delayMs = Math.random() * bound;
		this.retryAt = Date.now() + delayMs;
		this.#timer = setTimeout(() => this.reconnect(), delayMs);
		this.#setConnection('offline');
	}

	/** For good: nothing is tried again but by `reconnect()`. */
	#refuse(error: FeedError): void {
		clearTimeout(this.#timer);
		this.#isOpen = false;
		this.#transport.close();
		this.problem = error;
		this.#rejectAll(error);
		this.#setConnection('refused');
	}

	#rejectAll(error: FeedError): void {
		for (const { reject } of this.#pending.values()) reject(error);
		this.#pending.clear();
	}

	#leave(): void {
		this.#sendLeaving([...this.#pending.values()].map(({ json }) => json));
		if (this.connection === 'idle' || this.connection === 'refused') return;
		clearTimeout(this.#timer);
		this.#isOpen = false;
		this.#isPaused = true;
		this.#transport.close();
	}

	/** Hands over drafts so that they arrive although the page ends; their keys make a repeat harmless. */
	#sendLeaving(messages: readonly string[]): void {
		if (messages.length === 0) return;
		// Browsers let a leaving page send 64 KiB; the oldest drafts go first.
		let bytes = 0;
		const first = messages.filter((json) => {
			bytes += encodeURIComponent(json).length;
			return bytes < LEAVING_BYTES;
		});
		// A form needs no preflight, which a page that is being left would not live to see answered.
		const body = new URLSearchParams({ events: `[${first.map((json) => JSON.stringify(JSON.parse(json).draft))}]` });
		fetch(this.#url, { method: 'POST', body, keepalive: true }).catch(() => {
			// Nobody is left to tell; if the page comes back, the drafts are sent again.
		});
	}

	#takePending(ref: number): Pending | undefined {
		const pending = this.#pending.get(ref);
		this.#pending.delete(ref);
		return pending;
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

function parseDraftArguments(first: string | Draft, fields: Omit<Draft, 'type'> | undefined): Draft {
	if (typeof first !== 'string') return first;
	const type: unknown = first; // so that the check leaves a string below, and not nothing
	if (isName(type)) return { type, ...fields };
	throw new FeedError(
		'invalid-event',
		`A lone string is a type, as in publish('deploy.done'). A text is sent as publish('message', {text: ${JSON.stringify(first.slice(0, 40))}}).`,
	);
}

/**
 * The types, each a name or a prefix.
 * @throws FeedError `invalid-parameter`
 */
export function checkTypes<T extends readonly string[] | undefined>(types: T): T {
	if (types?.every(isTypePattern) ?? true) return types;
	throw new FeedError(
		'invalid-parameter',
		'A type is a name such as `deploy.done`, a prefix such as `deploy.*`, or `*`.',
	);
}

function parseRelay(relay: string): string {
	const { origin, hostname, protocol, pathname } = URL.canParse(relay) ? new URL(relay) : ({} as Partial<URL>);
	if (!protocol?.startsWith('http')) {
		throw new FeedError('no-relay', 'Give the address of the relay, such as `https://relay.example.org`.');
	}
	if (
		globalThis.location?.protocol === 'https:' &&
		protocol === 'http:' &&
		!/^(127\.|\[::1]$|(.*\.)?localhost$)/.test(hostname ?? '')
	) {
		throw new FeedError(
			'mixed-content',
			`A page loaded over https needs a relay over https; this one is \`${origin}\`.`,
		);
	}
	return `${origin}${pathname}`.replace(/\/+$/, '');
}
