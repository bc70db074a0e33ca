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
	writeFileSync(note, `${process.pid}\n`);
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
		return Number(readFileSync(findNote(stateDir), 'utf8')) || undefined;
	} catch {
		return undefined; // nobody has it
	}
}
