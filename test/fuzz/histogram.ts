// Counts of what was sent and what came back, as they are printed.
// Knows names and numbers; never knows which are good.
import { group } from '../faults/scenario.ts';

export class Histogram {
	readonly #counts = new Map<string, number>();

	add(name: string, count = 1): void {
		this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
	}

	get(name: string): number {
		return this.#counts.get(name) ?? 0;
	}

	get names(): string[] {
		return [...this.#counts.keys()];
	}

	get total(): number {
		return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
	}

	/** Most first: `receipt 512,300, pong 80,122`. */
	get sentence(): string {
		const sorted = [...this.#counts].sort(([, a], [, b]) => b - a);
		return sorted.map(([name, count]) => `${name} ${group(count)}`).join(', ');
	}
}
