// What a page of a stranger can do to a relay on the visitor's own machine: nothing.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { launch } from '../support/browser.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

/** A stranger's name; in the browser it leads to this machine, as it would after rebinding. */
const STRANGER = 'evil.test';
const SECRET_TEXT = 'what only this machine may read';

let browser: Browser;
let relay: TestRelay;
let site: Server;
let sitePort: number;

beforeAll(async () => {
	relay = await startRelay({ vars: {} });
	site = createServer((_, response) => {
		response.setHeader('content-type', 'text/html');
		response.end('<!doctype html><meta charset="utf-8"><title>A stranger</title><link rel="icon" href="data:,">');
	});
	await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
	sitePort = (site.address() as AddressInfo).port; // it listens on one
	browser = await launch({ args: [`--host-resolver-rules=MAP ${STRANGER} 127.0.0.1`] });
});
afterAll(async () => {
	await browser?.close();
	site?.close();
	await relay?.stop();
});

/** Everything that a page can try, each with what came of it; `read` is whatever it could read of an answer. */
async function attack(target: string): Promise<{ what: string; read: string }[]> {
	const text = 'from a stranger';
	const never = <T>(promise: Promise<T>, otherwise: T) =>
		Promise.race([promise, new Promise<T>((resolve) => setTimeout(resolve, 1500, otherwise))]);
	const post = (what: string, init: RequestInit) =>
		fetch(target, { method: 'POST', ...init }).then(
			async (response) => ({
				what,
				read: response.type === 'opaque' ? '' : `${response.status} ${await response.text()}`,
			}),
			() => ({ what, read: '' }),
		);
	const load = (what: string, element: HTMLElement & { src: string }, address: string) =>
		never(
			new Promise<{ what: string; read: string }>((resolve) => {
				element.onload = () => resolve({ what, read: 'loaded' });
				element.onerror = () => resolve({ what, read: '' });
				element.src = address;
				document.body.append(element);
			}),
			{ what, read: '' },
		);
	const submit = async (what: string, encoding: string) => {
		const frame = document.createElement('iframe');
		frame.name = what;
		const form = document.createElement('form');
		Object.assign(form, { action: target, method: 'post', enctype: encoding, target: what });
		const field = document.createElement('input');
		Object.assign(field, { name: 'text', value: text });
		form.append(field);
		document.body.append(frame, form);
		const loaded = new Promise((resolve) => {
			frame.onload = () => frame.contentWindow?.location.href !== 'about:blank' && resolve(undefined);
		}).catch(() => {});
		form.submit();
		await never(loaded, undefined);
		try {
			return { what, read: frame.contentDocument?.body.textContent ?? '' };
		} catch {
			return { what, read: '' };
		}
	};
	const talk = (what: string) =>
		never(
			new Promise<{ what: string; read: string }>((resolve) => {
				const socket = new WebSocket(target.replace(/^http/, 'ws'));
				let read = '';
				socket.onopen = () => {
					socket.send('{"type":"hello","protocol":1,"history":50}');
					socket.send(JSON.stringify({ type: 'publish', ref: 1, draft: { text } }));
				};
				socket.onmessage = async ({ data }) => {
					read += typeof data === 'string' ? data : await (data as Blob).text();
				};
				socket.onclose = ({ code }) => resolve({ what, read: `${code} ${read}` });
			}),
			{ what, read: 'still open' },
		);
	const follow = (what: string) =>
		never(
			new Promise<{ what: string; read: string }>((resolve) => {
				const source = new EventSource(target);
				source.addEventListener('welcome', (event) => resolve({ what, read: (event as MessageEvent).data }));
				source.onmessage = ({ data }) => resolve({ what, read: data });
				source.onerror = () => {
					source.close();
					resolve({ what, read: '' });
				};
			}),
			{ what, read: '' },
		);
	const get = (what: string, init: RequestInit, address = target) =>
		never(
			fetch(address, init).then(
				async (response) => ({
					what,
					read: response.type === 'opaque' ? '' : `${response.status} ${await response.text()}`,
				}),
				() => ({ what, read: '' }),
			),
			{ what, read: '' },
		);
	return Promise.all([
		get('fetch', {}),
		get('fetch, no-cors', { mode: 'no-cors' }),
		get('fetch, with credentials', { credentials: 'include' }),
		get('fetch of a stream', { headers: { accept: 'text/plain' } }),
		get('fetch that waits', {}, `${target}?wait=1`),
		post('fetch, JSON', { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text }) }),
		post('fetch, text/plain', { headers: { 'content-type': 'text/plain' }, body: text }),
		post('fetch, text/plain, no-cors', { mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: text }),
		post('fetch, without a type', { mode: 'no-cors', body: new Blob([text]) }),
		post('fetch, form', { mode: 'no-cors', body: new URLSearchParams({ text }) }),
		post('fetch, kept alive', { mode: 'no-cors', keepalive: true, body: text }),
		post('fetch, without a referrer', { mode: 'no-cors', referrerPolicy: 'no-referrer', body: text }),
		submit('form', 'application/x-www-form-urlencoded'),
		submit('form, multipart', 'multipart/form-data'),
		submit('form, text-plain', 'text/plain'),
		Promise.resolve({ what: 'sendBeacon', read: String(navigator.sendBeacon(target, text) && '') }),
		load('image', document.createElement('img'), target),
		load('script', document.createElement('script'), target),
		load('module', Object.assign(document.createElement('script'), { type: 'module' }), target),
		load('video', document.createElement('video'), target),
		follow('EventSource'),
		talk('WebSocket'),
		talk('WebSocket again'),
	]);
}

interface Outcome {
	results: { what: string; read: string }[];
	/** Texts of what is stored, and how many events a viewer was sent. */
	texts: string[];
	sent: number;
}

/** Opens a page and has it try everything on a channel that holds a secret. */
async function tryFrom(page: string, addressOf: (channel: string) => string): Promise<Outcome> {
	const channel = createChannelName('stranger');
	const own = `${relay.url}/channels/${channel}/events`;
	await ask(own, { method: 'POST', body: SECRET_TEXT });
	const watcher = await Conversation.join(relay.url, channel, { history: 0 });
	const tab = await browser.newPage();
	try {
		await tab.goto(page);
		// The compiler's helper for names of functions is not there in the page.
		await tab.evaluate('globalThis.__name = (value) => value');
		const results = await tab.evaluate(attack, addressOf(channel));
		await watcher.ping();
		const { body } = await ask(own);
		return { results, texts: body.events.map(({ text }: { text: string }) => text), sent: watcher.events.length };
	} finally {
		await tab.close();
		await watcher.close();
	}
}

async function expectNothing(page: string, addressOf: (channel: string) => string): Promise<void> {
	const { results, texts, sent } = await tryFrom(page, addressOf);
	const reads = results.filter(({ read }) => read.includes(SECRET_TEXT));
	const { host } = new URL(page);
	console.log(`${host}: ${results.length} attempts, ${texts.length - 1} events stored, ${reads.length} times read`);
	expect(results.length).toBeGreaterThan(20);
	expect(texts).toEqual([SECRET_TEXT]);
	expect(sent).toBe(0);
	expect(reads).toEqual([]);
	for (const { what, read } of results) {
		if (what.startsWith('WebSocket')) {
			expect(read, what).toMatch(/^4403 /);
			expect(read.match(/"code":"[\w-]+"/g), what).toEqual(['"code":"origin-refused"']);
		} else if (read !== '') {
			// A page that is the relay's own by its name may read why it is refused, and nothing else.
			expect(JSON.parse(read.replace(/^403 /, '')), what).toMatchObject({ code: 'origin-refused' });
		}
	}
}

const addressOf = (channel: string) => `${relay.url}/channels/${channel}/events`;

describe('against an open relay', () => {
	it("a stranger's page stores nothing and reads nothing", async () => {
		await expectNothing(`http://${STRANGER}:${sitePort}/`, addressOf);
		await expectNothing(
			`http://${STRANGER}:${sitePort}/`,
			(channel) => `${relay.url.replace('127.0.0.1', 'localhost')}/channels/${channel}/events`,
		);
	});

	it('nor does one whose name leads to the relay itself', async () => {
		const rebound = relay.url.replace('127.0.0.1', STRANGER);
		// The demo's pages are files for everybody; what runs in them is the stranger's.
		await expectNothing(`${rebound}/`, (channel) => `${rebound}/channels/${channel}/events`);
	});

	it("a page of this machine's own does all of it: these attempts are real", async () => {
		const { results, texts } = await tryFrom(`http://localhost:${sitePort}/`, addressOf);
		const reading = results.filter(({ read }) => read.includes(SECRET_TEXT)).map(({ what }) => what);
		expect(reading).toEqual(expect.arrayContaining(['fetch', 'fetch that waits']));
		expect(results.find(({ what }) => what === 'EventSource')?.read).toContain('"epoch"');
		expect(texts.length).toBeGreaterThan(10);
	});
});
