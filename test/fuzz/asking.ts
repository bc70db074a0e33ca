// Asks fuzzed requests, and judges each answer.
// Knows what a typed answer is; never knows why a request was chosen.
import { ERRORS, type ErrorCode } from '../../relay/protocol/errors.ts';
import { patience } from '../support/slowness.ts';
import type { Histogram } from './histogram.ts';
import type { RawAnswer, RawClient } from './raw-request.ts';
import { encodeRequest, type Request } from './requests.ts';

export interface AskTally {
	asked: Histogram;
	/** By status of a success, or code of a refusal. */
	answered: Histogram;
	/** What the engine or PartyKit answers itself, before the relay sees a request. */
	byEngine: Histogram;
	judged: number;
}

/** Ends where a body does not come whole. */
const NEVER_WHOLE = ['early end', 'endless chunk', 'wrong length'];
const INTERNALS =
	/\bat .{1,200}:\d+:\d+|TypeError|RangeError|ReferenceError|SyntaxError|node_modules|\.ts\b|workerd|kj\/|stack/;
const PROBLEM = ['type', 'title', 'status', 'detail', 'code', 'retryable'];
const MORE = ['epoch', 'events', 'event', 'retryMs'];
/** All that the engine says of bytes that are no request. */
const ENGINE_WORDS: readonly [status: number, body: RegExp][] = [
	[200, /^<!doctype html>/],
	[400, /^(Bad Request|)$/],
	[
		400,
		/^ERROR: The (headers sent by your client (were|are) not valid|requested WebSocket version is not supported)\.$/,
	],
	[400, /^invalid [\w -]+$/],
	[413, /^/],
	[426, /^ERROR: The requested WebSocket version is not supported\.$/],
	[431, /^/],
	[500, /^(Internal Server Error|)$/],
	[501, /^ERROR: Unrecognized request method\.$/],
];

/** @throws Error that says why the answer is not one that anybody should get */
export async function ask(client: RawClient, host: string, request: Request, tally: AskTally): Promise<void> {
	const isHead = request.method === 'HEAD';
	const mayBeLate = NEVER_WHOLE.includes(request.what) || request.expect.length === 0;
	const answer = await client.ask(encodeRequest(request, host), {
		isHead,
		hangsUp: NEVER_WHOLE.includes(request.what),
		patienceMs: mayBeLate ? 1000 : patience(30_000),
	});
	const outcome = judge(request, answer, isHead, mayBeLate, tally);
	tally.judged++;
	tally.asked.add(request.what);
	if (outcome !== undefined) tally.answered.add(outcome);
}

function judge(
	{ expect }: Request,
	answer: RawAnswer | 'closed' | 'late',
	isHead: boolean,
	mayBeLate: boolean,
	tally: AskTally,
): string | undefined {
	if (typeof answer === 'string') {
		if (!mayBeLate) throw new Error(`no answer: ${answer}`);
		tally.byEngine.add(answer === 'closed' ? 'closed without an answer' : 'waits for the rest of the request');
		return undefined;
	}
	const { status, headers, body } = answer;
	const say = (what: string) => new Error(`${what}: ${status} ${JSON.stringify(headers)} ${body.slice(0, 600)}`);
	if (headers['x-content-type-options'] !== 'nosniff') {
		const isKnown = ENGINE_WORDS.some(([known, words]) => known === status && (isHead || words.test(body.trim())));
		if (!isKnown) throw say('an answer that is not the relay’s');
		tally.byEngine.add(`${status} ${body.slice(0, 40).replace(/\s+/g, ' ').trim()}`);
		return undefined;
	}
	if (status < 400) {
		if (expect.length > 0 && !expect.includes(String(status))) throw say(`a success instead of ${expect}`);
		if (/json/.test(headers['content-type'] ?? '') && body !== '' && !answer.isStream) JSON.parse(body);
		return String(status);
	}
	if (!headers['content-type']?.startsWith('application/problem+json')) throw say('a refusal without problem details');
	// Of a HEAD there is no more to see.
	if (isHead) return `${status} to HEAD`;
	const problem = JSON.parse(body) as Record<string, unknown>;
	const code = String(problem.code);
	const row = Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode] : undefined; // its own key
	if (!row || row.status !== status || problem.status !== status || problem.retryable !== row.retryable)
		throw say('a refusal that is not of the table');
	if (
		PROBLEM.some((name) => !(name in problem)) ||
		Object.keys(problem).some((name) => ![...PROBLEM, ...MORE].includes(name))
	)
		throw say('odd problem details');
	if (INTERNALS.test(body) || code === 'internal' || code === 'storage-failed') throw say('a fault');
	if (expect.length > 0 && !expect.includes(code)) throw say(`a refusal instead of ${expect}`);
	return code;
}
