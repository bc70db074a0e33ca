// A page whose panels have tokens, in each of the ways: none of them is to be found in it afterwards.
import { createServer, type Server } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { openPage } from '../support/panel.ts';
import { findSpilt, look } from '../support/spill.ts';
import { setStage } from '../support/stage.ts';
import { bearer, sign } from '../support/tokens.ts';

const SECRET = 'a-secret-of-a-page-that-is-long-enough';
const CHANNEL = 'secret-room';

/** Gives each who asks a token of his own. */
let issuer: Server;
let tokenUrl = '';
beforeAll(async () => {
	issuer = createServer(async (request, response) => {
		response.setHeader('access-control-allow-origin', request.headers.origin ?? 'null');
		response.setHeader('access-control-allow-credentials', 'true');
		response.end(await sign({ sub: 'by-address' }, SECRET));
	});
	await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
	const address = issuer.address();
	tokenUrl = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}/token` : '';
});
afterAll(() => {
	issuer.close();
});

/** Everything that a page keeps, shows or says where it is, by its place. */
async function collect(page: Page): Promise<[place: string, text: string][]> {
	return page.evaluate(async () => {
		const found: [string, string][] = [];
		const read = (root: Document | ShadowRoot, name: string) => {
			found.push([`the DOM of ${name}`, root instanceof Document ? root.documentElement.outerHTML : root.innerHTML]);
			for (const element of root.querySelectorAll('*')) {
				const fields = [...element.attributes].map(({ value }) => value);
				for (const key of Object.keys(element))
					fields.push(String((element as unknown as Record<string, unknown>)[key]));
				fields.push(String((element as HTMLInputElement).value ?? ''));
				found.push([`attributes and own fields of ${element.localName}`, fields.join('\n')]);
				if (element.shadowRoot) read(element.shadowRoot, element.localName);
			}
		};
		read(document, 'the page');
		for (const feed of document.querySelectorAll('live-feed')) {
			for (let of: object | null = feed; of && of !== HTMLElement.prototype; of = Object.getPrototypeOf(of)) {
				for (const key of Object.getOwnPropertyNames(of)) {
					const value: unknown = (feed as unknown as Record<string, unknown>)[key];
					found.push([`the property ${key} of a panel`, typeof value === 'function' ? '' : write(value)]);
				}
			}
		}
		const stores = { localStorage, sessionStorage };
		for (const [name, store] of Object.entries(stores)) {
			found.push([name, Object.entries(store).flat().join('\n')]);
		}
		found.push(['cookies', document.cookie], ['the address', location.href], ['the name of the window', window.name]);
		found.push(['the state of the history', JSON.stringify(history.state)]);
		found.push([
			'the list of what was loaded',
			performance
				.getEntries()
				.map(({ name }) => name)
				.join('\n'),
		]);
		for (const { name = '' } of await indexedDB.databases()) {
			const database = await wait<IDBDatabase>(indexedDB.open(name));
			for (const store of database.objectStoreNames) {
				const rows = await wait<unknown[]>(database.transaction(store).objectStore(store).getAll());
				found.push([`IndexedDB ${name} ${store}`, JSON.stringify(rows)]);
			}
			database.close();
		}
		for (const name of isSecureContext ? await caches.keys() : []) found.push([`the cache ${name}`, name]);
		return found;

		function write(value: unknown): string {
			try {
				return JSON.stringify(value) ?? '';
			} catch {
				return String(value); // it holds itself
			}
		}
		function wait<T>(request: IDBRequest): Promise<T> {
			return new Promise((resolve, reject) => {
				request.onsuccess = () => resolve(request.result);
				request.onerror = () => reject(request.error);
			});
		}
	});
}

const findAll = async (page: Page) =>
	(await collect(page)).flatMap(([place, text]) => {
		const found = findSpilt(look('pages', text));
		return found === undefined ? [] : [`${place}: ${found}`];
	});

describe('a token', () => {
	const stage = setStage({ vars: { LIVE_FEED_SECRET: SECRET } });

	it('is nowhere in a page that has it, however it was given: not in DOM, storage, addresses, errors or the console', async () => {
		const address = `${stage.relay.url}/channels/${CHANNEL}/events`;
		const writer = await sign({ sub: 'writer' }, SECRET);
		const headers = { ...bearer(writer), 'content-type': 'application/json' };
		expect((await fetch(address, { method: 'POST', headers, body: '{"text":"hello"}' })).status).toBe(201);
		const feed = (attributes: string) =>
			`<live-feed channel="${CHANNEL}" relay="${stage.relay.url}" ${attributes}></live-feed>`;
		const context = await stage.browser.newContext();
		const said: string[] = [];
		context.on('request', (request) => said.push(request.url()));
		context.on('console', (message) => said.push(message.text()));
		context.on('page', (page) => page.on('websocket', (socket) => said.push(socket.url())));
		const { page, errors } = await openPage(
			context,
			stage.relay.url,
			feed(`token="${await sign({ sub: 'in-html' }, SECRET)}"`),
		);
		await page.exposeFunction('giveToken', () => sign({ sub: 'by-function' }, SECRET));
		await page.evaluate(
			([attribute, property, wrong, html, url]) => {
				const add = (prepare: (feed: LiveFeed) => void, name = '') => {
					document.body.insertAdjacentHTML('beforeend', html as string);
					const feed = document.body.lastElementChild as LiveFeed;
					feed.id = name;
					prepare(feed);
				};
				add((feed) => feed.setAttribute('token', attribute as string));
				add((feed) => {
					feed.token = property;
				});
				add((feed) => {
					feed.getToken = (window as unknown as { giveToken: () => Promise<string> }).giveToken;
				});
				add((feed) => feed.setAttribute('token-url', url as string));
				add((feed) => {
					feed.token = wrong;
				}, 'wrong');
			},
			[
				await sign({ sub: 'by-attribute' }, SECRET),
				await sign({ sub: 'by-property' }, SECRET),
				await sign({ sub: 'by-a-stranger' }, `${SECRET}-of-another`),
				feed('compose'),
				tokenUrl,
			] as const,
		);
		await page.waitForFunction(() =>
			[...document.querySelectorAll<LiveFeed>('live-feed')].every(
				({ id, connection }) => connection === (id === 'wrong' ? 'refused' : 'live'),
			),
		);
		const receipts = await page.evaluate(() =>
			Promise.all(
				[...document.querySelectorAll<LiveFeed>('live-feed:not(#wrong)')].map(async (feed) =>
					feed.publish('message', { text: 'from a page' }).then(({ id }) => id),
				),
			),
		);
		expect(new Set(receipts).size).toBe(5);
		const failure = await page.evaluate(() =>
			document
				.querySelector<LiveFeed>('#wrong')
				?.publish('message', { text: 'no' })
				.catch((error: Error) => `${error.name} ${error.message} ${error.stack} ${JSON.stringify(error)}`),
		);
		for (const text of [...said, ...errors, String(failure)]) look('pages', text);
		const spilt = [...said, ...errors, String(failure)].map(findSpilt).filter(Boolean);
		const kept = await findAll(page);
		console.log(
			`tokens: ${(await collect(page)).length} places of a page and ${said.length} addresses and messages, ${spilt.length + kept.length} hits`,
		);
		expect([...spilt, ...kept]).toEqual([]);
		const isReadable = await page.evaluate(() =>
			[...document.querySelectorAll<LiveFeed>('live-feed')].some(
				(feed) => 'token' in feed && (feed as unknown as { token: unknown }).token !== undefined,
			),
		);
		expect(isReadable).toBe(false);
		await context.close();
	});

	it('is found where somebody puts it', async () => {
		const page = await stage.browser.newPage();
		await page.goto(`${stage.relay.url}/health`);
		const token = await sign({ sub: 'planted' }, SECRET);
		await page.evaluate(async (planted) => {
			const host = document.body.appendChild(document.createElement('div'));
			host.attachShadow({ mode: 'open' }).appendChild(document.createElement('p')).textContent = planted;
			localStorage.setItem('kept', planted);
			await new Promise<void>((resolve) => {
				const opening = indexedDB.open('kept', 1);
				opening.onupgradeneeded = () => opening.result.createObjectStore('kept').put({ planted }, 'one');
				opening.onsuccess = () => {
					opening.result.close();
					resolve();
				};
			});
		}, token);
		const places = (await collect(page)).filter(([, text]) => findSpilt(text) !== undefined).map(([place]) => place);
		expect(places).toEqual(['the DOM of div', 'localStorage', 'IndexedDB kept kept']);
		expect(findSpilt(`the signature alone: ${token.split('.')[2]}`)).toBeDefined();
		expect(findSpilt(`the secret: ${SECRET}`)).toBeDefined();
		await page.close();
	});
});
