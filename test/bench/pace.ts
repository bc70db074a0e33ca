// A publisher over one socket that keeps to a rate, each event with its number and the moment it was handed over.
// Knows drafts and receipts; never knows who reads, or what is measured.
import process from 'node:process';
import type { Draft } from '../../relay/protocol/event.ts';
import { until } from '../faults/scenario.ts';
import { Conversation } from '../support/conversation.ts';

/** At a rate, drafts are handed over this often, milliseconds. */
const TICK_MS = 2;
const RECEIPTS_MS = 30_000;

/** What each event carries. */
export interface Stamp {
	/** 1, 2, 3 … of its publisher. */
	n: number;
	/** Milliseconds since 1970, with parts of them. */
	at: number;
}

export interface Paced {
	sent: number;
	/** Receipts that came; fewer than were sent where the relay refused some. */
	stored: number;
	seconds: number;
	/** Of one core, what this process used meanwhile. */
	cpu: number;
}

export class PacedPublisher {
	readonly #conversation: Conversation;
	readonly #create: (n: number) => Draft;
	#sent = 0;
	#stored = 0;
	#refused = 0;

	private constructor(conversation: Conversation, create: (n: number) => Draft) {
		this.#conversation = conversation;
		this.#create = create;
		conversation.socket.on('message', () => {
			for (const message of conversation.messages) {
				if (message.type === 'receipts') this.#stored += message.receipts.length;
				else if (message.type === 'error') this.#refused++;
			}
			conversation.forget();
		});
	}

	/** It reads nothing itself. */
	static async join(relay: string, channel: string, create: (n: number) => Draft): Promise<PacedPublisher> {
		const conversation = await Conversation.join(relay, channel, { types: ['nothing'], history: 0 });
		return new PacedPublisher(conversation, create);
	}

	/** Hands over so many a second, and waits for their receipts. */
	async publish(rate: number, seconds: number): Promise<Paced> {
		const [before, stored, cpu] = [this.#sent, this.#stored, process.cpuUsage()];
		const begin = performance.now();
		const total = Math.round(rate * seconds);
		while (this.#sent < before + total && this.#refused === 0) {
			const due = Math.floor(((performance.now() - begin) / 1000) * rate) + 1;
			this.#hand(Math.min(due, total) + before - this.#sent);
			await new Promise((resolve) => setTimeout(resolve, TICK_MS));
		}
		await this.#settle();
		const elapsed = (performance.now() - begin) / 1000;
		const { user, system } = process.cpuUsage(cpu);
		return {
			...{ sent: this.#sent - before, stored: this.#stored - stored, seconds: elapsed },
			cpu: (user + system) / 1e6 / elapsed,
		};
	}

	/** Hands over many at once, and waits for their receipts. */
	async fill(count: number): Promise<void> {
		for (let left = count; left > 0 && this.#refused === 0; left -= 1000) {
			this.#hand(Math.min(left, 1000));
			await this.#settle();
		}
		if (this.#stored !== this.#sent) throw new Error(`of ${this.#sent} events ${this.#stored} were stored`);
	}

	close(): void {
		this.#conversation.socket.terminate();
	}

	#hand(count: number): void {
		for (let left = count; left > 0; left--) {
			const stamp: Stamp = { n: ++this.#sent, at: performance.timeOrigin + performance.now() };
			const draft = { ...this.#create(stamp.n), data: stamp };
			this.#conversation.send({ type: 'publish', ref: stamp.n, draft });
		}
	}

	async #settle(): Promise<void> {
		await until(() => this.#stored + this.#refused >= this.#sent, RECEIPTS_MS);
	}
}
