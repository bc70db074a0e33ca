// Waits for the first answer of an engine that was started: for as long as it lives, within a limit.
// Knows time and what to say while it passes; never knows which engine it is.
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError, type EngineOptions, readStartTimeout } from './engine.ts';
import type { Output } from './engine-process.ts';

const LOOK_MS = 10;
const BUILD_LOOK_MS = 100;
/** How often a slow start is explained, ms. */
const PATIENCE_MS = 5000;

export interface Start {
	hasAnswered(): Promise<boolean>;
	/** Returns why there will be no answer. */
	findFailure(): EngineError | undefined;
	/** True while time does not count, since the source is about to be saved again. */
	isPatient(): boolean;
	output: Output;
	/** Ends what was started. */
	stop(): Promise<void>;
}

/** @throws EngineError `died`, `not-installed`, `build-failed`, `timeout`, `aborted`; nothing that was started is left then */
export async function waitForAnswer({ port, log, timeoutMs, signal }: EngineOptions, start: Start): Promise<void> {
	const limitMs = timeoutMs ?? readStartTimeout();
	const begunAt = Date.now();
	let explainAt = begunAt + PATIENCE_MS;
	let deadline = begunAt + limitMs;
	while (!(await start.hasAnswered())) {
		const now = Date.now();
		let failure = signal?.aborted ? new EngineError('aborted', 'The start was cancelled.') : start.findFailure();
		if (!failure && start.isPatient()) {
			await delay(BUILD_LOOK_MS);
			deadline += Date.now() - now;
			continue;
		}
		if (!failure && now > deadline) {
			failure = new EngineError('timeout', `The relay did not answer on port ${port} within ${limitMs / 1000} s.`);
		}
		if (failure) {
			if (failure.reason !== 'aborted') await delay(BUILD_LOOK_MS); // the rest of its words
			await start.stop();
			throw new EngineError(failure.reason, failure.message.split('\n\n')[0] ?? '', start.output.text);
		}
		if (now > explainAt) {
			log?.(`Waiting for the first answer for ${Math.round((now - begunAt) / 1000)} s; the engine is running.`);
			explainAt = now + PATIENCE_MS;
		}
		await delay(LOOK_MS);
	}
}
