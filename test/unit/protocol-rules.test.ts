// Rules and tests belong together: a rule without a test fails here, and so does a test without a rule.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const list = (folder: string, pattern: RegExp): string[] =>
	readdirSync(new URL(folder, ROOT))
		.filter((file) => pattern.test(file))
		.map((file) => `${folder}${file}`);

const files = [
	...list('test/unit/', /^(protocol|relay)-.*\.test\.ts$/).filter((file) => !file.includes('protocol-rules')),
	...list('test/contract/', /\.ts$/),
	...list('test/relay/', /\.test\.ts$/),
];
const RULE = /\[([A-Z]+\d+)\]/g;
const namesIn = (text: string): string[] => [...text.matchAll(RULE)].map(([, name]) => name as string); // the pattern has it
const protocol = read('relay/protocol/PROTOCOL.md');
const rules = [...protocol.matchAll(/^- \*\*\[([A-Z]+\d+)\]\*\*/gm)].map(([, name]) => name as string);
const tested = new Map(files.map((file) => [file, namesIn(read(file))]));

describe('PROTOCOL.md', () => {
	it('gives each rule a name of its own', () => {
		expect(rules.length).toBeGreaterThan(80);
		expect(rules.filter((name, index) => rules.indexOf(name) !== index)).toEqual([]);
	});

	it('has a test for every rule', () => {
		const all = new Set([...tested.values()].flat());
		expect(rules.filter((name) => !all.has(name))).toEqual([]);
	});

	it('refers to rules that exist', () => {
		expect(namesIn(protocol).filter((name) => !rules.includes(name))).toEqual([]);
	});
});

describe.each(files)('%s', (file) => {
	it('names rules that exist', () => {
		expect(tested.get(file)?.filter((name) => !rules.includes(name))).toEqual([]);
	});

	it('names a rule with each test', () => {
		// A title of a table's own (`%s`) has the rule in the table's rows.
		const titles = [...read(file).matchAll(/\bit(?:\.each\b[^;]*?\))?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(
			([, , title]) => title as string,
		);
		expect(titles.filter((title) => !/^(\[[A-Z]+\d+\]|%s)/.test(title))).toEqual([]);
	});
});
