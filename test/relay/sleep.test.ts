// What a relay keeps in its sleep. All that waits for it is in this file, and waits at once.
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WINDOW_BYTES } from '../../relay/protocol/limits.ts';
import { chooseEngine } from '../../relay/run/engine.ts';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { createPerson, greet, HEADER, join, type Person, publish, read, refusal } from '../support/person.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { SECRET } from '../support/tokens.ts';

const UNGREETED = 4;
/** Few and slow to come again, so that a sleep does not fill them. */
const SLOW_PUBLISHES = 20;
const TEXT = 'x'.repeat(8000);

/** Does the engine say what it holds for a socket? Elsewhere what a reader does not confirm counts. */
const isHeld = chooseEngine() === 'workerd';

let small: TestRelay;
let slow: TestRelay;
let sleeper: TestRelay;
let patient: TestRelay;
beforeAll(async () => {
	const secured = { LIVE_FEED_SECRET: SECRET, LIVE_FEED_ADDRESS_HEADER: HEADER };
	[small, slow, sleeper, patient] = await Promise.all([
		startRelay({ vars: { ...secured, LIVE_FEED_MAX_UNGREETED: String(UNGREETED) } }),
		startRelay({ vars: { ...secured, LIVE_FEED_MAX_PUBLISHES: String(SLOW_PUBLISHES) } }),
		startRelay({ vars: {} }),
		startRelay({ vars: {} }),
	]);
});
afterAll(async () => {
	await Promise.all([small, slow, sleeper, patient].map((one) => one?.stop()));
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function post(relay: TestRelay, channel: string, drafts: unknown[]): Promise<void> {
	const { status } = await fetch(`${relay.url}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(drafts),
	});
	expect(status).toBe(201);
}

/** Only silence lets a room sleep, so it is asked seldom: a pong without a position is of one that has just woken. */
async function sleep(viewer: Conversation): Promise<void> {
	let pong: Message;
	do {
		await delay(15_000);
		pong = await viewer.ping();
	} while (pong.position !== undefined);
}

async function canJoin(relay: TestRelay, channel: string, person: Person): Promise<boolean> {
	const socket = await greet(relay, channel, person);
	await socket.close();
	return socket.messages[0].type === 'welcome';
}

/** A socket that says nothing, reads nothing and never closes. */
function openSilently(url: string, channel: string): Promise<net.Socket> {
	const { hostname, port, host } = new URL(url);
	return new Promise((resolve, reject) => {
		const socket = net.connect(Number(port), hostname, () => {
			socket.write(
				`GET /channels/${channel}/events HTTP/1.1\r\nhost: ${host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
					'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
			);
		});
		socket.once('error', reject);
		socket.once('data', (head) => {
			socket.pause();
			socket.on('error', () => {}); // it is destroyed later on
			if (String(head).startsWith('HTTP/1.1 101')) resolve(socket);
			else reject(new Error(String(head).split('\r\n')[0]));
		});
	});
}

describe.concurrent('a relay that sleeps', () => {
	it('[QUOTA3] [QUOTA4] [HELLO1] without a hello are so many; those that never end are not counted for ever', async ({
		expect,
	}) => {
		const channel = createChannelName('silent');
		const ada = await createPerson();
		const silent = await Promise.all(range(1, UNGREETED).map(() => openSilently(small.url, channel)));
		const [error, close] = await refusal(small, channel, ada);
		expect([error.code, close]).toEqual(['relay-full', 4529]);
		// They are told after 10 s, do not answer the close, and go away only when their room has long slept.
		await expect.poll(() => canJoin(small, createChannelName('silent'), ada), { interval: 500 }).toBe(true);
		await delay(15_000);
		for (const socket of silent) socket.destroy();
		for (const _ of range(1, 3)) expect(await canJoin(small, channel, ada)).toBe(true);
		const again = await Promise.all(range(1, UNGREETED - 1).map(() => openSilently(small.url, channel)));
		expect(await canJoin(small, channel, ada)).toBe(true);
		for (const socket of again) socket.destroy();
	});

	it('[QUOTA4] [SLEEP1] what was used counts on after the sleep of a channel, on the same connection and on another', async ({
		expect,
	}) => {
		const channel = createChannelName('sleep');
		const ada = await createPerson();
		const start = Date.now();
		/** No more than was there at first and has come again since. */
		const allowed = () => SLOW_PUBLISHES + ((Date.now() - start) / 60_000) * SLOW_PUBLISHES;
		const socket = await join(slow, channel, ada);
		let ref = 0;
		const flood = async (conversation: Conversation) => {
			const from = conversation.messages.length;
			for (let n = 0; n < 3 * SLOW_PUBLISHES; n++)
				conversation.send({ type: 'publish', ref: ++ref, draft: { text: 'a' } });
			await conversation.ping();
			await conversation.until(
				() => conversation.messages.slice(from).some(({ type }) => type === 'error'),
				'a refusal',
			);
			const errors = conversation.messages.slice(from).filter(({ type }) => type === 'error');
			expect(errors[0]).toMatchObject({ code: 'rate-limited' });
		};
		await flood(socket);
		await sleep(socket);
		await flood(socket);
		const another = await join(slow, channel, ada);
		await flood(another);
		const { body } = await publish(
			slow,
			createChannelName('sleep'),
			ada,
			range(1, SLOW_PUBLISHES).map(() => ({ text: 'a' })),
		);
		const elsewhere = (body.events as Message[]).filter(({ error }) => !error).length;
		const page = await read(slow, channel, ada, '?limit=0');
		expect(page.body.last).toBeGreaterThanOrEqual(SLOW_PUBLISHES);
		expect(page.body.last + elsewhere).toBeLessThanOrEqual(allowed());
		await socket.close();
		await another.close();
	});

	it('[SLEEP1] [SLEEP2] [PING2] [AWAY1] still has its viewers, their filters and where they are', async ({
		expect,
	}) => {
		const channel = createChannelName('sleep');
		await post(sleeper, channel, [{ type: 'a' }, { type: 'b' }, { type: 'b' }]);
		const all = await Conversation.join(sleeper.url, channel);
		const filtered = await Conversation.join(sleeper.url, channel, { types: ['a'] });
		const silent = await Conversation.join(sleeper.url, createChannelName('silent'));
		await Promise.all([all.ping(), filtered.ping(), silent.ping()]);
		await sleep(all);
		// Whoever wakes it asks for the others too.
		expect((await filtered.next('pong')).position).toBeUndefined();
		await post(sleeper, channel, [{ type: 'b' }, { type: 'a' }]);
		filtered.send({ type: 'publish', ref: 1, draft: { type: 'a' } });
		expect((await filtered.next('receipts')).receipts).toMatchObject([{ ref: 1, seq: 6 }]);
		await all.until(() => all.seqs.includes(6), 'what was published after the sleep');
		await filtered.until(() => filtered.seqs.includes(6), 'the same');
		expect(all.seqs).toEqual(range(1, 6));
		expect(filtered.seqs).toEqual([1, 5, 6]);
		for (const viewer of [all, filtered]) {
			let covered = 0;
			for (const { from, to } of viewer.messages.filter(({ type }) => type === 'entries')) {
				expect(from).toBeLessThanOrEqual(covered + 1);
				covered = to;
			}
			expect((await viewer.ping()).position).toMatch(/:6$/);
		}
		// Nobody has asked the third one for anything for longer than that.
		await sleeper.engine?.stop();
		for (const viewer of [all, filtered, silent]) {
			expect(await viewer.next('goaway')).toEqual({ type: 'goaway', returnMs: 1000 });
			expect((await viewer.waitForClose()).code).toBe(1012);
		}
	});

	it('[PING3] [SLEEP1] sleeps through pings that its engine answers, and wakes for one that asks for the position', async ({
		expect,
	}) => {
		const channel = createChannelName('pinged');
		await post(patient, channel, [{ text: 'a' }]);
		const viewer = await Conversation.join(patient.url, channel);
		expect((await viewer.ping()).position).toMatch(/:1$/);
		for (let n = 0; n < 8; n++) {
			await delay(2000);
			viewer.send('{"type":"ping"}');
			const pong = await viewer.next('pong');
			expect(pong.position !== undefined).toBe(!isHeld);
		}
		// Where the relay answered, it was awake all the time.
		expect((await viewer.ping()).position !== undefined).toBe(!isHeld);
		await post(patient, channel, [{ text: 'b' }]);
		await viewer.until(() => viewer.seqs.length === 2, 'what was published after it');
	});

	it('[WIN6] whose window is partly taken when it falls asleep has what is left of it after that', async ({
		expect,
	}) => {
		const channel = createChannelName('asleep');
		const drafts = range(1, 50).map(() => ({ text: TEXT }));
		const silent = await Conversation.join(patient.url, channel, {}, { confirms: false, compresses: false });
		const other = await Conversation.join(patient.url, channel);
		await post(patient, channel, drafts);
		await silent.until(() => silent.seqs.length === 50, 'all events');
		await other.until(() => other.seqs.length === 50, 'all events');
		await sleep(other);
		await silent.next('pong');
		await post(patient, channel, drafts);
		await other.until(() => other.seqs.length === 100, 'what came after the sleep');
		await silent.ping();
		if (isHeld) {
			// It has read all, so nothing of its window is taken, and nothing of the backlog.
			await silent.until(() => silent.seqs.length === 100, 'the rest');
			const status = await fetch(`${patient.url}/status`, { headers: { accept: 'application/json' } });
			expect(await status.json()).toMatchObject({ backlogBytes: 0 });
		} else {
			expect(silent.seqs.length).toBeGreaterThan(50);
			expect(silent.bytes).toBeLessThan(WINDOW_BYTES + 100_000);
			expect(silent.seqs.length).toBeLessThan(100);
			silent.confirm();
		}
		await silent.until(() => silent.seqs.length === 100, 'the rest');
		expect(silent.seqs).toEqual(range(1, 100));
	});

	// Beyond 128 KiB the channel stays awake for it, and what the kernel holds is not counted: of this much a sleep is possible.
	it('[WIN6] who reads nothing through the sleep has all of it when he reads on', async ({ expect }) => {
		const channel = createChannelName('unread');
		const stopped = await Conversation.join(patient.url, channel, {}, { confirms: false, compresses: false });
		const other = await Conversation.join(patient.url, channel);
		stopped.socket.pause();
		await post(
			patient,
			channel,
			range(1, 50).map(() => ({ text: TEXT })),
		);
		await other.until(() => other.seqs.length === 50, 'all events');
		await sleep(other);
		await post(patient, channel, [{ text: 'after it' }]);
		await other.until(() => other.seqs.length === 51, 'what came after the sleep');
		stopped.socket.resume();
		await stopped.until(() => stopped.seqs.length === 51, 'all of it');
		expect(stopped.seqs).toEqual(range(1, 51));
	});
});
