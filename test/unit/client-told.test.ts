// What a client tells of changes, and what it remembers of its reader: over a line, and requests, that a test answers by hand.
import { afterEach, describe, expect, it } from 'vitest';
import type { Change, FeedEvent } from '../../relay/protocol/event.ts';
import { createEventStream } from '../../widget/client/event-stream.ts';
import { type ClientOptions, FeedClient } from '../../widget/client/feed-client.ts';
import { createLongPoll } from '../../widget/client/long-poll.ts';
import type { CreateTransport, TransportHandlers } from '../../widget/client/transport.ts';
import { startAnswering } from '../support/answering.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

const event = (seq: number, more: Partial<FeedEvent> = {}): FeedEvent => ({
	...{ id: `k3f9:${seq}`, seq, time: seq, type: 'fix' },
	...more,
});
const change = (seq: number, target: number, more: Partial<Change> = {}): Change => ({
	...{ id: `k3f9:${seq}`, seq, time: seq, change: 'status', target: `k3f9:${target}`, type: 'fix' },
	...more,
});
const WELCOME = {
	...{ type: 'welcome', protocol: 1, epoch: 'k3f9', first: 1, last: 3, after: 3, recovered: true, time: 0 },
	...{ pulse: { minute: 0, counts: {} }, returnMs: 0 },
};

/** All that a client tells, in its order. */
function listen(client: FeedClient): string[] {
	const told: string[] = [];
	client.on('received', ({ events }) => told.push(`received ${events.map(({ seq }) => seq)}`));
	client.on('changed', ({ changes }) => told.push(`changed ${changes.map(({ seq }) => seq)}`));
	client.on('refresh', ({ from, to }) => told.push(`refresh ${from} ${to}`));
	return told;
}

/** A client over a line whose other end is the test. */
async function open(welcome: object = {}, options: Partial<ClientOptions> = {}) {
	const sent: Record<string, unknown>[] = [];
	let handlers!: TransportHandlers;
	const say = (message: object) => handlers.onMessage(JSON.stringify(message));
	const createTransport: CreateTransport = (_, own) => {
		handlers = own;
		return {
			open: () => queueMicrotask(() => own.onOpen()),
			send(text) {
				const message = JSON.parse(text);
				sent.push(message);
				if (message.type === 'hello') say({ ...WELCOME, ...welcome, ref: message.ref });
				return true;
			},
			close() {},
		};
	};
	const client = new FeedClient({ relay: 'http://localhost', channel: 'a', createTransport, ...options });
	ends.push(() => client.close());
	const told = listen(client);
	client.connect();
	await expect.poll(() => client.connection).toBe('live');
	const entries = (...list: (FeedEvent | Change)[]) =>
		say({ type: 'entries', epoch: 'k3f9', from: list[0]?.seq, to: list.at(-1)?.seq, entries: list });
	return { client, sent, say, told, entries };
}

describe('a client', () => {
	it('tells of changes beside events, and tells no subscriber of them', async () => {
		const { client, told, entries } = await open();
		const heard: number[] = [];
		client.subscribe('*', ({ seq }) => heard.push(seq));
		entries(event(4), change(5, 4), event(6));
		entries(change(7, 1));
		expect(told).toEqual(['received 4,6', 'changed 5', 'changed 7']);
		expect(heard).toEqual([4, 6]);
		expect(client.position).toBe('k3f9:7');
	});

	it('gives all listeners the same events, which none of them can change for the others', async () => {
		const { client, entries } = await open();
		const heard: unknown[] = [];
		const faults: unknown[] = [];
		client.on('error', (error) => faults.push(error));
		const change = (one: FeedEvent) => {
			(one.data as { list: number[] }).list.push(2);
		};
		client.on('received', ({ events }) => {
			for (const one of events) expect(() => change(one)).toThrow(TypeError);
			expect(() => (events as FeedEvent[]).pop()).toThrow(TypeError);
		});
		client.subscribe('*', change);
		client.subscribe('*', ({ data }) => heard.push(data));
		entries(event(4, { data: { list: [1] } }), event(5, { data: { list: [1] } }));
		expect(heard).toEqual([{ list: [1] }, { list: [1] }]);
		expect(faults).toHaveLength(2);
	});

	it('asks for statuses and types, and chooses by itself where the relay does not', async () => {
		const { sent, told, entries } = await open({}, { status: ['open'], types: ['fix'] });
		expect(sent[0]).toMatchObject({ status: ['open'], types: ['fix'] });
		const answer = event(7, { type: 'message', replyType: 'fix', status: 'open' });
		entries(event(4, { status: 'open' }), event(5), event(6, { status: 'resolved' }), answer, change(8, 5));
		entries(event(9, { type: 'message', status: 'open' }), change(10, 9, { type: 'message' }));
		expect(told).toEqual(['received 4,7', 'changed 8']);
	});

	it('tells of changes that are lost', async () => {
		const { told } = await open({ refresh: { from: 1, to: 3 } });
		expect(told).toEqual(['refresh 1 3']);
	});

	it('shows no key until its reader does something, and then the same one in each hello', async () => {
		const { client, sent } = await open({ own: { can: ['publish'] }, subject: 'ada' });
		expect(sent[0]).not.toHaveProperty('author');
		expect(client.own).toEqual({ can: ['publish'], subject: 'ada' });
		await client.claim();
		await client.claim();
		client.refresh();
		const keys = sent.map(({ author }) => author);
		expect(keys).toEqual([undefined, keys[1], keys[1]]);
		expect(keys[1]).toMatch(/^[!-~]{16,64}$/);
	});

	it('keeps up with the reactions of its reader', async () => {
		const { client, entries } = await open({ own: { can: [], author: 'h1', reacted: { 1: ['👍'] } } });
		const react = (seq: number, author: string, reaction: string, on: boolean) =>
			entries(change(seq, 1, { change: 'reaction', author, reaction, on }));
		react(4, 'h1', '🎉', true);
		react(5, 'h2', '👎', true);
		react(6, 'h1', '👍', false);
		await expect.poll(() => client.own?.reacted).toEqual({ 1: ['🎉'] });
		react(7, 'h1', '🎉', false);
		await expect.poll(() => client.own?.reacted).toEqual({});
	});

	it('gives up what it wanted to become of an event that is removed', async () => {
		const { client, entries } = await open();
		const waiting = client.publish({ target: 'k3f9:1', text: 'secret' });
		const other = client.publish({ target: 'k3f9:2', text: 'other' });
		other.catch(() => {});
		entries(change(4, 1, { change: 'removal' }));
		await expect(waiting).rejects.toMatchObject({ code: 'closed' });
		expect(client.outbox.map(({ draft }) => draft.text)).toEqual(['other']);
	});

	it('has the present event of what was changed meanwhile', async () => {
		const { client, sent, say } = await open();
		const promise = client.publish({ target: 'k3f9:1', status: 'resolved', ifMatch: 1 });
		const { ref, draft } = sent.at(-1) as { ref: number; draft: object };
		expect(draft).toMatchObject({ target: 'k3f9:1', status: 'resolved', ifMatch: 1 });
		const present = event(1, { status: 'cancelled', version: 3 });
		say({ type: 'error', ref, code: 'changed-meanwhile', message: 'Look.', retryable: false, event: present });
		await expect(promise).rejects.toMatchObject({ code: 'changed-meanwhile', event: present });
	});
});

describe('a client that an engine answers for the relay', () => {
	it('[PING3] takes it for a sign of life, and keeps the time that the relay told', async () => {
		const { client, say } = await open();
		say({ type: 'pong', time: Date.now() + 5000 });
		const { clockOffset } = client;
		expect(clockOffset).toBeGreaterThan(4000);
		say({ type: 'pong' });
		expect([client.clockOffset, client.connection, client.problem]).toEqual([clockOffset, 'live', undefined]);
	});
});

describe('other ways than a WebSocket', () => {
	async function read(createTransport: CreateTransport, answers: (path: string) => { body: unknown } | undefined) {
		const server = await startAnswering(({ path }) => {
			const answer = answers(path);
			return answer && { status: 200, ...answer };
		});
		ends.push(() => server.stop());
		const client = new FeedClient({ relay: server.url, channel: 'a', createTransport });
		ends.push(() => client.close());
		const told = listen(client);
		client.connect();
		return { client, told, server };
	}

	it('bring changes in a stream', async () => {
		const { type: _, ...welcome } = WELCOME;
		const block = (name: string, data: object, id = '') =>
			`${name ? `event: ${name}\n` : ''}${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
		const body = [
			block('welcome', { ...welcome, type: 'welcome', own: { can: [], author: 'h1' } }),
			block('', event(4), 'k3f9:4'),
			block('change', change(5, 4), 'k3f9:5'),
			block('', event(6), 'k3f9:6'),
		].join('');
		let turns = 0;
		// The stream ends, and the next one says nothing.
		const { client, told } = await read(createEventStream, () => (turns++ === 0 ? { body } : undefined));
		await expect.poll(() => told).toEqual(['received 4,6', 'changed 5']);
		expect(client.own?.author).toBe('h1');
	});

	it('bring changes in pages, and say where some are lost', async () => {
		let turns = 0;
		const page = { epoch: 'k3f9', first: 1, last: 3, events: [event(3)], next: 'k3f9:3', time: 0, returnMs: 0 };
		const { client, told, server } = await read(createLongPoll, () => {
			turns++;
			if (turns === 1) return { body: { ...page, pulse: WELCOME.pulse, own: { can: [] } } };
			if (turns > 2) return undefined;
			return { body: { ...page, last: 6, events: [event(4), event(6)], changes: [change(5, 4)], next: 'k3f9:6' } };
		});
		await expect.poll(() => told).toEqual(['received 3', 'received 4,6', 'changed 5']);
		expect(client.position).toBe('k3f9:6');
		await server.waitFor(3);
	});
});
