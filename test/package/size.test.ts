import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
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
});
