// What a reader is to a relay without a token, what he has done there, and what of his is moot by now.
// Knows his key, his reactions and his drafts; never knows events, or how anything is sent.
import type { Change, Own } from '../../relay/protocol/event.ts';
import { AUTHOR_MEMORY, findStorage } from './browser-storage.ts';
import { seqIn } from './changes.ts';
import type { FeedClient } from './feed-client.ts';
import { createKey, type Outbox } from './outbox.ts';

/** A new key for this browser, which keeps it where it may. */
export function makeAuthor(): string {
	// Two of them, since one alone may be shorter than an author's key has to be.
	const key = createKey() + createKey();
	try {
		const storage = findStorage('localStorage');
		if (storage) storage[AUTHOR_MEMORY] = key;
	} catch {
		// The browser keeps no more: it holds for as long as this page.
	}
	return key;
}

/** Was it done by this reader? */
export function isOwn(
	own: (Own & { subject?: string | undefined }) | undefined,
	{ author, actor }: Pick<Change, 'author' | 'actor'>,
): boolean {
	if (author !== undefined) return author === own?.author;
	return actor?.verified === true && actor.id === own?.subject;
}

/** Notes the reader's own reactions, and gives up what he wanted to become of events that are removed. */
export function followChanges(client: FeedClient, outbox: Outbox, changes: readonly Change[]): void {
	for (const change of changes) {
		if (change.change === 'reaction' && isOwn(client.own, change)) noteReaction(client, change);
		if (change.change === 'removal') giveUp(client, outbox, change.target);
	}
}

function noteReaction(client: FeedClient, { target, reaction, on }: Change): void {
	const { own } = client;
	if (!own || reaction === undefined) return;
	const seq = String(seqIn(target));
	const others = (own.reacted?.[seq] ?? []).filter((sign) => sign !== reaction);
	const { [seq]: _, ...rest } = own.reacted ?? {};
	const signs = on === false ? others : [...others, reaction];
	client.own = { ...own, reacted: signs.length > 0 ? { ...rest, [seq]: signs } : rest };
}

/** Drafts that would change an event: those of this page, and those that other pages have left. */
function giveUp(client: FeedClient, outbox: Outbox, target: string): void {
	const isAbout = (json = '') => {
		try {
			return JSON.parse(json).draft.target === target;
		} catch {
			return false; // no draft
		}
	};
	for (const { ref, json } of [...outbox.drafts.values()]) if (isAbout(json)) client.discard(ref);
	const storage = findStorage('localStorage') ?? {};
	for (const name of Object.keys(storage))
		if (name.startsWith('live-feed ') && isAbout(storage[name])) delete storage[name];
}
