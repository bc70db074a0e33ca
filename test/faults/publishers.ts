// Publishers that keep at it until everything they handed in has a receipt: by WebSocket, and by HTTP.
// Knows keys, resending and receipts; never knows when a relay is killed.
import { WebSocket } from 'ws';
import type { Receipt } from '../../relay/protocol/event.ts';
import { SEEN_BYTES } from '../../relay/protocol/limits.ts';
import type { RelayMessage } from '../../relay/protocol/relay-message.ts';
import type { Mark, Placed } from './checker.ts';
import { pause } from './scenario.ts';

/** What a draft carries so that it is known again wherever it turns up. */
export interface MarkedDraft {
	type: string;
	/** The same in words, since that is what a panel draws. */
	text: string;
	key: string;
	data: { p: string; n: number };
}

/** The draft of a publisher's nth event; the same each time it is made. */
export function createDraft(publisher: string, n: number, type = 'load'): MarkedDraft {
	return { type, text: `${publisher} ${n}`, key: `${publisher}-${n}`, data: { p: publisher, n } };
}

/** An event as the checker takes it. */
export function placeEvent(event: { id: string; data?: unknown }): Placed {
	const { p, n } = event.data as MarkedDraft['data']; // every event of a scenario is made by `createDraft`
	return { ...parseId(event.id), publisher: p, n };
}

/** `epoch:seq` in its two parts. */
export function parseId(id: string): { epoch: string; seq: number } {
	const colon = id.lastIndexOf(':');
	return { epoch: id.slice(0, colon), seq: Number(id.slice(colon + 1)) };
}

/** What was handed in and what came back. */
export class Ledger {
	readonly handedIn: Mark[] = [];
	readonly receipts: Placed[] = [];
	/** Refusals for good: none is expected. */
	readonly refusals: string[] = [];

	confirm({ p, n }: MarkedDraft['data'], receipt: Pick<Receipt, 'id'>): void {
		this.receipts.push({ publisher: p, n, ...parseId(receipt.id) });
	}
}

/** Confirms what came on a socket, as every reader must; to be called with the length of each message. */
export function createConfirmer(socket: WebSocket): (bytes: number) => void {
	let [received, confirmed] = [0, 0];
	return (bytes) => {
		received += bytes;
		if (received - confirmed < SEEN_BYTES / 2) return;
		confirmed = received;
		socket.send(JSON.stringify({ type: 'seen', bytes: received }));
	};
}

/** Publishes over one WebSocket with drafts in flight; after a cut it sends again what has no receipt, in order. */
export class SocketPublisher {
	readonly #url: string;
	readonly #ledger: Ledger;
	readonly #waiting = new Map<number, MarkedDraft>();
	#socket: WebSocket | undefined;
	#nextRef = 1;
	#isOver = false;

	constructor(relay: string, channel: string, ledger: Ledger) {
		this.#url = `${relay.replace(/^http/, 'ws')}/channels/${channel}/events`;
		this.#ledger = ledger;
		this.#open();
	}

	/** Drafts without a receipt. */
	get waiting(): number {
		return this.#waiting.size;
	}

	publish(draft: MarkedDraft): void {
		const ref = this.#nextRef++;
		this.#waiting.set(ref, draft);
		this.#ledger.handedIn.push({ publisher: draft.data.p, n: draft.data.n });
		if (this.#socket?.readyState === WebSocket.OPEN) this.#send(this.#socket, ref, draft);
	}

	stop(): void {
		this.#isOver = true;
		this.#socket?.terminate();
	}

	#send(socket: WebSocket, ref: number, draft: MarkedDraft): void {
		socket.send(JSON.stringify({ type: 'publish', ref, draft }));
	}

	#open(): void {
		const socket = new WebSocket(this.#url, { perMessageDeflate: false });
		this.#socket = socket;
		socket.on('open', () => {
			// It wants no events: a type that nobody publishes.
			socket.send(JSON.stringify({ type: 'hello', protocol: 1, history: 0, types: ['none'] }));
			for (const [ref, draft] of this.#waiting) this.#send(socket, ref, draft);
		});
		const confirm = createConfirmer(socket);
		socket.on('message', (data: Buffer) => {
			confirm(data.length);
			this.#receive(socket, JSON.parse(data.toString()) as RelayMessage);
		});
		socket.on('error', () => {}); // `close` follows
		socket.on('close', () => {
			if (!this.#isOver) setTimeout(() => this.#isOver || this.#open(), 50);
		});
	}

	#receive(socket: WebSocket, message: RelayMessage): void {
		if (message.type === 'receipts') {
			for (const { ref, ...receipt } of message.receipts) {
				const draft = this.#waiting.get(ref);
				if (!draft) continue;
				this.#waiting.delete(ref);
				this.#ledger.confirm(draft.data, receipt);
			}
		} else if (message.type === 'error' && message.retryable) {
			// All of them again, in order, and not at once.
			setTimeout(() => socket.terminate(), 20);
		} else if (message.type === 'error') this.#ledger.refusals.push(`${message.code}: ${message.message}`);
	}
}

/** Publishes one draft by HTTP and comes back with its receipt, however often it must be tried; undefined once `isOver`. */
export async function publishByHttp(
	relay: string,
	channel: string,
	ledger: Ledger,
	draft: MarkedDraft,
	isOver: () => boolean = () => false,
): Promise<Receipt | undefined> {
	const { key, ...content } = draft;
	ledger.handedIn.push({ publisher: draft.data.p, n: draft.data.n });
	while (!isOver()) {
		const answer = await post(relay, channel, content, { 'idempotency-key': key });
		if (answer?.status === 201) {
			const receipt = answer.body as Receipt;
			ledger.confirm(draft.data, receipt);
			return receipt;
		}
		if (answer && !answer.isRetryable) {
			ledger.refusals.push(`HTTP ${answer.status}: ${JSON.stringify(answer.body).slice(0, 200)}`);
			return undefined;
		}
		await pause(20);
	}
	return undefined;
}

/** Publishes many by one request, until all of them have a receipt. */
export async function publishBatch(
	relay: string,
	channel: string,
	ledger: Ledger,
	drafts: readonly MarkedDraft[],
): Promise<Receipt[]> {
	for (const { data } of drafts) ledger.handedIn.push({ publisher: data.p, n: data.n });
	for (;;) {
		const answer = await post(relay, channel, drafts);
		if (answer?.status === 201) {
			const { events } = answer.body as { events: Receipt[] };
			for (const [index, receipt] of events.entries()) {
				ledger.confirm((drafts[index] as MarkedDraft).data, receipt); // one for each, in their order
			}
			return events;
		}
		if (answer && !answer.isRetryable) {
			ledger.refusals.push(`HTTP ${answer.status}: ${JSON.stringify(answer.body).slice(0, 200)}`);
			return [];
		}
		await pause(20);
	}
}

async function post(
	relay: string,
	channel: string,
	content: unknown,
	headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown; isRetryable: boolean } | undefined> {
	try {
		const response = await fetch(`${relay}/channels/${channel}/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', ...headers },
			body: JSON.stringify(content),
			// A request that a killed process took with it.
			signal: AbortSignal.timeout(10_000),
		});
		const { status } = response;
		return { status, body: await response.json(), isRetryable: status >= 500 || status === 207 };
	} catch {
		return undefined; // cut off: whether it was stored is not known
	}
}
