// Untrusted text → safe nodes; the only place where text becomes markup.
// Knows web addresses, `code` and @names; never knows where the text came from.
import { html } from 'lit';

import { link, safeUrl } from './link.ts';

/** A stretch of text; a link has its parsed address. */
export interface Token {
	kind: 'text' | 'code' | 'name' | 'link';
	text: string;
	url?: URL;
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
		const url = safeUrl(found);
		if (code) add(match.index, { kind: 'code', text: code });
		else if (url) add(match.index, { kind: 'link', text: found, url });
		else if (found[0] === '@') add(match.index, { kind: 'name', text: found });
		else continue;
		done = match.index + found.length;
	}
	add(text.length);
	return tokens;
}

/** Where a link goes, if that is not what it says: letters of other scripts that look alike, numbers, escapes. */
export function hiddenHost(text: string, { host, hostname }: URL): string {
	const [, said = ''] = /^\w+:\/\/([^/?#\\]*)/.exec(text) ?? [];
	return [host, hostname].includes(said.replace(/:\d*$/, '').toLowerCase()) ? '' : host;
}

/** Does a text name whom `isMe` knows, behind an @? What stands in `code` names nobody. */
export function mentionsOf(text: string, isMe: (name: string) => boolean): boolean {
	return text.includes('@') && tokenize(text).some(({ kind, text }) => kind === 'name' && isMe(text));
}

/** The text as nodes; Tab reaches its links where `reachable`, and what names the reader is told by `isMe`. */
export function richText(text: string, reachable = true, isMe?: (name: string) => boolean): unknown[] {
	return tokenize(text).map(({ kind, text, url }) => {
		if (kind === 'text') return text;
		if (kind === 'name') return html`<bdi class="name ${isMe?.(text) ? 'me' : ''}">${text}</bdi>`;
		const part = html`<span class=${kind} dir="ltr">${text}</span>`;
		const host = url && hiddenHost(text, url);
		return url
			? link(url, host ? html`${part} <span class="quiet" dir="ltr">(${host})</span>` : part, reachable)
			: part;
	});
}
