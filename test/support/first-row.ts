// The five-line page of a relay, until its first live row has been painted: every byte that the network brought.
// Knows the developer tools' protocol; never knows how many may be.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import type { LiveFeed } from '../../widget/live-feed.ts';

/** Bytes of what came; `all` without the headers. */
export interface FirstRow {
	all: number;
	script: number;
	/** Whatever else was asked for by then. */
	parts: number;
	html: number;
	/** Of the WebSocket, both ways. */
	frames: number;
	headers: number;
}

/** Opens it, publishes to it, and adds up. */
export async function measureFirstRow(browser: Browser, relay: string): Promise<FirstRow> {
	const page = await browser.newPage();
	const network = await page.context().newCDPSession(page);
	await network.send('Network.enable');
	const addresses = new Map<string, string>();
	const bodies = new Map<string, number>();
	let headers = 0;
	let frames = 0;
	const add = (url: string, bytes: number) => bodies.set(url, (bodies.get(url) ?? 0) + bytes);
	network.on('Network.requestWillBeSent', ({ requestId, request }) => addresses.set(requestId, request.url));
	const headersOf = new Map<string, number>();
	network.on('Network.responseReceived', ({ requestId, response }) => {
		headersOf.set(requestId, response.encodedDataLength);
		headers += response.encodedDataLength;
	});
	network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
		add(addresses.get(requestId) ?? '?', encodedDataLength - (headersOf.get(requestId) ?? 0)),
	);
	const frame = ({ response: { opcode, payloadData } }: { response: { opcode: number; payloadData: string } }) => {
		frames += opcode === 1 ? Buffer.byteLength(payloadData) : Buffer.from(payloadData, 'base64').length;
	};
	network.on('Network.webSocketFrameSent', frame);
	network.on('Network.webSocketFrameReceived', frame);

	// A compiler wraps functions in it, those that go into the page too.
	await page.addInitScript('globalThis.__name = (target) => target');
	// When the frame is drawn that has the first row in it: what is asked for after that came later.
	await page.addInitScript(() => {
		const look = () => {
			const row = document.querySelector('live-feed')?.shadowRoot?.querySelector('[data-seq]');
			if (row) document.documentElement.dataset.rowDrawnAt = String(performance.now());
			else requestAnimationFrame(look);
		};
		requestAnimationFrame(look);
	});
	await page.goto(`${relay}/five-line.html`);
	await page.waitForFunction(() => document.querySelector<LiveFeed>('live-feed')?.connection === 'live');
	await promisify(execFile)('curl', ['-sS', '--fail', '-d', 'deploy 214 finished', `${relay}/channels/deploys/events`]);
	await page.waitForFunction(() => document.documentElement.dataset.rowDrawnAt);
	// Two frames later it has been on the screen.
	await page.evaluate(
		() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true)))),
	);
	const early = await page.evaluate(() => {
		const drawnAt = Number(document.documentElement.dataset.rowDrawnAt);
		return performance
			.getEntriesByType('resource')
			.flatMap(({ name, startTime }) => (startTime <= drawnAt ? name : []));
	});
	const sum = (of: (url: string) => boolean) =>
		[...bodies].reduce((total, [url, bytes]) => total + (of(url) ? bytes : 0), 0);
	const html = sum((url) => url.endsWith('.html'));
	const script = sum((url) => url.endsWith('/live-feed.js'));
	const parts =
		sum((url) => url.includes('/live-feed/') && early.includes(url)) + sum((url) => !/\.html$|live-feed/.test(url));
	await page.close();
	return { all: html + script + parts + frames, script, parts, html, frames, headers };
}
