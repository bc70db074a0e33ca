// One request by hand, with every header that it is given, and its answer as it comes.
// Knows HTTP; never knows what is asked, nor whether the answer is right.
import http from 'node:http';
import { patience } from '../support/slowness.ts';

export interface Sent {
	/** Once the headers have come; 0 where the connection was cut. */
	readonly status: Promise<number>;
	/** All of the answer so far: its headers, its body. */
	readonly transcript: string;
	readonly headers: http.IncomingHttpHeaders;
	readonly body: string;
	readonly isOver: boolean;
	/** Resolves with true once the body fulfils the condition, with false once it is over or the time is. */
	until(condition: (body: string) => boolean, timeoutMs?: number): Promise<boolean>;
	/** The whole body. */
	whole(): Promise<string>;
	/** Sends the end of a body that was held back. */
	finish(rest: string): void;
	close(): void;
}

export interface Question {
	method?: string;
	headers?: Record<string, string>;
	/** With `held`, its end is sent by `finish`. */
	body?: string;
	held?: boolean;
}

/** How long an answer may take that is expected, milliseconds. */
export const PATIENCE_MS = patience(10_000);

export function send(url: string, { method = 'GET', headers = {}, body, held }: Question = {}): Sent {
	let text = '';
	let isOver = false;
	let answer: http.IncomingMessage | undefined;
	let wake: (() => void)[] = [];
	const notify = () => {
		for (const one of wake.splice(0)) one();
	};
	// By its parts, since an address like `/a/../b` is to be sent as it is.
	const { hostname, port } = new URL(url);
	const path = url.slice(new URL(url).origin.length);
	// Each on a connection of its own: the engine closes one whose body it has not read, and one that has been idle.
	// Of a DELETE's body, Node sends no length by itself.
	const length = body === undefined || held ? {} : { 'content-length': Buffer.byteLength(body) };
	const request = http.request({ hostname, port, path, method, headers: { ...headers, ...length }, agent: false });
	const status = new Promise<number>((resolve) => {
		const end = () => {
			isOver = true;
			resolve(0);
			notify();
		};
		request.once('error', end);
		request.once('upgrade', (response, socket) => {
			answer = response;
			resolve(101);
			socket.destroy();
			end();
		});
		request.once('response', (response) => {
			answer = response;
			resolve(response.statusCode ?? 0);
			response.setEncoding('utf8');
			response.on('data', (chunk: string) => {
				text += chunk;
				notify();
			});
			response.once('close', end);
			response.once('end', end);
			response.on('error', end);
		});
	});
	if (held) request.write(body);
	else request.end(body);
	const until = async (condition: (body: string) => boolean, timeoutMs = PATIENCE_MS) => {
		const deadline = Date.now() + timeoutMs;
		while (!condition(text)) {
			const left = deadline - Date.now();
			if (isOver || left <= 0) return false;
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, left);
				wake.push(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
		return true;
	};
	return {
		status,
		get transcript() {
			return `${answer?.rawHeaders.join('\n') ?? ''}\n\n${text}`;
		},
		get headers() {
			return answer?.headers ?? {};
		},
		get body() {
			return text;
		},
		get isOver() {
			return isOver;
		},
		until,
		async whole() {
			await until(() => isOver, 3 * PATIENCE_MS);
			return text;
		},
		finish: (rest) => request.end(rest),
		close() {
			request.destroy();
			wake = [];
		},
	};
}
