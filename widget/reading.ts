// Where the reader is in the list: how he keeps his place while rows come and go, and how he gets to older ones.
// Knows the scroll container and the rows that are drawn; never knows sockets or what a row shows.
import type { FeedEvent } from '../relay/protocol/event.ts';
import type { FeedClient } from './client/feed-client.ts';
import { fetchHistory, prependEvents } from './client/history.ts';
import { seqOf, type Timeline, type TimelineItem } from './client/timeline.ts';

/** Nearer than this to the newest row, the reader is at the live edge; pixels. */
const EDGE_PX = 24;
/** Nearer than this to the oldest row, older ones are wanted; pixels. */
const OLD_END_PX = 600;
/** Rows that are drawn at the live edge, and how many more at each step back: a redraw costs by all, so steps are long. */
const EDGE_ROWS = 100;
const OLDER_ROWS = 250;

/** Above so many rows a second, none of them flashes. */
const MAX_FLASHES = 4;

export type Order = 'newest-first' | 'newest-last';

/** What lies beyond the oldest row that is here. */
export type Older = 'more' | 'loading' | 'beginning' | 'trimmed' | 'unknown';

/** What the reader's place depends on. */
export interface Place {
	timeline: Timeline;
	getList(): HTMLElement;
	getOrder(): Order;
	/** What may be drawn: all of the timeline, or less while paused; oldest first. */
	getItems(): readonly TimelineItem[];
	getClient(): FeedClient | undefined;
	/** The types that are shown; empty for all. */
	getPatterns(): readonly string[];
	redraw(): void;
	onError(error: unknown): void;
}

export class Reader {
	readonly #place: Place;
	/** The ends of what is drawn; undefined at the live edge, where the newest are. */
	#oldestDrawn: number | undefined;
	#newestDrawn = 0;
	#older: Older = 'unknown';
	#loading: Promise<void> | undefined;
	/** As the last scrolling left it: what else moves the rows is no wish of the reader's. */
	#isAtEdge = true;
	/** When the latest rows came, by `performance.now()`. */
	#arrivals: number[] = [];

	constructor(place: Place) {
		this.#place = place;
	}

	/** The rows of the window, oldest first. */
	get drawn(): readonly TimelineItem[] {
		const items = this.#place.getItems();
		const oldest = this.#oldestDrawn;
		if (oldest === undefined) return items.slice(-EDGE_ROWS);
		// What comes is not drawn until the reader is back: it would only be in his way.
		const start = Math.max(
			items.findIndex((item) => seqOf(item) >= oldest),
			0,
		);
		return items.slice(start, items.findLastIndex((item) => seqOf(item) <= this.#newestDrawn) + 1);
	}

	/** What lies beyond the oldest row that is drawn. */
	get older(): Older {
		const items = this.#place.getItems();
		const [oldest] = items;
		if (this.#loading) return 'loading';
		if (this.drawn[0] !== oldest) return 'more';
		if (this.#older !== 'unknown') return this.#older;
		return oldest && seqOf(oldest) === 1 ? 'beginning' : 'more';
	}

	/** Another log, or another channel: nothing is known any more. */
	clear(): void {
		this.#oldestDrawn = undefined;
		this.#older = 'unknown';
		this.#isAtEdge = true;
	}

	/** Rows were dropped at the old end. */
	forgetEnd(): void {
		this.#older = 'more';
	}

	/**
	 * Remembers the topmost row in view; the function it answers puts that row back where it was, or stays at the live
	 * edge. Safari has no scroll anchoring, and with both the list would jump twice.
	 */
	hold(): () => void {
		const list = this.#place.getList();
		if (this.#isAtEdge) {
			return () => {
				list.scrollTop = this.#place.getOrder() === 'newest-first' ? 0 : list.scrollHeight;
			};
		}
		const top = list.getBoundingClientRect().top;
		const rows = list.querySelectorAll<HTMLElement>('[data-seq]');
		const row = [...rows].find((candidate) => candidate.getBoundingClientRect().bottom > top);
		const before = row?.getBoundingClientRect().top ?? 0;
		return () => {
			if (row?.isConnected) list.scrollTop += row.getBoundingClientRect().top - before;
		};
	}

	/** The reader has scrolled. */
	move(): void {
		const list = this.#place.getList();
		const { newest, oldest } = this.#distances();
		this.#isAtEdge = newest < EDGE_PX;
		if (this.#isAtEdge) {
			// Back at the edge: what was drawn on the way is let go.
			if (this.#oldestDrawn === undefined || list.scrollHeight <= list.clientHeight) return;
			this.#oldestDrawn = undefined;
			this.#place.redraw();
			return;
		}
		// Away from the edge the rows that are drawn stay, whatever comes.
		if (this.#oldestDrawn === undefined) this.#leaveEdge();
		if (oldest < OLD_END_PX) void this.showOlder();
	}

	/** Draws older rows that are here, or has them loaded. */
	async showOlder(): Promise<void> {
		if (this.#oldestDrawn === undefined) this.#leaveEdge();
		if (this.drawn[0] === this.#place.getItems()[0]) await this.loadOlder();
		if (this.#oldestDrawn === undefined) return; // back at the edge meanwhile
		const items = this.#place.getItems();
		const start = items.findIndex((item) => seqOf(item) >= (this.#oldestDrawn ?? 0));
		this.#oldestDrawn = seqOf(items[Math.max(start - OLDER_ROWS, 0)]);
		this.#place.redraw();
	}

	#leaveEdge(): void {
		const { drawn } = this;
		this.#oldestDrawn = seqOf(drawn[0]);
		this.#newestDrawn = seqOf(drawn.at(-1));
	}

	/** Loads what a panel begins with, where its client has begun without it: a number of events, or how far back. */
	async begin(history: number | string | undefined): Promise<void> {
		const client = this.#place.getClient();
		if (!client) return;
		try {
			const events = await fetchHistory(client, history, this.#place.getPatterns());
			if (this.#place.getClient() === client) prependEvents(this.#place.timeline, events);
		} catch (error) {
			this.#place.onError(error);
		}
		this.#place.redraw();
	}

	/** Loads a page of older events; resolves once they are here, or the attempt has failed. */
	loadOlder(): Promise<void> {
		if (this.#older === 'beginning' || this.#older === 'trimmed') return Promise.resolve();
		this.#loading ??= this.#load().finally(() => {
			this.#loading = undefined;
			this.#place.redraw();
		});
		return this.#loading;
	}

	async #load(): Promise<void> {
		const client = this.#place.getClient();
		const patterns = this.#place.getPatterns();
		const { timeline } = this.#place;
		if (!client?.position) return;
		const [epoch, seq] = client.position.split(':');
		const oldest = timeline.items.find((item) => item.kind === 'event');
		const before = oldest?.kind === 'event' ? oldest.event.id : `${epoch}:${Number(seq) + 1}`;
		this.#place.redraw();
		try {
			const page = await client.fetchPage({
				before,
				limit: String(OLDER_ROWS),
				...(patterns.length > 0 ? { type: patterns.join() } : {}),
			});
			if (this.#place.getClient() !== client) return;
			prependEvents(timeline, page.events);
			this.#older = page.next !== null ? 'more' : page.first <= 1 ? 'beginning' : 'trimmed';
		} catch (error) {
			this.#place.onError(error);
		}
	}

	/** Which of the rows that came now flash: all, or none where many come. */
	chooseFresh(events: readonly FeedEvent[]): ReadonlySet<number> {
		const now = performance.now();
		this.#arrivals = [...this.#arrivals, ...events.map(() => now)]
			.slice(-MAX_FLASHES - 1)
			.filter((time) => now - time < 1000);
		return new Set(this.#arrivals.length > MAX_FLASHES ? [] : events.map(({ seq }) => seq));
	}

	/** How far the view is from both ends, pixels. */
	#distances(): { newest: number; oldest: number } {
		const list = this.#place.getList();
		const above = list.scrollTop;
		const below = list.scrollHeight - list.clientHeight - above;
		return this.#place.getOrder() === 'newest-first'
			? { newest: above, oldest: below }
			: { newest: below, oldest: above };
	}
}
