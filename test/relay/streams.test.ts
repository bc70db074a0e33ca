// Events as streams, from outside, against a real relay.
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { parseEventStream, TextStream } from '../support/text-stream.ts';

let relay: TestRelay;
const open: TextStream[] = [];

beforeAll(async () => {
	relay = await startRelay();
});
afterAll(async () => {
	for (const stream of open) await stream.close();
	await relay?.stop();
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function stream(channel: string, accept: string, query = '', headers = {}): Promise<TextStream> {
	const opened = await TextStream.open(`${relay.url}/channels/${channel}/events${query}`, accept, headers);
	open.push(opened);
	return opened;
}

async function post(channel: string, drafts: unknown[]): Promise<{ epoch: string }> {
	const response = await fetch(`${relay.url}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(drafts),
	});
	expect(response.status).toBe(201);
	return (await response.json()) as { epoch: string };
}

const texts = (from: number, to: number) => range(from, to).map((n) => ({ text: `event ${n}` }));
const seqs = (text: string) =>
	parseEventStream(text)
		.events.filter(({ type }) => type === 'message')
		.map(({ data }) => JSON.parse(data).seq);

describe('server-sent events', () => {
	it('[SSE1] bring history and then what is published, each with its id', async () => {
		const channel = createChannelName('sse');
		const { epoch } = await post(channel, texts(1, 60));
		const sse = await stream(channel, 'text/event-stream');
		expect(sse.response.status).toBe(200);
		const { headers } = sse.response;
		expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
		expect(headers.get('cache-control')).toBe('no-store, no-transform');
		await sse.until((text) => seqs(text).includes(60), 'history');
		await post(channel, texts(61, 62));
		const text = await sse.until((so) => seqs(so).includes(62), 'what is live');
		expect(seqs(text)).toEqual(range(11, 62));
		const { events, retry } = parseEventStream(text);
		const welcome = events.shift();
		expect(welcome).toMatchObject({ type: 'welcome', id: `${epoch}:10` });
		expect(JSON.parse(welcome?.data ?? '')).toEqual({
			...{ type: 'welcome', protocol: 1, epoch, first: 1, last: 60, after: 10, recovered: true },
			...{ time: expect.any(Number), pulse: expect.any(Object), returnMs: 1000, own: { can: expect.any(Array) } },
		});
		for (const { id, type, data } of events) {
			expect(type).toBe('message');
			expect(id).toBe(JSON.parse(data).id);
		}
		expect(events[0]?.id).toBe(`${epoch}:11`);
		expect(retry).toBeGreaterThanOrEqual(1000);
		expect(retry).toBeLessThanOrEqual(5000);
	});

	it('[SSE2] go on after Last-Event-ID, whatever the address says', async () => {
		const channel = createChannelName('resume');
		const { epoch } = await post(channel, texts(1, 20));
		const sse = await stream(channel, 'text/event-stream', `?after=${epoch}:3&limit=5`, {
			'last-event-id': `${epoch}:17`,
		});
		expect(seqs(await sse.until((text) => seqs(text).includes(20), 'the rest'))).toEqual([18, 19, 20]);
		const whole = await stream(channel, 'text/event-stream', '?after=0');
		expect(seqs(await whole.until((text) => seqs(text).includes(20), 'all'))).toEqual(range(1, 20));
	});

	it('[SSE2] resume without a loss although nothing was sent yet', async () => {
		const channel = createChannelName('quiet');
		const quiet = await stream(channel, 'text/event-stream', '?limit=0&type=alert');
		const text = await quiet.until((so) => parseEventStream(so).events.length > 0, 'the welcome');
		await quiet.close();
		const { lastId, events } = parseEventStream(text);
		expect([lastId, events.map(({ type }) => type)]).toEqual(['-:0', ['welcome']]);
		await post(
			channel,
			range(1, 70).map(() => ({ type: 'alert' })),
		);
		const again = await stream(channel, 'text/event-stream', '?limit=0&type=alert', { 'last-event-id': lastId });
		expect(seqs(await again.until((so) => seqs(so).includes(70), 'what was missed'))).toEqual(range(1, 70));
	});

	it('[SSE3] say that a log is another one than the reader knows', async () => {
		const channel = createChannelName('gap');
		await post(channel, texts(1, 3));
		const sse = await stream(channel, 'text/event-stream', '', { 'last-event-id': 'otherlog:9' });
		const text = await sse.until((so) => seqs(so).includes(3), 'all that is kept');
		const { events } = parseEventStream(text);
		expect(events[0]).toMatchObject({ type: 'gap', data: expect.stringContaining(':0"') });
		expect(events[1]).toMatchObject({ type: 'welcome', data: expect.stringContaining('"recovered":false') });
		expect(seqs(text)).toEqual([1, 2, 3]);
	});

	it('[SEAM1] every event once, in order, for streams that begin and resume during a burst', async () => {
		const channel = createChannelName('burst');
		await post(channel, texts(1, 1));
		const burst = async () => {
			for (let n = 2; n < 400; n += 2) await post(channel, texts(n, n + 1));
		};
		const watch = async () => {
			const seen: number[] = [];
			for (let lastId = '-:0'; seen.at(-1) !== 399; ) {
				const sse = await stream(channel, 'text/event-stream', '', { 'last-event-id': lastId });
				const text = await sse.until((so) => seqs(so).length > 20 || seqs(so).includes(399), 'some events');
				await sse.close();
				seen.push(...seqs(text));
				lastId = parseEventStream(text).lastId;
			}
			return seen;
		};
		const [a, b, c] = await Promise.all([watch(), watch(), watch(), burst()]);
		for (const seen of [a, b, c]) expect(seen).toEqual(range(1, 399));
	});

	it('[STREAM3] `since` and `type` choose; `before` is for pages', async () => {
		const channel = createChannelName('choose');
		await post(
			channel,
			range(1, 1100).map((n) => ({ type: n % 2 ? 'odd' : 'even' })),
		);
		const sse = await stream(channel, 'text/event-stream', '?since=1h&type=odd');
		expect(seqs(await sse.until((text) => seqs(text).includes(1099), 'all of the hour'))).toEqual(
			range(0, 549).map((n) => 2 * n + 1),
		);
		const refused = await stream(channel, 'text/event-stream', '?before=a:5');
		expect(refused.response.status).toBe(400);
	});
});

describe('lines', () => {
	it('[STREAM1] NDJSON is one event a line, history and live', async () => {
		const channel = createChannelName('lines');
		await post(channel, [{ text: 'a\nb' }, { text: 'ü' }]);
		const lines = await stream(channel, 'application/x-ndjson');
		expect(lines.response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
		await lines.until((text) => text.includes('ü'), 'history');
		await post(channel, [{ text: 'c' }]);
		const text = await lines.until((so) => so.includes('"c"'), 'live');
		expect(
			text
				.trimEnd()
				.split('\n')
				.map((line) => JSON.parse(line).text),
		).toEqual(['a\nb', 'ü', 'c']);
	});

	it('[STREAM2] [EV11] [EV12] text is one line an event, without control characters', async () => {
		const channel = createChannelName('terminal');
		const { epoch } = await post(channel, [
			{ type: 'deploy.failed', level: 'error', actor: { name: 'Ada' }, text: 'timed\nout\t\u202e', at: 0 },
		]);
		const lines = await stream(channel, 'text/plain');
		expect(await lines.until((text) => text.endsWith('\n'), 'a line')).toBe(
			`1970-01-01T00:00:00Z error   deploy.failed Ada: timed out [${epoch}:1]\n`,
		);
		await post(channel, [{ text: 'next' }]);
		await lines.until((text) => text.includes(`info    message next [${epoch}:2]\n`), 'the next line');
	});

	it('[FORM1] text/* gets text', async () => {
		const channel = createChannelName('any');
		await post(channel, [{ text: 'a' }]);
		const lines = await stream(channel, 'text/*');
		expect(lines.response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
	});
});

describe('pace', () => {
	it.each(['text/event-stream', 'application/x-ndjson', 'text/plain'])(
		'[STREAM3] [STREAM4] history of several pages comes whole, and then what is live: %s',
		async (accept) => {
			const channel = createChannelName('pages');
			await post(channel, Array(300).fill({ text: 'x'.repeat(2000) }));
			const reader = await stream(channel, accept, '?limit=300');
			await reader.until((text) => text.length > 600_000, 'all of it');
			await post(channel, [{ text: 'and one more' }]);
			await reader.until((text) => text.includes('and one more'), 'what is live');
		},
	);

	it('[STREAM4] a reader who does not read holds nobody up, and gets everything once he does', {
		timeout: patience(8_000),
	}, async () => {
		const channel = createChannelName('slow');
		await post(channel, texts(1, 1));
		// Piece by piece: to look for the end in all that has come, at each piece, takes longer than to send it.
		const address = `${relay.url}/channels/${channel}/events?limit=0`;
		const open = () =>
			new Promise<IncomingMessage>((resolve, reject) => {
				get(address, { headers: { accept: 'text/event-stream' } }, resolve).once('error', reject);
			});
		const read = async (response: IncomingMessage) => {
			const pieces: string[] = [];
			let tail = '';
			for await (const piece of response.setEncoding('utf8')) {
				pieces.push(piece);
				tail = (tail + piece).slice(-8300);
				if (tail.includes(`"seq":${count + 1},`) && tail.endsWith('\n\n')) break;
			}
			return seqs(pieces.join(''));
		};
		const count = 10 * 100;
		const [slow, quick] = [await open(), await open()];
		for (let batch = 0; batch < 10; batch++) await post(channel, Array(100).fill({ text: 'x'.repeat(8000) }));
		expect(await read(quick), 'although the other does not read').toEqual(range(2, count + 1));
		expect(await read(slow), 'late').toEqual(range(2, count + 1));
	});

	it('[STREAM4] [FILT2] a reader who left gives back his filter; with one too many, server-sent events bring everything', async () => {
		const channel = createChannelName('left');
		const readers = await Promise.all(
			range(1, 16).map((n) => stream(channel, 'application/x-ndjson', `?type=type-${n}`)),
		);
		for (const reader of readers) expect(reader.response.status).toBe(200);
		const oneMore = async () => (await stream(channel, 'application/x-ndjson', '?type=one.more')).response.status;
		expect(await oneMore()).toBe(400);
		const all = await stream(channel, 'text/event-stream', '?type=one.more');
		await all.until((text) => text.includes('event: welcome') && text.endsWith('\n\n'), 'the welcome');
		expect(parseEventStream(all.text).events[0]?.data).not.toContain('"types"');
		await all.close();
		for (const reader of readers) await reader.close();
		// Who has left is noticed when he is written to.
		await expect
			.poll(
				async () => {
					await post(
						channel,
						range(1, 16).map((n) => ({ type: `type-${n}` })),
					);
					return await oneMore();
				},
				{ interval: 20 },
			)
			.toBe(200);
	});
});
