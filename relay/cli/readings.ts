// A channel that is read in the four ways there are, each as plainly as a client could: nothing is mended, so that faults show.
// Knows transports; never knows what is right.
import { WebSocket } from 'ws';
import type { Problem } from '../protocol/errors.ts';
import { MAX_PAGE_EVENTS } from '../protocol/limits.ts';
import { parseRelayMessage } from '../protocol/relay-message.ts';
import type { Asker } from './asker.ts';
import type { Arrival } from './delivery.ts';

const TIMEOUT_MS = 5000;
const WAIT_S = 10;
/** A reader confirms what it has read, bytes. */
const SEEN_BYTES = 32 * 1024;
const MAX_PROBLEM_BYTES = 64 * 1024;

/** Why a way is not to be had: what the relay says, what something else says, or nobody. */
export interface Refusal {
	status?: number;
	/** Of the relay's table, or of the system. */
	code?: string;
	detail?: string;
}

const STREAMS = ['SSE', 'NDJSON'];

/** One way of reading, while it lasts. */
export class Reading {
	readonly name: string;
	readonly arrivals: Arrival[] = [];
	/** Milliseconds from the request to the head of the answer, and to the first byte after it. */
	headMs: number | undefined;
	firstByteMs: number | undefined;
	headers: Headers | undefined;
	/** It came to an end by itself, or did not begin. */
	refusal: Refusal | undefined;
	/** Resolves when whatever is published comes, or it is known that nothing will. */
	readonly ready: Promise<void>;
	readonly #begun = performance.now();
	readonly #closing = new AbortController();
	readonly #read: (event: unknown) => number | undefined;
	#setReady: () => void = () => {};

	/** `read` tells the number of an event, where it is one of those that are looked for. */
	constructor(name: string, read: (event: unknown) => number | undefined) {
		this.name = name;
		this.#read = read;
		this.ready = new Promise((resolve) => {
			this.#setReady = resolve;
		});
	}

	get isStream(): boolean {
		return STREAMS.includes(this.name);
	}

	get isReady(): boolean {
		return this.headMs !== undefined && this.refusal === undefined;
	}

	get signal(): AbortSignal {
		return this.#closing.signal;
	}

	close(): void {
		this.#closing.abort();
	}

	head(headers?: Headers): void {
		this.headMs ??= performance.now() - this.#begun;
		this.headers ??= headers;
	}

	byte(): void {
		this.firstByteMs ??= performance.now() - this.#begun;
	}

	begin(): void {
		this.head();
		this.#setReady();
	}

	take(event: unknown): void {
		const n = this.#read(event);
		if (n !== undefined) this.arrivals.push({ n, at: performance.now() });
	}

	fail(refusal: Refusal): void {
		if (this.signal.aborted) return; // we ended it ourselves
		this.refusal ??= refusal;
		this.#setReady();
	}
}

export interface Source {
	asker: Asker;
	channel: string;
	/** What came after it is read. */
	position: string;
	/** The number of an event that is looked for. */
	read: (event: unknown) => number | undefined;
}

/** All ways at once, each from the same position. */
export function openReadings(source: Source): Reading[] {
	return [openSocket(source), openEvents(source), openLines(source), openPolling(source)];
}

const pathOf = ({ channel }: Source) => `/channels/${channel}/events`;

function openSocket(source: Source): Reading {
	const reading = new Reading('WebSocket', source.read);
	const { asker, position } = source;
	const url = asker.relay.replace(/^http/, 'ws') + pathOf(source);
	// What is compressed for one reader is decided by the engine, and nothing that we want to see.
	const socket = new WebSocket(url, { handshakeTimeout: TIMEOUT_MS, perMessageDeflate: false });
	reading.signal.addEventListener('abort', () => socket.terminate());
	let [bytes, seen] = [0, 0];
	socket.on('open', () => {
		reading.head();
		const token = asker.token === undefined ? {} : { token: asker.token };
		socket.send(JSON.stringify({ type: 'hello', protocol: 1, position, ...token }));
	});
	socket.on('message', (data: Buffer) => {
		reading.byte();
		bytes += data.length;
		if (bytes - seen > SEEN_BYTES) {
			seen = bytes;
			socket.send(JSON.stringify({ type: 'seen', bytes }));
		}
		try {
			const message = parseRelayMessage(data.toString());
			if (message?.type === 'entries') for (const entry of message.entries) reading.take(entry);
			if (message?.type === 'error') reading.fail({ code: message.code, detail: message.message });
			if (message?.type === 'goaway') reading.fail({ code: 'goaway' });
			if (message?.type === 'welcome') reading.begin();
		} catch (error) {
			reading.fail({ code: 'invalid-message', detail: (error as Error).message });
		}
	});
	// What a library for browsers must hide, and what says it all: the answer that was no socket.
	socket.on('unexpected-response', (_request, response) => {
		const { statusCode: status = 0 } = response;
		let text = '';
		response.setEncoding('utf8').on('data', (chunk: string) => {
			text += chunk;
			if (text.length > MAX_PROBLEM_BYTES) response.destroy();
		});
		response.once('close', () => {
			reading.fail({ status, ...readProblem(text) });
			socket.terminate();
		});
	});
	socket.on('error', (error: NodeJS.ErrnoException) => reading.fail({ code: error.code ?? error.message }));
	socket.on('close', (code: number, reason: Buffer) => {
		reading.fail({ code: `closed with ${code}`, detail: reason.toString() });
	});
	return reading;
}

function readProblem(text: string): Pick<Refusal, 'code' | 'detail'> {
	try {
		const { code, detail } = JSON.parse(text) as Partial<Problem>; // looked at below
		return typeof code === 'string' ? { code, detail: String(detail) } : {};
	} catch {
		return {}; // somebody else's page
	}
}

/** Opens a stream and reads its lines until it ends; what goes wrong is the reading's. */
async function follow(reading: Reading, source: Source, accept: string, onLine: (line: string) => void): Promise<void> {
	const { asker, position } = source;
	try {
		const response = await fetch(`${asker.relay}${pathOf(source)}?after=${position}`, {
			headers: asker.headers({ accept }),
			redirect: 'manual',
			signal: reading.signal,
		});
		reading.head(response.headers);
		if (response.status !== 200 || !response.body || !response.headers.get('content-type')?.startsWith(accept)) {
			reading.fail({ status: response.status, ...readProblem(await response.text()) });
			return;
		}
		if (accept !== EVENTS) reading.begin();
		let rest = '';
		for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
			reading.byte();
			const lines = (rest + chunk).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) onLine(line);
		}
		reading.fail({ code: 'ended' });
	} catch (error) {
		const { cause, message } = error as { cause?: { code?: string }; message: string };
		reading.fail({ code: cause?.code ?? message });
	}
}

const EVENTS = 'text/event-stream';
const LINES = 'application/x-ndjson';

function openEvents(source: Source): Reading {
	const reading = new Reading('SSE', source.read);
	let [kind, data] = ['', ''];
	// An event ends with an empty line (WHATWG HTML, 9.2.6).
	void follow(reading, source, EVENTS, (line) => {
		const [, field, value = ''] = /^(event|data): ?(.*)$/.exec(line) ?? [];
		if (field === 'event') kind = value;
		if (field === 'data') data += value;
		if (line !== '') return;
		if (kind === 'welcome') reading.begin();
		else if (kind === 'goaway') reading.fail({ code: 'goaway' });
		else if (kind === '' && data !== '') takeJson(reading, data);
		[kind, data] = ['', ''];
	});
	return reading;
}

function openLines(source: Source): Reading {
	const reading = new Reading('NDJSON', source.read);
	void follow(reading, source, LINES, (line) => {
		if (line !== '') takeJson(reading, line);
	});
	return reading;
}

function takeJson(reading: Reading, text: string): void {
	try {
		reading.take(JSON.parse(text));
	} catch {
		reading.fail({ code: 'invalid-json', detail: 'A line of the stream is no JSON.' });
	}
}

function openPolling(source: Source): Reading {
	const reading = new Reading('Long polling', source.read);
	const { asker, position } = source;
	const poll = async () => {
		let next = position;
		while (!reading.signal.aborted && !reading.refusal) {
			const path = `${pathOf(source)}?after=${next}&wait=${WAIT_S}&limit=${MAX_PAGE_EVENTS}`;
			const response = await fetch(asker.relay + path, {
				headers: asker.headers({ accept: 'application/json' }),
				redirect: 'manual',
				signal: AbortSignal.any([reading.signal, AbortSignal.timeout(WAIT_S * 1000 + TIMEOUT_MS)]),
			});
			reading.head(response.headers);
			const text = await response.text();
			if (response.status !== 200) {
				reading.fail({ status: response.status, ...readProblem(text) });
				return;
			}
			const page = JSON.parse(text);
			for (const event of page.events) reading.take(event);
			next = String(page.next);
		}
	};
	// Nothing is said until there is something: a request that is under way is as good as an answer.
	setTimeout(() => reading.begin(), 100);
	poll().catch((error) => {
		const { name, cause, message } = error as { name: string; cause?: { code?: string }; message: string };
		reading.fail({ code: name === 'TimeoutError' ? 'ETIMEDOUT' : (cause?.code ?? message) });
	});
	return reading;
}
