// Drafts for a fuzzed relay: right ones, and ones of which one thing is wrong.
// Knows each field's rule in literal examples, never by the parser's own functions; never knows how a draft is sent.
import fc from 'fast-check';

/** Stands for so many `x`, or so many arrays in each other, so that a failing line stays short. */
const FILL = /§(x|deep|euro):(\d+)§/g;

/** Writes out what is abbreviated. */
export function expand(text: string): string {
	return text.replace(FILL, (_, what: string, count: string) => {
		if (what === 'deep') return `${'['.repeat(Number(count))}${']'.repeat(Number(count))}`;
		return (what === 'euro' ? '€' : 'x').repeat(Number(count));
	});
}

/** The relay takes U+FFFD for bytes that are no UTF-8; one that is meant comes escaped. */
const write = (draft: object): string => JSON.stringify(draft).replaceAll('\ufffd', '\\ufffd');

const words = fc.constantFrom(
	'Deploy 214 finished',
	'a',
	'naïve — 日本語',
	'‮txet',
	'👩‍👩‍👧',
	'<b>&amp;</b>',
	'{{x}}',
	"'; --",
);
const sentence = fc.oneof(
	words,
	fc.string({ minLength: 1, maxLength: 60 }),
	fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
);
const type = fc.constantFrom(
	'deploy.done',
	'message',
	'a',
	'A-b_c.9',
	'x'.repeat(64),
	'build.failed',
	'constructor',
	'toString',
);
const url = fc.constantFrom(
	'https://example.org/214',
	'http://a',
	'mailto:ada@example.org',
	'https://example.org/?q=%00#x',
);
const json = fc.oneof(
	fc.constantFrom(null, true, 0, -0, 1e21, 5e-324, '', 'x', [], {}),
	fc.constantFrom(
		{ constructor: { prototype: { text: 'polluted' } } },
		{ prototype: 1, toString: 2, hasOwnProperty: null },
	),
	fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('"__proto__"')),
);
const actor = fc.record(
	{
		id: fc.constantFrom('ada', 'x'.repeat(128), ''),
		name: fc.constantFrom('Ada', 'x'.repeat(80), '日本'),
		kind: fc.constantFrom('person', 'bot'),
		image: fc.constantFrom('https://example.org/ada.png', 'http://a/b'),
		color: fc.constantFrom('#fff', 'red', 'url(x)'),
	},
	{ requiredKeys: [] },
);
const optional = {
	type,
	actor,
	level: fc.constantFrom('debug', 'info', 'success', 'warning', 'error'),
	url,
	data: json,
	replyTo: fc.constantFrom('k3f9a2:17', 'fuzz:2', 'fuzz:40', 'a:1', 'zzzzzzzzzzzzzzzz:9007199254740991'),
	at: fc.constantFrom<unknown>(0, 1_800_000_000_000, -1, 1.5, '2026-11-20T14:02:00Z', '2026-11-20', 8.64e15),
};

const plain = sentence.map((text) => ({ text }));
const full = fc.record({ text: sentence, ...optional }, { requiredKeys: ['text'] });
const typeOnly = fc.record({ type, data: json }, { requiredKeys: ['type'] });
/** The same key with the same content is a repeat, with another content a conflict. */
const keyed = fc.record({
	text: fc.constantFrom('one', 'two'),
	key: fc.constantFrom('a', 'b', 'c', ' ', '~', 'k'.repeat(64)),
});
const large = fc
	.record({ text: fc.integer({ min: 1, max: 8192 }), data: fc.integer({ min: 1, max: 32_766 }) })
	.map(({ text, data }) => `{"text":"§x:${text}§","data":"§x:${data}§"}`);

export const validDraft: fc.Arbitrary<string> = fc.oneof(
	{ weight: 40, arbitrary: plain.map(write) },
	{ weight: 30, arbitrary: full.map(write) },
	{ weight: 10, arbitrary: typeOnly.map(write) },
	{ weight: 1, arbitrary: large },
);

export const keyedDraft: fc.Arbitrary<string> = keyed.map(write);

/** An event that may be there: on the channels of the host whose epoch is known. */
const target = fc.oneof(
	{ weight: 12, arbitrary: fc.integer({ min: 1, max: 60 }).map((seq) => `fuzz:${seq}`) },
	{ weight: 1, arbitrary: fc.constantFrom('a:1', 'k3f9a2:17', 'fuzz:9007199254740991', '-x:1'.slice(1)) },
);
const sign = fc.oneof(
	{ weight: 5, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => `sign-${n}`) },
	{ weight: 1, arbitrary: fc.constantFrom('👍', '👩‍👩‍👧', 'constructor', 'toString', '<b>', 'x'.repeat(32)) },
);
const what = fc.oneof(
	{ weight: 3, arbitrary: sentence.filter((text) => !/(?!\t|\r?\n)\p{Cc}/u.test(text)).map((text) => ({ text })) },
	{ weight: 4, arbitrary: fc.constantFrom('open', 'resolved', 'cancelled', 'reopened').map((status) => ({ status })) },
	{ weight: 2, arbitrary: fc.boolean().map((pinned) => ({ pinned })) },
	{ weight: 4, arbitrary: fc.record({ reaction: sign, on: fc.boolean() }, { requiredKeys: ['reaction'] }) },
	{ weight: 1, arbitrary: fc.constant({ removed: true }) },
);
const aside = fc.record({ actor, ifMatch: fc.constantFrom(1, 7, 9007199254740991, -1) }, { requiredKeys: [] });

/** Only the later ones are removed, so that there are always some to be changed. */
export function spare(id: string, change: object): string {
	return 'removed' in change ? id.replace(/fuzz:(\d+)$/, (_, seq: string) => `fuzz:${40 + (Number(seq) % 20)}`) : id;
}

/** What becomes of an event by a request of its own, and who does it. */
export const validChange = what;

/** A change, as it is published: right in itself, whatever has become of its event. */
export const changeDraft: fc.Arbitrary<string> = fc
	.tuple(target, what, fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: aside }))
	.map(([id, change, more]) => write({ target: spare(id, change), ...change, ...more }));

/** What may come of one. */
export const CHANGE_CODES = [
	...['unknown-event', 'removed-event', 'wrong-status', 'changed-meanwhile', 'too-many-reactions', 'key-conflict'],
];

/** JSON of what is no change. */
export const wrongChange: fc.Arbitrary<string> = fc.constantFrom(
	...[
		'{"target":"fuzz:1"}',
		'{"target":"fuzz:1","text":"a","pinned":true}',
		'{"target":5,"text":"a"}',
		'{"target":null}',
	],
	...['{"target":"fuzz:0","text":"a"}', '{"target":"fuzz:1","status":"done"}', '{"target":"fuzz:1","status":["open"]}'],
	...[
		'{"target":"fuzz:1","text":"§x:8193§"}',
		'{"target":"fuzz:1","text":"\\u0000"}',
		'{"target":"fuzz:1","text":null}',
	],
	...[
		'{"target":"fuzz:1","reaction":""}',
		'{"target":"fuzz:1","reaction":"a b"}',
		'{"target":"fuzz:1","reaction":"§x:33§"}',
	],
	...['{"target":"fuzz:1","reaction":"\\ud83d"}', '{"target":"fuzz:1","reaction":"__proto__"}'],
	...['{"target":"fuzz:1","reaction":"x","on":1}', '{"target":"fuzz:1","pinned":true,"on":true}'],
	...['{"target":"fuzz:1","pinned":0}', '{"target":"fuzz:1","removed":false}', '{"target":"fuzz:1","removed":1}'],
	...['{"target":"fuzz:1","text":"a","ifMatch":"1"}', '{"target":"fuzz:1","text":"a","ifMatch":1.5}'],
	...['{"target":"fuzz:1","text":"a","type":"a"}', '{"target":"fuzz:1","text":"a","__proto__":{"removed":true}}'],
);

/** Field and value that no draft has. */
const WRONG_FIELDS: readonly [name: string, value: string][] = [
	...['""', '"a b"', '"-a"', '"§x:65§"', '5', 'null', '[]', '{}', '"a\\u0000"'].map((value): [string, string] => [
		'type',
		value,
	]),
	...['5', 'null', '["a"]', '{}', 'true', '"§x:8193§"', '"§euro:2731§"'].map((value): [string, string] => [
		'text',
		value,
	]),
	...['"fatal"', '""', '0', 'null', '["info"]', '"constructor"'].map((value): [string, string] => ['level', value]),
	...[
		'"javascript:alert(1)"',
		'"data:text/html,x"',
		'"//a"',
		'"a"',
		'""',
		'7',
		'"https://§x:2050§"',
		'" vbscript:x"',
	].map((value): [string, string] => ['url', value]),
	...[
		'§deep:17§',
		'§deep:9000§',
		'{"__proto__":{"text":"polluted"}}',
		'[[{"__proto__":null}]]',
		'"§x:32767§"',
		'1e400',
		'[-1e999]',
	].map((value): [string, string] => ['data', value]),
	...['"a"', '"-:1"', '"a:0"', '"a:01"', '"A:1"', '5', 'null', '"a:9007199254740993"', '{}'].map(
		(value): [string, string] => ['replyTo', value],
	),
	...['""', '"é"', '"§x:65§"', '5', 'null', '"a\\n"', '[]'].map((value): [string, string] => ['key', value]),
	...['"yesterday"', '1e300', 'true', 'null', '"2026-13-01"', '8640000000000001', '1e400', '[]'].map(
		(value): [string, string] => ['at', value],
	),
	...[
		...[
			'[]',
			'5',
			'null',
			'"Ada"',
			'{"verified":true}',
			'{"kind":"cat"}',
			'{"image":"javascript:x"}',
			'{"name":"§x:81§"}',
		],
		...['{"id":"§x:129§"}', '{"id":5}', '{"__proto__":{"verified":true}}', '{"constructor":{}}', '{"name":null}'],
	].map((value): [string, string] => ['actor', value]),
	...[
		'id',
		'seq',
		'time',
		'verified',
		'constructor',
		'toString',
		'hasOwnProperty',
		'',
		'TEXT',
		'text ',
		'prototype',
	].map((name): [string, string] => [name, '"a:1"']),
	['__proto__', '{"type":"polluted","text":"polluted","key":"polluted","position":"a:1"}'],
];

const wrongField = fc.tuple(fc.constantFrom(...WRONG_FIELDS), fc.boolean()).map(([[name, value], isFirst]) => {
	const field = `${JSON.stringify(name)}:${value}`;
	// Of a name that is given twice the last counts.
	return isFirst && name !== 'text' ? `{${field},"text":"a"}` : `{"text":"a",${field}}`;
});

/** JSON of what is no draft. */
export const wrongDraft: fc.Arbitrary<string> = fc.oneof(
	{ weight: 8, arbitrary: wrongField },
	{
		weight: 1,
		arbitrary: fc.constantFrom('null', '[]', '5', '"text"', 'true', '{}', '{"level":"info"}', '§deep:500§'),
	},
);
