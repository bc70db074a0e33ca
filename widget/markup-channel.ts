// Where a declared event goes: through a panel of the page where there is one for the channel, else over a line of its own.
// Knows channels, relays and who has a client; never knows events or elements that are pressed.
import { FeedError } from '../relay/protocol/errors.ts';
import type { Draft, Receipt } from '../relay/protocol/event.ts';
import { SharedClient } from './client/shared-client.ts';
import { LiveFeed } from './live-feed.ts';
import { findRelay } from './page-relay.ts';

/** A line of its own that has nothing to do for so long is given back; milliseconds. */
const IDLE_MS = 30_000;
/** It reads nothing: a type that nobody publishes. */
const NO_TYPES = ['live-feed.nothing'];

interface Line {
	shared: SharedClient;
	idleTimer?: ReturnType<typeof setTimeout>;
}

/** By relay, channel and address of tokens. */
const lines = new Map<string, Line>();

/**
 * @param around The element that publishes, and all around it.
 * @throws FeedError `no-channel`
 */
export function findOutlet(around: readonly Element[]): (draft: Draft) => Promise<Receipt> {
	const find = (name: string) =>
		around.map((element) => element.getAttribute(`data-live-feed-${name}`)).find(Boolean) ?? undefined;
	const feeds = [...document.querySelectorAll('live-feed')];
	const channel = find('channel') ?? feeds[0]?.channel;
	if (!channel)
		throw new FeedError(
			'no-channel',
			'Name a channel: `data-live-feed-channel="deploys"` on the element or around it, or a `<live-feed>` in the page.',
		);
	const relayOf = (feed?: LiveFeed) => findRelay(feed?.relay || LiveFeed.defaultRelay);
	const own = feeds.filter((feed) => feed.channel === channel);
	const named = find('relay');
	const relay = named ? findRelay(named) : relayOf(own[0]);
	const tokenUrl = find('token-url');
	return async (draft) => {
		const [client] = own.flatMap((feed) => (relayOf(feed) === relay ? (SharedClient.of(feed) ?? []) : []));
		return client ? client.publish(draft) : publishAlone({ relay, channel, tokenUrl }, draft);
	};
}

async function publishAlone(
	{ relay, channel, tokenUrl }: { relay: string; channel: string; tokenUrl: string | undefined },
	draft: Draft,
): Promise<Receipt> {
	const key = [relay, channel, tokenUrl].join('\n');
	const line = lines.get(key) ?? {
		shared: SharedClient.join(lines, { relay, channel, tokenUrl, types: NO_TYPES, history: 0 }),
	};
	lines.set(key, line);
	clearTimeout(line.idleTimer);
	const { client } = line.shared;
	client.connect();
	try {
		return await client.publish(draft);
	} finally {
		// Nobody is there to try again what was refused.
		for (const { ref, error } of client.outbox) if (error) client.discard(ref);
		if (client.outbox.length === 0)
			line.idleTimer = setTimeout(() => {
				lines.delete(key);
				line.shared.leave(lines);
			}, IDLE_MS);
	}
}
