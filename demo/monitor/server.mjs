#!/usr/bin/env node
// A small library on the web. It tells a channel who enters which page and what each query takes, and shows that to its administrator.
// Knows requests, sessions and who may have a token; never knows how a relay is run.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createPublisher, logQueries } from 'live-feed/publisher';
import { all, findDocument, listDocuments, search } from './documents.mjs';
import { monitor, page, reading, results, shelf } from './pages.mjs';
import { signToken } from './tokens.mjs';

const PORT = Number(process.env.PORT ?? 3000);
const RELAY = (process.env.LIVE_FEED_RELAY || 'http://localhost:1999').replace(/\/+$/, '');
/** How long the token of a reader holds. The panel has a new one in time. */
const LIFETIME = process.env.TOKEN_LIFETIME || '5m';
/** A query that takes longer is a warning, milliseconds. */
const SLOW_MS = Number(process.env.SLOW_MS ?? 5);

const PEOPLE = {
	ada: { id: 'ada', name: 'Ada', role: 'administrator' },
	vera: { id: 'vera', name: 'Vera', role: 'visitor' },
};

const NOBODY = { id: 'nobody', name: 'Somebody' };
const DATABASE = { id: 'database', name: 'SQL' };

/** One for each person, with a token that says whose deeds it tells: what stands in the channel is proven. */
const feeds = new Map(
	[...Object.values(PEOPLE), NOBODY, DATABASE].map(({ id, name }) => {
		const token = () => signToken({ subject: id, name, channels: 'monitor', can: 'publish', for: '1h' });
		return [id, createPublisher({ relay: RELAY, channel: 'monitor', token })];
	}),
);

/** Not waited for: a relay that is away keeps nobody waiting. The time is told, since it may arrive later. */
function report({ id } = NOBODY, type, text, more = {}) {
	feeds.get(id).publish(type, { text, at: Date.now(), ...more });
}

/** The only way to the database: every query that goes through is reported, with its time. What is searched for is a value, and is not. */
const query = logQueries(feeds.get(DATABASE.id), all, { slowMs: SLOW_MS });

/** Searches, and reports who did, for what. */
function runSearch(user, text) {
	const start = performance.now();
	const found = search(query, text);
	const ms = Math.round((performance.now() - start) * 10) / 10;
	report(user, 'search', `searched for “${text}”: ${found.length} in ${ms} ms`, {
		data: { query: text, found: found.length, ms },
	});
	return { found, ms };
}

/** Session → person. They end with the server. */
const sessions = new Map();

function findSession({ headers }) {
	return /(?:^|; )session=([\w-]+)/.exec(headers.cookie ?? '')?.[1];
}

const FILES = new Map(
	[
		['/demo.css', ['../demo.css', 'text/css']],
		['/library.css', ['library.css', 'text/css']],
		['/icon.svg', ['../icon.svg', 'image/svg+xml']],
	].map(([path, [file, type]]) => [path, { type, body: readFileSync(new URL(file, import.meta.url)) }]),
);

const POLICY = [
	"default-src 'none'",
	`script-src ${RELAY}`,
	`connect-src 'self' ${RELAY} ${RELAY.replace(/^http/, 'ws')}`,
	"style-src 'self'; img-src 'self'",
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"require-trusted-types-for 'script'; trusted-types lit-html",
].join('; ');

const server = createServer((request, response) => {
	answer(request, response).catch((error) => {
		console.error(error);
		if (response.headersSent) response.destroy();
		else send(response, 500, 'Something went wrong.\n', { 'content-type': 'text/plain' });
	});
});

async function answer(request, response) {
	const { method } = request;
	const { pathname, searchParams } = new URL(request.url, 'http://library');
	const file = FILES.get(pathname);
	if (file) return send(response, 200, file.body, { 'content-type': file.type });
	const user = sessions.get(findSession(request));
	if (pathname === '/token') return await answerToken(user, response);
	if (method === 'POST') return await answerForm(request, response, pathname);
	if (method !== 'GET' && method !== 'HEAD') return send(response, 405, '', { allow: 'GET, HEAD, POST' });

	const show = (title, main, more = {}) => send(response, 200, page({ title, main, user, people: PEOPLE, ...more }));
	const enter = (title) => report(user, 'page', `entered ${title}`, { data: { path: pathname } });
	const [, name] = /^\/read\/([\w./-]+)$/.exec(pathname) ?? [];
	const text = name && findDocument(query, name);
	if (pathname === '/') {
		enter('the library');
		show('What there is to read', shelf(listDocuments(query)));
	} else if (text !== undefined) {
		enter(name);
		show(name, reading(text));
	} else if (pathname === '/search') {
		enter('the search');
		const wanted = (searchParams.get('q') ?? '').trim().slice(0, 100);
		const { found, ms } = wanted === '' ? { found: [], ms: 0 } : runSearch(user, wanted);
		show('Search', results(wanted, found, ms));
	} else if (pathname === '/monitor') {
		enter('the monitor');
		show('Monitor', monitor(RELAY), { script: `${RELAY}/live-feed.js` });
	} else send(response, 404, page({ title: 'Not here', user, people: PEOPLE, main: '<p>There is no such page.</p>' }));
}

/** Only a person who may read the channel gets one, and only his own page can ask: the cookie goes nowhere else. */
async function answerToken(user, response) {
	if (user?.role !== 'administrator')
		return send(response, user ? 403 : 401, '{}', { 'content-type': 'application/json' });
	const grant = { subject: user.id, name: user.name, channels: 'monitor', can: 'read', for: LIFETIME };
	send(response, 200, JSON.stringify({ token: await signToken(grant) }), { 'content-type': 'application/json' });
}

async function answerForm(request, response, pathname) {
	const { origin, host } = request.headers;
	if (origin !== undefined && new URL(origin).host !== host) return send(response, 403, '');
	sessions.delete(findSession(request));
	const headers = { location: '/', 'set-cookie': 'session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict' };
	if (pathname === '/sign-in') {
		const person = PEOPLE[new URLSearchParams(await readBody(request)).get('person')];
		if (!person) return send(response, 400, '');
		const session = randomUUID();
		sessions.set(session, person);
		headers['set-cookie'] = `session=${session}; Path=/; HttpOnly; SameSite=Strict`;
		report(person, 'sign-in', `signed in as ${person.role}`);
	} else if (pathname !== '/sign-out') return send(response, 404, '');
	send(response, 303, '', headers);
}

async function readBody(request) {
	let body = '';
	for await (const chunk of request) {
		body += chunk;
		if (body.length > 1000) throw new Error('A form is too long.');
	}
	return body;
}

function send(response, status, body, headers = {}) {
	response.writeHead(status, {
		'content-type': 'text/html; charset=utf-8',
		'cache-control': 'no-store',
		'content-security-policy': POLICY,
		'x-content-type-options': 'nosniff',
		...headers,
	});
	response.end(body);
}

server.listen(PORT, '127.0.0.1', () => console.log(`The library: http://localhost:${server.address().port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
	process.once(signal, async () => {
		server.close();
		server.closeAllConnections();
		await Promise.all([...feeds.values()].map((feed) => feed.close(2000)));
		process.exit(0);
	});
}
