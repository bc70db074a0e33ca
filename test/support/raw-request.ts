// Requests with whatever Host and Origin a browser would never send, or would if a name led elsewhere.
// Knows bytes on a connection; never knows what is expected of them.
import http from 'node:http';
import { WebSocket } from 'ws';

export interface RawAnswer {
	/** 0 where the connection was cut without one. */
	status: number;
	headers: http.IncomingHttpHeaders;
	text: string;
}

/** Bytes as they go out: a header's characters are its bytes. */
const toBytes = (text: string): string => Buffer.from(text).toString('latin1');

function encode(headers: Record<string, string>): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, toBytes(value)]));
}

/** One request on a connection of its own; several values of a header are lines of their own. */
export function requestRaw(
	url: string,
	headers: Record<string, string>,
	{ method = 'GET', body = '' }: { method?: string; body?: string } = {},
): Promise<RawAnswer> {
	return new Promise((resolve, reject) => {
		const options = { method, headers: encode(headers), setHost: !('host' in headers), agent: false };
		const request = http.request(url, options, async (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (chunk: string) => {
				text += chunk;
			});
			response.on('close', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
			response.on('error', () => {});
		});
		request.on('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'ECONNRESET' || error.code?.startsWith('HPE')) resolve({ status: 0, headers: {}, text: '' });
			else reject(error);
		});
		request.end(body);
	});
}

/** What a socket is told that says hello and publishes at once, and how it ends: an HTTP status, or a close code. */
export function talkRaw(
	url: string,
	headers: Record<string, string>,
	hello: object = {},
): Promise<{ messages: { type: string; code?: string }[]; end: number }> {
	return new Promise((resolve) => {
		const messages: { type: string; code?: string }[] = [];
		const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: encode(headers) });
		const finish = (end: number) => {
			socket.terminate();
			resolve({ messages, end });
		};
		socket.on('open', () => {
			socket.send(JSON.stringify({ type: 'hello', protocol: 1, ...hello }));
			socket.send(JSON.stringify({ type: 'publish', ref: 1, draft: { text: 'from a look-alike' } }));
			socket.send('{"type":"ping"}');
		});
		socket.on('message', (data) => {
			const message = JSON.parse(String(data));
			messages.push(message);
			if (message.type === 'pong') finish(0); // it is still open: it was accepted
		});
		socket.on('unexpected-response', (_, response) => finish(response.statusCode ?? 0));
		socket.on('close', finish);
		socket.on('error', () => finish(1006));
	});
}
