// Bytes that one event costs one viewer on the wire, at three rates.
// Knows the rates and the goal; never knows who deflates what.
import { group } from '../../faults/scenario.ts';
import type { Contender } from '../contenders/contender.ts';
import { liveFeed, liveFeedPlain, nchan, socketIo, ws } from '../contenders/index.ts';
import { Stage } from '../load/stage.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { show } from '../table.ts';
import { createFaultRow, createMissingRow, isInstalled } from './present.ts';

const VIEWERS = 1000;
const RATES = [1, 100, 1000];
const GOAL_BYTES = 60;
/** What one frame more or less makes of it. */
const TOLERANCE = 1.02;

export const wire: Measure = {
	name: 'wire',
	async run(options) {
		const rows: Row[] = [];
		const bytes = new Map<string, number>();
		for (const contender of [liveFeed, liveFeedPlain, nchan, socketIo, ws])
			rows.push(...(await measure(contender, options, bytes)));
		// Never more than plain: seen once both are known.
		for (const row of rows) {
			const plain = bytes.get(`${liveFeedPlain.name} ${row.values.rate}`);
			const deflated = Number(row.values.bytesPerEvent);
			if (row.who !== liveFeed.name || !plain || !deflated) continue;
			const isMet = deflated <= plain * TOLERANCE && (row.values.rate !== 1000 || deflated <= GOAL_BYTES);
			row.goal = { text: row.values.rate === 1000 ? `≤ ${GOAL_BYTES}` : '≤ plain', isMet };
		}
		return rows;
	},
};

async function measure(contender: Contender, options: BenchOptions, bytes: Map<string, number>): Promise<Row[]> {
	const load = (rate: number) => `${group(VIEWERS)} viewers, ${group(rate)} events/s`;
	if (!isInstalled(contender)) return [createMissingRow('wire', contender, load(1000))];
	const rows: Row[] = [];
	let stage = await Stage.open(contender, { viewers: VIEWERS });
	try {
		for (const rate of RATES) {
			const run = await stage.run(rate, rate === 1 && !options.isShort ? 10 : 2, 0);
			const { fault, bytesPerEvent, eventsPerFrame, isSteady, p50, p99 } = run;
			options.say(`  ${contender.name}, ${rate} events/s: ${show(bytesPerEvent)} bytes${fault ? `: ${fault}` : ''}`);
			if (fault !== undefined) {
				rows.push(createFaultRow('wire', contender.name, load(rate), fault));
				await stage.close();
				stage = await Stage.open(contender, { viewers: VIEWERS });
				continue;
			}
			bytes.set(`${contender.name} ${rate}`, bytesPerEvent);
			rows.push({
				...{ measure: 'wire', who: contender.name, load: load(rate) },
				figure:
					`${show(bytesPerEvent)} bytes an event, ${show(eventsPerFrame)} events a frame, p50 ${show(p50)} ms, p99 ${show(p99)} ms` +
					(isSteady ? '' : '; did not keep up'),
				values: { ...run, fault: '' },
			});
		}
	} finally {
		await stage.close();
	}
	return rows;
}
