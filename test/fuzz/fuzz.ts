// The whole of it: a relay, those who do nothing wrong, and those who say whatever comes to mind.
// Knows the order, the seeds and the figures; never knows what is said.
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { ERRORS } from '../../relay/protocol/errors.ts';
import { group, since } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { type AskTally, ask } from './asking.ts';
import { Histogram } from './histogram.ts';
import { HOST } from './host.ts';
import { Innocents } from './innocents.ts';
import { type Provoked, provokeFaults, provokeLimits, provokeLoad, SAID_BY_CLIENTS } from './provoked.ts';
import { RawClient } from './raw-request.ts';
import { type Request, request } from './requests.ts';
import { beRude, oversize, type Rudeness, rudeness } from './rudeness.ts';
import { type Conversation, conversation, converse, type Tally, type Target } from './session.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { call, createVisits, type Visit, visit } from './visits.ts';
import { Watch } from './watch.ts';

export interface FuzzOptions {
	frames: number;
	requests: number;
	seed: number;
	/** Leaves out what takes long: limits of time, load and disks. */
	isShort: boolean;
}

/** What runs in `npm test`. */
export const SHORT = { frames: 3000, requests: 400 };

export interface FuzzResult {
	lines: string[];
	failures: string[];
}

const LANES = 8;
const RUNS = 50;
/** How much of it meets the relay that asks for no tokens. */
const SHARE_OF_OPEN = 0.85;
/** How long a failing case is made smaller, milliseconds. */
const SHRINKING_MS = 8000;

/** What can be sent again by `--replay`. */
export type Case = { conversation: Conversation } | { request: Request } | { rudeness: Rudeness } | { visit: Visit };

/** Everything that one run counts. */
export class Count {
	readonly talk: Tally = {
		sent: new Histogram(),
		answered: new Histogram(),
		taken: new Histogram(),
		closed: new Histogram(),
		judged: 0,
		sockets: 0,
		slowestMs: 0,
	};
	readonly asked: AskTally = {
		asked: new Histogram(),
		answered: new Histogram(),
		byEngine: new Histogram(),
		judged: 0,
	};
	readonly rude = new Histogram();
	/** What was brought about on purpose, and what is wrong with it. */
	readonly provoked: Provoked = new Map();
	readonly failures: string[] = [];

	/** Codes that were reached. */
	get codes(): Set<string> {
		return new Set(
			[...this.talk.answered.names, ...this.asked.answered.names].filter((name) => Object.hasOwn(ERRORS, name)),
		);
	}
}

/** Sends a case once more. @throws Error that says what is wrong with what came back */
export async function replay(target: Target, given: Case, count: Count): Promise<void> {
	if ('conversation' in given) await converse(target, given.conversation, count.talk);
	else if ('rudeness' in given) await beRude(target, given.rudeness, count.rude);
	else {
		const host = `127.0.0.1:${target.port}`;
		const client = new RawClient(target.port);
		try {
			if ('request' in given) await ask(client, host, given.request, count.asked);
			else {
				await visit(target, given.visit, count.talk);
				await call(client, host, given.visit, count.asked);
			}
		} finally {
			client.end();
		}
	}
}

/** Draws cases until enough is counted; the first that fails is made smaller and kept as a line that repeats it. */
async function drawUntil<T>(
	isEnough: () => boolean,
	seed: number,
	arbitrary: fc.Arbitrary<T>,
	wrap: (value: T) => Case,
	run: (value: T) => Promise<void>,
	count: Count,
): Promise<void> {
	for (let round = 0; !isEnough(); round++) {
		let failedAt: number | undefined;
		const property = fc.asyncProperty(arbitrary, async (value) => {
			if (failedAt === undefined ? isEnough() : since(failedAt) * 1000 > SHRINKING_MS) return;
			try {
				await run(value);
			} catch (error) {
				failedAt ??= performance.now();
				throw error;
			}
		});
		const result = await fc.check(property, { seed: seed + round, numRuns: RUNS });
		if (!result.failed) continue;
		const [smallest] = result.counterexample as [T]; // it has failed
		const reason = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
		// Without an apostrophe, so that a shell takes it between two.
		const line = JSON.stringify(wrap(smallest)).replaceAll("'", '\\u0027');
		count.failures.push(`${reason}\n    npm run test:fuzz -- --replay '${line.slice(0, 20_000)}'`);
		return;
	}
}

/** Conversations on as many sockets as there are lanes, until so many frames have their outcome. */
export async function fuzzFrames(
	target: Target,
	frames: number,
	seed: number,
	count: Count,
	arbitrary = conversation,
): Promise<void> {
	const isEnough = () => count.talk.judged >= frames || count.failures.length > 0;
	const run = (told: Conversation) => converse(target, told, count.talk);
	const lanes = inLanes((lane) =>
		drawUntil(isEnough, seed + lane * 1_000_003, arbitrary, (conversation) => ({ conversation }), run, count),
	);
	const beRudeUntil = drawUntil(
		isEnough,
		seed - 1,
		rudeness,
		(rudeness) => ({ rudeness }),
		(value) => beRude(target, value, count.rude),
		count,
	);
	await Promise.all([lanes, beRudeUntil]);
}

export async function fuzzRequests(port: number, requests: number, seed: number, count: Count): Promise<void> {
	const isEnough = () => count.asked.judged >= requests || count.failures.length > 0;
	await inLanes(async (lane) => {
		const client = new RawClient(port);
		const run = (asked: Request) => ask(client, `127.0.0.1:${port}`, asked, count.asked);
		await drawUntil(isEnough, seed + lane * 1_000_003, request, (request) => ({ request }), run, count);
		client.end();
	});
}

function inLanes(run: (lane: number) => Promise<void>): Promise<unknown> {
	return Promise.all(Array.from({ length: LANES }, (_, lane) => run(lane)));
}

/** Fuzzes two relays, an open one and one that asks for tokens, and provokes what chance does not reach. */
export async function fuzz(options: FuzzOptions, say: (line: string) => void = () => {}): Promise<FuzzResult> {
	const { frames, requests, isShort } = options;
	const count = new Count();
	const failures: string[] = [];
	const lines: string[] = [];
	const print = (line: string) => {
		lines.push(line);
		say(line);
	};
	const tokens = await createTokens();
	const isFull = !isShort;
	const steps: [name: string, run: () => Promise<string[]>][] = [
		['an open relay', () => fuzzOpen(options, count, print)],
		['a relay that asks for tokens', () => fuzzSecured(options, tokens, count, print)],
	];
	for (const [name, run] of steps) {
		print(`${name}:`);
		failures.push(...(await run()));
	}
	const provoked: Provoked = new Map();
	const watch = new Watch();
	for (const found of [await provokeLimits(tokens, watch.log)])
		for (const [code, trouble] of found) provoked.set(code, trouble);
	if (isFull) {
		const { found, faults } = await provokeFaults();
		for (const [code, trouble] of found) provoked.set(code, trouble);
		if (faults !== found.size) failures.push(`${faults} lines of faults for ${found.size} faults`);
	}
	for (const [code, trouble] of [...provoked, ...count.provoked])
		if (trouble !== undefined) failures.push(`${code}: ${trouble}`);
	failures.push(...count.failures, ...watch.failures);
	print(
		`${group(count.talk.judged)} frames, ${share(count).toFixed(1)} % of them taken by the relay as valid, and ${group(count.asked.judged)} requests in all`,
	);
	print(`  sent: ${count.talk.sent.sentence}`);
	print(`  answered: ${count.talk.answered.sentence}`);
	print(`  taken, by message: ${count.talk.taken.sentence}`);
	print(
		`  ${group(count.talk.sockets)} sockets, first answered after ${group(count.talk.slowestMs)} ms at most: ${count.talk.closed.sentence}`,
	);
	print(`  ${group(count.rude.total)} sockets that break the rules of WebSocket: ${count.rude.sentence}`);
	print(`  asked: ${count.asked.asked.sentence}`);
	print(`  answered: ${count.asked.answered.sentence}`);
	print(`  answered by the engine or PartyKit, before the relay: ${count.asked.byEngine.sentence}`);
	for (const type of ['hello', 'publish', 'seen', 'give-up', 'ping'])
		if (frames > 0 && count.talk.taken.get(type) === 0) failures.push(`no ${type} was taken`);
	if (frames > 0 && share(count) < 30) failures.push('fewer than 30 % of the frames are valid');
	const reached = new Set([...count.codes, ...provoked.keys(), ...count.provoked.keys()]);
	const byClients = Object.keys(ERRORS).filter((code) => code in SAID_BY_CLIENTS);
	const missing = Object.keys(ERRORS).filter((code) => !reached.has(code) && !byClients.includes(code));
	print(
		`${reached.size} codes reached, ${[...provoked.keys(), ...count.provoked.keys()].join(', ')} on purpose; ${byClients.length} that a client alone says: ${byClients.map((code) => `${code} (${SAID_BY_CLIENTS[code]})`).join(', ')}`,
	);
	if (isFull && frames > 0 && requests > 0 && missing.length > 0) failures.push(`not reached: ${missing.join(', ')}`);
	return { lines, failures };
}

/** Most of it: whatever comes to mind, among innocents. */
async function fuzzOpen(
	{ frames, requests, seed, isShort }: FuzzOptions,
	count: Count,
	print: (line: string) => void,
): Promise<string[]> {
	return among({}, undefined, print, async (port) => {
		const target: Target = { port, channelPrefix: 'fuzz-' };
		const overlong = isShort ? undefined : beRude(target, oversize, count.rude, 15_000);
		let start = performance.now();
		await fuzzFrames(target, SHARE_OF_OPEN * frames, seed, count);
		print(`  ${group(count.talk.judged)} frames in ${Math.round(since(start))} s`);
		start = performance.now();
		await fuzzRequests(port, SHARE_OF_OPEN * requests, seed, count);
		print(`  ${group(count.asked.judged)} requests in ${Math.round(since(start))} s`);
		if (isShort) return;
		await overlong;
		for (const [code, trouble] of await provokeLoad(port)) count.provoked.set(code, trouble);
	});
}

/** The rest: the same by somebody with a token, and visitors with all kinds of them. */
async function fuzzSecured(
	{ frames, requests, seed }: FuzzOptions,
	tokens: Tokens,
	count: Count,
	print: (line: string) => void,
): Promise<string[]> {
	// What is limited in earnest is provoked elsewhere: here all of it is to be looked at.
	const unlimited = {
		LIVE_FEED_MAX_PUBLISHES: '999999999',
		LIVE_FEED_MAX_PUBLISHED_BYTES: '999999999999',
		LIVE_FEED_MAX_REPLAYED_BYTES: '999999999999',
	};
	return among({ ...tokens.vars, ...unlimited }, tokens.good, print, async (port) => {
		const target: Target = { port, channelPrefix: 'fuzz-' };
		const visits = createVisits(tokens.credentials);
		const withToken = conversation.map(
			(told): Conversation => ({
				...told,
				opening: JSON.stringify({ ...JSON.parse(told.opening ?? '{"type":"hello","protocol":1}'), token: tokens.good }),
			}),
		);
		const before = { frames: count.talk.judged, requests: count.asked.judged };
		let start = performance.now();
		const goal = {
			frames: before.frames + (1 - SHARE_OF_OPEN) * frames,
			requests: before.requests + (1 - SHARE_OF_OPEN) * requests,
		};
		const areVisitsOver = () => count.talk.judged >= (2 * before.frames + goal.frames) / 3 || count.failures.length > 0;
		await inLanes((lane) =>
			drawUntil(
				areVisitsOver,
				seed + lane * 1_000_003,
				visits,
				(visit) => ({ visit }),
				(given) => visit(target, given, count.talk),
				count,
			),
		);
		await fuzzFrames(target, goal.frames, seed + 1, count, withToken);
		print(`  ${group(count.talk.judged - before.frames)} frames in ${Math.round(since(start))} s`);
		start = performance.now();
		const areEnough = () => count.asked.judged >= goal.requests || count.failures.length > 0;
		await inLanes(async (lane) => {
			const client = new RawClient(port);
			await drawUntil(
				areEnough,
				seed + lane * 1_000_003,
				visits,
				(visit) => ({ visit }),
				(given) => call(client, `127.0.0.1:${port}`, given, count.asked),
				count,
			);
			client.end();
		});
		print(`  ${group(count.asked.judged - before.requests)} requests in ${Math.round(since(start))} s`);
	});
}

/** Runs something on a relay of its own among innocents; answers what they or the relay's log have to say against it. */
async function among(
	vars: Record<string, string>,
	token: string | undefined,
	print: (line: string) => void,
	run: (port: number) => Promise<void>,
): Promise<string[]> {
	const watch = new Watch();
	const relay = await startRelay({ vars, log: watch.log, root: HOST });
	try {
		await watch.start(relay);
		const innocents = await Innocents.start(relay.url, ['fuzz-0', 'fuzz-1', 'fuzz-aside'], token);
		await run(relay.engine?.port ?? 0); // a relay of our own has an engine
		print(`  ${await innocents.finish()}`);
		await delay(200); // the log's last lines
		print(`  ${await watch.finish()}`);
		return [...innocents.failures, ...watch.failures];
	} finally {
		await relay.stop();
	}
}

const TAKEN = ['receipt', 'welcome', 'pong', 'silence'];

/** Of the frames, how many in a hundred were taken. */
function share({ talk: { answered, judged } }: Count): number {
	return (100 * TAKEN.reduce((sum, name) => sum + answered.get(name), 0)) / judged;
}
