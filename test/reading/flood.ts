// A minute at 1,000 events a second: all of them are there, the newest is on the screen at once, and the page stays light.
// Knows rates, frames, tasks and the heap; never knows how a panel keeps up.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { group, pause } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { ROOT } from '../support/sources.ts';
import { type Held, measureEvents, megabytes, openHeap } from './heap.ts';
import { Panel } from './panel.ts';
import { type Batch, Publisher } from './publisher.ts';
import { few, percentile, type ReadingOptions, type ReadingResult } from './scenario.ts';
import { startSite } from './site.ts';

const RATE = 1000;
const LAG_MS = 100;
const TASK_MS = 50;
/** What is noise of the collector, and what a second of it may make. */
const MOST_NODES = 300;
const MOST_BYTES = 3e6;

/** As the page saw it, by `Date.now()`. */
interface Seen {
	samples: { at: number; newest: number; overlap: boolean }[];
	/** Tasks over 50 ms: when they began, and how long they took. */
	tasks: { at: number; ms: number }[];
}

export async function runFlood({ short, seed, name, browser }: ReadingOptions): Promise<ReadingResult> {
	const seconds = short ? 4 : 60;
	const total = seconds * RATE;
	const relay = await startRelay({ vars: { LIVE_FEED_KEEP_ENTRIES: '200000' } });
	const site = await startSite();
	const failures: string[] = [];
	try {
		const channel = `flood-${seed}-${Date.now()}`;
		const publisher = new Publisher(relay.url, channel);
		const draft = (n: number) => ({
			type: 'query.slow',
			text: `event ${n} SELECT * FROM orders WHERE status = ${n % 7}`,
			actor: { name: ['Ada', 'Grace', 'Tim'][n % 3] ?? '' },
			...(n % 50 === 0 ? { level: 'error' as const } : {}),
		});
		await publisher.publish([draft(0)]);
		const panel = await Panel.open(browser, site, `channel="${channel}" relay="${relay.url}"`);
		await panel.waitUntilLive();
		await panel.waitUntilDrawn(1);
		const heap = await openHeap(panel, browser, name);
		const held: { at: number; events: number; held: Held }[] = [];
		await listen(panel);
		const begin = Date.now();
		const collections: { at: number; ms: number }[] = [];
		const keep = async () => {
			const at = Date.now();
			const now = await heap.read();
			collections.push({ at, ms: Date.now() - at });
			held.push({ at: Math.round((at - begin) / 1000), events: publisher.count, held: now });
		};
		const publishing = publisher.publishAt(RATE, total, draft);
		const step = short ? 1.5 : 10;
		for (let second = step; second < seconds; second += step) {
			await pause(begin + second * 1000 - Date.now());
			await keep();
			if (Math.abs(second - seconds / 2) < step / 2 + 0.1) await takePicture(panel, name);
		}
		await publishing;
		const end = Date.now();
		if (!(await panel.waitUntilReceived(publisher.last))) failures.push(`event ${publisher.last} did not come`);
		await keep();
		const { samples, tasks } = await panel.page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);

		const { order, count } = await panel.page.evaluate(() => {
			const seqs = document.querySelector('live-feed')?.events.map(({ seq }) => seq) ?? [];
			return { count: seqs.length, order: seqs.every((seq, index) => seq === index + 1) };
		});
		if (count !== publisher.count || !order)
			failures.push(
				`${group(publisher.count)} events were published, and \`events\` has ${group(count)}${order ? '' : ', not all from the first in order'}`,
			);
		// Our own look at the heap stops the page for a while, and the picture too.
		const isOurs = (at: number) => collections.some((one) => at >= one.at - 50 && at <= one.at + one.ms + 1500);
		const during = samples.filter(({ at }) => at > begin + 1000 && at < end && !isOurs(at));
		const lags = during.map(({ at, newest }) => findLag(publisher.batches, at, newest));
		const late = lags.filter((lag) => lag > LAG_MS).length;
		const long = tasks.filter(({ at }) => at > begin + 1000 && at < end && !isOurs(at));
		const [first, last] = [held.find(({ at }) => at >= (short ? 1 : 10)), held.at(-1)];
		const grown = first && last ? compare(first, last) : undefined;
		const kept = name === 'chromium' && last ? await measureEvents(panel, heap) : undefined;
		if (samples.some(({ overlap }) => overlap)) failures.push('rows were painted over each other');
		if (during.length < (short ? 1 : seconds)) failures.push(`the page was looked at ${during.length} times alone`);
		const rate = (publisher.count - 1) / ((end - begin) / 1000);
		if (grown && grown.nodes > MOST_NODES)
			failures.push(`${group(grown.nodes)} more nodes at the end than after ${first?.at} s`);
		// A short run is held to no speed: the machine may be doing something else.
		if (!short) {
			if (rate < RATE * 0.95) failures.push(`${group(rate)} events a second were published, not ${RATE}`);
			if (late > 0)
				failures.push(
					`in ${late} of ${lags.length} looks the newest row was over ${LAG_MS} ms behind, ${Math.round(Math.max(...lags))} ms at most`,
				);
			if (long.length > 0)
				failures.push(
					`${long.length} tasks over ${TASK_MS} ms after the first second, the longest ${Math.round(Math.max(...long.map(({ ms }) => ms)))} ms`,
				);
			const over = (grown?.heap ?? 0) - (kept ?? 0) * (grown?.events ?? 0);
			if (kept !== undefined && over > MOST_BYTES)
				failures.push(`the heap grew by ${megabytes(over)} more than the events take`);
		}
		failures.push(...few(panel.errors));
		const perEvent = grown?.heap === undefined || grown.events === 0 ? undefined : grown.heap / grown.events;
		const lines = [
			`${group(publisher.count)} events at ${group(rate)} a second, ${group(count)} in \`events\`; the newest row painted ${Math.round(percentile(lags, 50))} ms behind (median), ${Math.round(percentile(lags, 99))} ms (99 %), ${Math.round(Math.max(0, ...lags))} ms at most in ${lags.length} looks; ${long.length} tasks over ${TASK_MS} ms`,
			`nodes ${held.map(({ held: { nodes } }) => group(nodes)).join(' ')}; ${perEvent === undefined ? `memory ${held.map(({ held: { memory } }) => megabytes(memory)).join(' ')}` : `heap ${held.map(({ held: one }) => megabytes(one.heap)).join(' ')}: ${group(perEvent)} bytes for each event, of which the event itself takes ${group(kept ?? 0)}`}`,
		];
		await panel.close();
		return { lines, failures };
	} finally {
		await relay.stop();
		await site.close();
	}
}

/** Has the page keep, four times a second, the newest row that was painted; and which tasks took long. */
async function listen(panel: Panel): Promise<void> {
	await panel.page.evaluate(() => {
		const seen: Seen = { samples: [], tasks: [] };
		Object.assign(globalThis, { seen });
		const root = document.querySelector('live-feed')?.shadowRoot;
		const look = () => {
			const list = root?.querySelector('[part~=list]')?.getBoundingClientRect();
			const rows = [...(root?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])];
			const at = Date.now();
			let [newest, bottom, overlap] = [0, Number.NEGATIVE_INFINITY, false];
			for (const row of rows) {
				const box = row.getBoundingClientRect();
				if (!list || box.height === 0 || box.bottom < list.top || box.top > list.bottom) continue;
				newest = Math.max(newest, Number(row.dataset.seq));
				if (box.top < bottom - 1) overlap = true;
				bottom = box.bottom;
			}
			seen.samples.push({ at, newest, overlap });
		};
		setInterval(() => {
			requestAnimationFrame(() => {
				// The first task after a frame sees what that frame has painted.
				const channel = new MessageChannel();
				channel.port1.onmessage = look;
				channel.port2.postMessage(0);
			});
		}, 250);
		if (PerformanceObserver.supportedEntryTypes.includes('longtask')) {
			new PerformanceObserver((list) => {
				for (const { startTime, duration } of list.getEntries())
					seen.tasks.push({ at: performance.timeOrigin + startTime, ms: duration });
			}).observe({ type: 'longtask' });
			return;
		}
		// Where a browser does not tell, a heart that beats every ten milliseconds does.
		let before = performance.now();
		setInterval(() => {
			const now = performance.now();
			if (now - before > 60) seen.tasks.push({ at: performance.timeOrigin + before, ms: now - before - 10 });
			before = now;
		}, 10);
	});
}

/** How long ago the oldest event was published that is newer than what is painted; 0 where there is none. */
function findLag(batches: readonly Batch[], at: number, newest: number): number {
	const next = batches.find(({ last }) => last > newest);
	return next === undefined ? 0 : Math.max(at - next.at, 0);
}

function compare(
	first: { events: number; held: Held },
	last: { events: number; held: Held },
): { events: number; nodes: number; heap: number | undefined } {
	const { heap } = last.held;
	return {
		events: last.events - first.events,
		nodes: last.held.nodes - first.held.nodes,
		heap: heap === undefined || first.held.heap === undefined ? undefined : heap - first.held.heap,
	};
}

async function takePicture(panel: Panel, name: string): Promise<void> {
	const folder = path.join(ROOT, 'dist', 'reading');
	mkdirSync(folder, { recursive: true });
	await panel.page.screenshot({ path: path.join(folder, name === 'chromium' ? 'flood.png' : `flood-${name}.png`) });
}
