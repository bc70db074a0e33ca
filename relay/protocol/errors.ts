// The one table of errors: what each code means over HTTP, over a socket and to a retrying client.
// Knows codes and texts; never knows who throws or how it is shown.
import type { FeedEvent } from './event.ts';

interface ErrorRow {
	/** HTTP status. */
	status: number;
	/** WebSocket close code, for the few that end a connection. */
	close?: number;
	/** May the same thing succeed later, unchanged? */
	retryable: boolean;
	/** One sentence for people. */
	text: string;
}

const TABLE = {
	'invalid-json': { status: 400, retryable: false, text: 'The content is not valid JSON.' },
	'invalid-utf8': { status: 400, retryable: false, text: 'The content is not valid UTF-8.' },
	'invalid-message': { status: 400, retryable: false, text: 'The message is not one of the protocol.' },
	'invalid-channel': { status: 400, retryable: false, close: 4400, text: 'The channel name is not valid.' },
	'invalid-event': { status: 400, retryable: false, text: 'The event is not valid.' },
	'invalid-position': { status: 400, retryable: false, text: 'The position is not valid.' },
	'invalid-parameter': { status: 400, retryable: false, text: 'A parameter of the request is not valid.' },
	'unsupported-frame': { status: 400, retryable: false, text: 'Binary messages are not part of the protocol.' },
	'hello-expected': { status: 400, retryable: false, text: 'The first message on a socket is a hello.' },
	'hello-timeout': { status: 408, retryable: true, close: 4408, text: 'No hello arrived in time.' },
	'unsupported-protocol': {
		status: 400,
		retryable: false,
		close: 4406,
		text: 'This version of the protocol is not spoken here.',
	},
	'token-needed': { status: 401, retryable: false, close: 4401, text: 'A token is needed for this.' },
	'token-invalid': { status: 401, retryable: false, close: 4401, text: 'The token is refused.' },
	'token-expired': { status: 401, retryable: false, close: 4401, text: 'The token has expired; get a new one.' },
	forbidden: { status: 403, retryable: false, close: 4403, text: 'The token does not allow this.' },
	'origin-refused': { status: 403, retryable: false, close: 4403, text: 'Pages from there are not served.' },
	'rate-limited': { status: 429, retryable: true, text: 'That was more than is allowed in a minute; try again later.' },
	'key-conflict': { status: 409, retryable: false, text: 'The key was used before, with other content.' },
	'unknown-event': { status: 404, retryable: false, text: 'There is no such event on this channel.' },
	'removed-event': { status: 410, retryable: false, text: 'The event was removed.' },
	'wrong-status': { status: 409, retryable: false, text: 'The event cannot get this status now.' },
	'changed-meanwhile': { status: 412, retryable: false, text: 'The event has changed meanwhile.' },
	'too-many-reactions': { status: 409, retryable: false, text: 'There are more reactions than are kept.' },
	'event-too-large': { status: 413, retryable: false, text: 'The event is too large.' },
	'batch-too-large': { status: 413, retryable: false, text: 'The request is too large.' },
	'message-too-large': { status: 413, retryable: false, text: 'The message is too large.' },
	'url-too-long': { status: 414, retryable: false, text: 'The address of the request is too long.' },
	'not-found': { status: 404, retryable: false, text: 'There is nothing at this address.' },
	overloaded: { status: 503, retryable: true, text: 'The relay has more to store than it can take; try again.' },
	'out-of-order': {
		status: 409,
		retryable: true,
		text: 'An event before this one was refused for now, and has to come first.',
	},
	'too-slow': { status: 408, retryable: true, close: 4429, text: 'What was sent was not taken in time.' },
	'relay-full': {
		status: 503,
		retryable: true,
		close: 4529,
		text: 'Too much is on its way to other viewers; try again.',
	},
	'not-kept': { status: 410, retryable: false, text: 'These events are no longer kept.' },
	'method-not-allowed': { status: 405, retryable: false, text: 'This address does not take that method.' },
	'not-acceptable': { status: 406, retryable: false, text: 'None of the accepted forms can be given.' },
	'unsupported-content': { status: 415, retryable: false, text: 'This content type cannot be read.' },
	internal: { status: 500, retryable: true, text: 'The relay failed at this; it may work if tried again.' },
	'storage-failed': {
		status: 503,
		retryable: true,
		close: 4503,
		text: 'The relay could not store or load events; try again.',
	},
	'relay-unreachable': { status: 503, retryable: true, text: 'The relay cannot be reached.' },
	'token-unavailable': { status: 503, retryable: true, text: 'No token could be had; it is tried again.' },
	'mixed-content': { status: 400, retryable: false, text: 'A page loaded over https cannot use a relay over http.' },
	'no-channel': { status: 400, retryable: false, text: 'No channel is given.' },
	'no-relay': { status: 400, retryable: false, text: 'No relay is given.' },
	'outbox-full': { status: 503, retryable: true, text: 'Too much is waiting to be sent.' },
	'too-many-connections': { status: 503, retryable: true, text: 'The browser opens no more connections.' },
	cancelled: { status: 400, retryable: false, text: 'The page cancelled it.' },
	closed: { status: 503, retryable: false, text: 'The connection was closed before the relay answered.' },
} satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof TABLE;

/** Code → meaning. Closed: every refusal of relay and client is one of these. Plain data, so that the script leaves it out. */
export const ERRORS: Record<ErrorCode, ErrorRow> = TABLE;

/** An error of the table. Its message says what was expected and what to do. */
export class FeedError extends Error {
	override readonly name = 'FeedError';
	readonly code: ErrorCode;
	/** The `ref` of the publish that failed, where it is one. */
	ref?: number;
	/** It may work after so long, milliseconds; where that is known. */
	retryMs?: number;
	/** The event as it stands, where it was expected to stand otherwise. */
	event?: FeedEvent;

	constructor(code: ErrorCode, message: string) {
		super(message);
		this.code = code;
	}
}

/** An error of the table in the table's own words. */
export function createError(code: ErrorCode): FeedError {
	return new FeedError(code, ERRORS[code].text);
}

/** Problem details (RFC 9457), the body of every refusal over HTTP. */
export interface Problem {
	type: string;
	title: string;
	status: number;
	detail: string;
	code: ErrorCode;
	retryable: boolean;
	/** It may work after so long, milliseconds; where that is known. */
	retryMs?: number;
	/** The event as it stands, where it was expected to stand otherwise. */
	event?: FeedEvent;
}

/** An error of the table as problem details. */
export function formatProblem(error: FeedError): Problem {
	const { status, text, retryable } = ERRORS[error.code];
	return {
		type: `urn:live-feed:error:${error.code}`,
		title: text,
		status,
		detail: error.message.toWellFormed(), // it may quote what came, and cut it
		code: error.code,
		retryable,
		...(error.retryMs === undefined ? {} : { retryMs: error.retryMs }),
		...(error.event === undefined ? {} : { event: error.event }),
	};
}
