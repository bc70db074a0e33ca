// One WebSocket's conversation: hello, then publishes, pings and entries, as fast as the other side confirms them.
// Knows the order of messages and what each asks of the channel; never knows PartyKit, storage or tokens' form.
import type { Channel, Publisher, Result } from './channel.ts';
import { type Filter, socketForm } from './frame.ts';
import type { Heartbeat, Listener } from './heartbeat.ts';
import type { Link } from './host.ts';
import { can, deny, hasExpired, type Identity, NOBODY } from './identity.ts';
import type { Limiter } from './limiter.ts';
import type { Presence, PresenceMemory, Visitor } from './presence.ts';
import { WRITING } from './protocol/capabilities.ts';
import { type Hello, parseClientMessage } from './protocol/client-message.ts';
import { createError, ERRORS, FeedError } from './protocol/errors.ts';
import type { Status } from './protocol/event.ts';
import { MAX_CLOSE_REASON_BYTES, SEEN_BYTES } from './protocol/limits.ts';
import { formatPosition, parsePosition } from './protocol/position.ts';
import type { ErrorMessage, Receipts, RelayMessage, Welcome } from './protocol/relay-message.ts';
import type { Wish } from './protocol/wish.ts';
import { Viewer } from './viewer.ts';
import { type Backlog, Window, type WindowMemory } from './window.ts';

/** What a conversation needs of a socket. */
export type Socket = Pick<Link, 'send' | 'close' | 'bufferedAmount' | 'pingedAt'>;

/** What of a conversation must survive the relay's sleep. */
export interface SessionMemory extends WindowMemory {
	/** The types of the hello; null for all. Absent where there was none yet. */
	types?: string[] | null;
	status?: Status[];
	/** True where it can inflate frames. */
	inflates?: true;
	/** Who it is. */
	who?: Identity;
	/** The name of the connection in its process. */
	connection?: string;
	/** The `seq` up to which a viewer was told who is behind; absent for one who is live. */
	position?: number;
	/** That he is here, where he wants that to be known. */
	presence?: PresenceMemory;
}

export interface SessionOptions {
	socket: Socket;
	/** The channel, loaded first where it is not. Rejects with a FeedError where it cannot be. */
	getChannel: () => Channel | Promise<Channel>;
	/** The channel if it is loaded. */
	peekChannel: () => Channel | undefined;
	/** Who a token proves, or none, and whose an author's key is; rejects or throws with a FeedError. */
	identify: (token: string | undefined, author: string | undefined) => Identity | Promise<Identity>;
	limiter: Limiter;
	/** Checks the limit of new channels, where the channel is not loaded. */
	openChannel: (who: Identity) => FeedError | undefined | Promise<FeedError | undefined>;
	/** Told of each frame that was handed over, with its bytes. */
	onSent: (bytes: number) => void;
	/** Who is here on the channel. */
	getPresence: () => Presence;
	heartbeat: Pick<Heartbeat, 'beat'>;
	/** Where the client comes from, and the connection's name in this process. */
	address: string | undefined;
	connection: string;
	/** Why nobody talks to it. Said to its first message: a close that comes before that the engine does not pass on. */
	refusal?: FeedError | undefined;
	/** Told of each refusal that no draft has caused. */
	onRefused: (error: FeedError, who: Identity) => void;
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
	/** Writes down a fault of ours, and answers what may be said of it. */
	onFault: (error: unknown) => FeedError;
}

/** Close code for a restart (RFC 6455, 11.7; registered by IANA). */
const CLOSE_RESTART = 1012;
const encoder = new TextEncoder();
/** Enough for a reader to know what to do; whole, so that a close reason holds it. */
const TOO_SLOW = 'Confirm what came: {"type":"seen","bytes":N}, N all bytes so far, at the latest every 128 KB.';

/** The same where the engine says what it holds. */
const NOT_READ = 'What was sent was not read for too long. Come back with the last position, and read faster.';

/** How often a window is looked at where the engine says what it holds: soon at first, then seldom, ms. */
const MIN_DRAIN_MS = 5;
const MAX_DRAIN_MS = 160;
/** What may come while a token is looked at, bytes. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Close codes: for who was sent what he may not have (RFC 6455, 7.4.1), and for who has to wait. */
const CLOSE_POLICY = 1008;
const CLOSE_LIMITED = 4429;

/** A hello, and the identity that it has proved. */
interface Greeting {
	hello: Hello;
	who: Identity;
}

export class Session implements Publisher, Visitor, Listener {
	readonly connection: string;
	readonly #options: SessionOptions;
	#viewer: Viewer | undefined;
	#filter: Filter | undefined;
	#saidHello: boolean;
	#isOver = false;
	readonly #window: Window;
	/** Types of the newest hello that was answered; null for all. */
	#types: string[] | null | undefined;
	#status: Status[] = [];
	#inflates: boolean;
	#isUnsaved = false;
	#toldAt: number;
	/** So much is outstanding that he is being closed. */
	#isOverdrawn = false;
	/** Ends the time that a full window has. */
	#endStall: (() => void) | undefined;
	/** A timer looks at what the engine holds. */
	#isDrainWatched = false;
	/** Wakes the feeding that waits for the window. */
	#wake: (() => void) | undefined;
	/** The hello that is being answered, or the one that is next. */
	#nextHello: Greeting | undefined;
	/** Of the newest hello. What came before belongs to the identity of then: it is handed on with each draft and hello. */
	#who: Identity;
	/** What came while a token is being looked at, and how many bytes. */
	#waiting: (string | ArrayBuffer | ArrayBufferView)[] | undefined;
	#waitingBytes = 0;

	constructor(options: SessionOptions) {
		this.#options = options;
		const { memory } = options;
		this.connection = memory?.connection ?? options.connection;
		this.#who = memory?.who ?? { ...NOBODY, address: options.address };
		this.#types = memory?.types;
		this.#status = memory?.status ?? [];
		this.#inflates = memory?.inflates ?? false;
		this.#saidHello = this.#types !== undefined;
		// A new client waits for its welcome, and for nothing before it.
		this.#toldAt = memory ? 0 : options.clock();
		this.#window = new Window(options.backlog, memory ?? undefined, options.isCounted);
		if (!this.#window.isOpen) this.#watchStall();
		this.#watchDrain();
	}

	/** The identity of now. What has come already belongs to the one of then. */
	get identity(): Identity {
		return this.#who;
	}

	/** Where the client comes from, which no hello changes. */
	get address(): string | undefined {
		return this.#who.address;
	}

	/** Goes on after the relay's sleep, during which nothing was published: live, or from where a viewer was who is behind. */
	resume(channel: Channel): void {
		const { memory } = this.#options;
		if (this.#types === undefined || this.#viewer || this.#isOver || !can(this.#who, 'read')) return;
		const wish = { types: this.#types ?? undefined, status: this.#status };
		const viewer = this.#createViewer(channel, wish, this.#who);
		if (memory?.position === undefined) channel.resume(viewer);
		else channel.feed(viewer, { after: memory.position });
	}

	/** Has what must survive the relay's sleep remembered. */
	save(): void {
		this.#isUnsaved = false;
		const viewer = this.#viewer;
		const position = viewer ? (viewer.isLive ? undefined : viewer.told) : this.#options.memory?.position;
		const presence = this.#options.getPresence().remember(this, this.#who);
		this.#options.remember({
			...this.#window.memory,
			...{ who: this.#who, connection: this.connection },
			...(this.#types === undefined ? {} : { types: this.#types }),
			...(this.#status.length === 0 ? {} : { status: this.#status }),
			...(this.#inflates ? { inflates: true } : {}),
			...(position === undefined ? {} : { position }),
			...(presence === undefined ? {} : { presence }),
		});
	}

	get isReady(): boolean {
		return !this.#isOver && this.#hasRoom();
	}

	tell(frame: Uint8Array): void {
		this.#transmit(frame);
	}

	probe(): void {
		this.#pong();
	}

	get pingedAt(): number | undefined {
		return this.#options.socket.pingedAt;
	}

	get toldAt(): number {
		return this.#toldAt;
	}

	assure(): void {
		if (this.#saidHello && this.isReady) this.#pong();
	}

	keep(): void {
		this.#changed();
	}

	/** One frame from the client; never throws. */
	receive(data: string | ArrayBuffer | ArrayBufferView): void {
		if (this.#isOver) return;
		if (this.#waiting) {
			this.#waitingBytes += typeof data === 'string' ? data.length : data.byteLength;
			if (this.#waitingBytes > MAX_WAITING_BYTES) this.#close(CLOSE_POLICY, 'Too much came with the hello.');
			else this.#waiting.push(data);
			return;
		}
		try {
			if (this.#options.refusal) throw this.#options.refusal;
			if (hasExpired(this.#who, this.#options.clock())) throw createError('token-expired');
			this.#options.getPresence().hear(this);
			if (typeof data !== 'string') {
				throw new FeedError(
					'unsupported-frame',
					'A message is a text frame with one JSON object, such as {"type":"ping"}.',
				);
			}
			const message = parseClientMessage(data);
			const bringsNothing = message.type !== 'publish' && message.type !== 'seen';
			if (bringsNothing && this.#isTooMany()) return;
			if (message.type === 'ping') {
				this.#pong();
				this.#options.heartbeat.beat();
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
			if (message.type === 'hello') this.#identify(message);
			else {
				// A hello that comes while the channel is loaded changes nothing of what was accepted before it.
				const who = this.#who;
				this.#withChannel(message.ref, (channel) => channel.publish(this, [{ ...message, bytes: data.length }], who));
			}
		} catch (error) {
			this.#refuse(error);
			this.#isTooMany();
		}
	}

	/** Small ones cost too. Ends it where they are too many. */
	#isTooMany(): boolean {
		const limited = this.#options.limiter.message(this);
		if (limited) this.#turnAway(limited);
		return limited !== undefined;
	}

	/** Says when to come back. */
	#turnAway(limited: FeedError): void {
		this.#refuse(limited);
		this.#close(CLOSE_LIMITED, limited.message);
	}

	/** Closes the socket unless a hello has come. */
	expire(): void {
		if (!this.#saidHello) this.#refuse(this.#options.refusal ?? createError('hello-timeout'));
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

	/** Who it is comes first: what is said meanwhile waits, in its order. */
	#identify(hello: Hello): void {
		const { token, author } = hello;
		// One that brings neither token nor key keeps what an earlier one has proved or shown; a key proves nothing beside a token.
		const isKept = token === undefined && (this.#who.subject || (author === undefined && this.#who.author));
		const who = isKept ? this.#who : this.#options.identify(token, author);
		const admitted =
			who instanceof Promise ? who.then((proven) => this.#admit(proven, hello)) : this.#admit(who, hello);
		if (!admitted) return;
		this.#waiting = [];
		this.#waitingBytes = 0;
		admitted
			.catch((error) => this.#refuse(error))
			.finally(() => {
				const waiting = this.#waiting ?? [];
				this.#waiting = undefined;
				for (const data of waiting) this.receive(data);
			});
	}

	/** At once, unless whether the channel may be opened is decided elsewhere. */
	#admit(who: Identity, hello: Hello): Promise<void> | undefined {
		const { clock, peekChannel, openChannel } = this.#options;
		this.#who = who;
		const denied = deny(who, clock(), 'read', ...WRITING);
		if (denied) throw denied;
		const limited = peekChannel() ? undefined : openChannel(who);
		if (limited instanceof Promise) return limited.then((error) => this.#begin(error, { hello, who }));
		this.#begin(limited, { hello, who });
		return undefined;
	}

	#begin(limited: FeedError | undefined, greeting: Greeting): void {
		const { connection } = this;
		const error = limited ?? this.#options.limiter.replay({ who: greeting.who, connection });
		if (error) this.#turnAway(error);
		else this.#withChannel(undefined, (channel) => this.#greet(channel, greeting));
	}

	/** At once where the channel is loaded, so that the order of messages is kept. */
	#withChannel(ref: number | undefined, act: (channel: Channel) => void): void {
		const channel = this.#options.getChannel();
		if (!(channel instanceof Promise)) act(channel);
		else channel.then(act).catch((error) => this.#refuse(error, ref));
	}

	/** One hello after the other; of those that come meanwhile the newest alone, so that many cost no more than two. */
	#greet(channel: Channel, greeting: Greeting): void {
		const isBusy = this.#nextHello !== undefined;
		this.#nextHello = greeting;
		if (isBusy) {
			if (this.#viewer) channel.leave(this.#viewer); // the earlier one is sent nothing more
			this.#wake?.(); // nor does it wait any more
			return;
		}
		this.#hello(channel, greeting)
			.catch((error) => this.#refuseHello(error))
			.finally(() => {
				const next = this.#nextHello;
				this.#nextHello = undefined;
				if (next && next !== greeting) this.#greet(channel, next);
			});
	}

	async #hello(channel: Channel, { hello, who }: Greeting): Promise<void> {
		if (this.#isOver) return; // cut off while the channel was loaded
		if (!can(who, 'read')) {
			this.#dropViewer(channel);
			this.#options.getPresence().leave(this);
			this.#welcome(channel.welcomeWriter(who), hello.ref, who);
			this.#types = null;
			this.save();
			return;
		}
		this.#inflates = hello.inflate ?? false;
		const viewer = this.#createViewer(channel, hello, who);
		const turn = viewer.turn;
		const position = hello.position === undefined ? undefined : parsePosition(hello.position);
		const reader = { who, connection: this.connection };
		const onRead = (bytes: number) => this.#options.limiter.replayed(reader, bytes);
		const begin = await channel.begin({ position, history: hello.history }, viewer.filter, onRead);
		// Last, so that a reaction is either in it or in what follows.
		const own = await channel.describe(who);
		if (viewer.turn !== turn) return;
		const { types, status } = viewer.filter;
		this.#welcome(channel.welcome(begin, viewer.filter, own), hello.ref, who);
		this.#options.getPresence().greet(this, who, hello.presence);
		// The filter in force, which is short: what the client asked for may be more than sleep leaves room for.
		this.#types = types.length > 0 ? [...types] : null;
		this.#status = [...status];
		this.save();
		// What the relay has after another log, or after what was lost of this one, is all new to him.
		await channel.feed(viewer, begin, position === undefined || !begin.recovered);
	}

	#welcome(welcome: Welcome, ref: number | undefined, { subject, expires }: Identity): void {
		const proven = expires === undefined ? {} : { subject, expires };
		this.#send({ ...welcome, ...proven, ...(ref === undefined ? {} : { ref }) });
	}

	/** What is not of the client's making came from the log: he is to come back, or he would wait for ever. */
	#refuseHello(error: unknown): void {
		const isKnown = error instanceof FeedError;
		if (!isKnown) this.#options.onFault(error);
		this.#refuse(isKnown ? error : createError('storage-failed'));
	}

	#createViewer(channel: Channel, wish: Wish, who: Identity): Viewer {
		this.#dropViewer(channel);
		// Too many filters, or too long a one: everything is sent, and the client chooses.
		this.#filter = channel.takeFilter(wish) ?? channel.takeFilter();
		const sink = {
			...{ form: socketForm, inflates: this.#inflates },
			isReady: () => this.#hasRoom(),
			whenReady: () => this.#whenOpen(),
			write: (bytes: Uint8Array) => this.#transmit(bytes),
			replayed: (bytes: number) => this.#options.limiter.replayed({ who, connection: this.connection }, bytes),
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

	/** What came was read: it goes on where that makes room. An engine that says what it holds is asked instead. */
	#confirm(bytes: number): void {
		const held = this.#options.socket.bufferedAmount;
		if (!(held === undefined ? this.#window.confirm(bytes) : this.#window.hold(held))) return;
		this.#progress();
		if (this.#window.isOpen) this.#reopen();
	}

	/** The peer has taken something: the time of a full window begins anew. */
	#progress(): void {
		this.#changed();
		if (!this.#endStall) return;
		this.#endStall();
		this.#endStall = undefined;
		if (!this.#window.isOpen) this.#watchStall();
	}

	#whenOpen(): Promise<void> {
		this.#changed(); // he is no longer live
		this.#watchStall();
		return new Promise((resolve) => {
			this.#wake = resolve;
		});
	}

	/** Is there room in the window? Where the engine says what it holds, that decides. */
	#hasRoom(): boolean {
		const window = this.#window;
		const held = window.outstanding > SEEN_BYTES ? this.#options.socket.bufferedAmount : undefined;
		if (held !== undefined && window.hold(held)) this.#progress();
		return window.isOpen;
	}

	/**
	 * Looks at what the engine holds until it is little: a client need not confirm what it has read, and the backlog of all
	 * counts it until then.
	 */
	#watchDrain(ms = MIN_DRAIN_MS): void {
		if (this.#isDrainWatched || this.#isOver || this.#window.outstanding <= SEEN_BYTES) return;
		if (this.#options.socket.bufferedAmount === undefined) return;
		this.#isDrainWatched = true;
		this.#options.startTimer(ms, () => {
			this.#isDrainWatched = false;
			if (this.#isOver) return;
			if (this.#hasRoom()) this.#reopen();
			this.#watchDrain(Math.min(2 * ms, MAX_DRAIN_MS));
		});
	}

	/** The window has room again. */
	#reopen(): void {
		this.#endStall?.();
		this.#endStall = undefined;
		if (this.#viewer) this.#wake?.();
		// He was behind when the relay fell asleep: loading the channel resumes him.
		else if (this.#options.memory?.position !== undefined) this.#withChannel(undefined, () => {});
	}

	#watchStall(): void {
		if (this.#endStall || this.#isOver) return;
		const { startTimer, stallTimeoutMs } = this.#options;
		this.#endStall = startTimer(stallTimeoutMs, () => {
			this.#endStall = undefined;
			if (!this.#hasRoom()) this.#refuse(this.#tooSlow);
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
		this.#options.getPresence().leave(this);
		this.#wake?.(); // whoever waited finds that it is over
	}

	#pong(returnMs?: number): void {
		const epoch = this.#options.peekChannel()?.epoch;
		const viewer = this.#viewer;
		const position = epoch && viewer?.isLive ? { position: formatPosition({ epoch, seq: viewer.cursor }) } : {};
		const spread = returnMs === undefined ? {} : { returnMs };
		const pong: RelayMessage = { type: 'pong', time: this.#options.clock(), ...position, ...spread };
		// Not worth remembering on its own: who asks is there, and thousands who are idle do nothing else.
		this.#transmit(JSON.stringify(pong), { isMinor: true });
	}

	#refuse(error: unknown, ref?: number): void {
		if (this.#isOver) return;
		const known = error instanceof FeedError ? error : this.#options.onFault(error);
		if (ref === undefined) this.#options.onRefused(known, this.#who);
		const { close } = ERRORS[known.code];
		// A draft is refused alone: who may not publish, or has to wait for it, may still read.
		const isExpiry = known.code === 'token-expired' && hasExpired(this.#who, this.#options.clock());
		const isAlone = known.retryMs !== undefined || /^(forbidden|token-(needed|expired))$/.test(known.code);
		const isOfDraft = ref !== undefined && isAlone && !isExpiry; // a draft of an earlier token, which has expired, is too
		const isLast = close !== undefined && !isOfDraft;
		// A token that is over is no draft's fault: it is sent again with another one.
		this.#transmit(JSON.stringify(formatError(known, isExpiry ? undefined : (ref ?? known.ref))), { isLast });
		if (isLast) this.#close(close, known.message);
	}

	#send(message: RelayMessage): void {
		this.#transmit(JSON.stringify(message));
	}

	/** A socket that is closing throws at `send`; its `close` event follows and ends the conversation. */
	#transmit(data: string | Uint8Array, { isLast = false, isMinor = false } = {}): void {
		if (this.#isOver) return;
		const now = this.#options.clock();
		if (!isLast && hasExpired(this.#who, now)) {
			this.#refuse(createError('token-expired'));
			return;
		}
		this.#toldAt = now;
		try {
			this.#options.socket.send(data);
		} catch {
			this.#isOver = true;
			return;
		}
		const window = this.#window;
		const bytes = typeof data === 'string' ? encoder.encode(data).length : data.length;
		window.send(bytes);
		this.#options.onSent(bytes);
		if (!isMinor || window.outstanding > SEEN_BYTES) this.#changed(); // the backlog counts it, and must find it again
		const hasRoom = this.#hasRoom();
		this.#watchDrain();
		if (hasRoom) return;
		const wasOverdrawn = this.#isOverdrawn;
		this.#isOverdrawn = window.isOverdrawn;
		if (!window.isOverdrawn) this.#watchStall();
		else if (!wasOverdrawn) this.#refuse(this.#tooSlow);
	}

	get #tooSlow(): FeedError {
		return new FeedError('too-slow', this.#options.socket.bufferedAmount === undefined ? TOO_SLOW : NOT_READ);
	}

	#close(code: number, reason: string): void {
		if (this.#isOver) return;
		this.#hasRoom(); // what is held from here on is what the engine holds
		this.#window.close();
		this.#changed();
		this.#leave();
		let short = reason.toWellFormed();
		while (encoder.encode(short).length > MAX_CLOSE_REASON_BYTES || !short.isWellFormed()) short = short.slice(0, -1);
		try {
			this.#options.socket.close(code, short);
		} catch {
			// It is closed already, which is what was wanted.
		}
	}
}

function formatError(error: FeedError, ref: number | undefined): ErrorMessage {
	const { code, message, retryMs, event } = error;
	const { retryable } = ERRORS[code];
	const more = { ...(retryMs === undefined ? {} : { retryMs }), ...(event ? { event } : {}) };
	const known = { code, message: message.toWellFormed(), retryable }; // it may quote what came, and cut it
	return { type: 'error', ...(ref === undefined ? {} : { ref }), ...known, ...more };
}
