// Looks for tokens and secrets where none may ever be, in whatever the suite sees of a relay and of a page.
// Knows what they look like and where it has looked; never knows who was to keep them.
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { tokenParts } from './tokens.ts';

/** Where something was looked for. */
export type Place = 'log lines' | 'stored files' | 'processes' | 'answers' | 'messages' | 'addresses' | 'pages';

/** Three parts of base64url of which the first begins with `{"`. */
const TOKEN = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/;
/** How each begins, in bytes of UTF-8 and of UTF-16, so that long files are passed over quickly. */
const BEGINNINGS = [Buffer.from('eyJ'), Buffer.from('eyJ', 'utf16le')];
const secrets = new Set<string>();
const looked = new Map<Place, number>();
const hits: string[] = [];
let reported = 0;

/** From then on looked for as well. */
export function keepSecret(secret: string): void {
	secrets.add(secret);
}

/** Who knew them is gone, and so is whoever could spill them: with every relay there are more, and each text is searched for all. */
export function forgetAll(): void {
	secrets.clear();
	tokenParts.clear();
}

/** Looks through a text and answers it. */
export function look(place: Place, text: string): string {
	looked.set(place, (looked.get(place) ?? 0) + 1);
	const found = findSpilt(text);
	if (found !== undefined) hits.push(`${place}: ${found}`);
	return text;
}

/** What of a token or a secret is in a text, cut so that it is none any more. */
export function findSpilt(text: string): string | undefined {
	const token = text.includes('eyJ') ? TOKEN.exec(text)?.[0] : undefined;
	const found = token ?? listWords().find((one) => text.includes(one));
	if (found === undefined) return undefined;
	const before = text.slice(0, text.indexOf(found)).slice(-80);
	return `${before}${found.slice(0, 12)}…`;
}

/** The same in bytes of UTF-8 or UTF-16, among whatever else. */
export function findInBytes(bytes: Buffer): string | undefined {
	const words = listWords().flatMap((word) => [Buffer.from(word), Buffer.from(word, 'utf16le')]);
	if (![...BEGINNINGS, ...words].some((word) => bytes.includes(word))) return undefined;
	const text = bytes.toString('latin1');
	return findSpilt(text) ?? findSpilt(text.replaceAll('\0', ''));
}

function listWords(): string[] {
	return [...secrets, ...tokenParts];
}

/** Looks through every file below a folder, whatever it holds. */
export function lookThroughFiles(folder: string): void {
	for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
		const file = path.join(folder, name);
		const bytes = statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file) : undefined;
		if (!bytes) continue;
		looked.set('stored files', (looked.get('stored files') ?? 0) + 1);
		const found = findInBytes(bytes);
		if (found !== undefined) hits.push(`stored files: ${name}: ${found}`);
	}
}

/** Looks through the list of processes, which everybody on the machine may read. Linux only. */
export function lookThroughProcesses(): void {
	if (process.platform !== 'linux') return;
	for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		try {
			const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
			looked.set('processes', (looked.get('processes') ?? 0) + 1);
			// Others of this machine have tokens of their own: ours alone are looked for.
			const found = listWords().find((one) => line.includes(one));
			if (found !== undefined) hits.push(`processes: ${line.slice(0, 60)} … ${found.slice(0, 12)}…`);
		} catch {
			// It has ended meanwhile.
		}
	}
}

/** How often was looked since the last time, told to whoever adds up the whole suite (`SPILL_FIGURES` names a file). */
export function report(): void {
	const fresh = hits.slice(reported);
	reported = hits.length;
	const file = process.env.SPILL_FIGURES;
	if (file) appendFileSync(file, `${JSON.stringify({ looked: Object.fromEntries(looked), hits: fresh })}\n`);
	looked.clear();
	if (fresh.length > 0) throw new Error(`A token or a secret was found where none may be:\n${fresh.join('\n')}`);
}

/** Adds up what was reported: so many places of each kind, and what was found. */
export function readReports(file: string): { looked: Partial<Record<Place, number>>; hits: string[] } {
	const sum: Record<string, number> = {};
	const all: string[] = [];
	for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
		const one = JSON.parse(line) as { looked: Record<string, number>; hits: string[] }; // `report` wrote it
		for (const [place, count] of Object.entries(one.looked)) sum[place] = (sum[place] ?? 0) + count;
		all.push(...one.hits);
	}
	return { looked: sum, hits: all };
}
