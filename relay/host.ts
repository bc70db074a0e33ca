// The contract between a channel's room and the engine that runs it.
// Knows what a room needs of an engine; never knows which engine that is.
import type { KeyValueStorage } from './log-storage.ts';
import type { ChannelServices } from './services/services.ts';

/** One WebSocket of a room. It is the same object at each call while the room is awake. */
export interface Link {
	/** Throws where the socket is closing. */
	send(data: string | Uint8Array): void;
	close(code: number, reason?: string): void;
	/** What `remember` was given last, which survives the room's sleep. Default: null. */
	readonly state: unknown;
	/** Keeps a value of JSON, at most 2,048 bytes with everything around it. */
	remember(state: unknown): void;
	/** Bytes that the engine holds for a peer that has not taken them. Undefined where the engine does not say. */
	readonly bufferedAmount?: number;
	/** When the engine itself answered a ping last, ms since the Unix epoch. Undefined where it has not. */
	readonly pingedAt?: number | undefined;
}

/** A note beside a channel's storage that something was stored in it: it shows where the storage was lost. */
export interface Mark {
	exists(): Promise<boolean>;
	set(): Promise<void>;
}

/** What one channel's room is given by its engine. */
export interface Host {
	/** The channel's name. */
	readonly name: string;
	readonly storage: KeyValueStorage;
	/** The file that holds the storage. Undefined where the engine does not say. */
	readonly file?: string | undefined;
	/** Undefined where the engine has no place for it. */
	readonly mark?: Mark | undefined;
	/** Ends the object, so that the next request opens its storage anew. Undefined where the engine cannot. */
	readonly abandon?: (reason: string) => void;
	/** What belongs to the whole relay. @throws Error where the settings are wrong. */
	readonly services: ChannelServices;
	/** All open links, those that were accepted before the room slept too. */
	links(): Iterable<Link>;
}
