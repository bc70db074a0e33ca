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
	minute: { style: 'unit', unit: 'minute', unitDisplay: 'short' },
	hour: { style: 'unit', unit: 'hour', unitDisplay: 'short' },
	/** `now`, `today` and `yesterday`, and no numbers. */
	ago: { numeric: 'auto' },
} as const;

// A formatter is some 50 µs to build and 1 µs to use.
const formatters = new Map<string, unknown>();

/** The formatter of a shape, which goes with one class; built where it is not there yet. */
function keep<F>(
	Format: new (locale: string | undefined, options: object) => F,
	shape: keyof typeof SHAPES,
	{ locale, timeZone, hourCycle }: Zone,
	language = locale,
): F {
	const key = [shape, language, timeZone, hourCycle].join();
	let formatter = formatters.get(key) as F | undefined;
	if (!formatter) {
		try {
			// The others do not look at zone and cycle.
			formatter = new Format(language, { ...SHAPES[shape], timeZone, hourCycle });
		} catch {
			// A page's `lang` and `time-zone` may be anything; a readable time is worth more than an error.
			formatter = new Format(undefined, SHAPES[shape]);
		}
		formatters.set(key, formatter);
	}
	return formatter;
}

/** What writes points in time, in one of the shapes. */
export function pointFormatter(
	shape: 'clock' | 'seconds' | 'exact' | 'weekday' | 'date',
	zone: Zone,
): Intl.DateTimeFormat {
	return keep(Intl.DateTimeFormat, shape, zone);
}

/** What writes lengths of time: `1 min`, `3 hr`. */
export function lengthFormatter(unit: 'minute' | 'hour', zone: Zone): Intl.NumberFormat {
	// British English alone would have `2 mins` and `3 hrs`.
	return keep(Intl.NumberFormat, unit, zone, zone.locale.replace(/^en-.*/, 'en'));
}

/** The calendar day of a moment as `2025-11-18`, to compare days by. */
export function dayOf(time: number, zone: Zone): string {
	return keep(Intl.DateTimeFormat, 'day', zone, 'sv').format(time);
}

/** `14:02`, or with seconds `14:02:11`. */
export function formatClock(time: number, zone: Zone, seconds = false): string {
	return pointFormatter(seconds ? 'seconds' : 'clock', zone).format(time);
}

/** `18 Nov 2025, 14:02:11 CET`. */
export function formatExact(time: number, zone: Zone): string {
	return pointFormatter('exact', zone).format(time);
}

/** `now`, `1 min`, `3 hr`; undefined for what is a day old, or lies more than a minute ahead. */
export function formatRelative(time: number, now: number, zone: Zone): string | undefined {
	const minutes = Math.floor((now - time) / 60_000);
	if (minutes < -1 || minutes >= 1440) return undefined;
	if (minutes < 1) return keep(Intl.RelativeTimeFormat, 'ago', zone).format(0, 'second');
	return minutes < 60
		? lengthFormatter('minute', zone).format(minutes)
		: lengthFormatter('hour', zone).format(Math.floor(minutes / 60));
}

/** The label of a day: `Today`, `Yesterday`, `Tue 18 Nov`, and with its year where that is another. */
export function formatDay(time: number, now: number, zone: Zone): string {
	const day = dayOf(time, zone);
	const today = dayOf(now, zone);
	// As calendar days, since a day of 23 or 25 hours is one day too.
	const ago = (Date.parse(today) - Date.parse(day)) / 86_400_000;
	return ago >= 0 && ago < 2
		? keep(Intl.RelativeTimeFormat, 'ago', zone)
				.format(-ago, 'day')
				// As in every locale: those with letters of their own (Turkish, Azeri, Lithuanian) begin no such word with an i.
				.replace(/./u, (letter) => letter.toUpperCase())
		: pointFormatter(day.slice(0, 4) === today.slice(0, 4) ? 'weekday' : 'date', zone).format(time);
}

/**
 * The time at the end of a row, which stands under its day.
 * @param exact by the clock and to the second, however young
 */
export function formatRowTime(shown: number, now: number, zone: Zone, exact: boolean): string {
	return (!exact && formatRelative(shown, now, zone)) || formatClock(shown, zone, exact);
}
