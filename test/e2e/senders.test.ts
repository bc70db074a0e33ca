// The senders to paste, as they are in demo/senders, against a real relay that asks for tokens.
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import { createChannelName } from '../support/conversation.ts';
import { type Fate, startFront } from '../support/front.ts';
import { findFreePort } from '../support/ports.ts';
import { type RunningCommand, runCommand } from '../support/process.ts';
import { needPrograms } from '../support/program.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { ROOT } from '../support/sources.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const FOLDER = path.join(ROOT, 'demo', 'senders');
const SENDERS = [
	{ language: 'shell', program: 'curl', command: `sh ${FOLDER}/publish.sh` },
	{ language: 'PHP', program: 'php', command: `php ${FOLDER}/publish.php` },
	{ language: 'Python', program: 'python3', command: `python3 ${FOLDER}/publish.py` },
] as const;
/** What they promise to cost, and what a busy machine may add to it; milliseconds. */
const MOST_MS = 15_000 + 3_000;

let relay: TestRelay;
let token: string;
let folder: string;

beforeAll(async () => {
	relay = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET } });
	token = await sign();
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-senders-'));
});
afterAll(async () => {
	await relay?.stop();
	await rm(folder, { recursive: true, force: true });
});

interface Place {
	channel: string;
	url?: string;
	token?: string;
}

/** Runs it in a shell, with `"$1"`, `"$2"` … for what a shell must not read. */
function run(command: string, place: Place, args: string[] = []): RunningCommand {
	const { channel, url = relay.url, token: own = token } = place;
	const env = { LIVE_FEED_RELAY: url, LIVE_FEED_CHANNEL: channel, LIVE_FEED_TOKEN: own };
	return runCommand('sh', ['-c', command, 'sh', ...args], env);
}

async function readAll(channel: string): Promise<FeedEvent[]> {
	const address = `${relay.url}/channels/${channel}/events?after=0&limit=1000`;
	const response = await fetch(address, { headers: bearer(token) });
	return ((await response.json()) as Page).events; // the relay's documented answer
}

const textsOf = async (channel: string) => (await readAll(channel)).map(({ text }) => text);

/** Texts that a shell, a form, JSON, a terminal or a careless program would make something else of. */
const HOSTILE = [
	`quotes " ' \` and \\ "`,
	'two\nlines\tand a tab\n\n',
	'emoji 👩‍👩‍👧 ünïcode \u202eדנ\u202c 漢字',
	'$(touch /tmp/never) `id` $HOME ${PATH} %s %n {{x}}',
	'a=b&text=c&type=d;100% +1 %41 %zz',
	'@/etc/passwd',
	'-H "x: y" --help',
	'<script>alert(1)</script> &amp;',
	'{"text": "not this"}',
	'\\u0041\\n \ufeff\ufffd',
	'x'.repeat(8192),
];

// What takes longest comes first: five of them run at once.
describe.concurrent('a sender', () => {
	beforeAll(() => needPrograms(...SENDERS.map(({ program }) => program)));

	it.for(SENDERS)(
		'in $language ends in time with one line about it where nobody listens, and where nobody answers',
		async ({ command }, { expect }) => {
			const hole = net.createServer(() => {});
			await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
			const held = new Set<net.Socket>();
			hole.on('connection', (socket) => held.add(socket));
			const silent = `http://127.0.0.1:${(hole.address() as net.AddressInfo).port}`; // it listens on a port
			// Not the address on which the servers of other tests may take that port meanwhile.
			const nobody = `http://${process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'}:${await findFreePort()}`;
			const ends = await Promise.all(
				[nobody, silent].map((url) => run(`${command} "$@"`, { channel: 'away', url }, ['lost']).exited),
			);
			for (const socket of held) socket.destroy();
			hole.close();
			for (const { code, output, afterMs } of ends) {
				expect(output).toMatch(
					/^live-feed: not stored: .*(refused|timed out|Failed to connect|HTTP request failed).*\n$/i,
				);
				expect(output.trimEnd().split('\n')).toHaveLength(1);
				expect(code).toBe(1);
				expect(afterMs).toBeLessThan(patience(MOST_MS));
			}
			expect(held.size).toBeGreaterThan(1); // it has tried again
		},
	);

	it.for(SENDERS)(
		'in $language stores an event once though its answers are lost, and comes through in the end',
		async ({ command }, { expect }) => {
			const channel = createChannelName('lost');
			const front = await startFront(relay.url, ['lose', { status: 504 }, 'swallow', 'pass']);
			const { code, output } = await run(`${command} "$@"`, { channel, url: front.url }, ['once']).exited;
			await front.stop();
			expect({ code, output }).toEqual({ code: 0, output: '' });
			expect(await textsOf(channel)).toEqual(['once']);
			expect(front.asked).toHaveLength(4);
			expect(new Set(front.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
		},
	);

	it.for(SENDERS)(
		'in $language publishes text, type, level and data with a token, and says nothing',
		async ({ command }, { expect }) => {
			const channel = createChannelName('sent');
			const data = { ms: 812, where: ['a "quoted" place', null] };
			const sent = run(`${command} "$@"`, { channel }, [
				'deploy 214 finished',
				'deploy.done',
				'success',
				JSON.stringify(data),
			]);
			expect(await sent.exited).toMatchObject({ code: 0, output: '' });
			expect(await run(`${command} "$@"`, { channel }, ['only a text']).exited).toMatchObject({ code: 0, output: '' });
			const [event, ...others] = await readAll(channel);
			expect(event).toMatchObject({ text: 'deploy 214 finished', type: 'deploy.done', level: 'success', data });
			expect(event?.actor).toMatchObject({ id: 'ada', verified: true });
			expect(others).toMatchObject([{ text: 'only a text', type: 'message' }]);
			expect(others[0]).not.toHaveProperty('data');
		},
	);

	it.for(SENDERS)(
		'in $language does not take an event for another one that says the same',
		async ({ command }, { expect }) => {
			const channel = createChannelName('same');
			for (let n = 0; n < 2; n++)
				expect(await run(`${command} "$@"`, { channel }, ['the same']).exited).toMatchObject({ code: 0 });
			expect(await textsOf(channel)).toEqual(['the same', 'the same']);
		},
	);

	it.for(SENDERS)(
		'in $language waits as long as Retry-After says, and gives up at once where that is too long',
		async ({ command }, { expect }) => {
			const channel = createChannelName('later');
			const busy = await startFront(relay.url, [{ status: 503, retryAfter: 3 }, 'pass']);
			const full = await startFront(relay.url, [{ status: 429, retryAfter: 3600 }]);
			const [late, lost] = await Promise.all([
				run(`${command} "$@"`, { channel, url: busy.url }, ['later']).exited,
				run(`${command} "$@"`, { channel, url: full.url }, ['never']).exited,
			]);
			await Promise.all([busy.stop(), full.stop()]);
			expect(late).toMatchObject({ code: 0, output: '' });
			const [first, second] = busy.asked;
			expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(2900);
			expect(lost.output).toMatch(/^live-feed: not stored: .*429.*\n$/s);
			expect({ code: lost.code, asked: full.asked.length }).toEqual({ code: 1, asked: 1 });
			expect(lost.afterMs).toBeLessThan(patience(5000));
			expect(await textsOf(channel)).toEqual(['later']);
		},
	);

	it.for(SENDERS)(
		'in $language tells what the relay refuses in its words, and does not try that again',
		async ({ command }, { expect }) => {
			const channel = createChannelName('refused');
			const front = await startFront(relay.url, ['pass']);
			const level = await run(`${command} "$@"`, { channel, url: front.url }, ['a', 'b', 'loud']).exited;
			const stranger = await run(`${command} "$@"`, { channel, url: front.url, token: '' }, ['a']).exited;
			const json = await run(`${command} "$@"`, { channel, url: front.url }, ['a', 'b', 'info', '{no json']).exited;
			await front.stop();
			expect(level.output).toMatch(/^live-feed: not stored: .*`level` is one of debug, info.*\n$/);
			expect(stranger.output).toMatch(/^live-feed: not stored: .*token-needed.*\n$/);
			expect(json.output).toMatch(/^live-feed: not stored: .*JSON.*\n$/);
			expect([level.code, stranger.code, json.code]).toEqual([1, 1, 1]);
			expect(front.asked.length).toBeLessThanOrEqual(3);
			expect(await textsOf(channel)).toEqual([]);
		},
	);

	it.for(SENDERS)(
		'in $language hands on a hostile text as it is, or says that it cannot',
		async ({ command }, { expect }) => {
			const channel = createChannelName('hostile');
			for (const text of HOSTILE) {
				expect(await run(`${command} "$@"`, { channel }, [text]).exited, text).toMatchObject({ code: 0, output: '' });
			}
			expect(await textsOf(channel)).toEqual(HOSTILE);
			for (const bytes of ['no UTF-8: \\377\\376', 'half of one: \\360\\237', 'bell: \\007 and \\033[31m']) {
				const { code, output } = await run(`${command} "$(printf "$1")"`, { channel }, [bytes]).exited;
				expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/^live-feed: not stored: .+\n$/) });
			}
			expect(await textsOf(channel)).toHaveLength(HOSTILE.length);
		},
	);
});

describe('the sender in shell, behind a pipe', () => {
	beforeAll(() => needPrograms('curl'));

	it('publishes each line of a log that grows, in order and while it happens', async () => {
		const channel = createChannelName('lines');
		const log = path.join(folder, 'app.log');
		const lines = HOSTILE.filter((text) => !text.includes('\n'));
		await writeFile(log, '');
		const sending = run(`exec tail -n +1 -F "$1" | sh ${FOLDER}/publish.sh`, { channel }, [log]);
		for (const [index, line] of lines.entries()) {
			await appendFile(log, `${line}\n`);
			if (index % 4 === 0) await expect.poll(() => textsOf(channel)).toEqual(lines.slice(0, index + 1));
		}
		await expect.poll(() => textsOf(channel)).toEqual(lines);
		sending.signal('SIGTERM', true);
		await sending.exited;
	});

	it('goes on after a line that is refused, takes the last one without its end, and says 1', async () => {
		const channel = createChannelName('piped');
		const typed = `printf 'one\\n\\n  two \\\\n\\n\\377\\nthree' | sh ${FOLDER}/publish.sh`;
		const { code, output } = await run(typed, { channel }).exited;
		expect(await textsOf(channel)).toEqual(['one', '  two \\n', 'three']);
		expect(output).toMatch(/^live-feed: not stored: .*invalid-utf8.*\n$/);
		expect(code).toBe(1);
	});

	it('loses nothing of what waits in the pipe while the relay answers badly', async () => {
		const channel = createChannelName('again');
		const fates: Fate[] = ['pass', 'lose', { status: 502 }, 'pass'];
		const front = await startFront(relay.url, fates);
		const typed = `printf 'one\\ntwo\\nthree\\n' | sh ${FOLDER}/publish.sh`;
		expect(await run(typed, { channel, url: front.url }).exited).toMatchObject({ code: 0, output: '' });
		await front.stop();
		expect(await textsOf(channel)).toEqual(['one', 'two', 'three']);
	});
});

describe('in a program', () => {
	it.each([
		['php', `require $argv[1]; var_dump(live_feed_publish($argv[2], 'a.b', 'warning', ['n' => 1]));`, 'bool(true)\n'],
		[
			'python3',
			`import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True; from publish import publish; print(publish(sys.argv[2], "a.b", "warning", {"n": 1}))`,
			'True\n',
		],
	] as const)('the function of the sender for %s says true', async (program, code, output) => {
		needPrograms(program);
		const channel = createChannelName('program');
		const [option, from] = program === 'php' ? ['-r', `${FOLDER}/publish.php`] : ['-c', FOLDER];
		const { exited } = run(
			`${program} ${option} "$1" -- "$2" "$3"`.replace(program === 'php' ? '' : ' --', ''),
			{ channel },
			[code, from, 'from a program'],
		);
		expect(await exited).toMatchObject({ code: 0, output });
		expect(await readAll(channel)).toMatchObject([
			{ text: 'from a program', type: 'a.b', level: 'warning', data: { n: 1 } },
		]);
	});
});
