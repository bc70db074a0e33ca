// Those of the contenders that are installed, and rows for those that are not.
// Knows what a row says of who is missing; never knows what is measured.
import type { Contender } from '../contenders/contender.ts';
import type { Row } from '../measure.ts';

export function isInstalled(contender: Contender): boolean {
	return contender.findVersion() !== undefined;
}

export function createMissingRow(measure: string, { name, install }: Contender, load: string): Row {
	return { measure, who: name, load, figure: `not measured: ${install}`, values: { isMeasured: false } };
}

/** Where a run does not count: why. */
export function createFaultRow(measure: string, who: string, load: string, fault: string): Row {
	return { measure, who, load, figure: `no figure: ${fault}`, values: { isMeasured: false, fault } };
}
