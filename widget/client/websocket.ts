// The relay by WebSocket, over partysocket.
// Knows partysocket and its traps; never knows what is said, nor when to try again.
import ReconnectingWebSocket from 'partysocket/ws';
import { SEEN_BYTES } from '../../relay/protocol/limits.ts';
import type { Transport, TransportHandlers } from './transport.ts';

/** An attempt that has not succeeded by then has failed, milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;

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
			own.onmessage = ({ data }) => {
				const isText = typeof data === 'string';
				handlers.onMessage(isText ? data : decoder.decode(data));
				received += (isText ? encoder.encode(data) : data).byteLength;
				// Once it has been dealt with: a page that is busy is sent no more than it can take.
				if (socket !== own || received - confirmed < SEEN_BYTES / 2) return;
				confirmed = received;
				own.send(`{"type":"seen","bytes":${received}}`);
			};
			// An attempt that fails or times out is told by `error`, `close`, or both.
			const end = (code: number, reason: string) => {
				if (socket !== own) return;
				this.close();
				handlers.onClose(code, reason);
			};
			own.onerror = () => end(0, '');
			own.onclose = ({ code, reason }) => end(code, reason);
		},
		send(text) {
			return socket?.send(text) ?? false;
		},
		close() {
			const own = socket;
			socket = undefined;
			own?.close();
		},
	};
}
