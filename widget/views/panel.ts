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
import type { RowHandlers } from './row.ts';
import { row } from './row.ts';

/** What stands in the list. */
export type Item = { kind: 'event'; event: FeedEvent } | { kind: 'gap'; from: number; to: number };

/** All that a panel shows. */
export interface PanelProps extends Zone, Trouble {
	channel: string;
	heading: string;
	order: 'newest-first' | 'newest-last';
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
	waiting: number;
	/** In display order, the first on top. */
	items: readonly Item[];
	/** These four by `seq`. */
	selected: number | undefined;
	expanded: ReadonlySet<number>;
	unfolded: ReadonlySet<number>;
	fresh: ReadonlySet<number>;
	/** Nothing was ever published. */
	isNew: boolean;
	/** What lies beyond the oldest item. */
	older: 'more' | 'loading' | 'beginning' | 'trimmed' | 'unknown';
	/** What was handed in here and is not stored yet. */
	drafts: Drafts | undefined;
	pulse: Pulse | undefined;
	noPulse: boolean;
	noHeader: boolean;
	/** The relay's clock, ms; relative times go by it. */
	now: number;
	words: Words;
	/** What is loaded once it is needed; undefined until then. */
	later: Later | undefined;
}

/** What a reader may ask for. The object should stay the same from render to render, or every row is drawn anew. */
export interface PanelHandlers extends RowHandlers {
	onTogglePause(): void;
	onRetry(): void;
	onLoadOlder(): void;
	onScroll(event: Event): void;
}

/** Rows, days and gaps, flat and each with a key of its own. */
function lines(props: PanelProps, on: PanelHandlers): Line[] {
	const { items, now, words, selected, later } = props;
	const compact = props.density === 'compact';
	const reachable = selected ?? items.find((item) => item.kind === 'event')?.event.seq;
	const result: Line[] = [];
	let quarter: number | undefined;
	let day = '';
	const days = new Map<string, number>();
	for (const item of items) {
		if (item.kind === 'gap') {
			// A mark that waits a moment for its looks is still there before anybody can read what is around it.
			if (later)
				result.push({
					key: `gap ${item.from} ${item.to}`,
					deps: [words],
					draw: () => later.gapView(item, words),
				});
			continue;
		}
		const { event } = item;
		const { seq } = event;
		const shown = event.at ?? event.time;
		// Days begin at quarters of an hour everywhere, and to ask Intl for each row is dear.
		const before = quarter;
		quarter = Math.floor(shown / 900_000);
		const its = quarter === before ? day : dayOf(shown, props);
		if (its !== day) {
			day = its;
			const label = formatDay(shown, now, props, words);
			// What happened is told in the order in which it was stored, so that a day may come up again.
			const times = (days.get(day) ?? 0) + 1;
			days.set(day, times);
			// A log of today alone needs nobody to say so.
			if (!compact || result.length || label !== words.today) {
				result.push({
					key: `${day} ${times}`,
					deps: [label],
					draw: () => html`<li class="day" part="separator"><bdi>${label}</bdi></li>`,
				});
			}
		}
		const state = {
			time: formatRowTime(shown, now, props, words, compact),
			selected: seq === selected,
			expanded: props.expanded.has(seq),
			unfolded: props.unfolded.has(seq),
			fresh: props.fresh.has(seq),
			reachable: seq === reachable,
			compact,
		};
		result.push({
			key: event.id,
			deps: [event, words, on, later, props.timeZone, ...Object.values(state)],
			draw: () => row(event, state, props, words, on),
		});
	}
	// At the newest end, where they will be.
	if (later) result[props.order === 'newest-first' ? 'unshift' : 'push'](...later.outboxLines(props));
	return result;
}

/** The whole panel. */
export function panel(props: PanelProps, on: PanelHandlers): TemplateResult {
	const { connection, items, words, order, channel, later } = props;
	const none = !items.length;
	const refused = connection === 'refused';
	const trouble = none && (refused || connection === 'offline' || isAuthors(props));
	const waits = none && (connection === 'connecting' || connection === 'catching-up');
	return html`<section class="panel ${props.density}" aria-label=${props.heading || channel || nothing}>
		${header(props, on)}
		<div class="list" part="list" @scroll=${on.onScroll} @keydown=${later?.moveFocus}>
			${(none && props.isNew) || order === 'newest-first' ? nothing : later?.endView(props, on)}
			<ol role="list">${drawLines(lines(props, on))}</ol>
			${(none && props.isNew) || order === 'newest-last' ? nothing : later?.endView(props, on)}
			${waits && props.settled ? later?.bones() : nothing}
			${trouble ? html`<div class="note" part="empty">${later ? later.troubleView(props, refused, words, on.onRetry) : props.problem?.message}</div>` : nothing}
			<div class="note" part="empty" ?hidden=${!none || trouble || connection !== 'live' || !props.isNew}><slot name="empty">${emptyView(props)}</slot></div>
		</div>
		<slot name="footer"></slot>
	</section>`;
}
