// The short form of one of the proofs in test/security, by turns, in Chromium; `npm run test:injection` and `npm run test:policy` have the whole, in two browsers.
import { expect, it } from 'vitest';
import { launch } from '../reading/browsers.ts';
import type { ReadingScenario } from '../reading/scenario.ts';
import { runInjection } from '../security/injection.ts';
import { runPolicy } from '../security/policy.ts';
import { inTurns } from '../support/short-form.ts';

const PROOFS: [title: string, run: ReadingScenario][] = [
	['hostile texts are refused, or to be read in their rows and nothing else', runInjection],
	['the policy of README.md holds through every feature', runPolicy],
];

it.each(inTurns(PROOFS, 1))('%s', async (_, run) => {
	const browser = await launch('chromium');
	try {
		const { lines, failures } = await run({ short: true, seed: 0, name: 'chromium', browser });
		console.log(lines[0]);
		expect(failures).toEqual([]);
	} finally {
		await browser.close();
	}
});
