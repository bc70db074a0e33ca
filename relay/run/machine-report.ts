// Tells the relay what it cannot see itself: the memory of its processes, and the room on its disk.
// Knows /proc and file systems; never knows an engine, nor what the relay makes of it.
import { readdirSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import process from 'node:process';
import type { MachineReadings } from '../storage-state.ts';
import { type Listener, tell } from './engine-process.ts';

/** How often the disk is looked at, ms. What is published in between must fit into the reserve. */
const LOOK_MS = 250;
/** How often the relay is told where nothing has changed, ms. */
const TELL_MS = 10_000;
/** What stays free unless `LIVE_FEED_DISK_RESERVE` says so: this, or a part of a small disk; bytes. */
const RESERVE_BYTES = 16 * 1024 * 1024;
const SMALL_DISK_SHARE = 0.1;
/** A full disk counts as such until this much more than the reserve is free, bytes: it must not change at every look. */
const ROOM_BYTES = 4 * 1024 * 1024;

export interface Observed {
	/** Returns the engine's process. Undefined while it does not answer yet, or is stopping. */
	findPid: () => number | undefined;
	/** The folder whose disk is looked at. */
	stateDir: string;
	/** The value of `LIVE_FEED_DISK_RESERVE`. */
	reserve: string | undefined;
}

/** Tells the relay at once, at each change of the disk and at intervals. Returns the function that ends it. */
export function reportMachine(listener: Listener, observed: Observed): () => void {
	let isFull: boolean | undefined;
	let toldAt = 0;
	let isLooking = false;
	const look = async () => {
		const pid = observed.findPid();
		if (pid === undefined || isLooking) return;
		isLooking = true;
		try {
			const disk = await readDisk(observed, isFull ?? false);
			if (disk.isDiskFull === isFull && Date.now() - toldAt < TELL_MS) return;
			const memory = { memoryBytes: readMemory(pid), treeMemoryBytes: readTreeMemory(process.pid) };
			if (!(await tell(listener, 'machine', JSON.stringify({ ...memory, ...disk })))) return; // at the next look
			isFull = disk.isDiskFull;
			toldAt = Date.now();
		} finally {
			isLooking = false;
		}
	};
	const timer = setInterval(() => void look(), LOOK_MS);
	timer.unref();
	return () => clearInterval(timer);
}

async function readDisk(
	{ stateDir, reserve }: Observed,
	wasFull: boolean,
): Promise<Pick<MachineReadings, 'diskFreeBytes' | 'isDiskFull'>> {
	try {
		const { bavail, blocks, bsize } = await statfs(stateDir);
		const free = bavail * bsize;
		const kept = reserve ? Number(reserve) : Math.min(RESERVE_BYTES, blocks * bsize * SMALL_DISK_SHARE);
		return { diskFreeBytes: free, isDiskFull: free < (wasFull ? kept + Math.min(ROOM_BYTES, kept / 4) : kept) };
	} catch {
		return { isDiskFull: false }; // the folder is gone, or the system does not tell
	}
}

/** Resident memory of a process and of all that it has started, bytes. Undefined where the system does not show it in /proc. */
export function readTreeMemory(root: number): number | undefined {
	const children = readChildren();
	const seen = new Set<number>();
	let sum = 0;
	for (const queue = [root]; queue.length > 0; ) {
		const pid = queue.pop() as number; // it has one
		if (seen.has(pid)) continue;
		seen.add(pid);
		sum += readMemory(pid) ?? 0; // it may have ended meanwhile
		queue.push(...(children.get(pid) ?? []));
	}
	return sum || undefined;
}

/** All processes that can be seen, by the one that has started them. */
function readChildren(): Map<number, number[]> {
	const children = new Map<number, number[]>();
	for (const pid of listProcesses()) {
		try {
			const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
			const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
			children.set(parent, [...(children.get(parent) ?? []), pid]);
		} catch {
			// It ended between the two looks.
		}
	}
	return children;
}

function listProcesses(): number[] {
	try {
		return readdirSync('/proc')
			.filter((name) => /^\d+$/.test(name))
			.map(Number);
	} catch {
		return []; // this is no Linux
	}
}

/** Resident memory, bytes. Undefined where the system does not show it in /proc. */
function readMemory(pid: number): number | undefined {
	try {
		return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024 || undefined;
	} catch {
		return undefined; // it has ended, or this is no Linux
	}
}
