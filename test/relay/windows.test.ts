// Viewers who are slow, who stop, who say nothing: on relays of our own, since they are set to little patience.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_BACKLOG_BYTES, WINDOW_BYTES } from '../../relay/protocol/limits.ts';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const TEXT = 'x'.repeat(8000);
const SILENT = { confirms: false };

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

describe.concurrent('a viewer', () => {
	let patient: TestRelay;
	let hasty: TestRelay;
	let full: TestRelay;

	beforeAll(async () => {
		[patient, hasty, full] = await Promise.all([
			startRelay({ vars: {} }),
			startRelay({ vars: { LIVE_FEED_STALL_TIMEOUT: '1' } }),
			startRelay({ vars: {} }),
		]);
	});

	afterAll(async () => {
		await Promise.all([patient, hasty, full].map((relay) => relay?.stop()));
	});

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
});
