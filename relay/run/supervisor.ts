// Keeps an engine running: starts it again when it has died, with growing pauses, and gives up when that does not help.
// Knows deaths and pauses; never knows settings, nor how an engine is run.
import { setTimeout as delay } from 'node:timers/promises';
import { type Engine, EngineError } from './engine.ts';
import { nameExit } from './engine-process.ts';

/** A death sooner than this after the start counts as one more in a row, ms. */
const QUICK_DEATH_MS = 10_000;
const MAX_QUICK_DEATHS = 5;
/** The second pause, ms. The first death is followed by none; each further pause is twice as long. */
const PAUSE_MS = 250;

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
		let output = exit.output;
		for (let isDead = true; isDead; ) {
			if (quickDeaths >= MAX_QUICK_DEATHS) {
				const problem = `The engine died ${quickDeaths} times in a row (${died}).`;
				return { problem, error: new EngineError('died', problem, output) };
			}
			report(`The engine died (${died}); starting it again.`, true);
			await delay(quickDeaths === 1 ? 0 : PAUSE_MS * 2 ** (quickDeaths - 2));
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
				output = error.output;
			}
		}
	}
}
