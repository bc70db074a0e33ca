// What the viewers of one process have seen since they were told to forget.
// Knows counts; never knows sockets.
import { Delays } from './delays.ts';

/** As one process says it to another. */
export interface Seen {
	viewers: number;
	/** Events that viewers were sent, each counted for each of them. */
	deliveries: number;
	/** Of the viewer who was sent fewest, and most. */
	fewest: number;
	most: number;
	frames: number;
	/** All that came over the sockets, framing of the WebSocket included. */
	wireBytes: number;
	/** When the last event came, milliseconds since 1970. */
	lastAt: number;
	/** How late events were, of those viewers who decode each. */
	delays: [bin: number, count: number][];
	/** How often one who came was told to come later. */
	refusals: number;
	/** What was lost, twice or out of order, and whose socket has closed: how often, and the first in words. */
	faults: number;
	fault: string | undefined;
}

export class Tally {
	deliveries = 0;
	frames = 0;
	wireBytes = 0;
	lastAt = 0;
	delays = new Delays();
	refusals = 0;
	faults = 0;
	fault: string | undefined;

	blame(fault: string): void {
		this.faults++;
		this.fault ??= fault;
	}

	forget(): void {
		this.deliveries = this.frames = this.wireBytes = this.lastAt = this.refusals = this.faults = 0;
		this.delays = new Delays();
		this.fault = undefined;
	}

	tell(counts: readonly number[]): Seen {
		const { deliveries, frames, wireBytes, lastAt, refusals, faults, fault } = this;
		let [fewest, most] = [counts[0] ?? 0, 0];
		for (const count of counts) {
			fewest = Math.min(fewest, count);
			most = Math.max(most, count);
		}
		const delays = this.delays.toPairs();
		const came = { deliveries, fewest, most, frames, wireBytes, lastAt, delays };
		return { viewers: counts.length, ...came, refusals, faults, fault };
	}
}

/** What several processes have seen. */
export function addUp(parts: readonly Seen[]): Seen & { spread: Delays } {
	const sum = (of: (one: Seen) => number) => parts.reduce((total, one) => total + of(one), 0);
	const spread = new Delays();
	for (const { delays } of parts) spread.addPairs(delays);
	return {
		viewers: sum((one) => one.viewers),
		deliveries: sum((one) => one.deliveries),
		fewest: Math.min(...parts.map((one) => one.fewest)),
		most: Math.max(...parts.map((one) => one.most)),
		frames: sum((one) => one.frames),
		wireBytes: sum((one) => one.wireBytes),
		lastAt: Math.max(...parts.map((one) => one.lastAt)),
		delays: [],
		refusals: sum((one) => one.refusals),
		faults: sum((one) => one.faults),
		fault: parts.find((one) => one.fault)?.fault,
		spread,
	};
}
