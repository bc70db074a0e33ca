// What stands where the rows would be: bones, nothing yet, or what is wrong and what to do.
// Knows words for each case; never decides which case it is.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Zone } from '../times.ts';
import { formatClock } from '../times.ts';
import type { Words } from '../words.ts';
import type { Icon } from './icons.ts';
import { icon } from './icons.ts';
import { richText } from './rich-text.ts';

/** Why there may be nothing to show. */
export interface Trouble {
	relay: string;
	problem: { code: string; message: string } | undefined;
	/** When the next attempt is made, by the device's clock, ms. */
	retryAt: number | undefined;
}

/** Icon, title, a sentence or two, at most one thing to do. */
function note(name: Icon, title: string, text: string, more: unknown = nothing): TemplateResult {
	return html`${icon(name, 32)}<p class="title">${title}</p><p>${richText(text)}</p>${more}`;
}

/** Five rows without words, as high as rows are. */
export function bones(): TemplateResult[] {
	return [0, 1, 2, 3, 4].map(
		() => html`<div class="row bones"><i class="avatar person"></i><i class="text"></i><i class="meta"></i></div>`,
	);
}

/** No event yet; whoever runs a relay on this machine is also told how to send one. */
export function emptyView(channel: string, relay: string, words: Words): TemplateResult {
	return note(
		'tray',
		words.nothing,
		words.nothingYet(channel),
		/^https?:\/\/(localhost|127\.|\[::1)/.test(relay)
			? html`<p class="code copy" dir="ltr">curl -d hello ${relay.replace(/\/$/, '')}/channels/${channel}/events</p>`
			: nothing,
	);
}

/** True for what the page's author has to mend. */
export function isAuthors({ problem }: Trouble): boolean {
	return /channel|no-relay|mixed/.test(problem?.code ?? '');
}

/** What is wrong, and Retry where that may help. */
export function troubleView(
	trouble: Trouble & Zone,
	refused: boolean,
	words: Words,
	onRetry: () => void,
): TemplateResult {
	const { problem, retryAt, relay } = trouble;
	const authors = isAuthors(trouble);
	return authors || refused
		? note(
				authors ? 'warning' : 'lock',
				authors ? words.notSetUp : words.refused,
				problem?.message ?? '',
				html`<p class="quiet code" dir="ltr">${problem?.code}</p>`,
			)
		: note(
				'gap',
				words.unreachable,
				words.noAnswer(relay, retryAt ? formatClock(retryAt, trouble, true) : undefined),
				html`<button class="button" @click=${onRetry}>${words.retry}</button>`,
			);
}
