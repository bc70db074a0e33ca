// The short form of what is fuzzed in test/fuzz.
import { expect, it } from 'vitest';
import { fuzz, SHORT } from '../fuzz/fuzz.ts';
import { withSeed } from '../support/random.ts';

it('a relay that is told and asked whatever comes to mind answers in codes of its table, and harms nobody else', () =>
	withSeed(async (seed) => {
		const { lines, failures } = await fuzz({ ...SHORT, seed, isShort: true });
		console.log(lines.join('\n'));
		expect(failures).toEqual([]);
	}));
