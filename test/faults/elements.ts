// Elements that want the same share one socket; elements that come, move and go leave nothing behind.
// Knows what a page holds on to; never knows how an element ends what it began.
import type { CDPSession, Page } from 'playwright-core';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { startRelay } from '../support/relay.ts';
import { openPages, post, waitUntilLive } from './pages.ts';
import { startProxy } from './proxy.ts';
import { type ScenarioOptions, type ScenarioResult, until } from './scenario.ts';

const CHANNEL = 'shared';
/** What a heap may differ by between two looks with nothing kept; bytes. */
const HEAP_SLACK = 1_500_000;

/** What the page holds on to, counted from before the first element. */
interface Held {
	listeners: number;
	intervals: number;
	timeouts: number;
	sockets: number;
}

export async function runElements({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const failures: string[] = [];
	const relay = await startRelay({ vars: {} });
	const proxy = await startProxy(Number(new URL(relay.url).port));
	const pages = await openPages({ args: ['--js-flags=--expose-gc'] });
	try {
		// The compiler that runs this names functions by a helper of its own.
		await pages.context.addInitScript({ content: `var __name = (own) => own; (${countHolds})();` });
		await post(relay.url, CHANNEL, { text: 'history' });
		const feed = `<live-feed channel="${CHANNEL}" relay="${proxy.url}"></live-feed>`;
		const page = await pages.open(feed.repeat(5));
		await waitUntilLive(page);
		await post(relay.url, CHANNEL, { text: 'live' });
		const haveAll = () =>
			page.evaluate(() =>
				[...document.querySelectorAll<LiveFeed>('live-feed')].every(({ events }) => events.length === 2),
			);
		if (!(await until(haveAll, 10_000))) failures.push('not all of the five have both events');
		const sockets = proxy.connections.filter(({ via }) => via === 'websocket').length;
		if (sockets !== 1) failures.push(`five elements hold ${sockets} sockets`);
		// One that joins later has the history as well.
		await page.evaluate((html) => document.body.insertAdjacentHTML('beforeend', html), feed);
		if (!(await until(haveAll, 10_000))) failures.push('the sixth does not have both events');
		const more = proxy.connections.filter(({ via }) => via === 'websocket').length;
		if (more !== 1) failures.push(`six elements hold ${more} sockets`);

		const session = await pages.context.newCDPSession(page);
		const cycles = short ? 40 : 500;
		await cycle(page, short ? 20 : 50); // what is loaded once is loaded then
		await removeAll(page);
		const [before, heapBefore] = [await readHeld(page), await readHeap(session)];
		await cycle(page, cycles);
		await removeAll(page);
		const isQuiet = await until(async () => (await readHeld(page)).sockets === 0, 10_000);
		if (!isQuiet) failures.push('a socket is left');
		const isGone = await until(() => !proxy.connections.some(({ via }) => via === 'websocket'), 10_000);
		if (!isGone) failures.push('the relay still has a socket of the page');
		await until(async () => (await readHeld(page)).timeouts === 0, 10_000);
		const [after, heapAfter] = [await readHeld(page), await readHeap(session)];
		// The browser's driver listens too: what is there before and after is its own.
		const listeners = after.listeners - before.listeners;
		if (listeners > 0) failures.push(`${listeners} listeners left`);
		for (const name of ['intervals', 'timeouts'] as const)
			if (after[name] > 0) failures.push(`${after[name]} ${name} left`);
		if (heapAfter - heapBefore > HEAP_SLACK) failures.push(`the heap grew from ${heapBefore} to ${heapAfter} bytes`);
		const { intervals, timeouts } = after;
		const growth = ((heapAfter - heapBefore) / 1e6).toFixed(2);
		return {
			lines: [
				`five elements and a sixth: ${more} socket, all with history and live events`,
				`${cycles} times attached, moved and detached: ${after.sockets} sockets, ${intervals} intervals, ${timeouts} timers, ${listeners} listeners left; heap ${(heapBefore / 1e6).toFixed(1)} MB, ${growth} MB more afterwards`,
			],
			failures,
		};
	} finally {
		await pages.close();
		await proxy.stop();
		await relay.stop();
	}
}

/** Attaches an element, moves it, publishes, and takes it away, at each stage of its connection. */
async function cycle(page: Page, times: number): Promise<void> {
	await page.evaluate(
		async ([count, channel]) => {
			const relay = document.querySelector('live-feed')?.getAttribute('relay') ?? document.body.dataset.relay ?? '';
			document.body.dataset.relay = relay;
			const place = document.createElement('div');
			document.body.append(place);
			for (let n = 0; n < count; n++) {
				const feed = document.createElement('live-feed') as LiveFeed;
				feed.setAttribute('channel', channel);
				feed.setAttribute('relay', relay);
				feed.subscribe('*', () => {});
				document.body.append(feed);
				// Before it has begun, while it connects, or once it is live.
				for (let frame = 0; frame < (n % 4) * 4; frame++) await new Promise(requestAnimationFrame);
				place.append(feed);
				if (n % 3 === 0) await new Promise(requestAnimationFrame);
				feed.remove();
				if (n % 2 === 0) await new Promise(requestAnimationFrame);
			}
			place.remove();
		},
		[times, CHANNEL] as const,
	);
}

async function removeAll(page: Page): Promise<void> {
	await page.evaluate(async () => {
		for (const feed of document.querySelectorAll('live-feed')) feed.remove();
		for (let frame = 0; frame < 5; frame++) await new Promise(requestAnimationFrame);
	});
}

function readHeld(page: Page): Promise<Held> {
	return page.evaluate(() => (window as unknown as { readHeld(): Held }).readHeld());
}

async function readHeap(session: CDPSession): Promise<number> {
	for (let round = 0; round < 3; round++) await session.send('HeapProfiler.collectGarbage');
	return (await session.send('Runtime.getHeapUsage')).usedSize;
}

/** Runs in the page before anything else: counts what is begun and not ended. */
function countHolds(): void {
	const sockets = new Set<WebSocket>();
	const intervals = new Set<unknown>();
	const timeouts = new Set<unknown>();
	let listeners = 0;
	const add = window.addEventListener;
	const remove = window.removeEventListener;
	window.addEventListener = function (this: Window, type: string, listener: never, options: never) {
		listeners++;
		(options as { signal?: AbortSignal } | undefined)?.signal?.addEventListener('abort', () => listeners--);
		return add.call(this, type, listener, options);
	} as typeof add;
	window.removeEventListener = function (this: Window, ...rest: never[]) {
		listeners--;
		return (remove as (...all: never[]) => void).apply(this, rest);
	} as typeof remove;
	const { setInterval: begin, clearInterval: end, setTimeout: later, clearTimeout: never } = window;
	Object.assign(window, {
		setInterval: (...all: Parameters<typeof begin>) => {
			const id = begin(...all);
			intervals.add(id);
			return id;
		},
		clearInterval: (id: number) => {
			intervals.delete(id);
			end(id);
		},
		setTimeout: (run: () => void, ms?: number) => {
			const id = later(() => {
				timeouts.delete(id);
				run();
			}, ms);
			timeouts.add(id);
			return id;
		},
		clearTimeout: (id: number) => {
			timeouts.delete(id);
			never(id);
		},
		WebSocket: class extends WebSocket {
			constructor(url: string | URL, protocols?: string | string[]) {
				super(url, protocols);
				sockets.add(this);
				this.addEventListener('close', () => sockets.delete(this));
			}
		},
		readHeld: () => ({
			listeners,
			intervals: intervals.size,
			timeouts: timeouts.size,
			sockets: sockets.size,
		}),
	});
}
