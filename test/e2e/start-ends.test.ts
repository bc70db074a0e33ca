// How a relay ends, and what is left: by a signal, by the death of its starter, by a first answer that never comes.
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Checkout } from '../support/checkout.ts';
import { Conversation } from '../support/conversation.ts';
import { Launch, makeBuiltCheckout, waitUntil } from '../support/launch.ts';
import { listTree } from '../support/listening-sockets.ts';
import { readCommandLine } from '../support/process.ts';
import { keepSecret, lookThroughFiles, lookThroughProcesses, report } from '../support/spill.ts';
import { TextStream } from '../support/text-stream.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const isLinux = process.platform === 'linux';
let checkout: Checkout;
let launch: Launch;

beforeAll(async () => {
	checkout = await makeBuiltCheckout();
});
afterAll(() => checkout?.remove());
beforeEach(async () => {
	launch = await Launch.prepare(checkout);
});
afterEach(() => launch.close());

const url = () => `http://127.0.0.1:${launch.port}`;

/** Opens a connection that sends this, and never ends its side. */
async function hold(bytes: string): Promise<{ socket: net.Socket; first: Promise<string> }> {
	const socket = net.connect({ port: launch.port, host: '127.0.0.1', allowHalfOpen: true });
	socket.on('error', () => {}); // the relay ends while it is open
	const first = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
	await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
	return { socket, first };
}

describe('SIGTERM', () => {
	test('clients are told to come back; peers that keep their sockets open do not delay the end', async () => {
		const command = await launch.run();
		const viewer = await Conversation.join(url(), 'ends');
		const stream = await TextStream.open(`${url()}/channels/ends/events`, 'text/event-stream');
		const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13';
		const silent = await hold(
			`GET /channels/ends/events HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
		);
		expect(await silent.first).toMatch(/^HTTP\/1\.1 101 /);
		const half = await hold('POST /channels/ends/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf');
		await launch.expectEnd(command, 'SIGTERM');
		expect(await viewer.next('goaway')).toEqual({ type: 'goaway', returnMs: 1000 });
		await stream.until(() => stream.isOver, 'its end').catch(() => {});
		expect(stream.text).toContain('event: goaway');
		for (const { socket } of [silent, half]) socket.destroy();
	});

	test('a client that breaks HTTP or WebSocket prints nothing', async () => {
		const command = await launch.run();
		const before = command.output;
		const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13';
		const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
		const line = 'POST /channels/ends/events HTTP/1.1\r\nHost: localhost\r\n';
		for (const bytes of [
			...[`${line}Content-Length: x\r\n\r\n`, `${line}Transfer-Encoding: odd\r\n\r\n`, 'CONNECT a:1 HTTP/1.1\r\n\r\n'],
			...[`${line}Transfer-Encoding: chunked\r\n\r\nnone\r\n`, 'POST  / HTTP/1.1\r\n\r\n', '\u0016\u0003\u0001'],
		]) {
			const { socket } = await hold(bytes);
			setTimeout(() => socket.destroy(), 200);
		}
		await fetch(`${url()}/channels/ends/events`, { method: 'POST', body: 'there' });
		const open = `GET /channels/ends/events HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n${key}\r\n\r\n`;
		const { socket, first } = await hold(open);
		expect(await first).toMatch(/ 101 /);
		socket.write(Buffer.from([0x80, 0x80, 0, 0, 0, 0])); // a continuation of nothing
		await new Promise((resolve) => setTimeout(resolve, 500));
		socket.destroy();
		await launch.expectEnd(command, 'SIGTERM');
		expect(command.output).toBe(before);
	});

	test.runIf(isLinux)('an engine that hangs is killed', async () => {
		const command = await launch.run();
		process.kill(launch.findEngine(), 'SIGSTOP');
		await launch.expectEnd(command, 'SIGTERM');
	});
});

describe('a first answer that does not come', () => {
	const NEVER = 'export class Channel {}\nexport default { fetch: () => new Promise(() => {}) };\n';
	let mute: Checkout;
	beforeAll(async () => {
		mute = await makeBuiltCheckout();
		await writeFile(path.join(mute.root, 'dist', 'relay', 'cloudflare.js'), NEVER);
	});
	afterAll(() => mute?.remove());

	test('is waited for with words, and given up after LIVE_FEED_START_TIMEOUT', async () => {
		const other = await Launch.prepare(mute);
		const exit = await other.startBuilt('node', { LIVE_FEED_START_TIMEOUT: '6' }).exited;
		expect(exit.output).toMatch(/Waiting for the first answer for 5 s; the engine is running/);
		expect(exit.output).toContain(`The relay did not answer on port ${other.port} within 6 s.`);
		expect(exit.output).toContain('LIVE_FEED_START_TIMEOUT=600 ');
		expect(exit.output.match(/✗/g)).toHaveLength(1);
		expect(exit).toMatchObject({ code: 1, signal: null });
		await other.expectNothingLeft();
		await other.close();
	});

	test.runIf(isLinux)('SIGTERM ends it with 0 meanwhile, also where the engine hangs', async () => {
		for (const isHanging of [false, true]) {
			const other = await Launch.prepare(mute);
			const command = other.startBuilt('node');
			expect(await waitUntil(() => other.isListening())).toBe(true);
			if (isHanging) process.kill(other.findEngine(), 'SIGSTOP');
			await other.expectEnd(command, 'SIGTERM');
			await other.close();
		}
	});
});

describe.runIf(isLinux)('nothing outlives its starter', () => {
	test.each(['npm', 'node', 'command'] as const)('%s is killed', async (starter) => {
		const command = starter === 'command' ? launch.start(starter) : launch.startBuilt(starter);
		await command.waitFor(/Running/);
		// As a viewer would keep it busy.
		const viewer = await Conversation.join(url(), 'ends');
		command.signal('SIGKILL');
		await command.exited;
		await launch.expectNothingLeft();
		await viewer.close().catch(() => {});
	});

	test('the process between npm and the engine is killed', async () => {
		const command = launch.startBuilt('npm');
		await command.waitFor(/Running/);
		const between = listTree(command.pid).filter((pid) => readCommandLine(pid).includes('start.ts'));
		process.kill(between.at(-1) ?? 0, 'SIGKILL');
		await launch.expectNothingLeft();
	});

	test('the shell that watches over the engine is killed: another engine takes over', async () => {
		const command = await launch.run();
		const shells = listTree(command.pid).filter((pid) => readCommandLine(pid).includes('leash.sh'));
		expect(shells).toHaveLength(2);
		process.kill(shells[0] ?? 0, 'SIGKILL');
		await command.waitFor(/engine died \(SIGKILL\)[\s\S]*Running again/);
		expect((await fetch(`${url()}/health`)).status).toBe(200);
		await launch.expectEnd(command, 'SIGTERM');
	});
});

test('SIGHUP reads the file of settings again; a secret is in no argument, file or line', async () => {
	keepSecret(SECRET);
	const file = path.join(checkout.root, 'settings');
	await writeFile(file, 'LIVE_FEED_KEEP_AGE=1d\n');
	const command = await launch.run({ LIVE_FEED_SETTINGS: file });
	expect((await fetch(`${url()}/channels/ends/events`)).status).toBe(200);
	await writeFile(file, `LIVE_FEED_SECRET=${SECRET}\n`);
	command.signal('SIGHUP');
	await command.waitFor(/Settings read again\. .*Asks for tokens/);
	expect((await fetch(`${url()}/channels/ends/events`)).status).toBe(401);
	const headers = bearer(await sign());
	const stored = await fetch(`${url()}/channels/ends/events`, { method: 'POST', body: 'kept', headers });
	expect(stored.status).toBe(201);
	lookThroughProcesses();
	lookThroughFiles(launch.stateDir);
	await writeFile(file, 'LIVE_FEED_SECRT=a slip\n');
	command.signal('SIGHUP');
	await command.waitFor(/settings stay as they were/i);
	expect((await fetch(`${url()}/channels/ends/events`, { headers })).status).toBe(200);
	await launch.expectEnd(command, 'SIGTERM');
	lookThroughFiles(launch.stateDir);
	report();
});
