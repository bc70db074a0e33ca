// The contract for what belongs to the whole relay: connections, limits, backlog, metrics, and the word that it stops.
// Knows the two sides that ask, a channel's room and the edge; never knows where these are kept.
import type { Audience } from '../audience.ts';
import type { Figures } from '../figures.ts';
import type { BodyBudget } from '../http/body-budget.ts';
import type { Report } from '../http/figures.ts';
import type { Identities, Identity } from '../identity.ts';
import type { Journal, Refused } from '../journal.ts';
import type { Limiter } from '../limiter.ts';
import type { FeedError } from '../protocol/errors.ts';
import type { ReadingTurns } from '../reading-turns.ts';
import type { ChannelFiles, Reclaimer } from '../reclaimer.ts';
import type { Settings } from '../settings.ts';
import type { SteadyClock } from '../steady-clock.ts';
import type { MachineReadings, StorageState } from '../storage-state.ts';
import type { Backlog } from '../window.ts';

/** What a channel's room asks of the whole relay. */
export interface ChannelServices {
	readonly settings: Settings;
	readonly identities: Identities;
	readonly connections: Audience;
	readonly limiter: Limiter;
	readonly backlog: Backlog;
	readonly journal: Journal;
	readonly storage: StorageState;
	/** When channels read. Shared by all that share a thread. */
	readonly turns: ReadingTurns;
	/** The time by which events are stored, kept and hidden. */
	readonly steadyClock: SteadyClock;
	/**
	 * Names the memory in which connections and backlog are counted. A link that remembers another name is not counted yet:
	 * the memory is younger than the link.
	 */
	readonly memoryName: string;
	/** True where that memory outlives the sleep of a channel. Else all links are counted again when the channel wakes. */
	readonly outlivesSleep: boolean;
	/** Returns a name for a new connection. It is unique within this memory. */
	nameConnection(): string;
	/** Returns the metrics of a channel. */
	metricsOf(channel: string): Figures;
	/** Checks the limit of new channels for a client that comes to a channel which is not in use. */
	openChannel(who: Identity): FeedError | undefined | Promise<FeedError | undefined>;
	/** Learns whether a channel's storage holds something. Undefined where the engine removes what holds nothing. */
	readonly reclaimer?: Pick<Reclaimer, 'keep' | 'release'>;
	/** Something was done that the rest of the relay may have to learn. */
	recordActivity(): void;
}

/** What the edge, which routes requests, asks of the whole relay. */
export interface RelayServices {
	readonly settings: Settings;
	readonly identities: Identities;
	/** Bounds the request bodies in flight. */
	readonly bodies: BodyBudget;
	/** When the relay began, ms since the Unix epoch. Undefined where no memory spans all of it. */
	readonly since?: number;
	/** Whether what is published can be stored. */
	readonly storage: StorageState;
	/** Through which channels are asked. */
	readonly reclaimer: Pick<Reclaimer, 'ask'>;
	/** Removes the files of channels that hold nothing and are not in use. */
	reclaim(files: ChannelFiles): Promise<void>;
	/** Counts a request that no channel answers. */
	countRequest(): void;
	recordRefusal(error: FeedError, about: Refused): void;
	/** Writes down a fault of the relay. Returns what may be said of it. */
	reportFault(error: unknown): FeedError;
	/** Returns the metrics of the whole relay. Wakes no channel. */
	report(): Promise<Report>;
	/** Returns the names of the channels that have connections. */
	connectedChannels(): Promise<string[]>;
	/** Sets what the engine's starter sees of the machine. Each value is undefined where it is unknown. */
	setMachine(readings: MachineReadings): void;
}
