// The highest rate at which a system keeps up: rising steps, then finer ones between what held and what did not.
// Knows what must hold; never knows how it is measured.
import type { Run } from './stage.ts';

export const MAX_P99_MS = 250;

/** Who is so late is too late at the next try as well. */
const HOPELESS_P99_MS = 750;

export interface SearchOptions {
	/** Runs at a rate for so many seconds. */
	run(rate: number, seconds: number): Promise<Run>;
	/** Told of each run. */
	onRun(run: Run, isHeld: boolean): void;
	firstRate: number;
	/** Of a step, and of the run whose figures count, seconds. */
	stepSeconds: number;
	seconds: number;
	/** Steps between what held and what did not. */
	refinements: number;
}

export function isHeld({ fault, isSteady, p99 }: Run): boolean {
	return fault === undefined && isSteady && p99 <= MAX_P99_MS;
}

/** The run at the best rate that held for the whole time; undefined where none did. */
export async function findBestRun(options: SearchOptions): Promise<Run | undefined> {
	const { run, onRun, firstRate, stepSeconds, seconds, refinements } = options;
	const tries = async (rate: number, duration: number) => {
		// Others use the machine too: what does not hold may try once more.
		for (let attempt = 1; ; attempt++) {
			const tried = await run(Math.round(rate), duration);
			onRun(tried, isHeld(tried));
			if (isHeld(tried) || attempt === 2 || tried.p99 > HOPELESS_P99_MS) return tried;
		}
	};
	let [held, failed] = [0, Number.POSITIVE_INFINITY];
	for (let [rate, misses] = [firstRate, 0]; misses < 2; rate *= 2) {
		const tried = await tries(rate, stepSeconds);
		if (isHeld(tried)) [held, failed, misses] = [rate, Number.POSITIVE_INFINITY, 0];
		else {
			failed = Math.min(failed, rate);
			// Late and yet steady: something else may have had the machine, and the next rate shows it.
			misses += tried.fault === undefined && tried.isSteady ? 1 : 2;
		}
	}
	// Not even the first: it is looked for below.
	if (held === 0) held = firstRate / 16;
	for (let step = 0; step < refinements; step++) {
		const middle = Math.sqrt(held * failed);
		if (isHeld(await tries(middle, stepSeconds))) held = middle;
		else failed = middle;
	}
	for (let attempt = 0; attempt < 6; attempt++) {
		const whole = await tries(held, seconds);
		if (isHeld(whole)) return whole;
		held *= 0.85;
	}
	return undefined;
}
