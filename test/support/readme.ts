// The commands that README.md tells its reader to type.
// Knows Markdown's fences and a shell's line ends; never knows what a command does.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './sources.ts';

/** Every command of every ```sh block: lines that end in a backslash joined, comments and blank lines left out. */
export function readCommands(file = 'README.md'): string[] {
	const text = readFileSync(path.join(ROOT, file), 'utf8');
	return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
		.flatMap(([, block = '']) => block.replace(/\\\n\s*/g, '').split('\n'))
		.map((line) =>
			line
				.replace(/^\$ /, '')
				.replace(/\s+#.*$/, '')
				.trim(),
		)
		.filter((line) => line !== '' && !line.startsWith('#'));
}
