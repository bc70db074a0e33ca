// The script that a relay serves: defines the element, with that relay as its own.
// Knows where it was loaded from; never knows the page.

import { connect as connectTo } from './client/connect.ts';
import type { ClientOptions, FeedClient } from './client/feed-client.ts';
import { LiveFeed } from './index.ts';

// In two steps: bundlers take the one-liner for the address of a file to include.
const script = import.meta.url;
const relay = new URL('.', script).href;
// Elements that are in the page already connect in a later microtask.
LiveFeed.defaultRelay = relay;

/**
 * Connects to a channel of the relay that served this script, without a panel.
 * @throws FeedError `invalid-channel`
 */
export function connect(options: Omit<ClientOptions, 'relay'> & { relay?: string }): FeedClient {
	return connectTo({ relay, ...options });
}
