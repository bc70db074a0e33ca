// A day of 50 events a second, fed at full speed: what the panel holds does not grow.
// Knows a feeder and the heap; never knows how many events a panel keeps, but finds out.
import { group, since } from '../faults/scenario.ts';
import { fitTrend } from '../support/trend.ts';
import { startFeeder } from './feeder.ts';
import { type Held, megabytes, openHeap } from './heap.ts';
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

export async function runDay({ short, name, browser }: ReadingOptions): Promise<ReadingResult> {
	const [total, step] = short ? [60_000, 10_000] : [DAY, STEP];
	const site = await startSite();
	const feeder = await startFeeder((seq) => ({
		type: 'query.slow',
		text: `event ${seq} SELECT * FROM orders WHERE status = ${seq % 7}`,
		actor: { name: ['Ada', 'Grace', 'Tim'][seq % 3] ?? '', verified: false },
		...(seq % 50 === 0 ? { level: 'error' as const } : {}),
	}));
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
			// Firefox does not tell its heap, and the memory of its processes is more than the page's.
			if (name === 'chromium' && bytes > MOST_BYTES) failures.push(`a day adds ${megabytes(bytes)} to the heap`);
			if (nodes > MOST_NODES) failures.push(`a day adds ${group(nodes)} nodes`);
		} else {
			// The nodes are as many whatever came, also before the panel has all that it keeps.
			const all = looks.slice(1).map(({ held }) => held.nodes);
			if (Math.max(...all) - Math.min(...all) > MOST_NODES)
				failures.push(`the nodes became ${all.map(group).join(', ')}`);
		}
		failures.push(...few(panel.errors));
		await panel.close();
		const perSecond = total / since(start);
		return {
			lines: [
				`${group(total)} events at ${group(perSecond)} a second; the panel keeps ${group(most)}; from then on ${full.length} looks: ${full.length > 1 ? `${name === 'chromium' ? 'heap' : 'memory'} ${megabytes(bytes)} and ${group(nodes)} nodes more in a day` : 'too few to tell'}`,
				`at first ${describe(looks[0]?.held)}, when full ${describe(full[0]?.held)}, in the end ${describe(looks.at(-1)?.held)}`,
			],
			failures,
		};
	} finally {
		await feeder.close();
		await site.close();
	}
}

function describe(held: Held | undefined): string {
	if (!held) return 'not known';
	return `${held.heap === undefined ? `memory ${megabytes(held.memory)}` : `heap ${megabytes(held.heap)}`}, ${group(held.nodes)} nodes`;
}
