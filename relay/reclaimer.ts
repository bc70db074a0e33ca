// Removes the files of channels that hold nothing: the engine makes one for each name that it is asked for, and keeps it.
// Knows which channels are asked, and which of them hold nothing; never knows what is stored, nor how files are removed.

/** Size of a database without tables, bytes: one page. */
export const BLANK_BYTES = 4096;
/** Names that wait for their files to be removed. Of more the files stay until the relay starts again. */
const MAX_CANDIDATES = 100_000;
/** Names that are looked at in one go. */
const MAX_AT_ONCE = 500;
/** Names that are known to hold something, so that their files are not looked at. */
const MAX_KEPT = 10_000;

/** The files of channels, where the relay runs on one machine. */
export interface ChannelFiles {
	/** Returns the name of the file that holds a channel's storage. */
	nameOf(channel: string): string;
	/** True while the engine has the storage open. */
	isOpen(channel: string): Promise<boolean>;
	/** True where something was stored once, and not removed. */
	isMarked(channel: string): Promise<boolean>;
	/** Size of the storage without what is not yet in its main file, bytes. Undefined where there is none. */
	sizeOf(channel: string): Promise<number | undefined>;
	/** Removes the storage, with the note that something was stored. */
	remove(channel: string): Promise<void>;
}

/** `unknown` until the channel says what it holds, or its files are looked at. */
type Candidate = 'unknown' | 'empty';

export class Reclaimer {
	readonly #candidates = new Map<string, Candidate>();
	/** Channels that hold something, the latest last. */
	readonly #kept = new Set<string>();
	/** Requests on their way, by channel. */
	readonly #asked = new Map<string, number>();
	/** Channels whose files are being removed. A request waits until that is over. */
	readonly #closed = new Map<string, Promise<void>>();
	#isBusy = false;

	/** Names that wait for their files to be removed. */
	get size(): number {
		return this.#candidates.size;
	}

	/** Sends a request to a channel, once none of its files is being removed. */
	async ask<T>(channel: string, send: () => Promise<T>): Promise<T> {
		for (let closed = this.#closed.get(channel); closed; closed = this.#closed.get(channel)) await closed;
		this.#asked.set(channel, (this.#asked.get(channel) ?? 0) + 1);
		if (!this.#candidates.has(channel) && !this.#kept.has(channel)) this.#note(channel, 'unknown');
		try {
			return await send();
		} finally {
			const left = (this.#asked.get(channel) ?? 1) - 1;
			if (left > 0) this.#asked.set(channel, left);
			else this.#asked.delete(channel);
		}
	}

	/** The channel says that its storage holds nothing which must stay. */
	release(channel: string): void {
		this.#kept.delete(channel);
		this.#note(channel, 'empty');
	}

	/** The channel says that its storage holds something, or will. */
	keep(channel: string): void {
		this.#candidates.delete(channel);
		this.#kept.delete(channel);
		this.#kept.add(channel);
		for (const oldest of this.#kept) {
			if (this.#kept.size <= MAX_KEPT) break;
			this.#kept.delete(oldest);
		}
	}

	/**
	 * Removes the files of channels that hold nothing, are not open and have no connection. A channel that is open is looked at
	 * again by a later call.
	 */
	async reclaim(files: ChannelFiles, isConnected: (channel: string) => boolean): Promise<void> {
		if (this.#isBusy) return;
		this.#isBusy = true;
		try {
			for (const channel of [...this.#candidates.keys()].slice(0, MAX_AT_ONCE)) {
				const candidate = this.#candidates.get(channel);
				if (candidate === undefined) continue; // it holds something since
				// Its turn comes again after the others'.
				this.#candidates.delete(channel);
				this.#candidates.set(channel, candidate);
				if (this.#asked.has(channel) || isConnected(channel)) continue;
				let open = () => {};
				this.#closed.set(channel, new Promise<void>((resolve) => (open = resolve)));
				await this.#reclaimOne(channel, candidate, files);
				this.#closed.delete(channel);
				open();
			}
		} finally {
			this.#isBusy = false;
		}
	}

	/** Never rejects: a request may wait for its end. */
	async #reclaimOne(channel: string, candidate: Candidate, files: ChannelFiles): Promise<void> {
		try {
			if (await files.isOpen(channel)) return;
			const isBlank =
				candidate === 'empty' ||
				(!(await files.isMarked(channel)) && ((await files.sizeOf(channel)) ?? 0) <= BLANK_BYTES);
			this.#candidates.delete(channel);
			if (isBlank) await files.remove(channel);
		} catch {
			// The files stay: there will be another start.
		}
	}

	#note(channel: string, candidate: Candidate): void {
		if (this.#candidates.size < MAX_CANDIDATES || this.#candidates.has(channel))
			this.#candidates.set(channel, candidate);
	}
}
