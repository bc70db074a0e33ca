// Events that are published for nothing but to see what becomes of them.
// Knows drafts, keys and how long to go on; never knows who reads them.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { postDrafts, type Refusal, type Result } from '../../widget/publisher/request.ts';
import type { Asker } from './asker.ts';

const TIMEOUT_MS = 5000;
/** By then all are to be handed in; where one after the other would take longer, several go in one request. */
const AIM_MS = 8000;
const FIRST_SINGLES = 5;
const MAX_BATCH = 100;
/** Requests without an answer, one after the other, after which there is nobody. */
const MAX_SILENCES = 2;
export const PROBE_TYPE = 'doctor.probe';

export interface ProbeOptions {
	asker: Asker;
	channel: string;
	events: number;
	/** After so long no more are published, milliseconds. */
	budgetMs: number;
}

/** What was refused, and how often. */
export interface Refused {
	code: string;
	detail: string;
	isRetryable: boolean;
	count: number;
	/** The longest that the relay asked to wait, milliseconds; undefined where it did not say. */
	retryMs: number | undefined;
}

export interface Published {
	/** Number → when it was handed in, of those with a receipt; milliseconds of `performance.now()`. */
	sent: Map<number, number>;
	/** Number → `seq`. */
	seqs: Map<number, number>;
	/** How long each request took, milliseconds. */
	roundTrips: number[];
	refused: Refused[];
	/** Why not all were published: refused for good, refused for longer than is waited, or nobody answered. */
	end: 'done' | 'refused' | 'time' | 'silence';
	/** What the relay said of a key that it knew: is it a duplicate, with the first receipt? Undefined where it was not asked. */
	isIdempotent: boolean | undefined;
	tookMs: number;
}

/** One run, with a name of its own by which its events are known from those of others. */
export class Probe {
	readonly run = randomBytes(6).toString('hex');
	readonly #options: ProbeOptions;
	readonly #url: string;

	constructor(options: ProbeOptions) {
		this.#options = options;
		this.#url = `${options.asker.relay}/channels/${options.channel}/events`;
	}

	/** The number of an event, where it is of this run. */
	read = (event: unknown): number | undefined => {
		const { data } = (event ?? {}) as { data?: { run?: unknown; n?: unknown } };
		return data?.run === this.run && typeof data.n === 'number' ? data.n : undefined;
	};

	/** Publishes all of them in their order; what is refused for now comes again when the relay said. */
	async publish(): Promise<Published> {
		const { events, budgetMs } = this.#options;
		const begun = performance.now();
		const sent: Published['sent'] = new Map();
		const seqs: Published['seqs'] = new Map();
		const roundTrips: number[] = [];
		const refused = new Map<string, Refused>();
		let end: Published['end'] = 'done';
		/** When what nobody answered was handed in first: it may be stored all the same, and be seen before it is asked again. */
		let firstTry: number | undefined;
		let silences = 0;
		for (let n = 1; n <= events && end === 'done'; ) {
			const size = Math.min(chooseSize(events, roundTrips), events - n + 1);
			const asked = performance.now();
			const results = await this.#post(n, size);
			const refusal = results.find((result) => 'error' in result);
			for (const result of results) {
				if ('error' in result) break;
				sent.set(n, firstTry ?? asked);
				seqs.set(n, result.seq);
				n++;
			}
			firstTry = undefined;
			if (!refusal) {
				silences = 0;
				roundTrips.push(performance.now() - asked);
				continue;
			}
			note(refused, refusal);
			if (refusal.error.code === 'relay-unreachable') {
				firstTry = asked;
				silences++;
			}
			const waitMs = Math.max(refusal.retryMs ?? 1000, 50);
			if (!refusal.isRetryable) end = 'refused';
			else if (silences >= MAX_SILENCES) end = 'silence';
			else if (performance.now() - begun + waitMs > budgetMs) end = 'time';
			else await delay(waitMs);
		}
		const isIdempotent = end === 'done' ? await this.#repeat(seqs) : undefined;
		const tookMs = performance.now() - begun;
		return { sent, seqs, roundTrips, refused: [...refused.values()], end, isIdempotent, tookMs };
	}

	async #repeat(seqs: ReadonlyMap<number, number>): Promise<boolean | undefined> {
		const [result] = await this.#post(this.#options.events, 1);
		if (!result || 'error' in result) return undefined;
		return result.duplicate && result.seq === seqs.get(this.#options.events);
	}

	/** A result for each, or one refusal of all. */
	async #post(first: number, count: number): Promise<Result[]> {
		const drafts = Array.from({ length: count }, (_, index) => this.#draft(first + index));
		const signal = AbortSignal.timeout(TIMEOUT_MS);
		const answer = await postDrafts(this.#url, JSON.stringify(drafts), count, this.#options.asker.token, signal);
		return 'refusal' in answer ? [answer.refusal] : answer.results;
	}

	#draft(n: number): object {
		const text = `Probe ${n} of ${this.#options.events} by live-feed doctor`;
		return { type: PROBE_TYPE, text, level: 'debug', key: `${this.run}-${n}`, data: { run: this.run, n } };
	}
}

/** One at a time shows latency best; it may not take all day. */
function chooseSize(events: number, roundTrips: readonly number[]): number {
	if (roundTrips.length < FIRST_SINGLES) return 1;
	const [median = 0] = [...roundTrips].sort((a, b) => a - b).slice(Math.floor(roundTrips.length / 2));
	return Math.min(MAX_BATCH, Math.max(1, Math.ceil((median * events) / AIM_MS)));
}

function note(refused: Map<string, Refused>, { error, isRetryable, retryMs }: Refusal): void {
	const known = refused.get(error.code);
	const longest = Math.max(known?.retryMs ?? 0, retryMs ?? 0) || undefined;
	const count = (known?.count ?? 0) + 1;
	refused.set(error.code, { code: error.code, detail: error.message, isRetryable, count, retryMs: longest });
}
