// Builds what browsers and packages get: `site` the script and the demo that a relay serves, `package` the npm entry points with their types.
// Knows the order of the steps; never knows what a step builds.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'libdeflate';
import { build, loadConfigFromFile, type Rollup, type UserConfig } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SITE = path.join(ROOT, 'dist', 'site');

/** The drop-in script and the demo, in dist/site. */
export async function buildSite(): Promise<void> {
	const built = await build(await readConfig('site'));
	const written = ([built].flat() as Rollup.RollupOutput[]) // no watcher: nothing in the configuration asks for one
		.flatMap(({ output }) => output.map(({ fileName }) => path.normalize(fileName)));
	await finishScript(written);
	await copyDemo();
}

/** Compresses what was written, and removes what was not. */
async function finishScript(written: readonly string[]): Promise<void> {
	const directory = path.join(SITE, 'script');
	for (const file of written) {
		const script = path.join(directory, file);
		// Better than a server does in passing: some 3 % of the budget.
		await writeFile(`${script}.gz`, gzip(new Uint8Array(await readFile(script)), 12));
	}
	await removeOthers(directory, [...written, ...written.map((file) => `${file}.gz`)]);
}

// Parts of the script carry a hash in their names; those of earlier builds would pile up, and be published.
async function removeOthers(directory: string, kept: string[]): Promise<void> {
	for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
		const file = path.join(entry.parentPath, entry.name);
		if (entry.isFile() && !kept.includes(path.relative(directory, file))) await rm(file, { force: true });
	}
}

/** The demo's pages, as they are. */
export async function copyDemo(): Promise<void> {
	await mkdir(SITE, { recursive: true });
	await cp(path.join(ROOT, 'demo'), SITE, { recursive: true, force: true });
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
	const files = await readdir(path.join(SITE, 'script'), { recursive: true });
	return files.filter((file) => file.endsWith('.js'));
}

/** The npm package's entry points and their types, in dist. */
export async function buildPackage(): Promise<void> {
	for (const stale of ['shared', 'types']) {
		await rm(path.join(ROOT, 'dist', stale), { recursive: true, force: true });
	}
	await build(await readConfig('package'));
	const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
	try {
		await promisify(execFile)(process.execPath, [compiler, '-p', 'widget/tsconfig.types.json'], { cwd: ROOT });
	} catch (error) {
		const { stdout } = error as { stdout?: string }; // execFile puts what was printed on its error
		throw new Error(`The types could not be built.\n${stdout ?? String(error)}`);
	}
}

async function readConfig(mode: 'site' | 'package'): Promise<UserConfig & { configFile: false; mode: string }> {
	const file = fileURLToPath(new URL('vite.config.ts', import.meta.url));
	const loaded = await loadConfigFromFile({ command: 'build', mode }, file, ROOT);
	if (loaded === null) throw new Error(`Expected a configuration in ${file}.`);
	return { ...loaded.config, configFile: false, mode };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
	const wanted = process.argv[2];
	if (wanted !== 'package') await buildSite();
	if (wanted !== 'site') await buildPackage();
}
