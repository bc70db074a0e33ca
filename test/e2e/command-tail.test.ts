// `live-feed tail` as it is typed; and beside `live-feed publish --follow`, across kills of the engine.
import { appendFileSync, copyFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { type CrashingRelay, startCrashingRelay } from '../faults/crash.ts';
import { type Ran, runVerb, startVerb } from '../support/command.ts';
import { createChannelName } from '../support/conversation.ts';
import { createRandom, withSeed } from '../support/random.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { findLog } from '../support/system-log.ts';
import { SECRET, sign } from '../support/tokens.ts';

/** Lines that the log gets while both look on. */
const LINES = 600;

let relay: CrashingRelay;
let folder: string;
beforeAll(async () => {
	relay = await startCrashingRelay();
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-tail-'));
});
afterAll(async () => {
	await relay?.stop();
	await rm(folder, { recursive: true, force: true });
});

const env = () => ({ LIVE_FEED_RELAY: relay.url, TZ: 'UTC' });
const tail = (...args: string[]) => runVerb(['tail', ...args], { env: env() });

async function post(channel: string, drafts: unknown[]): Promise<{ epoch: string; events: { id: string }[] }> {
	const response = await fetch(`${relay.url}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(drafts),
	});
	expect(response.status).toBe(201);
	return (await response.json()) as { epoch: string; events: { id: string }[] }; // the relay's documented answer
}

describe('a growing log that is followed, and a channel that is read', () => {
	it('agree line by line, across kills of the engine and rotations', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			const channel = createChannelName('log');
			const real = readFileSync(await findLog(folder), 'utf8')
				.split('\n')
				.filter((line) => line.trim() !== '');
			const log = path.join(folder, 'app.log');
			writeFileSync(log, 'before anybody looked\nand half ');
			const reader = startVerb(['tail', channel, '--json'], { env: env() });
			const sender = startVerb(['publish', channel, '--follow', log], { env: env() });
			await expect.poll(() => sender.errors).toContain('from its end on');
			await expect.poll(() => reader.errors).toContain(`connected: ${channel}`);
			appendFileSync(log, 'a line\n');
			const written = ['and half a line'];
			const write = async (count: number) => {
				for (const line of real.slice(written.length, written.length + count)) {
					const cut = random.below(line.length);
					appendFileSync(log, line.slice(0, cut));
					if (random.below(8) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
					appendFileSync(log, `${line.slice(cut)}\n`);
					written.push(line);
				}
			};
			const seen = () => reader.lines.map((line) => JSON.parse(line) as FeedEvent); // as the relay wrote it
			const part = LINES / 6;

			await write(part);
			renameSync(log, `${log}.1`);
			await expect.poll(() => seen().length).toBeGreaterThan(part / 2);
			await write(part);
			await relay.crash(async () => {
				await write(part);
				await expect.poll(() => reader.errors).toContain('cut off from');
			});
			await expect.poll(() => seen().length, { timeout: patience(40_000) }).toBe(written.length);
			expect(reader.errors).toContain('reads on:');
			// As `copytruncate` does it, once all of it has been read.
			copyFileSync(log, `${log}.2`);
			truncateSync(log);
			await expect.poll(() => sender.errors).toContain('was cut short');
			await write(part);
			await relay.crash(async () => {
				await write(part);
				renameSync(log, `${log}.3`);
				await write(part);
			});
			await expect.poll(() => seen().length, { timeout: patience(40_000) }).toBe(written.length);

			sender.child.kill('SIGINT');
			expect(await sender.exited).toMatchObject({
				...{ code: 0, output: '' },
				errors: expect.stringContaining(`${written.length} events published to ${channel}`),
			});
			reader.child.kill('SIGINT');
			await reader.exited;
			const events = seen();
			expect(events.map(({ text }) => text)).toEqual(written);
			const [epoch] = events[0]?.id.split(':') ?? [];
			expect(events.map(({ id }) => id)).toEqual(written.map((_, index) => `${epoch}:${index + 1}`));
			// Where it read on is where it was: at an entry that it had, in the same log, each time further on.
			const positions = [...reader.errors.matchAll(/reads on: .* after (\w+):(\d+)\n/g)];
			expect(positions.map(([, log]) => log)).toEqual(positions.map(() => epoch));
			const seqs = positions.map(([, , seq]) => Number(seq));
			expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
			expect(seqs.length).toBeGreaterThanOrEqual(2);
			expect(seqs[0]).toBeGreaterThan(0);
			expect(reader.errors).not.toContain('no longer kept');
			console.info(
				`follow and tail: ${written.length} lines, 2 kills, 3 rotations: equal, once and in order; read on after ${seqs.join(', ')}`,
			);
		}));

	it('whose relay stays away: what waits is bounded, and Ctrl-C says what was not sent', async () => {
		const log = path.join(folder, 'away.log');
		writeFileSync(log, `${Array.from({ length: 5000 }, (_, index) => `line ${index + 1}`).join('\n')}\n`);
		let ran: Ran | undefined;
		await relay.crash(async () => {
			const args = ['publish', 'away', '--follow', log, '--from-start', '--timeout', '1s'];
			const sender = startVerb(args, { env: env() });
			await expect.poll(() => sender.errors).toContain(`waits for ${relay.url}`);
			sender.child.kill('SIGTERM');
			ran = await sender.exited;
		});
		expect(ran?.code).toBe(1);
		expect(ran?.errors).toMatch(
			/error: 1,000 events not sent, the first of them a line of \S+away\.log \(line 1\); 40,000 bytes not read\. http:\S+: The relay cannot be reached: ECONNREFUSED\.\n$/,
		);
	});
});

describe('what is printed', () => {
	const drafts = [
		{ type: 'deploy.begun', text: 'Deploy 214', actor: { name: 'Ada' }, at: 0 },
		{ type: 'deploy.failed', text: 'No answer\nin 30 s\u0009', level: 'error' },
		{ type: 'change.fix', text: 'Mend it', status: 'open', data: { raw: '\u001b[2J\u009b' } },
	];

	it('is a line an event, oldest first, with what is no event on standard error', async () => {
		const channel = createChannelName('lines');
		const { epoch, events } = await post(channel, drafts);
		await post(channel, [{ target: events[2]?.id, status: 'resolved' }]);
		const ran = await tail(channel, '--after', '0', '--until-idle', '1s');
		expect(ran.code).toBe(0);
		expect(ran.output).toMatch(
			/^1970-01-01T00:00:00Z info {4}deploy\.begun Ada: Deploy 214\n\S+ error {3}deploy\.failed No answer in 30 s\n\S+ info {4}change\.fix Mend it\n\S+ change {2}change\.fix resolved \w+:3\n$/,
		);
		expect(ran.errors).toBe(`live-feed: connected: ${channel} at ${relay.url}, after ${epoch}:0\n`);
		const json = await tail(channel, '--json', '--after', `${epoch}:1`, '--until-idle', '1s');
		const entries = json.output
			.trimEnd()
			.split('\n')
			.map((line) => JSON.parse(line));
		expect(entries).toMatchObject([
			{ id: `${epoch}:2`, text: drafts[1]?.text },
			{ id: `${epoch}:3`, data: drafts[2]?.data, status: 'resolved' },
			{ id: `${epoch}:4`, change: 'status', status: 'resolved' },
		]);
		expect(json.output).not.toMatch(/(?!\n)\p{Cc}/u);
	});

	it('begins and ends where it is told, and chooses by type and status', async () => {
		const channel = createChannelName('choose');
		const { epoch } = await post(channel, drafts);
		const seqs = async (...args: string[]) => {
			const { output, code } = await tail(channel, '--json', ...args);
			expect(code).toBe(0);
			return output
				.split('\n')
				.filter(Boolean)
				.map((line) => JSON.parse(line).seq);
		};
		expect(
			await Promise.all([
				seqs('-n', '2'),
				seqs('--after', '0', '-n', '2'),
				seqs('--history', '1', '--until-idle', '1s'),
				seqs('--since', '1h', '-n', '3'),
				seqs('--after', `${epoch}:2`, '-n', '1'),
				seqs('--type', 'deploy.*', '--until-idle', '1s'),
				seqs('--status', 'open', '-n', '1'),
			]),
		).toEqual([[2, 3], [1, 2], [3], [1, 2, 3], [3], [1, 2], [3]]);
	});

	it('tells what is missing, among the lines too with --json', async () => {
		const channel = createChannelName('gap');
		const { epoch } = await post(channel, drafts);
		const ran = await tail(channel, '--json', '--after', 'otherlog:9', '-n', '3');
		expect(ran.output.split('\n')[0]).toBe(`{"gap":{"position":"${epoch}:0"}}`);
		expect(ran.errors).toContain('what was before is lost: here begins another log');
		expect(ran.output.trimEnd().split('\n')).toHaveLength(4);
	});

	it('ends quietly where nobody reads any more', async () => {
		const channel = createChannelName('head');
		await post(channel, Array(200).fill({ text: 'x'.repeat(2000) }));
		const reader = startVerb(['tail', channel, '--history', '200'], { env: env() });
		await expect.poll(() => reader.lines.length).toBeGreaterThan(0);
		reader.child.stdout.destroy();
		await post(channel, [{ text: 'one more' }]);
		await post(channel, [{ text: 'and one' }]);
		const { code, errors } = await reader.exited;
		expect({ code, errors }).toEqual({ code: 0, errors: expect.stringMatching(/^live-feed: connected: [^\n]+\n$/) });
	});
});

it.each<[string, string[], number, RegExp]>([
	['two beginnings', ['c', '--after', '0', '--since', '10m'], 2, /cannot be used with option/],
	['no position', ['c', '--after', 'soon'], 2, /Expected a position/],
	['no time', ['c', '--since', 'soon'], 2, /Expected a span such as 90s/],
	['too much history', ['c', '--history', '1001'], 2, /from 0 to 1000/],
	['no type', ['c', '--type', '-'], 2, /Expected a type such as deploy\.done/],
	['no status', ['c', '--status', 'done'], 2, /Expected one of open/],
	['no number', ['c', '-n', '0'], 2, /Expected a number of events from 1 on/],
	['no channel', ['a channel'], 2, /A channel name has 1 to 64/],
])('%s: exit code 2, and what was expected', async (_name, args, code, pattern) => {
	expect(await tail(...args)).toMatchObject({ code, output: '', errors: expect.stringMatching(pattern) });
});

describe('a relay that asks for tokens', () => {
	let secured: TestRelay;
	beforeAll(async () => {
		secured = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET } });
	});
	afterAll(() => secured?.stop());

	it('is read with one, and without says where to give one', async () => {
		const token = await sign();
		const own = { LIVE_FEED_RELAY: secured.url };
		const publishing = runVerb(['publish', 'c', 'Hello'], { env: { ...own, LIVE_FEED_TOKEN: token } });
		const reading = runVerb(['tail', 'c', '-n', '1'], { env: { ...own, LIVE_FEED_TOKEN: token } });
		expect((await publishing).code).toBe(0);
		expect(await reading).toMatchObject({ code: 0, output: expect.stringMatching(/ message ada: Hello\n$/) });
		const refused = await runVerb(['tail', 'c'], { env: own });
		expect(refused).toMatchObject({ code: 1, output: '' });
		expect(refused.errors).toMatch(/^error: A token is needed.* LIVE_FEED_TOKEN or --token-file/);
		const wrong = await sign({ can: ['publish'] });
		const forbidden = await runVerb(['tail', 'c'], { env: { ...own, LIVE_FEED_TOKEN: wrong } });
		expect(forbidden).toMatchObject({ code: 1, output: '', errors: expect.not.stringContaining(wrong) });
	});
});
