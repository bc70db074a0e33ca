// Pages and names that a relay does not serve, against real ones: by HTTP and by WebSocket, open and with a list.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { HOSTS, ORIGINS } from '../support/look-alikes.ts';
import { type RawAnswer, requestRaw, talkRaw } from '../support/raw-request.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const LISTED = 'https://www.example.org';
/** Open: it serves what an open one without a list does, and the list besides. */
let open: TestRelay;
let secured: TestRelay;
let token: string;

beforeAll(async () => {
	token = await sign({});
	open = await startRelay({ vars: { LIVE_FEED_ORIGINS: LISTED } });
	secured = await startRelay({
		vars: { LIVE_FEED_ORIGINS: LISTED, LIVE_FEED_SECRET: SECRET, LIVE_FEED_PUBLIC: 'public-*' },
	});
});
afterAll(async () => {
	await Promise.all([open, secured].map((relay) => relay?.stop()));
});

interface Tally {
	tried: number;
	accepted: string[];
	/** Answers that are no refusal of ours, by status: the engine's own. */
	others: Map<number, number>;
}

/** Reads, asks beforehand, publishes and opens a socket with these headers; whoever gets through has a right token besides. */
async function tryAll(relay: TestRelay, channel: string, headers: Record<string, string>, tally: Tally): Promise<void> {
	const url = `${relay.url}/channels/${channel}/events`;
	const right = relay === secured ? bearer(token) : {};
	const name = JSON.stringify(headers);
	const note = (what: string, { status, text, headers }: RawAnswer) => {
		tally.tried++;
		const isRefusal = status === 403 && JSON.parse(text || '{}').code === 'origin-refused';
		if (!isRefusal) tally.others.set(status, (tally.others.get(status) ?? 0) + 1);
		const isShared = headers['access-control-allow-origin'] !== undefined;
		if ((status > 0 && status < 400) || isShared)
			tally.accepted.push(`${what} ${name}: ${status} ${text.slice(0, 80)}`);
		// Before our code runs, the engine answers so where a host makes no address.
		if (status >= 500 && text !== 'Internal Server Error')
			tally.accepted.push(`${what} ${name} is a fault: ${status} ${text.slice(0, 80)}`);
	};
	note('read', await requestRaw(url, { ...right, ...headers }));
	const body = JSON.stringify({ text: 'from a look-alike' });
	const post = { ...right, ...headers, 'content-type': 'text/plain' };
	note('publish', await requestRaw(url, post, { method: 'POST', body }));
	const preflight = { ...headers, 'access-control-request-method': 'POST' };
	note('preflight', await requestRaw(url, preflight, { method: 'OPTIONS' }));
	const { messages, end } = await talkRaw(url, headers, relay === secured ? { token } : {});
	tally.tried++;
	const isRefused = messages.length === 1 && messages[0]?.code === 'origin-refused' && end === 4403;
	if (!isRefused) tally.others.set(end, (tally.others.get(end) ?? 0) + 1);
	if (messages.some(({ code }) => code !== 'origin-refused') || (end === 0 && !isRefused))
		tally.accepted.push(`socket ${name}: ${end} ${JSON.stringify(messages).slice(0, 120)}`);
}

async function tryEach(relay: TestRelay, channel: string, all: Record<string, string>[]): Promise<Tally> {
	const tally: Tally = { tried: 0, accepted: [], others: new Map() };
	const left = [...all];
	const work = async () => {
		for (let one = left.pop(); one; one = left.pop()) await tryAll(relay, channel, one, tally);
	};
	await Promise.all(Array.from({ length: 8 }, work));
	return tally;
}

async function countEvents(relay: TestRelay, channel: string): Promise<number> {
	const headers = relay === secured ? bearer(token) : {};
	return (await ask(`${relay.url}/channels/${channel}/events?limit=0`, { headers })).body.last;
}

const say = (what: string, all: number, { tried, accepted, others }: Tally, stored: number) =>
	console.log(
		`${what}: ${all} look-alikes, ${tried} attempts, ${accepted.length} accepted, ${stored} events stored` +
			(others.size > 0 ? `; refused by the engine itself: ${JSON.stringify([...others])}` : ''),
	);

describe('look-alikes', () => {
	it.each([
		['[ORIG1] [ORIG3] of origins, of an open relay', () => open],
		['[ORIG2] [ORIG3] of origins, of a relay that asks for tokens and has a list', () => secured],
	])('%s', async (title, relayOf) => {
		const relay = relayOf();
		const channel = createChannelName('public');
		// workerd hands on no header whose name it knows and whose value is empty: to the relay there is no page then.
		const origins = ORIGINS.filter((origin) => origin !== '' || relay.engine?.name !== 'workerd');
		const tally = await tryEach(
			relay,
			channel,
			origins.map((origin) => ({ origin })),
		);
		const stored = await countEvents(relay, channel);
		say(title.replace(/^(\[\w+\] )+/, ''), origins.length, tally, stored);
		expect(tally.accepted).toEqual([]);
		expect(stored).toBe(0);
	});

	it('[ORIG1] of hosts, with an origin and without, of an open relay', async () => {
		const channel = createChannelName('public');
		const { port } = new URL(open.url);
		// No host at all no client of ours can send, and the one of the list is served.
		const hosts = HOSTS.filter((host) => host && host !== new URL(LISTED).host).map((host) =>
			host.replaceAll('PORT', port),
		);
		const all = hosts.flatMap((host) => [{ host }, { host, origin: `http://${host}` }, { host, origin: open.url }]);
		const tally = await tryEach(open, channel, all);
		const stored = await countEvents(open, channel);
		say('of hosts, of an open relay', all.length, tally, stored);
		expect(tally.accepted).toEqual([]);
		expect(stored).toBe(0);
	});

	it('[ENG3] of an origin without a value: none on workerd, another page on PartyKit', async () => {
		const read = await requestRaw(`${open.url}/channels/${createChannelName('public')}/events`, { origin: '' });
		expect(read.status).toBe(open.engine?.name === 'workerd' ? 200 : 403);
		expect(read.headers['access-control-allow-origin']).toBeUndefined();
	});

	it('[ENG3] of hosts that make no address: refused by the engine itself, and on PartyKit some by the relay', async () => {
		const read = async (host: string) => {
			const { status, text } = await requestRaw(`${open.url}/channels/${createChannelName('public')}/events`, { host });
			return `${status} ${text.startsWith('{') ? JSON.parse(text).code : text}`;
		};
		const ofEngine = '500 Internal Server Error';
		const isWorkerd = open.engine?.name === 'workerd';
		for (const host of ['localhost:evil', 'localhost:999999', '[::1'])
			expect(await read(host), host).toBe(isWorkerd ? ofEngine : '400 invalid-parameter');
		for (const host of ['localhost, evil.test', 'localhost%00']) expect(await read(host), host).toBe(ofEngine);
	});

	it('[ORIG2] of hosts whose page takes the relay for its own by http', async () => {
		const channel = createChannelName('public');
		const { port } = new URL(secured.url);
		const all = HOSTS.filter(Boolean)
			.map((host) => host.replaceAll('PORT', port))
			.map((host) => ({ host, origin: `http://${host}` }));
		const tally = await tryEach(secured, channel, all);
		const stored = await countEvents(secured, channel);
		say('of hosts with their own origin, with a list', all.length, tally, stored);
		expect(tally.accepted).toEqual([]);
		expect(stored).toBe(0);
	});
});

describe('a page that is served', () => {
	it('[ORIG1] [HTTP10] is one of this machine or of the list, and the relay is called by a name of this machine, an address or a listed one', async () => {
		const channel = createChannelName('public');
		const { port } = new URL(open.url);
		const right: Record<string, string>[] = [
			{},
			{ origin: 'http://localhost' },
			{ origin: 'https://app.localhost:8443' },
			{ origin: 'http://127.0.0.1:5173' },
			{ origin: 'http://[::1]:3000' },
			{ origin: LISTED },
			{ host: `localhost:${port}` },
			{ host: 'LOCALHOST' },
			{ host: `feed.localhost:${port}` },
			{ host: '127.9.9.9' },
			{ host: `[::1]:${port}`, origin: LISTED },
			{ host: '192.168.7.7:1999' },
			{ host: 'www.example.org' },
			{ host: 'www.example.org', origin: LISTED },
		];
		for (const [index, headers] of right.entries()) {
			const url = `${open.url}/channels/${channel}/events`;
			const read = await requestRaw(url, headers);
			expect([read.status, read.headers['access-control-allow-origin']], JSON.stringify(headers)).toEqual([
				200,
				headers.origin,
			]);
			expect(read.headers['access-control-allow-credentials']).toBeUndefined();
			const { messages } = await talkRaw(url, headers);
			expect(
				messages.map(({ type }) => type),
				JSON.stringify(headers),
			).toContain('welcome');
			await expect.poll(() => countEvents(open, channel)).toBe(index + 1);
		}
	});

	it('[ORIG2] [HTTP10] has no rights but those of its token, whatever cookies come with it', async () => {
		const url = `${secured.url}/channels/private/events`;
		const page = { origin: LISTED };
		expect((await requestRaw(url, page)).status).toBe(401);
		expect((await requestRaw(url, { ...page, cookie: `token=${token}; authorization=Bearer ${token}` })).status).toBe(
			401,
		);
		expect((await requestRaw(url, { ...page, ...bearer(token) })).status).toBe(200);
	});

	it('[ORIG3] of another origin reads why from a socket, and loads the script', async () => {
		const socket = await Conversation.open(open.url, 'a', { headers: { origin: 'https://evil.test' } });
		socket.send({ type: 'hello', protocol: 1 });
		expect((await socket.waitForClose()).code).toBe(4403);
		expect(socket.messages).toHaveLength(1);
		expect(socket.messages[0]).toMatchObject({ type: 'error', code: 'origin-refused', retryable: false });
		expect(socket.messages[0].message).toContain('https://evil.test');
		expect(socket.messages[0].message).toContain('LIVE_FEED_ORIGINS');
		const script = await requestRaw(`${open.url}/live-feed.js`, { origin: 'https://evil.test' });
		expect(script.headers['access-control-allow-origin'] ?? script.status).toBe(script.status === 200 ? '*' : 404);
	});
});
