// One event as a row: who, did what, when; the rest smaller under it.
// Knows one event; never knows its neighbours, or what becomes of a press.
import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { formatExact } from '../times.ts';
import type { Zone } from '../times.ts';
import type { Words } from '../words.ts';
import { avatar, nameOf } from './avatar.ts';
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
}

/** What a reader may ask of a row. */
export interface RowHandlers {
	onSelect(event: FeedEvent): void;
	onToggleText(seq: number): void;
	onToggleData(seq: number): void;
}

/** `mail@example.org`, or the host of an address. */
function label(url: URL): string {
	return url.host || url.pathname;
}

/** How much there is in a value, as its brackets tell it. */
function extent(data: FeedEvent['data']): [number, string] {
	if (typeof data !== 'object' || !data) return [1, '{…}'];
	const size = Object.keys(data).length;
	return [size, Array.isArray(data) ? `[${size}]` : `{${size}}`];
}

/** True where a press was meant for the row and not for something in it. */
function isForRow(press: Event): boolean {
	const { target, currentTarget } = press;
	if (press instanceof KeyboardEvent) return press.key === 'Enter' && target === currentTarget;
	return !(target as Element).closest('a, button, pre') && !String(getSelection());
}

/** The row of an event. */
export function row(event: FeedEvent, state: RowState, zone: Zone, words: Words, on: RowHandlers): TemplateResult {
	const { seq, type, text = '', level = 'info', actor, data } = event;
	const { expanded, unfolded } = state;
	const name = nameOf(event);
	const url = safeUrl(event.url);
	const shown = event.at ?? event.time;
	const loud = level !== 'info' && level !== 'debug';
	const fold = isLong(text, 84) ? ' fold' : isLong(text, 48) ? ' fold narrow' : '';
	const [size, brackets] = extent(data);
	const activate = (press: Event) => {
		if (isForRow(press)) on.onSelect(event);
	};
	const flags = `${state.fresh ? ' fresh' : ''}${state.selected ? ' selected' : ''}`;
	return html`<li class="row ${level}${flags}${fold}${expanded ? ' expanded' : ''}" part="row row-${level}${flags.replaceAll(' ', ' row-')}" data-seq=${seq} tabindex=${state.reachable ? 0 : -1} aria-current=${state.selected ? 'true' : nothing} @click=${activate} @keydown=${activate}>
		${avatar(event)}
		<p class="text" part="row-text" dir="auto">${name ? html`<bdi class="name">${name}</bdi>${actor?.verified === false ? html` <bdi class="quiet">${words.unverified}</bdi>` : nothing} ` : nothing}${text ? richText(text) : html`<span dir="ltr">${type}</span>`}</p>
		<div class="meta" part="row-meta">
			${loud ? html`<span class="level">${icon(level, 12)}<span>${words.levels[level]}</span></span>` : nothing}
			${text ? html`<code class="type" dir="ltr" title=${type}>${type}</code>` : nothing}
			${url ? link(url.href, html`<span>${label(url)}</span>${icon('out', 10)}`) : nothing}
			${data === undefined ? nothing : html`<button class="data" dir="ltr" title=${words.data(size)} aria-label=${words.data(size)} aria-expanded=${unfolded} @click=${() => on.onToggleData(seq)}>${brackets}</button>`}
			${fold ? html`<button class="more" aria-expanded=${expanded} @click=${() => on.onToggleText(seq)}>${expanded ? words.showLess : words.showAll}</button>` : nothing}
		</div>
		<time class="time" part="row-time" datetime=${new Date(shown).toISOString()} title=${formatExact(shown, zone)}>${state.time}</time>
		${unfolded && data !== undefined ? html`<pre dir="ltr" tabindex="0">${JSON.stringify(data, null, 2)}</pre>` : nothing}
	</li>`;
}
