// An entry point of the package as a bundler takes it into a program that uses so much of it.
// Knows vite and gzip; never knows how large anything may be. The package must have been built.
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';
import { ROOT } from './sources.ts';

export interface Bundle {
	code: string;
	/** Of all its code, gzip. */
	bytes: number;
	/** Files that it became; what is loaded later is another. */
	chunks: number;
}

/** A program that exports these names of a file of `dist`. What it loads later is counted as well, unless `isFirst`. */
export async function bundle(file: string, names: string, { isFirst = false } = {}): Promise<Bundle> {
	const published = path.join(ROOT, 'dist', file);
	const program = {
		name: 'program',
		resolveId: (id: string) => (/(^|\/)program$/.test(id) ? '\0program' : undefined),
		load: (id: string) => (id === '\0program' ? `export { ${names} } from ${JSON.stringify(published)};` : undefined),
	};
	const built = await build({
		...{ configFile: false, root: ROOT, publicDir: false, logLevel: 'warn', plugins: [program] },
		build: {
			...{ write: false, target: 'es2022', minify: true },
			lib: { entry: 'program', formats: ['es'], fileName: 'program' },
			// For a library vite leaves the spaces in.
			rolldownOptions: { output: { minify: true } },
		},
	});
	const [{ output }] = [built].flat() as [Rollup.RollupOutput]; // no watcher: nothing asks for one
	const chunks = output.filter((chunk) => chunk.type === 'chunk');
	const code = chunks.map((chunk) => (isFirst && !isNeededFirst(chunk, chunks) ? '' : chunk.code)).join('');
	return { code, bytes: gzipSync(code, { level: 9 }).length, chunks: output.length };
}

/** Is it the entry, or imported by it at once? */
function isNeededFirst(chunk: Rollup.OutputChunk, chunks: readonly Rollup.OutputChunk[]): boolean {
	const entry = chunks.find(({ isEntry }) => isEntry);
	return chunk.isEntry || (entry?.imports.includes(chunk.fileName) ?? false);
}
