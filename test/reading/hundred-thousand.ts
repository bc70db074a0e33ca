// 100,000 events that came to an open panel: the scrollbar dragged to the middle shows the one in the middle.
// Knows the thumb of a scrollbar and what a pixel of its way is worth; never knows how rows are drawn.
import { group, until } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { ORDERS, Panel } from './panel.ts';
import { Publisher } from './publisher.ts';
import { few, type ReadingOptions, type ReadingResult } from './scenario.ts';
import { startSite } from './site.ts';

/** How far into the track the thumb is looked for, pixels. */
const THUMB_PX = 48;

export async function runHundredThousand({ short, seed, browser }: ReadingOptions): Promise<ReadingResult> {
	const total = short ? 3000 : 100_000;
	const relay = await startRelay({ vars: { LIVE_FEED_KEEP_ENTRIES: '200000' } });
	const site = await startSite();
	const lines: string[] = [];
	const failures: string[] = [];
	try {
		for (const order of ORDERS) {
			const channel = `many-${order}-${seed}-${Date.now()}`;
			const publisher = new Publisher(relay.url, channel);
			const panel = await Panel.open(browser, site, `channel="${channel}" relay="${relay.url}" order="${order}"`);
			try {
				await panel.waitUntilLive();
				await publisher.publish(Array.from({ length: total }, (_, n) => ({ text: `event ${n + 1}` })));
				if (!(await panel.waitUntilReceived(total, 120_000))) throw new Error(`event ${total} did not come`);
				// Under a hand what comes waits: the mouse comes once all is drawn.
				const isDrawn = async () => (await panel.readRows()).some(({ seq }) => seq === total);
				if (!(await until(isDrawn, 30_000))) throw new Error(`event ${total} was not drawn`);
				await panel.waitUntilQuiet();
				const { count } = await panel.readEvents();
				if (count !== total) failures.push(`${order}: \`events\` has ${group(count)} of ${group(total)}`);
				lines.push(`${order}: ${await dragToMiddle(panel, total, failures, order)}`);
				failures.push(...few(panel.errors));
			} catch (error) {
				failures.push(`${order}: ${error instanceof Error ? error.message : error}`);
			} finally {
				await panel.close();
			}
		}
	} finally {
		await relay.stop();
		await site.close();
	}
	return { lines, failures };
}

async function dragToMiddle(panel: Panel, total: number, failures: string[], order: string): Promise<string> {
	const list = await panel.readList();
	const ratio = async () => {
		const { scrollTop, scrollHeight, top, bottom } = await panel.readList();
		return scrollTop / (scrollHeight - (bottom - top));
	};
	if (list.barWidth < 2) throw new Error('the list has no scrollbar that can be seen');
	const x = list.right + list.barWidth / 2;
	const isAtTop = (await ratio()) < 0.5;
	const { mouse } = panel.page;
	// The thumb is at the end where the list is: pressed where it is, it follows.
	let y = 0;
	let held = false;
	for (let into = 2; into < THUMB_PX && !held; into += 3) {
		y = isAtTop ? list.top + into : list.bottom - into;
		const before = await ratio();
		await panel.moveTo(x, y);
		await mouse.down();
		await panel.moveTo(x, y + (isAtTop ? 6 : -6), 2);
		held = await until(async () => Math.abs((await ratio()) - before) > 0.001, 300);
		if (!held) await mouse.up();
	}
	if (!held) throw new Error('the thumb of the scrollbar could not be found');
	// To the middle as a hand does it: most of the way at once, and then looking at what is shown.
	const start = isAtTop ? 0 : 1;
	y += isAtTop ? 6 : -6;
	let [nearest, nearestY] = [Number.POSITIVE_INFINITY, y];
	let perPixel = Math.abs((await ratio()) - start) / 6;
	for (let step = 0; step < 12; step++) {
		const off = (await ratio()) - 0.5;
		if (Math.abs(off) < Math.abs(nearest)) [nearest, nearestY] = [off, y];
		const by = -Math.round(off / perPixel);
		if (by === 0) break;
		const before = await ratio();
		await panel.moveTo(x, y + by, Math.min(Math.abs(by), 10));
		y += by;
		await panel.settle();
		const went = Math.abs((await ratio()) - before) / Math.abs(by);
		if (went > 0) perPixel = went;
	}
	if (y !== nearestY) await panel.moveTo(x, nearestY, 2);
	await panel.settle();
	await mouse.up();
	await panel.waitUntilQuiet();

	// A pixel of the mouse is many rows: nearer than that no hand comes.
	const worth = Math.ceil(perPixel * total) + 1;
	const middle = Math.round(total / 2);
	const shown = await panel.readRows();
	const seqs = shown.map(({ seq }) => seq);
	const off = Math.min(...seqs.map((seq) => Math.abs(seq - middle)));
	const away = Math.abs((await ratio()) - 0.5);
	if (away > perPixel)
		failures.push(`${order}: let go, the scrollbar stands at ${((await ratio()) * 100).toFixed(2)} %`);
	if (!(off <= worth))
		failures.push(
			`${order}: in the middle of ${group(total)} events the panel shows ${seqs.length > 0 ? `${Math.min(...seqs)} to ${Math.max(...seqs)}` : 'no row'}`,
		);
	const { top, bottom } = await panel.readList();
	const [first, last] = [shown[0], shown.at(-1)];
	const isFull = first && last && first.top <= top + 60 && last.bottom >= bottom - 60;
	if (!isFull) failures.push(`${order}: the view is not full of rows`);
	if (shown.some(({ seq, text }) => !text.endsWith(`event ${seq}`)))
		failures.push(`${order}: a row says another event's text`);

	// From there the wheel goes to the very one: what lies between is as high as so many rows.
	let row = shown[Math.floor(shown.length / 2)];
	await panel.moveTo((list.left + list.right) / 2, (list.top + list.bottom) / 2);
	for (let turn = 0; turn < 3 && row && !(await panel.readRows()).some(({ seq }) => seq === middle); turn++) {
		const rows = (middle - row.seq) * (order === 'newest-first' ? -1 : 1);
		await panel.turn(rows * (row.bottom - row.top));
		await panel.settle();
		const now = await panel.readRows();
		row = now[Math.floor(now.length / 2)];
	}
	const isThere = (await panel.readRows()).some(({ seq, text }) => seq === middle && text.endsWith(`event ${middle}`));
	if (!isThere)
		failures.push(`${order}: the wheel does not lead from there to event ${middle}, but to ${row?.seq ?? 'no row'}`);
	return `dragged to ${((0.5 + nearest) * 100).toFixed(2)} %, it shows ${group(Math.min(...seqs))} to ${group(Math.max(...seqs))} of ${group(total)}, ${off} from the middle, where a pixel of the mouse is worth ${worth}${isThere ? `; the wheel goes on to event ${group(middle)}` : ''}`;
}
