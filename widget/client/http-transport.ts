// What the transports over HTTP have in common: a reading that is begun by each hello, POST for drafts, and the end of both.
// Knows requests and their answers; never knows the form in which events come.

import type { ClientMessage, Hello } from '../../relay/protocol/client-message.ts';
import { authorise } from './credentials.ts';
import { Posting } from './posting.ts';
import type { Transport, TransportHandlers } from './transport.ts';

/** How often it is asked who is here, where somebody wants to know; milliseconds. */
const PRESENCE_MS = 25_000;

/** What a reading has of its line. */
export interface Line {
	/** Aborted when the line is cut, or another hello has been said. */
	readonly signal: AbortSignal;
	/** One message, as a WebSocket would bring it. */
	tell(message: object): void;
	/** Cuts the line unless it is called again, or another time is given, within so many milliseconds. */
	expectWithin(ms: number): void;
	/** The answer to a GET at this hello's address. Undefined where it is refused, which is told. */
	fetch(accept: string, more?: Record<string, string>, position?: string): Promise<Response | undefined>;
}

/** Reads for one hello until the line is cut; then it resolves or rejects, which is the same. */
export type Read = (hello: Hello, line: Line) => Promise<void>;

/** A transport to `url` that reads by `read`. */
export function createHttpTransport(url: string, handlers: TransportHandlers, read: Read): Transport {
	let abort = new AbortController();
	let posting: Posting | undefined;
	let reading: AbortController | undefined;
	const cut = (own = abort) => {
		if (own.signal.aborted) return;
		abort.abort();
		reading?.abort();
		handlers.onClose(0, '');
	};
	function follow(hello: Hello): void {
		reading?.abort();
		const own = new AbortController();
		const { signal } = own;
		reading = own;
		let timer: ReturnType<typeof setTimeout>;
		signal.addEventListener('abort', () => clearTimeout(timer));
		const tell = (message: object) => {
			if (!signal.aborted) handlers.onMessage(JSON.stringify(message));
		};
		const line: Line = {
			signal,
			tell,
			expectWithin(ms) {
				clearTimeout(timer);
				if (!signal.aborted) timer = setTimeout(cut, ms, own);
			},
			async fetch(accept, more = {}, position = hello.position) {
				const address = addressOf(url, { ...hello, ...(position ? { position } : {}) }, more);
				const response = await fetch(address, { headers: { accept, ...authorise(hello.token, hello.author) }, signal });
				if (response.ok) return response;
				const { code, detail, retryable = true } = await response.json();
				// What will be refused again is said; the rest is a line that is cut.
				if (!retryable) tell({ type: 'error', code, message: detail, retryable });
			},
		};
		if (hello.presence) void readPresence(hello, signal, tell);
		read(hello, line)
			.catch(() => {})
			.then(() => cut(own));
	}
	/** These ways have no presence of their own: it is read now and then, and this reader is not among those who are here. */
	async function readPresence(hello: Hello, signal: AbortSignal, tell: (message: object) => void): Promise<void> {
		let isAllowed = true;
		while (isAllowed && !signal.aborted) {
			try {
				const headers = authorise(hello.token, hello.author);
				const response = await fetch(new URL('presence', url), { headers, signal });
				isAllowed = !/^40[13]$/.test(String(response.status));
				const now = await response.json();
				if (response.ok) tell({ type: 'presence', ...now, joined: [], left: [], isRead: true });
			} catch {
				// The next answer tells.
			}
			await new Promise((resolve) => setTimeout(resolve, PRESENCE_MS));
		}
	}
	/** Is the network there? A reading that is silent for too long ends by itself. */
	async function answerPing({ signal }: AbortController): Promise<void> {
		try {
			const { time } = await (await fetch(new URL('../../health', url), { signal })).json();
			if (!signal.aborted) handlers.onMessage(JSON.stringify({ type: 'pong', time }));
		} catch {
			// No answer is the answer.
		}
	}
	return {
		open() {
			this.close();
			abort = new AbortController();
			const { signal } = abort;
			posting = new Posting(url, { ...handlers, onClose: () => cut() }, signal);
			queueMicrotask(() => !signal.aborted && handlers.onOpen());
		},
		send(text) {
			if (!posting || abort.signal.aborted) return false;
			const message = JSON.parse(text) as ClientMessage; // the client has written it
			if (message.type === 'hello') {
				posting.token = message.token;
				posting.author = message.author;
				follow(message);
			} else if (message.type === 'publish') posting.send(message);
			else if (message.type === 'ping') void answerPing(abort);
			return true;
		},
		close() {
			abort.abort();
			reading?.abort();
		},
	};
}

/** The address at which a hello's wish is read by GET, with parameters of the form's own. */
function addressOf(url: string, { position, history, types, status }: Hello, more: Record<string, string>): string {
	const query = new URLSearchParams(more);
	if (position !== undefined) query.set('after', position);
	else if (typeof history === 'string') query.set('since', history);
	// Who waits, waits for one event at least.
	else if (history !== undefined) query.set('limit', String(Math.min(Math.max(history, more.wait ? 1 : 0), 1000)));
	// Beyond what an address may hold the relay sends everything, and the client chooses.
	const chosen = new URLSearchParams(query);
	if (types?.length) chosen.set('type', types.join());
	if (status?.length) chosen.set('status', status.join());
	return `${url}?${`${url}?${chosen}`.length > 500 ? query : chosen}`;
}
