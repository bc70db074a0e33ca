import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findFreePort } from '../support/ports.ts';
import { findProcesses, type RunningCommand, runCommand } from '../support/process.ts';

const MARK = 'LIVE_FEED_TEST';
const isLinux = process.platform === 'linux';

let stateDir: string;
let port: number;
let mark: string;
let running: RunningCommand[];

beforeEach(async () => {
	stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-start-'));
	port = await findFreePort();
	mark = randomUUID();
	running = [];
});

afterEach(async () => {
	for (const command of running) command.signal('SIGKILL', true);
	await expectNothingLeft();
	await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
});

function start(by: 'node' | 'npm', env: Record<string, string> = {}): RunningCommand {
	const settings = { PORT: String(port), LIVE_FEED_STATE: stateDir, [MARK]: mark, ...env };
	const command =
		by === 'npm'
			? runCommand('npm', ['start'], settings)
			: runCommand(process.execPath, ['--import', 'tsx', 'relay/run/start.ts'], settings);
	running.push(command);
	return command;
}

async function waitUntil(isTrue: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<boolean> {
	const deadline = Date.now() + timeoutMs;
	while (!(await isTrue())) {
		if (Date.now() > deadline) return false;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	return true;
}

async function expectNothingLeft(): Promise<void> {
	const isGone = await waitUntil(async () => {
		const processes = isLinux ? findProcesses(MARK, mark) : [];
		return processes.length === 0 && !(await isListening());
	}, 3000);
	expect(isGone, `still there: ${isLinux ? findProcesses(MARK, mark) : `a listener on ${port}`}`).toBe(true);
}

async function isListening(host = '127.0.0.1'): Promise<boolean> {
	return await new Promise((resolve) => {
		const socket = net.connect({ port, host }, () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}

/** The engine's own process: it has our mark, and its command line says `serve` and our port. */
async function findEngine(): Promise<number> {
	const { readFileSync } = await import('node:fs');
	const engine = findProcesses(MARK, mark).find((pid) => {
		const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
		return line.includes('workerd') && line.includes(`:${port}`);
	});
	if (engine === undefined) throw new Error('No engine is running.');
	return engine;
}

describe('npm start', () => {
	test('says where everything is, and everything is there', async () => {
		const command = start('npm');
		await command.waitFor(/Running/);
		const [, curl = ''] = await command.waitFor(/(curl .*)\n/);
		expect(command.output).not.toMatch(/PartyKit|pk:inf|WARNING/);
		for (const address of command.output.match(/http:\/\/localhost:\d+\/[\w.-]*(?=\n)/g) ?? []) {
			expect((await fetch(address)).status, address).toBe(200);
		}
		const published = runCommand('sh', ['-c', `${curl} --silent --show-error --fail`]);
		expect((await published.exited).output).toContain('"seq":1');
		command.signal('SIGINT', true);
		expect(await command.exited).toMatchObject({ code: 0 });
	});

	test('a second start on the same state says so and exits 2: two relays on one log would lose events', async () => {
		const first = start('node');
		await first.waitFor(/Running/);
		const other = await findFreePort();
		const second = start('node', { PORT: String(other) });
		const exit = await second.exited;
		expect(exit.code).toBe(2);
		expect(second.output).toMatch(/already keeps its channels in/);
		expect(second.output).toContain('LIVE_FEED_STATE=');
		expect((await fetch(`http://localhost:${port}/health`)).status).toBe(200);
		first.signal('SIGTERM', false);
		await first.exited;
		const third = start('node');
		await third.waitFor(/Running/);
	});

	test.each([
		['node', 'SIGINT', false],
		['node', 'SIGTERM', false],
		['npm', 'SIGINT', false],
		['npm', 'SIGTERM', false],
		['npm', 'SIGINT', true],
		['npm', 'SIGTERM', true],
	] as const)('%s ends by %s (to the group: %s) with 0, within 3 s, and leaves nothing', async (by, name, isGroup) => {
		const command = start(by);
		await command.waitFor(/Running/);
		command.signal(name, isGroup);
		const exit = await command.exited;
		expect(exit).toMatchObject({ code: 0, signal: null });
		expect(exit.afterMs).toBeLessThan(3000);
		await expectNothingLeft();
	});

	test('a signal before it runs ends it too', async () => {
		const command = start('node');
		await waitUntil(() => isLinux && findProcesses(MARK, mark).length > 1);
		command.signal('SIGTERM');
		expect((await command.exited).afterMs).toBeLessThan(3000);
	});

	test('killed without a chance to clean up, it leaves nothing either', async () => {
		const command = start('node');
		await command.waitFor(/Running/);
		command.signal('SIGKILL');
		await command.exited;
		await expectNothingLeft();
	});

	test('a second one on the same port says so at once and what to do, and exits with 2', async () => {
		const first = start('node');
		await first.waitFor(/Running/);
		const exit = await start('node').exited;
		expect(exit.code).toBe(2);
		expect(exit.output).toContain(`Port ${port} is taken`);
		expect(exit.output).toContain(`PORT=${port + 1} npm start`);
		expect(exit.afterMs).toBeLessThan(3000);
		expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
		first.signal('SIGTERM');
		await first.exited;
	});

	test('a port that is none says so, and exits with 2', async () => {
		const exit = await start('node', { PORT: '70000' }).exited;
		expect(exit.code).toBe(2);
		expect(exit.output).toContain('PORT=70000 is not a port');
	});

	test('listens on this machine only, unless HOST says otherwise', async () => {
		const { networkInterfaces } = await import('node:os');
		const outside = Object.values(networkInterfaces())
			.flatMap((addresses) => addresses ?? [])
			.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
		const command = start('node');
		await command.waitFor(/Running/);
		expect(await isListening()).toBe(true);
		if (outside !== undefined) expect(await isListening(outside)).toBe(false);
		command.signal('SIGTERM');
		await command.exited;

		const open = start('node', { HOST: '0.0.0.0' });
		await open.waitFor(/Running/);
		expect(open.output).toContain('whoever reaches port');
		if (outside !== undefined) expect(await isListening(outside)).toBe(true);
		open.signal('SIGTERM');
		await open.exited;
	});

	test.runIf(isLinux)('an engine that dies is started again, with everything that was stored', async () => {
		const command = start('node');
		await command.waitFor(/Running/);
		const events = `http://127.0.0.1:${port}/channels/crash/events`;
		await fetch(events, { method: 'POST', body: 'before' });
		process.kill(await findEngine(), 'SIGKILL');
		await command.waitFor(/engine died \(SIGKILL\)[\s\S]*Running again/);
		await fetch(events, { method: 'POST', body: 'after' });
		const page = (await (await fetch(events, { headers: { accept: 'application/json' } })).json()) as {
			events: { text: string }[];
		};
		expect(page.events.map(({ text }) => text)).toEqual(['before', 'after']);
		command.signal('SIGTERM');
		expect(await command.exited).toMatchObject({ code: 0 });
	});

	test.runIf(isLinux)('an engine that keeps dying is given up after five times, with exit code 1', async () => {
		const command = start('node');
		await command.waitFor(/Running/);
		for (let deaths = 1; deaths <= 5; deaths++) {
			process.kill(await findEngine(), 'SIGKILL');
			if (deaths < 5) await waitUntil(() => (command.output.match(/Running again/g) ?? []).length === deaths);
		}
		expect(await command.exited).toMatchObject({ code: 1 });
		expect(command.output).toContain('died 5 times in a row');
	});
});
