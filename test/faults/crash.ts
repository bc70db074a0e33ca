// A relay of a scenario's own that crashes, comes back on the same state, or loses a channel's log.
// Knows the engine's process and the files that it keeps; never knows what is published.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Engine, EngineError, startEngine } from '../../relay/run/engine.ts';
import { findFreePort } from '../support/ports.ts';
import { patience } from '../support/slowness.ts';
import { pause } from './scenario.ts';

/** Within this time a host notices that its engine's process has died, milliseconds. */
const NOTICE_MS = 5000;

export interface CrashingRelay {
	/** Without a slash at the end. */
	readonly url: string;
	readonly port: number;
	readonly engine: Engine;
	/** SIGKILL for the engine's own process, and a new one on the same state; `meanwhile` runs while there is none. */
	crash(meanwhile?: () => Promise<void>): Promise<void>;
	/** What every channel has stored is gone. Only while the engine is down. */
	wipe(): Promise<void>;
	/** Ends it and removes its state. */
	stop(): Promise<void>;
}

/** Starts a relay on a free port and an empty state. */
export async function startCrashingRelay(vars: Record<string, string> = {}): Promise<CrashingRelay> {
	const stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-faults-'));
	const remove = () => rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
	let engine: Engine;
	try {
		engine = await startOnFreePort(stateDir, vars);
	} catch (error) {
		await remove();
		throw error;
	}
	return {
		url: engine.url,
		port: engine.port,
		engine,
		async crash(meanwhile) {
			await killFor(engine);
			await meanwhile?.();
			await engine.restart();
		},
		async wipe() {
			for (const entry of await readdir(stateDir)) {
				await rm(path.join(stateDir, entry), { recursive: true, force: true, maxRetries: 5 });
			}
		},
		async stop() {
			await engine.stop();
			await remove();
		},
	};
}

/** A process that its host was just replacing is not missed by it: then the new one is killed. */
async function killFor({ killEngine, exited }: Engine): Promise<void> {
	for (let isOver = false; !isOver; ) {
		try {
			killEngine();
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
		}
		isOver = await Promise.race([exited.then(() => true), pause(NOTICE_MS).then(() => false)]);
	}
}

// Between finding a port and listening on it, somebody else may take it.
async function startOnFreePort(stateDir: string, vars: Record<string, string>): Promise<Engine> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await startEngine({ vars, port: await findFreePort(), stateDir, timeoutMs: patience(60_000) });
		} catch (error) {
			if (!(error instanceof EngineError) || error.reason !== 'port-busy' || attempt === 5) throw error;
		}
	}
}
