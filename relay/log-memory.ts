// A log in an array: for tests, and for hosts without storage.
// Knows the contract of log.ts; never knows where drafts come from.
import { type Entry, fitBytes, type Log, type Retention, type UsedKey } from './log.ts';
import { KEPT_KEYS, MAX_PAGE_BYTES } from './protocol/limits.ts';
import { NO_EPOCH } from './protocol/position.ts';

/** Options of both logs. */
export interface LogOptions {
	retention: Retention;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** A name that no other log has. */
	createEpoch: () => string;
}

export class MemoryLog implements Log {
	epoch = NO_EPOCH;
	readonly #options: LogOptions;
	#entries: Entry[] = [];
	#last = 0;
	#nextEpoch: string | undefined;
	#lastTime = 0;
	readonly #keys = new Map<string, UsedKey>();

	constructor(options: LogOptions) {
		this.#options = options;
	}

	get first(): number {
		this.#trim();
		return this.#last === 0 ? 0 : this.#last - this.#entries.length + 1;
	}

	get last(): number {
		return this.#last;
	}

	get lastTime(): number {
		return this.#lastTime;
	}

	async load(): Promise<void> {}

	async loadKeys(): Promise<void> {}

	async expire(): Promise<void> {}

	begin(): string {
		if (this.epoch !== NO_EPOCH) return this.epoch;
		this.#nextEpoch ??= this.#options.createEpoch();
		return this.#nextEpoch;
	}

	append(entries: readonly Entry[], keys: readonly UsedKey[]): void {
		this.epoch = this.begin();
		this.#entries.push(...entries);
		this.#last = entries.at(-1)?.event.seq ?? this.#last;
		this.#lastTime = entries.at(-1)?.event.time ?? this.#lastTime;
		for (const used of keys) this.#keys.set(`${used.subject}\n${used.key}`, used);
		for (const oldest of this.#keys.keys()) {
			if (this.#keys.size <= KEPT_KEYS) break;
			this.#keys.delete(oldest);
		}
		this.#trim();
	}

	findKey(subject: string, key: string): UsedKey | undefined {
		return this.#keys.get(`${subject}\n${key}`);
	}

	async read(after: number, limit: number): Promise<Entry[]> {
		const start = Math.max(after + 1, this.first) - this.first;
		return fitBytes(this.#entries.slice(start, start + limit), MAX_PAGE_BYTES);
	}

	async readBack(before: number, limit: number): Promise<Entry[]> {
		const end = Math.max(Math.min(before - this.first, this.#entries.length), 0);
		return fitBytes(this.#entries.slice(Math.max(end - limit, 0), end), MAX_PAGE_BYTES, true);
	}

	#trim(): void {
		const { entries, ageMs } = this.#options.retention;
		const oldest = ageMs === undefined ? 0 : this.#options.clock() - ageMs;
		let drop = Math.max(this.#entries.length - entries, 0);
		while (drop < this.#entries.length && (this.#entries[drop] as Entry).event.time < oldest) drop++;
		if (drop > 0) this.#entries = this.#entries.slice(drop);
	}
}
