// A real panel in a real page, served from an origin of its own.
// Knows how a page gets the script and how to look into a panel; never knows what a test expects there.
import { createServer, type Server } from 'node:http';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, expect } from 'vitest';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { patience } from './slowness.ts';

const NOISE = /favicon|net::ERR_/; // a relay that was killed on purpose is not the page's fault

/** A page with `body` and the script, of another origin than the relay's. Uncaught errors of the page are collected in `errors`. */
export async function openPage(
	where: Browser | BrowserContext,
	relay: string,
	body: string,
): Promise<{ page: Page; errors: string[] }> {
	const page = await where.newPage();
	const errors: string[] = [];
	page.on('pageerror', (error) => errors.push(error.message));
	page.on('console', (message) => {
		if (message.type() === 'error' && !NOISE.test(`${message.text()} ${message.location().url}`))
			errors.push(message.text());
	});
	await writePage(page, relay, body);
	return { page, errors };
}

/**
 * Goes to a page with `body` and the script, served by a server of this test file. A page that the browser's driver
 * answers itself would not do: Chromium takes it for one from the public internet, and keeps it from loopback.
 */
export async function writePage(page: Page, relay: string, body: string): Promise<void> {
	const path = `/${pages.size + 1}`;
	pages.set(
		path,
		`<!doctype html><html lang="en"><meta charset="utf-8"><title>Test</title><link rel="icon" href="data:,"><script type="module" src="${relay}/live-feed.js"></script>${body}</html>`,
	);
	await page.goto((await startPages()) + path);
}

const pages = new Map<string, string>();
let server: Promise<Server> | undefined;

async function startPages(): Promise<string> {
	server ??= new Promise((resolve) => {
		const starting = createServer((request, response) => {
			response.setHeader('content-type', 'text/html; charset=utf-8');
			response.end(
				pages.get(request.url ?? '') ?? '<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,">',
			);
		});
		starting.listen(0, '127.0.0.1', () => resolve(starting));
	});
	const address = (await server).address();
	if (typeof address !== 'object' || address === null) throw new Error('Expected the server to have a port.');
	return `http://127.0.0.1:${address.port}`;
}

afterAll(async () => {
	const running = await server;
	running?.closeAllConnections();
	running?.close();
});

/** Resolves once the first panel of the page is live. */
export async function waitUntilLive(page: Page, timeout = patience(15_000)): Promise<void> {
	await page.waitForFunction(
		() => [...document.querySelectorAll<LiveFeed>('live-feed')].every((feed) => feed.connection === 'live'),
		undefined,
		{ timeout },
	);
}

/** The sentences of the rows that are drawn, from the top. */
export async function readRows(page: Page, index = 0): Promise<string[]> {
	return page.evaluate((which) => {
		const root = document.querySelectorAll('live-feed')[which]?.shadowRoot;
		return [...(root?.querySelectorAll('[part~=row-text]') ?? [])].map((row) => row.textContent?.trim() ?? '');
	}, index);
}

/** Resolves once a row with this sentence, the newest of those, has been painted inside the view. */
export async function waitUntilPainted(page: Page, text: string, index = 0): Promise<void> {
	await waitUntilRowPainted(page, (rows) => rows.filter(({ sentence }) => sentence.includes(text)).at(-1)?.seq, index);
}

/** Resolves once the row of the first event of the channel has been painted inside the view. */
export async function waitUntilFirstPainted(page: Page): Promise<void> {
	await waitUntilRowPainted(page, () => 1, 0);
}

async function waitUntilRowPainted(
	page: Page,
	choose: (rows: { seq: number; sentence: string }[]) => number | undefined,
	index: number,
): Promise<void> {
	await expect
		.poll(
			async () => {
				const rows = await page.evaluate((which) => {
					const root = document.querySelectorAll('live-feed')[which]?.shadowRoot;
					return [...(root?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])].map((row) => ({
						seq: Number(row.dataset.seq),
						sentence: row.querySelector('[part~=row-text]')?.textContent ?? '',
					}));
				}, index);
				const seq = choose(rows.sort((a, b) => a.seq - b.seq));
				return seq !== undefined && (await isRowPainted(page, seq, index));
			},
			{ timeout: patience(30_000), interval: 30 },
		)
		.toBe(true);
}

async function isRowPainted(page: Page, seq: number, index: number): Promise<boolean> {
	return page.evaluate(
		([wanted, which]) => {
			const root = document.querySelectorAll('live-feed')[which]?.shadowRoot;
			const list = root?.querySelector('[part~=list]')?.getBoundingClientRect();
			const box = root?.querySelector(`[data-seq="${wanted}"]`)?.getBoundingClientRect();
			if (!list || !box || box.height === 0 || box.bottom > list.bottom + 1 || box.top < list.top - 1) return false;
			// Two frames later it has been on the screen.
			return new Promise<boolean>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))));
		},
		[seq, index] as const,
	);
}
