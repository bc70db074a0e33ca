// A WebSocket over bare TCP: sends any bytes at all, and reads what comes back or does not.
// Knows the handshake and confirmations; never knows what is a fault of whom.
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { SEEN_BYTES } from '../../relay/protocol/limits.ts';
import { CLOSE, encodeFrame, FrameReader, PING, PONG, TEXT } from './wire.ts';

export interface RawSocketOptions {
	port: number;
	path: string;
	/** More lines of the request, such as `Authorization: Bearer …`. */
	headers?: string[];
	onText: (text: string) => void;
	/** Once, with the relay's close code; 1006 where it gave none. */
	onClose: (code: number, reason: string) => void;
}

export class RawSocket {
	readonly #socket: net.Socket;
	readonly #options: RawSocketOptions;
	readonly #reader = new FrameReader();
	#received = 0;
	#confirmed = 0;
	#close: [number, string] | undefined;
	/** False for a reader who confirms nothing. */
	confirms = true;
	isOpen = false;
	isOver = false;

	private constructor(socket: net.Socket, options: RawSocketOptions) {
		this.#socket = socket;
		this.#options = options;
	}

	/** @throws Error with the answer where it is another than 101 */
	static connect(options: RawSocketOptions): Promise<RawSocket> {
		const { port, path, headers = [] } = options;
		const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
		const raw = new RawSocket(socket, options);
		return new Promise((resolve, reject) => {
			let head = Buffer.alloc(0);
			const readHead = (chunk: Buffer) => {
				head = Buffer.concat([head, chunk]);
				const end = head.indexOf('\r\n\r\n');
				if (end === -1) return;
				socket.off('data', readHead);
				if (!head.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
					socket.destroy();
					reject(new Error(head.toString('latin1')));
					return;
				}
				raw.isOpen = true;
				socket.on('data', (data) => raw.#read(data));
				resolve(raw);
				if (head.length > end + 4) raw.#read(head.subarray(end + 4));
			};
			socket.on('data', readHead);
			socket.on('error', (error) => raw.isOpen || reject(error));
			socket.on('close', () => raw.#end());
			const lines = [
				`GET ${path} HTTP/1.1`,
				`Host: 127.0.0.1:${port}`,
				...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
				`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
				...headers,
			];
			socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
		});
	}

	/** Bytes that the system has not taken yet. */
	get unsentBytes(): number {
		return this.#socket.writableLength;
	}

	write(bytes: Uint8Array): void {
		if (!this.#socket.destroyed) this.#socket.write(bytes);
	}

	say(message: object): void {
		this.write(encodeFrame({ opcode: TEXT, payload: Buffer.from(JSON.stringify(message)), mask: 0 }));
	}

	/** Reads no more: what comes stays in the way. */
	stopReading(): void {
		this.#socket.pause();
	}

	readOn(): void {
		this.#socket.resume();
	}

	/** Closes in order; the relay's own close completes it. */
	close(): void {
		this.write(encodeFrame({ opcode: CLOSE, payload: Buffer.from([3, 232]), mask: 0 }));
	}

	/** Cuts the connection in the middle of whatever it was. */
	reset(): void {
		this.#socket.resetAndDestroy();
	}

	#read(chunk: Buffer): void {
		for (const { opcode, payload } of this.#reader.read(chunk)) {
			if (opcode === CLOSE) {
				this.#close = [payload.length >= 2 ? payload.readUInt16BE(0) : 1005, payload.subarray(2).toString()];
				this.#socket.end();
				continue;
			}
			if (opcode === PING) this.write(encodeFrame({ opcode: PONG, payload, mask: 0 }));
			if (opcode >= CLOSE) continue;
			this.#received += payload.length;
			this.#options.onText(payload.toString());
		}
		if (!this.confirms || this.#received - this.#confirmed < SEEN_BYTES / 2) return;
		this.#confirmed = this.#received;
		this.say({ type: 'seen', bytes: this.#received });
	}

	#end(): void {
		if (this.isOver) return;
		this.isOver = true;
		if (!this.isOpen) return;
		const [code, reason] = this.#close ?? [1006, ''];
		this.#options.onClose(code, reason);
	}
}
