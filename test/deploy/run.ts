// Has wrangler build what it would deploy to Cloudflare, without an account: `npm run test:deploy`.
// It brings wrangler and the Node that wrangler needs from npm, some 400 MB, into a folder that it removes. The last line is
// `N passed, N failed`.
// Knows wrangler's options and what it prints; never knows what the relay does.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { buildPackage, buildSite } from '../../widget/build/build.ts';
import { readCommands } from '../support/readme.ts';
import { ROOT } from '../support/sources.ts';
import { readWranglerConfig } from '../support/wrangler-config.ts';

/** The versions that README.md names. */
const [NODE_MAJOR, WRANGLER_MAJOR] = [24, 4];
const MAX_GZIP_KIB = 100;
const CONFIGS = ['relay/wrangler.jsonc', 'dist/relay/wrangler.jsonc'];
const INSTALL_TIMEOUT_MS = 600_000;
const WRANGLER_TIMEOUT_MS = 120_000;

interface Wrangler {
	/** Runs it and returns what it prints. @throws Error with what it printed, if it fails */
	run(...args: string[]): Promise<string>;
}

const folder = mkdtempSync(path.join(tmpdir(), 'live-feed-deploy-'));
let [passed, failed] = [0, 0];
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

let wrangler: Wrangler | undefined;
await check('Node and wrangler can be installed', async () => {
	wrangler = await install();
});
if (wrangler) {
	const { run } = wrangler;
	await check('the relay is built', async () => {
		await buildSite();
		await buildPackage();
	});
	for (const config of CONFIGS) await check(`${config} can be deployed`, () => deploy(config, run));
	for (const command of new Set(readCommands().filter((line) => line.includes('wrangler@'))))
		await check(`README: ${command}`, () => checkCommand(command, run));
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function check(title: string, act: () => Promise<void>): Promise<void> {
	try {
		await act();
		passed++;
		process.stdout.write(`✓ ${title}\n`);
	} catch (error) {
		failed++;
		process.stdout.write(`✗ ${title}\n`);
		const message = error instanceof Error ? error.message : String(error);
		for (const line of message.split('\n')) process.stdout.write(`    ${line}\n`);
		process.stdout.write('    Repeat it: npm run test:deploy\n');
	}
}

/** npm chooses the newest wrangler that its own Node can run, so that Node must be the right one before. */
async function install(): Promise<Wrangler> {
	const system = process.platform === 'win32' ? 'win' : process.platform;
	const node = `node-${system}-${process.arch}`;
	await runNpm(`${node}@${NODE_MAJOR}`, process.env.PATH ?? '');
	const bin = path.join(folder, 'node_modules', node, 'bin');
	const search = `${bin}${path.delimiter}${process.env.PATH}`;
	await runNpm(`wrangler@${WRANGLER_MAJOR}`, search);
	const program = path.join(folder, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
	const env = { ...process.env, PATH: search, HOME: folder, CI: '1', NO_COLOR: '1', WRANGLER_SEND_METRICS: 'false' };
	const run = async (...args: string[]) => {
		const options = { cwd: ROOT, env, timeout: WRANGLER_TIMEOUT_MS, maxBuffer: 1 << 26 };
		return (await execute(path.join(bin, 'node'), [program, ...args], options)).replaceAll('\u00a0', ' ');
	};
	const { stdout } = await promisify(execFile)(path.join(bin, 'node'), ['--version']);
	process.stdout.write(`  wrangler ${(await run('--version')).trim()}, Node ${stdout.trim()}\n`);
	return { run };
}

async function runNpm(wanted: string, search: string): Promise<void> {
	const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
	const options = {
		cwd: folder,
		env: { ...process.env, PATH: search },
		timeout: INSTALL_TIMEOUT_MS,
		shell: process.platform === 'win32',
	};
	await execute('npm', ['install', '--prefix', folder, ...quiet, wanted], options);
}

/** Returns what a program prints. @throws Error with what it printed, if it fails */
async function execute(file: string, args: string[], options: object): Promise<string> {
	try {
		const { stdout, stderr } = await promisify(execFile)(file, args, { ...options, encoding: 'utf8' });
		return stdout + stderr;
	} catch (error) {
		const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
		throw new Error(`${message.split('\n')[0]}\n${stdout}${stderr}`.trim());
	}
}

async function deploy(file: string, run: Wrangler['run']): Promise<void> {
	const outdir = path.join(folder, 'built', file.replaceAll('/', '-'));
	const output = await run('deploy', '--dry-run', '--outdir', outdir, '--config', file);
	const read = (pattern: RegExp) => {
		const found = pattern.exec(output)?.[1];
		if (found === undefined) throw new Error(`Expected ${pattern} in what wrangler prints:\n${output}`);
		return Number(found);
	};
	const files = read(/Read (\d+) files? from the assets directory/);
	const gzip = read(/gzip: ([\d.]+) KiB/);
	const upload = read(/Total Upload: ([\d.]+) KiB/);
	const { durable_objects, assets } = readWranglerConfig(path.join(ROOT, file));
	const wanted = [...durable_objects.bindings.map(({ name }) => name), assets.binding];
	const bound = [...output.matchAll(/^env\.(\w+)/gm)].map(([, name = '']) => name);
	process.stdout.write(`  ${upload} KiB, gzip ${gzip} KiB; ${files} assets; bindings ${bound.join(', ')}\n`);
	const missing = wanted.filter((name) => !bound.includes(name));
	if (missing.length > 0) throw new Error(`Expected the bindings ${missing.join(', ')}:\n${output}`);
	if (gzip >= MAX_GZIP_KIB) throw new Error(`Expected less than ${MAX_GZIP_KIB} KiB gzip, got ${gzip}.`);
	if (files === 0) throw new Error(`Expected assets:\n${output}`);
	const bundle = readFileSync(path.join(outdir, 'cloudflare.js'), 'utf8');
	if (bundle.includes(ROOT)) throw new Error('The bundle names a path of this machine.');
}

/** That wrangler has the command and its options, and the configuration that it names exists. */
async function checkCommand(command: string, run: Wrangler['run']): Promise<void> {
	const [, version = '', rest = ''] = /wrangler@(\d+) (.*)$/.exec(command) ?? [];
	if (Number(version) !== WRANGLER_MAJOR) throw new Error(`Expected wrangler@${WRANGLER_MAJOR}.`);
	const words = rest.split(' ');
	const verb = words[0] === 'secret' || words[0] === 'versions' ? words.slice(0, 2) : words.slice(0, 1);
	const help = await run(...verb, '--help');
	if (!help.includes(`wrangler ${verb.join(' ')}`)) throw new Error(`Expected a command ${verb.join(' ')}:\n${help}`);
	const unknown = words.filter((word) => word.startsWith('--') && !new RegExp(`${word}\\b`).test(help));
	if (unknown.length > 0) throw new Error(`Expected the options ${unknown.join(', ')}:\n${help}`);
	const config = words[words.indexOf('--config') + 1]?.replace(/^node_modules\/live-feed\//, '');
	if (words.includes('--config') && !existsSync(path.join(ROOT, config ?? '')))
		throw new Error(`There is no ${config}.`);
}
