// How a moment is written: relative, by the clock, as a day, exactly.
// Knows Intl and keeps its formatters; never knows what time it is.

/** Whose habits a time is written in. */
export interface Zone {
	/** BCP 47. */
	locale: string;
	/** IANA name; undefined is the device's. */
	timeZone: string | undefined;
	/** `h12` or `h23`; undefined is the locale's own. */
	hourCycle: string | undefined;
}

// Two digits each, so that the times of a log stand in one column.
const TWO = '2-digit';
const SHAPES = {
	clock: { timeStyle: 'short' },
	seconds: { hour: TWO, minute: TWO, second: TWO },
	exact: { dateStyle: 'medium', timeStyle: 'long' },
	weekday: { weekday: 'short', day: 'numeric', month: 'short' },
	date: { dateStyle: 'medium' },
	/** With the locale `sv` it is ISO 8601. */
	day: {},
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

// A formatter is some 50 µs to build and 1 µs to use.
const formatters = new Map<string, Intl.DateTimeFormat>();

function write(time: number, shape: keyof typeof SHAPES, { timeZone, hourCycle }: Zone, locale: string): string {
	const key = [shape, locale, timeZone, hourCycle].join();
	let formatter = formatters.get(key);
	if (!formatter) {
		try {
			formatter = new Intl.DateTimeFormat(locale, { ...SHAPES[shape], timeZone, hourCycle: hourCycle as 'h12' });
		} catch {
			// A page's `lang` and `time-zone` may be anything; a readable time is worth more than an error.
			formatter = new Intl.DateTimeFormat(undefined, SHAPES[shape]);
		}
		formatters.set(key, formatter);
	}
	return formatter.format(time);
}

/** The calendar day of a moment as `2025-11-18`, to compare days by. */
export function dayOf(time: number, zone: Zone): string {
	return write(time, 'day', zone, 'sv');
}

/** `14:02`, or with seconds `14:02:11`. */
export function formatClock(time: number, zone: Zone, seconds = false): string {
	return write(time, seconds ? 'seconds' : 'clock', zone, zone.locale);
}

/** `18 Nov 2025, 14:02:11 CET`. */
export function formatExact(time: number, zone: Zone): string {
	return write(time, 'exact', zone, zone.locale);
}

/** What times need of the panel's words. */
export interface TimeWords {
	now: string;
	minutes: (n: number) => string;
	hours: (n: number) => string;
	today: string;
	yesterday: string;
}

/** `now`, `1 min`, `3 h`; undefined for what is a day old, or lies more than a minute ahead. */
export function formatRelative(time: number, now: number, words: TimeWords): string | undefined {
	const minutes = Math.floor((now - time) / 60_000);
	if (minutes < -1 || minutes >= 1440) return undefined;
	if (minutes < 1) return words.now;
	return minutes < 60 ? words.minutes(minutes) : words.hours(Math.floor(minutes / 60));
}

/** The label of a day: `Today`, `Yesterday`, `Tue 18 Nov`, and with its year where that is another. */
export function formatDay(time: number, now: number, zone: Zone, words: TimeWords): string {
	const day = dayOf(time, zone);
	const today = dayOf(now, zone);
	// As calendar days, since a day of 23 or 25 hours is one day too.
	const ago = (Date.parse(today) - Date.parse(day)) / 86_400_000;
	if (!ago) return words.today;
	if (ago === 1) return words.yesterday;
	return write(time, day.slice(0, 4) === today.slice(0, 4) ? 'weekday' : 'date', zone, zone.locale);
}

/**
 * The time at the end of a row, which stands under its day.
 * @param exact by the clock and to the second, however young
 */
export function formatRowTime(shown: number, now: number, zone: Zone, words: TimeWords, exact: boolean): string {
	return (!exact && formatRelative(shown, now, words)) || formatClock(shown, zone, exact);
}
