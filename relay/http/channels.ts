// GET, HEAD and DELETE of /channels/{channel}: what there is of a channel, whether there is one, and emptying it.
// Knows the shape of the answer; never knows storage, or who may do it.
import { type Connections, countAll } from '../audience.ts';
import type { Channel } from '../channel.ts';
import { FeedError } from '../protocol/errors.ts';
import { NO_EPOCH } from '../protocol/position.ts';
import { answerJson, shareHeaders } from './answers.ts';

export const CHANNEL_METHODS = 'GET, HEAD, DELETE, OPTIONS';

/**
 * `{channel, epoch, first, last, count, bytes, viewers, pulse}`.
 * @throws FeedError `not-found` where nothing was ever published
 */
export async function answerChannel(
	channel: Channel,
	name: string,
	viewers: Connections,
	isHead: boolean,
): Promise<Response> {
	const { epoch, first, last } = await channel.readRange();
	if (epoch === NO_EPOCH)
		throw new FeedError('not-found', 'Nothing was published to this channel yet; the first event makes it.');
	if (isHead) return new Response(null, { headers: shareHeaders({ 'cache-control': 'no-store' }) });
	const { count, bytes } = await channel.measure();
	const all = { total: countAll(viewers), ...viewers };
	return answerJson({ channel: name, epoch, first, last, count, bytes, viewers: all, pulse: channel.readPulse() });
}
