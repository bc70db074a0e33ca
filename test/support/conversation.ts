// A WebSocket client that keeps every message until somebody waits for it.
// Knows frames and waiting; never knows what a message means.
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { SEEN_BYTES } from '../../relay/protocol/limits.ts';
import { isDeflated, readFrame } from './inflate.ts';
import { patience } from './slowness.ts';
import { look } from './spill.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the relay says; the tests say what they expect
export type Message = any;

/** A channel that no other test uses, here or on a relay that others use too. */
export function createChannelName(name: string): string {
	return `${name}-${randomBytes(6).toString('hex')}`;
}

export interface ConversationOptions {
	/** False for one who never says what it has seen. */
	confirms?: boolean;
	/** False to take frames as they are. By default an engine may compress each (RFC 7692), and much text is little on the wire. */
	compresses?: boolean;
	/** Of the opening request, as a page or a proxy would send them. */
	headers?: Record<string, string>;
	/** Of its address, without the question mark. */
	search?: string;
}

export class Conversation {
	readonly socket: WebSocket;
	/** Of all frames so far. */
	bytes = 0;
	/** All messages so far, in order. */
	readonly messages: Message[] = [];
	/** True where the frame was binary, by message. */
	readonly isBinary: boolean[] = [];
	/** True where it came deflated, which only comes to who says `inflate: true`. */
	readonly isDeflated: boolean[] = [];
	closed: { code: number; reason: string } | undefined;
	#wake: (() => void)[] = [];
	#read = 0;

	private constructor(socket: WebSocket, { confirms = true }: ConversationOptions) {
		this.socket = socket;
		let confirmed = 0;
		socket.on('message', (data: Buffer, isBinary) => {
			this.bytes += data.length;
			if (confirms && this.bytes - confirmed >= SEEN_BYTES && socket.readyState === WebSocket.OPEN) {
				confirmed = this.bytes;
				this.send({ type: 'seen', bytes: confirmed });
			}
			this.messages.push(JSON.parse(look('messages', readFrame(data))));
			this.isBinary.push(isBinary);
			this.isDeflated.push(isDeflated(data));
			this.#notify();
		});
		socket.on('close', (code, reason) => {
			this.closed = { code, reason: look('messages', String(reason)) };
			this.#notify();
		});
		socket.on('error', () => {}); // `close` follows and is what is looked at
	}

	/** Opens a socket to a channel. */
	static async open(relay: string, channel: string, options: ConversationOptions = {}): Promise<Conversation> {
		const address = `${relay.replace(/^http/, 'ws')}/channels/${channel}/events${options.search ? `?${options.search}` : ''}`;
		const { headers = {}, compresses = true } = options;
		const socket = new WebSocket(address, { headers, perMessageDeflate: compresses });
		const conversation = new Conversation(socket, options);
		await conversation.until(() => socket.readyState === WebSocket.OPEN || conversation.closed !== undefined, 'open');
		return conversation;
	}

	/** Opens one, says hello and waits for the welcome. */
	static async join(
		relay: string,
		channel: string,
		hello: object = {},
		options: ConversationOptions = {},
	): Promise<Conversation> {
		const conversation = await Conversation.open(relay, channel, options);
		conversation.send({ type: 'hello', protocol: 1, ...hello });
		await conversation.next('welcome');
		return conversation;
	}

	send(message: unknown): void {
		this.socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
	}

	/** The next message of a type that was not waited for yet; the others before it are passed over. */
	async next(type: string): Promise<Message> {
		let found: Message;
		await this.until(() => {
			while (this.#read < this.messages.length) {
				const message = this.messages[this.#read++];
				if (message.type === type) {
					found = message;
					return true;
				}
			}
			return false;
		}, type);
		return found;
	}

	/** Resolves once the condition holds; it is looked at after each message. */
	async until(condition: () => boolean, what: string, timeoutMs = patience(20_000)): Promise<void> {
		const deadline = Date.now() + timeoutMs;
		while (!condition()) {
			const left = deadline - Date.now();
			if (left <= 0 || (this.closed && what !== 'close')) {
				const last = JSON.stringify(this.messages.slice(-3)).slice(0, 600);
				throw new Error(`waited for ${what}; closed: ${JSON.stringify(this.closed)}; last messages: ${last}`);
			}
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, left);
				this.#wake.push(() => {
					clearTimeout(timer);
					resolve();
				});
				if (what === 'open') this.socket.once('open', () => this.#notify());
			});
		}
	}

	/** Everything sent before this is answered when it resolves. */
	async ping(): Promise<Message> {
		this.send({ type: 'ping', position: true }); // the bare one may be answered by the engine, before what the relay sends
		return await this.next('pong');
	}

	/** Says that all that has come so far was seen. */
	confirm(): void {
		this.send({ type: 'seen', bytes: this.bytes });
	}

	async waitForClose(): Promise<{ code: number; reason: string }> {
		await this.until(() => this.closed !== undefined, 'close');
		return this.closed as { code: number; reason: string }; // just seen
	}

	/** Forgets what has come so far. */
	forget(): void {
		this.messages.length = 0;
		this.isBinary.length = 0;
		this.isDeflated.length = 0;
		this.#read = 0;
	}

	/** All events of all entries so far. */
	get events(): Message[] {
		return this.messages.filter(({ type }) => type === 'entries').flatMap(({ entries }) => entries);
	}

	get seqs(): number[] {
		return this.events.map(({ seq }) => seq);
	}

	async close(): Promise<void> {
		this.socket.close();
		await this.waitForClose();
	}

	#notify(): void {
		for (const wake of this.#wake.splice(0)) wake();
	}
}
