import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../relay/protocol/errors.ts';
import { LEVELS } from '../../relay/protocol/event.ts';
import * as limits from '../../relay/protocol/limits.ts';

const read = (file: string) => readFileSync(path.join(fileURLToPath(new URL('../..', import.meta.url)), file), 'utf8');
const readme = read('README.md');
const element = read('widget/live-feed.ts');

/** The rows of the table that follows a heading or begins with a column, without the backticks of their first cell. */
function readTable(firstColumn: string): Map<string, string[]> {
	const [, table = ''] = readme.split(`| ${firstColumn} |`, 2);
	const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? [];
	const cells = rows.map((row) =>
		row
			.slice(1, -1)
			.split('|')
			.map((cell) => cell.trim()),
	);
	return new Map(cells.map(([name = '', ...rest]) => [name.replaceAll('`', ''), rest]));
}

/** What the doc comment of the class says: name → words. */
function readTags(tag: string): Map<string, string> {
	const lines = [...element.matchAll(new RegExp(`^ \\* @${tag} (?:\\{[^}]*\\} )?(\\S+) - (.*)$`, 'gm'))];
	return new Map(lines.map(([, name = '', words = '']) => [name, words]));
}

describe('README', () => {
	it.each([
		['attribute', 'attr'],
		['event', 'fires'],
		['slot', 'slot'],
		['part', 'csspart'],
	])('names every %s that the element has, and no other', (column, tag) => {
		expect([...readTable(column).keys()]).toEqual([...readTags(tag).keys()]);
	});

	it('says of attributes, events, slots and parts what the element says', () => {
		// Where the values of an attribute are told by its type, or the property says more, the table has words of its own.
		const own = ['order', 'density', 'token', 'live-feed-select'];
		for (const [column, tag] of [
			['attribute', 'attr'],
			['event', 'fires'],
			['slot', 'slot'],
			['part', 'csspart'],
		] as const) {
			const table = readTable(column);
			for (const [name, words] of readTags(tag))
				if (!own.includes(name)) expect(table.get(name)?.[0], name).toBe(words);
		}
	});

	it('has every token with its two colours', () => {
		const sheets = ['tokens', 'work'].map((name) => read(`widget/styles/${name}.ts`).split('@media')[0]).join('');
		const tokens = [...sheets.matchAll(/var\((--live-feed-[\w-]+), (.*)\);/g)];
		const table = readTable('property | light | dark');
		expect([...table.keys()].sort()).toEqual(tokens.map(([, name]) => name).sort());
		for (const [, name = '', value = ''] of tokens) {
			const colours = /^light-dark\((\S+), (\S+)\)$/.exec(value);
			expect(table.get(name)?.slice(0, 2)).toEqual(
				colours ? [`\`${colours[1]}\``, `\`${colours[2]}\``] : [`\`${value}\``, ''],
			);
		}
	});

	it('has every error that a request can get, with its status and words', () => {
		for (const [code, [status, meaning]] of readTable('code')) {
			const row = ERRORS[code as keyof typeof ERRORS]; // an unknown one fails in the next line
			expect({ code, status, meaning }).toEqual({ code, status: String(row?.status), meaning: row?.text });
		}
		const retryable = [...readTable('code').keys()].filter((code) => ERRORS[code as keyof typeof ERRORS].retryable);
		expect([...readTable('code').keys()].slice(-4)).toEqual(retryable); // so the README says
		expect(readTable('code').size).toBeGreaterThan(15);
	});

	it('states the limits as they are', () => {
		const format = new Intl.NumberFormat('en').format;
		const kib = (bytes: number) => `${bytes / 1024} KiB`;
		expect(Object.fromEntries([...readTable('what | at most')].map(([name, [most]]) => [name, most]))).toEqual({
			'channel name, type': `${limits.MAX_NAME_CHARS} characters`,
			text: kib(limits.MAX_TEXT_BYTES),
			data: `${kib(limits.MAX_DATA_BYTES)} as JSON, ${limits.MAX_DATA_LEVELS} levels, ${format(limits.MAX_DATA_ITEMS)} values`,
			'actor.name': `${limits.MAX_ACTOR_NAME_CHARS} characters`,
			'actor.id, actor.color': `${limits.MAX_ACTOR_ID_CHARS} characters`,
			'url, actor.image': `${format(limits.MAX_URL_CHARS)} characters`,
			key: `${limits.MAX_KEY_CHARS} printable ASCII characters`,
			'one event': `${kib(limits.MAX_EVENT_BYTES)} as JSON`,
			'one HTTP request': `${limits.MAX_BATCH_BYTES / 1024 ** 2} MiB, ${format(limits.MAX_BATCH_EVENTS)} events`,
			'one page of history': `${format(limits.MAX_PAGE_EVENTS)} events, about ${kib(limits.MAX_PAGE_BYTES)}`,
			'address of a request': `${limits.MAX_REQUEST_URL_CHARS} characters`,
			'events kept in a channel': `${format(limits.DEFAULT_KEPT_ENTRIES)} unless set`,
			'changes kept beside them': `the newest ${format(limits.KEPT_CHANGES)}`,
			'a reaction': `${limits.MAX_REACTION_BYTES} bytes; ${limits.MAX_EVENT_REACTIONS} different ones on an event, ${format(limits.MAX_PERSON_REACTIONS)} of one person`,
			'keys remembered in a channel': `the newest ${format(limits.KEPT_KEYS)}`,
		});
		expect([...readTable('field').keys()]).toEqual([
			'type',
			'text',
			'actor',
			'level',
			'url',
			'data',
			'replyTo',
			'key',
			'at',
			'status',
		]);
		for (const level of LEVELS) expect(readTable('field').get('level')?.[0]).toContain(`\`${level}\``);
	});

	it('links to files that are there', () => {
		for (const [, file = ''] of readme.matchAll(/\]\(((?!https?:|#)[^)]+)\)/g))
			expect(() => read(file), file).not.toThrow();
	});
});
