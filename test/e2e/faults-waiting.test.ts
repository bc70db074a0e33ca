// The short form of the scenarios in test/faults that wait: for a browser's patience, a relay's sleep, a client's next attempt.
// They leave the machine to each other meanwhile, and to the files that run beside this one.
import { describe, it } from 'vitest';
import * as elements from '../faults/elements.ts';
import * as pageLife from '../faults/page-life.ts';
import * as returning from '../faults/return.ts';
import type { Scenario } from '../faults/scenario.ts';
import * as transports from '../faults/transports.ts';
import * as wipes from '../faults/wipes.ts';
import { expectToHold } from '../support/short-form.ts';

const SCENARIOS: [title: string, run: Scenario, kept: readonly number[]][] = [
	['a page that was frozen or idle is complete', pageLife.runPageLife, []],
	['with WebSockets blocked a panel goes live, and climbs back', transports.runTransports, []],
	['a lost log is noticed by every client', wipes.runWipes, wipes.KEPT_SEEDS],
	['clients come back by themselves after a kill', returning.runReturn, returning.KEPT_SEEDS],
	['elements share a socket, and leave nothing behind', elements.runElements, []],
];

describe('under faults', () => {
	it.concurrent.each(SCENARIOS)('%s', (_, run, kept) => expectToHold(run, kept));
});
