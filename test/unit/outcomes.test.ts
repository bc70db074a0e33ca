import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Failure, readOutcomes, toCommand, writeOutcome } from '../support/outcomes.ts';
import { patience, SLOWNESS } from '../support/slowness.ts';

describe('outcomes of tests', () => {
	let file: string;
	beforeEach(() => {
		file = path.join(mkdtempSync(path.join(tmpdir(), 'live-feed-outcomes-')), 'outcomes.ndjson');
		vi.stubEnv('TEST_OUTCOMES', file);
		vi.stubEnv('TEST_FORM', undefined);
	});
	afterEach(() => {
		vi.unstubAllEnvs();
		rmSync(path.dirname(file), { recursive: true });
	});

	it('are added up by suite, and name files that did not report', () => {
		for (const one of ['test/unit/a.test.ts', 'test/unit/b.test.ts', 'test/e2e/c.test.ts'])
			writeOutcome({ kind: 'planned', file: one });
		writeOutcome({ kind: 'test', file: 'test/unit/a.test.ts', titles: ['adds'], state: 'passed' });
		writeOutcome({ kind: 'test', file: 'test/unit/a.test.ts', titles: ['is slow'], state: 'skipped' });
		writeOutcome({ kind: 'test', file: 'test/unit/a.test.ts', titles: ['a', 'b'], state: 'failed', message: 'no' });
		writeOutcome({ kind: 'file', file: 'test/unit/a.test.ts' });
		writeOutcome({ kind: 'file', file: 'test/e2e/c.test.ts', message: 'does not load' });
		writeOutcome({ kind: 'error', message: 'an error afterwards' });
		const { suites, unreported, errors } = readOutcomes(file);
		expect(suites.get('unit')).toEqual({
			passed: 1,
			skipped: 1,
			failures: [{ file: 'test/unit/a.test.ts', titles: ['a', 'b'], message: 'no' }],
		});
		expect(suites.get('e2e')?.failures).toEqual([{ file: 'test/e2e/c.test.ts', titles: [], message: 'does not load' }]);
		expect(unreported).toEqual(['test/unit/b.test.ts']);
		expect(errors).toEqual(['an error afterwards']);
	});

	it('are read without a last line that is incomplete', () => {
		writeOutcome({ kind: 'test', file: 'test/unit/a.test.ts', titles: ['adds'], state: 'passed' });
		appendFileSync(file, '{"kind":"te');
		expect(readOutcomes(file).suites.get('unit')?.passed).toBe(1);
	});

	it.each<[string, Partial<Failure>, string]>([
		['a title', { titles: ['a feed', "isn't (ever) lost"] }, "-t '^a feed isn'\\''t \\(ever\\) lost$'"],
		['no title', {}, ''],
		['a seed', { message: 'SEED=7: lost' }, ''],
	])('have a command that repeats a failure with %s', (_, given, rest) => {
		const failure = { file: 'test/unit/a.test.ts', titles: [], message: 'lost', ...given };
		const seed = given.message ? 'SEED=7 ' : '';
		expect(toCommand(failure)).toBe(`${seed}npm test -- unit test/unit/a.test.ts ${rest}`.trimEnd());
	});

	it('have a command for a file of the browser, in the long form', () => {
		vi.stubEnv('TEST_FORM', 'long');
		const failure = { file: 'test/browser/reading.test.ts', titles: ['stays'], message: 'moved' };
		expect(toCommand(failure)).toBe('TEST_FORM=long npm test -- browser reading');
	});
});

it('time-outs are as long as on an ordinary machine, or longer', () => {
	expect(SLOWNESS).toBeGreaterThanOrEqual(1);
	expect(SLOWNESS).toBeLessThanOrEqual(10);
	expect(patience(1000)).toBe(Math.round(1000 * SLOWNESS));
});
