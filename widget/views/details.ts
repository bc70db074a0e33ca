// What a row tells beyond its sentence: picture, link, data, the rest of a long text.
// Knows one event; never knows its neighbours.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { Words } from '../words.ts';
import { icon } from './icons.ts';
import { link, safeUrl } from './link.ts';
import type { RowHandlers } from './row.ts';

/** The nearest of the twelve hues to `#rrggbb`; undefined for greys and what is not written so. */
export function nearestHue(color = ''): number | undefined {
	if (!/^#[\da-f]{6}$/i.test(color)) return undefined;
	const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
	if (Math.max(r, g, b) - Math.min(r, g, b) < 24) return undefined;
	// The angle on the circle of RGB runs some 28° behind that of oklch; ours begin at 15°, 30° apart.
	return Math.round((Math.atan2(1.732 * (g - b), 2 * r - g - b) * 57.3 + 373) / 30) % 12;
}

// Taken away, not replaced: the initials are under it.
const drop = (event: Event) => (event.target as Element).remove(); // only pictures have this listener

/** The picture of an actor, where it has a safe address. */
export function picture(image: string | undefined): unknown {
	const url = safeUrl(image);
	return url
		? html`<img src=${url.href} width="28" height="28" alt="" loading="lazy" referrerpolicy="no-referrer" @error=${drop}>`
		: nothing;
}

/** The rest of the second line. */
export function details(
	{ seq, url: address, data }: FeedEvent,
	isFolded: boolean,
	expanded: boolean,
	unfolded: boolean,
	words: Words,
	on: RowHandlers,
): TemplateResult {
	const url = safeUrl(address, /^(https?|mailto):/);
	const size = Object.keys(Object(data)).length;
	return html`${url ? link(url.href, html`<span dir="ltr">${url.host || url.pathname}</span>${icon('out', 10)}`) : nothing}
		${data === undefined ? nothing : html`<button class="data" dir="ltr" aria-label=${words.data(size)} aria-expanded=${unfolded} @click=${() => on.onToggleData(seq)}>${Array.isArray(data) ? `[${size}]` : `{${size || '…'}}`}</button>`}
		${isFolded ? html`<button class="more" aria-expanded=${expanded} @click=${() => on.onToggleText(seq)}>${expanded ? words.showLess : words.showAll}</button>` : nothing}`;
}

/** The data of an event, whole. */
export function dataView({ data }: FeedEvent): TemplateResult {
	return html`<pre dir="ltr" tabindex="0">${JSON.stringify(data, null, 2)}</pre>`;
}
