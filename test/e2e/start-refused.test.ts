// Starts that cannot work: one problem with what to do, exit code 2, nothing half started, no stack trace.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Checkout } from '../support/checkout.ts';
import { Launch, makeBuiltCheckout } from '../support/launch.ts';
import { ROOT } from '../support/sources.ts';

let checkout: Checkout;
let launch: Launch;
let folder: string;

beforeAll(async () => {
	checkout = await makeBuiltCheckout();
});
afterAll(() => checkout?.remove());
beforeEach(async () => {
	launch = await Launch.prepare(checkout);
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-refused-'));
});
afterEach(async () => {
	await launch.close();
	await rm(folder, { recursive: true, force: true });
});

test.each([
	[{ PORT: '0' }, 'PORT=0 is not a port.', 'Use a number from 1 to 65535'],
	[{ PORT: 'abc' }, 'PORT=abc is not a port.', 'Use a number from 1 to 65535'],
	[{ PORT: '70000' }, 'PORT=70000 is not a port.', 'Use a number from 1 to 65535'],
	[{ HOST: '203.0.113.9' }, 'HOST=203.0.113.9 is no address of this machine.', 'HOST=127.0.0.1'],
	[{ HOST: 'nonsense.invalid' }, 'HOST=nonsense.invalid is no address of this machine.', 'HOST=127.0.0.1'],
	[{ LIVE_FEED_ENGINE: 'nonsense' }, 'settings cannot be used', 'LIVE_FEED_ENGINE is workerd or partykit'],
	[{ LIVE_FEED_START_TIMEOUT: 'soon' }, 'settings cannot be used', 'LIVE_FEED_START_TIMEOUT is a number of seconds'],
	[{ LIVE_FEED_KEEP_AGE: 'long' }, 'settings cannot be used', 'LIVE_FEED_KEEP_AGE'],
	[
		{ LIVE_FEED_SETTINGS: '/nowhere/settings' },
		'settings cannot be used',
		'LIVE_FEED_SETTINGS names /nowhere/settings',
	],
])('%j', async (env, problem, advice) => {
	const output = await launch.expectRefusal(env as unknown as Record<string, string>);
	expect(output).toContain(problem);
	expect(output).toContain(advice);
	expect(await readdir(launch.stateDir)).toEqual([]);
});

test('a port that another process has', async () => {
	const server = net.createServer();
	const port = await new Promise<number>((resolve) =>
		server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)),
	);
	const output = await launch.expectRefusal({ PORT: String(port) });
	expect(output).toContain(`Port ${port} is taken by another process.`);
	expect(output).toContain(`use another port: PORT=${port + 1} `);
	await new Promise((resolve) => server.close(resolve));
});

test('a state folder below a file, or that a newer live-feed wrote', async () => {
	const file = path.join(folder, 'file');
	await writeFile(file, '');
	const below = await launch.expectRefusal({ LIVE_FEED_STATE: path.join(file, 'state') });
	expect(below).toMatch(/cannot be written: not a directory \(ENOTDIR\)[\s\S]*LIVE_FEED_STATE=/);

	const newer = path.join(folder, 'newer');
	await mkdir(newer);
	await writeFile(path.join(newer, 'version'), '2\n');
	expect(await launch.expectRefusal({ LIVE_FEED_STATE: newer })).toMatch(
		/A newer live-feed stored these channels \(layout 2, this one knows 1\)[\s\S]*Update live-feed/,
	);
	expect(await readdir(newer)).toEqual(['version']);
});

/** Mounts a file system of its own on a new folder. Undefined where this user may not, or the system cannot. */
function mount(name: string, options: string): { place: string; unmount: () => void } | undefined {
	const place = path.join(folder, name);
	try {
		execFileSync('mkdir', [place]);
		execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', place], { stdio: 'ignore' });
	} catch {
		return undefined;
	}
	return { place, unmount: () => execFileSync('umount', [place]) };
}

test('a state folder that is read-only', async () => {
	const mounted = mount('read-only', 'ro');
	// Without a mount: a folder in which even root makes nothing.
	const output = await launch.expectRefusal({ LIVE_FEED_STATE: mounted?.place ?? '/proc/live-feed' });
	mounted?.unmount();
	expect(output).toMatch(/The folder cannot be written: .* \((EROFS|ENOENT|EACCES)\)/);
	expect(output).toContain('LIVE_FEED_STATE=/path/to/state');
});

test('a state folder whose disk is full', async () => {
	const mounted = mount('full', 'size=64k');
	if (!mounted && process.getuid?.() !== 0) {
		// Only root mounts. /dev/full stands for the disk: what is below it is not a directory.
		expect(await launch.expectRefusal({ LIVE_FEED_STATE: '/dev/full/state' })).toContain('cannot be written');
		return;
	}
	if (!mounted) throw new Error('root cannot mount a tmpfs here');
	const output = await launch.expectRefusal({ LIVE_FEED_STATE: mounted.place });
	mounted.unmount();
	expect(output).toMatch(/cannot be written: no space left on device \(ENOSPC\)/);
	expect(output).toContain('make room on its disk');
});

test('a package without its engine', async () => {
	const bare = await makeBuiltCheckout();
	try {
		const packages = path.join(bare.root, 'node_modules');
		await rm(packages);
		await mkdir(packages);
		for (const name of await readdir(path.join(ROOT, 'node_modules'))) {
			if (name === 'workerd') continue;
			await symlink(path.join(ROOT, 'node_modules', name), path.join(packages, name));
		}
		const other = await Launch.prepare(bare);
		const output = await other.expectRefusal({});
		expect(output).toMatch(/✗ workerd, which runs the relay, is not installed for \w+ on \w+\.\n\s+Install it: npm ci/);
		await other.close();
	} finally {
		await bare.remove();
	}
});
