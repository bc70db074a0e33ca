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
	// A relay that is full has answered, and says so itself.
	const isAnswered = problem && problem.code !== 'relay-unreachable';
	const next = retryAt && formatClock(retryAt, trouble, true);
	return authors || refused
		? note(
				authors ? 'warning' : 'lock',
				titleOf(problem?.code, authors, words),
				richText(problem?.message ?? ''),
				html`<p class="quiet code" dir="ltr">${problem?.code}</p>`,
			)
		: note(
				'gap',
				isAnswered && problem.code !== 'too-many-connections' ? words.refused : words.unreachable,
				html`<span>${richText(isAnswered ? problem.message : words.noAnswer(relay))}</span>${next && html` <span>${words.nextAttempt(next)}</span>`}`,
				html`<button class="button" @click=${onRetry}>${words.retry}</button>`,
			);
}

/** Who may not come in is told so, whoever has said it: the relay, or what gives out the tokens. */
function titleOf(code: string | undefined, authors: boolean, words: Words): string {
	if (authors) return words.notSetUp;
	return /^(token|forbidden)/.test(code ?? '') ? words.notAllowed : words.refused;
}
