// The folder in which one relay keeps its channels: taken by one relay at a time, in a layout of a known version.
// Knows the notes that say who has it and how it is laid out; never knows what channels store.
import { mkdirSync, readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './engine-process.ts';

/** The layout of the folder: objects of SQLite below `party`. */
export const STATE_VERSION = 1;
/** How often an owner touches its note, and how long a stranger's note is watched for that, ms. */
const HEARTBEAT_MS = 2000;
const WATCH_MS = 5000;
const LOOK_MS = 100;
/** A stranger's note that is older is not watched, ms. */
const STALE_MS = 3_600_000;

/** The folder cannot be used. The message says why, the advice what to do. */
export class StateError extends Error {
	override readonly name = 'StateError';
	readonly reason: 'in-use' | 'newer' | 'unwritable';

	constructor(reason: StateError['reason'], message: string) {
		super(message);
		this.reason = reason;
	}
}

export interface Owner {
	pid: number;
	/** When its process began, in ticks since the system did (proc_pid_stat(5)). Empty where the system does not say. */
	start: string;
	/** The machine or container in which its process id means something. */
	place: string;
}

/** The folder as this process holds it. */
export interface HeldState {
	/** Gives it back. */
	release(): void;
	/** Resolves where another process has taken it all the same. */
	readonly lost: Promise<void>;
}

/**
 * Takes the folder for this process: two engines on one folder would give the same `seq` twice.
 * @throws StateError
 */
export async function takeState(stateDir: string): Promise<HeldState> {
	const note = findNote(stateDir);
	const text = `${process.pid} ${readStart(process.pid)} ${findPlace()}\n`;
	const former = readNote(note);
	await refuseInUse(stateDir);
	try {
		mkdirSync(stateDir, { recursive: true });
		checkVersion(stateDir);
		// Of two that start at once on the same folder, one finds the other's note.
		if (former !== undefined && readNote(note) === former) rmSync(note);
		writeFileSync(note, text, { flag: 'wx' });
	} catch (error) {
		if (error instanceof StateError) throw error;
		if ((error as NodeJS.ErrnoException).code === 'EEXIST' && readNote(note) !== undefined) await refuseInUse(stateDir);
		throw new StateError('unwritable', `The folder cannot be written: ${describe(error)}.`);
	}
	let tellLost = () => {};
	const lost = new Promise<void>((resolve) => {
		tellLost = resolve;
	});
	const timer = setInterval(() => {
		if (readNote(note) === text) touch(note);
		else tellLost();
	}, HEARTBEAT_MS);
	timer.unref();
	return {
		lost,
		release() {
			clearInterval(timer);
			if (readNote(note) === text) rmSync(note, { force: true });
		},
	};
}

/** @throws StateError `in-use` */
async function refuseInUse(stateDir: string): Promise<void> {
	const owner = readOwner(stateDir);
	if (!owner || !(await isInUse(stateDir, owner))) return;
	const where = owner.place === findPlace() ? '' : ` of another machine or container (${owner.place.split('/')[0]})`;
	throw new StateError('in-use', `A relay (process ${owner.pid}${where}) already keeps its channels in this folder.`);
}

/** Returns the process that took the folder last and has not given it back. It may be gone all the same. */
export function readOwner(stateDir: string): Owner | undefined {
	const [pid = '', start = '', place = findPlace()] = (readNote(findNote(stateDir)) ?? '').trim().split(' ');
	return Number(pid) > 0 ? { pid: Number(pid), start, place } : undefined;
}

/** A process id says something in its own place alone. Elsewhere the owner shows by its heartbeat that it lives. */
export async function isInUse(stateDir: string, { pid, start, place }: Owner): Promise<boolean> {
	if (place === findPlace() && pid !== process.pid) {
		// After a power loss the number may be another process's.
		return isAlive(pid) && (start === '' || readStart(pid) === start);
	}
	const note = findNote(stateDir);
	const before = readTouched(note);
	if (before === undefined || Date.now() - before > STALE_MS) return false;
	for (const deadline = Date.now() + WATCH_MS; Date.now() < deadline; ) {
		await delay(LOOK_MS);
		const now = readTouched(note);
		if (now !== before) return now !== undefined;
	}
	return false;
}

/** @throws StateError `newer` */
function checkVersion(stateDir: string): void {
	const file = path.join(stateDir, 'version');
	const text = readNote(file)?.trim();
	if (text && !(Number(text) <= STATE_VERSION)) {
		const known = `layout ${text.slice(0, 20)}, this one knows ${STATE_VERSION}`;
		throw new StateError('newer', `A newer live-feed stored these channels (${known}).`);
	}
	if (text !== String(STATE_VERSION)) writeFileSync(file, `${STATE_VERSION}\n`);
}

function findNote(stateDir: string): string {
	return path.join(stateDir, 'in-use-by');
}

function readNote(file: string): string | undefined {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return undefined; // nobody wrote it
	}
}

function readTouched(file: string): number | undefined {
	try {
		return statSync(file).mtimeMs;
	} catch {
		return undefined; // it was given back
	}
}

function touch(file: string): void {
	try {
		const now = new Date();
		utimesSync(file, now, now);
	} catch {
		// It was removed between two looks, and the next look says so.
	}
}

/** The machine or container: its name, and where the system has them its namespace of process ids (pid_namespaces(7)). */
function findPlace(): string {
	let namespace = '';
	try {
		namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
	} catch {
		// Only Linux has them.
	}
	return `${hostname().replace(/\s/g, '-')}/${namespace}`;
}

function readStart(pid: number): string {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
	} catch {
		return '';
	}
}

/** Returns what the file system says, such as "no space left on device (ENOSPC)". */
export function describe(error: unknown): string {
	const { code, message } = error as NodeJS.ErrnoException; // of the file system: `ENOENT: no such file or directory, open '…'`
	const reason = /^\w+: ([^,]+)/.exec(message)?.[1] ?? message;
	return code ? `${reason} (${code})` : reason;
}
