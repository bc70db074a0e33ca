// Who did it, as a small picture or initials on one of twelve hues.
// Knows names and colours; never draws a raw colour, since nobody may be unreadable.

import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { Later } from '../later.ts';

/** 0 to 11, the same for the same text everywhere and for ever. */
export function hashHue(text: string): number {
	let hash = 1;
	for (let i = 0; i < text.length; i++) hash = (hash * 257 + text.charCodeAt(i)) % 65_521;
	return hash % 12;
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

/** The avatar of an event's actor; programs are square. Pictures and chosen colours come with what is loaded later. */
export function avatar(event: FeedEvent, later: Later | undefined): TemplateResult {
	const { actor, type } = event;
	const name = nameOf(event);
	const hue = later?.nearestHue(actor?.color) ?? hashHue(actor?.id ?? name);
	return html`<span class="avatar ${name && `hue h${hue}`} ${actor?.kind ?? (actor ? 'person' : '')}" part="row-avatar" aria-hidden="true">${initials(name || type)}${later?.picture(actor?.image)}</span>`;
}
