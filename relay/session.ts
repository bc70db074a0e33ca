// One WebSocket's conversation: hello, then publishes, pings and entries, as fast as the other side confirms them.
// Knows the order of messages and what each asks of the channel; never knows PartyKit, storage or tokens' form.
import type { Channel, Publisher, Result } from './channel.ts';
import { type Filter, socketForm } from './frame.ts';
import { type Hello, parseClientMessage } from './protocol/client-message.ts';
import { createError, ERRORS, FeedError } from './protocol/errors.ts';
import { MAX_CLOSE_REASON_BYTES } from './protocol/limits.ts';
import { formatPosition, parsePosition } from './protocol/position.ts';
import type { ErrorMessage, Receipts, RelayMessage } from './protocol/relay-message.ts';
import { Viewer } from './viewer.ts';
import { type Backlog, Window, type WindowMemory } from './window.ts';

/** What a conversation needs of a socket. */
export interface Socket {
	send(data: string | Uint8Array): void;
	close(code: number, reason: string): void;
}

/** What of a conversation must survive the relay's sleep. */
export interface SessionMemory extends WindowMemory {
	/** The types of the hello; null for all. Absent where there was none yet. */
	types?: string[] | null;
	/** The `seq` up to which a viewer was told who is behind; absent for one who is live. */
	position?: number;
}

export interface SessionOptions {
	socket: Socket;
	/** The channel, loaded first where it is not. Rejects with a FeedError where it cannot be. */
	getChannel: () => Channel | Promise<Channel>;
	/** The channel if it is loaded. */
	peekChannel: () => Channel | undefined;
	clock: () => number;
	/** What was remembered before the relay slept. */
	memory: SessionMemory | null;
	remember: (memory: SessionMemory) => void;
	/** Asks that `save` be called before the relay sleeps. */
	saveLater: () => void;
	backlog: Backlog;
	/** True where the backlog still counts what was remembered: the process is the same. */
	isCounted: boolean;
	/** How long a full window may be without a confirmation, milliseconds. */
	stallTimeoutMs: number;
	/** Runs a function after that many milliseconds, unless what it returns is called before. */
	startTimer: (ms: number, run: () => void) => () => void;
	onFault: (error: unknown) => void;
}

/** Close code for a restart (RFC 6455, 11.7; registered by IANA). */
const CLOSE_RESTART = 1012;
const encoder = new TextEncoder();
/** Enough for a reader to know what to do; whole, so that a close reason holds it. */
const TOO_SLOW = 'Confirm what came: {"type":"seen","bytes":N}, N all bytes so far, at the latest every 64 KB.';

export class Session implements Publisher {
	readonly subject = '';
	readonly #options: SessionOptions;
	#viewer: Viewer | undefined;
	#filter: Filter | undefined;
	#saidHello: boolean;
	#isOver = false;
	readonly #window: Window;
	/** Types of the newest hello that was answered; null for all. */
	#types: string[] | null | undefined;
	#isUnsaved = false;
	/** So much is outstanding that he is being closed. */
	#isOverdrawn = false;
	/** Ends the time that a full window has. */
	#endStall: (() => void) | undefined;
	/** Wakes the feeding that waits for the window. */
	#wake: (() => void) | undefined;
	/** The hello that is being answered, or the one that is next. */
	#nextHello: Hello | undefined;

	constructor(options: SessionOptions) {
		this.#options = options;
		const { memory } = options;
		this.#types = memory?.types;
		this.#saidHello = this.#types !== undefined;
		this.#window = new Window(options.backlog, memory ?? undefined, options.isCounted);
		if (!this.#window.isOpen) this.#watchStall();
	}

	/** Goes on after the relay's sleep, during which nothing was published: live, or from where a viewer was who is behind. */
	resume(channel: Channel): void {
		const { memory } = this.#options;
		if (this.#types === undefined || this.#viewer || this.#isOver) return;
		const viewer = this.#createViewer(channel, this.#types ?? undefined);
		if (memory?.position === undefined) channel.resume(viewer);
		else channel.feed(viewer, memory.position);
	}

	/** Has what must survive the relay's sleep remembered. */
	save(): void {
		this.#isUnsaved = false;
		const viewer = this.#viewer;
		const position = viewer ? (viewer.isLive ? undefined : viewer.told) : this.#options.memory?.position;
		this.#options.remember({
			...this.#window.memory,
			...(this.#types === undefined ? {} : { types: this.#types }),
			...(position === undefined ? {} : { position }),
		});
	}

	/** One frame from the client; never throws. */
	receive(data: string | ArrayBuffer | ArrayBufferView): void {
		if (this.#isOver) return;
		try {
			if (typeof data !== 'string') {
				throw new FeedError(
					'unsupported-frame',
					'A message is a text frame with one JSON object, such as {"type":"ping"}.',
				);
			}
			const message = parseClientMessage(data);
			if (message.type === 'ping') {
				this.#pong();
				return;
			}
			if (message.type === 'seen') {
				this.#confirm(message.bytes);
				return;
			}
			if (message.type === 'give-up') {
				this.#options.peekChannel()?.giveUp(this, message.ref);
				return;
			}
			if (message.type === 'publish' && !this.#saidHello) {
				const error = new FeedError(
					'hello-expected',
					'Say {"type":"hello","protocol":1} before anything is published.',
				);
				error.ref = message.ref;
				throw error;
			}
			if (!this.#saidHello && this.#options.backlog.isFull) throw createError('relay-full');
			this.#saidHello = true;
			const ref = message.type === 'publish' ? message.ref : undefined;
			this.#withChannel(ref, (channel) => {
				if (message.type === 'publish') channel.publish(this, [{ ...message, bytes: data.length }]);
				else this.#greet(channel, message);
			});
		} catch (error) {
			this.#refuse(error);
		}
	}

	/** Closes the socket unless a hello has come. */
	expire(): void {
		if (!this.#saidHello) this.#refuse(createError('hello-timeout'));
	}

	/** Says an error that ends the conversation, where the table has a close code for it. */
	fail(error: FeedError): void {
		this.#refuse(error);
	}

	/** The relay is about to stop: the client comes back at a random moment within `returnMs`. */
	goAway(returnMs: number): void {
		this.#send({ type: 'goaway', returnMs });
		this.#close(CLOSE_RESTART, 'The relay is restarting.');
	}

	/** The socket is gone. */
	end(): void {
		this.#window.end();
		this.#leave();
	}

	settle(results: readonly Result[]): void {
		const receipts: Receipts['receipts'] = [];
		const errors: { error: FeedError; ref: number }[] = [];
		for (const result of results) {
			if ('receipt' in result) receipts.push({ ref: result.ref, ...result.receipt });
			else errors.push(result);
		}
		if (receipts.length > 0) this.#send({ type: 'receipts', receipts });
		// Last, since some of them end the conversation.
		for (const { error, ref } of errors) this.#refuse(error, ref);
	}

	/** At once where the channel is loaded, so that the order of messages is kept. */
	#withChannel(ref: number | undefined, act: (channel: Channel) => void): void {
		const channel = this.#options.getChannel();
		if (!(channel instanceof Promise)) act(channel);
		else channel.then(act).catch((error) => this.#refuse(error, ref));
	}

	/** One hello after the other; of those that come meanwhile the newest alone, so that many cost no more than two. */
	#greet(channel: Channel, hello: Hello): void {
		const isBusy = this.#nextHello !== undefined;
		this.#nextHello = hello;
		if (isBusy) {
			if (this.#viewer) channel.leave(this.#viewer); // the earlier one is sent nothing more
			this.#wake?.(); // nor does it wait any more
			return;
		}
		this.#hello(channel, hello)
			.catch((error) => this.#refuseHello(error))
			.finally(() => {
				const next = this.#nextHello;
				this.#nextHello = undefined;
				if (next && next !== hello) this.#greet(channel, next);
			});
	}

	async #hello(channel: Channel, hello: Hello): Promise<void> {
		if (this.#isOver) return; // cut off while the channel was loaded
		const viewer = this.#createViewer(channel, hello.types);
		const turn = viewer.turn;
		const position = hello.position === undefined ? undefined : parsePosition(hello.position);
		const begin = await channel.begin({ position, history: hello.history }, viewer.filter);
		if (viewer.turn !== turn) return;
		const types = viewer.filter.types;
		const welcome = channel.welcome(begin, viewer.filter);
		this.#send(hello.ref === undefined ? welcome : { ...welcome, ref: hello.ref });
		// The filter in force, which is short: what the client asked for may be more than sleep leaves room for.
		this.#types = types.length > 0 ? [...types] : null;
		this.save();
		await channel.feed(viewer, begin.after);
	}

	/** What is not of the client's making came from the log: he is to come back, or he would wait for ever. */
	#refuseHello(error: unknown): void {
		const isKnown = error instanceof FeedError;
		if (!isKnown) this.#options.onFault(error);
		this.#refuse(isKnown ? error : createError('storage-failed'));
	}

	#createViewer(channel: Channel, types: readonly string[] | undefined): Viewer {
		this.#dropViewer(channel);
		// Too many filters, or too long a one: everything is sent, and the client chooses.
		this.#filter = channel.takeFilter(types) ?? channel.takeFilter(undefined);
		const sink = {
			form: socketForm,
			isReady: () => this.#window.isOpen,
			whenReady: () => this.#whenOpen(),
			write: (bytes: Uint8Array) => this.#transmit(bytes),
			fail: () => this.#refuse(createError('storage-failed')),
			spread: (returnMs: number) => this.#pong(returnMs),
		};
		const viewer = new Viewer(sink, this.#filter as Filter); // a filter for everything is always given
		this.#viewer = viewer;
		return viewer;
	}

	#dropViewer(channel: Channel): void {
		if (this.#viewer) channel.leave(this.#viewer);
		if (this.#filter) channel.releaseFilter(this.#filter);
		this.#viewer = undefined;
		this.#filter = undefined;
	}

	/** What came was read: it goes on where that makes room. */
	#confirm(bytes: number): void {
		if (!this.#window.confirm(bytes)) return;
		this.#changed();
		this.#endStall?.();
		this.#endStall = undefined;
		if (!this.#window.isOpen) this.#watchStall();
		else if (this.#viewer) this.#wake?.();
		// He was behind when the relay fell asleep: loading the channel resumes him.
		else if (this.#options.memory?.position !== undefined) this.#withChannel(undefined, () => {});
	}

	#whenOpen(): Promise<void> {
		this.#changed(); // he is no longer live
		this.#watchStall();
		return new Promise((resolve) => {
			this.#wake = resolve;
		});
	}

	#watchStall(): void {
		if (this.#endStall || this.#isOver) return;
		const { startTimer, stallTimeoutMs } = this.#options;
		this.#endStall = startTimer(stallTimeoutMs, () => {
			this.#endStall = undefined;
			if (!this.#window.isOpen) this.#refuse(new FeedError('too-slow', TOO_SLOW));
			else this.#wake?.(); // windows have grown again
		});
	}

	/** What is to be remembered is another: saved once for all that happens in a while, since a frame must cost next to nothing. */
	#changed(): void {
		if (this.#isUnsaved) return;
		this.#isUnsaved = true;
		this.#options.saveLater();
	}

	/** Nothing is sent or received any more. */
	#leave(): void {
		this.#isOver = true;
		this.#endStall?.();
		this.#endStall = undefined;
		const channel = this.#options.peekChannel();
		if (channel) this.#dropViewer(channel);
		this.#wake?.(); // whoever waited finds that it is over
	}

	#pong(returnMs?: number): void {
		const epoch = this.#options.peekChannel()?.epoch;
		const viewer = this.#viewer;
		const position = epoch && viewer?.isLive ? { position: formatPosition({ epoch, seq: viewer.cursor }) } : {};
		const spread = returnMs === undefined ? {} : { returnMs };
		this.#send({ type: 'pong', time: this.#options.clock(), ...position, ...spread });
	}

	#refuse(error: unknown, ref?: number): void {
		if (this.#isOver) return;
		if (!(error instanceof FeedError)) this.#options.onFault(error);
		const known = error instanceof FeedError ? error : createError('internal');
		this.#send(formatError(known, ref ?? known.ref));
		const { close } = ERRORS[known.code];
		if (close !== undefined) this.#close(close, known.message);
	}

	#send(message: RelayMessage): void {
		this.#transmit(JSON.stringify(message));
	}

	/** A socket that is closing throws at `send`; its `close` event follows and ends the conversation. */
	#transmit(data: string | Uint8Array): void {
		if (this.#isOver) return;
		try {
			this.#options.socket.send(data);
		} catch {
			this.#isOver = true;
			return;
		}
		const window = this.#window;
		window.send(typeof data === 'string' ? encoder.encode(data).length : data.length);
		this.#changed();
		if (window.isOpen) return;
		const isLast = this.#isOverdrawn;
		this.#isOverdrawn = window.isOverdrawn;
		if (!window.isOverdrawn) this.#watchStall();
		else if (!isLast) this.#refuse(new FeedError('too-slow', TOO_SLOW));
	}

	#close(code: number, reason: string): void {
		if (this.#isOver) return;
		this.#window.close();
		this.#changed();
		this.#leave();
		let short = reason;
		while (encoder.encode(short).length > MAX_CLOSE_REASON_BYTES) short = short.slice(0, -1);
		try {
			this.#options.socket.close(code, short);
		} catch {
			// It is closed already, which is what was wanted.
		}
	}
}

function formatError(error: FeedError, ref: number | undefined): ErrorMessage {
	const { code, message } = error;
	const { retryable } = ERRORS[code];
	return { type: 'error', ...(ref === undefined ? {} : { ref }), code, message, retryable };
}
