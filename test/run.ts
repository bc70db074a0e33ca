// Runs every kind of test, or the ones named: `npm test`, `npm run test:unit`.
// Knows the runners and how to add up what they say; never knows a test. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildPackage, buildSite } from '../widget/build.ts';
import { readReports } from './support/spill.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_SUITES = ['unit', 'contract', 'package', 'relay', 'e2e'];
const SUITES = [...NODE_SUITES, 'browser'];
/** Suites that look at what is built. */
const BUILT_SUITES = ['package', 'e2e'];

interface Totals {
	passed: number;
	failed: number;
	skipped: number;
	failures: string[];
}

const given = process.argv.slice(2);
const named = given.filter((word) => SUITES.includes(word));
const rest = given.filter((word) => !SUITES.includes(word)); // file name filters and options, for the runner
const wanted = (named.length > 0 ? named : SUITES).filter(hasTests);

const results = new Map<string, Totals>();
const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-test-'));
/** Where tokens and secrets were looked for, by all processes of all suites. */
const spilt = path.join(folder, 'spilt.ndjson');
const children = new Set<ReturnType<typeof spawn>>();
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.on(signal, () => {
		// The runners end what they started themselves; what is known by then is still summed up.
		isInterrupted = true;
		for (const child of children) child.kill(signal);
		setTimeout(() => {
			for (const child of children) child.kill('SIGKILL');
		}, 8_000).unref();
	});
}
try {
	if (wanted.some((suite) => BUILT_SUITES.includes(suite))) await build();
	const inNode = wanted.filter((suite) => NODE_SUITES.includes(suite));
	const isInBrowser = wanted.includes('browser') && !isInterrupted;
	// Most of what the browser's tests do is waiting: they run beside the others, and are told of after them.
	const inBrowser = isInBrowser ? runInBrowser(inNode.length > 0) : undefined;
	if (inNode.length > 0) await runVitest(inNode);
	(await inBrowser)?.();
	sumSpilt();
} finally {
	await rm(folder, { recursive: true, force: true });
}
summarise();

function hasTests(suite: string): boolean {
	const directory = path.join(ROOT, 'test', suite);
	if (!existsSync(directory)) return false;
	return readdirSync(directory, { recursive: true }).some((file) => String(file).endsWith('.test.ts'));
}

async function build(): Promise<void> {
	const failures: string[] = [];
	for (const step of [buildSite, buildPackage]) {
		try {
			await step();
		} catch (error) {
			failures.push(error instanceof Error ? error.message : String(error));
		}
	}
	if (failures.length > 0) results.set('build', { passed: 0, failed: failures.length, skipped: 0, failures });
}

async function runVitest(suites: string[]): Promise<void> {
	const file = path.join(folder, 'vitest.json');
	const code = await run([
		path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
		...['run', '--config', 'test/vitest.config.ts', ...suites.flatMap(projectsOf)],
		...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...rest],
	]);
	const perSuite = new Map<string, Totals>(suites.map((suite) => [suite, none()]));
	for (const result of existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as VitestReport).testResults : []) {
		const name = path.relative(ROOT, result.name);
		const totals = perSuite.get(name.split(path.sep)[1] ?? '');
		if (totals === undefined) continue;
		const before = totals.failed;
		for (const test of result.assertionResults) {
			if (test.status === 'passed') totals.passed += 1;
			else if (test.status !== 'failed') totals.skipped += 1;
			else {
				totals.failed += 1;
				totals.failures.push(`${name}: ${test.fullName}`);
			}
		}
		// A file that does not load has no tests to fail.
		if (result.status === 'failed' && totals.failed === before) {
			totals.failed += 1;
			totals.failures.push(`${name}: ${result.message.split('\n')[0]}`);
		}
	}
	for (const [suite, totals] of perSuite) results.set(suite, totals);
	addExit('vitest', code, [...perSuite.values()]);
}

/** Of some suites, some files go by themselves. */
function projectsOf(suite: string): string[] {
	const apart: Record<string, string> = { unit: 'changing', e2e: 'alone' };
	return [suite, apart[suite] ?? []].flat().flatMap((project) => ['--project', project]);
}

/** Resolves when they have run; the function prints what was kept until then, and adds up. */
async function runInBrowser(isBeside: boolean): Promise<() => void> {
	const file = path.join(folder, 'browser.json');
	const config = path.join('test', 'browser', 'web-test-runner.config.mjs');
	const runner = path.join('node_modules', '@web', 'test-runner', 'dist', 'bin.js');
	const files = rest.flatMap((word) => (word.startsWith('-') ? [word] : ['--files', `test/browser/**/*${word}*`]));
	const kept: Buffer[] = [];
	const args = ['--import', 'tsx', runner, '--config', config, ...files];
	const code = await run(args, { TEST_TOTALS: file }, isBeside ? kept : undefined);
	return () => {
		process.stdout.write(Buffer.concat(kept));
		const totals = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Totals) : none(); // our own reporter wrote it
		results.set('browser', totals);
		addExit('web-test-runner', code, [totals]);
	};
}

// A runner can fail without a failing test: it crashed, or an error came when all tests were through.
function addExit(runner: string, code: number, totals: Totals[]): void {
	if (code === 0 || totals.some(({ failed }) => failed > 0)) return;
	results.set(runner, { ...none(), failed: 1, failures: [`${runner} ended with ${code} though no test failed`] });
}

/** Resolves with the exit code. What it prints goes to our own output, or is kept. */
function run(args: string[], env: Record<string, string> = {}, kept?: Buffer[]): Promise<number> {
	return new Promise((resolve) => {
		const child = spawn(process.execPath, args, {
			cwd: ROOT,
			stdio: kept ? ['ignore', 'pipe', 'pipe'] : 'inherit',
			env: { ...process.env, SPILL_FIGURES: spilt, ...env },
		});
		children.add(child);
		for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => kept?.push(chunk));
		const settle = (code: number) => {
			children.delete(child);
			resolve(code);
		};
		child.once('error', () => settle(1));
		child.once('exit', (code) => settle(code ?? 1));
	});
}

function sumSpilt(): void {
	if (!existsSync(spilt)) return;
	const { looked, hits } = readReports(spilt);
	const places = Object.entries(looked).map(([place, count]) => `${count} ${place}`);
	process.stdout.write(`\ntokens and secrets looked for in ${places.join(', ')}: ${hits.length} hits\n`);
	if (hits.length > 0) results.set('spilt', { ...none(), failed: hits.length, failures: hits });
}

function none(): Totals {
	return { passed: 0, failed: 0, skipped: 0, failures: [] };
}

function summarise(): void {
	if (isInterrupted) results.set('end', { ...none(), failed: 1, failures: ['interrupted before all tests had run'] });
	const sum = none();
	process.stdout.write('\n');
	for (const [suite, totals] of results) {
		sum.passed += totals.passed;
		sum.failed += totals.failed;
		sum.skipped += totals.skipped;
		const skipped = totals.skipped > 0 ? `${totals.skipped} skipped` : '';
		const numbers = `${String(totals.passed).padStart(5)} passed ${String(totals.failed).padStart(3)} failed  ${skipped}`;
		process.stdout.write(`${totals.failed > 0 ? '✗' : '✓'} ${suite.padEnd(10)}${numbers.trimEnd()}\n`);
		for (const failure of totals.failures) process.stdout.write(`    ${failure}\n`);
	}
	if (sum.passed + sum.failed === 0) process.stdout.write('No test ran.\n');
	process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
	const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
	process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
}

interface VitestReport {
	testResults: {
		name: string;
		status: string;
		message: string;
		assertionResults: { status: string; fullName: string }[];
	}[];
}
