// Runs PartyKit's dev server as a process and says when it answers, when it is gone and why.
// Knows process ids, ports and PartyKit's command line; never knows channels, events or what the relay says.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** The directory that holds package.json. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Beside this file, and beside the command that this file is part of. */
const GUARD = new URL('guard.mjs', import.meta.url).href;
const KEPT_LINES = 60;
/** How often the relay is told what its engine holds in memory, which it cannot see itself; milliseconds. */
const MEMORY_MS = 10_000;
/** How long a stop waits for the relay to say goodbye, milliseconds. */
const GO_AWAY_MS = 250;
const ATTEMPTS = 4;

export type EngineFailure = 'not-installed' | 'port-busy' | 'build-failed' | 'died' | 'timeout';

/** The engine did not start. The message carries the last lines that it said itself. */
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

export interface EngineOptions {
	port: number;
	/** What channels store is kept here; made if it is not there. */
	stateDir: string;
	/** The interface to listen on: 127.0.0.1 unless given. */
	host?: string;
	/** Values the relay finds in its environment; a function is asked at each start. */
	vars?: Record<string, string> | (() => Record<string, string>);
	/** Every line the engine prints, without colours. */
	log?: (line: string) => void;
	/** How long the first answer may take: 20,000 unless given. */
	timeoutMs?: number;
	/** Keep waiting when the relay's source cannot be built: somebody is about to save it again. */
	waitForFix?: boolean;
	/** Where the configuration is looked for, and what is served below it: this repository unless given. */
	root?: string;
	/** PartyKit's configuration, from there: relay/partykit.json unless given. */
	config?: string;
}

export interface EngineExit {
	/** True after `stop()` or `restart()`. */
	expected: boolean;
	code: number | null;
	signal: string | null;
	/** The engine's own last lines. */
	output: string;
}

export interface Engine {
	readonly url: string;
	readonly port: number;
	/** PartyKit's process. */
	readonly pid: number;
	/** The engine's own process (workerd). Changes when PartyKit rebuilds the relay, and at a restart. */
	readonly enginePid: number;
	/** Resolves when the present process is gone, asked to or not. `restart()` makes a new promise. */
	readonly exited: Promise<EngineExit>;
	/** SIGKILL for the engine's own process, as a crash would. PartyKit's process ends because of it. */
	killEngine(): void;
	/** Ends what still runs and starts again on the same port and state. */
	restart(): Promise<void>;
	/** Resolves when nothing that was started is left. */
	stop(): Promise<void>;
}

/**
 * Starts the relay and waits until `GET /health` answers 200 on the real port.
 * @throws EngineError
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
	let current = await startOnce(options);
	return {
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
			current = await startOnce(options);
		},
		stop: () => current.stop(),
	};
}

/**
 * PartyKit's own program.
 * @throws EngineError `not-installed`
 */
export function findPartyKit(): string {
	try {
		return fileURLToPath(new URL('bin.mjs', import.meta.resolve('partykit/server')));
	} catch {
		throw new EngineError('not-installed', 'PartyKit, which runs the relay, is not installed.');
	}
}

/** True when nothing answers on the port and it can be listened on. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
	const answers = await new Promise<boolean>((resolve) => {
		const socket = net.connect({ port, host: '127.0.0.1', timeout: 1000 });
		const settle = (taken: boolean) => {
			socket.destroy();
			resolve(taken);
		};
		socket.once('connect', () => settle(true));
		socket.once('error', () => settle(false));
		socket.once('timeout', () => settle(false));
	});
	if (answers) return false;
	return await new Promise<boolean>((resolve) => {
		const server = net.createServer();
		server.once('error', () => resolve(false));
		server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
	});
}

/** True while a process runs; one that has ended and was not collected yet does not. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch (error) {
		// EPERM: it is there, and somebody else's.
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
	if (process.platform !== 'linux') return true;
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
	} catch {
		return false; // it ended between the two looks
	}
}

interface Run {
	pid: number;
	enginePid(): number;
	exited: Promise<EngineExit>;
	stop(): Promise<void>;
}

// PartyKit picks its inner ports first and binds them later, so two starts in one moment can collide.
async function startOnce(options: EngineOptions): Promise<Run> {
	for (let attempt = 1; ; attempt++) {
		if (!(await isPortFree(options.port, options.host))) {
			throw new EngineError('port-busy', `Port ${options.port} is taken by another process.`);
		}
		try {
			return await spawnEngine(options);
		} catch (error) {
			const collided =
				error instanceof EngineError && /EADDRINUSE|address already in use|ERR_RUNTIME_FAILURE/i.test(error.output);
			if (!collided || attempt === ATTEMPTS) throw error;
		}
	}
}

async function spawnEngine(options: EngineOptions): Promise<Run> {
	const { port, stateDir, host = '127.0.0.1', vars = {}, log, timeoutMs = 20_000, root = ROOT } = options;
	const { config = path.join('relay', 'partykit.json') } = options;
	// PartyKit leaves its temporary files behind when it is killed; here they are found and cleared.
	const temporary = path.join(path.resolve(stateDir), 'tmp');
	rmSync(temporary, { recursive: true, force: true });
	mkdirSync(temporary, { recursive: true });
	mkdirSync(path.join(root, 'dist', 'site'), { recursive: true }); // what it serves must exist
	// Proves to the relay who asks it to say that it stops.
	const secret = randomBytes(24).toString('hex');
	const values = { ...(typeof vars === 'function' ? vars() : vars), LIVE_FEED_CONTROL: secret };
	const environment = {
		// Arguments are everybody's to see in the list of processes, an environment is not: guard.mjs makes arguments of it.
		LIVE_FEED_VARIABLES: JSON.stringify(values),
		...{ PWD: root, TMPDIR: temporary, TMP: temporary, TEMP: temporary },
		...{ LIVE_FEED_HOST: host, NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1', FORCE_COLOR: '0' },
		// PartyKit asks for a home, which a user of a container or a service may not have.
		HOME: process.env.HOME || temporary,
	};
	const child = spawn(
		process.execPath,
		[
			...['--import', GUARD, findPartyKit(), 'dev', '--config', config],
			...['--port', String(port), '--persist', path.resolve(stateDir)],
			...['--disable-request-cf-fetch', '--no-hotkeys'],
		],
		{
			cwd: root, // PartyKit looks for what it serves from here, not from its configuration file
			// A group of its own: Ctrl-C is for us, and we end it in order.
			detached: process.platform !== 'win32',
			windowsHide: true,
			stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			env: { ...process.env, ...environment },
		},
	);

	const lines: string[] = [];
	const children = new Set<number>();
	let enginePid: number | undefined;
	let engineDeath: { code: number | null; signal: string | null } | undefined;
	let isReady = false;
	let isStopping = false;
	let cannotBuild = false;

	const read = (line: string) => {
		const text = stripVTControlCharacters(line).trimEnd();
		if (text === '') return;
		lines.push(text);
		if (lines.length > KEPT_LINES) lines.shift();
		if (text.includes('Ready on ')) isReady = true;
		if (/\[ERROR\]|Could not find main|Error reloading local server/.test(text)) cannotBuild = true;
		log?.(text);
	};
	readLines(child.stdout, read);
	readLines(child.stderr, read);

	child.once('error', (error) => read(String(error)));
	child.on('message', (message: Notice) => {
		if ('spawned' in message) {
			children.add(message.spawned);
			if (message.isEngine) enginePid = message.spawned;
		} else {
			children.delete(message.ended);
			if (message.died) engineDeath = { code: message.code, signal: message.signal };
		}
	});

	const output = () => lines.join('\n');
	const exited = new Promise<EngineExit>((resolve) => {
		const closed = new Promise<void>((done) => child.once('close', () => done()));
		child.once('exit', async (code, signal) => {
			await endAll(children);
			await Promise.race([closed, delay(200)]); // its last words may still be on the way
			resolve({ expected: isStopping, ...(engineDeath ?? { code, signal }), output: output() });
		});
	});
	const memoryTimer = setInterval(() => {
		const bytes = enginePid === undefined ? undefined : readMemory(enginePid);
		if (isReady && !isStopping && bytes !== undefined) void tell(port, secret, 'memory', String(bytes));
	}, MEMORY_MS);
	memoryTimer.unref();
	const stop = async () => {
		isStopping = true;
		clearInterval(memoryTimer);
		if (isReady && !isGone && !engineDeath) await tell(port, secret, 'goaway');
		await endChild(child);
		await endAll(children);
		await exited;
	};

	let isGone = false;
	exited.then(() => {
		isGone = true;
		clearInterval(memoryTimer);
	});
	const deadline = Date.now() + timeoutMs;
	while (!(isReady && enginePid !== undefined && (await isHealthy(port)))) {
		if (isGone) throw new EngineError('died', 'The engine ended before it answered.', output());
		const isLate = Date.now() > deadline;
		if (options.waitForFix && cannotBuild) {
			await delay(100);
			continue;
		}
		if (isLate || (cannotBuild && !isReady)) {
			await delay(100); // the rest of its words
			await stop();
			throw isLate
				? new EngineError('timeout', `The relay did not answer on port ${port} within ${timeoutMs} ms.`, output())
				: new EngineError('build-failed', 'The relay could not be built.', output());
		}
		await delay(25);
	}
	return {
		pid: child.pid as number, // it has answered, so it was spawned
		enginePid: () => enginePid as number,
		exited,
		stop,
	};
}

type Notice =
	| { spawned: number; isEngine: boolean }
	| { ended: number; died: boolean; code: number | null; signal: string | null };

async function isHealthy(port: number): Promise<boolean> {
	try {
		const response = await fetch(`http://127.0.0.1:${port}/health`, {
			signal: AbortSignal.timeout(1000),
			headers: { connection: 'close' },
		});
		await response.arrayBuffer();
		return response.status === 200;
	} catch {
		return false; // not listening yet; the caller has the deadline
	}
}

/** Tells the relay that it stops, so that it can tell its clients, or of its memory; one that hangs or is dead holds nobody up. */
async function tell(port: number, secret: string, what: 'goaway' | 'memory', body?: string): Promise<void> {
	try {
		const response = await fetch(`http://127.0.0.1:${port}/control/${what}`, {
			method: 'POST',
			...(body === undefined ? {} : { body }),
			headers: { authorization: `Bearer ${secret}`, connection: 'close' },
			signal: AbortSignal.timeout(GO_AWAY_MS),
		});
		await response.arrayBuffer();
	} catch {
		// Then it stops without a word, as it would in a crash.
	}
}

/** Resident memory, bytes; undefined where the system does not show it in /proc. */
function readMemory(pid: number): number | undefined {
	try {
		return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024 || undefined;
	} catch {
		return undefined; // it has ended, or this is no Linux
	}
}

async function endChild(child: ChildProcess): Promise<void> {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	child.kill('SIGTERM');
	const inTime = await Promise.race([ended.then(() => true), delay(1500, false)]);
	if (!inTime) {
		child.kill('SIGKILL');
		await ended;
	}
}

// The compiler outlives PartyKit by a moment, and the engine outlives it for ever if PartyKit is killed.
async function endAll(pids: Set<number>): Promise<void> {
	for (const pid of pids) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// Gone already, which is what we want.
		}
	}
	const deadline = Date.now() + 1000;
	while ([...pids].some(isAlive) && Date.now() < deadline) await delay(10);
	pids.clear();
}

function readLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
	let rest = '';
	stream?.setEncoding('utf8');
	stream?.on('data', (chunk: string) => {
		const parts = (rest + chunk).split('\n');
		rest = parts.pop() ?? '';
		for (const part of parts) onLine(part);
	});
	stream?.on('end', () => {
		if (rest !== '') onLine(rest);
	});
}
