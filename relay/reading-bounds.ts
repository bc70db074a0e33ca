// Bounds of reading: how much one request looks through, and how much a page takes, in all and in one turn.
// Knows numbers and sizes; never knows which events are wanted.
import { type Entry, sizeOf } from './log.ts';
import { MAX_LOOKED_BYTES, MAX_LOOKED_EVENTS, MAX_PAGE_BYTES } from './protocol/limits.ts';

/** Is told of bytes that were read for somebody, whether or not they are sent. */
export type OnRead = (bytes: number) => void;

/** Bytes of a page that are made ready in one turn. */
const SLICE_BYTES = 16 * 1024;

/** What one request has looked through. */
export class Look {
	readonly #onRead: OnRead;
	#events = 0;
	#bytes = 0;

	constructor(onRead: OnRead) {
		this.#onRead = onRead;
	}

	add(entries: readonly Entry[]): void {
		let bytes = 0;
		for (const entry of entries) bytes += sizeOf(entry);
		this.#events += entries.length;
		this.#bytes += bytes;
		this.#onRead(Math.round(bytes));
	}

	/** One request looks through no more: its reader goes on with another. */
	get isOver(): boolean {
		return this.#events >= MAX_LOOKED_EVENTS || this.#bytes >= MAX_LOOKED_BYTES;
	}
}

/** How many bytes of events a page has taken; the first always fits. */
export class PageBytes {
	#bytes = 0;
	#slice = 0;

	take({ bytes }: Entry): boolean {
		const isFirst = this.#bytes === 0;
		this.#bytes += bytes.length;
		this.#slice += bytes.length;
		return isFirst || this.#bytes <= MAX_PAGE_BYTES;
	}

	/** Bytes that were taken since this was last a whole turn; otherwise 0. */
	takeSlice(): number {
		if (this.#slice < SLICE_BYTES) return 0;
		const bytes = this.#slice;
		this.#slice = 0;
		return bytes;
	}
}
