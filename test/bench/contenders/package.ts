// The version of a package that is installed here.
// Knows where npm puts packages; never knows what one is for.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../support/sources.ts';

/** Undefined where it is not there. */
export function findPackage(name: string): string | undefined {
	try {
		const { version } = JSON.parse(readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
			version: string; // npm wrote it
		};
		return version;
	} catch {
		return undefined;
	}
}
