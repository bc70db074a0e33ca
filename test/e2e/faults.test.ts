// The short form of the scenarios in test/faults that work the machine, with every seed that failed once. `npm run test:faults` runs the long form.
// The memory that a stalled subscriber costs is measured by `npm run test:faults -- slow-viewer` alone.
import { describe, it } from 'vitest';
import * as cuts from '../faults/cuts.ts';
import * as joins from '../faults/joins.ts';
import * as keys from '../faults/keys.ts';
import * as kills from '../faults/kills.ts';
import * as outbox from '../faults/outbox.ts';
import type { Scenario } from '../faults/scenario.ts';
import { expectToHold } from '../support/short-form.ts';

const SCENARIOS: [title: string, run: Scenario, kept: readonly number[]][] = [
	['kills under load lose, double and reorder nothing, painted rows included', kills.runKills, kills.KEPT_SEEDS],
	['each key is stored once, however often it is sent', keys.runKeys, keys.KEPT_SEEDS],
	['cuts leave no silent gap, and gaps are told only where history was trimmed', cuts.runCuts, cuts.KEPT_SEEDS],
	['joins miss nothing where history meets live', joins.runJoins, joins.KEPT_SEEDS],
	['drafts handed in offline arrive once, in order, across a reload', outbox.runOutbox, []],
];

describe('under faults', () => {
	it.each(SCENARIOS)('%s', (_, run, kept) => expectToHold(run, kept));
});
