// Relays that are started as a user starts them, in a copy of the repository, each with its own port and state.
// Knows commands, signals and what a relay may leave behind; never knows what is asked of it.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import { type Checkout, makeCheckout } from './checkout.ts';
import { findFreePort } from './ports.ts';
import {
	type Exit,
	findByCommandLine,
	findProcesses,
	type RunningCommand,
	readCommandLine,
	runCommand,
} from './process.ts';
import { patience } from './slowness.ts';

const MARK = 'LIVE_FEED_TEST';

/** Who starts the relay: Node, npm, or the command of the package. */
export type Starter = 'node' | 'npm' | 'command';

/** One test's relay. */
export class Launch {
	readonly checkout: Checkout;
	readonly stateDir: string;
	readonly port: number;
	readonly #mark = randomUUID();
	readonly #commands: RunningCommand[] = [];

	private constructor(checkout: Checkout, stateDir: string, port: number) {
		this.checkout = checkout;
		this.stateDir = stateDir;
		this.port = port;
	}

	static async prepare(checkout: Checkout): Promise<Launch> {
		return new Launch(checkout, await mkdtemp(path.join(tmpdir(), 'live-feed-start-')), await findFreePort());
	}

	/** Runs the relay from its source. */
	start(by: Starter, env: Record<string, string> = {}, options: string[] = []): RunningCommand {
		const settings = { PORT: String(this.port), LIVE_FEED_STATE: this.stateDir, [MARK]: this.#mark, ...env };
		const commands: Record<Starter, [string, string[]]> = {
			npm: ['npm', ['start', '--', ...options]],
			node: [process.execPath, ['--import', 'tsx', 'relay/run/start.ts', ...options]],
			command: [process.execPath, ['dist/cli.js', 'dev']],
		};
		const command = runCommand(...commands[by], settings, { cwd: this.checkout.root });
		this.#commands.push(command);
		return command;
	}

	/** Runs what is built already, which takes less time. */
	startBuilt(by: Starter = 'node', env: Record<string, string> = {}): RunningCommand {
		return this.start(by, env, ['--built']);
	}

	/** Resolves when a relay that is built already runs. */
	async run(env: Record<string, string> = {}): Promise<RunningCommand> {
		const command = this.startBuilt('node', env);
		await command.waitFor(/Running\b[\s\S]*Ctrl-C/);
		return command;
	}

	/** Starts what must not start: one problem with what to do, exit code 2, nothing left. Returns what was printed. */
	async expectRefusal(env: Record<string, string>, code = 2): Promise<string> {
		const exit = await this.startBuilt('node', env).exited;
		expect(exit.output.match(/✗/g), exit.output).toHaveLength(1);
		expect(exit.output).not.toMatch(/\n\s+at |node:internal|Running/);
		expect(exit).toMatchObject({ code, signal: null });
		await this.expectNothingLeft();
		return exit.output;
	}

	/** Sends a signal to the process or its group: it ends with 0 within 3 s, and nothing is left. */
	async expectEnd(command: RunningCommand, name: NodeJS.Signals, isGroup = false): Promise<void> {
		command.signal(name, isGroup);
		const exit: Exit = await command.exited;
		expect(exit, exit.output).toMatchObject({ code: 0, signal: null });
		expect(exit.afterMs).toBeLessThan(patience(3000));
		await this.expectNothingLeft();
	}

	async expectNothingLeft(timeoutMs = patience(2000)): Promise<void> {
		const isGone = await waitUntil(async () => this.findAll().length === 0 && !(await this.isListening()), timeoutMs);
		expect(isGone, `still there: ${this.findAll().map(readCommandLine).join(', ') || `port ${this.port}`}`).toBe(true);
	}

	/** The engine's own process. */
	findEngine(): number {
		const engine = this.findAll().find((pid) => /^\S*workerd\S* serve /.test(readCommandLine(pid)));
		if (engine === undefined) throw new Error('No engine is running.');
		return engine;
	}

	/** All processes that carry this test's mark, or name its folder. Linux only. */
	findAll(): number[] {
		if (process.platform !== 'linux') return [];
		return [...new Set([...findProcesses(MARK, this.#mark), ...findByCommandLine(this.stateDir)])];
	}

	isListening(host = '127.0.0.1'): Promise<boolean> {
		return new Promise((resolve) => {
			const socket = net.connect({ port: this.port, host }, () => {
				socket.destroy();
				resolve(true);
			});
			socket.once('error', () => resolve(false));
		});
	}

	/** Ends what still runs. */
	async close(): Promise<void> {
		for (const command of this.#commands) command.signal('SIGKILL', true);
		await this.expectNothingLeft(patience(3000));
		await rm(this.stateDir, { recursive: true, force: true, maxRetries: 5 });
	}
}

/** @throws Error where nothing is built yet */
export async function makeBuiltCheckout(): Promise<Checkout> {
	const checkout = await makeCheckout({ isBuilt: true });
	if (existsSync(path.join(checkout.root, 'dist', 'cli.js'))) return checkout;
	await checkout.remove();
	throw new Error('Nothing is built: npm run build');
}

export async function waitUntil(
	isTrue: () => boolean | Promise<boolean>,
	timeoutMs = patience(10_000),
): Promise<boolean> {
	const deadline = Date.now() + timeoutMs;
	while (!(await isTrue())) {
		if (Date.now() > deadline) return false;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	return true;
}
