// Which rows are drawn, and how much room stands for the rest: what is being read stays where it is, whatever changes around it.
// Knows rows by their numbers, boxes and the scroll container; never knows what a row shows, or what its reader wants.
import type { Hands, Point } from './hands.ts';
import { type Row, type Rows, seqOfRow } from './rows.ts';

/** Rows are drawn so far beyond the view on both sides, or as far as the view is high; pixels. */
const LEAST_REACH_PX = 400;
/** And so far where all of them are others in a moment. */
const RUSH_REACH_PX = 200;
/** Twice within this time everything in view went by at once: so it goes on until it has not for as long; milliseconds. */
export const RUSH_MS = 250;
/** Rows that are drawn at the least and at the most, where nothing else is needed. */
const LEAST_ROWS = 24;
const MOST_ROWS = 400;
/** Rows that are printed at the most. */
const MOST_PRINTED_ROWS = 5000;
/** A row is taken to be so high before one was measured; pixels. */
const USUAL_ROW_PX = 48;
/** Who scrolls by more than this means it; pixels. */
const TAKEN_PX = 24;
/** What no screen shows, pixels. */
const TINY_PX = 0.02;
/** Browsers end at some 17 million (Firefox) and 33 million (Chromium) pixels; room for the rest is never more than this. */
const MOST_SPACE_PX = 15_000_000;

/** What the window depends on. */
export interface Frame {
	readonly rows: Rows;
	readonly hands: Hands;
	readonly root: ShadowRoot;
	/** The scroll container. */
	readonly list: HTMLElement;
	isNewestFirst(): boolean;
}

/** It stays what is being read until its reader scrolls, points or moves the focus: what only grows or shrinks changes no mind. */
interface Anchor {
	line: HTMLElement;
	top: number;
	scrollTop: number;
	point: Point | undefined;
	focus: Element | null;
}

export class ListWindow {
	readonly #frame: Frame;
	/** The numbers of the drawn rows: from the oldest to one after the newest. */
	#start = 0;
	#end = 0;
	/** One after the newest row that may be drawn. */
	#limit = 0;
	/** Drawn rows that are dropped from the rows while they are being read; their numbers end at `rows.first`. */
	#kept: readonly Row[] = [];
	/** Room for what is not drawn, pixels. */
	#above = 0;
	#below = 0;
	#rowPx = USUAL_ROW_PX;
	/** The height of what is drawn, as it was last. */
	#height = 0;
	/** What stays in its place: a line and its distance from the top of the view, and what its reader had done by then. */
	#anchor: Anchor | undefined;
	#held: number | undefined;
	/** What is to be drawn is not what is drawn: lines and numbers do not go together. */
	#isStale = false;
	/** Where a row that is about to be drawn has to stand. */
	#aim: { number: number; top: number; scrollTop: number; isFar: boolean } | undefined;
	/** How often rows had come or gone in between, when it last looked; and where lines stood then, since what is read may be among them. */
	#moves = 0;
	#places: { line: HTMLElement; top: number }[] = [];
	/** At the live edge the newest row is what stays. */
	#isFollowing = true;
	/** Where it scrolled to then; undefined before it has. */
	#edgeTop: number | undefined;
	/** When everything in view went by at once, by `performance.now()`. */
	#passedAt = Number.NEGATIVE_INFINITY;
	#isRushing = false;

	constructor(frame: Frame) {
		this.#frame = frame;
	}

	/** The drawn rows, oldest first. */
	get drawn(): Row[] {
		const { rows } = this.#frame;
		const kept = this.#kept.slice(this.#start - this.#oldest);
		return [...kept, ...rows.slice(this.#start, this.#end)];
	}

	/** Drawable rows that are newer than the drawn ones, and rows that are older. */
	get newer(): number {
		return this.#limit - this.#end;
	}

	get older(): number {
		return this.#start - this.#oldest;
	}

	get isEmpty(): boolean {
		return this.#start === this.#end;
	}

	/** One after the number of the newest drawn row. */
	get end(): number {
		return this.#end;
	}

	get #oldest(): number {
		return this.#frame.rows.first - this.#kept.length;
	}

	get #body(): HTMLElement {
		return this.#frame.list.querySelector('ol') as HTMLElement; // the panel always has one
	}

	/** The lines of the drawn rows, from the top. */
	get #lines(): HTMLElement[] {
		return [...this.#body.querySelectorAll<HTMLElement>(':scope > :is(.row[data-seq]:not(.row-kept), .gap)')];
	}

	/** The `seq` of the row that is being read; undefined where it is none. */
	get reading(): number | undefined {
		return Number(this.#anchor?.line.dataset.seq) || undefined;
	}

	/** Forgets everything: the rows are others. */
	reset(): void {
		this.#start = this.#end = this.#limit = this.#frame.rows.end;
		this.#kept = [];
		this.#anchor = this.#aim = this.#edgeTop = undefined;
		this.#isFollowing = true;
	}

	/** Has the rows change; those that are being read stay, even where they are dropped. */
	change(sync: () => void): void {
		const before = this.drawn;
		const { rows, list } = this.#frame;
		const [oldest, newest] = [rows.at(this.#start), rows.at(this.#end - 1)];
		const aim = this.#aim && rows.at(this.#aim.number);
		sync();
		this.#places = [];
		if (rows.moves !== this.#moves) {
			this.#moves = rows.moves;
			this.#isStale = true;
			// Those that are drawn stay so, and those that came between them are drawn too.
			if (oldest) this.#start = rows.find(oldestSeqOf(oldest));
			if (newest) this.#end = rows.find(seqOfRow(newest) + 1);
			if (this.#aim && aim) this.#aim.number = rows.find(seqOfRow(aim));
			this.#places = this.#lines.map((line) => ({ line, top: topIn(list, line) }));
		}
		this.#kept = before.slice(0, Math.max(rows.first - this.#start, 0));
		if (this.#kept.length > 0) {
			// Where those after them were dropped too, they come right before the first that is left.
			this.#start = rows.first - this.#kept.length;
			this.#end = Math.max(this.#end, rows.first);
		}
		// An open fold stays the last of what it shows, though more of its like come before it.
		const last = before.at(-1);
		if (last?.kind === 'fold' && last.isOpen)
			while (rows.at(this.#end - 1)?.isInside && this.#end - this.#start < MOST_ROWS) this.#end++;
	}

	/** Rows before this number have become so many more, or fewer. */
	shift(number: number, more: number): void {
		if (number < this.#end) this.#end += more;
		if (number < this.#start) this.#start += more;
		this.#start = Math.max(this.#start, this.#end - MOST_ROWS);
		this.#isStale = true;
	}

	/** Draws the newest rows up to a number, as many as the view takes or as are wanted, and stays with them. */
	follow(limit: number, rows?: number): void {
		this.#noteRush(limit - this.#end);
		this.#isFollowing = true;
		this.#aim = this.#anchor = undefined;
		this.#kept = [];
		this.#limit = this.#end = limit;
		this.#start = Math.max(limit - (rows ?? this.#count()), this.#oldest);
		const space = this.#spaceFor(this.older);
		[this.#above, this.#below] = this.#frame.isNewestFirst() ? [0, space] : [space, 0];
	}

	/** Whole views go by from one drawing to the next: what cannot be seen, or is gone before a hand could press it, is not worth drawing. */
	get isRushing(): boolean {
		return this.#isRushing;
	}

	/** So many rows have come since it was last drawn. */
	#noteRush(rows: number): void {
		const now = performance.now();
		const view = this.#frame.list.clientHeight;
		const isRecent = now - this.#passedAt < RUSH_MS;
		// Nothing goes by where there is no view.
		const isPassed = this.#isFollowing && view > 0 && rows * this.#rowPx >= view;
		// Once is a batch, and no rush.
		this.#isRushing = isRecent && (isPassed || this.#isRushing);
		if (isPassed) this.#passedAt = now;
	}

	/** Draws everything that is here, as far as paper goes. */
	unroll(): void {
		this.#isRushing = false;
		this.#end = Math.max(this.#end, this.#limit);
		this.#start = Math.max(this.#end - MOST_PRINTED_ROWS, this.#oldest);
		this.#isStale = true;
	}

	/** Leaves what is drawn as it is, up to a number that may be drawn when it is wanted. */
	stay(limit: number): void {
		this.leave();
		this.#limit = Math.max(limit, this.#end);
	}

	/** Stays with the newest row no longer. */
	leave(): void {
		if (this.#isFollowing) this.#remember();
		this.#isFollowing = this.#isRushing = false;
	}

	/** Draws the rows around a number, so that its row will stand at a distance from the top of the view, pixels. */
	show(number: number, top: number): void {
		this.#show(number, top, true);
	}

	#show(number: number, top: number, isFar: boolean): void {
		this.#isFollowing = this.#isRushing = false;
		const half = this.#count() >> 1;
		this.#isStale = true;
		this.#aim = { number, top, scrollTop: this.#frame.list.scrollTop, isFar };
		this.#start = Math.max(number - half, this.#oldest);
		this.#end = Math.min(this.#start + 2 * half, this.#limit);
	}

	/** The line of a drawn row. */
	find(number: number): HTMLElement | undefined {
		const index = this.#frame.isNewestFirst() ? this.#end - 1 - number : number - this.#start;
		return this.#lines[index];
	}

	/** How far the view is from the newest drawn row, pixels. */
	get distance(): number {
		const { list } = this.#frame;
		const box = list.getBoundingClientRect();
		const rows = this.#body.getBoundingClientRect();
		return this.#frame.isNewestFirst()
			? box.top + list.clientTop - rows.top
			: rows.bottom - box.top - list.clientHeight;
	}

	/** What is drawn is about to change: what is being read stays where scrolling has brought it by now. */
	hold(): void {
		const { scrollTop, clientHeight } = this.#frame.list;
		if (this.#anchor && scrollTop !== this.#anchor.scrollTop) this.note();
		const anchor = this.#anchor;
		this.#held = anchor && clientHeight > 0 ? anchor.top - (scrollTop - anchor.scrollTop) : undefined;
	}

	/** What is being read is another by now: scrolled on purpose, or pointed at, of which no event has told yet. */
	note(): void {
		if (!this.#isFollowing) this.#remember();
	}

	/** True if something else scrolled away from the edge, and its scroll event has not come yet. */
	get isTaken(): boolean {
		const { scrollTop, scrollHeight, clientHeight } = this.#frame.list;
		// A list without a box cannot be scrolled.
		if (!this.#isFollowing || clientHeight === 0) return false;
		if (this.#edgeTop === undefined) return this.distance > TAKEN_PX;
		// A browser that has less to scroll than before scrolls to the end, and the newest row is there.
		if (!this.#frame.isNewestFirst() && scrollHeight - scrollTop - clientHeight < TAKEN_PX) return false;
		return Math.abs(scrollTop - this.#edgeTop) > TAKEN_PX;
	}

	/**
	 * After what is drawn, or the room for it, has changed: puts everything where it belongs.
	 * Room for what is not drawn takes up the difference, so that scrolling goes on undisturbed; where there is too little, it scrolls.
	 * @param isDrawn rows were drawn, and not only their sizes have changed
	 */
	settle(isDrawn: boolean): void {
		if (isDrawn) this.#isStale = false;
		const { list } = this.#frame;
		// Nothing is anywhere while it has no box: things stay as they were, for when it has one again.
		if (list.clientHeight === 0) return;
		const body = this.#body;
		const height = body.getBoundingClientRect().height;
		const lines = this.#lines;
		if (lines.length > 0) this.#rowPx = Math.max(height / lines.length, 1);
		if (this.#isFollowing) {
			this.#height = height;
			this.#setSpace();
			const edge = this.#frame.isNewestFirst() ? 0 : list.scrollHeight;
			if (list.scrollTop !== edge) list.scrollTop = edge;
			this.#edgeTop = list.scrollTop;
			return;
		}
		const aim = this.#isStale ? undefined : this.#aim;
		if (!this.#isStale) this.#aim = undefined;
		if (isDrawn && !aim) this.#findAgain();
		const line = aim ? this.find(aim.number) : this.#anchor?.line;
		// A browser that has less to scroll than before scrolls too, which is nobody's wish; who drags goes on meanwhile.
		const expected = aim
			? aim.top - (aim.isFar ? 0 : list.scrollTop - aim.scrollTop)
			: (this.#held ?? this.#anchor?.top);
		this.#held = undefined;
		if (line?.isConnected && expected !== undefined) {
			if (aim?.isFar) this.#go(line, expected);
			else this.#put(line, expected);
			if (!aim && this.#anchor) this.#anchor.scrollTop = list.scrollTop;
		}
		this.#remember();
	}

	/** Where what is being read went into another row, the nearest one that is left stays in its place. */
	#findAgain(): void {
		const anchor = this.#anchor;
		if (!anchor || anchor.line.isConnected) return;
		const far = ({ top }: { top: number }) => Math.abs(top - anchor.top);
		const [nearest] = this.#places.filter(({ line }) => line.isConnected).sort((one, other) => far(one) - far(other));
		if (!nearest) return;
		this.#held = nearest.top;
		anchor.line = nearest.line;
		anchor.top = nearest.top;
	}

	get #sides(): [above: number, below: number] {
		return this.#frame.isNewestFirst() ? [this.newer, this.older] : [this.older, this.newer];
	}

	/** Scrolls to a line, with as much room around it as the rows there are worth. */
	#go(line: HTMLElement, expected: number): void {
		[this.#above = 0, this.#below = 0] = this.#sides.map((rows) => this.#spaceFor(rows));
		this.#height = this.#body.getBoundingClientRect().height;
		this.#setSpace();
		this.#frame.list.scrollTop += Math.round(topIn(this.#frame.list, line) - expected);
	}

	#put(line: HTMLElement, expected: number): void {
		const { list } = this.#frame;
		const total = this.#above + this.#below + this.#height;
		const off = topIn(list, line) - expected;
		const [rowsAbove, rowsBelow] = this.#sides;
		const above = this.#above - off;
		// Scrolling goes by whole pixels, and a rest stays in the room.
		this.#above = rowsAbove > 0 ? Math.max(above, 0) : modulo(above, 1);
		const height = this.#body.getBoundingClientRect().height;
		this.#height = height;
		this.#below =
			rowsBelow > 0 ? between(total - this.#above - height, this.#spaceFor(rowsBelow) / 4, MOST_SPACE_PX) : 0;
		this.#setSpace();
		const rest = topIn(list, line) - expected;
		if (Math.abs(rest) >= 0.5) list.scrollTop += Math.round(rest);
		// A browser may have rounded where it scrolls to.
		const left = topIn(list, line) - expected;
		if (Math.abs(left) < TINY_PX || Math.abs(left) >= 1 || this.#above < left) return;
		this.#above -= left;
		this.#setSpace();
	}

	/** The reader has scrolled, or the view has another size. Answers true where other rows have to be drawn. */
	move(isWithNewer: boolean): boolean {
		this.#height = this.#body.getBoundingClientRect().height;
		this.#remember();
		return this.cover(isWithNewer);
	}

	/** Has rows drawn wherever the view is near; newer ones only where the reader goes there. Answers true where they are others now. */
	cover(isWithNewer: boolean): boolean {
		if (this.#isStale) return true;
		if (this.#isFollowing || this.#aim) return false;
		const { list } = this.#frame;
		const view = list.clientHeight;
		if (view === 0) return false;
		const top = topIn(list, this.#body);
		const bottom = top + this.#body.getBoundingClientRect().height;
		const isNewestFirst = this.#frame.isNewestFirst();
		const [rowsAbove, rowsBelow] = this.#sides;
		if (bottom <= 0 && rowsBelow > 0) return this.#jump(rowsBelow * Math.min(-bottom / this.#below, 1), 1);
		if (top >= view && rowsAbove > 0) return this.#jump(rowsAbove * Math.min(top / this.#above, 1), -1);
		const reach = Math.max(view, LEAST_REACH_PX);
		const before = [this.#start, this.#end];
		const wantAbove = top > -reach / 2 && (isWithNewer || !isNewestFirst);
		const wantBelow = bottom < view + reach / 2 && (isWithNewer || isNewestFirst);
		if (wantAbove) this.#grow(-1, (top + reach) / this.#rowPx + 1);
		if (wantBelow) this.#grow(1, (view + reach - bottom) / this.#rowPx + 1);
		// What is far away is not drawn any more.
		const lines = this.#lines;
		const far = 2 * reach;
		const spare = Math.max(lines.length - LEAST_ROWS, 0);
		if (top < -2 * far)
			this.#grow(
				-1,
				-Math.min(
					lines.findIndex((line) => topIn(list, line) > -far),
					spare,
				),
			);
		if (bottom > view + 2 * far)
			this.#grow(1, -Math.min(lines.length - 1 - lines.findLastIndex((line) => topIn(list, line) < view + far), spare));
		this.#isStale = before[0] !== this.#start || before[1] !== this.#end;
		return this.#isStale;
	}

	/** Goes where the view is, beyond what is drawn: so many rows below it, or above. */
	#jump(rows: number, direction: 1 | -1): boolean {
		const { list } = this.#frame;
		const isNewestFirst = this.#frame.isNewestFirst();
		const whole = Math.floor(rows);
		const top = direction > 0 ? -(rows - whole) * this.#rowPx : (rows - whole) * this.#rowPx;
		const isOlder = isNewestFirst === direction > 0;
		const number = isOlder ? this.#start - 1 - whole : this.#end + whole;
		this.#show(between(number, this.#oldest, this.#limit - 1), between(top, -this.#rowPx, list.clientHeight), false);
		return true;
	}

	/** Draws more rows (or fewer) at the upper side (-1) or the lower one (1). */
	#grow(side: 1 | -1, rows: number): void {
		const count = between(Math.ceil(rows), -MOST_ROWS, MOST_ROWS);
		if (this.#frame.isNewestFirst() === side > 0) this.#start = between(this.#start - count, this.#oldest, this.#end);
		else this.#end = between(this.#end + count, this.#start, this.#limit);
		if (this.#start > this.#oldest) this.#kept = this.#kept.slice(this.#start - this.#oldest);
	}

	#count(): number {
		const view = this.#frame.list.clientHeight;
		if (this.#isRushing) return between(Math.ceil((view + RUSH_REACH_PX) / this.#rowPx), 1, MOST_ROWS);
		return between(Math.ceil((view + Math.max(view, LEAST_REACH_PX)) / this.#rowPx), LEAST_ROWS, MOST_ROWS);
	}

	#spaceFor(rows: number): number {
		return Math.min(rows * this.#rowPx, MOST_SPACE_PX);
	}

	#setSpace(): void {
		// Attributes of drawings, since a strict policy forbids styles.
		const [above, below] = this.#frame.list.querySelectorAll(':scope > .space');
		above?.setAttribute('height', `${this.#above}`);
		below?.setAttribute('height', `${this.#below}`);
	}

	/** Chooses what is being read: the row with the focus, the one under the pointer, or the first one that begins in view. */
	#remember(): void {
		const { list, root, hands } = this.#frame;
		const { point } = hands;
		const { scrollTop, clientHeight: view } = list;
		const focus = root.activeElement;
		if (view === 0) return;
		const isInView = (line: Element | null | undefined | false): line is HTMLElement => {
			if (!line || !list.contains(line)) return false;
			const { top, bottom } = line.getBoundingClientRect();
			const begin = list.getBoundingClientRect().top;
			return bottom > begin && top < begin + view;
		};
		const last = this.#anchor;
		const isSame = last?.scrollTop === scrollTop && last.point === point && last.focus === focus;
		const candidates = [
			() => isSame && last.line,
			() => root.activeElement?.matches(':focus-visible') && root.activeElement.closest('.answer, .row:not(.row-kept)'),
			() => point && root.elementFromPoint(point.x, point.y)?.closest('.row, .gap'),
			() => this.#lines.find((line) => topIn(list, line) >= 0),
			() => this.#lines.find(isInView),
		];
		let line: HTMLElement | undefined;
		for (const find of candidates) {
			const found = find();
			if (!isInView(found)) continue;
			line = found;
			break;
		}
		this.#anchor = line && { line, top: topIn(list, line), scrollTop, point, focus };
	}
}

/** The oldest `seq` that a row stands for. */
function oldestSeqOf(row: Row): number {
	return row.kind === 'fold' && !row.isOpen ? (row.events[0] ?? row.event).seq : seqOfRow(row);
}

/** Distance from the top of the view. */
function topIn(list: HTMLElement, line: Element): number {
	return line.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientTop;
}

function between(value: number, least: number, most: number): number {
	return Math.max(least, Math.min(value, most));
}

/** The rest of a division, never negative. */
function modulo(value: number, by: number): number {
	return ((value % by) + by) % by;
}
