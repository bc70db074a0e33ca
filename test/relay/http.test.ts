// Publishing and reading over HTTP, from outside, against a real relay.
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, type Json } from '../support/ask.ts';
import { createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;

beforeAll(async () => {
	relay = await startRelay();
});
afterAll(async () => {
	await relay?.stop();
});

const address = (channel: string, query = '') => `${relay.url}/channels/${channel}/events${query}`;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

type Sent = string | Uint8Array<ArrayBuffer> | URLSearchParams | FormData;

function post(channel: string, body: Sent, type?: string, headers: Record<string, string> = {}): Promise<Answer> {
	return ask(address(channel), {
		method: 'POST',
		body,
		headers: { ...(type ? { 'content-type': type } : {}), ...headers },
	});
}

const postJson = (channel: string, value: unknown, headers = {}) =>
	post(channel, JSON.stringify(value), 'application/json', headers);

async function read(channel: string, query = ''): Promise<Json> {
	const { status, body } = await ask(address(channel, query));
	expect(status, JSON.stringify(body)).toBe(200);
	return body;
}

/** An event without what the relay adds. */
function strip({ id, seq, time, ...rest }: Json): Json {
	expect(id).toMatch(new RegExp(`^[a-z0-9]{1,16}:${seq}$`));
	expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
	return rest;
}

function expectProblem({ status, headers, body }: Answer, code: string, expected: number): void {
	expect(body).toEqual(expect.objectContaining({ type: `urn:live-feed:error:${code}`, code, status: expected }));
	expect(status).toBe(expected);
	expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
	expect(headers.get('cache-control')).toBe('no-store');
	expect([typeof body.title, typeof body.detail, typeof body.retryable]).toEqual(['string', 'string', 'boolean']);
	expect(headers.has('retry-after')).toBe(body.retryable);
}

describe('one event', () => {
	const form = (fields: Record<string, string>) => {
		const data = new FormData();
		for (const [name, value] of Object.entries(fields)) data.set(name, value);
		return data;
	};
	const text = (value: string) => ({ type: 'message', text: value });
	const urlencoded = 'application/x-www-form-urlencoded';
	const cases: [string, Sent, string | undefined, object][] = [
		[
			'[HTTP1] a JSON object',
			'{"type":"deploy.done","text":"Deploy 214","data":{"n":[1]}}',
			'application/json',
			{ type: 'deploy.done', text: 'Deploy 214', data: { n: [1] } },
		],
		['[HTTP1] JSON with a charset and a BOM', '\ufeff{"text":"ä"}', 'Application/JSON; charset=UTF-8', text('ä')],
		['[HTTP2] plain text', 'Deploy 214 finished\n', 'text/plain', text('Deploy 214 finished')],
		['[HTTP2] text of two lines', 'one\ntwo\r\n', 'text/plain; charset=utf-8', text('one\ntwo')],
		['[HTTP2] text without a type', new TextEncoder().encode('no type'), undefined, text('no type')],
		[
			'[HTTP3] a form',
			new URLSearchParams({ type: 'login', text: 'Ada & Bob=2', actor: 'Ada', level: 'success' }),
			undefined,
			{ type: 'login', text: 'Ada & Bob=2', actor: { name: 'Ada', verified: false }, level: 'success' },
		],
		[
			'[HTTP3] a form with data and a time',
			new URLSearchParams({ type: 'a', data: '{"x":1}', at: '1000', url: '' }),
			undefined,
			{ type: 'a', data: { x: 1 }, at: 1000 },
		],
		[
			'[HTTP3] a form with a whole actor and a date',
			new URLSearchParams({ text: 'a', actor: '{"id":"u1","kind":"bot"}', at: '2026-01-01' }),
			undefined,
			{ ...text('a'), actor: { id: 'u1', kind: 'bot', verified: false }, at: Date.UTC(2026, 0, 1) },
		],
		['[HTTP3] a sentence that is called a form', 'deploy 214 finished', urlencoded, text('deploy 214 finished')],
		[
			'[HTTP3] a sentence with signs of a form',
			'tests & lint passed: 100% of a=b',
			urlencoded,
			text('tests & lint passed: 100% of a=b'),
		],
		['[HTTP3] a sentence that is encoded', 'deploy%20214+finished%21', urlencoded, text('deploy 214 finished!')],
		['[HTTP3] a sentence that is not', '100%done', urlencoded, text('100%done')],
		['[HTTP3] a lone per cent sign in a field', 'text=100% done', urlencoded, text('100% done')],
		[
			'[HTTP3] JSON that is called a form',
			'{"type":"deploy.done","text":"a&text=b"}',
			urlencoded,
			{ type: 'deploy.done', text: 'a&text=b' },
		],
		['[HTTP3] a sentence that begins like JSON', '[warn] disk full', urlencoded, text('[warn] disk full')],
		['[HTTP3] a form that means U+FFFD', 'text=%EF%BF%BD', urlencoded, text('\ufffd')],
		[
			'[HTTP4] multipart',
			form({ text: 'with fields', actor: 'Ada', url: '' }),
			undefined,
			{ ...text('with fields'), actor: { name: 'Ada', verified: false } },
		],
	];

	it.each(cases)('%s', async (_, body, type, expected) => {
		const channel = createChannelName('forms');
		const answer = await post(channel, body, type);
		expect(answer.body).toEqual({
			epoch: expect.stringMatching(/^[a-z0-9]{1,16}$/),
			id: `${answer.body.epoch}:1`,
			seq: 1,
			time: expect.any(Number),
			duplicate: false,
		});
		expect(answer.status).toBe(201);
		const { events } = await read(channel);
		expect(events.map(strip)).toEqual([expected]);
		expect(events[0].id).toBe(answer.body.id);
	});

	it('[HTTP3] curl -d with a sentence publishes the sentence', async () => {
		const channel = createChannelName('curl');
		const { stdout } = await promisify(execFile)('curl', ['-sS', '-d', 'deploy 214 finished', address(channel)]);
		expect(JSON.parse(stdout)).toMatchObject({ seq: 1, duplicate: false });
		expect((await read(channel)).events.map(strip)).toEqual([text('deploy 214 finished')]);
	});

	it('[HTTP6] Idempotency-Key makes it safe to repeat', async () => {
		const channel = createChannelName('key');
		const headers = { 'idempotency-key': 'deploy-214' };
		const first = await post(channel, 'done', 'text/plain', headers);
		const again = await post(channel, 'done', 'text/plain', headers);
		const byField = await postJson(channel, { text: 'done', key: 'deploy-214' });
		const both = await postJson(channel, { text: 'done', key: 'deploy-214' }, headers);
		for (const { status, body } of [again, byField, both]) {
			expect([status, body]).toEqual([201, { ...first.body, duplicate: true }]);
		}
		expectProblem(await post(channel, 'other', 'text/plain', headers), 'key-conflict', 409);
		expectProblem(await post(channel, '[{"text":"a"}]', 'application/json', headers), 'invalid-event', 400);
		expectProblem(await postJson(channel, { text: 'a', key: 'other' }, headers), 'invalid-event', 400);
		expectProblem(await post(channel, 'a', 'text/plain', { 'idempotency-key': 'k'.repeat(65) }), 'invalid-event', 400);
		expect(await read(channel)).toMatchObject({ last: 1 });
	});

	it('[KEY1] a key that is used by many at once stores one event', async () => {
		const channel = createChannelName('race');
		const answers = await Promise.all(range(1, 20).map(() => postJson(channel, { text: 'once', key: 'k' })));
		expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
		expect(answers.filter(({ body }) => !body.duplicate)).toHaveLength(1);
		expect(await read(channel)).toMatchObject({ last: 1 });
	});
});

describe('many events', () => {
	it('[HTTP5] a JSON array is stored in its order', async () => {
		const channel = createChannelName('array');
		const { status, body } = await postJson(
			channel,
			range(1, 300).map((n) => ({ text: `event ${n}` })),
		);
		expect(status).toBe(201);
		expect(body.events.map(({ seq, duplicate }: Json) => [seq, duplicate])).toEqual(
			range(1, 300).map((n) => [n, false]),
		);
		expect(body.events[7].id).toBe(`${body.epoch}:8`);
		expect((await read(channel, '?limit=1000')).events.map(({ text }: Json) => text)).toEqual(
			range(1, 300).map((n) => `event ${n}`),
		);
	});

	it.each(['application/x-ndjson', 'application/ndjson', 'application/jsonl'])(
		'[HTTP5] NDJSON as %s, one line without its end and one empty',
		async (type) => {
			const channel = createChannelName('ndjson');
			const { status, body } = await post(channel, '{"text":"a"}\r\n\n{"text":"b"}\n{"text":"c"}', type);
			expect([status, body.events.length]).toEqual([201, 3]);
			expect((await read(channel)).events.map(({ text }: Json) => text)).toEqual(['a', 'b', 'c']);
		},
	);

	it('[HTTP5] the field `events` of a form is a list, as a leaving page sends it', async () => {
		const channel = createChannelName('leaving');
		const events = JSON.stringify([
			{ type: 'click', key: 'a' },
			{ type: 'leave', key: 'b' },
		]);
		const { body } = await post(channel, new URLSearchParams({ events }));
		expect(body.events).toHaveLength(2);
	});

	it('[HTTP5] each item has its own result, and the good ones are stored', async () => {
		const channel = createChannelName('mixed');
		const { status, body } = await postJson(channel, [
			{ text: 'a' },
			{ title: 'b' },
			7,
			{ text: 'c', key: 'k' },
			{ text: 'd', key: 'k' },
			{ text: 'c', key: 'k' },
		]);
		expect(status).toBe(207);
		expect(body.events.map((result: Json) => result.error?.code ?? [result.seq, result.duplicate])).toEqual([
			[1, false],
			'invalid-event',
			'invalid-event',
			[2, false],
			'key-conflict',
			[2, true],
		]);
		expect(body.events[1].error).toMatchObject({
			status: 400,
			retryable: false,
			detail: expect.stringContaining('title'),
		});
		const lines = await post(channel, '{"text":"e"}\n{oops\n', 'application/x-ndjson');
		expect([lines.status, lines.body.events[0].seq, lines.body.events[1].error.code]).toEqual([207, 3, 'invalid-json']);
	});

	it('[HTTP5] where none is good, the answer is the first problem, with all results', async () => {
		const channel = createChannelName('none');
		const answer = await postJson(channel, [{ title: 'a' }, { text: 5 }]);
		expectProblem(answer, 'invalid-event', 400);
		expect(answer.body.events.map(({ error }: Json) => error.code)).toEqual(['invalid-event', 'invalid-event']);
		expect(await read(channel)).toMatchObject({ epoch: '-', last: 0 });
	});
});

describe('what is refused', () => {
	const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
	const json = 'application/json';
	const latin = new Uint8Array([0x7b, 0x22, 0x74, 0xe4, 0x22]);
	const parts = (head: string, body: string) =>
		`--x\r\ncontent-disposition: form-data; ${head}\r\n\r\n${body}\r\n--x--\r\n`;
	const cases: [string, Sent, string, string, number][] = [
		['[HTTP8] no JSON', '{"text":', json, 'invalid-json', 400],
		['[HTTP8] an empty body', '', json, 'invalid-event', 400],
		['[HTTP8] an empty list', '[]', json, 'invalid-event', 400],
		['[HTTP8] only empty lines', '\n\n', 'application/x-ndjson', 'invalid-event', 400],
		['[HTTP8] Latin-1 as JSON', latin, json, 'invalid-utf8', 400],
		['[HTTP8] Latin-1 as text', latin, 'text/plain', 'invalid-utf8', 400],
		['[HTTP8] Latin-1 as a form', latin, 'application/x-www-form-urlencoded', 'invalid-utf8', 400],
		['[HTTP8] Latin-1, encoded, in a form', 'text=%e4', 'application/x-www-form-urlencoded', 'invalid-utf8', 400],
		[
			'[HTTP8] Latin-1 as multipart',
			new Uint8Array(
				[...new TextEncoder().encode(parts('name="text"', '?'))].map((byte) => (byte === 63 ? 0xe4 : byte)),
			),
			'multipart/form-data; boundary=x',
			'invalid-utf8',
			400,
		],
		['[HTTP4] multipart without a boundary', 'x', 'multipart/form-data', 'unsupported-content', 415],
		[
			'[HTTP4] a file',
			parts('name="text"; filename="a.txt"', 'inside'),
			'multipart/form-data; boundary=x',
			'unsupported-content',
			415,
		],
		['[HTTP9] another type', '<a/>', 'application/xml', 'unsupported-content', 415],
		['[EV1] null', 'null', json, 'invalid-event', 400],
		['[HTTP8] no body', '', 'application/x-www-form-urlencoded', 'invalid-event', 400],
		['[EV2] `__proto__` in a form', '__proto__=x&text=a', 'application/x-www-form-urlencoded', 'invalid-event', 400],
		['[EV3] a text over 8 KiB', 'x'.repeat(8193), 'text/plain', 'invalid-event', 400],
		['[EV4] data of 500,000 levels', `{"text":"a","data":${deep(500_000)}}`, json, 'event-too-large', 413],
		['[EV4] a list of 500,000 levels', deep(500_000), json, 'invalid-event', 400],
		['[EV4] data of 10,000 levels in a list', `[{"text":"a","data":${deep(10_000)}}]`, json, 'invalid-event', 400],
		['[EV7] a time beyond all dates', '{"text":"a","at":1e300}', json, 'invalid-event', 400],
		[
			'[HTTP7] one event over 64 KiB',
			JSON.stringify({ text: 'a', data: 'x'.repeat(65_536) }),
			json,
			'event-too-large',
			413,
		],
		['[HTTP7] a text over 64 KiB', 'x'.repeat(65_537), 'text/plain', 'event-too-large', 413],
		['[HTTP7] over 1 MiB', 'x'.repeat(1_048_577), json, 'batch-too-large', 413],
		['[HTTP7] over 5,000 events', `[${Array(5001).fill('{"type":"a"}').join()}]`, json, 'batch-too-large', 413],
	];

	it.each(cases)('%s', async (_, body, type, code, status) => {
		const channel = createChannelName('refused');
		const answer = await post(channel, body, type);
		expectProblem(answer, code, status);
		expect(answer.body.detail.length).toBeGreaterThan(15);
		expect(await read(channel)).toMatchObject({ epoch: '-', last: 0 });
	});

	it('[HTTP7] a body without end is cut off at 1 MiB', async () => {
		let sent = 0;
		const body = new ReadableStream({
			pull(controller) {
				sent += 65_536;
				if (sent > 40 * 1_048_576) controller.close();
				else controller.enqueue(new Uint8Array(65_536).fill(120));
			},
		});
		const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'text/plain' } };
		const answer = await ask(address(createChannelName('endless')), init as RequestInit).catch((error) => error);
		// The relay may answer, or close the connection on a client that goes on sending.
		if (!(answer instanceof Error)) expectProblem(answer, 'batch-too-large', 413);
		expect(sent).toBeLessThan(40 * 1_048_576);
	});

	it('[HTTP7] a request of exactly 1 MiB with 5,000 events is taken', async () => {
		const channel = createChannelName('full');
		const events = `[${Array(4999).fill('{"type":"a"}').join()},{"text":""}]`;
		const { status, body } = await post(channel, events.padEnd(1_048_576), 'application/json');
		expect([status, body.events?.length]).toEqual([201, 5000]);
	});

	it.each([
		['[NAME1] a name outside the alphabet', '/channels/-x/events', 'invalid-channel', 400],
		['[NAME1] a name with a slash', '/channels/a%2Fb/events', 'invalid-channel', 400],
		['[NAME1] a name that is no UTF-8', '/channels/%ff/events', 'invalid-channel', 400],
		['[NAME1] a name of 65', `/channels/${'a'.repeat(65)}/events`, 'invalid-channel', 400],
		['[HTTP9] no such address', '/channels/a/else', 'not-found', 404],
		['[HTTP9] an event without a name', '/channels/a/events/', 'not-found', 404],
		['[HTTP9] more after the address of an event', '/channels/a/events/b:1/else', 'not-found', 404],
		['[HTTP9] a slash after the address of an event', '/channels/a/events/b:1/', 'not-found', 404],
		['[HTTP12] a room of the engine', '/parties/main/a', 'not-found', 404],
		['[HTTP12] a room of the engine by its other address', '/party/a', 'not-found', 404],
		['[LIM2] an address over 512 characters', `/channels/a/events?type=${'a'.repeat(500)}`, 'url-too-long', 414],
	])('%s is a problem', async (_, path, code, status) => {
		for (const method of ['GET', 'POST']) {
			expectProblem(await ask(`${relay.url}${path}`, method === 'POST' ? { method, body: 'a' } : {}), code, status);
		}
	});

	it('[HTTP9] a method that an address does not take, with those that it takes', async () => {
		for (const [path, allow] of [
			['/channels/a/events', 'GET, HEAD, POST, OPTIONS'],
			['/health', 'GET, HEAD, OPTIONS'],
			['/live-feed.js', 'GET, HEAD, OPTIONS'],
		]) {
			const answer = await ask(`${relay.url}${path}`, { method: 'DELETE' });
			expectProblem(answer, 'method-not-allowed', 405);
			expect(answer.headers.get('allow')).toBe(allow);
		}
	});
});

describe('pages', () => {
	let channel: string;
	let epoch: string;

	beforeAll(async () => {
		channel = createChannelName('pages');
		const drafts = range(1, 120).map((n) => ({ type: n % 10 === 0 ? 'rare.one' : 'often', text: `event ${n}` }));
		epoch = (await postJson(channel, drafts)).body.epoch;
	});

	const seqs = ({ events }: Json): number[] => events.map(({ seq }: Json) => seq);

	it('[PAGE1] without parameters: the newest 50, oldest first, and where to go on', async () => {
		const page = await read(channel);
		expect(page).toEqual({ epoch, first: 1, last: 120, events: expect.any(Array), next: `${epoch}:120` });
		expect(seqs(page)).toEqual(range(71, 120));
	});

	it.each(['', '&type=rare.*', '&type=rare.one,often', '&type=often&type=never'])(
		'[PAGE2] [PAGE3] `next` leads through everything, forward and back: %s',
		async (filter) => {
			const wanted = range(1, 120).filter(
				(n) => filter === '' || filter.includes(',') || (n % 10 === 0) === filter.includes('rare'),
			);
			for (const limit of [7, 50, 1000]) {
				const forward: number[] = [];
				for (let after = '0', next = ''; after !== next; ) {
					const page = await read(channel, `?after=${after}&limit=${limit}${filter}`);
					forward.push(...seqs(page));
					next = after;
					after = page.next;
				}
				expect(forward).toEqual(wanted);
				const back: number[] = [];
				for (let before: string | null = `${epoch}:121`; before !== null; ) {
					const page = await read(channel, `?before=${before}&limit=${limit}${filter}`);
					back.unshift(...seqs(page));
					before = page.next;
				}
				expect(back).toEqual(wanted);
			}
		},
	);

	it('[PAGE2] after the newest there is nothing, and `next` stays', async () => {
		expect(await read(channel, `?after=${epoch}:120`)).toMatchObject({ events: [], next: `${epoch}:120` });
	});

	it('[PAGE4] `since` takes a span, a date and milliseconds', async () => {
		const { events } = await read(channel, '?limit=1');
		const { time } = events[0];
		for (const since of ['1h', new Date(time - 3_600_000).toISOString(), String(time - 3_600_000)]) {
			expect(seqs(await read(channel, `?since=${encodeURIComponent(since)}&limit=1000`))).toEqual(range(1, 120));
		}
		expect(seqs(await read(channel, `?since=${time + 1}`))).toEqual([]);
		expect(await read(channel, '?since=0s')).toMatchObject({ next: `${epoch}:120` });
		expect(seqs(await read(channel, '?since=9999999999999999'))).toEqual([]);
	});

	it('[PAGE5] `limit` is from 0 to 1,000', async () => {
		expect(await read(channel, '?limit=0')).toMatchObject({ events: [], next: `${epoch}:120` });
		expect(seqs(await read(channel, '?limit=1'))).toEqual([120]);
		expect(seqs(await read(channel, '?limit=1000'))).toEqual(range(1, 120));
	});

	it('[PAGE6] an unchanged page is answered by 304', async () => {
		const own = createChannelName('etag');
		await post(own, 'a', 'text/plain');
		const first = await ask(address(own));
		const etag = first.headers.get('etag') ?? '';
		expect(etag).toMatch(/^"[a-z0-9]+:1\/1"$/);
		expect(first.headers.get('cache-control')).toBe('no-cache');
		for (const header of [etag, `W/${etag}`, `"other", ${etag}`]) {
			const again = await ask(address(own), { headers: { 'if-none-match': header } });
			expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', etag]);
		}
		await post(own, 'b', 'text/plain');
		const later = await ask(address(own), { headers: { 'if-none-match': etag } });
		expect([later.status, later.body.last]).toEqual([200, 2]);
		expect((await ask(address(own, '?since=1h'))).headers.has('etag')).toBe(false);
	});

	it('[PAGE7] a position of another log gives all that is kept, and the log that it is', async () => {
		const page = await read(channel, '?after=otherlog:50&limit=3');
		expect(page).toMatchObject({ epoch, next: `${epoch}:3` });
		expect(seqs(page)).toEqual([1, 2, 3]);
		expect(await read(channel, '?before=otherlog:50')).toMatchObject({ events: [], next: null });
	});

	it.each([
		['after=17', 'invalid-position'],
		['before=x:01', 'invalid-position'],
		['since=yesterday', 'invalid-parameter'],
		['limit=1001', 'invalid-parameter'],
		['limit=-1', 'invalid-parameter'],
		['limit=ten', 'invalid-parameter'],
		['type=', 'invalid-parameter'],
		['type=a%20b', 'invalid-parameter'],
		['after=0&before=0', 'invalid-parameter'],
		['cursor=1', 'invalid-parameter'],
	])('[PAGE8] ?%s is refused as %s', async (query, code) => {
		expectProblem(await ask(address(channel, `?${query}`)), code, 400);
	});

	it('[LOG1] reading a channel does not create it', async () => {
		const empty = createChannelName('unborn');
		for (const query of ['', '?after=0', '?since=1h']) {
			expect(await read(empty, query)).toEqual({ epoch: '-', first: 0, last: 0, events: [], next: '-:0' });
		}
		expect(await read(empty, '?before=-:0')).toMatchObject({ next: null });
	});

	it.each([
		['*/*', 'application/json'],
		['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/json'],
		['application/json, text/plain, */*', 'application/json'],
		['application/*', 'application/json'],
		['text/event-stream;q=0.5, application/json', 'application/json'],
		['text/plain;q=0, */*', 'application/json'],
		['', 'application/json'],
	])('[FORM1] Accept: %s gets %s', async (accept, type) => {
		const { headers } = await ask(address(channel, '?limit=0'), { headers: { accept } });
		expect(headers.get('content-type')).toBe(`${type}; charset=utf-8`);
	});

	it('[FORM1] a form that there is not', async () => {
		for (const accept of ['text/html', 'image/*', 'application/json;q=0']) {
			expectProblem(await ask(address(channel), { headers: { accept } }), 'not-acceptable', 406);
		}
	});
});

describe('other pages and tools', () => {
	it('[HTTP13] a header with other bytes than ASCII is refused, a body that is cut off too, and the relay stays', async () => {
		const { hostname, port } = new URL(relay.url);
		const head = `/channels/${createChannelName('bytes')}/events HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n`;
		const say = (text: string) =>
			new Promise<string>((resolve, reject) => {
				const socket = connect({ host: hostname, port: Number(port || 80) });
				let answer = '';
				socket.on('data', (chunk) => {
					answer += String(chunk);
				});
				socket.on('close', () => resolve(answer));
				socket.on('error', reject);
				socket.end(Buffer.from(text, 'latin1'));
			});
		expect(await say(`GET ${head}Accept: \xe9\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 [\s\S]*invalid-parameter/);
		expect(await say(`POST ${head}Idempotency-Key: \xff\r\nContent-Length: 2\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 400 /);
		expect(await say(`GET ${head}X-Anything: \xe9\xff\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
		const cut = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"type":"a"}\r\n';
		expect(await say(`POST ${head}${cut}`)).not.toMatch(/^HTTP\/1\.1 5/);
		expect((await ask(`${relay.url}/health`)).status).toBe(200);
	});

	it('[HTTP10] a page that is served may ask, and no other', async () => {
		const origin = 'http://localhost:8080';
		for (const path of ['/channels/a/events', '/health']) {
			const { status, headers } = await ask(`${relay.url}${path}`, {
				method: 'OPTIONS',
				headers: {
					origin,
					'access-control-request-method': 'POST',
					'access-control-request-headers': 'content-type',
				},
			});
			expect(status).toBe(204);
			expect(headers.get('access-control-allow-origin')).toBe(origin);
			expect(headers.get('access-control-allow-methods')).toContain('GET');
			expect(headers.get('access-control-allow-headers')).toBe(
				'authorization, content-type, idempotency-key, last-event-id, if-match, if-none-match, live-feed-author',
			);
			expect(headers.get('access-control-max-age')).toBe('86400');
		}
		const own = address(createChannelName('origin'));
		const foreign = await ask(own, { headers: { origin: 'null' } });
		expect([foreign.status, foreign.headers.has('access-control-allow-origin')]).toEqual([403, false]);
		const { headers } = await ask(own, { headers: { origin } });
		expect(headers.get('access-control-allow-origin')).toBe(origin);
		expect(headers.get('access-control-expose-headers')).toContain('etag');
		expect(headers.has('access-control-allow-credentials')).toBe(false);
		expect(headers.get('x-content-type-options')).toBe('nosniff');
	});

	it('[HTTP11] HEAD has the headers of GET and no body', async () => {
		const channel = createChannelName('head');
		await post(channel, 'a', 'text/plain');
		for (const [url, accept, type] of [
			[address(channel), 'application/json', 'application/json'],
			[address(channel), 'text/event-stream', 'text/event-stream'],
			[`${relay.url}/health`, '*/*', 'application/json'],
		] as const) {
			const { status, headers, body } = await ask(url, { method: 'HEAD', headers: { accept } });
			expect([status, body]).toEqual([200, '']);
			expect(headers.get('content-type')).toBe(`${type}; charset=utf-8`);
		}
	});

	it('[HTTP14] a page comes compressed to who takes that, a short one does not, and a live stream never', async () => {
		const channel = createChannelName('gzip');
		await post(channel, 'short', 'text/plain');
		const encodingOf = async (encoding: string, accept = 'application/json') => {
			const answer = await ask(address(channel), { headers: { 'accept-encoding': encoding, accept }, method: 'GET' });
			return { ...answer, encoding: answer.headers.get('content-encoding') };
		};
		expect((await encodingOf('gzip')).encoding).toBeNull();
		await post(channel, 'long '.repeat(400), 'text/plain');
		const plain = await encodingOf('identity');
		const zipped = await encodingOf('br;q=0.5, gzip');
		expect(plain.encoding).toBeNull();
		expect(zipped.encoding).toBe('gzip');
		expect((await encodingOf('gzip;q=0, *')).encoding).toBeNull();
		expect(zipped.body.events).toEqual(plain.body.events);
		expect(zipped.headers.get('vary')).toMatch(/accept-encoding/);
		expect(zipped.headers.get('etag')).toBe(`W/${plain.headers.get('etag')}`);
		const known = { 'accept-encoding': 'gzip', 'if-none-match': zipped.headers.get('etag') as string };
		expect((await ask(address(channel), { headers: known })).status).toBe(304);
		for (const accept of ['text/event-stream', 'application/x-ndjson', 'text/plain']) {
			const over = new AbortController();
			const { headers } = await fetch(address(channel), {
				...{ headers: { accept, 'accept-encoding': 'gzip' }, signal: over.signal },
			});
			expect(headers.get('content-encoding')).toBeNull();
			over.abort();
		}
	});

	it('[HTTP12] what the engine is told by headers and hosts of its own, nobody else can tell it', async () => {
		const headers = { 'mf-original-url': 'http://127.0.0.1/nowhere', 'mf-cf-blob': '{', 'mf-op': 'GET' };
		expect((await ask(`${relay.url}/health`, { headers })).status).toBe(200);
		expectProblem(await ask(`${relay.url}/cdn-cgi/mf/scheduled`), 'not-found', 404);
		const connectTo = (host: string) =>
			new Promise<string>((resolve, reject) => {
				const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
				let text = '';
				socket.on('data', (data) => {
					text += data;
				});
				socket.on('error', reject);
				socket.on('close', () => resolve(text));
				socket.end(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
			});
		const refused = await connectTo('anybody');
		expect(refused).toMatch(/^HTTP\/1.1 500 /);
		expect(await connectTo('miniflare-unsafe-internal-capnp-connect')).toBe(refused);
	});

	it('[OPS2] /live-feed.js is a module for pages of any origin, or says that it is not built', async () => {
		const url = `${relay.url}/live-feed.js`;
		const answer = await ask(url);
		if (answer.status === 404) return expectProblem(answer, 'not-found', 404);
		const { headers } = answer;
		expect(answer.status).toBe(200);
		expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
		expect(headers.get('access-control-allow-origin')).toBe('*');
		expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
		expect(headers.get('content-encoding')).toBe('gzip');
		const etag = headers.get('etag') ?? '';
		expect((await ask(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
	});

	it('[OPS1] /health says that it is well, and the time', async () => {
		const { status, body, headers } = await ask(`${relay.url}/health`);
		expect([status, body.status]).toEqual([200, 'ok']);
		expect(Math.abs(body.time - Date.now())).toBeLessThan(60_000);
		expect(headers.get('cache-control')).toBe('no-store');
	});
});
