// The panel: header, list, what stands between rows, and what stands in their place.
// Knows what is to be shown, in which order; never knows where it came from.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { FeedEvent, Pulse } from '../../relay/protocol/event.ts';
import type { Later } from '../later.ts';
import type { Zone } from '../times.ts';
import { dayOf, formatDay, formatRowTime } from '../times.ts';
import type { Words } from '../words.ts';
import { header } from './header.ts';
import { drawLines, type Line } from './lines.ts';
import { emptyView, isAuthors, type Trouble } from './note.ts';
import type { Drafts } from './outbox.ts';
import type { Here, Move } from './presence.ts';
import type { RowHandlers, RowState } from './row.ts';
import { row } from './row.ts';
import type { Work, WorkViews } from './work.ts';

/** Alike events, shown as the newest of them. */
export interface Fold {
	kind: 'fold';
	/** Stays the same while it grows. */
	key: string;
	event: FeedEvent;
	/** All of them, oldest first. */
	events: FeedEvent[];
	isOpen: boolean;
	isInside?: never;
}

/** What stands in the list; `isInside` what an open fold shows. */
export type Item =
	| { kind: 'event'; event: FeedEvent; isInside?: true }
	| { kind: 'gap'; from: number; to: number; isInside?: never }
	| Fold;

/** Where new rows appear. */
export type Order = 'newest-first' | 'newest-last';

/** What lies beyond the oldest row that is here. */
export type Older = 'more' | 'loading' | 'beginning' | 'trimmed' | 'unknown';

/** Rows that are drawn before the reader can have moved, and with which a window begins. */
export const FIRST_ROWS = 100;

/** All that a panel shows. */
export interface PanelProps extends Zone, Trouble {
	channel: string;
	heading: string;
	order: Order;
	density: 'comfortable' | 'compact';
	connection: 'idle' | 'connecting' | 'catching-up' | 'live' | 'offline' | 'refused';
	/** False while it is too early to show that nothing is known yet. */
	settled: boolean;
	/** Entries still to come while catching up. */
	toGo: number;
	/** The relay's clock when last live, ms. */
	asOf: number | undefined;
	paused: boolean;
	/** Events that wait while paused. */
	waiting?: number;
	/** In display order, the first on top. */
	items: readonly Item[];
	/** One of them that is drawn out of sight, since it has the focus. */
	kept?: Item | undefined;
	/** The one row that Tab reaches, by `seq`; the first one where none is given. */
	reachable?: number | undefined;
	/** These by `seq` too. */
	selected?: number | undefined;
	expanded?: ReadonlySet<number>;
	unfolded?: ReadonlySet<number>;
	/** The row whose link was just copied. */
	copied?: number | undefined;
	fresh?: ReadonlySet<number>;
	/** Rows go by too fast for a hand. */
	isRushing?: boolean;
	/** Where the reader was last: what is newer than this `seq` came since that time, of the relay's clock. */
	mark?: { seq: number; time: number } | undefined;
	/** What waits beyond the view; undefined where nobody needs to be told. */
	pill?: { events: number; errors: number } | undefined;
	/** Who is here; undefined where that is not known, or nobody wants to know. Are their names unfolded? */
	people?: Here | undefined;
	/** Who came and went, oldest first. */
	moves?: readonly Move[];
	/** Nothing was ever published. */
	isNew: boolean;
	/** What lies beyond the oldest item. */
	older?: Older;
	/** What was handed in here and is not stored yet. */
	drafts: Drafts | undefined;
	pulse?: Pulse | undefined;
	/** Minute of the pulse that is looked at, 0 to 59. */
	minute?: number | undefined;
	noPulse: boolean;
	noHeader: boolean;
	/** The relay's clock, ms; relative times go by it. */
	now: number;
	words: Words;
	/** The page's own drawing of an event. */
	renderEvent: ((event: FeedEvent) => Node | string | null | undefined) | undefined;
	/** What is loaded once it is needed; undefined until then. */
	later: Later | undefined;
	/** What is loaded where somebody works on events: how that looks, and what he has begun; and how one asks for it. */
	views?: WorkViews | undefined;
	work?: Work | undefined;
	onWork?: () => void;
	/** What the reader is called behind an @. */
	isMe?: (name: string) => boolean;
}

/** What a reader may ask for. The object should stay the same from render to render, or every row is drawn anew. */
export interface PanelHandlers extends RowHandlers {
	onTogglePause(): void;
	onRetry(): void;
	onTogglePeople(): void;
	onLoadOlder(): void;
	/** The pill was pressed. */
	onEdge(): void;
	/** A minute of the pulse is looked at, 0 to 59, or none; and it was pressed. */
	onMinute(minute: number | undefined): void;
	onGoToMinute(minute: number): void;
}

const DAY = 'day ';

/** Rows, days and gaps, flat and each with a key of its own. */
function lines(props: PanelProps, on: PanelHandlers): Line[] {
	const { items, now, words, later } = props;
	const compact = props.density === 'compact';
	const first = items.find((item) => item.kind !== 'gap') as { event: FeedEvent } | undefined; // no gap
	const reachable = props.reachable ?? first?.event.seq;
	const result: Line[] = [];
	let quarter: number | undefined;
	let day = '';
	for (const [index, item] of items.entries()) {
		later?.addMarks(result, index, props);
		// A mark that waits a moment for its looks is still there before anybody can read what is around it.
		if (item.kind === 'gap') continue;
		const { event } = item;
		const shown = event.at ?? event.time;
		// Days begin at quarters of an hour everywhere, and to ask Intl for each row is dear.
		const before = quarter;
		const isKept = item === props.kept;
		if (!isKept) quarter = Math.floor(shown / 900_000);
		const its = isKept || quarter === before ? day : dayOf(shown, props);
		if (its !== day) {
			day = its;
			const label = formatDay(shown, now, props);
			// A log of today alone needs nobody to say so.
			if (!compact || result.length || day !== dayOf(now, props)) {
				result.push({
					// A day may come up again, and which separators there are changes with what is drawn. With a name of its own
					// none of them is ever moved, and so no row is: from under a finger, or from the focus.
					key: `${DAY}${event.seq}`,
					deps: [label],
					draw: () => html`<li class="day" part="separator"><bdi>${label}</bdi></li>`,
				});
			}
		}
		later?.addMoves(result, index, props);
		const state: RowState = {
			time: formatRowTime(shown, now, props, compact),
			reachable: event.seq === reachable,
			compact,
			...later?.rowState(item, props),
		};
		result.push({
			key: state.key ?? event.id,
			deps: [
				event,
				words,
				on,
				later,
				props.views,
				props.timeZone,
				props.hourCycle,
				props.renderEvent,
				...Object.values(state),
			],
			draw: () => row(event, state, props, words, on),
		});
	}
	// At the newest end, where they will be: under the newest day.
	const top = String(result[0]?.key).startsWith(DAY) ? 1 : 0;
	if (later) result.splice(props.order === 'newest-first' ? top : result.length, 0, ...later.edgeLines(props));
	return result;
}

/** The whole panel. */
export function panel(props: PanelProps, on: PanelHandlers): TemplateResult {
	const { connection, items, words, order, channel, later } = props;
	const none = !items.length;
	const refused = connection === 'refused';
	const trouble = none && (refused || connection === 'offline' || isAuthors(props));
	const waits = none && (connection === 'connecting' || connection === 'catching-up');
	return html`<section class="panel ${props.density} ${order}" aria-label=${props.heading || channel || nothing}>
		${header(props, on)}${later?.peopleView(props)}
		<div class="view"><div class="list" part="list" ?data-rows=${!none} tabindex="-1">
			${(none && props.isNew) || order === 'newest-first' ? nothing : later?.endView(props, on)}
			<svg class="space" height="0"></svg>
			<ol role=${none ? nothing : 'list'}>${drawLines(lines(props, on))}</ol>
			<svg class="space" height="0"></svg>
			${(none && props.isNew) || order === 'newest-last' ? nothing : later?.endView(props, on)}
			${waits && props.settled ? later?.bones() : nothing}
			${trouble ? html`<div class="note" part="empty">${later ? later.troubleView(props, refused, words, on.onRetry) : props.problem?.message}</div>` : nothing}
			<div class="note" part="empty" ?hidden=${!none || trouble || connection !== 'live' || !props.isNew}><slot name="empty">${emptyView(props)}</slot></div>
		</div>${later?.pill(props, on)}</div>
		${later?.foot(props)}
		<slot name="footer"></slot>
	</section>`;
}
