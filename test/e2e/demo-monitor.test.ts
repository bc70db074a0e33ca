// The library and its monitor: what its administrator sees, and what a visitor does not. A real relay with a secret, a real server, in Chromium.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Draft, FeedEvent } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { startProxy } from '../faults/proxy.ts';
import { startAnswering } from '../support/answering.ts';
import { ask } from '../support/ask.ts';
import { readRows, waitUntilLive } from '../support/panel.ts';
import { findFreePort } from '../support/ports.ts';
import { type RunningCommand, runCommand } from '../support/process.ts';
import { patience } from '../support/slowness.ts';
import { setStage } from '../support/stage.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const TOKEN = /eyJ[\w-]+\.[\w-]+/;

/** What a panel was told, by whom: what other people do meanwhile may have moved a row out of what is drawn. */
function readTold(page: Page): Promise<string[]> {
	return page.evaluate(() => {
		const { events = [] } = document.querySelector<LiveFeed>('live-feed') ?? {};
		return events.map(({ actor, text = '' }) => `${actor?.name} ${text}`);
	});
}

// Each person has a browser of his own: they come, wait and go beside one another.
describe.concurrent('the monitor', () => {
	const stage = setStage({ vars: { LIVE_FEED_SECRET: SECRET } });
	const commands: RunningCommand[] = [];
	let library: string;
	const contexts: BrowserContext[] = [];
	beforeAll(async () => {
		[, library] = await startLibrary(stage.relay.url);
	});
	afterAll(async () => {
		await Promise.all(contexts.map((context) => context.close()));
		// A test that failed has left its own.
		for (const command of commands) command.signal('SIGTERM');
		await Promise.all(commands.map(({ exited }) => exited));
	});

	async function startLibrary(relay: string, env: Record<string, string> = {}): Promise<[RunningCommand, string]> {
		const own = { PORT: String(await findFreePort()), LIVE_FEED_RELAY: relay, LIVE_FEED_SECRET: SECRET, ...env };
		const command = runCommand(process.execPath, ['demo/monitor/server.mjs'], own);
		commands.push(command);
		const [, address = ''] = await command.waitFor(/The library: (\S+)/);
		return [command, address];
	}

	/** A browser of a person's own, who is signed in. */
	async function signIn(person: string, at = library): Promise<Page> {
		const context = await stage.browser.newContext();
		contexts.push(context);
		const page = await context.newPage();
		await page.goto(at);
		await page.click(`button[value=${person}]`);
		return page;
	}

	async function readChannel(): Promise<FeedEvent[]> {
		const url = `${stage.relay.url}/channels/monitor/events?after=0&limit=1000`;
		return (await ask(url, { headers: bearer(await sign({ channels: ['monitor'] })) })).body.events ?? [];
	}

	const readConnection = (page: Page) => page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.connection);

	/** All that stands in a page, and where it came from. */
	async function readEverything(page: Page): Promise<string> {
		const source = await (await page.request.get(page.url())).text();
		const cookies = JSON.stringify(await page.context().cookies());
		const inside = await page.evaluate(() => {
			const feed = document.querySelector('live-feed') as LiveFeed & { token: unknown };
			return [
				document.documentElement.outerHTML,
				feed.shadowRoot?.innerHTML,
				feed.token,
				JSON.stringify({ ...localStorage, ...sessionStorage }),
				document.cookie,
				location.href,
				...performance.getEntries().map(({ name }) => name),
			].join('\n');
		});
		return [source, cookies, inside].join('\n');
	}

	it('shows the administrator each page, search and query as it happens, proven, and slow queries as warnings', async ({
		expect,
	}) => {
		const [slow, address] = await startLibrary(stage.relay.url, { SLOW_MS: '-1' });
		const page = await signIn('ada');
		await page.goto(`${library}/monitor`);
		await waitUntilLive(page);
		const visitor = await signIn('vera', address);
		await visitor.goto(`${address}/read/CONTRIBUTING`);
		await visitor.click('text=Search');
		await visitor.fill('input', 'token');
		await visitor.click('main button');
		expect(await visitor.textContent('[role=status]')).toMatch(/^20 lines in [\d.]+ ms$/);
		for (const text of ['Vera signed in as visitor', 'Vera entered CONTRIBUTING', 'Vera searched for “token”: 20 in'])
			await expect
				.poll(() => readTold(page), { timeout: patience(30_000) })
				.toEqual(expect.arrayContaining([expect.stringContaining(text)]));
		const told = await readChannel();
		const ms = expect.any(Number);
		expect(
			told.find(({ type, actor, data }) => type === 'search' && actor?.id === 'vera' && Object(data).query === 'token'),
		).toMatchObject({
			actor: { id: 'vera', name: 'Vera', verified: true },
			data: { query: 'token', found: 20, ms },
		});
		// The database has a publisher of its own, whose batch may be a later one.
		const findQuery = async () =>
			(await readChannel()).find(
				({ type, level, text }) => type === 'query' && level === 'warning' && text?.includes('MATCH'),
			);
		await expect.poll(findQuery).toMatchObject({
			actor: { id: 'database', name: 'SQL', verified: true },
			text: expect.stringMatching(
				/^[\d.]+ ms: SELECT document, number, lines\.text FROM words JOIN lines .* LIMIT \?$/,
			),
			data: { query: expect.stringContaining('MATCH ?'), ms },
		});
		expect(await page.evaluate(() => document.querySelector('live-feed')?.shadowRoot?.textContent)).not.toContain(
			'unverified',
		);
		expect(await readEverything(page)).not.toMatch(TOKEN);
		slow.signal('SIGTERM');
		expect(await slow.exited).toMatchObject({ code: 0 });
	});

	it('tells of every query once with its time, a search without an index as slow, also while the relay is away', async ({
		expect,
	}) => {
		const passed: Draft[] = [];
		let isAway = true;
		// What this library alone has sent: others publish to the channel too.
		const recorder = await startAnswering(async ({ path, body, authorization = '' }) => {
			if (isAway) return { status: 503 };
			const headers = { 'content-type': 'application/json', authorization };
			const { status, body: said } = await ask(stage.relay.url + path, {
				...{ method: 'POST', headers, body: JSON.stringify(body) },
			});
			passed.push(...(body as Draft[])); // every request of a publisher is an array
			return { status, body: said };
		});
		const [told, address] = await startLibrary(recorder.url);
		const paths = ['/', '/read/LICENSE', '/read/nothing', '/search?q=token', '/search?q=receip', '/search', '/monitor'];
		const statuses: number[] = [];
		for (const path of paths) statuses.push((await fetch(address + path)).status);
		expect(statuses).toEqual([200, 200, 404, 200, 200, 200, 200]);
		expect(passed).toEqual([]);
		isAway = false;
		await expect.poll(() => passed.length, { timeout: patience(30_000) }).toBe(14);
		told.signal('SIGTERM');
		expect(await told.exited).toMatchObject({ code: 0 });
		await recorder.stop();
		const queries = passed.filter(({ type }) => type === 'query');
		const word = expect.stringMatching(/ WHERE words MATCH \? /);
		expect(queries.map(({ data }) => Object(data).query)).toEqual([
			expect.stringMatching(/^SELECT name, lines FROM documents /),
			...Array(2).fill('SELECT text FROM documents WHERE name = ?'),
			...[word, word, expect.stringMatching(/ WHERE text LIKE \? /)],
		]);
		for (const { text, level, data } of queries) {
			const { query, ms } = Object(data);
			expect(text).toBe(`${ms < 100 ? ms : Math.round(ms)} ms: ${query}`);
			expect(level).toBe(ms > 5 ? 'warning' : undefined);
		}
		expect(queries.at(-1)?.level).toBe('warning');
		const kinds = passed.filter(({ type }) => type !== 'query').map(({ type }) => type);
		expect(kinds.sort()).toEqual([...Array(6).fill('page'), ...Array(2).fill('search')]);
		const stored = await readChannel();
		for (const { text, at } of passed)
			expect(stored.filter((event) => event.text === text && event.at === at)).toHaveLength(1);
		expect(JSON.stringify(queries)).not.toMatch(/token|receip/);
	});

	it('shows a visitor that he may not see it, and nothing of it; and whoever is not signed in, too', async ({
		expect,
	}) => {
		await (await signIn('ada')).goto(`${library}/read/README`);
		const page = await signIn('vera');
		const messages: string[] = [];
		page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => messages.push(String(payload))));
		const look = async () => {
			await page.goto(`${library}/monitor`);
			await expect.poll(() => readConnection(page)).toBe('refused');
			await expect
				.poll(() => page.evaluate(() => document.querySelector('live-feed')?.shadowRoot?.textContent))
				.toMatch(/Not allowed[\s\S]*There is no token for you here/);
			expect(await readRows(page)).toEqual([]);
			expect(await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events)).toEqual([]);
			const everything = await readEverything(page);
			expect(everything).not.toMatch(TOKEN);
			expect(everything).not.toMatch(/entered|searched/);
			expect(messages).toEqual([]);
		};
		await look();
		expect((await page.request.get(`${library}/token`)).status()).toBe(403);
		await page.click('text=Sign out');
		await look();
		expect((await page.request.get(`${library}/token`)).status()).toBe(401);
	});

	it('shows who signs out and in as another what that one may see', async ({ expect }) => {
		const page = await signIn('vera');
		await page.goto(`${library}/monitor`);
		await expect.poll(() => readConnection(page)).toBe('refused');
		await page.click('text=Sign out');
		await page.click('button[value=ada]');
		// A page that is left at once would not be signed in.
		await page.locator('text=Ada, administrator').waitFor();
		await page.goto(`${library}/monitor`);
		await waitUntilLive(page);
		await expect
			.poll(() => readTold(page), { timeout: patience(30_000) })
			.toEqual(expect.arrayContaining([expect.stringMatching(/Ada\s+entered the monitor/)]));
		await page.click('text=Sign out');
		await page.click('button[value=vera]');
		await page.locator('text=Vera, visitor').waitFor();
		await page.goBack();
		await page.goto(`${library}/monitor`);
		await expect.poll(() => readConnection(page)).toBe('refused');
		expect(await readRows(page)).toEqual([]);
	});

	it('stays on one socket without a gap through the lives of many short tokens', async ({ expect }) => {
		const [short, address] = await startLibrary(stage.relay.url, { TOKEN_LIFETIME: '12s' });
		const page = await signIn('ada', address);
		const hellos: string[][] = [];
		page.on('websocket', (socket) => {
			const own: string[] = [];
			hellos.push(own);
			socket.on('framesent', ({ payload }) => {
				const { type, token } = JSON.parse(String(payload));
				if (type === 'hello') own.push(token);
			});
		});
		await page.goto(`${address}/monitor`);
		await waitUntilLive(page);
		await page.evaluate(() => {
			const gaps: unknown[] = [];
			Object.assign(globalThis, { gaps });
			document.querySelector('live-feed')?.addEventListener('live-feed-gap', (event) => gaps.push(event));
		});
		const visitor = await signIn('vera', address);
		let searches = 0;
		while (hellos.flat().length < 3) {
			await visitor.goto(`${address}/search?q=short${++searches}`);
			await expect
				.poll(() => readTold(page), { timeout: patience(30_000) })
				.toEqual(expect.arrayContaining([expect.stringContaining(`“short${searches}”`)]));
		}
		expect(new Set(hellos[0]).size).toBe(hellos[0]?.length);
		expect(hellos).toHaveLength(1);
		const [shown, gaps] = await page.evaluate(() => {
			const { events } = document.querySelector('live-feed') as LiveFeed;
			return [events.map(({ seq }) => seq), (globalThis as unknown as { gaps: unknown[] }).gaps] as const;
		});
		const first = shown[0] ?? 0;
		expect(shown).toEqual(shown.map((_, index) => first + index));
		expect(gaps).toEqual([]);
		short.signal('SIGTERM');
		await short.exited;
	});

	it('costs the library nothing while the relay is away, and what was reported meanwhile arrives', async ({
		expect,
	}) => {
		const proxy = await startProxy(Number(new URL(stage.relay.url).port));
		const [cut, address] = await startLibrary(proxy.url);
		const page = await signIn('vera', address);
		const answers = async (name: string) => {
			const pages = ['/', '/read/LICENSE', `/search?q=${name}`, '/monitor'];
			const results = await Promise.all(pages.map((path) => page.request.get(address + path)));
			// The time that a search took is another each time.
			return await Promise.all(
				results.map(async (result) => [
					result.status(),
					(await result.text()).replaceAll(name, '').replace(/[\d.]+ ms/, ''),
				]),
			);
		};
		const before = await answers('xqxqxq');
		const find = async (name: string) => (await readChannel()).filter(({ text }) => text?.includes(name)).length;
		await expect.poll(() => find('“xqxqxq”'), { timeout: patience(30_000) }).toBe(1);
		await proxy.closePort();
		proxy.cut('reset');
		// Its lines end where they are: an answer that waited for the relay would never come.
		const answered: string[] = [];
		for (let n = 1; n <= 20; n++) {
			const during = await answers(`zqzqzq${n}`);
			expect(during).toEqual(before);
			answered.push(`“zqzqzq${n}”`);
		}
		expect(await find('“zqzqzq')).toBe(0);
		await proxy.openPort();
		await expect.poll(() => find('“zqzqzq'), { timeout: patience(30_000) }).toBe(20);
		const texts = (await readChannel()).map(({ text }) => /“zqzqzq\d+”/.exec(text ?? '')?.[0]).filter(Boolean);
		expect(texts).toEqual(answered);
		cut.signal('SIGTERM');
		expect(await cut.exited).toMatchObject({ code: 0 });
		await proxy.stop();
	});

	it('takes forms from its own pages alone, and writes nothing into a page that was not escaped', async ({
		expect,
	}) => {
		const form = { method: 'POST', body: new URLSearchParams({ person: 'ada' }) };
		expect((await fetch(`${library}/sign-in`, { ...form, headers: { origin: 'https://evil.example' } })).status).toBe(
			403,
		);
		const { headers } = await fetch(`${library}/sign-in`, { ...form, redirect: 'manual' });
		expect(headers.get('set-cookie')).toMatch(/^session=[\w-]{36}; Path=\/; HttpOnly; SameSite=Strict$/);
		const text = await (await fetch(`${library}/search?q=${encodeURIComponent('"><script>alert(1)</script>')}`)).text();
		expect(text).not.toContain('<script>');
		expect(text).toContain('value="&quot;&gt;&lt;script&gt;');
		expect((await fetch(`${library}/read/nothing`)).status).toBe(404);
	});
});
