// What a process has used and holds, as Linux counts it.
// Knows /proc; never knows whose process it is.
import { readdirSync, readFileSync } from 'node:fs';

/** How long the processor has worked for them so far, milliseconds: to the nanosecond, of all their threads. What has ended counts nothing. */
export function readCpu(pids: readonly (number | undefined)[]): number {
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

/** Resident memory of processes and of all that they have started, bytes. What has ended counts nothing. */
export function readTreeResident(pids: readonly (number | undefined)[]): number {
	const seen = new Set<number>();
	const visit = (pid: number): number => {
		if (seen.has(pid)) return 0;
		seen.add(pid);
		try {
			const children = list(`/proc/${pid}/task`).flatMap((thread) =>
				readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
			);
			return readResident(pid).rss + children.reduce((sum, child) => sum + visit(child), 0);
		} catch {
			return 0; // it ended between the two looks
		}
	};
	return pids.reduce<number>((sum, pid) => sum + (pid === undefined ? 0 : visit(pid)), 0);
}

/** Resident memory of a process and its highest so far, bytes. */
export function readResident(pid: number | undefined): { rss: number; peak: number } {
	const status = readFileSync(`/proc/${pid}/status`, 'latin1');
	const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
	return { rss: read('VmRSS'), peak: read('VmHWM') };
}
