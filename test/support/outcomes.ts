// Outcomes of tests, one JSON line each, written as soon as they are known: an interrupted run still says what passed.
// Knows files, titles and errors; never knows a runner or a test.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

export type Outcome =
	/** A file that will run. */
	| { kind: 'planned'; file: string }
	| { kind: 'test'; file: string; titles: string[]; state: 'passed' | 'failed' | 'skipped'; message?: string }
	/** A file that ended. `message`: it failed outside of its tests. */
	| { kind: 'file'; file: string; message?: string }
	/** An error that belongs to no file. */
	| { kind: 'error'; message: string };

export interface Failure {
	file: string;
	/** Of its groups and of the test; empty if the file failed outside of its tests. */
	titles: string[];
	message: string;
}

export interface Totals {
	passed: number;
	skipped: number;
	failures: Failure[];
}

export interface Report {
	/** By suite, the folder in `test`. */
	suites: Map<string, Totals>;
	/** Files that were planned and did not end. */
	unreported: string[];
	/** Errors that belong to no file. */
	errors: string[];
}

/** Appends to the file in `TEST_OUTCOMES`. Does nothing if there is none. */
export function writeOutcome(outcome: Outcome): void {
	const target = process.env.TEST_OUTCOMES;
	if (target) appendFileSync(target, `${JSON.stringify(outcome)}\n`);
}

/** Adds up what was written. A last line that is incomplete is left out. */
export function readOutcomes(source: string): Report {
	const report: Report = { suites: new Map(), unreported: [], errors: [] };
	const planned = new Set<string>();
	const lines = existsSync(source) ? readFileSync(source, 'utf8').split('\n').slice(0, -1) : [];
	for (const line of lines) {
		const outcome = JSON.parse(line) as Outcome; // `writeOutcome` wrote it
		if (outcome.kind === 'error') report.errors.push(outcome.message);
		else {
			if (outcome.kind === 'planned') planned.add(outcome.file);
			if (outcome.kind === 'file') planned.delete(outcome.file);
			addTo(totalsOf(report, outcome.file), outcome);
		}
	}
	report.unreported = [...planned].sort();
	return report;
}

export function noTotals(): Totals {
	return { passed: 0, skipped: 0, failures: [] };
}

function totalsOf({ suites }: Report, file: string): Totals {
	const suite = file.split('/')[1] ?? '';
	const totals = suites.get(suite) ?? noTotals();
	suites.set(suite, totals);
	return totals;
}

function addTo(totals: Totals, outcome: Exclude<Outcome, { kind: 'error' }>): void {
	if (outcome.kind === 'planned') return;
	const { file, message = 'no message' } = outcome;
	if (outcome.kind === 'file') {
		if (outcome.message !== undefined) totals.failures.push({ file, titles: [], message });
	} else if (outcome.state === 'failed') totals.failures.push({ file, titles: outcome.titles, message });
	else totals[outcome.state] += 1;
}

/** Returns the shell command that runs a failed test again, with its seed and in its form. */
export function toCommand({ file, titles, message }: Failure): string {
	const suite = file.split('/')[1] ?? '';
	const seed = /\bSEED=(\d+)/.exec(message)?.[1];
	const form = process.env.TEST_FORM;
	const variables = [seed && `SEED=${seed}`, form && `TEST_FORM=${form}`].filter(Boolean);
	// The runner of the browser's tests chooses files only.
	const isInBrowser = suite === 'browser';
	const where = isInBrowser ? (/([^/]+)\.test\.ts$/.exec(file)?.[1] ?? file) : file;
	const title = titles.join(' ').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
	const words = ['npm', 'test', '--', suite, where];
	if (title !== '' && !isInBrowser) words.push('-t', `'^${title.replaceAll("'", "'\\''")}$'`);
	return [...variables, ...words].join(' ');
}
