// What every engine's process has in common: its output, its first answer, its last words, its end.
// Knows process ids and the relay's control addresses; never knows which engine it is.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { askRelay } from './port.ts';

const KEPT_LINES = 60;
/** How long the relay may take to hear something, ms: a stop waits for it to say goodbye. */
const GO_AWAY_MS = 250;
/** How long a process may take to end after SIGTERM, ms. */
const END_MS = 1000;
const HEALTH_MS = 1000;

/** Where a relay listens, and the secret by which its starter may tell it something. */
export interface Listener {
	port: number;
	host: string;
	secret: string;
}

export function createSecret(): string {
	return randomBytes(24).toString('hex');
}

/** Collects the newest lines of an engine, without colours, and passes each on. */
export class Output {
	readonly #lines: string[] = [];
	readonly #onLine: (line: string) => void;
	readonly #translate: (line: string) => string;

	/** @param translate Returns what to keep of a line. An empty line is dropped. Default: all of it. */
	constructor(onLine: (line: string) => void, translate = (line: string) => line) {
		this.#onLine = onLine;
		this.#translate = translate;
	}

	/** Reads what a process prints. */
	follow(child: ChildProcess): void {
		for (const stream of [child.stdout, child.stderr]) readLines(stream, (line) => this.add(line));
		child.once('error', (error) => this.add(String(error)));
	}

	add(line: string): void {
		const text = this.#translate(stripVTControlCharacters(line).trimEnd());
		if (text === '') return;
		this.#lines.push(text);
		if (this.#lines.length > KEPT_LINES) this.#lines.shift();
		this.#onLine(text);
	}

	get text(): string {
		return this.#lines.join('\n');
	}
}

export async function isHealthy({ port, host }: Listener): Promise<boolean> {
	return (await askRelay({ port, host, path: '/health', timeoutMs: HEALTH_MS })) === 200;
}

/** Tells the relay that it stops, so that it can tell its clients. A relay that hangs or is dead delays nothing. */
export async function sayGoAway(listener: Listener): Promise<void> {
	await tell(listener, 'goaway');
}

/** Returns whether the relay has heard it. */
export async function tell(
	{ port, host, secret }: Listener,
	what: 'goaway' | 'machine',
	body?: string,
): Promise<boolean> {
	const status = await askRelay({
		...{ port, host, path: `/control/${what}`, method: 'POST', timeoutMs: GO_AWAY_MS },
		headers: { authorization: `Bearer ${secret}` },
		...(body === undefined ? {} : { body }),
	});
	return status === 200;
}

/** True while a process runs. One that has ended and was not collected yet does not run. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch (error) {
		// EPERM: it is there, and belongs to another user.
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

/** Returns how a process ended, in words. */
export function nameExit({ code, signal }: { code: number | null; signal: string | null }): string {
	return signal ?? `exit code ${code}`;
}

/** Ends a child by SIGTERM, and by SIGKILL where that takes too long. */
export async function endChild(child: ChildProcess, end: (signal: NodeJS.Signals) => void): Promise<void> {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	end('SIGTERM');
	const inTime = await Promise.race([ended.then(() => true), delay(END_MS, false)]);
	if (inTime) return;
	end('SIGKILL');
	await ended;
}

/** Kills processes, and resolves when they are gone. */
export async function killAll(pids: Set<number>): Promise<void> {
	for (const pid of pids) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// It is gone already, which is what was wanted.
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
