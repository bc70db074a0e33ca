// Untrusted text → safe nodes; the only place where text becomes markup.
// Knows web addresses, `code` and @names; never knows where the text came from.
import { html } from 'lit';

/** A stretch of text; a link has its parsed address. */
export interface Token {
	kind: 'text' | 'code' | 'name' | 'link';
	text: string;
	href?: string;
}

// An address ends before the signs that end a sentence, before a bracket that was not opened inside it, and before what
// stands after U+200D: bidirectional controls, which could make it read as another one, and scripts without spaces.
// Each alternative begins with a character of its own, so that no text makes this slow.
const MARKS =
	/`([^`\n]+)`|https?:\/\/(?:[.,;:!?*_~]*(?:\([^\s()<>]*\)|[^\s()<>"'`.,;:!?*_~\]}\u200e-\uffff]))+|(?<![\w.@/-])@[\p{L}\p{N}_](?:[\p{L}\p{N}._-]*[\p{L}\p{N}_])?/gu;

/** The address where it is one of a scheme that `schemes` takes, else undefined. */
export function safeUrl(text = '', schemes = /^https?:/): URL | undefined {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	// `https://bank.example@evil.example` reads as the first and goes to the second.
	return url && schemes.test(url.href) && !url.username ? url : undefined;
}

/** Splits a text into its stretches; joined, they are the text without the ticks around code. */
export function tokenize(text: string): Token[] {
	const tokens: Token[] = [];
	let done = 0;
	const add = (end: number, token?: Token) => {
		if (end > done) tokens.push({ kind: 'text', text: text.slice(done, end) });
		if (token) tokens.push(token);
	};
	for (const match of text.matchAll(MARKS)) {
		const [found, code] = match;
		const href = safeUrl(found)?.href;
		if (code) add(match.index, { kind: 'code', text: code });
		else if (href) add(match.index, { kind: 'link', text: found, href });
		else if (found[0] === '@') add(match.index, { kind: 'name', text: found });
		else continue;
		done = match.index + found.length;
	}
	add(text.length);
	return tokens;
}

/** A link to another place, which learns nothing of this page. */
export function link(href: string, content: unknown): unknown {
	return html`<a href=${href} target="_blank" rel="noopener noreferrer">${content}</a>`;
}

/** The text as nodes. */
export function richText(text: string): unknown[] {
	return tokenize(text).map(({ kind, text, href }) => {
		if (kind === 'text') return text;
		if (kind === 'name') return html`<bdi class="name">${text}</bdi>`;
		const part = html`<span class=${kind} dir="ltr">${text}</span>`;
		return href ? link(href, part) : part;
	});
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
