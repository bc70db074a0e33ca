// The drafts that have no receipt yet: in order, bounded, and kept across a reload of the page.
// Knows keys, bounds and where a browser keeps things; never knows a transport, nor when to send.
import { formatClientMessage } from '../../relay/protocol/client-message.ts';
import { FeedError } from '../../relay/protocol/errors.ts';
import type { ChangeDraft, Draft, Receipt } from '../../relay/protocol/event.ts';
import { MAX_EVENT_BYTES } from '../../relay/protocol/limits.ts';
import { findStorage } from './browser-storage.ts';

/** Drafts that wait at the most, and their characters as JSON: what a browser keeps of a page. */
const MAX_WAITING = 1000;
const MAX_WAITING_CHARS = 2_000_000;
/** At the end of a kept draft's name: the relay most likely has it. */
export const SENT = ' sent';
/** Failed drafts that are kept for another try. */
const MAX_FAILED = 20;

/** One draft on its way. */
export interface Outgoing {
	readonly ref: number;
	/** The publish message, ready to be sent: the draft as it was handed in. */
	readonly json: string;
	/** When it was handed in; milliseconds since 1970. */
	readonly at: number;
	/** Why it was refused for good. */
	error?: FeedError;
	/** When it was last handed to the transport; milliseconds since 1970. */
	sentAt?: number;
	resolve: (receipt: Receipt) => void;
	reject: (error: FeedError) => void;
	/** Another page has handed it in: what becomes of this page is nothing to it. */
	isAdopted?: boolean;
	/** Under this name the browser keeps it. */
	name?: string;
}

/** Random letters and digits, in every context (`crypto.randomUUID` exists only in secure ones). */
export function createKey(): string {
	return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
}

export class Outbox {
	/** Oldest first; with those that were refused for good and may be tried again. */
	readonly drafts = new Map<number, Outgoing>();
	/** Under names that begin with it the browser keeps them: another one for each reader who has proved who he is. */
	prefix: string;
	/** When the last one was stored or given up; milliseconds since 1970. */
	takenAt = 0;
	#nextRef = 1;
	#chars = 0;

	/** @param url Whose drafts these are: pages of one origin share them. */
	constructor(url: string) {
		this.prefix = `live-feed ${url} `;
	}

	/** Those that are to be sent, oldest first. */
	get waiting(): Outgoing[] {
		return [...this.drafts.values()].filter(({ error }) => !error).sort((one, other) => one.at - other.at);
	}

	/** The names of what other pages have left, in the order of time. */
	get left(): string[] {
		const own = [...this.drafts.values()].map(({ name }) => name);
		return Object.keys(findStorage('localStorage') ?? {})
			.filter((name) => name.startsWith(this.prefix) && !own.includes(name))
			.sort();
	}

	/**
	 * Takes a draft as it is now, with a key that makes sending it again harmless.
	 * @throws FeedError `outbox-full`, `event-too-large`
	 */
	add(draft: Draft | ChangeDraft, resolve: Outgoing['resolve'], reject: Outgoing['reject'], at = Date.now()): Outgoing {
		const ref = this.#nextRef++;
		const json = formatClientMessage({ type: 'publish', ref, draft: { ...draft, key: draft.key ?? createKey() } });
		if (new TextEncoder().encode(json).length > MAX_EVENT_BYTES)
			throw new FeedError('event-too-large', `An event has at most ${MAX_EVENT_BYTES} bytes as JSON.`);
		if (this.drafts.size >= MAX_WAITING || this.#chars + json.length > MAX_WAITING_CHARS)
			throw new FeedError('outbox-full', `${this.drafts.size} events wait.`);
		const own = { ref, json, at, resolve, reject };
		this.#chars += json.length;
		this.drafts.set(ref, own);
		return own;
	}

	/** It is stored, or given up; `isKept` where the browser is to keep it for another page. */
	take(ref: number | undefined, isKept = false): Outgoing | undefined {
		const own = this.drafts.get(ref as number); // nothing has the ref undefined
		if (!own) return;
		this.takenAt = Date.now();
		this.drafts.delete(own.ref);
		this.#chars -= own.json.length;
		if (own.name && !isKept) delete findStorage('localStorage')?.[own.name];
		return own;
	}

	/** It is refused for good: its promise says so, and it may be tried again. */
	fail(ref: number, error: FeedError): void {
		const own = this.drafts.get(ref);
		if (!own) return;
		own.error = error;
		own.reject(error);
		for (const { ref } of [...this.drafts.values()].filter(({ error }) => error).slice(0, -MAX_FAILED)) this.take(ref);
	}

	/** Has the browser keep what waits, so that it outlives the page; with a `mark` where the page was also able to send it. */
	keep(mark = ''): void {
		const storage = findStorage('localStorage');
		for (const own of storage ? this.waiting : []) {
			if (own.name) continue;
			// In the order of time, whichever page has written it.
			const name = `${this.prefix}${own.at} ${1e9 + own.ref} ${createKey()}${mark}`;
			try {
				(storage as Record<string, string>)[name] = own.json; // there is one, or there are none of these
				own.name = name;
			} catch {
				return; // the browser keeps no more: what waits stays in the page
			}
		}
	}
}
