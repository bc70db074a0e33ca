// The figures of a heavy run, kept beside it as it printed them.
// Knows where they go and on what they were measured; never knows what they say.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { chooseEngine } from '../../relay/run/engine.ts';
import { ROOT } from './sources.ts';

/** Writes RESULTS.md of a folder of `test`, whose command is `npm run test:` and its name. */
export function keepResults(name: string, printed: readonly string[]): void {
	const engine = chooseEngine();
	const { version } = JSON.parse(readFileSync(path.join(ROOT, `node_modules/${engine}/package.json`), 'utf8')) as {
		version: string; // npm wrote it
	};
	const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
	const commit = `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ', with changes'}`;
	const about = `${new Date().toISOString().slice(0, 16)}Z, Node ${process.versions.node}, ${engine} ${version}, commit ${commit}`;
	writeFileSync(
		path.join(ROOT, 'test', name, 'RESULTS.md'),
		`# What \`npm run test:${name}\` printed last\n\n${about}.\n\n\`\`\`\n${printed.join('\n')}\n\`\`\`\n`,
	);
}
