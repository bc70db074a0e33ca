// The relay by HTTP: pages of history, and drafts of a page that is being left.
// Knows requests and their answers; never knows when they are needed.
import { type ErrorCode, FeedError } from '../../relay/protocol/errors.ts';
import type { Draft, Page } from '../../relay/protocol/event.ts';

/**
 * A page of history. `query` as in PROTOCOL.md: `after`, `before`, `since`, `limit`, `type`.
 * @throws FeedError the relay's own, or `relay-unreachable`
 */
export async function fetchPage(url: string, query: Record<string, string>): Promise<Page> {
	let response: Response;
	let body: (Page & { code?: ErrorCode; detail?: string }) | undefined;
	try {
		response = await fetch(`${url}?${new URLSearchParams(query)}`, { headers: { accept: 'application/json' } });
		body = await response.json();
	} catch {
		throw new FeedError('relay-unreachable', 'The relay does not answer.');
	}
	if (response.ok && body) return body;
	throw new FeedError(body?.code ?? 'internal', body?.detail ?? 'The relay failed.');
}

/** Hands over drafts so that they arrive although the page ends; their keys make a repeat harmless. */
export function sendLeaving(url: string, drafts: readonly Draft[]): void {
	// A form needs no preflight, which a page that is being left would not live to see answered.
	const body = new URLSearchParams({ events: JSON.stringify(drafts) });
	fetch(url, { method: 'POST', body, keepalive: true }).catch(() => {
		// Nobody is left to tell; if the page comes back, the outbox sends them again.
	});
}
