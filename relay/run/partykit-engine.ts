// Runs PartyKit's dev server as a process and says when it answers, when it is gone and why.
// Knows PartyKit's command line and the processes that it starts; never knows channels, events or what the relay says.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EngineError, type EngineExit, type EngineOptions, type Program, type Run } from './engine.ts';
import { createSecret, endChild, isHealthy, killAll, Output, sayGoAway } from './engine-process.ts';
import { waitForAnswer } from './first-answer.ts';
import { reportMachine } from './machine-report.ts';

/** Beside this file, and beside the command that this file is part of. */
const PRELOAD = new URL('partykit-preload.mjs', import.meta.url).href;

/**
 * Returns the file of PartyKit's own program.
 * @throws EngineError `not-installed`
 */
export function findPartyKit(): string {
	try {
		return fileURLToPath(new URL('bin.mjs', import.meta.resolve('partykit/server')));
	} catch {
		throw new EngineError('not-installed', 'PartyKit, which runs the relay, is not installed.');
	}
}

const UNCAUGHT = /^workerd\/io\/worker\.c\+\+:\d+: info: uncaught exception; source = ([^;]*); \w+ = (.*)$/;
const NOISE = /^(workerd|kj)\/\S+: info: |^workerd\/util\/symbolizer|^stack:( \S+@[0-9a-f]+)+$/;

/**
 * Returns what to keep of a line that the engine prints. The engine has no debugger, so that it reports uncaught errors at
 * `--verbose` alone, among lines about every connection.
 */
function translate(line: string): string {
	const [, source, error] = UNCAUGHT.exec(line) ?? [];
	if (source !== undefined) return `${source} ${error}`;
	return NOISE.test(line) ? '' : line;
}

/** What partykit-preload.mjs tells of the processes that PartyKit starts. */
type Notice =
	| { spawned: number; isEngine: boolean }
	| { ended: number; died: boolean; code: number | null; signal: string | null };

/**
 * Starts the relay and waits for its first answer.
 * @throws EngineError
 */
export async function runPartyKit(options: EngineOptions, program: Program & { engine: 'partykit' }): Promise<Run> {
	const { port, stateDir, host = '127.0.0.1', vars = {} } = options;
	const { root, config, waitForFix = false } = program;
	// PartyKit leaves its temporary files behind when it is killed; here they are found and cleared.
	const temporary = path.join(path.resolve(stateDir), 'tmp');
	rmSync(temporary, { recursive: true, force: true });
	mkdirSync(temporary, { recursive: true });
	mkdirSync(path.join(root, 'dist', 'site'), { recursive: true }); // what it serves must exist
	const secret = createSecret();
	const listener = { port, host, secret };
	const values: Record<string, string> = { ...(typeof vars === 'function' ? vars() : vars), LIVE_FEED_CONTROL: secret };
	const environment = {
		// Every user sees the arguments of a process in the list of processes. partykit-preload.mjs makes arguments of this.
		LIVE_FEED_VARIABLES: JSON.stringify(values),
		...{ PWD: root, TMPDIR: temporary, TMP: temporary, TEMP: temporary },
		...{ LIVE_FEED_HOST: host, NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1', FORCE_COLOR: '0' },
		// PartyKit asks for a home, which a user of a container or a service may not have.
		HOME: process.env.HOME || temporary,
	};
	const child = spawn(
		process.execPath,
		[
			...['--import', PRELOAD, findPartyKit(), 'dev', '--config', config],
			...['--port', String(port), '--persist', path.resolve(stateDir)],
			...['--disable-request-cf-fetch', '--no-hotkeys', '--verbose'],
		],
		{
			cwd: root, // PartyKit looks for what it serves from here, not from its configuration file
			// A group of its own: Ctrl-C is for the starter, which ends it in order.
			detached: process.platform !== 'win32',
			windowsHide: true,
			stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			env: { ...process.env, ...environment },
		},
	);

	const children = new Set<number>();
	let enginePid: number | undefined;
	let engineDeath: { code: number | null; signal: string | null } | undefined;
	let isReady = false;
	let isStopping = false;
	let cannotBuild = false;
	const output = new Output((line) => {
		if (line.includes('Ready on ')) isReady = true;
		if (/\[ERROR\]|Could not find main|Error reloading local server/.test(line)) cannotBuild = true;
		options.log?.(line);
	}, translate);
	output.follow(child);
	child.on('message', (message: Notice) => {
		if ('spawned' in message) {
			children.add(message.spawned);
			if (message.isEngine) enginePid = message.spawned;
		} else {
			children.delete(message.ended);
			if (message.died) engineDeath = { code: message.code, signal: message.signal };
		}
	});

	let isGone = false;
	const endReports = reportMachine(listener, {
		findPid: () => (isReady && !isStopping ? enginePid : undefined),
		stateDir,
		reserve: values.LIVE_FEED_DISK_RESERVE,
	});
	const exited = new Promise<EngineExit>((resolve) => {
		const closed = new Promise<void>((done) => child.once('close', () => done()));
		child.once('exit', async (code, signal) => {
			isGone = true;
			endReports();
			await killAll(children);
			await Promise.race([closed, delay(200)]); // its last words may still be on the way
			resolve({ expected: isStopping, ...(engineDeath ?? { code, signal }), output: output.text });
		});
	});
	const stop = async () => {
		isStopping = true;
		endReports();
		if (isReady && !isGone && !engineDeath) await sayGoAway(listener);
		// The compiler outlives PartyKit by a moment, and the engine outlives it for ever if PartyKit is killed.
		await endChild(child, (signal) => child.kill(signal));
		await killAll(children);
		await exited;
	};

	await waitForAnswer(options, {
		hasAnswered: async () => isReady && enginePid !== undefined && (await isHealthy(listener)),
		findFailure: () => {
			if (isGone) return new EngineError('died', 'The engine ended before it answered.', output.text);
			if (!cannotBuild || isReady || waitForFix) return undefined;
			return new EngineError('build-failed', 'The relay could not be built.', output.text);
		},
		isPatient: () => waitForFix && cannotBuild,
		output,
		stop,
	});
	return {
		pid: child.pid as number, // it has answered, so it was spawned
		enginePid: () => enginePid as number,
		exited,
		stop,
	};
}
