// What an engine runs in a test: this repository's relay, or one of a test's own, built for the engine that is tested.
// Knows where sources lie and when a build is stale; never knows what is asked of a relay.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { build } from 'vite';
import { chooseEngine, type Program, ROOT } from '../../relay/run/engine.ts';
import { inTurn } from './turn.ts';

/**
 * Builds what is not built, and returns what the engine runs. `LIVE_FEED_ENGINE` chooses the engine unless it is given. `root` is the folder that
 * holds `relay`, with `partykit.json` and `cloudflare.ts` in it.
 */
export async function findTestProgram(root = ROOT, engine = chooseEngine()): Promise<Program> {
	if (engine === 'partykit') return { engine, root, config: path.join('relay', 'partykit.json') };
	const site = path.join(ROOT, 'dist', 'site');
	const [entry = ''] = ['relay/hosts/cloudflare.ts', 'relay/cloudflare.ts']
		.map((file) => path.join(root, file))
		.filter((file) => existsSync(file));
	return { engine, bundle: await bundle(entry, root), site };
}

/** The bundle of an entry file. It is built again when a source is newer. */
async function bundle(entry: string, root: string): Promise<string> {
	const name = path.relative(ROOT, entry).replace(/\W+/g, '-');
	const folder = path.join(root, 'dist', 'test');
	const file = path.join(folder, `${name}.js`);
	return inTurn('bundle', async () => {
		const newest = Math.max(findNewest(path.join(ROOT, 'relay')), findNewest(path.join(root, 'relay')));
		if (readTime(file) > newest) return file;
		const unfinished = `${name}.${process.pid}.js`;
		await build({
			...{ configFile: false, root, logLevel: 'error', publicDir: false },
			build: {
				...{ outDir: folder, emptyOutDir: false, minify: false, target: 'es2022' },
				lib: { entry, formats: ['es'], fileName: () => unfinished },
				rolldownOptions: { external: ['cloudflare:workers'], output: { codeSplitting: false } },
			},
		});
		await rename(path.join(folder, unfinished), file); // another process may read it at this moment
		return file;
	});
}

function readTime(file: string): number {
	return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function findNewest(folder: string): number {
	const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
	return Math.max(0, ...files.map(({ parentPath, name }) => readTime(path.join(parentPath, name))));
}
