import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build, parseSync, type Rollup } from 'vite';
import { expect, test } from 'vitest';
import { ROOT } from '../support/sources.ts';

/** Everything until the first live row is painted, all requests, gzip (DESIGN §7). */
const BUDGET_BYTES = 20_000;
/** Of that, for what is not the script: the page, hello, welcome and the first frame; test/e2e/first-row.test.ts counts them all. */
const RESERVE_BYTES = 600;

test('the script leaves room in the budget for everything else', () => {
	const file = path.join(ROOT, 'dist', 'site', 'script', 'live-feed.js');
	const [script, zipped] = [readFileSync(file), readFileSync(`${file}.gz`)];
	expect(gunzipSync(zipped).equals(script)).toBe(true);
	const bytes = zipped.length;
	const most = BUDGET_BYTES - RESERVE_BYTES;
	console.info(`live-feed.js: ${bytes} bytes gzip, ${script.length} bytes; at most ${most}`);
	expect(bytes).toBeLessThanOrEqual(most);
	// Another file would be another request until the first row.
	expect(parseSync('live-feed.js', script.toString()).module.staticImports).toEqual([]);
});

/** The sender for servers, as a bundler takes it into a program that uses so much of it, gzip. */
const PUBLISHER_BUDGETS_BYTES: Record<string, number> = {
	createPublisher: 4_500,
	'createPublisher, logExpress, logFastify, logHono, logQueries': 5_600,
};

test.each(Object.entries(PUBLISHER_BUDGETS_BYTES))('the publisher stays small: %s', async (names, most) => {
	const published = path.join(ROOT, 'dist', 'publisher.js');
	const program = {
		name: 'program',
		resolveId: (id: string) => (/(^|\/)program$/.test(id) ? '\0program' : undefined),
		load: (id: string) => (id === '\0program' ? `export { ${names} } from ${JSON.stringify(published)};` : undefined),
	};
	const built = await build({
		...{ configFile: false, root: ROOT, publicDir: false, logLevel: 'warn', plugins: [program] },
		build: {
			...{ write: false, target: 'es2022', minify: true },
			lib: { entry: 'program', formats: ['es'], fileName: 'publisher' },
		},
	});
	const [{ output }] = [built].flat() as [Rollup.RollupOutput]; // no watcher: nothing asks for one
	const code = output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('');
	const bytes = gzipSync(code, { level: 9 }).length;
	console.info(`publisher (${names}): ${bytes} bytes gzip, ${code.length} bytes; at most ${most}`);
	expect(output).toHaveLength(1);
	expect(code).not.toContain('node:');
	expect(bytes).toBeLessThanOrEqual(most);
});
