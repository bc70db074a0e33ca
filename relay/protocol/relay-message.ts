// What the relay says on a WebSocket, and the one parser for it.
// Knows shapes; never knows sockets. Small, because it is part of the drop-in script.
import { type ErrorCode, FeedError } from './errors.ts';
import type { FeedEntry, FeedEvent, Own, Person, Pulse, Receipt, Status } from './event.ts';

export interface Welcome {
	type: 'welcome';
	protocol: number;
	/** The `ref` of the hello that it answers. */
	ref?: number;
	epoch: string;
	/** The oldest kept `seq` and the newest; 0 where there is none. */
	first: number;
	last: number;
	/** Entries follow from the one after this `seq` to `last`, then live ones. */
	after: number;
	/** False where something between the client's position and `after` cannot be sent. */
	recovered: boolean;
	/** The range that is no longer kept, where the epoch is still the client's. */
	missing?: { from: number; to: number };
	/** The filter in force; absent where everything is sent. */
	types?: string[];
	/** The relay's clock, milliseconds since 1970. */
	time: number;
	pulse: Pulse;
	/** Whoever is cut off comes back at a random moment within this time, so that not all do at once; milliseconds. */
	returnMs: number;
	/** Changes in this range are no longer kept: what is known of events before it may be out of date. */
	refresh?: { from: number; to: number };
	/** The statuses in force, as `types`. */
	status?: Status[];
	/** Whom the token proved, and until when it holds, milliseconds since 1970; absent without one. */
	subject?: string;
	expires?: number;
	own?: Own;
}

/** Who is here: at first, and then once a second at the most where it changes. */
export interface Presence {
	type: 'presence';
	/** How many people; several pages of one are one. */
	total: number;
	/** Those who came first, 20 at the most. */
	people: Person[];
	/** Who came and went since the last one, 10 of each at the most. */
	joined: Person[];
	left: Person[];
}

/** The relay is about to stop, as planned. */
export interface GoAway {
	type: 'goaway';
	/** As in the welcome, of now. */
	returnMs: number;
}

export interface Entries {
	type: 'entries';
	epoch: string;
	/** The range of `seq` that this frame covers, both ends included; a filter may have left out some or all. */
	from: number;
	to: number;
	entries: FeedEntry[];
}

export interface Receipts {
	type: 'receipts';
	receipts: (Receipt & { ref: number })[];
}

export interface ErrorMessage {
	type: 'error';
	/** The publish that was refused; absent where the error is about something else. */
	ref?: number;
	code: ErrorCode;
	message: string;
	retryable: boolean;
	/** It may work after so long, milliseconds; where that is known. */
	retryMs?: number;
	/** The event as it stands, where it was expected to stand otherwise. */
	event?: FeedEvent;
}

export interface Pong {
	type: 'pong';
	/** The relay's clock, ms since the Unix epoch. Absent where the engine answered for the relay. */
	time?: number;
	/** Everything up to here has been sent, the filtered left out. Absent where the relay has just woken, or the engine answered. */
	position?: string;
	/** As in the welcome, where it has changed. */
	returnMs?: number;
}

export type RelayMessage = Welcome | Entries | Receipts | ErrorMessage | Pong | GoAway | Presence;

/** The fields without which a message of the kind cannot be used: texts, numbers, objects. */
const REQUIRED: Record<RelayMessage['type'], [strings: string, numbers: string, objects?: string]> = {
	welcome: ['epoch', 'last after time returnMs', 'pulse'],
	entries: ['epoch', 'from to', 'entries'],
	receipts: ['', '', 'receipts'],
	error: ['code message', ''],
	pong: ['', ''],
	goaway: ['', 'returnMs'],
	presence: ['', 'total', 'people joined left'],
};

/**
 * One frame's text → a message; undefined for a kind of a later version, which is to be passed over.
 * @throws FeedError `invalid-json`, `invalid-message`
 */
export function parseRelayMessage(text: string): RelayMessage | undefined {
	let message: Record<string, unknown>;
	try {
		message = JSON.parse(text);
	} catch {
		throw new FeedError('invalid-json', 'The relay sent no JSON.');
	}
	const type = message?.type;
	if (typeof type !== 'string' || !Object.hasOwn(REQUIRED, type)) return undefined;
	for (const [index, fields = ''] of REQUIRED[type as RelayMessage['type']].entries()) {
		for (const field of fields.split(' ')) {
			if (field && typeof message[field] !== ['string', 'number', 'object'][index]) {
				throw new FeedError('invalid-message', `The relay sent ${type} without ${field}.`);
			}
		}
	}
	return message as unknown as RelayMessage; // kind and needed fields were checked; the rest is optional
}
