// How fast the relay is, beside what people would use instead: `npm run bench`, `npm run bench -- fan-out latency --short`.
// Knows which measures there are and where figures are kept; never knows how anything is measured. Not a test: machines differ.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { since } from '../faults/scenario.ts';
import { ROOT } from '../support/sources.ts';
import { describeRun, formatAbout } from './about.ts';
import { endAll } from './ending.ts';
import type { Row } from './measure.ts';
import { MEASURES } from './measures/index.ts';
import { formatTable } from './table.ts';

const isShort = process.argv.includes('--short');
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const names = MEASURES.map(({ name }) => name);
const unknown = words.filter((word) => !names.includes(word));
if (unknown.length > 0) {
	console.error(`There is no measure ${unknown.join(', ')}. There are: ${names.join(', ')}.`);
	process.exit(2);
}
const chosen = MEASURES.filter(({ name }) => words.length === 0 || words.includes(name));

for (const signal of ['SIGINT', 'SIGTERM'] as const)
	process.once(signal, async () => {
		await endAll();
		process.exit(signal === 'SIGINT' ? 130 : 143);
	});

const about = describeRun(isShort);
const say = (line: string) => console.log(line);
for (const line of formatAbout(about)) say(line);
const rows: Row[] = [];
let failures = 0;
for (const { name, run } of chosen) {
	const start = performance.now();
	say(`${name} …`);
	try {
		rows.push(...(await run({ isShort, say })));
	} catch (error) {
		// One that fails takes no figure of another with it.
		failures++;
		const text = error instanceof Error ? error.message.split('\n')[0] : String(error);
		console.error(error);
		rows.push({ measure: name, who: '', load: '', figure: `no figure: ${text}`, values: { isMeasured: false } });
	}
	await endAll();
	say(`${name}: ${Math.round(since(start))} s`);
}

const table = formatTable(rows);
say('');
for (const line of table) say(line);
if (isShort) say('\nA trial: nothing is kept.');
else keep();
process.exit(failures > 0 ? 1 : 0);

/** Where measures were chosen, theirs are replaced and all others stay; each says when it was measured. */
function keep(): void {
	const file = path.join(ROOT, 'test/bench/results.json');
	const before = words.length === 0 ? undefined : readKept(file);
	const parts = MEASURES.flatMap(({ name }) => {
		const own = rows.filter(({ measure }) => measure === name);
		if (own.length > 0) return [{ name, about, rows: own }];
		return before?.measures.filter((kept) => kept.name === name) ?? [];
	});
	const kept: Kept = { measures: parts };
	writeFileSync(file, `${JSON.stringify(kept, null, '\t')}\n`);
	const text = ['# What `npm run bench` printed last', ''];
	// What was measured in one run stands together: ratios hold within it alone.
	for (const run of new Set(parts.map((part) => JSON.stringify(part.about)))) {
		const own = parts.filter((part) => JSON.stringify(part.about) === run);
		const lines = formatAbout(JSON.parse(run));
		text.push('```', ...lines, '', ...formatTable(own.flatMap((part) => part.rows)), '```', '');
	}
	writeFileSync(path.join(ROOT, 'test/bench/RESULTS.md'), text.join('\n'));
	say('\nKept in test/bench/RESULTS.md and test/bench/results.json.');
}

interface Kept {
	measures: { name: string; about: ReturnType<typeof describeRun>; rows: Row[] }[];
}

function readKept(file: string): Kept | undefined {
	try {
		return JSON.parse(readFileSync(file, 'utf8')) as Kept; // written by this program
	} catch {
		return undefined; // the first run
	}
}
