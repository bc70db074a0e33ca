// HTTP/1.1 over bare TCP: sends any bytes as a request, and reads one answer.
// Knows status lines, headers and lengths; never knows what is a right answer.
import net from 'node:net';

export interface RawAnswer {
	status: number;
	/** Names in small letters; of a header that comes twice the last. */
	headers: Record<string, string>;
	body: string;
	/** True where the body was still going on. */
	isStream: boolean;
}

/** One connection after another to the same relay; an answer that ends one opens the next. */
export class RawClient {
	readonly #port: number;
	#socket: net.Socket | undefined;

	constructor(port: number) {
		this.#port = port;
	}

	/**
	 * Sends bytes and waits for what comes back; undefined where the connection ends without an answer.
	 * `isHead`: an answer has no body. `hangsUp`: half of the connection is closed after the bytes.
	 */
	async ask(bytes: Buffer, { isHead, hangsUp, patienceMs }: { isHead: boolean; hangsUp: boolean; patienceMs: number }) {
		const isReused = this.#isOpen;
		const answer = await this.#askOnce(bytes, isHead, hangsUp, patienceMs);
		// The relay may have closed a connection that was kept for more; then the request goes on another.
		return answer === 'closed' && isReused ? this.#askOnce(bytes, isHead, hangsUp, patienceMs) : answer;
	}

	async #askOnce(bytes: Buffer, isHead: boolean, hangsUp: boolean, patienceMs: number) {
		const socket = await this.#open();
		return new Promise<RawAnswer | 'closed' | 'late'>((resolve) => {
			let received = Buffer.alloc(0);
			const settle = (answer: RawAnswer | 'closed' | 'late', isReusable: boolean) => {
				clearTimeout(timer);
				socket.removeAllListeners('data');
				socket.removeAllListeners('close');
				if (!isReusable || hangsUp) this.end();
				resolve(answer);
			};
			const timer = setTimeout(() => settle('late', false), patienceMs);
			socket.on('data', (chunk) => {
				received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
				const answer = parseAnswer(received, isHead);
				if (answer) settle(answer, answer.headers.connection !== 'close' && !answer.isStream);
			});
			socket.on('close', () =>
				settle(received.length > 0 ? (parseAnswer(received, true) ?? 'closed') : 'closed', false),
			);
			if (hangsUp) socket.end(bytes);
			else socket.write(bytes);
		});
	}

	end(): void {
		this.#socket?.destroy();
		this.#socket = undefined;
	}

	get #isOpen(): boolean {
		return this.#socket !== undefined && !this.#socket.destroyed && this.#socket.writable;
	}

	#open(): Promise<net.Socket> {
		if (this.#socket && this.#isOpen) return Promise.resolve(this.#socket);
		return new Promise((resolve, reject) => {
			const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
			this.#socket = socket;
			socket.once('connect', () => resolve(socket));
			socket.once('error', reject);
			socket.on('error', () => {}); // `close` follows
			socket.on('end', () => socket.destroy());
		});
	}
}

const STREAMS = /^(text\/event-stream|application\/x-ndjson|text\/plain)/;

/** The answer if it is whole; of a stream its beginning is enough. */
function parseAnswer(bytes: Buffer, isHead: boolean): RawAnswer | undefined {
	const end = bytes.indexOf('\r\n\r\n');
	if (end === -1) return undefined;
	const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
	const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
	const headers: Record<string, string> = {};
	for (const line of lines)
		headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
	const rest = bytes.subarray(end + 4);
	const answer = (body: string, isStream = false) => ({ status, headers, body, isStream });
	if (isHead || status === 204 || status === 304 || status === 101) return answer('');
	const length = Number(headers['content-length']);
	// A plain stream gives a length that it never reaches.
	if (headers['content-length'] !== undefined && length < Number.MAX_SAFE_INTEGER) {
		return rest.length < length ? undefined : answer(rest.toString('utf8', 0, length));
	}
	if (status === 200 && STREAMS.test(headers['content-type'] ?? '')) return answer('', true);
	if (headers['transfer-encoding'] === undefined) return undefined; // it ends with the connection
	const parts: Buffer[] = [];
	for (let at = 0; ; ) {
		const lineEnd = rest.indexOf('\r\n', at);
		if (lineEnd === -1) return undefined;
		const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
		if (rest.length < lineEnd + 2 + size + 2) return undefined;
		if (size === 0) return answer(Buffer.concat(parts).toString());
		parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
		at = lineEnd + 2 + size + 2;
	}
}
