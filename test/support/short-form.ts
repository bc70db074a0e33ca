// The short form of a scenario of test/faults, as a test: with each seed that failed once, and with one of chance.
// Knows seeds, and what of an outcome is a failure; never knows a scenario.
import { expect } from 'vitest';
import type { Scenario } from '../faults/scenario.ts';
import { withSeed } from './random.ts';

/** @throws Error that says what does not hold, and with which seed. */
export async function expectToHold(run: Scenario, kept: readonly number[] = []): Promise<void> {
	const check = async (seed: number) => {
		const { lines, failures } = await run({ short: true, seed });
		console.log(lines.join('\n'));
		expect(failures).toEqual([]);
	};
	for (const seed of kept) await check(seed);
	await withSeed(check);
}
