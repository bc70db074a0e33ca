// A reader of a channel whose relay, or whatever stands between, cuts the line in every way there is.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventStreamParser } from '../../relay/cli/event-stream.ts';
import { type ReaderOptions, readChannel, type Told } from '../../relay/cli/reader.ts';
import { FeedError } from '../../relay/protocol/errors.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const endings: (() => Promise<void>)[] = [];
// Pauses are of chance; here they are short.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.01));
afterEach(async () => {
	vi.restoreAllMocks();
	for (const end of endings.splice(0)) await end();
});

/** Answers the first request by the first, the second by the second …, and all others by the last. */
async function serve(...answers: Answer[]): Promise<{ relay: string; asked: string[] }> {
	const asked: string[] = [];
	const server = createServer((request, response) => {
		asked.push(request.url ?? '');
		(answers[asked.length - 1] ?? (answers.at(-1) as Answer))(response, request);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	endings.push(
		() =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	);
	return { relay: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const begin = (response: ServerResponse): ServerResponse =>
	response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
const welcome = (position: string, more: object = {}) =>
	`id: ${position}\n\nevent: welcome\nid: ${position}\ndata: ${JSON.stringify({ returnMs: 1, ...more })}\n\n`;
const event = (seq: number, more: object = {}) =>
	`id: k:${seq}\ndata: ${JSON.stringify({ id: `k:${seq}`, seq, time: 1, type: 'a', ...more })}\n\n`;
const refuse =
	(status: number, body: object, headers: Record<string, string> = {}): Answer =>
	(response) =>
		response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(body));

/** In short: what was told, up to `enough`. */
async function read(relay: string, enough: string, options: Partial<ReaderOptions> = {}): Promise<string[]> {
	const told: string[] = [];
	const end = new AbortController();
	const base = { relay, channel: 'c', readToken: () => undefined, start: {}, types: [], status: [] };
	for await (const one of readChannel({ ...base, signal: end.signal, ...options })) {
		told.push(shorten(one));
		if (told.at(-1) === enough) end.abort();
	}
	return told;
}

function shorten(told: Told): string {
	if (told.what === 'entry') return `entry ${told.entry.seq}`;
	if (told.what === 'gap') return `gap ${told.gap.from ?? ''}-${told.gap.to ?? ''}`;
	if (told.what === 'refresh') return `refresh ${told.refresh.from}-${told.refresh.to}`;
	return told.what === 'cut' ? `cut: ${told.reason}` : `at ${told.position}`;
}

describe('a reader', () => {
	it('goes on after the last entry, or after the position that a ping tells, and never asks for history again', async () => {
		const { relay, asked } = await serve(
			(response) => begin(response).end(`${welcome('k:3')}${event(4)}${event(5).slice(0, 20)}`),
			(response) => begin(response).end(`${welcome('k:4')}: ping\nid: k:9\n\n`),
			(response) => begin(response).end(welcome('k:9') + event(10)),
		);
		expect(await read(relay, 'entry 10', { start: { limit: '1' }, types: ['a'] })).toEqual([
			...['at k:3', 'entry 4', 'cut: the relay ended it', 'at k:4', 'cut: the relay ended it', 'at k:9', 'entry 10'],
		]);
		expect(asked).toEqual([
			'/channels/c/events?limit=1&type=a',
			'/channels/c/events?after=k%3A4&type=a',
			'/channels/c/events?after=k%3A9&type=a',
		]);
	});

	it('that has had nothing yet resumes too', async () => {
		const { relay, asked } = await serve(
			(response) => begin(response).end(welcome('-:0')),
			(response) => begin(response).end(welcome('-:0') + event(1)),
		);
		await read(relay, 'entry 1', { start: { limit: '0' } });
		expect(asked[1]).toBe('/channels/c/events?after=-%3A0');
	});

	it('is told what is missing, and goes on behind it', async () => {
		const gap = (data: object, id: string) => `event: gap\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
		const { relay, asked } = await serve(
			(response) => begin(response).end(gap({ position: 'k:7', from: 3, to: 7 }, 'k:7')),
			(response) =>
				begin(response).end(
					welcome('k:7', { refresh: { from: 1, to: 2 } }) + gap({ position: 'k:0' }, 'k:0') + event(1),
				),
		);
		expect(await read(relay, 'entry 1')).toEqual([
			...['gap 3-7', 'cut: the relay ended it', 'at k:7', 'refresh 1-2', 'gap -', 'entry 1'],
		]);
		expect(asked[1]).toContain('after=k%3A7');
	});

	it('chooses for itself where the relay has too many filters', async () => {
		const { relay } = await serve((response) =>
			begin(response).end(
				welcome('k:0') +
					[
						{ type: 'b' },
						{ type: 'a.b' },
						{ type: 'b', replyType: 'a.b', status: 'open' },
						{ type: 'a.b', status: 'open' },
					]
						.map((more, index) => event(index + 1, more))
						.join(''),
			),
		);
		const told = await read(relay, 'entry 4', { types: ['a.*'], status: ['open'] });
		expect(told).toEqual(['at k:0', 'entry 3', 'entry 4']);
	});

	it('cuts a stream that says nothing for too long, and a relay that does not answer', async () => {
		const { relay } = await serve(
			(response) => void begin(response).write(welcome('k:1')),
			() => {},
			(response) => begin(response).end(welcome('k:1') + event(2)),
		);
		expect(await read(relay, 'entry 2', { silenceMs: 100 })).toEqual([
			...['at k:1', 'cut: nothing came for 0 s', 'cut: nothing came for 0 s', 'at k:1', 'entry 2'],
		]);
	});

	it('is not cut because he himself does not read', async () => {
		const { relay } = await serve((response) => void begin(response).write(welcome('k:0') + event(1) + event(2)));
		const end = new AbortController();
		const base = { relay, channel: 'c', readToken: () => undefined, start: {}, types: [], status: [] };
		const told: string[] = [];
		for await (const one of readChannel({ ...base, signal: end.signal, silenceMs: 50 })) {
			told.push(shorten(one));
			await new Promise((resolve) => setTimeout(resolve, 80)); // longer than a relay may be silent
			if (told.length === 3) break;
		}
		expect(told).toEqual(['at k:0', 'entry 1', 'entry 2']);
	});

	it('heeds goaway and Retry-After, and says what a refusal says', async () => {
		const busy = { code: 'relay-full', detail: 'There may be 3 connections.', retryable: true };
		const { relay } = await serve(
			(response) => begin(response).end(`${welcome('k:0')}event: goaway\ndata: {"returnMs":1}\n\n`),
			refuse(503, busy, { 'retry-after': '1' }),
			(response) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
			(response) => response.writeHead(404).end('<h1>Nothing here yet</h1>'),
			(response) => begin(response).end(welcome('k:0') + event(1)),
		);
		const began = Date.now();
		expect(await read(relay, 'entry 1')).toEqual([
			'at k:0',
			'cut: the relay is restarting',
			'cut: There may be 3 connections.',
			expect.stringContaining('cut: The answer, with status 502'),
			expect.stringContaining('cut: The answer, with status 404'),
			...['at k:0', 'entry 1'],
		]);
		expect(Date.now() - began).toBeGreaterThanOrEqual(1000);
	});

	it.each<[string, Answer, string, RegExp]>([
		['a token', refuse(401, { code: 'token-expired', detail: 'It is over.' }), 'token-expired', /^It is over\.$/],
		['a parameter', refuse(400, { code: 'invalid-parameter', detail: 'No.' }), 'invalid-parameter', /^No\.$/],
		[
			'something else',
			(response) => response.writeHead(404).end('nginx'),
			'relay-unreachable',
			/address of the relay itself/,
		],
		[
			'a page',
			(response) => response.writeHead(200).end('<h1>Hello</h1>'),
			'relay-unreachable',
			/address of the relay itself/,
		],
	])('ends where %s is refused for good', async (_name, answer, code, message) => {
		const { relay } = await serve(answer);
		const failure = await read(relay, '').catch((error) => error);
		expect(failure).toBeInstanceOf(FeedError);
		expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
	});

	it('shows the token that there is then', async () => {
		const seen: (string | undefined)[] = [];
		const note: Answer = (response, { headers }) => {
			seen.push(headers.authorization);
			begin(response).end(welcome('k:0') + (seen.length === 2 ? event(1) : ''));
		};
		const { relay } = await serve(note);
		const tokens = ['one', 'two'];
		await read(relay, 'entry 1', { readToken: () => tokens.shift() });
		expect(seen).toEqual(['Bearer one', 'Bearer two']);
	});
});

it('the parser of a stream gives the same wherever it was cut', () => {
	const text = ': hello\nretry: 5\nid: k:1\n\nevent: gap\r\nid:k:2\r\ndata: {"ä":1}\r\n\r\ndata\ndata: b\n\n: ping\n\n';
	const bytes = Buffer.from(text);
	for (let cut = 0; cut <= bytes.length; cut++) {
		const parser = new EventStreamParser();
		const events = [...parser.push(bytes.subarray(0, cut)), ...parser.push(bytes.subarray(cut))];
		expect(events).toEqual([
			{ type: 'message', data: '', id: 'k:1' },
			{ type: 'gap', data: '{"ä":1}', id: 'k:2' },
			{ type: 'message', data: '\nb', id: undefined },
		]);
	}
});
