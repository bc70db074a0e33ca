// The DOM events of the element: subclasses of Event with fields, bubbling and composed.
// Knows names and fields; never knows when they are sent.
import type { Draft, FeedEvent, Receipt } from '../relay/protocol/event.ts';
import type { Connection } from './client/feed-client.ts';

// Importing the class in Node must throw nothing, and Node 20 has an Event of its own.
class FeedElementEvent extends Event {
	constructor(type: string, cancelable = false) {
		super(type, { bubbles: true, composed: true, cancelable });
	}
}

/** Before a publish; cancelable, and `draft` may be altered. */
export class LiveFeedPublishEvent extends FeedElementEvent {
	draft: Draft;
	constructor(draft: Draft) {
		super('live-feed-publish', true);
		this.draft = draft;
	}
}

/** After a publish was stored. */
export class LiveFeedPublishedEvent extends FeedElementEvent {
	readonly draft: Draft;
	readonly receipt: Receipt;
	constructor(draft: Draft, receipt: Receipt) {
		super('live-feed-published');
		this.draft = draft;
		this.receipt = receipt;
	}
}

/** A row was activated; cancelling keeps it from being selected. */
export class LiveFeedSelectEvent extends FeedElementEvent {
	readonly event: FeedEvent;
	constructor(event: FeedEvent) {
		super('live-feed-select', true);
		this.event = event;
	}
}

/** Events came, one frame of them in order; `replayed` are from before the element was there. */
export class LiveFeedReceivedEvent extends FeedElementEvent {
	readonly events: readonly FeedEvent[];
	readonly replayed: boolean;
	constructor(events: readonly FeedEvent[], replayed: boolean) {
		super('live-feed-received');
		this.events = events;
		this.replayed = replayed;
	}
}

/** Events that cannot be had any more; `reset` where the relay lost its log and began another. */
export class LiveFeedGapEvent extends FeedElementEvent {
	readonly from: number;
	readonly to: number;
	readonly reset: boolean;
	constructor(from: number, to: number, reset: boolean) {
		super('live-feed-gap');
		this.from = from;
		this.to = to;
		this.reset = reset;
	}
}

/** Something failed: a FeedError, or what a subscriber's callback threw. */
export class LiveFeedErrorEvent extends FeedElementEvent {
	readonly error: unknown;
	constructor(error: unknown) {
		super('live-feed-error');
		this.error = error;
	}
}

/** `connection` is another now. */
export class LiveFeedConnectionChangeEvent extends FeedElementEvent {
	readonly connection: Connection;
	constructor(connection: Connection) {
		super('live-feed-connection-change');
		this.connection = connection;
	}
}

export interface LiveFeedEventMap {
	'live-feed-publish': LiveFeedPublishEvent;
	'live-feed-published': LiveFeedPublishedEvent;
	'live-feed-select': LiveFeedSelectEvent;
	'live-feed-received': LiveFeedReceivedEvent;
	'live-feed-gap': LiveFeedGapEvent;
	'live-feed-error': LiveFeedErrorEvent;
	'live-feed-connection-change': LiveFeedConnectionChangeEvent;
}

declare global {
	interface HTMLElementEventMap extends LiveFeedEventMap {}
}
