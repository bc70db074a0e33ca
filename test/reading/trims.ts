// A panel that has all the events it keeps drops an old one for each that comes: the row being read stays where it is.
// Knows a feeder and a reader in the middle; never knows how many events a panel keeps, but finds out.
import { group } from '../faults/scenario.ts';
import { startFeeder } from './feeder.ts';
import { Panel } from './panel.ts';
import { installRecorder, stop, watch } from './recorder.ts';
import { few, px, type ReadingOptions, type ReadingResult } from './scenario.ts';
import { startSite } from './site.ts';

const TOLERANCE_PX = 0.5;
/** No panel keeps more than this. */
const MOST_KEPT = 150_000;
const STEP = 10_000;
const INSERTS = 1000;

export async function runTrims({ browser }: ReadingOptions): Promise<ReadingResult> {
	const site = await startSite();
	const lines: string[] = [];
	const failures: string[] = [];
	try {
		for (const order of ['newest-first', 'newest-last'] as const) {
			const feeder = await startFeeder((seq) => ({
				type: 'message',
				text: `event ${seq}${' and then some'.repeat(seq % 23)}`,
				// A day's name stands between rows now and then, at the old end too.
				...(seq % 100 < 50 ? { at: Date.UTC(2026, 0, 1 + (seq % 7)) } : {}),
			}));
			const panel = await Panel.open(browser, site, `channel="trims" relay="${feeder.url}" order="${order}"`);
			try {
				await panel.waitUntilLive();
				let oldest = 0;
				while (oldest <= 1 && feeder.last < MOST_KEPT) {
					await feeder.feed(STEP);
					await panel.waitUntilReceived(feeder.last, 60_000);
					oldest = (await panel.readEvents()).first;
				}
				if (oldest <= 1) throw new Error(`${order}: of ${group(feeder.last)} events none was dropped`);
				const { count } = await panel.readEvents();
				await installRecorder(panel.page);
				const list = await panel.readList();
				await panel.moveTo((list.left + list.right) / 2, list.top + 150);
				for (let turned = 0; turned < 8; turned++) await panel.turn(order === 'newest-first' ? 200 : -200);
				await panel.waitUntilQuiet();
				const seq = await panel.readPointed();
				if (seq === undefined) throw new Error(`${order}: no row is under the pointer`);
				await watch(panel.page, seq);
				await feeder.feedAt(500, INSERTS);
				await panel.waitUntilReceived(feeder.last);
				await panel.settle();
				const { moved, missing, frames } = await stop(panel.page);
				const after = await panel.readEvents();
				const trimmed = after.first - oldest;
				if (trimmed < INSERTS / 2) failures.push(`${order}: only ${trimmed} events were dropped`);
				if (moved >= TOLERANCE_PX) failures.push(`${order}: row ${seq} moved ${px(moved)}`);
				if (missing > 0) failures.push(`${order}: row ${seq} was gone in ${missing} of ${frames} frames`);
				failures.push(...few(panel.errors));
				lines.push(
					`${order}: ${group(INSERTS)} inserts and ${group(trimmed)} trims with ${group(count)} events kept; the row moved ${px(moved)} in ${group(frames)} frames`,
				);
			} catch (error) {
				failures.push(error instanceof Error ? error.message : String(error));
			} finally {
				await panel.close();
				await feeder.close();
			}
		}
	} finally {
		await site.close();
	}
	return { lines, failures };
}
