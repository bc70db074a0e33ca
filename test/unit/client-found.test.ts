// Reading on from pages that are empty, though there is more: what the relay looks through for one page is bounded.
import { expect, it } from 'vitest';
import type { Page } from '../../relay/protocol/event.ts';
import type { FeedClient } from '../../widget/client/feed-client.ts';
import { fetchFound, fetchHistory } from '../../widget/client/history.ts';

/** A relay of 100 events, the tenth of which alone is wanted, that looks through 20 for a page. */
function createClient() {
	const queries: Record<string, string>[] = [];
	const wanted = { id: 'e:10', seq: 10, time: 10, type: 'rare' };
	const fetchPage = async (query: Record<string, string>): Promise<Page> => {
		queries.push(query);
		const seqOf = (text: string | undefined) => (text === undefined ? undefined : Number(text.split(':')[1]));
		const range = { epoch: 'e', first: 1, last: 100 };
		const after = query.since === undefined ? seqOf(query.after) : 0;
		if (after !== undefined) {
			const to = Math.min(after + 20, 100);
			return { ...range, events: after < 10 && to >= 10 ? [wanted] : [], next: `e:${to}` };
		}
		const before = seqOf(query.before) ?? 101;
		const from = Math.max(before - 20, 1);
		const events = from <= 10 && before > 10 ? [wanted] : [];
		return { ...range, events, next: query.before === undefined ? 'e:100' : from === 1 ? null : `e:${from}` };
	};
	const client = { fetchPage, position: 'e:100' } as unknown as FeedClient;
	return { client, queries };
}

it.each([{}, { before: 'e:101' }, { before: 'e:50' }, { since: '1d' }])(
	'[PAGE10] goes on from %j to what is found',
	async (query) => {
		const { client } = createClient();
		expect((await fetchFound(client, query as Record<string, string>)).events).toHaveLength(1);
	},
);

it('[PAGE10] ends at the beginning, and where there is no more yet', async () => {
	const { client, queries } = createClient();
	expect((await fetchFound(client, { before: 'e:10' })).next).toBe(null);
	expect((await fetchFound(client, { before: 'e:101', limit: '0' })).events).toHaveLength(1);
	queries.length = 0;
	expect(
		(
			await fetchFound(
				{
					...client,
					fetchPage: async (query: Record<string, string>) => {
						queries.push(query);
						return { epoch: 'e', first: 1, last: 100, events: [], next: query.after ?? 'e:60' };
					},
				} as unknown as FeedClient,
				{ since: '1d' },
			)
		).events,
	).toEqual([]);
	expect(queries).toEqual([{ since: '1d' }, { after: 'e:60' }]);
});

it('[PAGE10] a panel that begins later has what matches, however far back it lies', async () => {
	const { client } = createClient();
	expect(await fetchHistory(client, 50, { type: 'rare' })).toMatchObject({ events: [{ seq: 10 }], isAll: true });
	expect((await fetchHistory(client, '1d', { type: 'rare' })).events).toHaveLength(1);
});
