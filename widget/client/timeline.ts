// What a reader has: entries in, ordered events and gaps out. Pure.
// Knows order and doubles; never knows the network, the clock or the DOM.
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { freeze } from './freeze.ts';

/** A range that cannot be shown; `from` 0 where a whole log was lost. */
export interface Gap {
	from: number;
	to: number;
}

export type TimelineItem = { kind: 'event'; event: FeedEvent } | ({ kind: 'gap' } & Gap);

/** So many are kept. Beyond a tenth more the oldest are dropped, all at once; they can be loaded again. */
const MAX_ITEMS = 100_000;

export class Timeline {
	/** Oldest first. The same array for as long as it lasts. */
	readonly items: TimelineItem[] = [];
	/** How often it was cleared. */
	clears = 0;
	/** The newest `seq` of each time that the oldest were dropped; what is older may have been loaded again. */
	readonly drops: number[] = [];

	/** The events alone, oldest first. */
	get events(): FeedEvent[] {
		return this.items.flatMap((item) => (item.kind === 'event' ? item.event : []));
	}

	/** Adds newer events; those that are here already are passed over. Answers how many were dropped at the old end. */
	append(events: readonly FeedEvent[]): number {
		const { items } = this;
		const newest = seqOf(items.at(-1));
		for (const event of events) if (event.seq > newest) items.push(toItem(event));
		const dropped = items.length > MAX_ITEMS * 1.1 ? items.length - MAX_ITEMS : 0;
		if (dropped > 0) this.drop(dropped);
		return dropped;
	}

	/** Drops so many of the oldest. */
	drop(count: number): void {
		this.drops.push(seqOf(this.items[count - 1]));
		this.items.splice(0, count);
	}

	/** Marks a range after the newest as missing. */
	addGap({ from, to }: Gap): void {
		this.items.push({ kind: 'gap', from, to });
	}

	clear(): void {
		this.items.length = 0;
		this.clears++;
	}
}

/** The newest `seq` that an item stands for; 0 for none. */
export function seqOf(item: TimelineItem | undefined): number {
	return !item ? 0 : item.kind === 'gap' ? item.to : item.event.seq;
}

/** An event as it stands in a timeline: nobody changes it for the others. */
export function toItem(event: FeedEvent): TimelineItem {
	return { kind: 'event', event: freeze(event) };
}
