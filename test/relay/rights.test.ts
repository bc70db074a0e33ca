// Who may do what, against a real relay that asks for tokens.
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { TextStream } from '../support/text-stream.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const OLD_SECRET = 'the-secret-before-that-which-still-verifies';
const LISTED = 'https://www.example.org';
let relay: TestRelay;
let privateKey: CryptoKey;
let publicKey: CryptoKey;

beforeAll(async () => {
	const pair = await generateKeyPair('ES256');
	({ privateKey, publicKey } = pair);
	relay = await startRelay({
		vars: {
			LIVE_FEED_SECRET: `${SECRET} ${OLD_SECRET}`,
			LIVE_FEED_KEYS: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'one' }] }),
			LIVE_FEED_PUBLIC: 'news public-*',
			LIVE_FEED_ORIGINS: LISTED,
		},
	});
});
afterAll(async () => {
	await relay?.stop();
});

const now = () => Math.floor(Date.now() / 1000);
const address = (channel: string) => `${relay.url}/channels/${channel}/events`;
const publish = (channel: string, token?: string, draft: object = { text: 'hello' }) =>
	ask(address(channel), {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...(token ? bearer(token) : {}) },
		body: JSON.stringify(draft),
	});
const read = (channel: string, token?: string) => ask(address(channel), { headers: token ? bearer(token) : {} });
async function greet(channel: string, token?: string): Promise<Conversation> {
	const socket = await Conversation.open(relay.url, channel);
	socket.send({ type: 'hello', protocol: 1, token });
	await socket.until(() => socket.messages.length > 0, 'an answer');
	return socket;
}
/** The code of the error with which a socket was closed, and that of the close. */
async function refusal(channel: string, token?: string): Promise<[code: string, close: number]> {
	const socket = await greet(channel, token);
	const { code } = await socket.waitForClose();
	return [socket.messages[0].code, code];
}

describe('tokens', () => {
	it('[AUTH1] [AUTH9] are in the hello or the Authorization header', async () => {
		const channel = createChannelName('rights');
		const expires = now() + 600;
		const token = await sign({ exp: expires });
		const socket = await greet(channel, token);
		expect(socket.messages[0]).toMatchObject({ type: 'welcome', subject: 'ada', expires: expires * 1000 });
		expect((await publish(channel, token)).status).toBe(201);
		expect((await read(channel, token)).body.events).toMatchObject([{ text: 'hello' }]);
		const { headers, body } = await ask(`${address(channel)}?token=${token.slice(0, 200)}`);
		expect([body.code, headers.get('www-authenticate')]).toEqual(['token-needed', 'Bearer']);
		await socket.close();
	});

	it.each([
		['one that is none', () => 'none'],
		['three parts of nothing', () => 'e30.e30.e30'],
		['another secret', () => sign({}, 'another secret that is as long as they are')],
		['no signature', async () => `${btoa('{"alg":"none"}').replace(/=+$/, '')}.${(await sign()).split('.')[1]}.`],
		['no end', () => sign({ exp: undefined })],
		['no subject', () => sign({ sub: undefined })],
		['no channels', () => sign({ channels: undefined })],
		['channels that are none', () => sign({ channels: ['a b'] })],
		['rights that are no list', () => sign({ can: 'read' })],
		['a begin to come', () => sign({ nbf: now() + 60 })],
		['too many characters', () => sign({ padding: 'x'.repeat(4000) })],
		['a public key as a secret', async () => sign({}, JSON.stringify(await exportJWK(publicKey)))],
	])('[AUTH2] %s is refused', async (_, create) => {
		const channel = createChannelName('rights');
		const token = await create();
		expect((await read(channel, token)).body.code).toBe('token-invalid');
		expect((await publish(channel, token)).body.code).toBe('token-invalid');
		expect(await refusal(channel, token)).toEqual(['token-invalid', 4401]);
	});

	it('[AUTH2] the old secret verifies, and a public key', async () => {
		const channel = createChannelName('rights');
		expect((await publish(channel, await sign({}, OLD_SECRET))).status).toBe(201);
		const token = await new SignJWT({ sub: 'eve', channels: [channel], can: ['publish'] })
			.setProtectedHeader({ alg: 'ES256', kid: 'one' })
			.setExpirationTime('1h')
			.sign(privateKey);
		expect((await publish(channel, token)).status).toBe(201);
	});

	it('[AUTH3] from their end on nothing is taken from a socket or sent to it, and a stream ends', async () => {
		const channel = createChannelName('rights');
		const token = await sign({ exp: now() + 2 });
		const [idle, busy] = [await greet(channel, token), await greet(channel, token)];
		const stream = await TextStream.open(address(channel), 'application/x-ndjson', bearer(token));
		const other = await sign();
		expect((await publish(channel, other, { text: 'before' })).status).toBe(201);
		await idle.until(() => idle.events.length === 1, 'what came before');
		// Whatever the clock says between two looks: asked until it is over.
		while ((await read(channel, token)).status === 200);
		expect((await read(channel, token)).body.code).toBe('token-expired');
		busy.send({ type: 'publish', ref: 1, draft: { text: 'too late' } });
		expect((await busy.waitForClose()).code).toBe(4401);
		await publish(channel, other, { text: 'after' });
		expect((await idle.waitForClose()).code).toBe(4401);
		expect(idle.messages.at(-1)).toMatchObject({ type: 'error', code: 'token-expired' });
		expect(idle.events.map(({ text }) => text)).toEqual(['before']);
		expect(await stream.whole()).not.toContain('after');
		expect((await read(channel, other)).body.events.map(({ text }: { text: string }) => text)).toEqual([
			'before',
			'after',
		]);
	});

	it('[AUTH6] are renewed by another hello; one without keeps what was proved; what comes with it waits', async () => {
		const channel = createChannelName('rights');
		const socket = await greet(channel, await sign({ exp: now() + 60 }));
		const expires = now() + 600;
		socket.send({ type: 'hello', protocol: 1, ref: 2, token: await sign({ exp: expires }) });
		for (let ref = 1; ref <= 20; ref++) socket.send({ type: 'publish', ref, draft: { text: String(ref) } });
		socket.send({ type: 'hello', protocol: 1, ref: 3, position: '-:0' });
		await socket.until(() => socket.messages.some(({ ref }) => ref === 3), 'the third welcome');
		const welcomes = socket.messages.filter(({ type }) => type === 'welcome');
		expect(welcomes.map((welcome) => [welcome.ref, welcome.expires])).toContainEqual([3, expires * 1000]);
		await socket.until(() => new Set(socket.seqs).size === 20, 'all events');
		expect(socket.events.slice(-20).map(({ text }) => Number(text))).toEqual(
			Array.from({ length: 20 }, (_, n) => n + 1),
		);
		await socket.close();
	});
});

describe('rights', () => {
	it('[AUTH4] are those of the token, on its channels', async () => {
		const channel = createChannelName('rights');
		const reader = await sign({ can: ['read'], channels: ['rights-*'] });
		const commenter = await sign({ can: ['read', 'comment'], channels: [channel] });
		const elsewhere = await sign({ channels: ['other', `${channel}x`, channel.slice(0, -1)] });
		expect((await read(channel)).body.code).toBe('token-needed');
		expect((await read(channel, elsewhere)).body.code).toBe('forbidden');
		expect((await publish(channel, reader)).body.code).toBe('forbidden');
		expect(await refusal(channel)).toEqual(['token-needed', 4401]);
		expect(await refusal(channel, elsewhere)).toEqual(['forbidden', 4403]);
		const { body } = await publish(channel, await sign());
		expect((await publish(channel, commenter)).body.code).toBe('forbidden');
		expect((await publish(channel, commenter, { text: 'yes', replyTo: body.id })).status).toBe(201);
		const socket = await greet(channel, reader);
		socket.send({ type: 'publish', ref: 7, draft: { text: 'no' } });
		expect(await socket.next('error')).toMatchObject({ ref: 7, code: 'forbidden', retryable: false });
		await socket.ping(); // it is open
		expect((await read(channel, reader)).body.last).toBe(2);
		await socket.close();
	});

	it('[AUTH5] a public channel is read by anybody, and published to by nobody without a token', async () => {
		const channel = createChannelName('public');
		await publish(channel, await sign());
		expect((await read(channel)).body.events).toHaveLength(1);
		expect((await publish(channel)).body.code).toBe('token-needed');
		expect((await read(channel, 'wrong')).body.code).toBe('token-invalid');
		const socket = await greet(channel);
		expect(socket.messages[0]).toMatchObject({ type: 'welcome', last: 1 });
		socket.send({ type: 'publish', ref: 1, draft: { text: 'no' } });
		expect(await socket.next('error')).toMatchObject({ ref: 1, code: 'token-needed' });
		await socket.close();
	});

	it('[AUTH7] who may publish alone sees nothing of what is there', async () => {
		const channel = createChannelName('rights');
		const both = await sign();
		await publish(channel, both);
		const socket = await greet(channel, await sign({ can: ['publish'] }));
		expect(socket.messages[0]).toMatchObject({ type: 'welcome', epoch: '-', last: 0, pulse: { counts: {} } });
		socket.send({ type: 'publish', ref: 1, draft: { text: 'blind' } });
		expect((await socket.next('receipts')).receipts).toMatchObject([{ ref: 1, seq: 2 }]);
		await publish(channel, both);
		await socket.ping();
		expect(socket.events).toEqual([]);
		await socket.close();
	});

	it('[AUTH8] the token says who did it', async () => {
		const channel = createChannelName('rights');
		const claimed = { actor: { id: 'boss', name: 'The Boss', kind: 'bot', color: 'red' }, text: 'a' };
		await publish(channel, await sign({ name: 'Ada' }), claimed);
		await publish(channel, await sign({ sub: 'nameless' }), claimed);
		await publish(channel, await sign({ name: 'Ada' }));
		const { events } = (await read(channel, await sign())).body;
		expect(events.map(({ actor }: { actor: object }) => actor)).toEqual([
			{ id: 'ada', name: 'Ada', kind: 'bot', color: 'red', verified: true },
			{ id: 'nameless', kind: 'bot', color: 'red', verified: true },
			{ id: 'ada', name: 'Ada', verified: true },
		]);
	});
});

describe('pages', () => {
	it('[ORIG2] [ORIG3] those of the list and its own are served, exactly', async () => {
		const own = relay.url;
		for (const origin of [LISTED, own]) {
			const answer = await ask(address('news'), { headers: { origin } });
			expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
		}
		for (const origin of [
			'https://example.org',
			`${LISTED}.evil.test`,
			'http://www.example.org',
			'null',
			'http://localhost',
		]) {
			const answer = await ask(address('news'), { headers: { origin } });
			expect([answer.body.code, answer.headers.has('access-control-allow-origin')]).toEqual(['origin-refused', false]);
			const socket = await Conversation.open(own, 'news', { headers: { origin } });
			socket.send({ type: 'hello', protocol: 1 });
			expect((await socket.waitForClose()).code).toBe(4403);
			expect(socket.messages[0]).toMatchObject({ type: 'error', code: 'origin-refused' });
			expect(socket.messages[0].message).toContain(origin === 'null' ? 'Open it by http' : 'LIVE_FEED_ORIGINS');
		}
		const script = await ask(`${own}/live-feed.js`, { headers: { origin: 'https://anything.test' } });
		expect(script.body.code ?? 'served').not.toBe('origin-refused');
	});
});
