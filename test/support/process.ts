// A command as a user runs it: what it prints, how it ends, and what it leaves behind.
// Knows processes; never knows what the command is for.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { patience } from './slowness.ts';
import { ROOT } from './sources.ts';
import { look, report } from './spill.ts';

export interface Exit {
	code: number | null;
	signal: string | null;
	/** From the last signal, or from the start. */
	afterMs: number;
	/** Everything it printed, on both streams. */
	output: string;
}

export interface RunningCommand {
	readonly pid: number;
	readonly output: string;
	readonly exited: Promise<Exit>;
	/** Resolves when what it printed matches. @throws Error with its output if it ends or `timeoutMs` pass before. */
	waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
	/** Sends a signal to the one process, or to its whole group as a terminal does. Does nothing when it has ended. */
	signal(name: NodeJS.Signals, isGroup?: boolean): void;
}

/** Starts a command in the repository or in `cwd`, in a process group of its own. `isToken`: what it prints is a token, as it should be. */
export function runCommand(
	command: string,
	args: string[],
	env: Record<string, string> = {},
	{ isToken = false, cwd = ROOT } = {},
): RunningCommand {
	let since = Date.now();
	let output = '';
	let watchers: (() => void)[] = [];
	const child: ChildProcess = spawn(command, args, {
		cwd,
		detached: true,
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...withoutRunner(process.env), ...env },
	});
	const notify = () => {
		for (const watcher of watchers) watcher();
	};
	for (const stream of [child.stdout, child.stderr]) {
		stream?.setEncoding('utf8').on('data', (chunk: string) => {
			output += chunk;
			notify();
		});
	}
	let end: Exit | undefined;
	const exited = new Promise<Exit>((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code, signal) => {
			const afterMs = Date.now() - since;
			// Its last words may still be on their way.
			setTimeout(() => {
				end = { code, signal, afterMs, output };
				if (!isToken) look('log lines', output);
				try {
					report();
					resolve(end);
				} catch (error) {
					reject(error);
				}
				notify();
			}, 50);
		});
	});
	return {
		pid: child.pid ?? 0,
		get output() {
			return output;
		},
		exited,
		waitFor: (pattern, timeoutMs = patience(60_000)) =>
			new Promise((resolve, reject) => {
				const settle = () => {
					const match = pattern.exec(output);
					if (!match && !end) return;
					finish();
					if (match) resolve(match);
					else reject(new Error(`Ended before it printed ${pattern}:\n${output}`));
				};
				const finish = () => {
					clearTimeout(timer);
					watchers = watchers.filter((watcher) => watcher !== settle);
				};
				const timer = setTimeout(() => {
					finish();
					reject(new Error(`Did not print ${pattern} within ${timeoutMs} ms:\n${output}`));
				}, timeoutMs);
				watchers.push(settle);
				settle();
			}),
		signal(name, isGroup = false) {
			since = Date.now();
			try {
				process.kill(isGroup ? -(child.pid ?? 0) : (child.pid ?? 0), name);
			} catch (error) {
				// It has ended already: nothing to tell it.
				if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
			}
		},
	};
}

/** Process ids, except ended ones, whose environment has the variable with this value. Linux only. */
export function findProcesses(variable: string, value: string): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.filter((pid) => {
			try {
				// An ended process that was not collected yet has an empty environment.
				return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${variable}=${value}`);
			} catch {
				return false; // it ended meanwhile, or is somebody else's
			}
		})
		.map(Number);
}

/** Process ids whose command line has this text. Linux only. */
export function findByCommandLine(text: string): number[] {
	const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
	return pids.map(Number).filter((pid) => readCommandLine(pid).includes(text));
}

/** Arguments with spaces between. Empty for a process that has ended. Linux only. */
export function readCommandLine(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
	} catch {
		return '';
	}
}

// A test runner inside a test runner would take the outer one's settings for its own.
function withoutRunner(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(
		Object.entries(env).filter(([name]) => !/^(VITEST|TEST(?!_SLOWNESS$)|npm_|NODE_ENV$|NODE_OPTIONS$)/.test(name)),
	);
}
