// A channel's storage, with a note of how often it was asked and how long it took.
// Knows operations and times; never knows keys or what is stored.
import type { Figures } from './figures.ts';
import type { KeyValueStorage } from './log-storage.ts';

export class TimedStorage implements KeyValueStorage {
	readonly #storage: KeyValueStorage;
	readonly #figures: Pick<Figures, 'stored'>;
	readonly #clock: () => number;

	constructor(storage: KeyValueStorage, figures: Pick<Figures, 'stored'>, clock: () => number) {
		this.#storage = storage;
		this.#figures = figures;
		this.#clock = clock;
	}

	list(options: Parameters<KeyValueStorage['list']>[0]): Promise<Map<string, unknown>> {
		return this.#time('reads', () => this.#storage.list(options));
	}

	get(key: string): Promise<unknown> {
		return this.#time('reads', () => this.#storage.get(key));
	}

	put(entries: Record<string, unknown>): Promise<void> {
		return this.#time('writes', () => this.#storage.put(entries));
	}

	delete(keys: string[]): Promise<unknown> {
		return this.#time('writes', () => this.#storage.delete(keys));
	}

	deleteAll(): Promise<void> {
		return this.#time('writes', () => this.#storage.deleteAll());
	}

	#time<T>(kind: 'reads' | 'writes', begin: () => Promise<T>): Promise<T> {
		const since = this.#clock();
		const operation = begin();
		const note = () => this.#figures.stored(kind, Math.max(this.#clock() - since, 0));
		operation.then(note, note);
		return operation;
	}
}
