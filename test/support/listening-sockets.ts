// The TCP sockets on which a process and all its descendants listen. Linux only.
// Knows /proc; never knows what a process is for.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The state of a socket that listens, in /proc/net/tcp (proc_pid_net(5)). */
const LISTEN = '0A';

export interface ListeningSocket {
	/** As it is written, such as `127.0.0.1` or `::1`. */
	address: string;
	port: number;
	pid: number;
}

/** Returns one entry for each socket and process. */
export function listListeners(rootPid: number): ListeningSocket[] {
	const sockets = new Map(['tcp', 'tcp6'].flatMap((family) => readSockets(`/proc/net/${family}`)));
	return listTree(rootPid).flatMap((pid) =>
		readInodes(pid).flatMap((inode) => {
			const socket = sockets.get(inode);
			return socket ? [{ ...socket, pid }] : [];
		}),
	);
}

/** Returns a process and all its descendants. One whose parent has ended is not among them. */
export function listTree(rootPid: number): number[] {
	const children = new Map<number, number[]>();
	for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
		const stat = read(`/proc/${name}/stat`);
		const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
		children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
	}
	const tree = [rootPid];
	for (const pid of tree) tree.push(...(children.get(pid) ?? []));
	return tree;
}

function readSockets(file: string): [string, Omit<ListeningSocket, 'pid'>][] {
	const rows = read(file).trim().split('\n').slice(1);
	return rows.flatMap((row): [string, Omit<ListeningSocket, 'pid'>][] => {
		const cells = row.trim().split(/\s+/);
		const [address = '', port = ''] = cells[1]?.split(':') ?? [];
		if (cells[3] !== LISTEN) return [];
		return [[cells[9] ?? '', { address: formatAddress(address), port: Number.parseInt(port, 16) }]];
	});
}

function readInodes(pid: number): string[] {
	try {
		return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
			try {
				return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
			} catch {
				return []; // it was closed meanwhile
			}
		});
	} catch {
		return []; // the process has ended
	}
}

/** Words of 32 bits in the order of this machine, which is little-endian. */
function formatAddress(hex: string): string {
	const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
	if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
	const groups = bytes.join('').match(/.{4}/g) ?? [];
	const { hostname } = new URL(`http://[${groups.join(':')}]`);
	return hostname.slice(1, -1);
}

function read(file: string): string {
	try {
		return readFileSync(file, 'latin1');
	} catch {
		return ''; // it is gone
	}
}
