// Who is connected to this process: to which channels, from where, and who has not said hello yet.
// Knows names and numbers; never knows who it is, nor what a channel does.
import { FeedError } from './protocol/errors.ts';
import type { Limits } from './settings.ts';

/** Outlives the sleep of a channel, whose own memory does not. */
export class Audience {
	readonly #channels = new Map<string, number>();
	readonly #addresses = new Map<string, number>();
	#total = 0;
	#ungreeted = 0;

	/** The channels that somebody is connected to: those are told before the relay stops. */
	get channels(): string[] {
		return [...this.#channels.keys()];
	}

	/** Why nobody more is taken in, or nobody more from this address; a socket is also one that has not said hello. */
	refuse(limits: Limits, address: string | undefined, isSocket: boolean): FeedError | undefined {
		const { connections = Infinity, connectionsPerAddress = Infinity, ungreeted = Infinity } = limits;
		const full = (what: string) => new FeedError('relay-full', `There may be ${what}; try again.`);
		if (this.#total >= connections) return full(`${connections} connections to this relay`);
		if (isSocket && this.#ungreeted >= ungreeted) return full(`${ungreeted} sockets that have not said hello`);
		if (address === undefined || (this.#addresses.get(address) ?? 0) < connectionsPerAddress) return undefined;
		return full(`${connectionsPerAddress} connections from one address`);
	}

	enter(channel: string, address?: string): void {
		this.#total++;
		count(this.#channels, channel, 1);
		if (address !== undefined) count(this.#addresses, address, 1);
	}

	leave(channel: string, address?: string): void {
		this.#total--;
		count(this.#channels, channel, -1);
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

function count(counts: Map<string, number>, name: string, by: number): void {
	const now = (counts.get(name) ?? 0) + by;
	if (now > 0) counts.set(name, now);
	else counts.delete(name);
}
