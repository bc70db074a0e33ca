// Bytes as they come → whole lines of text.
// Knows line ends and how long a line may be; never knows where the bytes come from or what a line means.
import { MAX_EVENT_BYTES } from '../protocol/limits.ts';

export interface Line {
	/** Without its end. Empty where it is too long. */
	text: string;
	/** With its end. */
	bytes: number;
	/** Longer than any event may be: it was passed over. */
	isTooLong: boolean;
}

const LINE_END = 0x0a;

/** Holds what has come of a line that has no end yet, and no more than an event may have. */
export class LineSplitter {
	#parts: Buffer[] = [];
	#bytes = 0;

	/** The lines that end in what has come now. */
	*push(chunk: Buffer): Generator<Line> {
		let begin = 0;
		for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, begin)) {
			this.#add(chunk.subarray(begin, end));
			this.#bytes++;
			begin = end + 1;
			yield this.#take();
		}
		// A copy: the rest of the chunk need not be kept for it.
		if (begin < chunk.length) this.#add(Buffer.from(chunk.subarray(begin)));
	}

	/** What has no end and will get none; undefined where there is nothing. */
	end(): Line | undefined {
		return this.#bytes === 0 ? undefined : this.#take();
	}

	#add(part: Buffer): void {
		this.#bytes += part.length;
		if (this.#bytes > MAX_EVENT_BYTES) this.#parts = [];
		else this.#parts.push(part);
	}

	#take(): Line {
		const isTooLong = this.#bytes > MAX_EVENT_BYTES;
		const text = isTooLong ? '' : Buffer.concat(this.#parts).toString('utf8').replace(/\r$/, '');
		const line = { text, bytes: this.#bytes, isTooLong };
		this.#parts = [];
		this.#bytes = 0;
		return line;
	}
}
