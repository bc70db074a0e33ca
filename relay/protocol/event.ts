// What is published and what is shown: the draft, the event, its changes, the receipt.
// Knows shapes; never knows how they are checked, sent or kept.
import type { Capability } from './capabilities.ts';

/** Where a piece of work stands; an event that was never one has none of these. */
export const STATUSES = ['open', 'resolved', 'cancelled', 'reopened'] as const;
export type Status = (typeof STATUSES)[number];

/** How much an event matters; `info` where none is given. */
export const LEVELS = ['debug', 'info', 'success', 'warning', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Who did it, as the publisher says; `verified` alone is the relay's word. */
export interface Actor {
	/** Stable name for machines, 128 characters at most. */
	id?: string;
	/** Name for people, 80 characters at most. */
	name?: string;
	kind?: 'person' | 'bot';
	/** Address of a picture, http or https. */
	image?: string;
	/** A CSS colour; the panel draws the nearest of its twelve. */
	color?: string;
	/** True when a token proved who it is. */
	verified: boolean;
}

/** What a publisher hands in. One of `type` and `text` is needed. */
export interface Draft {
	/** What one subscribes to: 1 to 64 of `A-Z a-z 0-9 . _ -`, the first alphanumeric. Default `message`. */
	type?: string;
	/** A sentence for people, plain text, 8 KiB at most; of control characters only tabs and line ends. */
	text?: string;
	actor?: Omit<Actor, 'verified'>;
	/** Default `info`. */
	level?: Level;
	/** http, https or mailto, without a user name or password. */
	url?: string;
	/** Any JSON, 32 KiB, 16 levels and 10,000 values at most. */
	data?: Json;
	/** The id of the event that this one answers. */
	replyTo?: string;
	/** Idempotency key: a repeat gets the first receipt again. 1 to 64 printable ASCII characters. */
	key?: string;
	/** When it happened, milliseconds since 1970; the relay's own clock is in `time`. */
	at?: number;
	/** Makes it a piece of work, which is resolved or cancelled later. */
	status?: 'open';
}

/** A draft that changes an event in place of publishing one: exactly one of the fields that say what becomes of it. */
export interface ChangeDraft {
	/** The event's id. */
	target: string;
	/** Another text; the earlier one stays readable. */
	text?: string;
	/** Open and reopened events are resolved or cancelled, and those reopened. */
	status?: Status;
	pinned?: boolean;
	/** A sign of one's own, 1 to 32 bytes of UTF-8, such as an emoji; each person has each sign once. */
	reaction?: string;
	/** False takes the reaction back. Default true. */
	on?: boolean;
	/** Its content goes from the log and from every reader, for good. */
	removed?: true;
	/** Who does it, as a draft's. */
	actor?: Omit<Actor, 'verified'>;
	/** Idempotency key, as a draft's. */
	key?: string;
	/** Only if the event has not changed since this `seq`: that of its last change, or its own (compare and set). */
	ifMatch?: number;
}

/** A draft whose every field was checked, with its `type` filled in. */
export type CheckedDraft = Draft & { type: string };

/** Who did something, and when by the relay's clock; milliseconds since 1970. */
export interface By {
	actor?: Actor;
	time: number;
}

/** What of an event changes after it was published. A field that is absent is as at the beginning. */
export interface EventState {
	/** `seq` of its last change. */
	version?: number;
	/** In a change: the text as it stands, where it was edited. */
	text?: string;
	status?: Status;
	/** Who changed the status last. */
	statusBy?: By;
	/** By sign, how many people. */
	reactions?: Record<string, number>;
	/** How many answer it, and the newest of them. */
	replies?: { count: number; seq: number; time: number };
	/** How often its text was changed, and who did so last. */
	edited?: By & { count: number };
	pinned?: true;
	/** Then nothing of its content is left. */
	removed?: By;
}

/** An event as the relay keeps it. Called FeedEvent because `Event` is the DOM's. */
export interface FeedEvent extends EventState {
	/** `epoch:seq`, at once the event's name and the position just after it. */
	id: string;
	/** 1, 2, 3 … in its channel, without holes. */
	seq: number;
	/** The relay's clock when it was stored, milliseconds since 1970. */
	time: number;
	type: string;
	text?: string;
	actor?: Actor;
	level?: Level;
	url?: string;
	data?: Json;
	replyTo?: string;
	/** The type of the event that it answers, where the relay has that one. */
	replyType?: string;
	at?: number;
	/** Whose it is where no token proved it: a hash of the key that the publisher showed. */
	author?: string;
}

export type ChangeKind = 'edit' | 'status' | 'reaction' | 'pin' | 'removal';

/** An amendment of an event: an entry of its own in the same numbering. */
export interface Change {
	/** `epoch:seq` of the change itself. */
	id: string;
	seq: number;
	/** The relay's clock when it was stored, milliseconds since 1970. */
	time: number;
	change: ChangeKind;
	/** The event's id and its type, by which filters choose. */
	target: string;
	type: string;
	/** As the event's. */
	replyType?: string;
	actor?: Actor;
	/** As an event's. */
	author?: string;
	status?: Status;
	reaction?: string;
	/** Was it set or taken back? Of a reaction and a pin. */
	on?: boolean;
	/** The event as it stands when this is sent, in all that changes; absent where it is not kept any more. */
	state?: EventState;
}

/** What a log holds: events and their changes, numbered together. */
export type FeedEntry = FeedEvent | Change;

export function isChange(entry: FeedEntry): entry is Change {
	return 'target' in entry;
}

/** The relay's answer once an event is stored. */
export interface Receipt {
	id: string;
	seq: number;
	time: number;
	/** True when the key had been used before and this is the first receipt again. */
	duplicate: boolean;
}

/** Numbers of events by minute and level, for the pulse. */
export interface Pulse {
	/** The first minute, in minutes since 1970. */
	minute: number;
	/** Sixty numbers a level, oldest first; a level without events is left out. */
	counts: Partial<Record<Level, number[]>>;
}

/** A page of history, oldest first. */
export interface Page {
	/** `-` where nothing was ever published. */
	epoch: string;
	/** The oldest kept `seq` and the newest; 0 where there is none. */
	first: number;
	last: number;
	events: FeedEvent[];
	/** Where to go on: for `after` when reading forward, for `before` when reading back; null where nothing older is kept. */
	next: string | null;
	/** Entries after the position asked for that are no longer kept. */
	missing?: { from: number; to: number };
	/** Changes after the position asked for, of events that come before it or with it. */
	changes?: Change[];
	/** Changes in this range are no longer kept: what is known of events before it may be out of date. */
	refresh?: { from: number; to: number };
	/** As in a welcome, in a page that was asked for with `wait`. */
	time?: number;
	pulse?: Pulse;
	returnMs?: number;
	own?: Own;
}

/** What a relay tells a reader of himself. */
export interface Own {
	/** Whose the events are that he publishes, where no token proves it. */
	author?: string;
	/** What he may do here. */
	can: Capability[];
	/** His reactions to events, by their `seq`. */
	reacted?: Record<string, string[]>;
}

/** Somebody who is here. */
export interface Person {
	/** Whom a token proved, a hash of his key, or a name for his connection alone. */
	id: string;
	name?: string;
	color?: string;
	verified: boolean;
}

/** An earlier text of an event. */
export interface Version extends By {
	text: string;
}
