// A server that is a program of Node's, in a process of its own.
// Knows that it says its port when it listens; never knows what it serves.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keepEnding } from '../ending.ts';
import type { Running } from './contender.ts';

/** `file`: beside this one. @throws Error where it ends before it listens */
export async function startProgram(file: string): Promise<Running> {
	const child = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ['--import', 'tsx'] });
	const stop = keepEnding(() => endChild(child));
	const port = await new Promise<number>((resolve, reject) => {
		child.once('message', (message) => resolve(Number(message)));
		child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it listened.`)));
	});
	return { port, findPids: () => (child.pid === undefined ? [] : [child.pid]), stop };
}

/** Resolves when it is gone. */
export async function endChild(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exited = once(child, 'exit');
	child.kill('SIGKILL'); // it keeps nothing that could be lost
	await exited;
}
