// Every address of this machine is a HOST: the relay listens there alone, and prints an address that works.
import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Checkout } from '../support/checkout.ts';
import { Launch, makeBuiltCheckout } from '../support/launch.ts';
import { listListeners } from '../support/listening-sockets.ts';
import { runCommand } from '../support/process.ts';

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

const addresses = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
const hasIPv6 = addresses.some(({ address }) => address === '::1');
/** Addresses that other machines reach. Those of one link alone need the name of an interface in a URL, which browsers do not take. */
const outside = addresses
	.filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
	.map(({ address }) => address);
const hosts = ['127.0.0.1', '0.0.0.0', 'localhost', ...(hasIPv6 ? ['::1', '::'] : []), ...outside.slice(0, 3)];

test.each(hosts)('HOST=%s', async (host) => {
	const command = await launch.run({ HOST: host });
	const { port } = launch;
	const [, health = ''] = /Health\s+(\S+)/.exec(command.output) ?? [];
	expect((await fetch(health)).status, health).toBe(200);
	const [, demo = ''] = /Demo\s+(\S+)/.exec(command.output) ?? [];
	expect((await fetch(demo)).status, demo).toBe(200);
	const [, curl = ''] = /(curl .*)\n/.exec(command.output) ?? [];
	const published = await runCommand('sh', ['-c', `${curl} --silent --show-error --fail`]).exited;
	expect(published.output).toContain('"seq":1');
	if (process.platform === 'linux') {
		const address = host === 'localhost' ? expect.stringMatching(/^(127\.0\.0\.1|::1)$/) : host;
		expect(listListeners(command.pid)).toEqual([{ address, port, pid: launch.findEngine() }]);
	}
	const isLocal = ['127.0.0.1', '::1', 'localhost'].includes(host);
	expect(command.output).toContain(isLocal ? 'only this machine reaches it' : `Open on ${host}`);
	// The demo's own page is served.
	const [page, others] = [new URL(demo).origin, isLocal ? outside.slice(0, 1) : []];
	const asked = await fetch(`${page}/channels/demo/events`, { headers: { origin: page } });
	expect(asked.status, `${page}: ${await asked.text()}`).toBe(200);
	// The addresses of others are not listened on.
	for (const other of others) expect(await launch.isListening(other)).toBe(false);
	await launch.expectEnd(command, 'SIGTERM');
});
