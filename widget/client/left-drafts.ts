// Drafts that pages of this origin have left behind: sent by whoever comes next.
// Knows where a browser keeps them, and for how long they may be sent; never knows a transport.
import { FeedError } from '../../relay/protocol/errors.ts';
import type { ChangeDraft, Draft } from '../../relay/protocol/event.ts';
import { findStorage } from './browser-storage.ts';
import { type Outbox, SENT } from './outbox.ts';

/** One that is older may have been stored so long ago that the relay has forgotten its key; milliseconds. */
const MAX_AGE_MS = 86_400_000;

/** Its page has gone, and with it whoever waited. */
const nobody = (): void => {};

/** Puts them into the outbox; their keys make it harmless that two pages do. */
export function adoptDrafts(outbox: Outbox): void {
	const storage = findStorage('localStorage') ?? {};
	for (const name of outbox.left) {
		let draft: Draft | ChangeDraft;
		try {
			({ draft } = JSON.parse(storage[name] as string)); // the name was there
		} catch {
			delete storage[name]; // nothing that we have written
			continue;
		}
		try {
			const at = Number(name.slice(outbox.prefix.length).split(' ')[0]);
			const isOld = Date.now() - at > MAX_AGE_MS;
			if (isOld && name.endsWith(SENT)) {
				delete storage[name];
				continue;
			}
			// Within the same millisecond, what was left comes first.
			const own = outbox.add(draft, nobody, nobody, at - 1);
			own.name = name;
			own.isAdopted = true;
			if (isOld)
				outbox.fail(own.ref, new FeedError('closed', 'It has waited for more than a day, and may have been stored.'));
		} catch (error) {
			if ((error as FeedError).code === 'outbox-full') break; // they stay where they are for now
		}
	}
}
