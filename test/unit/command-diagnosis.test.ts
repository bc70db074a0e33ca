import { describe, expect, test } from 'vitest';
import { findTraces } from '../../relay/cli/asker.ts';
import { formatNumbers, judgeDelivery } from '../../relay/cli/delivery.ts';
import {
	estimateOffset,
	explainRefusal,
	judgeLimits,
	judgeOffset,
	judgePublished,
	judgeStored,
	judgeWay,
	type Way,
} from '../../relay/cli/diagnosis.ts';
import { type Finding, formatFindings, showAdvice, showFinding, showVerdict, wrap } from '../../relay/cli/findings.ts';
import type { Published } from '../../relay/cli/probe.ts';
import { formatMs, judgeCertificate } from '../../relay/cli/reach.ts';

const sent = (...numbers: number[]) => new Map(numbers.map((n) => [n, 1000 + n]));
const came = (...numbers: number[]) => numbers.map((n) => ({ n, at: 1010 + n }));

describe('what became of events', () => {
	test('all came, once and in order', () => {
		expect(judgeDelivery(sent(1, 2, 3), came(1, 2, 3))).toEqual({
			...{ expected: 3, received: 3, lost: [], doubled: 0, disordered: 0 },
			latency: { p50: 10, p95: 10, p99: 10 },
		});
	});

	test('what is lost, doubled, out of order or without a receipt is told apart', () => {
		expect(judgeDelivery(sent(1, 2, 3, 4, 5), came(1, 3, 3, 2, 9, 5, 5))).toMatchObject({
			...{ expected: 5, received: 4, lost: [4], doubled: 2, disordered: 1 },
		});
	});

	test('quantiles are delays that were met, and there are none where nothing came', () => {
		const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
		const arrivals = hundred.map((n) => ({ n, at: 1000 + n + n }));
		expect(judgeDelivery(sent(...hundred), arrivals).latency).toEqual({ p50: 50, p95: 95, p99: 99 });
		expect(judgeDelivery(sent(1, 2), []).latency).toBeUndefined();
	});

	test('numbers are told as ranges, a few of them', () => {
		expect(formatNumbers([4])).toBe('4');
		expect(formatNumbers([3, 4, 5, 9])).toBe('3–5, 9');
		expect(formatNumbers([1, 3, 5, 7, 9, 11])).toBe('1, 3, 5, 7 …');
	});
});

describe('the clock', () => {
	test('is judged by the request that took least', () => {
		const samples = [
			{ asked: 0, answered: 400, time: 900 },
			{ asked: 1000, answered: 1020, time: 1110 },
		];
		expect(estimateOffset(samples)).toEqual({ offsetMs: 100, uncertaintyMs: 10 });
		expect(estimateOffset([])).toBeUndefined();
	});

	test.each([
		[3, 1, 'ok'],
		[-900, 5, 'ok'],
		[3000, 2500, 'ok'],
		[-3000, 10, 'warning'],
		[5400, 10, 'wrong'],
		[-600_000, 10, 'wrong'],
	])('ahead by %d ms, give or take %d: %s', (offset, uncertainty, standing) => {
		expect(judgeOffset(offset, uncertainty).standing).toBe(standing);
	});
});

describe('a way of reading', () => {
	const delivery = judgeDelivery(sent(1, 2, 3), came(1, 2, 3));
	const way: Way = {
		...{ name: 'SSE', delivery, isReady: true, firstByteMs: 5 },
		...{ refusal: undefined, traces: undefined, encoding: undefined },
	};
	const judge = (more: Partial<Way>, p50 = 10) =>
		judgeWay({ ...way, ...more }, { p50, p95: p50, p99: p50 }, 'c', false);
	const late = judgeDelivery(
		sent(1, 2),
		[1, 2].map((n) => ({ n, at: 4000 })),
	);

	test('is well', () => {
		expect(judge({})).toEqual({
			name: 'SSE',
			standing: 'ok',
			text: '3 of 3, once and in order; p50 10, p95 10, p99 10 ms.',
		});
	});

	test('loses, doubles or disorders: who stands between is named', () => {
		const faulty = judgeDelivery(sent(1, 2, 3), came(1, 1, 3));
		const found = judge({ delivery: faulty, traces: 'nginx/1.22.1' });
		expect(found).toMatchObject({ standing: 'wrong', text: /^2 of 3: 1 lost \(2\), 1 came twice;/ });
		expect(found.advice).toContain('nginx/1.22.1');
	});

	test('that is later than another is held back; where all are slow, none is', () => {
		expect(judge({ delivery: late })).toMatchObject({ standing: 'wrong', advice: /proxy_buffering off/ });
		expect(judge({ delivery: late }, 2900)).toMatchObject({ standing: 'ok' });
		expect(judge({ firstByteMs: 8000 })).toMatchObject({ standing: 'wrong', text: /held back/ });
	});

	test('on which nothing came opened or did not; one without events is not judged', () => {
		const nothing = judgeDelivery(sent(1), []);
		expect(judge({ delivery: nothing }).text).toMatch(/^Opens, and then nothing comes/);
		expect(judge({ delivery: nothing, isReady: false }).text).toMatch(/^Not a byte came/);
		expect(judge({ delivery: judgeDelivery(sent(), []) }).standing).toBe('unknown');
	});

	test('that is compressed by somebody is told', () => {
		expect(judge({ encoding: 'gzip' })).toMatchObject({ standing: 'warning', text: /compresses it \(gzip\)/ });
	});

	test('a socket that something else than the relay refuses is to be passed on', () => {
		const none = { name: 'WebSocket', isReady: false, firstByteMs: undefined, delivery: judgeDelivery(sent(1), []) };
		for (const refusal of [{ status: 403 }, { status: 200 }, { code: 'Opening handshake has timed out' }]) {
			expect(judge({ ...none, refusal })).toMatchObject({ standing: 'wrong', advice: /proxy_set_header Upgrade/ });
		}
		expect(judge({ ...none, refusal: { status: 401, code: 'token-needed' } }).advice).toMatch(/LIVE_FEED_TOKEN/);
		expect(judge({ ...none, refusal: { status: 502 } }).advice).toMatch(/whether the relay runs/);
		expect(judge({ ...none, firstByteMs: 5, refusal: { code: 'closed with 1006' } }).advice).toMatch(/Look at the log/);
	});

	test('that ended says after how many, and why', () => {
		const some = judgeDelivery(sent(1, 2, 3), came(1));
		const refusal = { code: 'closed with 1006', detail: '' };
		expect(judge({ delivery: some, refusal })).toMatchObject({
			standing: 'wrong',
			text: 'Ended after 1 of 3. The connection ended (closed with 1006).',
		});
	});
});

test.each([
	[{ status: 401, code: 'token-needed' }, /live-feed token --subject me --channels 'deploys'/],
	[{ status: 401, code: 'token-invalid' }, /token explain/],
	[{ status: 503, code: 'storage-failed' }, /live-feed check/],
	[{ status: 502 }, /whether the relay runs/],
	[{ status: 308 }, /leads to/],
	[{ status: 407 }, /password of its own/],
	[{ status: 404 }, /address of the relay itself/],
	[{ code: 'ETIMEDOUT' }, /load of the relay/],
])('%j has something to do about it', (refusal, advice) => {
	expect(explainRefusal(refusal, 'deploys', false)[1]).toMatch(advice);
});

describe('what was published', () => {
	const published: Published = {
		...{ sent: sent(1, 2), seqs: new Map(), roundTrips: [3, 4, 50], refused: [], end: 'done' },
		...{ isIdempotent: true, tookMs: 1000 },
	};
	const refused = { code: 'rate-limited', detail: 'Too much.', isRetryable: true, count: 3, retryMs: 2000 };

	test('is told with its pace, and a repeat that was stored again is wrong', () => {
		expect(judgePublished(published, 2, 'c', false)).toMatchObject({
			standing: 'ok',
			text: '2 of 2 stored in 1.0 s; a receipt takes 4.0 ms.',
		});
		expect(judgePublished({ ...published, isIdempotent: false }, 2, 'c', false)).toMatchObject({ standing: 'wrong' });
	});

	test('limits that were met are told with their pause', () => {
		expect(judgeLimits(published)).toMatchObject({ standing: 'ok', text: 'None was met, at 2 events a second.' });
		expect(judgeLimits({ ...published, refused: [refused] })).toMatchObject({
			standing: 'warning',
			text: 'Refused 3 × rate-limited, for 2.0 s at most.',
		});
		expect(judgePublished({ ...published, end: 'time', refused: [refused] }, 9, 'c', false).standing).toBe('warning');
	});

	test('what had a receipt and is not in the log, or not in order, is a fault of the relay', () => {
		expect(judgeStored([1, 2, 3], [1, 2, 3]).standing).toBe('ok');
		expect(judgeStored([1, 2, 3], [1, 3])).toMatchObject({ standing: 'wrong', text: /1 of 3 are not there \(2\)/ });
		expect(judgeStored([1, 2], [2, 1])).toMatchObject({ standing: 'wrong', text: /not in order/ });
		expect(judgeStored([1, 2], [1, 2, 2])).toMatchObject({ standing: 'wrong', text: /there twice/ });
	});
});

test.each([
	[undefined, 90, 'ok', /holds for 90 days/],
	[undefined, 3, 'warning', /3 days only/],
	['CERT_HAS_EXPIRED', -1, 'wrong', /has expired/],
	['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 90, 'wrong', /without what links it/],
	['ERR_TLS_CERT_ALTNAME_INVALID', 90, 'wrong', /for other names/],
	['SOMETHING_NEW', 90, 'wrong', /not trusted \(SOMETHING_NEW\)/],
])('a certificate with %s and %d days is %s', (failure, days, standing, text) => {
	expect(judgeCertificate('relay.example.org', failure, days * 86_400_000 + 1000)).toMatchObject({
		...{ standing, text: expect.stringMatching(text) },
	});
});

test('who stands between is known by what he writes into an answer', () => {
	expect(findTraces(new Headers())).toBeUndefined();
	expect(findTraces(new Headers({ server: 'cloudflare', 'cf-ray': '8f2', via: '1.1 varnish' }))).toBe(
		'cloudflare, 1.1 varnish, Cloudflare',
	);
});

describe('findings', () => {
	const wrong: Finding = { name: 'Port', standing: 'wrong', text: 'It is taken.', advice: 'Take another one.' };
	const odd: Finding = { name: 'Disk', standing: 'warning', text: 'There is little room.', advice: 'Make some.' };
	const fine: Finding = { name: 'Node', standing: 'ok', text: '22.0.0' };
	const plain = { hasColour: false, columns: 30 };

	test('are lines with a sign, a name in a column and a sentence that stays in its own', () => {
		expect(showFinding(fine, 5, plain)).toBe('  ✓ Node  22.0.0\n');
		expect(showFinding(odd, 5, plain)).toBe('  ! Disk  There is little\n          room.\n          Make some.\n');
	});

	test('end with what is wrong and what to do, about that first', () => {
		expect(showVerdict([fine, odd], { ...plain, columns: 80 })).toBe('\n  ✓ Nothing is wrong. To be known: Disk.\n\n');
		expect(showVerdict([odd, wrong], { ...plain, columns: 80 })).toContain(
			'✗ One thing is wrong: Port. To be known: Disk.',
		);
		expect(showAdvice([fine, odd, wrong], 5, plain)).toBe(
			'  What to do\n\n  ✗ Port  Take another one.\n  ! Disk  Make some.\n\n',
		);
		expect(showAdvice([fine], 5, plain)).toBe('');
		const [one, two, three] = ['SSE', 'NDJSON', 'Other'].map((name) => ({ ...wrong, name }));
		expect(showAdvice([one, two] as Finding[], 12, plain)).toMatch(/✗ SSE, NDJSON {2}Take/);
		expect(showAdvice([one, two, three] as Finding[], 12, plain)).toMatch(/✗ SSE \+2 {7}Take/);
	});

	test('have colours where they are wanted, and the same words', () => {
		const painted = showFinding(wrong, 5, { ...plain, hasColour: true });
		expect(painted).toContain('\u001b[31m✗\u001b[0m');
		// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys
		expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(showFinding(wrong, 5, plain));
	});

	test('are one object for programs', () => {
		expect(JSON.parse(formatFindings([fine, wrong], { relay: 'x' }))).toEqual({
			ok: false,
			relay: 'x',
			findings: [fine, wrong],
		});
		expect(JSON.parse(formatFindings([fine, odd]))).toMatchObject({ ok: true });
	});

	test('let nobody move the terminal’s cursor', () => {
		expect(wrap('one \u001b[2Jtwo\u202e', 40)).toEqual(['one \ufffd[2Jtwo\ufffd']);
	});
});

test.each([
	[0.42, '0.4 ms'],
	[12.3, '12 ms'],
	[1300, '1.3 s'],
])('%d ms are %s', (ms, text) => {
	expect(formatMs(ms)).toBe(text);
});
