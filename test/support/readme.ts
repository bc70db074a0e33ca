// What README.md and the demo tell their reader to type, and to copy.
// Knows Markdown's fences, pages, comments and a shell's line ends; never knows what a command does.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listSources, ROOT } from './sources.ts';

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

const STARTS = /^(curl|npm|npx|printf|node|nc|sh|php|python3|tail) /;
const ENTITIES: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };

/** Every command that a page of the demo shows, or that a comment or a message of a program there gives. */
export function readDemoCommands(): string[] {
	return listSources(['demo'], /\.(html|m?js|sh|php|py)$/).flatMap((file) => {
		const text = readFileSync(path.join(ROOT, file), 'utf8');
		if (file.endsWith('.html')) {
			return [...text.matchAll(/<code>([\s\S]*?)<\/code>/g)].flatMap(([, code = '']) => {
				const typed = code.replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity).replace(/\\\n\s*/g, '');
				// One for each line that begins with a program; JSON goes on over lines.
				return STARTS.test(typed) ? typed.split(/\n(?=\w)/) : [];
			});
		}
		const inComments = [...text.matchAll(/^# {3}(\S.*)$|\bIn a terminal: (.*)$/gm)].map(
			([, one, other]) => one ?? other ?? '',
		);
		return [...inComments, ...[...text.matchAll(/(?<!\\)\\?`(npm [^`\\]+)\\?`/g)].map(([, command = '']) => command)];
	});
}

/** The header that it gives to copy, as one line, for a relay at https://relay.example.org. */
export function readPolicy(): string {
	const text = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
	const [, policy = ''] = /^Content-Security-Policy: ([\s\S]*?)^```$/m.exec(text) ?? [];
	return policy.replace(/\s+/g, ' ').trim();
}
