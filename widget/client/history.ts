// Pages of history, and the telling of it to a subscriber: loaded when they are asked for.
// Knows requests, their answers and where they join what is live; never knows sockets.
import { type ErrorCode, FeedError } from '../../relay/protocol/errors.ts';
import type { FeedEntry, FeedEvent, Page, Status } from '../../relay/protocol/event.ts';
import { DEFAULT_PAGE_EVENTS, MAX_FILTER_BYTES, MAX_PAGE_EVENTS } from '../../relay/protocol/limits.ts';
import { matchesType } from '../../relay/protocol/types.ts';
import { seqIn } from './changes.ts';
import type { FeedClient } from './feed-client.ts';
import type { Subscription } from './subscriptions.ts';
import type { Gap } from './timeline.ts';

/** A page that has not come by then will not come, milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;

/**
 * A page of history. `query` as in PROTOCOL.md: `after`, `before`, `since`, `limit`, `type`.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchPage(url: string, query: Record<string, string>, headers = {}): Promise<Page> {
	let response: Response;
	let body: Page & { code?: ErrorCode; detail?: string };
	try {
		response = await fetch(`${url}?${new URLSearchParams(query)}`, {
			headers: { accept: 'application/json', ...headers },
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
			// Answers to such an event come with it.
			for (const event of events) if (matchesType(subscription.pattern, event.type)) tell(event);
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
 * The first page that has events, or the last one. The relay looks through so much for one page; `next` goes on.
 * Reads back unless the query has `since`.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchFound(client: FeedClient, query: Record<string, string>): Promise<Page> {
	const { since, ...rest } = query;
	for (let own = query; ; ) {
		const page = await client.fetchPage(own);
		const { events, next, last } = page;
		const at = since ? 'after' : 'before';
		if (events.length > 0 || next === null || next === own[at] || (since && seqIn(next) >= last)) return page;
		own = { ...rest, [at]: next };
	}
}

/**
 * What a hello with this `history` would have brought of what a query lets through, up to where the client stands; and whether
 * that is all there is.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchHistory(
	client: FeedClient,
	history: number | string = DEFAULT_PAGE_EVENTS,
	query: Record<string, string> = {},
): Promise<{ events: FeedEvent[]; isAll: boolean }> {
	const [epoch, seq] = (client.position ?? `-:0`).split(':');
	const before = { ...query, before: `${epoch}:${Number(seq) + 1}` };
	// As many as a hello brings, and of those what is young enough.
	const limit = String(Math.min(typeof history === 'number' ? history : MAX_PAGE_EVENTS, MAX_PAGE_EVENTS));
	const { events, next } = await fetchFound(client, { ...before, limit });
	if (typeof history === 'number') return { events, isAll: next === null };
	const [first] = (await fetchFound(client, { ...query, since: history, limit: '1' })).events;
	return { events: first ? events.filter(({ seq }) => seq >= first.seq) : [], isAll: false };
}

/** What a page brings, in its order. */
export function entriesOf({ events, changes = [] }: Page): FeedEntry[] {
	return changes.length > 0 ? [...events, ...changes].sort((one, other) => one.seq - other.seq) : events;
}

/**
 * What lies between a client's position and a frame, up to `to`: its entries, and what before them is no longer kept.
 * @throws FeedError the relay's own, `relay-unreachable`, or `not-kept` where another log has begun or changes are gone
 */
export async function fetchHole(
	client: FeedClient,
	{ epoch, from }: { epoch: string; from: number },
	types: readonly string[] | undefined,
	status: readonly Status[] | undefined,
): Promise<{ entries: FeedEntry[]; missing: Gap | undefined; to: number }> {
	const entries: FeedEntry[] = [];
	let missing: Gap | undefined;
	for (let after = client.position as string; ; ) {
		const seq = seqIn(after);
		const query = { after, limit: String(Math.min(from - 1 - seq, MAX_PAGE_EVENTS)) };
		// More than an address holds is left to the client to choose.
		const type = types?.join() ?? '';
		const page = await client.fetchPage({
			...query,
			...(type && type.length <= MAX_FILTER_BYTES ? { type } : {}),
			...(status ? { status: status.join() } : {}),
		});
		if (page.epoch !== epoch) throw new FeedError('not-kept', 'Another log has begun.');
		if (page.refresh) throw new FeedError('not-kept', 'Changes of this range are no longer kept.');
		if (page.missing) {
			// Trimmed meanwhile: what has come is told first, and the rest is another hole.
			if (entries.length > 0) return { entries, missing, to: seq };
			missing = { from: page.missing.from, to: Math.min(page.missing.to, from - 1) };
		}
		entries.push(...entriesOf(page).filter(({ seq }) => seq < from));
		if (page.next === null || page.next === after || seqIn(page.next) >= from - 1) break;
		after = page.next;
	}
	return { entries, missing, to: from - 1 };
}

/**
 * Brings the events of a range as they stand now: by pages, the newest first, as long as somebody wants them.
 * @param take is given each page; false ends it
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchRange(
	client: FeedClient,
	{ from, to }: Gap,
	query: Record<string, string>,
	take: (events: readonly FeedEvent[]) => boolean,
): Promise<void> {
	const [epoch] = (client.position ?? '').split(':');
	let before: string | null = `${epoch}:${to + 1}`;
	while (before !== null && seqIn(before) > from) {
		const limit = String(Math.min(seqIn(before) - from, MAX_PAGE_EVENTS));
		const page: Page = await client.fetchPage({ ...query, before, limit });
		if (page.epoch !== epoch || !take(page.events)) return;
		before = page.next;
	}
}
