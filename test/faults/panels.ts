// Two panels in one page of a real Chromium: one that publishes, and one whose drawn rows are recorded frame by frame.
// Knows pages and rows; never knows relays that are killed.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { launch } from '../support/browser.ts';
import { patience } from '../support/slowness.ts';
import type { Placed, Step } from './checker.ts';
import { parseId } from './publishers.ts';

/** The type that the recorded panel shows: rare enough that each of them is drawn, also after a long cut. */
export const PAINTED_TYPE = 'painted';

/** What the page records, as it lies there. */
interface Record {
	/** Events and gaps as the publishing element tells of them. */
	told: ({ seq: number; id: string; p: string; n: number } | { from: number; to: number; reset: boolean })[];
	/** Rows of the other one that were not drawn in the frame before, as they stand from the oldest; once where they come again outside of the view. */
	painted: { seq: number; text: string }[];
	/** Frames in which the rows were not in order from the newest, or a row lay outside of the view. */
	disorder: string[];
	/** The rows of the last frame, from the newest. */
	drawn: number[];
	frames: number;
	receipts: { n: number; id: string }[];
	refusals: string[];
	handedIn: number;
	isOver: boolean;
}

export interface Panels {
	/** What the publishing element has been told, as a viewer of everything. */
	readSteps(): Promise<Step[]>;
	/** What it handed in, and what came back. */
	readPublished(): Promise<{ handedIn: number; receipts: Placed[]; refusals: string[]; publisher: string }>;
	/** Rows as they were drawn. `epoch` is the log's, since a row does not show it. */
	readPainted(epoch: string): Promise<{ steps: Step[]; frames: number; disorder: string[]; drawn: number[] }>;
	/** Whether both panels are live, and how many receipts the publishing one has. */
	readState(): Promise<{ isLive: boolean; receipts: number }>;
	/** The positions of both panels' newest events. */
	readNewest(): Promise<[all: number, painted: number]>;
	/** Begins to publish, so many a second. */
	publish(rate: number): Promise<void>;
	stopPublishing(): Promise<void>;
	/** Errors of the page that nobody caught. */
	readonly errors: readonly string[];
	close(): Promise<void>;
}

const PUBLISHER = 'element';

/** Opens the page and waits until both panels are live. The site must have been built. */
export async function openPanels(relay: string, channel: string): Promise<Panels> {
	const server = createServer((_, response) => {
		response.setHeader('content-type', 'text/html; charset=utf-8');
		// High enough for all the rows that a panel draws at the live edge: each of them is on the screen.
		response.end(
			`<!doctype html><html lang="en"><meta charset="utf-8"><title>Faults</title><link rel="icon" href="data:,"><style>body{margin:0}live-feed{display:block}#all{block-size:300px}#some{block-size:3600px;max-block-size:none}</style><script type="module" src="${relay}/live-feed.js"></script>`,
		);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const browser = await launch();
	const close = async () => {
		await browser.close();
		server.closeAllConnections();
		server.close();
	};
	try {
		return await openPage(browser, server, channel, close);
	} catch (error) {
		await close();
		throw error;
	}
}

async function openPage(
	browser: Browser,
	server: Server,
	channel: string,
	close: () => Promise<void>,
): Promise<Panels> {
	const page = await browser.newPage({ viewport: { width: 900, height: 4000 } });
	// The compiler of the tests wraps functions in it, those that go into the page too.
	await page.addInitScript('globalThis.__name = (target) => target');
	const errors: string[] = [];
	page.on('pageerror', (error) => errors.push(error.message));
	await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
	await page.evaluate(
		([name, type]) => {
			const record: Record = {
				...{ told: [], painted: [], disorder: [], drawn: [], frames: 0 },
				...{ receipts: [], refusals: [], handedIn: 0, isOver: false },
			};
			Object.assign(globalThis, { record });
			const add = (id: string) => {
				const feed = document.createElement('live-feed');
				feed.id = id;
				feed.setAttribute('channel', name);
				feed.setAttribute('density', 'compact');
				return feed;
			};
			const all = add('all');
			all.addEventListener('live-feed-received', ({ events }) => {
				for (const { seq, id, data } of events) record.told.push({ seq, id, ...(data as { p: string; n: number }) });
			});
			all.addEventListener('live-feed-gap', ({ from, to, reset }) => record.told.push({ from, to, reset }));
			const some = add('some');
			some.setAttribute('types', type);
			document.body.append(all, some);

			// A state of the list that is there when a frame begins is what that frame, or the one before, has painted.
			let before = new Set<number>();
			const known = new Set<number>();
			let last = '';
			const look = () => {
				requestAnimationFrame(look);
				const rows = [...(some.shadowRoot?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])];
				const seqs = rows.map((row) => Number(row.dataset.seq));
				if (seqs.join() === last) return;
				last = seqs.join();
				record.frames++;
				record.drawn = seqs;
				if (seqs.some((seq, index) => index > 0 && seq >= (seqs[index - 1] as number))) {
					record.disorder.push(`rows in the order ${last}`);
				}
				const list = some.shadowRoot?.querySelector('[part~=list]')?.getBoundingClientRect();
				for (const row of rows.toReversed()) {
					const seq = Number(row.dataset.seq);
					if (before.has(seq)) continue;
					const box = row.getBoundingClientRect();
					const isOutside = box.height === 0 || !list || box.bottom > list.bottom + 1 || box.top < list.top - 1;
					// An old one that comes again beyond the view is what the list draws ahead of scrolling: more or less of it.
					if (isOutside && known.has(seq)) continue;
					known.add(seq);
					record.painted.push({ seq, text: row.querySelector('[part~=row-text]')?.textContent?.trim() ?? '' });
					if (isOutside) record.disorder.push(`row ${seq} was drawn outside of the view`);
				}
				before = new Set(seqs);
			};
			requestAnimationFrame(look);
		},
		[channel, PAINTED_TYPE] as const,
	);
	await page.waitForFunction(
		() => [...document.querySelectorAll<LiveFeed>('live-feed')].every(({ connection }) => connection === 'live'),
		undefined,
		{ timeout: patience(30_000) },
	);
	const read = () => page.evaluate(() => (globalThis as unknown as { record: Record }).record);
	return {
		errors,
		async readSteps() {
			const { told } = await read();
			return told.map((one): Step => {
				if ('id' in one) return { kind: 'event', ...parseId(one.id), publisher: one.p, n: one.n };
				return one.reset ? { kind: 'reset' } : { kind: 'gap', from: one.from, to: one.to };
			});
		},
		async readPublished() {
			const { handedIn, receipts, refusals } = await read();
			const placed = receipts.map(({ n, id }) => ({ publisher: PUBLISHER, n, ...parseId(id) }));
			return { handedIn, refusals, publisher: PUBLISHER, receipts: placed };
		},
		async readPainted(epoch) {
			const { painted, frames, disorder, drawn } = await read();
			const steps = painted.map(({ seq, text }): Step => {
				const [publisher = '', n = ''] = text.split(' ');
				return { kind: 'event', epoch, seq, publisher, n: Number(n) };
			});
			return { steps, frames, disorder, drawn };
		},
		readState: () =>
			page.evaluate(() => ({
				isLive: [...document.querySelectorAll<LiveFeed>('live-feed')].every(({ connection }) => connection === 'live'),
				receipts: (globalThis as unknown as { record: Record }).record.receipts.length,
			})),
		readNewest: () =>
			page.evaluate(() => {
				const newest = (id: string) => (document.getElementById(id) as LiveFeed).events.at(-1)?.seq ?? 0;
				return [newest('all'), newest('some')] as [number, number];
			}),
		async publish(rate) {
			await page.evaluate(
				([perSecond, publisher]) => {
					const { record } = globalThis as unknown as { record: Record };
					const feed = document.getElementById('all') as LiveFeed;
					const start = performance.now();
					const timer = setInterval(() => {
						if (record.isOver) clearInterval(timer);
						const due = Math.floor(((performance.now() - start) / 1000) * perSecond);
						while (record.handedIn < due && !record.isOver) {
							const n = ++record.handedIn;
							feed.publish('load', { text: `${publisher} ${n}`, data: { p: publisher, n } }).then(
								({ id }) => record.receipts.push({ n, id }),
								(error) => record.refusals.push(`${n}: ${error}`),
							);
						}
					}, 20);
				},
				[rate, PUBLISHER] as const,
			);
		},
		async stopPublishing() {
			await page.evaluate(() => {
				(globalThis as unknown as { record: Record }).record.isOver = true;
			});
		},
		close,
	};
}
