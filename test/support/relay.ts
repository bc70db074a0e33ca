// A real relay for a test: its own free port and its own empty state, both gone afterwards.
// Knows how a relay is started; never knows what is asked of it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Engine, EngineError, type Program, startEngine } from '../../relay/run/engine.ts';
import { findFreePort } from './ports.ts';
import { findTestProgram } from './program-under-test.ts';
import { keepSecret, look, lookThroughFiles, lookThroughProcesses, report } from './spill.ts';

export interface RelayOptions {
	/** Values the relay finds in its environment. */
	vars?: Record<string, string>;
	/** Every line the engine prints. */
	log?: (line: string) => void;
	/** The folder that holds the relay's source, as `relay`. Default: this repository. */
	root?: string;
	/** Where the folder of its state is made. Default: the system's folder for temporary files. */
	folder?: string;
	/** What the engine runs. Default: what is built of the source, for the engine that `LIVE_FEED_ENGINE` names. */
	program?: Program;
}

export interface TestRelay {
	/** Without a slash at the end. */
	readonly url: string;
	/** The process behind it, or `undefined` where the relay is somebody else's (`RELAY=https://…`). */
	readonly engine: Engine | undefined;
	/** Where it keeps what it stores; undefined where it is somebody else's. */
	readonly stateDir?: string;
	/** Ends the relay and removes its state. @throws Error where a token or a secret was found where none may be. */
	stop(): Promise<void>;
}

/** The address in `RELAY`, where the black-box suites are to run against a relay that already exists. */
export const remoteRelay: string | undefined = process.env.RELAY?.replace(/\/+$/, '') || undefined;

/** Starts a relay of our own, or stands for the one in `RELAY` unless `vars` are asked for. */
export async function startRelay(options: RelayOptions = {}): Promise<TestRelay> {
	if (remoteRelay !== undefined && options.vars === undefined) {
		return { url: remoteRelay, engine: undefined, stop: async () => {} };
	}
	const stateDir = await mkdtemp(path.join(options.folder ?? tmpdir(), 'live-feed-relay-'));
	for (const secret of options.vars?.LIVE_FEED_SECRET?.split(/\s+/) ?? []) if (secret !== '') keepSecret(secret);
	const remove = () => rm(stateDir, { recursive: true, force: true, maxRetries: 3 });
	try {
		const engine = await startOnFreePort(options, stateDir);
		void tellDeath(engine);
		return {
			url: engine.url,
			engine,
			stateDir,
			async stop() {
				lookThroughProcesses();
				lookThroughFiles(stateDir); // while it runs, there are more of them
				await engine.stop();
				lookThroughFiles(stateDir);
				await remove();
				report();
			},
		};
	} catch (error) {
		await remove();
		throw error;
	}
}

/** Who finds the relay gone sees a refused connection only; here is why. */
async function tellDeath(engine: Engine): Promise<void> {
	const { expected, code, signal, output } = await engine.exited;
	// Killed by SIGKILL it most likely was by the test itself.
	if (!expected)
		console.error(`the relay at ${engine.url} ended: ${signal ?? code}`, signal === 'SIGKILL' ? '' : output);
}

// Between finding a port and listening on it, another test may take it.
async function startOnFreePort(options: RelayOptions, stateDir: string): Promise<Engine> {
	for (let attempt = 1; ; attempt++) {
		try {
			const log = (line: string) => {
				look('log lines', line);
				options.log?.(line);
			};
			const { vars = {}, root, program = await findTestProgram(root) } = options;
			return await startEngine({ vars, log, port: await findFreePort(), stateDir, program });
		} catch (error) {
			const isBusy = error instanceof EngineError && error.reason === 'port-busy';
			if (!isBusy || attempt === 5) throw error;
		}
	}
}
