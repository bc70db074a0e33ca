// What stands where the rows would be when something is wrong, or not yet known.
// Knows words for each case; never decides which case it is.

import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { Zone } from '../times.ts';
import { formatClock } from '../times.ts';
import type { Words } from '../words.ts';
import { isAuthors, note, type Trouble } from './note.ts';
import { richText } from './rich-text.ts';

/** Five rows without words, as high as rows are. */
export function bones(): TemplateResult[] {
	return [0, 1, 2, 3, 4].map(
		() => html`<div class="row bones"><i class="avatar person"></i><i class="text"></i><i class="meta"></i></div>`,
	);
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
				richText(problem?.message ?? ''),
				html`<p class="quiet code" dir="ltr">${problem?.code}</p>`,
			)
		: note(
				'gap',
				words.unreachable,
				richText(words.noAnswer(relay, retryAt ? formatClock(retryAt, trouble, true) : undefined)),
				html`<button class="button" @click=${onRetry}>${words.retry}</button>`,
			);
}
