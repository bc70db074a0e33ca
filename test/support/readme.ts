// What README.md tells its reader to type, and to copy.
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

/** The header that it gives to copy, as one line, for a relay at https://relay.example.org. */
export function readPolicy(): string {
	const text = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
	const [, policy = ''] = /^Content-Security-Policy: ([\s\S]*?)^```$/m.exec(text) ?? [];
	return policy.replace(/\s+/g, ' ').trim();
}
