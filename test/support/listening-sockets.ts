// The TCP sockets of a process and of all that it started. Linux only.
// Knows /proc; never knows what a process is for.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';

export interface ListeningSocket {
	/** As Node writes it: 127.0.0.1, 0.0.0.0 or ::1. */
	address: string;
	port: number;
	pid: number;
}

/** The state of a listening socket in /proc/net/tcp. */
const LISTEN = '0A';

/** Returns the ids of a process and its descendants. */
export function listTree(root: number): number[] {
	const parents = new Map(listProcesses().map((pid) => [pid, readParent(pid)]));
	const tree = [root];
	for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
	return tree;
}

/** Returns the sockets that a process and its descendants listen on. A socket that two of them hold is listed once. */
export function listListeners(root: number): ListeningSocket[] {
	const found = new Map<string, ListeningSocket>();
	for (const pid of listTree(root))
		for (const { inode, state, local } of listSockets(pid))
			if (state === LISTEN && !found.has(inode)) found.set(inode, { ...parseAddress(local), pid });
	return [...found.values()];
}

/** Returns how many TCP sockets a process holds, listening or connected. */
export function countSockets(pid: number): number {
	return listSockets(pid).length;
}

function listSockets(pid: number): { inode: string; state: string; local: string }[] {
	const own = new Set(listInodes(pid));
	return ['tcp', 'tcp6'].flatMap((name) =>
		read(`/proc/${pid}/net/${name}`)
			.split('\n')
			.slice(1)
			.map((line) => line.trim().split(/\s+/))
			.map(([, local = '', , state = '', , , , , , inode = '']) => ({ inode, state, local }))
			.filter(({ inode }) => own.has(inode)),
	);
}

function listInodes(pid: number): string[] {
	try {
		return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
			const [, inode] = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`)) ?? [];
			return inode === undefined ? [] : [inode];
		});
	} catch {
		return []; // it ended meanwhile
	}
}

/** The system writes an address as words of 32 bits in the byte order of the machine. */
function parseAddress(text: string): { address: string; port: number } {
	const [address = '', port = ''] = text.split(':');
	const words = (address.match(/.{8}/g) ?? []).map((word) => {
		const bytes = Buffer.from(word, 'hex');
		return endianness() === 'LE' ? bytes.reverse() : bytes;
	});
	const bytes = Buffer.concat(words);
	const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
	const long = bytes.length === 4 ? bytes.join('.') : new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
	return { address: long, port: Number.parseInt(port, 16) };
}

function listProcesses(): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map(Number);
}

function readParent(pid: number): number | undefined {
	const stat = read(`/proc/${pid}/stat`);
	const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold anything
	return parent === undefined ? undefined : Number(parent);
}

function read(file: string): string {
	try {
		return readFileSync(file, 'latin1');
	} catch {
		return ''; // it ended meanwhile, or this machine has no IPv6
	}
}

function readLink(file: string): string {
	try {
		return readlinkSync(file);
	} catch {
		return ''; // it was closed meanwhile
	}
}
