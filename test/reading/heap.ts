// What a page holds once everything that can be let go is gone.
// Knows the developer tools' protocol of Chromium, and the processes of Firefox; never knows what is held.
import { readdirSync, readFileSync } from 'node:fs';
import type { Browser, CDPSession } from 'puppeteer-core';
import type { BrowserName } from './browsers.ts';
import type { Panel } from './panel.ts';

export interface Held {
	/** Of JavaScript, bytes; undefined where the browser does not tell. */
	heap: number | undefined;
	/** Of all processes of the browser, bytes; undefined but on Linux. */
	memory: number | undefined;
	/** Nodes of the document, shadow root included; in Chromium those too that are in no document any more. */
	nodes: number;
}

export interface HeapReader {
	read(): Promise<Held>;
}

/** Reads what the page of a panel holds, each time after the garbage is collected where that can be asked for. */
export async function openHeap(panel: Panel, browser: Browser, name: BrowserName): Promise<HeapReader> {
	const memory = () => readMemory(browser.process()?.pid);
	if (name !== 'chromium')
		return { read: async () => ({ heap: undefined, memory: memory(), nodes: await countNodes(panel) }) };
	const session = await panel.createSession();
	await session.send('Performance.enable');
	return { read: async () => ({ ...(await readChromium(session)), memory: memory() }) };
}

async function readChromium(session: CDPSession): Promise<{ heap: number; nodes: number }> {
	// What a first collection finalises, a second one lets go.
	for (let times = 0; times < 2; times++) await session.send('HeapProfiler.collectGarbage');
	const { metrics } = await session.send('Performance.getMetrics');
	const readMetric = (wanted: string) => metrics.find((metric) => metric.name === wanted)?.value ?? Number.NaN;
	return { heap: readMetric('JSHeapUsedSize'), nodes: readMetric('Nodes') };
}

function countNodes(panel: Panel): Promise<number> {
	return panel.page.evaluate(() => {
		const root = document.querySelector('live-feed')?.shadowRoot;
		if (!root) return 0;
		const walker = document.createTreeWalker(root);
		let nodes = 0;
		while (walker.nextNode()) nodes++;
		return nodes;
	});
}

/** Memory that a process and its children have to themselves; bytes. */
export function readMemory(pid: number | undefined): number | undefined {
	if (process.platform !== 'linux' || pid === undefined) return undefined;
	const parents = new Map<number, number>();
	for (const entry of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
		try {
			const [, parent = '0'] = /\) \S (\d+)/.exec(readFileSync(`/proc/${entry}/stat`, 'latin1')) ?? [];
			parents.set(Number(entry), Number(parent));
		} catch {
			// It has ended meanwhile.
		}
	}
	let sum = 0;
	for (const own of parents.keys()) {
		let above: number | undefined = own;
		while (above !== undefined && above !== pid) above = parents.get(above);
		if (above === undefined) continue;
		try {
			sum += Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${own}/status`, 'latin1'))?.[1] ?? 0) * 1024;
		} catch {
			// As above.
		}
	}
	return sum;
}

/** Bytes that an event of a panel takes by itself: those of a copy of them all, as it was parsed. */
export async function measureEvents(panel: Panel, heap: HeapReader): Promise<number> {
	const before = (await heap.read()).heap ?? 0;
	const count = await panel.page.evaluate(() => {
		const copy = (document.querySelector('live-feed')?.events ?? []).map((event) => JSON.parse(JSON.stringify(event)));
		Object.assign(globalThis, { copy });
		return copy.length;
	});
	return ((await heap.read()).heap ?? 0) / count - before / count;
}

/** `12.3 MB`. */
export function megabytes(bytes: number | undefined): string {
	return bytes === undefined ? 'unknown' : `${(bytes / 1e6).toFixed(1)} MB`;
}
