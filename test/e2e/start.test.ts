import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Checkout } from '../support/checkout.ts';
import { Launch, makeBuiltCheckout, waitUntil } from '../support/launch.ts';
import { listListeners } from '../support/listening-sockets.ts';
import { findFreePort } from '../support/ports.ts';
import { runCommand } from '../support/process.ts';
import { patience } from '../support/slowness.ts';

const isLinux = process.platform === 'linux';

/** Each start builds: here, and not where others look at what is built. */
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

/** An address of this machine that other machines reach. */
const outside = Object.values(networkInterfaces())
	.flatMap((addresses) => addresses ?? [])
	.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

const textsOf = async (events: string) => {
	const page = (await (await fetch(events, { headers: { accept: 'application/json' } })).json()) as {
		events: { text: string }[];
	};
	return page.events.map(({ text }) => text);
};

// A start takes seconds: what one that runs can show is shown by one, and each is ended in another way.
describe('npm start', () => {
	test('prints where everything is, and everything is there; npm ends by SIGINT to its group', async () => {
		const command = launch.start('npm');
		await command.waitFor(/Running/);
		const [, curl = ''] = await command.waitFor(/(curl .*)\n/);
		expect(command.output).not.toMatch(/PartyKit|pk:inf|WARNING|workerd/);
		const addresses = command.output.match(/http:\/\/localhost:\d+\/[\w.-]*(?=\n)/g) ?? [];
		expect(addresses).toHaveLength(3);
		for (const address of addresses) expect((await fetch(address)).status, address).toBe(200);
		const published = runCommand('sh', ['-c', `${curl} --silent --show-error --fail`]);
		expect((await published.exited).output).toContain('"seq":1');
		const { port } = launch;
		if (isLinux) expect(listListeners(command.pid)).toMatchObject([{ address: '127.0.0.1', port }]);
		await launch.expectEnd(command, 'SIGINT', true);
	});

	test('a second one on the same port or state exits with 2 at once and advises; node ends by SIGTERM', async () => {
		const first = await launch.run();

		// On the same state: two relays on one log would lose events.
		const onState = await launch.startBuilt('node', { PORT: String(await findFreePort()) }).exited;
		expect(onState.code).toBe(2);
		expect(onState.output).toMatch(/already keeps its channels in/);
		expect(onState.output).toContain('LIVE_FEED_STATE=');
		expect(onState.afterMs).toBeLessThan(patience(3000));

		const onPort = await launch.start('node').exited;
		expect(onPort.code).toBe(2);
		expect(onPort.output).toContain(`Port ${launch.port} is taken`);
		expect(onPort.output).toContain(`PORT=${launch.port + 1} npm start`);
		expect(onPort.afterMs).toBeLessThan(patience(3000));
		expect((await fetch(`http://localhost:${launch.port}/health`)).status).toBe(200);

		// It listens on this machine only.
		expect(await launch.isListening()).toBe(true);
		if (outside !== undefined) expect(await launch.isListening(outside)).toBe(false);
		await launch.expectEnd(first, 'SIGTERM');
	});

	test('a signal ends a start at any time; the next start on its state works; node ends by SIGINT', async () => {
		const early = launch.start('node');
		await waitUntil(() => isLinux && launch.findAll().length > 0);
		early.signal('SIGTERM');
		expect((await early.exited).afterMs).toBeLessThan(patience(3000));

		const open = await launch.run({ HOST: '0.0.0.0' });
		expect(open.output).toContain('everyone who reaches port');
		if (outside !== undefined) expect(await launch.isListening(outside)).toBe(true);
		await launch.expectEnd(open, 'SIGINT');
	});

	test.each(['SIGINT', 'SIGTERM'] as const)('npm ends by %s to it alone', async (name) => {
		const command = launch.startBuilt('npm');
		await command.waitFor(/Running/);
		await launch.expectEnd(command, name);
	});

	test.runIf(isLinux)('an engine that dies is started again with all that was stored', async () => {
		const command = launch.startBuilt('npm');
		await command.waitFor(/Running/);
		const events = `http://127.0.0.1:${launch.port}/channels/crash/events`;
		await fetch(events, { method: 'POST', body: 'before' });
		process.kill(launch.findEngine(), 'SIGKILL');
		await command.waitFor(/engine died \(SIGKILL\)[\s\S]*Running again/);
		await fetch(events, { method: 'POST', body: 'after' });
		expect(await textsOf(events)).toEqual(['before', 'after']);
		await launch.expectEnd(command, 'SIGTERM', true);
	});

	test.runIf(isLinux)('an engine that keeps dying is started again, with pauses that grow', async () => {
		const command = await launch.run();
		const times: number[] = [];
		for (let deaths = 1; deaths <= 6; deaths++) {
			process.kill(launch.findEngine(), 'SIGKILL');
			const since = performance.now();
			await waitUntil(() => (command.output.match(/Running again/g) ?? []).length === deaths);
			times.push(performance.now() - since);
		}
		expect(command.output).toContain('6 times in a row; starting it again in 4 s');
		await launch.expectEnd(command, 'SIGTERM', true);
		expect(times[3]).toBeGreaterThan(1000); // the pauses grow: 0, 250, 500, 1000 ms
	});
});

test('live-feed dev: the same from the package, with one listening socket', async () => {
	const command = launch.start('command');
	await command.waitFor(/Running/);
	expect((await fetch(`http://localhost:${launch.port}/live-feed.js`)).status).toBe(200);
	const { port } = launch;
	if (isLinux) expect(listListeners(command.pid)).toMatchObject([{ address: '127.0.0.1', port }]);
	await launch.expectEnd(command, 'SIGINT', true);
});
