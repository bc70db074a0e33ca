// Which engine runs the relay, and how long its start may take, by the environment.
// Knows two variables; never knows an engine.
import process from 'node:process';

/** How long the first answer may take unless `LIVE_FEED_START_TIMEOUT` sets it, ms. */
const START_TIMEOUT_MS = 120_000;

export const ENGINES = ['workerd', 'partykit'] as const;
export type EngineName = (typeof ENGINES)[number];

/** @throws Error where `LIVE_FEED_ENGINE` names no engine */
export function chooseEngine(environment = process.env): EngineName {
	const name = environment.LIVE_FEED_ENGINE || 'workerd';
	const engine = ENGINES.find((one) => one === name);
	if (engine) return engine;
	throw new Error(`LIVE_FEED_ENGINE is workerd or partykit, not ${name.slice(0, 40)}.`);
}

/** Milliseconds. @throws Error where `LIVE_FEED_START_TIMEOUT` is no number of seconds */
export function readStartTimeout(environment = process.env): number {
	const given = environment.LIVE_FEED_START_TIMEOUT;
	if (!given) return START_TIMEOUT_MS;
	const seconds = Number(given);
	if (seconds >= 1 && seconds <= 86_400) return seconds * 1000;
	throw new Error(`LIVE_FEED_START_TIMEOUT is a number of seconds from 1 to 86400, not ${given.slice(0, 40)}.`);
}
