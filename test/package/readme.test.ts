import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Checkout, makeCheckout } from '../support/checkout.ts';
import { findFreePort } from '../support/ports.ts';
import { type RunningCommand, runCommand } from '../support/process.ts';
import { needPrograms } from '../support/program.ts';
import { readCommands, readDemoCommands } from '../support/readme.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { ROOT } from '../support/sources.ts';
import { readWranglerConfig } from '../support/wrangler-config.ts';

const HAS_README = existsSync(path.join(ROOT, 'README.md'));
const commands = HAS_README ? [...new Set([...readCommands(), ...readDemoCommands()])] : [];

let relay: TestRelay;
/** What builds does so here: others look at what is built, and relays would load it anew. */
let checkout: Checkout;
let stateDir: string;

beforeAll(async () => {
	relay = await startRelay();
	checkout = await makeCheckout({ isBuilt: true });
	stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-readme-'));
	// What a filter chooses must be there.
	const plan = JSON.stringify({ type: 'deploy.plan', text: 'Deploy 215', status: 'open' });
	const headers = { 'content-type': 'application/json' };
	await fetch(`${relay.url}/channels/deploys/events`, { method: 'POST', headers, body: plan });
});

afterAll(async () => {
	await relay?.stop();
	await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
	await checkout?.remove();
});

/** A command of README or demo → what has to happen when it is typed. The first pattern that matches is used. */
const KNOWN: { pattern: RegExp; run: (command: string) => Promise<void> }[] = [
	{ pattern: /^(npm ci && )?([A-Z_]+=\S+ )*npm (start|run dev)$/, run: runServer },
	{ pattern: /^(npm ci && )?npm test$/, run: runOneTest },
	{ pattern: /^node --import tsx relay\/run\/start\.ts --built$/, run: runServer },
	{ pattern: /^RELAY=\S+ npm run test:relay$/, run: runRelaySuite },
	{ pattern: /^npm run (build|check|integrity -- \S+)$/, run: runScript },
	{ pattern: /^npm (install|i) live-feed$/, run: expectPublishable },
	{ pattern: /^npx -p live-feed -p workerd@\S+ live-feed dev$/, run: runServer },
	{ pattern: /^npx live-feed (check|doctor\b.*)$/, run: runLook },
	{ pattern: /^npx wrangler@4 /, run: expectDeployable },
	{ pattern: /^(export LIVE_FEED_SECRET=|npx live-feed token )/, run: runWithSecret },
	{ pattern: /\bnpx live-feed (publish|tail|status|settings)\b/, run: runVerb },
	{ pattern: /^curl\b.*\bhttp:\/\/localhost:1999\//, run: runAgainstRelay },
	{ pattern: /^npm run demo:monitor$/, run: runMonitor },
	{ pattern: /^npm run demo:\w+( -- .*)?$/, run: runAgainstRelay },
	{ pattern: /^node demo\/publish-records\.mjs (git|log) ?/, run: runRecords },
	{ pattern: /\| *curl\b.*\bhttp:\/\/localhost:1999\//, run: runAgainstRelay },
	{ pattern: /^(sh|php|python3|\.)[ /]\S*publish\.(sh|php|py) '/, run: runSender },
	{ pattern: /^tail .* -F \S+ \| \S* ?\S*publish\.sh$|^tail -F \S+ \| \S*publish\.sh$/, run: runPipe },
	{ pattern: /^printf 'GET .*' \| nc localhost 1999$/, run: runTyped },
];

test('the program of the README that publishes from a server does so, with the packed entry point', async () => {
	const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
	const program = /^```js\n(import \{ createPublisher \}[\s\S]*?)^```$/m.exec(readme)?.[1] ?? '';
	const typed = `${program.replace('http://localhost:1999', relay.url)}\nconsole.log(JSON.stringify(receipt));`;
	const { code, output } = await runCommand(process.execPath, ['--input-type=module', '-e', typed]).exited;
	expect({ code, output }).toEqual({
		code: 0,
		output: expect.stringMatching(/^\{"id":"\w+:\d+".*"duplicate":false\}\n$/),
	});
});

const programs = HAS_README
	? [
			...readFileSync(path.join(ROOT, 'README.md'), 'utf8').matchAll(
				/^```js\n(import (\S+|\{ serve \}) from[\s\S]*?)^```$/gm,
			),
		]
			.map(([, program = '', first = '']) => ({ first, program }))
			.filter(({ program }) => program.includes("from 'live-feed/publisher'"))
	: [];

test.each(programs)(
	'the program of the README that imports $first tells of requests or queries',
	async ({ program }) => {
		const port = await findFreePort();
		const typed = program.replace('http://localhost:1999', relay.url).replace('3000', String(port));
		const running = runCommand(process.execPath, ['--input-type=module', '-e', typed]);
		const isServer = program.includes('3000');
		const told = isServer
			? { type: 'request', text: /^GET \/orders 200 in [\d.]+ ms$/ }
			: { type: 'query', text: /^[\d.]+ ms: SELECT name FROM orders WHERE id = \?$/ };
		const read = async () => {
			const response = await fetch(`${relay.url}/channels/shop/events?after=0&limit=1000`);
			return ((await response.json()) as { events: { type: string; text: string }[] }).events; // the relay's documented answer
		};
		const before = (await read()).length;
		if (isServer) {
			const ask = () => fetch(`http://localhost:${port}/orders?code=1`).then((response) => response.text(), String);
			await expect.poll(ask).toBe('none');
		} else expect(await running.exited).toMatchObject({ code: 0, output: '' });
		const find = async () =>
			(await read()).slice(before).filter(({ type, text }) => type === told.type && told.text.test(text));
		await expect.poll(async () => (await find()).length).toBe(1);
		running.signal('SIGTERM');
		await running.exited;
	},
);

test('there is one for each framework, and one for a database', () => {
	expect(programs.map(({ first }) => first)).toEqual(['express', '{ serve }', 'fastify', 'sqlite']);
});

describe('every command of README and demo does what it says', () => {
	test('there are both, with commands', () => {
		expect(HAS_README, 'README.md is missing').toBe(true);
		expect(readCommands().length).toBeGreaterThan(2);
		expect(readDemoCommands().length).toBeGreaterThan(6);
	});

	test.each(commands)('%s', async (command) => {
		const known = KNOWN.find(({ pattern }) => pattern.test(command));
		expect(known, 'no entry of KNOWN in this test runs it').toBeDefined();
		await known?.run(command);
	});
});

test('the plugin of the README says what the relay says, and ends as plugins do', async () => {
	const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
	const [, script = ''] = /^```bash\n(line=[\s\S]*?)^```$/m.exec(readme) ?? [];
	const run = (at: string, more = '') =>
		runCommand('sh', ['-c', script.replace('http://localhost:1999', at).replace("1:'", `1:${more}'`)]).exited;
	await waitUntilServed();
	expect(await run(relay.url)).toMatchObject({ code: 0, output: expect.stringMatching(/^LIVE-FEED OK - .* \| /) });
	expect(await run(relay.url, '&warning.requests=0')).toMatchObject({ code: 1 });
	expect(await run(relay.url, '&critical.requests=0')).toMatchObject({ code: 2 });
	const nobody = `http://127.0.0.1:${await findFreePort()}`;
	expect(await run(nobody)).toMatchObject({ code: 3, output: 'LIVE-FEED UNKNOWN - no answer\n' });
});

/** What was typed once with another port or state need not be started again. */
const served = new Map<string, Promise<void>>();

// `npm ci` has run, or this test would not; a fresh clone is what `.ci/run` is for.
async function runServer(command: string): Promise<void> {
	const typed = command.replace('npm ci && ', '').replace(/\b(PORT|LIVE_FEED_STATE)=\S+ /g, '');
	const serving = served.get(typed) ?? serve(typed);
	served.set(typed, serving);
	await serving;
}

async function serve(typed: string): Promise<void> {
	const port = await findFreePort();
	// In a terminal the shell that was typed into survives Ctrl-C; this one steps aside.
	const env = { PORT: String(port), LIVE_FEED_STATE: stateDir };
	const command = typed.replace(/^npx (-p \S+ )*live-feed/, findCommand());
	const server = runCommand('sh', ['-c', `exec ${command}`], env, { cwd: checkout.root });
	await server.waitFor(/Running/);
	expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
	server.signal('SIGINT', true);
	expect(await server.exited).toMatchObject({ code: 0 });
}

/** What `npx live-feed` runs, in the copy: it serves what is built there. */
function findCommand(): string {
	return `"${process.execPath}" "${path.join(checkout.root, 'dist', 'cli.js')}"`;
}

async function runLook(command: string): Promise<void> {
	await waitUntilServed();
	const typed = command.replace('npx live-feed', findCommand()).replace('http://localhost:1999', relay.url);
	const env = { PORT: String(await findFreePort()) };
	const { code, output } = await runCommand('sh', ['-c', `cd "${stateDir}" && ${typed}`], env).exited;
	expect(code, output).toBe(0);
	expect(output).toMatch(/Nothing is wrong|"ok": true/);
}

// Two servers by one command: both answer, the one asks the other for a token, and Ctrl-C ends both.
async function runMonitor(command: string): Promise<void> {
	const ports = { PORT: String(await findFreePort()), RELAY_PORT: String(await findFreePort()) };
	// The package is built already; the relay builds its site anew in any case.
	const typed = command.replace('npm ', 'exec npm --ignore-scripts ');
	const env = { ...ports, LIVE_FEED_STATE: `${stateDir}/monitor` };
	const servers = runCommand('sh', ['-c', typed], env, { cwd: checkout.root });
	const [, library = '', url = ''] = await servers.waitFor(/The library: (http:\S+)[\s\S]*It is seen at (\S+):/);
	const form = { method: 'POST', body: new URLSearchParams({ person: 'ada' }), redirect: 'manual' } as const;
	const cookie = (await fetch(`${library}/sign-in`, form)).headers.get('set-cookie')?.split(';')[0] ?? '';
	expect((await fetch(library + url)).status).toBe(200);
	const { token } = (await (await fetch(`${library}/token`, { headers: { cookie } })).json()) as { token: string }; // our own
	const events = `http://localhost:${ports.RELAY_PORT}/channels/monitor/events`;
	expect((await fetch(events)).status).toBe(401);
	expect((await fetch(events, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
	servers.signal('SIGINT', true);
	expect(await servers.exited).toMatchObject({ code: 0 });
	await expect(fetch(library)).rejects.toThrow();
	await expect(fetch(events)).rejects.toThrow();
}

// All of them would run this one again, for ever.
async function runOneTest(command: string): Promise<void> {
	const typed = `${command.replace('npm ci && ', '')} -- unit minify-templates`;
	const { code, output } = await runCommand('sh', ['-c', typed]).exited;
	expect(code).toBe(0);
	expect(output.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, 0 failed$/);
}

async function runRelaySuite(command: string): Promise<void> {
	// One file of it: all of it is run on its own, and takes a minute.
	await waitUntilServed();
	const typed = `${command.replace(/^RELAY=\S+/, `RELAY=${relay.url}`)} -- examples`;
	const { code, output } = await runCommand('sh', ['-c', typed]).exited;
	expect(code, output).toBe(0);
}

async function runScript(command: string): Promise<void> {
	const { code, output } = await runCommand('sh', ['-c', command], {}, { cwd: checkout.root }).exited;
	expect(code, output).toBe(0);
}

// What it installs is packed, installed and imported in exports.test.ts.
async function expectPublishable(): Promise<void> {
	const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { name: string }; // our own
	expect(manifest.name).toBe('live-feed');
}

// The rest needs an account, and wrangler, which `npm run test:deploy` installs.
async function expectDeployable(command: string): Promise<void> {
	expect(command).toMatch(
		/^npx wrangler@4 (login$|secret put LIVE_FEED_SECRET --config |deploy --config |tail --config )/,
	);
	const [, config] = / --config (\S+)/.exec(command) ?? [];
	if (config === undefined) return;
	const file = path.join(ROOT, config.replace(/^node_modules\/live-feed\//, ''));
	expect(readWranglerConfig(file).name).toBe('live-feed');
}

// Each is typed into a shell of its own: what the lines before it have made is there by then.
async function runWithSecret(command: string): Promise<void> {
	const cli = `"${process.execPath}" "${path.join(ROOT, 'dist', 'cli.js')}"`;
	const sign = `${cli} token --subject ci --channels deploys --can publish --for 90d`;
	const typed = [`cd "${stateDir}"`, `${sign} > ci-token.txt`, command.replace('npx live-feed', cli)];
	if (command.startsWith('export')) typed.push(sign); // a secret that is good for something
	if (command.includes(' > ')) typed.push('cat ci-token.txt');
	const { code, output } = await runCommand(
		'sh',
		['-c', typed.join(' && ')],
		{ LIVE_FEED_SECRET: 'x'.repeat(32) },
		{ isToken: true },
	).exited;
	expect(code, output).toBe(0);
	expect(output).toMatch(/explain|--help/.test(command) ? /Who|Usage/ : /^[\w.-]{80,}\n$/);
}

// What goes on until Ctrl-C is ended so, once it has said where it is.
async function runVerb(command: string): Promise<void> {
	await waitUntilServed();
	const cli = `"${process.execPath}" "${path.join(ROOT, 'dist', 'cli.js')}"`;
	const isEndless = /--follow|\btail (?!.*--until-idle)/.test(command);
	const typed = command.replace('npx live-feed', isEndless ? `exec ${cli}` : cli);
	const running = runCommand('sh', ['-c', typed], { LIVE_FEED_RELAY: relay.url });
	if (isEndless) {
		await running.waitFor(/live-feed: .*(connected|follows|waited for)/);
		running.signal('SIGINT');
	}
	const { code, signal, output } = await running.exited;
	const isKilled = isEndless && command.includes(' tail ');
	expect({ code, signal }, output).toEqual(isKilled ? { code: null, signal: 'SIGINT' } : { code: 0, signal: null });
	expect(output).toMatch(/published|connected|Running|LIVE_FEED_SECRET|Usage/);
}

// A relay that loads its source anew answers nobody meanwhile.
async function waitUntilServed(): Promise<void> {
	await expect.poll(() => fetch(`${relay.url}/health`).then(({ status }) => status, String)).toBe(200);
}

async function runAgainstRelay(command: string): Promise<void> {
	await waitUntilServed();
	const typed = command
		.replaceAll('http://localhost:1999', relay.url)
		.replace(/\bcurl\b/g, 'curl --fail --show-error --max-time 5');
	const isStream = /curl\b.* (-N|--no-buffer)\b/.test(typed);
	const running = runCommand('sh', ['-c', isStream ? `exec ${typed}` : typed], {
		...{ RELAY: relay.url, LIVE_FEED_RELAY: relay.url },
	});
	// A stream has no end: it is ended as a reader does who has seen enough.
	if (isStream) {
		await running.waitFor(/\S/);
		running.signal('SIGINT');
	}
	const { code, signal, output } = await running.exited;
	expect({ code, signal }, output).toEqual(isStream ? { code: null, signal: 'SIGINT' } : { code: 0, signal: null });
	expect(output.trim()).not.toBe('');
}

// Of a log, a few lines in place of the machine's own; what a machine without git's folder is told, its own test says.
async function runRecords(command: string): Promise<void> {
	const log = path.join(stateDir, 'dpkg.log');
	await writeFile(log, '2026-11-20 14:02:03 install curl:amd64 <none> 7.88.1\n');
	await waitUntilServed();
	const typed = command.replace('/var/log/dpkg.log', log).replace('http://localhost:1999', relay.url);
	const { code, output } = await runCommand('sh', ['-c', typed], { LIVE_FEED_RELAY: relay.url }).exited;
	const isThere = command.includes(' log ') || existsSync(path.join(ROOT, '.git'));
	expect(code, output).toBe(isThere ? 0 : 2);
}

const SENDERS = path.join(ROOT, 'demo', 'senders');

/** In the repository, or in the folder of the senders where they are called by their names alone. */
function runPublishing(typed: string): RunningCommand {
	const cwd = typed.includes('demo/senders/') ? ROOT : SENDERS;
	return runCommand('sh', ['-c', typed], { LIVE_FEED_RELAY: relay.url }, { cwd });
}

/** What was published since a position, and the position then. */
async function readSince(position = ''): Promise<{ texts: string[]; next: string }> {
	const query = position === '' ? '?limit=0' : `?after=${position}`;
	const { events, next } = await (await fetch(`${relay.url}/channels/deploys/events${query}`)).json();
	return { texts: events.map(({ text }: { text: string }) => text), next };
}

async function runSender(command: string): Promise<void> {
	needPrograms(command.startsWith('php') ? 'php' : command.startsWith('python3') ? 'python3' : 'curl');
	await waitUntilServed();
	const { next } = await readSince();
	expect(await runPublishing(command).exited).toMatchObject({ code: 0, output: '' });
	expect((await readSince(next)).texts).toEqual(['deploy 214 finished']);
}

// A log that grows, in place of the machine's own.
async function runPipe(command: string): Promise<void> {
	await waitUntilServed();
	const { next } = await readSince();
	const log = path.join(stateDir, 'grows.log');
	await writeFile(log, 'was there\n');
	const running = runPublishing(command.replace(/-F \S+/, `-F ${log}`));
	await expect.poll(async () => (await readSince(next)).texts).toEqual(['was there']);
	await appendFile(log, 'came\n');
	await expect.poll(async () => (await readSince(next)).texts).toEqual(['was there', 'came']);
	running.signal('SIGTERM', true);
	await running.exited;
}

async function runTyped(command: string): Promise<void> {
	needPrograms('nc');
	await waitUntilServed();
	const running = runCommand('sh', ['-c', command.replace('1999', new URL(relay.url).port)]);
	await running.waitFor(/^HTTP\/1\.[01] 200 OK\r\n[\s\S]*\r\n\r\n\d{4}-[^\n]* \[\w+:\d+\]\n/);
	running.signal('SIGTERM', true);
	await running.exited;
}
