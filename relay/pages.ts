// Pages of the log for those who catch up: many of them want the same at about the same time, and one is read for all.
// Knows ranges and what was read last; never knows viewers or storage.
import { Frame } from './frame.ts';
import type { Log } from './log.ts';
import { MAX_PAGE_EVENTS } from './protocol/limits.ts';

/** Pages that are held, of 256 KiB at about. */
const KEPT_PAGES = 4;
/** At the end of the name of a page without changes. */
const FRESH = '!';

function nameOf(after: number, isFresh: boolean): string {
	return `${after}${isFresh ? FRESH : ''}`;
}

export class Pages {
	readonly #log: Log;
	/** By the `seq` before them, the latest used last. */
	readonly #pages = new Map<string, Frame>();
	#reading: Promise<unknown> | undefined;
	/** How often events were changed, and the newest `seq` of a change. */
	#changes = 0;
	#changed = 0;

	constructor(log: Log) {
		this.#log = log;
	}

	/**
	 * The page after a `seq` that is not the newest. Where the log was trimmed, it begins later and leaves a hole that the reader sees.
	 * `freshTo`: up to there without changes, for who knew nothing of the events that were changed by then.
	 */
	async read(after: number, freshTo = 0): Promise<Frame> {
		const isFresh = after < freshTo;
		const page = await this.#read(after, isFresh);
		const { epoch, from, to, entries } = page;
		if (!isFresh || to <= freshTo || this.#changed <= freshTo) return page;
		// What he was sent before may have changed since: the changes are for him too.
		const own = entries.filter(({ event }) => event.seq <= freshTo);
		return new Frame(epoch, from, Math.max(freshTo, from - 1), own);
	}

	async #read(after: number, isFresh: boolean): Promise<Frame> {
		for (;;) {
			const page = this.#find(after, isFresh);
			if (page) return this.#keep(after, page, isFresh);
			if (!this.#reading) break;
			await this.#reading; // it may bring what is wanted here
		}
		const reading = this.#readLog(after, isFresh);
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

	/** Events are not any more as they were read; up to `seq` this may be of changes. */
	change(seq: number): void {
		this.#changes++;
		this.#changed = seq;
		this.clear();
	}

	/** One that was read already: the same, or the rest of one that began earlier, after which both go on alike. */
	#find(after: number, isFresh: boolean): Frame | undefined {
		if (after + 1 < this.#log.first) return undefined;
		const same = this.#pages.get(nameOf(after, isFresh));
		if (same) return same;
		for (const [name, { epoch, from, to, entries }] of this.#pages) {
			if (isFresh === name.endsWith(FRESH) && from <= after && after < to)
				return new Frame(
					epoch,
					after + 1,
					to,
					entries.filter(({ event }) => event.seq > after),
				);
		}
		return undefined;
	}

	async #readLog(after: number, isFresh: boolean): Promise<Frame> {
		const { last } = this.#log; // what is appended while this is read is for the next page
		const changes = this.#changes;
		const read = await (isFresh
			? this.#log.readEvents(after, MAX_PAGE_EVENTS)
			: this.#log.read(after, MAX_PAGE_EVENTS));
		// What was trimmed meanwhile is a hole, whether or not it was still read.
		const from = Math.max(after + 1, this.#log.first);
		const entries = read.filter(({ event }) => event.seq >= from);
		const to = Math.max(entries.at(-1)?.event.seq ?? last, from - 1);
		const page = new Frame(this.#log.epoch, from, to, entries);
		// Events may have changed since.
		return from === after + 1 && changes === this.#changes ? this.#keep(after, page, isFresh) : page;
	}

	#keep(after: number, page: Frame, isFresh: boolean): Frame {
		const name = nameOf(after, isFresh);
		this.#pages.delete(name);
		this.#pages.set(name, page);
		for (const oldest of this.#pages.keys()) {
			if (this.#pages.size <= KEPT_PAGES) break;
			this.#pages.delete(oldest);
		}
		return page;
	}
}
