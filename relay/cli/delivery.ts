// What became of events on their way: which came, which did not, in what order, how often and how late.
// Knows numbers and times; never knows transports.

/** An event as it came: its number among those that were published, and when; milliseconds. */
export interface Arrival {
	n: number;
	at: number;
}

/** Quantiles of how long events took from being handed in to being there, milliseconds; undefined where none came. */
export interface Latency {
	p50: number;
	p95: number;
	p99: number;
}

export interface Delivery {
	/** Events with a receipt. */
	expected: number;
	/** Different ones of them that came. */
	received: number;
	/** Numbers of those that did not, in their order. */
	lost: number[];
	/** How many times an event came that had come before. */
	doubled: number;
	/** How many came after one that was published later. */
	disordered: number;
	latency: Latency | undefined;
}

/** `sent`: number → when it was handed in, of each event that has a receipt. */
export function judgeDelivery(sent: ReadonlyMap<number, number>, arrivals: readonly Arrival[]): Delivery {
	const seen = new Set<number>();
	const delays: number[] = [];
	let [doubled, disordered, newest] = [0, 0, Number.NEGATIVE_INFINITY];
	for (const { n, at } of arrivals) {
		const from = sent.get(n);
		if (from === undefined) continue;
		if (seen.has(n)) {
			doubled++;
			continue;
		}
		seen.add(n);
		delays.push(at - from);
		if (n < newest) disordered++;
		newest = Math.max(newest, n);
	}
	const lost = [...sent.keys()].filter((n) => !seen.has(n)).sort((a, b) => a - b);
	return { expected: sent.size, received: seen.size, lost, doubled, disordered, latency: measure(delays) };
}

function measure(delays: readonly number[]): Latency | undefined {
	if (delays.length === 0) return undefined;
	const sorted = [...delays].sort((a, b) => a - b);
	// The nearest rank: a delay that was really met.
	const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
	return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** `[3, 4, 5, 9]` → `3–5, 9`; the first few ranges. */
export function formatNumbers(numbers: readonly number[], most = 4): string {
	const ranges: [number, number][] = [];
	for (const n of numbers) {
		const last = ranges.at(-1);
		if (last && last[1] === n - 1) last[1] = n;
		else ranges.push([n, n]);
	}
	const shown = ranges.slice(0, most).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
	return ranges.length > most ? `${shown.join(', ')} …` : shown.join(', ');
}
