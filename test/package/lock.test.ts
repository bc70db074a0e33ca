import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/sources.ts';

interface Lock {
	packages: Record<
		string,
		{ version?: string; resolved?: string; dependencies?: Names; optionalDependencies?: Names; optional?: boolean }
	>;
}
type Names = Record<string, string>;

const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as Lock; // npm wrote it

/** As Node resolves: beside the package, then in every directory above it. */
function isLocked(from: string, name: string): boolean {
	for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
		if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]?.version !== undefined) return true;
		if (folder === '') return false;
	}
}

// npm writes a lock file that `npm ci` refuses where a registry lacks what other systems need (npm/cli#4828 and kin).
test('the lock file has what every package may want on any system, so that npm ci takes it everywhere', () => {
	const missing = Object.entries(packages).flatMap(([from, { dependencies, optionalDependencies }]) =>
		Object.keys({ ...dependencies, ...optionalDependencies })
			.filter((name) => !isLocked(from, name))
			.map((name) => `${from} → ${name}`),
	);
	expect(missing).toEqual([]);
});

test('the lock file records no download address', () => {
	expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});
