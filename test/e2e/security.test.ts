// The short form of the proofs in test/security, in Chromium. `npm run test:injection` and `npm run test:policy` run the long form in two browsers.
import { expect, it } from 'vitest';
import { launch } from '../reading/browsers.ts';
import type { ReadingScenario } from '../reading/scenario.ts';
import { runInjection } from '../security/injection.ts';
import { runPolicy } from '../security/policy.ts';

const PROOFS: [title: string, run: ReadingScenario][] = [
	['hostile texts are refused, or to be read in their rows and nothing else', runInjection],
	['the policy of README.md holds through every feature', runPolicy],
];

it.each(PROOFS)('%s', async (_, run) => {
	const browser = await launch('chromium');
	try {
		const { lines, failures } = await run({ short: true, seed: 0, name: 'chromium', browser });
		console.log(lines[0]);
		expect(failures).toEqual([]);
	} finally {
		await browser.close();
	}
});
