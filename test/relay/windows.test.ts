// Subscribers that are slow, that stop, that confirm nothing: on relays of our own, since they are set to little patience.
// Where the engine says what it holds for a socket, this decides; elsewhere what the subscriber confirms.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	MAX_BACKLOG_BYTES,
	MAX_OUTSTANDING_BYTES,
	MAX_PAGE_BYTES,
	SEEN_BYTES,
	WINDOW_BYTES,
} from '../../relay/protocol/limits.ts';
import { chooseEngine } from '../../relay/run/engine.ts';
import { until } from '../faults/scenario.ts';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const TEXT = 'x'.repeat(8000);
/** Each has the event in it, and so many fit beside a full window. */
const ANSWERS = 28;
const SILENT = { confirms: false };
/** What is sent takes room in full, and the kernel's buffers take 2 to 6 MB of it for each socket. */
const PLAIN = { confirms: false, compresses: false };

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Publishes so many events of 8 kB, in commits of some 64 kB. */
async function publish(relay: TestRelay, channel: string, count: number): Promise<void> {
	for (let done = 0; done < count; done += 50) {
		const response = await fetch(`${relay.url}/channels/${channel}/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(range(1, Math.min(count - done, 50)).map(() => ({ text: TEXT }))),
		});
		expect(response.status).toBe(201);
	}
}

let patient: TestRelay;
let hasty: TestRelay;
let full: TestRelay;
let asked: TestRelay;

beforeAll(async () => {
	[patient, hasty, full, asked] = await Promise.all([
		startRelay({ vars: {} }),
		startRelay({ vars: { LIVE_FEED_STALL_TIMEOUT: '1' } }),
		startRelay({ vars: {} }),
		startRelay({ vars: {} }),
	]);
});

afterAll(async () => {
	await Promise.all([patient, hasty, full, asked].map((relay) => relay?.stop()));
});

interface Status {
	backlogBytes: number;
	refusals: Record<string, number>;
}

async function readStatus({ url }: TestRelay): Promise<Status> {
	return (await (await fetch(`${url}/status`, { headers: { accept: 'application/json' } })).json()) as Status;
}

/** Asks for answers of 8 kB each: the error of a change shows the event as it is. */
function ask({ socket }: Conversation, target: string, times: number): void {
	const draft = { target, text: 'a', ifMatch: 999_999 };
	for (const ref of range(1, times)) socket.send(JSON.stringify({ type: 'publish', ref, draft }));
}

/** Confirmations, where the engine does not say what it holds. */
function testConfirmed(): void {
	it('[WIN1] [WIN2] [SEAM2] who confirms nothing gets a window, and the rest as he confirms; the others get all', async ({
		expect,
	}) => {
		const channel = createChannelName('window');
		const reader = await Conversation.join(patient.url, channel);
		const silent = await Conversation.join(patient.url, channel, {}, SILENT);
		await publish(patient, channel, 200);
		await reader.until(() => reader.seqs.length === 200, 'all events');
		await silent.ping();
		expect(silent.bytes).toBeGreaterThan(WINDOW_BYTES);
		expect(silent.bytes).toBeLessThan(WINDOW_BYTES + 100_000);
		while (silent.seqs.length < 200) {
			const before = silent.bytes;
			silent.confirm();
			await silent.until(() => silent.bytes > before, 'what comes next');
		}
		silent.confirm();
		await silent.ping();
		await publish(patient, channel, 1);
		await silent.until(() => silent.seqs.length === 201, 'the live one');
		expect(silent.seqs).toEqual(range(1, 201));
		expect(reader.seqs.slice(0, 200)).toEqual(range(1, 200));
	});

	it('[WIN3] who keeps asking and confirms nothing is closed beyond 1 MiB of answers', async ({ expect }) => {
		const { url } = patient;
		const channel = createChannelName('asking');
		// With a hello, for which nobody has longer than 10 s; a slow machine takes more for the rest.
		const asking = await Conversation.join(url, channel, { history: 0 }, SILENT);
		const confirming = await Conversation.join(url, channel, { history: 0 });
		for (let round = 0; round < 15; round++) {
			for (let index = 0; index < 1000; index++) {
				asking.send('{"type":"what"}');
				confirming.send('{"type":"what"}');
			}
			await confirming.ping(); // whoever asks ahead of his answers cannot confirm them
		}
		expect(await asking.waitForClose()).toMatchObject({ code: 4429 });
		expect(asking.messages.at(-1)).toMatchObject({ type: 'error', code: 'too-slow', retryable: true });
		expect(asking.bytes).toBeGreaterThan(MAX_BACKLOG_BYTES);
		expect(asking.bytes).toBeLessThan(MAX_BACKLOG_BYTES + 10_000);
		expect(confirming.bytes).toBeGreaterThan(MAX_BACKLOG_BYTES);
		expect(confirming.closed).toBeUndefined();
	});

	it('[WIN4] [PUB5] who stops reading is closed after his time, and is complete once he comes back', async ({
		expect,
	}) => {
		const channel = createChannelName('stopped');
		const reader = await Conversation.join(hasty.url, channel);
		const stopped = await Conversation.join(hasty.url, channel);
		stopped.socket.pause();
		await publish(hasty, channel, 100);
		await reader.until(() => reader.seqs.length === 100, 'all events');
		// A second later he is closed, of which he hears when he reads on.
		const watcher = await Conversation.join(hasty.url, channel, { history: 100 }, SILENT);
		expect(await watcher.waitForClose()).toMatchObject({ code: 4429 });
		stopped.socket.resume();
		expect(await stopped.waitForClose()).toMatchObject({ code: 4429 });
		expect(stopped.messages.at(-1)?.message).toContain('{"type":"seen","bytes":N}');
		const position = `${stopped.events.at(-1)?.id}`;
		const again = await Conversation.join(hasty.url, channel, { position });
		await again.until(() => again.seqs.at(-1) === 100, 'what he missed');
		expect([...stopped.seqs, ...again.seqs]).toEqual(range(1, 100));
		await reader.ping();
		expect(reader.closed).toBeUndefined();
	});

	it('[WIN5] windows of all rooms have one bound: then a hello is refused, until what is outstanding is seen or gone', async ({
		expect,
	}) => {
		const { url } = full;
		const channel = createChannelName('full');
		await publish(full, channel, 40);
		const silent: Conversation[] = [];
		let refused: Message;
		while (!refused && silent.length < 1000) {
			const some = await Promise.all(range(1, 20).map(() => Conversation.open(url, channel, SILENT)));
			for (const viewer of some) viewer.send({ type: 'hello', protocol: 1, history: 1000 });
			await Promise.all(
				some.map((viewer) => viewer.until(() => viewer.seqs.length >= 30 || !!viewer.closed, 'history')),
			);
			refused = some.flatMap(({ messages }) => messages).find(({ type }) => type === 'error');
			silent.push(...some.filter(({ closed }) => closed === undefined));
		}
		expect(refused).toMatchObject({ code: 'relay-full', retryable: true });
		const outstanding = silent.reduce((sum, { bytes }) => sum + bytes, 0);
		expect(outstanding).toBeGreaterThan(64 * 1024 * 1024);
		expect(outstanding).toBeLessThan(128 * 1024 * 1024);
		const other = createChannelName('other'); // another room of the same process
		const late = await Conversation.open(url, other);
		late.send({ type: 'hello', protocol: 1 });
		expect((await late.waitForClose()).code).toBe(4529);
		// A small window while so much is outstanding: those who are there are served all the same.
		const [first, ...others] = silent;
		for (const viewer of others) viewer.socket.terminate();
		first?.confirm();
		await first?.until(() => first.seqs.length === 40, 'the rest');
		await expect
			.poll(async () => {
				const viewer = await Conversation.open(url, other);
				viewer.send({ type: 'hello', protocol: 1 });
				await viewer.until(() => viewer.messages.length > 0, 'an answer');
				viewer.socket.terminate();
				return viewer.messages[0]?.type;
			})
			.toBe('welcome');
	});
}

/** The engine says what it holds. */
function testHeld(): void {
	it('[WIN1] [WIN7] that reads and confirms nothing is sent everything', async ({ expect }) => {
		const channel = createChannelName('reads');
		const silent = await Conversation.join(patient.url, channel, {}, PLAIN);
		await publish(patient, channel, 2000);
		await silent.until(() => silent.seqs.length === 2000, 'all events');
		expect(silent.bytes).toBeGreaterThan(16_000_000);
		expect(silent.seqs).toEqual(range(1, 2000));
		silent.send({ type: 'seen', bytes: 1 });
		silent.send({ type: 'seen', bytes: Number.MAX_SAFE_INTEGER });
		await silent.ping();
		expect(silent.closed).toBeUndefined();
		await expect.poll(async () => (await readStatus(patient)).backlogBytes).toBe(0);
	});

	it('[WIN2] [WIN4] [WIN7] [SEAM2] [PUB5] that stops reading is bounded, closed after its time, and complete once it comes back', async ({
		expect,
	}) => {
		const channel = createChannelName('stopped');
		const reader = await Conversation.join(hasty.url, channel, {}, PLAIN);
		const stopped = await Conversation.join(hasty.url, channel, {}, PLAIN);
		stopped.socket.pause();
		let count = 0;
		let most = 0;
		let status: Status;
		do {
			await publish(hasty, channel, 50);
			count += 50;
			// A claim changes nothing.
			stopped.send({ type: 'seen', bytes: count * TEXT.length });
			status = await readStatus(hasty);
			most = Math.max(most, status.backlogBytes);
		} while (!status.refusals['too-slow'] && count < 10_000);
		expect(status.refusals['too-slow']).toBe(1);
		expect(most).toBeGreaterThan(WINDOW_BYTES - SEEN_BYTES);
		expect(most).toBeLessThan(WINDOW_BYTES + MAX_PAGE_BYTES + 100_000);
		await reader.until(() => reader.seqs.length === count, 'all events');
		expect(reader.closed).toBeUndefined();
		stopped.socket.resume();
		expect(await stopped.waitForClose()).toMatchObject({ code: 4429 });
		expect(stopped.messages.at(-1)).toMatchObject({ type: 'error', code: 'too-slow', retryable: true });
		expect(stopped.messages.at(-1)?.message).toContain('was not read');
		expect(stopped.seqs.length).toBeLessThan(count);
		const position = `${stopped.events.at(-1)?.id}`;
		const again = await Conversation.join(hasty.url, channel, { position }, PLAIN);
		await again.until(() => again.seqs.at(-1) === count, 'what it missed');
		expect([...stopped.seqs, ...again.seqs]).toEqual(range(1, count));
		await expect.poll(async () => (await readStatus(hasty)).backlogBytes).toBe(0);
	});

	it('[WIN2] [WIN7] [SEAM2] that stops for less than its time goes on where it was, without a confirmation', async ({
		expect,
	}) => {
		const channel = createChannelName('pauses');
		const slow = await Conversation.join(patient.url, channel, {}, PLAIN);
		slow.socket.pause();
		await publish(patient, channel, 1500);
		slow.socket.resume();
		await slow.until(() => slow.seqs.length === 1500, 'all events');
		await publish(patient, channel, 1);
		await slow.until(() => slow.seqs.length === 1501, 'the live one');
		expect(slow.seqs).toEqual(range(1, 1501));
	});

	it('[WIN3] [WIN7] that keeps asking and reads nothing is closed beyond 1 MiB of answers', async ({ expect }) => {
		const { url } = asked;
		const channel = createChannelName('asking');
		await publish(asked, channel, 1);
		const reading = await Conversation.join(url, channel, {}, PLAIN);
		await reading.until(() => reading.seqs.length === 1, 'the event');
		const target = reading.events[0].id;
		const asking = await Conversation.join(url, channel, { history: 0 }, PLAIN);
		asking.socket.pause();
		let answers = 0;
		let status: Status;
		do {
			ask(asking, target, 50);
			ask(reading, target, 50);
			answers += 50;
			await reading.until(() => reading.messages.filter(({ type }) => type === 'error').length === answers, 'answers');
			status = await readStatus(asked);
			expect(status.backlogBytes).toBeLessThan(MAX_BACKLOG_BYTES + 100_000);
		} while (!status.refusals['too-slow'] && answers < 10_000);
		expect(status.refusals['too-slow']).toBe(1);
		asking.socket.resume();
		expect(await asking.waitForClose()).toMatchObject({ code: 4429 });
		expect(asking.messages.at(-1)).toMatchObject({ type: 'error', code: 'too-slow', retryable: true });
		expect(asking.bytes).toBeGreaterThan(MAX_BACKLOG_BYTES);
		expect(reading.closed).toBeUndefined();
	});

	it('[WIN5] [WIN7] windows of all rooms have one bound: then a hello is refused, until what is held is read or gone', async ({
		expect,
	}) => {
		const { url } = full;
		const channel = createChannelName('full');
		await publish(full, channel, 1000);
		const [{ id: target }] = (await (await fetch(`${url}/channels/${channel}/events?limit=1`)).json()).events;
		const hello = { type: 'hello', protocol: 1, position: target.replace(/:.*/, ':0') };
		const stopped: Conversation[] = [];
		const other = createChannelName('other'); // another room of the same process
		const read = async () => (await readStatus(full)).backlogBytes;
		let late: Conversation | undefined;
		for (let bytes = 0; late === undefined && stopped.length < 300; ) {
			const some = await Promise.all(range(1, 10).map(() => Conversation.open(url, channel, PLAIN)));
			for (const { socket } of some) {
				socket.pause();
				socket.send(JSON.stringify(hello));
			}
			stopped.push(...some);
			// The window of each is full; it is a small one once half of all is held.
			const share = bytes < MAX_OUTSTANDING_BYTES / 2 ? 0.7 * some.length * WINDOW_BYTES : 0;
			await until(async () => (await read()) >= Math.min(bytes + share, MAX_OUTSTANDING_BYTES / 2), 10_000);
			bytes = await read();
			// Answers fill a window that is full: below 1 MiB, so that it stays.
			for (const viewer of some) ask(viewer, target, ANSWERS);
			const answered = Math.min(bytes + 0.5 * some.length * ANSWERS * TEXT.length, MAX_OUTSTANDING_BYTES + 1);
			await until(async () => (await read()) >= answered, 5000);
			bytes = await read();
			if (bytes < 0.9 * MAX_OUTSTANDING_BYTES) continue;
			// The kernel takes some of what is held as time goes by: more is asked for, and looked for at once.
			for (const viewer of stopped.slice(1)) ask(viewer, target, 6);
			await until(async () => (await read()) > MAX_OUTSTANDING_BYTES, 2000);
			expect(await read()).toBeLessThan(MAX_OUTSTANDING_BYTES + 32 * 1024 * 1024);
			const asking = await Conversation.open(url, other);
			asking.send({ type: 'hello', protocol: 1 });
			await asking.until(() => asking.messages.length > 0, 'an answer');
			// There may be room again by then.
			if (asking.messages[0]?.type === 'error') late = asking;
			else asking.socket.terminate();
		}
		expect(late?.messages).toMatchObject([{ code: 'relay-full', retryable: true }]);
		expect((await late?.waitForClose())?.code).toBe(4529);
		// A small window while so much is held: one that reads again is served all the same.
		const [first, ...others] = stopped;
		first?.socket.resume();
		await first?.until(() => first.seqs.length === 1000, 'the rest');
		for (const viewer of others) viewer.socket.terminate();
		await expect.poll(async () => (await readStatus(full)).backlogBytes).toBe(0);
		const viewer = await Conversation.join(url, other);
		expect(viewer.closed).toBeUndefined();
	});
}

describe.concurrent('a viewer', chooseEngine() === 'workerd' ? testHeld : testConfirmed);
