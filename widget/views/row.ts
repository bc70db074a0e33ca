// One event as a row: who, did what, when; the rest smaller under it.
// Knows one event; never knows its neighbours, or what becomes of a press.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { Zone } from '../times.ts';
import { formatExact } from '../times.ts';
import type { Words } from '../words.ts';
import { avatar, nameOf } from './avatar.ts';
import type { Icon } from './icons.ts';
import { icon } from './icons.ts';
import type { Fold, PanelProps } from './panel.ts';
import type { Bench, Doing, ThreadView } from './work.ts';

/** What a row needs to be told besides its event. What is true is a class and a part of the row, `row-fresh`. */
export interface RowState {
	time: string;
	/** The one row that Tab reaches; arrows go on from there. */
	reachable: boolean;
	compact: boolean;
	/** What is said of a row later. */
	fresh?: boolean;
	selected?: boolean;
	expanded?: boolean;
	unfolded?: boolean;
	/** Its link was just copied. */
	copied?: boolean;
	/** It stands for alike ones too. */
	folded?: boolean;
	fold?: Fold | undefined;
	/** It is one of an opened fold. */
	inside?: boolean;
	/** Out of sight, with the focus. */
	kept?: boolean;
	/** Where its event alone does not tell it from others. */
	key?: string | undefined;
	/** It names the reader, stays on top of nothing but itself, or is no more. */
	mention?: boolean;
	pinned?: boolean;
	removed?: boolean;
	/** What stands in place of its buttons, where it goes by too fast for a hand. */
	acts?: typeof nothing | undefined;
	/** Who works on it, what he has begun, what is open under it, and his own reactions with spaces between. */
	bench?: Bench | undefined;
	doing?: Doing | undefined;
	thread?: ThreadView | undefined;
	mine?: string;
	/** When its status was changed and when the newest reply came, as a row has it. */
	since?: string | undefined;
	replied?: string | undefined;
	/** The relay's clock, as long as times under it depend on that. */
	clock?: number;
}

/** What a reader may ask of a row. */
export interface RowHandlers {
	onSelect(event: FeedEvent): void;
	onToggleText(seq: number): void;
	onToggleData(seq: number): void;
	onToggleFold(fold: Fold): void;
	onCopyLink(event: FeedEvent): void;
	/** The page's own drawing has failed. */
	onError(error: unknown): void;
}

/** States that are no business of the page's. */
const PRIVATE = / row-(reachable|copied|kept|compact|long|wide)/g;

/** The row of an event. */
export function row(
	event: FeedEvent,
	state: RowState,
	zone: Zone & Pick<PanelProps, 'later' | 'renderEvent' | 'views' | 'now'>,
	words: Words,
	on: RowHandlers,
): TemplateResult {
	const { seq, type, text = '', level = 'info', actor } = event;
	const { selected = false, reachable } = state;
	const { later } = zone;
	const own = later?.ownView(event, zone.renderEvent, on);
	const name = nameOf(event);
	const shown = event.at ?? event.time;
	// One string: each state of a row is a class for our sheet and a part for the page's.
	const names = Object.entries({
		[level]: true,
		...state,
		own: own !== undefined,
		long: !state.compact && isLong(words.unverified + name + text, 48),
		wide: isLong(words.unverified + name + text, 84),
	}).reduce((all, [name, is]) => (is === true ? `${all} row-${name}` : all), 'row');
	// A press was meant for the row if not for something in it, or to select words.
	const activate = ({ target }: Event) => {
		if (!(target as Element).closest('a,button,pre,.under') && !String(getSelection())) on.onSelect(event);
	};
	const enter = ({ key, target, currentTarget }: KeyboardEvent) => {
		if (key === 'Enter' && target === currentTarget) on.onSelect(event);
	};
	return html`<li class=${names} part=${names.replace(PRIVATE, '')} data-seq=${seq} tabindex=${reachable ? 0 : -1} aria-current=${selected} @click=${activate} @keydown=${enter}>
		${
			own ??
			html`${avatar(event, later)}
		<p class="text" part="row-text" dir="auto">${name && html`<bdi class="name">${name}</bdi> ${actor?.verified ? '' : html`<bdi class="quiet">${words.unverified}</bdi> `}`}${later?.sentence(event, state, zone, words) ?? (text || html`<span dir="ltr">${type}</span>`)}</p>
		<div class="meta" part="row-meta">
			${later?.lead(event, state, zone, words)}
			${words.levels[level] ? html`<span class="level">${icon(level as Icon, 12)}<span>${words.levels[level]}</span></span>` : nothing}
			${text && html`<span class="type" dir="ltr">${type}</span>`}
			${later?.details(event, state, names.includes('long'), zone, words, on)}
		</div>
		<time class="time" part="row-time" datetime=${new Date(shown).toISOString()} title=${formatExact(shown, zone)}>${state.time}</time>
		${later?.under(event, state, zone, words)}`
		}
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
