// The sender for servers: events out, nothing in; and what tells it of requests and queries.
import type { Receipt } from '../../relay/protocol/event.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';

export { FeedError } from '../../relay/protocol/errors.ts';
export type { Draft, Receipt } from '../../relay/protocol/event.ts';
export type { Publisher, PublisherOptions } from './publisher.ts';
export { logQueries, type QueryLogOptions } from './queries.ts';
export {
	type FastifyRequest,
	type HonoContext,
	logExpress,
	logFastify,
	logHono,
	type NodeRequest,
	type NodeResponse,
	type RequestFeed,
	type RequestLogOptions,
} from './requests.ts';
export type { Feed } from './watch.ts';

/**
 * Makes a publisher for one channel of a relay. It holds no connection, and nothing runs until something is published.
 * @throws FeedError `invalid-channel`, `no-relay`; nothing else of it ever throws, unless `throws` is true
 */
export function createPublisher(options: PublisherOptions & { throws: true }): Publisher<Receipt>;
export function createPublisher(options: PublisherOptions): Publisher;
export function createPublisher(options: PublisherOptions): Publisher {
	return new Publisher(options);
}
