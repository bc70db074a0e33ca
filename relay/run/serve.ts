// Starts the relay, keeps it running and ends it in order: what `npm start`, `npm run dev` and `live-feed dev` share.
// Knows the order of things and exit codes; never knows how the engine is run or what it serves is made.
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { readSettings } from '../settings.ts';
import {
	type AddressProblem,
	adviseAddress,
	adviseEngine,
	adviseFolder,
	adviseState,
	isAddressProblem,
} from './advice.ts';
import {
	chooseEngine,
	describeAddress,
	type Engine,
	EngineError,
	type EngineName,
	type Program,
	readStartTimeout,
	startEngine,
} from './engine.ts';
import { findPartyKit } from './partykit-engine.ts';
import { checkAddress, resolveHost } from './port.ts';
import { collectSettings, settingsFile } from './settings-file.ts';
import { describe, type HeldState, StateError, takeState } from './state-lock.ts';
import { keepRunning } from './supervisor.ts';
import {
	announce,
	complain,
	createRepeatFilter,
	describeTrust,
	isNoise,
	messageOf,
	report,
	showPath,
} from './terminal.ts';
import { findWorkerd } from './workerd-engine.ts';

/** A stop that takes longer is cut off, ms. */
const STOP_MS = 2800;

/** Makes what is served to pages; the function that it resolves with ends its work. */
export type MakeSite = () => Promise<() => Promise<void>>;

export interface Serving {
	/** What was typed to start it, for what is advised. */
	command: string;
	/** What installs an engine, where it is missing. */
	install: (engine: EngineName) => string;
	/** Where channels are stored unless `LIVE_FEED_STATE` says so. */
	stateDir: string;
	/** Default: the site was made before. */
	makeSite?: MakeSite;
	/** What the engine runs. */
	program: (engine: EngineName) => Program;
	/** Default: the engine that `LIVE_FEED_ENGINE` names, or workerd. */
	engine?: EngineName;
}

/** Exit codes: 0 stopped by a signal; 1 could not build, did not answer in time or did not stay; 2 cannot start with what it was given: settings, port, host, folder, engine. */
export async function serve(serving: Serving): Promise<void> {
	const { command, makeSite } = serving;
	const port = Number(process.env.PORT || 1999);
	const host = process.env.HOST || '127.0.0.1';
	const stateDir = path.resolve(process.env.LIVE_FEED_STATE || serving.stateDir);

	const stopping = new AbortController();
	let engine: Engine | undefined;
	let starting: Promise<Engine> | undefined;
	let closeSite = async () => {};
	let reloading: Promise<void> = Promise.resolve();
	const isStopping = () => stopping.signal.aborted;
	const stop = async (code: number) => {
		if (isStopping()) return;
		stopping.abort();
		// Whatever hangs, the terminal is given back in time.
		setTimeout(() => process.exit(code || 1), STOP_MS).unref();
		try {
			const running = engine ?? (await starting?.catch(() => undefined));
			await Promise.all([running?.stop(), closeSite()]);
		} finally {
			process.exit(code);
		}
	};
	// A terminal or a log reader that is gone is no reason to end.
	for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0));
	// Of a terminal that is gone, or the word to read the settings again.
	process.on('SIGHUP', () => void (settingsFile && hasTerminalOrNone() ? reload() : stop(0)));

	// Asked to end, npm ends the shell between us and does not wait: then our parent is another one.
	if (process.env.npm_lifecycle_event !== undefined) {
		const parent = process.ppid;
		setInterval(() => process.ppid !== parent && void stop(0), 200).unref();
	}

	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		return await fail(
			2,
			`PORT=${process.env.PORT} is not a port.`,
			`Use a number from 1 to 65535: PORT=3000 ${command}`,
		);
	}
	let settings: Record<string, string>;
	let program: Program;
	let timeoutMs: number;
	try {
		settings = collectSettings();
		program = serving.program(serving.engine ?? chooseEngine());
		timeoutMs = readStartTimeout();
	} catch (error) {
		return await fail(2, 'The settings cannot be used.', messageOf(error));
	}
	const attempt = { command, install: serving.install, engine: program.engine, port, stateDir };
	const isWatching = program.engine === 'partykit' && program.waitForFix === true;
	// All this before anything is built, so that the answer comes at once.
	try {
		if (program.engine === 'partykit') findPartyKit();
		else findWorkerd();
	} catch (error) {
		return await fail(2, messageOf(error), adviseEngine(error, attempt));
	}
	const address = await resolveHost(host);
	if (address === undefined) return await failAddress('no-host');
	const problem = await checkAddress(port, address);
	if (problem) return await failAddress(problem);
	let held: HeldState;
	try {
		held = await takeState(stateDir);
	} catch (error) {
		if (!(error instanceof StateError)) throw error;
		return await fail(2, `${error.message} (${showPath(stateDir)})`, adviseState(error, attempt));
	}
	process.on('exit', () => held.release());
	void held.lost.then(() => {
		void fail(
			1,
			`Another relay has taken ${showPath(stateDir)}.`,
			'Give each relay a folder of its own: LIVE_FEED_STATE.',
		);
	});

	try {
		if (makeSite) closeSite = await makeSite();
	} catch (error) {
		if (!isWatching) return await fail(1, 'The widget could not be built.', messageOf(error));
		complain('The widget could not be built.', messageOf(error));
	}
	if (isStopping()) return;

	let builds = 0;
	const isRepeated = createRepeatFilter();
	const log = (line: string) => {
		if (line.startsWith('Build succeeded') && ++builds > 1) report('relay rebuilt');
		const own = /\{"level":.*\}$/.exec(line)?.[0];
		if (own) process.stdout.write(`${own}\n`);
		else if (!isNoise(line) && !isRepeated(line)) report(line);
	};
	try {
		const { signal } = stopping;
		const vars = () => settings;
		starting = startEngine({ port, host: address, stateDir, log, timeoutMs, program, vars, signal });
		engine = await starting;
	} catch (error) {
		if (isStopping()) return;
		return await failStart('The relay did not start.', error);
	}
	if (isStopping()) return;
	announce({ port, host, stateDir, isWatching, settings: readSettings(settings) });
	const surrender = await keepRunning(engine, {
		isStopping,
		reloaded: () => reloading,
		beforeRestart: () => {
			builds = 0;
		},
		report,
	});
	if (surrender && !isStopping()) await failStart(surrender.problem, surrender.error);

	/** What is changed holds for everybody at once: all are sent away, and come back to the new settings. */
	async function reload(): Promise<void> {
		let read: Record<string, string>;
		try {
			read = collectSettings();
		} catch (error) {
			report(`The settings stay as they were. ${messageOf(error)}`, true);
			return;
		}
		settings = read;
		reloading = reloading
			.then(async () => (engine ?? (await starting))?.restart())
			.then(
				() => report(`Settings read again. ${describeTrust(host, port, readSettings(settings))}`),
				async (error) => {
					if (!isStopping()) await failStart('The relay did not start again.', error);
				},
			);
	}

	async function failStart(problem: string, error: unknown): Promise<void> {
		if (error instanceof EngineError) {
			if (isAddressProblem(error.reason)) return await failAddress(error.reason);
			const isMissing = error.reason === 'not-installed' || error.reason === 'unsupported';
			const [own = problem] = error.message.split('\n\n');
			return await fail(isMissing ? 2 : 1, own, adviseEngine(error, attempt));
		}
		if (isOfFileSystem(error)) {
			const text = `The folder ${showPath(stateDir)} cannot be written: ${describe(error)}.`;
			return await fail(2, text, adviseFolder(command));
		}
		await fail(1, problem, messageOf(error));
	}

	async function failAddress(problem: AddressProblem): Promise<void> {
		await fail(2, describeAddress(problem, port, host), adviseAddress(problem, { command, port }));
	}

	async function fail(code: 1 | 2, problem: string, advice: string): Promise<void> {
		complain(problem, advice);
		await stop(code);
	}
}

/** True for an error that the file system gave, and no engine. */
function isOfFileSystem(error: unknown): boolean {
	return error instanceof Error && 'syscall' in error;
}

/** True in the background, and in a terminal that is still there. */
function hasTerminalOrNone(): boolean {
	if (!process.stdout.isTTY) return true;
	try {
		closeSync(openSync('/dev/tty', 'r'));
		return true;
	} catch {
		return false;
	}
}
