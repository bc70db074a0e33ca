// A channel without a panel.
// Knows that one call is enough; never knows what else the client's public face has, so that the drop-in script takes nothing of that.
import { type ClientOptions, FeedClient } from './feed-client.ts';

/**
 * Connects to a channel without a panel.
 * @throws FeedError `invalid-channel`, `no-relay`, `mixed-content`
 */
export function connect(options: ClientOptions): FeedClient {
	const client = new FeedClient(options);
	client.connect();
	return client;
}
