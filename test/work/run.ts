// Proves that much work on a channel costs none of its events: `npm run test:work`, or `npm run test:work -- --short`.
// Knows how figures are printed and kept; never knows what is done.
import process from 'node:process';
import { keepResults } from '../support/results.ts';
import { SHORT, WHOLE, work } from './work.ts';

const isShort = process.argv.includes('--short');
const { lines, failures } = await work(isShort ? SHORT : WHOLE);
const printed = [
	...lines,
	...failures.slice(0, 20).map((failure) => `✗ ${failure}`),
	failures.length === 0 ? 'All of it holds.' : `${failures.length} things do not hold.`,
];
process.stdout.write(`${printed.join('\n')}\n`);
if (!isShort) keepResults('work', printed);
process.exit(failures.length === 0 ? 0 : 1);
