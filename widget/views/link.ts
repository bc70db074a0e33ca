// Addresses that may be followed, and links to them.
// Knows which schemes are safe; never knows where an address came from.
import { html } from 'lit';

/** Schemes that a picture or a sentence may name; an event's own link may be a mail address too. */
const WEB = ['https:', 'http:'];
export const LINKED = [...WEB, 'mailto:'];

/** The address, parsed, where its scheme is one of `schemes`; else undefined. */
export function safeUrl(text = '', schemes = WEB): URL | undefined {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	// `https://bank.example@evil.example` reads as the first and goes to the second.
	return url && schemes.includes(url.protocol) && !url.username && !url.password ? url : undefined;
}

/** A link to another place, which learns nothing of this page; Tab reaches it where its row is the one that Tab reaches. */
export function link({ href }: URL, content: unknown, reachable: boolean): unknown {
	return html`<a href=${href} title=${href} target="_blank" rel="noopener noreferrer" tabindex=${reachable ? 0 : -1}>${content}</a>`;
}
