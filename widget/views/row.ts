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
import { isLong, link, richText, safeUrl } from './rich-text.ts';

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
export function row(event: FeedEvent, state: RowState, zone: Zone, words: Words, on: RowHandlers): TemplateResult {
	const { seq, type, text = '', level = 'info', actor, data } = event;
	const { selected, expanded, unfolded } = state;
	const name = nameOf(event);
	const url = safeUrl(event.url, /^(https?|mailto):/);
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
	const size = Object.keys(Object(data)).length;
	// A press was meant for the row if not for something in it, or to select words.
	const activate = ({ target }: Event) => {
		if (!(target as Element).closest('a,button,pre') && !String(getSelection())) on.onSelect(event);
	};
	const enter = ({ key, target, currentTarget }: KeyboardEvent) => {
		if (key === 'Enter' && target === currentTarget) on.onSelect(event);
	};
	return html`<li class=${names} part=${names} data-seq=${seq} tabindex=${state.reachable ? 0 : -1} aria-current=${selected} @click=${activate} @keydown=${enter}>
		${avatar(event)}
		<p class="text" part="row-text" dir="auto">${name && html`<bdi class="name">${name}</bdi> ${actor?.verified ? '' : html`<bdi class="quiet">${words.unverified} </bdi>`}`}${text ? richText(text) : html`<span dir="ltr">${type}</span>`}</p>
		<div class="meta" part="row-meta">
			${words.levels[level] ? html`<span class="level">${icon(level as Icon, 12)}<span>${words.levels[level]}</span></span>` : nothing}
			${text && html`<span class="type" dir="ltr">${type}</span>`}
			${url ? link(url.href, html`<span dir="ltr">${url.host || url.pathname}</span>${icon('out', 10)}`) : nothing}
			${data === undefined ? nothing : html`<button class="data" dir="ltr" aria-label=${words.data(size)} aria-expanded=${unfolded} @click=${() => on.onToggleData(seq)}>${Array.isArray(data) ? `[${size}]` : `{${size || '…'}}`}</button>`}
			${names.includes('fold') ? html`<button class="more" aria-expanded=${expanded} @click=${() => on.onToggleText(seq)}>${expanded ? words.showLess : words.showAll}</button>` : nothing}
		</div>
		<time class="time" part="row-time" datetime=${new Date(shown).toISOString()} title=${formatExact(shown, zone)}>${state.time}</time>
		${unfolded ? html`<pre dir="ltr" tabindex="0">${JSON.stringify(data, null, 2)}</pre>` : nothing}
	</li>`;
}
