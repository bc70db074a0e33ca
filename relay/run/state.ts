// The folder in which one relay keeps its channels, taken by one relay at a time.
// Knows the note that says who has it; never knows what is stored there.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { isAlive } from './engine.ts';

/**
 * Takes the folder for this process; two engines on one folder would give the same `seq` twice. Answers the function
 * that gives it back, or the process id of whoever has it.
 */
export function takeState(stateDir: string): (() => void) | number {
	const owner = readOwner(stateDir);
	if (owner !== undefined && owner !== process.pid && isAlive(owner)) return owner;
	mkdirSync(stateDir, { recursive: true });
	const note = findNote(stateDir);
	writeFileSync(note, `${process.pid} ${readStart(process.pid)}\n`);
	return () => {
		if (readOwner(stateDir) === process.pid) rmSync(note, { force: true });
	};
}

function findNote(stateDir: string): string {
	return path.join(stateDir, 'in-use-by');
}

/** The process id of who took it last, if he has not given it back; he may be gone all the same. */
export function readOwner(stateDir: string): number | undefined {
	try {
		const [pid = '', start = ''] = readFileSync(findNote(stateDir), 'utf8').trim().split(' ');
		// After a power loss the number may be another process's.
		const isOther = start !== '' && readStart(Number(pid)) !== start;
		return isOther ? undefined : Number(pid) || undefined;
	} catch {
		return undefined; // nobody has it
	}
}

/** When a process began, in ticks since the system did (proc_pid_stat(5)); empty where the system does not say. */
function readStart(pid: number): string {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
	} catch {
		return '';
	}
}
