// What a list has besides rows: where it ends, what is missing, what is new, what waits.
// Knows marks between rows; never knows rows.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { formatClock } from '../times.ts';
import type { Words } from '../words.ts';
import { icon } from './icons.ts';
import type { Line } from './lines.ts';
import { outboxLines } from './outbox.ts';
import type { Item, PanelHandlers, PanelProps } from './panel.ts';
import { addMoves } from './presence.ts';

/** A range that cannot be shown; from 0 where a whole log was lost. */
function gapView({ from, to }: { from: number; to: number }, words: Words): TemplateResult {
	return html`<li class="gap" part="gap">${icon('gap')}<bdi>${from === 0 ? words.reset : words.gap(from, to)}</bdi></li>`;
}

/** The old end of the list: more, or why there is no more. */
export function endView({ older, words }: PanelProps, on: PanelHandlers): unknown {
	if (!older || older === 'unknown') return nothing;
	const loading = older === 'loading';
	return html`<p class="end" tabindex="-1">${
		loading || older === 'more'
			? html`<button class="button" aria-disabled=${loading} @click=${on.onLoadOlder}>${loading ? words.loading : words.loadOlder}</button>`
			: words[older]
	}</p>`;
}

/** What stands before an item of the list, or in its place: that events are missing, or that what is newer came since the reader was there. */
export function addMarks(lines: Line[], index: number, props: PanelProps): void {
	const { items, mark, words, kept } = props;
	const [item, before] = [items[index], items[index - 1]];
	if (!item || item === kept) return;
	if (mark && before && before !== kept && isNewer(item, mark.seq) !== isNewer(before, mark.seq)) {
		const label = words.newSince(formatClock(mark.time, props));
		lines.push({
			key: `new ${mark.seq}`,
			deps: [label],
			draw: () => html`<li class="new" part="separator"><bdi>${label}</bdi></li>`,
		});
	}
	if (item.kind === 'gap')
		lines.push({ key: `gap ${item.from} ${item.to}`, deps: [words], draw: () => gapView(item, words) });
}

/** What stands at the live edge, beyond the newest row: who has come and gone since, and what is not sent yet. */
export function edgeLines(props: PanelProps): Line[] {
	const lines: Line[] = [];
	addMoves(lines, props.items.length, props);
	return [...lines, ...outboxLines(props)];
}

function isNewer(item: Item, seq: number): boolean {
	return (item.kind === 'gap' ? item.to : item.event.seq) > seq;
}

/** What waits beyond the view, and the way there. */
export function pill({ pill, order, words }: PanelProps, { onEdge }: PanelHandlers): unknown {
	const { events, errors } = pill ?? { events: 0, errors: 0 };
	return pill
		? html`<button class="pill" part="pill" @click=${onEdge}>${icon(order === 'newest-first' ? 'up' : 'down', 14)}<span>${words.newEvents(events, errors)}</span></button>`
		: nothing;
}
