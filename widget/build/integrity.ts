// Prints what a page has in place of its one script element, so that nothing else than this build runs: `npm run integrity -- https://relay.example.org`.
// Knows where the build lies; never knows how its values are made.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { formatSnippet, INTEGRITY_FILE, type Integrity } from './pin-script.ts';

const [, , relay = ''] = process.argv;
if (!URL.canParse(relay)) {
	process.stderr.write('Usage: npm run integrity -- https://relay.example.org\n');
	process.exit(2);
}
const file = new URL(`../../dist/site/script/${INTEGRITY_FILE}`, import.meta.url);
const text = await readFile(file, 'utf8').catch(() => undefined); // not built
if (text === undefined) {
	process.stderr.write('There is no script yet: npm run build\n');
	process.exit(2);
}
process.stdout.write(formatSnippet(JSON.parse(text) as Integrity, relay)); // the build wrote it
