// The relay by server-sent events (WHATWG HTML, 9.2), and POST for what is published.
// Knows the stream's form and its silence; never knows what is said, nor when to try again.
import type { Hello } from '../../relay/protocol/client-message.ts';
import type { FeedEntry } from '../../relay/protocol/event.ts';
import { PING_INTERVAL_MS } from '../../relay/protocol/limits.ts';
import { seqIn } from './changes.ts';
import { createHttpTransport } from './http-transport.ts';
import type { CreateTransport } from './transport.ts';

/** A stream that has not begun by then is held back by something on the way; one that is silent for longer is dead. Milliseconds. */
const WELCOME_TIMEOUT_MS = 8000;
const SILENCE_MS = PING_INTERVAL_MS + 10_000;

/** A stream of the channel's events. */
export const createEventStream: CreateTransport = (url, handlers) =>
	createHttpTransport(url, handlers, async (hello, line) => {
		line.expectWithin(WELCOME_TIMEOUT_MS);
		const events = new EventReader(hello, line.tell);
		const response = await line.fetch('text/event-stream');
		const text = response?.body?.pipeThrough(new TextDecoderStream()).getReader();
		while (text) {
			const { done, value } = await text.read();
			if (done || line.signal.aborted) return;
			if (events.read(value)) line.expectWithin(SILENCE_MS);
		}
	});

/** Reads the stream's text, in whatever pieces it comes, into the messages of a WebSocket. */
class EventReader {
	readonly #hello: Hello;
	readonly #tell: (message: object) => void;
	#rest = '';
	#epoch = '';
	#seq = 0;
	#isWelcome = false;
	/** Does the relay leave something out? */
	#isFiltered = false;

	constructor(hello: Hello, tell: (message: object) => void) {
		this.#hello = hello;
		this.#tell = tell;
	}

	/** Answers whether the welcome has come. */
	read(text: string): boolean {
		const blocks = (this.#rest + text).split('\n\n');
		this.#rest = blocks.pop() as string; // a split has one part at least
		// What came together is told together: a thousand events are one frame.
		let entries: FeedEntry[] = [];
		const flush = () => {
			const from = this.#seq + 1;
			const last = entries.at(-1);
			if (!last) return;
			this.#seq = last.seq;
			const isAll = !this.#isFiltered;
			// Without a filter a hole is one; with it, what was left out is covered.
			this.#tell({
				type: 'entries',
				epoch: this.#epoch,
				from: isAll ? (entries[0] as FeedEntry).seq : from,
				to: last.seq,
				entries,
			});
			entries = [];
		};
		for (const block of blocks) {
			const { event = '', data, id } = parseBlock(block);
			if (event === 'welcome') {
				const welcome = JSON.parse(data ?? '{}');
				this.#isWelcome = true;
				this.#epoch = welcome.epoch;
				this.#isFiltered = welcome.types !== undefined || welcome.status !== undefined;
				this.#seq = welcome.after;
				this.#tell({ ...welcome, ref: this.#hello.ref });
			} else if (event === 'goaway') this.#tell({ type: 'goaway', ...JSON.parse(data ?? '{}') });
			else if ((event === '' || event === 'change') && data) entries.push(JSON.parse(data));
			else if (this.#isWelcome && id) {
				// A ping, or a gap: how far everything has been sent, or is no longer kept.
				flush();
				const seq = seqIn(id);
				if (seq <= this.#seq) continue;
				// After a gap it begins behind it: a hole for the client, who finds out what became of it.
				const from = event === 'gap' ? seq + 1 : this.#seq + 1;
				this.#seq = seq;
				this.#tell({ type: 'entries', epoch: this.#epoch, from, to: seq, entries: [] });
			}
			if (entries.length > 0) this.#epoch = (entries[0] as FeedEntry).id.split(':')[0] as string;
		}
		flush();
		return this.#isWelcome;
	}
}

function parseBlock(block: string): { event?: string; data?: string; id?: string } {
	return Object.fromEntries(
		block.split('\n').flatMap((line) => {
			const [, field, value] = /^(event|data|id): ?(.*)$/s.exec(line) ?? [];
			return field ? [[field, value]] : [];
		}),
	);
}
