// How long alike events went on, in as few words as tell it.
// Knows two moments; never knows what happened between them.
import { formatRelative, lengthFormatter, pointFormatter, type Zone } from './times.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * `2–4 min`, `2–5 hr`; one relative time where both are alike, and by the clock where they are not of one kind, or a day old:
 * `14:02 – 14:31`, with the days where there are two.
 */
export function formatSpan(from: number, to: number, now: number, zone: Zone): string {
	// In the order in which things happened, which need not be that in which they were stored.
	const [first, last] = [Math.min(from, to), Math.max(from, to)];
	const [oldest, newest] = [formatRelative(first, now, zone), formatRelative(last, now, zone)];
	if (oldest !== undefined && oldest === newest) return oldest;
	const [most, least] = [now - first, Math.max(now - last, 0)];
	if (newest !== undefined && most < HOUR_MS)
		return lengthFormatter('minute', zone).formatRange(Math.floor(least / MINUTE_MS), Math.floor(most / MINUTE_MS));
	if (oldest !== undefined && least >= HOUR_MS)
		return lengthFormatter('hour', zone).formatRange(Math.floor(least / HOUR_MS), Math.floor(most / HOUR_MS));
	return pointFormatter('clock', zone).formatRange(first, last);
}
