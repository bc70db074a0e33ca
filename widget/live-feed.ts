// The element: attributes, methods, events, slots and parts; state down to the views, requests up from them.
// Knows a client and the views; never knows wire messages, sockets, or how a row is drawn.
import { LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { FeedError } from '../relay/protocol/errors.ts';
import type { Draft, FeedEvent, Pulse, Receipt } from '../relay/protocol/event.ts';
import { matchesType } from '../relay/protocol/types.ts';
import type { Connection, FeedClient, SubscribeOptions } from './client/feed-client.ts';
import { SharedClient } from './client/shared-client.ts';
import { checkTypes } from './client/subscriptions.ts';
import { seqOf, Timeline, type TimelineItem } from './client/timeline.ts';
import { LiveFeedEvent, type LiveFeedEvents } from './events.ts';
import type { Later } from './later.ts';
import type { Order, Reader } from './reading.ts';
import { styles } from './styles/panel.ts';
import { type PanelHandlers, panel } from './views/panel.ts';
import { english, type Words } from './words.ts';

/** Rows that are drawn before the reader can have moved. */
const FIRST_ROWS = 100;
/** Nothing known yet is not worth a word for this long, a cut connection for that; milliseconds. */
const SETTLE_MS = 150;
const CUT_MS = 1500;
/** A relay that has not answered by then is worth loading what tells of it; milliseconds. */
const LATE_MS = 500;
/** Relative times are drawn anew this often, milliseconds. */
const CLOCK_MS = 15_000;

const STATES = ['live', 'connecting', 'offline', 'refused', 'paused', 'empty'] as const;

/** A subscription of the page, which outlives the client that keeps it. */
interface Subscribed {
	type: string;
	callback: (event: FeedEvent) => void;
	options: SubscribeOptions;
	end?: () => void;
}

/**
 * A live activity panel.
 *
 * @element live-feed
 * @attr {string} channel - the channel to show: 1 to 64 of `A-Z a-z 0-9 . _ -`
 * @attr {string} relay - address of the relay; the origin of the drop-in script, or `<meta name="live-feed-relay">`
 * @attr {string} types - types to be transferred and shown, with spaces between: `deploy.* login`; all unless given
 * @attr {string} history - how many of the newest events to begin with (`50`), or how far back (`2h`)
 * @attr {string} heading - the panel's name; the channel's unless given
 * @attr {'newest-first'|'newest-last'} order - where new rows appear; on top unless given
 * @attr {'comfortable'|'compact'} density - reads like a conversation, or like a log
 * @attr {boolean} paused - new rows wait; what is received, subscribed and published goes on
 * @attr {boolean} no-header - without the header
 * @attr {boolean} no-pulse - without the hour's bars in the header
 *
 * @fires live-feed-publish - before a publish; cancelable, and its `draft` may be altered
 * @fires live-feed-select - a row was activated; cancelable
 * @fires live-feed-published - an event of this element was stored: `draft`, `receipt`
 * @fires live-feed-received - events came: `events`, `replayed`
 * @fires live-feed-gap - events cannot be had any more: `from`, `to`, `reset`
 * @fires live-feed-error - something failed: `error`
 * @fires live-feed-connection-change - `connection` is another
 *
 * @slot heading - instead of the heading
 * @slot actions - more buttons in the header
 * @slot empty - instead of the words for an empty channel
 * @slot footer - under the list
 *
 * @csspart header - the head of the panel
 * @csspart heading - its name
 * @csspart state - the words for the connection
 * @csspart pulse - the hour's bars
 * @csspart list - the scrolling list
 * @csspart row - a row; also `row-debug` … `row-error`, `row-fresh`, `row-selected`, and `row-pending` for what is not sent yet
 * @csspart row-avatar - picture or initials
 * @csspart row-text - the sentence
 * @csspart row-meta - the second line
 * @csspart row-time - when it happened
 * @csspart separator - a day's name
 * @csspart gap - events that are missing
 * @csspart empty - what stands where there are no rows
 */
export class LiveFeed extends LitElement {
	static override styles = styles;
	static override properties = {
		channel: { reflect: true },
		relay: {},
		types: {},
		history: {},
		heading: {},
		order: {},
		density: {},
		paused: { type: Boolean, reflect: true },
		noHeader: { type: Boolean, attribute: 'no-header' },
		noPulse: { type: Boolean, attribute: 'no-pulse' },
		messages: { attribute: false },
	};
	/** The relay of elements that name none; the drop-in script sets it to where it came from. */
	static defaultRelay: string | undefined;

	declare channel: string | null;
	declare relay: string | null;
	declare types: string | null;
	declare history: string | null;
	declare heading: string | null;
	declare order: Order | null;
	declare density: 'comfortable' | 'compact' | null;
	declare paused: boolean;
	declare noHeader: boolean;
	declare noPulse: boolean;
	/** Strings of one's own, in place of those in `Words`. */
	declare messages: Partial<Words> | undefined;

	readonly #internals: ElementInternals | undefined;
	readonly #timeline = new Timeline();
	readonly #subscriptions = new Set<Subscribed>();
	#shared: SharedClient | undefined;
	/** It shares a client that has begun without it, or otherwise: its history is its own to load. */
	#needsHistory = false;
	/** What ends with the client. */
	#stops: (() => void)[] = [];
	#problem: FeedError | undefined;
	#connection: Connection = 'idle';
	/** What the panel says of the connection; a short cut is not mentioned. */
	#shownConnection: Connection = 'idle';
	#isSettled = false;
	#isLate = false;
	#asOf: number | undefined;
	/** The newest row that is drawn while paused. */
	#pausedAt: number | undefined;
	#later: Later | undefined;
	#loadingLater: Promise<Later> | undefined;
	#reader: Reader | undefined;
	#pulse: Pulse | undefined;
	/** Live events that the pulse does not have yet. */
	#uncounted: FeedEvent[] = [];
	#selected: number | undefined;
	#expanded: ReadonlySet<number> = new Set();
	#unfolded: ReadonlySet<number> = new Set();
	#fresh: ReadonlySet<number> = new Set();
	/** Those of what is loaded later come with it. */
	#words = english as Words;
	#clock: ReturnType<typeof setInterval> | undefined;
	#settleTimer: ReturnType<typeof setTimeout> | undefined;
	#putBack: (() => void) | undefined;

	constructor() {
		super();
		this.channel = null;
		this.relay = null;
		this.types = null;
		this.history = null;
		this.heading = null;
		this.order = null;
		this.density = null;
		this.paused = false;
		this.noHeader = false;
		this.noPulse = false;
		this.messages = undefined;
		this.#internals = this.attachInternals?.();
	}

	get #client(): FeedClient | undefined {
		return this.#shared?.client;
	}

	/** Where the connection stands. */
	get connection(): Connection {
		return this.#connection;
	}

	/** The events that the panel has, oldest first. */
	get events(): FeedEvent[] {
		return this.#timeline.events;
	}

	override connectedCallback(): void {
		super.connectedCallback();
		this.#clock = setInterval(() => this.requestUpdate(), CLOCK_MS);
		// Not at once where attributes have yet to be set, or the element is only being moved.
		queueMicrotask(() => this.#join());
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		clearInterval(this.#clock);
		queueMicrotask(() => {
			if (!this.isConnected) this.#leave();
		});
	}

	protected override willUpdate(changed: PropertyValues<this>): void {
		if (changed.has('messages')) this.#chooseWords();
		if (changed.has('paused')) this.#pausedAt = this.paused ? seqOf(this.#timeline.items.at(-1)) : undefined;
		const isOther = changed.has('channel') || changed.has('relay') || changed.has('history');
		if (isOther && this.#client) {
			this.#leave();
			this.#join();
		} else if (isOther && this.isConnected) this.#join();
		if (changed.has('types') && this.hasUpdated && this.#client) {
			// Other rows: those of before may miss what is wanted now.
			this.#clear();
			this.#widen();
			this.loadOlder().catch(() => {});
		}
		this.#putBack = this.#reader?.hold();
	}

	protected override updated(): void {
		this.#putBack?.();
		this.#putBack = undefined;
		// Before there is a Reader nobody has scrolled, and the newest rows are at the foot.
		if (!this.#reader && this.#order === 'newest-last') this.renderRoot.querySelector('.list')?.scrollTo(0, 1e9);
		// Once the first row is on the screen, or it is clear that none will be soon.
		const isEmpty = this.#timeline.items.length === 0;
		if (
			!this.#later &&
			(!isEmpty || this.#hasHistory || this.#problem || (this.#isLate && this.#connection !== 'live'))
		)
			afterPaint(() => this.#loadLater().catch(() => {}));
		for (const state of STATES) {
			const isOn =
				state === 'paused'
					? this.paused
					: state === 'empty'
						? this.#timeline.items.length === 0
						: state === this.#shownConnection;
			if (isOn) this.#internals?.states.add(state);
			else this.#internals?.states.delete(state);
		}
	}

	get #order(): Order {
		return this.order === 'newest-last' ? 'newest-last' : 'newest-first';
	}

	/** What may be drawn: all, or what was there when it was paused. */
	get #items(): readonly TimelineItem[] {
		const { items } = this.#timeline;
		const newest = this.#pausedAt;
		return newest === undefined ? items : items.slice(0, items.findLastIndex((item) => seqOf(item) <= newest) + 1);
	}

	/** Is there something before the oldest row, as far as the position tells? */
	get #hasHistory(): boolean {
		return /:[1-9]/.test(this.#client?.position ?? '');
	}

	get #patterns(): string[] {
		return String(this.types ?? '')
			.split(/[\s,]+/)
			.filter(Boolean);
	}

	/** Connects, unless it is connected. */
	#join(): void {
		if (!this.isConnected || this.#client) return;
		const relay =
			this.relay ||
			LiveFeed.defaultRelay ||
			(document.querySelector<HTMLMetaElement>('meta[name=live-feed-relay]')?.content ?? '');
		try {
			if (!this.channel)
				throw new FeedError('no-channel', 'Say which channel to show: `<live-feed channel="deploys">`.');
			const history = parseHistory(this.history);
			this.#shared = SharedClient.join(this, {
				relay: relay && URL.canParse(relay, document.baseURI) ? new URL(relay, document.baseURI).href : relay,
				channel: this.channel,
				types: this.#transferred(),
				history,
			});
			const { client } = this.#shared;
			this.#needsHistory = client.position !== undefined || client.history !== history;
		} catch (error) {
			const problem = error as FeedError; // nothing else is thrown there
			// Said once, and not at every attribute that is set.
			if (this.#problem?.message !== problem.message) this.#tell('live-feed-error', { error: problem });
			this.#problem = problem;
			this.requestUpdate();
			return;
		}
		this.#problem = undefined;
		this.#attach(this.#shared.client);
	}

	#attach(client: FeedClient): void {
		const wait = (run: () => void, ms: number) => {
			const timer = setTimeout(() => {
				run();
				this.requestUpdate();
			}, ms);
			return () => clearTimeout(timer);
		};
		this.#stops = [
			client.on('state', () => this.#handleState(client)),
			client.on('received', ({ events, replayed }) => this.#handleReceived(events, replayed)),
			client.on('gap', ({ from, to, reset }) => {
				if (reset) this.#clear();
				this.#timeline.addGap({ from, to });
				this.#tell('live-feed-gap', { from, to, reset });
				this.requestUpdate();
			}),
			client.on('outbox', () => {
				this.requestUpdate();
				// What is not stored within a moment is shown.
				setTimeout(() => this.requestUpdate(), CUT_MS);
			}),
			client.on('error', (error) => {
				this.#tell('live-feed-error', { error: error });
				// Not a fault of ours: it is the page's own, and its author looks for it in the console.
				if (!(error instanceof FeedError)) reportError(error);
			}),
			wait(() => {
				this.#isSettled = true;
			}, SETTLE_MS),
			wait(() => {
				this.#isLate = true;
			}, LATE_MS),
		];
		for (const subscription of this.#subscriptions) this.#follow(client, subscription);
		if (this.#needsHistory) client.refresh();
		client.connect();
		this.#handleState(client);
	}

	#leave(): void {
		for (const stop of this.#stops) stop();
		for (const { end } of this.#subscriptions) end?.();
		this.#shared?.leave(this);
		this.#shared = undefined;
		this.#setConnection('idle');
		this.#clear();
		this.#isSettled = false;
		this.#isLate = false;
		this.#problem = undefined;
		this.#pulse = undefined;
	}

	#clear(): void {
		this.#timeline.clear();
		this.#reader?.clear();
		this.#selected = undefined;
		this.#expanded = new Set();
		this.#unfolded = new Set();
		if (this.#pausedAt !== undefined) this.#pausedAt = 0;
	}

	#handleState(client: FeedClient): void {
		const { connection } = client;
		if (this.#client !== client) return;
		this.#setConnection(connection);
		if (client.problem && client.problem !== this.#problem) this.#tell('live-feed-error', { error: client.problem });
		this.#problem = client.problem;
		if (connection === 'live' || connection === 'catching-up') this.#pulse ??= client.pulse;
		if (connection === 'live' && this.#needsHistory) {
			this.#needsHistory = false;
			this.#loadLater().then(
				() => this.#reader?.begin(parseHistory(this.history)),
				() => {
					this.#needsHistory = true; // with the next connection
				},
			);
		}
		this.requestUpdate();
	}

	#setConnection(connection: Connection): void {
		if (connection === this.#connection) return;
		if (this.#connection === 'live') this.#asOf = this.#now;
		this.#connection = connection;
		this.#tell('live-feed-connection-change', { connection });
		this.#showConnection();
	}

	/** A cut that mends itself at once is not mentioned. */
	#showConnection(): void {
		clearTimeout(this.#settleTimer);
		const isCut = this.#shownConnection === 'live' && !/live|refused|idle/.test(this.#connection);
		const show = () => {
			this.#shownConnection = this.#connection;
			this.requestUpdate();
		};
		if (isCut) this.#settleTimer = setTimeout(show, CUT_MS);
		else show();
	}

	#handleReceived(all: readonly FeedEvent[], replayed: boolean): void {
		if (replayed && this.#needsHistory) return;
		// Others who share the client may want more.
		const events = choose(all, this.#transferred());
		if (events.length === 0) return;
		const shown = choose(events, this.#patterns);
		if (this.#timeline.append(shown) > 0) this.#reader?.forgetEnd();
		if (!replayed) {
			this.#uncounted.push(...events);
			this.#count();
			this.#fresh = this.#reader?.chooseFresh(shown) ?? new Set(shown.map(({ seq }) => seq));
		}
		this.#tell('live-feed-received', { events, replayed });
		this.requestUpdate();
	}

	/** Adds live events to the hour that the relay has counted. */
	#count(): void {
		if (!this.#later || !this.#pulse) return;
		this.#pulse = this.#later.countEvents(this.#pulse, this.#uncounted);
		this.#uncounted = [];
	}

	/** Loads what the first row did without; tried again when it is wanted again. */
	#loadLater(): Promise<Later> {
		this.#loadingLater ??= import('./later.ts').then(
			(later) => {
				this.#later = later;
				const root = this.renderRoot as ShadowRoot; // Lit makes one, since `createRenderRoot` is its own
				root.adoptedStyleSheets = [
					...root.adoptedStyleSheets,
					...later.styles.flatMap(({ styleSheet }) => styleSheet ?? []),
				];
				this.#reader = new later.Reader({
					timeline: this.#timeline,
					getList: () => root.querySelector('.list') as HTMLElement, // the panel always has one
					getOrder: () => this.#order,
					getItems: () => this.#items,
					getClient: () => this.#client,
					getPatterns: () => this.#patterns,
					redraw: () => this.requestUpdate(),
					onError: (error) => this.#tell('live-feed-error', { error }),
				});
				this.#chooseWords();
				this.#count();
				this.requestUpdate();
				return later;
			},
			(error) => {
				this.#loadingLater = undefined;
				throw error;
			},
		);
		return this.#loadingLater;
	}

	#chooseWords(): void {
		this.#words = { ...english, ...this.#later?.laterEnglish, ...this.messages } as Words;
	}

	#tell<K extends keyof LiveFeedEvents>(type: K, fields: LiveFeedEvents[K], cancelable = false): boolean {
		return this.dispatchEvent(new LiveFeedEvent(type, fields, cancelable));
	}

	get #now(): number {
		return Date.now() + (this.#client?.clockOffset ?? 0);
	}

	#transferred(): string[] | undefined {
		const patterns = this.#patterns;
		return patterns.length === 0
			? undefined
			: [...new Set([...patterns, ...[...this.#subscriptions].map(({ type }) => type)])];
	}

	/** Asks for what is shown and what is subscribed to. */
	#widen(): void {
		try {
			this.#shared?.want(this, this.#transferred());
		} catch (error) {
			this.#tell('live-feed-error', { error });
		}
	}

	readonly #on: PanelHandlers = {
		onTogglePause: () => {
			if (this.paused) this.resume();
			else this.pause();
		},
		onRetry: () => this.reconnect(),
		onSelect: (event) => {
			if (!this.#tell('live-feed-select', { event }, true)) return;
			this.#selected = this.#selected === event.seq ? undefined : event.seq;
			this.requestUpdate();
		},
		onToggleText: (seq) => {
			this.#expanded = toggled(this.#expanded, seq);
			this.requestUpdate();
		},
		onToggleData: (seq) => {
			this.#unfolded = toggled(this.#unfolded, seq);
			this.requestUpdate();
		},
		onLoadOlder: () => void this.#reader?.showOlder(),
		onScroll: () => this.#reader?.move(),
	};

	/**
	 * Publishes an event and resolves with its receipt once it is stored. A lone string is its type:
	 * `publish('deploy.done')`; a text is `publish('message', {text: 'Deploy done'})`.
	 * @throws FeedError (as a rejection) `invalid-event` and what else the relay refuses, `no-channel`, `cancelled`, `closed`
	 */
	publish(type: string, fields?: Omit<Draft, 'type'>): Promise<Receipt>;
	publish(draft: Draft): Promise<Receipt>;
	async publish(first: string | Draft, fields?: Omit<Draft, 'type'>): Promise<Receipt> {
		const client = this.#client;
		if (!client) throw this.#problem ?? new FeedError('closed', 'The element is not in the page.');
		const before = { draft: typeof first === 'string' ? { ...fields, type: first } : { ...first } };
		if (!this.#tell('live-feed-publish', before, true))
			throw new FeedError('cancelled', 'The page cancelled it in `live-feed-publish`.');
		const { draft } = before;
		// As the page said it, so that a sentence in place of a type is told from a draft.
		const receipt = await (typeof first === 'string' ? client.publish(first, draft) : client.publish(draft));
		this.#tell('live-feed-published', { draft, receipt });
		return receipt;
	}

	/**
	 * Calls back for each event of a type (`deploy.done`, `deploy.*`, `*`) from now on, once each and in order, also for
	 * those that a reconnect brings. History comes first where `since` is given (`10m`, a position, 0 for the beginning).
	 * `signal` ends it. A callback that throws is reported, and the others still run.
	 * @throws FeedError `invalid-parameter` for what is no type
	 */
	subscribe(type: string, callback: (event: FeedEvent) => void, options: SubscribeOptions = {}): this {
		const subscription: Subscribed = { type, callback, options: { ...options } };
		checkTypes([type]);
		if (options.signal?.aborted) return this;
		this.#subscriptions.add(subscription);
		options.signal?.addEventListener('abort', () => {
			subscription.end?.();
			this.#subscriptions.delete(subscription);
			this.#widen();
		});
		if (this.#client) this.#follow(this.#client, subscription);
		// Once for all that subscribe in the same breath.
		queueMicrotask(() => this.#widen());
		return this;
	}

	#follow(client: FeedClient, subscription: Subscribed): void {
		const { type, callback, options } = subscription;
		const { since } = options;
		// History is told once, however often the element is moved.
		options.since = undefined;
		subscription.end = client.subscribe(type, callback, since === undefined ? {} : { since });
	}

	/** Holds new rows back; what is received, subscribed and published goes on. */
	pause(): void {
		this.paused = true;
	}

	/** Drops in what waited. */
	resume(): void {
		this.paused = false;
	}

	/** Loads a page of older events; resolves once they are here. A failure is told by `live-feed-error`. */
	async loadOlder(): Promise<void> {
		await this.#loadLater();
		await this.#reader?.loadOlder();
	}

	/** Tries to connect now, whatever it waits for. */
	reconnect(): void {
		if (this.#client) this.#client.reconnect();
		else this.#join();
	}

	protected override render(): TemplateResult {
		const items = this.#items;
		// The second voice comes with what is loaded later; in the first one its rows would jump.
		const drawn = this.#reader?.drawn ?? (this.density === 'compact' ? [] : items.slice(-FIRST_ROWS));
		const order = this.#order;
		return panel(
			{
				channel: this.channel ?? '',
				heading: this.heading ?? '',
				relay: this.#client?.relay ?? this.relay ?? '',
				order,
				density: this.density === 'compact' ? 'compact' : 'comfortable',
				connection: this.#shownConnection,
				settled: this.#isSettled,
				toGo: this.#client?.toGo ?? 0,
				asOf: this.#asOf,
				paused: this.paused,
				waiting: this.#timeline.items.length - items.length,
				problem: this.#problem,
				retryAt: this.#client?.retryAt,
				items: order === 'newest-first' ? drawn.toReversed() : drawn,
				selected: this.#selected,
				expanded: this.#expanded,
				unfolded: this.#unfolded,
				fresh: this.#fresh,
				older: this.#reader?.older ?? 'unknown',
				isNew: !this.#hasHistory,
				drafts: this.#client,
				pulse: this.#pulse,
				noPulse: this.noPulse,
				noHeader: this.noHeader,
				now: this.#now,
				locale: findLocale(this),
				timeZone: this.closest('[time-zone]')?.getAttribute('time-zone') ?? undefined,
				hourCycle: this.closest('[hour-cycle]')?.getAttribute('hour-cycle') ?? undefined,
				words: this.#words,
				later: this.#later,
			},
			this.#on,
		);
	}
}

/** Runs once what was drawn in this frame is on the screen. */
function afterPaint(run: () => void): void {
	requestAnimationFrame(() => setTimeout(run));
}

function choose(events: readonly FeedEvent[], patterns: readonly string[] = []): readonly FeedEvent[] {
	return patterns.length === 0
		? events
		: events.filter(({ type }) => patterns.some((pattern) => matchesType(pattern, type)));
}

function toggled(set: ReadonlySet<number>, seq: number): ReadonlySet<number> {
	const other = new Set(set);
	if (!other.delete(seq)) other.add(seq);
	return other;
}

/** `50` is a number of events, `2h` a span; empty is the default. */
function parseHistory(history: string | null): number | string | undefined {
	if (!history) return undefined;
	return /^\d+$/.test(history) ? Number(history) : history;
}

/** The nearest English, since the words are: its region decides how dates are written. */
function findLocale(element: Element): string {
	const wished = [element.closest<HTMLElement>('[lang]')?.lang ?? '', ...navigator.languages];
	return wished.find((language) => /^en-/i.test(language)) ?? 'en';
}

declare global {
	interface HTMLElementTagNameMap {
		'live-feed': LiveFeed;
	}
}
