// A front before a relay, as a proxy is one: it loses answers that the relay has given, or gives answers of its own.
// Knows requests and their fates; never knows what is in them.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `lose` cuts the connection once the relay has answered, `swallow` keeps it and says nothing; a status is answered in the relay's place. */
export type Fate = 'pass' | 'lose' | 'swallow' | { status: number; retryAfter?: number };

export interface Front {
	/** Without a slash at the end. */
	readonly url: string;
	/** Oldest first; `at` by `performance.now()`. */
	readonly asked: { at: number; headers: IncomingHttpHeaders }[];
	stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. The first request has the first fate; those after the last one have the last. */
export async function startFront(relay: string, fates: readonly Fate[]): Promise<Front> {
	const asked: Front['asked'] = [];
	const server: Server = createServer(async (request, response) => {
		const { method = 'GET', url = '/', headers } = request;
		const fate = fates[Math.min(asked.push({ at: performance.now(), headers }), fates.length) - 1] ?? 'pass';
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk);
		if (typeof fate === 'object') {
			const own = fate.retryAfter === undefined ? {} : { 'retry-after': String(fate.retryAfter) };
			response.writeHead(fate.status, { 'content-type': 'text/html', ...own }).end('<h1>not now</h1>\n');
			return;
		}
		const { host: _host, connection: _connection, 'content-length': _length, ...rest } = headers;
		const passed = { method, headers: rest as Record<string, string>, body: new Uint8Array(Buffer.concat(chunks)) };
		const answer = await fetch(relay + url, passed);
		const body = Buffer.from(await answer.arrayBuffer());
		if (fate === 'lose') request.socket.destroy();
		else if (fate === 'pass') response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
		asked,
		stop: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
