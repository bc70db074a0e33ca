// The script at an address that never changes, with the value that it has to have.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatSnippet, INTEGRITY_FILE, type Integrity } from '../../widget/build/pin-script.ts';
import { waitUntilLive } from '../support/panel.ts';
import { ROOT } from '../support/sources.ts';
import { setStage } from '../support/stage.ts';

const SCRIPTS = path.join(ROOT, 'dist', 'site', 'script');
const stage = setStage();
/** Stands for a relay, or a cache on the way, that has been taken over: what it serves begins with a line of its own. */
let other: Server;
let origin: string;
let tampered = /^$/;
let snippet = '';
let built: Integrity;

beforeAll(async () => {
	built = JSON.parse(await readFile(path.join(SCRIPTS, INTEGRITY_FILE), 'utf8')) as Integrity; // the build wrote it
	other = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? '/', 'http://localhost');
		response.setHeader('access-control-allow-origin', '*');
		if (!pathname.endsWith('.js')) {
			response.setHeader('content-type', 'text/html; charset=utf-8');
			response.end(
				`<!doctype html><meta charset="utf-8"><title>Pinned</title><link rel="icon" href="data:,">${snippet}<live-feed relay="${stage.relay.url}" channel="pinned"></live-feed>`,
			);
			return;
		}
		response.setHeader('content-type', 'text/javascript');
		readFile(path.join(SCRIPTS, path.normalize(pathname)), 'utf8').then(
			(script) => response.end(tampered.test(pathname) ? `globalThis.pwned = true;${script}` : script),
			() => response.writeHead(404).end(),
		);
	});
	await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
	origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`; // it listens on a port
	await fetch(`${stage.relay.url}/channels/pinned/events`, { method: 'POST', body: 'deploy 214 finished' });
});

afterAll(async () => {
	other?.closeAllConnections();
	other?.close();
});

/** A page with the snippet; what it asked for, and what the browser said against it. */
async function open(relay: string, map = built): Promise<{ page: Page; asked: string[]; refusals: string[] }> {
	snippet = formatSnippet(map, relay);
	const page = await stage.browser.newPage();
	const asked: string[] = [];
	const refusals: string[] = [];
	page.on('request', (request) => {
		if (request.url().includes('.js')) asked.push(request.url());
	});
	page.on('console', (message) => {
		if (/integrity/.test(message.text())) refusals.push(message.text());
	});
	await page.goto(`${origin}/`);
	return { page, asked, refusals };
}

const isPwned = (page: Page) => page.evaluate(() => 'pwned' in globalThis);
const hasRow = (page: Page, selector: string) =>
	page.waitForFunction(
		(which) => document.querySelector('live-feed')?.shadowRoot?.querySelector(which) != null,
		selector,
	);

describe('the pinned script', () => {
	it('is served for ever, and is what the map says', async () => {
		const map = (await (await fetch(`${stage.relay.url}/live-feed/integrity.json`)).json()) as Integrity; // our own
		expect(map).toEqual(built);
		expect(Object.keys(map.integrity).length).toBeGreaterThan(3);
		for (const [file, value] of Object.entries(map.integrity)) {
			const answer = await fetch(`${stage.relay.url}/${file}`);
			expect(answer.headers.get('cache-control'), file).toBe('public, max-age=31536000, immutable');
			expect(answer.headers.get('access-control-allow-origin')).toBe('*');
			expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
			const digest = createHash('sha384').update(new Uint8Array(await answer.arrayBuffer()));
			expect(`sha384-${digest.digest('base64')}`, file).toBe(value);
		}
		expect((await fetch(`${stage.relay.url}/live-feed.js`)).headers.get('cache-control')).toBe('no-cache');
		expect((await fetch(`${stage.relay.url}/live-feed@0.0.1-0.js`)).status).toBe(404);
	});

	it('runs the panel with all its parts, each under its own address', async () => {
		const { page, asked, refusals } = await open(stage.relay.url);
		await waitUntilLive(page);
		await hasRow(page, '.act');
		await page.evaluate(() => document.querySelector('live-feed')?.setAttribute('lang', 'ar'));
		await page.waitForFunction(() =>
			/[\u0600-\u06ff]/.test(
				document.querySelector('live-feed')?.shadowRoot?.querySelector('.words')?.textContent ?? '',
			),
		);
		expect(asked.length).toBeGreaterThan(3);
		expect(asked.filter((url) => !url.startsWith(`${stage.relay.url}/live-feed@`))).toEqual([]);
		expect(refusals).toEqual([]);
		await page.close();
	});

	it('does not run when somebody has changed it', async () => {
		tampered = /^\/live-feed@[^/]+\.js$/;
		const { page, refusals } = await open(origin);
		await expect.poll(() => refusals.length).toBeGreaterThan(0);
		expect(await isPwned(page)).toBe(false);
		expect(await page.evaluate(() => customElements.get('live-feed') === undefined)).toBe(true);
		await page.close();
	});

	it('does not run a part of it that somebody has changed', async () => {
		tampered = /\/later-/;
		const { page, refusals } = await open(origin);
		await hasRow(page, '[data-seq]');
		await expect.poll(() => refusals.length).toBeGreaterThan(0);
		expect(await isPwned(page)).toBe(false);
		await page.close();
		// Nothing but the value keeps it from running.
		const { script, integrity } = built;
		const without = await open(origin, { ...built, integrity: { [script]: integrity[script] ?? '' } });
		await expect.poll(() => isPwned(without.page)).toBe(true);
		await without.page.close();
	});

	it('is printed as a page has it', async () => {
		const command = ['--import', 'tsx', 'widget/build/integrity.ts', 'https://relay.example.org'];
		const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT });
		const map = /<script type="importmap">([\s\S]*?)<\/script>/.exec(stdout)?.[1] ?? '';
		expect(stdout).toContain(`'sha256-${createHash('sha256').update(map).digest('base64')}'`);
		expect(Object.keys((JSON.parse(map) as Integrity).integrity)[0]).toMatch(
			/^https:\/\/relay\.example\.org\/live-feed@/,
		);
		expect(stdout).toMatch(
			/<script type="module" src="https:\/\/relay\.example\.org\/live-feed@[^"]+" integrity="sha384-/,
		);
	});
});
