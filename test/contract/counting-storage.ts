// A storage that counts what it is asked for and refuses what the engine refuses elsewhere than here.
// Knows operations and the engine's limits; never knows what is stored.
import type { KeyValueStorage } from '../../relay/log-storage.ts';
import type { Traffic } from './log-cases.ts';

/** Limits of Durable Object storage: bytes of a value, keys of an operation. */
const MAX_VALUE_BYTES = 131_072;
const MAX_KEYS = 128;

export class CountingStorage implements KeyValueStorage {
	readonly traffic: Traffic = { puts: 0, deletes: 0, lists: 0, gets: 0 };
	readonly #storage: KeyValueStorage;
	readonly #running = new Set<Promise<unknown>>();

	constructor(storage: KeyValueStorage) {
		this.#storage = storage;
	}

	list(options: Parameters<KeyValueStorage['list']>[0]): Promise<Map<string, unknown>> {
		this.traffic.lists++;
		return this.#follow(this.#storage.list(options));
	}

	get(key: string): Promise<unknown> {
		this.traffic.gets++;
		return this.#follow(this.#storage.get(key));
	}

	put(entries: Record<string, unknown>): Promise<void> {
		this.traffic.puts++;
		check(Object.keys(entries).length <= MAX_KEYS, `a put of ${Object.keys(entries).length} keys`);
		for (const [key, value] of Object.entries(entries)) {
			if (key === 'head') continue;
			check(value instanceof Uint8Array, `${key} is not bytes`);
			check(value.length > 2 && value.length <= MAX_VALUE_BYTES, `${key} has ${value.length} bytes`);
		}
		return this.#follow(this.#storage.put(entries));
	}

	delete(keys: string[]): Promise<unknown> {
		this.traffic.deletes++;
		check(keys.length <= MAX_KEYS, `a delete of ${keys.length} keys`);
		return this.#follow(this.#storage.delete(keys));
	}

	deleteAll(): Promise<void> {
		return this.#follow(this.#storage.deleteAll());
	}

	/** Resolves once nothing runs any more. */
	async settle(): Promise<void> {
		while (this.#running.size > 0) {
			await Promise.allSettled([...this.#running]);
			await new Promise((resolve) => setTimeout(resolve, 0)); // what follows from them has begun by then
		}
	}

	#follow<T>(operation: Promise<T>): Promise<T> {
		this.#running.add(operation);
		const end = () => this.#running.delete(operation);
		operation.then(end, end);
		return operation;
	}
}

function check(condition: boolean, message: string): asserts condition {
	if (!condition) throw new Error(message);
}
