// Kills under load: three publishers, five viewers, one of them a panel in Chromium.
// Knows the order of things; never knows how a viewer reads or what the checker looks for.
import { createRandom } from '../support/random.ts';
import { check, type Mark, type ViewerRecord } from './checker.ts';
import { startCrashingRelay } from './crash.ts';
import { openPanels, PAINTED_TYPE, type Panels } from './panels.ts';
import { createDraft, Ledger, parseId, publishByHttp, SocketPublisher } from './publishers.ts';
import { group, pause, type ScenarioOptions, type ScenarioResult, since, Tally, until } from './scenario.ts';
import { ClientViewer, NdjsonViewer, readLog, SocketViewer, SseViewer, type Viewer } from './viewers.ts';

/** Seeds that failed once; the short form runs them too. */
export const KEPT_SEEDS: readonly number[] = [];

const CHANNEL = 'kills';
/** Events a second. The HTTP publisher sends one after the other, about as many again. */
const SOCKET_RATE = 180;
const ELEMENT_RATE = 50;
const HTTP_RATE = 60;
/** Whoever is not back by then does not come back. */
const RETURN_MS = 60_000;
/** One of so many of the HTTP publisher's is drawn by the recorded panel: a cut must not bring more than it draws at once. */
const PAINTED_EACH = 5;

/**
 * What is proven of the panel: each event of one type became a row that was drawn inside the view in at least one frame, and
 * never left it to come back, under the one before it, with its own text; and in every frame the rows stood in the order of
 * the log. The other panel of the page shows everything, more than is drawn between two frames: there the element's events
 * are compared.
 */
export async function runKills({ short, seed }: ScenarioOptions): Promise<ScenarioResult> {
	const kills = short ? 2 : 100;
	const random = createRandom(seed);
	const relay = await startCrashingRelay({ LIVE_FEED_KEEP_ENTRIES: '1000000' });
	const ledger = new Ledger();
	const viewers: Record<string, Viewer> = {};
	let panels: Panels | undefined;
	let socketPublisher: SocketPublisher | undefined;
	const failures: string[] = [];
	try {
		const options = { relay: relay.url, channel: CHANNEL };
		viewers.socket = new SocketViewer(options);
		viewers.client = new ClientViewer(options);
		viewers.sse = new SseViewer(options);
		viewers.ndjson = new NdjsonViewer(options);
		panels = await openPanels(relay.url, CHANNEL);
		const haveJoined = () => Object.values(viewers).every(({ joins }) => joins > 0);
		if (!(await until(haveJoined, RETURN_MS))) throw new Error('not all viewers began');
		socketPublisher = new SocketPublisher(relay.url, CHANNEL, ledger);

		const joined = new Map<string, number>();
		const start = performance.now();
		let isOver = false;
		await panels.publish(ELEMENT_RATE);
		const bySocket = publishAtRate(socketPublisher, SOCKET_RATE, () => isOver);
		const painted = new Set<number>();
		const byHttp = (async () => {
			for (let n = 1; !isOver; n++) {
				const isDrawn = n % PAINTED_EACH === 0;
				if (isDrawn) painted.add(n);
				const due = performance.now() + 1000 / HTTP_RATE;
				await publishByHttp(relay.url, CHANNEL, ledger, createDraft('http', n, isDrawn ? PAINTED_TYPE : 'load'));
				await pause(Math.max(due - performance.now(), 0));
			}
		})();

		const own = panels;
		for (let kill = 1; kill <= kills && failures.length === 0; kill++) {
			// Most kills come when everybody is live again and has published; some at once, into what is just coming back.
			if (kill === 1 || random.below(5) > 0) {
				const counted = ledger.receipts.length;
				const { receipts } = await own.readState();
				const isBack = await until(async () => {
					const news = ledger.receipts.slice(counted);
					const state = await own.readState();
					return (
						state.isLive &&
						state.receipts > receipts &&
						['socket', 'http'].every((name) => news.some(({ publisher }) => publisher === name)) &&
						Object.entries(viewers).every(([name, { joins }]) => joins > (joined.get(name) ?? 0))
					);
				}, RETURN_MS);
				if (!isBack) {
					const where = Object.entries(viewers).map(
						([name, { position, joins }]) => `${name} ${position} (${joins} joins)`,
					);
					const state = JSON.stringify(await own.readState());
					failures.push(`before kill ${kill}, not everybody was back: ${where.join(', ')}, panels ${state}`);
				}
			}
			await pause(random.between(0, 800));
			for (const [name, { joins }] of Object.entries(viewers)) joined.set(name, joins);
			await relay.crash();
		}
		const after = ledger.receipts.length;
		await until(() => ledger.receipts.length >= after + 200, 30_000);
		isOver = true;
		await panels.stopPublishing();
		const seconds = since(start);
		await Promise.all([bySocket, byHttp]);
		const isSettled = await until(async () => {
			const own = await panels?.readPublished();
			return (
				socketPublisher?.waiting === 0 && own !== undefined && own.receipts.length + own.refusals.length >= own.handedIn
			);
		}, 60_000);
		if (!isSettled) failures.push('drafts were without a receipt 60 s after the last kill');

		const log = await readLog(relay.url, CHANNEL);
		const isAt = (viewer: Viewer) => parseId(viewer.position).seq === log.last;
		const lastPainted = log.events.findLast(({ publisher, n }) => publisher === 'http' && painted.has(n))?.seq;
		const isThere = await until(async () => {
			const [all, some] = (await panels?.readNewest()) ?? [];
			return Object.values(viewers).every(isAt) && all === log.last && some === lastPainted;
		}, 60_000);
		if (!isThere) {
			const where = Object.entries(viewers).map(([name, { position }]) => `${name} ${position}`);
			failures.push(`60 s after the end, of ${log.last}: ${where.join(', ')}, panels ${await panels.readNewest()}`);
		}
		await pause(100); // the last rows are drawn

		const element = await panels.readPublished();
		const drawn = await panels.readPainted(log.epoch);
		const isDrawnMark = ({ publisher, n }: Mark) => publisher === 'http' && painted.has(n);
		const records: ViewerRecord[] = [
			...Object.entries(viewers).map(([name, { steps }]) => ({ name, steps, begin: 0 })),
			{ name: 'element', steps: await panels.readSteps(), begin: 0 },
			{ name: 'painted rows', steps: drawn.steps, begin: 0, wants: isDrawnMark },
		];
		const handedIn = [...ledger.handedIn];
		for (let n = 1; n <= element.handedIn; n++) handedIn.push({ publisher: element.publisher, n });
		const tally = new Tally();
		const receipts = [...ledger.receipts, ...element.receipts];
		tally.add(check({ handedIn, receipts, logs: [log], viewers: records }));
		const newest = log.events.filter(isDrawnMark).map(({ seq }) => seq);
		const expected = newest.slice(-drawn.drawn.length).reverse();
		if (drawn.drawn.join() !== expected.join())
			failures.push('the rows drawn at the end are not the newest of history');
		const rate = handedIn.length / seconds;
		if (!short && rate < 200) failures.push(`only ${group(rate)} drafts a second were handed in`);
		failures.push(...tally.failures, ...drawn.disorder.slice(0, 10), ...panels.errors.slice(0, 10));
		failures.push(...[...ledger.refusals, ...element.refusals].slice(0, 10).map((why) => `refused: ${why}`));
		return {
			lines: [
				`${kills} kills in ${group(seconds)} s under ${group(rate)} drafts/s: ${group(receipts.length)} receipts, ${group(log.last)} stored; ${tally.sentence}`,
				`3 publishers (WebSocket, element, HTTP), 6 viewers and the painted rows: ${group(tally.counts.shown)} shown; ${group(drawn.steps.length)} rows painted of ${group(newest.length)} in ${group(drawn.frames)} frames`,
			],
			failures,
		};
	} finally {
		for (const viewer of Object.values(viewers)) viewer.stop();
		socketPublisher?.stop();
		await panels?.close();
		await relay.stop();
	}
}

async function publishAtRate(publisher: SocketPublisher, rate: number, isOver: () => boolean): Promise<void> {
	const start = performance.now();
	for (let n = 0; !isOver(); await pause(10)) {
		const due = since(start) * rate;
		while (n < due) publisher.publish(createDraft('socket', ++n));
	}
}
