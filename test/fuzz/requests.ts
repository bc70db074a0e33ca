// What is asked of a fuzzed relay over HTTP, request by request, and what may come of each.
// Knows addresses, headers and bodies in literal examples; never knows connections, nor the code that is tried.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
	CHANGE_CODES,
	changeDraft,
	expand,
	keyedDraft,
	spare,
	validChange,
	validDraft,
	wrongChange,
	wrongDraft,
} from './drafts.ts';

/** One request, as plain data, so that a failing one can be printed and sent again. Texts are Latin-1 unless said otherwise. */
export interface Request {
	what: string;
	method: string;
	path: string;
	headers: [name: string, value: string][];
	/** UTF-8. */
	body?: string;
	/** Instead of `body`. */
	base64?: string;
	framing?: 'chunked' | 'broken chunk' | 'early end' | 'endless chunk' | 'wrong length';
	/** Statuses or codes that are right; all of the table where it is empty. */
	expect: string[];
}

const channel = fc.constantFrom(...Array.from({ length: 8 }, (_, index) => `fuzz-${index}`));
const address = channel.map((name) => `/channels/${name}/events`);
const pair = (name: string, value: string): [string, string] => [name, value];
const json = pair('Content-Type', 'application/json');

const publish = (body: string, expect: string[], what = 'publish', type: [string, string] = json) =>
	address.map((path): Request => ({ what, method: 'POST', path, headers: [type], body, expect }));

const form = fc.constantFrom(
	'text=a',
	'text=a&level=error&actor=Ada',
	'Hello+there',
	'type=deploy.done&data=%7B%22a%22%3A1%7D',
	'a sentence',
	'[not json',
	'{"text":"a"}',
);
const multipart = '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n--b--\r\n';
const validPost: fc.Arbitrary<Request> = fc.oneof(
	{ weight: 6, arbitrary: validDraft.chain((draft) => publish(draft, ['201'])) },
	{ weight: 1, arbitrary: keyedDraft.chain((draft) => publish(draft, ['201', 'key-conflict'])) },
	{
		weight: 2,
		arbitrary: fc
			.array(validDraft, { minLength: 1, maxLength: 5 })
			.chain((drafts) => publish(`[${drafts}]`, ['201'], 'publish many')),
	},
	{
		weight: 1,
		arbitrary: fc
			.array(validDraft, { minLength: 1, maxLength: 5 })
			.chain((drafts) =>
				publish(drafts.join('\n'), ['201'], 'publish lines', pair('Content-Type', 'application/x-ndjson')),
			),
	},
	{
		weight: 2,
		arbitrary: form.chain((body) =>
			publish(body, ['201'], 'publish a form', pair('Content-Type', 'application/x-www-form-urlencoded')),
		),
	},
	{
		weight: 1,
		arbitrary: publish(
			'Deploy 214 finished\n',
			['201'],
			'publish text',
			pair('Content-Type', 'text/plain; charset=utf-8'),
		),
	},
	{
		weight: 1,
		arbitrary: publish(
			multipart,
			['201'],
			'publish multipart',
			pair('Content-Type', 'multipart/form-data; boundary=b'),
		),
	},
);

/** One event of a channel, of those whose names are known and of others. */
const eventPath = fc
	.tuple(address, fc.integer({ min: 1, max: 60 }), fc.nat(20))
	.map(([path, seq, kind]) => `${path}/${kind === 0 ? 'a' : 'fuzz'}:${seq}`);
const conditions = fc.constantFrom<[string, string][]>(
	...[[], [], [], [pair('If-Match', '"1"')], [pair('If-Match', '*')], [pair('If-Match', '9007199254740991')]],
	...[[pair('Idempotency-Key', 'k')], [pair('Live-Feed-Author', 'a-key-of-a-browser')]],
);
const validOnEvent: fc.Arbitrary<Request> = fc.oneof(
	fc.tuple(eventPath, validChange, conditions).map(([any, change, headers]): Request => {
		const path = spare(any, change);
		const isReaction = 'reaction' in change;
		const { on = true, ...fields } = change as { on?: boolean };
		const method = isReaction ? (on ? 'POST' : 'DELETE') : 'removed' in change ? 'DELETE' : 'PATCH';
		const body =
			method === 'DELETE' && !isReaction ? {} : { body: JSON.stringify(fields).replaceAll('\ufffd', '\\ufffd') };
		return {
			...{
				what: 'change',
				method,
				path: isReaction ? `${path}/reactions` : path,
				headers: [json, ...headers],
				...body,
			},
			expect: ['200', ...CHANGE_CODES],
		};
	}),
	eventPath.map(
		(path): Request => ({ what: 'one event', method: 'GET', path, headers: [], expect: ['200', 'unknown-event'] }),
	),
	changeDraft.chain((draft) => publish(draft, ['201', ...CHANGE_CODES], 'publish a change')),
	fc
		.array(fc.oneof(changeDraft, validDraft), { minLength: 1, maxLength: 8 })
		.chain((drafts) => publish(`[${drafts}]`, ['201', '207', ...CHANGE_CODES], 'publish changes among others')),
);
const wrongOnEvent: fc.Arbitrary<Request> = fc.oneof(
	wrongChange.chain((draft) => publish(draft, ['invalid-event'], 'wrong change')),
	fc
		.tuple(
			eventPath,
			fc.constantFrom('PATCH', 'DELETE', 'POST', 'PUT', 'OPTIONS', 'HEAD'),
			fc.constantFrom('', '/reactions', '/reactions/x', '/', '/%00', '?reaction=%ff', '?x=1', '?reaction='),
			fc.constantFrom('', '{}', '[]', 'null', '{', '{"reaction":5}', '{"text":"a","status":"open"}', '§deep:3000§'),
			fc.constantFrom<[string, string][]>(
				[],
				[pair('If-Match', 'W/"1"')],
				[pair('If-Match', '"é"')],
				[pair('Live-Feed-Author', 'x')],
			),
		)
		.map(([path, method, more, body, headers]): Request => {
			const isRead = method === 'HEAD' || method === 'OPTIONS';
			return {
				what: 'odd change',
				method,
				path: path + more,
				headers: [json, ...headers],
				...(isRead ? {} : { body }),
				expect: [],
			};
		}),
);

const parameters = fc.constantFrom(
	...[
		'',
		'?limit=5',
		'?limit=0',
		'?limit=1000',
		'?after=0&limit=3',
		'?after=-:0&limit=3',
		'?after=a:1&limit=2',
		'?before=a:5&limit=2',
		'?before=0',
	],
	...[
		'?since=1s',
		'?since=2026-11-20',
		'?since=1800000000000&limit=1',
		'?type=deploy.*&limit=2',
		'?type=a,b&type=c',
		'?type=*&limit=1',
		'?status=open,reopened&limit=2',
		'?thread=fuzz:2&limit=3',
		'?after=fuzz:3&limit=9',
		'?wait=0',
	],
);
const accept = fc.constantFrom(
	'*/*',
	'application/json',
	'application/*;q=0.5, text/html',
	'application/json;q=0.1,text/csv',
	' , application/json',
	'',
);
const validGet: fc.Arbitrary<Request> = fc.oneof(
	fc.tuple(address, parameters, accept, fc.constantFrom('GET', 'GET', 'HEAD')).map(
		([path, query, value, method]): Request => ({
			what: 'read',
			method,
			path: path + query,
			headers: [pair('Accept', value)],
			expect: ['200'],
		}),
	),
	fc
		.tuple(
			address,
			fc.constantFrom('text/event-stream', 'application/x-ndjson', 'text/plain'),
			fc.constantFrom('', '?limit=0', '?since=1s', '?after=a:1', '?type=none'),
		)
		// A line for a terminal or of NDJSON has no room for other types: those alone are refused where too many filters are in use.
		.map(
			([path, value, query]): Request => ({
				...{ what: 'stream', method: 'GET', path: path + query, headers: [pair('Accept', value)] },
				expect: ['200', 'invalid-parameter'],
			}),
		),
	address.map(
		(path): Request => ({
			what: 'preflight',
			method: 'OPTIONS',
			path,
			headers: [pair('Origin', 'http://localhost:3000')],
			expect: ['204'],
		}),
	),
	fc
		.constantFrom('/health', '/health?x=1')
		.map((path): Request => ({ what: 'health', method: 'GET', path, headers: [], expect: ['200'] })),
);

const WRONG_PARAMETERS: readonly [query: string, code: string][] = [
	...[
		'limit=-1',
		'limit=1001',
		'limit=1e2',
		'limit=',
		'limit=%00',
		'limit=5%20',
		'limit=９',
		'wait=31',
		'wait=-1',
		'wait=x',
		'wait=1&limit=0',
	].map(pairOf('invalid-parameter')),
	...[
		'since=yesterday',
		'since=',
		'since=1y',
		'since=9999999999s',
		'type=',
		'type=a%20b',
		'type=a,,b',
		'type=__proto__',
		'type=*.a',
		'status=done',
		'status=',
		'thread=fuzz:1&wait=1',
		'thread=fuzz:1&since=1s',
	].map(pairOf('invalid-parameter')),
	...[
		'__proto__=1',
		'constructor=1',
		'token=abc',
		'Limit=1',
		'x',
		'=',
		'%00=1',
		'after=0&before=0',
		'since=1s&after=0',
	].map(pairOf('invalid-parameter')),
	...[
		'after=',
		'after=a',
		'after=a:01',
		'after=A:1',
		'after=-1',
		'after=a:9007199254740993',
		'before=x',
		'before=%ff',
		'after=a:1%0a',
		'after=%EF%BF%BD',
	].map(pairOf('invalid-position')),
];

function pairOf(code: string): (query: string) => [string, string] {
	return (query) => [query, code];
}

const wrongGet = fc.tuple(address, fc.constantFrom(...WRONG_PARAMETERS)).map(
	([path, [query, code]]): Request => ({
		// The engine refuses some bytes before the relay sees them.
		...{
			what: 'wrong parameter',
			method: 'GET',
			path: `${path}?${Buffer.from(query).toString('latin1')}`,
			headers: [],
			expect: [code],
		},
	}),
);
const notAcceptable = fc
	.tuple(
		address,
		fc.constantFrom(
			'text/html',
			'image/*',
			'application/json;q=0',
			'*/*;q=0',
			'a',
			';;;',
			'application/jsonx',
			'__proto__',
		),
	)
	.map(
		([path, value]): Request => ({
			what: 'not acceptable',
			method: 'GET',
			path,
			headers: [pair('Accept', value)],
			expect: ['not-acceptable'],
		}),
	);
const wrongChannel = fc
	.constantFrom(
		...[
			'-a',
			'a%20b',
			'%00',
			'%ff',
			'%',
			'%zz',
			'%2e%2e',
			'%E0%A4%A',
			'a%2fb',
			'x'.repeat(65),
			'__proto__',
			'a%0d%0ab',
			'a:b',
			'%25',
			'é',
			'*',
			'a;b',
			'.a',
			'',
		],
	)
	.chain((name) =>
		fc.constantFrom('GET', 'POST', 'HEAD').map(
			(method): Request => ({
				...{
					what: 'wrong channel',
					method,
					path: `/channels/${name}/events`,
					headers: [],
					expect: ['invalid-channel', 'not-found'],
				},
			}),
		),
	);
const nowhere = fc
	.constantFrom(
		...[
			'/channels',
			'/channels/',
			'/channels/a',
			'/channels/a/events/',
			'/channels/a/events/x',
			'/channels/a/event',
			'//channels/a/events',
			'/parties/main/a',
			'/party/a',
		],
		...[
			'/parties/main/a/goaway',
			'/goaway',
			'/control/goaway',
			'/control',
			'/constructor',
			'/__proto__',
			'/..%2f..%2fetc/passwd',
			'/live-feed/none.js',
			'/health/',
			'/%00',
			'/%ff',
		],
		...[
			'/channels/%2e%2e/events/../../parties/main/a',
			'/events',
			'/;',
			'/?',
			'/channels/a/events;x',
			'/CHANNELS/a/events',
			'/\\',
			'/channels\\a\\events',
		],
	)
	.chain((path) =>
		fc
			.constantFrom('GET', 'POST', 'DELETE')
			.map((method): Request => ({ what: 'nowhere', method, path, headers: [], expect: [] })),
	);
const longAddress = fc.constantFrom(480, 600, 2000, 7000, 9000).chain((length) =>
	address.map(
		(path): Request => ({
			what: 'long address',
			method: 'GET',
			path: `${path}?type=${'a'.repeat(length)}`,
			headers: [],
			expect: [],
		}),
	),
);
const wrongMethod = fc
	.tuple(
		address,
		fc.constantFrom('PUT', 'DELETE', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'FOO', 'GET\t', 'QUERY', 'POST '),
	)
	.map(([path, method]): Request => ({ what: 'wrong method', method, path, headers: [], expect: [] }));

const wrongPost: fc.Arbitrary<Request> = fc.oneof(
	{ weight: 8, arbitrary: wrongDraft.chain((draft) => publish(draft, ['invalid-event'], 'wrong draft')) },
	{
		weight: 2,
		arbitrary: fc
			.constantFrom('{', 'undefined', "{'a':1}", '{"text":"a"}}', 'NaN', '\ufeff[', '"', '{"text":"a",}')
			.chain((body) => publish(body, ['invalid-json'], 'no JSON')),
	},
	{
		weight: 1,
		arbitrary: fc
			.constantFrom('', '[]', '{}', 'null', '§deep:3000§', '[[]]', '[null]')
			.chain((body) => publish(body, ['invalid-event'], 'no event')),
	},
	{
		weight: 2,
		arbitrary: fc
			.tuple(validDraft, wrongDraft)
			.chain(([a, b]) => publish(`[${a},${b}]`, ['207', 'invalid-event'], 'half wrong')),
	},
	{
		weight: 2,
		arbitrary: fc
			.constantFrom(
				'text/html',
				'application/xml',
				'',
				'application',
				'application/json+x',
				'__proto__',
				'image/png',
				'multipart/form-data',
				'application/json\t;',
			)
			.chain((type) => publish('{"text":"a"}', [], 'content type', pair('Content-Type', type))),
	},
	{
		weight: 1,
		arbitrary: fc
			.constantFrom(
				'%ff=1&text=%ff',
				'text=%c0%af',
				'text=a&text=%zz',
				'x=1',
				'__proto__=a&text=b',
				'constructor=1&text=a',
				'events=[{]',
				'data={&text=a',
				'at=x&text=a',
				'events=[{"text":"a"}]',
			)
			.chain((body) => publish(body, [], 'odd form', pair('Content-Type', 'application/x-www-form-urlencoded'))),
	},
	{
		weight: 1,
		arbitrary: fc
			.constantFrom(
				'--b\r\n',
				multipart.slice(0, 60),
				multipart.replaceAll('--b', '--c'),
				multipart.replace('name="text"', 'name="__proto__"'),
				multipart.replace('name="text"', 'name="text"; filename="a.txt"'),
				'',
			)
			.chain((body) => publish(body, [], 'odd multipart', pair('Content-Type', 'multipart/form-data; boundary=b'))),
	},
	{
		weight: 2,
		arbitrary: fc.tuple(address, fc.constantFrom('ff', 'c0af7d', '7b22c3227d', 'efbfbd', '00', 'eda080')).map(
			([path, hex]): Request => ({
				what: 'bytes',
				method: 'POST',
				path,
				headers: [json],
				base64: Buffer.from(hex, 'hex').toString('base64'),
				expect: ['invalid-utf8', 'invalid-json'],
			}),
		),
	},
	{
		weight: 1,
		arbitrary: address.map(
			(path): Request => ({
				...{ what: 'claims gzip', method: 'POST', path, headers: [json, pair('Content-Encoding', 'gzip')] },
				...{ base64: gzipSync('{"text":"a"}').toString('base64'), expect: [] },
			}),
		),
	},
	{
		weight: 1,
		arbitrary: fc.constantFrom('', ' ', 'é', 'x'.repeat(65), 'a', '\t', '"a"', 'a\u0001').chain((key) =>
			address.map(
				(path): Request => ({
					what: 'idempotency key',
					method: 'POST',
					path,
					headers: [json, pair('Idempotency-Key', key)],
					body: '{"text":"a"}',
					expect: [],
				}),
			),
		),
	},
);
/** These cost the relay and us more than all others. */
const large: fc.Arbitrary<Request> = fc.oneof(
	publish('{"text":"a","data":"§x:66000§"}', ['event-too-large', 'invalid-event'], 'large event'),
	publish('{"text":"§x:8192§","x":"§x:70000§"}', ['event-too-large'], 'large event'),
	publish('§x:1048577§', ['batch-too-large'], 'large body', pair('Content-Type', 'text/plain')),
	publish(`[${'0,'.repeat(5000)}0]`, ['batch-too-large'], 'large batch'),
	address.map(
		(path): Request => ({
			what: 'large body',
			method: 'POST',
			path,
			headers: [json],
			body: '§x:1050000§',
			framing: 'chunked',
			expect: ['batch-too-large'],
		}),
	),
);

const oddHeaders = fc.constantFrom<[string, string][]>(
	[pair('Last-Event-ID', 'a:1'), pair('Accept', 'text/event-stream')],
	[pair('Last-Event-ID', '__proto__'), pair('Accept', 'text/event-stream')],
	[pair('Last-Event-ID', '\u00ff\u00fe'), pair('Accept', 'text/event-stream')],
	[pair('Last-Event-ID', 'a:1'), pair('Last-Event-ID', 'b:2'), pair('Accept', 'text/event-stream')],
	[pair('If-None-Match', '"x", W/"y", *'), pair('If-None-Match', '"'.repeat(900))],
	[pair('Accept', 'text/event-stream;q=é')],
	[pair('Accept', 'application/json,'.repeat(400))],
	[pair('X-Huge', 'x'.repeat(6000))],
	[pair('X-Huge', 'x'.repeat(70_000))],
	Array.from({ length: 120 }, (_, index) => pair(`X-${index}`, 'a')),
	[pair('X-\u00e9', 'a')],
	[pair('Host', 'evil.example')],
	[pair('Host', '')],
	[pair('Host', 'a b')],
	[pair('Host', '127.0.0.1:99999')],
	[pair('Host', '\u00e9')],
	[pair('Host', '127.0.0.1'), pair('Host', 'evil.example')],
	[pair('Origin', 'null')],
	[pair('Origin', 'https://evil.example')],
	[pair('Origin', 'http://127.0.0.1.evil.example')],
	[pair('Origin', 'http://localhost:1'), pair('Origin', 'https://evil.example')],
	[pair('Origin', '\u00ff')],
	[pair('Cookie', '__proto__=1; token=x')],
	[pair('Authorization', 'Bearer '), pair('Authorization', 'Basic x')],
	[pair('Authorization', 'Bearer \u00ff')],
	[pair('Upgrade', 'h2c'), pair('Connection', 'Upgrade, HTTP2-Settings')],
	[pair('Upgrade', 'websocket')],
	[pair('Upgrade', 'websocket'), pair('Connection', 'Upgrade')],
	[
		pair('Upgrade', 'websocket'),
		pair('Connection', 'Upgrade'),
		pair('Sec-WebSocket-Version', '12'),
		pair('Sec-WebSocket-Key', 'x'),
	],
	[pair('Expect', '100-continue')],
	[pair('Content-Length', '5')],
	[pair('Content-Length', '-1')],
	[pair('Content-Length', '1'), pair('Content-Length', '2')],
	[pair('Content-Length', '99999999999999999999')],
	[pair('Transfer-Encoding', 'gzip')],
	[pair('Transfer-Encoding', 'chunked'), pair('Content-Length', '3')],
	[pair('Range', 'bytes=0-1')],
	[pair('X-HTTP-Method-Override', 'DELETE')],
	[pair('X', 'a\u0000b')],
	[pair('X', 'a\rb')],
	[pair('X y', 'a')],
	[pair('', 'a')],
);
const withOddHeaders = fc
	.tuple(address, oddHeaders, fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS'))
	.map(([path, headers, method]): Request => ({ what: 'odd headers', method, path, headers, expect: [] }));
const badFraming = fc
	.tuple(
		address,
		fc.constantFrom<NonNullable<Request['framing']>>(
			'broken chunk',
			'early end',
			'wrong length',
			'chunked',
			'endless chunk',
		),
	)
	.map(
		([path, framing]): Request => ({
			what: framing,
			method: 'POST',
			path,
			headers: [json],
			body: '{"text":"a"}',
			framing,
			expect: [],
		}),
	);
const anyPath = fc
	.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 60 })
	.map((path): Request => ({ what: 'any path', method: 'GET', path: `/${path}`, headers: [], expect: [] }));
const anyQuery = fc.tuple(address, fc.webQueryParameters()).map(
	([path, query]): Request => ({
		what: 'any query',
		method: 'GET',
		path: `${path}?${query}`,
		headers: [],
		expect: [],
	}),
);

export const request: fc.Arbitrary<Request> = fc.oneof(
	{ weight: 300, arbitrary: validPost },
	{ weight: 150, arbitrary: validGet },
	{ weight: 100, arbitrary: validOnEvent },
	{ weight: 60, arbitrary: wrongOnEvent },
	{ weight: 60, arbitrary: wrongGet },
	{ weight: 20, arbitrary: notAcceptable },
	{ weight: 40, arbitrary: wrongChannel },
	{ weight: 50, arbitrary: nowhere },
	{ weight: 10, arbitrary: longAddress },
	{ weight: 30, arbitrary: wrongMethod },
	{ weight: 150, arbitrary: wrongPost },
	{ weight: 4, arbitrary: large },
	{ weight: 100, arbitrary: withOddHeaders },
	{ weight: 30, arbitrary: badFraming },
	{ weight: 30, arbitrary: anyPath },
	{ weight: 30, arbitrary: anyQuery },
);

/** The bytes of a request. */
export function encodeRequest({ method, path, headers, body, base64, framing }: Request, host: string): Buffer {
	const content = base64 === undefined ? Buffer.from(expand(body ?? '')) : Buffer.from(base64, 'base64');
	const own = (name: string) => headers.some(([given]) => given.toLowerCase() === name);
	const lines = [`${method} ${path} HTTP/1.1`];
	if (!own('host')) lines.push(`Host: ${host}`);
	for (const [name, value] of headers) lines.push(`${name}: ${value}`);
	const isChunked = framing === 'chunked' || framing === 'broken chunk' || framing === 'endless chunk';
	const hasBody = body !== undefined || base64 !== undefined;
	if (isChunked) lines.push('Transfer-Encoding: chunked');
	else if (hasBody && !own('content-length'))
		lines.push(`Content-Length: ${content.length + (framing === undefined ? 0 : 7)}`);
	const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
	if (!isChunked) return Buffer.concat([head, content]);
	const size = framing === 'broken chunk' ? 'zz' : content.length.toString(16);
	return Buffer.concat([
		head,
		Buffer.from(`${size}\r\n`),
		content,
		Buffer.from(framing === 'endless chunk' ? '\r\n' : '\r\n0\r\n\r\n'),
	]);
}
