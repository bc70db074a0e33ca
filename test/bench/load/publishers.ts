// Publishers over bare sockets, who hand in events without waiting for an answer, and count the answers.
// Knows how a contender is published to; never knows how fast.
import { RawSocket } from '../../fuzz/raw-socket.ts';
import { encodeFrame, TEXT } from '../../fuzz/wire.ts';
import type { Dialect, Draft } from '../contenders/contender.ts';
import { createDraft } from './draft.ts';

export interface PublishersOptions {
	port: number;
	channel: string;
	dialect: Dialect;
	/** How many sockets. */
	count: number;
	/** The `n`th draft of a publisher, unless it is one as from a busy shop. */
	create?: (by: number, n: number) => Draft;
	/** Told how many answers have come to the publisher of this number. */
	onAnswers?: (by: number, count: number) => void;
	/** Told when the system has closed a socket. */
	onClosed?: () => void;
}

export class Publishers {
	sent = 0;
	accepted = 0;
	refused = 0;
	/** Sockets that the system has closed. */
	closed = 0;
	readonly #dialect: Dialect;
	readonly #create: (by: number, n: number) => Draft;
	readonly #sockets: RawSocket[] = [];
	readonly #numbers: number[];
	#next = 0;
	#isEnding = false;

	private constructor({ dialect, count, create = createDraft }: PublishersOptions) {
		this.#dialect = dialect;
		this.#create = create;
		this.#numbers = new Array(count).fill(0);
	}

	/** Resolves when each may publish. */
	static async open(options: PublishersOptions): Promise<Publishers> {
		const publishers = new Publishers(options);
		for (let by = 0; by < options.count; by++) await publishers.#open(by, options);
		return publishers;
	}

	async #open(by: number, { port, channel, dialect, onAnswers, onClosed }: PublishersOptions): Promise<void> {
		let awaited = dialect.publisherWaits;
		let onReady = () => {};
		const ready = new Promise<void>((resolve) => {
			onReady = resolve;
		});
		const socket = await RawSocket.connect({
			...{ port, path: dialect.publisherPath(channel) },
			onText: (text) => {
				if (awaited > 0 && --awaited === 0) onReady();
				const { accepted, refused, answer } = dialect.readAnswers(text);
				this.accepted += accepted;
				this.refused += refused;
				if (answer !== undefined) this.#write(socket, answer);
				if (accepted + refused > 0) onAnswers?.(by, accepted + refused);
			},
			onClose: () => {
				if (this.#isEnding) return;
				this.closed++;
				onClosed?.();
			},
		});
		socket.confirms = dialect.confirm !== undefined;
		this.#sockets.push(socket);
		for (const greeting of dialect.greetAsPublisher()) this.#write(socket, greeting);
		if (awaited > 0) await ready;
	}

	/** Handed in and not answered; 0 where nobody is answered. */
	get inFlight(): number {
		return this.#dialect.isAnswered ? this.sent - this.accepted - this.refused : 0;
	}

	/** What not even the system has taken. */
	get unsentBytes(): number {
		return this.#sockets.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0);
	}

	/** Hands in so many now, as equal a share over each socket as can be; one goes over each in turn. */
	publish(count: number): void {
		const { length } = this.#sockets;
		for (let left = count, sockets = length; left > 0 && sockets > 0; sockets--) {
			const share = Math.ceil(left / sockets);
			this.publishOver(this.#next++ % length, share);
			left -= share;
		}
	}

	/** Hands in so many over the socket of this number. */
	publishOver(by: number, count: number): void {
		const frames: Buffer[] = [];
		for (let done = 0; done < count; done++) {
			const n = this.#numbers[by] as number;
			this.#numbers[by] = n + 1;
			frames.push(encode(this.#dialect.encode(this.#create(by, n), n)));
		}
		this.#sockets[by]?.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
		this.sent += count;
	}

	close(): void {
		this.#isEnding = true;
		for (const socket of this.#sockets) socket.reset();
	}

	#write(socket: RawSocket, text: string): void {
		socket.write(encode(text));
	}
}

function encode(text: string): Buffer {
	return encodeFrame({ opcode: TEXT, payload: Buffer.from(text), mask: 0 });
}
