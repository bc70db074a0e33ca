// The relay by WebSocket, over partysocket.
// Knows partysocket and its traps; never knows what is said, nor when to try again.
import ReconnectingWebSocket from 'partysocket/ws';
import { SEEN_BYTES } from '../../relay/protocol/limits.ts';
import type { Transport, TransportHandlers } from './transport.ts';

/** An attempt that has not succeeded by then has failed, milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;

/** The first byte of zlib format (RFC 1950) as the relay writes it; JSON begins with another. */
const DEFLATED = 0x78;

/** True where frames may come deflated: what a hello says. */
export const canInflate = typeof DecompressionStream !== 'undefined';

async function inflate(data: ArrayBuffer): Promise<string> {
	const inflated = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate'));
	return new Response(inflated).text();
}

/** The sockets of this page that have brought something, with their addresses: a browser has a limit for all of them. */
export const liveSockets = new Map<Transport, string>();

/** A WebSocket to `url` (http or https; the scheme is changed). */
export function createWebSocket(url: string, handlers: TransportHandlers): Transport {
	let socket: ReconnectingWebSocket | undefined;
	const decoder = new TextDecoder();
	const encoder = new TextEncoder();
	return {
		open() {
			this.close();
			// Its own retries come without jitter and its own queue is sent before any hello: both are ours (maxRetries, maxEnqueuedMessages).
			const own = new ReconnectingWebSocket(url.replace(/^http/, 'ws'), [], {
				maxRetries: 0,
				maxEnqueuedMessages: 0,
				connectionTimeout: CONNECT_TIMEOUT_MS,
			});
			socket = own;
			own.binaryType = 'arraybuffer';
			own.onopen = () => handlers.onOpen();
			let received = 0;
			let confirmed = 0;
			const take = (text: string, bytes: number) => {
				liveSockets.set(this, url);
				handlers.onMessage(text);
				received += bytes;
				// Once it has been dealt with: a page that is busy is sent no more than it can take.
				if (socket !== own || received - confirmed < SEEN_BYTES / 2) return;
				confirmed = received;
				own.send(`{"type":"seen","bytes":${received}}`);
			};
			let inflating = 0;
			let turn: Promise<unknown> = Promise.resolve();
			/** At once, unless something before it is still being inflated: all that comes is dealt with in its order. */
			const inTurn = (act: (text: string) => void, text: string | Promise<string> = '') => {
				if (inflating === 0 && typeof text === 'string') {
					act(text);
					return;
				}
				inflating++;
				turn = turn
					.then(() => text)
					.then(
						(ready) => socket === own && act(ready),
						() => end(0, ''),
					)
					.finally(() => inflating--);
			};
			own.onmessage = ({ data }) => {
				const isText = typeof data === 'string';
				const bytes = isText ? encoder.encode(data) : new Uint8Array(data);
				const text = isText ? data : bytes[0] === DEFLATED ? inflate(data) : decoder.decode(bytes);
				inTurn((ready) => take(ready, bytes.length), text);
			};
			// An attempt that fails or times out is told by `error`, `close`, or both.
			const end = (code: number, reason: string) => {
				if (socket !== own) return;
				this.close();
				handlers.onClose(code, reason);
			};
			own.onerror = () => inTurn(() => end(0, ''));
			own.onclose = ({ code, reason }) => inTurn(() => end(code, reason));
		},
		send(text) {
			return socket?.send(text) ?? false;
		},
		close() {
			const own = socket;
			liveSockets.delete(this);
			socket = undefined;
			own?.close();
		},
	};
}
