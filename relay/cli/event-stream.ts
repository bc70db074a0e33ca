// The text of server-sent events → what each says (WHATWG HTML, 9.2).
// Knows fields and line ends; never knows what is told by them.
//
// An id without data is told too: the relay says so how far a reader is to whom a filter lets nothing through, or who has had nothing
// yet. A browser keeps it in mind, while parsers from npm (eventsource-parser 3) pass it over.

export interface ServerSentEvent {
	/** `message` where none is named. */
	type: string;
	data: string;
	/** Undefined where it has none. */
	id: string | undefined;
}

export class EventStreamParser {
	readonly #decoder = new TextDecoder();
	#rest = '';
	#type = '';
	#data: string[] = [];
	#id: string | undefined;

	/** Those that end in what has come now. */
	*push(chunk: Uint8Array): Generator<ServerSentEvent> {
		const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
		this.#rest = lines.pop() ?? '';
		for (const whole of lines) {
			const line = whole.replace(/\r$/, ''); // a relay has none, what stands between may
			if (line !== '') this.#read(line);
			else if (this.#data.length > 0 || this.#id !== undefined) yield this.#take();
		}
	}

	#read(line: string): void {
		const colon = line.indexOf(':');
		if (colon === 0) return;
		const field = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
		if (field === 'data') this.#data.push(value);
		else if (field === 'event') this.#type = value;
		else if (field === 'id') this.#id = value;
	}

	#take(): ServerSentEvent {
		const event = { type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id };
		this.#type = '';
		this.#data = [];
		this.#id = undefined;
		return event;
	}
}
