// What a socket was sent and its peer has not taken: the engine says it, or the reader confirms it.
// Knows bytes and their bounds; never knows frames, sockets or timers.
import { MAX_BACKLOG_BYTES, MAX_OUTSTANDING_BYTES, SEEN_BYTES, WINDOW_BYTES } from './protocol/limits.ts';

/**
 * What all windows of a process have outstanding together; its rooms share one.
 * An open window counts with what is beyond `SEEN_BYTES`: so much a reader who keeps up may leave unconfirmed for ever.
 * One that the relay has closed counts with all of it, since the engine frees nothing before the connection is gone.
 */
export class Backlog {
	#bytes = 0;

	get bytes(): number {
		return this.#bytes;
	}

	add(bytes: number): void {
		this.#bytes = Math.max(this.#bytes + bytes, 0);
	}

	/** How large a window is now: half from half of the bound on, a quarter from three quarters on, and never less than `SEEN_BYTES`. */
	get windowBytes(): number {
		if (this.#bytes < MAX_OUTSTANDING_BYTES / 2) return WINDOW_BYTES;
		return Math.max(this.#bytes < (MAX_OUTSTANDING_BYTES * 3) / 4 ? WINDOW_BYTES / 2 : WINDOW_BYTES / 4, SEEN_BYTES);
	}

	/** True where no more viewers are taken. */
	get isFull(): boolean {
		return this.#bytes >= MAX_OUTSTANDING_BYTES;
	}
}

/** What of a window must survive the relay's sleep. */
export interface WindowMemory {
	seen: number;
	outstanding: number;
	isClosed?: true;
}

export class Window {
	readonly #backlog: Backlog;
	/** The highest number that was confirmed. */
	#seen: number;
	#outstanding: number;
	#isClosed: boolean;
	/** What of it the backlog counts. */
	#counted = 0;

	/** `isCounted`: the backlog has it already, since the process is still the one that remembered it. */
	constructor(backlog: Backlog, memory?: WindowMemory, isCounted = false) {
		this.#backlog = backlog;
		this.#seen = memory?.seen ?? 0;
		this.#outstanding = memory?.outstanding ?? 0;
		this.#isClosed = memory?.isClosed ?? false;
		if (isCounted) this.#counted = this.#share();
		else this.#count();
	}

	get outstanding(): number {
		return this.#outstanding;
	}

	/** False while so much is outstanding that the reader is sent no more events. */
	get isOpen(): boolean {
		return this.#outstanding <= this.#backlog.windowBytes;
	}

	/** True where not even answers are sent any more. */
	get isOverdrawn(): boolean {
		return this.#outstanding > MAX_BACKLOG_BYTES;
	}

	get memory(): WindowMemory {
		const closed: { isClosed?: true } = this.#isClosed ? { isClosed: true } : {};
		return { seen: this.#seen, outstanding: this.#outstanding, ...closed };
	}

	/** A frame was sent. */
	send(bytes: number): void {
		this.#outstanding += bytes;
		this.#count();
	}

	/**
	 * The reader says how many bytes he has seen since the socket was opened; true where that is progress.
	 * More than was sent means all of it.
	 */
	confirm(seen: number): boolean {
		if (seen <= this.#seen) return false;
		this.#outstanding = Math.max(this.#outstanding - (seen - this.#seen), 0);
		this.#seen = seen;
		this.#count();
		return true;
	}

	/**
	 * Sets what is outstanding to what the engine holds for the peer. Returns true where the peer has taken something.
	 * A socket whose engine says this needs no `confirm`: a peer can claim to have seen what it has not.
	 */
	hold(bytes: number): boolean {
		const isProgress = bytes < this.#outstanding;
		this.#outstanding = bytes;
		this.#count();
		return isProgress;
	}

	/** The relay has closed the socket: nothing more is sent, and nothing is freed yet. */
	close(): void {
		this.#isClosed = true;
		this.#count();
	}

	/** The connection is gone, and what it held is free. */
	end(): void {
		this.#outstanding = 0;
		this.#count();
	}

	#share(): number {
		return this.#isClosed ? this.#outstanding : Math.max(this.#outstanding - SEEN_BYTES, 0);
	}

	#count(): void {
		const share = this.#share();
		if (share === this.#counted) return;
		this.#backlog.add(share - this.#counted);
		this.#counted = share;
	}
}
