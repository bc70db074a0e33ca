// All measures, in the order in which they run and are printed.
// Knows their names; never knows what they measure.
import type { Measure } from '../measure.ts';
import { back } from './back.ts';
import { endurance } from './endurance.ts';
import { fanOut, small } from './fan-out.ts';
import { growth } from './growth.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { panel } from './panel.ts';
import { publishing } from './publishing.ts';
import { script } from './script.ts';
import { wire } from './wire.ts';

/** A new one is a file beside this one and a word here. */
export const MEASURES: readonly Measure[] = [
	fanOut,
	wire,
	small,
	latency,
	publishing,
	back,
	growth,
	memory,
	endurance,
	script,
	panel,
];
