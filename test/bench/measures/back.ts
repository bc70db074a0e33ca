// How long it takes until all who were away have what they missed: a thousand viewers come back at once.
// Knows what they missed and the goal; never knows how a system keeps it.
import { setTimeout as delay } from 'node:timers/promises';
import { createChannelName } from '../../support/conversation.ts';
import { readCpu } from '../../support/usage.ts';
import type { Contender, Running } from '../contenders/contender.ts';
import { liveFeed, nchan } from '../contenders/index.ts';
import { Crowd } from '../load/crowd.ts';
import { median } from '../load/delays.ts';
import { createDraft } from '../load/draft.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { show, showMany, showShare } from '../table.ts';
import { createFaultRow, createMissingRow, isInstalled } from './present.ts';

const [VIEWERS, MISSED] = [1000, 1000];
const LOAD = '1,000 viewers, each missed 1,000 events';
const GOAL = 3;
const LATE_MS = 60_000;

interface Return {
	/** From the first connection until the last event came, milliseconds. */
	ms: number;
	bytesPerEvent: number;
	/** How often one was told to come later. */
	refusals: number;
	/** Shares of one core. */
	systemCpu: number;
	loadCpu: number;
	fault: string | undefined;
}

export const back: Measure = {
	name: 'back',
	async run(options) {
		const rows: Row[] = [];
		const returns = new Map<Contender, Return[]>();
		const places: [Contender, Place][] = [];
		try {
			for (const contender of [liveFeed, nchan]) {
				if (isInstalled(contender)) places.push([contender, await createPlace(contender)]);
				else rows.push(createMissingRow('back', contender, LOAD));
			}
			// In turn: what disturbs the machine disturbs both.
			for (let round = 0; round < (options.isShort ? 2 : 7); round++)
				for (const [contender, place] of places)
					returns.set(contender, [...(returns.get(contender) ?? []), await comeBack(contender, place, options)]);
		} finally {
			for (const [, { crowd, running }] of places) {
				await crowd.stop();
				await running.stop();
			}
		}
		for (const [contender, own] of returns) rows.push(createRow(contender, own));
		const [ours, theirs] = [liveFeed, nchan].map((one) => find(returns.get(one)));
		if (!ours || !theirs) return rows;
		rows.push({
			...{ measure: 'back', who: 'live-feed / Nchan', load: LOAD },
			figure: `${show(theirs / ours)} × faster`,
			values: { ratio: theirs / ours },
			goal: { text: `${GOAL} ×`, isMet: theirs / ours >= GOAL },
		});
		return rows;
	},
};

interface Place {
	running: Running;
	channel: string;
	crowd: Crowd;
	/** Where all of them were cut off. */
	position: string;
}

/** A system that keeps what they missed. */
async function createPlace(contender: Contender): Promise<Place> {
	const running = await contender.start();
	const channel = createChannelName('back');
	await running.fill?.(channel, [createDraft(0, 0)]);
	const position = (await running.findPosition?.(channel)) ?? '';
	await running.fill?.(
		channel,
		Array.from({ length: MISSED }, (_, index) => createDraft(0, index + 1)),
	);
	return { running, channel, crowd: Crowd.start(), position };
}

async function comeBack(contender: Contender, place: Place, { say }: BenchOptions): Promise<Return> {
	const { running, channel, crowd, position } = place;
	await crowd.forget();
	const [systemPids, loadPids] = [running.findPids(), [process.pid, ...crowd.pids]];
	const [system, load] = [readCpu(systemPids), readCpu(loadPids)];
	const start = performance.timeOrigin + performance.now();
	const deadline = performance.now() + LATE_MS;
	await crowd.open({
		...{ contender: contender.name, port: running.port, channel, after: position },
		...{ count: VIEWERS, atOnce: VIEWERS },
	});
	let seen = await crowd.tell();
	while (seen.deliveries < VIEWERS * MISSED && seen.faults === 0 && performance.now() < deadline) {
		await delay(20);
		seen = await crowd.tell();
	}
	const [systemUsed, loadUsed] = [readCpu(systemPids) - system, readCpu(loadPids) - load];
	await crowd.close();
	const isWhole = seen.fewest === MISSED && seen.most === MISSED;
	const fault =
		seen.fault ?? (isWhole ? undefined : `Of ${MISSED} events, a viewer was sent from ${seen.fewest} to ${seen.most}.`);
	const ms = seen.lastAt - start;
	say(
		`  ${contender.name}: ${show(ms)} ms, ${showMany(seen.wireBytes)} bytes, ${seen.refusals} refusals ${fault ?? ''}`,
	);
	const shares = { systemCpu: systemUsed / ms, loadCpu: loadUsed / ms };
	return { ms, bytesPerEvent: seen.wireBytes / seen.deliveries, refusals: seen.refusals, ...shares, fault };
}

function createRow({ name }: Contender, returns: readonly Return[]): Row {
	const fault = returns.find((one) => one.fault !== undefined)?.fault;
	if (fault !== undefined) return createFaultRow('back', name, LOAD, fault);
	const middle = (of: keyof Omit<Return, 'fault'>) => median(returns.map((one) => one[of]));
	const [ms, bytesPerEvent, refusals] = [middle('ms'), middle('bytesPerEvent'), middle('refusals')];
	const [systemCpu, loadCpu] = [middle('systemCpu'), middle('loadCpu')];
	return {
		...{ measure: 'back', who: name, load: LOAD },
		figure:
			`${show(ms)} ms until all have all, ${show(bytesPerEvent)} bytes an event, ` +
			`${refusals} told to come later; CPU ${showShare(systemCpu)} + load ${showShare(loadCpu)} (medians of ${returns.length} rounds)`,
		values: { ms, bytesPerEvent, refusals, systemCpu, loadCpu, rounds: returns.length },
	};
}

/** Undefined where there is none, or one does not count. */
function find(returns: readonly Return[] | undefined): number | undefined {
	if (!returns || returns.some(({ fault }) => fault !== undefined)) return undefined;
	return median(returns.map(({ ms }) => ms));
}
