// The file in which an engine keeps a channel, and what can happen to it.
// Knows how Durable Objects are named, and SQLite's files; never knows what is stored.
import { createHash, createHmac } from 'node:crypto';
import { open, rm, stat, truncate } from 'node:fs/promises';
import path from 'node:path';

const UNIQUE_KEY = '-PartyKitDurable';
const PAGE = 4096;

export const DAMAGES = ['cut', 'flipped', 'emptied', 'removed'] as const;
export type Damage = (typeof DAMAGES)[number];

/** Returns the file of a channel, as workerd derives an object's id from its name. */
export function findFile(stateDir: string, channel: string): string {
	const key = createHash('sha256').update(UNIQUE_KEY).digest();
	const hmac = (data: string | Buffer) => createHmac('sha256', key).update(data).digest().subarray(0, 16);
	const name = hmac(channel);
	const id = Buffer.concat([name, hmac(name)]).toString('hex');
	return path.join(stateDir, 'party', UNIQUE_KEY, `${id}.sqlite`);
}

/** Damages the file of an engine that was stopped, or of one that runs. */
export async function damage(file: string, how: Damage): Promise<void> {
	if (how === 'removed') return rm(file);
	if (how === 'emptied') return truncate(file, 0);
	const { size } = await stat(file);
	if (how === 'cut') return truncate(file, Math.floor(size / 2));
	const handle = await open(file, 'r+');
	try {
		// Behind the first page, which says that it is a database: there it is cut.
		for (let at = PAGE + 200; at < size; at += 61) await handle.write(Buffer.from([at % 32]), 0, 1, at);
	} finally {
		await handle.close();
	}
}
