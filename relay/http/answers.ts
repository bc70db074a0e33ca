// Answers over HTTP: JSON, problem details, and who may read them.
// Knows headers and statuses; never knows channels.
import { ERRORS, FeedError, formatProblem } from '../protocol/errors.ts';

const SHARED: Record<string, string> = {
	'access-control-expose-headers': 'etag, retry-after',
	'x-content-type-options': 'nosniff',
};
/** For pages of any origin: what is in it is no secret. */
export const ANY_ORIGIN = { 'access-control-allow-origin': '*' };

/** What failed for now may work after so long, where nothing better is known; seconds. */
const RETRY_S = 2;

/** Headers of every answer, with more of one's own. Which pages may read it is said at the edge. */
export function shareHeaders(headers: Record<string, string> = {}): Record<string, string> {
	return { ...SHARED, ...headers };
}

export function answerJson(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
	return answerJsonText(JSON.stringify(value), status, headers);
}

/** The same of what is JSON already. */
export function answerJsonText(json: string, status = 200, headers: Record<string, string> = {}): Response {
	const type = 'application/json; charset=utf-8';
	const own = { 'content-type': type, 'cache-control': 'no-store', ...headers };
	return new Response(`${json}\n`, { status, headers: shareHeaders(own) });
}

/** A refusal as problem details (RFC 9457). */
export function answerProblem(
	error: FeedError,
	more: Record<string, unknown> = {},
	headers: Record<string, string> = {},
): Response {
	const { status, retryable } = ERRORS[error.code];
	const own: Record<string, string> = {
		'content-type': 'application/problem+json; charset=utf-8',
		'cache-control': 'no-store',
		...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
	};
	const seconds = error.retryMs === undefined ? RETRY_S : Math.ceil(error.retryMs / 1000);
	const retry: Record<string, string> = retryable ? { 'retry-after': String(seconds) } : {};
	const body = `${JSON.stringify({ ...formatProblem(error), ...more })}\n`;
	return new Response(body, { status, headers: shareHeaders({ ...own, ...retry, ...headers }) });
}

/** What a browser asks before it sends another page's request (CORS preflight). */
export function answerPreflight(methods: string): Response {
	return new Response(null, {
		status: 204,
		headers: shareHeaders({
			'access-control-allow-methods': methods,
			'access-control-allow-headers':
				'authorization, content-type, idempotency-key, last-event-id, if-match, if-none-match, live-feed-author',
			'access-control-max-age': '86400',
		}),
	});
}

/** The same answer for one page to read, or for none (CORS): rights come with a token, never with a cookie. */
export function shareWith(response: Response, origin: string | undefined): Response {
	// Handed on as it is: a socket, and what is for everybody.
	if (response.status === 101 || response.headers.has('access-control-allow-origin')) return response;
	const shared = new Response(response.body, response);
	if (origin !== undefined) shared.headers.set('access-control-allow-origin', origin);
	shared.headers.append('vary', 'origin');
	return shared;
}

/** 405 with what the address takes. */
export function answerMethod(methods: string): Response {
	const error = new FeedError('method-not-allowed', `This address takes ${methods}.`);
	return answerProblem(error, {}, { allow: methods });
}

/** Is what the engine compresses by itself welcome? (RFC 9110, 12.5.3; one who refuses gzip names it with a weight of 0.) */
export function wantsGzip(request: Request): boolean {
	const accepted = request.headers.get('accept-encoding') ?? '';
	return /\bgzip\b/.test(accepted) && !/\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)/.test(accepted);
}

/** Does If-None-Match name it? A proxy that compresses makes it a weak one (RFC 9110, 13.1.2). */
export function matchesEtag(request: Request, etag: string): boolean {
	const known = request.headers.get('if-none-match')?.split(',') ?? [];
	return known.some((one) => one.trim().replace(/^W\//, '') === etag);
}
