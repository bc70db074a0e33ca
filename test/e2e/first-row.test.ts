import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.ts';
import { waitUntilLive, waitUntilPainted } from '../support/panel.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const BUDGET_BYTES = 20_000;

describe('the five-line page', () => {
	let relay: TestRelay;
	let browser: Browser;
	beforeAll(async () => {
		[relay, browser] = await Promise.all([startRelay(), launch()]);
	});
	afterAll(async () => {
		await browser?.close();
		await relay?.stop();
	});

	it(`takes at most ${BUDGET_BYTES} bytes of the network until its first live row is painted`, async () => {
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

		await page.goto(`${relay.url}/five-line.html`);
		await waitUntilLive(page);
		await promisify(execFile)('curl', [
			'-sS',
			'--fail',
			'-d',
			'deploy 214 finished',
			`${relay.url}/channels/deploys/events`,
		]);
		await waitUntilPainted(page, 'deploy 214 finished');
		const sum = (of: (url: string) => boolean) =>
			[...bodies].reduce((total, [url, bytes]) => total + (of(url) ? bytes : 0), 0);
		const script = sum((url) => url.endsWith('/live-feed.js'));
		const later = sum((url) => url.includes('/live-feed/'));
		const document = sum((url) => url.endsWith('.html'));
		const all = sum(() => true) + frames;
		console.log(
			`${all} bytes until the first live row: script ${script}, later parts ${later}, page ${document}, WebSocket ${frames}; headers beside that ${headers}`,
		);
		expect(script).toBeGreaterThan(10_000);
		expect(all).toBeLessThanOrEqual(BUDGET_BYTES);
	});
});
