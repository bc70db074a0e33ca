// Settings of a running relay as whoever runs it changes them: a file, SIGHUP, and what its clients notice.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FeedClient } from '../../widget/client/feed-client.ts';
import { ask } from '../support/ask.ts';
import { type Checkout, makeCheckout } from '../support/checkout.ts';
import { Conversation } from '../support/conversation.ts';
import { listTree } from '../support/listening-sockets.ts';
import { findFreePort } from '../support/ports.ts';
import { type RunningCommand, readCommandLine, runCommand } from '../support/process.ts';
import { patience } from '../support/slowness.ts';
import { bearer, sign } from '../support/tokens.ts';

const OLD = 'the-old-secret-which-nobody-may-find-anywhere';
const NEW = 'the-new-secret-which-nobody-may-find-anywhere';

let checkout: Checkout;
let folder: string;
let file: string;
let port: number;
let command: RunningCommand | undefined;

beforeAll(async () => {
	checkout = await makeCheckout({ isBuilt: true });
});
afterAll(() => checkout?.remove());

beforeEach(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-settings-'));
	file = path.join(folder, 'settings');
	port = await findFreePort();
	globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket; // Node 20 has none
});
afterEach(async () => {
	command?.signal('SIGKILL', true);
	await command?.exited;
	await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

function run(env: Record<string, string>): RunningCommand {
	const own = { PORT: String(port), LIVE_FEED_STATE: path.join(folder, 'state'), ...env };
	return runCommand(process.execPath, ['--import', 'tsx', 'relay/run/start.ts', '--built'], own, {
		cwd: checkout.root,
	});
}

async function start(env: Record<string, string>): Promise<RunningCommand> {
	command = run(env);
	await command.waitFor(/Running[\s\S]*Ctrl-C/);
	return command;
}

/** Writes the file, sends SIGHUP and waits for the answer. */
async function reload(running: RunningCommand, text: string, answer: RegExp): Promise<void> {
	const before = running.output.length;
	writeFileSync(file, text);
	running.signal('SIGHUP');
	await expect.poll(() => running.output.slice(before), { timeout: patience(30_000) }).toMatch(answer);
}

const address = (channel: string) => `http://127.0.0.1:${port}/channels/${channel}/events`;
const publish = async (channel: string, text: string, token: string) =>
	ask(address(channel), { method: 'POST', headers: { 'content-type': 'text/plain', ...bearer(token) }, body: text });
const read = (channel: string, token?: string) => ask(address(channel), { headers: token ? bearer(token) : {} });
const codeOf = async (answer: Promise<{ status: number; body: { code?: string } }>) => {
	const { status, body } = await answer;
	return body.code ?? status;
};

/** Where a secret must not be: arguments of every process of ours, and what was printed. */
function expectHidden(running: RunningCommand, ...secrets: string[]): void {
	const seen = process.platform === 'linux' ? listTree(running.pid).map(readCommandLine) : [];
	if (process.platform === 'linux') expect(seen.length).toBeGreaterThan(2);
	for (const secret of secrets) expect([running.output, ...seen].filter((text) => text.includes(secret))).toEqual([]);
}

describe('LIVE_FEED_SETTINGS', () => {
	it('asks for tokens, and rotates secrets without losing anybody or anything', async () => {
		writeFileSync(file, `LIVE_FEED_SECRET=${OLD}\nLIVE_FEED_PUBLIC=news\n`);
		const running = await start({ LIVE_FEED_SETTINGS: file });
		expect(running.output).toContain('Asks for tokens; anybody reads news');
		const [byOld, byNew] = [await sign({}, OLD), await sign({}, NEW)];
		expect(await codeOf(read('plans'))).toBe('token-needed');
		expect(await codeOf(publish('plans', '1', byOld))).toBe(201);
		expect(await codeOf(publish('plans', 'no', byNew))).toBe('token-invalid');
		expect(await codeOf(publish('news', '1', byOld))).toBe(201);

		// A viewer that nobody tells anything: it comes back by itself, and has everything once and in order.
		const seen: string[] = [];
		const viewer = new FeedClient({ relay: `http://127.0.0.1:${port}`, channel: 'news', history: 0 });
		viewer.on('gap', () => seen.push('a gap'));
		viewer.subscribe('*', ({ text }) => seen.push(String(text)));
		viewer.connect();
		await expect.poll(() => viewer.connection).toBe('live');
		const socket = await Conversation.join(`http://127.0.0.1:${port}`, 'plans', { token: byOld });

		// The new one verifies beside the old one, and another channel is anybody's.
		await reload(running, `LIVE_FEED_SECRET=${OLD} ${NEW}\nLIVE_FEED_PUBLIC=news status-*\n`, /Settings read again/);
		expect((await socket.waitForClose()).code).toBe(1012);
		expect(socket.messages.at(-1)).toMatchObject({ type: 'goaway' });
		for (const token of [byOld, byNew]) expect(await codeOf(publish('plans', 'both', token))).toBe(201);
		expect(await codeOf(read('status-board'))).toBe(200);
		expect(await codeOf(publish('news', '2', byNew))).toBe(201);

		// The old one is gone: at once, for sockets too.
		const old = await Conversation.join(`http://127.0.0.1:${port}`, 'plans', { token: byOld });
		await reload(running, `LIVE_FEED_SECRET=${NEW}\nLIVE_FEED_PUBLIC=news\n`, /Settings read again/);
		await old.waitForClose();
		const again = await Conversation.open(`http://127.0.0.1:${port}`, 'plans');
		again.send({ type: 'hello', protocol: 1, token: byOld });
		expect((await again.waitForClose()).code).toBe(4401);
		expect(await codeOf(read('plans', byOld))).toBe('token-invalid');
		expect(await codeOf(read('status-board'))).toBe('token-needed');
		expect(await codeOf(publish('news', '3', byNew))).toBe(201);
		expect((await read('plans', byNew)).body.events.map(({ text }: { text: string }) => text)).toEqual([
			'1',
			'both',
			'both',
		]);

		await expect.poll(() => viewer.connection).toBe('live');
		await expect.poll(() => seen).toEqual(['2', '3']);
		viewer.close();
		expectHidden(running, OLD, NEW, byOld, byNew);
	});

	it('a file that is wrong leaves the relay as it was, and says why; one that opens it says so', async () => {
		writeFileSync(file, `LIVE_FEED_SECRET=${OLD}\n`);
		const running = await start({ LIVE_FEED_SETTINGS: file });
		const token = await sign({}, OLD);
		const socket = await Conversation.join(`http://127.0.0.1:${port}`, 'plans', { token });
		const wrong: [text: string, why: RegExp][] = [
			[`LIVE_FEED_SECRET=${NEW.slice(0, 20)}\n`, /stay as they were\. LIVE_FEED_SECRET is a secret of 32 characters/],
			[`LIVE_FEED_SECRTE=${NEW}\n`, /stay as they were\. .*LIVE_FEED_SECRTE, which is no setting/],
			[
				`LIVE_FEED_SECRET=${NEW}\nLIVE_FEED_ORIGINS=example.org\n`,
				/stay as they were\. LIVE_FEED_ORIGINS is whole origins/,
			],
			[`{"LIVE_FEED_SECRET": "${NEW}"`, /stay as they were\. .*begins like JSON/],
			[`# the secret\n${NEW}\n`, /stay as they were\. .*line 2 is something else/],
		];
		for (const [text, why] of wrong) await reload(running, text, why);
		await rm(file);
		const before = running.output.length;
		running.signal('SIGHUP');
		await expect.poll(() => running.output.slice(before)).toMatch(/stay as they were\. .*no such file/);
		await socket.ping(); // nobody was sent away
		expect(await codeOf(publish('plans', 'still', token))).toBe(201);
		expect(await codeOf(read('plans', await sign({}, NEW)))).toBe('token-invalid');
		expectHidden(running, OLD, NEW, NEW.slice(0, 20), token);
		await socket.close();

		await reload(running, '# nothing\n', /Settings read again\. Open: it trusts everything on this machine/);
		expect(await codeOf(read('plans'))).toBe(200);
	});

	it('does not start with a file that is wrong or missing', async () => {
		const first = run({ LIVE_FEED_SETTINGS: file });
		expect(await first.exited).toMatchObject({ code: 2, output: expect.stringContaining('settings cannot be used') });
		writeFileSync(file, `LIVE_FEED_SECRET=${NEW.slice(0, 20)}\n`);
		const { code, output } = await run({ LIVE_FEED_SETTINGS: file }).exited;
		expect(code).toBe(2);
		expect(output).toContain('32 characters');
		expect(output).not.toContain(NEW.slice(0, 20));
	});

	it('without a file SIGHUP ends it, as the end of a terminal does', async () => {
		const running = await start({ LIVE_FEED_SECRET: OLD });
		expectHidden(running, OLD);
		running.signal('SIGHUP');
		expect(await running.exited).toMatchObject({ code: 0, signal: null });
	});
});
