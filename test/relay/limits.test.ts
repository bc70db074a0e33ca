// Limits that a relay is set to, against a real one: who has had enough is told so, and nobody else notices.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FeedClient } from '../../widget/client/feed-client.ts';
import { createLongPoll } from '../../widget/client/long-poll.ts';
import { type Answer, ask } from '../support/ask.ts';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { addressOf, createPerson, greet, HEADER, join, publish, read, refusal } from '../support/person.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { TextStream } from '../support/text-stream.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

/** Events a minute: as many as come again within it, so that nobody waits long. */
const PUBLISHES = 600;
const PUBLISHED_BYTES = 600_000;
const NEW_CHANNELS = 6;
const REPLAYED_BYTES = 200_000;
const CONNECTIONS = 12;
const PER_ADDRESS = 3;
const MESSAGES = 100;

let relay: TestRelay;
let small: TestRelay;
let open: TestRelay;
beforeAll(async () => {
	const secured = { LIVE_FEED_SECRET: SECRET, LIVE_FEED_ADDRESS_HEADER: HEADER, LIVE_FEED_PUBLIC: 'public-*' };
	relay = await startRelay({
		vars: {
			...secured,
			LIVE_FEED_MAX_PUBLISHES: String(PUBLISHES),
			LIVE_FEED_MAX_PUBLISHED_BYTES: String(PUBLISHED_BYTES),
			LIVE_FEED_MAX_NEW_CHANNELS: String(NEW_CHANNELS),
			LIVE_FEED_MAX_REPLAYED_BYTES: String(REPLAYED_BYTES),
		},
	});
	small = await startRelay({
		vars: {
			...secured,
			LIVE_FEED_MAX_CONNECTIONS: String(CONNECTIONS),
			LIVE_FEED_MAX_CONNECTIONS_PER_ADDRESS: String(PER_ADDRESS),
			LIVE_FEED_MAX_MESSAGES: String(MESSAGES),
		},
	});
	open = await startRelay({ vars: { LIVE_FEED_MAX_PUBLISHES: String(PUBLISHES) } });
	globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket; // Node 20 has none
});
afterAll(async () => {
	await Promise.all([relay, small, open].map((one) => one?.stop()));
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const receiptsOf = (socket: Conversation): Message[] =>
	socket.messages.filter(({ type }) => type === 'receipts').flatMap(({ receipts }) => receipts);
async function readTexts(house: TestRelay, channel: string, headers: Record<string, string> = {}): Promise<string[]> {
	const texts: string[] = [];
	for (let after = '0'; ; ) {
		const { body } = await ask(`${addressOf(house, channel)}?after=${after}&limit=1000`, { headers });
		texts.push(...body.events.map(({ text }: Message) => text));
		if (body.next === after || body.events.length === 0) return texts;
		after = body.next;
	}
}

describe('events a minute', () => {
	it('[QUOTA1] [ERR3] [HTTP5] are those of a subject, whatever it comes by; others have theirs', async () => {
		const channel = createChannelName('limits');
		const ada = await createPerson();
		const other = await createPerson();
		const drafts = range(1, PUBLISHES + 20).map((n) => ({ text: String(n) }));
		const { status, body } = await publish(relay, channel, ada, drafts);
		expect(status).toBe(207);
		const codes = body.events.map(({ error }: Message) => error?.code ?? 'stored');
		const taken = codes.indexOf('rate-limited');
		expect(taken).toBeGreaterThanOrEqual(PUBLISHES);
		expect(codes).toEqual([
			...Array(taken).fill('stored'),
			'rate-limited',
			...Array(PUBLISHES + 19 - taken).fill('out-of-order'),
		]);
		// With another address, with another token for the same subject, by a socket: the same.
		const elsewhere = { ...ada, from: other.from, token: await sign({ sub: ada.subject, name: 'Ada' }) };
		const many = range(1, 100).map((n) => ({ text: `more ${n}` }));
		const again = await publish(relay, channel, elsewhere, many);
		const refused = [again.body, ...(again.body.events ?? []).map(({ error }: Message) => error)].find(
			(one) => one?.code === 'rate-limited',
		);
		expect(refused).toMatchObject({
			status: 429,
			retryable: true,
			detail: expect.stringContaining(`${PUBLISHES} events a minute`),
		});
		expect(refused.retryMs).toBeGreaterThan(0);
		expect(refused.retryMs).toBeLessThanOrEqual(60_000 / PUBLISHES);
		const socket = await join(relay, channel, ada, { history: 0 });
		for (const ref of range(1, 100)) socket.send({ type: 'publish', ref, draft: { text: `by socket ${ref}` } });
		expect(await socket.next('error')).toMatchObject({
			code: 'rate-limited',
			retryable: true,
			retryMs: expect.any(Number),
		});
		await socket.ping(); // it stays open
		// Others: their own.
		expect((await publish(relay, channel, other, many)).status).toBe(201);
		await socket.close();
	});

	it('[QUOTA1] a whole request that is refused has status 429 and Retry-After', async () => {
		const channel = createChannelName('limits');
		const ada = await createPerson();
		const big = { text: 'x'.repeat(8000), data: 'x'.repeat(30_000) };
		let answer: Answer;
		do answer = await publish(relay, channel, ada, big);
		while (answer.status === 201);
		expect(answer.status).toBe(429);
		expect(answer.body).toMatchObject({
			code: 'rate-limited',
			detail: expect.stringContaining('bytes of events a minute'),
		});
		expect(Number(answer.headers.get('retry-after'))).toBe(Math.ceil(answer.body.retryMs / 1000));
		// It counts no event: as many small ones as there were are still there.
		await delay(answer.body.retryMs);
		expect((await publish(relay, channel, ada, { text: 'small' })).status).toBe(201);
	});

	it('[QUOTA1] are those of an address too, whoever comes from there', async () => {
		const channel = createChannelName('limits');
		const one = await createPerson();
		const drafts = range(1, PUBLISHES).map((n) => ({ text: String(n) }));
		expect((await publish(relay, channel, one, drafts)).status).toBe(201);
		const neighbour = { ...(await createPerson()), from: one.from };
		const { body } = await publish(relay, channel, neighbour, drafts);
		expect(body.events.map(({ error }: Message) => error?.code)).toContain('rate-limited');
		// With addresses of one network and ports of one address he is one all the same.
		const v6 = await createPerson();
		const codes: string[] = [];
		for (const n of range(1, 4)) {
			const from = { [HEADER]: `2001:db8:1:2::${n.toString(16)}` };
			const answer = await publish(relay, channel, { ...(await createPerson()), from }, drafts.slice(0, 300));
			codes.push(...(answer.body.events ?? [answer.body]).map(({ error }: Message) => error?.code));
		}
		expect(codes).toContain('rate-limited');
		expect((await publish(relay, channel, v6, drafts)).status).toBe(201);
	});

	it('[QUOTA1] [ORD2] [PUB2] who sends too much on a socket, waits and sends again has all stored in order', async () => {
		const channel = createChannelName('limits');
		const ada = await createPerson();
		const socket = await join(relay, channel, ada, { history: 0, types: ['none'] });
		const count = PUBLISHES + 30;
		const seen = new Set<string>();
		for (let waiting = range(1, count); waiting.length > 0; ) {
			const from = socket.messages.length;
			for (const ref of waiting) socket.send({ type: 'publish', ref, draft: { text: String(ref) } });
			await socket.ping();
			await socket.until(
				() => receiptsOf(socket).length + errorsSince(socket, from).length >= count,
				'an answer to each',
			);
			const errors = errorsSince(socket, from);
			for (const { code } of errors) seen.add(code);
			const [first, ...rest] = errors;
			expect([first?.code ?? 'rate-limited', ...rest.map(({ code }) => code)]).toEqual([
				'rate-limited',
				...rest.map(() => 'out-of-order'),
			]);
			waiting = errors.map(({ ref }) => ref);
			if (first) await delay(first.retryMs);
		}
		expect([...seen].sort()).toEqual(['out-of-order', 'rate-limited']);
		expect(receiptsOf(socket).map(({ ref, seq }) => [ref, seq])).toEqual(range(1, count).map((n) => [n, n]));
		await socket.close();
	});

	const errorsSince = (socket: Conversation, from: number): Message[] =>
		socket.messages.slice(from).filter(({ type }) => type === 'error');

	it.each([
		['[QUOTA1] [ORD2] the client gets through complete and in order by WebSocket', undefined],
		['[QUOTA1] [ORD3] the client gets through complete and in order by HTTP', createLongPoll],
	])(
		'%s',
		async (_, createTransport) => {
			const channel = createChannelName('limits');
			const count = PUBLISHES + 15;
			const client = new FeedClient({
				...{ relay: open.url, channel, history: 0 },
				...(createTransport ? { createTransport } : {}),
			});
			client.connect();
			try {
				const receipts = await Promise.all(range(1, count).map((n) => client.publish('message', { text: String(n) })));
				expect(receipts.map(({ seq }) => seq)).toEqual(range(1, count));
				expect(client.outbox).toEqual([]);
				expect(await readTexts(open, channel)).toEqual(range(1, count).map(String));
			} finally {
				client.close();
			}
		},
		60_000,
	);
});

describe('what is read', () => {
	it('[QUOTA2] new channels are so many a minute; one that is in use is none', async () => {
		const ada = await createPerson();
		const other = await createPerson();
		const names = range(1, NEW_CHANNELS).map(() => createChannelName('new'));
		for (const name of names) expect((await read(relay, name, ada)).status).toBe(200);
		const one = createChannelName('new');
		const { status, headers, body } = await read(relay, one, ada);
		expect([status, body.code]).toEqual([429, 'rate-limited']);
		expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
		expect((await publish(relay, one, ada, { text: 'a' })).body.code).toBe('rate-limited');
		const [error, close] = await refusal(relay, one, ada);
		expect([error.code, error.retryable, close]).toEqual(['rate-limited', true, 4429]);
		expect(error.retryMs).toBeGreaterThan(0);
		for (const name of names) expect((await read(relay, name, ada)).status).toBe(200);
		await (await join(relay, names[0] as string, ada)).close();
		expect((await read(relay, one, other)).status).toBe(200);
	});

	it('[QUOTA2] who is not proven has so many for his address, and all without one have so many', async () => {
		const anybody = (from: Record<string, string>) =>
			ask(addressOf(relay, createChannelName('public')), { headers: from }).then(({ status }) => status);
		for (const from of [(await createPerson()).from, {}]) {
			const statuses = [];
			for (const _ of range(1, NEW_CHANNELS + 1)) statuses.push(await anybody(from));
			expect(statuses).toEqual([...Array(NEW_CHANNELS).fill(200), 429]);
		}
	});

	it('[QUOTA2] history is so many bytes a minute, by request, stream and socket', async () => {
		const channel = createChannelName('replay');
		const author = await createPerson();
		const ada = await createPerson();
		const drafts = range(1, 20).map(() => ({ text: 'x'.repeat(8000) }));
		expect((await publish(relay, channel, author, drafts)).status).toBe(201);
		const socket = await join(relay, channel, ada, { history: 20 });
		await socket.until(() => socket.seqs.includes(20), 'all of it');
		expect((await read(relay, channel, ada)).status).toBe(200); // there was some left
		const answer = await read(relay, channel, ada);
		expect([answer.status, answer.body.code]).toEqual([429, 'rate-limited']);
		expect(answer.body.detail).toContain('bytes of history a minute');
		const stream = await ask(addressOf(relay, channel), {
			headers: { accept: 'text/event-stream', ...bearer(ada.token), ...ada.from },
		});
		expect(stream.body.code).toBe('rate-limited');
		const [error, close] = await refusal(relay, channel, ada);
		expect([error.code, close]).toEqual(['rate-limited', 4429]);
		// What is live comes all the same, and to others all of it.
		await publish(relay, channel, author, { text: 'live' });
		await socket.until(() => socket.seqs.includes(21), 'what is live');
		expect((await read(relay, channel, author)).status).toBe(200);
		await socket.close();
	});
});

describe('connections', () => {
	it('[QUOTA3] of one address are so many, sockets and streams alike, and none is forgotten or kept too long', async () => {
		const ada = await createPerson();
		const other = await createPerson();
		const channel = createChannelName('count');
		for (let round = 0; round < 3; round++) {
			const sockets = [await join(small, channel, ada), await join(small, channel, ada)];
			const headers = { ...bearer(ada.token), ...ada.from };
			const stream = await TextStream.open(addressOf(small, channel), 'application/x-ndjson', headers);
			for (let n = 0; n < 5; n++) {
				const [error, close] = await refusal(small, channel, ada);
				expect([error.code, error.retryable, close]).toEqual(['relay-full', true, 4529]);
			}
			const page = await read(small, channel, ada);
			expect([page.status, page.body.code]).toEqual([503, 'relay-full']);
			expect(page.headers.get('retry-after')).toBe('2');
			await (await join(small, channel, other)).close();
			for (const socket of sockets) await socket.close();
			await stream.close();
			await expect
				.poll(async () => {
					// Who has left a stream is noticed when he is written to.
					await publish(small, channel, await createPerson(), { text: 'a' });
					const tries = await Promise.all(range(1, PER_ADDRESS).map(() => greet(small, channel, ada)));
					for (const one of tries) await one.close();
					return tries.map(({ messages }) => messages[0].type);
				})
				.toEqual(Array(PER_ADDRESS).fill('welcome'));
		}
	});

	it('[QUOTA3] of all are so many', async () => {
		const channel = createChannelName('count');
		const sockets: Conversation[] = [];
		for (const _ of range(1, CONNECTIONS)) {
			const person = await createPerson();
			sockets.push(await join(small, channel, person));
		}
		const late = await createPerson();
		const [error, close] = await refusal(small, channel, late);
		expect([error.code, close]).toEqual(['relay-full', 4529]);
		await sockets.pop()?.close();
		await (await join(small, channel, late)).close();
		for (const socket of sockets) await socket.close();
	});
});

describe('messages', () => {
	it('[QUOTA5] small messages are bounded too, whatever they are', async () => {
		const channel = createChannelName('small');
		const { token, from } = await createPerson();
		for (const message of ['{"type":"ping","position":true}', 'none', new Uint8Array(1)]) {
			const socket = await Conversation.join(small.url, channel, { token }, { headers: from });
			for (let n = 0; n < MESSAGES; n++) socket.send(message);
			expect((await socket.waitForClose()).code).toBe(4429);
			expect(socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'rate-limited', retryable: true });
			const answers = socket.messages.filter(({ type }) => type === 'pong' || type === 'error');
			expect(answers.length).toBeLessThanOrEqual(MESSAGES + 1);
		}
	});
});
