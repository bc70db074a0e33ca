// Answers over HTTP: JSON, problem details, and who may read them.
// Knows headers and statuses; never knows channels.
import { createError, ERRORS, FeedError, formatProblem } from '../protocol/errors.ts';

/** Any page may ask and read: rights come with a token, never with a cookie. */
const SHARED: Record<string, string> = {
	'access-control-allow-origin': '*',
	'access-control-expose-headers': 'etag, retry-after',
	'x-content-type-options': 'nosniff',
};

/** Headers of every answer, with more of one's own. */
export function shareHeaders(headers: Record<string, string> = {}): Record<string, string> {
	return { ...SHARED, ...headers };
}

export function answerJson(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
	const type = 'application/json; charset=utf-8';
	const own = { 'content-type': type, 'cache-control': 'no-store', ...headers };
	return new Response(`${JSON.stringify(value)}\n`, { status, headers: shareHeaders(own) });
}

/** A refusal as problem details (RFC 9457); anything that is not of the table becomes `internal` and says no more. */
export function answerProblem(
	error: unknown,
	more: Record<string, unknown> = {},
	headers: Record<string, string> = {},
): Response {
	const known = error instanceof FeedError ? error : createError('internal');
	const { status, retryable } = ERRORS[known.code];
	const own = { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' };
	const retry: Record<string, string> = retryable ? { 'retry-after': '2' } : {};
	const body = `${JSON.stringify({ ...formatProblem(known), ...more })}\n`;
	return new Response(body, { status, headers: shareHeaders({ ...own, ...retry, ...headers }) });
}

/** What a browser asks before it sends another page's request (CORS preflight). */
export function answerPreflight(methods: string): Response {
	return new Response(null, {
		status: 204,
		headers: shareHeaders({
			'access-control-allow-methods': methods,
			'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id, if-none-match',
			'access-control-max-age': '86400',
		}),
	});
}

/** 405 with what the address takes. */
export function answerMethod(methods: string): Response {
	const error = new FeedError('method-not-allowed', `This address takes ${methods}.`);
	return answerProblem(error, {}, { allow: methods });
}
