// One after the other, whichever process asks: for what must not happen twice at the same moment.
// Knows a file and who has it; never knows what is done in a turn.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../relay/run/engine-process.ts';

/** Runs it when nobody else has the turn of this name on this machine. */
export async function inTurn<T>(name: string, run: () => Promise<T>): Promise<T> {
	const file = path.join(tmpdir(), `live-feed-${name}.turn`);
	while (!take(file)) await delay(20);
	try {
		return await run();
	} finally {
		rmSync(file, { force: true });
	}
}

function take(file: string): boolean {
	try {
		writeFileSync(file, String(process.pid), { flag: 'wx' });
		return true;
	} catch {
		// Whoever was killed in his turn gives it back by being gone; one who is just writing his name has it.
		const owner = read(file);
		if (owner !== 0 && !isAlive(owner)) rmSync(file, { force: true });
		return false;
	}
}

function read(file: string): number {
	try {
		return Number(readFileSync(file, 'utf8'));
	} catch {
		return 0; // given back between the two looks
	}
}
