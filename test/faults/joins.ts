// Joins while 500 events a second are published: nothing is lost, doubled or out of order where history meets live.
// Knows who joins, where and for how long; never knows how a relay makes the seam.
import { createRandom } from '../support/random.ts';
import { check, type ViewerRecord } from './checker.ts';
import { startCrashingRelay } from './crash.ts';
import { createDraft, Ledger, parseId, SocketPublisher } from './publishers.ts';
import { group, pause, type ScenarioOptions, type ScenarioResult, since, Tally, until } from './scenario.ts';
import {
	ClientViewer,
	NdjsonViewer,
	readLog,
	SocketViewer,
	SseViewer,
	type Viewer,
	type ViewerOptions,
} from './viewers.ts';

/** Seeds that failed once; the short form runs them too. */
export const KEPT_SEEDS: readonly number[] = [];

const CHANNEL = 'joins';
const RATE = 500;
const AT_ONCE = 16;
/** How far back a viewer begins, and how many events he sees after those that were there when he came; at the most. */
const MAX_BACK = 120;
const MAX_LIVE = 20;
const KINDS = [SocketViewer, SocketViewer, ClientViewer, SseViewer, NdjsonViewer];

export async function runJoins({ short, seed }: ScenarioOptions): Promise<ScenarioResult> {
	const joins = short ? 100 : 10_000;
	const random = createRandom(seed);
	const relay = await startCrashingRelay({ LIVE_FEED_KEEP_ENTRIES: '1000000' });
	const ledger = new Ledger();
	const publisher = new SocketPublisher(relay.url, CHANNEL, ledger);
	const records: ViewerRecord[] = [];
	const failures: string[] = [];
	try {
		const start = performance.now();
		let isOver = false;
		let n = 0;
		const publishing = (async () => {
			for (; !isOver; await pause(4)) {
				while (n < since(start) * RATE) publisher.publish(createDraft('p', ++n));
			}
		})();
		if (!(await until(() => ledger.receipts.length > MAX_BACK, 20_000))) throw new Error('no receipts came');
		let begun = 0;
		const join = async () => {
			while (begun < joins && failures.length === 0) {
				const own = ++begun;
				const Kind = random.pick<new (options: ViewerOptions) => Viewer>(KINDS);
				const newest = ledger.receipts.at(-1) as { epoch: string; seq: number }; // there were some
				const begin = Math.max(newest.seq - random.below(MAX_BACK), 0);
				const options: ViewerOptions = {
					...{ relay: relay.url, channel: CHANNEL, position: `${newest.epoch}:${begin}` },
					history: newest.seq - begin,
				};
				const viewer = new Kind(options);
				const isJoined = await until(() => viewer.joins > 0, 20_000);
				// Those that had a receipt when he came, and some that had not.
				const end = (ledger.receipts.at(-1)?.seq ?? 0) + random.between(1, MAX_LIVE);
				const isThere = isJoined && (await until(() => parseId(viewer.position).seq >= end, 20_000));
				viewer.stop();
				if (!isThere) failures.push(`join ${own} (${Kind.name} from ${begin}) is at ${viewer.position}, not at ${end}`);
				if (viewer.joins > 1) failures.push(`join ${own} (${Kind.name}) was cut off`);
				records.push({
					name: `join ${own} (${Kind.name})`,
					steps: viewer.steps,
					begin: viewer instanceof ClientViewer ? viewer.begin : begin,
					end,
				});
			}
		};
		await Promise.all(Array.from({ length: AT_ONCE }, join));
		isOver = true;
		const seconds = since(start);
		await publishing;
		if (!(await until(() => publisher.waiting === 0, 30_000)))
			failures.push('drafts were without a receipt at the end');
		const log = await readLog(relay.url, CHANNEL);
		const tally = new Tally();
		tally.add(check({ handedIn: ledger.handedIn, receipts: ledger.receipts, logs: [log], viewers: records }));
		failures.push(...tally.failures, ...ledger.refusals.slice(0, 5));
		const rate = log.last / seconds;
		if (!short && rate < RATE * 0.9) failures.push(`only ${group(rate)} events/s were stored`);
		return {
			lines: [
				`${group(records.length)} joins in ${group(seconds)} s at ${group(rate)} events/s: ${group(tally.counts.shown)} events shown; ${tally.sentence}`,
			],
			failures,
		};
	} finally {
		publisher.stop();
		await relay.stop();
	}
}
