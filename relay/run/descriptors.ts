// How many files and sockets the engine may have open, and how many connections that leaves room for.
// Knows the limits of a process on Linux; never knows an engine, nor who is connected.
import { readFileSync } from 'node:fs';

/** What stays free for files, requests and the starter: this many, or a share of all. */
const RESERVE = 128;
const RESERVE_SHARE = 0.2;
/** What a socket or stream takes of them on workerd 1.20261117, measured. A channel that is in use takes three, of the reserve. */
const EACH = 2;

/** Returns how many descriptors a process started from here may have (its hard limit). Undefined where the system does not tell. */
export function readDescriptorLimit(): number | undefined {
	try {
		const [, hard] = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
		return hard === undefined ? undefined : Number(hard);
	} catch {
		return undefined; // not Linux
	}
}

/** Returns the connections that a limit of descriptors leaves room for, 1 at least. */
export function connectionsWithin(limit: number): number {
	return Math.max(1, Math.floor((limit - Math.max(RESERVE, limit * RESERVE_SHARE)) / EACH));
}
