// How late an event is where little happens: from the publisher's socket to a viewer's, all contenders in turn.
// Knows rounds and goals; never knows how one is talked to.
import { group } from '../../faults/scenario.ts';
import type { Contender } from '../contenders/contender.ts';
import { liveFeed, liveFeedOnPartyKit, nchan, partykit, socketIo, workerd, ws } from '../contenders/index.ts';
import { median } from '../load/delays.ts';
import { type Run, Stage } from '../load/stage.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { show } from '../table.ts';
import { createFaultRow, createMissingRow, isInstalled } from './present.ts';

const RATE = 50;
/** Few events are few figures: each is taken from many viewers, whoever is sent it early or late. */
const SAMPLE_EVERY = 10;
const GOALS = { p50: 2.5, p99: 3 };

export const latency: Measure = {
	name: 'latency',
	async run(options) {
		const rows: Row[] = [];
		for (const viewers of [100, 1000]) rows.push(...(await compare(viewers, options)));
		return rows;
	},
};

/** All of them are up, and one after the other is published to, several times over: what disturbs the machine disturbs them alike. */
async function compare(viewers: number, options: BenchOptions): Promise<Row[]> {
	const load = `${group(viewers)} viewers, ${RATE} events/s`;
	const rounds = options.isShort ? 2 : 7;
	const rows: Row[] = [];
	const runs = new Map<Contender, Run[]>();
	const stages: [Contender, Stage][] = [];
	try {
		for (const contender of [liveFeed, liveFeedOnPartyKit, nchan, socketIo, ws, workerd, partykit]) {
			if (isInstalled(contender))
				stages.push([contender, await Stage.open(contender, { viewers, publishers: 1, sampleEvery: SAMPLE_EVERY })]);
			else rows.push(createMissingRow('latency', contender, load));
		}
		for (let round = 1; round <= rounds; round++) {
			for (const [contender, stage] of stages) {
				const run = await stage.run(RATE, options.isShort ? 2 : 5, 0.5);
				runs.set(contender, [...(runs.get(contender) ?? []), run]);
				options.say(
					`  ${contender.name}, ${load}: p50 ${show(run.p50)} ms, p99 ${show(run.p99)} ms ${run.fault ?? ''}`,
				);
			}
		}
	} finally {
		for (const [, stage] of stages) await stage.close();
	}
	const middle = (contender: Contender, of: 'p50' | 'p99') => median((runs.get(contender) ?? []).map((run) => run[of]));
	for (const [contender, own] of runs) {
		const fault = own.find((run) => run.fault !== undefined)?.fault;
		if (fault !== undefined) {
			rows.push(createFaultRow('latency', contender.name, load, fault));
			runs.delete(contender);
			continue;
		}
		const [p50, p99] = [middle(contender, 'p50'), middle(contender, 'p99')];
		rows.push({
			...{ measure: 'latency', who: contender.name, load },
			figure: `p50 ${show(p50)} ms, p99 ${show(p99)} ms (medians of ${rounds} rounds)`,
			values: { p50, p99, viewers, rate: RATE, rounds },
		});
	}
	for (const other of [ws, liveFeedOnPartyKit, workerd, partykit]) {
		if (!runs.has(liveFeed) || !runs.has(other)) continue;
		for (const of of ['p50', 'p99'] as const) {
			const ratio = middle(liveFeed, of) / middle(other, of);
			rows.push({
				...{ measure: 'latency', who: `live-feed / ${other.name}`, load },
				figure: `${of} ${show(ratio)} ×`,
				values: { ratio, of, viewers },
				...(other === ws ? { goal: { text: `≤ ${GOALS[of]} ×`, isMet: ratio <= GOALS[of] } } : {}),
			});
		}
	}
	return rows;
}
