// Drafts by POST, for transports that only bring: in order, many in one request while another is under way.
// Knows the forms of the answers; never knows how events come.

import type { Publish } from '../../relay/protocol/client-message.ts';
import type { ErrorCode, Problem } from '../../relay/protocol/errors.ts';
import type { Receipt } from '../../relay/protocol/event.ts';
import { authorise } from './credentials.ts';
import type { TransportHandlers } from './transport.ts';

/** Of one request, in characters of JSON: little enough for a slow line to be through with it in time. */
const MAX_REQUEST_CHARS = 32_000;
const MAX_REQUEST_DRAFTS = 500;
/** An answer that has not come by then will not come, milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;

interface Answer {
	events?: (Receipt | { error: Problem })[];
	code?: ErrorCode;
	detail?: string;
	retryable?: boolean;
	retryMs?: number;
}

/** A draft with the credentials that it was handed over with: a later hello may bring another person's. */
interface Letter {
	message: Publish;
	token: string | undefined;
	author: string | undefined;
}

export class Posting {
	readonly #url: string;
	readonly #handlers: TransportHandlers;
	readonly #signal: AbortSignal;
	/** Of the newest hello. */
	token: string | undefined;
	author: string | undefined;
	#queue: Letter[] = [];
	#isBusy = false;

	/** @param signal Ends it: what was not answered by then is not told of. */
	constructor(url: string, handlers: TransportHandlers, signal: AbortSignal) {
		this.#url = url;
		this.#handlers = handlers;
		this.#signal = signal;
	}

	send(message: Publish): void {
		const { token, author } = this;
		this.#queue.push({ message, token, author });
		if (!this.#isBusy) void this.#work();
	}

	async #work(): Promise<void> {
		this.#isBusy = true;
		while (this.#queue.length > 0 && !this.#signal.aborted) {
			let chars = 0;
			const fits = (json: string) => {
				chars += json.length;
				return chars < MAX_REQUEST_CHARS;
			};
			const { token, author } = this.#queue[0] as Letter; // the queue is not empty
			const isOther = (letter: Letter | undefined) => letter?.token !== token || letter?.author !== author;
			const drafts = this.#queue.map(({ message }) => JSON.stringify(message.draft));
			const end = drafts.findIndex(
				(json, index) => index === MAX_REQUEST_DRAFTS || isOther(this.#queue[index]) || (!fits(json) && index > 0),
			);
			const count = end < 0 ? drafts.length : end;
			await this.#post(this.#queue.splice(0, count), `[${drafts.slice(0, count)}]`);
		}
		this.#isBusy = false;
	}

	async #post(letters: readonly Letter[], body: string): Promise<void> {
		const [{ token, author }] = letters as [Letter]; // all have the same

		let answer: Answer;
		const timer = setTimeout(() => this.#handlers.onClose(0, ''), ANSWER_TIMEOUT_MS);
		try {
			const response = await fetch(this.#url, {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...authorise(token, author) },
				body,
				signal: this.#signal,
			});
			answer = await response.json();
		} catch {
			if (!this.#signal.aborted) this.#handlers.onClose(0, '');
			return;
		} finally {
			clearTimeout(timer);
		}
		const { code = 'internal', detail = 'The relay failed.', retryable = true, retryMs, events = [] } = answer;
		// Of the token, and of no draft: they are sent again with another one.
		if (code.startsWith('token')) {
			const error = { type: 'error', code, message: detail };
			if (token === this.token) this.#handlers.onMessage(JSON.stringify({ ...error, retryable }));
			// A later token is not to blame: what is still in the outbox comes again with that one.
			else
				for (const { message } of letters)
					this.#handlers.onMessage(JSON.stringify({ ...error, ref: message.ref, retryable: true }));
			return;
		}
		const receipts: object[] = [];
		const errors: object[] = [];
		for (const [
			index,
			{
				message: { ref },
			},
		] of letters.entries()) {
			const result = events[index] ?? { error: { code, detail, retryable, retryMs, event: undefined } };
			if (!('error' in result)) receipts.push({ ref, ...result });
			else {
				const { code, detail: message, retryable, retryMs, event } = result.error;
				errors.push({ type: 'error', ref, code, message, retryable, retryMs, event });
			}
		}
		// Those that wait behind one that comes again come again too, in their order.
		if (letters.some((_, index) => isRetryable(events[index] ?? { error: { retryable } }))) this.#queue = [];
		if (receipts.length > 0) this.#handlers.onMessage(JSON.stringify({ type: 'receipts', receipts }));
		for (const error of errors) this.#handlers.onMessage(JSON.stringify(error));
	}
}

function isRetryable(result: Receipt | { error: Pick<Problem, 'retryable'> }): boolean {
	return 'error' in result && result.error.retryable;
}
