// The headless client's public face.
import { type ClientOptions, FeedClient } from './feed-client.ts';

export { FeedError } from '../../relay/protocol/errors.ts';
export type { Draft, FeedEvent, Receipt } from '../../relay/protocol/event.ts';
export {
	type ClientEvents,
	type ClientOptions,
	type Connection,
	FeedClient,
	type SubscribeOptions,
	type Waiting,
} from './feed-client.ts';
export { type Gap, Timeline, type TimelineItem } from './timeline.ts';
export type { CreateTransport, Transport, TransportHandlers } from './transport.ts';

/**
 * Connects to a channel without a panel.
 * @throws FeedError `invalid-channel`, `no-relay`, `mixed-content`
 */
export function connect(options: ClientOptions): FeedClient {
	const client = new FeedClient(options);
	client.connect();
	return client;
}
