// A disk that fills up, without the rights of root: a folder in memory where the system has one, a reserve just below what is
// free, and a file that takes the rest.
// Knows file systems; never knows who stores what.
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const IN_MEMORY = '/dev/shm';
const MB = 1024 * 1024;
/** So much may be written before the disk counts as full, bytes: more than others write meanwhile. */
const MOST_ROOM = 96 * MB;
const STEP = 8 * MB;

export class TestDisk {
	readonly folder: string;
	/** For `LIVE_FEED_DISK_RESERVE`, bytes. */
	readonly reserve: number;
	readonly #ballast: string;
	readonly #most: number;

	private constructor(folder: string, free: number) {
		const room = Math.min(free / 4, MOST_ROOM);
		this.folder = folder;
		this.reserve = Math.floor(free - room);
		this.#ballast = path.join(folder, 'ballast');
		this.#most = 8 * room;
	}

	static async open(): Promise<TestDisk> {
		const folder = await mkdtemp(path.join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), 'live-feed-disk-'));
		const { bavail, bsize } = await statfs(folder);
		return new TestDisk(folder, bavail * bsize);
	}

	/** Writes until somebody finds the disk full. @throws Error where nobody does, however much is written */
	async fill(isFull: () => Promise<boolean>): Promise<void> {
		const file = await open(this.#ballast, 'w');
		try {
			const bytes = Buffer.alloc(STEP, 1);
			for (let written = 0; !(await isFull()); ) {
				const { bavail, bsize } = await statfs(this.folder);
				if (bavail * bsize < this.reserve) {
					await new Promise((resolve) => setTimeout(resolve, 20)); // it is looked at now and then
					continue;
				}
				if (written > this.#most) throw new Error(`${written} bytes did not fill the disk of ${this.folder}`);
				await file.write(bytes);
				written += STEP;
			}
		} finally {
			await file.close();
		}
	}

	/** Makes room again. */
	async release(): Promise<void> {
		await rm(this.#ballast, { force: true });
	}

	async remove(): Promise<void> {
		await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
	}
}
