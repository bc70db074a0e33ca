// The relay's settings, read from its variables.
// Knows names, forms and defaults; never knows what a setting does.
import type { Retention } from './log.ts';
import { DEFAULT_KEPT_ENTRIES, STALL_TIMEOUT_MS } from './protocol/limits.ts';
import { parseSpan } from './protocol/since.ts';

export interface Settings {
	retention: Retention;
	/** A viewer whose window is full and who confirms nothing for this long is closed, milliseconds. */
	stallTimeoutMs: number;
}

/**
 * `LIVE_FEED_KEEP_ENTRIES`: entries that a channel keeps, 10,000 unless set.
 * `LIVE_FEED_KEEP_AGE`: how long, as in `30d` or `12h`; without a limit unless set.
 * `LIVE_FEED_STALL_TIMEOUT`: seconds after which a viewer is closed who does not read or does not confirm, 30 unless set.
 * @throws Error that names the variable and what it may be
 */
export function readSettings(variables: Record<string, unknown>): Settings {
	const entries = String(variables.LIVE_FEED_KEEP_ENTRIES || DEFAULT_KEPT_ENTRIES);
	if (!/^[1-9]\d{0,6}$/.test(entries)) {
		throw new Error(`LIVE_FEED_KEEP_ENTRIES is a number from 1 to 9999999, such as 10000; it is "${entries}".`);
	}
	const age = String(variables.LIVE_FEED_KEEP_AGE || '');
	const ageMs = age === '' ? undefined : parseSpan(age);
	if (age !== '' && !ageMs) {
		throw new Error(`LIVE_FEED_KEEP_AGE is a span such as 30d, 12h or 90m; it is "${age}".`);
	}
	const stall = String(variables.LIVE_FEED_STALL_TIMEOUT || STALL_TIMEOUT_MS / 1000);
	if (!/^[1-9]\d{0,3}$/.test(stall)) {
		throw new Error(`LIVE_FEED_STALL_TIMEOUT is a number of seconds from 1 to 9999, such as 30; it is "${stall}".`);
	}
	return { stallTimeoutMs: Number(stall) * 1000, retention: { entries: Number(entries), ageMs } };
}
