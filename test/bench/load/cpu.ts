// The processor's time that processes have used so far (Linux).
// Knows /proc; never knows whose processes they are.
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds, of all their threads. What has ended counts nothing. */
export function readCpu(pids: readonly number[]): number {
	let nanoseconds = 0;
	for (const pid of pids) {
		for (const thread of list(`/proc/${pid}/task`)) {
			try {
				nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
			} catch {
				// The thread ended between the two looks.
			}
		}
	}
	return nanoseconds / 1e6;
}

function list(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}
