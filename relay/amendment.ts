// What becomes of an event by a change: who may make it, whether it is one, and how the event stands afterwards. Pure.
// Knows rights, statuses and counts; never knows logs, viewers or when anything is stored.
import { can, deny, type Identity } from './identity.ts';
import type { Reactions } from './log.ts';
import { createError, FeedError } from './protocol/errors.ts';
import type { By, Change, ChangeDraft, ChangeKind, FeedEvent, Status, Version } from './protocol/event.ts';
import { MAX_EVENT_REACTIONS, MAX_PERSON_REACTIONS } from './protocol/limits.ts';
import { NEXT_STATUSES } from './protocol/status.ts';

/** All reactions of a person are one value in storage, and this is its most: as JSON, with so much for each event. */
const MAX_PERSON_BYTES = 127_000;
const REACTED_BYTES = 16;
/** Of one sign, at the most: counted at each reaction of somebody, so never encoded. */
const sizeOf = (sign: string): number => 3 * sign.length + 3;

/** An event that was never a piece of work is made one by any of these. */
const FIRST_STATUSES: readonly Status[] = ['open', 'resolved', 'cancelled'];

/** An event after a change. */
export interface Amended {
	event: FeedEvent;
	/** What is told of it, but for its name. */
	told: Pick<Change, 'change'> & Partial<Pick<Change, 'status' | 'reaction' | 'on'>>;
	/** All signs that the person has on the event now. */
	signs?: string[];
	/** The text that was replaced, and how many were before it. */
	version?: { n: number; version: Version };
	/** Earlier texts go: so many. */
	forgotten?: number;
}

/** Who makes a change, in which name and when. */
export interface Amender extends By {
	who: Identity;
	/** When the draft was accepted, ms since the Unix epoch: rights are those of then. */
	acceptedAt: number;
	/** Of all of his reactions on the channel. */
	reactions: Reactions;
	/** From here on events are kept: reactions to those before do not count any more. */
	first: number;
}

/** Whose reactions these are: each proven subject's and each author's own; all others are one. */
export function personOf({ subject, author }: Identity): string {
	return subject ? `s${subject}` : author ? `a${author}` : '';
}

/** Is it his? Proven by the token, or by the key that its publisher has shown. */
export function isOwn({ actor, author }: FeedEvent, who: Identity): boolean {
	if (actor?.verified) return actor.id === who.subject;
	return author !== undefined && author === who.author; // who is proven has none
}

/**
 * The event after a change; undefined where it stands so already.
 * @throws FeedError `forbidden`, `token-needed`, `token-expired`, `removed-event`, `changed-meanwhile`, `wrong-status`, `too-many-reactions`
 */
export function amend(event: FeedEvent, draft: ChangeDraft, seq: number, amender: Amender): Amended | undefined {
	const { who, actor, time, acceptedAt } = amender;
	const denied = refuse(event, draft, who, acceptedAt);
	if (denied) throw denied;
	if (event.removed) {
		if (draft.removed) return undefined;
		throw createError('removed-event');
	}
	const version = event.version ?? event.seq;
	if (draft.ifMatch !== undefined && draft.ifMatch !== version) {
		const text = `The event has changed since ${draft.ifMatch}: its last change is ${version}. Look at what it is now, and decide anew.`;
		throw showing(event, who, new FeedError('changed-meanwhile', text));
	}
	const by: By = { ...(actor ? { actor } : {}), time };
	const next = { ...event, version: seq };
	if (draft.removed) return remove(next, by);
	if (draft.status) return setStatus(next, draft.status, by);
	if (draft.text !== undefined) return edit(next, draft.text, by);
	if (draft.pinned !== undefined) return pin(next, draft.pinned);
	return react(next, draft.reaction as string, draft.on ?? true, amender); // a change has one of them
}

/** Rights are looked at for each change, here and nowhere else. */
function refuse(event: FeedEvent, draft: ChangeDraft, who: Identity, now: number): FeedError | undefined {
	const own = isOwn(event, who);
	if (draft.reaction !== undefined) return deny(who, now, 'react');
	if (draft.pinned !== undefined) return deny(who, now, 'moderate');
	const [ofOwn, ofAny] = draft.status
		? (['status:own', 'status:any'] as const)
		: draft.removed
			? (['remove:own', 'moderate'] as const)
			: (['edit:own', 'moderate'] as const);
	const denied = deny(who, now, ofOwn, ofAny);
	if (denied || can(who, ofAny) || own) return denied;
	return new FeedError('forbidden', `The event is somebody else's: changing it so takes ${ofAny}.`);
}

/** With the event as it stands, for who may read it: what is changed may be what nobody has shown him. */
function showing(event: FeedEvent, who: Identity, error: FeedError): FeedError {
	if (can(who, 'read')) error.event = event;
	return error;
}

/** Nothing is left but its place in the log. */
function remove({ id, seq, time, type, replyTo, replyType, replies, version, edited }: FeedEvent, by: By): Amended {
	const place = { id, seq, time, type, replyTo, replyType, replies, version, removed: by };
	const event = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined));
	return { event: event as unknown as FeedEvent, told: { change: 'removal' }, forgotten: edited?.count ?? 0 };
}

function setStatus(event: FeedEvent, status: Status, by: By): Amended | undefined {
	if (event.status === status) return undefined;
	const allowed = event.status ? NEXT_STATUSES[event.status] : FIRST_STATUSES;
	if (!allowed.includes(status)) {
		throw new FeedError(
			'wrong-status',
			`An event that is ${event.status ?? 'not a piece of work'} becomes ${allowed.join(' or ')}, and not ${status}.`,
		);
	}
	return { event: { ...event, status, statusBy: by }, told: { change: 'status', status } };
}

function edit(event: FeedEvent, text: string, by: By): Amended | undefined {
	if (event.text === text) return undefined;
	const { edited, actor, time } = event;
	const n = edited?.count ?? 0;
	const before: By = edited ? { time: edited.time, ...(edited.actor ? { actor: edited.actor } : {}) } : { time };
	if (!edited && actor) before.actor = actor;
	return {
		event: { ...event, text, edited: { ...by, count: n + 1 } },
		told: { change: 'edit' },
		version: { n, version: { ...before, text: event.text ?? '' } },
	};
}

function pin({ pinned, ...event }: FeedEvent, on: boolean): Amended | undefined {
	if ((pinned ?? false) === on) return undefined;
	const change: ChangeKind = 'pin';
	return { event: on ? { ...event, pinned: true } : event, told: { change, on } };
}

function react(
	event: FeedEvent,
	reaction: string,
	on: boolean,
	{ reactions: all, first }: Amender,
): Amended | undefined {
	const own = all.get(event.seq) ?? [];
	if (own.includes(reaction) === on) return undefined;
	const { reactions = {}, ...rest } = event;
	const count = (Object.hasOwn(reactions, reaction) ? (reactions[reaction] as number) : 0) + (on ? 1 : -1);
	if (on) checkRoom(reactions, reaction, all, first);
	const { [reaction]: _, ...others } = reactions;
	// A sign keeps its place, so that nothing moves under a finger.
	const counts = count < 1 ? others : { ...reactions, [reaction]: count };
	const isLeft = Object.keys(counts).length > 0;
	return {
		event: isLeft ? { ...rest, reactions: counts } : rest,
		told: { change: 'reaction', reaction, on },
		signs: on ? [...own, reaction] : own.filter((sign) => sign !== reaction),
	};
}

function checkRoom(reactions: Record<string, number>, reaction: string, all: Reactions, first: number): void {
	const isNew = !Object.hasOwn(reactions, reaction);
	if (isNew && Object.keys(reactions).length >= MAX_EVENT_REACTIONS) {
		throw new FeedError(
			'too-many-reactions',
			`An event has at most ${MAX_EVENT_REACTIONS} different reactions; use one that is there.`,
		);
	}
	let count = 0;
	let bytes = REACTED_BYTES + sizeOf(reaction);
	for (const [seq, signs] of all) {
		if (seq < first) continue;
		count += signs.length;
		bytes += REACTED_BYTES;
		for (const sign of signs) bytes += sizeOf(sign);
	}
	if (count >= MAX_PERSON_REACTIONS || bytes > MAX_PERSON_BYTES) {
		throw new FeedError(
			'too-many-reactions',
			`Of one person ${MAX_PERSON_REACTIONS} reactions are kept on a channel, fewer of long signs; take some back.`,
		);
	}
}

/** An event with one more reply. */
export function addReply(event: FeedEvent, { seq, time }: FeedEvent): FeedEvent {
	return { ...event, replies: { count: (event.replies?.count ?? 0) + 1, seq, time } };
}
