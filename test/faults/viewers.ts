// Viewers of every kind, each of which writes down what it is shown, in the checker's words, and comes back by itself.
// Knows how each way to the relay is read and resumed; never knows what is done to it.
import http from 'node:http';
import { WebSocket } from 'ws';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import type { RelayMessage } from '../../relay/protocol/relay-message.ts';
import { FeedClient } from '../../widget/client/index.ts';
import { readFrame } from '../support/inflate.ts';
import { parseEventStream } from '../support/text-stream.ts';
import type { LogRecord, Step } from './checker.ts';
import { createConfirmer, parseId, placeEvent } from './publishers.ts';
import { pause } from './scenario.ts';

// Node before 22 has none.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

export interface ViewerOptions {
	relay: string;
	channel: string;
	/** Where to begin, a position; `-:0` unless given, all of a channel that is still empty. */
	position?: string;
	/** For the headless client, which takes no position: how many of the newest to begin with; none unless given. */
	history?: number;
	/** The oldest entry that is kept by now at the latest; asked when a gap is announced. */
	getFirst?: () => number;
}

/** Whatever watches a channel. */
export interface Viewer {
	readonly steps: readonly Step[];
	/** How far it is, `epoch:seq`. */
	readonly position: string;
	/** How often it has begun, the first time included. */
	readonly joins: number;
	stop(): void;
}

/** What the ones that are read here have in common. */
abstract class ReadingViewer implements Viewer {
	readonly steps: Step[] = [];
	readonly options: ViewerOptions;
	position: string;
	joins = 0;
	protected isOver = false;

	constructor(options: ViewerOptions) {
		this.options = options;
		this.position = options.position ?? '-:0';
	}

	abstract stop(): void;

	protected take(event: FeedEvent): void {
		this.steps.push({ kind: 'event', ...placeEvent(event) });
		this.position = event.id;
	}

	protected takeGap(gap: { from?: number | undefined; to?: number | undefined }): void {
		if (gap.from === undefined || gap.to === undefined) this.steps.push({ kind: 'reset' });
		else this.steps.push({ kind: 'gap', from: gap.from, to: gap.to, ...firstThen(this.options) });
	}
}

function firstThen({ getFirst }: ViewerOptions): { firstThen?: number } {
	return getFirst ? { firstThen: getFirst() } : {};
}

/** The ten lines of PROTOCOL.md's client, and a record. Passes over what it has already. */
export class SocketViewer extends ReadingViewer {
	#socket: WebSocket | undefined;

	constructor(options: ViewerOptions) {
		super(options);
		this.#open();
	}

	stop(): void {
		this.isOver = true;
		this.#socket?.terminate();
	}

	#open(): void {
		const { relay, channel } = this.options;
		const socket = new WebSocket(`${relay.replace(/^http/, 'ws')}/channels/${channel}/events`, {
			perMessageDeflate: false,
		});
		this.#socket = socket;
		const confirm = createConfirmer(socket);
		const hello = { type: 'hello', protocol: 1, position: this.position, inflate: true };
		socket.on('open', () => socket.send(JSON.stringify(hello)));
		socket.on('message', (data: Buffer) => {
			if (this.isOver || socket !== this.#socket) return;
			confirm(data.length);
			try {
				this.#receive(JSON.parse(readFrame(data)) as RelayMessage);
			} catch {
				socket.terminate(); // half a message: what it was comes again
			}
		});
		socket.on('error', () => {}); // `close` follows
		socket.on('close', () => {
			if (this.isOver || socket !== this.#socket) return;
			setTimeout(() => this.isOver || this.#open(), 20 + Math.random() * 100);
		});
	}

	#receive(message: RelayMessage): void {
		if (message.type === 'welcome') {
			this.joins++;
			const { epoch, after, recovered, missing } = message;
			if (missing) this.takeGap(missing);
			else if (!recovered) this.takeGap({});
			this.position = `${epoch}:${after}`;
			this.#isWelcome = true;
		} else if (message.type === 'entries') {
			const { seq } = parseId(this.position);
			if (message.from > seq + 1 || !this.#isWelcome) {
				this.#isWelcome = false;
				this.#socket?.terminate(); // a hole: it comes with the resume
				return;
			}
			for (const event of message.entries) if (event.seq > seq) this.take(event);
			this.position = `${message.epoch}:${Math.max(message.to, seq)}`;
		}
	}

	#isWelcome = false;
}

/** A reader of a stream over HTTP, which comes back with what it last had. */
abstract class StreamViewer extends ReadingViewer {
	#request: http.ClientRequest | undefined;

	constructor(options: ViewerOptions) {
		super(options);
		void this.#follow();
	}

	stop(): void {
		this.isOver = true;
		this.#request?.destroy();
	}

	protected abstract ask(): { query: string; headers: Record<string, string> };
	protected abstract read(lines: string): void;
	protected abstract readonly end: string;

	async #follow(): Promise<void> {
		while (!this.isOver) {
			await this.#once();
			await pause(20 + Math.random() * 100);
		}
	}

	#once(): Promise<void> {
		const { relay, channel } = this.options;
		const { query, headers } = this.ask();
		return new Promise((resolve) => {
			const request = http.get(`${relay}/channels/${channel}/events${query}`, { headers, agent: false });
			this.#request = request;
			request.on('error', () => resolve());
			request.on('response', (response) => {
				if (response.statusCode === 200) this.joins++;
				let rest = '';
				response.setEncoding('utf8');
				response.on('data', (chunk: string) => {
					if (this.isOver) return;
					rest += chunk;
					const cut = rest.lastIndexOf(this.end) + this.end.length;
					if (cut < this.end.length) return;
					this.read(rest.slice(0, cut));
					rest = rest.slice(cut);
				});
				response.on('error', () => {}); // `close` follows
				response.on('close', () => resolve());
			});
		});
	}
}

/** As an EventSource does it: the last id goes back as `Last-Event-ID`. */
export class SseViewer extends StreamViewer {
	protected readonly end = '\n\n';

	protected ask() {
		return { query: '?after=0', headers: { accept: 'text/event-stream', 'last-event-id': this.position } };
	}

	protected read(lines: string): void {
		const { events, lastId } = parseEventStream(lines);
		for (const { type, data } of events) {
			if (type === 'message') this.take(JSON.parse(data) as FeedEvent);
			else if (type === 'gap') this.takeGap(JSON.parse(data) as { from?: number; to?: number });
		}
		if (lastId !== '') this.position = lastId;
	}
}

/** An event a line; the last one's id goes back as `after`. */
export class NdjsonViewer extends StreamViewer {
	protected readonly end = '\n';

	protected ask() {
		return {
			query: `?after=${encodeURIComponent(this.position)}`,
			headers: { accept: 'application/x-ndjson' },
		};
	}

	protected read(lines: string): void {
		for (const line of lines.split('\n')) {
			if (line === '') continue;
			const said = JSON.parse(line) as FeedEvent | { gap: { position: string; from?: number; to?: number } };
			if ('gap' in said) {
				this.takeGap(said.gap);
				this.position = said.gap.position;
			} else this.take(said);
		}
	}
}

/** The headless client of the widget, in Node. */
export class ClientViewer implements Viewer {
	readonly steps: Step[] = [];
	readonly client: FeedClient;
	/** Everything after this `seq` was to come, from the first welcome on. */
	begin = 0;
	joins = 0;

	constructor(options: ViewerOptions) {
		this.client = new FeedClient({ relay: options.relay, channel: options.channel, history: options.history ?? 0 });
		this.client.on('received', ({ events }) => {
			for (const event of events) this.steps.push({ kind: 'event', ...placeEvent(event) });
		});
		this.client.on('gap', ({ from, to, reset }) => {
			this.steps.push(reset ? { kind: 'reset' } : { kind: 'gap', from, to, ...firstThen(options) });
		});
		let isJoined = false;
		this.client.on('state', () => {
			const { connection } = this.client;
			const wasJoined = isJoined;
			isJoined = connection === 'live' || connection === 'catching-up';
			if (wasJoined || !isJoined) return;
			if (++this.joins === 1) this.begin = parseId(this.position).seq;
		});
		this.client.connect();
	}

	get position(): string {
		return this.client.position ?? '-:0';
	}

	stop(): void {
		this.client.close();
	}
}

/** All that is kept of a channel, by pages from the beginning. */
export async function readLog(relay: string, channel: string): Promise<LogRecord> {
	const events: LogRecord['events'][number][] = [];
	let after = '0';
	for (;;) {
		const response = await fetch(`${relay}/channels/${channel}/events?after=${after}&limit=1000`);
		if (!response.ok) throw new Error(`history answered ${response.status}: ${await response.text()}`);
		const page = (await response.json()) as Page;
		events.push(...page.events.map(placeEvent));
		if (page.events.length === 0 || page.next === null) {
			return { epoch: page.epoch, first: page.first, last: page.last, events };
		}
		after = page.next;
	}
}
