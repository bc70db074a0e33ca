// Frames to live viewers: whoever has waited longest is next, and is sent all that he has not had as one frame.
// Knows viewers in their turn, and frames that not all of them have; never knows drafts, the log or sockets.
import { type Filter, type Form, Frame } from './frame.ts';
import type { Viewer } from './viewer.ts';

export interface FanOutOptions {
	/** Runs a function once the engine has sent what it was given. */
	afterDrain: (run: () => void) => void;
	/** Between two slices: the engine has sent one, others still wait. A frame that is sent now goes with what they have not had. */
	onTurn: () => void;
	/** All have all, and the engine has sent it. */
	onDone: () => void;
	/** He is behind, or could not be sent it: he has to be taken out. */
	onLate: (viewer: Viewer) => void;
	/** Runs what must stop nobody else where it throws. */
	guard: (act: () => void) => void;
	/** So many are sent something before the engine gets its turn. */
	sliceViewers: number;
}

export class FanOut {
	readonly #options: FanOutOptions;
	/** All who are live; who was sent something longest ago is first, so that nobody has less than those before him. */
	readonly #viewers = new Set<Viewer>();
	/** Oldest first; somebody has not had them. */
	#frames: Frame[] = [];
	/** By where a viewer is, what he has not had. */
	readonly #missed = new Map<number, Frame>();

	constructor(options: FanOutOptions) {
		this.#options = options;
	}

	/** How many are live. */
	get size(): number {
		return this.#viewers.size;
	}

	/** From the first frame until all have had the newest. */
	get isSending(): boolean {
		return this.#frames.length > 0;
	}

	/** Of the entries that not all have had. */
	get bytes(): number {
		return this.#frames.reduce((sum, { bytes }) => sum + bytes, 0);
	}

	/** How the live viewers of each filter are sent frames, those who can inflate and those who cannot. */
	get forms(): { inflating: ReadonlyMap<Filter, Form>; plain: ReadonlySet<Filter> } {
		const inflating = new Map<Filter, Form>();
		const plain = new Set<Filter>();
		for (const { sink, filter } of this.#viewers) {
			if (sink.inflates) inflating.set(filter, sink.form);
			else plain.add(filter);
		}
		return { inflating, plain };
	}

	/** His cursor is the log's end, and so, while frames are being sent, the newest one's. */
	add(viewer: Viewer): void {
		this.#viewers.add(viewer);
	}

	delete(viewer: Viewer): void {
		this.#viewers.delete(viewer);
	}

	/** Begins with a frame, or adds it to those that are being sent, whose end it follows. */
	send(frame: Frame): void {
		const { isSending } = this;
		this.#frames.push(frame);
		this.#missed.clear();
		if (!isSending) this.#sendSlice();
	}

	/** Who is to be sent something next; undefined where all have all. */
	get #next(): Viewer | undefined {
		const [next] = this.#viewers;
		return next && next.cursor < this.#newest ? next : undefined;
	}

	get #newest(): number {
		return this.#frames.at(-1)?.to ?? 0;
	}

	#goOn(): void {
		const { guard, onTurn, onDone } = this.#options;
		const next = this.#next;
		// What all have had is freed.
		this.#frames = next ? this.#frames.filter(({ to }) => to > next.cursor) : [];
		if (next) {
			guard(onTurn);
			this.#sendSlice();
			return;
		}
		this.#missed.clear();
		guard(onDone);
	}

	#sendSlice(): void {
		const newest = this.#newest;
		let left = this.#options.sliceViewers;
		for (const viewer of this.#viewers) {
			if (left-- === 0 || viewer.cursor >= newest) break;
			this.#viewers.delete(viewer); // his next turn is after everybody's
			this.#viewers.add(viewer);
			this.#send(viewer);
		}
		this.#options.afterDrain(() => this.#goOn());
	}

	#send(viewer: Viewer): void {
		const { guard, onLate } = this.#options;
		let isSent = false;
		guard(() => {
			isSent = viewer.sendLive(this.#findMissed(viewer.cursor));
		});
		if (!isSent) guard(() => onLate(viewer));
	}

	#findMissed(cursor: number): Frame {
		let missed = this.#missed.get(cursor);
		if (!missed) {
			missed = Frame.join(this.#frames.filter(({ to }) => to > cursor));
			this.#missed.set(cursor, missed);
		}
		return missed;
	}
}
