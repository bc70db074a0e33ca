// The one table of errors: what each code means over HTTP, over a socket and to a retrying client.
// Knows codes and texts; never knows who throws or how it is shown.

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

const row = (status: number, text: string, retryable = false, close?: number): ErrorRow =>
	close === undefined ? { status, retryable, text } : { status, retryable, text, close };

/** Code → meaning. Closed: every refusal of relay and client is one of these. */
export const ERRORS = {
	'invalid-json': row(400, 'The content is not valid JSON.'),
	'invalid-utf8': row(400, 'The content is not valid UTF-8.'),
	'invalid-message': row(400, 'The message is not one of the protocol.'),
	'invalid-channel': row(400, 'The channel name is not valid.', false, 4400),
	'invalid-event': row(400, 'The event is not valid.'),
	'invalid-position': row(400, 'The position is not valid.'),
	'invalid-parameter': row(400, 'A parameter of the request is not valid.'),
	'unsupported-frame': row(400, 'Binary messages are not part of the protocol.'),
	'hello-expected': row(400, 'The first message on a socket is a hello.'),
	'hello-timeout': row(408, 'No hello arrived in time.', true, 4408),
	'unsupported-protocol': row(400, 'This version of the protocol is not spoken here.', false, 4406),
	'key-conflict': row(409, 'The key was used before, with other content.'),
	'event-too-large': row(413, 'The event is too large.'),
	'batch-too-large': row(413, 'The request is too large.'),
	'message-too-large': row(413, 'The message is too large.'),
	'url-too-long': row(414, 'The address of the request is too long.'),
	'not-found': row(404, 'There is nothing at this address.'),
	'method-not-allowed': row(405, 'This address does not take that method.'),
	'not-acceptable': row(406, 'None of the accepted forms can be given.'),
	'unsupported-content': row(415, 'This content type cannot be read.'),
	internal: row(500, 'The relay failed at this; it may work if tried again.', true),
	'storage-failed': row(503, 'The relay could not store or load events; try again.', true, 4503),
	'relay-unreachable': row(503, 'The relay cannot be reached.', true),
	'mixed-content': row(400, 'A page loaded over https cannot use a relay over http.'),
	'no-channel': row(400, 'No channel is given.'),
	'no-relay': row(400, 'No relay is given.'),
	'outbox-full': row(503, 'Too much is waiting to be sent.', true),
	cancelled: row(400, 'The page cancelled it.'),
	closed: row(503, 'The connection was closed before the relay answered.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** True for a string that the table has. */
export function isErrorCode(value: unknown): value is ErrorCode {
	return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/** An error of the table. Its message says what was expected and what to do. */
export class FeedError extends Error {
	override readonly name = 'FeedError';
	readonly code: ErrorCode;
	/** The `ref` of the publish that failed, where it is one. */
	ref?: number;

	constructor(code: ErrorCode, message: string = ERRORS[code].text) {
		super(message);
		this.code = code;
	}

	/** May the same thing succeed later, unchanged? */
	get retryable(): boolean {
		return ERRORS[this.code].retryable;
	}
}

/** Problem details (RFC 9457), the body of every refusal over HTTP. */
export interface Problem {
	type: string;
	title: string;
	status: number;
	detail: string;
	code: ErrorCode;
	retryable: boolean;
}

/** An error of the table as problem details. */
export function formatProblem(error: FeedError): Problem {
	const { status, text, retryable } = ERRORS[error.code];
	return {
		type: `urn:live-feed:error:${error.code}`,
		title: text,
		status,
		detail: error.message,
		code: error.code,
		retryable,
	};
}
