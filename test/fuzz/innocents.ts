// Those who do nothing wrong while others do: they publish, they read, and they are to notice nothing.
// Knows what a reader is promised; never knows what is done to the relay.
import http from 'node:http';
import { WebSocket } from 'ws';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import type { RelayMessage } from '../../relay/protocol/relay-message.ts';
import { createConfirmer } from '../faults/publishers.ts';
import { until } from '../faults/scenario.ts';
import { parseEventStream } from '../support/text-stream.ts';

export interface InnocentOptions {
	relay: string;
	channel: string;
	token?: string | undefined;
	onFailure: (sentence: string) => void;
}

/** Checks that nothing is missing, doubled or out of order. */
abstract class Innocent {
	readonly options: InnocentOptions;
	/** Events that it was shown. */
	shown = 0;
	/** The newest `seq` that it knows of; undefined until it is told where it begins. */
	seq: number | undefined;
	#epoch: string | undefined;
	protected isOver = false;

	constructor(options: InnocentOptions) {
		this.options = options;
	}

	abstract readonly kind: string;
	abstract stop(): void;

	protected begin(position: string): void {
		const [epoch, seq] = position.split(':');
		this.#checkEpoch(epoch);
		if (this.seq !== undefined && this.seq !== Number(seq)) this.fail(`began again at ${position} after ${this.seq}`);
		this.seq = Number(seq);
	}

	protected take({ id, seq }: FeedEvent): void {
		this.#checkEpoch(id.split(':')[0]);
		if (this.seq === undefined || seq !== this.seq + 1) this.fail(`was shown ${id} after ${this.seq}`);
		this.seq = seq;
		this.shown++;
	}

	protected fail(sentence: string): void {
		if (!this.isOver) this.options.onFailure(`${this.kind} on ${this.options.channel} ${sentence}`);
	}

	#checkEpoch(epoch: string | undefined): void {
		// A channel has none before its first event.
		if (this.#epoch !== undefined && this.#epoch !== '-' && this.#epoch !== epoch)
			this.fail(`met epoch ${epoch} after ${this.#epoch}`);
		this.#epoch = epoch;
	}
}

const PUBLISH_MS = 50;

/** Reads, publishes every few milliseconds and wants a receipt for each and to be shown it. */
class SocketInnocent extends Innocent {
	readonly kind = 'a socket';
	readonly #socket: WebSocket;
	readonly #waiting = new Map<number, number>();
	#timer: NodeJS.Timeout | undefined;
	#ref = 0;
	receipts = 0;
	/** The longest that it waited for a receipt, milliseconds. */
	slowestMs = 0;

	constructor(options: InnocentOptions) {
		super(options);
		const { relay, channel, token } = options;
		this.#socket = new WebSocket(`${relay.replace(/^http/, 'ws')}/channels/${channel}/events`, {
			perMessageDeflate: false,
		});
		const confirm = createConfirmer(this.#socket);
		this.#socket.on('open', () => this.#say({ type: 'hello', protocol: 1, history: 0, ...(token ? { token } : {}) }));
		this.#socket.on('message', (data: Buffer) => {
			confirm(data.length);
			this.#receive(JSON.parse(data.toString()) as RelayMessage);
		});
		this.#socket.on('error', (error) => this.fail(`failed: ${error.message}`));
		this.#socket.on('close', (code, reason) => this.fail(`was closed with ${code} ${reason}`));
	}

	/** Publishes no more. */
	rest(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	get waiting(): number {
		return this.#waiting.size;
	}

	stop(): void {
		this.isOver = true;
		this.rest();
		this.#socket.terminate();
	}

	#say(message: object): void {
		this.#socket.send(JSON.stringify(message));
	}

	#receive(message: RelayMessage): void {
		if (message.type === 'welcome') {
			this.begin(`${message.epoch}:${message.after}`);
			this.#timer = setInterval(() => this.#publish(), PUBLISH_MS);
		} else if (message.type === 'entries') {
			if (message.from !== (this.seq ?? 0) + 1 || message.entries.length !== message.to - message.from + 1)
				this.fail(`was sent ${message.from} to ${message.to} with ${message.entries.length} events after ${this.seq}`);
			for (const event of message.entries) this.take(event);
		} else if (message.type === 'receipts') {
			for (const { ref } of message.receipts) {
				const since = this.#waiting.get(ref);
				if (since === undefined) this.fail(`got a receipt for ${ref}, which it did not wait for`);
				else this.slowestMs = Math.max(this.slowestMs, performance.now() - since);
				this.#waiting.delete(ref);
				this.receipts++;
			}
		} else if (message.type === 'error') this.fail(`was told ${message.code}: ${message.message}`);
		else if (message.type === 'goaway') this.fail('was told to go away');
	}

	#publish(): void {
		this.#waiting.set(++this.#ref, performance.now());
		this.#say({ type: 'publish', ref: this.#ref, draft: { type: 'innocent', text: `${this.#ref}` } });
	}
}

/** Reads one stream for as long as it is. */
class StreamInnocent extends Innocent {
	readonly kind: string;
	readonly #request: http.ClientRequest;

	constructor(options: InnocentOptions, kind: 'event-stream' | 'x-ndjson', position: string) {
		super(options);
		this.kind = kind === 'event-stream' ? 'a stream' : 'an NDJSON stream';
		const { relay, channel, token } = options;
		const accept = kind === 'event-stream' ? 'text/event-stream' : 'application/x-ndjson';
		this.begin(position);
		const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
		this.#request = http.get(`${relay}/channels/${channel}/events?after=${position}`, {
			headers: { accept, ...authorization },
			agent: false,
		});
		this.#request.on('error', (error) => this.fail(`failed: ${error.message}`));
		this.#request.on('response', (response) => {
			if (response.statusCode !== 200) this.fail(`was answered ${response.statusCode}`);
			response.on('close', () => this.fail('ended'));
			response.setEncoding('utf8');
			let rest = '';
			response.on('data', (chunk: string) => {
				rest += chunk;
				const end = rest.lastIndexOf(kind === 'event-stream' ? '\n\n' : '\n');
				if (end === -1) return;
				if (kind === 'event-stream') this.#readEvents(rest.slice(0, end + 2));
				else this.#readLines(rest.slice(0, end));
				rest = rest.slice(end + (kind === 'event-stream' ? 2 : 1));
			});
		});
	}

	stop(): void {
		this.isOver = true;
		this.#request.destroy();
	}

	#readEvents(text: string): void {
		for (const { type, data } of parseEventStream(text).events) {
			if (type === 'message' && data !== '') this.take(JSON.parse(data) as FeedEvent);
			else if (type === 'gap' || type === 'goaway') this.fail(`was told ${type} ${data}`);
		}
	}

	#readLines(text: string): void {
		for (const line of text.split('\n')) {
			if (line === '') continue;
			const event = JSON.parse(line) as FeedEvent;
			if (event.id === undefined) this.fail(`was sent ${line.slice(0, 200)}`);
			else this.take(event);
		}
	}
}

/** Asks for one page after the other, each as soon as there is one. */
class PollInnocent extends Innocent {
	readonly kind = 'a long poll';
	readonly #over = new AbortController();

	constructor(options: InnocentOptions, position: string) {
		super(options);
		this.begin(position);
		void this.#follow(position);
	}

	stop(): void {
		this.isOver = true;
		this.#over.abort();
	}

	async #follow(position: string): Promise<void> {
		const { relay, channel, token } = this.options;
		const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
		try {
			for (let after = position; !this.isOver; ) {
				const response = await fetch(`${relay}/channels/${channel}/events?wait=5&limit=1000&after=${after}`, {
					headers,
					signal: this.#over.signal,
				});
				const page = (await response.json()) as Page;
				if (response.status !== 200 || page.missing)
					return this.fail(`was answered ${response.status} ${JSON.stringify(page).slice(0, 300)}`);
				for (const event of page.events) this.take(event);
				after = page.next ?? after;
			}
		} catch (error) {
			this.fail(`failed: ${error instanceof Error ? error.message : error}`);
		}
	}
}

/** Several of each kind, on channels that others fuzz and on one of their own. */
export class Innocents {
	readonly failures: string[] = [];
	readonly #sockets: SocketInnocent[] = [];
	readonly #readers: Innocent[] = [];

	/** Resolves once all of them are there. */
	static async start(relay: string, channels: readonly string[], token?: string): Promise<Innocents> {
		const innocents = new Innocents();
		const onFailure = (sentence: string) => innocents.failures.length < 50 && innocents.failures.push(sentence);
		for (const channel of channels) {
			const options = { relay, channel, token, onFailure };
			const socket = new SocketInnocent(options);
			innocents.#sockets.push(socket, new SocketInnocent(options));
			if (!(await until(() => socket.receipts > 0, 20_000))) onFailure(`nobody was welcomed on ${channel}`);
			const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
			const page = (await (await fetch(`${relay}/channels/${channel}/events?limit=1`, { headers })).json()) as Page;
			const position = `${page.epoch}:${page.last}`;
			innocents.#readers.push(
				new StreamInnocent(options, 'event-stream', position),
				new StreamInnocent(options, 'x-ndjson', position),
				new PollInnocent(options, position),
			);
		}
		return innocents;
	}

	/** Publishes no more, waits until everybody has everything, and says how it went. */
	async finish(): Promise<string> {
		for (const socket of this.#sockets) socket.rest();
		const all = [...this.#sockets, ...this.#readers];
		const hasAll = await until(() => {
			if (this.#sockets.some(({ waiting }) => waiting > 0)) return false;
			const newest = new Map<string, number>();
			for (const { options, seq = 0 } of all)
				newest.set(options.channel, Math.max(newest.get(options.channel) ?? 0, seq));
			return all.every(({ options, seq }) => seq === newest.get(options.channel));
		}, 30_000);
		if (!hasAll) {
			const where = all.map(({ kind, options, seq }) => `${kind} on ${options.channel} at ${seq}`);
			const waiting = this.#sockets.map((socket) => socket.waiting);
			this.failures.push(`not everybody has everything: ${where.join(', ')}; receipts that are missing: ${waiting}`);
		}
		for (const innocent of all) innocent.stop();
		const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
		const shown = sum(all.map((innocent) => innocent.shown));
		const receipts = sum(this.#sockets.map((socket) => socket.receipts));
		const slowest = Math.round(Math.max(...this.#sockets.map(({ slowestMs }) => slowestMs)));
		return `${all.length} innocent sockets, streams and polls: ${shown.toLocaleString('en-US')} events shown, ${receipts.toLocaleString('en-US')} receipts, none later than ${slowest} ms; ${this.failures.length} closed or incomplete`;
	}
}
