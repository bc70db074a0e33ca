// Runs the scenarios that prove that reading is calm, or those named: `npm run test:reading -- still keyboard --browser firefox --short --seed 7`.
// Knows their order and their browsers; never knows what they do. The last line is `N hold, N fail`.
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSite } from '../../widget/build/build.ts';
import { BROWSERS, type BrowserName, launch, listBrowsers } from './browsers.ts';
import type { ReadingResult, ReadingScenario } from './scenario.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** Each is a file of this folder that exports `run` and its name: `hundred-thousand.ts` has `runHundredThousand`. */
const ORDER = ['keyboard', 'still', 'trims', 'clicks', 'announcements', 'flood', 'hundred-thousand', 'day'];

const words = process.argv.slice(2);
const takeOption = (option: string): string | undefined => {
	const at = words.indexOf(option);
	return at === -1 ? undefined : words.splice(at, 2)[1];
};
const seed = Number(takeOption('--seed') ?? Math.floor(Math.random() * 2 ** 31));
const asked = takeOption('--browser');
const short = words.includes('--short');
const named = words.filter((word) => word !== '--short');
const known = ORDER.filter((name) => existsSync(path.join(FOLDER, `${name}.ts`)));
const isUnknown = named.some((name) => !known.includes(name)) || !Number.isInteger(seed);
if (isUnknown || (asked !== undefined && !BROWSERS.includes(asked as BrowserName))) {
	process.stderr.write(
		`Usage: npm run test:reading -- [${known.join(' | ')}] [--browser ${BROWSERS.join(' | ')}] [--short] [--seed N]\n`,
	);
	process.exit(2);
}

const say = (line: string) => process.stdout.write(`${line}\n`);
say(`seed ${seed}${short ? ', short form' : ''}`);
const browsers = listBrowsers();
const wanted = BROWSERS.filter((name) => asked === undefined || name === asked);
let held = 0;
// A proof in two browsers that ran in one has not been given.
let failed = 0;
for (const name of wanted.filter((one) => !browsers.includes(one))) {
	failed++;
	say(`✗ ${name} is not installed`);
}
await buildSite();
for (const scenario of known.filter((name) => named.length === 0 || named.includes(name))) {
	for (const name of wanted.filter((one) => browsers.includes(one))) {
		const start = performance.now();
		const { lines, failures } = await runOne(scenario, name);
		if (failures.length > 0) failed++;
		else held++;
		const [first = 'no figure', ...rest] = lines;
		const seconds = Math.round((performance.now() - start) / 1000);
		say(`${failures.length > 0 ? '✗' : '✓'} ${scenario}, ${name}: ${first} (${seconds} s)`);
		for (const line of rest) say(`  ${line}`);
		for (const failure of failures) say(`  ✗ ${failure}`);
	}
}
say(`${held} hold, ${failed} fail`);
process.exit(failed === 0 ? 0 : 1);

async function runOne(scenario: string, name: BrowserName): Promise<ReadingResult> {
	const browser = await launch(name);
	try {
		const module = (await import(pathToFileURL(path.join(FOLDER, `${scenario}.ts`)).href)) as Record<
			string,
			ReadingScenario
		>;
		const run = module[`run${scenario.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase())}`];
		if (!run) return { lines: [], failures: [`${scenario}.ts does not export its scenario`] };
		return await run({ short, seed, name, browser });
	} catch (error) {
		return { lines: [], failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
	} finally {
		await browser.close();
	}
}
