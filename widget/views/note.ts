// A note in place of rows: a picture, a title, what it means and what to do.
// Knows how a note looks and the one for an empty channel; never knows rows.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Words } from '../words.ts';
import type { Icon } from './icons.ts';
import { icon } from './icons.ts';

/** Why there may be nothing to show. */
export interface Trouble {
	relay: string;
	problem: { code: string; message: string } | undefined;
	/** When the next attempt is made, by the device's clock, ms. */
	retryAt: number | undefined;
}

/** Icon, title, a sentence or two, at most one thing to do. */
export function note(name: Icon, title: string, text: unknown, more: unknown = nothing): TemplateResult {
	return html`${icon(name, 32)}<p class="title">${title}</p><p>${text}</p>${more}`;
}

/** No event yet; whoever runs a relay on this machine is also told how to send one. */
export function emptyView({ channel, relay, words }: { channel: string; relay: string; words: Words }): TemplateResult {
	const curl = html`<p class="code copy" dir="ltr">curl -d hello ${relay}/<wbr>channels/<wbr>${channel}/<wbr>events</p>`;
	// The name stands out of the sentence, wherever a language puts it.
	const [before, after] = words.nothingYet('\n').split('\n');
	return note(
		'tray',
		words.nothing,
		html`${before}<bdi class="code">${channel}</bdi>${after}`,
		/\/(localhost|127\.|\[::1)/.test(relay) ? curl : nothing,
	);
}

/** True for what the page's author has to mend. */
export function isAuthors({ problem }: Trouble): boolean {
	return /no-|mixed|invalid|unsupported/.test(problem?.code ?? '');
}
