// A copy of this repository that may be built and saved into while other tests look at what is built here.
// Knows what belongs to a repository; never knows what is done in it.
import { cp, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from './sources.ts';

/** What is made here and not written; packages are shared. */
const MADE = ['.git', '.partykit', 'dist', 'node_modules'];

export interface Checkout {
	/** The directory that holds package.json, without a slash at the end. */
	readonly root: string;
	remove(): Promise<void>;
}

/** `isBuilt`: with what is built, as it is now. */
export async function makeCheckout({ isBuilt = false } = {}): Promise<Checkout> {
	const root = await realpath(await mkdtemp(path.join(tmpdir(), 'live-feed-checkout-')));
	const left = MADE.filter((name) => !(isBuilt && name === 'dist')).map((name) => path.join(ROOT, name));
	// A compiler that watches does not go by the time of a file that is only seconds old.
	await cp(ROOT, root, { recursive: true, preserveTimestamps: true, filter: (from) => !left.includes(from) });
	await symlink(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
	return { root, remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }) };
}
