// The way to the relay, whatever it is made of: one interface for every transport.
// Knows open, message, close; never knows what is said.

export interface TransportHandlers {
	onOpen(): void;
	/** One message of the relay, as text. */
	onMessage(text: string): void;
	/** The way is cut, or could not be made. `code` is a WebSocket close code; 0 where there is none. */
	onClose(code: number, reason: string): void;
}

export interface Transport {
	/** Begins, or begins anew, at once; what was open is dropped without an `onClose`. */
	open(): void;
	/** False where the message could not be handed over: nothing is queued here. */
	send(text: string): boolean;
	/** Ends it without an `onClose`. */
	close(): void;
}

export type CreateTransport = (url: string, handlers: TransportHandlers) => Transport;

/** A tab remembers under this name, and the relay's address, that a WebSocket is blocked. */
export const TRANSPORT_MEMORY = 'live-feed transport ';
