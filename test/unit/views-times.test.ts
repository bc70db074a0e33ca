// How moments are written, in several places and habits.
import { describe, expect, it } from 'vitest';
import type { Zone } from '../../widget/times.ts';
import { dayOf, formatClock, formatDay, formatExact, formatRelative, formatRowTime } from '../../widget/times.ts';
import { english } from '../../widget/words.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const now = Date.UTC(2025, 10, 20, 14, 7, 40);
const utc: Zone = { locale: 'en-GB', timeZone: 'UTC', hourCycle: undefined };

describe('relative times', () => {
	it('go from now to 23 hours, and then end', () => {
		const ago = (ms: number) => formatRelative(now - ms, now, english);
		expect([ago(0), ago(59_999), ago(MINUTE), ago(59 * MINUTE), ago(HOUR), ago(24 * HOUR - 1)]).toEqual([
			'now',
			'now',
			'1 min',
			'59 min',
			'1 h',
			'23 h',
		]);
		expect(ago(24 * HOUR)).toBeUndefined();
	});

	it('forgive a clock that is up to a minute ahead, and no more', () => {
		expect(formatRelative(now + MINUTE, now, english)).toBe('now');
		expect(formatRelative(now + 2 * MINUTE, now, english)).toBeUndefined();
	});
});

describe('clock times', () => {
	it('are in the zone and the hour cycle that were asked for', () => {
		expect(formatClock(now, utc)).toBe('14:07');
		expect(formatClock(now, utc, true)).toBe('14:07:40');
		expect(formatClock(now, { ...utc, timeZone: 'Asia/Tokyo' })).toBe('23:07');
		expect(formatClock(now, { ...utc, locale: 'en-US' })).toMatch(/^2:07\sPM$/);
		expect(formatClock(now, { ...utc, locale: 'en-US', hourCycle: 'h23' })).toBe('14:07');
	});

	it('with seconds are equally long all day', () => {
		const lengths = [0, 5, 11, 12, 23].map((hour) => {
			const time = Date.UTC(2025, 10, 20, hour);
			return formatClock(time, { ...utc, locale: 'en-US', hourCycle: 'h12' }, true).length;
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
	const label = (time: number, zone = utc) => formatDay(time, now, zone, english);

	it('are Today, Yesterday, this year, or another one', () => {
		expect(label(now)).toBe('Today');
		expect(label(now - 20 * HOUR)).toBe('Yesterday');
		expect(label(Date.UTC(2025, 10, 18, 12))).toMatch(/^Tue,? 18 Nov$/);
		expect(label(Date.UTC(2024, 10, 18, 12))).toBe('18 Nov 2024');
	});

	it('begin at midnight where the reader is', () => {
		const time = Date.UTC(2025, 10, 19, 16);
		expect(dayOf(time, utc)).toBe('2025-11-19');
		expect(dayOf(time, { ...utc, timeZone: 'Asia/Tokyo' })).toBe('2025-11-20');
		expect(label(time, { ...utc, timeZone: 'Asia/Tokyo' })).toBe('Today');
	});

	it('of 25 hours are one day too', () => {
		const zone: Zone = { ...utc, timeZone: 'Europe/Berlin' };
		const monday = Date.UTC(2025, 9, 27, 22, 30);
		expect(formatDay(Date.UTC(2025, 9, 25, 22, 30), monday, zone, english)).toBe('Yesterday');
	});
});

describe('the time of a row', () => {
	it('is relative while young, and then the clock under its day', () => {
		expect(formatRowTime(now, now, utc, english, false)).toBe('now');
		expect(formatRowTime(now - 30 * HOUR, now, utc, english, false)).toBe('08:07');
	});

	it('is to the second in a log', () => {
		expect(formatRowTime(now, now, utc, english, true)).toBe('14:07:40');
	});
});
