// How far back a reader wants to go, in the forms that people write.
// Knows spans and times; never knows history.
import { FeedError } from './errors.ts';

const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
const ISO = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** `10m`, `2h`, `90s`, `7d` → milliseconds; anything else → undefined. */
export function parseSpan(text: string): number | undefined {
	const match = /^(\d{1,9})([smhd])$/.exec(text);
	return match ? Number(match[1]) * (UNITS[match[2] as string] as number) : undefined; // the pattern has both
}

/** An ISO 8601 date, with or without time and zone, → milliseconds since 1970; anything else → undefined. */
export function parseIsoTime(text: string): number | undefined {
	const time = ISO.test(text) ? Date.parse(text) : Number.NaN;
	return Number.isNaN(time) ? undefined : time;
}

/**
 * `10m` before now, an ISO date, or milliseconds since 1970 → milliseconds since 1970.
 * @throws FeedError `invalid-parameter`
 */
export function parseSince(text: string, now: number): number {
	const span = parseSpan(text);
	if (span !== undefined) return now - span;
	const time = /^\d{9,16}$/.test(text) ? Number(text) : parseIsoTime(text);
	if (time !== undefined) return time;
	throw new FeedError(
		'invalid-parameter',
		'Expected a span such as 90s, 10m, 2h or 7d, a date such as 2026-11-20T14:02:00Z, or milliseconds since 1970.',
	);
}
