// The WebSocket conversation, from outside, against a real relay.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { chooseEngine } from '../../relay/run/engine.ts';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { createRandom, withSeed } from '../support/random.ts';
import { remoteRelay, startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
const open: Conversation[] = [];

beforeAll(async () => {
	relay = await startRelay();
});
afterAll(async () => {
	for (const { socket } of open) socket.terminate();
	await relay?.stop();
});

async function join(channel: string, hello?: object): Promise<Conversation> {
	const conversation = await Conversation.join(relay.url, channel, hello);
	open.push(conversation);
	return conversation;
}

async function connect(channel: string): Promise<Conversation> {
	const conversation = await Conversation.open(relay.url, channel);
	open.push(conversation);
	return conversation;
}

async function post(channel: string, drafts: unknown[]): Promise<void> {
	const response = await fetch(`${relay.url}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(drafts),
	});
	expect(response.status, await response.text()).toBe(201);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('an address', () => {
	it.each(['_pk', '_pkAuth', 'id', 'name'])(
		'[WS7] with the parameter %s names no connection, and closes none',
		async (name) => {
			const channel = createChannelName('named');
			const search = (length: number) => ({ search: `${name}=${'x'.repeat(length)}` });
			const long = await Conversation.join(relay.url, channel, {}, search(257));
			const [first, second] = [
				await Conversation.join(relay.url, channel, {}, search(1)),
				await Conversation.join(relay.url, channel, {}, search(1)),
			];
			open.push(long, first, second);
			await post(channel, [{ text: 'for each of them' }]);
			for (const viewer of [long, first, second]) await viewer.until(() => viewer.seqs.length === 1, 'the event');
			expect([long, first, second].map(({ closed }) => closed)).toEqual([undefined, undefined, undefined]);
		},
	);
});

describe('frames', () => {
	it('[DEFL1] come deflated to who can inflate them, history and live, where they are large', async () => {
		const channel = createChannelName('deflated');
		const large = range(1, 40).map((n) => ({ text: `${'lörem ipsum '.repeat(8)}${n}` }));
		await post(channel, large);
		const [small, plain] = await Promise.all([join(channel, { inflate: true }), join(channel, { inflate: false })]);
		await small.until(() => small.seqs.length === 40, 'history');
		await post(channel, large);
		await post(channel, [{ text: 'little' }]);
		for (const viewer of [small, plain]) {
			await viewer.until(() => viewer.seqs.length === 81, 'what is live');
			expect(viewer.seqs).toEqual(range(1, 81));
		}
		expect(small.events).toEqual(plain.events);
		const kinds = (viewer: Conversation) => viewer.isDeflated.filter((_, at) => viewer.messages[at].type === 'entries');
		expect(kinds(small)).toEqual([true, true, false]);
		expect(kinds(plain)).toEqual([false, false, false]);
		expect(small.bytes).toBeLessThan(plain.bytes / 3);
	});

	it('[DEFL2] are confirmed as they came, however much they were before', async () => {
		const channel = createChannelName('deflated-window');
		const viewer = await join(channel, { inflate: true, history: 0 });
		const before = viewer.bytes;
		for (let n = 0; n < 8; n++) await post(channel, Array(20).fill({ text: 'x'.repeat(8000) }));
		// More than a window of events, and next to nothing on the way: nobody has to confirm it.
		await viewer.until(() => viewer.seqs.length === 160, 'all of it');
		expect(viewer.bytes - before).toBeLessThan(64 * 1024);
		expect(viewer.seqs).toEqual(range(1, 160));
	});

	it('[DEFL3] are not compressed by the socket itself, whatever it offers', async () => {
		const socket = new WebSocket(`${relay.url.replace(/^http/, 'ws')}/channels/bombs/events`, {
			perMessageDeflate: true,
		});
		await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
		expect(socket.extensions).toBe('');
		socket.terminate();
	});

	it('[DEFL1] a hello that says neither yes nor no is refused', async () => {
		const viewer = await connect(createChannelName('deflated-how'));
		viewer.send({ type: 'hello', protocol: 1, inflate: 'gzip' });
		expect(await viewer.next('error')).toMatchObject({
			code: 'invalid-message',
			message: expect.stringContaining('inflate'),
		});
	});
});

describe('hello', () => {
	it('[HELLO4] is answered by a welcome, on a channel that nothing was published to', async () => {
		const viewer = await connect(createChannelName('empty'));
		viewer.send({ type: 'hello', protocol: 1 });
		const welcome = await viewer.next('welcome');
		expect(welcome).toEqual({
			type: 'welcome',
			protocol: 1,
			epoch: '-',
			first: 0,
			last: 0,
			after: 0,
			recovered: true,
			time: expect.any(Number),
			pulse: { minute: expect.any(Number), counts: {} },
			returnMs: 1000,
			own: { can: expect.arrayContaining(['read', 'publish']) },
		});
		expect(Math.abs(welcome.time - Date.now())).toBeLessThan(60_000);
	});

	it('[HELLO5] brings the newest 50 unless it asks for more, fewer or none', async () => {
		const channel = createChannelName('history');
		await post(
			channel,
			range(1, 120).map((n) => ({ text: `event ${n}` })),
		);
		for (const [history, from] of [
			[undefined, 71],
			[100, 21],
			[7, 114],
			[5000, 1],
			['1h', 1],
			[0, 121],
		] as const) {
			const viewer = await join(channel, history === undefined ? {} : { history });
			await viewer.ping();
			expect(viewer.seqs).toEqual(range(from, 120));
			await viewer.close();
		}
	});

	it('[HELLO7] a position wins over `history`', async () => {
		const channel = createChannelName('position');
		await post(
			channel,
			range(1, 5).map((n) => ({ text: `event ${n}` })),
		);
		const first = await join(channel, { history: 1 });
		const { position } = await first.ping();
		expect(position).toMatch(/^[a-z0-9]{1,16}:5$/);
		const later = await join(channel, { position: position.replace(':5', ':2'), history: 5 });
		await later.ping();
		expect(later.seqs).toEqual([3, 4, 5]);
	});

	it('[HELLO2] of another version is refused, and the socket closed with 4406', async () => {
		for (const protocol of [2, 0, '1', undefined]) {
			const viewer = await connect(createChannelName('version'));
			viewer.send({ type: 'hello', protocol });
			expect(await viewer.next('error')).toMatchObject({ code: 'unsupported-protocol', retryable: false });
			expect((await viewer.waitForClose()).code).toBe(4406);
		}
	});

	it('[HELLO3] must come before anything is published', async () => {
		const channel = createChannelName('early');
		const viewer = await connect(channel);
		viewer.send({ type: 'publish', ref: 7, draft: { text: 'too early' } });
		expect(await viewer.next('error')).toMatchObject({
			ref: 7,
			code: 'hello-expected',
			message: expect.stringContaining('hello'),
		});
		viewer.send({ type: 'hello', protocol: 1 });
		expect(await viewer.next('welcome')).toMatchObject({ last: 0 });
		viewer.send({ type: 'publish', ref: 8, draft: { text: 'now' } });
		expect((await viewer.next('receipts')).receipts).toMatchObject([{ ref: 8, seq: 1 }]);
	});

	it('[HELLO6] on an open socket begins anew, with other types', async () => {
		const channel = createChannelName('again');
		await post(channel, [{ type: 'a' }, { type: 'b' }]);
		const viewer = await join(channel, { types: ['a'] });
		await viewer.ping();
		viewer.send({ type: 'hello', protocol: 1, types: ['b'] });
		expect(await viewer.next('welcome')).toMatchObject({ types: ['b'], after: 1 });
		await post(channel, [{ type: 'a' }, { type: 'b' }]);
		await viewer.until(() => viewer.seqs.includes(4), 'the next b');
		expect(viewer.seqs).toEqual([1, 2, 4]);
	});

	it('[HELLO8] with a `ref` gets it back in its welcome', async () => {
		const channel = createChannelName('ref');
		const viewer = await connect(channel);
		viewer.send({ type: 'hello', protocol: 1, ref: 7 });
		expect(await viewer.next('welcome')).toMatchObject({ ref: 7 });
		viewer.send({ type: 'hello', protocol: 1, ref: 8, types: ['a'] });
		viewer.send({ type: 'hello', protocol: 1, ref: 9, types: ['b'] });
		await viewer.until(() => viewer.messages.some(({ ref }) => ref === 9), 'the newest');
		viewer.send({ type: 'hello', protocol: 1, ref: -1 });
		expect(await viewer.next('error')).toMatchObject({ code: 'invalid-message' });
	});

	it('[FILT2] with more types than sleep leaves room for is served, and everything is sent', async () => {
		const channel = createChannelName('wide');
		const types = range(1, 400).map((n) => `some.type.number-${n}`);
		const viewer = await join(channel, { types });
		await post(channel, [{ type: 'none.of.them' }]);
		await viewer.until(() => viewer.seqs.includes(1), 'the entry');
		expect(viewer.closed).toBeUndefined();
		expect(viewer.messages.some(({ type }) => type === 'error')).toBe(false);
	});

	it('[POS3] the position of an empty channel resumes from its first entry', async () => {
		const channel = createChannelName('nothing');
		const early = await join(channel);
		const { position } = await early.ping();
		expect(position).toBe('-:0');
		await post(channel, [{ text: 'a' }, { text: 'b' }]);
		const late = await join(channel, { position, history: 0 });
		await late.ping();
		expect(late.seqs).toEqual([1, 2]);
	});

	it('[POS4] a position of another log is told so, and gets all that is kept', async () => {
		const channel = createChannelName('other');
		await post(channel, [{ text: 'a' }, { text: 'b' }]);
		const viewer = await connect(channel);
		viewer.send({ type: 'hello', protocol: 1, position: 'otherlog:1' });
		expect(await viewer.next('welcome')).toMatchObject({ recovered: false, after: 0 });
		await viewer.ping();
		expect(viewer.seqs).toEqual([1, 2]);
	});
});

describe('publishing', () => {
	it('[PUB1] a receipt says id, seq, time and that it is new; [PUB4] the publisher sees his event too', async () => {
		const channel = createChannelName('publish');
		const viewer = await join(channel);
		viewer.send({
			type: 'publish',
			ref: 1,
			draft: { type: 'deploy.done', text: 'Deploy 214', actor: { name: 'Ada' }, at: '2026-11-20T14:02:00Z' },
		});
		const { receipts } = await viewer.next('receipts');
		const [receipt] = receipts;
		expect(receipts).toEqual([{ ref: 1, id: receipt.id, seq: 1, time: expect.any(Number), duplicate: false }]);
		const entries = await viewer.next('entries');
		expect(entries).toEqual({
			type: 'entries',
			epoch: receipt.id.split(':')[0],
			from: 1,
			to: 1,
			entries: [
				{
					...{ id: receipt.id, seq: 1, time: receipt.time, type: 'deploy.done', text: 'Deploy 214' },
					...{ actor: { name: 'Ada', verified: false }, at: Date.UTC(2026, 10, 20, 14, 2) },
				},
			],
		});
	});

	it('[PUB2] drafts in flight are stored and answered in their order', async () => {
		const channel = createChannelName('order');
		const viewer = await join(channel);
		for (let ref = 1; ref <= 500; ref++) viewer.send({ type: 'publish', ref, draft: { text: `draft ${ref}` } });
		const receipts = () =>
			viewer.messages.filter(({ type }) => type === 'receipts').flatMap((message) => message.receipts);
		await viewer.until(() => receipts().length === 500 && viewer.seqs.length === 500, '500 receipts and events');
		expect(receipts().map(({ ref, seq }: Message) => [ref, seq])).toEqual(range(1, 500).map((n) => [n, n]));
		expect(viewer.events.map(({ text }) => text)).toEqual(range(1, 500).map((n) => `draft ${n}`));
		const frames = viewer.messages.filter(({ type }) => type === 'entries').length;
		expect(frames).toBeLessThan(250); // they gather while the last broadcast drains
	});

	it('[KEY1] a repeated key is answered with the first receipt, on another socket too; [KEY3] with other content refused', async () => {
		const channel = createChannelName('keys');
		const [first, second] = [await join(channel), await join(channel)];
		first.send({ type: 'publish', ref: 1, draft: { text: 'once', key: 'k-1' } });
		const [receipt] = (await first.next('receipts')).receipts;
		second.send({ type: 'publish', ref: 1, draft: { key: 'k-1', text: 'once' } });
		expect((await second.next('receipts')).receipts).toEqual([{ ...receipt, duplicate: true }]);
		second.send({ type: 'publish', ref: 2, draft: { key: 'k-1', text: 'other' } });
		expect(await second.next('error')).toMatchObject({
			ref: 2,
			code: 'key-conflict',
			message: expect.stringContaining(receipt.id),
		});
		await second.ping();
		expect(second.events).toHaveLength(1);
		expect(second.events[0]).not.toHaveProperty('key');
	});
});

describe('bad input', () => {
	const publish = (draft: unknown) => JSON.stringify({ type: 'publish', ref: 5, draft });
	const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
	const cases: [string, string | Uint8Array, object][] = [
		[
			'[WS2] a binary frame',
			new Uint8Array([1, 2, 3]),
			{ code: 'unsupported-frame', message: expect.stringContaining('text frame') },
		],
		[
			'[WS2] a binary frame with a valid message',
			new TextEncoder().encode('{"type":"ping"}'),
			{ code: 'unsupported-frame' },
		],
		['[WS4] no JSON', 'hello', { code: 'invalid-json' }],
		['[WS4] an empty frame', '', { code: 'invalid-json' }],
		['[WS4] an array', '[]', { code: 'invalid-message' }],
		['[WS4] null', 'null', { code: 'invalid-message' }],
		[
			'[WS4] an unknown type',
			'{"type":"subscribe"}',
			{ code: 'invalid-message', message: expect.stringContaining('hello, publish, seen, give-up or ping') },
		],
		['[WS4] `__proto__` as type', '{"__proto__":{"type":"ping"}}', { code: 'invalid-message' }],
		['[WS3] a raw U+FFFD', '{"type":"ping","x":"\ufffd"}', { code: 'invalid-utf8' }],
		[
			'[WS1] over 64 KiB',
			JSON.stringify({ type: 'ping', x: 'x'.repeat(65_536) }),
			{ code: 'message-too-large', message: expect.stringContaining('65536') },
		],
		[
			'[WS1] over 64 KiB in wide characters',
			JSON.stringify({ type: 'ping', x: '€'.repeat(22_000) }),
			{ code: 'message-too-large' },
		],
		[
			'[HELLO5] a hello with a history of no form',
			'{"type":"hello","protocol":1,"history":"yesterday"}',
			{ code: 'invalid-parameter' },
		],
		['[HELLO5] a hello with half an event', '{"type":"hello","protocol":1,"history":0.5}', { code: 'invalid-message' }],
		[
			'[POS1] a hello with a position of no form',
			'{"type":"hello","protocol":1,"position":"17"}',
			{ code: 'invalid-position' },
		],
		[
			'[FILT1] a hello with a type of no form',
			'{"type":"hello","protocol":1,"types":["a b"]}',
			{ code: 'invalid-message' },
		],
		['[PUB3] a publish without a ref', '{"type":"publish","draft":{"text":"a"}}', { code: 'invalid-message' }],
		[
			'[EV1] an empty draft',
			publish({}),
			{ ref: 5, code: 'invalid-event', message: expect.stringContaining('`text`') },
		],
		['[EV1] no draft', publish(undefined), { ref: 5, code: 'invalid-event' }],
		['[EV1] a list as draft', publish([]), { ref: 5, code: 'invalid-event' }],
		[
			'[EV2] an unknown field',
			publish({ text: 'a', title: 'b' }),
			{ ref: 5, code: 'invalid-event', message: expect.stringContaining('`title`') },
		],
		['[EV2] a field that the relay gives', publish({ text: 'a', seq: 5 }), { ref: 5, code: 'invalid-event' }],
		[
			'[EV2] `__proto__` as a field',
			'{"type":"publish","ref":5,"draft":{"text":"a","__proto__":{"x":1}}}',
			{ ref: 5, code: 'invalid-event' },
		],
		[
			'[EV3] a text over 8 KiB',
			publish({ text: 'ä'.repeat(4097) }),
			{ ref: 5, code: 'invalid-event', message: expect.stringContaining('8192') },
		],
		['[EV4] data over 32 KiB', publish({ text: 'a', data: 'x'.repeat(32_767) }), { ref: 5, code: 'invalid-event' }],
		[
			'[EV4] data of 17 levels',
			`{"type":"publish","ref":5,"draft":{"text":"a","data":${deep(17)}}}`,
			{ ref: 5, code: 'invalid-event', message: expect.stringContaining('16') },
		],
		[
			'[EV4] data of 30,000 levels',
			`{"type":"publish","ref":5,"draft":{"text":"a","data":${deep(30_000)}}}`,
			{ ref: 5, code: 'invalid-event' },
		],
		[
			'[EV4] data with `__proto__`',
			'{"type":"publish","ref":5,"draft":{"text":"a","data":{"x":[{"__proto__":1}]}}}',
			{ ref: 5, code: 'invalid-event' },
		],
		[
			'[EV6] a javascript address',
			publish({ text: 'a', url: 'javascript:alert(1)' }),
			{ ref: 5, code: 'invalid-event' },
		],
		[
			'[NAME2] a sentence as type',
			publish({ type: 'Deploy done' }),
			{ ref: 5, code: 'invalid-event', message: expect.stringContaining('`text`') },
		],
	];

	it('[WS4] [PUB3] [PUB5] each is answered by its error, stores nothing, and disconnects nobody', async () => {
		const channel = createChannelName('bad');
		const [sender, other] = [await join(channel), await join(channel)];
		for (const [name, frame, error] of cases) {
			sender.send(frame);
			const answer = await sender.next('error');
			expect(answer, name).toMatchObject({ retryable: false, ...error });
			expect(answer.message.length, name).toBeGreaterThan(20);
			if (!('ref' in error)) expect(answer, name).not.toHaveProperty('ref');
		}
		sender.send({ type: 'publish', ref: 99, draft: { text: 'still here' } });
		expect((await sender.next('receipts')).receipts).toMatchObject([{ ref: 99, seq: 1 }]);
		await other.until(() => other.events.length === 1, 'the one good event');
		expect([sender.closed, other.closed]).toEqual([undefined, undefined]);
	});

	it.each(cases.map(([name]) => [name]))('%s is refused with a typed error', async (name) => {
		const [, frame, error] = cases.find(([one]) => one === name) as (typeof cases)[number]; // it is from there
		const viewer = await join(createChannelName('one'));
		viewer.send(frame);
		expect(await viewer.next('error')).toMatchObject(error);
		await viewer.ping();
	});

	it('[WS3] bytes that are no UTF-8 in a text frame are refused; an escaped U+FFFD is kept', async () => {
		const viewer = await join(createChannelName('utf8'));
		const bytes = new TextEncoder().encode('{"type":"publish","ref":1,"draft":{"text":"?"}}');
		bytes[bytes.indexOf(63)] = 0xff;
		viewer.socket.send(bytes, { binary: false });
		expect(await viewer.next('error')).toMatchObject({ code: 'invalid-utf8' });
		viewer.send('{"type":"publish","ref":2,"draft":{"text":"\\ufffd"}}');
		await viewer.next('receipts');
		await viewer.until(() => viewer.events.length === 1, 'the event');
		expect(viewer.events[0].text).toBe('\ufffd');
	});

	it('[WS5] fields that a message does not have are passed over', async () => {
		const viewer = await join(createChannelName('more'), { future: true });
		viewer.send({ type: 'publish', ref: 1, draft: { text: 'a' }, trace: 'x' });
		expect((await viewer.next('receipts')).receipts).toMatchObject([{ seq: 1 }]);
	});

	it('[NAME1] a channel name outside the alphabet has no socket', async () => {
		for (const name of ['-a', 'a%20b', 'ä', 'a'.repeat(65)]) {
			expect((await Conversation.open(relay.url, name)).closed?.code, name).toBe(1006);
		}
	});
});

describe('events', () => {
	it.each([
		['[EV9] every Unicode text', { text: 'ä€😀\t\u2028 "\\</script>', data: '\u0000' }],
		[
			'[EV4] any data',
			{
				type: 'a',
				data: { n: [1e308, -0.5, null, true, ''], deep: JSON.parse(`${'['.repeat(14)}1${']'.repeat(14)}`), ключ: '值' },
			},
		],
		['[EV4] null as data', { type: 'a', data: null }],
		[
			'[EV5] a whole actor',
			{ type: 'a', actor: { id: 'u1', name: 'Ada', kind: 'bot', image: 'https://a.example/x.png', color: 'teal' } },
		],
		['[EV6] a mail address', { type: 'a', url: 'mailto:ada@example.org' }],
		['[EV8] an answer', { text: 'a', replyTo: 'k3f9a2:17' }],
		['[EV10] a level', { text: 'a', level: 'warning' }],
		['[EV7] a time before 1970', { text: 'a', at: -1 }],
	])('%s comes back as it was published', async (_, draft) => {
		const viewer = await join(createChannelName('fields'));
		viewer.send({ type: 'publish', ref: 1, draft });
		await viewer.until(() => viewer.events.length === 1, 'the event');
		const [event] = viewer.events;
		const actor = 'actor' in draft ? { actor: { ...(draft.actor as object), verified: false } } : {};
		expect(event).toEqual({ id: event.id, seq: 1, time: event.time, type: 'message', ...draft, ...actor });
	});
});

describe('filters', () => {
	it('[FILT1] only what was asked for is sent, and ranges cover the rest', async () => {
		const channel = createChannelName('filter');
		await post(channel, [{ type: 'login' }, { type: 'deploy.done' }, { type: 'login' }]);
		const viewer = await connect(channel);
		viewer.send({ type: 'hello', protocol: 1, types: ['deploy.*', 'alert'] });
		expect(await viewer.next('welcome')).toMatchObject({ types: ['alert', 'deploy.*'], last: 3 });
		await post(channel, [
			{ type: 'login' },
			{ type: 'alert' },
			{ type: 'deploys' },
			{ type: 'deploy.x.y' },
			{ type: 'login' },
		]);
		await viewer.until(() => viewer.seqs.includes(7), 'the last wanted event');
		expect(viewer.seqs).toEqual([2, 5, 7]);
		let covered = 1;
		for (const { from, to } of viewer.messages.filter(({ type }) => type === 'entries')) {
			expect(from).toBeLessThanOrEqual(covered + 1);
			covered = to;
		}
		expect((await viewer.ping()).position).toMatch(/:8$/);
	});

	it('[FILT3] `*` and an empty list are everything', async () => {
		const channel = createChannelName('all');
		await post(channel, [{ type: 'a' }, { type: 'b' }]);
		for (const types of [['*'], [], ['a', '*']]) {
			const viewer = await connect(channel);
			viewer.send({ type: 'hello', protocol: 1, types });
			expect(await viewer.next('welcome')).not.toHaveProperty('types');
			await viewer.ping();
			expect(viewer.seqs).toEqual([1, 2]);
		}
	});
});

describe('the seam', () => {
	it('[SEAM1] viewers that join, leave and resume during a burst see every entry once, in order', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			const channel = createChannelName('burst');
			await post(channel, [{ text: 'first' }]);
			const publishers = [await join(channel), await join(channel), await join(channel)];
			const total = 3 * 600;
			let sent = 0;
			const burst = Promise.all(
				publishers.map(async (publisher, who) => {
					for (let ref = 1; ref <= 600; ref++) {
						publisher.send({
							type: 'publish',
							ref,
							draft: { type: random.pick(['a', 'b']), text: `${who} ${ref} ${'x'.repeat(random.below(400))}` },
						});
						sent++;
						if (random.below(20) === 0) await publisher.ping();
					}
				}),
			);
			const watch = async () => {
				const seen: Message[] = [];
				const types = random.pick([undefined, ['a'], ['b']]);
				let position: string | undefined = random.pick([undefined, '-:0']);
				const wish = { inflate: random.pick([true, false]), ...(types ? { types } : {}) };
				do {
					const viewer = await join(
						channel,
						position === undefined ? { history: 1000, ...wish } : { position, ...wish },
					);
					for (let pings = random.between(1, 4); pings > 0; pings--)
						position = (await viewer.ping()).position ?? position;
					// What came after the last pong is seen too; he resumes after what he has been told of.
					const frames = viewer.messages.filter(({ type }) => type === 'entries');
					viewer.socket.terminate();
					const told = frames.at(-1)?.to ?? 0;
					const at = Number(position?.split(':')[1] ?? 0);
					if (told > at) position = `${frames.at(-1).epoch}:${told}`;
					seen.push(...frames.flatMap(({ entries }) => entries));
				} while (sent < total || !position?.endsWith(`:${total + 1}`));
				return { seen, types };
			};
			const watched = await Promise.all([burst, ...Array.from({ length: 6 }, watch)]);
			const check = await join(channel, { position: '-:0' });
			await check.until(() => check.seqs.length === total + 1, 'everything');
			expect(check.seqs).toEqual(range(1, total + 1));
			for (const { seen, types } of watched.slice(1) as { seen: Message[]; types: string[] | undefined }[]) {
				const first = seen[0]?.seq ?? 1;
				const wanted = check.events.filter(({ seq, type }) => seq >= first && (types?.includes(type) ?? true));
				expect(seen).toEqual(wanted);
			}
			for (const [who, publisher] of publishers.entries()) {
				const own = check.events
					.filter(({ text }) => text.startsWith(`${who} `))
					.map(({ text }) => Number(text.split(' ')[1]));
				expect(own).toEqual(range(1, 600));
				await publisher.until(() => publisher.seqs.at(-1) === total + 1, 'the last entry');
			}
		}));

	it('[SEAM2] a history of more than one frame arrives whole', async () => {
		const channel = createChannelName('long');
		for (let batch = 0; batch < 4; batch++)
			await post(
				channel,
				range(1, 100).map(() => ({ text: 'x'.repeat(8000) })),
			);
		const viewer = await join(channel, { position: '-:0' });
		await viewer.until(() => viewer.seqs.length >= 400, '400 events');
		expect(viewer.seqs).toEqual(range(1, 400));
		expect(viewer.messages.filter(({ type }) => type === 'entries').length).toBeGreaterThan(10);
	});
});

describe('a ping', () => {
	it('[PING1] [PING3] that asks for the position is answered by the relay, before the hello without one', async () => {
		const channel = createChannelName('ping');
		const socket = await Conversation.open(relay.url, channel);
		expect(await socket.ping()).toEqual({ type: 'pong', time: expect.any(Number) });
		socket.send({ type: 'hello', protocol: 1 });
		await socket.next('welcome');
		await fetch(`${relay.url}/channels/${channel}/events`, { method: 'POST', body: 'a' });
		await socket.until(() => socket.seqs.length === 1, 'the event');
		const pong = await socket.ping();
		expect(pong).toEqual({ type: 'pong', time: expect.any(Number), position: socket.events[0].id });
		expect(Math.abs(pong.time - Date.now())).toBeLessThan(5000);
		for (const position of [false, 1, 'k3f9:1']) {
			socket.send({ type: 'ping', position });
			expect(await socket.next('error')).toMatchObject({ code: 'invalid-message' });
		}
		await socket.close();
	});

	it('[PING3] that is bare is answered by an engine that can, and else by the relay; in any other form by the relay', async () => {
		const full = { type: 'pong', time: expect.any(Number), position: '-:0' };
		const socket = await Conversation.join(relay.url, createChannelName('bare'));
		socket.send('{"type":"ping"}');
		const bare = await socket.next('pong');
		if (remoteRelay === undefined) expect(bare).toEqual(chooseEngine() === 'workerd' ? { type: 'pong' } : full);
		for (const other of ['{"type": "ping"}', ' {"type":"ping"}', '{"type":"ping","x":1}', '{"x":1,"type":"ping"}']) {
			socket.send(other);
			expect(await socket.next('pong')).toEqual(full);
		}
		await socket.close();
	});
});

it('[PULSE1] a welcome counts the last hour', async () => {
	const channel = createChannelName('pulse');
	await post(channel, [{ text: 'a' }, { text: 'b', level: 'error' }, { text: 'c' }]);
	const viewer = await connect(channel);
	viewer.send({ type: 'hello', protocol: 1 });
	const { pulse, time } = await viewer.next('welcome');
	expect(pulse.minute).toBe(Math.floor(time / 60_000) - 59);
	for (const [level, count] of [
		['info', 2],
		['error', 1],
	] as const) {
		expect(pulse.counts[level]).toHaveLength(60);
		expect(pulse.counts[level].reduce((sum: number, one: number) => sum + one)).toBe(count);
	}
});

it('[WS6] closing is answered at once', async () => {
	const viewer = await join(createChannelName('close'));
	viewer.socket.close(1000, 'done');
	expect((await viewer.waitForClose()).code).toBe(1000);
});

/** What a channel has done so far. */
async function readFigures(channel: string): Promise<Record<'commits' | 'reads' | 'writes', number>> {
	const text = await (await fetch(`${relay.url}/channels/${channel}/metrics`)).text();
	const read = (metric: string) =>
		Number(new RegExp(`^live_feed_channel_${metric}_count\\{.*\\} (\\S+)$`, 'm').exec(text)?.[1]);
	return {
		commits: read('commit_entries'),
		reads: read('storage_read_seconds'),
		writes: read('storage_write_seconds'),
	};
}

it('[COM1] [SEAM1] a hundred viewers join from memory, and are each sent a frame for a commit, which is one write', async () => {
	const channel = createChannelName('counts');
	const publish = async (drafts: object[]) => {
		const body = JSON.stringify(drafts);
		const headers = { 'content-type': 'application/json' };
		const answer = await fetch(`${relay.url}/channels/${channel}/events`, { method: 'POST', headers, body });
		expect(answer.status).toBe(201);
	};
	await publish([{ text: 'before' }]);
	const events = 1000;
	const before = await readFigures(channel);
	const viewers = await Promise.all(Array.from({ length: 100 }, () => join(channel, { history: 50 })));
	try {
		await Promise.all(viewers.map((viewer) => viewer.until(() => viewer.events.length === 1, 'what was before')));
		expect(await readFigures(channel)).toEqual(before);
		for (const viewer of viewers) viewer.forget();
		// In one request, so that how fast the machine is decides nothing; as many viewers as one slice has.
		await publish(range(1, events).map((n) => ({ text: `event ${n}` })));
		await Promise.all(viewers.map((viewer) => viewer.until(() => viewer.seqs.at(-1) === events + 1, 'all events')));
		const after = await readFigures(channel);
		const commits = after.commits - before.commits;
		expect([after.writes - before.writes, after.reads - before.reads]).toEqual([commits, 0]);
		// Events of their own, and stored together all the same.
		expect(commits).toBeLessThan(events / 4);
		for (const viewer of viewers) {
			const frames = viewer.messages.filter(({ type }) => type === 'entries');
			expect([frames.length, viewer.events.length]).toEqual([commits, events]);
		}
	} finally {
		for (const { socket } of viewers) socket.terminate();
	}
});
