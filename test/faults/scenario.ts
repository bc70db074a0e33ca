// What every scenario is given and gives back, and the words in which it says how it went.
// Knows figures and sentences; never knows what a scenario does.

import { patience } from '../support/slowness.ts';
import type { Verdict } from './checker.ts';

export interface ScenarioOptions {
	/** The form that runs in `npm test`: it holds nobody to a speed. */
	short: boolean;
	/** Decides every choice that is left to chance. */
	seed: number;
}

export interface ScenarioResult {
	/** The figures, as they are printed. */
	lines: string[];
	/** What does not hold; empty where all does. */
	failures: string[];
}

export type Scenario = (options: ScenarioOptions) => Promise<ScenarioResult>;

const KINDS = ['lost', 'doubled', 'reordered', 'silentlyMissing', 'falseGap', 'mixed', 'invented'] as const;

/** Adds up verdicts over channels of their own. */
export class Tally {
	readonly failures: string[] = [];
	readonly counts: Verdict['counts'] = {
		handedIn: 0,
		receipts: 0,
		stored: 0,
		shown: 0,
		gaps: 0,
		gapEvents: 0,
		resets: 0,
	};
	readonly #found = new Map<string, number>(KINDS.map((kind) => [kind, 0]));

	add(verdict: Verdict, where = ''): void {
		for (const kind of KINDS) {
			const list = verdict[kind];
			const more = /^and (\d+) more$/.exec(list.at(-1) ?? '');
			const count = more ? list.length - 1 + Number(more[1]) : list.length;
			this.#found.set(kind, (this.#found.get(kind) ?? 0) + count);
			this.failures.push(...list.slice(0, 5).map((sentence) => `${kind}: ${where}${sentence}`));
		}
		for (const [name, count] of Object.entries(verdict.counts)) this.counts[name as keyof Verdict['counts']] += count;
	}

	/** `0 lost, 0 doubled, …` */
	get sentence(): string {
		const words: Record<string, string> = {
			silentlyMissing: 'silently missing',
			falseGap: 'false gaps',
			reordered: 'out of order',
		};
		return [...this.#found].map(([kind, count]) => `${group(count)} ${words[kind] ?? kind}`).join(', ');
	}
}

/** 12345 → `12,345`. */
export function group(value: number): string {
	return Math.round(value).toLocaleString('en-US');
}

/** Seconds since a moment of `performance.now()`. */
export function since(start: number): number {
	return (performance.now() - start) / 1000;
}

/** Resolves once the condition holds; false where it does not within the time, which is longer on a slow machine. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
	const limitMs = patience(timeoutMs);
	const deadline = performance.now() + limitMs;
	// A page that does not answer is a condition that does not hold.
	let timer: NodeJS.Timeout | undefined;
	const over = new Promise<false>((resolve) => {
		timer = setTimeout(resolve, limitMs, false);
	});
	try {
		for (;;) {
			if (await Promise.race([condition(), over])) return true;
			if (performance.now() > deadline) return false;
			await pause(10);
		}
	} finally {
		clearTimeout(timer);
	}
}

/** Load and faults have a time of their own: this is what makes it. */
export function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
