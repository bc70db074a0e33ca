// What the library has to read: this project's own documents, in memory, with a search that forgives a slip of the finger.
// Knows files and words; never knows who asks, or that anybody is told.
import { readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);
const FILES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'relay/protocol/PROTOCOL.md', 'LICENSE'];
const MAX_FOUND = 20;

/** By name: `README` and its text. */
export const documents = new Map(
	FILES.map((file) => [/([^/.]+)(\.md)?$/.exec(file)[1], readFileSync(new URL(file, ROOT), 'utf8')]),
);

const lines = [...documents].flatMap(([name, text]) =>
	text.split('\n').map((line, index) => ({ name, line, number: index + 1, words: wordsOf(line) })),
);

/** The first lines in which each word of the query stands, or one that differs by a letter. */
export function search(query) {
	const wanted = wordsOf(query).slice(0, 8);
	if (wanted.length === 0) return [];
	return lines
		.filter(({ words }) => wanted.every((word) => words.some((other) => isNear(word, other))))
		.slice(0, MAX_FOUND);
}

function wordsOf(text) {
	return (
		text
			.slice(0, 1000)
			.toLowerCase()
			.match(/[\p{L}\p{N}]+/gu) ?? []
	);
}

/** Levenshtein's distance, where it is 0 or 1; short words have to be the same. */
function isNear(one, other) {
	if (one === other) return true;
	if (one.length < 4 || Math.abs(one.length - other.length) > 1) return false;
	let row = Array.from({ length: other.length + 1 }, (_, index) => index);
	for (let i = 1; i <= one.length; i++) {
		const next = [i];
		for (let j = 1; j <= other.length; j++) {
			next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
		}
		row = next;
	}
	return row[other.length] <= 1;
}
