// Who did it, as a small picture or initials on one of twelve hues.
// Knows names and colours; never draws a raw colour, since nobody may be unreadable.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { safeUrl } from './rich-text.ts';

/** 0 to 11, the same for the same text everywhere and for ever. */
export function hashHue(text: string): number {
	let hash = 1;
	for (let i = 0; i < text.length; i++) hash = (hash * 257 + text.charCodeAt(i)) % 65_521;
	return hash % 12;
}

/** The nearest of the twelve hues to `#rrggbb`; undefined for greys and what is not written so. */
export function nearestHue(color = ''): number | undefined {
	if (!/^#[\da-f]{6}$/i.test(color)) return undefined;
	const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
	if (Math.max(r, g, b) - Math.min(r, g, b) < 24) return undefined;
	// The angle on the circle of RGB runs some 28° behind that of oklch; ours begin at 15°, 30° apart.
	return Math.round((Math.atan2(1.732 * (g - b), 2 * r - g - b) * 57.3 + 373) / 30) % 12;
}

/** One or two letters, in the case that the name has; two only where letters stand apart. */
export function initials(name: string): string {
	const [first = '', ...rest] = name.match(/(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]/gu) ?? [];
	return first + ((first < '\u0590' && rest.pop()) || '');
}

/** What an actor is called; empty where nobody is named. */
export function nameOf({ actor }: FeedEvent): string {
	return actor?.name ?? actor?.id ?? '';
}

// Taken away, not replaced: the initials are under it.
const drop = (event: Event) => (event.target as Element).remove(); // only pictures have this listener

/** The avatar of an event's actor; programs are square. */
export function avatar(event: FeedEvent): TemplateResult {
	const { actor, type } = event;
	const name = nameOf(event);
	const image = safeUrl(actor?.image);
	return html`<span class="avatar ${name && `hue h${nearestHue(actor?.color) ?? hashHue(actor?.id ?? name)}`} ${actor?.kind ?? (actor ? 'person' : '')}" part="row-avatar" aria-hidden="true">${initials(name || type)}${image ? html`<img src=${image.href} width="28" height="28" alt="" loading="lazy" referrerpolicy="no-referrer" @error=${drop}>` : nothing}</span>`;
}
