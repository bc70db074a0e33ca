// What every scenario of reading is given and gives back.
// Knows figures and sentences; never knows what a scenario does.
import type { Browser } from 'puppeteer-core';
import type { TestRelay } from '../support/relay.ts';
import type { BrowserName } from './browsers.ts';

/** Entries that a relay keeps for the short forms. */
export const KEPT_SHORT = 800;

export interface ReadingOptions {
	/** The form that runs in `npm test`: fewer of everything, and held to no speed. */
	short: boolean;
	/** Decides every choice that is left to chance. */
	seed: number;
	name: BrowserName;
	browser: Browser;
	/** One that several share, which keeps `KEPT_SHORT` entries; else the scenario starts its own. */
	relay?: TestRelay;
}

export interface ReadingResult {
	/** The figures, as they are printed. */
	lines: string[];
	/** What does not hold; empty where all does. */
	failures: string[];
}

export type ReadingScenario = (options: ReadingOptions) => Promise<ReadingResult>;

/** The first few of many sentences, and how many more there are. */
export function few(sentences: readonly string[], most = 5): string[] {
	const more = sentences.length - most;
	return more > 0 ? [...sentences.slice(0, most), `and ${more} more`] : [...sentences];
}

/** `0.02 px`. */
export function px(value: number): string {
	return `${Number(value.toFixed(2))} px`;
}

/** The value that so many of a hundred do not exceed; 0 for none. */
export function percentile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? 0;
}
