// Drafts on their way to a channel through a publisher: as many at once as memory allows, and told in their order what became of them.
// Knows how many wait and what of a refusal is final; never knows where drafts come from.
import { createPublisher, type FeedError, type Receipt } from '../../widget/publisher/index.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { ChangeDraft, Draft } from '../protocol/event.ts';
import type { Access } from './access.ts';

/** What became of a draft. `place` is where it came from, in words. */
export type Outcome = { place: string } & ({ receipt: Receipt } | { refusal: FeedError } | { unsent: FeedError });

export interface OutboxOptions extends Access {
	channel: string;
	/** In the order in which drafts were handed in; the next is told once this has resolved. */
	onOutcome: (outcome: Outcome) => void | Promise<void>;
	/** The relay has stored nothing for a while, for a reason that may be known; or does again. */
	onWaiting: (isWaiting: boolean, reason?: string) => void;
}

/** No more is taken in until receipts come. */
const MAX_WAITING_EVENTS = 1000;
const MAX_WAITING_CHARS = 4 * 1024 * 1024;
/** A relay that has not answered for so long is away, milliseconds. */
const AWAY_MS = 3000;
/** These are about one draft; after anything else the next would fare no better. */
const OF_ONE: readonly ErrorCode[] = [
	...(['invalid-event', 'event-too-large', 'key-conflict', 'unknown-event', 'removed-event'] as const),
	...(['wrong-status', 'changed-meanwhile', 'too-many-reactions'] as const),
];

export class Outbox {
	readonly #options: OutboxOptions;
	readonly #publisher;
	readonly #over = new AbortController();
	/** Handed in, and not told of yet. */
	#waiting = 0;
	#chars = 0;
	#told: Promise<void> = Promise.resolve();
	/** Why it was given up. */
	#trouble: FeedError | undefined;
	#answeredAt = Date.now();
	#isAway = false;
	#watch: NodeJS.Timeout | undefined;
	/** Called as soon as something has been told. */
	#wake: () => void = () => {};

	/** @throws FeedError where the channel is none */
	constructor(options: OutboxOptions) {
		this.#options = options;
		const { relay, channel, readToken } = options;
		const token = readToken() === undefined ? undefined : () => readToken() ?? '';
		// However long the relay is away: whoever hands in waits, and decides how long.
		const [maxWaitMs, maxEvents, maxBytes] = [Infinity, Infinity, Infinity];
		const onError = () => {}; // the promises tell
		this.#publisher = createPublisher({ relay, channel, token, maxWaitMs, maxEvents, maxBytes, onError, throws: true });
	}

	/** Nothing more is sent: it was refused for good, or given up. */
	get isOver(): boolean {
		return this.#over.signal.aborted;
	}

	/** Resolves once another draft may be handed in, or `isOver`. */
	async room(): Promise<void> {
		while (!this.isOver && (this.#waiting >= MAX_WAITING_EVENTS || this.#chars >= MAX_WAITING_CHARS)) {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}

	send(draft: Draft | ChangeDraft, place: string): void {
		const { length } = JSON.stringify(draft);
		if (this.#waiting === 0) this.#answeredAt = Date.now();
		const outcome = this.#publisher.publish(draft as Draft).then(
			(receipt): Outcome => ({ place, receipt }),
			(error: FeedError) => this.#judge(error, draft, place),
		);
		this.#follow(outcome, length);
	}

	/** Among the others, what can never be sent. */
	refuse(refusal: FeedError, place: string): void {
		this.#follow(Promise.resolve({ place, refusal }), 0);
	}

	/** Waits for what was handed in; of a relay that is away, `timeoutMs` at the most. Then the rest is given up. */
	async close(timeoutMs: number): Promise<void> {
		// One that names the time until it takes more is there.
		while (!(await this.#publisher.flush(timeoutMs)) && this.#publisher.trouble?.code === 'rate-limited') {
			if (this.isOver) break;
		}
		this.giveUp();
		await this.#told;
	}

	/** Gives up what waits. */
	giveUp(): void {
		if (this.isOver) return;
		this.#trouble = this.#publisher.trouble;
		void this.#publisher.close(0);
		this.#over.abort();
		this.#wake();
	}

	#judge(error: FeedError, draft: Draft | ChangeDraft, place: string): Outcome {
		// A change may be forbidden where an event is not.
		const isOfOne = OF_ONE.includes(error.code) || (error.code === 'forbidden' && 'target' in draft);
		if (isOfOne) return { place, refusal: error };
		this.giveUp();
		return { place, unsent: error.code === 'closed' ? (this.#trouble ?? error) : error };
	}

	#follow(outcome: Promise<Outcome>, chars: number): void {
		this.#waiting++;
		this.#chars += chars;
		this.#watch ??= setInterval(() => this.#look(), AWAY_MS / 6);
		void outcome.then(() => this.#answer());
		this.#told = this.#told.then(async () => {
			await this.#options.onOutcome(await outcome);
			this.#waiting--;
			this.#chars -= chars;
			if (this.#waiting === 0) this.#rest();
			this.#wake();
		});
	}

	#answer(): void {
		this.#answeredAt = Date.now();
		if (this.#isAway && !this.isOver) this.#options.onWaiting(false);
		this.#isAway = false;
	}

	#look(): void {
		if (this.#isAway || this.#publisher.waiting === 0 || Date.now() - this.#answeredAt < AWAY_MS) return;
		this.#isAway = true;
		this.#options.onWaiting(true, this.#publisher.trouble?.message);
	}

	/** Until something waits again, nothing holds the process. */
	#rest(): void {
		clearInterval(this.#watch);
		this.#watch = undefined;
	}
}
