// One viewer over a bare socket: counts what comes and holds its order.
// Knows frames and what a contender says of them; never knows which figure is wanted.
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { CLOSE, encodeFrame, PING, PONG, TEXT } from '../../fuzz/wire.ts';
import type { Dialect, Heard } from '../contenders/contender.ts';
import { FrameScanner } from './frame-scanner.ts';
import { type KnownFrames, keyOf } from './known-frames.ts';
import type { Tally } from './tally.ts';

/** Lent to the socket that reads just now; each has done with it before the next one reads. */
const BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

export interface ViewerOptions {
	port: number;
	channel: string;
	dialect: Dialect;
	/** He decodes each frame by himself, and says how late events are. */
	isSample: boolean;
	/** The position where he goes on. */
	after: string | undefined;
	tally: Tally;
	known: KnownFrames;
}

/** He was not taken. */
export class RefusedError extends Error {
	override readonly name = 'RefusedError';
	/** Of the frame that closed his socket (RFC 6455, 7.4); 1006 where there was none. */
	readonly code: number;

	constructor(code: number, reason: string) {
		super(`A viewer was refused with ${code} ${reason}`);
		this.code = code;
	}
}

export class Viewer {
	/** Events since he was told to forget. */
	count = 0;
	readonly #options: ViewerOptions;
	readonly #socket: net.Socket;
	readonly #scanner: FrameScanner;
	/** Of the answer to the opening, as far as it has come. */
	#head: Buffer | undefined = Buffer.alloc(0);
	/** The newest event's number, of the channel and of each publisher. */
	#last = 0;
	readonly #newest = new Map<number, number>();
	#received = 0;
	#confirmed = 0;
	#isEnding = false;
	#isReady = false;
	/** What the server closed with. */
	#code = 1006;
	#reason = '';
	#onReady: (() => void) | undefined;
	#onFailure: ((error: Error) => void) | undefined;

	private constructor(options: ViewerOptions) {
		this.#options = options;
		const { port, channel, dialect, after } = options;
		this.#scanner = new FrameScanner((opcode, bytes, start, end) => this.#hear(opcode, bytes, start, end));
		this.#socket = net.connect({
			...{ port, host: '127.0.0.1', noDelay: true },
			onread: { buffer: BUFFER, callback: (length) => this.#read(length) },
		});
		const lines = [
			`GET ${dialect.viewerPath(channel, after)} HTTP/1.1`,
			`Host: 127.0.0.1:${port}`,
			...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
			`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
		];
		this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
		this.#socket.on('error', () => {}); // `close` follows
		this.#socket.on('close', () => {
			if (this.#isEnding) return;
			if (this.#isReady) options.tally.blame(`A socket was closed with ${this.#code} ${this.#reason}.`);
			else this.#onFailure?.(new RefusedError(this.#code, this.#reason));
		});
	}

	/** Resolves when he is a viewer. @throws Error where he does not become one */
	static async open(options: ViewerOptions): Promise<Viewer> {
		const viewer = new Viewer(options);
		await new Promise<void>((resolve, reject) => {
			viewer.#onReady = () => {
				viewer.#isReady = true;
				resolve();
			};
			viewer.#onFailure = reject;
		});
		return viewer;
	}

	close(): void {
		this.#isEnding = true;
		this.#socket.resetAndDestroy();
	}

	#read(length: number): boolean {
		this.#options.tally.wireBytes += length;
		try {
			if (this.#head) this.#readHead(length);
			else this.#scanner.read(BUFFER, 0, length);
		} catch (error) {
			// Nothing that follows can be read.
			this.#reason = error instanceof Error ? error.message : String(error);
			this.#socket.destroy();
		}
		return true;
	}

	#readHead(length: number): void {
		const head = Buffer.concat([this.#head as Buffer, BUFFER.subarray(0, length)]);
		const end = head.indexOf('\r\n\r\n');
		this.#head = end === -1 ? head : undefined;
		if (end === -1) return;
		if (!head.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
			this.#onFailure?.(new Error(head.toString('latin1')));
			return;
		}
		const { dialect, after } = this.#options;
		const greeting = dialect.greet(after);
		if (greeting !== undefined) this.#say(greeting);
		if (!dialect.isWelcomed) this.#onReady?.();
		this.#scanner.read(head, end + 4, head.length);
	}

	#hear(opcode: number, bytes: Buffer, start: number, end: number): void {
		// Control frames begin with it.
		if (opcode >= CLOSE) {
			if (opcode === PING) this.#write(PONG, bytes.subarray(start, end));
			if (opcode !== CLOSE) return;
			if (end - start >= 2) this.#code = bytes.readUInt16BE(start);
			this.#reason = bytes.toString('utf8', start + 2, end);
			this.#socket.destroy();
			return;
		}
		this.#received += end - start;
		this.#confirm();
		try {
			this.#count(bytes, start, end);
		} catch (error) {
			this.#options.tally.blame(error instanceof Error ? error.message : String(error));
		}
	}

	#count(bytes: Buffer, start: number, end: number): void {
		const { dialect, isSample, tally, known } = this.#options;
		if (dialect.isEvent) {
			if (!isSample && dialect.isEvent(bytes, start)) this.#note(1);
			else this.#take(dialect.decode(bytes.subarray(start, end)));
			return;
		}
		const key = keyOf(bytes, start, end);
		const found = known.find(key);
		if (found && !isSample) {
			this.#follow(found.from, found.to);
			return;
		}
		const heard = dialect.decode(bytes.subarray(start, end));
		if (heard.kind === 'events') {
			if (found && (found.from !== heard.from || found.to !== heard.to)) tally.blame('Two frames were taken for one.');
			known.add(key, { from: heard.from, to: heard.to });
		}
		this.#take(heard);
	}

	#take(heard: Heard): void {
		if (heard.kind === 'ready') {
			this.#last = heard.last;
			this.#onReady?.();
		} else if (heard.kind === 'asked') this.#say(heard.answer);
		else if (heard.kind === 'events') {
			if (this.#options.dialect.isEvent) this.#note(heard.events.length);
			else this.#follow(heard.from, heard.to);
			if (this.#options.isSample) this.#examine(heard.events);
		}
	}

	/** Each number once, and in order. */
	#follow(from: number, to: number): void {
		if (from !== this.#last + 1) this.#options.tally.blame(`After ${this.#last} came ${from}.`);
		this.#last = to;
		this.#note(to - from + 1);
	}

	#note(count: number): void {
		const { tally } = this.#options;
		this.count += count;
		tally.deliveries += count;
		tally.frames++;
		tally.lastAt = performance.timeOrigin + performance.now();
	}

	/** The order of each publisher, and how late each event is. */
	#examine(events: readonly { by: number; n: number; at: number }[]): void {
		const { tally } = this.#options;
		const now = performance.timeOrigin + performance.now();
		for (const { by, n, at } of events) {
			const before = this.#newest.get(by);
			if (before !== undefined && n !== before + 1) tally.blame(`After ${before} of publisher ${by} came ${n}.`);
			this.#newest.set(by, n);
			tally.delays.add(now - at);
		}
	}

	#confirm(): void {
		const { confirm } = this.#options.dialect;
		if (!confirm || this.#received - this.#confirmed < confirm.everyBytes) return;
		this.#confirmed = this.#received;
		this.#say(confirm.write(this.#received));
	}

	#say(text: string): void {
		this.#write(TEXT, Buffer.from(text));
	}

	#write(opcode: number, payload: Uint8Array): void {
		if (!this.#socket.destroyed) this.#socket.write(encodeFrame({ opcode, payload, mask: 0 }));
	}
}
