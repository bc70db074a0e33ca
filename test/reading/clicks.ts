// A press hits what the hand aimed at, at the live edge, while 50 events a second come.
// Knows a hand that moves, rests, presses and lets go; never knows what keeps the rows still under it.
import { group, pause, until } from '../faults/scenario.ts';
import { createRandom, type Random } from '../support/random.ts';
import { startRelay } from '../support/relay.ts';
import { ORDERS, type Order, Panel } from './panel.ts';
import { Publisher } from './publisher.ts';
import { few, type ReadingOptions, type ReadingResult } from './scenario.ts';
import { type Site, startSite } from './site.ts';
import { createDrafts } from './texts.ts';

const RATE = 50;
/** Whoever rests longer than this reads on, and rows may come; milliseconds. */
const AIM_MS = 300;
/** One in so many times the hand leaves the panel after a click, and nothing there has focus any more. */
const LEAVES = 3;
/** Of so many presses in a hundred, rows must have come since the one before: otherwise nothing is proven. */
const LEAST_FLOW = 30;

/** One press, as the page saw it. */
interface Press {
	/** Milliseconds between the last movement and the press. */
	rested: number;
	/** Rows: where the movement ended, where the pointer was just before the press, where it was pressed. */
	aimed: string;
	before: string;
	down: string;
	click: string;
	/** The same element was under the pointer just before, got the press, and got the click. */
	isBeforeDown: boolean;
	isDownClick: boolean;
	/** The newest row that was drawn. */
	newest: number;
}

interface InPage {
	lookBefore(x: number, y: number): void;
	take(): Press | undefined;
}

export async function runClicks({ short, seed, browser }: ReadingOptions): Promise<ReadingResult> {
	const clicks = short ? 10 : 500;
	const relay = await startRelay();
	const site = await startSite();
	const lines: string[] = [];
	const failures: string[] = [];
	try {
		for (const order of ORDERS) {
			const random = createRandom(seed + (order === 'newest-first' ? 0 : 1));
			const { line, failed } = await pressMany({
				order,
				random,
				relay: relay.url,
				site,
				browser,
				clicks: Math.ceil(clicks / 2),
			});
			lines.push(line);
			failures.push(...few(failed).map((failure) => `${order}: ${failure}`));
		}
	} finally {
		await relay.stop();
		await site.close();
	}
	return { lines, failures };
}

async function pressMany(given: {
	order: Order;
	random: Random;
	relay: string;
	site: Site;
	browser: ReadingOptions['browser'];
	clicks: number;
}): Promise<{ line: string; failed: string[] }> {
	const { order, random, relay, site, browser, clicks } = given;
	const failed: string[] = [];
	const channel = `clicks-${order}-${Date.now()}`;
	const publisher = new Publisher(relay, channel);
	const draft = createDrafts(random, undefined, channel);
	await publisher.publish(Array.from({ length: 40 }, (_, n) => draft(n + 1)));
	const panel = await Panel.open(browser, site, `channel="${channel}" relay="${relay}" order="${order}"`);
	const end = new AbortController();
	let publishing = Promise.resolve();
	try {
		await panel.waitUntilLive();
		await panel.waitUntilReceived(40);
		await panel.waitUntilDrawn(20);
		await panel.settle();
		await listen(panel);
		publishing = publisher.publishAt(RATE, 1_000_000, (n) => draft(n + 40), end.signal);
		const presses: Press[] = [];
		const kinds = new Map<string, number>();
		let flowed = 0;
		let lastNewest = 0;
		for (let n = 0; n < clicks; n++) {
			const kind = await pressOnce(panel, random, presses, failed);
			kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
			const press = presses.at(-1);
			if (press && press.newest > lastNewest) flowed++;
			lastNewest = press?.newest ?? lastNewest;
			if (random.below(LEAVES) === 0) await leave(panel, lastNewest, order);
			else await pause(random.between(350, 700));
		}
		for (const [index, press] of presses.entries()) {
			const which = `press ${index + 1} after ${Math.round(press.rested)} ms`;
			if (!press.isDownClick) failed.push(`${which}: ${press.down} was pressed, and ${press.click} got the click`);
			if (press.rested >= AIM_MS) continue;
			if (press.aimed !== press.down)
				failed.push(`${which}: the hand aimed at ${press.aimed} and pressed ${press.down}`);
			if (!press.isBeforeDown)
				failed.push(`${which}: ${press.before} was under the pointer, and ${press.down} was pressed`);
		}
		if (presses.length < clicks) failed.push(`${clicks - presses.length} of ${clicks} presses were seen by nobody`);
		const share = Math.round((flowed * 100) / clicks);
		if (share < LEAST_FLOW) failed.push(`before ${share} % of the presses alone had rows come since the one before`);
		failed.push(...few(panel.errors));
		const quick = presses.filter(({ rested }) => rested < AIM_MS).length;
		return {
			line: `${order}: ${group(presses.length)} presses (${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}), ${group(quick)} of them within ${AIM_MS} ms of the movement; rows had come before ${share} %; ${failed.length} went astray`,
			failed,
		};
	} finally {
		end.abort();
		await publishing;
		await panel.close();
	}
}

/** Moves to something in a row, rests, and presses it; says what it was. */
async function pressOnce(panel: Panel, random: Random, presses: Press[], failed: string[]): Promise<string> {
	const list = await panel.readList();
	const [width, height] = [list.right - list.left, list.bottom - list.top];
	// The hand comes near; from then on it moves, and what it aims at should wait.
	await panel.moveTo(list.left + width * 0.5, list.top + height * (0.2 + random.below(60) / 100), 5);
	const wanted = random.pick(['a', 'button', 'blank', 'blank']);
	const target = await panel.page.evaluate(
		([what, chance]) => {
			const list = document.querySelector('live-feed')?.shadowRoot?.querySelector<HTMLElement>('[part~=list]');
			const frame = list?.getBoundingClientRect();
			if (!list || !frame) return undefined;
			const rows = [...list.querySelectorAll<HTMLElement>('[data-seq]')];
			const find = (kind: string) =>
				rows
					.flatMap((row) => (kind === 'blank' ? [row] : [...row.querySelectorAll<HTMLElement>(kind)]))
					.map((element) => element.getBoundingClientRect())
					// What of it is in view: a row that was unfolded may be higher than the list.
					.map(({ left, width, top, bottom }) => {
						const from = Math.max(top, frame.top + 4);
						return { kind, box: { left, width, top: from, height: Math.min(bottom, frame.bottom - 4) - from } };
					})
					.filter(({ box }) => box.width > 4 && box.height > 4);
			// Not every view has a button.
			const found = find(what).length > 0 ? find(what) : find('blank');
			const one = found[chance % found.length];
			return (
				one && { kind: one.kind, left: one.box.left, top: one.box.top, width: one.box.width, height: one.box.height }
			);
		},
		[wanted, random.below(1e6)] as const,
	);
	if (!target) throw new Error('no row is in view');
	// Whole pixels, as a mouse has them: what lies under half of one, browsers see differently.
	const x = Math.round(target.left + 2 + ((target.width - 4) * random.below(1000)) / 1000);
	const y = Math.round(target.top + 2 + ((target.height - 4) * random.below(1000)) / 1000);
	await panel.moveTo(x, y, random.between(3, 9));
	await pause(random.between(0, 400));
	await panel.page.evaluate(([left, top]) => (globalThis as unknown as { hand: InPage }).hand.lookBefore(left, top), [
		x,
		y,
	] as const);
	await panel.page.mouse.down();
	await pause(random.between(20, 200));
	await panel.page.mouse.up();
	let press: Press | undefined;
	await until(async () => {
		press = await panel.page.evaluate(() => (globalThis as unknown as { hand: InPage }).hand.take());
		return press !== undefined;
	}, 500);
	if (press) presses.push(press);
	else failed.push(`a press at ${Math.round(x)}, ${Math.round(y)} got no click`);
	return target.kind;
}

/** Out of the panel, to a place where a click takes focus away; and on once rows have come, or at the edge again. */
async function leave(panel: Panel, newest: number, order: Order): Promise<void> {
	await panel.park();
	await panel.page.mouse.click(980, 740);
	const hasCome = async () => (await readNewest(panel)) > newest;
	if (await until(hasCome, 1500)) return;
	const list = await panel.readList();
	await panel.moveTo((list.left + list.right) / 2, (list.top + list.bottom) / 2);
	await panel.turn(order === 'newest-first' ? -20_000 : 20_000);
	await panel.park();
	await until(hasCome, 1500);
}

function readNewest(panel: Panel): Promise<number> {
	return panel.page.evaluate(() => {
		const rows = document.querySelector('live-feed')?.shadowRoot?.querySelectorAll<HTMLElement>('[data-seq]') ?? [];
		return Math.max(0, ...[...rows].map(({ dataset }) => Number(dataset.seq)));
	});
}

/** Has the page keep what each press and click was for. */
async function listen(panel: Panel): Promise<void> {
	await panel.page.evaluate(() => {
		const root = document.querySelector('live-feed')?.shadowRoot;
		let moved = { x: -1, y: -1, at: 0, what: 'nothing' };
		let before: Element | null = null;
		let down: { element: Element; at: number; what: string; aimed: string; rested: number; newest: number } | undefined;
		let done: Press | undefined;
		const describe = (element: Element | null | undefined) => {
			const row = element?.closest<HTMLElement>('[data-seq]');
			return row ? `row ${row.dataset.seq}` : (element?.localName ?? 'nothing');
		};
		const first = (event: Event) => event.composedPath()[0] as Element; // a pointer is over an element always
		addEventListener(
			'pointermove',
			(event) => {
				// A browser may tell of a movement where the page has moved under a resting pointer.
				if (event.clientX === moved.x && event.clientY === moved.y) return;
				moved = { x: event.clientX, y: event.clientY, at: event.timeStamp, what: describe(first(event)) };
			},
			true,
		);
		addEventListener(
			'pointerdown',
			(event) => {
				const rows = root?.querySelectorAll<HTMLElement>('[data-seq]') ?? [];
				const newest = Math.max(0, ...[...rows].map(({ dataset }) => Number(dataset.seq)));
				const element = first(event);
				const rested = event.timeStamp - moved.at;
				down = { element, at: event.timeStamp, what: describe(element), aimed: moved.what, rested, newest };
			},
			true,
		);
		addEventListener(
			'click',
			(event) => {
				if (!down) return;
				const element = first(event);
				done = {
					rested: down.rested,
					aimed: down.aimed,
					before: describe(before),
					down: down.what,
					click: element === down.element ? down.what : `${element.localName} of ${describe(element)}`,
					isBeforeDown: before === down.element,
					isDownClick: element === down.element,
					newest: down.newest,
				};
			},
			true,
		);
		const inPage: InPage = {
			lookBefore(x, y) {
				done = undefined;
				down = undefined;
				before = root?.elementFromPoint(x, y) ?? null;
			},
			take: () => done,
		};
		Object.assign(globalThis, { hand: inPage });
	});
}
