// Addresses that may be followed, and links to them.
// Knows which schemes are safe; never knows where an address came from.
import { html } from 'lit';

/** The address where it is one of a scheme that `schemes` takes, else undefined. */
export function safeUrl(text = '', schemes = /^https?:/): URL | undefined {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	// `https://bank.example@evil.example` reads as the first and goes to the second.
	return url && schemes.test(url.href) && !url.username ? url : undefined;
}

/** A link to another place, which learns nothing of this page. */
export function link(href: string, content: unknown): unknown {
	return html`<a href=${href} target="_blank" rel="noopener noreferrer">${content}</a>`;
}
