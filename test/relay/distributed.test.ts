// A relay whose edge, channels and collecting object share no memory: what belongs to the whole relay is right all the same.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { formatDistributed } from '../support/distributed-config.ts';
import { findTestProgram } from '../support/program-under-test.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';

/** A report may be this late, ms; with what a slow machine adds. */
const LATE = { timeout: patience(45_000), interval: 200 };
const CONNECTIONS = 6;
const PER_ADDRESS = 3;
const NEW_CHANNELS = 8;
const ADDRESS = 'x-forwarded-for';

let relay: TestRelay;

beforeAll(async () => {
	const program = await findTestProgram(undefined, 'workerd');
	relay = await startRelay({
		program: { ...program, format: formatDistributed } as typeof program,
		vars: {
			LIVE_FEED_ADDRESS_HEADER: ADDRESS,
			LIVE_FEED_MAX_CONNECTIONS: String(CONNECTIONS),
			LIVE_FEED_MAX_CONNECTIONS_PER_ADDRESS: String(PER_ADDRESS),
			LIVE_FEED_MAX_NEW_CHANNELS: String(NEW_CHANNELS),
		},
	});
});
afterAll(() => relay?.stop());

interface Status {
	[name: string]: number | string;
}

const from = (address: string) => ({ headers: { [ADDRESS]: address } });
const readStatus = async () =>
	(await (await fetch(`${relay.url}/status`, { headers: { accept: 'application/json' } })).json()) as Status;

it('[DIST1] counts connections, events, receipts and channels of all channels', async () => {
	const [one, other] = [createChannelName('one'), createChannelName('other')];
	const sockets = [
		await Conversation.join(relay.url, one, {}, from('192.0.2.1')),
		await Conversation.join(relay.url, one, {}, from('192.0.2.2')),
		await Conversation.join(relay.url, other, {}, from('192.0.2.3')),
	];
	for (const channel of [one, other, other])
		await fetch(`${relay.url}/channels/${channel}/events`, { method: 'POST', body: 'counted', ...from('192.0.2.9') });
	await expect
		.poll(readStatus, LATE)
		.toMatchObject({ channels: 2, viewerCount: 3, events: 3, receipts: 3, backlogBytes: expect.any(Number) });
	for (const socket of sockets) await socket.close();
	await expect.poll(readStatus, LATE).toMatchObject({ channels: 0, viewerCount: 0, events: 3 });
});

it('[DIST2] [QUOTA3] holds the limits of an address and of the whole relay over all channels', async () => {
	const rooms = [createChannelName('a'), createChannelName('b')];
	const sockets: Conversation[] = [];
	for (const address of ['198.51.100.1', '198.51.100.1', '198.51.100.1'])
		sockets.push(await Conversation.join(relay.url, rooms[0] ?? '', {}, from(address)));
	const refuse = async (address: string) => {
		const socket = await Conversation.open(relay.url, rooms[1] ?? '', from(address));
		socket.send({ type: 'hello', protocol: 1 });
		await socket.until(() => socket.messages.length > 0, 'an answer');
		const { type, code } = socket.messages[0] ?? {};
		await socket.close();
		return code ?? type;
	};
	// A channel learns of an address elsewhere with its first report of it, so the first socket is taken.
	sockets.push(await Conversation.join(relay.url, rooms[1] ?? '', {}, from('198.51.100.1')));
	await expect.poll(() => refuse('198.51.100.1'), LATE).toBe('relay-full');
	expect(await refuse('198.51.100.2')).toBe('welcome');
	for (const address of ['198.51.100.3', '198.51.100.4'])
		sockets.push(await Conversation.join(relay.url, rooms[0] ?? '', {}, from(address)));
	await expect.poll(() => refuse('198.51.100.6'), LATE).toBe('relay-full');
	for (const socket of sockets) await socket.close();
});

it('[DIST2] [QUOTA2] holds the limit of new channels at once, and through the sleep of the object that is asked', async () => {
	const read = async () =>
		(await fetch(`${relay.url}/channels/${createChannelName('new')}/events`, from('203.0.113.1'))).status;
	const statuses: number[] = [];
	for (let n = 0; n < NEW_CHANNELS + 3; n++) statuses.push(await read());
	expect(statuses.slice(0, NEW_CHANNELS)).toEqual(Array(NEW_CHANNELS).fill(200));
	expect(statuses.slice(NEW_CHANNELS)).toEqual([429, 429, 429]);
	const began = Date.now();
	await delay(15_000); // it sleeps by then
	const later: number[] = [];
	for (let n = 0; n < NEW_CHANNELS; n++) later.push(await read());
	const allowed = Math.ceil(((Date.now() - began) / 60_000) * NEW_CHANNELS);
	expect(later.filter((status) => status === 200).length).toBeLessThanOrEqual(allowed);
});

it('[DIST3] [AWAY1] tells everybody of a restart', async () => {
	const socket = await Conversation.join(relay.url, createChannelName('told'), {}, from('192.0.2.77'));
	await expect.poll(readStatus, LATE).toMatchObject({ viewerCount: 1 });
	await relay.engine?.restart();
	expect(await socket.next('goaway')).toMatchObject({ type: 'goaway' });
	expect((await socket.waitForClose()).code).toBe(1012);
});
