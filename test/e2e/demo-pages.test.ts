import { exec } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.ts';
import { readRows, waitUntilLive, waitUntilPainted } from '../support/panel.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = [
	'/',
	'/five-line.html',
	'/notice.html',
	'/notice-there.html',
	'/other-origin.html',
	'/without-panel.html',
	'/log.html',
	'/changelog.html',
	'/conversation.html',
];
const DEFAULT_RELAY = 'http://localhost:1999';

describe('the demo', () => {
	let relay: TestRelay;
	let browser: Browser;
	let errors: string[] = [];
	beforeAll(async () => {
		[relay, browser] = await Promise.all([startRelay(), launch()]);
	});
	afterEach(() => {
		errors = [];
	});
	afterAll(async () => {
		await browser?.close();
		await relay?.stop();
	});

	/** Opens a page of the demo; whatever goes wrong in it is kept in `errors`. */
	async function open(address: string): Promise<Page> {
		const page = await browser.newPage();
		watch(page);
		await page.goto(address);
		return page;
	}

	function watch(page: Page): void {
		page.on('pageerror', (error) => errors.push(error.message));
		page.on('console', (message) => {
			if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
		});
		page.on('response', (response) => {
			if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`);
		});
	}

	/** The file of a page, with this test's relay in place of the usual one. */
	async function readOtherOrigin(): Promise<string> {
		const text = await readFile(path.join(ROOT, 'demo', 'other-origin.html'), 'utf8');
		expect(text.split(DEFAULT_RELAY)).toHaveLength(3); // the script, and the relay
		return text.replaceAll(DEFAULT_RELAY, relay.url);
	}

	for (const address of PAGES.filter((page) => page !== '/other-origin.html')) {
		it(`${address} goes live without an error, and fits 280 px in both schemes`, async () => {
			const page = await browser.newPage({ viewport: { width: 280, height: 640 } });
			watch(page);
			for (const colorScheme of ['light', 'dark'] as const) {
				await page.emulateMedia({ colorScheme });
				await page.goto(relay.url + address);
				await waitUntilLive(page);
				expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(280);
				expect(await page.evaluate(() => document.querySelectorAll('[style]').length)).toBe(0);
				expect(await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)).toBe(
					colorScheme === 'dark',
				);
				const ground = await page.evaluate(() => getComputedStyle(document.querySelector('h1') ?? document.body).color);
				expect(Number(/\d+/.exec(ground)?.[0]) > 128, ground).toBe(colorScheme === 'dark');
			}
			expect(errors).toEqual([]);
			await page.close();
		});
	}

	it('shows every visit, and takes the curl line that its first page gives', async () => {
		const page = await open(`${relay.url}/`);
		await waitUntilPainted(page, 'opened this page');
		const line = await page.evaluate(
			() => [...document.querySelectorAll('code')].find((code) => code.textContent?.startsWith('curl -d'))?.textContent,
		);
		expect(line).toContain(new URL(page.url()).origin);
		await promisify(exec)((line ?? '').replace('curl', 'curl -sS --fail'));
		await waitUntilPainted(page, 'Hello from the terminal');
		expect(errors).toEqual([]);
		await page.close();
	});

	it('links only to pages that are there', async () => {
		const page = await open(`${relay.url}/`);
		const links = await page.evaluate(() =>
			[...document.querySelectorAll<HTMLAnchorElement>('main a[href]')].map(({ href }) => href),
		);
		expect(links.map((link) => new URL(link).pathname)).toEqual(
			expect.arrayContaining(PAGES.slice(1).filter((one) => one !== '/notice-there.html')),
		);
		for (const link of links) expect((await fetch(link)).status, link).toBe(200);
		await page.close();
	});

	it('has a page of five lines, which is the one that README shows', async () => {
		const text = await readFile(path.join(ROOT, 'demo', 'five-line.html'), 'utf8');
		expect(text.trimEnd().split('\n')).toHaveLength(5);
		expect(await readFile(path.join(ROOT, 'README.md'), 'utf8')).toContain(text);
	});

	it('has two tabs that notice each other, in both directions', async () => {
		const [here, there] = [await open(`${relay.url}/notice.html`), await open(`${relay.url}/notice-there.html`)];
		await Promise.all([waitUntilLive(here), waitUntilLive(there)]);
		const noticed = (page: Page, n: number) =>
			page.waitForFunction((text) => document.querySelector('.count')?.textContent === text, `Noticed ${n} ×`);
		await here.click('#ring');
		await Promise.all([noticed(here, 1), noticed(there, 1)]);
		await there.click('#ring');
		await Promise.all([noticed(here, 2), noticed(there, 2)]);
		expect(await there.title()).toMatch(/^\(2\) /);
		expect(errors).toEqual([]);
		await Promise.all([here.close(), there.close()]);
	});

	it('has a link that leaves the page, and the click on it arrives in the other tab and on the next page', async () => {
		const [here, there] = [await open(`${relay.url}/notice.html`), await open(`${relay.url}/notice-there.html`)];
		await Promise.all([waitUntilLive(here), waitUntilLive(there)]);
		await Promise.all([here.waitForURL(/notice-there\.html$/), here.click('#leave')]);
		await Promise.all([
			waitUntilPainted(there, 'Go to the other page'),
			waitUntilPainted(here, 'Go to the other page'),
		]);
		const page = await (await fetch(`${relay.url}/channels/notice/events?type=link.click`)).json();
		expect(page.events).toHaveLength(1);
		expect(page.events[0]).toMatchObject({ type: 'link.click', url: `${relay.url}/notice-there.html` });
		expect(errors).toEqual([]);
		await Promise.all([here.close(), there.close()]);
	});

	it('works from another origin', async () => {
		const html = await readOtherOrigin();
		const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const address = server.address();
		const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
		try {
			const page = await open(`${origin}/`);
			await waitUntilLive(page);
			await page.click('button');
			await waitUntilPainted(page, `Hello from ${origin}`);
			expect(errors).toEqual([]);
			await page.close();
		} finally {
			server.closeAllConnections();
			server.close();
		}
	});

	it('counts votes without a panel, from the beginning and as they come', async () => {
		const voted = (page: Page, name: string, n: number) =>
			page.waitForFunction(
				([which, count]) => document.querySelector(`[name=${which}] output`)?.textContent === count,
				[name, String(n)],
			);
		const first = await open(`${relay.url}/without-panel.html`);
		await first.click('[name=tea]');
		await first.click('[name=tea]');
		await voted(first, 'tea', 2);
		const second = await open(`${relay.url}/without-panel.html`);
		await voted(second, 'tea', 2);
		await second.click('[name=coffee]');
		await Promise.all([voted(first, 'coffee', 1), voted(second, 'coffee', 1)]);
		expect(await second.evaluate(() => document.querySelector('live-feed'))).toBeNull();
		expect(errors).toEqual([]);
		await Promise.all([first.close(), second.close()]);
	});

	it('says how to fill the log while it is empty, and shows its lines as they come', async () => {
		const page = await open(`${relay.url}/log.html`);
		await waitUntilLive(page);
		await page.getByText('node demo/publish-records.mjs log /var/log/dpkg.log', { exact: true }).waitFor();
		const lines = [1, 2].map((n) => JSON.stringify({ type: 'dpkg.status', text: `status installed part-${n}`, at: n }));
		await fetch(`${relay.url}/channels/log/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/x-ndjson' },
			body: lines.join('\n'),
		});
		await waitUntilPainted(page, 'status installed part-2');
		expect(await readRows(page)).toEqual(['status installed part-1', 'status installed part-2']);
		expect(errors).toEqual([]);
		await page.close();
	});
});
