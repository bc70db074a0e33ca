// The panel: header, list, what stands between rows, and what stands in their place.
// Knows what is to be shown, in which order; never knows where it came from.
import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { FeedEvent, Pulse } from '../../relay/protocol/event.ts';
import { dayOf, formatClock, formatDay, formatRowTime } from '../times.ts';
import type { Zone } from '../times.ts';
import type { Words } from '../words.ts';
import { header } from './header.ts';
import { icon } from './icons.ts';
import { row } from './row.ts';
import type { RowHandlers } from './row.ts';
import { bones, emptyView, isAuthors, troubleView } from './state.ts';
import type { Trouble } from './state.ts';

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
	/** What lies beyond the oldest item. */
	older: 'more' | 'loading' | 'beginning' | 'trimmed' | 'unknown';
	pulse: Pulse | undefined;
	noPulse: boolean;
	noHeader: boolean;
	/** The relay's clock, ms; relative times go by it. */
	now: number;
	words: Words;
}

/** What a reader may ask for. The object should stay the same from render to render, or every row is drawn anew. */
export interface PanelHandlers extends RowHandlers {
	onTogglePause(): void;
	onRetry(): void;
	onLoadOlder(): void;
	onScroll(event: Event): void;
}

/** Up and Down go from row to row; everything else stays with the browser. */
function moveFocus(press: KeyboardEvent): void {
	const step = press.key === 'ArrowDown' ? 'nextElementSibling' : press.key === 'ArrowUp' ? 'previousElementSibling' : undefined;
	let next = press.target as Element | null; // a listener inside the shadow root is told the element itself
	if (!step || !next?.matches('.row')) return;
	do next = next[step];
	while (next && !next.matches('.row'));
	(next as HTMLElement | null)?.focus(); // rows are HTML
	press.preventDefault();
}

/** Rows, days and gaps, flat and each with the key of its own. */
function lines(props: PanelProps, on: PanelHandlers): { key: string | number; line: unknown }[] {
	const { items, now, words, selected, expanded, unfolded, fresh } = props;
	const compact = props.density === 'compact';
	const reachable = selected ?? items.find((item) => item.kind === 'event')?.event.seq;
	const result: { key: string | number; line: unknown }[] = [];
	let quarter: number | undefined;
	let day: string | undefined;
	for (const item of items) {
		if (item.kind === 'gap') {
			result.push({
				key: `gap ${item.from}`,
				line: html`<li class="gap" part="gap">${icon('gap')}<span>${words.gap(item.from, item.to)}</span></li>`,
			});
			continue;
		}
		const { event } = item;
		const { seq, time } = event;
		// Days begin at quarters of an hour everywhere, and asking Intl for each row is dear.
		if (quarter !== Math.floor(time / 900_000)) {
			quarter = Math.floor(time / 900_000);
			const next = dayOf(time, props);
			if (next !== day) {
				const first = day === undefined;
				day = next;
				const label = formatDay(time, now, props, words);
				// A log of today alone needs nobody to say so.
				if (!compact || !first || label !== words.today) {
					result.push({ key: `day ${day}`, line: html`<li class="day" part="separator"><span>${label}</span></li>` });
				}
			}
		}
		const state = {
			time: formatRowTime(event.at ?? time, time, now, props, compact),
			selected: seq === selected,
			expanded: expanded.has(seq),
			unfolded: unfolded.has(seq),
			fresh: fresh.has(seq),
			reachable: seq === reachable,
		};
		result.push({
			key: seq,
			line: guard([event, words, on, props.timeZone, ...Object.values(state)], () => row(event, state, props, words, on)),
		});
	}
	return result;
}

/** The old end of the list: more, or why there is no more. */
function olderView({ older, words }: PanelProps, on: PanelHandlers): unknown {
	if (older === 'unknown') return nothing;
	if (older === 'beginning' || older === 'trimmed') return html`<p class="end">${words[older]}</p>`;
	const loading = older === 'loading';
	return html`<p class="end"><button class="button" aria-disabled=${loading} @click=${loading ? nothing : on.onLoadOlder}>${loading ? words.loading : words.loadOlder}</button></p>`;
}

/** The whole panel. */
export function panel(props: PanelProps, on: PanelHandlers): TemplateResult {
	const { connection, items, settled, words, density, order } = props;
	const some = items.length > 0;
	const trouble = !some && (connection === 'offline' || connection === 'refused' || isAuthors(props.problem?.code));
	const waits = !some && !trouble && (connection === 'connecting' || connection === 'catching-up');
	const long = formatClock(props.now, props, true).length > 8 ? ' long' : '';
	const older = some || props.older === 'more' || props.older === 'loading' ? olderView(props, on) : nothing;
	return html`<section class="panel ${density}${long}" aria-label=${props.heading || props.channel}>
		${header(props, on)}
		<div class="list" part="list" aria-busy=${waits} @scroll=${on.onScroll} @keydown=${moveFocus}>
			${order === 'newest-last' ? older : nothing}
			<ol role="list">${repeat(lines(props, on), (line) => line.key, (line) => line.line)}</ol>
			${order === 'newest-first' ? older : nothing}
			${waits && settled ? bones() : nothing}
			${trouble ? html`<div class="note" part="empty">${troubleView(props, props, words, on.onRetry)}</div>` : nothing}
			<div class="note" part="empty" ?hidden=${some || connection !== 'live' || trouble}><slot name="empty">${emptyView(props.channel, props.relay, words)}</slot></div>
		</div>
		<slot name="footer"></slot>
	</section>`;
}
