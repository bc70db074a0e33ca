// Who is to be called for which events.
// Knows patterns, order and what a callback throws; never knows where events come from.
import { FeedError } from '../../relay/protocol/errors.ts';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { isTypePattern, matchesType } from '../../relay/protocol/types.ts';
import { freeze } from './freeze.ts';

/** Whoever wants to be called. */
export interface Subscription {
	pattern: string;
	callback: (event: FeedEvent) => void;
	/** Live events that wait until history has been told. */
	held: FeedEvent[] | undefined;
}

export class Subscriptions {
	readonly #all = new Set<Subscription>();
	readonly #onError: (error: unknown) => void;

	/** @param onError Told of what a callback throws. */
	constructor(onError: (error: unknown) => void) {
		this.#onError = onError;
	}

	/** @throws FeedError `invalid-parameter` */
	add(pattern: string, callback: (event: FeedEvent) => void, isHeld: boolean): Subscription {
		checkTypes([pattern]);
		const subscription: Subscription = { pattern, callback, held: isHeld ? [] : undefined };
		this.#all.add(subscription);
		return subscription;
	}

	delete(subscription: Subscription): void {
		this.#all.delete(subscription);
	}

	/** A live event, to all who want its type. */
	tell(event: FeedEvent): void {
		// A callback may subscribe and unsubscribe: what it adds begins with the next event, what it ends ends at once.
		for (const subscription of [...this.#all]) {
			if (!matchesType(subscription.pattern, event.type)) continue;
			if (subscription.held) subscription.held.push(event);
			else this.deliver(subscription, event);
		}
	}

	/** Calls back, and answers false once nobody wants it. A callback that throws is reported, and the others still run. */
	deliver(subscription: Subscription, event: FeedEvent): boolean {
		if (!this.#all.has(subscription)) return false;
		try {
			subscription.callback(freeze(event));
		} catch (error) {
			this.#onError(error);
		}
		return true;
	}
}

/**
 * The types, each a name or a prefix.
 * @throws FeedError `invalid-parameter`
 */
export function checkTypes<T extends readonly string[] | undefined>(types: T): T {
	if (types?.every(isTypePattern) ?? true) return types;
	throw new FeedError(
		'invalid-parameter',
		'A type is a name such as `deploy.done`, a prefix such as `deploy.*`, or `*`.',
	);
}

/** Do patterns choose an entry by its type, or by that of the event that it answers? */
export function matchesSome(
	patterns: readonly string[],
	{ type, replyType = type }: { type: string; replyType?: string },
): boolean {
	return patterns.some((pattern) => matchesType(pattern, type) || matchesType(pattern, replyType));
}
