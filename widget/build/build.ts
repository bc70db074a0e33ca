// Builds what browsers and packages get: `site` the script and the demo that a relay serves, `package` the npm entry points with their types, the
// command, and the relay that it starts.
// Knows the order of the steps; never knows what a step builds.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'libdeflate';
import { build, loadConfigFromFile, type Rollup, type UserConfig } from 'vite';
import { writeManifest } from './manifest.ts';
import { INTEGRITY_FILE, type Integrity, pinScript } from './pin-script.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SITE = path.join(ROOT, 'dist', 'site');
const SCRIPTS = path.join(SITE, 'script');

/** The drop-in script, the themes and the demo, in dist/site. */
export async function buildSite(): Promise<void> {
	const built = await build(await readConfig('site'));
	const written = ([built].flat() as Rollup.RollupOutput[]) // no watcher: nothing in the configuration asks for one
		.flatMap(({ output }) => output.map(({ fileName }) => path.normalize(fileName)));
	const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }; // our own
	await finishScript([...written, ...(await pinScript(SCRIPTS, written, version))]);
	await copyThemes(path.join(SITE, 'live-feed', 'themes'));
	await copyDemo();
}

/** The themes, as they are. */
async function copyThemes(to: string): Promise<void> {
	await copyFolder(path.join(ROOT, 'widget', 'themes'), to);
}

/** Compresses what was written, and removes what was not. */
async function finishScript(written: readonly string[]): Promise<void> {
	for (const file of written) {
		const script = path.join(SCRIPTS, file);
		// Better than a server does in passing: some 3 % of the budget.
		await writeFile(`${script}.gz`, gzip(new Uint8Array(await readFile(script)), 12));
	}
	await removeOthers(SCRIPTS, [...written, ...written.map((file) => `${file}.gz`), INTEGRITY_FILE].map(path.normalize));
}

// Parts of the script carry a hash in their names; those of earlier builds would pile up, and be published.
async function removeOthers(directory: string, kept: string[]): Promise<void> {
	for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
		const file = path.join(entry.parentPath, entry.name);
		if (entry.isFile() && !kept.includes(path.relative(directory, file))) await rm(file, { force: true });
		// Only those that are empty go.
		if (entry.isDirectory()) await rmdir(file).catch(() => {});
	}
}

/** The demo's pages, as they are; without the server in it, which has pages of its own. */
export async function copyDemo(): Promise<void> {
	await copyFolder(path.join(ROOT, 'demo'), SITE, 'monitor');
}

/** Each file is written over: `cp` removes it first, and who lists the folder meanwhile finds it gone. */
async function copyFolder(from: string, to: string, left?: string): Promise<void> {
	await mkdir(to, { recursive: true });
	for (const entry of await readdir(from, { withFileTypes: true })) {
		const [source, copy] = [path.join(from, entry.name), path.join(to, entry.name)];
		if (entry.isFile()) await copyFile(source, copy);
		else if (entry.name !== left) await copyFolder(source, copy);
	}
}

/** Builds the script now and at every save, until `close()`. `onBuilt` gets an error, or nothing when it went well. */
export async function watchSite(onBuilt: (error?: Error) => void): Promise<{ close(): Promise<void> }> {
	const config = await readConfig('site');
	const watcher = await build({ ...config, build: { ...config.build, watch: {} } });
	if (!('on' in watcher)) throw new Error('Expected a watcher: the configuration asks for one.');
	(watcher as Rollup.RollupWatcher).on('event', (event) => {
		if (event.code === 'BUNDLE_END')
			listScripts()
				.then(finishScript)
				.then(() => onBuilt(), onBuilt);
		if (event.code === 'ERROR') onBuilt(event.error);
	});
	return { close: async () => watcher.close() };
}

async function listScripts(): Promise<string[]> {
	const files = await readdir(SCRIPTS, { recursive: true });
	// While it is being worked on, nothing of it is pinned.
	return files.filter((file) => file.endsWith('.js') && !file.includes('@'));
}

/** The npm package's entry points, its command, the relay, their types, the manifest and the themes, in dist. */
export async function buildPackage(): Promise<void> {
	for (const stale of ['relay', 'shared', 'themes', 'types']) {
		await rm(path.join(ROOT, 'dist', stale), { recursive: true, force: true });
	}
	await build(await readConfig('package'));
	await build(await readConfig('command'));
	await buildRelay();
	await writeManifest(path.join(ROOT, 'dist'));
	await copyThemes(path.join(ROOT, 'dist', 'themes'));
	const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
	try {
		await promisify(execFile)(process.execPath, [compiler, '-p', 'widget/tsconfig.types.json'], { cwd: ROOT });
	} catch (error) {
		const { stdout } = error as { stdout?: string }; // execFile puts what was printed on its error
		throw new Error(`The types could not be built.\n${stdout ?? String(error)}`);
	}
}

/** The relay for workerd, in one file. */
export async function buildObjects(): Promise<void> {
	await build(await readConfig('cloudflare'));
}

/** The relay in one file with its configuration, and what the command loads into PartyKit's process: so that it starts without this repository. */
async function buildRelay(): Promise<void> {
	await buildObjects();
	await build(await readConfig('partykit'));
	const { $schema, ...config } = JSON.parse(await readFile(path.join(ROOT, 'relay', 'partykit.json'), 'utf8')); // our own
	const packed = { ...config, main: 'server.js' };
	await writeFile(path.join(ROOT, 'dist', 'relay', 'partykit.json'), `${JSON.stringify(packed, null, '\t')}\n`);
	for (const file of ['partykit-preload.mjs', 'partykit-patches.mjs'])
		await copyFile(path.join(ROOT, 'relay', 'run', file), path.join(ROOT, 'dist', file));
	await copyWranglerConfig();
}

/** The configuration for Cloudflare with its comments, for what is built. */
async function copyWranglerConfig(): Promise<void> {
	const paths = {
		'hosts/cloudflare.ts': 'cloudflare.js',
		'../dist/site': '../site',
		'relay/wrangler.jsonc': 'node_modules/live-feed/dist/relay/wrangler.jsonc',
	};
	let text = await readFile(path.join(ROOT, 'relay', 'wrangler.jsonc'), 'utf8');
	for (const [own, packed] of Object.entries(paths)) {
		if (!text.includes(own)) throw new Error(`Expected ${own} in relay/wrangler.jsonc.`);
		text = text.replaceAll(own, packed);
	}
	await writeFile(path.join(ROOT, 'dist', 'relay', 'wrangler.jsonc'), text);
}

async function readConfig(
	mode: 'site' | 'package' | 'command' | 'partykit' | 'cloudflare',
): Promise<UserConfig & { configFile: false; mode: string }> {
	const file = fileURLToPath(new URL('vite.config.ts', import.meta.url));
	const loaded = await loadConfigFromFile({ command: 'build', mode }, file, ROOT);
	if (loaded === null) throw new Error(`Expected a configuration in ${file}.`);
	return { ...loaded.config, configFile: false, mode };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
	const wanted = process.argv[2];
	if (wanted !== 'package') {
		await buildSite();
		const { integrity } = JSON.parse(await readFile(path.join(SCRIPTS, INTEGRITY_FILE), 'utf8')) as Integrity; // written just now
		for (const [file, value] of Object.entries(integrity)) process.stdout.write(`${value} ${file}\n`);
	}
	if (wanted !== 'site') await buildPackage();
}
