// Wipes: the log is lost again and again, and every viewer notices; old and new never mix.
// Knows when a log is lost and what is published into the next; never knows how a viewer tells them apart.
import { createRandom } from '../support/random.ts';
import { check, type LogRecord } from './checker.ts';
import { startCrashingRelay } from './crash.ts';
import { createDraft, Ledger, publishBatch } from './publishers.ts';
import { group, pause, type ScenarioOptions, type ScenarioResult, since, Tally, until } from './scenario.ts';
import { ClientViewer, NdjsonViewer, readLog, SocketViewer, SseViewer, type Viewer } from './viewers.ts';

/** Seeds that failed once; the short form runs them too. */
export const KEPT_SEEDS: readonly number[] = [];

const CHANNEL = 'wipes';
const RETURN_MS = 40_000;

export async function runWipes({ short, seed }: ScenarioOptions): Promise<ScenarioResult> {
	const wipes = short ? 2 : 100;
	const random = createRandom(seed);
	const relay = await startCrashingRelay();
	const ledger = new Ledger();
	const failures: string[] = [];
	const logs: LogRecord[] = [];
	const options = { relay: relay.url, channel: CHANNEL };
	const viewers: Record<string, Viewer> = {};
	let n = 0;
	const publish = (count: number) =>
		publishBatch(
			relay.url,
			CHANNEL,
			ledger,
			Array.from({ length: count }, () => createDraft('p', ++n)),
		);
	const start = performance.now();
	try {
		viewers.socket = new SocketViewer(options);
		viewers['client 1'] = new ClientViewer(options);
		viewers['client 2'] = new ClientViewer(options);
		viewers.sse = new SseViewer(options);
		viewers.ndjson = new NdjsonViewer(options);
		const haveJoined = () => Object.values(viewers).every(({ joins }) => joins > 0);
		if (!(await until(haveJoined, RETURN_MS))) throw new Error('not all viewers began');
		const joins = new Map<Viewer, number>();
		const isBack = (viewer: Viewer) => viewer.joins > (joins.get(viewer) ?? 0);
		for (let wipe = 0; wipe <= wipes && failures.length === 0; wipe++) {
			// Fewer than before, as many, more: an old position lies within the new log or beyond it. Some of it comes
			// before the viewers are back, some after.
			if (random.below(3) === 0) await until(() => Object.values(viewers).every(isBack), RETURN_MS);
			await publish(random.between(1, 60));
			if (random.below(2) === 0) await pause(random.below(400));
			await publish(random.between(1, 60));
			const log = await readLog(relay.url, CHANNEL);
			const isThere = ({ position }: Viewer) => position === `${log.epoch}:${log.last}`;
			if (!(await until(() => Object.values(viewers).every(isThere), RETURN_MS))) {
				const late = Object.entries(viewers).filter(([, viewer]) => !isThere(viewer));
				const where = late.map(([name, { position }]) => `${name} at ${position}`).join(', ');
				failures.push(`after wipe ${wipe}, of ${log.epoch}:${log.last}: ${where}`);
				break;
			}
			// What came last may be lost before anybody was shown it.
			if (random.below(2) === 0) await publish(random.between(1, 20));
			logs.push(await readLog(relay.url, CHANNEL));
			for (const viewer of Object.values(viewers)) joins.set(viewer, viewer.joins);
			if (wipe < wipes) await relay.crash(relay.wipe);
		}
		// After the last log nothing is lost: it is to be seen to its end.
		const { last = 0 } = logs.at(-1) ?? {};
		const isDone = ({ position }: Viewer) => position === `${logs.at(-1)?.epoch}:${last}`;
		if (failures.length === 0) await until(() => Object.values(viewers).every(isDone), RETURN_MS);
		const tally = new Tally();
		tally.add(
			check({
				handedIn: ledger.handedIn,
				receipts: ledger.receipts,
				logs,
				viewers: Object.entries(viewers).map(([name, { steps }]) => ({ name, steps, begin: 0 })),
			}),
		);
		const expected = wipes * Object.keys(viewers).length;
		const { resets, gaps, shown } = tally.counts;
		if (failures.length === 0 && resets < expected) failures.push(`${resets} resets were told of ${expected}`);
		if (new Set(logs.map(({ epoch }) => epoch)).size !== logs.length) failures.push('two logs had the same epoch');
		failures.push(...tally.failures, ...ledger.refusals.slice(0, 5));
		return {
			lines: [
				`${logs.length - 1} wipes in ${group(since(start))} s, ${Object.keys(viewers).length} viewers: ${group(resets)} of ${group(expected)} resets told, ${group(gaps)} gaps, ${group(shown)} events shown of ${logs.length} logs; ${tally.sentence}`,
			],
			failures,
		};
	} finally {
		for (const viewer of Object.values(viewers)) viewer.stop();
		await relay.stop();
	}
}
