// Starts the relay, keeps it running and ends it in order: what `npm start`, `npm run dev` and `live-feed dev` share.
// Knows the order of things and exit codes; never knows how the engine is run or what it serves is made.
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { readSettings } from '../settings.ts';
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
import { checkAddress } from './port.ts';
import { collectSettings, settingsFile } from './settings-file.ts';
import { describe, type HeldState, StateError, takeState } from './state-lock.ts';
import { announce, complain, describeTrust, isNoise, messageOf, report, showPath } from './terminal.ts';
import { findWorkerd } from './workerd-engine.ts';

const QUICK_DEATH_MS = 10_000;
const MAX_QUICK_DEATHS = 5;

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

/** Exit codes: 0 stopped by a signal, 1 cannot build or stay alive, 2 cannot start with what it was given: settings, port, host, folder, engine. */
export async function serve(serving: Serving): Promise<void> {
	const { command, makeSite } = serving;
	const port = Number(process.env.PORT || 1999);
	const host = process.env.HOST || '127.0.0.1';
	const stateDir = path.resolve(process.env.LIVE_FEED_STATE || serving.stateDir);

	let engine: Engine | undefined;
	let starting: Promise<Engine> | undefined;
	let closeSite = async () => {};
	let isStopping = false;
	let reloading: Promise<void> = Promise.resolve();
	const stop = async (code: number) => {
		if (isStopping) return;
		isStopping = true;
		// Whatever hangs, the terminal is given back in time.
		setTimeout(() => process.exit(code || 1), 2800).unref();
		try {
			const running = engine ?? (await starting?.catch(() => undefined));
			await Promise.all([running?.stop(), closeSite()]);
		} finally {
			process.exit(code);
		}
	};
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0));
	// Of a terminal that is gone, or the word to read the settings again.
	process.on('SIGHUP', () => void (settingsFile && hasTerminalOrNone() ? reload() : stop(0)));

	// Asked to end, npm ends the shell between us and does not wait: then our parent is another one.
	if (process.env.npm_lifecycle_event !== undefined) {
		const parent = process.ppid;
		setInterval(() => process.ppid !== parent && void stop(0), 200).unref();
	}

	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		complain(`PORT=${process.env.PORT} is not a port.`, `Give a number from 1 to 65535: PORT=3000 ${command}`);
		return await stop(2);
	}
	let settings: Record<string, string>;
	let program: Program;
	let timeoutMs: number;
	try {
		settings = collectSettings();
		program = serving.program(serving.engine ?? chooseEngine());
		timeoutMs = readStartTimeout();
	} catch (error) {
		complain('The settings cannot be used.', messageOf(error));
		return await stop(2);
	}
	const isWatching = program.engine === 'partykit' && program.waitForFix === true;
	// All this before anything is built, so that the answer comes at once.
	try {
		if (program.engine === 'partykit') findPartyKit();
		else findWorkerd();
	} catch (error) {
		complain(messageOf(error), adviseEngine(error, program.engine));
		return await stop(2);
	}
	const problem = await checkAddress(port, host);
	if (problem) return await failAddress(problem);
	let held: HeldState;
	try {
		held = await takeState(stateDir);
	} catch (error) {
		if (!(error instanceof StateError)) throw error;
		complain(`${error.message} (${showPath(stateDir)})`, adviseState(error));
		return await stop(2);
	}
	process.on('exit', () => held.release());
	void held.lost.then(() => {
		complain(`Another relay has taken ${showPath(stateDir)}.`, 'Give each relay a folder of its own: LIVE_FEED_STATE.');
		void stop(1);
	});

	try {
		if (makeSite) closeSite = await makeSite();
	} catch (error) {
		complain('The widget could not be built.', messageOf(error));
		if (!isWatching) return await stop(1);
	}
	if (isStopping) return;

	let builds = 0;
	const log = (line: string) => {
		if (line.startsWith('Build succeeded') && ++builds > 1) report('relay rebuilt');
		const own = /\{"level":.*\}$/.exec(line)?.[0];
		if (own) process.stdout.write(`${own}\n`);
		else if (!isNoise(line)) report(line);
	};
	try {
		starting = startEngine({ port, host, stateDir, log, timeoutMs, program, vars: () => settings });
		engine = await starting;
	} catch (error) {
		if (isStopping) return;
		if (error instanceof EngineError && isAddressProblem(error.reason)) return await failAddress(error.reason);
		if (isOfFileSystem(error)) {
			complain(`The folder ${showPath(stateDir)} cannot be written: ${describe(error)}.`, adviseFolder());
			return await stop(2);
		}
		complain('The relay did not start.', messageOf(error));
		return await stop(1);
	}
	if (isStopping) return;
	announce({ port, host, stateDir, isWatching, settings: readSettings(settings) });

	let quickDeaths = 0;
	for (;;) {
		const since = Date.now();
		const exit = await engine.exited;
		if (isStopping) return;
		if (exit.expected) {
			await reloading;
			continue;
		}
		quickDeaths = Date.now() - since < QUICK_DEATH_MS ? quickDeaths + 1 : 1;
		if (quickDeaths >= MAX_QUICK_DEATHS) {
			complain(`The engine died ${quickDeaths} times in a row (${nameOf(exit)}).`, exit.output);
			return await stop(1);
		}
		report(`The engine died (${nameOf(exit)}); starting it again.`, true);
		await delay(quickDeaths === 1 ? 0 : 125 * 2 ** (quickDeaths - 1));
		if (isStopping) return;
		try {
			builds = 0;
			await engine.restart();
			report('Running again.');
		} catch (error) {
			if (isStopping) return;
			complain('The relay did not start again.', messageOf(error));
			return await stop(1);
		}
	}

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
					if (isStopping) return;
					complain('The relay did not start again.', messageOf(error));
					await stop(1);
				},
			);
	}

	async function failAddress(problem: 'port-busy' | 'no-host' | 'forbidden'): Promise<void> {
		const other = `PORT=${port === 65_535 ? 1999 : port + 1} ${command}`;
		const advice = {
			'port-busy': `Stop that one, or take another port: ${other}`,
			'no-host': `Give an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0: HOST=127.0.0.1 ${command}`,
			forbidden: `Take a port above 1023: ${port > 1023 ? other : `PORT=1999 ${command}`}`,
		};
		complain(describeAddress(problem, port, host), advice[problem]);
		await stop(2);
	}

	function adviseEngine(error: unknown, engine: EngineName): string {
		const isBroken = /no binary|cannot be run/.test(messageOf(error));
		const other = engine === 'workerd' ? 'partykit' : 'workerd';
		return isBroken
			? `Run it on the other engine: LIVE_FEED_ENGINE=${other} ${command}`
			: `Install it: ${serving.install(engine)}`;
	}

	function adviseState({ reason }: StateError): string {
		if (reason === 'in-use')
			return `Stop that one, or keep these elsewhere: LIVE_FEED_STATE=${showPath(stateDir)}-2 PORT=${port} ${command}`;
		if (reason === 'newer')
			return `Update live-feed, or keep these elsewhere: LIVE_FEED_STATE=${showPath(stateDir)}-2 ${command}`;
		return adviseFolder();
	}

	function adviseFolder(): string {
		return `Make it writable and its disk not full, or name another folder: LIVE_FEED_STATE=/path/to/state ${command}`;
	}
}

function isAddressProblem(reason: EngineError['reason']): reason is 'port-busy' | 'no-host' | 'forbidden' {
	return reason === 'port-busy' || reason === 'no-host' || reason === 'forbidden';
}

/** True for an error that the file system gave, and no engine. */
function isOfFileSystem(error: unknown): boolean {
	return error instanceof Error && !(error instanceof EngineError) && 'syscall' in error;
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

function nameOf(exit: { code: number | null; signal: string | null }): string {
	return exit.signal ?? `exit code ${exit.code}`;
}
