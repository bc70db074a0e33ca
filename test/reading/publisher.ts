// Publishes to a channel over HTTP, all at once or so many a second, and remembers when what was stored.
// Knows requests and receipts; never knows who reads.
import type { Draft, Receipt } from '../../relay/protocol/event.ts';
import { pause } from '../faults/scenario.ts';

/** At a rate, a request is sent this often, milliseconds. */
const TICK_MS = 50;
/** Events in one request; the relay takes more, and a panel should not get all in one frame. */
const BATCH = 1000;

/** What one request stored. */
export interface Batch {
	first: number;
	last: number;
	/** When its receipts came, by `Date.now()`. */
	at: number;
}

export class Publisher {
	readonly #url: string;
	readonly batches: Batch[] = [];
	/** Events that have a receipt. */
	count = 0;

	constructor(relay: string, channel: string) {
		this.#url = `${relay}/channels/${channel}/events`;
	}

	/** The newest `seq` that has a receipt; 0 for none. */
	get last(): number {
		return this.batches.at(-1)?.last ?? 0;
	}

	/** Stores drafts, in their order. */
	async publish(drafts: readonly Draft[]): Promise<void> {
		for (let start = 0; start < drafts.length; start += BATCH) await this.#post(drafts.slice(start, start + BATCH));
	}

	/** Stores so many drafts a second until so many are stored, or the signal is given. Never two requests at once. */
	async publishAt(rate: number, total: number, draft: (n: number) => Draft, signal?: AbortSignal): Promise<void> {
		const start = performance.now();
		let done = 0;
		while (done < total && !signal?.aborted) {
			const due = Math.min(Math.floor(((performance.now() - start) / 1000) * rate), total);
			if (due > done) {
				await this.#post(Array.from({ length: due - done }, (_, index) => draft(done + index + 1)));
				done = due;
			}
			await pause(TICK_MS);
		}
	}

	async #post(drafts: readonly Draft[]): Promise<void> {
		const response = await fetch(this.#url, {
			method: 'POST',
			headers: { 'content-type': 'application/x-ndjson' },
			body: drafts.map((draft) => JSON.stringify(draft)).join('\n'),
		});
		const body = (await response.json()) as Receipt | { events: Receipt[] };
		if (response.status !== 201) throw new Error(`the relay answered ${response.status}: ${JSON.stringify(body)}`);
		const receipts = 'events' in body ? body.events : [body];
		this.count += receipts.length;
		this.batches.push({ first: receipts[0]?.seq ?? 0, last: receipts.at(-1)?.seq ?? 0, at: Date.now() });
	}
}
