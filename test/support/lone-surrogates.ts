// Text with lone surrogates, on every way into a relay, and all that a reader gets of it.
// Knows addresses and forms; never knows what a relay makes of such text.
import { createKey } from '../../widget/client/outbox.ts';
import { Conversation } from './conversation.ts';
import { patience } from './slowness.ts';
import { parseEventStream, TextStream } from './text-stream.ts';

/** A sentence that was cut in the middle of a rocket, and the other half of it. */
export const CUT = 'Deployed 🚀'.slice(0, 10);
export const REST = '🚀'.slice(1);

/** A draft with half of a pair in each field that is a text. */
export function createLoneDraft() {
	return {
		...{ type: 'deploy', text: CUT, url: `https://example.org/${REST}` },
		actor: { id: CUT, name: CUT, image: `https://example.org/${REST}`, color: CUT },
		data: { [CUT]: [REST, { deep: CUT }], [REST]: 1 },
	};
}

export interface Outcome {
	way: string;
	/** Answer's status; of a socket 201 for a receipt. */
	status: number;
	/** JSON of the answer. */
	answer: unknown;
}

async function ask(way: string, url: string, init: RequestInit = {}): Promise<Outcome> {
	const response = await fetch(url, init);
	return { way, status: response.status, answer: JSON.parse((await response.text()) || 'null') };
}

/** Sends drafts, changes and what is refused on every way. */
export async function sendLone(relay: string, channel: string): Promise<Outcome[]> {
	const url = `${relay}/channels/${channel}/events`;
	const draft = createLoneDraft();
	const json = JSON.stringify(draft);
	const post = (way: string, type: string | undefined, body: BodyInit) =>
		ask(way, url, { method: 'POST', body, ...(type ? { headers: { 'content-type': type } } : {}) });
	const form = 'application/x-www-form-urlencoded';
	const multipart = new FormData();
	multipart.set('text', 'a');
	multipart.set('data', JSON.stringify(draft.data));
	const outcomes = [
		await post('JSON', 'application/json', json),
		await post('a JSON array', 'application/json', `[${json}]`),
		await post('NDJSON', 'application/x-ndjson', `${json}\n${json}\n`),
		await post('JSON as a form', form, json),
		await post('a form', form, `type=a&data=${encodeURIComponent(JSON.stringify(draft.data))}`),
		await post('`events` of a form', form, `events=${encodeURIComponent(`[${json}]`)}`),
		await post('a multipart form', undefined, multipart),
		await post('a field of nobody', 'application/json', JSON.stringify({ text: 'a', [CUT]: 1 })),
		await post('many fields of nobody', 'application/json', JSON.stringify([{ [`a${'🚀'.repeat(60)}`]: 1 }])),
		await ask('a parameter of nobody', `${url}?a${encodeURIComponent('🚀'.repeat(30))}=1`),
	];
	const { id } = (outcomes[0] as Outcome).answer as { id: string }; // the first one is stored
	const change = (way: string, body: object) =>
		ask(way, `${url}/${id}`, {
			...{ method: 'PATCH', body: JSON.stringify(body) },
			headers: { 'content-type': 'application/json', 'live-feed-author': createKey() },
		});
	outcomes.push(await change('an edit', { text: `${CUT} ${REST}`, actor: draft.actor }));
	outcomes.push(await change('a second edit', { text: REST }));
	const socket = await Conversation.join(relay, channel, { history: 0 });
	const say = async (way: string, what: object) => {
		const ref = socket.messages.length + 1;
		socket.send({ type: 'publish', ref, draft: what });
		const find = () =>
			socket.messages.find(
				({ type, ...rest }) =>
					(type === 'receipts' && rest.receipts.some((receipt: { ref: number }) => receipt.ref === ref)) ||
					(type === 'error' && rest.ref === ref),
			);
		await socket.until(() => find() !== undefined, `the answer to ${way}`);
		const answer = find();
		outcomes.push({ way, status: answer.type === 'receipts' ? 201 : 400, answer });
	};
	await say('a socket', draft);
	await say('an edit on a socket', { target: id, text: CUT });
	await say('a field of nobody on a socket', { text: 'a', [CUT]: 1 });
	await socket.close();
	return outcomes;
}

/** All that a reader of a channel gets, as decoded JSON by the way; lines for a terminal as text. */
export async function readAllWays(relay: string, channel: string, last: number): Promise<Map<string, unknown>> {
	const url = `${relay}/channels/${channel}/events`;
	const found = new Map<string, unknown>();
	const get = async (way: string, address: string) => found.set(way, (await ask(way, address)).answer);
	await get('the newest page', `${url}?limit=1000`);
	await get('a page from the beginning', `${url}?after=0&limit=1000`);
	await get('a page before a position', `${url}?before=${await positionAfter(url)}&limit=1000`);
	await get('long polling', `${url}?after=0&wait=1`);
	const { events } = found.get('a page from the beginning') as { events: { id: string }[] };
	await get('one event with its versions', `${url}/${events[0]?.id}`);
	const stream = async (way: string, accept: string, count: (text: string) => unknown[], more = '?after=0') => {
		const opened = await TextStream.open(`${url}${more}`, accept);
		const text = await opened.until((so) => count(so).length >= last, way, patience(10_000));
		await opened.close();
		found.set(way, count(text));
	};
	const lines = (text: string) => text.split('\n').slice(0, -1);
	await stream('server-sent events', 'text/event-stream', (text) =>
		parseEventStream(text)
			.events.filter(({ type }) => type !== 'welcome')
			.map(({ data }) => JSON.parse(data)),
	);
	await stream('NDJSON', 'application/x-ndjson', (text) =>
		lines(text)
			.filter(Boolean)
			.map((line) => JSON.parse(line)),
	);
	await stream('text', 'text/plain', lines);
	const presence = { name: CUT, color: CUT };
	const watcher = await Conversation.join(relay, channel, { position: `${events[0]?.id.split(':')[0]}:0`, presence });
	await watcher.until(
		() =>
			watcher.messages.some(({ type }) => type === 'presence') &&
			watcher.messages.flatMap((m) => m.entries ?? []).length >= last,
		'all entries and presence',
	);
	await get('presence', `${relay}/channels/${channel}/presence`);
	found.set('a socket', watcher.messages);
	await watcher.close();
	return found;
}

async function positionAfter(url: string): Promise<string> {
	const { epoch, last } = (await (await fetch(`${url}?limit=0`)).json()) as { epoch: string; last: number };
	return `${epoch}:${last}`;
}

/** Texts and keys in a decoded value that are no Unicode. */
export function findLone(value: unknown): string[] {
	if (typeof value === 'string') return value.isWellFormed() ? [] : [value];
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, item]) => [...findLone(key), ...findLone(item)]);
}
