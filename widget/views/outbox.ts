// What was handed in here and is not stored yet: on its way, waiting, or refused with another try.
// Knows words and buttons; never knows how it is sent.
import { html, nothing } from 'lit';
import type { Words } from '../words.ts';
import { icon } from './icons.ts';
import type { Line } from './lines.ts';
import type { PanelProps } from './panel.ts';

/** A reader sees what is stored within this time as a row at once; milliseconds. */
const QUICK_MS = 1400;
/** Drafts that are shown; of the rest their number. */
const MOST = 5;

/** What the view needs of a client. */
export interface Drafts {
	readonly outbox: readonly {
		ref: number;
		/** When it was handed in, by this device's clock; milliseconds since 1970. */
		at: number;
		draft: { type?: string; text?: string; replyTo?: string; target?: string; key?: string };
		state: 'waiting' | 'sending' | 'failed';
		error: { message: string } | undefined;
	}[];
	retry(ref: number): void;
	discard(ref: number): void;
}

/** A line for each draft that takes longer than a moment, or has failed; in display order. */
export function outboxLines({ drafts, order, words, work }: PanelProps): Line[] {
	const shown =
		drafts?.outbox.filter(({ at, state, draft: { target, replyTo, key } }) => {
			// What is to become of an event is told at its row, and a reply in its thread.
			if (target !== undefined || (replyTo !== undefined && work?.threads.has(replyTo))) return false;
			return state === 'failed' || Date.now() - at > QUICK_MS || work?.sent.has(key ?? '') === true;
		}) ?? [];
	const on = {
		onRetry: (ref: number) => drafts?.retry(ref),
		onDiscard: (ref: number) => drafts?.discard(ref),
	};
	const result = shown.slice(0, MOST).map((one) => sentLine(one, on, words));
	const rest = shown.length - MOST;
	if (rest > 0)
		result.push({
			key: 'drafts',
			deps: [rest, words],
			draw: () => html`<li class="end">${words.moreWaiting(rest)}</li>`,
		});
	return order === 'newest-first' ? result.reverse() : result;
}

/** One draft as a line of a list. */
export function sentLine(
	{ ref, draft, state, error }: Drafts['outbox'][number],
	on: { onRetry(ref: number): void; onDiscard(ref: number): void },
	words: Words,
): Line {
	const isReply = draft.replyTo !== undefined;
	return {
		key: `draft ${ref}`,
		deps: [state, words],
		draw: () =>
			html`<li class="row row-pending ${isReply ? 'pending-reply' : ''}" part="row row-pending"><p class="text" part="row-text" dir="auto">${
				draft.text ?? html`<span dir="ltr">${draft.type}</span>`
			}</p><div class="meta" part="row-meta">${
				state === 'failed'
					? html`<span class="failed" title=${error?.message ?? nothing}>${icon('error', 12)}<span>${words.notSent}</span></span>
					<button class="more" @click=${() => on.onRetry(ref)}>${words.retry}</button>
					<button class="more" @click=${() => on.onDiscard(ref)}>${words.discard}</button>`
					: html`<span>${state === 'sending' ? words.sending : words.waitingToBeSent}</span>`
			}</div></li>`,
	};
}
