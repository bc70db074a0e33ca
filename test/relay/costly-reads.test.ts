// Reading a large channel with a filter that matches little, from outside, against a real relay.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const EVENTS = 7000;
const channel = createChannelName('large');
let relay: TestRelay;
let epoch: string;

beforeAll(async () => {
	relay = await startRelay();
	const first = await post([{ type: 'rare', status: 'open' }]);
	epoch = first.epoch;
	for (let n = 1; n < EVENTS; n += 3500)
		await post(Array.from({ length: Math.min(3500, EVENTS - n) }, () => ({ type: 'often' })));
});
afterAll(async () => {
	await relay?.stop();
});

async function post(drafts: unknown[]): Promise<{ epoch: string }> {
	const { status, body } = await ask(`${relay.url}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(drafts),
	});
	expect(status).toBe(201);
	return body;
}

const read = async (query: string) => (await ask(`${relay.url}/channels/${channel}/events?${query}`)).body;

describe('a filter that matches little', () => {
	it.each(['type=rare', 'status=open'])(
		'[PAGE10] `next` leads from an empty page to what matches: %s',
		async (query) => {
			let page = await read(query);
			expect(page).toMatchObject({ events: [], next: `${epoch}:${EVENTS}` });
			let pages = 1;
			while (page.events.length === 0 && page.next !== null) {
				page = await read(`${query}&before=${page.next}`);
				pages++;
			}
			expect([page.events.length, page.events[0]?.seq, pages]).toEqual([1, 1, 3]);
		},
	);

	it('[PAGE10] [WAIT1] an empty page is answered at once, and goes on behind what was looked through', async () => {
		for (const wait of ['', '&wait=25']) {
			const page = await read(`after=${epoch}:1&type=rare${wait}`);
			const seq = Number(page.next.split(':')[1]);
			expect(page.events).toEqual([]);
			expect([seq >= 5000, seq < EVENTS]).toEqual([true, true]);
		}
	});

	it('[PAGE10] a hello begins with what was found, and pages bring the rest', async () => {
		const socket = await Conversation.open(relay.url, channel);
		socket.send({ type: 'hello', protocol: 1, types: ['rare'], history: 50 });
		await socket.until(() => socket.messages.length > 0, 'the welcome');
		expect(socket.messages[0]).toMatchObject({ type: 'welcome', after: EVENTS, recovered: true });
		await socket.close();
	});
});
