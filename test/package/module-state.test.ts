// What the relay keeps at module level: on a distributed engine each isolate has a module of its own, and state in it is wrong.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listSources, ROOT } from '../support/sources.ts';

/** The one file that has it, for engines that run all channels in one isolate. */
const ALLOWED = 'relay/hosts/isolate.ts';
/** A start and the command are processes of their own. */
const RELAY = /^relay\/(?!cli\/|run\/).*\.ts$/;
/** Objects without state, and collections that nothing can be added to. */
const STATELESS = /^new (TextEncoder|TextDecoder)\(/;
const FIXED = /: (ReadonlySet|ReadonlyMap)</;

/** Returns the lines at module level that declare something which can change. */
function findState(source: string): string[] {
	return source.split('\n').filter((line) => {
		const [, kind, rest = ''] = /^(?:export )?(let|var|const) (.*)$/.exec(line) ?? [];
		if (kind === undefined) return false;
		if (kind !== 'const') return true;
		const value = rest.slice(rest.indexOf(' = ') + 3);
		if (FIXED.test(rest) || STATELESS.test(value)) return false;
		return /^new /.test(value) || /^(\[\]|\{\});?$/.test(value);
	});
}

const files = listSources(['relay']).filter((file) => RELAY.test(file));

test('finds state where there is some', () => {
	expect(files.length).toBeGreaterThan(50);
	expect(findState(readFileSync(path.join(ROOT, ALLOWED), 'utf8'))).toHaveLength(1);
	expect(
		findState('const counts = new Map<string, number>();\nexport let n = 0;\nconst list: string[] = [];'),
	).toHaveLength(3);
	expect(findState('const NAMES: ReadonlySet<string> = new Set([1]);\nconst encoder = new TextEncoder();')).toEqual([]);
});

test('no module of the relay keeps state, but the one for engines with a single isolate', () => {
	const found = files
		.filter((file) => file !== ALLOWED)
		.flatMap((file) => findState(readFileSync(path.join(ROOT, file), 'utf8')).map((line) => `${file}: ${line}`));
	expect(found).toEqual([]);
});
