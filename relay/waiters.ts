// Readers who wait for the next page: each until something is stored that his filter lets through.
// Knows filters and how far each has seen; never knows pages, requests or clocks.
import type { Filter } from './frame.ts';
import type { Entry } from './log.ts';

/** What a wait ended with. */
export interface Waited {
	/** Up to here nothing has passed the filter. */
	seq: number;
	/** True where nothing came: the time was over, or the relay is about to stop. */
	isOver: boolean;
}

interface Waiter {
	filter: Filter;
	seq: number;
	settle(isOver: boolean): void;
	fail(error: unknown): void;
}

export class Waiters {
	readonly #waiting = new Set<Waiter>();

	get size(): number {
		return this.#waiting.size;
	}

	/** Resolves once an entry after `seq` was stored that `filter` lets through, or `over` is. */
	wait(filter: Filter, seq: number, over: AbortSignal): Promise<Waited> {
		if (over.aborted) return Promise.resolve({ seq, isOver: true });
		return new Promise((resolve, reject) => {
			const end = () => waiter.settle(true);
			const leave = () => {
				this.#waiting.delete(waiter);
				over.removeEventListener('abort', end);
			};
			const waiter: Waiter = {
				filter,
				seq,
				settle(isOver) {
					leave();
					resolve({ seq: this.seq, isOver });
				},
				fail(error) {
					leave();
					reject(error);
				},
			};
			over.addEventListener('abort', end);
			this.#waiting.add(waiter);
		});
	}

	/** Wakes those for whom one of these is; the others have seen them too. */
	wake(entries: readonly Entry[]): void {
		const last = entries.at(-1)?.event.seq;
		// A commit of repeats alone stores nothing, and tells nobody how far he is.
		if (last === undefined) return;
		const choices = new Map<string, boolean>();
		for (const waiter of [...this.#waiting]) {
			const { key } = waiter.filter;
			const isWanted = choices.get(key) ?? entries.some(({ event }) => waiter.filter.matches(event));
			choices.set(key, isWanted);
			if (isWanted) waiter.settle(false);
			else waiter.seq = last;
		}
	}

	/** Lets all go without anything. */
	end(): void {
		for (const waiter of [...this.#waiting]) waiter.settle(true);
	}

	fail(error: unknown): void {
		for (const waiter of [...this.#waiting]) waiter.fail(error);
	}
}
