// Fuzzes a relay: `npm run test:fuzz -- 1000000 100000 --seed 7`, `--short`, or `--replay` with a line that a run printed.
// Knows the command line and how figures are kept; never knows what is sent. The last line is `holds` or how much fails.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildSite } from '../../widget/build/build.ts';
import { startRelay } from '../support/relay.ts';
import { keepResults } from '../support/results.ts';
import { type Case, Count, fuzz, replay, SHORT } from './fuzz.ts';
import { HOST } from './host.ts';
import { type Credential, createTokens } from './tokens.ts';
import { Watch } from './watch.ts';

const FULL = { frames: 1_000_000, requests: 100_000 };

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		short: { type: 'boolean' },
		seed: { type: 'string' },
		frames: { type: 'string' },
		requests: { type: 'string' },
		replay: { type: 'string' },
	},
});
const size = values.short ? SHORT : FULL;
const frames = Number(values.frames ?? positionals[0] ?? size.frames);
const requests = Number(values.requests ?? positionals[1] ?? size.requests);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (![frames, requests, seed].every(Number.isSafeInteger)) {
	process.stderr.write(
		'Usage: npm run test:fuzz -- [frames] [requests] [--short] [--seed N] [--frames N] [--requests N] [--replay CASE]\n',
	);
	process.exit(2);
}
if (values.replay === undefined) await fuzzAll();
else await replayOne(values.replay);

async function fuzzAll(): Promise<void> {
	const printed: string[] = [];
	const say = (line: string) => {
		printed.push(line);
		process.stdout.write(`${line}\n`);
	};
	say(`seed ${seed}`);
	await buildSite(); // what the relay serves
	const { failures } = await fuzz({ frames, requests, seed, isShort: values.short ?? false }, say);
	for (const failure of failures) say(`✗ ${failure}`);
	say(failures.length === 0 ? 'holds' : `${failures.length} fail`);
	if (frames >= FULL.frames && requests >= FULL.requests) keepResults('fuzz', printed);
	process.exit(failures.length === 0 ? 0 : 1);
}

/** Tokens end, and those who made them are gone: each is replaced by a new one of its kind. */
async function replayOne(line: string): Promise<void> {
	const given = JSON.parse(line) as Case; // a run printed it
	const tokens = await createTokens();
	const wantsTokens =
		'visit' in given || ('conversation' in given && (given.conversation.opening ?? '').includes('"token"'));
	if ('visit' in given) {
		const renew = (old: Credential) =>
			tokens.credentials.find(({ kind }) => kind === old.kind && kind !== 'garbage') ?? old;
		const { first, second } = given.visit;
		given.visit = { ...given.visit, first: renew(first), second: second && renew(second) };
	} else if ('conversation' in given && wantsTokens) {
		given.conversation.opening = JSON.stringify({
			...JSON.parse(given.conversation.opening ?? ''),
			token: tokens.good,
		});
	}
	const watch = new Watch();
	const relay = await startRelay({ vars: wantsTokens ? tokens.vars : {}, log: watch.log, root: HOST });
	try {
		await watch.start(relay);
		await replay({ port: relay.engine?.port ?? 0, channelPrefix: 'fuzz-' }, given, new Count());
		process.stdout.write(`${await watch.finish()}\nholds\n`);
	} catch (error) {
		process.stdout.write(`✗ ${error instanceof Error ? error.message : error}\n`);
		process.exitCode = 1;
	} finally {
		await relay.stop();
	}
}
