// What is said on a fuzzed socket, message by message, and what may come of each.
// Knows the protocol's messages in literal examples; never knows sockets, nor the parser that is tried.
import fc from 'fast-check';
import { CHANGE_CODES, changeDraft, expand, keyedDraft, validDraft, wrongChange, wrongDraft } from './drafts.ts';
import { BINARY, TEXT } from './wire.ts';

/** How an answer is known to be a message's own: by its `ref`, by its place in the order, or only by what comes after it. */
type Route = 'ref' | 'order' | 'welcome' | 'silence' | 'unknown';

/** One message, as plain data, so that a failing one can be printed and sent again. */
export interface Item {
	/** What was done, for the histogram. */
	what: string;
	/** Which message it is, or was before something was done to it; `-` for none. */
	type: 'hello' | 'publish' | 'seen' | 'give-up' | 'ping' | '-';
	text?: string;
	/** Instead of `text`, the bytes. */
	base64?: string;
	opcode?: number;
	/** The frame comes in so many pieces. */
	pieces?: number;
	mask?: number;
	route: Route;
	/** Outcomes that are right: codes, `receipt`, `pong`, `welcome`, `silence`; all where it is empty. */
	expect: string[];
	/** True where the relay closes the socket after it. */
	isLast?: true;
}

/** Replaced by a number that the socket has not used yet. */
export const REF = '"§ref§"';
const NOT_A_COUNT = fc.constantFrom(
	'-1',
	'0.5',
	'1e300',
	'"1"',
	'null',
	'true',
	'[]',
	'{}',
	'9007199254740992',
	'1e400',
	'-1e400',
);

const publish = (draft: string) => `{"type":"publish","ref":${REF},"draft":${draft}}`;

const rightPublish: fc.Arbitrary<Item> = fc.oneof(
	{
		weight: 6,
		arbitrary: validDraft.map(
			(draft): Item => ({ what: 'valid', type: 'publish', text: publish(draft), route: 'ref', expect: ['receipt'] }),
		),
	},
	{
		weight: 1,
		arbitrary: keyedDraft.map(
			(draft): Item => ({
				what: 'valid',
				type: 'publish',
				text: publish(draft),
				route: 'ref',
				expect: ['receipt', 'key-conflict'],
			}),
		),
	},
);

const rightChange: fc.Arbitrary<Item> = changeDraft.map((draft) => ({
	...{ what: 'valid change', type: 'publish', text: publish(draft), route: 'ref' },
	expect: ['receipt', ...CHANGE_CODES],
}));

const ping: fc.Arbitrary<Item> = fc
	.constantFrom(
		'{"type":"ping"}',
		' {"type" : "ping"}\n',
		'{"type":"ping","x":[1]}',
		'{"__proto__":{"polluted":1},"type":"ping"}',
		'{"type":"\\u0070ing"}',
	)
	.map((text) => ({ what: 'valid', type: 'ping', text, route: 'order', expect: ['pong'] }));

const seen: fc.Arbitrary<Item> = fc.oneof(fc.nat(2000), fc.constantFrom(0, 1, 2 ** 31)).map((bytes) => ({
	...{ what: 'valid', type: 'seen', text: `{"type":"seen","bytes":${bytes}}` },
	...{ route: 'silence', expect: ['silence'] },
}));

const giveUp: fc.Arbitrary<Item> = fc.oneof(fc.nat(200), fc.constantFrom(2 ** 53 - 1)).map((ref) => ({
	...{ what: 'valid', type: 'give-up', text: `{"type":"give-up","ref":${ref}}` },
	...{ route: 'silence', expect: ['silence'] },
}));

const history = fc.oneof(
	{ weight: 12, arbitrary: fc.constantFrom<unknown>(0, 1, 3) },
	{ weight: 1, arbitrary: fc.constantFrom<unknown>(20, '1s', '90s', '2026-11-20T14:02:00Z') },
);
const types = fc.constantFrom<unknown>(['none'], ['none', 'never.*'], ['none'], [], ['deploy.*', 'build.failed']);
const status = fc.constantFrom<unknown>([], ['open'], ['open', 'reopened', 'open'], ['cancelled', 'resolved']);
const author = fc.constantFrom('a-key-of-a-browser', 'x'.repeat(64), '~'.repeat(16));
/** All that is kept follows each of these, which costs the relay more than all else that is said. */
const position = fc.constantFrom('-:0', 'a:1', 'k3f9a2:17', 'zzzzzzzzzzzzzzzz:9007199254740991');
const helloFields = fc.oneof(
	{
		weight: 15,
		arbitrary: fc.record({ ref: fc.nat(999), history, types, status, author }, { requiredKeys: ['history', 'types'] }),
	},
	{ weight: 1, arbitrary: fc.record({ ref: fc.nat(999), position, types }) },
);
export const rightHello: fc.Arbitrary<string> = helloFields.map((fields) =>
	JSON.stringify({ type: 'hello', protocol: 1, ...fields }),
);
const hello: fc.Arbitrary<Item> = rightHello.map((text) => ({
	what: 'valid',
	type: 'hello',
	text,
	route: 'welcome',
	expect: ['welcome', 'silence'],
}));

export const valid: fc.Arbitrary<Item> = fc.oneof(
	{ weight: 40, arbitrary: rightPublish },
	{ weight: 8, arbitrary: rightChange },
	{ weight: 8, arbitrary: ping },
	{ weight: 5, arbitrary: seen },
	{ weight: 4, arbitrary: giveUp },
	{ weight: 2, arbitrary: hello },
);

const refused = (what: string, type: Item['type'], text: string, ...expect: string[]): Item => ({
	what,
	type,
	text,
	route: 'order',
	expect,
});

const wrongPublish: fc.Arbitrary<Item> = fc
	.oneof({ weight: 6, arbitrary: wrongDraft }, { weight: 1, arbitrary: wrongChange })
	.map((draft) => ({
		...{ what: 'wrong draft', type: 'publish', text: publish(draft) },
		...{ route: 'ref', expect: ['invalid-event'] },
	}));

const wrongRef = NOT_A_COUNT.map((ref) =>
	refused('wrong ref', 'publish', `{"type":"publish","ref":${ref},"draft":{"text":"a"}}`, 'invalid-message'),
);
const wrongSeen = NOT_A_COUNT.map((bytes) =>
	refused('wrong count', 'seen', `{"type":"seen","bytes":${bytes}}`, 'invalid-message'),
);
const wrongGiveUp = NOT_A_COUNT.map((ref) =>
	refused('wrong ref', 'give-up', `{"type":"give-up","ref":${ref}}`, 'invalid-message'),
);

const WRONG_HELLO: readonly [field: string, code: string][] = [
	...[
		'"ref":-1',
		'"ref":"1"',
		'"position":5',
		'"position":null',
		'"history":-1',
		'"history":null',
		'"history":1e400',
		'"types":"a"',
		'"types":null',
	].map((field): [string, string] => [field, 'invalid-message']),
	...[
		'"types":["a b"]',
		'"types":[["a"]]',
		'"types":["__proto__"]',
		'"types":["a.**"]',
		'"status":"open"',
		'"status":["done"]',
		'"status":[["open"]]',
		'"status":null',
		'"author":5',
		'"author":"short"',
		'"author":"§x:65§"',
		'"author":"a key with a space"',
		'"token":5',
		'"token":null',
		'"token":{}',
	].map((field): [string, string] => [field, 'invalid-message']),
	...['"k3f9"', '"a:01"', '"a:-1"', '"A:1"', '"a:9007199254740993"', '"a:1\\n"', '"§x:9000§"', '""'].map(
		(position): [string, string] => [`"position":${position}`, 'invalid-position'],
	),
	...['"all"', '""', '"1y"', '"9999999999s"', '"2026-13-40"', '"§x:9000§"'].map((history): [string, string] => [
		`"history":${history}`,
		'invalid-parameter',
	]),
];
const wrongHello = fc
	.constantFrom(...WRONG_HELLO)
	.map(([field, code]) => refused('wrong field', 'hello', `{"type":"hello","protocol":1,${field}}`, code));

const wrongMessage = fc
	.constantFrom(
		...[
			'null',
			'[]',
			'5',
			'true',
			'"ping"',
			'{}',
			'{"type":null}',
			'{"type":"Ping"}',
			'{"type":"subscribe"}',
			'{"type":"toString"}',
			'-0',
		],
		...[
			'{"type":["ping"]}',
			'{"type":{"toString":"ping"}}',
			'{"__proto__":{"type":"ping"}}',
			'{"constructor":{"prototype":{"type":"ping"}}}',
		],
		...[
			'{"type":§deep:5000§}',
			'§deep:20000§',
			'{"type":"ping","type":"pong"}',
			'[{"type":"ping"}]',
			'{"type":"§x:9000§"}',
			'{"type":"entries"}',
		],
	)
	.map((text) => refused('no message', '-', text, 'invalid-message'));

const notJson = fc
	.constantFrom(
		...[
			'',
			' ',
			'ping',
			'{',
			'{"type":"ping"',
			'{"type":"ping"}{"type":"ping"}',
			"{'type':'ping'}",
			'{"type":"ping",}',
			'NaN',
			'{type:"ping"}',
			'\ufeff',
		],
		...[
			'{"type":"ping"}\u0000',
			'{"type":"pi\nng"}',
			'[§x:3000§',
			'undefined',
			'{"type":"\\x70ing"}',
			'{"type":"\\u00zz"}',
			'01',
			'+1',
			'.5',
			'//',
		],
	)
	.map((text) => refused('no JSON', '-', text, 'invalid-json'));

const tooLarge = fc
	.record({ more: fc.constantFrom(0, 1, 500, 60_000), draft: fc.boolean() })
	.map(({ more, draft }) =>
		draft
			? refused(
					'too large',
					'publish',
					`{"type":"publish","ref":${REF},"draft":{"text":"§x:${65_600 + more}§"}}`,
					'message-too-large',
				)
			: refused('too large', 'ping', `{"type":"ping","x":"§euro:${22_000 + more}§"}`, 'message-too-large'),
	);

const binary = fc
	.oneof(
		fc.constantFrom('', '{"type":"ping"}', '\u0000').map((text) => Buffer.from(text).toString('base64')),
		fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
	)
	.map(
		(base64): Item => ({
			what: 'binary',
			type: '-',
			base64,
			opcode: BINARY,
			route: 'order',
			expect: ['unsupported-frame'],
		}),
	);

const BROKEN_UTF8 = [
	'ff',
	'fe',
	'c0af',
	'e28228',
	'f0288cbc',
	'eda080',
	'edbfbf',
	'f8a1a1a1a1',
	'80',
	'e2',
	'c3',
	'efbfbd',
];
const brokenUtf8 = fc
	.tuple(
		fc.constantFrom(...BROKEN_UTF8),
		fc.constantFrom('{"type":"ping","x":"@"}', '@', '@{"type":"ping"}', '{"type":"@ping"}'),
	)
	.map(([hex, frame]): Item => {
		const [before = '', after = ''] = frame.split('@');
		const base64 = Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)]).toString('base64');
		return { what: 'broken UTF-8', type: '-', base64, opcode: TEXT, route: 'order', expect: ['invalid-utf8'] };
	});

/** Ends the conversation. */
const wrongProtocol = fc.constantFrom('0', '2', '"1"', 'null', '1.5', '[1]', '{}', '1e400').map(
	(protocol): Item => ({
		...refused('wrong protocol', 'hello', `{"type":"hello","protocol":${protocol}}`, 'unsupported-protocol'),
		isLast: true,
	}),
);

const wrong: fc.Arbitrary<Item> = fc.oneof(
	{ weight: 60, arbitrary: wrongPublish },
	{ weight: 12, arbitrary: wrongRef },
	{ weight: 12, arbitrary: wrongSeen },
	{ weight: 12, arbitrary: wrongGiveUp },
	{ weight: 24, arbitrary: wrongHello },
	{ weight: 24, arbitrary: wrongMessage },
	{ weight: 24, arbitrary: notJson },
	{ weight: 12, arbitrary: binary },
	{ weight: 16, arbitrary: brokenUtf8 },
	{ weight: 1, arbitrary: tooLarge },
	{ weight: 1, arbitrary: wrongProtocol },
);

/** Whatever comes of it, it is typed. */
const unknown = (what: string, { type }: Item, content: Pick<Item, 'text' | 'base64'>): Item => ({
	what,
	type,
	...content,
	opcode: TEXT,
	route: 'unknown',
	expect: [],
});

const NASTY = fc.constantFrom(
	...[
		'null',
		'true',
		'-1',
		'0.1',
		'1e400',
		'-0',
		'1e21',
		'""',
		'"§x:3000§"',
		'[]',
		'{}',
		'§deep:40§',
		'"\\ud800"',
		'"\\ufffd"',
		'"\\u0000"',
	],
	...[
		'"\\u202e"',
		'{"__proto__":{"polluted":1}}',
		'{"constructor":{"prototype":{"polluted":1}}}',
		'9007199254740993',
		'"1"',
		'"-:0"',
		'["a"]',
	],
);
const FIELDS = fc.constantFrom(
	'type',
	'protocol',
	'ref',
	'position',
	'history',
	'types',
	'draft',
	'bytes',
	'token',
	'text',
	'__proto__',
	'constructor',
	'toString',
	'x',
);
const textOf = (item: Item) => item.text ?? '';

const mutated: fc.Arbitrary<Item> = valid.chain((item) =>
	fc.oneof(
		fc
			.tuple(FIELDS, NASTY)
			.map(([name, value]) =>
				unknown('field replaced', item, { text: `${textOf(item).trimEnd().slice(0, -1)},"${name}":${value}}` }),
			),
		fc
			.tuple(FIELDS, NASTY)
			.map(([name, value]) =>
				unknown('field put before', item, { text: textOf(item).trimStart().replace('{', `{"${name}":${value},`) }),
			),
		fc
			.tuple(FIELDS, FIELDS)
			.map(([from, to]) => unknown('field renamed', item, { text: textOf(item).replace(`"${from}"`, `"${to}"`) })),
		fc
			.constantFrom('hello', 'publish', 'seen', 'give-up', 'ping')
			.map((type) => unknown('type swapped', item, { text: textOf(item).replace(`"${item.type}"`, `"${type}"`) })),
		fc.nat(200).map((at) => unknown('truncated', item, { text: textOf(item).slice(0, at) })),
		fc
			.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }))
			.map(([at, bits]) => unknown('byte flipped', item, { base64: flip(textOf(item), at, bits) })),
		fc
			.tuple(
				fc.nat(300),
				fc.constantFrom('\ufffd', '\u0000', '\n', '\ud83d', '"', '}', '[', '\\', '\u2028', '\ufeff', ',', '1'),
			)
			.map(([at, put]) =>
				unknown('character put in', item, { text: `${textOf(item).slice(0, at)}${put}${textOf(item).slice(at)}` }),
			),
	),
);

function flip(text: string, at: number, bits: number): string {
	// As it will be sent, but for its ref.
	const bytes = Buffer.from(expand(text.replace(REF, '7')));
	const index = at % bytes.length;
	bytes[index] = (bytes[index] as number) ^ bits; // below its length
	return bytes.toString('base64');
}

const anyJson = fc
	.json({ maxDepth: 3 })
	.map((text): Item => ({ what: 'any JSON', type: '-', text, route: 'unknown', expect: [] }));
const anyText = fc
	.string({ unit: 'binary', maxLength: 40 })
	.map((text): Item => ({ what: 'any text', type: '-', text, route: 'unknown', expect: [] }));

const plainItem = fc.oneof(
	{ weight: 55, arbitrary: valid },
	{ weight: 25, arbitrary: wrong },
	{ weight: 17, arbitrary: mutated },
	{ weight: 2, arbitrary: anyJson },
	{ weight: 1, arbitrary: anyText },
);

/** Any message; some come masked in earnest, some in pieces. */
export const item: fc.Arbitrary<Item> = fc
	.tuple(plainItem, fc.nat(2 ** 32 - 1), fc.nat(19))
	.map(([plain, mask, form]) => (form > 2 ? plain : form === 0 ? { ...plain, mask } : { ...plain, pieces: form + 1 }));
