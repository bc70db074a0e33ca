// Keys: each draft is handed in one to ten times over every way in, across restarts, and is stored once.
// Knows how repeats are spread; never knows how a relay remembers keys.
import { createRandom } from '../support/random.ts';
import { check, type Placed } from './checker.ts';
import { startCrashingRelay } from './crash.ts';
import { createDraft, Ledger, publishBatch, publishByHttp, SocketPublisher } from './publishers.ts';
import { group, pause, type ScenarioOptions, type ScenarioResult, since, Tally, until } from './scenario.ts';
import { readLog } from './viewers.ts';

/** Seeds that failed once; the short form runs them too. */
export const KEPT_SEEDS: readonly number[] = [];

const CHANNEL = 'keys';
const MAX_TIMES = 10;
/** Drafts of one request, at the most. */
const BATCH = 40;
/** Drafts in flight on one socket. */
const IN_FLIGHT = 32;

export async function runKeys({ short, seed }: ScenarioOptions): Promise<ScenarioResult> {
	const keys = short ? 150 : 10_000;
	const kills = short ? 1 : 6;
	const random = createRandom(seed);
	// Half of the events are no longer kept at the end: their keys still are.
	const kept = keys / 2;
	const relay = await startCrashingRelay({ LIVE_FEED_KEEP_ENTRIES: String(kept) });
	const ledger = new Ledger();
	const sockets: SocketPublisher[] = [];
	try {
		const sends: number[] = [];
		for (let n = 1; n <= keys; n++) {
			for (let times = random.between(1, MAX_TIMES); times > 0; times--) sends.push(n);
		}
		for (let index = sends.length - 1; index > 0; index--) {
			const other = random.below(index + 1);
			[sends[index], sends[other]] = [sends[other] as number, sends[index] as number]; // both lie within
		}
		const total = sends.length;
		const start = performance.now();
		const take = (count: number) => sends.splice(-count).map((n) => createDraft('keys', n));

		const overSocket = async () => {
			const publisher = new SocketPublisher(relay.url, CHANNEL, ledger);
			sockets.push(publisher);
			while (sends.length > 0) {
				for (const draft of take(random.between(1, IN_FLIGHT))) publisher.publish(draft);
				while (publisher.waiting > IN_FLIGHT) await pause(2);
			}
			if (!(await until(() => publisher.waiting === 0, 60_000))) throw new Error('a socket got no receipts for 60 s');
		};
		const overHttp = async () => {
			while (sends.length > 0) {
				const [draft] = take(1);
				if (draft) await publishByHttp(relay.url, CHANNEL, ledger, draft);
			}
		};
		const inBatches = async () => {
			while (sends.length > 0) await publishBatch(relay.url, CHANNEL, ledger, take(random.between(1, BATCH)));
		};
		const all = Promise.all([overSocket(), overSocket(), overHttp(), overHttp(), overHttp(), overHttp(), inBatches()]);
		for (let kill = 1; kill <= kills; kill++) {
			const left = total * (1 - kill / (kills + 1));
			await until(() => sends.length <= left, 120_000);
			await relay.crash();
		}
		await all;
		const seconds = since(start);

		const failures: string[] = [];
		// Once more after everything, the oldest key and the newest: both are still known.
		const last = (await readLog(relay.url, CHANNEL)).last;
		await publishBatch(relay.url, CHANNEL, ledger, [createDraft('keys', 1), createDraft('keys', keys)]);
		const log = await readLog(relay.url, CHANNEL);
		if (log.last !== keys || last !== keys) failures.push(`${log.last} events are stored of ${keys} keys`);
		const tally = new Tally();
		tally.add(
			check({ handedIn: ledger.handedIn, receipts: ledger.receipts, logs: [log], viewers: [], unordered: ['keys'] }),
		);
		const places = new Set(ledger.receipts.map(({ seq }: Placed) => seq));
		if (places.size !== keys) failures.push(`the receipts name ${places.size} events`);
		failures.push(...tally.failures, ...ledger.refusals.slice(0, 10));
		return {
			lines: [
				`${group(keys)} keys, sent ${group(total)} times by sockets, requests and batches, across ${kills} kills: exactly ${group(log.last)} stored, ${group(log.last - log.first + 1)} of them still kept; ${tally.sentence}`,
				`${group(ledger.receipts.length)} receipts in ${group(seconds)} s`,
			],
			failures,
		};
	} finally {
		for (const socket of sockets) socket.stop();
		await relay.stop();
	}
}
