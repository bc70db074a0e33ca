// The DOM events of the element: subclasses of Event with fields, bubbling and composed.
// Knows names and fields; never knows when they are sent.
import type { Change, Draft, FeedEvent, Receipt } from '../relay/protocol/event.ts';
import type { Connection } from './client/feed-client.ts';

/** The fields of each event, by its name. */
export interface LiveFeedEvents {
	/** Before a publish; cancelable, and `draft` may be altered or replaced. */
	'live-feed-publish': { draft: Draft };
	/** A row was activated; cancelling keeps it from being selected. */
	'live-feed-select': { event: FeedEvent };
	/** What this element published was stored. */
	'live-feed-published': { readonly draft: Draft; readonly receipt: Receipt };
	/** Events came, one frame of them in order; `replayed` are from before the element was there. */
	'live-feed-received': { readonly events: readonly FeedEvent[]; readonly replayed: boolean };
	/** What became of events, one frame of changes in order; `events` of the element are as they stand after it. */
	'live-feed-changed': { readonly changes: readonly Change[] };
	/** Events that cannot be had any more; `reset` where the relay lost its log and began another. */
	'live-feed-gap': { readonly from: number; readonly to: number; readonly reset: boolean };
	/** Something failed: a FeedError, or what a subscriber's callback threw. */
	'live-feed-error': { readonly error: unknown };
	/** `connection` is another now. */
	'live-feed-connection-change': { readonly connection: Connection };
	/** How many events came since the reader last looked. */
	'live-feed-unread-change': { readonly unread: number };
}

/** An event of the element; those before the fact are cancelable. */
export class LiveFeedEvent<K extends keyof LiveFeedEvents = keyof LiveFeedEvents> extends Event {
	constructor(type: K, fields: LiveFeedEvents[K], cancelable = false) {
		super(type, { bubbles: true, composed: true, cancelable });
		Object.assign(this, fields);
	}
}

type ElementEvents = { [K in keyof LiveFeedEvents]: LiveFeedEvent<K> & LiveFeedEvents[K] };

declare global {
	// They bubble, so that any element, the document and the window may listen.
	interface GlobalEventHandlersEventMap extends ElementEvents {}
}
