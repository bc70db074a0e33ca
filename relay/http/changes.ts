// One event over HTTP: what it is, and what is changed of it.
// Knows methods, preconditions and the answer; never knows who may change what, nor how it is stored.
import type { Channel } from '../channel.ts';
import type { Identity } from '../identity.ts';
import { parseDraft } from '../protocol/draft.ts';
import { FeedError } from '../protocol/errors.ts';
import type { ChangeDraft } from '../protocol/event.ts';
import { MAX_EVENT_BYTES, MAX_KEY_CHARS } from '../protocol/limits.ts';
import { parsePosition } from '../protocol/position.ts';
import { answerJson, answerProblem } from './answers.ts';
import { decode, readBytes } from './bodies.ts';

/** What the path after an event's id may be, and the methods that each takes. */
export const EVENT_METHODS: Record<string, string> = {
	'': 'GET, HEAD, PATCH, DELETE, OPTIONS',
	'/reactions': 'POST, DELETE, OPTIONS',
};

/** `GET`: the event with its earlier texts, under its version. */
export async function answerEvent(channel: Channel, id: string, replayed: (bytes: number) => void): Promise<Response> {
	const { event, versions } = await channel.readEvent(parsePosition(id));
	replayed(JSON.stringify(versions).length);
	const etag = `"${event.version ?? event.seq}"`;
	// Under the same version it may have more replies: it is for `If-Match`, and nothing for a cache.
	return answerJson({ ...event, versions }, 200, { etag, 'cache-control': 'no-store' });
}

/** `PATCH`, `DELETE`, and both of a reaction: a change, answered with its receipt. */
export async function answerChange(
	channel: Channel,
	request: Request,
	who: Identity,
	id: string,
	isReaction: boolean,
): Promise<Response> {
	const { headers, method } = request;
	const value: Record<string, unknown> = { ...(await readFields(request)), target: id };
	if (isReaction) value.on = method === 'POST';
	else if (method === 'DELETE') value.removed = true;
	const key = headers.get('idempotency-key');
	if (key !== null) value.key = key.slice(0, MAX_KEY_CHARS + 1);
	const match = headers.get('if-match');
	if (match !== null && match !== '*') value.ifMatch = parseMatch(match);
	const draft = parseDraft(value) as ChangeDraft; // it has a target
	const isOther = isReaction !== (draft.reaction !== undefined);
	if (isOther) throw new FeedError('invalid-event', 'A reaction is set and taken back at /reactions of its event.');
	const [result] = await new Promise<readonly Parameters<typeof answerResult>[0][]>((resolve) => {
		channel.publish({ settle: resolve }, [{ ref: 0, draft, bytes: JSON.stringify(draft).length }], who);
	});
	return answerResult(result as NonNullable<typeof result>); // one draft has one result
}

function answerResult(result: { receipt: object } | { error: FeedError }): Response {
	return 'error' in result ? answerProblem(result.error) : answerJson(result.receipt);
}

/** The fields of a JSON object; of a DELETE they may stand in the address. */
async function readFields(request: Request): Promise<Record<string, unknown>> {
	const bytes = await readBytes(request);
	const text = decode(bytes);
	if (bytes.length > MAX_EVENT_BYTES)
		throw new FeedError('event-too-large', `A change has at most ${MAX_EVENT_BYTES} bytes.`);
	const asked = new URL(request.url).searchParams;
	if (text.trim() === '' && request.method === 'DELETE') return Object.fromEntries(asked);
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new FeedError('invalid-json', 'A change is a JSON object, such as {"status": "resolved"}.');
	}
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
	throw new FeedError('invalid-event', 'A change is a JSON object, such as {"status": "resolved"}.');
}

/** `"17"` → 17 (RFC 9110, 13.1.1); a weak one never matches what it is compared with. */
function parseMatch(text: string): number {
	const seq = /^"?(\d{1,16})"?$/.exec(text.trim())?.[1];
	if (seq !== undefined) return Number(seq);
	throw new FeedError(
		'invalid-parameter',
		'If-Match is the `seq` of the last change of the event, such as "17", as its ETag has it.',
	);
}
