// Plurals and numbers in the panel's sentences.
import { describe, expect, it } from 'vitest';
import { english as first } from '../../widget/words.ts';
import { laterEnglish } from '../../widget/words-later.ts';

const english = { ...first, ...laterEnglish };

describe('the words', () => {
	it('count one and many', () => {
		expect(english.gap(1840, 1840)).toBe('Event 1,840 is no longer kept.');
		expect(english.gap(1840, 1846)).toBe('Events 1,840 to 1,846 are no longer kept.');
		expect(english.data(1)).toBe('Data, 1 field');
		expect(english.data(6)).toBe('Data, 6 fields');
	});

	it('say what is known of the connection and no more', () => {
		expect(english.offline('14:02')).toBe('Offline · as of 14:02');
		expect(english.offline(undefined)).toBe('Offline');
		expect(english.paused(0)).toBe('Paused');
		expect(english.paused(1214)).toBe('Paused · 1,214 waiting');
		expect(english.catchingUp(120)).toBe('Catching up, 120 to go');
	});

	it('name the pulse in one sentence', () => {
		expect(english.pulse(214, '14:32', 18, 3)).toBe('214 events in the last hour, busiest 14:32 with 18, 3 errors');
		expect(english.pulse(1, '14:32', 1, 0)).toBe('1 event in the last hour, busiest 14:32 with 1');
		expect(english.pulse(0, '14:32', 0, 0)).toBe('0 events in the last hour');
	});
});
