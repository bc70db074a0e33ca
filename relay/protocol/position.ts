// Where a reader stands: `epoch:seq`, written as one string.
// Knows how to read, write and compare positions; never knows where history lives.
import { FeedError } from './errors.ts';

/** The epoch of a channel to which nothing was ever published. */
export const NO_EPOCH = '-';

export interface Position {
	epoch: string;
	/** Everything up to and with this `seq` has been read. */
	seq: number;
}

const PATTERN = /^(-|[a-z0-9]{1,16}):(0|[1-9][0-9]{0,15})$/;

/** `{epoch: 'k3f9', seq: 17}` → `k3f9:17`. */
export function formatPosition(position: Position): string {
	return `${position.epoch}:${position.seq}`;
}

/**
 * `k3f9:17` → `{epoch: 'k3f9', seq: 17}`.
 * @throws FeedError `invalid-position`
 */
export function parsePosition(text: string): Position {
	const match = PATTERN.exec(text);
	const seq = Number(match?.[2]);
	if (!match || !Number.isSafeInteger(seq)) {
		throw new FeedError(
			'invalid-position',
			'Expected a position as the relay gives it, epoch:seq such as k3f9a2:17, or 0 for the beginning.',
		);
	}
	return { epoch: match[1] as string, seq }; // the pattern has the group
}
