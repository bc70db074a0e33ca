// Requests and queries of real servers, told to a real relay: each once, with the right figures, and at no cost.
import sqlite from 'node-sqlite3-wasm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { createPublisher, logQueries, type Publisher, type PublisherOptions } from '../../widget/publisher/index.ts';
import { startProxy } from '../faults/proxy.ts';
import { ask } from '../support/ask.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';
import { createHono, FRAMEWORKS, type Shop, type Wish } from '../support/web-frameworks.ts';

let relay: TestRelay;
beforeAll(async () => {
	relay = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET } });
});
afterAll(() => relay?.stop());

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let channels = 0;
const newChannel = () => `requests-${++channels}`;

function publishTo(channel: string, options: Partial<PublisherOptions> = {}, sub = 'shop'): Publisher {
	const token = () => sign({ sub, can: ['publish'], channels: [channel] });
	const feed = createPublisher({ relay: relay.url, channel, token, ...options });
	cleanups.push(() => feed.close(0));
	return feed;
}

async function open(framework: string, wish: Wish): Promise<Shop> {
	const shop = await FRAMEWORKS[framework]?.(wish);
	if (!shop) throw new Error(`Expected one of ${Object.keys(FRAMEWORKS)}, not ${framework}.`);
	cleanups.push(() => shop.stop());
	return shop;
}

async function read(channel: string): Promise<FeedEvent[]> {
	const url = `${relay.url}/channels/${channel}/events?after=0&limit=1000`;
	return (await ask(url, { headers: bearer(await sign({ channels: [channel], can: ['read'] })) })).body.events ?? [];
}

const readTexts = async (channel: string) => (await read(channel)).map(({ text = '' }) => text);
/** Its figures aside, which are others each time. */
const bare = (text: string) => text.replace(/ [\d.]+ ms$/, '');

/** Asks, and gives up as soon as `when` is there. */
async function giveUp(url: string, when: Promise<unknown>): Promise<void> {
	const abort = new AbortController();
	const asked = fetch(url, { signal: abort.signal }).then((response) => response.text());
	await when;
	abort.abort();
	await asked.catch(() => undefined);
}

const NAMES = Object.keys(FRAMEWORKS);

describe.each(NAMES)('%s', (name) => {
	it('tells of every request once: method, path, status and time, a warning for 4xx, an error for 5xx', async () => {
		const channel = newChannel();
		const feed = publishTo(channel);
		const { url } = await open(name, { feed });
		const items = Array.from({ length: 100 }, (_, index) => `/item/${index}`);
		await Promise.all(items.map(async (path) => (await fetch(url + path)).text()));
		await fetch(`${url}/order`, { method: 'POST' });
		await fetch(`${url}/item/1`, { method: 'HEAD' });
		await fetch(`${url}/nothing`);
		await fetch(`${url}/fail`);
		await expect.poll(() => readTexts(channel)).toHaveLength(items.length + 4);
		const events = await read(channel);
		// As many as were asked, under as many names: each once.
		const told = Object.fromEntries(events.map(({ text = '', level, data }) => [bare(text), [level, data]]));
		const ms = expect.any(Number);
		expect(told).toEqual({
			...Object.fromEntries(
				items.map((path) => [`GET ${path} 200 in`, [undefined, { method: 'GET', path, status: 200, ms }]]),
			),
			'POST /order 201 in': [undefined, { method: 'POST', path: '/order', status: 201, ms }],
			'HEAD /item/1 200 in': [undefined, { method: 'HEAD', path: '/item/1', status: 200, ms }],
			'GET /nothing 404 in': ['warning', { method: 'GET', path: '/nothing', status: 404, ms }],
			'GET /fail 500 in': ['error', { method: 'GET', path: '/fail', status: 500, ms }],
		});
		for (const { type, at, time } of events) {
			expect(type).toBe('request');
			expect(Math.abs(time - (at ?? 0))).toBeLessThan(60_000);
		}
	});

	it('measures until the answer is sent, and takes a slow one for a warning', async () => {
		const channel = newChannel();
		let heldMs = 0;
		const hold = async () => {
			const start = performance.now();
			await fetch(`${relay.url}/health`); // it takes a while
			heldMs = performance.now() - start;
		};
		const { url } = await open(name, { feed: publishTo(channel), options: { slowMs: 0 }, hold });
		const start = performance.now();
		await (await fetch(`${url}/held`)).text();
		await expect.poll(() => readTexts(channel)).toHaveLength(1);
		const wholeMs = performance.now() - start;
		const [event] = await read(channel);
		const { ms } = Object(event?.data);
		expect(event?.level).toBe('warning');
		expect(ms).toBeGreaterThanOrEqual(Math.floor(heldMs));
		expect(ms).toBeLessThanOrEqual(Math.ceil(wholeMs));
	});

	it('publishes nothing of queries, headers, cookies and bodies, names who asked, and leaves out what is skipped', async () => {
		const channel = newChannel();
		const options = {
			actor: (user: string) => (user ? { id: user, name: user.toUpperCase() } : undefined),
			skip: (user: string) => user === 'prometheus',
		};
		const { url } = await open(name, { feed: publishTo(channel), options });
		const headers = {
			'x-user': 'vera',
			cookie: 'session=HIDDEN',
			authorization: 'HIDDEN',
			'content-type': 'application/json',
		};
		await fetch(`${url}/health`, { headers: { 'x-user': 'prometheus' } });
		await fetch(`${url}/order?code=HIDDEN#HIDDEN`, { method: 'POST', headers, body: '{"card":"HIDDEN"}' });
		await fetch(`${url}/${'long/'.repeat(400)}?HIDDEN`, { headers });
		await fetch(`${url}/item/%00%0a`);
		await expect.poll(() => readTexts(channel)).toHaveLength(3);
		const events = await read(channel);
		expect(JSON.stringify(events)).not.toMatch(/HIDDEN|health/);
		const [order, long, odd] = events;
		expect(order?.data).toEqual({ method: 'POST', path: '/order', status: 201, ms: expect.any(Number), user: 'vera' });
		expect(Object(long?.data).path).toBe(`${`/${'long/'.repeat(400)}`.slice(0, 199)}…`);
		expect(odd?.data).toMatchObject({ path: '/item/%00%0a' });
		expect(odd?.data).not.toHaveProperty('user');
		// A token's word goes before a server's.
		expect(order?.actor).toEqual({ id: 'shop', verified: true });
	});

	it('tells by the feed of whoever asks, so that a token proves who that was', async () => {
		const channel = newChannel();
		const feeds = new Map(['ada', 'vera'].map((user) => [user, publishTo(channel, {}, user)]));
		const feed = (user: string) => feeds.get(user) as Publisher; // nobody else asks
		const { url } = await open(name, { feed });
		for (const user of feeds.keys()) await fetch(`${url}/item/${user}`, { headers: { 'x-user': user } });
		await expect.poll(() => readTexts(channel)).toHaveLength(2);
		const whose = (await read(channel)).map(({ actor, data }) => [actor, Object(data).path]);
		expect(whose.sort()).toEqual([
			[{ id: 'ada', verified: true }, '/item/ada'],
			[{ id: 'vera', verified: true }, '/item/vera'],
		]);
	});

	it('tells of a request that was given up, with its status only where the answer had begun', async () => {
		const channel = newChannel();
		let come: (() => void) | undefined;
		const hasCome = new Promise<void>((resolve) => {
			come = resolve;
		});
		const hold = () => {
			come?.();
			return new Promise(() => {});
		};
		const { url } = await open(name, { feed: publishTo(channel), hold });
		await giveUp(`${url}/held`, hasCome);
		await expect.poll(() => readTexts(channel)).toHaveLength(1);
		const abort = new AbortController();
		await fetch(`${url}/begun`, { signal: abort.signal }); // its head is here
		abort.abort();
		await expect.poll(() => readTexts(channel)).toHaveLength(2);
		const events = await read(channel);
		expect(events.map(({ text = '', level, data }) => [bare(text), level, data])).toEqual([
			['GET /held aborted after', undefined, { method: 'GET', path: '/held', ms: expect.any(Number), aborted: true }],
			[
				'GET /begun aborted after',
				undefined,
				{ method: 'GET', path: '/begun', status: 200, ms: expect.any(Number), aborted: true },
			],
		]);
	});

	it('answers while nothing comes of the relay, and all of it arrives once, in order, when it is back', async () => {
		const channel = newChannel();
		const proxy = await startProxy(Number(new URL(relay.url).port));
		cleanups.push(() => proxy.stop());
		const feed = publishTo(channel, { relay: proxy.url });
		const { url } = await open(name, { feed });
		proxy.set({ hole: true });
		const paths = Array.from({ length: 50 }, (_, index) => `/item/${index}`);
		// One after the other: an answer that waited for the relay would be the last.
		for (const path of paths) expect(await (await fetch(url + path)).text()).toBe('an item');
		await expect.poll(() => feed.waiting).toBe(paths.length);
		expect(await read(channel)).toEqual([]);
		proxy.heal();
		expect(await feed.flush()).toBe(true);
		expect((await readTexts(channel)).map(bare)).toEqual(paths.map((path) => `GET ${path} 200 in`));
	});

	it.each([
		['whose relay is away for good', async (feed: Publisher) => void feed],
		['that is closed', async (feed: Publisher) => void (await feed.close(0))],
	])('answers with a publisher %s, and keeps no more than that takes', async (_case, prepare) => {
		const told: string[] = [];
		const hole = await startProxy(Number(new URL(relay.url).port));
		cleanups.push(() => hole.stop());
		hole.set({ hole: true });
		const feed = createPublisher({
			...{ relay: hole.url, channel: newChannel(), maxEvents: 5, throws: true },
			onError: ({ code }) => told.push(code),
		});
		cleanups.push(() => feed.close(0));
		await prepare(feed);
		const { url } = await open(name, { feed });
		for (let n = 1; n <= 20; n++) expect((await fetch(`${url}/item/${n}`)).status).toBe(200);
		// A rejection that nobody takes would end the program, and this run of tests.
		await expect.poll(() => told.length + feed.waiting).toBe(20);
		expect(feed.waiting).toBeLessThanOrEqual(5);
		expect(new Set(told)).toEqual(new Set([feed.waiting > 0 ? 'outbox-full' : 'closed']));
	});
});

it('tells of requests to Hono without Node beneath it, once the answer begins', async () => {
	const channel = newChannel();
	const app = createHono({ feed: publishTo(channel) });
	for (const path of ['/item/1?HIDDEN', '/nothing', '/fail']) await app.request(path);
	await expect.poll(() => readTexts(channel)).toHaveLength(3);
	const events = await read(channel);
	expect(events.map(({ text = '', level }) => [bare(text), level])).toEqual([
		['GET /item/1 200 in', undefined],
		['GET /nothing 404 in', 'warning'],
		['GET /fail 500 in', 'error'],
	]);
});

describe('a wrapped query function', () => {
	const PEOPLE = `CREATE TABLE people (name TEXT UNIQUE); INSERT INTO people VALUES ('Ada'), ('Vera')`;

	function openDatabase() {
		const database = new sqlite.Database();
		cleanups.push(async () => database.close());
		database.exec(PEOPLE);
		return database;
	}

	it.each(['sync', 'async'])(
		'tells of every query once, slow ones as warnings, failures as errors (%s)',
		async (kind) => {
			const channel = newChannel();
			const database = openDatabase();
			const ask = (sql: string, values?: string[]) => database.all(sql, values);
			const asked: number[] = [];
			const feed = publishTo(channel);
			const answer = async (sql: string, values?: string[]) => ask(sql, values);
			const query = kind === 'sync' ? logQueries(feed, ask, { slowMs: 20 }) : logQueries(feed, answer, { slowMs: 20 });
			const run = async (sql: string, values?: string[]) => {
				const start = performance.now();
				try {
					return await query(sql, values);
				} finally {
					asked.push(performance.now() - start);
				}
			};
			for (let n = 1; n <= 50; n++) {
				expect(await run('SELECT name FROM people WHERE name = ?', ['Vera'])).toEqual([{ name: 'Vera' }]);
			}
			// Counts to a million: no index is any good for that.
			const count =
				'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT count(*) FROM n';
			expect(await run(count)).toEqual([{ 'count(*)': 1_000_000 }]);
			await expect(run(`INSERT INTO people VALUES ('Ada')`)).rejects.toThrow('UNIQUE constraint failed');
			await expect.poll(() => readTexts(channel)).toHaveLength(52);
			const events = await read(channel);
			const figures = events.map(({ data }) => data as { query: string; ms: number; error?: string }); // as the wrapper makes them
			for (const [index, { ms }] of figures.entries()) expect(ms).toBeLessThanOrEqual(Math.ceil(asked[index] ?? 0));
			expect(new Set(figures.slice(0, 50).map((one) => one.query))).toEqual(
				new Set(['SELECT name FROM people WHERE name = ?']),
			);
			expect(figures[50]?.query).toBe(count.replace(/\b1\b|1000000/g, '?'));
			expect(figures[50]?.ms).toBeGreaterThan(20);
			for (const { text = '', level, data } of events.slice(0, 51)) {
				const { ms, query: sql } = data as { ms: number; query: string }; // as above
				expect(level).toBe(ms > 20 ? 'warning' : undefined);
				expect(text).toBe(`${ms < 100 ? ms : Math.round(ms)} ms: ${sql}`);
			}
			expect(events[51]).toMatchObject({
				...{ type: 'query', level: 'error' },
				text: expect.stringMatching(/^[\d.]+ ms, failed with SQLite3Error: INSERT INTO people VALUES \(\?\)$/),
				data: { query: 'INSERT INTO people VALUES (?)', ms: expect.any(Number), error: 'SQLite3Error' },
			});
			expect(JSON.stringify(events)).not.toMatch(/Vera|Ada/);
		},
	);

	it('costs its caller nothing while the relay is away, and all of it arrives when it is back', async () => {
		const channel = newChannel();
		const proxy = await startProxy(Number(new URL(relay.url).port));
		cleanups.push(() => proxy.stop());
		proxy.set({ hole: true });
		const feed = publishTo(channel, { relay: proxy.url });
		const database = openDatabase();
		const query = logQueries(feed, (sql: string) => database.all(sql));
		// It answers at once, and not with a promise: there is nothing that it could wait for.
		for (let n = 1; n <= 50; n++) expect(query(`SELECT name AS name${n} FROM people`)).toHaveLength(2);
		expect(feed.waiting).toBe(50);
		expect(await read(channel)).toEqual([]);
		proxy.heal();
		expect(await feed.flush()).toBe(true);
		const told = (await read(channel)).map(({ data }) => Object(data).query);
		expect(told).toEqual(Array.from({ length: 50 }, (_, index) => `SELECT name AS name${index + 1} FROM people`));
	});
});
