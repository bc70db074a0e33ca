// What a reader may do with an event: by what the relay has said of him, and by whose event it is. Pure.
// Knows capabilities and authors; never knows buttons. The relay decides once more, whatever is offered here.
import type { FeedEvent, Own, Status } from '../relay/protocol/event.ts';
import { NEXT_STATUSES } from '../relay/protocol/status.ts';

/** The reader, as the relay knows him. */
export interface Me {
	/** Undefined before the welcome: nothing is allowed until then. */
	own: Own | undefined;
	/** Whom his token proves. */
	subject: string | undefined;
}

/** What he may do with one event. */
export interface Rights {
	reply: boolean;
	react: boolean;
	edit: boolean;
	remove: boolean;
	pin: boolean;
	/** What he may say has become of it. */
	statuses: readonly Status[];
}

const NONE: Rights = { reply: false, react: false, edit: false, remove: false, pin: false, statuses: [] };

/** Is it his, by a proof of the token's or by the key that this browser has shown? */
export function isOwn({ actor, author }: FeedEvent, { own, subject }: Me): boolean {
	return actor?.verified ? subject !== undefined && actor.id === subject : !!author && author === own?.author;
}

export function rightsTo(event: FeedEvent, me: Me): Rights {
	const can = new Set(me.own?.can);
	const reply = can.has('publish') || can.has('comment');
	if (event.removed) return NONE;
	const own = isOwn(event, me);
	const isWorker = can.has('status:any') || (own && can.has('status:own'));
	return {
		reply,
		react: can.has('react'),
		edit: own && can.has('edit:own') && event.text !== undefined,
		remove: can.has('moderate') || (own && can.has('remove:own')),
		pin: can.has('moderate'),
		statuses: event.status && isWorker ? NEXT_STATUSES[event.status] : [],
	};
}
