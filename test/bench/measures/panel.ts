// What a panel costs a page at 10, 100 and 1,000 events a second: from publish to paint, long tasks, the heap, nodes, the processor.
// Knows frames, tasks and rows of real Chromium; never knows how a panel keeps up.
import type { Browser } from 'puppeteer-core';
import { buildSite } from '../../../widget/build/build.ts';
import type { LiveFeed } from '../../../widget/live-feed.ts';
import { group, until } from '../../faults/scenario.ts';
import { launch } from '../../reading/browsers.ts';
import { type HeapReader, measureEvents, megabytes, openHeap } from '../../reading/heap.ts';
import { Panel } from '../../reading/panel.ts';
import { few, percentile } from '../../reading/scenario.ts';
import { type Site, startSite } from '../../reading/site.ts';
import { createChannelName } from '../../support/conversation.ts';
import { startRelay } from '../../support/relay.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { PacedPublisher, type Stamp } from '../pace.ts';

const RATES = [10, 100, 1000];
const [SECONDS, SHORT_SECONDS] = [60, 5];
/** Goals, of the highest rate and of all. */
const [P95_MS, TASK_MS] = [100, 50];
/** What is noise of the collector, beside the events that are kept. */
const [MOST_NODES, MOST_BYTES] = [300, 3e6];
/** There before the page is opened, so that its list is full from the beginning. */
const HISTORY = 300;
const LATE_MS = 30_000;

/** As the page saw it. */
interface Watched {
	/** Of each event, from the moment it was handed over until it was painted; milliseconds. */
	delays: number[];
	/** Events that came, and the newest of them and its number. */
	received: number;
	newest: number;
	number: number;
	/** Events that had a row in some frame, rather than being passed over between two of them. */
	drawn: number;
	frames: number;
	/** Tasks over 50 ms: when they began, milliseconds since 1970, and how long they took. */
	tasks: { at: number; ms: number }[];
	/** What did not come as it was published, or was drawn otherwise. */
	faults: string[];
}

export const panel: Measure = {
	name: 'panel',
	async run(options) {
		await buildSite();
		// More than is published in a minute at any of the rates.
		const vars = { LIVE_FEED_KEEP_ENTRIES: '200000', LIVE_FEED_MAX_PUBLISHES: '1000000' };
		const relay = await startRelay({ vars });
		const site = await startSite();
		try {
			const rows: Row[] = [];
			for (const rate of RATES) rows.push(...(await measureRate(relay.url, site, rate, options)));
			return rows;
		} finally {
			await relay.stop();
			await site.close();
		}
	},
};

async function measureRate(relay: string, site: Site, rate: number, { isShort, say }: BenchOptions): Promise<Row[]> {
	const seconds = isShort ? SHORT_SECONDS : SECONDS;
	const channel = createChannelName(`panel-${rate}`);
	const browser = await launch('chromium');
	const publisher = await PacedPublisher.join(relay, channel, (n) => ({
		type: 'query.slow',
		text: `event ${n} SELECT * FROM orders WHERE status = ${n % 7}`,
		actor: { name: ['Ada', 'Grace', 'Tim'][n % 3] ?? '' },
		...(n % 50 === 0 ? { level: 'error' as const } : {}),
	}));
	try {
		await publisher.fill(HISTORY);
		const opened = await Panel.open(browser, site, `channel="${channel}" relay="${relay}"`);
		await opened.waitUntilLive();
		await opened.waitUntilDrawn(10);
		await opened.waitUntilQuiet();
		const heap = await openHeap(opened, browser, 'chromium');
		const before = await heap.read();
		await watch(opened, HISTORY);
		const cpu = await openProcessor(browser);
		const [used, begin] = [await cpu(), Date.now()];
		const paced = await publisher.publish(rate, seconds);
		const total = HISTORY + paced.sent;
		const isPainted = () => opened.page.evaluate(readPainted, total);
		const isOver = paced.stored === paced.sent && (await until(isPainted, LATE_MS));
		const [share, end] = [((await cpu()) - used) / ((Date.now() - begin) / 1000), Date.now()];
		const watched = await opened.page.evaluate(() => (globalThis as unknown as { watched: Watched }).watched);
		const faults = [...watched.faults, ...opened.errors];
		if (paced.stored !== paced.sent) faults.push(`of ${paced.sent} events ${paced.stored} were stored`);
		if (!isOver) faults.push(`event ${total} was not painted; ${watched.received} of ${paced.sent} came`);
		faults.push(...(await compareRows(opened, total)));
		const after = await heap.read();
		const events = await measureEvents(opened, heap);
		say(`panel: ${rate} events/s, ${paced.sent} events, ${watched.frames} frames, ${faults.length} faults`);
		return tell({ rate, seconds, paced, watched, faults, begin, end, share, before, after, events });
	} finally {
		publisher.close();
		await browser.close();
	}
}

interface Measured {
	rate: number;
	seconds: number;
	paced: { sent: number; cpu: number };
	watched: Watched;
	faults: string[];
	begin: number;
	end: number;
	/** Of one core, the page's process. */
	share: number;
	before: Awaited<ReturnType<HeapReader['read']>>;
	after: Awaited<ReturnType<HeapReader['read']>>;
	/** Bytes of a kept event by itself. */
	events: number;
}

function tell({ rate, seconds, paced, watched, faults, begin, end, share, before, after, events }: Measured): Row[] {
	const about = { measure: 'panel', who: 'live-feed', load: `${group(rate)} events/s for ${seconds} s` };
	if (faults.length > 0) {
		const goal = { text: 'every event once, in order', isMet: false };
		return [{ ...about, figure: `no figure: ${few(faults, 3).join('; ')}`, values: { rate, lost: true }, goal }];
	}
	const [p50, p95, most] = [50, 95, 100].map((one) => percentile(watched.delays, one)) as [number, number, number];
	const during = watched.tasks.filter(({ at }) => at <= end);
	const late = during.filter(({ at }) => at > begin + 1000);
	const longest = (tasks: Watched['tasks']) => Math.max(0, ...tasks.map(({ ms }) => ms));
	const grown = (after.heap ?? Number.NaN) - (before.heap ?? Number.NaN);
	const over = grown - events * paced.sent;
	const nodes = after.nodes - before.nodes;
	return [
		{
			...about,
			figure: `publish to paint p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, ${most.toFixed(0)} ms at most; ${group(watched.frames)} frames, ${((watched.drawn / paced.sent) * 100).toFixed(0)} % of the events with a row of their own in one; all ${group(paced.sent)} once and in order`,
			values: { rate, p50, p95, most, frames: watched.frames, drawn: watched.drawn, events: paced.sent },
			...(rate === Math.max(...RATES)
				? { goal: { text: `p95 under ${P95_MS} ms, nothing lost, doubled or out of order`, isMet: p95 < P95_MS } }
				: {}),
		},
		{
			...about,
			figure: `${during.length - late.length} long tasks in the first second (longest ${longest(during.filter((task) => !late.includes(task))).toFixed(0)} ms), ${late.length} after it (longest ${longest(late).toFixed(0)} ms)`,
			values: { rate, early: during.length - late.length, late: late.length, longest: longest(late) },
			goal: { text: `none over ${TASK_MS} ms after the first second`, isMet: late.length === 0 },
		},
		{
			...about,
			figure: `heap ${megabytes(before.heap)} to ${megabytes(after.heap)}, ${(grown / paced.sent).toFixed(0)} bytes an event, of which the event itself takes ${events.toFixed(0)}; nodes ${group(before.nodes)} to ${group(after.nodes)}`,
			values: { rate, grown, over, eventBytes: events, nodesBefore: before.nodes, nodesAfter: after.nodes },
			goal: { text: 'flat but for the events that are kept', isMet: over < MOST_BYTES && nodes < MOST_NODES },
		},
		{
			...about,
			figure: `the page's process ${(share * 100).toFixed(1)} % of a core, the publisher's ${(paced.cpu * 100).toFixed(1)} %`,
			values: { rate, renderer: share, publisher: paced.cpu },
		},
	];
}

/** Has the page keep what comes, when it is painted, and which tasks take long. */
async function watch(opened: Panel, history: number): Promise<void> {
	await opened.page.evaluate((first) => {
		const feed = document.querySelector<LiveFeed>('live-feed');
		const list = feed?.shadowRoot?.querySelector('[part~=list]');
		if (!feed || !list) throw new Error('there is no panel');
		const watched: Watched = {
			...{ delays: [], received: 0, newest: first, number: first, drawn: 0, frames: 0, tasks: [], faults: [] },
		};
		Object.assign(globalThis, { watched });
		const fault = (what: string) => watched.faults.push(what);
		/** Came, and not painted yet. */
		let waiting: { seq: number; at: number }[] = [];
		feed.addEventListener('live-feed-received', ({ events }) => {
			for (const { seq, data } of events) {
				const { n, at } = data as unknown as Stamp; // our publisher's
				if (seq !== watched.newest + 1 || n !== watched.number + 1)
					fault(`after event ${watched.newest}, the ${watched.number}th, came event ${seq}, the ${n}th`);
				watched.newest = seq;
				watched.number = n;
				watched.received++;
				waiting.push({ seq, at });
			}
		});
		feed.addEventListener('live-feed-gap', ({ from, to }) => fault(`a gap from ${from} to ${to}`));
		let shown = first;
		const look = () => {
			const now = performance.timeOrigin + performance.now();
			const rows = [...list.querySelectorAll<HTMLElement>('[data-seq]')].map(({ dataset }) => Number(dataset.seq));
			const newest = rows[0] ?? 0;
			if (newest <= shown) return;
			watched.frames++;
			if (rows.some((seq, index) => index > 0 && seq !== (rows[index - 1] ?? 0) - 1))
				fault(`rows were drawn as ${rows.join(' ')}`);
			watched.drawn += rows.filter((seq) => seq > shown).length;
			shown = newest;
			const isPainted = ({ seq }: { seq: number }) => seq <= newest;
			for (const { at } of waiting.filter(isPainted)) watched.delays.push(now - at);
			waiting = waiting.filter((event) => !isPainted(event));
		};
		// Rows are drawn in the callback of an animation frame; the observer is told of it at the end of that, still before
		// style, layout and paint. A message that is sent there is a task of its own: by then the frame has been handed on.
		const channel = new MessageChannel();
		channel.port1.onmessage = look;
		new MutationObserver(() => channel.port2.postMessage(0)).observe(list, {
			...{ subtree: true, childList: true, attributes: true, attributeFilter: ['data-seq'] },
		});
		new PerformanceObserver((found) => {
			for (const { startTime, duration } of found.getEntries())
				watched.tasks.push({ at: performance.timeOrigin + startTime, ms: duration });
		}).observe({ type: 'longtask' });
	}, history);
}

function readPainted(seq: number): boolean {
	const { watched } = globalThis as unknown as { watched: Watched };
	return watched.newest === seq && watched.delays.length === watched.received;
}

/** What the panel has and what it shows, beside what was published. */
async function compareRows(opened: Panel, total: number): Promise<string[]> {
	await opened.waitUntilQuiet();
	const faults: string[] = [];
	const numbers = await opened.page.evaluate(() =>
		(document.querySelector<LiveFeed>('live-feed')?.events ?? []).map(
			({ seq, data }) => [seq, (data as unknown as { n: number }).n] as const,
		),
	);
	// Of what was there before the page, it has as much as a panel begins with.
	const first = numbers[0]?.[0] ?? 0;
	if (first > HISTORY || numbers.length !== total - first + 1)
		faults.push(`\`events\` has ${numbers.length} of ${total}`);
	const wrong = numbers.find(([seq, n], index) => seq !== first + index || n !== seq);
	if (wrong) faults.push(`\`events\` has event ${wrong[0]}, the ${wrong[1]}th, out of its place`);
	const rows = await opened.readRows();
	const isRight = rows.every(({ seq, text }, index) => seq === total - index && text.includes(`event ${seq} `));
	if (rows.length < 5 || !isRight) faults.push(`the rows at the end are ${rows.map(({ seq }) => seq).join(' ')}`);
	return faults;
}

/** Reads the seconds of the processor that the page's process has used. */
async function openProcessor(browser: Browser): Promise<() => Promise<number>> {
	const session = await browser.target().createCDPSession();
	return async () => {
		const { processInfo } = await session.send('SystemInfo.getProcessInfo');
		return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
	};
}
