// Delays, counted by how long they are, so that those of many processes add up and cost no memory.
// Knows numbers, to one part in a hundred; never knows what was late.

const LEAST_MS = 0.01;
/** Bins for each factor of e. */
const FINENESS = 100;

export class Delays {
	readonly #counts = new Map<number, number>();
	#total = 0;

	get total(): number {
		return this.#total;
	}

	/** Milliseconds. */
	add(ms: number, count = 1): void {
		this.#count(Math.max(Math.floor(Math.log(ms / LEAST_MS) * FINENESS), 0) || 0, count);
	}

	/** What `toPairs` of another has said. */
	addPairs(pairs: readonly (readonly [bin: number, count: number])[]): void {
		for (const [bin, count] of pairs) this.#count(bin, count);
	}

	toPairs(): [bin: number, count: number][] {
		return [...this.#counts];
	}

	/** The delay that this share of all do not exceed, milliseconds; NaN where there is none. */
	at(share: number): number {
		let left = Math.max(Math.ceil(this.#total * share), 1);
		for (const [bin, count] of [...this.#counts].sort(([one], [other]) => one - other)) {
			left -= count;
			if (left <= 0) return LEAST_MS * Math.exp((bin + 0.5) / FINENESS);
		}
		return Number.NaN;
	}

	#count(bin: number, count: number): void {
		this.#counts.set(bin, (this.#counts.get(bin) ?? 0) + count);
		this.#total += count;
	}
}

/** The middle one; of an even number, the lower of both. NaN of none. */
export function median(values: readonly number[]): number {
	return [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
