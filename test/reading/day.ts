// A day of 50 events a second, fed at full speed: what the panel holds does not grow. Firefox does not tell its heap, so there the
// memory of the browser is compared with what it has with a page that does the least with the same events.
// Knows a feeder and the heap; never knows how many events a panel keeps, but finds out.
import type { Browser } from 'puppeteer-core';
import { group, pause, since, until } from '../faults/scenario.ts';
import { fitTrend } from '../support/trend.ts';
import { BarePage } from './bare-page.ts';
import { launch } from './browsers.ts';
import { startFeeder } from './feeder.ts';
import { type Held, megabytes, openHeap, readMemory } from './heap.ts';
import { Panel } from './panel.ts';
import { few, type ReadingOptions, type ReadingResult } from './scenario.ts';
import { startSite } from './site.ts';

/** 24 hours at 50 a second. */
const DAY = 4_320_000;
/** Between two looks at the heap. */
const STEP = 200_000;
/** What a day may add, bytes and nodes: the collector's own noise. */
const MOST_BYTES = 3e6;
const MOST_NODES = 300;
/** What the browser may hold more than with a bare page, once it has rested: the element, its rows and the slack of an allocator. */
const MOST_SHARE = 1.35;

export async function runDay({ short, name, browser }: ReadingOptions): Promise<ReadingResult> {
	const [total, step] = short ? [60_000, 10_000] : [DAY, STEP];
	const site = await startSite();
	const feeder = await startDay();
	const failures: string[] = [];
	try {
		const panel = await Panel.open(browser, site, `channel="day" relay="${feeder.url}"`);
		await panel.waitUntilLive();
		const heap = await openHeap(panel, browser, name);
		const start = performance.now();
		const looks: { fed: number; count: number; held: Held }[] = [];
		for (let fed = 0; fed < total; fed += step) {
			await feeder.feed(Math.min(step, total - fed));
			if (!(await panel.waitUntilReceived(feeder.last, 60_000))) {
				failures.push(`event ${feeder.last} did not come`);
				break;
			}
			const { count } = await panel.readEvents();
			looks.push({ fed: feeder.last, count, held: await heap.read() });
			if (!short)
				process.stdout.write(
					`    ${group(feeder.last)} events, ${group(since(start))} s: ${describe(looks.at(-1)?.held)}\n`,
				);
		}
		const most = Math.max(...looks.map(({ count }) => count));
		// From where the panel has as many as it keeps, give or take what it drops in one go, it should hold no more.
		const full = looks.filter(({ count, fed }) => count > most * 0.9 && fed > most);
		const { live } = await panel.readEvents();
		if (live !== total) failures.push(`${group(total)} events were sent, and the panel was told of ${group(live)}`);
		const bytes = fitTrend(full.map(({ fed, held }) => [fed, held.heap ?? held.memory ?? 0] as const)).slope * DAY;
		const nodes = fitTrend(full.map(({ fed, held }) => [fed, held.nodes] as const)).slope * DAY;
		if (!short) {
			if (full.length < 5) failures.push(`the panel never had all that it keeps: ${group(most)} in the end`);
			if (name === 'chromium' && bytes > MOST_BYTES) failures.push(`a day adds ${megabytes(bytes)} to the heap`);
			if (nodes > MOST_NODES) failures.push(`a day adds ${group(nodes)} nodes`);
		} else {
			// The nodes are as many whatever came, also before the panel has all that it keeps.
			const all = looks.slice(1).map(({ held }) => held.nodes);
			if (Math.max(...all) - Math.min(...all) > MOST_NODES)
				failures.push(`the nodes became ${all.map(group).join(', ')}`);
		}
		failures.push(...few(panel.errors));
		const rested =
			name === 'firefox' && !short ? await rest(browser, (await measureBare(total, most)) * MOST_SHARE) : undefined;
		if (rested?.isOver === false)
			failures.push(
				`after a rest the browser holds ${megabytes(rested.memory)}, ${megabytes(rested.bound)} at the most`,
			);
		await panel.close();
		const perSecond = total / since(start);
		return {
			lines: [
				`${group(total)} events at ${group(perSecond)} a second; the panel keeps ${group(most)}; from then on ${full.length} looks: ${full.length > 1 ? `${name === 'chromium' ? 'heap' : 'memory'} ${megabytes(bytes)} and ${group(nodes)} nodes more in a day` : 'too few to tell'}`,
				`at first ${describe(looks[0]?.held)}, when full ${describe(full[0]?.held)}, in the end ${describe(looks.at(-1)?.held)}`,
				...(rested
					? [
							`after a rest memory ${megabytes(rested.memory)}; with a bare page ${megabytes(rested.bound / MOST_SHARE)}`,
						]
					: []),
			],
			failures,
		};
	} finally {
		await feeder.close();
		await site.close();
	}
}

function startDay() {
	return startFeeder((seq) => ({
		type: 'query.slow',
		text: `event ${seq} SELECT * FROM orders WHERE status = ${seq % 7}`,
		actor: { name: ['Ada', 'Grace', 'Tim'][seq % 3] ?? '', verified: false },
		...(seq % 50 === 0 ? { level: 'error' as const } : {}),
	}));
}

/** The memory that another Firefox has, once it has rested, with a page that keeps as many of as many events; bytes. */
async function measureBare(total: number, kept: number): Promise<number> {
	const browser = await launch('firefox');
	const feeder = await startDay();
	try {
		const page = await BarePage.open(browser, feeder.url, kept);
		await feeder.feed(total);
		await page.waitUntilReceived(total, 60_000);
		let least = Number.POSITIVE_INFINITY;
		for (let looks = 0; looks < 10; looks++) {
			await pause(1000); // it collects when nothing is to be done
			least = Math.min(least, readMemory(browser.process()?.pid) ?? 0);
		}
		return least;
	} finally {
		await browser.close();
		await feeder.close();
	}
}

/** Waits until a browser that has nothing more to do holds no more than this. */
async function rest(browser: Browser, bound: number): Promise<{ isOver: boolean; memory: number; bound: number }> {
	let memory = 0;
	const look = () => {
		memory = readMemory(browser.process()?.pid) ?? 0;
		return memory <= bound;
	};
	return { isOver: await until(look, 30_000), memory, bound };
}

function describe(held: Held | undefined): string {
	if (!held) return 'not known';
	return `${held.heap === undefined ? `memory ${megabytes(held.memory)}` : `heap ${megabytes(held.heap)}`}, ${group(held.nodes)} nodes`;
}
