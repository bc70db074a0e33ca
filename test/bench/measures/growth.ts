// What becomes of the cost when there are more viewers or more events kept.
// Knows how many of each; never knows how the relay is made.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEngine } from '../../../relay/run/engine.ts';
import { group } from '../../faults/scenario.ts';
import { Conversation, createChannelName } from '../../support/conversation.ts';
import { findFreePort } from '../../support/ports.ts';
import { findTestProgram } from '../../support/program-under-test.ts';
import { liveFeed } from '../contenders/index.ts';
import { post } from '../contenders/live-feed.ts';
import { keepEnding } from '../ending.ts';
import { median } from '../load/delays.ts';
import { createDraft } from '../load/draft.ts';
import { Stage } from '../load/stage.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { show, showMany, showShare } from '../table.ts';
import { createFaultRow, createMissingRow, isInstalled } from './present.ts';

const VIEWERS = [10, 100, 1000, 5000];
const RATE = 200;
const KEPT = [100, 10_000, 100_000];
/** What is still flat. */
const FLAT = 1.25;
const MANY = { viewers: 3000, rate: 2000, maxP99Ms: 300 };

export const growth: Measure = {
	name: 'growth',
	async run(options) {
		if (!isInstalled(liveFeed)) return [createMissingRow('growth', liveFeed, '')];
		return [...(await measureViewers(options)), await measureMany(options), ...(await measureKept(options))];
	},
};

/** The relay's time for one delivery, at one rate. */
async function measureViewers(options: BenchOptions): Promise<Row[]> {
	const rows: Row[] = [];
	let before: number | undefined;
	for (const viewers of VIEWERS) {
		const load = `${group(viewers)} viewers, ${RATE} events/s`;
		const stage = await Stage.open(liveFeed, { viewers });
		try {
			const run = await stage.run(RATE, options.isShort ? 2 : 8, 1);
			const { fault, cpuPerDelivery: cost, systemCpu, p99 } = run;
			options.say(`  ${load}: ${show(cost)} µs a delivery ${fault ?? ''}`);
			if (fault !== undefined) rows.push(createFaultRow('growth', liveFeed.name, load, fault));
			else {
				rows.push({
					...{ measure: 'growth', who: liveFeed.name, load },
					figure: `${show(cost)} µs of CPU a delivery, ${showShare(systemCpu)}, p99 ${show(p99)} ms`,
					values: { ...run, fault: '' },
					...(before === undefined ? {} : { goal: { text: 'flat or falling', isMet: cost <= before * FLAT } }),
				});
				before = cost;
			}
		} finally {
			await stage.close();
		}
	}
	return rows;
}

async function measureMany({ isShort, say }: BenchOptions): Promise<Row> {
	const { viewers, rate, maxP99Ms } = MANY;
	const load = `${group(viewers)} viewers, ${group(rate)} events/s`;
	const stage = await Stage.open(liveFeed, { viewers });
	try {
		const run = await stage.run(rate, isShort ? 2 : 8, 1);
		const { fault, deliveriesPerSecond, p50, p99, systemCpu, loadCpu, isSteady } = run;
		say(`  ${load}: p99 ${show(p99)} ms ${fault ?? ''}`);
		if (fault !== undefined) return createFaultRow('growth', liveFeed.name, load, fault);
		return {
			...{ measure: 'growth', who: liveFeed.name, load },
			figure:
				`p50 ${show(p50)} ms, p99 ${show(p99)} ms, ${showMany(deliveriesPerSecond)} deliveries/s; ` +
				`CPU ${showShare(systemCpu)} + load ${showShare(loadCpu)}`,
			values: { ...run, fault: '' },
			goal: { text: `p99 < ${maxP99Ms} ms`, isMet: isSteady && p99 < maxP99Ms },
		};
	} finally {
		await stage.close();
	}
}

interface Kept {
	kept: number;
	/** Until a relay answers, until a channel that was never asked is loaded, until a viewer has 50 events; milliseconds. */
	startMs: number;
	loadMs: number;
	joinMs: number;
}

async function measureKept({ isShort, say }: BenchOptions): Promise<Row[]> {
	const found: Kept[] = [];
	for (const kept of KEPT) {
		const one = await measureStart(kept, isShort ? 3 : 9);
		say(`  ${group(kept)} kept: start ${show(one.startMs)}, load ${show(one.loadMs)}, join ${show(one.joinMs)} ms`);
		found.push(one);
	}
	return found.map(({ kept, startMs, loadMs, joinMs }) => ({
		...{ measure: 'growth', who: liveFeed.name, load: `${group(kept)} events kept` },
		figure: `a viewer has 50 events after ${show(joinMs)} ms; relay starts in ${show(startMs)} ms and loads the channel in ${show(loadMs)} ms`,
		values: { kept, startMs, loadMs, joinMs },
		...(kept === KEPT[0]
			? {}
			: { goal: { text: 'join flat', isMet: joinMs <= (found[0]?.joinMs ?? Number.NaN) * FLAT } }),
	}));
}

async function measureStart(kept: number, rounds: number): Promise<Kept> {
	const stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-growth-'));
	const start = async () =>
		await startEngine({
			...{ port: await findFreePort(), stateDir, program: await findTestProgram() },
			vars: { LIVE_FEED_KEEP_ENTRIES: String(kept) },
		});
	let engine = await start();
	const stop = keepEnding(async () => {
		await engine.stop();
		await rm(stateDir, { recursive: true, force: true, maxRetries: 3 });
	});
	try {
		const channel = createChannelName('growth');
		const drafts = Array.from({ length: kept }, (_, n) => createDraft(0, n));
		await post(`${engine.url}/channels/${channel}/events`, drafts);
		const [starts, loads, joins]: [number[], number[], number[]] = [[], [], []];
		for (let round = 0; round < Math.ceil(rounds / 3); round++) {
			await engine.stop();
			const begin = performance.now();
			engine = await start();
			starts.push(performance.now() - begin);
			const asked = performance.now();
			const response = await fetch(`${engine.url}/channels/${channel}/events?limit=1`);
			await response.arrayBuffer();
			loads.push(performance.now() - asked);
		}
		for (let round = 0; round < rounds * 5; round++) {
			const begin = performance.now();
			const viewer = await Conversation.join(engine.url, channel);
			const { entries } = await viewer.next('entries');
			joins.push(performance.now() - begin);
			if (entries.length !== 50) throw new Error(`Expected 50 events and got ${entries.length}.`);
			viewer.socket.terminate();
		}
		return { kept, startMs: median(starts), loadMs: median(loads), joinMs: median(joins) };
	} finally {
		await stop();
	}
}
