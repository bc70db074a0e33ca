// A channel with something of everything that is stored: written through one relay, and read through another.
// Knows the HTTP interface; never knows which engine or version answers.
import { type Answer, ask, type Json } from './ask.ts';

export const STORY_CHANNEL = 'team-7.stored_events';
const EVENTS = `/channels/${STORY_CHANNEL}/events`;
const KEYED = { text: 'published once', key: 'a-key-that-is-repeated' };

/** All that a reader can see of the channel. */
export interface StoredChannel {
	/** The newest page of events, each as it stands, with its position. */
	events: Json[];
	/** Earlier texts, by event. */
	versions: Record<string, Json>;
	/** What a repeated key is answered. */
	receipt: Json;
	epoch: string;
}

async function send(url: string, method: string, path: string, body: unknown): Promise<Json> {
	const headers = { 'content-type': 'application/json' };
	const answer: Answer = await ask(`${url}${EVENTS}${path}`, { method, headers, body: JSON.stringify(body) });
	if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
	return answer.body;
}

/** Publishes 30 events, and changes some of them in every way. */
export async function writeStory(url: string): Promise<void> {
	const bug = await send(url, 'POST', '', { text: 'a bug', status: 'open', actor: { name: 'Eve' } });
	await send(url, 'PATCH', `/${bug.id}`, { text: 'a bug indeed', actor: { name: 'Ada' } });
	await send(url, 'PATCH', `/${bug.id}`, { text: 'a bug, mended ✓' });
	await send(url, 'PATCH', `/${bug.id}`, { status: 'resolved' });
	await send(url, 'POST', `/${bug.id}/reactions`, { reaction: '👍' });
	await send(url, 'POST', '', KEYED);
	await send(url, 'POST', '', { type: 'message', text: 'why?', replyTo: bug.id });
	const gone = await send(url, 'POST', '', { text: 'to be removed' });
	await send(url, 'DELETE', `/${gone.id}`, {});
	const pinned = await send(url, 'POST', '', { type: 'deploy.done', text: 'x'.repeat(4000), data: { build: 17 } });
	await send(url, 'PATCH', `/${pinned.id}`, { pinned: true });
	await send(
		url,
		'POST',
		'',
		Array.from({ length: 25 }, (_, at) => ({ type: 'tick', text: `tick ${at}`, data: { at } })),
	);
}

export async function readStory(url: string): Promise<StoredChannel> {
	const get = async (path: string): Promise<Json> => {
		const { status, body } = await ask(`${url}${EVENTS}${path}`, { headers: { accept: 'application/json' } });
		if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
		return body;
	};
	const { epoch, events } = await get('?after=0&limit=1000');
	const versions: Record<string, Json> = {};
	for (const { id } of events) versions[id] = await get(`/${id}`).catch((error) => ({ refused: error.message }));
	return { epoch, events, versions, receipt: await send(url, 'POST', '', KEYED) };
}
