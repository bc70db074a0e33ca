// What a reader has: entries in, ordered events and gaps out. Pure.
// Knows order and doubles; never knows the network, the clock or the DOM.
import type { FeedEvent } from '../../relay/protocol/event.ts';

/** A range that cannot be shown; `from` 0 where a whole log was lost. */
export interface Gap {
	from: number;
	to: number;
}

export type TimelineItem = { kind: 'event'; event: FeedEvent } | ({ kind: 'gap' } & Gap);

/** Events beyond this are dropped from the old end; they can be loaded again. */
const MAX_EVENTS = 20_000;

export class Timeline {
	/** Oldest first. Replaced, never changed, when something comes. */
	items: readonly TimelineItem[] = [];

	/** The events alone, oldest first. */
	get events(): FeedEvent[] {
		return this.items.flatMap((item) => (item.kind === 'event' ? item.event : []));
	}

	/** Adds newer events; those that are here already are passed over. Answers how many were dropped at the old end. */
	append(events: readonly FeedEvent[]): number {
		const newest = seqOf(this.items.at(-1));
		const items = events.filter(({ seq }) => seq > newest).map(toItem);
		if (items.length === 0) return 0;
		const dropped = Math.max(this.items.length + items.length - MAX_EVENTS, 0);
		this.items = [...this.items, ...items].slice(dropped);
		return dropped;
	}

	/** Marks a range after the newest as missing. */
	addGap({ from, to }: Gap): void {
		this.items = [...this.items, { kind: 'gap', from, to }];
	}

	clear(): void {
		this.items = [];
	}
}

/** The newest `seq` that an item stands for; 0 for none. */
export function seqOf(item: TimelineItem | undefined): number {
	return !item ? 0 : item.kind === 'gap' ? item.to : item.event.seq;
}

/** An event as it stands in a timeline. */
export function toItem(event: FeedEvent): TimelineItem {
	return { kind: 'event', event };
}
