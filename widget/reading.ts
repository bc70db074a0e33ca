// Where the reader is: at the live edge, away from it, or about to press something; and how he gets to other rows.
// Knows what may be drawn now and what waits; never knows sockets, how rows keep their places, or what they show.
import { type Change, type FeedEntry, type FeedEvent, isChange, type Pulse } from '../relay/protocol/event.ts';
import { Announcer } from './announcer.ts';
import { Amendments, insertEvent, mergeEvents, prependEvents } from './client/changes.ts';
import type { FeedClient } from './client/feed-client.ts';
import { fetchFound, fetchHistory, fetchRange } from './client/history.ts';
import { type Gap, seqOf, type Timeline } from './client/timeline.ts';
import { Hands } from './hands.ts';
import { mentions } from './mentions.ts';
import { isOwn } from './rights.ts';
import { isInThread, isSameRow, type Row, Rows, seqOfRow } from './rows.ts';
import { type Seen, Unread } from './unread.ts';
import { FIRST_ROWS, type Older, type Order } from './views/panel.ts';
import { countEvents } from './views/pulse.ts';
import { ListWindow, RUSH_MS } from './window.ts';
import type { Words } from './words.ts';

/** Nearer than this to the newest row, the reader is at the live edge; pixels. */
const EDGE_PX = 24;
/** Nearer than this to the oldest row that is here, older ones are loaded; pixels. */
const OLD_END_PX = 600;
/** Events of a page of history where the reader scrolls, and where something far back is looked for. */
const PAGE_EVENTS = 250;
const SEARCH_EVENTS = 1000;
/** Pages that are looked through at the most. */
const MOST_PAGES = 120;
/** Above so many rows a second, none of them flashes. */
const MOST_FLASHES = 4;
const NONE: ReadonlySet<number> = new Set();
/** What waits under a hand is not worth a word for this long, milliseconds. */
const BRIEF_MS = 1500;
/** Nearer than so many views, the way to the newest row is shown. */
const SMOOTH_VIEWS = 2;
/** It takes no longer than this, milliseconds. */
const SMOOTH_MS = 1500;
/** The pill is there where the pointer rests no sooner than the pointer goes: half its width, and its height with the distance from the edge; pixels. */
const PILL_PX = { half: 90, high: 60 };

/** What the reader's place depends on. */
export interface Place {
	timeline: Timeline;
	root: ShadowRoot;
	getOrder(): Order;
	/** The newest `seq` that may be drawn while paused; undefined while it is not. */
	getPausedAt(): number | undefined;
	getClient(): FeedClient | undefined;
	/** The types that are shown; empty for all. */
	getPatterns(): readonly string[];
	/** The statuses that are shown; empty for all, and for events that have none. */
	getStatuses(): readonly string[];
	/** Of events, those that are shown. */
	choose(events: readonly FeedEvent[]): readonly FeedEvent[];
	getWords(): Words;
	isFolding(): boolean;
	/** The relay's clock, milliseconds. */
	getNow(): number;
	/** Resolves once it is drawn. */
	redraw(): Promise<unknown>;
	/** Draws at once: a printer does not wait. */
	drawNow(): void;
	/** How many are unread has changed. */
	onUnread(): void;
	onError(error: unknown): void;
}

/** What the panel is told of the reader. */
export interface View {
	/** The rows to be drawn, oldest first. */
	rows: Row[];
	/** A row with the focus that is drawn out of sight, so that the focus stays. */
	kept: Row | undefined;
	/** The row that Tab reaches, by its `seq`. */
	reachable: number | undefined;
	/** What the pill tells; undefined where there is none. */
	pill: { events: number; errors: number } | undefined;
	/** Events that wait while paused. */
	waiting: number;
	mark: Seen | undefined;
	older: Older;
	fresh: ReadonlySet<number>;
	pulse: Pulse | undefined;
	/** Rows go by too fast for a hand. */
	isRushing: boolean;
}

export class Reader {
	readonly #place: Place;
	readonly #rows = new Rows();
	readonly #hands: Hands;
	readonly #window: ListWindow;
	readonly #list: HTMLElement;
	readonly #announcer: Announcer;
	readonly #amendments: Amendments;
	/** Events that became others, or came in between, since it was last drawn; by their `seq`. */
	#changed = new Map<number, FeedEvent>();
	/** The range in which events may be shown now that were not before. */
	#passing: Gap | undefined;
	/** Everything is here that is shown, however far back. */
	#isAll = false;
	readonly #observers: { disconnect(): void }[] = [];
	#unread: Unread | undefined;
	#older: Older = 'unknown';
	#loading: Promise<void> | undefined;
	/** As the last scrolling left it: what else moves the rows is no wish of the reader's. */
	#isAtEdge = true;
	/** The newest `seq` that the reader has been at. */
	#reached = 0;
	#waitingSince: number | undefined;
	/** Until then it scrolls to the edge by itself; by `performance.now()`. */
	#goingUntil = 0;
	/** The newest rows are called for, whatever is in hand; and until when, by `performance.now()`. */
	#isCalled = false;
	#calledUntil = 0;
	#isOnScreen = true;
	#isPrinting = false;
	/** The list had a box when its size was looked at last. */
	#hasBox = false;
	/** It scrolls by itself, after printing. */
	#isReturning = false;
	/** The row that was read before printing. */
	#readBefore: number | undefined;
	/** Where the focus goes when the button that has it goes. */
	#leavingTo: '.list' | '.end' | undefined;
	/** The row with the focus, though it may be far away. */
	#focused: Row | undefined;
	#reachable: number | undefined;
	/** When the latest rows came, by `performance.now()`. */
	#arrivals: number[] = [];
	#fresh: ReadonlySet<number> = NONE;
	/** The hour as the relay has counted it, and what came since. */
	#pulse: Pulse | undefined;
	#early: readonly FeedEvent[];
	#stopHands: (() => void) | undefined;
	#calming: ReturnType<typeof setTimeout> | undefined;

	/** @param early live events that have come already, and changes */
	constructor(place: Place, early: readonly FeedEntry[]) {
		this.#place = place;
		this.#early = early.filter((entry): entry is FeedEvent => !isChange(entry));
		this.#chooseFresh(this.#early.slice(-1));
		this.#amendments = new Amendments(place.timeline);
		this.#note(this.#amendments.count(this.#early));
		this.change(early.filter(isChange));
		const { root } = place;
		this.#list = root.querySelector('.list') as HTMLElement; // the panel always has one
		this.#hands = new Hands(root, () => void place.redraw());
		this.#window = new ListWindow({
			rows: this.#rows,
			hands: this.#hands,
			root,
			list: this.#list,
			isNewestFirst: () => place.getOrder() === 'newest-first',
		});
		this.#announcer = new Announcer(root, () => place.getWords());
		this.#list.addEventListener('scroll', () => this.#move(), { passive: true });
		this.#list.addEventListener('focusin', ({ target }) => this.#handleFocus(target as Element));
		this.#list.addEventListener('focusout', () => {
			this.#focused = undefined;
		});
		// A hand that scrolls takes over.
		for (const type of ['wheel', 'touchstart', 'pointerdown', 'keydown'])
			this.#list.addEventListener(
				type,
				() => {
					this.#goingUntil = this.#calledUntil = 0;
				},
				{ passive: true },
			);
		// It may have left the page while this was loaded.
		if (root.host.isConnected) this.attach();
	}

	/** The element is in a page: sizes and visibility are watched. Where it was only moved there, its list has been scrolled to its top. */
	attach(): void {
		if (this.#observers.length > 0) {
			this.#window.settle(false);
			return;
		}
		const sizes = new ResizeObserver(() => this.#handleSize());
		sizes.observe(this.#list);
		sizes.observe(this.#list.querySelector('ol') as Element);
		const sight = new IntersectionObserver((entries) => {
			this.#isOnScreen = entries.at(-1)?.isIntersecting ?? true;
			this.#look();
		});
		sight.observe(this.#list);
		const page = new AbortController();
		const { signal } = page;
		document.addEventListener('visibilitychange', () => this.#look(), { signal });
		addEventListener('beforeprint', () => this.#print(), { signal });
		addEventListener('afterprint', () => void this.#comeBack(), { signal });
		// The address may name a row now.
		addEventListener('hashchange', () => void this.#place.redraw(), { signal });
		this.#observers.push(sizes, sight, { disconnect: () => page.abort() });
		this.#stopHands = this.#hands.listen();
	}

	/** Everything is drawn at once. */
	#print(): void {
		this.#readBefore = this.#isAtEdge ? undefined : this.#window.reading;
		this.#isPrinting = true;
		this.#place.drawNow();
	}

	/** A list that is laid out for paper does not scroll: the reader is brought back to what he was reading. */
	async #comeBack(): Promise<void> {
		this.#isPrinting = false;
		const seq = this.#readBefore;
		this.#isReturning = true;
		if (seq !== undefined) await this.#show(this.#rows.find(seq));
		else await this.#place.redraw();
		this.#isReturning = false;
	}

	/** It is not any more: nothing of it stays. */
	detach(): void {
		for (const observer of this.#observers.splice(0)) observer.disconnect();
		this.#stopHands?.();
		clearTimeout(this.#calming);
		this.#announcer.hush();
		this.#endUnread();
	}

	/** What follows is another place, or another log: nothing of it is known yet. */
	#endUnread(): void {
		this.#unread?.end();
		this.#unread = undefined;
		this.#place.onUnread();
	}

	/** What is to be drawn now. */
	view(): View {
		const { timeline } = this.#place;
		const rows = this.#rows;
		const pausedAt = this.#place.getPausedAt();
		this.#window.change(() => {
			if (!rows.sync(timeline, this.#place.isFolding(), pausedAt, [...this.#changed.values()])) this.#window.reset();
			this.#changed.clear();
		});
		const { activeElement } = this.#place.root;
		this.#leavingTo = activeElement?.matches('.pill') ? '.list' : activeElement?.matches('.end *') ? '.end' : undefined;
		if (pausedAt !== undefined) this.#announcer.hush();
		// What was drawn before there was a window may have been scrolled already.
		if (this.#window.isEmpty) this.#window.follow(rows.end, FIRST_ROWS);
		if (performance.now() < this.#calledUntil) this.#isCalled = true;
		if (this.#isAtEdge && this.#window.isTaken) this.#isAtEdge = false;
		// Scrolling that was under way then does not take that back.
		if (this.#isCalled) this.#isAtEdge = true;
		// While paused there is nothing to follow, and what is drawn stays though the rows of then are dropped.
		const isFree = this.#isCalled || (pausedAt === undefined && !this.#hands.isOn);
		if (this.#isAtEdge && isFree) this.#window.follow(rows.end);
		else this.#window.stay(rows.end);
		if (this.#isPrinting) this.#window.unroll();
		this.#window.hold();
		const { drawn } = this.#window;
		const newest = seqOfRow(drawn.at(-1));
		// Whoever was away from the beginning on has seen what was there then.
		if (this.#isAtEdge || !this.#reached) this.#reached = newest;
		const focused = this.#findFocused(drawn);
		const isKept = focused && !drawn.includes(focused);
		if (isKept) drawn[seqOfRow(focused) < newest ? 'unshift' : 'push'](focused);
		const counted = this.#place.getClient()?.pulse;
		if (!this.#pulse && counted) this.#pulse = countEvents(counted, this.#early);
		return {
			pulse: this.#pulse,
			rows: drawn,
			kept: isKept ? focused : undefined,
			reachable: this.#findReachable(drawn),
			pill: pausedAt === undefined ? this.#countWaiting() : undefined,
			waiting: pausedAt === undefined ? 0 : this.#count(pausedAt).events,
			mark: this.#unread?.findMark(newest),
			older: this.#olderEnd,
			fresh: this.#fresh,
			isRushing: this.#window.isRushing,
		};
	}

	/** The row with the focus as it is now: events may have been folded into it. */
	#findFocused(drawn: readonly Row[]): Row | undefined {
		const focused = this.#focused;
		const now = focused && drawn.find((row) => isSameRow(row, focused));
		if (!now) return focused;
		if (this.#reachable === seqOfRow(focused)) this.#reachable = seqOfRow(now);
		this.#focused = now;
		return now;
	}

	/** Tab leads back to where the focus was; where that is not drawn, to what is being read. */
	#findReachable(drawn: readonly Row[]): number | undefined {
		const isDrawn = drawn.some((row) => seqOfRow(row) === this.#reachable);
		return isDrawn ? this.#reachable : (!this.#isAtEdge && this.#window.reading) || seqOfRow(drawn.at(-1));
	}

	/** It was drawn. */
	settle(): void {
		// A button that is not needed any more takes nobody's focus with it.
		const { root } = this.#place;
		if (this.#leavingTo && !root.activeElement)
			root.querySelector<HTMLElement>(this.#leavingTo)?.focus({ preventScroll: true });
		this.#isCalled = false;
		this.#window.settle(true);
		if (!this.#isPrinting && this.#window.cover(false)) void this.#place.redraw();
		clearTimeout(this.#calming);
		// What was left out comes, though nothing else does.
		if (this.#window.isRushing) this.#calming = setTimeout(() => void this.#place.redraw(), RUSH_MS);
		this.#look();
	}

	get #olderEnd(): Older {
		const [oldest] = this.#place.timeline.items;
		if (this.#loading) return 'loading';
		if (this.#window.older > 0) return 'more';
		if (this.#older !== 'unknown') return this.#older;
		return oldest && seqOf(oldest) === 1 ? 'beginning' : 'more';
	}

	/** Another log, or another channel: nothing is known any more. */
	clear(): void {
		this.#older = 'unknown';
		this.#loading = undefined;
		this.#isAtEdge = true;
		this.#reached = 0;
		this.#focused = undefined;
		this.#fresh = NONE;
		this.#pulse = undefined;
		this.#changed.clear();
		this.#passing = undefined;
		this.#isAll = false;
		this.#early = [];
		this.#reachable = undefined;
		this.#announcer.hush();
		this.#endUnread();
	}

	/** Rows were dropped at the old end. */
	forgetEnd(): void {
		this.#older = 'more';
	}

	/** Live events came: all that are transferred, and those that are shown. */
	receive(all: readonly FeedEvent[], events: readonly FeedEvent[]): void {
		if (this.#pulse) this.#pulse = countEvents(this.#pulse, all);
		this.#note(this.#amendments.count(all));
		// What stands in a thread is not news of the list.
		const rows = events.filter((event) => !isInThread(this.#place.timeline, event));
		if (rows.length > 0) this.#receive(rows);
	}

	#receive(events: readonly FeedEvent[]): void {
		this.#chooseFresh(events);
		this.#unread?.came();
		if (this.#place.getPausedAt() === undefined) this.#announcer.count(events);
		// What will be on the screen in a moment is no news.
		if (!this.#isLooking || this.#hands.isOn) this.#place.onUnread();
	}

	/** Changes came, of what is shown and of what is not. */
	change(changes: readonly Change[]): void {
		const { changed, unknown } = this.#amendments.apply(changes);
		this.#note(changed);
		const statuses = this.#place.getStatuses();
		if (statuses.length === 0) return;
		// What was left out for its status may have another one now.
		for (const { target, state } of unknown) {
			const seq = Number(target.split(':')[1]);
			if (!statuses.includes(state?.status ?? '') || seq < this.#loadedFrom) continue;
			const isIdle = !this.#passing;
			const { from, to } = this.#passing ?? { from: seq, to: seq };
			this.#passing = { from: Math.min(from, seq), to: Math.max(to, seq) };
			if (isIdle) setTimeout(() => void this.#pass());
		}
	}

	/** From this `seq` on, everything is here that is shown. */
	get #loadedFrom(): number {
		if (this.#isAll || this.#isOldEndKnown) return 0;
		return seqOf(this.#place.timeline.items[0]) || Number.POSITIVE_INFINITY;
	}

	async #pass(): Promise<void> {
		const range = this.#passing;
		this.#passing = undefined;
		if (range) await this.#bring(range, this.#query);
	}

	/** Changes of a range are lost: what is loaded comes once more, as it stands now. */
	async refresh({ to }: Gap): Promise<void> {
		const from = this.#loadedFrom;
		const { type = '' } = this.#query;
		// Whatever its status: what is shown may have lost it.
		if (from <= to) await this.#bring({ from, to }, type ? { type } : {});
	}

	/** Has the events of a range as they stand, and takes them over: those that are here, and those that are shown now. */
	async #bring(range: Gap, query: Record<string, string>): Promise<void> {
		const client = this.#place.getClient();
		const { timeline } = this.#place;
		const { clears } = timeline;
		if (!client) return;
		try {
			await fetchRange(client, range, query, (events) => {
				if (this.#place.getClient() !== client || timeline.clears !== clears) return false;
				this.#note(mergeEvents(timeline, events));
				const missing = this.#place.choose(events).filter(({ seq }) => seq >= this.#loadedFrom);
				this.#note(missing.filter((event) => insertEvent(timeline, event)));
				this.#note(this.#amendments.settle());
				void this.#place.redraw();
				return true;
			});
		} catch (error) {
			this.#place.onError(error);
		}
	}

	#note(changed: readonly FeedEvent[]): void {
		for (const event of changed) this.#changed.set(event.seq, event);
	}

	/** What is asked for of history. */
	get #query(): Record<string, string> {
		const [type, status] = [this.#place.getPatterns().join(), this.#place.getStatuses().join()];
		return { ...(type ? { type } : {}), ...(status ? { status } : {}) };
	}

	/** Events that are not read yet, as far as is known. */
	get unread(): number {
		const position = this.#position;
		const seen = position && this.#unread?.seqIn(position.epoch);
		if (seen === undefined) return 0;
		const [first] = this.#place.timeline.items;
		// What was not loaded counts too, where no filter leaves something out of it.
		const oldest = first?.kind === 'gap' ? first.from : seqOf(first);
		const before = first && Object.keys(this.#query).length === 0 ? Math.max(oldest - 1 - seen, 0) : 0;
		const { events } = this.#count(seen);
		if (before === 0) return events;
		// Not every entry has a row: there, as many are taken to have one as here.
		const span = seqOf(this.#place.timeline.items.at(-1)) - oldest + 1;
		return events + Math.round((before * events) / span);
	}

	/** Those of them that are here and name somebody, who has not said it himself. */
	countMentions(names: readonly string[]): number {
		const position = this.#position;
		const seen = (position && this.#unread?.seqIn(position.epoch)) ?? Number.POSITIVE_INFINITY;
		const own = this.#place.getClient()?.own;
		const me = { own, subject: own?.subject };
		const { items } = this.#place.timeline;
		const first = items.findLastIndex((item) => seqOf(item) <= seen) + 1;
		return items
			.slice(first)
			.filter((item) => item.kind === 'event' && mentions(item.event, names) && !isOwn(item.event, me)).length;
	}

	/** Tells those who listen that something was done for them. */
	say(text: string): void {
		this.#announcer.say(text);
	}

	/** Everything that is here counts as read. */
	markRead(): void {
		const position = this.#position;
		if (position)
			this.#unread?.markRead(
				position.epoch,
				seqOf(this.#place.timeline.items.at(-1)) || position.seq,
				this.#place.getNow(),
			);
		this.#place.onUnread();
	}

	get #position(): { epoch: string; seq: number } | undefined {
		const [epoch, seq] = this.#place.getClient()?.position?.split(':') ?? [];
		return epoch && epoch !== '-' ? { epoch, seq: Number(seq) } : undefined;
	}

	/** Tells what the reader has seen: what is drawn at the live edge of a page that is looked at. */
	#look(): void {
		const position = this.#position;
		const client = this.#place.getClient();
		const { timeline } = this.#place;
		if (!position || !client || client.connection === 'catching-up') return;
		const { relay, channel } = client;
		if (!this.#unread) {
			const place = [relay, channel, ...this.#place.getPatterns(), ...this.#place.getStatuses()].join(' ');
			this.#unread = new Unread(place, () => this.#place.onUnread());
			this.#unread.begin(position.epoch, seqOf(timeline.items.at(-1)) || position.seq, this.#place.getNow());
			void this.#place.redraw();
		}
		// What is drawn may still be another log's.
		// Whoever is at the newest row has read also what stands in threads after it.
		const isWhole = this.#window.end === this.#rows.end;
		const newest = isWhole ? this.#rows.newest : seqOfRow(this.#window.drawn.at(-1));
		const drawn = Math.min(Math.max(newest, 0), seqOf(timeline.items.at(-1)));
		this.#unread.look(this.#isLooking, position.epoch, drawn, this.#place.getNow());
		this.#place.onUnread();
	}

	get #isLooking(): boolean {
		return this.#isAtEdge && this.#isOnScreen && !document.hidden && this.#place.getPausedAt() === undefined;
	}

	/** Events and errors among them after a `seq`. */
	#count(seq: number): { events: number; errors: number } {
		const { items } = this.#place.timeline;
		let [events, errors] = [0, 0];
		for (let i = items.length - 1; i >= 0; i--) {
			const item = items[i];
			if (!item || seqOf(item) <= seq) break;
			if (item.kind !== 'event' || isInThread(this.#place.timeline, item.event)) continue;
			events++;
			if (item.event.level === 'error') errors++;
		}
		return { events, errors };
	}

	#countWaiting(): View['pill'] {
		const counts = this.#count(this.#reached);
		if (counts.events === 0) {
			this.#waitingSince = undefined;
			return undefined;
		}
		this.#waitingSince ??= performance.now();
		const isBrief = this.#isAtEdge && !this.#hands.isStaying && performance.now() - this.#waitingSince < BRIEF_MS;
		return isBrief || this.#isOnPill ? undefined : counts;
	}

	/** Does the pointer rest where the pill would be? */
	get #isOnPill(): boolean {
		const { point } = this.#hands;
		if (!point || this.#place.root.querySelector('.pill')) return false;
		const { left, width, top, bottom } = this.#list.getBoundingClientRect();
		const fromEdge = this.#place.getOrder() === 'newest-first' ? point.y - top : bottom - point.y;
		return Math.abs(point.x - left - width / 2) < PILL_PX.half && fromEdge < PILL_PX.high;
	}

	/** The reader has scrolled. */
	#move(): void {
		if (this.#isPrinting || this.#isReturning) return;
		// On the way to the edge nothing may come between.
		const isGoing = performance.now() < this.#goingUntil;
		const { newer, distance } = this.#window;
		// Rows that wait under a hand at the edge leave him there; on his way back he meets them one by one.
		// Whoever is at the very top at once has not come by scrolling through them: by the scrollbar, or by a key.
		const isAtTop = this.#place.getOrder() === 'newest-first' && this.#list.scrollTop === 0;
		this.#isAtEdge = distance < EDGE_PX && (newer === 0 || this.#isAtEdge || isGoing || isAtTop);
		if (!this.#isAtEdge) this.#window.leave();
		const isCovered = !this.#window.move(!isGoing);
		if (!this.#isAtEdge) {
			if (this.#reached < seqOfRow(this.#window.drawn.at(-1)))
				this.#reached = Math.max(this.#reached, this.#newestInView());
			if (this.#window.older === 0 && this.#fromOldEnd < OLD_END_PX) void this.showOlder();
		}
		if (!isCovered || this.#isAtEdge) void this.#place.redraw();
		this.#look();
	}

	/** The `seq` of the newest row in view. */
	#newestInView(): number {
		const box = this.#list.getBoundingClientRect();
		const isInView = (line: Element) => {
			const { top, bottom } = line.getBoundingClientRect();
			return bottom > box.top && top < box.bottom;
		};
		const lines = [...this.#list.querySelectorAll<HTMLElement>('[data-seq]')].filter(isInView);
		return Math.max(0, ...lines.map(({ dataset }) => Number(dataset.seq)));
	}

	get #fromOldEnd(): number {
		const { scrollTop, scrollHeight, clientHeight } = this.#list;
		return this.#place.getOrder() === 'newest-first' ? scrollHeight - clientHeight - scrollTop : scrollTop;
	}

	#handleSize(): void {
		const hadBox = this.#hasBox;
		this.#hasBox = this.#list.clientHeight > 0;
		const isScrolling = !this.#isPrinting && !this.#isReturning;
		// Sizes are told before the event of a scroll that was made in the same frame.
		// A list that had no box may have lost its place: that is no scroll.
		if (hadBox && isScrolling && this.#isAtEdge && this.#window.isTaken) {
			this.#isAtEdge = false;
			this.#window.leave();
		}
		this.#window.settle(false);
		if (!this.#isPrinting && this.#window.cover(true)) void this.#place.redraw();
	}

	/** Goes to the newest row: on sight of the way where that is short. The focus goes along where it was in the list. */
	async goToEdge(isByKey = false): Promise<void> {
		const hadFocus = isByKey || this.#list.contains(this.#place.root.activeElement);
		const { clientHeight } = this.#list;
		// Those that wait just beyond what is drawn belong to the way.
		if (this.#window.move(true)) await this.#place.redraw();
		if (this.#window.newer === 0 && this.#window.distance < SMOOTH_VIEWS * clientHeight && !hadFocus) {
			this.#goingUntil = performance.now() + SMOOTH_MS;
			const top = this.#place.getOrder() === 'newest-first' ? 0 : this.#list.scrollHeight;
			const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
			this.#list.scrollTo({ top, behavior: isCalm ? 'auto' : 'smooth' });
			return;
		}
		this.#isAtEdge = this.#isCalled = true;
		await this.#place.redraw();
		if (hadFocus) this.#focus(this.#window.end - 1);
	}

	/** Stays with the newest rows for so long, unless a hand takes them elsewhere: what the reader has sent is to be among them. */
	async callNewest(ms: number): Promise<void> {
		this.#calledUntil = performance.now() + ms;
		await this.#place.redraw();
	}

	/** Goes to the event of a `seq`, loading what lies between; answers false where it is not kept any more. */
	async goTo(seq: number): Promise<boolean> {
		await this.#loadUntil((oldest) => oldest.seq <= seq);
		await this.#place.redraw();
		const row = this.#rows.at(this.#rows.find(seq));
		if (!row) return false;
		// One of those that are folded into a row is seen once they are unfolded.
		const isInFold = row.kind === 'fold' && row.events.some((event) => event.seq === seq);
		if (isInFold && seqOfRow(row) !== seq) this.toggleFold(row);
		// Where it is not kept, what stands there now is the next best.
		await this.#show(this.#rows.find(seq));
		return isInFold || (row.kind === 'event' && row.event.seq === seq);
	}

	/** Goes to the first event of a time; the relay's clock, milliseconds. */
	async goToTime(time: number): Promise<void> {
		await this.#loadUntil((oldest) => oldest.time < time);
		await this.#place.redraw();
		const found = this.#place.timeline.items.find((item) => item.kind === 'event' && item.event.time >= time);
		const number = found && this.#rows.find(seqOf(found));
		// While paused it may not be a row yet.
		if (number !== undefined && this.#rows.at(number)) await this.#show(number);
	}

	async #loadUntil(isReached: (oldest: FeedEvent) => boolean): Promise<void> {
		for (let page = 0; page < MOST_PAGES; page++) {
			const oldest = this.#place.timeline.items.find((item) => item.kind === 'event');
			if ((oldest?.kind === 'event' && isReached(oldest.event)) || this.#isOldEndKnown) return;
			const before = seqOf(this.#place.timeline.items[0]);
			await this.loadOlder(SEARCH_EVENTS);
			if (seqOf(this.#place.timeline.items[0]) === before) return;
		}
	}

	get #isOldEndKnown(): boolean {
		return this.#older === 'beginning' || this.#older === 'trimmed';
	}

	/** Draws a row in the middle of the view. */
	async #show(number: number): Promise<void> {
		this.#isAtEdge = false;
		this.#window.stay(this.#rows.end);
		this.#window.show(number, this.#list.clientHeight / 3);
		await this.#place.redraw();
		this.#look();
	}

	/** The keyboard's way through the list: so many rows down (or up), to its first row or its last; and into it, to the row that Tab reaches. */
	async moveFocus(from: HTMLElement | undefined, step: number): Promise<void> {
		const isNewestFirst = this.#place.getOrder() === 'newest-first';
		const end = this.#window.end + this.#window.newer;
		const isEnd = !Number.isFinite(step);
		if (!from && !isEnd) {
			this.#list.querySelector<HTMLElement>('.row[tabindex="0"]')?.focus();
			return;
		}
		const isToNewest = isNewestFirst === step < 0;
		if (isEnd && isToNewest) return this.goToEdge(true);
		let number = isEnd ? this.#rows.first : this.#rows.find(Number(from?.dataset.seq)) + (isToNewest ? 1 : -1);
		// What is no event has nothing to be read to the end; at the very end it is the way back that leads to one.
		while (this.#rows.at(number)?.kind === 'gap') number += isToNewest || isEnd ? 1 : -1;
		if (number < this.#rows.first || number >= end) return;
		if (!this.#window.find(number) || this.#isFar(number)) await this.#show(number);
		this.#focus(number);
	}

	/** Is a drawn row so far from the view that one would lose sight of where one was? */
	#isFar(number: number): boolean {
		const line = this.#window.find(number);
		if (!line || line.classList.contains('row-kept')) return true;
		const box = this.#list.getBoundingClientRect();
		const { top, bottom } = line.getBoundingClientRect();
		return bottom < box.top - box.height || top > box.bottom + box.height;
	}

	#focus(number: number): void {
		this.#window.find(number)?.focus();
		this.#window.note();
	}

	#handleFocus(target: Element): void {
		const seq = Number(target.closest<HTMLElement>('[data-seq]')?.dataset.seq ?? 0);
		const row = seq ? this.#rows.at(this.#rows.find(seq)) : undefined;
		this.#focused = row;
		if (!row || this.#reachable === seq) return;
		this.#reachable = seq;
		void this.#place.redraw();
	}

	/** Opens a fold, or closes it. */
	toggleFold(row: Row): void {
		if (row.kind !== 'fold') return;
		this.#window.stay(this.#rows.end);
		// The pointer may have come a moment ago, since when nothing was drawn.
		this.#window.note();
		const number = this.#rows.find(row.event.seq);
		this.#window.shift(number, this.#rows.toggle(row));
		void this.#place.redraw();
	}

	/** Loads what a panel begins with, where its client has begun without it: a number of events, or how far back. */
	async begin(history: number | string | undefined): Promise<void> {
		const client = this.#place.getClient();
		const { timeline } = this.#place;
		const { clears } = timeline;
		if (!client) return;
		try {
			const { events, isAll } = await fetchHistory(client, history, this.#query);
			if (this.#place.getClient() !== client || timeline.clears !== clears) return;
			prependEvents(timeline, events);
			this.#isAll = isAll;
			this.#note(this.#amendments.settle());
		} catch (error) {
			this.#place.onError(error);
		}
		void this.#place.redraw();
	}

	/** Draws older rows that are here, or has them loaded. */
	async showOlder(): Promise<void> {
		if (this.#window.older === 0) await this.loadOlder();
		await this.#place.redraw();
	}

	/** Loads a page of older events; resolves once they are here, or the attempt has failed. */
	loadOlder(events = PAGE_EVENTS): Promise<void> {
		if (this.#isOldEndKnown) return Promise.resolve();
		if (this.#loading) return this.#loading;
		const loading = this.#load(events).finally(() => {
			if (this.#loading === loading) this.#loading = undefined;
			void this.#place.redraw();
		});
		this.#loading = loading;
		return loading;
	}

	async #load(limit: number): Promise<void> {
		const client = this.#place.getClient();
		const { timeline } = this.#place;
		const { clears } = timeline;
		if (!client?.position) return;
		const [epoch, seq] = client.position.split(':');
		const oldest = timeline.items.find((item) => item.kind === 'event');
		const before = oldest?.kind === 'event' ? oldest.event.id : `${epoch}:${Number(seq) + 1}`;
		void this.#place.redraw();
		try {
			const page = await fetchFound(client, { ...this.#query, before, limit: String(limit) });
			// Of another channel, another log or other types by now.
			if (this.#place.getClient() !== client || timeline.clears !== clears) return;
			prependEvents(timeline, page.events);
			this.#note(this.#amendments.settle());
			this.#older = page.next !== null ? 'more' : page.first <= 1 ? 'beginning' : 'trimmed';
		} catch (error) {
			this.#place.onError(error);
		}
	}

	/** Which of the rows that came now flash: all, or none where many come. */
	#chooseFresh(events: readonly FeedEvent[]): void {
		const now = performance.now();
		this.#arrivals = [...this.#arrivals, ...events.slice(-MOST_FLASHES - 1).map(() => now)]
			.slice(-MOST_FLASHES - 1)
			.filter((time) => now - time < 1000);
		this.#fresh = new Set(this.#arrivals.length > MOST_FLASHES ? [] : events.map(({ seq }) => seq));
	}
}
