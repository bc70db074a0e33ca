import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../support/ports.ts';
import { findByCommandLine, findProcesses, type RunningCommand, runCommand } from '../support/process.ts';
import { ROOT } from '../support/sources.ts';

const run = promisify(execFile);
const MARK = 'LIVE_FEED_TEST';
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

interface Manifest {
	name: string;
	devDependencies: Record<string, string>;
	version: string;
	bin: Record<string, string>;
	exports: Record<string, string | Record<string, string>>;
}

let folder: string;
let installed: string;
/** What is in the archive. */
let files: string[];
let manifest: Manifest;

// The packed archive, installed by npm in an empty folder.
beforeAll(async () => {
	// By its real name, as a program is told its own.
	folder = await realpath(await mkdtemp(path.join(tmpdir(), 'live-feed-package-')));
	const shell = process.platform === 'win32';
	const { stdout } = await run(NPM, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
		...{ cwd: ROOT, shell },
	});
	const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]; // npm's documented output
	files = packed?.files.map((file) => file.path) ?? [];
	await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
	const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
	await run(NPM, ['install', ...quick, `./${packed?.filename}`], { cwd: folder, shell });
	installed = path.join(folder, 'node_modules', 'live-feed');
	manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8')) as Manifest; // our own file
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

const specifierOf = (key: string) => `live-feed${key.slice(1)}`;

/** The files of the package that a line of the map names, of which one part may be a star. */
async function find(target: string): Promise<string[]> {
	if (!target.includes('*')) return existsSync(path.join(installed, target)) ? [target] : [];
	const [before = '', after = ''] = target.split('*');
	const names = await readdir(path.join(installed, before));
	return names.filter((name) => name.endsWith(after));
}

test('every line of the exports map names a file that is in the package', async () => {
	const targets = Object.values(manifest.exports).flatMap((entry) =>
		typeof entry === 'string' ? [entry] : Object.values(entry),
	);
	const files = await Promise.all(targets.map(find));
	expect(targets.filter((_target, i) => files[i]?.length === 0)).toEqual([]);
	expect(targets.length).toBeGreaterThan(6);
});

test('every entry can be imported in Node without throwing, and exports something', async () => {
	// ./live-feed.js is the script for pages, with the browser's half of its libraries in it.
	const keys = Object.keys(manifest.exports).filter((key) => !/\.(js|json|css)$/.test(key));
	const code = `
		for (const name of ${JSON.stringify(keys.map(specifierOf))}) {
			const module = await import(name);
			if (Object.keys(module).length === 0) throw new Error(name + ' exports nothing');
			console.log(name, Object.keys(module).join(' '));
		}`;
	const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
	expect(stdout.trim().split('\n')).toHaveLength(keys.length);
});

test('importing ./element defines nothing; importing the package defines the element once', async () => {
	const code = `
		const defined = [];
		globalThis.HTMLElement ??= class {};
		globalThis.customElements = { define: (name) => defined.push(name), get: (name) => defined.includes(name) ? class {} : undefined };
		await import('live-feed/element');
		console.log(JSON.stringify(defined));
		await import('live-feed');
		console.log(JSON.stringify(defined));`;
	const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
	expect(stdout.trim().split('\n')).toEqual(['[]', '["live-feed"]']);
});

test.each(['nodenext', 'bundler'])('the types of every entry are found and hold up (%s)', async (resolution) => {
	const entries = Object.keys(manifest.exports).filter((key) => !/\.(js|json|css)$/.test(key));
	const lines = entries.map((key, index) => `import * as entry${index} from '${specifierOf(key)}';`);
	const uses = entries.map((_key, index) => `export const keys${index}: (keyof typeof entry${index})[] = [];`);
	await writeFile(path.join(folder, `${resolution}.ts`), [...lines, ...uses].join('\n'));
	const options = {
		...{ target: 'ES2022', module: resolution === 'bundler' ? 'ESNext' : 'NodeNext', moduleResolution: resolution },
		...{ strict: true, noEmit: true, types: [], lib: ['ES2023', 'DOM', 'DOM.Iterable'] },
	};
	const config = path.join(folder, `tsconfig.${resolution}.json`);
	await writeFile(config, JSON.stringify({ compilerOptions: options, files: [`${resolution}.ts`] }));
	const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
	const result = await run(process.execPath, [compiler, '-p', config]).then(
		() => '',
		(error: { stdout: string }) => error.stdout,
	);
	// The package's own faults; a dependency's types are its own business.
	expect(
		result.split('\n').filter((line) => line.includes('error') && !/node_modules\/(?!live-feed)/.test(line)),
	).toEqual([]);
});

test('the package carries no test, no source and no path of the machine it was built on', async () => {
	expect(files.filter((file) => !/^(dist\/|README\.md$|LICENSE$|CHANGELOG\.md$|package\.json$)/.test(file))).toEqual(
		[],
	);
	for (const file of files.filter((name) => /\.(js|mjs|json)$/.test(name))) {
		expect(await readFile(path.join(ROOT, file), 'utf8')).not.toContain(ROOT);
	}
});

test('the command runs with nothing beside it, and carries the licences of what is in it', async () => {
	const command = path.join(installed, manifest.bin['live-feed'] ?? '');
	expect((await run(process.execPath, [command, '--version'], { cwd: folder })).stdout).toBe(`${manifest.version}\n`);
	const code = await readFile(command, 'utf8');
	expect(code.startsWith('#!/usr/bin/env node\n')).toBe(true);
	const imported = [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, name = '']) => name);
	expect(imported.filter((name) => !name.startsWith('node:'))).toEqual([]);
	for (const name of ['commander', 'jose', 'ws']) expect(code).toContain(`Contains ${name}:`);
});

test('an install brings the panel alone: a few megabytes, and no engine', async () => {
	const modules = path.join(folder, 'node_modules');
	for (const engine of ['workerd', 'partykit']) expect(existsSync(path.join(modules, engine)), engine).toBe(false);
	const entries = await readdir(modules, { recursive: true, withFileTypes: true });
	const sizes = await Promise.all(
		entries
			.filter((entry) => entry.isFile())
			.map(async ({ parentPath, name }) => (await stat(path.join(parentPath, name))).size),
	);
	expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(10e6);
});

test('README names the engines in the versions that the relay is tested with', async () => {
	const named = [...(await readFile(path.join(ROOT, 'README.md'), 'utf8')).matchAll(/\b(workerd|partykit)@([\d.]+)/g)];
	expect(named.length).toBeGreaterThan(2);
	for (const [, name = '', version] of named) expect(version, name).toBe(manifest.devDependencies[name]);
});

describe('live-feed dev', () => {
	const isLinux = process.platform === 'linux';
	const mark = randomUUID();
	const started: RunningCommand[] = [];
	let port: number;

	/** `npx` finds the command itself; what it does is the same, and quicker, without. */
	const start = (isDirect = false) => {
		const env = { PORT: String(port), [MARK]: mark };
		const [file, ...args] = isDirect ? [findCommand()] : ['npx', 'live-feed'];
		const command = runCommand(file as string, [...args, 'dev'], env, { cwd: folder });
		started.push(command);
		return command;
	};
	const findCommand = () => path.join(folder, 'node_modules', '.bin', 'live-feed');
	/** The engine has no variables but its own; its command line names the folder of its state. */
	const findAll = () => (isLinux ? [...findProcesses(MARK, mark), ...findByCommandLine(`${folder}/.live-feed`)] : []);

	/** By Ctrl-C, which goes to all that a terminal has started. */
	async function expectEnd(command: RunningCommand): Promise<void> {
		command.signal('SIGINT', true);
		await command.exited;
		await expect.poll(findAll).toEqual([]);
		await expect(fetch(`http://localhost:${port}/health`)).rejects.toThrow();
	}

	async function read(): Promise<{ text: string; seq: number }[]> {
		const response = await fetch(`http://localhost:${port}/channels/deploys/events`);
		return ((await response.json()) as { events: { text: string; seq: number }[] }).events;
	}

	beforeAll(async () => {
		port = await findFreePort();
	});
	afterAll(() => {
		for (const command of started) command.signal('SIGKILL', true);
	});

	test('without an engine it names the command that installs it; so does check', async () => {
		const wanted = `workerd@${manifest.devDependencies.workerd}`;
		expect(await start().exited).toMatchObject({
			code: 2,
			output: expect.stringContaining(`Install it: npm install ${wanted}`),
		});
		const check = await runCommand(findCommand(), ['check', '--json'], { PORT: String(port) }, { cwd: folder }).exited;
		expect(check.code, check.output).toBe(1);
		const { findings } = JSON.parse(check.output) as {
			findings: { name: string; standing: string; advice?: string }[];
		}; // its documented output
		expect(findings.filter(({ standing }) => standing === 'wrong')).toEqual([
			expect.objectContaining({ name: 'Engine', advice: expect.stringContaining(wanted) }),
		]);
	});

	test('with it, relay, demo and script run from the package; Ctrl-C ends all, and a second start has what was published', async () => {
		await symlink(path.join(ROOT, 'node_modules', 'workerd'), path.join(folder, 'node_modules', 'workerd'), 'junction');
		const before = await readdir(installed);
		const first = start();
		await first.waitFor(/Ctrl-C stops it/);
		expect(first.output).toContain(`Demo     http://localhost:${port}/\n`);
		expect(first.output).toMatch(/State {4}\.live-feed\n/);
		for (const [address, form] of Object.entries({ health: 'json', '': 'html', 'live-feed.js': 'javascript' })) {
			const response = await fetch(`http://localhost:${port}/${address}`);
			expect(response.status, address).toBe(200);
			expect(response.headers.get('content-type')).toContain(form);
		}
		const [, curl = ''] = await first.waitFor(/(curl .*)\/channels\/demo\/events\n/);
		const typed = `${curl}/channels/deploys/events --silent --show-error --fail`;
		expect((await runCommand('sh', ['-c', typed]).exited).output).toContain('"seq":1');
		expect(await read()).toEqual([expect.objectContaining({ text: 'Hello from the terminal', seq: 1 })]);
		// A reader who has left is no trouble of whoever runs the relay, and not told as one.
		const doctor = ['doctor', `http://localhost:${port}`, '--events', '20'];
		const { code, output } = await runCommand(findCommand(), doctor, {}, { cwd: folder }).exited;
		expect(code, output).toBe(0);
		await expectEnd(first);
		expect(first.output).not.toMatch(/workerd|stack:|Uncaught/);

		const second = start(true);
		await second.waitFor(/Ctrl-C stops it/);
		expect(await read()).toEqual([expect.objectContaining({ text: 'Hello from the terminal', seq: 1 })]);
		await expectEnd(second);
		// What it keeps is where it was started, and nothing of it in the package.
		expect(await readdir(folder)).toContain('.live-feed');
		expect(await readdir(installed)).toEqual(before);
	});
});

test('the themes and the manifest are found where a bundler looks for them', async () => {
	const code = `
		const names = ['themes/contrast.css', 'themes/terminal.css', 'themes/newsroom.css', 'custom-elements.json'];
		for (const name of names) console.log(import.meta.resolve('live-feed/' + name));`;
	const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
	expect(
		stdout
			.trim()
			.split('\n')
			.filter((address) => !existsSync(new URL(address))),
	).toEqual([]);
});
