// How moments are written, in several languages, places and habits.
import { describe, expect, it } from 'vitest';
import { formatSpan } from '../../widget/spans.ts';
import type { Zone } from '../../widget/times.ts';
import { dayOf, formatClock, formatDay, formatExact, formatRelative, formatRowTime } from '../../widget/times.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const now = Date.UTC(2025, 10, 20, 14, 7, 40);
const utc: Zone = { locale: 'en-GB', timeZone: 'UTC', hourCycle: undefined };
const american: Zone = { ...utc, locale: 'en-US' };
const german: Zone = { ...utc, locale: 'de' };
const egyptian: Zone = { ...utc, locale: 'ar-EG' };
const turkish: Zone = { ...utc, locale: 'tr' };

describe('relative times', () => {
	const ago = (ms: number, zone = american) => formatRelative(now - ms, now, zone);

	it('go from now to 23 hours, and then end', () => {
		expect([ago(0), ago(59_999), ago(MINUTE), ago(59 * MINUTE), ago(HOUR), ago(24 * HOUR - 1)]).toEqual([
			'now',
			'now',
			'1 min',
			'59 min',
			'1 hr',
			'23 hr',
		]);
		expect(ago(24 * HOUR)).toBeUndefined();
	});

	it('forgive a clock that is up to a minute ahead, and no more', () => {
		expect(ago(-MINUTE)).toBe('now');
		expect(ago(-2 * MINUTE)).toBeUndefined();
	});

	it('are in the language, with its plurals and digits', () => {
		expect([0, MINUTE, 2 * MINUTE, 3 * HOUR].map((ms) => ago(ms, utc))).toEqual(['now', '1 min', '2 min', '3 hr']);
		expect([0, MINUTE, 3 * HOUR].map((ms) => ago(ms, german))).toEqual(['jetzt', '1 Min.', '3 Std.']);
		expect([0, 12 * MINUTE, 3 * HOUR].map((ms) => ago(ms, egyptian))).toEqual(['الآن', '١٢ د', '٣ س']);
	});

	it('are still written where a page gives a language that does not exist', () => {
		expect(ago(MINUTE, { ...utc, locale: 'not a language' })).toMatch(/1/);
	});
});

describe('clock times', () => {
	it('are in the zone and the hour cycle that were asked for', () => {
		expect(formatClock(now, utc)).toBe('14:07');
		expect(formatClock(now, utc, true)).toBe('14:07:40');
		expect(formatClock(now, { ...utc, timeZone: 'Asia/Tokyo' })).toBe('23:07');
		expect(formatClock(now, american)).toMatch(/^2:07\sPM$/);
		expect(formatClock(now, { ...american, hourCycle: 'h23' })).toBe('14:07');
	});

	it('with seconds are equally long all day', () => {
		const lengths = [0, 5, 11, 12, 23].map((hour) => {
			const time = Date.UTC(2025, 10, 20, hour);
			return formatClock(time, { ...american, hourCycle: 'h12' }, true).length;
		});
		expect(new Set(lengths).size).toBe(1);
	});

	it('have date and zone where they are exact', () => {
		expect(formatExact(now, utc)).toBe('20 Nov 2025, 14:07:40 UTC');
	});

	it('are still written where a page gives a zone or a language that do not exist', () => {
		expect(formatClock(now, { ...utc, timeZone: 'Mars/Olympus' })).toMatch(/\d/);
		expect(formatClock(now, { ...utc, locale: 'not a language' })).toMatch(/\d/);
	});
});

describe('days', () => {
	const label = (time: number, zone = utc) => formatDay(time, now, zone);

	it('are Today, Yesterday, this year, or another one', () => {
		expect(label(now)).toBe('Today');
		expect(label(now - 20 * HOUR)).toBe('Yesterday');
		expect(label(Date.UTC(2025, 10, 18, 12))).toMatch(/^Tue,? 18 Nov$/);
		expect(label(Date.UTC(2024, 10, 18, 12))).toBe('18 Nov 2024');
	});

	it('are in the language, with a capital where it has capitals', () => {
		const both = (zone: Zone) => [label(now, zone), label(now - 20 * HOUR, zone)];
		expect(both(german)).toEqual(['Heute', 'Gestern']);
		expect(both(turkish)).toEqual(['Bugün', 'Dün']);
		expect(both(egyptian)).toEqual(['اليوم', 'أمس']);
		expect(both({ ...utc, locale: 'el' })).toEqual(['Σήμερα', 'Χθες']);
		expect(label(Date.UTC(2025, 10, 18, 12), german)).toMatch(/^Di\.?, 18\. Nov/);
	});

	it('have the capital that their language would give them, in all that begin such a word with an i', () => {
		for (const locale of ['tr', 'az', 'lt', 'it', 'hr']) {
			for (const day of [now, now - 20 * HOUR]) {
				const written = label(day, { ...utc, locale });
				expect(written[0]).toBe(written.toLocaleLowerCase(locale).toLocaleUpperCase(locale)[0]);
			}
		}
	});

	it('begin at midnight where the reader is', () => {
		const time = Date.UTC(2025, 10, 19, 16);
		expect(dayOf(time, utc)).toBe('2025-11-19');
		expect(dayOf(time, egyptian)).toBe('2025-11-19');
		expect(dayOf(time, { ...utc, timeZone: 'Asia/Tokyo' })).toBe('2025-11-20');
		expect(label(time, { ...utc, timeZone: 'Asia/Tokyo' })).toBe('Today');
	});

	it('of 25 hours are one day too', () => {
		const zone: Zone = { ...utc, timeZone: 'Europe/Berlin' };
		const monday = Date.UTC(2025, 9, 27, 22, 30);
		expect(formatDay(Date.UTC(2025, 9, 25, 22, 30), monday, zone)).toBe('Yesterday');
	});

	it('are still written where a page gives a zone or a language that do not exist', () => {
		expect(label(now, { ...utc, timeZone: 'Mars/Olympus' })).not.toBe('');
		expect(label(now, { ...egyptian, timeZone: 'Mars/Olympus' })).not.toBe('');
		expect(label(now, { ...utc, locale: 'not a language' })).not.toBe('');
	});
});

describe('the time of a row', () => {
	it('is relative while young, and then the clock under its day', () => {
		expect(formatRowTime(now, now, utc, false)).toBe('now');
		expect(formatRowTime(now - 30 * HOUR, now, utc, false)).toBe('08:07');
	});

	it('is to the second in a log', () => {
		expect(formatRowTime(now, now, utc, true)).toBe('14:07:40');
	});
});

describe('the time of what is folded', () => {
	const span = (from: number, to: number, zone = american) => formatSpan(now - from, now - to, now, zone);

	it('is a range in one unit', () => {
		expect(span(4 * MINUTE, 2 * MINUTE)).toMatch(/^2\s?–\s?4 min$/);
		expect(span(5 * HOUR, 2 * HOUR)).toMatch(/^2\s?–\s?5 hr$/);
		expect(span(4 * MINUTE, 2 * MINUTE, german)).toMatch(/^2\s?–\s?4 Min\.$/);
		expect(span(4 * MINUTE, 2 * MINUTE, egyptian)).toMatch(/^٢\s?–\s?٤ د$/);
	});

	it('is one time where both ends are alike', () => {
		expect(span(20_000, 0)).toBe('now');
		expect(span(2 * MINUTE + 50_000, 2 * MINUTE)).toBe('2 min');
		expect(span(3 * HOUR + 20 * MINUTE, 3 * HOUR)).toBe('3 hr');
		expect(span(0, 0)).toBe('now');
	});

	it('reaches to now', () => {
		expect(span(3 * MINUTE, 0)).toMatch(/^0\s?–\s?3 min$/);
		expect(span(3 * MINUTE, -30_000)).toMatch(/^0\s?–\s?3 min$/);
	});

	it('is by the clock where the units differ, or it is a day old', () => {
		expect(span(2 * HOUR, 20 * MINUTE, utc)).toMatch(/^12:07\s?–\s?13:47$/);
		expect(span(26 * HOUR, 25 * HOUR, utc)).toMatch(/^12:07\s?–\s?13:07$/);
		expect(span(26 * HOUR, 25 * HOUR, { ...utc, timeZone: 'Asia/Tokyo' })).toMatch(/^21:07\s?–\s?22:07$/);
		expect(span(26 * HOUR, 25 * HOUR)).toMatch(/^12:07\s?–\s?1:07\sPM$/);
		expect(span(26 * HOUR, 26 * HOUR, utc)).toBe('12:07');
	});

	it('names the days where there are two', () => {
		expect(span(40 * HOUR, 3 * HOUR, utc)).toMatch(/^18\/11\/2025,? 22:07\s?–\s?20\/11\/2025,? 11:07$/);
	});

	it('does not mind in which order they were stored', () => {
		expect(formatSpan(now - 2 * MINUTE, now - 4 * MINUTE, now, american)).toBe(span(4 * MINUTE, 2 * MINUTE));
	});
});
