// Makes the drop-in script as small as it gets.
// Knows the minifier and what of the bundled packages never runs in a browser; never knows what the script does.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { minify } from 'terser';
import type { Plugin } from 'vite';

/** What was minified before: a build takes most of its time for it, and most builds have little that is new. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/live-feed/', import.meta.url));
/** Part of the names there: another number for other options. */
const OPTIONS = 2;

/** The build plugin; compared with the bundler's own minifier it saves 3 % of the compressed script. */
export function minifyScript(): Plugin {
	return {
		name: 'live-feed:minify-script',
		apply: 'build',
		// After the bundler has printed its chunks: it would print ours anew.
		async generateBundle(_options, bundle) {
			const users = new Map<string, string>();
			for (const chunk of Object.values(bundle)) {
				if (chunk.type !== 'chunk') continue;
				for (const [, name = ''] of chunk.code.matchAll(/\.(_(?!\$lit)[a-z$][\w$]*)/g)) {
					const user = users.get(name) ?? chunk.fileName;
					// Each chunk is given short names by itself.
					if (user !== chunk.fileName)
						this.error(`\`${name}\` is used in ${user} and in ${chunk.fileName}: keep it in one of them.`);
					users.set(name, user);
				}
				chunk.code = await recall(chunk.code);
			}
		},
	};
}

/** The minified text of a module, from the cache where it is there. */
async function recall(code: string): Promise<string> {
	const file = path.join(CACHE, `${createHash('sha256').update(`${OPTIONS} ${code}`).digest('hex')}.js`);
	const known = await readFile(file, 'utf8').catch(() => undefined); // not there yet
	if (known !== undefined) return known;
	const small = await minifyModule(code);
	try {
		await mkdir(CACHE, { recursive: true });
		// Whole or not at all, whoever builds at the same time.
		await writeFile(`${file}.${process.pid}`, small);
		await rename(`${file}.${process.pid}`, file);
	} catch {
		// Nowhere to keep it: the next build does it again.
	}
	return small;
}

async function minifyModule(code: string): Promise<string> {
	const { code: small } = await minify(code, {
		module: true,
		ecma: 2020,
		compress: {
			passes: 3,
			pure_getters: true,
			unsafe_arrows: true,
			keep_fargs: false,
		},
		// Names with one underscore are partysocket's and lit's own, and used in this one chunk. Two stay that tell a template from data.
		mangle: { properties: { regex: /^_(?!\$lit)[a-z$]/ } },
		format: { comments: false },
	});
	return small ?? code;
}
