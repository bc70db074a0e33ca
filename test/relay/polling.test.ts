// Long polling, from outside, against a real relay.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;

beforeAll(async () => {
	relay = await startRelay();
});
afterAll(async () => {
	await relay?.stop();
});

const address = (channel: string, query = '') => `${relay.url}/channels/${channel}/events${query}`;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function post(channel: string, drafts: unknown[]): Promise<{ epoch: string }> {
	const { status, body } = await ask(address(channel), {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(drafts),
	});
	expect(status).toBe(201);
	return body;
}

describe('long polling', () => {
	it('[WAIT1] answers with what is published meanwhile, and without anything when the time is over', async () => {
		const channel = createChannelName('poll');
		const { epoch } = await post(channel, [{ type: 'a' }]);
		const waiting = ask(address(channel, `?after=${epoch}:1&wait=20`));
		const filtered = ask(address(channel, `?after=${epoch}:1&wait=1&type=b`));
		expect((await filtered).body).toMatchObject({ events: [], next: `${epoch}:1`, last: 1 });
		await post(channel, [{ type: 'a', text: 'news' }]);
		const { status, body } = await waiting;
		expect(status).toBe(200);
		expect(body).toMatchObject({ epoch, events: [{ seq: 2, text: 'news' }], next: `${epoch}:2` });
	});

	it('[WAIT1] reads a whole burst in order, once', async () => {
		const channel = createChannelName('burst');
		await post(channel, [{ text: 'first' }]);
		const publish = async () => {
			for (let n = 2; n < 200; n += 2) await post(channel, [{ text: 'x' }, { text: 'y' }]);
		};
		const poll = async () => {
			const seen: number[] = [];
			for (let next = '-:0'; seen.at(-1) !== 199; ) {
				const { body } = await ask(address(channel, `?after=${next}&wait=10`));
				seen.push(...body.events.map(({ seq }: { seq: number }) => seq));
				next = body.next;
			}
			return seen;
		};
		const [a, b] = await Promise.all([poll(), poll(), publish()]);
		expect([a, b]).toEqual([range(1, 199), range(1, 199)]);
	});

	it('[WAIT2] answers at once where there is something', async () => {
		const channel = createChannelName('at-once');
		const { epoch } = await post(channel, [{ type: 'a' }, { type: 'a' }]);
		for (const [query, count] of [
			['?wait=30', 2],
			[`?after=${epoch}:1&wait=30`, 1],
			['?after=otherlog:9&wait=30', 2],
			['?after=otherlog:9&wait=30&type=b', 0],
			['?since=1h&wait=30', 2],
		] as const) {
			const { body } = await ask(address(channel, query));
			expect([body.epoch, body.events.length]).toEqual([epoch, count]);
		}
	});

	it.each(['wait=31', 'wait=-1', 'wait=1.5', 'wait=', 'wait=x', 'wait=5&before=a:5', 'wait=5&limit=0'])(
		'[WAIT3] ?%s is refused',
		async (query) => {
			const { status, body } = await ask(address(createChannelName('wait'), `?${query}`));
			expect([status, body.code]).toEqual([400, 'invalid-parameter']);
		},
	);

	it.each(['text/event-stream', 'application/x-ndjson', 'text/plain'])(
		'[WAIT3] a stream of %s does not wait',
		async (accept) => {
			const { status, body } = await ask(address(createChannelName('wait'), '?wait=1'), { headers: { accept } });
			expect([status, body.code]).toEqual([400, 'invalid-parameter']);
		},
	);

	it('[WAIT4] tells what a welcome tells, and is not to be cached', async () => {
		const channel = createChannelName('now');
		await post(channel, [{ text: 'a' }]);
		const { headers, body } = await ask(address(channel, '?wait=0'), { headers: { 'if-none-match': '*' } });
		expect([headers.get('cache-control'), headers.get('etag')]).toEqual(['no-store', null]);
		expect(Math.abs(body.time - Date.now())).toBeLessThan(60_000);
		expect(body).toMatchObject({ returnMs: 1000, pulse: { minute: expect.any(Number), counts: {} } });
		expect((await ask(address(channel))).body).not.toHaveProperty('returnMs');
		const head = await fetch(address(channel, '?after=-:0&wait=30'), { method: 'HEAD' });
		expect(head.status).toBe(200);
	});

	it('[WAIT5] waits on a channel that nothing was published to, without creating it', async () => {
		const channel = createChannelName('unborn');
		const { body } = await ask(address(channel, '?after=-:0&wait=0'));
		expect(body).toMatchObject({ epoch: '-', first: 0, last: 0, events: [], next: '-:0' });
		const waiting = [ask(address(channel, '?after=-:0&wait=20')), ask(address(channel, '?wait=20'))];
		expect((await ask(address(channel))).body.epoch).toBe('-');
		await post(channel, [{ text: 'first' }]);
		for (const { body } of await Promise.all(waiting)) expect(body).toMatchObject({ events: [{ seq: 1 }], last: 1 });
	});

	it('[WAIT1] a client that has gone harms nobody', async () => {
		const channel = createChannelName('gone');
		const gone = new AbortController();
		const asked = fetch(address(channel, '?wait=30'), { signal: gone.signal }).catch(() => 'gone');
		const waiting = ask(address(channel, '?wait=30'));
		gone.abort();
		expect(await asked).toBe('gone');
		await post(channel, [{ text: 'a' }]);
		expect((await waiting).body.events).toHaveLength(1);
	});
});
