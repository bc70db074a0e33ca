// Untrusted text → safe nodes; the only place where text becomes markup.
// Knows web addresses, `code` and @names; never knows where the text came from.
import { html } from 'lit';
import type { TemplateResult } from 'lit';

/** A stretch of text; a `link` has its parsed address. */
export interface Token {
	kind: 'text' | 'code' | 'name' | 'link';
	text: string;
	href?: string;
}

// A bidirectional control inside an address could make it read as another one: it ends the address.
const MARKS =
	/`([^`\n]+)`|https?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+|(?<![\p{L}\p{N}._%+/@-])@[\p{L}\p{N}_](?:[\p{L}\p{N}._-]*[\p{L}\p{N}_])?/giu;
const CLOSING = '.,;:!?…\'")]}*_~。、，！？：；）」』】';

/** The address in normal form where it is one of these schemes, else undefined. */
export function safeUrl(text: string | undefined, schemes = 'http:https:mailto:'): URL | undefined {
	if (!text) return undefined;
	try {
		const url = new URL(text);
		// `https://bank.example@evil.example` reads as the first and goes to the second.
		return schemes.includes(url.protocol) && !url.username && !url.password ? url : undefined;
	} catch {
		return undefined; // not an address: it stays text
	}
}

/** Sentences end with signs that are no part of an address; a bracket is, where it was opened inside. */
function trimAddress(text: string): string {
	let end = text.length;
	// By hand: `[…]+$` takes quadratic time on a long run of signs.
	while (CLOSING.includes(text[end - 1] ?? ' ')) {
		if (text[end - 1] === ')' && text.slice(0, end).split('(').length === text.slice(0, end).split(')').length) break;
		end--;
	}
	return text.slice(0, end);
}

/** Splits a text into its stretches; joined, their texts are the text, but for the ticks around code. */
export function tokenize(text: string): Token[] {
	const tokens: Token[] = [];
	let done = 0;
	const plain = (end: number) => {
		if (end > done) tokens.push({ kind: 'text', text: text.slice(done, end) });
	};
	for (const match of text.matchAll(MARKS)) {
		let found = match[0];
		const token: Token = { kind: 'name', text: found };
		if (match[1] !== undefined) {
			token.kind = 'code';
			token.text = match[1];
		} else if (found[0] !== '@') {
			found = trimAddress(found);
			const href = safeUrl(found, 'http:https:')?.href;
			if (!href) continue;
			Object.assign(token, { kind: 'link', text: found, href });
		}
		plain(match.index);
		tokens.push(token);
		done = match.index + found.length;
	}
	plain(text.length);
	return tokens;
}

/** A link to another site: it learns nothing of this page. */
export function link(href: string, content: unknown): TemplateResult {
	return html`<a href=${href} dir="ltr" target="_blank" rel="noopener noreferrer">${content}</a>`;
}

/** The text as nodes. */
export function richText(text: string): unknown[] {
	return tokenize(text).map(({ kind, text, href }) =>
		href ? link(href, text) : kind === 'code' ? html`<code dir="ltr">${text}</code>` : kind === 'name' ? html`<b><bdi>${text}</bdi></b>` : text,
	);
}

/**
 * True where a text certainly takes more than six lines.
 * @param columns characters that a line holds at the most; full-width ones count twice
 */
export function isLong(text: string, columns: number): boolean {
	let lines = 0;
	for (const line of text.split('\n')) {
		const wide = line.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g)?.length ?? 0;
		lines += Math.ceil((line.length + wide) / columns) || 1;
	}
	return lines > 6;
}
