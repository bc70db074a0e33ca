// Takes out one check after the other and asks the matrix: `npm run test:matrix`, or `npm run test:matrix -- issuer` for some of them.
// Knows how a relay is copied and changed; never knows what a cell expects. The last line is `N checks are seen, N are not`.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { chooseEngine } from '../../relay/run/engine.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { keepResults } from '../support/results.ts';
import { ROOT } from '../support/sources.ts';
import { forgetAll } from '../support/spill.ts';
import { createCast } from './callers.ts';
import { CHECKS, type Check } from './checks.ts';
import { type Figures, runMatrix } from './matrix.ts';

const words = process.argv.slice(2);
const engine = chooseEngine();
const chosen = CHECKS.filter((check) => check.engine === undefined || check.engine === engine).filter(
	({ what }) => words.length === 0 || words.some((word) => what.includes(word)),
);
const printed: string[] = [];
const say = (line: string) => {
	printed.push(line);
	process.stdout.write(`${line}\n`);
};
/** Red cells that are named for each check. */
const SHOWN = 3;

if (chosen.length === 0) {
	process.stderr.write(
		`Usage: npm run test:matrix -- [words of a check]\n${CHECKS.map(({ what }) => `  ${what}\n`).join('')}`,
	);
	process.exit(2);
}
const whole = await ask([]);
if (!whole || whole.red.size > 0) {
	say(
		`✗ nothing is taken out, and ${whole ? `${whole.red.size} of ${whole.cells} cells are red:` : 'it does not start'}`,
	);
	for (const [cell, fault] of whole?.red ?? []) say(`    ${cell}: ${fault}`);
	process.exit(1);
}
say(`  0 of ${whole.cells} cells are red with every check in its place`);
let unseen = 0;
for (const { what, edits, vars } of chosen) {
	const figures = await ask(edits, vars);
	// With other variables, some are red before anything is taken out.
	for (const cell of vars ? ((await ask([], vars))?.red.keys() ?? []) : []) figures?.red.delete(cell);
	const count = figures ? figures.red.size : 0;
	if (count === 0) unseen++;
	// Not for want of a check alone: a machine that is too busy does the same.
	const silent = [...(figures?.red.values() ?? [])].filter((fault) => fault.includes('failed: ')).length;
	const unanswered = silent === 0 ? '' : ` (${silent} of them without an answer)`;
	say(`${count === 0 ? '✗' : '✓'} ${String(count).padStart(5)} cells are red without ${what}${unanswered}`);
	for (const [cell, fault] of [...(figures?.red ?? [])].slice(0, SHOWN))
		say(`          ${cell}: ${fault.slice(0, 140)}`);
}
say(`${chosen.length - unseen} checks are seen, ${unseen} are not`);
if (words.length === 0) keepResults('matrix', printed);
process.exit(unseen === 0 ? 0 : 1);

/** The matrix against relays of a copy of the source, with so much of it changed. */
async function ask(edits: Check['edits'], more: Check['vars'] = {}): Promise<Figures | undefined> {
	const root = await mkdtemp(path.join(tmpdir(), 'live-feed-matrix-'));
	const relays: TestRelay[] = [];
	try {
		for (const part of ['relay', 'package.json', 'tsconfig.json']) {
			await cp(path.join(ROOT, part), path.join(root, part), { recursive: true });
		}
		await mkdir(path.join(root, 'dist', 'site'), { recursive: true });
		await symlink(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
		for (const { file, text, instead } of edits) {
			const source = await readFile(path.join(root, file), 'utf8');
			const found = source.split(text).length - 1;
			if (found !== 1) throw new Error(`Expected ${file} to have this once, and found it ${found} times: ${text}`);
			await writeFile(
				path.join(root, file),
				source.replace(text, () => instead),
			);
		}
		const cast = await createCast();
		const lines: string[] = [];
		const log = (line: string) => lines.push(line);
		for (const vars of [{ ...cast.vars.secured, ...more }, cast.vars.open])
			relays.push(await startRelay({ vars, root, log }));
		const [secured, open] = relays as [TestRelay, TestRelay];
		return await runMatrix({ secured: { url: secured.url, lines }, open: { url: open.url, lines } }, cast);
	} catch (error) {
		say(`    ${error instanceof Error ? error.message.slice(0, 600) : error}`);
		return undefined;
	} finally {
		await Promise.all(relays.map((relay) => relay.stop()));
		forgetAll();
		await rm(root, { recursive: true, force: true, maxRetries: 3 });
	}
}
