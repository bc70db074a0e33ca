// A proxy in front of a relay that does to its connections what networks do, switched on and off while it runs.
// Knows TCP, the head of a request and the frames of a WebSocket; never knows what a message means.
import net from 'node:net';

/** One connection through the proxy, as a choice is made among them. */
export interface Connection {
	/** 1, 2, 3 … in the order of acceptance. */
	readonly id: number;
	/** `unknown` until the head of the first request has come. */
	readonly via: 'unknown' | 'websocket' | 'http';
	/** The path of the first request, with its query. */
	readonly path: string;
}

export type Choose = (connection: Connection) => boolean;

/** What becomes of one message from the relay. */
export type MessageFault = 'pass' | 'drop' | 'duplicate' | 'truncate';

/** What ends a connection. `truncate` passes half of what comes next; `hole` keeps it, and passes nothing any more. */
export type Cut = 'close' | 'reset' | 'truncate' | 'hole';

/** Faults that last until they are taken back. */
export interface Faults {
	/** New connections end before a byte has passed. */
	refuse: 'close' | 'reset' | undefined;
	/** Connections stay, and nothing passes; what came meanwhile passes afterwards. */
	hole: boolean;
	/** Everything comes later, in both directions; milliseconds. */
	delayMs: number;
	/** An upgrade to a WebSocket gets 403; other requests pass. */
	refuseUpgrades: boolean;
	/** The body of a streaming response is kept back until it ends, as some proxies do. */
	holdStreams: boolean;
	/** Decides on each WebSocket message that the relay sends. */
	message: ((text: string, connection: Connection) => MessageFault) | undefined;
	/** The connections that all this is for: every one unless given. */
	only: Choose | undefined;
}

const NONE: Faults = {
	refuse: undefined,
	hole: false,
	delayMs: 0,
	refuseUpgrades: false,
	holdStreams: false,
	message: undefined,
	only: undefined,
};

/** What a direction keeps back before its sender is made to wait. */
const BACKLOG_BYTES = 1024 * 1024;
const HEAD_END = '\r\n\r\n';
const STREAM = /^HTTP\/1\.[\s\S]*\r\ncontent-type: *(text\/event-stream|application\/x-ndjson)/i;
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const REFUSAL = 'HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/** What is to be written, or what ends the direction after what was written before. */
type Parcel = { due: number } & ({ bytes: Buffer } | { end: 'close' | 'reset' });

/** One direction of a connection: keeps order, waits for a slow receiver, and for the end of a fault. */
class Lane {
	readonly #source: net.Socket;
	readonly #target: net.Socket;
	readonly #isHeld: (isOver: boolean) => boolean;
	readonly #getDelayMs: () => number;
	readonly #parcels: Parcel[] = [];
	#bytes = 0;
	#isBlocked = false;
	#timer: NodeJS.Timeout | undefined;

	constructor(source: net.Socket, target: net.Socket, isHeld: (isOver: boolean) => boolean, getDelayMs: () => number) {
		this.#source = source;
		this.#target = target;
		this.#isHeld = isHeld;
		this.#getDelayMs = getDelayMs;
	}

	push(bytes: Buffer): void {
		this.#bytes += bytes.length;
		this.#parcels.push({ bytes, due: performance.now() + this.#getDelayMs() });
		this.pump();
	}

	end(end: 'close' | 'reset' = 'close'): void {
		this.#parcels.push({ end, due: performance.now() + this.#getDelayMs() });
		this.pump();
	}

	/** Passes on what may pass now. */
	pump(): void {
		clearTimeout(this.#timer);
		while (!this.#isBlocked) {
			const [parcel] = this.#parcels;
			const last = this.#parcels.at(-1);
			if (!parcel || this.#isHeld(last !== undefined && 'end' in last)) break;
			const waitMs = parcel.due - performance.now();
			if (waitMs > 0) {
				this.#timer = setTimeout(() => this.pump(), waitMs);
				break;
			}
			this.#parcels.shift();
			if ('end' in parcel) {
				if (parcel.end === 'reset') this.#target.resetAndDestroy();
				else this.#target.destroySoon();
				return;
			}
			this.#bytes -= parcel.bytes.length;
			if (this.#target.destroyed || this.#target.write(parcel.bytes)) continue;
			this.#isBlocked = true;
			this.#target.once('drain', () => {
				this.#isBlocked = false;
				this.pump();
			});
		}
		if (this.#isBlocked || this.#bytes > BACKLOG_BYTES) this.#source.pause();
		else this.#source.resume();
	}

	stop(): void {
		clearTimeout(this.#timer);
	}
}

/** Cuts what a server sends on a WebSocket into frames; they are not masked (RFC 6455, 5.2). */
class FrameReader {
	#rest: Buffer = Buffer.alloc(0);

	*read(bytes: Buffer): Generator<Buffer> {
		this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
		for (;;) {
			const length = frameLength(this.#rest);
			if (length === undefined || this.#rest.length < length) return;
			yield this.#rest.subarray(0, length);
			this.#rest = this.#rest.subarray(length);
		}
	}
}

function frameLength(bytes: Buffer): number | undefined {
	if (bytes.length < 2) return undefined;
	return payloadStart(bytes) > bytes.length ? undefined : payloadStart(bytes) + payloadLength(bytes);
}

function payloadStart(frame: Buffer): number {
	const short = (frame[1] ?? 0) & 0x7f;
	return short === 127 ? 10 : short === 126 ? 4 : 2;
}

function payloadLength(frame: Buffer): number {
	const short = (frame[1] ?? 0) & 0x7f;
	return short === 127 ? Number(frame.readBigUInt64BE(2)) : short === 126 ? frame.readUInt16BE(2) : short;
}

/** The same frame with the first half of its payload. */
function halveMessage(frame: Buffer): Buffer {
	const payload = frame.subarray(payloadStart(frame));
	const half = payload.subarray(0, Math.floor(payload.length / 2));
	const head = Buffer.alloc(half.length < 126 ? 2 : half.length < 65_536 ? 4 : 10);
	head[0] = frame[0] ?? 0;
	if (head.length === 2) head[1] = half.length;
	else if (head.length === 4) {
		head[1] = 126;
		head.writeUInt16BE(half.length, 2);
	} else {
		head[1] = 127;
		head.writeBigUInt64BE(BigInt(half.length), 2);
	}
	return Buffer.concat([head, half]);
}

class Link implements Connection {
	readonly id: number;
	via: 'unknown' | 'websocket' | 'http' = 'unknown';
	path = '';
	readonly client: net.Socket;
	readonly #relayPort: number;
	readonly #getFaults: () => Faults;
	#relay: net.Socket | undefined;
	#up: Lane | undefined;
	#down: Lane | undefined;
	#head: Buffer = Buffer.alloc(0);
	#frames: FrameReader | undefined;
	#isHoled = false;
	#isTruncating = false;
	#isStream = false;
	#isEnded = false;

	constructor(id: number, client: net.Socket, relayPort: number, getFaults: () => Faults) {
		this.id = id;
		this.client = client;
		this.#relayPort = relayPort;
		this.#getFaults = getFaults;
		client.setNoDelay(true);
		client.on('error', () => {}); // `close` follows
		client.on('data', (bytes: Buffer) => this.#receive(bytes));
		client.on('end', () => this.#up?.end());
		client.on('close', () => this.#endOther());
		this.#refuse();
	}

	get #faults(): Faults {
		const faults = this.#getFaults();
		return (faults.only?.(this) ?? true) ? faults : NONE;
	}

	get #isBlack(): boolean {
		return this.#isHoled || this.#faults.hole;
	}

	/** Something was switched. */
	update(): void {
		if (this.#isBlack) return;
		if (this.#isEnded) {
			this.destroy();
			return;
		}
		if (!this.#relay) this.#connect();
		this.#up?.pump();
		this.#down?.pump();
	}

	cut(how: Cut): void {
		if (how === 'truncate') this.#isTruncating = true;
		else if (how === 'hole') this.#isHoled = true;
		else {
			if (how === 'reset') this.client.resetAndDestroy();
			else this.client.destroySoon();
			this.#relay?.destroy();
		}
	}

	heal(): void {
		this.#isHoled = false;
		this.#isTruncating = false;
	}

	destroy(): void {
		this.client.destroy();
		this.#relay?.destroy();
		this.#up?.stop();
		this.#down?.stop();
	}

	/** Neither side hears through a hole that the other is gone. */
	#endOther(): void {
		this.#isEnded = true;
		if (this.#isBlack) return;
		this.client.destroySoon();
		this.#relay?.destroySoon();
	}

	#refuse(): boolean {
		const { refuse } = this.#faults;
		if (refuse === 'reset') this.client.resetAndDestroy();
		else if (refuse === 'close') this.client.destroySoon();
		return refuse !== undefined;
	}

	#receive(bytes: Buffer): void {
		if (this.#up) this.#up.push(bytes);
		else {
			this.#head = Buffer.concat([this.#head, bytes]);
			this.#connect();
		}
	}

	/** Reads the head of the first request, and goes on to the relay. */
	#connect(): void {
		const end = this.#head.indexOf(HEAD_END);
		if (end === -1 || this.#relay || this.client.destroyed) return;
		const head = this.#head.subarray(0, end).toString('latin1');
		this.via = /^upgrade: *websocket/im.test(head) ? 'websocket' : 'http';
		this.path = head.split(' ')[1] ?? '';
		if (this.#isBlack || this.#refuse()) return;
		if (this.via === 'websocket' && this.#faults.refuseUpgrades) {
			this.client.end(REFUSAL);
			return;
		}
		const relay = net.connect({ port: this.#relayPort, host: '127.0.0.1', noDelay: true });
		this.#relay = relay;
		const getDelayMs = () => this.#faults.delayMs;
		this.#up = new Lane(this.client, relay, () => this.#isBlack, getDelayMs);
		const isKept = (isOver: boolean) => this.#isStream && !isOver && this.#faults.holdStreams;
		this.#down = new Lane(relay, this.client, (isOver) => this.#isBlack || isKept(isOver), getDelayMs);
		relay.on('error', () => {}); // `close` follows
		relay.on('data', (bytes: Buffer) => this.#pass(bytes));
		relay.on('end', () => this.#down?.end());
		relay.on('close', () => this.#endOther());
		// What was agreed to be compressed could be neither dropped nor doubled.
		const plain = head.replace(/\r\nsec-websocket-extensions:[^\r]*/i, '');
		this.#up.push(Buffer.concat([Buffer.from(plain, 'latin1'), this.#head.subarray(end)]));
	}

	/** What the relay sends. */
	#pass(bytes: Buffer): void {
		if (this.via === 'http') {
			this.#passPiece(bytes);
			return;
		}
		let rest = bytes;
		if (!this.#frames) {
			const end = bytes.indexOf(HEAD_END) + HEAD_END.length;
			this.#frames = new FrameReader();
			this.#down?.push(bytes.subarray(0, end));
			rest = bytes.subarray(end);
		}
		for (const frame of this.#frames.read(rest)) this.#passFrame(frame);
	}

	#passPiece(bytes: Buffer): void {
		if (!this.#isStream && this.#faults.holdStreams && STREAM.test(bytes.toString('latin1'))) {
			const end = bytes.indexOf(HEAD_END) + HEAD_END.length;
			this.#down?.push(bytes.subarray(0, end));
			this.#isStream = true;
			if (bytes.length > end) this.#down?.push(bytes.subarray(end));
			return;
		}
		if (this.#isTruncating) {
			this.#cutIn(bytes);
			return;
		}
		// The last chunk of a body, which may be followed by another response.
		if (this.#isStream && bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) this.#isStream = false;
		this.#down?.push(bytes);
	}

	#passFrame(frame: Buffer): void {
		const opcode = (frame[0] ?? 0) & 0x0f;
		const isMessage = opcode === 1 || opcode === 2;
		if (isMessage && this.#isTruncating) {
			this.#cutIn(frame);
			return;
		}
		const decide = isMessage ? this.#faults.message : undefined;
		const fault = decide?.(frame.subarray(payloadStart(frame)).toString(), this) ?? 'pass';
		if (fault === 'drop') return;
		this.#down?.push(fault === 'truncate' ? halveMessage(frame) : frame);
		if (fault === 'duplicate') this.#down?.push(frame);
	}

	#cutIn(bytes: Buffer): void {
		this.#isTruncating = false;
		this.#down?.push(bytes.subarray(0, Math.ceil(bytes.length / 2)));
		this.#down?.end();
		this.#relay?.removeAllListeners('data');
		this.#relay?.destroy();
	}
}

export interface FaultProxy {
	/** Without a slash at the end. */
	readonly url: string;
	readonly port: number;
	/** Those that are open, oldest first. */
	readonly connections: readonly Connection[];
	/** When each connection was accepted, refused ones included; by `performance.now()`. */
	readonly attempts: readonly number[];
	/** Switches lasting faults; those that are not named stay as they are. */
	set(faults: Partial<Faults>): void;
	/** Takes back every lasting fault, and what was done to connections that are still open. */
	heal(): void;
	/** Ends open connections; answers how many it was done to. */
	cut(how: Cut, choose?: Choose): number;
	/** Nothing listens any more: the system refuses new connections. */
	closePort(): Promise<void>;
	openPort(): Promise<void>;
	stop(): Promise<void>;
}

/** A proxy on a free port of 127.0.0.1, in front of a port there. */
export async function startProxy(relayPort: number): Promise<FaultProxy> {
	let faults: Faults = { ...NONE };
	const links = new Set<Link>();
	const attempts: number[] = [];
	const accept = (client: net.Socket) => {
		attempts.push(performance.now());
		const link = new Link(attempts.length, client, relayPort, () => faults);
		links.add(link);
		client.on('close', () => links.delete(link));
	};
	let server: net.Server | undefined;
	const listen = (port: number) =>
		new Promise<number>((resolve, reject) => {
			const starting = net.createServer({ allowHalfOpen: false }, accept);
			starting.once('error', reject);
			starting.listen({ port, host: '127.0.0.1', backlog: 2048 }, () => {
				server = starting;
				resolve((starting.address() as net.AddressInfo).port); // it listens on a port
			});
		});
	const port = await listen(0);
	const update = () => {
		for (const link of links) link.update();
	};
	const closePort = async () => {
		server?.close();
		server = undefined;
		// The system closes it in the loop's next turn.
		await new Promise((resolve) => setImmediate(resolve));
	};
	return {
		url: `http://127.0.0.1:${port}`,
		port,
		get connections() {
			return [...links];
		},
		attempts,
		set(changed) {
			faults = { ...faults, ...changed };
			update();
		},
		heal() {
			faults = { ...NONE };
			for (const link of links) link.heal();
			update();
		},
		cut(how, choose = () => true) {
			const chosen = [...links].filter(choose);
			for (const link of chosen) link.cut(how);
			return chosen.length;
		},
		closePort,
		async openPort() {
			if (!server) await listen(port);
		},
		async stop() {
			await closePort();
			for (const link of links) link.destroy();
		},
	};
}
