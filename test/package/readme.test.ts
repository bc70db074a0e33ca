import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../support/ports.ts';
import { runCommand } from '../support/process.ts';
import { readCommands } from '../support/readme.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { ROOT } from '../support/sources.ts';

const HAS_README = existsSync(path.join(ROOT, 'README.md'));
const commands = HAS_README ? [...new Set(readCommands())] : [];

let relay: TestRelay;
let stateDir: string;

beforeAll(async () => {
	relay = await startRelay();
	stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-readme-'));
});

afterAll(async () => {
	await relay?.stop();
	await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
});

/** A command of the README → what has to happen when it is typed. The first pattern that matches is used. */
const KNOWN: { pattern: RegExp; run: (command: string) => Promise<void> }[] = [
	{ pattern: /^(npm ci && )?([A-Z_]+=\S+ )*npm (start|run dev)$/, run: runServer },
	{ pattern: /^(npm ci && )?npm test$/, run: runOneTest },
	{ pattern: /^RELAY=\S+ npm run test:relay$/, run: runRelaySuite },
	{ pattern: /^npm run (build|check)$/, run: runScript },
	{ pattern: /^npm (install|i) live-feed$/, run: expectPublishable },
	{ pattern: /^npx partykit (login|deploy --config relay\/partykit\.json)$/, run: expectDeployable },
	{ pattern: /^curl\b.*\bhttp:\/\/localhost:1999\//, run: runAgainstRelay },
	{ pattern: /^npm run demo:\w+( -- .*)?$/, run: runAgainstRelay },
	{ pattern: /\| *curl\b.*\bhttp:\/\/localhost:1999\//, run: runAgainstRelay },
];

describe('every command of the README does what it says', () => {
	test('there is a README with commands', () => {
		expect(HAS_README, 'README.md is missing').toBe(true);
		expect(commands.length).toBeGreaterThan(2);
	});

	test.each(commands)('%s', async (command) => {
		const known = KNOWN.find(({ pattern }) => pattern.test(command));
		expect(known, 'no entry of KNOWN in this test runs it').toBeDefined();
		await known?.run(command);
	});
});

// `npm ci` has run, or this test would not; a fresh clone is what `.ci/run` is for.
async function runServer(command: string): Promise<void> {
	const port = await findFreePort();
	const typed = command.replace('npm ci && ', '').replace(/\b(PORT|LIVE_FEED_STATE)=\S+ /g, '');
	// In a terminal the shell that was typed into survives Ctrl-C; this one steps aside.
	const server = runCommand('sh', ['-c', typed.replace('npm ', 'exec npm ')], {
		PORT: String(port),
		LIVE_FEED_STATE: stateDir,
	});
	await server.waitFor(/Running/);
	expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
	server.signal('SIGINT', true);
	expect(await server.exited).toMatchObject({ code: 0 });
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
	const typed = `${command.replace(/^RELAY=\S+/, `RELAY=${relay.url}`)} -- http`;
	const { code, output } = await runCommand('sh', ['-c', typed]).exited;
	expect(code, output).toBe(0);
}

async function runScript(command: string): Promise<void> {
	const { code, output } = await runCommand('sh', ['-c', command]).exited;
	expect(code, output).toBe(0);
}

// What it installs is packed, installed and imported in exports.test.ts.
async function expectPublishable(): Promise<void> {
	const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { name: string }; // our own
	expect(manifest.name).toBe('live-feed');
}

// An account is needed for the rest. That the configuration is one that PartyKit takes, every relay here shows.
async function expectDeployable(command: string): Promise<void> {
	const partykit = path.join(ROOT, 'node_modules', 'partykit', 'dist', 'bin.mjs');
	const [, , verb = '', option] = command.split(' ');
	const { stdout } = await promisify(execFile)(process.execPath, [partykit, verb, '--help'], {
		env: { ...process.env, NO_UPDATE_NOTIFIER: '1' },
	});
	expect(stdout).toContain(`partykit ${verb}`);
	if (option !== undefined) expect(stdout).toContain(option);
}

// A stream has no end: curl's own "time is up" (28) is its success.
async function runAgainstRelay(command: string): Promise<void> {
	const typed = command
		.replaceAll('http://localhost:1999', relay.url)
		.replace(/\bcurl\b/g, 'curl --fail --show-error --max-time 5');
	const { code, output } = await runCommand('sh', ['-c', typed], { RELAY: relay.url, LIVE_FEED_RELAY: relay.url })
		.exited;
	const isStream = /curl\b.* (-N|--no-buffer)\b/.test(typed);
	expect(isStream ? [0, 28] : [0], output).toContain(code);
	expect(output.trim()).not.toBe('');
}
