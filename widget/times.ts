// How a moment is written: relative, by the clock, as a day, exactly.
// Knows Intl and keeps its formatters; never knows what time it is.

/** Whose habits a time is written in. */
export interface Zone {
	/** BCP 47; one that Intl does not take counts as the browser's own. */
	locale: string;
	/** IANA name; undefined, or one that Intl does not take, is the device's. */
	timeZone: string | undefined;
	/** Undefined is the locale's own. */
	hourCycle: 'h12' | 'h23' | undefined;
}

const SHAPES = {
	clock: { timeStyle: 'short' },
	seconds: { timeStyle: 'medium' },
	exact: { dateStyle: 'medium', timeStyle: 'long' },
	weekday: { weekday: 'short', day: 'numeric', month: 'short' },
	short: { day: 'numeric', month: 'short' },
	date: { dateStyle: 'medium' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const cache = new Map<string, unknown>();

/** A formatter is some 50 µs to build and 1 µs to use, so each is built once. */
function cached<T>(create: (locale: string | undefined) => T, locale: string, ...key: unknown[]): T {
	const name = [locale, ...key].join();
	let formatter = cache.get(name) as T | undefined; // the name says which kind it is
	if (!formatter) {
		try {
			formatter = create(locale);
		} catch {
			// A page's `lang` or `time-zone` may be anything; a readable time is worth more than an error.
			formatter = create(undefined);
		}
		cache.set(name, formatter);
	}
	return formatter;
}

function write(time: number, shape: keyof typeof SHAPES, { locale, timeZone, hourCycle }: Zone): string {
	return cached(
		(known) => new Intl.DateTimeFormat(known, known ? { ...SHAPES[shape], timeZone, hourCycle } : SHAPES[shape]),
		locale,
		shape,
		timeZone,
		hourCycle,
	).format(time);
}

/** The calendar day of a moment as `2025-11-18`, to compare days by. */
export function dayOf(time: number, { timeZone }: Zone): string {
	return cached(
		(known) => new Intl.DateTimeFormat('sv', known ? { timeZone } : {}),
		'sv',
		timeZone,
	).format(time);
}

/** `14:02`, or with seconds `14:02:11`. */
export function formatClock(time: number, zone: Zone, seconds = false): string {
	return write(time, seconds ? 'seconds' : 'clock', zone);
}

/** `18 Nov 2025, 14:02:11 CET`. */
export function formatExact(time: number, zone: Zone): string {
	return write(time, 'exact', zone);
}

/** `now`, `1 min`, `3 hr`; undefined for what is a day old or lies more than a minute ahead. */
export function formatRelative(time: number, now: number, { locale }: Zone): string | undefined {
	const minutes = Math.floor((now - time) / 60_000);
	if (minutes < -1 || minutes >= 1440) return undefined;
	if (minutes < 1) {
		return cached((known) => new Intl.RelativeTimeFormat(known, { numeric: 'auto' }), locale).format(0, 'second');
	}
	const unit = minutes < 60 ? 'minute' : 'hour';
	return cached((known) => new Intl.NumberFormat(known, { style: 'unit', unit, unitDisplay: 'short' }), locale, unit).format(
		unit === 'hour' ? Math.floor(minutes / 60) : minutes,
	);
}

/** The label of a day: `Today`, `Yesterday`, `Tue 18 Nov`, and with its year where that is another. */
export function formatDay(
	time: number,
	now: number,
	zone: Zone,
	words: { today: string; yesterday: string },
): string {
	const day = dayOf(time, zone);
	const today = dayOf(now, zone);
	if (day === today) return words.today;
	// As calendar days, since a day of 23 or 25 hours is one day too.
	if (Date.parse(today) - Date.parse(day) === 86_400_000) return words.yesterday;
	return write(time, day.slice(0, 4) === today.slice(0, 4) ? 'weekday' : 'date', zone);
}

/**
 * The time at the end of a row.
 * @param shown what the row says (`at`, or else `time`)
 * @param stored the relay's `time`, under whose day the row stands; where the two days differ the row names its own
 * @param exact by the clock and to the second, however young
 */
export function formatRowTime(shown: number, stored: number, now: number, zone: Zone, exact: boolean): string {
	const relative = exact ? undefined : formatRelative(shown, now, zone);
	if (relative) return relative;
	if (shown === stored || dayOf(shown, zone) === dayOf(stored, zone)) return formatClock(shown, zone, exact);
	const day = write(shown, 'short', zone);
	return exact ? day : `${day}, ${formatClock(shown, zone)}`;
}
