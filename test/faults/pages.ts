// Pages of an origin of their own that bring the script along, as an application does that has bundled it: they load while the relay is away.
// Knows a server, a browser and its tabs; never knows what is proven there.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { launch } from '../support/browser.ts';
import { patience } from '../support/slowness.ts';
import { ROOT } from '../support/sources.ts';

const SCRIPTS = path.join(ROOT, 'dist', 'site', 'script');

export interface Pages {
	readonly browser: Browser;
	readonly context: BrowserContext;
	/** Opens a tab with this body. */
	open(body: string): Promise<Page>;
	close(): Promise<void>;
}

/** One browser with one profile, and a server for its pages. The site must have been built. */
export async function openPages(options: Parameters<typeof launch>[0] = {}): Promise<Pages> {
	const bodies = new Map<string, string>();
	const server = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? '/', 'http://localhost');
		if (pathname.endsWith('.js')) {
			readFile(path.join(SCRIPTS, path.normalize(pathname))).then(
				(script) => response.setHeader('content-type', 'text/javascript').end(script),
				() => response.writeHead(404).end(),
			);
			return;
		}
		response.setHeader('content-type', 'text/html; charset=utf-8');
		response.end(
			`<!doctype html><html lang="en"><meta charset="utf-8"><title>Faults</title><link rel="icon" href="data:,">${bodies.get(pathname) ?? 'Elsewhere'}`,
		);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
	const browser = await launch(options);
	const context = await browser.newContext();
	return {
		browser,
		context,
		async open(body) {
			const pathname = `/${bodies.size + 1}`;
			bodies.set(pathname, `<script type="module" src="/live-feed.js"></script>${body}`);
			const page = await context.newPage();
			await page.goto(origin + pathname);
			return page;
		},
		async close() {
			await browser.close();
			server.closeAllConnections();
			server.close();
		},
	};
}

/** Resolves once every panel of the page is live. */
export async function waitUntilLive(page: Page, timeout = patience(60_000)): Promise<void> {
	await page.waitForFunction(
		() => {
			const feeds = [...document.querySelectorAll<LiveFeed>('live-feed')];
			return feeds.length > 0 && feeds.every((feed) => feed.connection === 'live');
		},
		undefined,
		{ timeout },
	);
}

/** Texts of the first panel's events, oldest first. */
export function readTexts(page: Page): Promise<string[]> {
	return page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events.map(({ text }) => text ?? '') ?? []);
}

/** Texts of all that the relay keeps of a channel, oldest first; 1,000 at the most. */
export async function readHistory(relay: string, channel: string): Promise<string[]> {
	const response = await fetch(`${relay}/channels/${channel}/events?after=0&limit=1000`);
	const { events } = (await response.json()) as { events: { text?: string }[] };
	return events.map(({ text }) => text ?? '');
}

export async function post(relay: string, channel: string, body: object): Promise<void> {
	const response = await fetch(`${relay}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	if (!response.ok) throw new Error(await response.text());
}
