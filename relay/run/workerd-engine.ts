// Runs workerd as a process and says when it answers, when it is gone and why.
// Knows workerd's command line and its binary; never knows channels, events or what the relay says.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants as system } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { readSettings } from '../settings.ts';
import { connectionsWithin, readDescriptorLimit } from './descriptors.ts';
import { EngineError, type EngineExit, type EngineOptions, type Program, type Run } from './engine.ts';
import { createSecret, endChild, isHealthy, killAll, nameExit, Output, sayGoAway } from './engine-process.ts';
import { waitForAnswer } from './first-answer.ts';
import { reportMachine } from './machine-report.ts';
import { BUNDLE_FILE, formatConfig, OBJECTS_FOLDER, UNIQUE_KEY } from './workerd-config.ts';

const CONFIG_FILE = 'relay.capnp';
const LEASH_FILE = 'leash.sh';
/** How a shell says that a program cannot be run, or is not there (POSIX, 2.8.2). */
const CANNOT_RUN = [126, 127];
/** How a shell says that a signal ended a process: the signal's number, added to this. */
const SIGNALLED = 128;
/** A shell script, so that no starter is needed that could be killed before it has killed the engine. */
const LEASH = `# Runs a program, writes its process id to file 3, and kills it when standard input ends, which is when its starter ends.
# The program may have as many files and sockets open as the system lets it.
# The exit code is the program's own.
ulimit -n "$(ulimit -Hn)" 2>/dev/null
exec 4<&0 5>&3 3>&-
"$@" </dev/null 4<&- 5>&- & engine=$!
echo $engine >&5; exec 5>&-
{ while read -r _ <&4; do :; done; kill -KILL $engine; } >/dev/null 2>&1 & leash=$!
exec 4<&-
wait $engine; code=$?
kill $leash 2>/dev/null
exit $code
`;

/** The package's own way to its binary. */
function loadWorkerd(): string {
	return (createRequire(import.meta.url)('workerd') as { default: string }).default;
}

/**
 * Returns the file of workerd's binary for this machine.
 * @throws EngineError `not-installed`, `unsupported`
 */
export function findWorkerd(load = loadWorkerd): string {
	const machine = `${process.platform} on ${process.arch}`;
	let file: string;
	try {
		file = load();
	} catch (error) {
		if (error instanceof Error && error.message.startsWith('Unsupported platform'))
			throw new EngineError('unsupported', `workerd, which runs the relay, has no binary for ${machine}.`);
		throw new EngineError('not-installed', `workerd, which runs the relay, is not installed for ${machine}.`);
	}
	try {
		accessSync(file, constants.X_OK);
	} catch {
		throw new EngineError('not-installed', `workerd, which runs the relay, is missing or cannot be run: ${file}`);
	}
	return file;
}

/**
 * Starts the relay and waits for its first answer.
 * @throws EngineError
 */
export async function runWorkerd(options: EngineOptions, program: Program & { engine: 'workerd' }): Promise<Run> {
	const { port, host = '127.0.0.1', vars = {} } = options;
	const workerd = findWorkerd();
	if (!existsSync(program.bundle))
		throw new EngineError('build-failed', `The relay is not built: there is no ${program.bundle}.`);
	const secret = createSecret();
	const listener = { port, host, secret };
	const settings = typeof vars === 'function' ? vars() : vars;
	const values: Record<string, string> = { ...settings, ...boundByDescriptors(settings), LIVE_FEED_CONTROL: secret };
	const config = writeConfig(options, program, Object.keys(values));
	const child = start(config, [workerd, 'serve', config], values);

	let enginePid = process.platform === 'win32' ? child.pid : undefined;
	child.stdio[3]?.on('data', (data: Buffer) => {
		enginePid = Number(String(data)) || enginePid;
	});
	let end: Pick<EngineExit, 'code' | 'signal'> | undefined;
	let isReady = false;
	let isStopping = false;
	const output = new Output((line) => options.log?.(line));
	output.follow(child);
	const endReports = reportMachine(listener, {
		findPid: () => (isReady && !isStopping ? enginePid : undefined),
		stateDir: options.stateDir,
		reserve: values.LIVE_FEED_DISK_RESERVE,
	});
	const exited = new Promise<EngineExit>((resolve) => {
		const closed = new Promise<void>((done) => child.once('close', () => done()));
		const settle = async (code: number | null, signal: string | null) => {
			end = readExit(code, signal);
			endReports();
			// Where the shell was killed, the engine is still there.
			if (enginePid !== undefined) await killAll(new Set([enginePid]));
			await Promise.race([closed, delay(200)]); // its last words may still be on the way
			resolve({ expected: isStopping, ...end, output: output.text });
		};
		child.once('exit', settle);
		child.once('error', () => child.pid === undefined && settle(CANNOT_RUN[0] ?? null, null));
	});
	const stop = async () => {
		isStopping = true;
		endReports();
		if (isReady && !end) await sayGoAway(listener);
		// workerd waits for its open sockets as long as they like.
		await endChild(child, (signal) => {
			if (signal === 'SIGKILL' && child.pid !== undefined && tryKill(-child.pid, signal)) return;
			if (enginePid === undefined || !tryKill(enginePid, signal)) child.kill(signal);
		});
		await exited;
	};

	await waitForAnswer(options, {
		hasAnswered: async () => enginePid !== undefined && (await isHealthy(listener)),
		findFailure: () => (end ? explainEnd(end, workerd) : undefined),
		isPatient: () => false,
		output,
		stop,
	});
	isReady = true;
	return {
		pid: child.pid as number, // it has answered, so it was spawned
		enginePid: () => enginePid as number,
		exited,
		stop,
	};
}

/** One connection beyond the descriptors would end the engine: the relay refuses connections before that. */
function boundByDescriptors(settings: Record<string, string> = {}): Record<string, string> {
	const limit = readDescriptorLimit();
	if (limit === undefined) return {};
	const room = connectionsWithin(limit);
	try {
		const { connections = Number.POSITIVE_INFINITY } = readSettings(settings).limits;
		return connections > room ? { LIVE_FEED_MAX_CONNECTIONS: String(room) } : {};
	} catch {
		return {}; // the relay says what is wrong with them
	}
}

/** Writes the configuration, with the bundle beside it, into the state folder. Returns its file. */
function writeConfig(
	{ port, host = '127.0.0.1', stateDir }: EngineOptions,
	{ bundle, site, format = formatConfig }: Program & { engine: 'workerd' },
	variables: readonly string[],
): string {
	const folder = path.join(path.resolve(stateDir), 'tmp');
	const objects = path.join(path.resolve(stateDir), OBJECTS_FOLDER);
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	mkdirSync(path.join(objects, UNIQUE_KEY), { recursive: true });
	mkdirSync(site, { recursive: true }); // what it serves must exist
	copyFileSync(bundle, path.join(folder, BUNDLE_FILE));
	const file = path.join(folder, CONFIG_FILE);
	writeFileSync(file, format({ host, port, site, objects, variables }));
	writeFileSync(path.join(folder, LEASH_FILE), LEASH);
	return file;
}

/** Secrets travel in the environment, which no other user sees. */
function start(config: string, command: string[], values: Record<string, string>): ChildProcess {
	const isWindows = process.platform === 'win32';
	const [program = '', ...rest] = command;
	// The shell reads the script, which may lie on a disk from which nothing can be executed.
	const leash = path.join(path.dirname(config), LEASH_FILE);
	const [file, args] = isWindows ? [program, rest] : ['/bin/sh', [leash, ...command]];
	return spawn(file, args, {
		// A group of its own: Ctrl-C is for the starter, which ends it in order.
		detached: !isWindows,
		windowsHide: true,
		stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
		env: { ...selectSystem(process.env), ...values },
	});
}

/** Of the starter's variables the engine needs few, and it has no use for the secrets of others. */
function selectSystem(environment: NodeJS.ProcessEnv): Record<string, string> {
	const needed = ['HOME', 'LANG', 'PATH', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'TZ'];
	return Object.fromEntries(needed.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}

function readExit(code: number | null, signal: string | null): { code: number | null; signal: string | null } {
	if (code === null || code <= SIGNALLED) return { code, signal };
	const [name] = Object.entries(system.signals).find(([, number]) => number === code - SIGNALLED) ?? [];
	return name ? { code: null, signal: name } : { code, signal };
}

function explainEnd(end: Pick<EngineExit, 'code' | 'signal'>, workerd: string): EngineError {
	// Of a system library that is missing or too old, the loader says so in the same way.
	if (CANNOT_RUN.includes(end.code ?? 0)) return new EngineError('not-installed', `${workerd} cannot be run here.`);
	return new EngineError('died', `The engine ended before it answered (${nameExit(end)}).`);
}

function tryKill(pid: number, signal: NodeJS.Signals): boolean {
	try {
		process.kill(pid, signal);
		return true;
	} catch {
		return false; // it is gone
	}
}
