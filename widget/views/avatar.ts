// Who did it, as a small picture or initials on one of twelve hues.
// Knows names and colours; never draws a raw colour, since nobody may be unreadable.
import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { safeUrl } from './rich-text.ts';

/** 0 to 11, the same for the same text everywhere and for ever (FNV-1a). */
export function hashHue(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return (hash >>> 0) % 12;
}

// Where red, yellow, green, cyan, blue, magenta and red again stand on the circle of oklch, in degrees.
const CORNERS = [29, 110, 142, 195, 264, 328, 389];

/** The nearest of the twelve hues to `#rgb` or `#rrggbb`; undefined for greys and what is not one of these. */
export function nearestHue(color: string): number | undefined {
	const hex = /^#(?:[\da-f]{3}){1,2}$/i.test(color) ? color.slice(1) : '';
	const step = hex.length / 3;
	const [r = 0, g = 0, b = 0] = [0, 1, 2].map((i) => Number.parseInt(hex.slice(i * step, (i + 1) * step).padEnd(2, hex[i] ?? '0'), 16));
	const most = Math.max(r, g, b);
	const range = most - Math.min(r, g, b);
	if (!hex || range < 24) return undefined;
	const sixth = (most === r ? (g - b) / range + 6 : most === g ? (b - r) / range + 2 : (r - g) / range + 4) % 6;
	const from = CORNERS[Math.floor(sixth)] ?? 0;
	const to = CORNERS[Math.floor(sixth) + 1] ?? 0;
	return Math.round((from + (to - from) * (sixth % 1) - 15 + 360) / 30) % 12;
}

/** One or two letters, in the case that the name has. */
export function initials(name: string): string {
	const letters = name.split(/[\s._-]+/u).flatMap((word) => word.match(/[\p{L}\p{N}]/u) ?? []);
	// Letters of a joined script, or ideographs, make no sense side by side.
	const pair = letters.length > 1 && /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]$/u.test(letters[0] ?? '');
	return (letters[0] ?? '') + (pair ? letters.at(-1) : '');
}

/** What an actor is called; empty where nobody is named. */
export function nameOf({ actor }: FeedEvent): string {
	return actor?.name ?? actor?.id ?? '';
}

// Taken away, not replaced: the initials are under it.
const drop = (event: Event) => (event.target as Element).remove(); // only pictures have this listener

/** The avatar of an event's actor; programs are square. */
export function avatar(event: FeedEvent): TemplateResult {
	const { actor } = event;
	const name = nameOf(event);
	const hue = name && ` hue h${nearestHue(actor?.color ?? '') ?? hashHue(actor?.id ?? name)}`;
	const image = safeUrl(actor?.image, 'http:https:')?.href;
	return html`<span class="avatar${hue}${actor && actor.kind !== 'bot' ? ' person' : ''}" part="row-avatar" aria-hidden="true">${initials(name || event.type)}${image ? html`<img src=${image} width="28" height="28" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer" @error=${drop}>` : nothing}</span>`;
}
