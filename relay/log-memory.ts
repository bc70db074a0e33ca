// A log in an array: for tests, and for hosts without storage.
// Knows the contract of log.ts; never knows where drafts come from.
import {
	type Amendments,
	createEntry,
	type Entry,
	fitBytes,
	isEventEntry,
	type Log,
	type Reactions,
	type Retention,
	type StoredPulse,
	stripState,
	tellChange,
	type UsedKey,
} from './log.ts';
import { type FeedEvent, isChange, type Version } from './protocol/event.ts';
import { KEPT_CHANGES, KEPT_KEYS, KEPT_VERSIONS, MAX_PAGE_BYTES } from './protocol/limits.ts';
import { NO_EPOCH, parsePosition } from './protocol/position.ts';
import { UsedKeys } from './used-keys.ts';

/** Options of both logs. */
export interface LogOptions {
	retention: Retention;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** A name that no other log has. */
	createEpoch: () => string;
	/** False while `clock` may be wrong: nothing is deleted by it alone. Default: true. */
	isSure?: () => boolean;
	/** Waits for a turn to read a number of segments; undefined where it is now. Default: always now. */
	turn?: (segments: number) => Promise<void> | undefined;
}

export class MemoryLog implements Log {
	epoch = NO_EPOCH;
	changesFrom = 0;
	pulse: StoredPulse | undefined;
	readonly #options: LogOptions;
	#events: Entry<FeedEvent>[] = [];
	#changes: Entry[] = [];
	#last = 0;
	/** The newest event that is not kept any more. */
	#gone = 0;
	#nextEpoch: string | undefined;
	#lastTime = 0;
	readonly #keys = new UsedKeys(KEPT_KEYS);
	readonly #reactions = new Map<string, Reactions>();
	readonly #versions = new Map<number, Version[]>();

	constructor(options: LogOptions) {
		this.#options = options;
	}

	get first(): number {
		this.#trim();
		return this.#last === 0 ? 0 : this.#gone + 1;
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

	async hold(): Promise<void> {}

	close(): void {}

	async measure(): Promise<{ count: number; bytes: number }> {
		this.#trim();
		return { count: this.#events.length, bytes: this.#events.reduce((sum, { bytes }) => sum + bytes.length, 0) };
	}

	begin(): string {
		if (this.epoch !== NO_EPOCH) return this.epoch;
		this.#nextEpoch ??= this.#options.createEpoch();
		return this.#nextEpoch;
	}

	append(entries: readonly Entry[], keys: readonly UsedKey[], amendments?: Amendments, pulse?: StoredPulse): void {
		this.pulse = pulse ?? this.pulse;
		this.epoch = this.begin();
		this.#events.push(...entries.filter(isEventEntry));
		this.#changes.push(...entries.filter(({ event }) => isChange(event)).map(stripState));
		for (const oldest of this.#changes.splice(0, Math.max(this.#changes.length - KEPT_CHANGES, 0)))
			this.changesFrom = oldest.event.seq + 1;
		this.#last = entries.at(-1)?.event.seq ?? this.#last;
		this.#lastTime = entries.at(-1)?.event.time ?? this.#lastTime;
		for (const used of keys) this.#keys.add(used);
		if (amendments) this.#amend(amendments);
		this.#trim();
	}

	#amend({ states, reactions, versions, forgotten }: Amendments): void {
		for (const event of states) {
			const at = this.#events.findIndex((entry) => entry.event.seq === event.seq);
			if (at >= 0) this.#events[at] = createEntry(event);
		}
		for (const [person, signs] of reactions) this.#reactions.set(person, signs);
		for (const { seq, version } of versions)
			this.#versions.set(seq, [...(this.#versions.get(seq) ?? []), version].slice(-KEPT_VERSIONS));
		for (const { seq } of forgotten) this.#versions.delete(seq);
	}

	findKey(subject: string, key: string): UsedKey | undefined {
		return this.#keys.find(subject, key);
	}

	find(seq: number): FeedEvent | null {
		return this.#events.find(({ event }) => event.seq === seq)?.event ?? null;
	}

	reactionsOf(person: string): Reactions {
		return this.#reactions.get(person) ?? new Map();
	}

	async readVersions(seq: number): Promise<Version[]> {
		return this.#versions.get(seq) ?? [];
	}

	async read(after: number, limit: number): Promise<Entry[]> {
		this.#trim();
		const changes = this.#changes.map((entry) => {
			if (!isChange(entry.event)) return entry;
			const target = this.find(parsePosition(entry.event.target).seq);
			return target ? tellChange(entry.event, target) : entry;
		});
		const all = [...this.#events, ...changes].sort((one, other) => one.event.seq - other.event.seq);
		return fitBytes(all.filter(({ event }) => event.seq > after).slice(0, limit), MAX_PAGE_BYTES);
	}

	async readEvents(after: number, limit: number): Promise<Entry<FeedEvent>[]> {
		this.#trim();
		return fitBytes(this.#events.filter(({ event }) => event.seq > after).slice(0, limit), MAX_PAGE_BYTES);
	}

	async seqBefore(time: number): Promise<number> {
		this.#trim();
		return this.#events.findLast(({ event }) => event.time < time)?.event.seq ?? this.#gone;
	}

	async readBack(before: number, limit: number): Promise<Entry<FeedEvent>[]> {
		this.#trim();
		const older = this.#events.filter(({ event }) => event.seq < before);
		return fitBytes(limit > 0 ? older.slice(-limit) : [], MAX_PAGE_BYTES, true);
	}

	#trim(): void {
		const { entries, ageMs } = this.#options.retention;
		const oldest = ageMs === undefined ? 0 : this.#options.clock() - ageMs;
		let drop = Math.max(this.#events.length - entries, 0);
		while (drop < this.#events.length && (this.#events[drop] as Entry).event.time < oldest) drop++;
		for (const { event } of this.#events.slice(0, drop)) {
			this.#gone = event.seq;
			this.#versions.delete(event.seq);
		}
		if (drop > 0) this.#events = this.#events.slice(drop);
	}
}
