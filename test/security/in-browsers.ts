// Runs one proof in Chromium and Firefox: `npm run test:injection`, `npm run test:policy -- --browser firefox`.
// Knows the browsers; never knows what is proven. The last line is `N hold, N fail`.
import process from 'node:process';
import { buildSite } from '../../widget/build/build.ts';
import { BROWSERS, type BrowserName, launch, listBrowsers } from '../reading/browsers.ts';
import type { ReadingScenario } from '../reading/scenario.ts';
import { runInjection } from './injection.ts';
import { runPolicy } from './policy.ts';

const PROOFS: Record<string, ReadingScenario> = { injection: runInjection, policy: runPolicy };

const words = process.argv.slice(2);
const takeOption = (option: string): string | undefined => {
	const at = words.indexOf(option);
	return at === -1 ? undefined : words.splice(at, 2)[1];
};
const asked = takeOption('--browser');
const short = words.includes('--short');
const named = words.filter((word) => word !== '--short');
if (named.some((name) => !PROOFS[name]) || (asked !== undefined && !BROWSERS.includes(asked as BrowserName))) {
	process.stderr.write(`Usage: npm run test:injection -- [--browser ${BROWSERS.join(' | ')}] [--short]\n`);
	process.exit(2);
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const browsers = listBrowsers();
let held = 0;
let failed = 0;
await buildSite();
for (const [proof, run] of Object.entries(PROOFS).filter(([name]) => named.length === 0 || named.includes(name))) {
	for (const name of BROWSERS.filter((one) => asked === undefined || one === asked)) {
		const start = performance.now();
		// A proof in two browsers that ran in one has not been given.
		const { lines, failures } = browsers.includes(name)
			? await runIn(name, run)
			: { lines: [], failures: [`${name} is not installed`] };
		if (failures.length > 0) failed++;
		else held++;
		const seconds = Math.round((performance.now() - start) / 1000);
		say(`${failures.length > 0 ? '✗' : '✓'} ${proof}, ${name}: ${lines[0] ?? 'no figure'} (${seconds} s)`);
		for (const line of lines.slice(1)) say(`  ${line}`);
		for (const failure of failures) say(`  ✗ ${failure}`);
	}
}
say(`${held} hold, ${failed} fail`);
process.exit(failed === 0 ? 0 : 1);

async function runIn(name: BrowserName, run: ReadingScenario): ReturnType<ReadingScenario> {
	const browser = await launch(name);
	try {
		return await run({ short, seed: 0, name, browser });
	} catch (error) {
		return { lines: [], failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
	} finally {
		await browser.close();
	}
}
