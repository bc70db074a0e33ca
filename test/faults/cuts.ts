// Random cuts through a fault proxy, with nothing to three times the kept history missed meanwhile.
// Knows which faults there are and how a viewer is brought through each; never knows how it comes back.
import { createRandom, type Random } from '../support/random.ts';
import { check } from './checker.ts';
import { startCrashingRelay } from './crash.ts';
import { type FaultProxy, type MessageFault, startProxy } from './proxy.ts';
import { createDraft, Ledger, parseId, publishBatch } from './publishers.ts';
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

/** Entries that each channel keeps. */
const KEPT = 100;
const LANES = 15;
/** A viewer that is not where the log is by then has not come back. */
const RETURN_MS = 45_000;

const CUTS = ['close', 'reset', 'truncate', 'hole', 'delay', 'refuse-close', 'refuse-reset', 'refuse-port'] as const;
const MESSAGE_CUTS = ['drop', 'duplicate', 'truncate-message'] as const;
type CutKind = (typeof CUTS)[number] | (typeof MESSAGE_CUTS)[number];

/** A viewer, a channel and a proxy of their own. */
interface Lane {
	name: string;
	/** What kind of viewer it is. */
	kind: string;
	channel: string;
	proxy: FaultProxy;
	viewer: Viewer;
	ledger: Ledger;
	random: Random;
	/** Events published, or about to be. */
	handedIn: number;
	/** Done when all that was handed in so far is answered. */
	publishing: Promise<unknown>;
	isSocket: boolean;
}

export async function runCuts({ short, seed }: ScenarioOptions): Promise<ScenarioResult> {
	const cuts = short ? 16 : 1000;
	const relay = await startCrashingRelay({ LIVE_FEED_KEEP_ENTRIES: String(KEPT) });
	const lanes: Lane[] = [];
	const failures: string[] = [];
	const counts = new Map<CutKind, number>();
	let begun = 0;
	const start = performance.now();
	try {
		for (let index = 0; index < LANES; index++) lanes.push(await openLane(relay, index, seed));
		const plan = planCuts(lanes, cuts, createRandom(seed));
		await Promise.all(
			lanes.map(async (lane, index) => {
				const own = plan[index] as CutKind[]; // there is one for each lane
				for (const kind of own) {
					if (failures.length > 0) break;
					begun++;
					counts.set(kind, (counts.get(kind) ?? 0) + 1);
					const missed = lane.random.pick([0, 1, KEPT / 2, KEPT, KEPT * 2, KEPT * 3]) + lane.random.below(KEPT / 4);
					await cut(relay.url, lane, kind, missed);
					lane.proxy.heal();
					await lane.proxy.openPort();
					// Some come while it is coming back; and whatever fault it was, the next event shows whether one is missing.
					for (let part = lane.random.below(4); part > 0; part--) {
						await pause(lane.random.below(150));
						await publish(relay.url, lane, lane.random.between(1, KEPT / 2));
					}
					await publish(relay.url, lane, 1);
					if (!(await until(() => parseId(lane.viewer.position).seq >= lane.handedIn, RETURN_MS))) {
						failures.push(
							`${lane.name} is at ${lane.viewer.position} of ${lane.handedIn} after ${kind} with ${missed} missed`,
						);
					}
				}
			}),
		);
		const tally = new Tally();
		for (const { name, channel, ledger, viewer } of lanes) {
			const log = await readLog(relay.url, channel);
			const { handedIn, receipts } = ledger;
			tally.add(
				check({ handedIn, receipts, logs: [log], viewers: [{ name, steps: viewer.steps, begin: 0 }] }),
				`${channel}: `,
			);
			failures.push(...ledger.refusals.slice(0, 3));
		}
		failures.push(...tally.failures);
		const { gaps, gapEvents, shown, resets } = tally.counts;
		if (resets > 0) failures.push(`${resets} resets were told, and no log was lost`);
		return {
			lines: [
				`${group(begun)} cuts of ${lanes.length} viewers in ${group(since(start))} s: ${group(shown)} events shown, ${group(gaps)} gaps announced over ${group(gapEvents)} trimmed events; ${tally.sentence}`,
				[...counts].map(([kind, count]) => `${kind} ${count}`).join(', '),
			],
			failures,
		};
	} finally {
		for (const { viewer, proxy } of lanes) {
			viewer.stop();
			await proxy.stop();
		}
		await relay.stop();
	}
}

/** Which lane gets which cuts: as many of each kind as of any other for viewers of one kind, in an order of chance. */
function planCuts(lanes: readonly Lane[], cuts: number, random: Random): CutKind[][] {
	const decks = new Map<string, CutKind[]>();
	return lanes.map(({ kind, isSocket }, index) => {
		const deck = decks.get(kind) ?? [];
		decks.set(kind, deck);
		const share = Math.ceil((cuts - index) / lanes.length);
		while (deck.length < share) {
			const rest: CutKind[] = isSocket ? [...CUTS, ...MESSAGE_CUTS] : [...CUTS];
			while (rest.length > 0) deck.push(...rest.splice(random.below(rest.length), 1));
		}
		return deck.splice(0, share);
	});
}

async function openLane(relay: { port: number }, index: number, seed: number): Promise<Lane> {
	const proxy = await startProxy(relay.port);
	const channel = `cuts-${index}`;
	const kinds: [string, new (options: ViewerOptions) => Viewer][] = [
		['client', ClientViewer],
		['client', ClientViewer],
		['socket', SocketViewer],
		['sse', SseViewer],
		['ndjson', NdjsonViewer],
	];
	const [kind, Kind] = kinds[index % kinds.length] as (typeof kinds)[number]; // below the length
	const lane: Omit<Lane, 'viewer'> = {
		...{
			name: `${kind} ${index}`,
			kind,
			channel,
			proxy,
			ledger: new Ledger(),
			handedIn: 0,
			publishing: Promise.resolve(),
		},
		random: createRandom(seed + index),
		isSocket: kind === 'client' || kind === 'socket',
	};
	// What is handed in may be stored: more than that is not trimmed.
	const getFirst = () => Math.max(lane.handedIn - KEPT + 1, 1);
	const viewer = new Kind({ relay: proxy.url, channel, getFirst });
	if (!(await until(() => viewer.joins > 0, 20_000))) throw new Error(`${lane.name} did not begin`);
	return Object.assign(lane, { viewer });
}

async function publish(relay: string, lane: Lane, count: number): Promise<void> {
	if (count === 0) return;
	const drafts = Array.from({ length: count }, () => createDraft('p', ++lane.handedIn));
	// One request after the other: two at once have no order.
	lane.publishing = lane.publishing.then(() => publishBatch(relay, lane.channel, lane.ledger, drafts));
	await lane.publishing;
}

/** One fault, with so many events published while it lasts. */
async function cut(relay: string, lane: Lane, kind: CutKind, missed: number): Promise<void> {
	const { proxy, random } = lane;
	switch (kind) {
		case 'close':
		case 'reset':
			// Some of it before, so that the cut falls among frames.
			void publish(relay, lane, random.below(5));
			proxy.set({ refuse: kind });
			proxy.cut(kind);
			await publish(relay, lane, missed);
			break;
		case 'truncate':
			proxy.cut('truncate');
			await publish(relay, lane, 3);
			proxy.set({ refuse: 'reset' });
			await publish(relay, lane, missed);
			break;
		case 'hole':
			proxy.set({ hole: true });
			await publish(relay, lane, missed);
			await pause(random.between(50, 400));
			if (random.below(2) === 0) proxy.cut('reset'); // else what waited passes
			break;
		case 'delay':
			proxy.set({ delayMs: random.between(20, 200) });
			await publish(relay, lane, missed);
			if (random.below(2) === 0) proxy.cut('reset');
			break;
		case 'refuse-close':
		case 'refuse-reset':
			proxy.set({ refuse: kind === 'refuse-close' ? 'close' : 'reset' });
			proxy.cut('reset');
			await publish(relay, lane, missed);
			await pause(random.between(100, 700));
			break;
		case 'refuse-port':
			await proxy.closePort();
			proxy.cut('close');
			await publish(relay, lane, missed);
			await pause(random.between(100, 700));
			break;
		default:
			await spoilMessage(relay, lane, kind === 'truncate-message' ? 'truncate' : kind, missed);
	}
}

/** One message with events, among several. */
async function spoilMessage(relay: string, lane: Lane, fault: MessageFault, missed: number): Promise<void> {
	let countdown = lane.random.below(3);
	lane.proxy.set({
		message: (text) => (text.startsWith('{"type":"entries"') && countdown-- === 0 ? fault : 'pass'),
	});
	for (let part = 0; part < 4; part++) await publish(relay, lane, Math.ceil(missed / 4) + 1);
}
