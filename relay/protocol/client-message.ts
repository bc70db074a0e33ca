// What a client says on a WebSocket, and the one parser for it.
// Knows shapes and their checks; never knows sockets, storage or who is asking.
import { isStatus, parseDraft, parsePresence } from './draft.ts';
import { FeedError } from './errors.ts';
import { type ChangeDraft, type CheckedDraft, type Draft, STATUSES, type Status } from './event.ts';
import { MAX_AUTHOR_CHARS, MAX_EVENT_BYTES, MIN_AUTHOR_CHARS } from './limits.ts';
import { parsePosition } from './position.ts';
import { parseSince } from './since.ts';
import { isTypePattern } from './types.ts';
import { mendJson } from './well-formed.ts';

/** The version that hello and welcome carry. */
export const PROTOCOL_VERSION = 1;

export interface Hello {
	type: 'hello';
	protocol: number;
	/** Proves who it is (RFC 7519); a later hello brings a new one before it expires. */
	token?: string;
	/** The client's own number for this hello; its welcome carries it back. */
	ref?: number;
	/** The last position seen; everything after it is sent. */
	position?: string;
	/** Without a position: how many of the newest events (50 unless given), or a span (`2h`) or date; 1,000 at the most. */
	history?: number | string;
	/** Event types to be sent: names, prefixes such as `deploy.*`; all where left out. */
	types?: string[];
	/** Statuses of events to be sent; all where left out. */
	status?: Status[];
	/** Binary frames may come deflated: in zlib format (RFC 1950), whose first byte is 0x78. */
	inflate?: boolean;
	/** A random key of this browser: makes who has no token the author of what he publishes. 16 to 64 printable ASCII characters. */
	author?: string;
	/** Wants to be counted among those who are here, and to be told of them. */
	presence?: { name?: string; color?: string };
}

export interface Publish {
	type: 'publish';
	/** The client's own number for it; receipt or error carries it back. */
	ref: number;
	draft: CheckedDraft | ChangeDraft;
}

/** Confirms what came: the relay sends on, however much it is, for as long as little is unconfirmed. */
export interface Seen {
	type: 'seen';
	/** Bytes of all frames that came on this socket since it was opened; a text frame counts as UTF-8. */
	bytes: number;
}

/** Gives up a draft that was refused for now, so that those after it are taken. */
export interface GiveUp {
	type: 'give-up';
	/** Its `ref`. */
	ref: number;
}

/** Asks for a sign of life. With `position: true` the relay itself answers; without it the engine may. */
export interface Ping {
	type: 'ping';
	position?: true;
}

export type ClientMessage = Hello | Publish | Seen | GiveUp | Ping;

const encoder = new TextEncoder();

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function refuse(message: string): never {
	throw new FeedError('invalid-message', message);
}

function parseHello(value: Record<string, unknown>): Hello {
	const { protocol, token, ref, position, history, types, status, inflate, author, presence } = value;
	if (protocol !== PROTOCOL_VERSION) {
		throw new FeedError(
			'unsupported-protocol',
			`This relay speaks version ${PROTOCOL_VERSION}. Load the script from the relay itself, or update the client.`,
		);
	}
	const hello: Hello = { type: 'hello', protocol };
	if (ref !== undefined) {
		if (!isCount(ref)) return refuse('`ref` of a hello is a whole number of the sender; its welcome carries it.');
		hello.ref = ref;
	}
	if (token !== undefined) {
		if (typeof token !== 'string') return refuse('`token` of a hello is a string.');
		hello.token = token;
	}
	if (position !== undefined) {
		if (typeof position !== 'string') return refuse('`position` of a hello is a string, epoch:seq.');
		parsePosition(position);
		hello.position = position;
	}
	if (history !== undefined) {
		if (typeof history !== 'string' && !isCount(history)) {
			return refuse('`history` of a hello is a number of events, or a span such as 2h.');
		}
		if (typeof history === 'string') parseSince(history, 0);
		hello.history = history;
	}
	if (types !== undefined) {
		if (!Array.isArray(types) || !types.every(isTypePattern)) {
			return refuse('`types` of a hello is an array of types, or of prefixes such as deploy.*.');
		}
		hello.types = types;
	}
	if (status !== undefined) hello.status = parseStatuses(status);
	if (inflate !== undefined) {
		if (typeof inflate !== 'boolean') return refuse('`inflate` of a hello is true or false.');
		hello.inflate = inflate;
	}
	if (author !== undefined) hello.author = parseAuthor(author);
	if (presence !== undefined) hello.presence = parsePresence(presence);
	return hello;
}

function parseStatuses(value: unknown): Status[] {
	if (!Array.isArray(value) || !value.every(isStatus))
		return refuse(`\`status\` of a hello is an array of ${STATUSES.join(', ')}.`);
	return value;
}

/**
 * The key that makes its holder the author of what he publishes without a token.
 * @throws FeedError `invalid-message`
 */
export function parseAuthor(value: unknown): string {
	const isLong = typeof value === 'string' && value.length >= MIN_AUTHOR_CHARS && value.length <= MAX_AUTHOR_CHARS;
	if (isLong && /^[\x21-\x7e]+$/.test(value)) return value;
	return refuse(
		`An author's key is random, of ${MIN_AUTHOR_CHARS} to ${MAX_AUTHOR_CHARS} printable ASCII characters without a space.`,
	);
}

function parsePublish({ ref, draft }: Record<string, unknown>): Publish {
	if (!isCount(ref)) return refuse('`ref` of a publish is a whole number of the sender; its receipt carries it.');
	try {
		return { type: 'publish', ref, draft: parseDraft(draft) };
	} catch (error) {
		if (error instanceof FeedError) error.ref = ref;
		throw error;
	}
}

/** A message as a client sends it: lone surrogates are U+FFFD in it, and U+FFFD is escaped. */
export function formatClientMessage(
	message: Exclude<ClientMessage, Publish> | { type: 'publish'; ref: number; draft: Draft | ChangeDraft },
): string {
	return mendJson(JSON.stringify(message)).replaceAll('\ufffd', '\\ufffd');
}

/**
 * One text frame → a message.
 * @throws FeedError `message-too-large`, `invalid-utf8`, `invalid-json`, `invalid-message`, `invalid-position`,
 * `invalid-parameter`, `unsupported-protocol`, and `invalid-event` with its `ref`
 */
export function parseClientMessage(text: string): ClientMessage {
	// Counting bytes means encoding, so it is done only where the length leaves a doubt.
	if (text.length * 3 > MAX_EVENT_BYTES && encoder.encode(text).length > MAX_EVENT_BYTES) {
		throw new FeedError('message-too-large', `A message has at most ${MAX_EVENT_BYTES} bytes.`);
	}
	if (text.includes('\ufffd')) {
		// The engine puts this character where a frame's bytes are no UTF-8; one that is meant comes escaped.
		throw new FeedError('invalid-utf8', 'A message is UTF-8; the character U+FFFD itself is written as \\ufffd.');
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new FeedError('invalid-json', 'A message is one JSON object, such as {"type":"ping"}.');
	}
	if (typeof value !== 'object' || value === null) return refuse('A message is a JSON object with a `type`.');
	const message = value as Record<string, unknown>; // an object; every field is checked below
	switch (message.type) {
		case 'hello':
			return parseHello(message);
		case 'publish':
			return parsePublish(message);
		case 'seen':
			if (!isCount(message.bytes)) return refuse('`bytes` of a seen is the number of bytes that came on this socket.');
			return { type: 'seen', bytes: message.bytes };
		case 'give-up':
			if (!isCount(message.ref)) return refuse('`ref` of a give-up is that of a publish.');
			return { type: 'give-up', ref: message.ref };
		case 'ping':
			if (message.position !== undefined && message.position !== true)
				return refuse('`position` of a ping is true, or absent.');
			return { type: 'ping' };
		default:
			return refuse('The `type` of a message is hello, publish, seen, give-up or ping.');
	}
}
