// Who is connected to this process: to which channels, from where, and who has not said hello yet.
// Knows names and numbers; never knows who it is, nor what a channel does.
import { FeedError } from './protocol/errors.ts';
import type { Limits } from './settings.ts';

/** How somebody is connected: a socket, a stream of one of three forms, or a request that waits. */
export const TRANSPORTS = ['socket', 'sse', 'ndjson', 'text', 'poll'] as const;
export type Transport = (typeof TRANSPORTS)[number];
export type Connections = Record<Transport, number>;

/** Outlives the sleep of a channel, whose own memory does not. */
export class Audience {
	readonly #channels = new Map<string, Connections>();
	readonly #all = nobody();
	readonly #addresses = new Map<string, number>();
	#total = 0;
	#ungreeted = 0;
	/** What is connected to other parts of the relay, as they were told last. */
	#elsewhere = { total: 0, ungreeted: 0, addresses: new Map<string, number>() };

	/** The channels that somebody is connected to: those are told before the relay stops. */
	get channels(): string[] {
		return [...this.#channels.keys()];
	}

	/** Why nobody more is taken in, or nobody more from this address; a socket is also one that has not said hello. */
	refuse(limits: Limits, address: string | undefined, isSocket: boolean): FeedError | undefined {
		const { connections = Infinity, connectionsPerAddress = Infinity, ungreeted = Infinity } = limits;
		const full = (what: string) => new FeedError('relay-full', `There may be ${what}; try again.`);
		const { total, ungreeted: waiting, addresses } = this.#elsewhere;
		if (this.#total + total >= connections) return full(`${connections} connections to this relay`);
		if (isSocket && this.#ungreeted + waiting >= ungreeted)
			return full(`${ungreeted} sockets that have not said hello`);
		if (
			address === undefined ||
			(this.#addresses.get(address) ?? 0) + (addresses.get(address) ?? 0) < connectionsPerAddress
		)
			return undefined;
		return full(`${connectionsPerAddress} connections from one address`);
	}

	get ungreeted(): number {
		return this.#ungreeted;
	}

	/** Connections by address. */
	get addresses(): [address: string, count: number][] {
		return [...this.#addresses];
	}

	/** Sets what is connected to other parts of the relay. It counts towards every limit. */
	setElsewhere(total: number, ungreeted: number, addresses: readonly [address: string, count: number][]): void {
		this.#elsewhere = { total, ungreeted, addresses: new Map(addresses) };
	}

	/** True while somebody is connected to the channel. */
	has(channel: string): boolean {
		return this.#channels.has(channel);
	}

	/** How many are connected to a channel, or to all. */
	count(channel?: string): Connections {
		return { ...(channel === undefined ? this.#all : (this.#channels.get(channel) ?? nobody())) };
	}

	enter(channel: string, transport: Transport, address?: string): void {
		this.#total++;
		this.#all[transport]++;
		const here = this.#channels.get(channel) ?? nobody();
		here[transport]++;
		this.#channels.set(channel, here);
		if (address !== undefined) count(this.#addresses, address, 1);
	}

	leave(channel: string, transport: Transport, address?: string): void {
		this.#total--;
		this.#all[transport]--;
		const here = this.#channels.get(channel);
		if (here) here[transport]--;
		if (here && TRANSPORTS.every((one) => here[one] <= 0)) this.#channels.delete(channel);
		if (address !== undefined) count(this.#addresses, address, -1);
	}

	/** A socket has yet to say hello, until what this answers is called. */
	await(): () => void {
		this.#ungreeted++;
		let isOver = false;
		return () => {
			if (!isOver) this.#ungreeted--;
			isOver = true;
		};
	}
}

/** However they are connected. */
export function countAll(connections: Connections): number {
	return TRANSPORTS.reduce((sum, one) => sum + connections[one], 0);
}

function nobody(): Connections {
	return { socket: 0, sse: 0, ndjson: 0, text: 0, poll: 0 };
}

function count(counts: Map<string, number>, name: string, by: number): void {
	const now = (counts.get(name) ?? 0) + by;
	if (now > 0) counts.set(name, now);
	else counts.delete(name);
}
