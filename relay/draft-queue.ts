// Drafts that wait for the next commits: bounded, and each publisher's in his order, also where some were refused.
// Knows sizes, refs and whose they are; never knows what a draft says or how it is stored.
import { createError, FeedError } from './protocol/errors.ts';

/** What the queue looks at. */
export interface Queued {
	publisher: object;
	/** The publisher's identity when the draft came: another one owes nothing to the order of this one. */
	person: string;
	ref: number;
	/** Of its JSON, at about. */
	bytes: number;
}

/** What a draft takes beside its JSON, at about. */
const DRAFT_BYTES = 256;

export class DraftQueue<T extends Queued> {
	readonly #maxBytes: number;
	#drafts: T[] = [];
	#bytes = 0;
	/** By publisher, the draft that was refused for now: it comes first, or is given up. */
	readonly #refused = new WeakMap<object, Pick<Queued, 'ref' | 'person'>>();

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	/** Oldest first. */
	get drafts(): readonly T[] {
		return this.#drafts;
	}

	/** Of all that wait, at about. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Takes a draft, or answers why it cannot be taken now; `limit` may know another reason. */
	add(draft: T, limit: () => FeedError | undefined = () => undefined): FeedError | undefined {
		const { publisher, person, ref } = draft;
		const earlier = this.#refused.get(publisher);
		const refused = earlier?.person === person ? earlier.ref : undefined;
		if (refused !== undefined && refused !== ref) {
			const text = `The event with ref ${refused} was refused for now and has to come first. Send it again with its ref, or give it up.`;
			return new FeedError('out-of-order', text);
		}
		const bytes = draft.bytes + DRAFT_BYTES;
		const isFull = this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes;
		const error = isFull ? createError('overloaded') : limit();
		if (error) {
			this.#refused.set(publisher, { ref, person });
			return error;
		}
		if (earlier) this.#refused.delete(publisher);
		this.#drafts.push(draft);
		this.#bytes += bytes;
		return undefined;
	}

	/** The publisher does not send this one again. */
	giveUp(publisher: object, ref: number): void {
		if (this.#refused.get(publisher)?.ref === ref) this.#refused.delete(publisher);
	}

	/** Removes and answers the oldest `count`, all unless given. */
	take(count = this.#drafts.length): T[] {
		const taken = this.#drafts.slice(0, count);
		this.#drafts = this.#drafts.slice(count);
		for (const { bytes } of taken) this.#bytes -= bytes + DRAFT_BYTES;
		return taken;
	}
}
