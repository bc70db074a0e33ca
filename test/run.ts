// Runs every kind of test, or the ones named: `npm test`, `npm run test:unit`.
// Knows the runners and how to add up outcomes; never knows a test. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildPackage, buildSite } from '../widget/build/build.ts';
import { noTotals, readOutcomes, type Totals, toCommand } from './support/outcomes.ts';
import { SLOWNESS } from './support/slowness.ts';
import { readReports } from './support/spill.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_SUITES = ['unit', 'contract', 'package', 'relay', 'e2e'];
const SUITES = [...NODE_SUITES, 'browser'];
/** Suites that look at what is built. */
const BUILT_SUITES = ['package', 'e2e'];
/** Of a failure's text. */
const MOST_LINES = 30;

const given = process.argv.slice(2);
const named = given.filter((word) => SUITES.includes(word));
const rest = given.filter((word) => !SUITES.includes(word)); // file name filters and options, for the runner
const wanted = (named.length > 0 ? named : SUITES).filter(hasTests);

const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-test-'));
/** One line per outcome, appended by the runners. */
const outcomes = path.join(folder, 'outcomes.ndjson');
/** Where tokens and secrets were looked for, by all processes of all suites. */
const spilt = path.join(folder, 'spilt.ndjson');
/** Failures that are not a test's. */
const troubles: string[] = [];
const children = new Set<ReturnType<typeof spawn>>();
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.on(signal, () => {
		// The runners end what they started. What is known by then is added up.
		isInterrupted = true;
		for (const child of children) child.kill(signal);
		setTimeout(() => {
			for (const child of children) child.kill('SIGKILL');
		}, 10_000).unref();
	});
}
process.stdout.write(`time-outs are multiplied by ${SLOWNESS} (TEST_SLOWNESS)\n`);
const inNode = wanted.filter((suite) => NODE_SUITES.includes(suite));
try {
	if (wanted.some((suite) => BUILT_SUITES.includes(suite))) await build();
	if (inNode.length > 0 && !isInterrupted) await runVitest(inNode);
	// After the others: beside them, two cores would share three files.
	if (wanted.includes('browser') && !isInterrupted) await runInBrowser();
	summarise();
} finally {
	await rm(folder, { recursive: true, force: true });
}

function hasTests(suite: string): boolean {
	const directory = path.join(ROOT, 'test', suite);
	if (!existsSync(directory)) return false;
	return readdirSync(directory, { recursive: true }).some((file) => String(file).endsWith('.test.ts'));
}

async function build(): Promise<void> {
	for (const step of [buildSite, buildPackage]) {
		try {
			await step();
		} catch (error) {
			troubles.push(`build: ${error instanceof Error ? error.message : error}`);
		}
	}
}

async function runVitest(suites: string[]): Promise<void> {
	const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
	await run('vitest', [vitest, 'run', '--config', 'test/vitest.config.ts', ...suites.flatMap(projectsOf), ...rest]);
}

/** Of some suites, some files go by themselves. */
function projectsOf(suite: string): string[] {
	const apart: Record<string, string> = { unit: 'changing', e2e: 'alone' };
	return [suite, apart[suite] ?? []].flat().flatMap((project) => ['--project', project]);
}

async function runInBrowser(): Promise<void> {
	const config = path.join('test', 'browser', 'web-test-runner.config.mjs');
	const runner = path.join('node_modules', '@web', 'test-runner', 'dist', 'bin.js');
	const files = rest.flatMap((word) => (word.startsWith('-') ? [word] : ['--files', `test/browser/**/*${word}*`]));
	await run('web-test-runner', ['--import', 'tsx', runner, '--config', config, ...files]);
}

/** Resolves when the runner has ended. */
async function run(runner: string, args: string[]): Promise<void> {
	const before = countFailures();
	const code = await new Promise<number | string>((resolve) => {
		const env = { ...process.env, SPILL_FIGURES: spilt, TEST_OUTCOMES: outcomes };
		const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env });
		children.add(child);
		const settle = (end: number | string) => {
			children.delete(child);
			resolve(end);
		};
		child.once('error', () => settle(1));
		child.once('exit', (status, signal) => settle(status ?? signal ?? 1));
	});
	// A runner can fail without a failing test: it crashed, or an error came after all tests.
	if (code !== 0 && !isInterrupted && countFailures() === before)
		troubles.push(`${runner} ended with ${code}, but no test failed`);
}

function countFailures(): number {
	const { suites, errors } = readOutcomes(outcomes);
	return [...suites.values()].reduce((sum, { failures }) => sum + failures.length, errors.length);
}

/** Returns places where a token or a secret was found. */
function findSpilt(): string[] {
	if (!existsSync(spilt)) return [];
	const { looked, hits } = readReports(spilt);
	const places = Object.entries(looked).map(([place, count]) => `${count} ${place}`);
	process.stdout.write(`\ntokens and secrets looked for in ${places.join(', ')}: ${hits.length} hits\n`);
	return hits;
}

function summarise(): void {
	const { suites, unreported, errors } = readOutcomes(outcomes);
	const others = [...troubles, ...errors, ...findSpilt()];
	const notStarted = wanted.filter((suite) => !suites.has(suite));
	const missing = [...unreported, ...notStarted].map((name) => `${name} did not report`);
	if (isInterrupted) others.push('interrupted before all tests had run');
	else others.push(...missing);
	let [passed, failed, skipped] = [0, others.length, 0];
	process.stdout.write('\n');
	for (const suite of wanted) {
		const totals = suites.get(suite) ?? noTotals();
		passed += totals.passed;
		failed += totals.failures.length;
		skipped += totals.skipped;
		describe(suite, totals);
	}
	if (isInterrupted) for (const one of missing) process.stdout.write(`· ${one}\n`);
	for (const other of others) process.stdout.write(`✗ ${other}\n`);
	if (skipped > 0) process.stdout.write(`${skipped} skipped\n`);
	if (passed + failed === 0) process.stdout.write('No test ran.\n');
	process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
	process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
}

function describe(suite: string, { passed, skipped, failures }: Totals): void {
	const numbers = `${String(passed).padStart(5)} passed ${String(failures.length).padStart(3)} failed`;
	const more = skipped > 0 ? `  ${skipped} skipped` : '';
	process.stdout.write(`${failures.length > 0 ? '✗' : '✓'} ${suite.padEnd(10)}${numbers}${more}\n`);
	for (const failure of failures) {
		const { file, titles, message } = failure;
		const lines = message.split('\n').slice(0, MOST_LINES);
		process.stdout.write(`    ${[file, ...titles].join(' › ')}\n`);
		for (const line of lines) process.stdout.write(`        ${line}\n`);
		process.stdout.write(`        Repeat it: ${toCommand(failure)}\n`);
	}
}
