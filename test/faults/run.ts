// Runs the scenarios that prove the promise, or the ones named: `npm run test:faults -- kills cuts --short --seed 7`.
// Knows their order and how their figures are kept; never knows what they do. The last line is `N hold, N fail`.
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSite } from '../../widget/build.ts';
import { keepResults } from '../support/results.ts';
import type { Scenario } from './scenario.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** Each is a file of this folder that exports `run` and its name: `slow-viewer.ts` has `runSlowViewer`. */
const ORDER = [
	'kills',
	'keys',
	'cuts',
	'wipes',
	'joins',
	'return',
	'slow-viewer',
	'transports',
	'outbox',
	'page-life',
	'elements',
];

const words = process.argv.slice(2);
const short = words.includes('--short');
const seedAt = words.indexOf('--seed');
const seed = seedAt === -1 ? Math.floor(Math.random() * 2 ** 31) : Number(words[seedAt + 1]);
const named = words.filter((word, index) => !word.startsWith('--') && (seedAt === -1 || index !== seedAt + 1));
const known = ORDER.filter((name) => existsSync(path.join(FOLDER, `${name}.ts`)));
const strangers = named.filter((name) => !known.includes(name));
if (strangers.length > 0 || !Number.isInteger(seed)) {
	process.stderr.write(`Usage: npm run test:faults -- [${known.join(' | ')}] [--short] [--seed N]\n`);
	process.exit(2);
}

const printed: string[] = [];
const say = (line: string) => {
	printed.push(line);
	process.stdout.write(`${line}\n`);
};

say(`seed ${seed}${short ? ', short form' : ''}`);
await buildSite(); // panels load the script from the relay
let failed = 0;
const chosen = known.filter((name) => named.length === 0 || named.includes(name));
for (const name of chosen) {
	const start = performance.now();
	const { lines, failures } = await runOne(name);
	if (failures.length > 0) failed++;
	const [first = 'no figure', ...rest] = lines;
	const seconds = Math.round((performance.now() - start) / 1000);
	say(`${failures.length > 0 ? '✗' : '✓'} ${name}: ${first} (${seconds} s)`);
	for (const line of rest) say(`  ${line}`);
	for (const failure of failures) say(`  ✗ ${failure}`);
}
say(`${chosen.length - failed} hold, ${failed} fail`);
if (!short && chosen.length === known.length) keepResults('faults', printed);
process.exit(failed === 0 ? 0 : 1);

async function runOne(name: string): ReturnType<Scenario> {
	try {
		const module = (await import(pathToFileURL(path.join(FOLDER, `${name}.ts`)).href)) as Record<string, Scenario>;
		const run = module[`run${name.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase())}`];
		if (!run) return { lines: [], failures: [`${name}.ts does not export its scenario`] };
		return await run({ short, seed });
	} catch (error) {
		return { lines: [], failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
	}
}
