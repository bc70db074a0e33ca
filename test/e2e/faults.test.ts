// The short form of each scenario in test/faults, and every seed that failed once.
import { describe, expect, it } from 'vitest';
import * as cuts from '../faults/cuts.ts';
import * as elements from '../faults/elements.ts';
import * as joins from '../faults/joins.ts';
import * as keys from '../faults/keys.ts';
import * as kills from '../faults/kills.ts';
import * as outbox from '../faults/outbox.ts';
import * as pageLife from '../faults/page-life.ts';
import * as returning from '../faults/return.ts';
import type { Scenario } from '../faults/scenario.ts';
import * as slowViewer from '../faults/slow-viewer.ts';
import * as transports from '../faults/transports.ts';
import * as wipes from '../faults/wipes.ts';
import { withSeed } from '../support/random.ts';

type Titled = [title: string, run: Scenario, kept: readonly number[]];

const WAITING: Titled[] = [
	['with WebSockets blocked a panel goes live, and climbs back', transports.runTransports, []],
	['a page that was frozen or idle is complete', pageLife.runPageLife, []],
];

const SCENARIOS: Titled[] = [
	['kills under load lose, double and reorder nothing, painted rows included', kills.runKills, kills.KEPT_SEEDS],
	['each key is stored once, however often it is sent', keys.runKeys, keys.KEPT_SEEDS],
	['cuts leave no silent gap, and gaps are told only where history was trimmed', cuts.runCuts, cuts.KEPT_SEEDS],
	['a lost log is noticed by every client', wipes.runWipes, wipes.KEPT_SEEDS],
	['joins miss nothing where history meets live', joins.runJoins, joins.KEPT_SEEDS],
	['clients come back by themselves after a kill', returning.runReturn, returning.KEPT_SEEDS],
	[
		'a viewer who stops reading costs the relay next to nothing, and is complete when it wakes',
		slowViewer.runSlowViewer,
		[],
	],
	['drafts handed in offline arrive once, in order, across a reload', outbox.runOutbox, []],
	['elements share a socket, and leave nothing behind', elements.runElements, []],
];

describe('under faults', () => {
	// These wait, for a browser's patience or a relay's sleep, and leave the machine to each other meanwhile.
	it.concurrent.each(WAITING)('%s', check);
	it.each(SCENARIOS)('%s', check);

	async function check(_: string, run: Scenario, kept: readonly number[]): Promise<void> {
		const checkSeed = async (seed: number) => {
			const { lines, failures } = await run({ short: true, seed });
			console.log(lines.join('\n'));
			expect(failures).toEqual([]);
		};
		for (const seed of kept) await checkSeed(seed);
		await withSeed(checkSeed);
	}
});
