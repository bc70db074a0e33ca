// Each query to a database, told once it is through, whatever the library is.
// Knows a function's first argument, its time and how it ended; never looks at parameters, results or messages of errors.
import type { Draft, Json } from '../../relay/protocol/event.ts';
import { type Feed, formatMs, grade, measure, tell, tidy } from './watch.ts';

export interface QueryLogOptions<Args extends unknown[]> {
	/** A query that takes longer is a warning, milliseconds: 100 unless given. */
	slowMs?: number | undefined;
	/** More that is told in `data`, by the query's arguments, such as `(sql, values) => ({values})`. Nothing unless given. */
	data?: ((...args: Args) => { [name: string]: Json }) | undefined;
}

/** Characters of a query that are looked at, and that are told. */
const MAX_READ_CHARS = 4000;
const MAX_SQL_CHARS = 500;
const SLOW_MS = 100;

/**
 * What is at a place of a query: comments, values, or names in quotes and words, in which nothing else is to be found. A value whose
 * end is not certain, since there is a backslash in it and databases differ on what that means, takes the rest.
 */
const PIECES =
	/(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^'\\]|'')*(?:'|$|\\[\s\S]*)|\$(\w*)\$[\s\S]*?(?:\$\3\$|$)|\d[\w.]*)|("[^"]*"?|`[^`]*`?|[\w$?:@]+)/g;

/**
 * Wraps a function that asks a database: `const query = logQueries(feed, (sql, values) => pool.query(sql, values))`. What it answers or
 * throws is what the function does; where that is a promise, one that settles alike.
 */
export function logQueries<Args extends unknown[], Result>(
	feed: Feed,
	query: (...args: Args) => Result,
	options: QueryLogOptions<Args> = {},
): (...args: Args) => Result {
	return function (this: unknown, ...args: Args): Result {
		const start = performance.now();
		const end = (error?: { error: unknown }) => tell(() => ({ feed, draft: describe(args, start, options, error) }));
		let result: Result;
		try {
			result = query.apply(this, args);
		} catch (error) {
			end({ error });
			throw error;
		}
		if (!isPromise(result)) {
			end();
			return result;
		}
		// The one that is answered is the one that is waited for: some begin only then, and again each time.
		return result.then(
			(value) => {
				end();
				return value;
			},
			(error: unknown) => {
				end({ error });
				throw error;
			},
		) as Result; // it settles alike
	};
}

function isPromise(result: unknown): result is PromiseLike<unknown> {
	return typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

function describe<Args extends unknown[]>(
	args: Args,
	start: number,
	{ slowMs = SLOW_MS, data }: QueryLogOptions<Args>,
	failure: { error: unknown } | undefined,
): Draft {
	const ms = measure(start);
	const sql = readSql(args[0]);
	const error = failure && tidy(nameError(failure.error), MAX_SQL_CHARS);
	return {
		type: 'query',
		// The time first: a row of one line cuts off what is behind.
		text: `${formatMs(ms)}${error === undefined ? '' : `, failed with ${error}`}: ${sql}`,
		...grade(error !== undefined, ms > slowMs),
		data: { query: sql, ms, ...(error === undefined ? {} : { error }), ...data?.(...args) },
	};
}

/** The query itself, or of an object that holds one, on one line and without the values that are written in it. */
function readSql(query: unknown): string {
	const { sql, text } = Object(query) as { sql?: unknown; text?: unknown };
	const written = [query, sql, text].find((one) => typeof one === 'string') as string | undefined; // that it is a string
	if (written === undefined) return 'a query';
	const bare = written
		.slice(0, MAX_READ_CHARS)
		.replace(PIECES, (piece, comment, value) => (comment ? ' ' : value ? '?' : piece))
		.replace(/\s+/g, ' ');
	return tidy(bare.trim(), MAX_SQL_CHARS);
}

/** Its code, such as `23505` or `SQLITE_BUSY`, else its name: messages repeat the values that were wrong. */
function nameError(error: unknown): string {
	const { code, name } = Object(error) as { code?: unknown; name?: unknown };
	return typeof code === 'string' || typeof code === 'number' ? String(code) : String(name ?? 'an error');
}
