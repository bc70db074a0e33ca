// Whether what is published can be stored now, and which channels' files cannot be read: for the relay and its log.
// Knows room on the disk, names and files; never knows what is stored, nor how anything is measured.
import { FeedError } from './protocol/errors.ts';

/** A channel's failure is said once in this time, ms; and so are those of this many channels at the most. */
const SILENT_MS = 600_000;
const MOST_FAILED = 1000;
/** How the engine says that a write found no room. */
const ENGINE_FULL = 'SQLITE_FULL';
/** A draft that the disk has no room for may be tried again after this time, ms. */
const RETRY_MS = 5000;

/** What only the starter of an engine sees of the machine. */
export interface MachineReadings {
	/** Resident memory of the engine's process, bytes. */
	memoryBytes?: number | undefined;
	/** Resident memory of the starter, the engine and all that they have started, bytes. */
	treeMemoryBytes?: number | undefined;
	/** Free room on the disk of the state folder, bytes. */
	diskFreeBytes?: number | undefined;
	/** True where less is free than stays in reserve. */
	isDiskFull?: boolean;
}

/** What the log says of storage. */
export type StorageNote =
	| { level: 'error'; storage: 'full'; diskFreeBytes: number | undefined }
	| { level: 'info'; storage: 'ok'; diskFreeBytes: number | undefined }
	| { level: 'error'; storage: 'failed' | 'lost'; channel: string; file: string | undefined; reason?: string };

/** One for each memory of a relay. What is met often is said once. */
export class StorageState {
	readonly #clock: () => number;
	readonly #note: (note: StorageNote) => void;
	/** When a channel's failure was said, ms since the Unix epoch; the oldest first. */
	readonly #failedAt = new Map<string, number>();
	#isFull = false;
	/** The engine itself found the disk full: until then nobody tries again. */
	#fullUntil = 0;

	constructor(clock: () => number, note: (note: StorageNote) => void) {
		this.#clock = clock;
		this.#note = note;
	}

	/** True while the disk has no room for what is published. */
	get isFull(): boolean {
		return this.#isFull || this.#clock() < this.#fullUntil;
	}

	/** Returns why a draft cannot be stored now. */
	get refusal(): FeedError | undefined {
		if (!this.isFull) return undefined;
		const text =
			'The disk of the relay is full. Nothing is stored until it has room; reading goes on. Try again later.';
		const error = new FeedError('storage-failed', text);
		error.retryMs = RETRY_MS;
		return error;
	}

	/** The disk was looked at. */
	setDisk({ isDiskFull = false, diskFreeBytes }: MachineReadings): void {
		if (isDiskFull === this.#isFull) return;
		this.#isFull = isDiskFull;
		if (isDiskFull) this.#note({ level: 'error', storage: 'full', diskFreeBytes });
		else this.#note({ level: 'info', storage: 'ok', diskFreeBytes });
	}

	/** A channel's storage could not be read or written. `file` holds it. */
	fail(channel: string, file: string | undefined, error: unknown): void {
		const reason = (error instanceof Error ? error.message : String(error)).slice(0, 200);
		const now = this.#clock();
		if (reason.includes(ENGINE_FULL)) this.#fullUntil = now + RETRY_MS;
		if (Math.abs(now - (this.#failedAt.get(channel) ?? Number.NEGATIVE_INFINITY)) < SILENT_MS) return;
		for (const [oldest, at] of this.#failedAt) {
			if (Math.abs(now - at) < SILENT_MS) break;
			this.#failedAt.delete(oldest);
		}
		if (this.#failedAt.size >= MOST_FAILED) return;
		this.#failedAt.set(channel, now);
		this.#note({ level: 'error', storage: 'failed', channel, file, reason });
	}

	/** A channel that had events has none any more, and nobody has emptied it. */
	lose(channel: string, file: string | undefined): void {
		this.#note({ level: 'error', storage: 'lost', channel, file });
	}
}

/** A fault of storage: an operation that failed, or a value that the relay has not written so. */
export class StorageFault extends Error {
	override readonly name = 'StorageFault';
	/** True where the engine could not do what it was asked for. */
	readonly isOperation: boolean;

	constructor(cause: unknown, isOperation = false) {
		super(cause instanceof Error ? cause.message : String(cause), { cause });
		this.isOperation = isOperation;
	}
}

/** Returns what a function reads from a stored value. @throws StorageFault where the value is damaged */
export function readStored<T>(read: () => T): T {
	try {
		return read();
	} catch (error) {
		throw new StorageFault(error);
	}
}
