// One socket's conversation, over a socket that records.
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../relay/channel.ts';
import { FeedError } from '../../relay/protocol/errors.ts';
import { Session, type SessionMemory } from '../../relay/session.ts';
import { createTestChannel, settle, type TestChannel } from '../support/channel.ts';

const HELLO = '{"type":"hello","protocol":1}';

class RecordingSocket {
	readonly messages: Record<string, unknown>[] = [];
	closed: [number, string] | undefined;
	isBroken = false;

	send(data: string | Uint8Array): void {
		if (this.isBroken || this.closed) throw new Error('the socket is closing');
		this.messages.push(JSON.parse(typeof data === 'string' ? data : new TextDecoder().decode(data)));
	}

	close(code: number, reason: string): void {
		this.closed = [code, reason];
	}

	get types(): unknown[] {
		return this.messages.map(({ type }) => type);
	}
}

function open(test: TestChannel, more: Partial<ConstructorParameters<typeof Session>[0]> = {}) {
	const socket = new RecordingSocket();
	const faults: unknown[] = [];
	let memory: SessionMemory | null = null;
	const session = new Session({
		socket,
		getChannel: () => test.channel,
		peekChannel: () => test.channel,
		clock: () => test.clock.now,
		memory: null,
		remember: (kept) => {
			memory = kept;
		},
		onFault: (error) => faults.push(error),
		...more,
	});
	return { socket, session, faults, memory: () => memory };
}

const publish = (ref: number, draft: unknown) => JSON.stringify({ type: 'publish', ref, draft });

describe('a conversation', () => {
	it('[HELLO4] begins with a welcome, then history, then live entries', async () => {
		const test = await createTestChannel();
		test.publish([{ text: 'a' }, { text: 'b' }]);
		await test.drainAll();
		const { socket, session } = open(test);
		session.receive(HELLO);
		await test.drainAll();
		test.publish([{ text: 'c' }]);
		await test.drainAll();
		expect(socket.types).toEqual(['welcome', 'entries', 'entries']);
		expect(socket.messages[0]).toEqual({
			type: 'welcome',
			protocol: 1,
			epoch: 'k3f9',
			first: 1,
			last: 2,
			after: 0,
			recovered: true,
			time: test.clock.now,
			pulse: { minute: Math.floor(test.clock.now / 60_000) - 59, counts: { info: [...Array(59).fill(0), 2] } },
			returnMs: 1000,
		});
		expect(socket.messages.slice(1)).toMatchObject([
			{ epoch: 'k3f9', from: 1, to: 2 },
			{ from: 3, to: 3 },
		]);
	});

	it('[HELLO1] without a hello in time, the socket is closed with 4408; with one it is not', async () => {
		const test = await createTestChannel();
		const [silent, spoke] = [open(test), open(test)];
		spoke.session.receive(HELLO);
		silent.session.receive('{"type":"ping"}');
		await settle();
		silent.session.expire();
		spoke.session.expire();
		expect(silent.socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'hello-timeout', retryable: true });
		expect(silent.socket.closed?.[0]).toBe(4408);
		expect(spoke.socket.closed).toBeUndefined();
	});

	it('[HELLO6] another hello begins anew, and the earlier one is sent nothing more', async () => {
		const test = await createTestChannel();
		test.publish([{ type: 'a' }, { type: 'b' }]);
		await test.drainAll();
		const { socket, session, memory } = open(test);
		test.log.isSlow = true;
		session.receive('{"type":"hello","protocol":1,"types":["a"]}');
		session.receive('{"type":"hello","protocol":1,"types":["b"],"position":"k3f9:0"}');
		await settle();
		test.log.isSlow = false;
		for (const release of test.log.waiting.splice(0)) release();
		test.publish([{ type: 'a' }, { type: 'b' }]);
		await test.drainAll();
		const events = socket.messages.flatMap((message) => (message.entries ?? []) as { seq: number }[]);
		expect(events.map(({ seq }) => seq)).toEqual([2, 4]);
		expect(socket.messages.filter(({ type }) => type === 'welcome')).toMatchObject([{ types: ['b'] }]);
		expect(memory()).toEqual({ types: ['b'] });
	});

	it('[HELLO6] filters of earlier hellos and ended sockets are given back', async () => {
		const test = await createTestChannel();
		for (let round = 0; round < 20; round++) {
			const { session } = open(test);
			session.receive(`{"type":"hello","protocol":1,"types":["type-${round}"]}`);
			session.receive(`{"type":"hello","protocol":1,"types":["other-${round}"]}`);
			await settle();
			session.end();
		}
		expect(test.channel.takeFilter(['free'])).toBeDefined();
	});

	it('[HELLO6] a socket that is cut off while the channel is loaded leaves nobody behind', async () => {
		const test = await createTestChannel();
		let load: (channel: Channel) => void = () => {};
		const { socket, session } = open(test, {
			getChannel: () =>
				new Promise((resolve) => {
					load = resolve;
				}),
			peekChannel: () => undefined,
		});
		session.receive('{"type":"hello","protocol":1,"types":["a"]}');
		session.end();
		load(test.channel);
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		expect(socket.messages).toEqual([]);
		for (let index = 0; index < 16; index++) expect(test.channel.takeFilter([`type-${index}`])).toBeDefined();
	});

	it('[FILT2] beyond 16 filters a viewer gets everything, and a welcome without `types`', async () => {
		const test = await createTestChannel();
		const opened = Array.from({ length: 18 }, () => open(test));
		for (const [index, { session }] of opened.entries()) {
			session.receive(`{"type":"hello","protocol":1,"types":["type-${index}"]}`);
		}
		await settle();
		test.publish([{ type: 'type-0' }, { type: 'type-17' }]);
		await test.drainAll();
		expect(opened.map(({ socket }) => socket.messages[0]?.types)).toEqual([
			...Array.from({ length: 16 }, (_, index) => [`type-${index}`]),
			undefined,
			undefined,
		]);
		expect(opened[17]?.socket.messages[1]).toMatchObject({ entries: [{ type: 'type-0' }, { type: 'type-17' }] });
		expect(opened[1]?.socket.types).toEqual(['welcome']);
	});

	it('[PUB2] one frame of receipts answers all drafts of a commit, errors follow with their refs', async () => {
		const test = await createTestChannel();
		const { socket, session } = open(test);
		session.receive(HELLO);
		await settle();
		session.receive(publish(1, { text: 'a' }));
		await settle();
		session.receive(publish(2, { text: 'b', key: 'k' }));
		session.receive(publish(3, { text: 'c', key: 'k' }));
		session.receive(publish(4, { text: 'b', key: 'k' }));
		await test.drainAll();
		const answers = socket.messages.filter(({ type }) => type === 'receipts' || type === 'error');
		expect(answers).toMatchObject([
			{ receipts: [{ ref: 1, seq: 1 }] },
			{
				receipts: [
					{ ref: 2, seq: 2, duplicate: false },
					{ ref: 4, seq: 2, duplicate: true },
				],
			},
			{ type: 'error', ref: 3, code: 'key-conflict', retryable: false },
		]);
	});

	it('[PUB2] drafts that come while the channel is loaded keep their order', async () => {
		const test = await createTestChannel();
		let load: (channel: Channel) => void = () => {};
		const loading = new Promise<Channel>((resolve) => {
			load = resolve;
		});
		const { socket, session } = open(test, { getChannel: () => loading });
		session.receive(HELLO);
		for (let ref = 1; ref <= 5; ref++) session.receive(publish(ref, { text: String(ref) }));
		load(test.channel);
		await test.drainAll();
		const { events } = await test.channel.page({ limit: 10, types: [] });
		expect(events.map(({ text }) => text)).toEqual(['1', '2', '3', '4', '5']);
		expect(socket.types.filter((type) => type !== 'entries').sort()).toEqual(['receipts', 'welcome']);
	});

	it('[ERR4] when storing fails, the drafts are refused and the socket is closed with 4503: the client sends them again', async () => {
		const test = await createTestChannel();
		const { socket, session } = open(test);
		session.receive(HELLO);
		await settle();
		test.log.failure = new Error('disk');
		session.receive(publish(1, { text: 'a' }));
		await test.drainAll();
		expect(socket.messages.at(-1)).toMatchObject({ type: 'error', ref: 1, code: 'storage-failed', retryable: true });
		expect(socket.closed?.[0]).toBe(4503);
		const { last } = test.channel;
		session.receive(publish(2, { text: 'b' }));
		await test.drainAll();
		expect(test.channel.last).toBe(last); // the later draft keeps its place behind the first
	});

	it.each([
		['while history is read', 'read' as const, {}],
		['when it is looked up where history begins', 'readBack' as const, { types: ['a'] }],
	])('[ERR4] a log that cannot be read %s closes the socket: the client comes back', async (_, method, more) => {
		const test = await createTestChannel();
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		test.log[method] = () => Promise.reject(new Error('disk'));
		const { socket, session } = open(test);
		session.receive(JSON.stringify({ type: 'hello', protocol: 1, ...more }));
		await settle();
		expect(socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'storage-failed' });
		expect(socket.messages.at(-1)).not.toHaveProperty('ref');
		expect(socket.closed?.[0]).toBe(4503);
	});

	it('[ERR5] what fails inside says nothing of the inside', async () => {
		const test = await createTestChannel();
		const { socket, session, faults } = open(test, {
			getChannel: () => {
				throw new Error('secret path');
			},
		});
		session.receive(HELLO);
		expect(socket.messages).toEqual([
			{
				type: 'error',
				code: 'internal',
				message: 'The relay failed at this; it may work if tried again.',
				retryable: true,
			},
		]);
		expect(faults).toHaveLength(1);
	});

	it('[ERR6] a close reason stays within 123 bytes, cut between characters', async () => {
		const { socket, session } = open(await createTestChannel());
		session.fail(new FeedError('storage-failed', '€😀'.repeat(60)));
		const [code, reason] = socket.closed ?? [];
		expect(code).toBe(4503);
		const bytes = new TextEncoder().encode(reason);
		expect(bytes.length).toBeLessThanOrEqual(123);
		expect(bytes.length).toBeGreaterThan(116);
		expect(new TextDecoder().decode(bytes)).not.toContain('\ufffd');
	});

	it('[PUB5] a socket that throws at `send` harms no other', async () => {
		const test = await createTestChannel();
		const [broken, well] = [open(test), open(test)];
		for (const { session } of [broken, well]) session.receive(HELLO);
		await settle();
		broken.socket.isBroken = true;
		test.publish([{ text: 'a' }]);
		await test.drainAll();
		expect(well.socket.types).toEqual(['welcome', 'entries']);
	});

	it('[PING1] a pong says the time, and the position once the viewer is live', async () => {
		const test = await createTestChannel();
		const { socket, session } = open(test);
		session.receive('{"type":"ping"}');
		session.receive(HELLO);
		await settle();
		session.receive('{"type":"ping"}');
		test.publish([{ text: 'a' }]);
		await test.drainAll();
		session.receive('{"type":"ping"}');
		const pongs = socket.messages.filter(({ type }) => type === 'pong');
		const { now: time } = test.clock;
		expect(pongs).toEqual([
			{ type: 'pong', time },
			{ type: 'pong', time, position: '-:0' },
			{ type: 'pong', time, position: 'k3f9:1' },
		]);
	});

	it('[AWAY1] says goodbye and is closed with 1012; nothing follows', async () => {
		const test = await createTestChannel();
		const { socket, session } = open(test);
		session.receive(HELLO);
		await settle();
		session.goAway(1500);
		session.receive(publish(1, { text: 'late' }));
		await test.drainAll();
		expect(socket.messages.at(-1)).toEqual({ type: 'goaway', returnMs: 1500 });
		expect(socket.closed?.[0]).toBe(1012);
		expect(test.channel.last).toBe(0);
	});

	it('[SLEEP1] a remembered session goes on: no hello, the same filter, nothing twice', async () => {
		const test = await createTestChannel();
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		const { socket, session } = open(test, { memory: { types: ['a'] } });
		session.resume(test.channel);
		test.publish([{ type: 'b' }, { type: 'a' }]);
		session.receive(publish(1, { type: 'a' }));
		await test.drainAll();
		const events = socket.messages.flatMap((message) => (message.entries ?? []) as { seq: number }[]);
		expect(events.map(({ seq }) => seq)).toEqual([3, 4]);
		expect(socket.types).not.toContain('error');
	});
});
