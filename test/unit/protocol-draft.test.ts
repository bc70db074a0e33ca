// Drafts: what is taken, what is refused, and that nothing else happens.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDraft } from '../../relay/protocol/draft.ts';
import { FeedError } from '../../relay/protocol/errors.ts';
import { withSeed } from '../support/random.ts';

const nest = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

function refusal(value: unknown): FeedError {
	try {
		parseDraft(value);
	} catch (error) {
		if (error instanceof FeedError) return error;
		throw error;
	}
	throw new Error(`it was taken: ${JSON.stringify(value)?.slice(0, 200)}`);
}

describe('a draft that is refused', () => {
	it.each<[string, unknown, string]>([
		['[EV1] nothing', undefined, 'JSON object'],
		['[EV1] null', null, 'JSON object'],
		['[EV1] a string', 'deploy done', 'JSON object'],
		['[EV1] a number', 5, 'JSON object'],
		['[EV1] a list', [{ text: 'a' }], 'JSON object'],
		['[EV1] neither type nor text', { level: 'info' }, '`type`, a `text`, or both'],
		['[EV2] a field of nobody', { text: 'a', titel: 'b' }, '`titel`'],
		['[EV2] the id', { text: 'a', id: 'k:1' }, 'the relay gives it'],
		['[EV2] the seq', { text: 'a', seq: 1 }, 'the relay gives it'],
		['[EV2] the time', { text: 'a', time: 1 }, '`at`'],
		['[EV2] that it is verified', { text: 'a', actor: { verified: true } }, '`actor.verified`'],
		['[EV2] `__proto__`', JSON.parse('{"text":"a","__proto__":{"type":"b"}}'), '`__proto__`'],
		['[EV2] `constructor`', { text: 'a', constructor: 1 }, '`constructor`'],
		['[EV2] `toString` of the actor', { text: 'a', actor: { toString: 'b' } }, '`actor.toString`'],
		['[EV2] a field with a name of 1 MB', { text: 'a', ['x'.repeat(1_000_000)]: 1 }, 'expected type, text, actor'],
		['[NAME2] a sentence as type', { type: 'Deploy done' }, '`text`'],
		['[NAME2] an empty type', { type: '' }, '1 to 64'],
		['[NAME2] a type of 65', { type: 'a'.repeat(65) }, '1 to 64'],
		['[NAME2] a type that begins with a point', { type: '.a' }, 'begins with'],
		['[NAME2] a type with a line end', { type: 'a\n' }, '1 to 64'],
		['[NAME2] a type beyond ASCII', { type: 'größe' }, '1 to 64'],
		['[EV3] a number as text', { text: 5 }, 'string'],
		['[EV3] 8,193 bytes', { text: 'x'.repeat(8193) }, '8193'],
		['[EV3] 8,193 bytes in 2,731 characters', { text: '€'.repeat(2731) }, '8193'],
		['[EV4] 17 levels', { type: 'a', data: nest(17) }, '16 levels'],
		['[EV4] 500,000 levels', { type: 'a', data: nest(500_000) }, '16 levels'],
		['[EV4] 32,769 bytes', { type: 'a', data: 'x'.repeat(32_767) }, '32769'],
		['[EV4] 10,001 values', { type: 'a', data: [[], Array(10_000).fill(0)] }, '10000 values'],
		['[EV4] 10,001 values by key', { type: 'a', data: Object.fromEntries(Array(10_001).fill(0).entries()) }, '10000'],
		['[EV4] `__proto__` deep inside', { type: 'a', data: [{ b: JSON.parse('{"__proto__":1}') }] }, '__proto__'],
		['[EV4] a number that JSON does not hold', { type: 'a', data: [Number.POSITIVE_INFINITY] }, 'number'],
		['[EV5] a string as actor', { text: 'a', actor: 'Ada' }, '`actor`'],
		['[EV5] a name of 81', { text: 'a', actor: { name: 'x'.repeat(81) } }, '80'],
		['[EV5] an id of 129', { text: 'a', actor: { id: 'x'.repeat(129) } }, '128'],
		['[EV5] another kind', { text: 'a', actor: { kind: 'cat' } }, 'person or bot'],
		['[EV5] an image of data', { text: 'a', actor: { image: 'data:image/png;base64,x' } }, 'https:'],
		['[EV6] javascript', { text: 'a', url: 'javascript:alert(1)' }, 'mailto:'],
		['[EV11] javascript, hidden', { text: 'a', url: '\u0001java\nscript:alert(1)' }, 'U+0001'],
		['[EV6] a path', { text: 'a', url: '/deploys/214' }, 'whole address'],
		['[EV6] 2,049 characters', { text: 'a', url: `https://a.example/${'x'.repeat(2031)}` }, '2048'],
		['[EV6] a user name', { text: 'a', url: 'https://bank.example@evil.example/' }, 'user name'],
		['[EV6] a password', { text: 'a', url: 'https://:p@evil.example/' }, 'password'],
		['[EV6] a user name in an image', { text: 'a', actor: { image: 'https://a@evil.example/' } }, '`actor.image`'],
		['[EV11] NUL in a text', { text: 'a\0' }, 'U+0000'],
		['[EV11] an escape sequence in a text', { text: '\u001b[31mred' }, 'U+001B'],
		['[EV11] a carriage return alone', { text: 'a\rb' }, 'U+000D'],
		['[EV11] DEL in a text', { text: 'a\u007f' }, 'U+007F'],
		['[EV11] C1 in a text', { text: '\u009b2J' }, 'U+009B'],
		['[EV11] a line end in a name', { text: 'a', actor: { name: 'Ada\nroot' } }, '`actor.name`'],
		['[EV11] a tab in an id', { text: 'a', actor: { id: 'a\tb' } }, '`actor.id`'],
		['[EV11] NUL in a colour', { text: 'a', actor: { color: 'red\0' } }, '`actor.color`'],
		['[EV11] a tab in an image', { text: 'a', actor: { image: 'ht\ttps://a.example' } }, 'U+0009'],
		['[EV11] a line end in an address', { text: 'a', url: 'https://a.example/\nx' }, 'U+000A'],
		['[EV11] C1 in an address', { text: 'a', url: 'https://a.example/\u0085' }, 'U+0085'],
		['[EV12] an override in a name', { text: 'a', actor: { name: '\u202eadA' } }, 'direction of writing'],
		['[EV12] an open isolate in an id', { text: 'a', actor: { id: 'ada\u2066' } }, '`actor.id`'],
		['[EV7] a word', { text: 'a', at: 'yesterday' }, 'milliseconds'],
		['[EV7] no number', { text: 'a', at: Number.NaN }, 'milliseconds'],
		['[EV7] a time beyond all dates', { text: 'a', at: 8.64e15 + 1 }, 'milliseconds'],
		['[EV8] a word', { text: 'a', replyTo: 'first' }, 'id of an event'],
		['[EV8] the position before the first', { text: 'a', replyTo: 'k3f9:0' }, 'id of an event'],
		['[EV8] no epoch', { text: 'a', replyTo: '-:5' }, 'id of an event'],
		['[EV8] a number', { text: 'a', replyTo: 17 }, 'id of an event'],
		['[KEY4] an empty key', { text: 'a', key: '' }, '1 to 64'],
		['[KEY4] a key of 65', { text: 'a', key: 'k'.repeat(65) }, '1 to 64'],
		['[KEY4] a key beyond ASCII', { text: 'a', key: 'schlüssel' }, 'ASCII'],
		['[KEY4] a key with a line end', { text: 'a', key: 'k\n' }, 'ASCII'],
		['[EV10] another level', { text: 'a', level: 'fatal' }, 'debug, info'],
		['[EV10] a level by number', { text: 'a', level: 3 }, 'debug, info'],
		['[EV1] null as text', { text: null }, '`text`'],
	])('%s', (_, value, words) => {
		const { code, message } = refusal(value);
		expect(code).toBe('invalid-event');
		expect(message).toContain(words);
		expect(message.length).toBeLessThan(400);
	});
});

describe('a draft that is taken', () => {
	it.each<[string, object, object]>([
		['[EV1] a lone text is a message', { text: 'a' }, { type: 'message', text: 'a' }],
		['[EV1] a lone type', { type: 'deploy.done' }, { type: 'deploy.done' }],
		['[EV1] an empty text', { text: '' }, { type: 'message', text: '' }],
		['[NAME2] a type of 64', { type: `${'a'.repeat(63)}_` }, { type: `${'a'.repeat(63)}_` }],
		['[EV1] undefined is left out', { text: 'a', url: undefined }, { type: 'message', text: 'a' }],
		['[EV3] 8,192 bytes', { text: '😀'.repeat(2048) }, { type: 'message', text: '😀'.repeat(2048) }],
		['[EV4] 16 levels', { type: 'a', data: nest(16) }, { type: 'a', data: nest(16) }],
		['[EV4] 32,768 bytes', { type: 'a', data: 'x'.repeat(32_766) }, { type: 'a', data: 'x'.repeat(32_766) }],
		['[EV4] 10,000 values', { type: 'a', data: Array(10_000).fill(0) }, { type: 'a', data: Array(10_000).fill(0) }],
		['[EV11] tabs and line ends', { text: 'a\tb\nc\r\nd' }, { type: 'message', text: 'a\tb\nc\r\nd' }],
		['[EV11] control characters in data', { type: 'a', data: '\0\u009b' }, { type: 'a', data: '\0\u009b' }],
		[
			'[EV12] marks in a name, and anything in a text',
			{ text: '\u202ea\u202c', actor: { name: '\u200fA' } },
			{ type: 'message', text: '\u202ea\u202c', actor: { name: '\u200fA' } },
		],
		['[EV4] null', { type: 'a', data: null }, { type: 'a', data: null }],
		[
			'[EV5] a name of 80',
			{ type: 'a', actor: { name: 'ä'.repeat(80) } },
			{ type: 'a', actor: { name: 'ä'.repeat(80) } },
		],
		[
			'[EV6] upper case and spaces around',
			{ type: 'a', url: 'HTTPS://A.example/ x' },
			{ type: 'a', url: 'HTTPS://A.example/ x' },
		],
		[
			'[EV7] a date with a zone',
			{ type: 'a', at: '2026-11-20T14:02:00+02:00' },
			{ type: 'a', at: Date.UTC(2026, 10, 20, 12, 2) },
		],
		['[EV7] a broken millisecond', { type: 'a', at: 1.6 }, { type: 'a', at: 2 }],
		['[KEY4] every printable character', { type: 'a', key: ' !~"\\k' }, { type: 'a', key: ' !~"\\k' }],
	])('%s', (_, value, expected) => {
		expect(parseDraft(value)).toEqual(expected);
	});
});

it('[EV1] [EV9] whatever is handed in: a refusal of the table, or exactly what was given', () =>
	withSeed((seed) => {
		const field = fc.oneof(
			fc.jsonValue({ maxDepth: 4 }),
			fc.string({ unit: 'binary', maxLength: 90 }),
			fc.constantFrom('info', 'https://a.example', 'k3f9:7', 12),
		);
		const names = [
			'type',
			'text',
			'actor',
			'level',
			'url',
			'data',
			'replyTo',
			'key',
			'at',
			'id',
			'__proto__',
			'toString',
			'x',
		];
		const draft = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), field), {
			selector: ([name]) => name,
			maxLength: 6,
		});
		let taken = 0;
		fc.assert(
			fc.property(draft, (fields) => {
				const value = JSON.parse(
					`{${fields.map(([name, item]) => `${JSON.stringify(name)}:${JSON.stringify(item)}`).join()}}`,
				);
				let parsed: object;
				try {
					parsed = parseDraft(value);
				} catch (error) {
					expect(error).toMatchObject({ name: 'FeedError', code: 'invalid-event' });
					return;
				}
				taken++;
				const at = 'at' in parsed ? { at: parsed.at } : {};
				expect(parsed).toEqual({ type: 'message', ...value, ...at });
				expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
			}),
			{ seed, numRuns: 3000 },
		);
		expect(taken).toBeGreaterThan(3); // few are, since most fields are hostile (seed 392604860: 17)
	}));
