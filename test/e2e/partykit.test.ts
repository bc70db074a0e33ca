// What PartyKit's dev server opens to others: each patch of it has a test here that fails without the patch.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Engine, type Program, ROOT } from '../../relay/run/engine.ts';
import { isAlive } from '../../relay/run/engine-process.ts';
import { ask } from '../support/ask.ts';
import { countSockets, listListeners, listTree } from '../support/listening-sockets.ts';
import { findFreePort } from '../support/ports.ts';
import { runCommand } from '../support/process.ts';
import { requestRaw } from '../support/raw-request.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const SECRET = 'the-secret-of-a-relay-on-partykit-in-tests';
const PRELOAD = path.join(ROOT, 'relay', 'run', 'partykit-preload.mjs');
const CONFIG = path.join('relay', 'partykit.json');
const PARTYKIT: Program = { engine: 'partykit', root: ROOT, config: CONFIG };
const UNSUPPORTED = 78;

/** A party that prints a line and fails in a timer, at each request. */
const THROWING = `
	const fail = () => { throw new Error('a timer failed'); };
	export default class Throwing {
		static onFetch(request, { parties }) {
			return request.url.endsWith('/health') ? new Response('{}') : parties.main.get('any').fetch('/any');
		}
		onRequest() {
			console.error(JSON.stringify({ level: 'info', text: 'x'.repeat(10_000) }));
			setTimeout(fail, 1);
			return new Response('');
		}
	}`;
/** Starts a relay as a program of its own, which can be killed. */
const STARTER = `
	import { startEngine } from './relay/run/engine.ts';
	const [port, stateDir, config] = process.argv.slice(1);
	const program = { engine: 'partykit', root: process.cwd(), config };
	const { pid } = await startEngine({ port: Number(port), stateDir, program });
	console.log('started', pid);
	setInterval(() => {}, 1000);`;

const folders: string[] = [];
const relays: TestRelay[] = [];

afterAll(async () => {
	for (const relay of relays) await relay.stop();
	for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

async function createFolder(files: Record<string, string> = {}): Promise<string> {
	const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-partykit-'));
	folders.push(folder);
	for (const [name, text] of Object.entries(files)) {
		await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
		await writeFile(path.join(folder, name), text);
	}
	return folder;
}

/** Writes what PartyKit needs to run a party. */
async function createProgram(party: string, files: Record<string, string> = {}) {
	const config = JSON.stringify({
		name: 'test',
		main: 'party.js',
		serve: 'dist/site',
		compatibilityDate: '2024-07-18',
	});
	const root = await createFolder({ 'relay/party.js': party, [CONFIG]: config, ...files });
	return { engine: 'partykit', root, config: CONFIG } satisfies Program;
}

async function start(options: Parameters<typeof startRelay>[0]): Promise<TestRelay & { engine: Engine }> {
	const relay = await startRelay(options);
	relays.push(relay);
	return relay as TestRelay & { engine: Engine }; // only a relay that exists already has none
}

/** Resolves with whether a WebSocket opens. */
function opens(url: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = new WebSocket(url);
		socket.once('open', () => {
			socket.terminate();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}

/** Sends bytes, a character each, and resolves with what comes back until the other side closes. */
function exchange(port: number, bytes: string): Promise<string> {
	return new Promise((resolve) => {
		let answer = '';
		const socket = net.connect(port, '127.0.0.1', () => socket.end(bytes, 'latin1'));
		socket.setTimeout(5000, () => socket.destroy());
		socket.setEncoding('latin1').on('data', (chunk: string) => {
			answer += chunk;
		});
		socket.on('error', () => {});
		socket.on('close', () => resolve(answer));
	});
}

describe.runIf(process.platform === 'linux')('what a relay listens on', () => {
	it('is one socket of this machine, on the engine that is tested', async () => {
		const { engine } = await start({ vars: {} });
		const { pid, enginePid, port } = engine;
		expect(listListeners(pid)).toEqual([{ address: '127.0.0.1', port, pid: enginePid }]);
	});
});

describe.runIf(process.platform === 'linux')('a relay on PartyKit', () => {
	let relay: TestRelay & { engine: Engine };

	beforeAll(async () => {
		relay = await start({ vars: { LIVE_FEED_SECRET: SECRET }, program: PARTYKIT });
	});

	it('listens on one socket of this machine, and has no debugger', async () => {
		const { pid, enginePid, port } = relay.engine;
		expect(listListeners(pid)).toEqual([{ address: '127.0.0.1', port, pid: enginePid }]);
		for (const path of ['/json', '/json/list', '/json/version'])
			expect((await ask(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
		for (const path of ['/', '/ws', '/core:user:']) expect(await opens(`ws://127.0.0.1:${port}${path}`)).toBe(false);
	});

	it("tells PartyKit's process nothing of requests", async () => {
		for (let n = 0; n < 50; n++) await ask(`${relay.url}/channels/any/events`);
		expect(countSockets(relay.engine.pid)).toBe(0);
	});

	it('goes on at header bytes that are not UTF-8', async () => {
		const path = '/channels/any/events';
		const bytes = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xc3\r\nX: \xff\xc3\r\n\r\n`;
		expect(await exchange(relay.engine.port, bytes)).toMatch(/^HTTP\/1\.1 4/);
		expect((await ask(`${relay.url}/health`)).status).toBe(200);
		expect(isAlive(relay.engine.pid)).toBe(true);
	});

	it('has nothing in front of it that obeys headers of a client', async () => {
		const headers = { 'MF-Original-URL': `${relay.url}/health` };
		expect((await requestRaw(`${relay.url}/none`, headers)).status).toBe(404);
	});

	it('has its secret from where no other user sees it', async () => {
		expect((await ask(`${relay.url}/channels/any/events`)).body.code).toBe('token-needed');
		const tree = listTree(relay.engine.pid);
		const commands = await Promise.all(tree.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1')));
		expect(commands.length).toBeGreaterThan(2);
		expect(commands.filter((command) => command.includes(SECRET))).toEqual([]);
	});

	it('serves a new file of the site, and goes on when files go', async () => {
		const relay = path.join(ROOT, 'relay', 'hosts', 'partykit.ts');
		const party = `export { default } from ${JSON.stringify(relay)};`;
		const program = await createProgram(party, { 'dist/site/index.html': 'first' });
		const { url, engine } = await start({ vars: {}, program });
		const { enginePid } = engine;
		expect((await ask(url)).body).toBe('first');
		const file = path.join(program.root, 'dist', 'site', 'new.txt');
		await writeFile(file, 'second');
		expect((await ask(`${url}/new.txt`)).body).toBe('second');
		await rm(file);
		expect((await ask(`${url}/new.txt`)).status).toBe(404);
		expect(engine.enginePid).toBe(enginePid);
	});

	it('prints uncaught errors, and each line whole', async () => {
		const lines: string[] = [];
		const { url } = await start({ vars: {}, program: await createProgram(THROWING), log: (line) => lines.push(line) });
		for (let n = 0; n < 20; n++) await ask(`${url}/any`);
		// The starter asks once or more too, whether requests are answered.
		const find = (part: string) => lines.filter((line) => line.includes(part));
		await expect.poll(() => find('a timer failed').length).toBeGreaterThanOrEqual(20);
		expect(new Set(find('a timer failed'))).toEqual(new Set(['Uncaught Error: a timer failed']));
		expect(find('xxx').length).toBeGreaterThanOrEqual(20);
		expect(new Set(find('xxx'))).toEqual(new Set([JSON.stringify({ level: 'info', text: 'x'.repeat(10_000) })]));
	});
});

describe.runIf(process.platform === 'linux')('the processes of PartyKit', () => {
	it('are gone when PartyKit is killed', async () => {
		const { engine } = await start({ vars: {}, program: PARTYKIT });
		const tree = listTree(engine.pid);
		expect(tree.length).toBeGreaterThan(2);
		process.kill(engine.pid, 'SIGKILL');
		await engine.exited;
		expect(tree.filter(isAlive)).toEqual([]);
	});

	it('are gone, with the reason, when the engine is killed', async () => {
		const { engine } = await start({ vars: {}, program: PARTYKIT });
		const tree = listTree(engine.pid);
		engine.killEngine();
		expect(await engine.exited).toMatchObject({ expected: false, code: null, signal: 'SIGKILL' });
		await expect.poll(() => tree.filter(isAlive)).toEqual([]);
	});

	it('are gone when their starter is killed', async () => {
		const stateDir = await createFolder();
		const args = [...['--import', 'tsx', '--input-type=module', '--eval', STARTER, '--'], String(await findFreePort())];
		const starter = runCommand(process.execPath, [...args, stateDir, CONFIG]);
		const [, pid] = await starter.waitFor(/started (\d+)/);
		const tree = listTree(Number(pid));
		expect(tree.length).toBeGreaterThan(2);
		starter.signal('SIGKILL');
		await starter.exited;
		await expect.poll(() => tree.filter(isAlive)).toEqual([]);
	});
});

describe('a PartyKit that the patches do not fit', () => {
	/** Runs a program that takes the place of PartyKit's. */
	async function run(partykit: string, miniflare: string) {
		const folder = await createFolder({
			'package.json': JSON.stringify({ name: 'partykit', version: partykit }),
			'dist/bin.mjs': 'console.log("unpatched");',
			'node_modules/miniflare/package.json': JSON.stringify({
				name: 'miniflare',
				version: miniflare,
				main: 'index.js',
			}),
			'node_modules/miniflare/index.js': '',
		});
		const { code, output } = await runCommand(process.execPath, [
			...['--import', PRELOAD, path.join(folder, 'dist', 'bin.mjs'), 'dev'],
		]).exited;
		return { code, output };
	}

	it.each([
		['0.0.116', '3.20240718.0'],
		['0.0.115', '3.20240719.0'],
		['0.0.115', '4.20240718.0'],
	])('of version %s with miniflare %s does not start, and says which is expected', async (partykit, miniflare) => {
		expect(await run(partykit, miniflare)).toEqual({
			code: UNSUPPORTED,
			output: `Expected partykit 0.0.115 with miniflare 3.20240718.x, found ${partykit} with ${miniflare}. Install partykit@0.0.115.\n`,
		});
	});

	it('of another source does not start', async () => {
		const { code, output } = await run('0.0.115', '3.20240718.1');
		expect(code).toBe(UNSUPPORTED);
		expect(output).toMatch(/^Expected one "[^\n]+" in PartyKit 0\.0\.115\.\n$/);
	});
});
