// The headless client's public face.
export { FeedError } from '../../relay/protocol/errors.ts';
export type {
	Change,
	ChangeDraft,
	Draft,
	FeedEvent,
	Own,
	Person,
	Receipt,
	Status,
} from '../../relay/protocol/event.ts';
export { LiveTimeline as Timeline } from './changes.ts';
export { connect } from './connect.ts';
export {
	type ClientEvents,
	type ClientOptions,
	type Connection,
	FeedClient,
	type SubscribeOptions,
	type Waiting,
} from './feed-client.ts';
export type { Company } from './presence.ts';
export type { Gap, TimelineItem } from './timeline.ts';
export type { CreateTransport, Transport, TransportHandlers } from './transport.ts';
