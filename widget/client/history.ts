// Pages of history, and the telling of it to a subscriber: loaded when they are asked for.
// Knows requests, their answers and where they join what is live; never knows sockets.
import { type ErrorCode, FeedError } from '../../relay/protocol/errors.ts';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import { DEFAULT_PAGE_EVENTS, MAX_FILTER_BYTES, MAX_PAGE_EVENTS } from '../../relay/protocol/limits.ts';
import type { FeedClient } from './feed-client.ts';
import type { Subscription } from './subscriptions.ts';
import { type Gap, type Timeline, toItem } from './timeline.ts';

/** A page that has not come by then will not come, milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;

/**
 * A page of history. `query` as in PROTOCOL.md: `after`, `before`, `since`, `limit`, `type`.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchPage(url: string, query: Record<string, string>): Promise<Page> {
	let response: Response;
	let body: Page & { code?: ErrorCode; detail?: string };
	try {
		response = await fetch(`${url}?${new URLSearchParams(query)}`, {
			headers: { accept: 'application/json' },
			signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
		});
		body = await response.json();
	} catch {
		throw new FeedError('relay-unreachable', 'The relay does not answer.');
	}
	if (response.ok) return body;
	throw new FeedError(body.code ?? 'internal', body.detail ?? 'The relay failed.');
}

/**
 * Calls a subscriber for all events since a position (`epoch:seq`, 0 for the beginning), a span or a date, then for
 * those that were held back meanwhile, until `deliver` answers that it is wanted no more.
 * @throws FeedError the relay's own, `relay-unreachable`, or `not-kept` once all was told that is kept
 */
export async function tellHistory(
	client: FeedClient,
	since: string,
	subscription: Subscription,
	deliver: (event: FeedEvent) => boolean,
): Promise<void> {
	let told = 0;
	let isWanted = true;
	const tell = (event: FeedEvent) => {
		if (event.seq <= told || !isWanted) return;
		told = event.seq;
		isWanted = deliver(event);
	};
	try {
		// From the first welcome on nothing is missed: what came before it is history, what comes after it is held back.
		if (!client.position) {
			await new Promise<void>((resolve) => {
				const stop = client.on('state', () => {
					if (!client.position) return;
					stop();
					resolve();
				});
			});
		}
		let query: Record<string, string> = /^(0|[a-z0-9-]+:\d+)$/.test(since) ? { after: since } : { since };
		let gap: FeedError | undefined;
		while (isWanted) {
			const page = await client.fetchPage({ ...query, limit: '1000', type: subscription.pattern });
			const { events, next, last, missing } = page;
			// Whoever counts from the beginning asks for what there is.
			if (missing && since !== '0')
				gap ??= new FeedError('not-kept', `Events ${missing.from} to ${missing.to} are no longer kept.`);
			for (const event of events) tell(event);
			if (next === null || next === query.after || next.endsWith(`:${last}`)) break;
			query = { after: next };
		}
		if (gap) throw gap;
	} finally {
		const held = subscription.held ?? [];
		subscription.held = undefined;
		for (const event of held) tell(event);
	}
}

/**
 * What a hello with this `history` would have brought of `types`, up to where the client stands.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchHistory(
	client: FeedClient,
	history: number | string = DEFAULT_PAGE_EVENTS,
	types: readonly string[] = [],
): Promise<FeedEvent[]> {
	const [epoch, seq] = (client.position ?? `-:0`).split(':');
	const type: Record<string, string> = types.length > 0 ? { type: types.join() } : {};
	const before = { before: `${epoch}:${Number(seq) + 1}` };
	if (typeof history === 'number') {
		const limit = String(Math.min(history, MAX_PAGE_EVENTS));
		return (await client.fetchPage({ ...before, limit, ...type })).events;
	}
	// As many as a hello brings, and of those what is young enough.
	const { events } = await client.fetchPage({ ...before, limit: String(MAX_PAGE_EVENTS), ...type });
	const [first] = (await client.fetchPage({ since: history, limit: '1', ...type })).events;
	return first ? events.filter(({ seq }) => seq >= first.seq) : [];
}

/** The `seq` of a position that the relay has given. */
export function seqIn(position: string): number {
	return Number(position.split(':')[1]);
}

/**
 * What lies between a position and a frame, up to `to`: its events, and what before them is no longer kept.
 * @throws FeedError the relay's own, `relay-unreachable`, or `not-kept` where another log has begun
 */
export async function fetchHole(
	url: string,
	position: string,
	{ epoch, from }: { epoch: string; from: number },
	types: readonly string[] | undefined,
): Promise<{ events: FeedEvent[]; missing: Gap | undefined; to: number }> {
	const events: FeedEvent[] = [];
	let missing: Gap | undefined;
	for (let after = position; ; ) {
		const seq = seqIn(after);
		const query = { after, limit: String(Math.min(from - 1 - seq, MAX_PAGE_EVENTS)) };
		// More than an address holds is left to the client to choose.
		const type = types?.join() ?? '';
		const page = await fetchPage(url, { ...query, ...(type && type.length <= MAX_FILTER_BYTES ? { type } : {}) });
		if (page.epoch !== epoch) throw new FeedError('not-kept', 'Another log has begun.');
		if (page.missing) {
			// Trimmed meanwhile: what has come is told first, and the rest is another hole.
			if (events.length > 0) return { events, missing, to: seq };
			missing = { from: page.missing.from, to: Math.min(page.missing.to, from - 1) };
		}
		events.push(...page.events.filter(({ seq }) => seq < from));
		if (page.next === null || page.next === after || seqIn(page.next) >= from - 1) break;
		after = page.next;
	}
	return { events, missing, to: from - 1 };
}

/** Puts older events, oldest first, before those that a timeline has. */
export function prependEvents(timeline: Timeline, events: readonly FeedEvent[]): void {
	const [first] = timeline.items;
	const oldest = !first ? Number.POSITIVE_INFINITY : first.kind === 'gap' ? first.from : first.event.seq;
	timeline.items = [...events.filter(({ seq }) => seq < oldest).map(toItem), ...timeline.items];
}
