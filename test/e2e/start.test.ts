import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Checkout, makeCheckout } from '../support/checkout.ts';
import { findFreePort } from '../support/ports.ts';
import { type Exit, findProcesses, type RunningCommand, runCommand } from '../support/process.ts';
import { patience } from '../support/slowness.ts';

const MARK = 'LIVE_FEED_TEST';
const isLinux = process.platform === 'linux';

/** Each start builds: here, and not where others look at what is built. */
let checkout: Checkout;
let stateDir: string;
let port: number;
let mark: string;
let running: RunningCommand[];

beforeAll(async () => {
	checkout = await makeCheckout({ isBuilt: true });
});
afterAll(() => checkout?.remove());

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

function start(by: 'node' | 'npm', env: Record<string, string> = {}, options: string[] = []): RunningCommand {
	const settings = { PORT: String(port), LIVE_FEED_STATE: stateDir, [MARK]: mark, ...env };
	const [program, args] =
		by === 'npm' ? ['npm', ['start', '--']] : [process.execPath, ['--import', 'tsx', 'relay/run/start.ts']];
	const command = runCommand(program, [...args, ...options], settings, { cwd: checkout.root });
	running.push(command);
	return command;
}

/** Of what is built already, where that is not what is shown: building takes longer than starting. */
const startBuilt = (by: 'node' | 'npm', env?: Record<string, string>) => start(by, env, ['--built']);

async function waitUntil(isTrue: () => boolean | Promise<boolean>, timeoutMs = patience(10_000)): Promise<boolean> {
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
	}, patience(3000));
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

/** The engine's own process: it has our mark, and its command line says `serve`. */
async function findEngine(): Promise<number> {
	const { readFileSync } = await import('node:fs');
	const engine = findProcesses(MARK, mark).find((pid) => {
		const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
		return line.includes('workerd') && line.includes('serve');
	});
	if (engine === undefined) throw new Error('No engine is running.');
	return engine;
}

/** Ends it by a signal, to the process or to its whole group as a terminal does: with 0, within 3 s, and nothing is left. */
async function expectEnd(command: RunningCommand, name: NodeJS.Signals, isGroup: boolean): Promise<void> {
	command.signal(name, isGroup);
	const exit: Exit = await command.exited;
	expect(exit).toMatchObject({ code: 0, signal: null });
	expect(exit.afterMs).toBeLessThan(patience(3000));
	await expectNothingLeft();
}

async function findOutside(): Promise<string | undefined> {
	const { networkInterfaces } = await import('node:os');
	return Object.values(networkInterfaces())
		.flatMap((addresses) => addresses ?? [])
		.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

// A start takes seconds: what one that runs can show is shown by one, and each is ended in another way.
describe('npm start', () => {
	test('says where everything is, and everything is there; npm ends by SIGINT to its group', async () => {
		const command = start('npm');
		await command.waitFor(/Running/);
		const [, curl = ''] = await command.waitFor(/(curl .*)\n/);
		expect(command.output).not.toMatch(/PartyKit|pk:inf|WARNING/);
		for (const address of command.output.match(/http:\/\/localhost:\d+\/[\w.-]*(?=\n)/g) ?? []) {
			expect((await fetch(address)).status, address).toBe(200);
		}
		const published = runCommand('sh', ['-c', `${curl} --silent --show-error --fail`]);
		expect((await published.exited).output).toContain('"seq":1');
		await expectEnd(command, 'SIGINT', true);
	});

	test('a second one says so at once and what to do, and exits with 2; node ends by SIGTERM', async () => {
		const outside = await findOutside();
		const first = startBuilt('node');
		await first.waitFor(/Running/);

		// On the same state: two relays on one log would lose events.
		const onState = await start('node', { PORT: String(await findFreePort()) }).exited;
		expect(onState.code).toBe(2);
		expect(onState.output).toMatch(/already keeps its channels in/);
		expect(onState.output).toContain('LIVE_FEED_STATE=');
		expect(onState.afterMs).toBeLessThan(patience(3000));

		const onPort = await start('node').exited;
		expect(onPort.code).toBe(2);
		expect(onPort.output).toContain(`Port ${port} is taken`);
		expect(onPort.output).toContain(`PORT=${port + 1} npm start`);
		expect(onPort.afterMs).toBeLessThan(patience(3000));
		expect((await fetch(`http://localhost:${port}/health`)).status).toBe(200);

		// It listens on this machine only.
		expect(await isListening()).toBe(true);
		if (outside !== undefined) expect(await isListening(outside)).toBe(false);
		await expectEnd(first, 'SIGTERM', false);
	});

	test('one on the state of one that has ended starts, on the HOST that it is told; node ends by SIGINT', async () => {
		const outside = await findOutside();
		const early = start('node');
		await waitUntil(() => isLinux && findProcesses(MARK, mark).length > 1);
		// A signal before it runs ends it too.
		early.signal('SIGTERM');
		expect((await early.exited).afterMs).toBeLessThan(patience(3000));

		const open = startBuilt('node', { HOST: '0.0.0.0' });
		await open.waitFor(/Running/);
		expect(open.output).toContain('whoever reaches port');
		if (outside !== undefined) expect(await isListening(outside)).toBe(true);
		await expectEnd(open, 'SIGINT', false);
	});

	test.each(['SIGINT', 'SIGTERM'] as const)('npm ends by %s to it alone', async (name) => {
		const command = startBuilt('npm');
		await command.waitFor(/Running/);
		await expectEnd(command, name, false);
	});

	test('killed without a chance to clean up, it leaves nothing either', async () => {
		const command = startBuilt('node');
		await command.waitFor(/Running/);
		command.signal('SIGKILL');
		await command.exited;
		await expectNothingLeft();
	});

	test('a port that is none says so, and exits with 2', async () => {
		const exit = await start('node', { PORT: '70000' }).exited;
		expect(exit.code).toBe(2);
		expect(exit.output).toContain('PORT=70000 is not a port');
	});

	test.runIf(isLinux)(
		'an engine that dies is started again, with everything that was stored; npm ends by SIGTERM to its group',
		async () => {
			const command = startBuilt('npm');
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
			await expectEnd(command, 'SIGTERM', true);
		},
	);

	test.runIf(isLinux)('an engine that keeps dying is given up after five times, with exit code 1', async () => {
		const command = startBuilt('node');
		await command.waitFor(/Running/);
		for (let deaths = 1; deaths <= 5; deaths++) {
			process.kill(await findEngine(), 'SIGKILL');
			if (deaths < 5) await waitUntil(() => (command.output.match(/Running again/g) ?? []).length === deaths);
		}
		expect(await command.exited).toMatchObject({ code: 1 });
		expect(command.output).toContain('died 5 times in a row');
	});
});
