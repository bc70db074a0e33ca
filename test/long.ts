// Runs the long form of every test, one run after the other: `npm run test:long`, or some: `npm run test:long -- tests work`.
// Knows the runs and how to add up their last lines; never knows a test. The last line is `N passed, N failed`.
import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What `npm test` runs, and then each scenario that has a command of its own: the arguments of Node. */
const RUNS: Record<string, string[]> = {
	tests: ['test/run.ts'],
	faults: ['test/faults/run.ts'],
	attack: ['test/attack/run.ts'],
	fuzz: ['test/fuzz/run.ts'],
	reading: ['test/reading/run.ts'],
	limits: ['test/limits/run.ts'],
	work: ['test/work/run.ts'],
	idle: ['test/idle/run.ts'],
	matrix: ['test/matrix/run.ts'],
	injection: ['test/security/in-browsers.ts', 'injection'],
	policy: ['test/security/in-browsers.ts', 'policy'],
	deploy: ['test/deploy/run.ts'],
};
/** The last line of runs that count. */
const TOTALS = /^(\d+) (?:passed|hold), (\d+) (?:failed|fail)$/gm;

interface Run {
	name: string;
	passed: number;
	failed: number;
	minutes: number;
}

const named = process.argv.slice(2);
if (named.some((name) => RUNS[name] === undefined)) {
	process.stderr.write(`Usage: npm run test:long -- [${Object.keys(RUNS).join(' | ')}]\n`);
	process.exit(2);
}

let child: ChildProcess | undefined;
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.on(signal, () => {
		isInterrupted = true;
		child?.kill(signal);
	});
}

const runs: Run[] = [];
for (const [name, args] of Object.entries(RUNS)) {
	if (isInterrupted || (named.length > 0 && !named.includes(name))) continue;
	process.stdout.write(`\n== ${name}\n`);
	runs.push(await runOne(name, args));
}

let [passed, failed] = [0, isInterrupted ? 1 : 0];
process.stdout.write('\n');
for (const run of runs) {
	passed += run.passed;
	failed += run.failed;
	const numbers = `${String(run.passed).padStart(5)} passed ${String(run.failed).padStart(3)} failed`;
	const again = run.failed > 0 ? `  Repeat it: npm run test:long -- ${run.name}` : '';
	process.stdout.write(`${run.failed > 0 ? '✗' : '✓'} ${run.name.padEnd(10)}${numbers}  ${run.minutes} min${again}\n`);
}
if (isInterrupted) process.stdout.write('✗ interrupted before all runs had ended\n');
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);

/** Resolves when the run has ended. A run that does not count is one that passed or failed. */
async function runOne(name: string, args: string[]): Promise<Run> {
	const start = performance.now();
	let output = '';
	const code = await new Promise<number>((resolve) => {
		child = spawn(process.execPath, ['--import', 'tsx', ...args], {
			cwd: ROOT,
			stdio: ['ignore', 'pipe', 'inherit'],
			env: { ...process.env, TEST_FORM: 'long' },
		});
		child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
			process.stdout.write(chunk);
			output = (output + chunk).slice(-10_000);
		});
		child.once('error', () => resolve(1));
		child.once('close', (status) => resolve(status ?? 1));
	});
	const last = [...output.matchAll(TOTALS)].at(-1);
	const counted = last
		? { passed: Number(last[1]), failed: Number(last[2]) }
		: { passed: code === 0 ? 1 : 0, failed: 0 };
	const failed = Math.max(counted.failed, code === 0 ? 0 : 1);
	return { name, passed: counted.passed, failed, minutes: Math.round((performance.now() - start) / 6000) / 10 };
}
