// Untrusted text → safe nodes; the only place where text becomes markup.
// Knows web addresses, `code` and @names; never knows where the text came from.
import { html } from 'lit';

import { link, safeUrl } from './link.ts';

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

/** The text as nodes. */
export function richText(text: string): unknown[] {
	return tokenize(text).map(({ kind, text, href }) => {
		if (kind === 'text') return text;
		if (kind === 'name') return html`<bdi class="name">${text}</bdi>`;
		const part = html`<span class=${kind} dir="ltr">${text}</span>`;
		return href ? link(href, part) : part;
	});
}
