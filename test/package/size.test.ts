import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseSync } from 'vite';
import { expect, test } from 'vitest';
import { CLIENT_BUDGET_BYTES, FIRST_ROW_BUDGET_BYTES } from '../support/budgets.ts';
import { bundle } from '../support/bundle.ts';
import { ROOT } from '../support/sources.ts';

/** Of that, for what is not the script: the page, hello, welcome and the first frame; test/e2e/first-row.test.ts counts them all. */
const RESERVE_BYTES = 600;

test('the script leaves room in the budget for everything else', () => {
	const file = path.join(ROOT, 'dist', 'site', 'script', 'live-feed.js');
	const [script, zipped] = [readFileSync(file), readFileSync(`${file}.gz`)];
	expect(gunzipSync(zipped).equals(script)).toBe(true);
	const bytes = zipped.length;
	const most = FIRST_ROW_BUDGET_BYTES - RESERVE_BYTES;
	console.info(`live-feed.js: ${bytes} bytes gzip, ${script.length} bytes; at most ${most}`);
	expect(bytes).toBeLessThanOrEqual(most);
	// Another file would be another request until the first row.
	expect(parseSync('live-feed.js', script.toString()).module.staticImports).toEqual([]);
});

/** The sender for servers, as a bundler takes it into a program that uses so much of it, gzip. */
const PUBLISHER_BUDGETS_BYTES: Record<string, number> = {
	createPublisher: 3_700,
	'createPublisher, logExpress, logFastify, logHono, logQueries': 5_000,
};

test.each(Object.entries(PUBLISHER_BUDGETS_BYTES))('the publisher stays small: %s', async (names, most) => {
	const { bytes, code, chunks } = await bundle('publisher.js', names);
	console.info(`publisher (${names}): ${bytes} bytes gzip, ${code.length} bytes; at most ${most}`);
	expect(chunks).toBe(1);
	expect(code).not.toContain('node:');
	expect(bytes).toBeLessThanOrEqual(most);
});

test('the headless client stays small', async () => {
	const { bytes, code } = await bundle('client.js', 'connect', { isFirst: true });
	console.info(`client: ${bytes} bytes gzip, ${code.length} bytes; at most ${CLIENT_BUDGET_BYTES}`);
	expect(bytes).toBeLessThanOrEqual(CLIENT_BUDGET_BYTES);
});
