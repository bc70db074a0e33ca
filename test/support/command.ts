// The command `live-feed` as it is typed: built, with its streams apart.
// Knows processes and pipes; never knows a verb.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { ROOT } from './sources.ts';
import { look, report } from './spill.ts';

export interface Ran {
	code: number | null;
	/** Standard output. */
	output: string;
	/** Standard error. */
	errors: string;
}

export interface CommandOptions {
	/** The whole of its environment, but PATH. */
	env?: Record<string, string> | undefined;
	/** Standard input, which ends with it; undefined leaves it open. */
	input?: string | undefined;
	/** From what is built of it, unless false. */
	isBuilt?: boolean | undefined;
	/** A token on standard output is what it was asked for. */
	isToken?: boolean | undefined;
	cwd?: string | undefined;
}

export interface RunningVerb extends Ran {
	readonly child: ChildProcessWithoutNullStreams;
	/** Whole lines of standard output so far. */
	readonly lines: string[];
	readonly exited: Promise<Ran>;
}

/** Starts it. Its input is left open unless given. */
export function startVerb(args: readonly string[], options: CommandOptions = {}): RunningVerb {
	const { env = {}, input, isBuilt = true, isToken = false, cwd = ROOT } = options;
	const file = isBuilt ? [`${ROOT}/dist/cli.js`] : ['--import', 'tsx', `${ROOT}/relay/cli/main.ts`];
	const child = spawn(process.execPath, [...file, ...args], { cwd, env: { PATH: process.env.PATH ?? '', ...env } });
	const ran: Ran = { code: null, output: '', errors: '' };
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		ran.output += chunk;
	});
	child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
		ran.errors += chunk;
	});
	child.stdin.on('error', () => {}); // a command that needs no input does not read it
	if (input !== undefined) child.stdin.end(input);
	const exited = new Promise<Ran>((resolve, reject) => {
		child.once('close', (code) => {
			ran.code = code;
			if (!isToken) look('log lines', ran.output);
			look('log lines', ran.errors);
			try {
				report();
				resolve({ ...ran });
			} catch (error) {
				reject(error);
			}
		});
	});
	return {
		child,
		exited,
		get code() {
			return ran.code;
		},
		get output() {
			return ran.output;
		},
		get errors() {
			return ran.errors;
		},
		get lines() {
			return ran.output.split('\n').slice(0, -1);
		},
	};
}

/** Runs it to its end, with an input that has ended. */
export function runVerb(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
	return startVerb(args, { input: '', ...options }).exited;
}
