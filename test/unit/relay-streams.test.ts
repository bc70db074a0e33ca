// Streams of text: what each form writes, and that a reader who does not read is not written to.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamKind } from '../../relay/http/streams.ts';
import { NDJSON, openStream, SSE, TEXT } from '../../relay/http/streams.ts';
import { formatLine } from '../../relay/protocol/line.ts';
import { createTestChannel, settle, type TestChannel } from '../support/channel.ts';

// A pipe with the back-pressure that the engine's IdentityTransformStream has.
const createPipe = () =>
	new TransformStream<Uint8Array, Uint8Array>(
		{},
		{ highWaterMark: 65_536, size: (chunk) => chunk.length },
		{ highWaterMark: 0 },
	);

async function stream(
	test: TestChannel,
	kind: StreamKind,
	start: Parameters<TestChannel['channel']['begin']>[0],
	types: string[] = [],
) {
	const filter = test.channel.takeFilter({ types });
	if (!filter) throw new Error('no filter');
	const begin = await test.channel.begin(start, filter);
	const reader = openStream(
		test.channel,
		kind,
		filter,
		{ begin, own: { can: [] }, isFresh: start.position === undefined, isPlain: false },
		{
			createPipe,
			enter: () => {},
			leave: () => {},
			isOver: () => false,
			replayed: () => {},
			sent: () => {},
		},
	).getReader();
	const decoder = new TextDecoder();
	let text = '';
	return {
		reader,
		/** Everything up to and with `end`. */
		async readTo(end: string): Promise<string> {
			while (!text.includes(end)) {
				const { done, value } = await reader.read();
				if (done) throw new Error(`the stream ended after ${text}`);
				text += decoder.decode(value, { stream: true });
			}
			return text;
		},
	};
}

describe('forms', () => {
	it('[SSE1] an id comes first, then each event with its id', async () => {
		const test = await createTestChannel();
		test.publish([{ text: 'a' }, { text: 'b' }]);
		await test.drainAll();
		const { readTo } = await stream(test, SSE, { position: { epoch: 'k3f9', seq: 1 } });
		const text = await readTo('"b"}\n\n');
		expect(text).toMatch(
			/^retry: \d{4}\nid: k3f9:1\n\nevent: welcome\nid: k3f9:1\ndata: \{.*\}\n\nid: k3f9:2\ndata: \{"id":"k3f9:2",.*\}\n\n$/,
		);
	});

	it('[SSE1] the welcome is that of a socket', async () => {
		const test = await createTestChannel();
		test.publish([{ type: 'a' }, { type: 'b' }]);
		await test.drainAll();
		const { readTo } = await stream(test, SSE, { position: { epoch: 'other', seq: 7 } }, ['a']);
		const text = await readTo('"type":"a"}\n\n');
		const data = /event: welcome\nid: k3f9:0\ndata: (.*)\n/.exec(text)?.[1] ?? '';
		expect(JSON.parse(data)).toEqual({
			...{ type: 'welcome', protocol: 1, epoch: 'k3f9', first: 1, last: 2, after: 0, recovered: false, types: ['a'] },
			...{ time: test.clock.now, pulse: test.channel.readPulse(), returnMs: 1000, own: { can: [] } },
		});
	});

	it('[SSE3] [STREAM1] [STREAM2] each form tells what is no longer kept', async () => {
		const test = await createTestChannel({ entries: 3 });
		test.publish(Array.from({ length: 10 }, () => ({ text: 'x' })));
		await test.drainAll();
		const position = { epoch: 'k3f9', seq: 2 };
		const read = async (kind: StreamKind, start: object, end: string) => (await stream(test, kind, start)).readTo(end);
		const end = 'x [k3f9:10]\n';
		// The gap comes before any line that has its position: cut off in between, the reader is told again.
		expect(await read(SSE, { position }, 'k3f9:10')).toMatch(
			/^event: gap\nid: k3f9:7\ndata: \{"position":"k3f9:7","from":3,"to":7\}\n\nretry: \d+\nid: k3f9:7\n\nevent: welcome\nid: k3f9:7\ndata: .*\n\nid: k3f9:8\n/,
		);
		expect(await read(NDJSON, { position }, 'k3f9:10')).toMatch(
			/^\{"gap":\{"position":"k3f9:7","from":3,"to":7\}\}\n\{"id":"k3f9:8"/,
		);
		expect(await read(TEXT, { position }, end)).toMatch(/^-- events 3 to 7 are no longer kept --\n/);
		const other = { position: { epoch: 'other', seq: 2 } };
		expect(await read(SSE, other, 'k3f9:10')).toContain('event: gap\nid: k3f9:7\ndata: {"position":"k3f9:7"}\n\n');
		expect(await read(NDJSON, other, 'k3f9:10')).toMatch(/^\{"gap":\{"position":"k3f9:7"\}\}\n/);
		expect(await read(TEXT, other, end)).toMatch(/^-- what was before is lost/);
		expect(await read(TEXT, { history: 2 }, end)).not.toContain('--');
	});

	it.each([
		[{}, 'info    message'],
		[{ text: 'a\r\nb\u0007\u001b[31mc\u2028d' }, 'info    message a b [31mc d'],
		[
			{ level: 'error' as const, type: 'deploy.failed', text: 'timed out', actor: { name: 'Ada', verified: false } },
			'error   deploy.failed Ada: timed out',
		],
		[{ actor: { id: 'u7', verified: false }, text: 'x' }, 'info    message u7: x'],
		[{ actor: { name: '\u009b2J', verified: false }, text: 'x' }, 'info    message  2J: x'],
		[{ actor: { name: '\u202eadA\u2067', verified: false }, text: '\u202dx' }, 'info    message adA: x'],
	])('[STREAM2] the line of %j', (fields, line) => {
		const event = { id: 'k:1', seq: 1, time: Date.UTC(2026, 10, 20, 14, 2, 3, 9), type: 'message', ...fields };
		expect(formatLine(event)).toBe(`2026-11-20T14:02:03Z ${line}\n`);
	});

	it('[STREAM2] a line shows when it happened, where the publisher says so', () => {
		expect(formatLine({ id: 'k:1', seq: 1, time: 9e12, at: 0, type: 'a' })).toMatch(/^1970-01-01T00:00:00Z /);
		for (const at of [8.64e15, -8.64e15])
			expect(formatLine({ id: 'k:1', seq: 1, time: 0, at, type: 'a' })).toContain(' a\n');
	});
});

describe('pace', () => {
	it('[STREAM4] a reader who stops is written to no further than the pipe, and gets all once he reads again', async () => {
		const test = await createTestChannel();
		const { readTo } = await stream(test, NDJSON, { history: 0 });
		const text = 'x'.repeat(8000);
		for (let index = 0; index < 100; index++) {
			test.publish([{ text }]);
			await test.drainAll();
		}
		const all = await readTo('"id":"k3f9:100"');
		const seqs = all
			.split('\n')
			.filter((line) => line !== '')
			.map((line) => /"seq":(\d+)/.exec(line)?.[1]);
		expect(seqs.map(Number)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
	});

	it('[STREAM4] a reader who leaves gives back his filter', async () => {
		const test = await createTestChannel();
		for (let round = 0; round < 20; round++) {
			const { reader } = await stream(test, SSE, {}, [`type-${round}`]);
			await reader.cancel();
			await settle();
		}
		expect(test.channel.takeFilter({ types: ['free'] })).toBeDefined();
	});

	it.each([
		[SSE, 'event: goaway\ndata: {"returnMs":1000}\n\n'],
		[NDJSON, '{"goaway":{"returnMs":1000}}\n'],
		[TEXT, '-- the relay is restarting; after=k3f9:1 goes on from here --\n'],
	])('[AWAY2] a relay that is about to stop says so and ends the stream, form %#', async (kind, words) => {
		const test = await createTestChannel();
		const { readTo, reader } = await stream(test, kind, {}, ['own']);
		test.publish([{ type: 'own', text: 'last' }]);
		await test.drainAll();
		test.channel.goAway();
		test.publish([{ type: 'own', text: 'later' }]);
		await test.drainAll();
		const text = await readTo(words);
		expect(text).toMatch(/last/);
		expect(text.endsWith(words)).toBe(true);
		expect((await reader.read()).done).toBe(true);
		expect(test.channel.returnMs).toBe(1000);
		for (let index = 0; index < 16; index++)
			expect(test.channel.takeFilter({ types: [`type-${index}`] })).toBeDefined();
	});

	it('[ERR4] a log that cannot be read ends the stream: the reader comes back', async () => {
		const test = await createTestChannel();
		test.publish([{ text: 'a' }]);
		await test.drainAll();
		test.log.readEvents = () => Promise.reject(new Error('disk'));
		const { readTo } = await stream(test, SSE, {});
		await expect(readTo('never')).rejects.toBeDefined();
		expect(test.faults).toHaveLength(1);
	});
});

describe('silence', () => {
	beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
	afterEach(() => void vi.useRealTimers());

	it('[SSE4] after 25 s a comment comes, with the position for whom a filter left everything out', async () => {
		const test = await createTestChannel();
		const { readTo } = await stream(test, SSE, { history: 0 }, ['deploy.*']);
		await readTo('id: -:0\n\n');
		test.publish([{ type: 'login' }]);
		await test.drainAll();
		vi.advanceTimersByTime(25_000);
		expect(await readTo(': ping')).toMatch(/: ping\nid: k3f9:1\n\n$/);
	});

	it('[STREAM5] in a terminal a line comes after five minutes without one, with the position', async () => {
		const test = await createTestChannel();
		const { readTo, reader } = await stream(test, TEXT, { history: 0 }, ['deploy.*']);
		test.publish([{ type: 'deploy.done' }]);
		await test.drainAll();
		await readTo('[k3f9:1]\n');
		vi.advanceTimersByTime(300_000); // since the line some time has passed, and not all of it
		test.publish([{ type: 'login' }]);
		await test.drainAll();
		vi.advanceTimersByTime(300_000);
		expect(await readTo(' --\n')).toMatch(/\[k3f9:1\]\n-- nothing new; after=k3f9:2 goes on from here --\n$/);
		await reader.cancel();
	});
});
