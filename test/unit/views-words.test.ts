// Plurals and numbers in the panel's sentences, in each language that it speaks.
import { describe, expect, it } from 'vitest';
import { findLanguage, findLocale } from '../../widget/language.ts';
import { arabic as arabicFor } from '../../widget/words/ar.ts';
import { english as first, type Words } from '../../widget/words.ts';
import { laterEnglish } from '../../widget/words-later.ts';

const english: Words = { ...first, ...laterEnglish };
const arabic = arabicFor('ar-EG');

describe('the words', () => {
	it('count one and many', () => {
		expect(english.gap(1840, 1840)).toBe('Event 1,840 is no longer kept.');
		expect(english.gap(1840, 1846)).toBe('Events 1,840 to 1,846 are no longer kept.');
		expect([0, 1, 2, 3, 11, 100].map(english.data)).toEqual([
			'Data, 0 fields',
			'Data, 1 field',
			'Data, 2 fields',
			'Data, 3 fields',
			'Data, 11 fields',
			'Data, 100 fields',
		]);
	});

	it('say what is known of the connection and no more', () => {
		expect(english.offline('14:02')).toBe('Offline · as of 14:02');
		expect(english.offline(undefined)).toBe('Offline');
		expect(english.paused(0)).toBe('Paused');
		expect(english.paused(1214)).toBe('Paused · 1,214 waiting');
		expect(english.catchingUp(120)).toBe('Catching up, 120 to go');
	});

	it('name the pulse in one sentence, and each minute of it', () => {
		expect(english.pulse(214, '14:32', 18, 3)).toBe('214 events in the last hour, busiest 14:32 with 18, 3 errors');
		expect(english.pulse(1, '14:32', 1, 0)).toBe('1 event in the last hour, busiest 14:32 with 1');
		expect(english.pulse(0, '14:32', 0, 0)).toBe('0 events in the last hour');
		expect(english.pulseMinute('14:32', 18, 2)).toBe('14:32 · 18 events, 2 errors');
		expect(english.pulseMinute('14:32', 1, 0)).toBe('14:32 · 1 event');
	});

	it('name those who are here, came and went', () => {
		expect([1, 1840].map(english.here)).toEqual(['1 here', '1,840 here']);
		expect(english.cameIn(`Ada, Tim and ${english.others(4, 2)}`)).toBe('Ada, Tim and 4 more joined');
		expect(english.wentOut(english.others(1, 0))).toBe('Somebody left');
		expect(english.cameIn(english.others(3, 0))).toBe('3 people joined');
		expect(arabic.here(2)).toBe('شخصان هنا');
	});

	it('tell what came, exactly up to 999', () => {
		expect(english.newEvents(214, 0)).toBe('214 new');
		expect(english.newEvents(214, 2)).toBe('214 new · 2 errors');
		expect(english.newEvents(999, 1)).toBe('999 new · 1 error');
		expect(english.newEvents(1000, 0)).toBe('999+ new');
		expect(english.announce(14, 2)).toBe('14 new, 2 errors');
		expect(english.announce(1400, 0)).toBe('1,400 new');
		expect(english.newSince('14:02')).toBe('New since 14:02');
		expect(english.newSince(undefined)).toBe('New');
		expect(english.times(1270)).toBe('×1,270');
		expect(english.withKey('Pause', 'p')).toBe('Pause (p)');
	});
});

describe('the Arabic words', () => {
	it('are as many as the English ones, and none of them is English', () => {
		expect(outline(arabic)).toEqual(outline(english));
		const spoken = said(english);
		for (const [key, sentence] of Object.entries(said(arabic))) {
			expect(sentence, key).not.toBe(spoken[key]);
			expect(sentence, key).not.toBe('');
		}
	});

	it('have a form for each of the six plurals', () => {
		const counts = [0, 1, 2, 3, 11, 100];
		expect(counts.map((n) => arabic.pulseMinute('١٤:٣٢', n, 0).split(' · ')[1])).toEqual([
			'لا أحداث',
			'حدث واحد',
			'حدثان',
			'٣ أحداث',
			'١١ حدثًا',
			'١٠٠ حدث',
		]);
		expect(counts.map((n) => arabic.data(n).split('، ')[1])).toEqual([
			'لا حقول',
			'حقل واحد',
			'حقلان',
			'٣ حقول',
			'١١ حقلًا',
			'١٠٠ حقل',
		]);
		expect([1, 2, 3, 11, 100].map((n) => arabic.announce(n, n))).toEqual([
			'حدث جديد، خطأ واحد',
			'حدثان جديدان، خطآن',
			'٣ أحداث جديدة، ٣ أخطاء',
			'١١ حدثًا جديدًا، ١١ خطأً',
			'١٠٠ حدث جديد، ١٠٠ خطأ',
		]);
	});

	it('write numbers as their region does', () => {
		expect(arabic.gap(1840, 1846)).toContain('١٬٨٤٠');
		expect(arabicFor('ar-MA').gap(1840, 1846)).toContain('1.840');
	});

	it('do not let a channel turn them around', () => {
		expect(arabic.nothingYet('deploys')).toContain('\u2068deploys\u2069');
	});
});

describe('the language', () => {
	const known = ['en', 'ar'];

	it('is the first of those wished for which there are words, else English', () => {
		expect(findLanguage(['ar-EG', 'en-GB'], known)).toBe('ar');
		expect(findLanguage(['', 'de', 'AR'], known)).toBe('ar');
		expect(findLanguage(['en', 'ar'], known)).toBe('en');
		expect(findLanguage(['de', 'not a language', ''], known)).toBe('en');
		expect(findLanguage(['arz', 'constructor', '__proto__'], known)).toBe('en');
	});

	it('takes the region that is wished, of that language alone', () => {
		expect(findLocale('en', ['en', 'de-AT', 'en-GB', 'en-US'])).toBe('en-GB');
		expect(findLocale('ar', ['ar-MA', 'en-GB'])).toBe('ar-MA');
		expect(findLocale('ar', ['', 'en-GB'])).toBe('ar');
		expect(findLocale('de', ['de-CH', 'en-GB'])).toBe('de-CH');
	});
});

/** The keys, and those within them. */
function outline(words: Words): unknown[] {
	return Object.entries(words)
		.map(([key, value]) => [key, typeof value, typeof value === 'object' ? Object.keys(value).sort() : []])
		.sort();
}

/** Every sentence, those that are made from something made from the same. */
function said(words: Words): Record<string, string> {
	const sentences: Record<string, string> = {};
	for (const [key, value] of Object.entries(words) as [string, unknown][]) {
		if (typeof value === 'string') sentences[key] = value;
		else if (typeof value === 'function') sentences[key] = String(value(7, 8, 9, 3));
		else for (const [name, text] of Object.entries(value as object)) sentences[`${key}.${name}`] = text;
	}
	return sentences;
}
