// One socket's conversation, over a socket that records.

import { describe, expect, it } from 'vitest';
import type { Channel } from '../../relay/channel.ts';
import { Heartbeat } from '../../relay/heartbeat.ts';
import { ANYBODY, type Identity } from '../../relay/identity.ts';
import { CAPABILITIES, type Capability } from '../../relay/protocol/capabilities.ts';
import { FeedError } from '../../relay/protocol/errors.ts';
import { MAX_OUTSTANDING_BYTES, SEEN_BYTES, WINDOW_BYTES } from '../../relay/protocol/limits.ts';
import { Backlog } from '../../relay/window.ts';
import { createTestChannel, settle, type TestChannel } from '../support/channel.ts';
import { createRandom, withSeed } from '../support/random.ts';
import { HoldingSocket, openSession as open } from '../support/session.ts';

const HELLO = '{"type":"hello","protocol":1}';

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
			own: { can: [...CAPABILITIES] },
		});
		expect(socket.messages.slice(1)).toMatchObject([
			{ epoch: 'k3f9', from: 1, to: 2 },
			{ from: 3, to: 3 },
		]);
	});

	describe('a draft', () => {
		const person = (subject: string, ...can: Capability[]): Identity => ({
			...ANYBODY,
			subject,
			rights: can.reduce((bits, one) => bits | (1 << CAPABILITIES.indexOf(one)), 0),
		});
		const people: Record<string, Identity> = {
			alice: person('alice', 'read', 'publish', 'react'),
			bob: person('bob', 'read'),
		};
		const hello = (token: string) => `{"type":"hello","protocol":1,"token":"${token}"}`;
		const identify = (token?: string) => people[token ?? ''] ?? ANYBODY;

		it('[PUB6] is stored with the identity it was accepted with, whatever its socket proves before the commit', async () => {
			const test = await createTestChannel();
			test.publish([{ text: 'there before' }]);
			await test.drainAll();
			const { socket, session } = open(test, { identify });
			session.receive(hello('alice'));
			await test.drainAll();
			for (let ref = 1; ref <= 3; ref++) session.receive(publish(ref, { text: `of alice ${ref}`, key: `key ${ref}` }));
			session.receive(publish(4, { target: 'k3f9:1', reaction: '👍' }));
			session.receive(hello('bob'));
			session.receive(publish(5, { text: 'of bob' }));
			await test.drainAll();
			const page = await test.channel.page({ limit: 10, types: [], status: [] });
			expect(page.events.slice(1).map(({ text, actor }) => [text, actor?.id, actor?.verified])).toEqual(
				[1, 2, 3].map((n) => [`of alice ${n}`, 'alice', true]),
			);
			expect((await test.channel.describe(people.alice as Identity)).reacted).toEqual({ 1: ['👍'] });
			expect((await test.channel.describe(people.bob as Identity)).reacted).toBeUndefined();
			const errors = socket.messages.filter(({ type }) => type === 'error');
			expect(errors).toMatchObject([{ ref: 5, code: 'forbidden' }]);
		});

		it('[PUB6] is of the identity that sent it where its channel is loaded meanwhile', async () => {
			const test = await createTestChannel();
			let load = (_: Channel) => {};
			let loading: Promise<Channel> | undefined;
			const getChannel = () => loading ?? test.channel;
			const { session } = open(test, { identify, getChannel });
			session.receive(hello('alice'));
			await test.drainAll();
			loading = new Promise((resolve) => {
				load = resolve;
			});
			session.receive(publish(1, { text: 'of alice' }));
			session.receive(hello('bob'));
			load(test.channel);
			loading = undefined;
			await test.drainAll();
			const page = await test.channel.page({ limit: 10, types: [], status: [] });
			expect(page.events.map(({ text, actor }) => [text, actor?.id])).toEqual([['of alice', 'alice']]);
		});
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

	it('[AUTH10] a hello without an author’s key keeps the one that an earlier one showed', async () => {
		const test = await createTestChannel();
		const identify = (_: string | undefined, author?: string) => (author ? { ...ANYBODY, author } : ANYBODY);
		const { session } = open(test, { identify });
		session.receive(HELLO);
		expect(session.identity.author).toBeUndefined();
		session.receive('{"type":"hello","protocol":1,"author":"0123456789abcdef"}');
		session.receive(HELLO);
		expect(session.identity.author).toBe('0123456789abcdef');
		session.receive('{"type":"hello","protocol":1,"author":"fedcba9876543210"}');
		expect(session.identity.author).toBe('fedcba9876543210');
		await test.drainAll();
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
		expect(memory()).toMatchObject({ types: ['b'], seen: 0, outstanding: socket.bytes });
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
		expect(test.channel.takeFilter({ types: ['free'] })).toBeDefined();
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
		for (let index = 0; index < 16; index++)
			expect(test.channel.takeFilter({ types: [`type-${index}`] })).toBeDefined();
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
		['while history is read', 'readEvents' as const, {}],
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

	it('[PING2] one ping is answered to all who were told nothing for a while, once, and in slices', async () => {
		const test = await createTestChannel();
		const sessions: ReturnType<typeof open>[] = [];
		const turns: (() => void)[] = [];
		const heartbeat = new Heartbeat({
			clock: () => test.clock.now,
			afterDrain: (run) => turns.push(run),
			listeners: () => sessions.map(({ session }) => session),
		});
		for (let n = 0; n < 250; n++) sessions.push(open(test, { heartbeat }));
		for (const { session } of sessions.slice(1)) session.receive(HELLO);
		await settle();
		const [silent, first, second] = sessions as [(typeof sessions)[0], (typeof sessions)[0], (typeof sessions)[0]];
		const stalled = sessions[3] as (typeof sessions)[0];
		stalled.session.tell(new TextEncoder().encode(`{"type":"presence","pad":"${'x'.repeat(WINDOW_BYTES)}"}`));
		const pongs = () => sessions.map(({ socket }) => socket.types.filter((type) => type === 'pong').length);
		const sum = () => pongs().reduce((one, other) => one + other);
		const pass = (ms: number) => {
			test.clock.now += ms;
		};

		pass(10_000);
		second.session.receive('{"type":"ping"}');
		while (turns.length > 0) turns.shift()?.();
		expect(sum()).toBe(1);
		pass(20_000);
		first.session.receive('{"type":"ping"}');
		// A slice has 100 of them, and the asker has his answer already; two are not to be told.
		expect(sum()).toBe(1 + 98);
		expect(turns).toHaveLength(1);
		turns.shift()?.();
		expect(sum()).toBe(1 + 198);
		turns.shift()?.();
		expect(sum()).toBe(1 + 248);
		expect(turns).toHaveLength(0);
		expect([silent, first, second, stalled].map(({ socket }) => socket.types.at(-1) === 'pong')).toEqual([
			...[false, true, true, false],
		]);
		pass(14_000);
		second.session.receive('{"type":"ping"}');
		expect(sum()).toBe(2 + 248);
		// Whom an event has reached needs nothing else.
		test.publish([{ text: 'a' }]);
		await test.drainAll();
		pass(14_000);
		second.session.receive('{"type":"ping"}');
		while (turns.length > 0) turns.shift()?.();
		expect(sum()).toBe(3 + 248);
	});

	it('[PING2] a client that has just come is told nothing before its welcome', async () => {
		const test = await createTestChannel();
		const sessions: ReturnType<typeof open>[] = [];
		const heartbeat = new Heartbeat({
			clock: () => test.clock.now,
			afterDrain: (run) => run(),
			listeners: () => sessions.map(({ session }) => session),
		});
		const asker = open(test, { heartbeat });
		asker.session.receive(HELLO);
		await settle();
		test.clock.now += 60_000;
		const fresh = open(test, { heartbeat });
		sessions.push(asker, fresh);
		fresh.session.receive(HELLO);
		asker.session.receive('{"type":"ping"}');
		expect(asker.socket.types.at(-1)).toBe('pong');
		await settle();
		expect(fresh.socket.types).toEqual(['welcome']);
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
		const { socket, session } = open(test, { memory: { types: ['a'], who: ANYBODY, seen: 9, outstanding: 5 } });
		session.resume(test.channel);
		test.publish([{ type: 'b' }, { type: 'a' }]);
		session.receive(publish(1, { type: 'a' }));
		await test.drainAll();
		const events = socket.messages.flatMap((message) => (message.entries ?? []) as { seq: number }[]);
		expect(events.map(({ seq }) => seq)).toEqual([3, 4]);
		expect(socket.types).not.toContain('error');
	});

	it('[AUTH3] [AUTH7] one who may not read, or not any more, is shown nothing after a sleep either', async () => {
		const test = await createTestChannel();
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		const writer = { subject: 'bob', rights: 2, expires: test.clock.now + 1000 }; // the second of the capabilities
		const blind = open(test, { memory: { types: null, who: writer, seen: 0, outstanding: 0 } });
		const over = open(test, {
			memory: { types: null, who: { ...ANYBODY, subject: 'eve', expires: test.clock.now }, seen: 0, outstanding: 0 },
		});
		for (const { session } of [blind, over]) session.resume(test.channel);
		blind.session.receive(publish(1, { type: 'a' }));
		await test.drainAll();
		expect(blind.socket.types).toEqual(['receipts']);
		expect(over.socket.types).toEqual(['error']);
		expect(over.socket.closed?.[0]).toBe(4401);
	});
});

describe('a window', () => {
	const TEXT = 'x'.repeat(8000);

	/** Publishes so many events of 8 kB, each as a frame of its own. */
	async function publishMany(test: TestChannel, count: number, type = 'a'): Promise<void> {
		for (let index = 0; index < count; index++) {
			test.publish([{ type, text: TEXT }]);
			await test.drainAll();
		}
	}

	const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

	it('[WIN1] [WIN2] one who confirms gets all live; one who does not gets a window of it, and the rest as he confirms', async () => {
		const test = await createTestChannel();
		const [reader, stopped] = [open(test), open(test)];
		for (const { session } of [reader, stopped]) session.receive(HELLO);
		await settle();
		for (let index = 0; index < 200; index++) {
			await publishMany(test, 1);
			reader.confirm();
		}
		expect(reader.socket.seqs).toEqual(upTo(200));
		expect(reader.socket.messages).toHaveLength(201);
		expect(stopped.socket.bytes).toBeGreaterThan(WINDOW_BYTES);
		expect(stopped.socket.bytes).toBeLessThan(WINDOW_BYTES + 9000);
		const before = stopped.socket.seqs.length;
		stopped.confirm(stopped.socket.bytes - WINDOW_BYTES - 1); // not enough to have room
		await test.drainAll();
		expect(stopped.socket.seqs).toHaveLength(before);
		while (stopped.socket.seqs.length < 200) {
			stopped.confirm();
			await test.drainAll();
		}
		stopped.confirm();
		await publishMany(test, 1);
		expect(stopped.socket.seqs).toEqual(upTo(201));
		expect(stopped.socket.messages.at(-1)).toMatchObject({ from: 201, to: 201 });
	});

	it('[WIN1] what is less than before is passed over, what is more than was sent means all; none needs a hello or the channel', async () => {
		const test = await createTestChannel();
		let asked = 0;
		const { socket, session, confirm, memory } = open(test, {
			getChannel: () => {
				asked++;
				return test.channel;
			},
			peekChannel: () => undefined,
		});
		session.receive('{"type":"ping"}');
		confirm(10);
		confirm(3);
		expect(memory()).toMatchObject({ seen: 10, outstanding: socket.bytes - 10 });
		confirm(1_000_000);
		session.receive('{"type":"ping"}');
		expect(memory()).toMatchObject({ seen: 1_000_000, outstanding: socket.bytes / 2 });
		session.receive('{"type":"seen","bytes":-1}');
		expect(socket.messages.at(-1)).toMatchObject({ code: 'invalid-message' });
		expect(asked).toBe(0);
	});

	it('[WIN3] answers count, in bytes of UTF-8, and beyond 1 MiB the socket is closed with 4429', async () => {
		const test = await createTestChannel();
		const { socket, session, memory } = open(test);
		session.receive('{"type":"hello","protocol":1,"types":["ä"]}');
		expect(memory().outstanding).toBe(socket.bytes);
		let pings = 0;
		for (; !socket.closed && pings < 100_000; pings++) session.receive('{"type":"ping"}');
		expect(socket.bytes).toBeGreaterThan(1024 * 1024);
		expect(socket.bytes).toBeLessThan(1024 * 1024 + 1000);
		expect(socket.messages.at(-1)).toMatchObject({ code: 'too-slow', retryable: true });
		expect(socket.messages.at(-1)?.message).toContain('{"type":"seen","bytes":N}');
		expect(socket.closed?.[0]).toBe(4429);
		expect(socket.messages).toHaveLength(pings + 2);
	});

	it('[WIN4] a full window is closed after its time, which every progress begins anew; while it is open no time runs', async () => {
		const test = await createTestChannel();
		const { socket, session, timers, expireTimers, confirm } = open(test);
		session.receive(HELLO);
		await settle();
		await publishMany(test, 60);
		expect(timers.size).toBe(0);
		await publishMany(test, 10);
		expect([...timers.values()]).toEqual([30_000]);
		const [first] = timers.keys();
		confirm(0);
		expect(timers.keys().next().value).toBe(first);
		confirm(1);
		expect(timers.size).toBe(1);
		expect(timers.keys().next().value).not.toBe(first);
		confirm();
		await test.drainAll();
		expect(timers.size).toBe(0);
		expect(socket.seqs).toEqual(upTo(70));
		await publishMany(test, 80);
		expireTimers();
		expect(socket.closed?.[0]).toBe(4429);
		expect(socket.messages.at(-1)).toMatchObject({ code: 'too-slow' });
		const { length } = socket.messages;
		await publishMany(test, 1);
		expect(socket.messages).toHaveLength(length);
		expect(timers.size).toBe(0);
	});

	it('[WIN4] a socket that ends while its window is full leaves no time running and nobody waiting', async () => {
		const test = await createTestChannel();
		const { session, timers } = open(test);
		session.receive('{"type":"hello","protocol":1,"types":["a"]}');
		await settle();
		await publishMany(test, 80);
		session.end();
		await settle();
		expect(timers.size).toBe(0);
		for (let index = 0; index < 16; index++)
			expect(test.channel.takeFilter({ types: [`type-${index}`] })).toBeDefined();
	});

	it('[WIN2] [HELLO6] another hello is answered while the window is full, and its entries wait for the window', async () => {
		const test = await createTestChannel();
		const { socket, session, confirm } = open(test);
		session.receive(HELLO);
		await settle();
		await publishMany(test, 90);
		session.receive('{"type":"hello","protocol":1,"ref":2,"position":"k3f9:70","types":["a"]}');
		session.receive('{"type":"hello","protocol":1,"ref":3,"position":"k3f9:80","types":["a"]}');
		await test.drainAll();
		expect(socket.messages.filter(({ type }) => type === 'welcome')).toMatchObject([{}, { ref: 3 }]);
		const before = socket.seqs.length;
		confirm();
		await test.drainAll();
		expect(socket.seqs.slice(before)).toEqual(upTo(90).slice(80));
	});

	it('[WIN5] windows shrink with what all have outstanding, and a first hello is refused once that is too much', async () => {
		const test = await createTestChannel();
		const backlog = new Backlog();
		const [early, late] = [open(test, { backlog }), open(test, { backlog })];
		early.session.receive(HELLO);
		await settle();
		backlog.add(MAX_OUTSTANDING_BYTES);
		await publishMany(test, 20);
		expect(early.socket.bytes).toBeLessThan(SEEN_BYTES + 9000);
		late.session.receive(HELLO);
		expect(late.socket.messages).toMatchObject([{ type: 'error', code: 'relay-full', retryable: true }]);
		expect(late.socket.closed?.[0]).toBe(4529);
		early.session.receive(HELLO);
		await settle();
		expect(early.socket.closed).toBeUndefined();
		early.confirm();
		await test.drainAll();
		expect(new Set(early.socket.seqs)).toEqual(new Set(upTo(20)));
		backlog.add(-MAX_OUTSTANDING_BYTES);
		const later = open(test, { backlog });
		later.session.receive(HELLO);
		await settle();
		expect(later.socket.types[0]).toBe('welcome');
	});

	it('[WIN5] one who waits when windows have grown again is sent the rest, and not closed', async () => {
		const test = await createTestChannel();
		const backlog = new Backlog();
		const { socket, session, expireTimers } = open(test, { backlog });
		session.receive(HELLO);
		await settle();
		backlog.add(MAX_OUTSTANDING_BYTES);
		await publishMany(test, 20);
		backlog.add(-MAX_OUTSTANDING_BYTES);
		expireTimers();
		await test.drainAll();
		expect(socket.seqs).toEqual(upTo(20));
		expect(socket.closed).toBeUndefined();
	});

	it('[WIN5] what a closed socket holds counts until its connection is gone', async () => {
		const test = await createTestChannel();
		const backlog = new Backlog();
		for (let round = 1; round <= 3; round++) {
			const { session, socket } = open(test, { backlog });
			session.receive(HELLO);
			await settle();
			await publishMany(test, 80);
			const before = backlog.bytes;
			session.receive('{"type":"hello","protocol":2}');
			expect(socket.closed?.[0]).toBe(4406);
			expect(backlog.bytes).toBeGreaterThan(before + 120_000);
			expect(backlog.bytes).toBeGreaterThan(WINDOW_BYTES);
			session.end();
			expect(backlog.bytes).toBe(0);
		}
	});

	it('[WIN6] [SLEEP1] a viewer who was behind when the relay slept still is: he goes on where he was once he confirms', async () => {
		const test = await createTestChannel();
		const backlog = new Backlog();
		const asleep = open(test, { backlog });
		asleep.session.receive('{"type":"hello","protocol":1,"types":["a"]}');
		await settle();
		await publishMany(test, 80);
		await publishMany(test, 3, 'b');
		const memory = asleep.memory();
		expect(memory).toMatchObject({ types: ['a'], position: asleep.socket.seqs.length });
		const counted = backlog.bytes;
		test.channel.leave = () => {}; // nobody tells the relay that it falls asleep
		const awake = open(test, { backlog, memory, isCounted: true });
		expect(backlog.bytes).toBe(counted);
		expect(awake.timers.size).toBe(1);
		awake.session.resume(test.channel);
		await publishMany(test, 1);
		expect(awake.socket.messages).toEqual([]);
		awake.session.receive(`{"type":"seen","bytes":${asleep.socket.bytes}}`);
		await test.drainAll();
		expect([...asleep.socket.seqs, ...awake.socket.seqs]).toEqual([...upTo(80), 84]);
		expect(awake.socket.messages[0]).toMatchObject({ from: asleep.socket.seqs.length + 1 });
		expect(awake.memory()).not.toHaveProperty('position');
		awake.session.end();
		expect(backlog.bytes).toBe(0);
	});

	it('[WIN7] one whose engine says what it holds is sent everything while it reads, whatever it confirms', async () => {
		const test = await createTestChannel();
		const socket = new HoldingSocket();
		const backlog = new Backlog();
		const { session, timers, expireTimers } = open(test, { backlog }, socket);
		session.receive(HELLO);
		await settle();
		for (let index = 0; index < 200; index++) {
			await publishMany(test, 1);
			socket.take();
		}
		expect(socket.seqs).toEqual(upTo(200));
		expect(socket.messages).toHaveLength(201); // all of them live
		expireTimers();
		expect([timers.size, backlog.bytes, socket.closed]).toEqual([0, 0, undefined]);
	});

	it('[WIN2] [WIN7] one that stops gets a window, whatever it claims, and the rest as it reads again, without a confirmation', async () => {
		const test = await createTestChannel();
		const socket = new HoldingSocket();
		const { session, timers, expireTimers, confirm } = open(test, {}, socket);
		session.receive(HELLO);
		await settle();
		for (let index = 0; index < 200; index++) {
			await publishMany(test, 1);
			confirm(Number.MAX_SAFE_INTEGER - 200 + index);
		}
		expect(socket.bytes).toBeGreaterThan(WINDOW_BYTES);
		expect(socket.bytes).toBeLessThan(WINDOW_BYTES + 9000);
		socket.take(socket.bytes - WINDOW_BYTES - 1); // not enough to have room
		expireTimers(1000);
		await test.drainAll();
		expect(socket.bytes).toBeLessThan(WINDOW_BYTES + 9000);
		while (socket.seqs.length < 200) {
			socket.take();
			expireTimers(1000);
			await test.drainAll();
		}
		socket.take();
		expireTimers(1000);
		expect(timers.size).toBe(0);
		await publishMany(test, 1);
		expect(socket.seqs).toEqual(upTo(201));
		expect(socket.messages.at(-1)).toMatchObject({ from: 201, to: 201 });
	});

	it('[WIN4] [WIN7] one that takes nothing is closed after its time, which begins anew with all that it takes', async () => {
		const test = await createTestChannel();
		const socket = new HoldingSocket();
		const { session, timers, expireTimers } = open(test, {}, socket);
		session.receive(HELLO);
		await settle();
		await publishMany(test, 80);
		const stall = () => [...timers].find(([, ms]) => ms === 30_000)?.[0];
		const first = stall();
		expect(first).toBeDefined();
		expireTimers(1000);
		expect(stall()).toBe(first);
		socket.take(1);
		expireTimers(1000);
		expect(stall()).toBeDefined();
		expect(stall()).not.toBe(first);
		// A window that was read and is full again has all its time.
		const second = stall();
		socket.take();
		await publishMany(test, 1);
		expireTimers(1000);
		await test.drainAll();
		await publishMany(test, 80);
		expect(stall()).not.toBe(second);
		expireTimers();
		expect(socket.closed?.[0]).toBe(4429);
		expect(socket.messages.at(-1)).toMatchObject({ code: 'too-slow' });
		expect(socket.messages.at(-1)?.message).not.toContain('seen');
		expireTimers();
		expect(timers.size).toBe(0);
	});

	it('[WIN5] [WIN7] one that has read a burst counts no more, though it is sent nothing else', async () => {
		const test = await createTestChannel();
		const backlog = new Backlog();
		const socket = new HoldingSocket();
		const { session, timers, expireTimers, saves, memory } = open(test, { backlog }, socket);
		session.receive(HELLO);
		await settle();
		await publishMany(test, 40);
		expect(backlog.bytes).toBeGreaterThan(SEEN_BYTES);
		memory();
		const { asked } = saves;
		socket.take();
		expireTimers(1000);
		expect([backlog.bytes, timers.size]).toEqual([0, 0]);
		expect(saves.asked).toBe(asked + 1); // or a sleep would count what is gone
		const woken = open(test, { backlog, memory: memory(), isCounted: true }, socket);
		woken.session.end();
		expect(backlog.bytes).toBe(0);
	});

	it('[WIN6] [WIN7] one that read while the relay slept goes on, though it was remembered with a full window', async () => {
		const test = await createTestChannel();
		const backlog = new Backlog();
		const socket = new HoldingSocket();
		const asleep = open(test, { backlog }, socket);
		asleep.session.receive(HELLO);
		await settle();
		await publishMany(test, 80);
		const memory = asleep.memory();
		test.channel.leave = () => {}; // nobody tells the relay that it falls asleep
		socket.take();
		const awake = open(test, { backlog, memory, isCounted: true }, socket);
		awake.expireTimers(1000);
		awake.session.resume(test.channel);
		await test.drainAll();
		expect(socket.seqs).toEqual(upTo(80));
	});

	it('[WIN2] [WIN7] no mixture of reading, stopping and claims makes the engine hold more than a window and a frame', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			const test = await createTestChannel();
			const backlog = new Backlog();
			const socket = new HoldingSocket();
			const { session, expireTimers, confirm } = open(test, { backlog }, socket);
			session.receive(HELLO);
			await settle();
			let published = 0;
			for (let step = 0; step < 600; step++) {
				const act = random.below(10);
				if (act < 5) {
					await publishMany(test, 1);
					published++;
				} else if (act < 7) socket.take(random.below(60_000));
				else if (act < 8) confirm(random.below(2 * socket.bytes));
				else if (act < 9) expireTimers(1000);
				else session.receive('{"type":"ping"}');
				expect(socket.bufferedAmount).toBeLessThanOrEqual(WINDOW_BYTES + 300_000);
				expect(backlog.bytes).toBeGreaterThanOrEqual(socket.bufferedAmount - 2 * SEEN_BYTES);
			}
			while (socket.seqs.length < published) {
				socket.take();
				expireTimers(1000);
				await test.drainAll();
			}
			expect(socket.seqs).toEqual(upTo(published));
			session.end();
			expect(backlog.bytes).toBe(0);
		}));

	it('[WIN6] what must outlast a sleep is saved once for many frames, and before the first hello too', async () => {
		const test = await createTestChannel();
		const { socket, session, saves, memory } = open(test);
		session.receive('{"type":"ping"}');
		expect(socket.types).toEqual(['pong']);
		expect(saves.asked).toBe(0); // thousands who are idle do nothing else, and are to cost nothing
		session.receive('{}');
		expect(saves.asked).toBe(1);
		const state = memory();
		expect(state).toMatchObject({ seen: 0, outstanding: socket.bytes });
		const woken = open(test, { memory: state });
		woken.session.receive(publish(1, {}));
		woken.session.receive(publish(1, { text: 'a' }));
		expect(woken.socket.messages.at(-1)).toMatchObject({ code: 'hello-expected' });
		session.receive(HELLO);
		await settle();
		const { asked } = saves;
		await publishMany(test, 20);
		expect(saves.asked).toBeLessThanOrEqual(asked + 1);
	});
});
