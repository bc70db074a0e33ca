// One POST of many drafts, and what its answer means, whoever gave it: the relay, a proxy before it, or nobody.
// Knows statuses and forms of answers; never knows drafts, order or when to try again.
import { type ErrorCode, FeedError, type Problem } from '../../relay/protocol/errors.ts';
import type { Receipt } from '../../relay/protocol/event.ts';

/** Why something was not stored. */
export interface Refusal {
	error: FeedError;
	/** May the same succeed later? */
	isRetryable: boolean;
	/** Not before so many milliseconds, where the relay said so. */
	retryMs?: number;
}

export type Result = Receipt | Refusal;

/** A result for each draft in their order, or one refusal for all of them. */
export type Answer = { status: number } & ({ results: Result[] } | { refusal: Refusal });

/** Of problem details, what can be relied on of an answer that may be somebody else's. */
export type Trouble = Partial<Problem> & { retryMs?: unknown; events?: unknown };

/** What a proxy says for a relay that is away for now: request timeout, too early, too many requests; 5xx besides. */
const PASSING = [408, 425, 429];

/** Sends the body, an array of `count` drafts; never rejects. */
export async function postDrafts(
	url: string,
	body: string,
	count: number,
	token: string | undefined,
	signal: AbortSignal,
): Promise<Answer> {
	let response: Response;
	let answer: Trouble | undefined;
	try {
		response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
			body,
			signal,
			// A redirected POST becomes a GET, and its answer would say nothing about these drafts.
			redirect: 'manual',
		});
		answer = await response.json().catch((error) => {
			if (signal.aborted) throw error;
			return undefined; // a page of a proxy: its status says all there is
		});
	} catch (error) {
		return { status: 0, refusal: { error: describeOutage(error), isRetryable: true } };
	}
	const { status } = response;
	const header = parseRetryAfter(response.headers.get('retry-after'));
	const isStored = status === 201 || status === 207;
	const items = Array.isArray(answer?.events) && answer.events.length === count ? (answer.events as unknown[]) : [];
	const results = items.map((item) => readResult(item, header));
	if ((isStored || typeof answer?.code === 'string') && results.length > 0 && !results.includes(undefined)) {
		return { status, results: results as Result[] }; // none of them is undefined
	}
	return { status, refusal: readRefusal(answer, status, isStored, header) };
}

function readResult(item: unknown, retryMs: number | undefined): Result | undefined {
	if (typeof item !== 'object' || item === null) return undefined;
	if ('error' in item) return readRefusal(item.error as Trouble, 0, false, retryMs); // read below as what it may be
	if (!('id' in item) || !('seq' in item)) return undefined;
	return item as Receipt; // it has the names of one, in an answer that says it was stored
}

/** What an answer says that is no 2xx, or not the one that was asked for. */
export function readRefusal(
	trouble: Trouble | undefined | null,
	status: number,
	isStored: boolean,
	header: number | undefined,
): Refusal {
	const { code, detail, retryable, retryMs } = trouble ?? {};
	const later = typeof retryMs === 'number' && retryMs >= 0 ? retryMs : header;
	const wait = later === undefined ? {} : { retryMs: later };
	if (typeof code === 'string' && !isStored) {
		const error = new FeedError(code as ErrorCode, String(detail ?? code)); // a later relay may know more of them
		return { error, isRetryable: retryable === true, ...wait };
	}
	const isRetryable = isStored || PASSING.includes(status) || status >= 500;
	const advice = isRetryable ? '' : ' Give the address of the relay itself.';
	const error = new FeedError(
		'relay-unreachable',
		`The answer, with status ${status}, is none of a live-feed relay.${advice}`,
	);
	return { error, isRetryable, ...wait };
}

/** What `fetch` threw, in words. */
export function describeOutage(error: unknown): FeedError {
	const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } };
	const reason = cause?.code || cause?.message || message;
	return new FeedError('relay-unreachable', `The relay cannot be reached${reason ? `: ${reason}` : ''}.`);
}

/** Seconds, or a date (RFC 9110, 10.2.3) → milliseconds from now. */
export function parseRetryAfter(text: string | null): number | undefined {
	if (text === null) return undefined;
	const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
