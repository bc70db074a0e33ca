// A response's body as text that is waited for, piece by piece.
// Knows streams; never knows what the text means.

import { patience } from './slowness.ts';
import { look } from './spill.ts';

export class TextStream {
	readonly response: Response;
	/** Everything that has come so far. */
	text = '';
	isOver = false;
	readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
	readonly #decoder = new TextDecoder();

	private constructor(response: Response) {
		this.response = response;
		if (!response.body) throw new Error('a response without a body');
		this.#reader = response.body.getReader();
	}

	/** Asks, and resolves once the headers are there. */
	static async open(url: string, accept: string, headers: Record<string, string> = {}): Promise<TextStream> {
		return new TextStream(await fetch(url, { headers: { accept, ...headers } }));
	}

	/** Reads until the text so far fulfils the condition. */
	async until(condition: (text: string) => boolean, what: string, timeoutMs = patience(20_000)): Promise<string> {
		const deadline = Date.now() + timeoutMs;
		while (!condition(this.text)) {
			const late = new Error(`waited for ${what} after ${JSON.stringify(this.text.slice(-500))}`);
			if (this.isOver) throw late;
			let timer: NodeJS.Timeout | undefined;
			const timeout = new Promise<never>((_, reject) => {
				timer = setTimeout(() => reject(late), Math.max(deadline - Date.now(), 0));
			});
			const { done, value } = await Promise.race([this.#reader.read(), timeout]).finally(() => clearTimeout(timer));
			if (done) this.isOver = true;
			else this.text += look('messages', this.#decoder.decode(value, { stream: true }));
		}
		return this.text;
	}

	/** Everything, once the relay has ended it. */
	async whole(): Promise<string> {
		return this.until(() => this.isOver, 'its end');
	}

	async close(): Promise<void> {
		await this.#reader.cancel();
	}
}

export interface ServerSentEvent {
	id: string;
	type: string;
	data: string;
}

/** Events as an EventSource would dispatch them, and the last id that it would send back (WHATWG HTML, 9.2.6). */
export function parseEventStream(text: string): {
	events: ServerSentEvent[];
	lastId: string;
	retry: number | undefined;
} {
	const events: ServerSentEvent[] = [];
	let [id, type, retry] = ['', '', undefined as number | undefined];
	let lastId = '';
	let data: string[] = [];
	const lines = text.split(/\r\n|\r|\n/);
	lines.pop(); // without its end a line is not one yet
	for (const line of lines) {
		if (line === '') {
			lastId = id;
			if (data.length > 0) events.push({ id, type: type || 'message', data: data.join('\n') });
			data = [];
			type = '';
			continue;
		}
		if (line.startsWith(':')) continue;
		const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) as RegExpExecArray; // it matches every line
		if (field === 'id') id = value ?? '';
		else if (field === 'event') type = value ?? '';
		else if (field === 'data') data.push(value ?? '');
		else if (field === 'retry') retry = Number(value);
	}
	return { events, lastId, retry };
}
