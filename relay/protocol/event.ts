// What is published and what is shown: the draft, the event, the receipt.
// Knows shapes; never knows how they are checked, sent or kept.

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
	/** A sentence for people, plain text, 8 KiB at most. */
	text?: string;
	actor?: Omit<Actor, 'verified'>;
	/** Default `info`. */
	level?: Level;
	/** http, https or mailto. */
	url?: string;
	/** Any JSON, 32 KiB and 16 levels at most. */
	data?: Json;
	/** The id of the event that this one answers. */
	replyTo?: string;
	/** Idempotency key: a repeat gets the first receipt again. 1 to 64 printable ASCII characters. */
	key?: string;
	/** When it happened, milliseconds since 1970; the relay's own clock is in `time`. */
	at?: number;
}

/** A draft whose every field was checked, with its `type` filled in. */
export type CheckedDraft = Draft & { type: string };

/** An event as the relay keeps it. Called FeedEvent because `Event` is the DOM's. */
export interface FeedEvent {
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
	at?: number;
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
	/** As in a welcome, in a page that was asked for with `wait`. */
	time?: number;
	pulse?: Pulse;
	returnMs?: number;
}
