// A channel's storage, with a note of how often it was asked and how long it took.
// Knows operations and times; never knows keys or what is stored.
import type { Figures } from './figures.ts';
import type { KeyValueStorage } from './log-storage.ts';
import { StorageFault } from './storage-state.ts';

export class TimedStorage implements KeyValueStorage {
	readonly #storage: KeyValueStorage;
	readonly #figures: Pick<Figures, 'stored'>;
	readonly #clock: () => number;
	readonly #onWritten: () => void;

	/** @param onWritten Is called after each write that was accepted. Default: nothing. */
	constructor(
		storage: KeyValueStorage,
		figures: Pick<Figures, 'stored'>,
		clock: () => number,
		onWritten: () => void = () => {},
	) {
		this.#storage = storage;
		this.#figures = figures;
		this.#clock = clock;
		this.#onWritten = onWritten;
	}

	list(options: Parameters<KeyValueStorage['list']>[0]): Promise<Map<string, unknown>> {
		return this.#time('reads', () => this.#storage.list(options));
	}

	get(key: string): Promise<unknown> {
		return this.#time('reads', () => this.#storage.get(key));
	}

	put(entries: Record<string, unknown>): Promise<void> {
		return this.#time('writes', () => this.#storage.put(entries), this.#onWritten);
	}

	delete(keys: string[]): Promise<unknown> {
		return this.#time('writes', () => this.#storage.delete(keys));
	}

	deleteAll(): Promise<void> {
		return this.#time('writes', () => this.#storage.deleteAll());
	}

	/** @throws StorageFault */
	#time<T>(kind: 'reads' | 'writes', begin: () => Promise<T>, onDone = () => {}): Promise<T> {
		const since = this.#clock();
		let operation: Promise<T>;
		try {
			operation = begin();
		} catch (error) {
			throw new StorageFault(error, true);
		}
		const note = () => this.#figures.stored(kind, Math.max(this.#clock() - since, 0));
		return operation.then(
			(value) => {
				note();
				onDone();
				return value;
			},
			(error) => {
				note();
				throw new StorageFault(error, true);
			},
		);
	}
}
