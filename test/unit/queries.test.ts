import { describe, expect, it } from 'vitest';
import type { Draft } from '../../relay/protocol/event.ts';
import { logExpress, logQueries } from '../../widget/publisher/index.ts';

/** A feed that keeps what it was handed. */
function keep() {
	const drafts: Draft[] = [];
	return { drafts, publish: async (draft: Draft) => void drafts.push(draft) };
}

function readQuery(query: unknown): unknown {
	const feed = keep();
	logQueries(feed, (_query: unknown) => [])(query);
	return Object(feed.drafts[0]?.data).query;
}

describe('of a query is told', () => {
	it.each([
		['itself, on one line', ' SELECT *\n\tFROM  a ', 'SELECT * FROM a'],
		['no text that is written in it', `SELECT 'a' || 'it''s', N'b', x'00', ''`, 'SELECT ? || ?, N?, x?, ?'],
		['no number', 'WHERE a = 12.5 AND b1 IN (-7, 1e9, 0xff) LIMIT 20', 'WHERE a = ? AND b1 IN (-?, ?, ?) LIMIT ?'],
		[
			'each name and place of a value',
			'SELECT "a 1", `b 2`, $1, ?2, :c3, @d4, t5',
			'SELECT "a 1", `b 2`, $1, ?2, :c3, @d4, t5',
		],
		['no comment', "SELECT 1 -- it's\n FROM a /* don't\n */ WHERE b = 'c'", 'SELECT ? FROM a WHERE b = ?'],
		['no text in dollars', "SELECT $$it's$$, $x$a $$ 'b$x$, 'c'", 'SELECT ?, ?, ?'],
		[
			'nothing behind a backslash in a text, which databases read differently',
			"WHERE a = 'b\\' AND c = 'HIDDEN'",
			'WHERE a = ?',
		],
		['nothing of a text without an end', "WHERE a = 'HIDDEN", 'WHERE a = ?'],
		['nothing of a quote in a name', `SELECT "it's" FROM a WHERE b = 'HIDDEN'`, `SELECT "it's" FROM a WHERE b = ?`],
		['that of an object', { text: 'SELECT 1', values: ['HIDDEN'] }, 'SELECT ?'],
		['that of an object of another library', { sql: 'SELECT 1', values: ['HIDDEN'] }, 'SELECT ?'],
		['that it is one, where it is neither', 7, 'a query'],
		['that it is one, where it is nothing', undefined, 'a query'],
	])('%s', (_what, query, told) => {
		expect(readQuery(query)).toBe(told);
	});

	it('500 characters at the most, and no value that is cut in two', () => {
		const long = readQuery(`SELECT ${'a, '.repeat(10_000)}`) as string; // it is of a string
		expect(long).toHaveLength(500);
		expect(long.endsWith('…')).toBe(true);
		expect(readQuery(`SELECT ${'🚀'.repeat(500)}`)).toBe(`SELECT ${'🚀'.repeat(246)}…`);
		expect(readQuery(`SELECT ${' '.repeat(3980)}'HIDDEN${'HIDDEN'.repeat(10)}'`)).toBe('SELECT ?');
	});

	it('no parameter, unless it is asked for', () => {
		const feed = keep();
		const query = (_sql: string, _values: string[]) => [];
		logQueries(feed, query)('SELECT ?', ['HIDDEN']);
		expect(JSON.stringify(feed.drafts)).not.toContain('HIDDEN');
		logQueries(feed, query, { data: (_sql, values) => ({ values }) })('SELECT ?', ['SHOWN']);
		expect(feed.drafts[1]?.data).toEqual({ query: 'SELECT ?', ms: expect.any(Number), values: ['SHOWN'] });
	});

	it('the code of its error, else the name, and never the message', async () => {
		const feed = keep();
		const failing = (error: unknown) => () => {
			throw error;
		};
		const errors = [
			Object.assign(new Error('Key (email)=(HIDDEN) already exists'), { code: '23505' }),
			new TypeError('HIDDEN'),
			'HIDDEN',
			undefined,
		];
		for (const error of errors) {
			let thrown: unknown = 'nothing';
			try {
				logQueries(feed, failing(error))();
			} catch (caught) {
				thrown = caught;
			}
			expect(thrown).toBe(error);
		}
		expect(feed.drafts.map(({ level, data }) => [level, (data as { error: string }).error])).toEqual([
			['error', '23505'],
			['error', 'TypeError'],
			['error', 'an error'],
			['error', 'an error'],
		]);
		expect(JSON.stringify(feed.drafts)).not.toContain('HIDDEN');
	});
});

describe('the wrapped function', () => {
	it('answers and rejects as the function does, with its own `this` and arguments', async () => {
		const feed = keep();
		const error = new Error('away');
		const pool = {
			name: 'main',
			async query(sql: string, more: object) {
				if (sql === 'fail') throw error;
				return { of: this.name, sql, more };
			},
		};
		pool.query = logQueries(feed, pool.query);
		const more = {};
		const answer = await pool.query('SELECT', more);
		expect(answer).toEqual({ of: 'main', sql: 'SELECT', more });
		expect(answer.more).toBe(more);
		await expect(pool.query('fail', more)).rejects.toBe(error);
		expect(feed.drafts.map(({ level }) => level)).toEqual([undefined, 'error']);
	});

	it('runs once what a query builder begins only when it is waited for', async () => {
		const feed = keep();
		let runs = 0;
		const build = () => ({
			// biome-ignore lint/suspicious/noThenProperty: query builders are made like this
			then: <T>(done: (rows: string[]) => T) => Promise.resolve(done([`row ${++runs}`])),
		});
		const rows = await (logQueries(feed, build)() as unknown as Promise<string[]>); // as one waits for a builder
		expect(rows).toEqual(['row 1']);
		expect(feed.drafts).toHaveLength(1);
	});

	it('counts the time of a promise until it settles', async () => {
		const feed = keep();
		let settle: ((rows: string[]) => void) | undefined;
		const query = logQueries(feed, () => new Promise<string[]>((resolve) => (settle = resolve)), { slowMs: 5 });
		const asked = query();
		const start = performance.now();
		while (performance.now() - start < 6);
		expect(feed.drafts).toEqual([]);
		settle?.([]);
		expect(await asked).toEqual([]);
		expect(feed.drafts[0]?.level).toBe('warning');
		expect(Object(feed.drafts[0]?.data).ms).toBeGreaterThan(5);
	});
});

describe('what fails on the way', () => {
	it('costs neither a query nor a request anything, and is said once', async () => {
		const said: unknown[] = [];
		const { error: say } = console;
		console.error = (...words: unknown[]) => void said.push(words[0]);
		try {
			const fail = () => {
				throw new Error('on purpose');
			};
			const rejecting = { publish: async () => fail() };
			expect(logQueries(rejecting, () => 'rows')()).toBe('rows');
			expect(logQueries({ publish: fail }, () => 'rows')()).toBe('rows');
			expect(logQueries(keep(), () => 'rows', { data: fail })()).toBe('rows');
			const listeners: (() => void)[] = [];
			const response = {
				statusCode: 200,
				headersSent: true,
				once: (_event: string, one: () => void) => listeners.push(one),
			};
			let passed = 0;
			for (const options of [{ actor: fail }, { path: fail }, { skip: fail }]) {
				logExpress(keep(), options)({ method: 'GET', url: '/' }, response, () => passed++);
			}
			for (const listener of listeners) listener();
			expect(passed).toBe(3);
		} finally {
			console.error = say;
		}
		expect(said).toEqual(['live-feed: what the server did could not be told.']);
	});

	it('is no name that a relay refuses, and no address of a proxy', () => {
		const feed = keep();
		const listeners: (() => void)[] = [];
		const response = {
			statusCode: 200,
			headersSent: true,
			once: (_event: string, one: () => void) => listeners.push(one),
		};
		const actor = () => ({ id: 'a\u0000b', name: `\u202e${'x'.repeat(100)}` });
		const request = { method: 'GET', url: 'http://ada:HIDDEN@shop.example/a\u0085b?HIDDEN' };
		logExpress(feed, { actor })(request, response);
		for (const listener of listeners.splice(0)) listener();
		expect(feed.drafts).toHaveLength(1);
		expect(feed.drafts[0]).toMatchObject({
			actor: { id: 'a\ufffdb', name: `\ufffd${'x'.repeat(78)}…` },
			data: { path: '/a\ufffdb', user: 'a\ufffdb' },
		});
		logExpress(feed, { path: () => '/reset/:code' })({ method: 'GET', url: '/reset/HIDDEN' }, response);
		for (const listener of listeners.splice(0)) listener();
		expect(feed.drafts[1]?.text).toMatch(/^GET \/reset\/:code 200 in [\d.]+ ms$/);
		// As databases have it, whatever the types say.
		const user = { id: 7, name: null } as unknown as { id: string };
		logExpress(feed, { actor: () => user })({ method: 'GET', url: '/' }, response);
		for (const listener of listeners.splice(0)) listener();
		expect(feed.drafts[2]).toMatchObject({ actor: { id: '7' }, data: { user: '7' } });
		expect(feed.drafts[2]?.actor).not.toHaveProperty('name');
	});
});
