// What a server did, timed and handed in: the part that costs it nothing.
// Knows durations, levels and how a text is made fit to be published; never knows requests or queries.
import type { Draft, Level } from '../../relay/protocol/event.ts';

/** Where events go: a `Publisher`, or anything that publishes like one. */
export interface Feed {
	publish(draft: Draft): Promise<unknown>;
}

/** What failed here is said once in so long, milliseconds. */
const COMPLAINT_MS = 60_000;
/** What a relay refuses in a name or in a sentence, line ends among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be found
const UNFIT = /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

let complainedAt = Number.NEGATIVE_INFINITY;

/** Milliseconds since `start` of `performance.now()`, to a tenth. */
export function measure(start: number): number {
	return Math.round((performance.now() - start) * 10) / 10;
}

/** As people read it: `3.2 ms`, `1840 ms`. */
export function formatMs(ms: number): string {
	return `${ms < 100 ? ms : Math.round(ms)} ms`;
}

/** Of a draft, where it is more than `info`. */
export function grade(isFailed: boolean, isWarning: boolean): { level?: Level } {
	if (isFailed) return { level: 'error' };
	return isWarning ? { level: 'warning' } : {};
}

/** Fit for a sentence or a name, and `most` characters long at the most. No sign is cut in two. */
export function tidy(text: string, most: number): string {
	const short = text.length > most ? `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
	return short.replace(UNFIT, '\ufffd');
}

/**
 * Hands in what `describe` answers, if anything. Never throws, rejects or waits: of what is lost the publisher tells, of what
 * fails before that, `console.error`.
 */
export function tell(describe: () => { feed: Feed; draft: Draft } | undefined): void {
	try {
		const told = describe();
		// One that `throws` has told its `onError` already.
		told?.feed.publish({ at: Date.now(), ...told.draft }).catch(() => {});
	} catch (error) {
		const now = performance.now();
		if (now - complainedAt < COMPLAINT_MS) return;
		complainedAt = now;
		console.error('live-feed: what the server did could not be told.', error);
	}
}
