// The replies to one event: those that are here, and which of them are drawn. Pure.
// Knows replies in their order and how many there are; never knows where they come from, or how they look.
import type { FeedEvent } from '../relay/protocol/event.ts';

/** Replies that a thread begins with, that come with each press, and that are drawn at the most. */
const FIRST = 3;
const STEP = 50;
const MOST = 200;

export class Thread {
	/** Oldest first, without a hole. */
	replies: readonly FeedEvent[] = [];
	/** Whether those before them are on their way. */
	isLoading = false;
	/** The drawn ones, by their place; the end stays the end while nothing newer is left out. */
	#start = 0;
	#end = 0;

	/** Those that are drawn, oldest first. */
	get drawn(): readonly FeedEvent[] {
		return this.replies.slice(this.#start, this.#end);
	}

	/** How many of those that are here are older than the drawn ones, and how many newer. */
	get older(): number {
		return this.#start;
	}

	get newer(): number {
		return this.replies.length - this.#end;
	}

	/** Takes replies from anywhere: each is here once, as it was told last. */
	add(replies: readonly FeedEvent[]): void {
		if (replies.length === 0) return;
		const isFollowing = this.newer === 0;
		const first = this.replies[this.#start]?.seq;
		const all = new Map(this.replies.map((reply) => [reply.seq, reply]));
		for (const reply of replies) all.set(reply.seq, reply);
		const drawn = this.#end - this.#start;
		this.replies = [...all.values()].sort((one, other) => one.seq - other.seq);
		if (first === undefined) {
			this.#end = this.replies.length;
			this.#start = Math.max(this.#end - FIRST, 0);
			return;
		}
		this.#start = this.replies.findIndex(({ seq }) => seq === first);
		this.#end = isFollowing ? this.replies.length : this.#start + drawn;
		this.#start = Math.max(this.#start, this.#end - MOST);
	}

	/** Takes over what became of a reply, where it is here. */
	change(id: string, change: (reply: FeedEvent) => FeedEvent): void {
		if (!this.replies.some((reply) => reply.id === id)) return;
		this.replies = this.replies.map((reply) => (reply.id === id ? change(reply) : reply));
	}

	/** Draws older ones that are here, or newer ones; what is too much goes at the other end. */
	showOlder(): void {
		this.#start = Math.max(this.#start - STEP, 0);
		this.#end = Math.min(this.#end, this.#start + MOST);
	}

	showNewer(): void {
		this.#end = Math.min(this.#end + STEP, this.replies.length);
		this.#start = Math.max(this.#start, this.#end - MOST);
	}

	/** Goes to the newest ones. */
	showNewest(): void {
		this.#end = this.replies.length;
		this.#start = Math.max(this.#start, this.#end - MOST);
	}
}
