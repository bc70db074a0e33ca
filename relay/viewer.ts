// One reader of a channel: how far he is, and whether he is fed live or from the log.
// Knows his filter and cursor; never knows sockets, streams or what he may do.
import type { Filter, Form, Frame } from './frame.ts';

/** Where a viewer's frames go. */
export interface Sink {
	readonly form: Form;
	/** True where frames may come deflated. */
	readonly inflates?: boolean;
	/** False while the reader is behind: he is then fed from the log. */
	isReady(): boolean;
	/** Resolves once it is ready again, or gone. */
	whenReady(): Promise<void>;
	write(bytes: Uint8Array): void;
	/** Tells of entries that are no longer kept, where a frame's range does not say it. */
	skip?(from: number, to: number): void;
	/** Tells of changes that are no longer kept, of events that he has; without it a hole in the frames makes him ask. */
	refresh?(from: number, to: number): void;
	/** So many bytes of it came from the log. */
	replayed?(bytes: number): void;
	/** The log cannot be read: ends it, so that the reader comes back. */
	fail(): void;
	/** The relay is about to stop: says so and ends it, where nobody else does. */
	goAway?(returnMs: number): void;
	/** The viewers have become so many that they need longer to come back. */
	spread?(returnMs: number): void;
}

export class Viewer {
	readonly sink: Sink;
	filter: Filter;
	/** Everything up to here was sent, or left out by the filter. */
	cursor = 0;
	/** Up to here the frames that were sent have said so; less than the cursor where the filter left out the newest. */
	#told = 0;
	/** Up to here he is sent events alone, since he knew none of them before. */
	freshTo = 0;
	/** Up to here he knows that changes are no longer kept. */
	refreshedTo = 0;
	/** Live viewers get each commit's frame; the others are still fed from the log. */
	isLive = false;
	/** Counts hellos: a feeding that was begun for an earlier one ends. */
	turn = 0;

	constructor(sink: Sink, filter: Filter) {
		this.sink = sink;
		this.filter = filter;
	}

	/** Sends a commit's frame, unless he has it already or must catch up first; false for the latter. */
	sendLive(frame: Frame): boolean {
		if (!this.isLive || frame.to <= this.cursor) return true;
		if (!this.sink.isReady()) {
			this.isLive = false;
			return false;
		}
		const bytes = frame.encodeLive(this.sink.form, this.filter, this.sink.inflates);
		if (bytes) {
			this.sink.write(bytes);
			this.#told = frame.to;
		}
		this.cursor = frame.to;
		return true;
	}

	/** Up to here the frames that were sent have said so: from there on a viewer can be fed anew, with no hole. */
	get told(): number {
		return this.#told;
	}

	/** Is to be sent what comes after `seq`; up to `freshTo` without changes, since `refreshedTo` with all of them. */
	start(seq: number, freshTo = 0, refreshedTo = 0): void {
		this.cursor = seq;
		this.#told = seq;
		this.freshTo = freshTo;
		this.refreshedTo = refreshedTo;
	}

	/** Is live and has everything up to `seq`, as before the relay slept. */
	resume(seq: number): void {
		this.start(seq);
		this.isLive = true;
		if (this.filter.isAll) return;
		// How much of what his filter left out he was told of is forgotten: the next frame covers all of it.
		this.#told = 0;
		this.filter.covered = 0;
	}

	/** Sends a page of the log, unless the feeding that it belongs to is over by then. */
	async sendHistory(frame: Frame): Promise<void> {
		const { turn, sink } = this;
		const isHole = frame.from > this.cursor + 1;
		const from = isHole ? frame.from : this.#told + 1;
		const bytes = await frame.encodeHistory(sink.form, this.filter, from, sink.inflates);
		if (this.turn !== turn) return;
		if (isHole) sink.skip?.(this.cursor + 1, frame.from - 1);
		sink.write(bytes);
		// What the filter left out was read all the same.
		sink.replayed?.(this.filter.isAll ? bytes.length : Math.max(bytes.length, frame.size));
		this.cursor = frame.to;
		this.#told = frame.to;
	}
}
