// Starts the engine that runs the relay, whichever it is, and starts it again when asked to.
// Knows what every engine can do; never knows processes, channels or what the relay says.
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { removeBlankFiles } from './blank-files.ts';
import { chooseEngine, type EngineName } from './engine-settings.ts';
import { runPartyKit } from './partykit-engine.ts';
import { checkAddress } from './port.ts';
import type { WorkerdConfig } from './workerd-config.ts';
import { runWorkerd } from './workerd-engine.ts';

export { chooseEngine, ENGINES, type EngineName, readStartTimeout } from './engine-settings.ts';

/** The directory that holds package.json. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const ATTEMPTS = 4;

export type EngineFailure =
	| 'not-installed'
	| 'unsupported'
	| 'port-busy'
	| 'no-host'
	| 'forbidden'
	| 'build-failed'
	| 'died'
	| 'timeout'
	| 'aborted';

/** The engine did not start. The message carries the last lines of its own output. */
export class EngineError extends Error {
	override readonly name = 'EngineError';
	readonly reason: EngineFailure;
	/** The engine's own last lines. */
	readonly output: string;

	constructor(reason: EngineFailure, message: string, output = '') {
		super(output === '' ? message : `${message}\n\n${output}`);
		this.reason = reason;
		this.output = output;
	}
}

/** What an engine runs. Paths are absolute. */
export type Program =
	| {
			engine: 'workerd';
			/** The built relay. Default: dist/relay/cloudflare.js of this repository. */
			bundle: string;
			/** The built site. Default: dist/site of this repository. */
			site: string;
			/** Writes the configuration. Default: one isolate for all. */
			format?: (config: WorkerdConfig) => string;
	  }
	| {
			engine: 'partykit';
			/** The folder that PartyKit serves and builds from. Default: this repository. */
			root: string;
			/** PartyKit's configuration, seen from there. Default: relay/partykit.json. */
			config: string;
			/** Keeps waiting when the relay's source cannot be built, since it is about to be saved again. Default: false. */
			waitForFix?: boolean;
	  };

export interface EngineOptions {
	port: number;
	/** The address to listen on, not a name. Default: 127.0.0.1. */
	host?: string;
	/** The folder that keeps what channels store. It is made if it is missing. */
	stateDir: string;
	/** Values that the relay finds in its environment. A function is called at each start. */
	vars?: Record<string, string> | (() => Record<string, string>);
	/** Receives every line that the engine prints, without colours. */
	log?: (line: string) => void;
	/** How long the first answer may take, ms. Default: `LIVE_FEED_START_TIMEOUT` seconds, or 120 s. */
	timeoutMs?: number;
	/** Default: the engine that `LIVE_FEED_ENGINE` names, or workerd, on this repository. */
	program?: Program;
	/** Ends a start that still waits for its first answer. */
	signal?: AbortSignal;
}

export interface EngineExit {
	/** True after `stop()` or `restart()`. */
	expected: boolean;
	code: number | null;
	signal: string | null;
	/** The engine's own last lines. */
	output: string;
}

/** One run of an engine, from its start to its exit. */
export interface Run {
	/** The process that was started. */
	readonly pid: number;
	/** The process that runs the relay. */
	enginePid(): number;
	readonly exited: Promise<EngineExit>;
	stop(): Promise<void>;
}

export interface Engine extends Pick<Run, 'pid' | 'exited' | 'stop'> {
	readonly name: EngineName;
	readonly url: string;
	readonly port: number;
	/** The process that runs the relay. It changes at a restart, and when PartyKit rebuilds the relay. */
	readonly enginePid: number;
	/** SIGKILL for the process that runs the relay, as a crash would. */
	killEngine(): void;
	/** Ends what still runs and starts again on the same port and state. `exited` is a new promise then. */
	restart(): Promise<void>;
}

/** What this repository has for an engine. */
export function findProgram(engine: EngineName = chooseEngine()): Program {
	if (engine === 'partykit') return { engine, root: ROOT, config: path.join('relay', 'partykit.json') };
	return {
		engine,
		bundle: path.join(ROOT, 'dist', 'relay', 'cloudflare.js'),
		site: path.join(ROOT, 'dist', 'site'),
	};
}

/**
 * Starts the relay and waits until `GET /health` answers 200 on the real port.
 * @throws EngineError
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
	const program = options.program ?? findProgram();
	let current = await startOnce(options, program);
	let starting: Promise<Run> | undefined;
	return {
		name: program.engine,
		url: `http://127.0.0.1:${options.port}`,
		port: options.port,
		get pid() {
			return current.pid;
		},
		get enginePid() {
			return current.enginePid();
		},
		get exited() {
			return current.exited;
		},
		killEngine() {
			process.kill(current.enginePid(), 'SIGKILL');
		},
		async restart() {
			await current.stop();
			starting = startOnce(options, program);
			current = await starting;
		},
		async stop() {
			await starting?.catch(() => undefined);
			await current.stop();
		},
	};
}

// Another process can take the port between the check and the engine's start. The next check says so.
async function startOnce(options: EngineOptions, program: Program): Promise<Run> {
	const { port, host = '127.0.0.1', signal } = options;
	for (let attempt = 1; ; attempt++) {
		const problem = await checkAddress(port, host);
		if (problem) throw new EngineError(problem, describeAddress(problem, port, host));
		if (signal?.aborted) throw new EngineError('aborted', 'The start was cancelled.');
		removeBlankFiles(options.stateDir);
		try {
			return program.engine === 'partykit' ? await runPartyKit(options, program) : await runWorkerd(options, program);
		} catch (error) {
			const collided =
				error instanceof EngineError && /EADDRINUSE|address already in use|ERR_RUNTIME_FAILURE/i.test(error.output);
			if (!collided || attempt === ATTEMPTS) throw error;
		}
	}
}

/** Why the relay cannot listen there. */
export function describeAddress(problem: 'port-busy' | 'no-host' | 'forbidden', port: number, host: string): string {
	if (problem === 'port-busy') return `Port ${port} is taken by another process.`;
	if (problem === 'no-host') return `HOST=${host} is no address of this machine.`;
	return `This user may not listen on port ${port} of ${host}.`;
}
