// How much of a limit is left to whom: a bucket for each, which fills again within a minute.
// Knows amounts and time; never knows what is counted, nor who asks.
const MINUTE_MS = 60_000;
/** What adding up bits may lack: whoever comes when he was told to is not told to come again for it. */
const ROUNDING = 1e-6;
/** Buckets are looked through for full ones at this number and at its doubles. */
const SWEEP_BUCKETS = 10_000;

interface Bucket {
	left: number;
	at: number;
	perMinute: number;
}

/** Outlives the sleep of a channel and every connection; all channels of a process share one. */
export class Quotas {
	readonly #clock: () => number;
	readonly #buckets = new Map<string, Bucket>();
	#sweepAt = SWEEP_BUCKETS;

	constructor(clock: () => number) {
		this.#clock = clock;
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
		return 0;
	}

	/** What was taken already, whatever is left; a negative amount is given back. */
	charge(names: readonly string[], amount: number, perMinute: number): void {
		const now = this.#clock();
		this.#sweep(now);
		for (const name of names) this.#fill(name, perMinute, now).left -= amount;
	}

	#fill(name: string, perMinute: number, now: number): Bucket {
		const known = this.#buckets.get(name);
		const bucket = known ?? { left: perMinute, at: now, perMinute };
		if (known) bucket.left = refill(known, now);
		else this.#buckets.set(name, bucket);
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
