// The row being read stays where it is, and focus stays with its element, whatever comes, goes, loads or is resized.
// Knows what can happen around a reader, and which row he reads; never knows how a panel keeps it in place.
import { startProxy } from '../faults/proxy.ts';
import { group, pause, until } from '../faults/scenario.ts';
import { createRandom, type Random } from '../support/random.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import type { BrowserName } from './browsers.ts';
import { ORDERS, type Order, Panel } from './panel.ts';
import { Publisher } from './publisher.ts';
import { installRecorder, type Stretch, stop, watch } from './recorder.ts';
import { few, KEPT_SHORT, px, type ReadingOptions, type ReadingResult } from './scenario.ts';
import { type Site, startSite } from './site.ts';
import { createDrafts } from './texts.ts';

/** Less than a pixel of the screen is told from none. */
const TOLERANCE_PX = 0.5;
/** Whoever is nearer than this to an end of the list is not in its middle. */
const LEAST_ROOM_PX = 300;
const UPPER_PX = 150;
/** Rows must have been as low and as high as this: without a text, with a long one, and with a picture. */
const LOWEST_PX = 50;
const LONG_PX = 120;
const HIGHEST_PX = 250;
/** The row that is read: the one with focus, else the one under the pointer, else the first whose top is in view. */
const STANCES = ['pointer', 'focus', 'top'] as const;
type Stance = (typeof STANCES)[number];
/** The short form has each stance once in each browser. Together the browsers have each stance in both orders. */
const SHORT_PLANS: Record<BrowserName, readonly (readonly [Order, Stance])[]> = {
	chromium: [
		['newest-first', 'pointer'],
		['newest-last', 'focus'],
		['newest-first', 'top'],
	],
	firefox: [
		['newest-last', 'pointer'],
		['newest-first', 'focus'],
		['newest-last', 'top'],
	],
};

const SIZES = ['narrow', 'wide', '', 'low', 'high', 'narrow low', 'wide high', ''];

interface Run {
	panel: Panel;
	publisher: Publisher;
	random: Random;
	site: Site;
	draft: (n: number) => ReturnType<ReturnType<typeof createDrafts>>;
	stance: Stance;
	order: Order;
	/** The row that is read. */
	seq: number;
	where: string;
	failures: string[];
	seen: {
		frames: number;
		mutations: number;
		moved: number;
		between: number;
		turned: number;
		lowest: number;
		highest: number;
	};
}

export async function runStill({ short, seed, name, browser, relay: given }: ReadingOptions): Promise<ReadingResult> {
	const kept = short ? KEPT_SHORT : 1500;
	const random = createRandom(seed);
	const relay = given ?? (await startRelay({ vars: { LIVE_FEED_KEEP_ENTRIES: String(kept) } }));
	const site = await startSite();
	const lines: string[] = [];
	const failures: string[] = [];
	let [lowest, highest] = [Number.POSITIVE_INFINITY, 0];
	const plan = short ? SHORT_PLANS[name] : ORDERS.flatMap((order) => STANCES.map((stance) => [order, stance] as const));
	try {
		for (const [order, stance] of plan) {
			const { line, failed, seen } = await readThrough({ order, stance, kept, relay, site, random, browser, short });
			lines.push(line);
			failures.push(...few(failed, 8));
			lowest = Math.min(lowest, seen.lowest);
			highest = Math.max(highest, seen.highest);
		}
		// Where it is read in one way alone, there need not be a picture.
		if (lowest > LOWEST_PX || highest < (short ? LONG_PX : HIGHEST_PX))
			failures.push(`rows were ${px(lowest)} to ${px(highest)} high, which is not all that rows can be`);
	} finally {
		if (!given) await relay.stop();
		await site.close();
	}
	return { lines, failures };
}

async function readThrough(given: {
	order: Order;
	stance: Stance;
	kept: number;
	relay: TestRelay;
	site: Site;
	random: Random;
	browser: ReadingOptions['browser'];
	short: boolean;
}): Promise<{ line: string; failed: string[]; seen: Run['seen'] }> {
	const { order, stance, kept, relay, site, random, browser, short } = given;
	const channel = `still-${order}-${stance}-${random.below(1e6)}`;
	const failures: string[] = [];
	const publisher = new Publisher(relay.url, channel);
	const draft = createDrafts(random, site, channel);
	const older = Math.floor(kept * 0.7);
	await publisher.publish(Array.from({ length: older }, (_, n) => draft(n + 1)));
	const proxy = await startProxy(relay.engine?.port ?? 0);
	const panel = await Panel.open(
		browser,
		site,
		`channel="${channel}" relay="${proxy.url}" order="${order}" history="50"`,
	);
	const seen = {
		...{ frames: 0, mutations: 0, moved: 0, between: 0, turned: 0 },
		...{ lowest: Number.POSITIVE_INFINITY, highest: 0 },
	};
	try {
		await panel.waitUntilLive();
		await panel.waitUntilReceived(older);
		await panel.waitUntilDrawn(10);
		await installRecorder(panel.page);
		const run: Run = {
			...{ panel, publisher, random, site, draft, stance, order, seq: 0, where: `${order}, ${stance}`, failures },
			seen,
		};
		await takePlace(run);
		const before = await panel.readFocus();
		const servedBefore = site.served;

		await during(run, 'events came in bursts', () => publishBursts(run, short ? 60 : kept * 0.2));
		await during(run, 'pictures came late', async () => {
			// Each is let go alone, so that each has a frame of its own to move something in.
			for (let free = 40; free > 0; free--) {
				const isThere = await until(() => site.pending > 0, 300);
				if (!isThere) break;
				site.release(1);
				await panel.settle();
			}
		});
		if (site.served === servedBefore) failures.push(`${run.where}: no picture was drawn, so none could come late`);
		await during(run, 'older history was loaded', async () => {
			const { count } = await panel.readEvents();
			await panel.page.evaluate(() => document.querySelector('live-feed')?.loadOlder());
			const isLonger = await until(async () => (await panel.readEvents()).count > count, 10_000);
			if (!isLonger) failures.push(`${run.where}: loadOlder() brought nothing`);
		});
		await during(run, 'the panel was resized', async () => {
			for (const classes of SIZES) {
				await panel.resize(classes);
				await publishBursts(run, short ? 4 : 20);
				await panel.settle();
			}
		});
		await turnWheel(run, short ? 6 : 40);
		await during(run, 'a cut left a gap', async () => {
			const { gaps } = await panel.readEvents();
			proxy.set({ refuse: 'reset' });
			proxy.cut('reset');
			await publisher.publish(Array.from({ length: Math.ceil(kept * 1.2) }, (_, n) => draft(publisher.count + n + 1)));
			proxy.heal();
			await panel.page.evaluate(() => document.querySelector('live-feed')?.reconnect());
			if (!(await panel.waitUntilReceived(publisher.last))) failures.push(`${run.where}: the panel did not come back`);
			if ((await panel.readEvents()).gaps === gaps) failures.push(`${run.where}: there was no gap to be inserted`);
		});
		await during(run, 'rows were dropped by the relay', () => publishBursts(run, short ? 60 : kept * 0.2));
		await checkFocus(run, before);
		failures.push(...few(panel.errors).map((error) => `${run.where}: ${error}`));
		return {
			line: `${order}, ${stance}: ${group(publisher.count - older)} inserts, ${group(seen.frames)} frames, ${group(seen.mutations)} mutations, rows ${px(seen.lowest)} to ${px(seen.highest)} high; the row moved ${px(seen.moved)} at most, ${px(seen.between)} between frames, ${px(seen.turned)} otherwise than the wheel asked`,
			failed: failures,
			seen,
		};
	} catch (error) {
		// The other ways of reading are still worth a look.
		failures.push(`${order}, ${stance}: ${error instanceof Error ? error.message : error}`);
		return { line: `${order}, ${stance}: broken off`, failed: failures, seen };
	} finally {
		site.release(10_000);
		await panel.close();
		await proxy.stop();
	}
}

/** Scrolls away from the edge, with focus on a row, and chooses the row that is read. */
async function takePlace(run: Run): Promise<void> {
	const { panel, stance, order, random, where, failures } = run;
	await panel.park();
	const first = await panel.tabToRow();
	// At the old end, which Tab may lead to, a panel has older rows loaded.
	await panel.waitUntilQuiet();
	const { kind, seq } = await panel.readFocus();
	if (kind !== 'row' || seq !== first.seq)
		failures.push(`${where}: Tab led to row ${first.seq}, and then focus went to ${kind} ${seq ?? ''} by itself`);
	if (stance === 'focus') {
		// Towards the middle of what is there, whichever end Tab came in at.
		const { first: oldest, last } = await panel.readEvents();
		const isAtNewEnd = (first.seq ?? 0) > (oldest + last) / 2;
		const key = isAtNewEnd === (order === 'newest-first') ? 'ArrowDown' : 'ArrowUp';
		for (let step = 0; step < 14; step++) await panel.press(key);
	}
	const list = await panel.readList();
	await panel.moveTo((list.left + list.right) / 2, list.top + random.between(120, 240));
	if (stance !== 'focus') {
		// To the middle, and so far that the row with focus is well out of view.
		const { scrollTop, scrollHeight } = list;
		const by = scrollTop < (scrollHeight - (list.bottom - list.top)) / 2 ? 200 : -200;
		const isNear = async () => {
			const focus = await panel.readFocus();
			return focus.kind === 'row' && focus.isInView;
		};
		for (let turned = 0; turned < 7 || (turned < 30 && (await isNear())); turned++) await panel.turn(by);
	}
	await bringUp(run);
	await panel.waitUntilQuiet();
	await pointAtRow(run);
	const { scrollTop, scrollHeight, top, bottom } = await panel.readList();
	const room = Math.min(scrollTop, scrollHeight - (bottom - top) - scrollTop);
	if (room < LEAST_ROOM_PX) throw new Error(`${where}: the reader is ${px(room)} from an end, not in the middle`);
	run.seq = await chooseRow(run);
}

/** With the wheel, has the row with focus where it stays in view however low the panel becomes. */
async function bringUp({ panel, stance }: Run): Promise<void> {
	const { top } = await panel.readList();
	for (let turned = 0; stance === 'focus' && turned < 40; turned++) {
		const by = (await panel.readFocus()).top - top - UPPER_PX;
		if (Math.abs(by) < 40) break;
		await panel.turn(Math.max(-180, Math.min(180, by)));
	}
}

/** Has the mouse where the stance wants it: on a row, not on what stands between two, or away. */
async function pointAtRow({ panel, stance }: Run): Promise<void> {
	if (stance === 'top') await panel.park();
	if (stance !== 'pointer') return;
	const list = await panel.readList();
	for (let y = list.top + 140; y < list.bottom - 60 && (await panel.readPointed()) === undefined; y += 15)
		await panel.moveTo((list.left + list.right) / 2, y, 1);
}

/** The row that is read now. */
async function chooseRow({ panel, stance, where }: Run): Promise<number> {
	const rows = await panel.readRows();
	const list = await panel.readList();
	const focus = await panel.readFocus();
	if (stance === 'focus') {
		if (focus.kind !== 'row' || !focus.isInView) throw new Error(`${where}: the row with focus is not in view`);
		return focus.seq ?? 0;
	}
	if (focus.kind === 'row' && focus.isInView) throw new Error(`${where}: the row with focus is still in view`);
	const pointer = await panel.readPointed();
	const row =
		stance === 'pointer' ? rows.find(({ seq }) => seq === pointer) : rows.find(({ top }) => top >= list.top - 0.5);
	if (!row) throw new Error(`${where}: no row is read`);
	return row.seq;
}

/** Does something while the row is watched, and judges what became of it. */
async function during(run: Run, what: string, act: () => Promise<void>): Promise<void> {
	const { panel, seq, where, failures, seen } = run;
	await watch(panel.page, seq);
	await act();
	await panel.settle();
	const stretch: Stretch = await stop(panel.page);
	seen.frames += stretch.frames;
	seen.mutations += stretch.mutations;
	seen.moved = Math.max(seen.moved, stretch.moved);
	seen.between = Math.max(seen.between, stretch.movedBetween);
	seen.lowest = Math.min(seen.lowest, stretch.lowest);
	seen.highest = Math.max(seen.highest, stretch.highest);
	if (stretch.frames < 3) failures.push(`${where}: while ${what}, only ${stretch.frames} frames were painted`);
	if (stretch.moved >= TOLERANCE_PX)
		failures.push(
			`${where}: while ${what}, row ${seq} moved ${px(stretch.moved)} (after ${Math.round(stretch.movedAt)} ms)`,
		);
	if (stretch.missing > 0)
		failures.push(`${where}: while ${what}, row ${seq} was gone in ${stretch.missing} of ${stretch.frames} frames`);
	if (stretch.strayed > 0)
		failures.push(
			`${where}: while ${what}, focus was elsewhere (${stretch.strayedTo}) in ${stretch.strayed} of ${stretch.frames} frames`,
		);
}

async function publishBursts({ publisher, draft, random, panel, failures, where }: Run, count: number): Promise<void> {
	for (let left = Math.ceil(count); left > 0; ) {
		const now = Math.min(left, random.between(1, 40));
		const done = publisher.count;
		await publisher.publish(Array.from({ length: now }, (_, n) => draft(done + n + 1)));
		left -= now;
		await pause(random.below(200));
	}
	if (!(await panel.waitUntilReceived(publisher.last))) failures.push(`${where}: event ${publisher.last} did not come`);
}

/** Turns the wheel to and fro while events come: every row in view goes as far as the wheel asks, and no farther. */
async function turnWheel(run: Run, turns: number): Promise<void> {
	const { panel, publisher, draft, random, failures, where, seen } = run;
	const list = await panel.readList();
	await panel.moveTo((list.left + list.right) / 2, (list.top + list.bottom) / 2);
	const end = new AbortController();
	const done = publisher.count;
	const publishing = publisher.publishAt(30, 100_000, (n) => draft(done + n), end.signal);
	let measured = 0;
	try {
		// Back to where it was in the end: the row that is read, and a row with focus, are in view again.
		const plan = Array.from({ length: turns / 2 }, () => random.between(60, 190));
		const away = run.order === 'newest-first' ? 1 : -1;
		for (const by of [...plan.map((size) => size * away), ...plan.toReversed().map((size) => -size * away)]) {
			const { scrollTop, scrollHeight, top, bottom } = await panel.readList();
			const room = by < 0 ? scrollTop : scrollHeight - (bottom - top) - scrollTop;
			const { went, asked } = await panel.turn(by);
			// At an end of the list the wheel gets less than it asks for.
			if (room < Math.abs(by) + 1) continue;
			for (const { seq, by: moved } of went) {
				measured++;
				const off = Math.abs(moved + asked);
				seen.turned = Math.max(seen.turned, off);
				if (off >= TOLERANCE_PX)
					failures.push(`${where}: the wheel asked for ${px(-asked)}, and row ${seq} went ${px(moved)}`);
			}
		}
	} finally {
		end.abort();
		await publishing;
	}
	if (measured < turns) failures.push(`${where}: only ${measured} rows were seen before and after a turn of the wheel`);
	await panel.waitUntilReceived(publisher.last);
	await panel.settle();
	await pointAtRow(run);
	await bringUp(run);
	run.seq = await chooseRow(run);
}

/** After all of it the keyboard goes on from where it was. */
async function checkFocus({ panel, order, failures, where }: Run, before: { seq: number | undefined }): Promise<void> {
	const { seq } = await panel.readFocus();
	if (seq !== before.seq) {
		failures.push(`${where}: focus was on row ${before.seq}, and is on ${seq ?? 'none'} in the end`);
		return;
	}
	const next = await panel.page.evaluate(
		([here, isNewestFirst]) => {
			const seqs = document.querySelector('live-feed')?.events.map((event) => event.seq) ?? [];
			const at = seqs.indexOf(here);
			return at === -1 ? undefined : seqs[at + (isNewestFirst ? -1 : 1)];
		},
		[seq ?? 0, order === 'newest-first'] as const,
	);
	await panel.press('j');
	await panel.settle();
	const after = await panel.readFocus();
	if (after.kind !== 'row' || after.seq !== next)
		failures.push(`${where}: j on row ${seq} led to ${after.kind} ${after.seq ?? ''}, not to row ${next}`);
	else if (!after.isInView) failures.push(`${where}: j led to row ${next}, which is not in view`);
}
