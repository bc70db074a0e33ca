// Drafts that pages of this origin have left behind: sent by whoever comes next.
// Knows where a browser keeps them, and for how long they may be sent; never knows a transport.
import { FeedError } from '../../relay/protocol/errors.ts';
import type { Draft } from '../../relay/protocol/event.ts';
import { findStorage } from './browser-storage.ts';
import type { Outbox, Outgoing } from './outbox.ts';

/** One that is older may have been stored so long ago that the relay has forgotten its key; milliseconds. */
const MAX_AGE_MS = 86_400_000;

/** Its page has gone, and with it whoever waited. */
const nobody = (): void => {};

/** Puts them into the outbox, the oldest first; their keys make it harmless that two pages do. Answers those that are to be sent. */
export function adoptDrafts(outbox: Outbox): Outgoing[] {
	const storage = findStorage('localStorage') ?? {};
	const known = new Set([...outbox.drafts.values()].map(({ name }) => name));
	const adopted: Outgoing[] = [];
	for (const name of Object.keys(storage).sort()) {
		if (!name.startsWith(outbox.prefix) || known.has(name)) continue;
		let draft: Draft;
		try {
			({ draft } = JSON.parse(storage[name] as string)); // the name was there
		} catch {
			delete storage[name]; // nothing that we have written
			continue;
		}
		try {
			const own = outbox.add(draft, nobody, nobody);
			own.name = name;
			const at = Number(name.slice(outbox.prefix.length).split(' ')[0]);
			if (Date.now() - at < MAX_AGE_MS) adopted.push(own);
			else own.error = new FeedError('closed', 'It has waited for more than a day, and may have been stored.');
		} catch {
			break; // too many for now: they stay where they are
		}
	}
	return adopted;
}
