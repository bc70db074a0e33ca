// The element: attributes, methods, events, slots and parts; state down to the views, requests up from them.
// Knows a client and the views; never knows wire messages, sockets, or how a row is drawn.
import { LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { FeedError } from '../relay/protocol/errors.ts';
import type { Change, ChangeDraft, Draft, FeedEntry, FeedEvent, Receipt } from '../relay/protocol/event.ts';
import type { ClientOptions, Connection, FeedClient, SubscribeOptions } from './client/feed-client.ts';
import { SharedClient } from './client/shared-client.ts';
import { checkTypes, matchesSome } from './client/subscriptions.ts';
import { seqOf, Timeline, type TimelineItem } from './client/timeline.ts';
import type { Controls } from './controls.ts';
import { LiveFeedEvent, type LiveFeedEvents } from './events.ts';
import type { Language } from './language.ts';
import type { Later } from './later.ts';
import { findRelay } from './page-relay.ts';
import type { Reader } from './reading.ts';
import { styles } from './styles/panel.ts';
import { FIRST_ROWS, type Order, type PanelHandlers, type PanelProps, panel } from './views/panel.ts';
import { english, type Words } from './words.ts';

/** Nothing known yet is not worth a word for this long, a cut connection for that; milliseconds. */
const SETTLE_MS = 150;
const CUT_MS = 1500;
/** A relay that has not answered by then is worth loading what tells of it; milliseconds. */
const LATE_MS = 500;
/** Events that wait for what is loaded later to be counted, at the most. */
const MOST_EARLY = 10_000;
/** Relative times are drawn anew this often, milliseconds. */
const CLOCK_MS = 15_000;

const STATES = ['live', 'connecting', 'offline', 'refused', 'paused', 'empty', 'unread'] as const;

/** A subscription of the page, which outlives the client that keeps it. */
interface Subscribed {
	type: string;
	callback: (event: FeedEvent) => void;
	options: SubscribeOptions;
	end?: () => void;
}

// All that a page can touch. custom-elements.json is made of it, and README.md's tables of that: `npm run docs`.
/**
 * A live activity panel.
 *
 * @element live-feed
 * @attr {string} channel - the channel to show: 1 to 64 of `A-Z a-z 0-9 . _ -`
 * @attr {string} relay - address of the relay; the origin of the drop-in script, or `<meta name="live-feed-relay">`
 * @attr {string} types - types to be transferred and shown, with spaces between: `deploy.* login`; all unless given
 * @attr {string} status - statuses to be shown, with spaces between: `open reopened`; all unless given, and events that have none
 * @attr {string} history - how many of the newest events to begin with (`50`), or how far back (`2h`)
 * @attr {string} token - proves who the reader is; taken at once, and never in the page
 * @attr {string} token-url - address that answers a token to the page's own credentials, whenever one is needed
 * @attr {string} heading - the panel's name; the channel's unless given
 * @attr {'newest-first' | 'newest-last'} order - where new rows appear: `newest-first` or `newest-last`; on top unless given
 * @attr {'comfortable' | 'compact'} density - `comfortable` reads like a conversation, `compact` like a log
 * @attr {boolean} paused - new rows wait; what is received, subscribed and published goes on
 * @attr {boolean} no-header - without the header
 * @attr {boolean} no-pulse - without the hour's bars in the header
 * @attr {boolean} presence - the reader is among those who are here, and is told of the others; with `compose` he is without it, by the name he gives
 * @attr {boolean} no-presence - he is not, and who is here, comes and goes is not shown
 * @attr {boolean} no-fold - alike events that follow each other are rows of their own
 * @attr {boolean} compose - with a field at the foot, for whoever may publish
 * @attr {boolean} count-mentions - of unread events, only those count that name the reader behind an @
 * @attr {boolean} count-in-title - the page's title begins with how many events are unread
 *
 * @fires {LiveFeedEvent} live-feed-publish - before a publish; cancelable, and its `draft` may be altered
 * @fires {LiveFeedEvent} live-feed-select - a row was activated; cancelable; `event`
 * @fires {LiveFeedEvent} live-feed-published - an event of this element was stored: `draft`, `receipt`
 * @fires {LiveFeedEvent} live-feed-received - events came: `events`, `replayed`
 * @fires {LiveFeedEvent} live-feed-changed - what became of events: `changes`
 * @fires {LiveFeedEvent} live-feed-gap - events cannot be had any more: `from`, `to`, `reset`
 * @fires {LiveFeedEvent} live-feed-error - something failed: `error`
 * @fires {LiveFeedEvent} live-feed-connection-change - `connection` is another
 * @fires {LiveFeedEvent} live-feed-unread-change - `unread` is another
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
 * @csspart row - a row; what it is besides is a further name of it
 * @csspart row-debug - a row of level `debug`
 * @csspart row-info - a row of level `info`, which is the usual one
 * @csspart row-success - a row of level `success`
 * @csspart row-warning - a row of level `warning`
 * @csspart row-error - a row of level `error`
 * @csspart row-fresh - a row that has just come
 * @csspart row-selected - the row that the reader has chosen
 * @csspart row-pending - what is not sent yet
 * @csspart row-expanded - a row whose long text the reader has unfolded
 * @csspart row-unfolded - a row whose data the reader has unfolded
 * @csspart row-folded - the newest of alike events, which stands for all of them
 * @csspart row-inside - one of them, where the reader has unfolded them
 * @csspart row-mention - a row that names the reader behind an @
 * @csspart row-pinned - a row that a moderator has pinned
 * @csspart row-removed - what stands in the place of a removed event
 * @csspart row-own - a row that the page has drawn
 * @csspart row-avatar - picture or initials
 * @csspart row-text - the sentence
 * @csspart row-meta - the second line
 * @csspart row-time - when it happened
 * @csspart chip - where a piece of work stands, a reaction, or how many alike events a row stands for
 * @csspart thread - the replies to an event, opened under its row
 * @csspart composer - the field one writes into
 * @csspart presence - how many are here
 * @csspart people - who, where the reader has unfolded it
 * @csspart separator - a day's name, or where what is new begins
 * @csspart gap - events that are missing
 * @csspart pill - how many new events wait beyond the edge
 * @csspart empty - what stands where there are no rows
 *
 * @cssState live - connected, and up to date
 * @cssState connecting - on the way there, for the first time
 * @cssState offline - cut off; it comes back by itself
 * @cssState refused - the relay does not want it, or not so
 * @cssState paused - new rows wait
 * @cssState unread - events came that the reader has not seen
 * @cssState empty - it has no events
 *
 * @cssprop {<color>} [--live-feed-surface=light-dark(#ffffff, #121418)] - the panel
 * @cssprop {<color>} [--live-feed-sunken=light-dark(#f5f6f8, #191c21)] - hover, JSON, counts
 * @cssprop {<color>} [--live-feed-selected=light-dark(#eef3fe, #1a2438)] - the selected row
 * @cssprop {<color>} [--live-feed-line=light-dark(#e4e6ea, #2a2e36)] - hairlines
 * @cssprop {<color>} [--live-feed-control=light-dark(#868d98, #6f7785)] - borders of buttons, bars of the pulse
 * @cssprop {<color>} [--live-feed-text=light-dark(#16181d, #eceef2)] - sentences, headings
 * @cssprop {<color>} [--live-feed-text-2=light-dark(#4a505a, #b6bcc7)] - types, states
 * @cssprop {<color>} [--live-feed-text-3=light-dark(#626975, #969daa)] - times, hints
 * @cssprop {<color>} [--live-feed-accent=light-dark(#2456d6, #8fb2ff)] - links, focus, the pill
 * @cssprop {<color>} [--live-feed-on-accent=light-dark(#ffffff, #0d1524)] - words on accent
 * @cssprop {<color>} [--live-feed-accent-tint=light-dark(#eaf0fe, #1b2740)] - the ground of a fresh row
 * @cssprop {<color>} [--live-feed-ok=light-dark(#15703f, #62cf94)] - live, success
 * @cssprop {<color>} [--live-feed-ok-tint=light-dark(#e6f5ec, #14281d)] - the ground of what is resolved
 * @cssprop {<color>} [--live-feed-warn=light-dark(#8a5100, #e8b04b)] - offline, warning
 * @cssprop {<color>} [--live-feed-error=light-dark(#b3261e, #ff8f85)] - error
 * @cssprop {<color>} [--live-feed-error-tint=light-dark(#fdecea, #331a19)] - the ground of an error in compact rows
 * @cssprop [--live-feed-font=system-ui, sans-serif] - sentences
 * @cssprop [--live-feed-mono=ui-monospace, Menlo, Consolas, monospace] - types, JSON, compact times
 * @cssprop {<length>} [--live-feed-font-size=clamp(13px, 0.875rem, 28px)] - everything else is in proportion to it
 */
export class LiveFeed extends LitElement {
	static override styles = styles;
	static override properties = {
		channel: { reflect: true },
		relay: {},
		types: {},
		status: {},
		history: {},
		token: { noAccessor: true },
		tokenUrl: { attribute: 'token-url' },
		getToken: { attribute: false },
		heading: {},
		order: {},
		density: {},
		paused: { type: Boolean, reflect: true },
		noHeader: { type: Boolean, attribute: 'no-header' },
		noPulse: { type: Boolean, attribute: 'no-pulse' },
		presence: { type: Boolean },
		noPresence: { type: Boolean, attribute: 'no-presence' },
		noFold: { type: Boolean, attribute: 'no-fold' },
		compose: { type: Boolean },
		countMentions: { type: Boolean, attribute: 'count-mentions' },
		countInTitle: { type: Boolean, attribute: 'count-in-title' },
		renderEvent: { attribute: false },
		messages: { attribute: false },
	};
	/** The relay of elements that name none; the drop-in script sets it to where it came from. */
	static defaultRelay: string | undefined;

	declare channel: string | null;
	declare relay: string | null;
	declare types: string | null;
	declare status: string | null;
	declare history: string | null;
	declare tokenUrl: string | null | undefined;
	/** Answers a token whenever one is needed; in place of `token-url`. */
	declare getToken: ClientOptions['getToken'];
	declare heading: string | null;
	declare order: Order | null;
	declare density: 'comfortable' | 'compact' | null;
	declare paused: boolean;
	declare noHeader: boolean;
	declare noPulse: boolean;
	declare presence: boolean;
	declare noPresence: boolean;
	declare noFold: boolean;
	declare compose: boolean;
	declare countMentions: boolean;
	declare countInTitle: boolean;
	/** Draws an event in place of the panel: a node, a sentence, or null for the panel's own row. Called once for each event, none of which is folded then. */
	declare renderEvent: PanelProps['renderEvent'];
	/** Strings of one's own, in place of the panel's: see `Words`. */
	declare messages: Partial<Words> | undefined;

	readonly #internals: ElementInternals | undefined;
	readonly #timeline = new Timeline();
	readonly #subscriptions = new Set<Subscribed>();
	#shared: SharedClient | undefined;
	#token: string | undefined;
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
	/** Once is enough: where nothing is painted, each event would leave another request. */
	#isAsked = false;
	#reader: Reader | undefined;
	#controls: Controls | undefined;
	#unread = 0;
	/** Live events and changes of before it was there. */
	#early: FeedEntry[] = [];
	#language: Language | undefined;
	#clock: ReturnType<typeof setInterval> | undefined;
	#settleTimer: ReturnType<typeof setTimeout> | undefined;

	constructor() {
		super();
		this.channel = null;
		this.relay = null;
		this.types = null;
		this.status = null;
		this.history = null;
		this.heading = null;
		this.order = null;
		this.density = null;
		this.paused = false;
		this.noHeader = false;
		this.noPulse = false;
		this.presence = false;
		this.noPresence = false;
		this.noFold = false;
		this.compose = false;
		this.countMentions = false;
		this.countInTitle = false;
		this.messages = undefined;
		this.#internals = this.attachInternals?.();
	}

	/**
	 * Proves who the reader is, until another is set; an empty one proves nothing. It can be set and not be read.
	 * @type {string | null | undefined}
	 */
	set token(token: string | null | undefined) {
		// Its own removal below.
		if (token == null) return;
		// Until then it may have shared its client with others, whose token it is not.
		if (this.#token) this.#client?.setToken(token);
		else this.requestUpdate('token', 1);
		this.#token = token;
		// What is in the page is everybody's to read: taken, as the platform does with `nonce`.
		this.removeAttribute('token');
	}

	get #client(): FeedClient | undefined {
		return this.#shared?.client;
	}

	/** Where it stands: `idle`, `connecting`, `catching-up`, `live`, `offline` (it comes back by itself) or `refused`. */
	get connection(): Connection {
		return this.#connection;
	}

	/** The events that the panel has, as they stand, oldest first. */
	get events(): FeedEvent[] {
		return this.#timeline.events;
	}

	/** How many events came since the reader was last at the live edge of this page, or another tab's or visit's. */
	get unread(): number {
		return this.#unread;
	}

	/** How many of the unread events that are here name the reader behind an @: by what his token proves, or by the name he gave. */
	get mentions(): number {
		return this.#reader?.countMentions(this.#controls?.names ?? []) ?? 0;
	}

	override connectedCallback(): void {
		super.connectedCallback();
		this.#clock = setInterval(() => this.requestUpdate(), CLOCK_MS);
		this.#reader?.attach();
		// Not at once where attributes have yet to be set, or the element is only being moved.
		queueMicrotask(() => this.#join());
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		clearInterval(this.#clock);
		queueMicrotask(() => {
			if (this.isConnected) return;
			this.#leave();
			this.#reader?.detach();
		});
	}

	/** Once a frame at the most: however much comes, and not at all while nobody can see it. */
	protected override async scheduleUpdate(): Promise<void> {
		if (this.#reader) await new Promise(requestAnimationFrame);
		super.scheduleUpdate();
	}

	override requestUpdate(...change: Parameters<LitElement['requestUpdate']>): void {
		// From this moment on, and not from the next frame.
		if (change[0] === 'paused')
			this.#pausedAt = this.paused ? (this.#pausedAt ?? seqOf(this.#timeline.items.at(-1))) : undefined;
		super.requestUpdate(...change);
	}

	protected override willUpdate(changed: PropertyValues<this>): void {
		const isOther = (['channel', 'relay', 'history', 'token', 'tokenUrl', 'getToken'] as const).some((name) =>
			changed.has(name),
		);
		if (isOther && this.#client) {
			this.#leave();
			this.#join();
		} else if (isOther && this.isConnected) this.#join();
		if ((changed.has('types') || changed.has('status')) && this.hasUpdated && this.#client) {
			// Other rows: those of before may miss what is wanted now.
			this.#clear();
			this.#widen();
			this.loadOlder().catch(() => {});
		}
	}

	protected override updated(): void {
		this.#reader?.settle();
		this.#follow();
		// Before there is a Reader nobody has scrolled, and the newest rows are at the foot.
		if (!this.#reader && this.#order === 'newest-last') this.renderRoot.querySelector('.list')?.scrollTo(0, 1e9);
		// Once the first row is on the screen, or it is clear that none will be soon.
		const isEmpty = this.#timeline.items.length === 0;
		if (
			!this.#isAsked &&
			(!isEmpty ||
				this.paused ||
				this.compose ||
				this.presence ||
				this.#hasHistory ||
				this.#problem ||
				(this.#isLate && this.#connection !== 'live'))
		) {
			this.#isAsked = true;
			afterPaint(() =>
				this.#loadLater().catch(() => {
					this.#isAsked = false;
				}),
			);
		}
		const isOn = { paused: this.paused, empty: isEmpty, unread: this.#unread, [this.#shownConnection]: true };
		for (const state of STATES) this.#internals?.states[isOn[state] ? 'add' : 'delete'](state);
	}

	get #order(): Order {
		return this.order === 'newest-last' ? 'newest-last' : 'newest-first';
	}

	/** Is there something before the oldest row, as far as the position tells? */
	get #hasHistory(): boolean {
		return /:[1-9]/.test(this.#client?.position ?? '');
	}

	get #patterns(): string[] {
		return split(this.types);
	}

	get #statuses(): string[] {
		return split(this.status);
	}

	/** Connects, unless it is connected. */
	#join(): void {
		if (!this.isConnected || this.#client) return;
		try {
			if (!this.channel) throw new FeedError('no-channel', 'Name a channel: `<live-feed channel="deploys">`.');
			const history = parseHistory(this.history);
			this.#shared = SharedClient.join(this, {
				relay: findRelay(this.relay || LiveFeed.defaultRelay),
				channel: this.channel,
				types: this.#transferred(),
				history,
				token: this.#token,
				tokenUrl: this.tokenUrl ?? undefined,
				getToken: this.getToken,
			});
			const { client } = this.#shared;
			this.#needsHistory = client.position !== undefined || client.history !== history || this.#statuses.length > 0;
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
			client.on('changed', ({ changes }) => this.#handleChanged(choose(changes, this.#transferred()))),
			client.on('refresh', (range) => {
				this.#loadLater().then(
					() => this.#reader?.refresh(range),
					() => {}, // there is nothing to fetch it from
				);
			}),
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
		for (const subscription of this.#subscriptions) this.#deliver(client, subscription);
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
		this.#early = [];
	}

	#clear(): void {
		this.#timeline.clear();
		this.#reader?.clear();
		this.#controls?.clear();
		if (this.#pausedAt !== undefined) this.#pausedAt = 0;
	}

	#handleState(client: FeedClient): void {
		const { connection } = client;
		if (this.#client !== client) return;
		this.#setConnection(connection);
		if (client.problem && client.problem !== this.#problem) this.#tell('live-feed-error', { error: client.problem });
		this.#problem = client.problem;
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
		const shown = this.#choose(events);
		if (this.#timeline.append(shown) > 0) this.#reader?.forgetEnd();
		if (!replayed) {
			if (this.#reader) this.#reader.receive(events, shown);
			else if (this.#early.length < MOST_EARLY) this.#early.push(...events);
		}
		this.#tell('live-feed-received', { events, replayed });
		this.requestUpdate();
	}

	#choose(events: readonly FeedEvent[]): readonly FeedEvent[] {
		const statuses = this.#statuses;
		const chosen = choose(events, this.#patterns);
		return statuses.length > 0 ? chosen.filter(({ status = '' }) => statuses.includes(status)) : chosen;
	}

	#handleChanged(changes: readonly Change[]): void {
		if (changes.length === 0) return;
		if (this.#reader) this.#reader.change(changes);
		else this.#early.push(...changes);
		this.#tell('live-feed-changed', { changes });
		this.requestUpdate();
	}

	#showUnread(): void {
		const unread = (this.countMentions ? this.mentions : this.#reader?.unread) ?? 0;
		this.#later?.countInTitle(this, this.countInTitle ? unread : undefined);
		if (unread === this.#unread) return;
		this.#unread = unread;
		this.#tell('live-feed-unread-change', { unread });
		this.requestUpdate();
	}

	/** Goes to the row that the page's address names, as soon as there is a log to find it in. */
	#follow(): void {
		if (this.#connection === 'live') this.#controls?.follow().catch(() => {}); // told by `live-feed-error` already
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
				const desk = {
					timeline: this.#timeline,
					root,
					getOrder: () => this.#order,
					getPausedAt: () => this.#pausedAt,
					getClient: () => this.#client,
					getPatterns: () => this.#patterns,
					getStatuses: () => this.#statuses,
					choose: (events: readonly FeedEvent[]) => this.#choose(events),
					getWords: () => this.#words,
					getNow: () => this.#now,
					isFolding: () => !this.noFold && !this.renderEvent,
					redraw: () => {
						this.requestUpdate();
						return this.updateComplete;
					},
					drawNow: () => {
						this.requestUpdate();
						this.performUpdate();
					},
					select: (event: FeedEvent) => this.#tell('live-feed-select', { event }, true),
					onUnread: () => this.#showUnread(),
					onError: (error: unknown) => this.#tell('live-feed-error', { error }),
					onTogglePause: this.#on.onTogglePause,
					onRetry: this.#on.onRetry,
				};
				this.#reader = new later.Reader(desk, this.#early);
				this.#controls = new later.Controls(desk, this.#reader);
				this.#on = this.#controls.on;
				this.#language = new later.Language(() => this.requestUpdate());
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

	/** Those of what is loaded later come with it. */
	get #words(): Words {
		return this.#language?.choose(this) ?? ({ ...english, ...this.messages } as Words);
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

	/** Until the rest is loaded, only what may be pressed by then. */
	#on = {
		onTogglePause: () => {
			this.paused = !this.paused;
		},
		onRetry: () => this.reconnect(),
		onSelect: (event) => void this.#loadLater().then(() => this.#on.onSelect(event)),
	} as PanelHandlers;

	/**
	 * Publishes an event and resolves with its receipt once it is stored. A lone string is its type:
	 * `publish('deploy.done')`; a text is `publish('message', {text: 'Deploy done'})`.
	 * @throws FeedError (as a rejection) `invalid-event` and what else the relay refuses, `no-channel`, `cancelled`, `closed`
	 */
	publish(type: string, fields?: Omit<Draft, 'type'>): Promise<Receipt>;
	publish(draft: Draft): Promise<Receipt>;
	async publish(first: string | Draft, fields?: Omit<Draft, 'type'>): Promise<Receipt> {
		const client = this.#need();
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
	 * Changes an event: one of `status`, `text`, `pinned`, `reaction` (with `on`, true unless given) and `removed: true`. With
	 * `ifMatch`, only if it has not changed since that `seq`. Resolves with the receipt of the change once it is stored.
	 * @throws FeedError (as a rejection) what the relay refuses, `no-channel`, `closed`
	 */
	async change(id: string, fields: Omit<ChangeDraft, 'target' | 'key'>): Promise<Receipt> {
		return this.#need().publish({ ...fields, target: id });
	}

	#need(): FeedClient {
		if (this.#client) return this.#client;
		throw this.#problem ?? new FeedError('closed', 'The element is not in the page.');
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
		if (this.#client) this.#deliver(this.#client, subscription);
		// Once for all that subscribe in the same breath.
		queueMicrotask(() => this.#widen());
		return this;
	}

	#deliver(client: FeedClient, subscription: Subscribed): void {
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

	/** Takes everything that is here for read. */
	markRead(): void {
		this.#reader?.markRead();
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
		const view = this.#reader?.view();
		// The second voice comes with what is loaded later; in the first one its rows would jump.
		const rows =
			view?.rows ??
			(this.paused || this.density === 'compact' ? [] : withoutReplies(this.#timeline.items.slice(-FIRST_ROWS)));
		const order = this.#order;
		const words = this.#words; // which decides the locale too
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
				problem: this.#problem,
				retryAt: this.#client?.retryAt,
				...view,
				...this.#controls?.marks,
				items: order === 'newest-first' ? rows.toReversed() : rows,
				isNew: !this.#hasHistory,
				drafts: this.#client,
				noPulse: this.noPulse,
				noHeader: this.noHeader,
				now: this.#now,
				locale: this.#language?.locale ?? findLocale(this),
				timeZone: findAttribute(this, 'time-zone'),
				hourCycle: findAttribute(this, 'hour-cycle'),
				words,
				renderEvent: this.renderEvent,
				later: this.#later,
			},
			this.#on,
		);
	}
}

/** Of the nearest element that has it. */
function findAttribute(element: Element, name: string): string | undefined {
	return element.closest(`[${name}]`)?.getAttribute(name) ?? undefined;
}

/** Runs once what was drawn in this frame is on the screen; soon in a hidden page, which has no frames. */
function afterPaint(run: () => void): void {
	if (document.hidden) setTimeout(run);
	else requestAnimationFrame(() => setTimeout(run));
}

function choose<T extends FeedEntry>(entries: readonly T[], patterns: readonly string[] = []): readonly T[] {
	return patterns.length === 0 ? entries : entries.filter((entry) => matchesSome(patterns, entry));
}

/** What stands in a thread comes with it. */
function withoutReplies(items: TimelineItem[]): TimelineItem[] {
	const ids = items.map((item) => item.kind === 'event' && item.event.id);
	return items.filter((item, i) => item.kind === 'gap' || !ids.slice(0, i).includes(item.event.replyTo ?? ''));
}

/** A list with spaces or commas between. */
function split(list: string | null): string[] {
	return String(list ?? '')
		.split(/[\s,]+/)
		.filter(Boolean);
}

/** `50` is a number of events, `2h` a span; empty is the default. */
function parseHistory(history: string | null): number | string | undefined {
	if (!history) return undefined;
	return /^\d+$/.test(history) ? Number(history) : history;
}

/** The nearest English, since the first words are, or the page's language where they are its own; language.ts looks closer. */
function findLocale(element: LiveFeed): string {
	const lang = element.closest<HTMLElement>('[lang]')?.lang ?? '';
	if (element.messages && lang) return lang;
	return [lang, ...navigator.languages].find((language) => /^en-/i.test(language)) ?? 'en';
}

declare global {
	interface HTMLElementTagNameMap {
		'live-feed': LiveFeed;
	}
}
