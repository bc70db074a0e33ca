// What a channel tells the rest of a distributed relay of itself, and what it is told of the rest.
// Knows names and numbers; never knows how they travel.
import type { Connections } from '../audience.ts';
import type { Readings, Strain } from '../figures.ts';

/** An amount that was taken of a limit: whose limit, how much, and what it allows a minute. */
export type Charge = [name: string, amount: number, perMinute: number];

/** What a channel counts. All figures are totals of the memory that counts them. */
export interface ChannelReport {
	channel: string;
	/** Names that memory. Another name means that all totals began at 0 again. */
	memory: string;
	connections: Connections;
	/** Sockets that have not said hello. */
	ungreeted: number;
	/** Connections by address. */
	addresses: [address: string, count: number][];
	backlogBytes: number;
	readings: Readings;
	strain: Strain;
	/** Since the report before. */
	charges: Charge[];
}

/** What a channel has to know of the rest of the relay. */
export interface RelayView {
	/** Connections elsewhere, those of them that have not said hello, and those from each address that was reported. */
	connections: number;
	ungreeted: number;
	addresses: [address: string, count: number][];
	/** What is left of each limit that was charged. */
	left: [name: string, amount: number][];
	/** How long the next report has to wait, ms. */
	intervalMs: number;
}

/** Why a channel may not be opened, as an error can travel. */
export interface Refusal {
	message: string;
	retryMs: number | undefined;
}
