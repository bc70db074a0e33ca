// A second copy of the built script under addresses that never change what they answer, with the integrity value of each.
// Knows names, digests and how a page writes them; never knows what the script does.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const SCRIPT = 'live-feed.js';
/** Where the parts of the script lie, beside it. */
const PARTS = 'live-feed/';
/** Read by whoever writes pages; the relay serves it. */
export const INTEGRITY_FILE = `${PARTS}integrity.json`;

/** What `integrity.json` holds. */
export interface Integrity {
	version: string;
	/** The script's own address, from the relay's. */
	script: string;
	/** Address → value (Subresource Integrity, SHA-384), of the script and of each of its parts. */
	integrity: Record<string, string>;
}

/**
 * Writes the copy beside the script and its parts, all under one name that is made of the version and of what is in them.
 * @param files as they were built, from `directory`
 * @returns the files of the copy
 */
export async function pinScript(directory: string, files: readonly string[], version: string): Promise<string[]> {
	const texts = await Promise.all(
		files.map(
			async (file) => [file.split(path.sep).join('/'), await readFile(path.join(directory, file), 'utf8')] as const,
		),
	);
	texts.sort(([one], [other]) => (one < other ? -1 : 1));
	const hash = createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 12);
	const name = `live-feed@${version}-${hash}`;
	const integrity: Integrity['integrity'] = {};
	for (const [file, text] of texts) {
		// The script and its parts import each other, and nothing else; parts of one another by names that stay.
		const pinned = text.replace(/(["'`])(\.\.?\/)live-feed(\.js|\/)/g, `$1$2${name}$3`);
		const to = file === SCRIPT ? `${name}.js` : file.replace(PARTS, `${name}/`);
		await mkdir(path.join(directory, path.dirname(to)), { recursive: true });
		await writeFile(path.join(directory, to), pinned);
		integrity[to] = `sha384-${createHash('sha384').update(pinned).digest('base64')}`;
	}
	const all: Integrity = { version, script: `${name}.js`, integrity };
	await writeFile(path.join(directory, INTEGRITY_FILE), `${JSON.stringify(all, null, '\t')}\n`);
	return Object.keys(integrity);
}

/** What a page has in place of its one script element. */
export function formatSnippet({ script, integrity }: Integrity, relay: string): string {
	const base = new URL(relay).href.replace(/\/*$/, '/');
	const parts = Object.entries(integrity).filter(([file]) => file !== script);
	const map = JSON.stringify(
		{ integrity: Object.fromEntries(parts.map(([file, value]) => [base + file, value])) },
		null,
		'\t',
	);
	const hash = createHash('sha256').update(map).digest('base64');
	return `<!-- For the import map, a Content-Security-Policy has 'sha256-${hash}' in its script-src. -->
<script type="importmap">${map}</script>
<script type="module" src="${base}${script}" integrity="${integrity[script]}" crossorigin></script>
`;
}
