// Pages of the log for those who catch up: many of them want the same at about the same time, and one is read for all.
// Knows ranges and what was read last; never knows viewers or storage.
import { Frame } from './frame.ts';
import type { Log } from './log.ts';
import { MAX_PAGE_EVENTS } from './protocol/limits.ts';

/** Pages that are held, of 256 KiB at about. */
const KEPT_PAGES = 4;

export class Pages {
	readonly #log: Log;
	/** By the `seq` before them, the latest used last. */
	readonly #pages = new Map<number, Frame>();
	#reading: Promise<unknown> | undefined;

	constructor(log: Log) {
		this.#log = log;
	}

	/** The page after a `seq` that is not the newest. Where the log was trimmed, it begins later and leaves a hole that the reader sees. */
	async read(after: number): Promise<Frame> {
		for (;;) {
			const page = this.#find(after);
			if (page) return this.#keep(after, page);
			if (!this.#reading) break;
			await this.#reading; // it may bring what is wanted here
		}
		const reading = this.#readLog(after);
		const done = () => {
			this.#reading = undefined;
		};
		this.#reading = reading.then(done, done);
		return reading;
	}

	/** Nobody catches up any more. */
	clear(): void {
		this.#pages.clear();
	}

	/** One that was read already: the same, or the rest of one that began earlier, after which both go on alike. */
	#find(after: number): Frame | undefined {
		if (after + 1 < this.#log.first) return undefined;
		const same = this.#pages.get(after);
		if (same) return same;
		for (const { epoch, from, to, entries } of this.#pages.values()) {
			if (from <= after && after < to) return new Frame(epoch, after + 1, to, entries.slice(after + 1 - from));
		}
		return undefined;
	}

	async #readLog(after: number): Promise<Frame> {
		const { last } = this.#log; // what is appended while this is read is for the next page
		const entries = await this.#log.read(after, MAX_PAGE_EVENTS);
		const to = entries.at(-1)?.event.seq ?? last;
		const page = new Frame(this.#log.epoch, entries[0]?.event.seq ?? to + 1, to, entries);
		return page.from === after + 1 ? this.#keep(after, page) : page;
	}

	#keep(after: number, page: Frame): Frame {
		this.#pages.delete(after);
		this.#pages.set(after, page);
		for (const oldest of this.#pages.keys()) {
			if (this.#pages.size <= KEPT_PAGES) break;
			this.#pages.delete(oldest);
		}
		return page;
	}
}
