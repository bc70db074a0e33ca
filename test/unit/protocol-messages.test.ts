// Messages of both directions, positions, patterns, times and the table of errors.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerProblem } from '../../relay/http/answers.ts';
import { digestDraft } from '../../relay/idempotency.ts';
import { Journal } from '../../relay/journal.ts';
import { formatClientMessage, parseClientMessage } from '../../relay/protocol/client-message.ts';
import { createError, ERRORS, type ErrorCode, FeedError, formatProblem } from '../../relay/protocol/errors.ts';
import { BARE_PING, BARE_PONG } from '../../relay/protocol/limits.ts';
import { formatPosition, parsePosition } from '../../relay/protocol/position.ts';
import { parseRelayMessage } from '../../relay/protocol/relay-message.ts';
import { parseIsoTime, parseSince, parseSpan } from '../../relay/protocol/since.ts';
import { isName, isTypePattern, matchesType, parseChannel } from '../../relay/protocol/types.ts';
import { withSeed } from '../support/random.ts';

function refusal(run: () => unknown): FeedError {
	try {
		run();
	} catch (error) {
		if (error instanceof FeedError) return error;
		throw error;
	}
	throw new Error('it was taken');
}

describe('what a client says', () => {
	const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
	const hello = (fields: object) => JSON.stringify({ type: 'hello', protocol: 1, ...fields });

	it.each<[string, string, ErrorCode, number?]>([
		['[WS4] nothing', '', 'invalid-json'],
		['[WS4] a word', 'ping', 'invalid-json'],
		['[WS4] two messages', '{"type":"ping"}{"type":"ping"}', 'invalid-json'],
		['[WS4] a number', '5', 'invalid-message'],
		['[WS4] null', 'null', 'invalid-message'],
		['[WS4] a list', '[{"type":"ping"}]', 'invalid-message'],
		['[WS4] no type', '{}', 'invalid-message'],
		['[WS4] an unknown type', '{"type":"subscribe"}', 'invalid-message'],
		['[WS4] a name of every object', '{"type":"toString"}', 'invalid-message'],
		['[WS4] a list as type', `{"type":${deep}}`, 'invalid-message'],
		['[WS3] U+FFFD', '{"type":"ping\ufffd"}', 'invalid-utf8'],
		['[WS1] 65,537 bytes', `{"type":"ping","x":"${'x'.repeat(65_517)}"}`, 'message-too-large'],
		['[WS1] 65,537 bytes, three a character', `{"type":"ping","x":"xx${'€'.repeat(21_839)}"}`, 'message-too-large'],
		['[PING3] a ping without its position', '{"type":"ping","position":false}', 'invalid-message'],
		['[PING3] a ping from a position', '{"type":"ping","position":"k3f9:1"}', 'invalid-message'],
		['[PING3] a ping with null for it', '{"type":"ping","position":null}', 'invalid-message'],
		['[HELLO2] no version', '{"type":"hello"}', 'unsupported-protocol'],
		['[HELLO2] a later version', '{"type":"hello","protocol":2}', 'unsupported-protocol'],
		['[POS1] a number as position', hello({ position: 5 }), 'invalid-message'],
		['[POS1] a position of no form', hello({ position: 'k3f9' }), 'invalid-position'],
		['[HELLO5] a history below 0', hello({ history: -1 }), 'invalid-message'],
		['[HELLO5] a history beyond numbers', '{"type":"hello","protocol":1,"history":1e400}', 'invalid-message'],
		['[HELLO5] a history of words', hello({ history: 'all' }), 'invalid-parameter'],
		['[FILT1] a word as types', hello({ types: 'deploy' }), 'invalid-message'],
		['[FILT1] a sentence as type', hello({ types: ['deploy done'] }), 'invalid-message'],
		['[PUB1] no ref', '{"type":"publish","draft":{"text":"a"}}', 'invalid-message'],
		['[PUB1] half a ref', '{"type":"publish","ref":0.5,"draft":{"text":"a"}}', 'invalid-message'],
		['[PUB1] a huge ref', '{"type":"publish","ref":1e300,"draft":{"text":"a"}}', 'invalid-message'],
		['[PUB3] a bad draft, with its ref', '{"type":"publish","ref":7,"draft":{}}', 'invalid-event', 7],
		[
			'[PUB3] a deep draft, with its ref',
			`{"type":"publish","ref":0,"draft":{"text":"a","data":${deep}}}`,
			'invalid-event',
			0,
		],
	])('%s is refused', (_, text, code, ref) => {
		const error = refusal(() => parseClientMessage(text));
		expect([error.code, error.ref]).toEqual([code, ref]);
		expect(error.message.length).toBeGreaterThan(20);
	});

	it('[PING3] a ping may ask for the position', () => {
		expect(parseClientMessage(BARE_PING)).toEqual({ type: 'ping' });
		expect(parseClientMessage(formatClientMessage({ type: 'ping', position: true }))).toEqual({ type: 'ping' });
		expect(formatClientMessage({ type: 'ping' })).toBe(BARE_PING); // to the byte, or no engine knows it
		expect(parseRelayMessage(BARE_PONG)).toEqual({ type: 'pong' });
	});

	it('[WS1] a message of exactly 64 KiB is taken, in whatever characters', () => {
		for (const [filler, bytes] of [
			['x', 1],
			['ä', 2],
			['€', 3],
		] as const) {
			const frame = '{"type":"ping","x":""}';
			const room = 65_536 - frame.length;
			const text = frame.replace('""', `"${filler.repeat(Math.floor(room / bytes))}${'x'.repeat(room % bytes)}"`);
			expect(new TextEncoder().encode(text)).toHaveLength(65_536);
			expect(parseClientMessage(text)).toEqual({ type: 'ping' });
		}
	});

	it('[WS3] [WS5] what a client formats is parsed as what it was, whatever is in it', () =>
		withSeed((seed) => {
			fc.assert(
				fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(), (text, ref) => {
					const data = `${text}\ufffd`;
					const frame = formatClientMessage({ type: 'publish', ref, draft: { data, type: 'a' } });
					expect(parseClientMessage(frame)).toEqual({ type: 'publish', ref, draft: { data, type: 'a' } });
				}),
				{ seed },
			);
		}));

	it('[WS4] whatever comes: a message, or an error of the table', () =>
		withSeed((seed) => {
			const value = fc.oneof(
				fc.string(),
				fc.json(),
				fc.json().map((json) => `{"type":"publish","ref":1,"draft":${json}}`),
			);
			fc.assert(
				fc.property(value, (text) => {
					try {
						parseClientMessage(text);
					} catch (error) {
						expect(error).toBeInstanceOf(FeedError);
					}
				}),
				{ seed, numRuns: 1000 },
			);
		}));
});

describe('what the relay says', () => {
	it('[WS5] a message of an unknown type is passed over', () => {
		expect(parseRelayMessage('{"type":"weather","in":5}')).toBeUndefined();
		expect(parseRelayMessage('{"type":"toString"}')).toBeUndefined();
	});

	it.each([
		'',
		'{"type":',
		'{"type":"welcome"}',
		'{"type":"entries","epoch":"a","from":"1","to":2,"entries":[]}',
		'{"type":"goaway"}',
	])('[WS4] a client does not take %j for a message', (text) => {
		expect(['invalid-json', 'invalid-message']).toContain(refusal(() => parseRelayMessage(text)).code);
	});
});

describe('positions', () => {
	it.each([
		'',
		'5',
		'k3f9',
		'k3f9:',
		':5',
		'k3f9:-1',
		'k3f9:05',
		'k3f9:1.5',
		'K3F9:5',
		'k3f9:5 ',
		' k3f9:5',
		'k3f9:5\n',
		'k 3:5',
		'abcdefghijklmnopq:5',
		'k3f9:9007199254740992',
		'k3f9:99999999999999999',
		'--:0',
	])('[POS1] %j is none', (text) => {
		expect(refusal(() => parsePosition(text)).code).toBe('invalid-position');
	});

	it('[POS1] what is formatted is parsed as what it was', () =>
		withSeed((seed) => {
			const epoch = fc.oneof(fc.constant('-'), fc.stringMatching(/^[a-z0-9]{1,16}$/));
			fc.assert(
				fc.property(epoch, fc.maxSafeNat(), (name, seq) => {
					expect(parsePosition(formatPosition({ epoch: name, seq }))).toEqual({ epoch: name, seq });
				}),
				{ seed },
			);
		}));
});

describe('names and patterns', () => {
	it.each(['deploys', 'a', '0', 'Team-7.builds_x', 'a'.repeat(64)])('[NAME1] %s is a channel', (name) => {
		expect(parseChannel(name)).toBe(name);
	});

	it.each(['', '-a', '.a', '_a', 'a b', 'a/b', 'ä', 'a\n', 'a'.repeat(65), '../x', null, 5, ['a']])(
		'[NAME1] %j is none',
		(name) => {
			expect(refusal(() => parseChannel(name)).message).toContain('A-Z a-z 0-9');
		},
	);

	it.each([
		['*', 'anything', true],
		['deploy.done', 'deploy.done', true],
		['deploy.done', 'deploy.done.x', false],
		['deploy.*', 'deploy.done', true],
		['deploy.*', 'deploy.x.y', true],
		['deploy.*', 'deploy', false],
		['deploy.*', 'deploys.done', false],
		['deploy.*', 'deploy.', true],
		['Deploy', 'deploy', false],
	])('[NAME3] %s chooses %s: %s', (pattern, type, chooses) => {
		expect(isTypePattern(pattern)).toBe(true);
		expect(matchesType(pattern, type)).toBe(chooses);
	});

	it.each(['', '.*', '**', '*.*', 'a*', '*.a', 'a.*.b', ' *', 'a b.*', 5, null, `${'a'.repeat(65)}.*`])(
		'[NAME3] %j is no pattern',
		(pattern) => {
			expect(isTypePattern(pattern)).toBe(false);
		},
	);

	it('[NAME3] every name is a pattern that chooses itself, and its prefix what lies below it', () =>
		withSeed((seed) => {
			fc.assert(
				fc.property(
					fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/),
					fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
					(name, below) => {
						expect(isName(name) && isTypePattern(name) && matchesType(name, name)).toBe(true);
						expect(matchesType(`${name}.*`, `${name}.${below}`)).toBe(true);
						expect(matchesType(`${name}.*`, name)).toBe(name.startsWith(`${name}.`));
					},
				),
				{ seed },
			);
		}));
});

describe('times', () => {
	const now = Date.UTC(2026, 10, 20, 14);

	it.each([
		['90s', now - 90_000],
		['10m', now - 600_000],
		['2h', now - 7_200_000],
		['7d', now - 604_800_000],
		['0s', now],
		['2026-11-20', Date.UTC(2026, 10, 20)],
		['2026-11-20T14:02:00Z', Date.UTC(2026, 10, 20, 14, 2)],
		['2026-11-20T14:02:00.250+01:00', Date.UTC(2026, 10, 20, 13, 2, 0, 250)],
		['1800000000000', 1_800_000_000_000],
	])('[PAGE4] [HELLO5] %s is a time', (text, time) => {
		expect(parseSince(text, now)).toBe(time);
	});

	it.each([
		'',
		'yesterday',
		'10',
		'10 m',
		'-5m',
		'1.5h',
		'1w',
		'2026',
		'2026-13-01',
		'2026-11-20T25:00Z',
		'20.11.2026',
		'9'.repeat(17),
		'1e12',
	])('[PAGE4] [HELLO5] %j is none', (text) => {
		expect(refusal(() => parseSince(text, now)).message).toContain('10m');
	});

	it('[PAGE4] spans and dates by themselves', () => {
		expect([parseSpan('1m'), parseSpan('1'), parseIsoTime('1970-01-01'), parseIsoTime('now')]).toEqual([
			60_000,
			undefined,
			0,
			undefined,
		]);
	});
});

describe('keys', () => {
	it('[KEY3] drafts of the same content have the same digest, others another', () =>
		withSeed((seed) => {
			const data = fc.jsonValue({ maxDepth: 3 });
			const reverse = (value: unknown): unknown => {
				if (Array.isArray(value)) return value.map(reverse);
				if (typeof value !== 'object' || value === null) return value;
				return Object.fromEntries(
					Object.entries(value)
						.reverse()
						.map(([name, item]) => [name, reverse(item)]),
				);
			};
			const digest = (value: unknown) => digestDraft({ text: 'a', data: value as never, key: String(Math.random()) });
			fc.assert(
				fc.property(data, data, (a, b) => {
					expect(digest(reverse(a))).toBe(digest(a));
					expect(digest(a) === digest(b)).toBe(JSON.stringify(sort(a)) === JSON.stringify(sort(b)));
				}),
				{ seed, numRuns: 500 },
			);
		}));

	function sort(value: unknown): unknown {
		if (Array.isArray(value)) return ['list', ...value.map(sort)];
		if (typeof value !== 'object' || value === null) return value;
		return [
			'object',
			...Object.entries(value)
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([name, item]) => [name, sort(item)]),
		];
	}
});

describe('errors', () => {
	it('[ERR1] the table in PROTOCOL.md is the one in the code', () => {
		const text = readFileSync(new URL('../../relay/protocol/PROTOCOL.md', import.meta.url), 'utf8');
		const rows = [...text.matchAll(/^\| `([a-z0-9-]+)` +\| (\d+) +\| (\d*) *\| (yes|no) +\|$/gm)].map(
			([, code, status, close, retryable]) => [
				code,
				{ status: Number(status), ...(close ? { close: Number(close) } : {}), retryable: retryable === 'yes' },
			],
		);
		const table = Object.entries(ERRORS).map(([code, { text: _, ...row }]) => [code, row]);
		expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(table));
	});

	it('[ERR2] every error is a problem with its own words', () => {
		for (const code of Object.keys(ERRORS) as ErrorCode[]) {
			const { status, text, retryable } = ERRORS[code];
			expect(formatProblem(createError(code))).toEqual({
				type: `urn:live-feed:error:${code}`,
				title: text,
				status,
				detail: text,
				code,
				retryable,
			});
		}
		expect(formatProblem(new FeedError('not-found', 'Look elsewhere.'))).toMatchObject({
			title: ERRORS['not-found'].text,
			detail: 'Look elsewhere.',
		});
	});

	it('[ERR3] what may succeed later says when to try again', async () => {
		for (const code of Object.keys(ERRORS) as ErrorCode[]) {
			const response = answerProblem(createError(code));
			expect(response.headers.has('retry-after')).toBe(ERRORS[code].retryable);
			expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
				ERRORS[code].status,
				code,
			]);
		}
	});

	it('[ERR5] a fault is one line of the log, and its answer has nothing but its reference', () => {
		const lines: string[] = [];
		const journal = new Journal(
			() => 5,
			(line) => lines.push(line),
		);
		const error = journal.fault(new Error('password in a path'));
		const { reference, fault } = JSON.parse(lines[0] as string);
		expect(fault).toContain('password');
		expect([error.code, lines.length]).toEqual(['internal', 1]);
		expect(error.message).toContain(reference);
		expect(error.message).not.toContain('password');
	});
});
