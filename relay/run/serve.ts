// Builds, starts the relay, keeps it running and ends it in order: what `npm start` and `npm run dev` share.
// Knows the order of things and exit codes; never knows how the engine is run or the widget is built.
import { closeSync, existsSync, openSync, watch } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { readSettings } from '../settings.ts';
import { type Engine, EngineError, isPortFree, ROOT, startEngine } from './engine.ts';
import { collectSettings, settingsFile } from './settings-file.ts';
import { takeState } from './state.ts';
import { announce, complain, describeTrust, isNoise, report } from './terminal.ts';

const QUICK_DEATH_MS = 10_000;
const MAX_QUICK_DEATHS = 5;

/** Exit codes: 0 stopped by a signal, 1 cannot build, start or stay alive, 2 the port or the state is taken, or port or settings are none. */
export async function serve({
	isWatching,
	isBuilt = false,
}: {
	isWatching: boolean;
	/** What is served was built before. */
	isBuilt?: boolean;
}): Promise<void> {
	const port = Number(process.env.PORT || 1999);
	const host = process.env.HOST || '127.0.0.1';
	const stateDir = path.resolve(process.env.LIVE_FEED_STATE || path.join(ROOT, '.partykit', 'state'));

	let engine: Engine | undefined;
	let starting: Promise<Engine> | undefined;
	const closers: (() => Promise<void> | void)[] = [];
	let isStopping = false;
	let reloading: Promise<void> = Promise.resolve();
	const stop = async (code: number) => {
		if (isStopping) return;
		isStopping = true;
		// Whatever hangs, the terminal is given back in time.
		setTimeout(() => process.exit(code || 1), 2800).unref();
		try {
			const running = engine ?? (await starting?.catch(() => undefined));
			await Promise.all([running?.stop(), ...closers.map((close) => close())]);
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
		complain(`PORT=${process.env.PORT} is not a port.`, 'Give a number from 1 to 65535: PORT=3000 npm start');
		return await stop(2);
	}
	let settings: Record<string, string>;
	try {
		settings = collectSettings();
	} catch (error) {
		complain('The settings cannot be used.', messageOf(error));
		return await stop(2);
	}
	// Before anything is built, so that the answer comes at once.
	if (!(await isPortFree(port, host))) return await failBusy();
	const taken = takeState(stateDir);
	if (typeof taken === 'number') {
		complain(
			`A relay (process ${taken}) already keeps its channels in ${path.relative(process.cwd(), stateDir) || stateDir}.`,
			`Stop that one, or keep these elsewhere: LIVE_FEED_STATE=.partykit/other PORT=${port} npm start`,
		);
		return await stop(2);
	}
	process.on('exit', taken);

	try {
		if (!isBuilt) {
			const builder = await import('../../widget/build.ts');
			await builder.buildSite();
			if (isWatching) await watchSources(builder);
		} else if (!existsSync(path.join(ROOT, 'dist', 'site')))
			throw new Error('Nothing is built: `npm run build` does it.');
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
		starting = startEngine({ port, host, stateDir, log, waitForFix: isWatching, vars: () => settings });
		engine = await starting;
	} catch (error) {
		if (isStopping) return;
		if (error instanceof EngineError && error.reason === 'port-busy') return await failBusy();
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

	async function failBusy(): Promise<void> {
		const command = isWatching ? 'npm run dev' : 'npm start';
		complain(
			`Port ${port} is taken by another process.`,
			`Stop that one, or take another port: PORT=${port === 65_535 ? 1999 : port + 1} ${command}`,
		);
		await stop(2);
	}

	async function watchSources(builder: typeof import('../../widget/build.ts')): Promise<void> {
		let built = 0;
		const watcher = await builder.watchSite((error) => {
			if (error) report(`widget: ${error.message}`, true);
			else if (++built > 1) report('widget rebuilt');
		});
		closers.push(() => watcher.close());
		const demo = path.join(ROOT, 'demo');
		if (!existsSync(demo)) return;
		let timer: NodeJS.Timeout | undefined;
		const pages = watch(demo, { recursive: true }, () => {
			clearTimeout(timer);
			timer = setTimeout(() => {
				builder.copyDemo().then(
					() => report('demo copied'),
					(error) => report(`demo: ${messageOf(error)}`, true),
				);
			}, 100);
		});
		closers.push(() => pages.close());
	}
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

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

function nameOf(exit: { code: number | null; signal: string | null }): string {
	return exit.signal ?? `exit code ${exit.code}`;
}
