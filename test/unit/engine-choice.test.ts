import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { adviseAddress, adviseEngine } from '../../relay/run/advice.ts';
import { chooseEngine, EngineError, readStartTimeout } from '../../relay/run/engine.ts';
import { checkAddress, formatBase, isLoopback, resolveHost } from '../../relay/run/port.ts';
import { findWorkerd } from '../../relay/run/workerd-engine.ts';
import { findFreePort } from '../support/ports.ts';

afterEach(() => vi.unstubAllEnvs());

test('the engine is workerd unless LIVE_FEED_ENGINE names the other one', () => {
	for (const [given, expected] of [
		['', 'workerd'],
		['workerd', 'workerd'],
		['partykit', 'partykit'],
	] as const) {
		vi.stubEnv('LIVE_FEED_ENGINE', given);
		expect(chooseEngine()).toBe(expected);
	}
	vi.stubEnv('LIVE_FEED_ENGINE', 'nonsense');
	expect(chooseEngine).toThrow('LIVE_FEED_ENGINE is workerd or partykit, not nonsense.');
});

test('LIVE_FEED_START_TIMEOUT is seconds, 120 unless set', () => {
	vi.stubEnv('LIVE_FEED_START_TIMEOUT', '');
	expect(readStartTimeout()).toBe(120_000);
	vi.stubEnv('LIVE_FEED_START_TIMEOUT', '7');
	expect(readStartTimeout()).toBe(7000);
	for (const wrong of ['soon', '0', '-1', '1e9', '5s']) {
		vi.stubEnv('LIVE_FEED_START_TIMEOUT', wrong);
		expect(readStartTimeout, wrong).toThrow(`a number of seconds from 1 to 86400, not ${wrong}.`);
	}
});

describe('a binary of workerd', () => {
	const find = (load: () => string) => {
		try {
			return findWorkerd(load);
		} catch (error) {
			return error as EngineError;
		}
	};
	const fail = (message: string) => () => {
		throw new Error(message);
	};
	const attempt = {
		...{ command: 'npm start', engine: 'workerd' as const, port: 1999, stateDir: '/tmp' },
		install: () => 'npm ci',
	};

	test('is there', () => {
		expect(find(() => process.execPath)).toBe(process.execPath);
	});

	test('is missing: the package, or the part of it for this machine', () => {
		for (const message of [
			"Cannot find module 'workerd'",
			'You installed workerd on another platform than this one.',
		]) {
			const error = find(fail(message));
			expect(error).toMatchObject({
				reason: 'not-installed',
				message: expect.stringContaining('is not installed for'),
			});
			expect(adviseEngine(error, attempt)).toBe('Install it: npm ci');
		}
	});

	test('does not exist for this processor', () => {
		const error = find(fail('Unsupported platform: linux riscv64 LE'));
		expect(error).toMatchObject({ reason: 'unsupported', message: expect.stringContaining('has no binary for') });
		expect(adviseEngine(error, attempt)).toContain('LIVE_FEED_ENGINE=partykit npm start');
	});

	test('is a file that cannot be run', async () => {
		const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-binary-'));
		const file = path.join(folder, 'workerd');
		await writeFile(file, '', { mode: 0o644 });
		for (const one of [file, `${file}-gone`])
			expect(find(() => one)).toMatchObject({ reason: 'not-installed', message: expect.stringContaining(one) });
		await rm(folder, { recursive: true });
	});

	test('that died is told with its own last words', () => {
		const died = new EngineError('died', 'The engine ended before it answered (exit code 1).', 'GLIBC_2.35 not found');
		expect(adviseEngine(died, attempt)).toMatch(/live-feed check[\s\S]*GLIBC_2\.35 not found$/);
	});
});

describe('an address', () => {
	test('is the first one of a name, IPv4 before IPv6', async () => {
		expect(await resolveHost('192.0.2.7')).toBe('192.0.2.7');
		expect(await resolveHost('::1')).toBe('::1');
		expect(await resolveHost('localhost')).toMatch(/^(127\.0\.0\.1|::1)$/);
		expect(await resolveHost('nonsense.invalid')).toBeUndefined();
	});

	test('is one of this machine and free, taken, or another machine’s', async () => {
		const port = await findFreePort();
		const own = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
		for (const { address } of own.filter((one) => !one.address.startsWith('fe80')))
			expect(await checkAddress(port, address), address).toBeUndefined();
		expect(await checkAddress(port, '203.0.113.9')).toBe('no-host');
	});

	test.each([
		['127.0.0.1', 'http://localhost:80', true],
		['localhost', 'http://localhost:80', true],
		['0.0.0.0', 'http://localhost:80', false],
		['::', 'http://localhost:80', false],
		['::1', 'http://[::1]:80', true],
		['127.0.0.5', 'http://127.0.0.5:80', true],
		['192.0.2.7', 'http://192.0.2.7:80', false],
		['feed.example.org', 'http://feed.example.org:80', false],
	])('%s is reached at %s', (host, base, isLocal) => {
		expect(formatBase(host, 80)).toBe(base);
		expect(isLoopback(host)).toBe(isLocal);
	});

	test('gets advice with a command that works', () => {
		expect(adviseAddress('port-busy', { command: 'npm start', port: 65_535 })).toContain('PORT=1999 npm start');
		expect(adviseAddress('forbidden', { command: 'npm start', port: 80 })).toContain('PORT=1999 npm start');
		expect(adviseAddress('no-host', { command: 'npm start', port: 80 })).toContain('HOST=127.0.0.1 npm start');
	});
});
