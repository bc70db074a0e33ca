// What the library has to read, in a database: this project's own documents, and each line of its sources.
// Knows SQL; never knows who asks, or that anybody is told of it.
import { readdirSync, readFileSync } from 'node:fs';
import sqlite from 'node-sqlite3-wasm';

const ROOT = new URL('../../', import.meta.url);
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'relay/protocol/PROTOCOL.md', 'LICENSE'];
const SOURCES = ['relay', 'widget'];
const MAX_FOUND = 20;

/** In memory, filled at the start: there is no file to be left behind. */
const database = new sqlite.Database();

/** The one way to the database. Rows are objects. */
export function all(sql, values = []) {
	return database.all(sql, values);
}

database.exec(`
	CREATE TABLE documents (name TEXT PRIMARY KEY, is_source INTEGER, text TEXT, lines INTEGER);
	CREATE TABLE lines (document TEXT, number INTEGER, text TEXT);
	CREATE VIRTUAL TABLE words USING fts5(text, content='lines');
`);
fill();

/** What asks the database is handed in, so that it may be another function around `all`. */
export function listDocuments(query) {
	return query('SELECT name, lines FROM documents WHERE is_source = 0 ORDER BY rowid');
}

export function findDocument(query, name) {
	return query('SELECT text FROM documents WHERE name = ?', [name])[0]?.text;
}

/**
 * The first lines in which each word stands, by the index of words. Where there are none, those that have what was typed anywhere,
 * for which no index is any good: each line is looked at, and that takes its time.
 */
export function search(query, text) {
	const words = (text.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, 8);
	if (words.length === 0) return [];
	const found = query(
		`SELECT document, number, lines.text FROM words JOIN lines ON lines.rowid = words.rowid WHERE words MATCH ? ORDER BY words.rowid LIMIT ${MAX_FOUND}`,
		[words.map((word) => `"${word}"`).join(' ')],
	);
	if (found.length > 0) return found;
	return query(
		`SELECT document, number, text FROM lines WHERE text LIKE ? ORDER BY length(text), rowid LIMIT ${MAX_FOUND}`,
		[`%${words.join('%')}%`],
	);
}

function fill() {
	database.exec('BEGIN');
	const [addDocument, addLine] = [
		database.prepare('INSERT INTO documents VALUES (?, ?, ?, ?)'),
		database.prepare('INSERT INTO lines VALUES (?, ?, ?)'),
	];
	for (const { file, name, isSource } of listFiles()) {
		const text = readFileSync(new URL(file, ROOT), 'utf8');
		const lines = text.split('\n');
		addDocument.run([name, isSource ? 1 : 0, text, lines.length]);
		for (const [index, line] of lines.entries()) addLine.run([name, index + 1, line.slice(0, 1000)]);
	}
	addDocument.finalize();
	addLine.finalize();
	database.exec(`INSERT INTO words (words) VALUES ('rebuild'); COMMIT;`);
	search(all, 'the'); // the engine is compiled while it is first used, which is nobody's slow query
}

/** Documents by their bare names, `README`; sources by their paths, `relay/server.ts`. */
function listFiles() {
	const documents = DOCUMENTS.map((file) => ({ file, name: /([^/.]+)(\.md)?$/.exec(file)[1], isSource: false }));
	const sources = SOURCES.flatMap((folder) =>
		readdirSync(new URL(folder, ROOT), { recursive: true })
			.map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
			.filter((path) => /\.(ts|mjs|js|css|html)$/.test(path))
			.sort()
			.map((path) => ({ file: path, name: path, isSource: true })),
	);
	return [...documents, ...sources];
}
