// The messages of a WebSocket, in both directions; PROTOCOL.md has the rules.
// Knows shapes; never knows sockets.
import type { Draft, FeedEvent, Pulse, Receipt } from './event.ts';
import type { ErrorCode } from './errors.ts';

/** The version that hello and welcome carry. */
export const PROTOCOL_VERSION = 1;

/** What a client says. */
export type ClientMessage =
	| {
			type: 'hello';
			protocol: number;
			/** The last position seen; everything after it is sent. */
			position?: string;
			/** Without a position: how many of the newest events (50), or how far back in time (`2h`). */
			history?: number | string;
			/** Event types to be sent: names, prefixes such as `deploy.*`, or all where left out. */
			types?: string[];
	  }
	| { type: 'publish'; ref: number; draft: Draft }
	| { type: 'ping' };

/** What the relay says. */
export type RelayMessage =
	| {
			type: 'welcome';
			protocol: number;
			epoch: string;
			/** The oldest kept `seq` and the newest; 0 where there is none. */
			first: number;
			last: number;
			/** Entries follow from the one after this `seq` to `last`, then live ones. */
			after: number;
			/** False where something between the client's position and `after` cannot be sent. */
			recovered: boolean;
			/** The range that is no longer kept, where the epoch is the client's own. */
			missing?: { from: number; to: number };
			/** The filter in force; absent where everything is sent. */
			types?: string[];
			/** The relay's clock, milliseconds since 1970. */
			time: number;
			pulse: Pulse;
	  }
	| {
			type: 'entries';
			epoch: string;
			/** The range of `seq` that this frame covers, both ends included. */
			from: number;
			to: number;
			entries: FeedEvent[];
	  }
	| { type: 'receipts'; receipts: (Receipt & { ref: number })[] }
	| { type: 'error'; ref?: number; code: ErrorCode; message: string; retryable: boolean }
	| { type: 'pong'; time: number; position?: string };
