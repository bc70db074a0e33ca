// Keeps an engine running: starts it again when it has died, with growing pauses, for as long as the relay is to run.
// Knows deaths and pauses; never knows settings, nor how an engine is run.
import { setTimeout as delay } from 'node:timers/promises';
import { type Engine, EngineError } from './engine.ts';
import { nameExit } from './engine-process.ts';

/** A death sooner than this after the start counts as one more in a row, ms. */
const QUICK_DEATH_MS = 10_000;
/** The second pause, ms. The first death is followed by none; each further pause is twice as long, up to the longest. */
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 30_000;

export interface Supervision {
	/** True once the relay is to end. */
	isStopping: () => boolean;
	/** Resolves when a restart that was asked for is over. */
	reloaded: () => Promise<void>;
	beforeRestart: () => void;
	report: (text: string, isBad?: boolean) => void;
}

/** Why an engine was given up. */
export interface Surrender {
	problem: string;
	/** The engine's own last lines, or another reason. */
	error: unknown;
}

/** Resolves when the engine was given up, or undefined when the relay is to end. */
export async function keepRunning(engine: Engine, supervision: Supervision): Promise<Surrender | undefined> {
	const { isStopping, reloaded, beforeRestart, report } = supervision;
	let quickDeaths = 0;
	let since = Date.now();
	for (;;) {
		const exit = await engine.exited;
		if (isStopping()) return undefined;
		if (exit.expected) {
			await reloaded();
			since = Date.now();
			continue;
		}
		quickDeaths = Date.now() - since < QUICK_DEATH_MS ? quickDeaths + 1 : 1;
		let died = nameExit(exit);
		for (let isDead = true; isDead; ) {
			const pause = pauseAfter(quickDeaths);
			const when = pause < 1000 ? '' : ` in ${Math.round(pause / 1000)} s`;
			const often = quickDeaths < 5 ? '' : `, ${quickDeaths} times in a row`;
			report(`The engine died (${died})${often}; starting it again${when}.`, true);
			await waitFor(pause, isStopping);
			if (isStopping()) return undefined;
			beforeRestart();
			since = Date.now();
			try {
				await engine.restart();
				report('Running again.');
				isDead = false;
			} catch (error) {
				if (isStopping()) return undefined;
				if (!(error instanceof EngineError && error.reason === 'died'))
					return { problem: 'The relay did not start again.', error };
				quickDeaths++;
				died = 'before it answered';
			}
		}
	}
}

/** Returns the pause before the next start, ms: 0, 250, 500 … 30,000. */
export function pauseAfter(quickDeaths: number): number {
	return quickDeaths <= 1 ? 0 : Math.min(PAUSE_MS * 2 ** Math.min(quickDeaths - 2, 20), MAX_PAUSE_MS);
}

/** A relay that is to end does not wait for a long pause. */
async function waitFor(ms: number, isStopping: () => boolean): Promise<void> {
	for (let left = ms; left > 0 && !isStopping(); left -= PAUSE_MS) await delay(Math.min(left, PAUSE_MS));
}
