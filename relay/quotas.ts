// How much of a limit is left to whom: a bucket for each, which fills again within a minute.
// Knows amounts and time; never knows what is counted, nor who asks.
const MINUTE_MS = 60_000;
/** What adding up bits may lack: whoever comes when he was told to is not told to come again for it. */
const ROUNDING = 1e-6;
/** Buckets are looked through for full ones at this number and at its doubles. */
const SWEEP_BUCKETS = 10_000;

/** What was left of a limit at a time, ms since the Unix epoch. */
export interface Bucket {
	left: number;
	at: number;
	perMinute: number;
}

/** Outlives the sleep of a channel and every connection; all channels of a process share one. */
export class Quotas {
	readonly #clock: () => number;
	readonly #isShared: boolean;
	readonly #buckets = new Map<string, Bucket>();
	#sweepAt = SWEEP_BUCKETS;
	/** What was taken since `drain`, of limits that hold beyond this memory. */
	#taken = new Map<string, { amount: number; perMinute: number }>();

	/** `isShared`: the limits hold beyond this memory, so what is taken is kept for `drain`. */
	constructor(clock: () => number, isShared = false) {
		this.#clock = clock;
		this.#isShared = isShared;
	}

	/** How many are kept in memory. */
	get size(): number {
		return this.#buckets.size;
	}

	/**
	 * Takes an amount from each of these, or from none of them. `perMinute` is what a bucket holds.
	 * Answers 0, or after how many milliseconds it may be tried again.
	 */
	take(names: readonly string[], amount: number, perMinute: number): number {
		const now = this.#clock();
		this.#sweep(now);
		const buckets = names.map((name) => this.#fill(name, perMinute, now));
		// More than a bucket holds would never fit: a full one gives it, and owes the rest.
		const needed = Math.min(amount, perMinute);
		const lack = Math.max(0, ...buckets.map(({ left }) => needed - left));
		if (lack > ROUNDING) return Math.ceil((lack / perMinute) * MINUTE_MS);
		for (const bucket of buckets) bucket.left -= amount;
		this.#record(names, amount, perMinute);
		return 0;
	}

	/** What was taken already, whatever is left; a negative amount is given back. */
	charge(names: readonly string[], amount: number, perMinute: number): void {
		const now = this.#clock();
		this.#sweep(now);
		for (const name of names) this.#fill(name, perMinute, now).left -= amount;
		this.#record(names, amount, perMinute);
	}

	/** Returns what is left to a name. Infinity where it is not known. */
	left(name: string): number {
		const bucket = this.#buckets.get(name);
		return bucket ? refill(bucket, this.#clock()) : Number.POSITIVE_INFINITY;
	}

	/** Returns what was taken since the last call: by name, the amount and what the limit allows a minute. */
	drain(): [name: string, amount: number, perMinute: number][] {
		const taken = [...this.#taken].map(([name, { amount, perMinute }]): [string, number, number] => [
			name,
			amount,
			perMinute,
		]);
		this.#taken = new Map();
		return taken;
	}

	/** Takes back what `drain` returned, where it could not be passed on. */
	restore(taken: readonly [name: string, amount: number, perMinute: number][]): void {
		for (const [name, amount, perMinute] of taken) this.#record([name], amount, perMinute);
	}

	/** Returns the bucket of a name, to be stored. Undefined where it is full, as it is without one. */
	keep(name: string): Bucket | undefined {
		const bucket = this.#buckets.get(name);
		return bucket && refill(bucket, this.#clock()) < bucket.perMinute ? { ...bucket } : undefined;
	}

	/** Takes back a bucket that was stored, unless the name has one. */
	resume(name: string, bucket: Bucket): void {
		if (!this.#buckets.has(name)) this.#buckets.set(name, { ...bucket });
	}

	/** Others have taken of the same limit: no more is left than this, less what was taken since `drain`. */
	adopt(name: string, left: number): void {
		const bucket = this.#buckets.get(name);
		if (!bucket) return;
		bucket.left = Math.min(refill(bucket, this.#clock()), left - (this.#taken.get(name)?.amount ?? 0));
		bucket.at = this.#clock();
	}

	/** A connection is of this memory alone. */
	#record(names: readonly string[], amount: number, perMinute: number): void {
		if (!this.#isShared) return;
		for (const name of names) {
			if (/^\S+ connection /.test(name)) continue; // a subject may have the word in it
			const known = this.#taken.get(name)?.amount ?? 0;
			this.#taken.set(name, { amount: known + amount, perMinute });
		}
	}

	#fill(name: string, perMinute: number, now: number): Bucket {
		const known = this.#buckets.get(name);
		const bucket = known ?? { left: perMinute, at: now, perMinute };
		if (known) bucket.left = Math.min(refill(known, now), perMinute);
		else this.#buckets.set(name, bucket);
		bucket.perMinute = perMinute; // one that was stored may be of another setting
		bucket.at = now; // also where the clock went back: nobody waits until it is where it was
		return bucket;
	}

	/** A full bucket is as if it had never been; one that owes is kept, however long nobody asks for it. */
	#sweep(now: number): void {
		if (this.#buckets.size < this.#sweepAt) return;
		for (const [name, bucket] of this.#buckets) {
			if (refill(bucket, now) >= bucket.perMinute) this.#buckets.delete(name);
		}
		this.#sweepAt = Math.max(SWEEP_BUCKETS, 2 * this.#buckets.size);
	}
}

function refill({ left, at, perMinute }: Bucket, now: number): number {
	return Math.min(left + (Math.max(now - at, 0) / MINUTE_MS) * perMinute, perMinute);
}
