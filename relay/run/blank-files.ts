// Databases in the state folder that hold no table: the engine makes one for each name that it is asked for.
// Knows how the engine names the files of an object; never knows what is stored in them.
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { BLANK_BYTES } from '../reclaimer.ts';
import { OBJECTS_FOLDER, UNIQUE_KEY } from './workerd-config.ts';

const DATABASE = /^([0-9a-f]{64})\.sqlite$/;

/** Removes them. No engine may be running on the folder. A file that cannot be removed stays. Returns how many there were. */
export function removeBlankFiles(stateDir: string): number {
	const folder = path.join(stateDir, OBJECTS_FOLDER, UNIQUE_KEY);
	const files = new Set(list(folder));
	return [...files].filter((file) => isBlank(folder, file, files) && remove(path.join(folder, file))).length;
}

function isBlank(folder: string, file: string, files: ReadonlySet<string>): boolean {
	const id = DATABASE.exec(file)?.[1];
	// Marked: something was stored in it, which the relay will say is lost.
	if (id === undefined || files.has(`${id}.mark`)) return false;
	const sizeOf = (name: string) => (files.has(name) ? statSync(path.join(folder, name)).size : 0);
	// What an engine that was killed wrote last is in the journal.
	return sizeOf(file) <= BLANK_BYTES && sizeOf(`${file}-wal`) === 0;
}

function remove(file: string): boolean {
	try {
		for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true });
		return true;
	} catch {
		return false; // the engine will say what is wrong with the folder
	}
}

function list(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return []; // this is the first start
	}
}
