import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import {
	checkClock,
	checkEngine,
	checkNode,
	checkPort,
	checkSettings,
	checkStorage,
	judgeClock,
	judgeConnections,
	judgeDisk,
	type Surroundings,
} from '../../relay/cli/surroundings.ts';
import { findFreePort } from '../support/ports.ts';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-check-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function surround(more: Partial<Surroundings> = {}): Surroundings {
	return {
		...{ environment: {}, node: '22.0.0', stateDir: path.join(folder, 'state'), engine: 'workerd' as const },
		versions: manifest.devDependencies,
		...{ install: 'npm install the-engine', command: 'live-feed dev', now: Date.now },
		...more,
	};
}

async function listen(server: net.Server, ask: (port: number) => Promise<void>): Promise<void> {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		await ask((server.address() as AddressInfo).port); // it listens on a port
	} finally {
		await new Promise((resolve) => server.close(resolve));
	}
}

test.each([
	['18.20.4', 'wrong'],
	['20.18.3', 'wrong'],
	['20.19.0', 'ok'],
	['20.20.2', 'ok'],
	['24.11.1', 'ok'],
	['25.0.0', 'warning'],
])('Node %s is %s', (version, standing) => {
	expect(checkNode(version)).toMatchObject({ name: 'Node', standing });
});

describe('the port', () => {
	test('is free', async () => {
		const port = await findFreePort();
		expect(await checkPort(surround({ environment: { PORT: String(port) } }))).toMatchObject({ standing: 'ok' });
	});

	test('is no port, or an address of another machine', async () => {
		expect(await checkPort(surround({ environment: { PORT: '70000' } }))).toMatchObject({
			standing: 'wrong',
			text: 'PORT=70000 is not a port.',
		});
		const environment = { PORT: String(await findFreePort()), HOST: '192.0.2.7' };
		expect(await checkPort(surround({ environment }))).toMatchObject({ standing: 'wrong', text: /no address of this/ });
	});

	test('is taken by a relay, by another server, or by what says nothing in HTTP', async () => {
		const health = http.createServer((_request, response) => response.end(JSON.stringify({ status: 'ok', time: 1 })));
		const page = http.createServer((_request, response) => response.end('<h1>Hello</h1>'));
		const other = net.createServer(
			(socket) =>
				void socket
					.resume()
					.on('error', () => {})
					.end('220 mail\r\n'),
		);
		for (const [server, standing, text] of [
			[health, 'warning', /A live-feed relay answers/],
			[page, 'wrong', /no live-feed relay/],
			[other, 'wrong', /no live-feed relay/],
		] as const) {
			await listen(server, async (port) => {
				const advice = expect.stringContaining(`PORT=${port + 1} live-feed dev`);
				const found = await checkPort(surround({ environment: { PORT: String(port) } }));
				expect(found).toMatchObject({ standing, text: expect.stringMatching(text), advice });
			});
		}
	});
});

describe('storage', () => {
	test('that is not there yet, and one that is, can be written; nothing is left behind', async () => {
		const stateDir = path.join(folder, 'new', 'state');
		expect(await checkStorage(surround({ stateDir }))).toMatchObject({ standing: 'ok', text: /first start/ });
		await mkdir(stateDir, { recursive: true });
		expect(await checkStorage(surround({ stateDir }))).toMatchObject({ standing: 'ok', text: /can be written/ });
		expect(await readdir(stateDir)).toEqual([]);
	});

	test('that another relay has is told with its process, and one that has ended is not', async () => {
		const stateDir = path.join(folder, 'taken');
		await mkdir(stateDir);
		const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
		await writeFile(path.join(stateDir, 'in-use-by'), `${other.pid}\n`);
		expect(await checkStorage(surround({ stateDir }))).toMatchObject({
			standing: 'warning',
			text: expect.stringContaining(`Process ${other.pid}`),
		});
		other.kill();
		await once(other, 'exit');
		expect(await checkStorage(surround({ stateDir }))).toMatchObject({ standing: 'ok' });
	});

	test('that is a file, or not ours to write, is wrong', async () => {
		const file = path.join(folder, 'file');
		await writeFile(file, '');
		expect(await checkStorage(surround({ stateDir: file }))).toMatchObject({ standing: 'wrong', text: /ENOTDIR/ });
		if (process.getuid?.() === 0) return; // root may write everywhere
		const stateDir = path.join(folder, 'locked');
		await mkdir(stateDir);
		await chmod(stateDir, 0o500);
		expect(await checkStorage(surround({ stateDir }))).toMatchObject({ standing: 'wrong', text: /EACCES/ });
	});
});

test('a disk with little room is told, one with none is wrong', () => {
	expect(judgeDisk(50e9, false)).toMatchObject({ standing: 'ok', text: '50.0 GB are free.' });
	expect(judgeDisk(500e6, false)).toMatchObject({ standing: 'warning', text: 'Only 500 MB are free.' });
	expect(judgeDisk(50e6, false)).toMatchObject({ standing: 'wrong' });
	expect(judgeDisk(50e9, true)).toMatchObject({ standing: 'wrong', text: /not one more file/ });
});

test.each([
	['workerd', 'workerd'],
	['partykit', 'PartyKit'],
] as const)('the engine %s is there and runs, or is another version', async (engine, label) => {
	const { [engine]: version } = manifest.devDependencies;
	expect(await checkEngine(surround({ engine }))).toEqual({
		...{ name: 'Engine', standing: 'ok', text: `${label} ${version} runs.` },
	});
	const versions = { ...manifest.devDependencies, [engine]: '9.9.9' };
	expect(await checkEngine(surround({ engine, versions }))).toMatchObject({
		...{ standing: 'wrong', advice: /npm install/ },
		text: `${label} ${version} is installed; the relay was tried with 9.9.9 alone.`,
	});
});

test('a name that is no setting is told, empty ones and those of the command are not', () => {
	const environment = { LIVE_FEED_SECRETT: 'x', LIVE_FEED_TOKEN: 'y', LIVE_FEED_KEYS: '', LIVE_FEED_STATE: '/tmp' };
	expect(checkSettings(surround({ environment }))).toMatchObject({
		standing: 'warning',
		text: 'LIVE_FEED_SECRETT is in the environment, and no setting.',
	});
	const wrong = { LIVE_FEED_KEEP_AGE: 'long', LIVE_FEED_SECRET: 'tooshort' };
	const found = checkSettings(surround({ environment: wrong }));
	expect(found).toMatchObject({
		standing: 'wrong',
		text: /LIVE_FEED_SECRET is a secret of 32.*LIVE_FEED_KEEP_AGE is a span/,
	});
	expect(found.text).not.toContain('tooshort');
	expect(checkSettings(surround({ environment: { LIVE_FEED_SECRET: 'x'.repeat(32) } }))).toMatchObject({
		...{ standing: 'ok', text: '1 is set and right. Asks for tokens; pages of any origin.' },
	});
	expect(checkSettings(surround({ environment: { HOST: '0.0.0.0' } }))).toMatchObject({
		standing: 'warning',
		text: /everyone who reaches/,
	});
});

describe('the clock', () => {
	const now = Date.UTC(2026, 10, 28, 12);

	test('is right, too early, or behind what was stored', () => {
		expect(judgeClock(now, undefined)).toMatchObject({ standing: 'ok', text: '2026-11-28 12:00 UTC.' });
		expect(judgeClock(now, now - 1000)).toMatchObject({ standing: 'ok' });
		expect(judgeClock(0, undefined)).toMatchObject({ standing: 'wrong', text: 'It is not 1970-01-01 00:00 UTC.' });
		expect(judgeClock(now, now + 3_600_000)).toMatchObject({ standing: 'wrong', text: /the clock went back/ });
	});

	test('is compared with the newest file of the storage', async () => {
		const stateDir = path.join(folder, 'future');
		await mkdir(path.join(stateDir, 'party'), { recursive: true });
		const file = path.join(stateDir, 'party', 'log');
		await writeFile(file, '');
		expect(await checkClock(surround({ stateDir }))).toMatchObject({ standing: 'ok' });
		const later = new Date(Date.now() + 3_600_000);
		await utimes(file, later, later);
		expect(await checkClock(surround({ stateDir }))).toMatchObject({ standing: 'wrong' });
	});
});

test('few descriptors leave room for few connections', () => {
	expect(judgeConnections(65_536)).toMatchObject({
		standing: 'ok',
		text: '26,214 at once: a process may have 65,536 files open.',
	});
	const few = judgeConnections(512);
	expect(few).toMatchObject({ standing: 'warning', text: '192 at once: a process may have 512 files open.' });
	expect(few.advice).toContain('LimitNOFILE');
	expect(judgeConnections(undefined).standing).toBe('ok');
});
