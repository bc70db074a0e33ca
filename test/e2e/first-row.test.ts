import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { waitUntilLive, waitUntilPainted } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';

const BUDGET_BYTES = 20_000;

describe('the five-line page', () => {
	const stage = setStage();

	it(`takes at most ${BUDGET_BYTES} bytes of the network until its first live row is painted`, async () => {
		const page = await stage.browser.newPage();
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

		// When the frame is drawn that has the first row in it: what is asked for after that came later.
		await page.addInitScript(() => {
			const look = () => {
				const row = document.querySelector('live-feed')?.shadowRoot?.querySelector('[data-seq]');
				if (row) document.documentElement.dataset.rowDrawnAt = String(performance.now());
				else requestAnimationFrame(look);
			};
			requestAnimationFrame(look);
		});
		await page.goto(`${stage.relay.url}/five-line.html`);
		await waitUntilLive(page);
		await promisify(execFile)('curl', [
			'-sS',
			'--fail',
			'-d',
			'deploy 214 finished',
			`${stage.relay.url}/channels/deploys/events`,
		]);
		await waitUntilPainted(page, 'deploy 214 finished');
		const early = await page.evaluate(() => {
			const drawnAt = Number(document.documentElement.dataset.rowDrawnAt);
			return performance
				.getEntriesByType('resource')
				.flatMap(({ name, startTime }) => (startTime <= drawnAt ? name : []));
		});
		const sum = (of: (url: string) => boolean) =>
			[...bodies].reduce((total, [url, bytes]) => total + (of(url) ? bytes : 0), 0);
		const document_ = sum((url) => url.endsWith('.html'));
		const script = sum((url) => url.endsWith('/live-feed.js'));
		const parts = sum((url) => url.includes('/live-feed/') && early.includes(url));
		const others = sum((url) => !/\.html$|live-feed/.test(url));
		const all = document_ + script + parts + others + frames;
		console.log(
			`${all} bytes until the first live row: script ${script}, other parts ${parts + others}, page ${document_}, WebSocket ${frames}; headers beside that ${headers}`,
		);
		expect(script).toBeGreaterThan(10_000);
		expect(all).toBeLessThanOrEqual(BUDGET_BYTES);
	});
});
