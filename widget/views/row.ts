// One event as a row: who, did what, when; the rest smaller under it.
// Knows one event; never knows its neighbours, or what becomes of a press.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { Later } from '../later.ts';
import type { Zone } from '../times.ts';
import { formatExact } from '../times.ts';
import type { Words } from '../words.ts';
import { avatar, nameOf } from './avatar.ts';
import type { Icon } from './icons.ts';
import { icon } from './icons.ts';

/** What a row needs to be told besides its event. */
export interface RowState {
	time: string;
	selected: boolean;
	expanded: boolean;
	unfolded: boolean;
	fresh: boolean;
	/** The one row that Tab reaches; arrows go on from there. */
	reachable: boolean;
	compact: boolean;
}

/** What a reader may ask of a row. */
export interface RowHandlers {
	onSelect(event: FeedEvent): void;
	onToggleText(seq: number): void;
	onToggleData(seq: number): void;
}

/** The row of an event. */
export function row(
	event: FeedEvent,
	state: RowState,
	zone: Zone & { later: Later | undefined },
	words: Words,
	on: RowHandlers,
): TemplateResult {
	const { seq, type, text = '', level = 'info', actor } = event;
	const { selected, expanded, unfolded } = state;
	const { later } = zone;
	const name = nameOf(event);
	const shown = event.at ?? event.time;
	// One string: each state of a row is a class for our sheet and a part for the page's.
	const names = Object.entries({
		[level]: true,
		fresh: state.fresh,
		selected,
		expanded,
		fold: !state.compact && isLong(text, 48),
		wide: isLong(text, 84),
	}).reduce((all, [name, is]) => (is ? `${all} row-${name}` : all), 'row');
	// A press was meant for the row if not for something in it, or to select words.
	const activate = ({ target }: Event) => {
		if (!(target as Element).closest('a,button,pre') && !String(getSelection())) on.onSelect(event);
	};
	const enter = ({ key, target, currentTarget }: KeyboardEvent) => {
		if (key === 'Enter' && target === currentTarget) on.onSelect(event);
	};
	return html`<li class=${names} part=${names} data-seq=${seq} tabindex=${state.reachable ? 0 : -1} aria-current=${selected} @click=${activate} @keydown=${enter}>
		${avatar(event, later)}
		<p class="text" part="row-text" dir="auto">${name && html`<bdi class="name">${name}</bdi> ${actor?.verified ? '' : html`<bdi class="quiet">${words.unverified}</bdi> `}`}${text ? (later?.richText(text) ?? text) : html`<span dir="ltr">${type}</span>`}</p>
		<div class="meta" part="row-meta">
			${words.levels[level] ? html`<span class="level">${icon(level as Icon, 12)}<span>${words.levels[level]}</span></span>` : nothing}
			${text && html`<span class="type" dir="ltr">${type}</span>`}
			${later?.details(event, names.includes('fold'), expanded, unfolded, words, on)}
		</div>
		<time class="time" part="row-time" datetime=${new Date(shown).toISOString()} title=${formatExact(shown, zone)}>${state.time}</time>
		${unfolded ? later?.dataView(event) : nothing}
	</li>`;
}

/**
 * True where a text certainly takes more than six lines.
 * @param columns characters that a line holds at the most; full-width ones count twice
 */
export function isLong(text: string, columns: number): boolean {
	return (
		text
			.replace(/[\u1100-\u115f\u2e80-\uff60]/g, '  ')
			.split('\n')
			.reduce((lines, line) => lines + (Math.ceil(line.length / columns) || 1), 0) > 6
	);
}
