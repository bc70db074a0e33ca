// How many deliveries a second a system makes before it is late: many viewers on one channel, at rising rates.
// Knows whom we are compared with; never knows how one is talked to.
import { group } from '../../faults/scenario.ts';
import type { Contender } from '../contenders/contender.ts';
import { liveFeed, liveFeedOnPartyKit, nchan, socketIo, ws } from '../contenders/index.ts';
import { IPERF, runIperf } from '../load/loopback.ts';
import { findBestRun, MAX_P99_MS } from '../load/search.ts';
import { type Run, Stage } from '../load/stage.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { show, showMany, showShare } from '../table.ts';
import { createFaultRow, createMissingRow, isInstalled } from './present.ts';

const RIVALS = [liveFeed, liveFeedOnPartyKit, nchan, socketIo, ws];

export const fanOut: Measure = {
	name: 'fan-out',
	async run(options) {
		const [rows, runs] = await compare('fan-out', 1000, options);
		rows.push(...createRatioRows('fan-out', runs, [[liveFeedOnPartyKit, 0.9], [nchan, 30], [socketIo, 100], [ws, undefined]])); // biome-ignore format: one line is one
		rows.push(await measureLoopback(options));
		return rows;
	},
};

export const small: Measure = {
	name: 'small',
	async run(options) {
		const rows: Row[] = [];
		for (const viewers of [10, 100]) {
			const [found, runs] = await compare('small', viewers, options);
			rows.push(...found, ...createRatioRows('small', runs, [[liveFeedOnPartyKit, 0.9], [socketIo, 1], [ws, undefined]])); // biome-ignore format: one line is one
		}
		return rows;
	},
};

/** The best run of each. */
async function compare(measure: string, viewers: number, options: BenchOptions): Promise<[Row[], Map<Contender, Run>]> {
	const rows: Row[] = [];
	const runs = new Map<Contender, Run>();
	const load = `${group(viewers)} viewers`;
	for (const contender of RIVALS) {
		if (!isInstalled(contender)) {
			rows.push(createMissingRow(measure, contender, load));
			continue;
		}
		const run = await search(contender, viewers, options);
		if (!run) {
			rows.push(createFaultRow(measure, contender.name, load, `at no rate p99 ≤ ${MAX_P99_MS} ms and nothing lost`));
			continue;
		}
		runs.set(contender, run);
		const { deliveriesPerSecond, p50, p99, systemCpu, loadCpu, rate } = run;
		rows.push({
			...{ measure, who: contender.name, load: `${load}, ${showMany(rate)} events/s` },
			figure:
				`${showMany(deliveriesPerSecond)} deliveries/s, p50 ${show(p50)} ms, p99 ${show(p99)} ms; ` +
				`CPU ${showShare(systemCpu)} + load ${showShare(loadCpu)}`,
			values: { ...run, fault: '' },
		});
	}
	return [rows, runs];
}

async function search(contender: Contender, viewers: number, options: BenchOptions): Promise<Run | undefined> {
	let stage = await Stage.open(contender, { viewers });
	try {
		return await findBestRun({
			...(options.isShort
				? { stepSeconds: 1, seconds: 2, refinements: 1 }
				: { stepSeconds: 2, seconds: 5, refinements: 3 }),
			firstRate: viewers < 500 ? 800 : 100,
			async run(rate, seconds) {
				const run = await stage.run(rate, seconds, options.isShort ? 0.3 : 1);
				if (run.fault === undefined) return run;
				// What was lost in this run must not be missed in the next one.
				await stage.close();
				stage = await Stage.open(contender, { viewers });
				return run;
			},
			onRun: ({ rate, deliveriesPerSecond, p99, systemCpu, loadCpu, fault }, isHeld) =>
				options.say(
					`  ${contender.name}, ${viewers} viewers, ${rate} events/s: ${showMany(deliveriesPerSecond)}/s, p99 ${show(p99)} ms, ` +
						`CPU ${showShare(systemCpu)} + ${showShare(loadCpu)}${isHeld ? '' : `: not held${fault ? `: ${fault}` : ''}`}`,
				),
		});
	} finally {
		await stage.close();
	}
}

function createRatioRows(
	measure: string,
	runs: ReadonlyMap<Contender, Run>,
	rivals: readonly (readonly [Contender, goal: number | undefined])[],
): Row[] {
	const ours = runs.get(liveFeed);
	return rivals.flatMap(([rival, goal]) => {
		const theirs = runs.get(rival);
		if (!ours || !theirs) return [];
		const ratio = ours.deliveriesPerSecond / theirs.deliveriesPerSecond;
		return {
			...{ measure, who: `live-feed / ${rival.name}`, load: `${group(ours.viewers)} viewers` },
			figure: `${show(ratio)} ×`,
			values: { ratio, viewers: ours.viewers },
			...(goal === undefined ? {} : { goal: { text: goal === 1 ? 'ahead' : `${goal} ×`, isMet: ratio >= goal } }),
		};
	});
}

/** What the machine carries through loopback at all. */
async function measureLoopback({ isShort, say }: BenchOptions): Promise<Row> {
	const row = { measure: 'fan-out', who: 'iperf3', load: 'loopback, one stream' };
	const bytesPerSecond = await runIperf(isShort ? 1 : 5);
	if (bytesPerSecond === undefined) return { ...row, figure: `not measured: ${IPERF}`, values: { isMeasured: false } };
	say(`  iperf3: ${showMany(bytesPerSecond)} bytes/s`);
	return { ...row, figure: `${(bytesPerSecond / 1e9).toFixed(2)} GB/s`, values: { bytesPerSecond } };
}
