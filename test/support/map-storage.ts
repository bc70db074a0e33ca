// Storage in a map, for what real storage cannot be made to do: answer late, and fail.
// Knows its operations; never knows what is stored.
import type { KeyValueStorage } from '../../relay/log-storage.ts';

/** Storage in a map: a read sees what was there when it was asked, and is answered when the test says so. */
export class MapStorage implements KeyValueStorage {
	readonly values = new Map<string, unknown>();
	readonly waiting: (() => void)[] = [];
	isSlow = false;
	failure: 'later' | 'at once' | undefined;

	async list(options: Parameters<KeyValueStorage['list']>[0]): Promise<Map<string, unknown>> {
		const { prefix, start = '', end = '\uffff', reverse = false, limit } = options;
		const keys = [...this.values.keys()].filter((key) => key.startsWith(prefix) && key >= start && key < end).sort();
		const found = new Map((reverse ? keys.reverse() : keys).slice(0, limit).map((key) => [key, this.values.get(key)]));
		if (this.isSlow) await new Promise<void>((resolve) => this.waiting.push(resolve));
		return found;
	}

	async get(key: string): Promise<unknown> {
		return this.values.get(key);
	}

	put(entries: Record<string, unknown>): Promise<void> {
		if (this.failure === 'at once') throw new Error('refused');
		if (this.failure === 'later') return Promise.reject(new Error('disk'));
		for (const [key, value] of Object.entries(entries)) this.values.set(key, structuredClone(value));
		return Promise.resolve();
	}

	async delete(keys: string[]): Promise<void> {
		for (const key of keys) this.values.delete(key);
	}

	async deleteAll(): Promise<void> {
		this.values.clear();
	}

	release(count: number): void {
		for (const answer of this.waiting.splice(0, count)) answer();
	}
}
