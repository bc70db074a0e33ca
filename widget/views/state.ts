// What stands where the rows would be: bones, nothing yet, or what is wrong and what to do.
// Knows words for each case; never decides which case it is.
import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { formatClock } from '../times.ts';
import type { Zone } from '../times.ts';
import type { Words } from '../words.ts';
import { icon } from './icons.ts';
import type { Icon } from './icons.ts';
import { richText, safeUrl } from './rich-text.ts';

/** Icon, title, one sentence, at most one thing to do. */
function stateView(name: Icon, title: string, text: unknown, more: unknown = nothing): TemplateResult {
	return html`${icon(name, 32)}<p class="title">${title}</p><p>${text}</p>${more}`;
}

/** Five rows without words, as high as rows are. */
export function bones(): TemplateResult {
	return html`<div aria-hidden="true">${[1, 2, 3, 4, 5].map(
		() => html`<div class="row bones"><i class="avatar"></i><i class="text"></i><i class="meta"></i></div>`,
	)}</div>`;
}

/** No event yet; to who runs a relay on this machine, also how to send one. */
export function emptyView(channel: string, relay: string, words: Words): TemplateResult {
	const host = safeUrl(relay)?.hostname ?? '';
	const local = /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(host);
	return stateView(
		'tray',
		words.emptyTitle,
		richText(words.emptyText(channel)),
		local
			? html`<p>${words.tryText} <code class="copy" dir="ltr">curl -d hello ${relay.replace(/\/$/, '')}/channels/${channel}/events</code></p>`
			: nothing,
	);
}

/** Why there is nothing to show. */
export interface Trouble {
	relay: string;
	problem: { code: string; message: string } | undefined;
	/** The device's clock, ms. */
	retryAt: number | undefined;
}

/** True for what the page's author has to mend. */
export function isAuthors(code: string | undefined): boolean {
	return code === 'no-channel' || code === 'invalid-channel' || code === 'no-relay' || code === 'mixed-content';
}

/** What is wrong, and Retry where that may help. */
export function troubleView(trouble: Trouble, zone: Zone, words: Words, onRetry: () => void): TemplateResult {
	const { problem, retryAt, relay } = trouble;
	const code = problem?.code ?? 'relay-unreachable';
	const [title = words.refusedTitle, text] = words.problems[code] ?? [];
	if (code === 'relay-unreachable') {
		return stateView(
			'cut',
			title,
			[richText(words.unreachableText(relay)), retryAt ? ` ${words.nextAttempt(formatClock(retryAt, zone, true))}` : ''],
			html`<button class="button" @click=${onRetry}>${words.retry}</button>`,
		);
	}
	return stateView(
		isAuthors(code) ? 'code' : 'lock',
		title,
		richText(text ?? problem?.message ?? ''),
		html`<p><code class="quiet" dir="ltr">${code}</code></p>`,
	);
}
