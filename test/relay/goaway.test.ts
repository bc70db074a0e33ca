// What clients are told before a planned stop. These need a relay of our own, also where RELAY names another.
import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { parseEventStream, TextStream } from '../support/text-stream.ts';

let relay: TestRelay;
const lines: string[] = [];

beforeAll(async () => {
	relay = await startRelay({ vars: {}, log: (line) => lines.push(line) });
});
afterAll(async () => {
	await relay?.stop();
});

const address = (channel: string, query = '') => `${relay.url}/channels/${channel}/events${query}`;
const open = (channel: string, accept: string) => TextStream.open(address(channel), accept);

it('[AWAY1] [AWAY2] all who are connected are told of a restart, in every channel and form, and then cut off', async () => {
	const [one, other] = [createChannelName('one'), createChannelName('other')];
	await fetch(address(one), { method: 'POST', body: 'before' });
	const sockets = [await Conversation.join(relay.url, one), await Conversation.join(relay.url, other)];
	sockets.push(await Conversation.open(relay.url, createChannelName('silent')));
	const [sse, ndjson, text] = [
		await open(one, 'text/event-stream'),
		await open(one, 'application/x-ndjson'),
		await open(one, 'text/plain'),
	];
	for (const stream of [sse, ndjson, text]) await stream.until((so) => so.includes('before'), 'history');
	const waiting = fetch(address(other, '?wait=30')).then((response) => response.json() as Promise<Message>);
	for (let asked = 0; asked < 5; asked++) await fetch(address(other)); // the one before is there by then
	await relay.engine?.restart();
	for (const socket of sockets) {
		expect(await socket.next('goaway')).toEqual({ type: 'goaway', returnMs: 1000 });
		expect(await socket.waitForClose()).toEqual({ code: 1012, reason: 'The relay is restarting.' });
	}
	for (const stream of [sse, ndjson, text]) {
		await stream.until(() => stream.isOver, 'its end').catch(() => {}); // it says so where it has ended instead
	}
	expect(parseEventStream(sse.text).events.at(-1)).toMatchObject({ type: 'goaway', data: '{"returnMs":1000}' });
	expect(ndjson.text.endsWith('\n{"goaway":{"returnMs":1000}}\n')).toBe(true);
	expect(text.text).toMatch(/\n-- the relay is restarting; after=\w+:1 goes on from here --\n$/);
	expect(await waiting).toMatchObject({ epoch: '-', events: [], next: '-:0', returnMs: 1000 });
	const again = await Conversation.join(relay.url, one, { position: '-:0' });
	await again.until(() => again.seqs.includes(1), 'what was stored before');
	await again.close();
});

it('[AWAY3] nobody else can make it say so, and its secret is in no line that it prints', async () => {
	const socket = await Conversation.join(relay.url, createChannelName('kept'));
	for (const authorization of ['Bearer x', 'Bearer undefined', '']) {
		const response = await fetch(`${relay.url}/control/goaway`, { method: 'POST', headers: { authorization } });
		expect(response.status).toBe(404);
	}
	await socket.ping();
	expect(socket.closed).toBeUndefined();
	expect(lines.filter((line) => /LIVE_FEED_CONTROL|[0-9a-f]{48}/.test(line))).toEqual([]);
	await socket.close();
});

it('[AWAY3] a relay that hangs is stopped without it', async () => {
	const engine = relay.engine;
	if (!engine) throw new Error('a relay of our own has an engine');
	process.kill(engine.enginePid, 'SIGSTOP');
	await engine.restart();
	expect((await fetch(`${relay.url}/health`)).status).toBe(200);
});
