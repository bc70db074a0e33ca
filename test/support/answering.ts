// A small HTTP server that answers as it is told, and remembers what it was asked.
// Knows requests and answers; never knows who asks.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
	path: string;
	authorization: string | undefined;
	/** The body as JSON, where it is JSON. */
	body: unknown;
}

export interface Said {
	status: number;
	headers?: Record<string, string>;
	/** JSON unless it is a string. */
	body?: unknown;
}

export interface AnsweringServer {
	/** Without a slash at the end. */
	readonly url: string;
	/** Oldest first. */
	readonly asked: Asked[];
	/** Resolves once it was asked so often. */
	waitFor(requests: number): Promise<void>;
	stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. An answer of `undefined` never comes. */
export async function startAnswering(
	answer: (asked: Asked, n: number) => Said | undefined | Promise<Said | undefined>,
	port = 0,
): Promise<AnsweringServer> {
	const asked: Asked[] = [];
	let watchers: (() => void)[] = [];
	const server: Server = createServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk);
		const text = Buffer.concat(chunks).toString();
		const one: Asked = {
			path: request.url ?? '',
			authorization: request.headers.authorization,
			body: text === '' ? undefined : JSON.parse(text),
		};
		asked.push(one);
		for (const watch of watchers) watch();
		const said = await answer(one, asked.length);
		if (said === undefined) return;
		const body = typeof said.body === 'string' ? said.body : JSON.stringify(said.body ?? {});
		response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers }).end(body);
	});
	await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
		asked,
		waitFor: (requests) =>
			new Promise((resolve) => {
				const watch = () => {
					if (asked.length < requests) return;
					watchers = watchers.filter((other) => other !== watch);
					resolve();
				};
				watchers.push(watch);
				watch();
			}),
		stop: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
