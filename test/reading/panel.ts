// One panel in a page of a real browser, as a reader has it before him: its rows, its focus, and a hand for wheel, mouse and keys.
// Knows the panel's parts and real input; never knows what a reader expects of them.
import type { Browser, CDPSession, KeyInput, Page } from 'puppeteer-core';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { until } from '../faults/scenario.ts';
import type { Site } from './site.ts';

export interface Box {
	left: number;
	top: number;
	right: number;
	bottom: number;
}

/** A row that is at least partly in view, from the top. */
export interface SeenRow {
	seq: number;
	top: number;
	bottom: number;
	text: string;
}

/** What has focus. */
export interface Focus {
	/** `page`, `row`, or the element within the panel: `button`, `dialog`, … */
	kind: string;
	/** Of the row that has it, or that it is in. */
	seq: number | undefined;
	/** What it says: a row's sentence, a button's name. */
	says: string;
	/** The ring around it can be seen. */
	isRinged: boolean;
	isInView: boolean;
	isInDialog: boolean;
	top: number;
}

/** How far each row that stayed in view went at a turn of the wheel. */
export interface Turn {
	asked: number;
	went: { seq: number; by: number }[];
}

export const ORDERS = ['newest-first', 'newest-last'] as const;
export type Order = (typeof ORDERS)[number];

/** A line that was cut on purpose is not the page's fault; Firefox tells of it as of an error. */
const NOISE = /connection to wss?:|can.t establish a connection/i;

/** What a page keeps of the panel's events, for whoever asks. */
interface Told {
	live: number;
	/** The newest that came, so that nobody has to look through them all. */
	last: number;
	gaps: number;
	selected: number[];
}

const SETTLED_FRAMES = 6;

export class Panel {
	readonly page: Page;
	/** Errors of the page that nobody caught. */
	readonly errors: string[] = [];
	/** Where the mouse is. */
	#mouse = { x: 0, y: 0 };

	private constructor(page: Page) {
		this.page = page;
		page.on('pageerror', (error) => {
			if (!NOISE.test(String(error))) this.errors.push(String(error));
		});
	}

	/** Opens a page with one panel, between two links that Tab can come from and go to. */
	static async open(browser: Browser, site: Site, attributes: string): Promise<Panel> {
		const page = await browser.newPage();
		const panel = new Panel(page);
		// The compiler of the tests wraps functions in it, those that go into the page too.
		await page.evaluateOnNewDocument('globalThis.__name = (target) => target');
		await page.goto(
			site.addPage(
				`<a id="before" href="#x">Before</a><live-feed ${attributes}></live-feed><a id="after" href="#y">After</a>`,
			),
		);
		await page.waitForFunction(() => document.querySelector('live-feed')?.shadowRoot?.querySelector('[part~=list]'));
		await page.evaluate(() => {
			const feed = document.querySelector<LiveFeed>('live-feed');
			const told: Told = { live: 0, last: feed?.events.at(-1)?.seq ?? 0, gaps: 0, selected: [] };
			Object.assign(globalThis, { told });
			feed?.addEventListener('live-feed-received', ({ events, replayed }) => {
				if (!replayed) told.live += events.length;
				told.last = events.at(-1)?.seq ?? told.last;
			});
			feed?.addEventListener('live-feed-gap', () => {
				told.gaps++;
			});
			feed?.addEventListener('live-feed-select', ({ event }) => told.selected.push(event.seq));
			// A reader who follows a link leaves; here he stays.
			document.addEventListener('click', (press) => press.preventDefault());
			// Rows with a picture, whose size nobody knows before it has come.
			const renderEvent = (event: { text?: string; data?: unknown }) => {
				const picture = (event.data as { picture?: string } | undefined)?.picture;
				if (!picture) return undefined;
				const box = document.createElement('div');
				const words = document.createElement('p');
				words.textContent = event.text ?? '';
				const image = document.createElement('img');
				image.alt = '';
				image.src = picture;
				box.append(words, image);
				return box;
			};
			if (feed) Object.assign(feed, { renderEvent });
		});
		return panel;
	}

	async waitUntilLive(timeoutMs = 30_000): Promise<void> {
		const isLive = () => this.page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.connection === 'live');
		if (!(await until(isLive, timeoutMs))) throw new Error('the panel is not live');
	}

	/** Resolves once the panel has this event; false where it does not come. */
	async waitUntilReceived(seq: number, timeoutMs = 30_000): Promise<boolean> {
		const readLast = () => this.page.evaluate(() => (globalThis as unknown as { told: Told }).told.last);
		return until(async () => (await readLast()) >= seq, timeoutMs);
	}

	/** Resolves once so many rows are drawn. */
	async waitUntilDrawn(rows: number, timeoutMs = 30_000): Promise<void> {
		const count = () =>
			this.page.evaluate(
				() => document.querySelector('live-feed')?.shadowRoot?.querySelectorAll('[data-seq]').length ?? 0,
			);
		if (!(await until(async () => (await count()) >= rows, timeoutMs)))
			throw new Error(`${await count()} rows are drawn, not ${rows}`);
	}

	/** What the panel has and was told; never the events themselves. */
	async readEvents(): Promise<{ count: number; first: number; last: number } & Told> {
		return this.page.evaluate(() => {
			const events = document.querySelector<LiveFeed>('live-feed')?.events ?? [];
			const { live, gaps, selected } = (globalThis as unknown as { told: Told }).told;
			return { count: events.length, first: events[0]?.seq ?? 0, last: events.at(-1)?.seq ?? 0, live, gaps, selected };
		});
	}

	/** The scrolling list, without its scrollbar. */
	async readList(): Promise<Box & { scrollTop: number; scrollHeight: number; barWidth: number }> {
		return this.page.evaluate(() => {
			const list = document.querySelector('live-feed')?.shadowRoot?.querySelector<HTMLElement>('[part~=list]');
			if (!list) throw new Error('there is no list');
			const { left, top } = list.getBoundingClientRect();
			const { clientWidth, clientHeight, offsetWidth, scrollTop, scrollHeight } = list;
			const right = left + clientWidth;
			return {
				...{ left, top, right, bottom: top + clientHeight, scrollTop, scrollHeight },
				barWidth: offsetWidth - clientWidth,
			};
		});
	}

	/** The rows that are at least partly in view, from the top. */
	async readRows(): Promise<SeenRow[]> {
		return this.page.evaluate(() => {
			const list = document.querySelector('live-feed')?.shadowRoot?.querySelector<HTMLElement>('[part~=list]');
			if (!list) throw new Error('there is no list');
			const from = list.getBoundingClientRect().top;
			const to = from + list.clientHeight;
			return [...list.querySelectorAll<HTMLElement>('[data-seq]')]
				.map((row) => {
					const { top, bottom } = row.getBoundingClientRect();
					return {
						seq: Number(row.dataset.seq),
						top,
						bottom,
						text: (row.querySelector('[part~=row-text]') ?? row).textContent.trim(),
					};
				})
				.filter(({ top, bottom }) => bottom > from && top < to && bottom > top)
				.sort((a, b) => a.top - b.top);
		});
	}

	async readFocus(): Promise<Focus> {
		return this.page.evaluate(() => {
			const feed = document.querySelector('live-feed');
			const outer = document.activeElement;
			const inner = outer === feed ? feed?.shadowRoot?.activeElement : null;
			const element = inner ?? outer;
			if (!element)
				return { kind: 'page', seq: undefined, says: '', isRinged: false, isInView: false, isInDialog: false, top: 0 };
			const row = element.closest<HTMLElement>('[data-seq]');
			const style = getComputedStyle(element);
			const box = element.getBoundingClientRect();
			const list = feed?.shadowRoot?.querySelector('[part~=list]');
			const frame = row ? list?.getBoundingClientRect() : undefined;
			const words = element.querySelector('[part~=row-text]') ?? element;
			return {
				kind:
					element === row ? 'row' : element === document.body ? 'page' : inner ? element.localName : `#${element.id}`,
				seq: row ? Number(row.dataset.seq) : undefined,
				says: (words.getAttribute('aria-label') || element.getAttribute('title') || words.textContent || '').trim(),
				isRinged:
					element.matches(':focus-visible') &&
					((style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'),
				isInView: box.height > 0 && (!frame || (box.bottom > frame.top + 1 && box.top < frame.bottom - 1)),
				isInDialog: element.closest('dialog') !== null,
				top: box.top,
			};
		});
	}

	/** Resolves once no row in view has moved for some frames. */
	async settle(): Promise<void> {
		await this.page.evaluate(
			(frames) =>
				new Promise<void>((resolve) => {
					let before = '';
					let same = 0;
					const look = () => {
						const list = document.querySelector('live-feed')?.shadowRoot?.querySelector<HTMLElement>('[part~=list]');
						const rows = [...(list?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])];
						const now = rows.map((row) => `${row.dataset.seq} ${row.getBoundingClientRect().top}`).join();
						same = now === before ? same + 1 : 0;
						before = now;
						if (same >= frames) resolve();
						else requestAnimationFrame(look);
					};
					look();
				}),
			SETTLED_FRAMES,
		);
	}

	/** Resolves once nothing has come or been loaded for half a second, and no row has moved. */
	async waitUntilQuiet(): Promise<void> {
		let [before, since] = [-1, performance.now()];
		await until(async () => {
			const { count } = await this.readEvents();
			if (count !== before) since = performance.now();
			before = count;
			return performance.now() - since > 500;
		}, 10_000);
		await this.settle();
	}

	/** Turns the wheel over wherever the mouse is and waits until the list has come to rest; says how far each row went. */
	async turn(by: number): Promise<Turn> {
		// Firefox takes whole pixels alone.
		const asked = Math.round(by);
		const before = await this.readRows();
		const { scrollTop } = await this.readList();
		await this.page.mouse.wheel({ deltaY: asked });
		// A browser may take a frame or two until it begins.
		await until(async () => (await this.readList()).scrollTop !== scrollTop, 500);
		await this.#rest();
		const after = new Map((await this.readRows()).map(({ seq, top }) => [seq, top]));
		return {
			asked,
			went: before.flatMap(({ seq, top }) => {
				const now = after.get(seq);
				return now === undefined ? [] : [{ seq, by: now - top }];
			}),
		};
	}

	/** Resolves once the list has not scrolled for some frames; rows may come meanwhile. */
	async #rest(): Promise<void> {
		await this.page.evaluate(
			(frames) =>
				new Promise<void>((resolve) => {
					let before = Number.NaN;
					let same = 0;
					const look = () => {
						const list = document.querySelector('live-feed')?.shadowRoot?.querySelector<HTMLElement>('[part~=list]');
						// By a row and not by the offset: where rows come above, the offset changes and the row does not.
						const rows = [...(list?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])];
						const middle = (list?.getBoundingClientRect().top ?? 0) + (list?.clientHeight ?? 0) / 2;
						const row = rows.find((one) => one.getBoundingClientRect().bottom > middle);
						const now = Number(row?.dataset.seq) * 1e6 + (row?.getBoundingClientRect().top ?? 0);
						same = Math.abs(now - before) < 0.01 ? same + 1 : 0;
						before = now;
						if (same >= frames) resolve();
						else requestAnimationFrame(look);
					};
					look();
				}),
			SETTLED_FRAMES,
		);
	}

	/** Gives the page's body these classes: `narrow`, `wide`, `low`, `high`. */
	async resize(classes: string): Promise<void> {
		await this.page.evaluate((names) => {
			document.body.className = names;
		}, classes);
	}

	async moveTo(x: number, y: number, steps = 4): Promise<void> {
		this.#mouse = { x, y };
		await this.page.mouse.move(x, y, { steps });
	}

	/** The row that is under the mouse now, whether or not the browser has noticed. */
	async readPointed(): Promise<number | undefined> {
		return this.page.evaluate(({ x, y }) => {
			const root = document.querySelector('live-feed')?.shadowRoot;
			const row = root?.elementFromPoint(x, y)?.closest<HTMLElement>('[data-seq]');
			return row ? Number(row.dataset.seq) : undefined;
		}, this.#mouse);
	}

	/** Away from the panel, where nothing is. */
	async park(): Promise<void> {
		await this.moveTo(980, 740, 2);
	}

	async press(key: KeyInput): Promise<void> {
		await this.page.keyboard.press(key);
	}

	/** Presses Tab until a row has focus. */
	async tabToRow(most = 15): Promise<Focus> {
		for (let pressed = 0; pressed < most; pressed++) {
			await this.press('Tab');
			const focus = await this.readFocus();
			if (focus.kind === 'row') return focus;
		}
		throw new Error(`no row had focus after ${most} times Tab`);
	}

	/** A session of the developer tools' protocol; Chromium alone has one. */
	createSession(): Promise<CDPSession> {
		return this.page.createCDPSession();
	}

	async close(): Promise<void> {
		await this.page.close();
	}
}
