// A program that runs the scenarios of a folder, or the ones named: `-- kills cuts --short --seed 7`. The last line is `N hold, N fail`.
// Knows their order and how their figures are kept; never knows what they do.
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import type { Scenario, ScenarioResult } from '../faults/scenario.ts';
import { keepResults } from './results.ts';
import { ROOT } from './sources.ts';

/** Runs what the command line asks for, and ends the process. `name` is the folder in `test`, and the word after `npm run test:`. */
export async function runScenarios(
	name: string,
	order: readonly string[],
	prepare?: () => Promise<void>,
): Promise<void> {
	const folder = path.join(ROOT, 'test', name);
	const words = process.argv.slice(2);
	const short = words.includes('--short');
	const seedAt = words.indexOf('--seed');
	const seed = seedAt === -1 ? Math.floor(Math.random() * 2 ** 31) : Number(words[seedAt + 1]);
	const named = words.filter((word, index) => !word.startsWith('--') && (seedAt === -1 || index !== seedAt + 1));
	const known = order.filter((one) => existsSync(path.join(folder, `${one}.ts`)));
	const strangers = named.filter((one) => !known.includes(one));
	if (strangers.length > 0 || !Number.isInteger(seed)) {
		process.stderr.write(`Usage: npm run test:${name} -- [${known.join(' | ')}] [--short] [--seed N]\n`);
		process.exit(2);
	}
	const printed: string[] = [];
	const say = (line: string) => {
		printed.push(line);
		process.stdout.write(`${line}\n`);
	};
	say(`seed ${seed}${short ? ', short form' : ''}`);
	await prepare?.();
	let failed = 0;
	const chosen = known.filter((one) => named.length === 0 || named.includes(one));
	for (const one of chosen) {
		const start = performance.now();
		const { lines, failures } = await runOne(path.join(folder, `${one}.ts`), { short, seed });
		if (failures.length > 0) failed++;
		const [first = 'no figure', ...rest] = lines;
		const seconds = Math.round((performance.now() - start) / 1000);
		say(`${failures.length > 0 ? '✗' : '✓'} ${one}: ${first} (${seconds} s)`);
		for (const line of rest) say(`  ${line}`);
		for (const failure of failures) say(`  ✗ ${failure}`);
	}
	say(`${chosen.length - failed} hold, ${failed} fail`);
	if (!short && chosen.length === known.length) keepResults(name, printed);
	process.exit(failed === 0 ? 0 : 1);
}

async function runOne(file: string, options: Parameters<Scenario>[0]): Promise<ScenarioResult> {
	try {
		return await (await loadScenario(file))(options);
	} catch (error) {
		return { lines: [], failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
	}
}

/** Each is a file that exports `run` and its name: `slow-viewer.ts` has `runSlowViewer`. @throws Error where it does not */
export async function loadScenario(file: string): Promise<Scenario> {
	const name = path.basename(file, '.ts');
	const module = (await import(pathToFileURL(file).href)) as Record<string, Scenario>;
	const run = module[`run${name.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase())}`];
	if (!run) throw new Error(`${name}.ts does not export its scenario.`);
	return run;
}
