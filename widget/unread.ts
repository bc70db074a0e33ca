// What of a channel its reader has seen: kept for the next visit, shared by tabs, and told in the page's title where that is wanted.
// Knows a position, when it was, and where it is kept; never knows rows, or how one finds out that somebody looks.
import { findStorage } from './client/browser-storage.ts';

/** Beyond this a number in a title says no more. */
const MOST_IN_TITLE = 99;

/** How far somebody has read, and when he was last there; the relay's clock, milliseconds. */
export interface Seen {
	epoch: string;
	seq: number;
	time: number;
}

export class Unread {
	readonly #name: string;
	readonly #stop = new AbortController();
	#seen: Seen | undefined;
	/** When he went away; undefined while he looks. */
	#leftAt: number | undefined;
	#isMarked = false;
	#hasLooked = false;
	#mark: Seen | undefined;
	/** It moves only where what is newer is drawn: nothing goes from before the reader's eyes, or from under his hand. */
	#nextMark: Seen | undefined;
	#isKept = true;

	/**
	 * @param place Whose channel it is: relay, channel and person.
	 * @param onOther called where another tab has read on
	 */
	constructor(place: string, onOther: () => void) {
		this.#name = `live-feed seen ${place}`;
		this.#seen = parse(findStorage('localStorage')?.[this.#name]);
		const { signal } = this.#stop;
		addEventListener(
			'storage',
			({ key, newValue }) => {
				const seen = key === this.#name ? parse(newValue ?? undefined) : undefined;
				if (!seen || (seen.epoch === this.#seen?.epoch && seen.seq <= this.#seen.seq)) return;
				this.#seen = seen;
				onOther();
			},
			{ signal },
		);
		addEventListener('pagehide', () => this.#keep(), { signal });
	}

	/** The newest `seq` that was seen in a log; undefined before anything is known of it. */
	seqIn(epoch: string): number | undefined {
		return this.#seen?.epoch === epoch ? this.#seen.seq : undefined;
	}

	/**
	 * Where the line "New since" belongs: after its `seq`. It stays until the reader has gone and come back to newer rows.
	 * @param newest the newest `seq` that is drawn
	 */
	findMark(newest: number): Seen | undefined {
		if (this.#nextMark && newest > this.#nextMark.seq) {
			this.#mark = this.#nextMark;
			this.#nextMark = undefined;
		}
		return this.#mark;
	}

	/** A log with its newest `seq`, at the beginning: what came since the last visit is new; on the first visit nothing is. */
	begin(epoch: string, seq: number, now: number): void {
		const seen = this.#seen;
		if (seen?.epoch === epoch && seen.seq < seq) {
			this.#mark = seen;
			this.#isMarked = true;
		} else if (seen?.epoch !== epoch) {
			this.#mark = undefined;
			this.#see({ epoch, seq, time: now });
		}
	}

	/** The reader looks at everything up to a `seq`, or does not look. */
	look(isLooking: boolean, epoch: string, seq: number, now: number): void {
		if (isLooking) {
			this.#leftAt = undefined;
			this.#hasLooked = true;
			this.#see({ epoch, seq: Math.max(seq, this.seqIn(epoch) ?? 0), time: now });
		} else if (this.#leftAt === undefined) {
			this.#leftAt = now;
			// What was new at the beginning stays so until somebody has seen it.
			this.#isMarked = this.#isMarked && !this.#hasLooked;
			this.#keep();
		}
	}

	/** Events came. Where nobody looks, the first of them is where the new ones begin. */
	came(): void {
		if (this.#leftAt === undefined || this.#isMarked || !this.#seen) return;
		this.#isMarked = true;
		this.#nextMark = { ...this.#seen, time: this.#leftAt };
	}

	/** Everything up to here counts as read. */
	markRead(epoch: string, seq: number, now: number): void {
		this.#see({ epoch, seq, time: now });
		this.#keep();
	}

	/** Another log, or another place: ends what this one listens to. */
	end(): void {
		this.#keep();
		this.#stop.abort();
	}

	#see(seen: Seen): void {
		const isNew = seen.seq !== this.#seen?.seq || seen.epoch !== this.#seen.epoch;
		this.#seen = seen;
		if (!isNew || !this.#isKept) return;
		// Not at every event: a tab that reads along tells the others once a second.
		this.#isKept = false;
		setTimeout(() => this.#keep(), 1000);
	}

	#keep(): void {
		this.#isKept = true;
		const storage = findStorage('localStorage');
		const seen = this.#seen;
		if (!storage || !seen) return;
		try {
			// Another tab may have read further.
			const known = parse(storage[this.#name]);
			if (known?.epoch !== seen.epoch || known.seq <= seen.seq)
				storage[this.#name] = `${seen.epoch}:${seen.seq} ${seen.time}`;
		} catch {
			// The browser keeps no more: the next visit begins anew.
		}
	}
}

function parse(text: string | undefined): Seen | undefined {
	const [, epoch, seq, time] = /^([\w-]+):(\d+) (\d+)$/.exec(text ?? '') ?? [];
	return epoch ? { epoch, seq: Number(seq), time: Number(time) } : undefined;
}

const counts = new Map<Node, number>();
let written = '';
let plain = '';

/** Puts the sum of all who count into the page's title, as `(3) Title`; undefined for one who counts no more, as does who is gone. */
export function countInTitle(who: Node, count: number | undefined): void {
	const isCounting = count !== undefined && who.isConnected;
	if (isCounting ? counts.get(who) === count : !counts.delete(who)) return;
	if (isCounting) counts.set(who, count);
	// The page may have changed it meanwhile.
	if (document.title !== written) plain = document.title;
	const sum = [...counts.values()].reduce((all, one) => all + one, 0);
	written = sum > 0 ? `(${sum > MOST_IN_TITLE ? `${MOST_IN_TITLE}+` : sum}) ${plain}` : plain;
	document.title = written;
	// The browser trims it.
	written = document.title;
}
