// Addresses of this machine: whether a relay can listen on one, and how it is asked there.
// Knows sockets and the form of addresses; never knows what listens.
import { lookup } from 'node:dns/promises';
import http from 'node:http';
import net from 'node:net';

/** How long an unknown listener may take to accept, ms. */
const CONNECT_TIMEOUT_MS = 1000;

/** Returns the address of a name, IPv4 where it has both, or undefined where it has none. An address is returned as it is. */
export async function resolveHost(host: string): Promise<string | undefined> {
	if (net.isIP(host) !== 0) return host;
	try {
		const [first] = await lookup(host, { all: true, verbatim: false });
		return first?.address;
	} catch {
		return undefined; // no such name
	}
}

/** True for an address or a name that nothing but this machine reaches. */
export function isLoopback(host: string): boolean {
	return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Returns `http://…` by which this machine reaches a relay that listens on `host`. */
export function formatBase(host: string, port: number): string {
	const isEverywhere = ['127.0.0.1', '0.0.0.0', '::'].includes(host);
	return `http://${isEverywhere ? 'localhost' : bracket(host)}:${port}`;
}

/** Returns the address that reaches a listener on `host` from this machine. */
export function reachable(host: string): string {
	if (host === '0.0.0.0') return '127.0.0.1';
	return host === '::' ? '::1' : host;
}

/** Returns `host` as it stands in an address: IPv6 in brackets (RFC 3986, 3.2.2). */
export function bracket(host: string): string {
	return host.includes(':') ? `[${host}]` : host;
}

/** Returns why nothing can listen there, or undefined where something can. */
export async function checkAddress(
	port: number,
	host = '127.0.0.1',
): Promise<'port-busy' | 'no-host' | 'forbidden' | undefined> {
	const problem = await tryListen(port, host);
	if (problem) return problem;
	// Another process may listen on all interfaces, beside which some systems let this one be bound.
	for (const place of new Set([reachable(host), '127.0.0.1'])) if (await accepts(port, place)) return 'port-busy';
	return undefined;
}

function tryListen(port: number, host: string): Promise<'port-busy' | 'no-host' | 'forbidden' | undefined> {
	return new Promise((resolve) => {
		const server = net.createServer();
		server.once('error', ({ code }: NodeJS.ErrnoException) => {
			if (code === 'EADDRINUSE') resolve('port-busy');
			else resolve(code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'no-host');
		});
		server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
	});
}

function accepts(port: number, host: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = net.connect({ port, host, timeout: CONNECT_TIMEOUT_MS });
		const settle = (isTaken: boolean) => {
			socket.destroy();
			resolve(isTaken);
		};
		socket.once('connect', () => settle(true));
		socket.once('error', () => settle(false));
		socket.once('timeout', () => settle(false));
	});
}

export interface Question {
	port: number;
	host: string;
	path: string;
	method?: 'GET' | 'POST';
	headers?: Record<string, string>;
	body?: string;
	timeoutMs: number;
}

/** Asks a relay of this machine by the name that every relay answers to. Returns the status, or undefined without an answer in time. */
export function askRelay({
	port,
	host,
	path,
	method = 'GET',
	headers = {},
	body,
	timeoutMs,
}: Question): Promise<number | undefined> {
	return new Promise((resolve) => {
		const request = http.request(
			{
				...{ host: reachable(host), port, path, method, agent: false },
				headers: { ...headers, host: `localhost:${port}`, connection: 'close' },
				signal: AbortSignal.timeout(timeoutMs),
			},
			(response) => {
				response.resume();
				response.once('end', () => resolve(response.statusCode));
				response.once('error', () => resolve(undefined));
			},
		);
		request.once('error', () => resolve(undefined));
		request.end(body);
	});
}
