// Chance that can be repeated: the same seed, the same numbers.
// Knows numbers; never knows what they decide.

export interface Random {
	/** From 0 to below `bound`. */
	below(bound: number): number;
	/** From `low` to `high`, both included. */
	between(low: number, high: number): number;
	pick<T>(items: readonly T[]): T;
}

/** mulberry32: small, and good enough to mix up an order. */
export function createRandom(seed: number): Random {
	let state = seed >>> 0;
	const below = (bound: number) => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
	};
	return {
		below,
		between: (low, high) => low + below(high - low + 1),
		pick: <T>(items: readonly T[]) => items[below(items.length)] as T, // callers give one at least
	};
}

/** Runs a test with a seed of its own (`SEED=…` repeats one); a failure says which it was. */
export async function withSeed(run: (seed: number) => unknown): Promise<void> {
	const seed = Number(process.env.SEED) || Math.floor(Math.random() * 2 ** 31);
	try {
		await run(seed);
	} catch (error) {
		if (error instanceof Error) error.message = `SEED=${seed}: ${error.message}`;
		throw error;
	}
}
