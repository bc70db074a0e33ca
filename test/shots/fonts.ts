// Whether this machine can draw what the pictures say.
// Knows how to ask fontconfig; never knows a picture.
import { execFileSync } from 'node:child_process';

const WANTED: readonly (readonly [name: string, pattern: string, family: RegExp])[] = [
	['emoji', ':charset=1f680', /emoji/i],
	['Arabic', ':lang=ar', /./],
	['Japanese', ':lang=ja', /./],
];

/** The scripts that would be drawn as boxes; undefined where that cannot be found out. */
export function findMissingFonts(): string[] | undefined {
	try {
		return WANTED.filter(
			([, pattern, family]) => !family.test(execFileSync('fc-list', [pattern, 'family'], { encoding: 'utf8' })),
		).map(([name]) => name);
	} catch {
		return undefined; // there is no fontconfig here, and the system brings its own fonts
	}
}
