// Pages of history, and the telling of it to a subscriber: loaded when they are asked for.
// Knows requests and their answers; never knows what is live.
import { type ErrorCode, FeedError } from '../../relay/protocol/errors.ts';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import { type Timeline, toItem } from './timeline.ts';

/**
 * A page of history. `query` as in PROTOCOL.md: `after`, `before`, `since`, `limit`, `type`.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchPage(url: string, query: Record<string, string>): Promise<Page> {
	let response: Response;
	let body: Page & { code?: ErrorCode; detail?: string };
	try {
		response = await fetch(`${url}?${new URLSearchParams(query)}`, { headers: { accept: 'application/json' } });
		body = await response.json();
	} catch {
		throw new FeedError('relay-unreachable', 'The relay does not answer.');
	}
	if (response.ok) return body;
	throw new FeedError(body.code ?? 'internal', body.detail ?? 'The relay failed.');
}

/**
 * Tells all events since a position (`epoch:seq`, 0 for the beginning), a span or a date, until `tell` answers false.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function tellHistory(
	url: string,
	since: string,
	type: string,
	tell: (event: FeedEvent) => boolean,
): Promise<void> {
	let query: Record<string, string> = /^(0|[a-z0-9-]+:\d+)$/.test(since) ? { after: since } : { since };
	for (;;) {
		const { events, next, last } = await fetchPage(url, { ...query, limit: '1000', type });
		if (!events.every(tell) || next === null || next === query.after || next.endsWith(`:${last}`)) return;
		query = { after: next };
	}
}

/** Puts older events, oldest first, before those that a timeline has. */
export function prependEvents(timeline: Timeline, events: readonly FeedEvent[]): void {
	const [first] = timeline.items;
	const oldest = !first ? Number.POSITIVE_INFINITY : first.kind === 'gap' ? first.from : first.event.seq;
	timeline.items = [...events.filter(({ seq }) => seq < oldest).map(toItem), ...timeline.items];
}
