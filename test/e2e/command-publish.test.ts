// `live-feed publish` as it is typed, against real relays.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import { type CommandOptions, runVerb, startVerb } from '../support/command.ts';
import { createChannelName } from '../support/conversation.ts';
import { findFreePort } from '../support/ports.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

let open: TestRelay;
let secured: TestRelay;
let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-publish-'));
	open = await startRelay();
	secured = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET } });
});
afterAll(async () => {
	await open?.stop();
	await secured?.stop();
	await rm(folder, { recursive: true, force: true });
});

const publish = (args: string[], { env, ...options }: CommandOptions = {}) =>
	runVerb(['publish', ...args], { env: { LIVE_FEED_RELAY: open.url, ...env }, ...options });

async function read(channel: string, relay = open, headers = {}): Promise<FeedEvent[]> {
	const response = await fetch(`${relay.url}/channels/${channel}/events?after=0&limit=1000`, { headers });
	return ((await response.json()) as Page).events; // the relay's documented answer
}
const texts = async (channel: string) => (await read(channel)).map(({ text }) => text);

describe('arguments', () => {
	it('are one event, with the fields that options give', async () => {
		const channel = createChannelName('args');
		const at = '2026-11-20T14:02:03Z';
		const options = [
			'--type',
			'deploy.done',
			'--level',
			'success',
			'--actor',
			'Ada',
			'--url',
			'https://example.org/214',
		];
		const more = ['--data', '{"number": 214}', '--at', at, '--status', 'open', '--reply-to', 'k3f9:1'];
		const ran = await publish([channel, 'Deploy', '214', 'finished', ...options, ...more]);
		expect(ran).toEqual({
			code: 0,
			output: '',
			errors: expect.stringMatching(new RegExp(`^live-feed: 1 event published to ${channel}, id \\w+:1\\.\n$`)),
		});
		expect(await read(channel)).toMatchObject([
			{
				...{ type: 'deploy.done', level: 'success', text: 'Deploy 214 finished', url: 'https://example.org/214' },
				...{ actor: { name: 'Ada', verified: false }, data: { number: 214 }, at: Date.parse(at), status: 'open' },
				replyTo: 'k3f9:1',
			},
		]);
	});

	it('that are empty leave the type alone; an actor may be JSON', async () => {
		const channel = createChannelName('args');
		const actor = '{"name": "Builds", "kind": "bot"}';
		expect(await publish([channel, '', '--type', 'deploy.begun', '--actor', actor])).toMatchObject({ code: 0 });
		const [event] = await read(channel);
		expect(event).toMatchObject({ type: 'deploy.begun', actor: { name: 'Builds', kind: 'bot' } });
		expect(event).not.toHaveProperty('text');
	});

	it('with the same key are stored once, and the receipt says so', async () => {
		const channel = createChannelName('args');
		const args = [channel, 'once', '--key', 'build-214', '--receipts'];
		const [first, again] = [await publish(args), await publish(args)];
		expect(JSON.parse(first.output)).toMatchObject({ seq: 1, duplicate: false });
		expect(JSON.parse(again.output)).toEqual({ ...JSON.parse(first.output), duplicate: true });
		expect(again.errors).toContain('1 of them stored before');
		expect(await texts(channel)).toEqual(['once']);
		expect(await publish([channel, 'another', '--key', 'build-214'])).toMatchObject({
			...{ code: 1, output: '' },
			errors: expect.stringMatching(/the event was refused: .*build-214|the event was refused: .*key/i),
		});
	});
});

describe('standard input', () => {
	it('is an event a line, empty ones left out, colours too, the last without an end', async () => {
		const channel = createChannelName('lines');
		const long = 'ä'.repeat(5000);
		const input = `one\n\n  \ntwo \u001b[31mred\u001b[0m\r\nbell \u0007\tand tab\n${long}\nlast`;
		const ran = await publish([channel, '--type', 'log.line'], { input });
		expect(ran).toMatchObject({ code: 0, output: '', errors: expect.stringContaining('5 events published') });
		const events = await read(channel);
		expect(events.map(({ text }) => text)).toEqual([
			...['one', 'two red', 'bell \ufffd\tand tab', `${'ä'.repeat(4094)}…`, 'last'],
		]);
		expect(events[3]).toMatchObject({ type: 'log.line', data: { line: long } });
	});

	it('is a draft a line with --ndjson: what is refused is told with its line, and the others are stored', async () => {
		const channel = createChannelName('drafts');
		const drafts = [
			'{"text": "one", "level": "error"}',
			'not JSON',
			'{"text": "two", "seq": 7}',
			'',
			'{"type": "own.type"}',
			`{"text": "${'x'.repeat(70_000)}"}`,
			'{"target": "k3f9:17", "status": "resolved"}',
		];
		const ran = await publish([channel, '--ndjson', '--actor', 'Ada', '--type', 'given', '--receipts'], {
			input: drafts.join('\n'),
		});
		expect(ran.code).toBe(1);
		expect(
			ran.output
				.trimEnd()
				.split('\n')
				.map((line) => JSON.parse(line)),
		).toMatchObject([
			{ seq: 1 },
			{ error: { code: 'invalid-json' } },
			{ error: { code: 'invalid-event' } },
			{ seq: 2 },
			{ error: { code: 'event-too-large' } },
			{ error: { code: 'unknown-event' } },
		]);
		expect(ran.errors).toMatch(/line 2 was refused: It is no valid JSON/);
		expect(ran.errors).toMatch(/line 3 was refused: `seq` is not a field/);
		expect(ran.errors).toMatch(/line 6 was refused: A line has at most 65536 bytes/);
		expect(ran.errors).toMatch(/2 events published to .*, 4 refused\.\n$/);
		expect(await read(channel)).toMatchObject([
			{ type: 'given', text: 'one', level: 'error', actor: { name: 'Ada' } },
			{ type: 'own.type', actor: { name: 'Ada' } },
		]);
	});

	it('of 20,000 lines comes through whole and in order', async () => {
		const channel = createChannelName('flood');
		const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index + 1}`);
		expect(await publish([channel], { input: `${lines.join('\n')}\n` })).toMatchObject({ code: 0 });
		const response = await fetch(`${open.url}/channels/${channel}/events?limit=1000`);
		const { events, last } = (await response.json()) as Page; // the relay's documented answer
		expect(last).toBe(lines.length);
		expect(events.map(({ text }) => text)).toEqual(lines.slice(-1000));
	});

	it('that goes on is ended by SIGINT after what is in it', async () => {
		const channel = createChannelName('interrupted');
		const running = startVerb(['publish', channel, '--receipts'], { env: { LIVE_FEED_RELAY: open.url } });
		running.child.stdin.write('one\n');
		await expect.poll(() => running.lines.length).toBe(1);
		running.child.stdin.write('two\n');
		running.child.kill('SIGINT');
		expect(await running.exited).toMatchObject({ code: 0, errors: expect.stringContaining('2 events published') });
		expect(await texts(channel)).toEqual(['one', 'two']);
	});
});

describe('what is not used rightly', () => {
	it.each<[string, string[], RegExp]>([
		['no channel', [], /missing required argument 'channel'/],
		['no name of a channel', ['a channel', 'x'], /A channel name has 1 to 64/],
		['no level', ['c', 'x', '--level', 'fatal'], /`level` is one of debug, info/],
		['no type', ['c', 'x', '--type', 'a sentence'], /`type` is a name/],
		['no JSON', ['c', 'x', '--data', '{'], /--data is no valid JSON/],
		['no time', ['c', 'x', '--at', 'soon'], /`at` is milliseconds/],
		['no address', ['c', 'x', '--relay', 'localhost:1999'], /Give the relay address/],
		['no span', ['c', 'x', '--timeout', '10'], /such as 90s/],
		['a text that is too long', ['c', 'x'.repeat(8200)], /`text` has at most 8192 bytes/],
		['neither text nor type', ['c', ''], /An event has a `type`, a `text`, or both/],
		['two sources', ['c', 'x', '--follow', 'y'], /a text and --follow exclude each other/],
		['two forms', ['c', '--lines', '--ndjson'], /--lines and --ndjson exclude each other/],
		['a key for many', ['c', '--key', 'k'], /--key is of one event/],
		['--from-start alone', ['c', '--from-start'], /--from-start belongs to --follow/],
		['a token as an argument', ['c', 'x', '--token', 'secret-thing'], /unknown option '--token'/],
	])('%s: exit code 2, and what was expected', async (_name, args, pattern) => {
		const ran = await publish(args);
		expect(ran).toMatchObject({ code: 2, output: '', errors: expect.stringMatching(pattern) });
		expect(ran.errors).not.toMatch(/secret-thing|\n\s+at /);
	});
});

describe('a relay that asks for tokens', () => {
	const env = () => ({ LIVE_FEED_RELAY: secured.url });

	it('takes one from the environment, or from a file that wins over it', async () => {
		const channel = createChannelName('tokens');
		const token = await sign();
		const file = path.join(folder, 'token');
		await writeFile(file, `${token}\n`);
		expect(await publish([channel, 'one'], { env: { ...env(), LIVE_FEED_TOKEN: token } })).toMatchObject({ code: 0 });
		const given = { ...env(), LIVE_FEED_TOKEN: 'none-of-ours' };
		expect(await publish([channel, 'two', '--token-file', file], { env: given })).toMatchObject({ code: 0 });
		expect(await read(channel, secured, bearer(token))).toMatchObject([
			{ text: 'one', actor: { id: 'ada', verified: true } },
			{ text: 'two', actor: { id: 'ada', verified: true } },
		]);
	});

	it.each<[string, () => Promise<string | undefined>, RegExp]>([
		['no token', async () => undefined, /A token is needed/],
		['one of another secret', () => sign({}, `${SECRET}, another`), /The token is/],
		['one for other channels', () => sign({ channels: ['other-*'] }), /token/],
		['one that has expired', () => sign({ exp: 1 }), /expired/],
		['one that cannot be sent', async () => 'not a token', /LIVE_FEED_TOKEN is no token/],
	])('refuses %s: exit code 1, and where to give one', async (_name, make, pattern) => {
		const token = await make();
		const given = { ...env(), ...(token === undefined ? {} : { LIVE_FEED_TOKEN: token }) };
		const ran = await publish([createChannelName('tokens'), 'x'], { env: given });
		expect(ran).toMatchObject({ code: 1, output: '', errors: expect.stringMatching(pattern) });
		expect(ran.errors.trimEnd().split('\n')).toHaveLength(1);
		if (token !== undefined) expect(ran.errors).not.toContain(token);
	});

	it.each([
		['is not there', 'nowhere', /names .*nowhere, which cannot be read \(ENOENT\)/],
		['is empty', 'empty', /There is no token in .*empty/],
	])('a file that %s is told before anything is read', async (_name, name, pattern) => {
		await writeFile(path.join(folder, 'empty'), '\n');
		const ran = await publish(['c', 'x', '--token-file', path.join(folder, name)]);
		expect(ran).toMatchObject({ code: 1, output: '', errors: expect.stringMatching(pattern) });
	});
});

it('a relay that is away is waited for, and then what was not sent is said, and why', async () => {
	const env = { LIVE_FEED_RELAY: `http://127.0.0.1:${await findFreePort()}` };
	const ran = await publish(['c', '--timeout', '1s', '--receipts'], { env, input: 'one\ntwo\n' });
	expect(ran.code).toBe(1);
	const codes = ran.output
		.trimEnd()
		.split('\n')
		.map((line) => JSON.parse(line).error.code);
	expect(codes).toEqual(['relay-unreachable', 'relay-unreachable']);
	expect(ran.errors).toMatch(
		/^error: 2 events not sent, the first of them line 1\. http:\S+: The relay cannot be reached: ECONNREFUSED\.\n$/,
	);
});

it('a relay that limits is waited for as long as it says', async () => {
	const limited = await startRelay({ vars: { LIVE_FEED_MAX_PUBLISHES: '1200' } });
	// The last of them may go after 6 s.
	const lines = Array.from({ length: 1320 }, (_, index) => String(index + 1));
	const ran = await publish(['limited', '--timeout', '3s'], {
		env: { LIVE_FEED_RELAY: limited.url },
		input: lines.join('\n'),
	});
	expect(ran).toMatchObject({ code: 0, errors: expect.stringContaining('1,320 events published') });
	await limited.stop();
});
