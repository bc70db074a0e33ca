// A page without the element that takes the same text by a WebSocket, parses it, keeps as many events and paints the newest: what
// a browser itself holds at that.
// Knows the frames of the protocol; never knows a panel.
import type { Browser, Page } from 'puppeteer-core';
import { until } from '../faults/scenario.ts';

/** As text, since a compiler would put into it what the page does not have. The events are dropped 1,000 at a time. */
const createScript = (url: string, kept: number): string => `
	const list = document.body.appendChild(document.createElement('pre'));
	const events = [];
	let bytes = 0;
	let isDue = false;
	const paint = () => {
		isDue = false;
		list.textContent = events.slice(-12).map(({ seq, text }) => seq + ' ' + text).join('\\n');
	};
	globalThis.lastSeq = 0;
	const socket = new WebSocket(${JSON.stringify(url)});
	socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', protocol: 1 }));
	socket.onmessage = ({ data }) => {
		bytes += data.length;
		for (const entry of JSON.parse(data).entries ?? []) events.push(entry);
		globalThis.lastSeq = events.at(-1)?.seq ?? 0;
		if (events.length > ${kept}) events.splice(0, events.length - ${kept} + 1000);
		socket.send(JSON.stringify({ type: 'seen', bytes }));
		if (!isDue) requestAnimationFrame(paint);
		isDue = true;
	};
`;

export class BarePage {
	readonly #page: Page;

	private constructor(page: Page) {
		this.#page = page;
	}

	/** @param kept Events that it keeps at the most */
	static async open(browser: Browser, relay: string, kept: number): Promise<BarePage> {
		const page = await browser.newPage();
		const url = `${relay.replace(/^http/, 'ws')}/channels/day/events`;
		await page.addScriptTag({ content: `{${createScript(url, kept)}}` });
		return new BarePage(page);
	}

	waitUntilReceived(seq: number, timeoutMs: number): Promise<boolean> {
		return until(async () => Number(await this.#page.evaluate('lastSeq')) >= seq, timeoutMs);
	}

	close(): Promise<void> {
		return this.#page.close();
	}
}
