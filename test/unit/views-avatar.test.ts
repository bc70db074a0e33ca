// Hues and initials.
import { describe, expect, it } from 'vitest';
import { hashHue, initials } from '../../widget/views/avatar.ts';
import { nearestHue } from '../../widget/views/details.ts';

describe('the hue of a person', () => {
	it('is the same for the same id, for ever', () => {
		expect(['ada', 'grace', 'linus', 'tim', '山田太郎', ''].map(hashHue)).toEqual([6, 3, 9, 7, 9, 1]);
	});

	it('uses all twelve about equally', () => {
		const counts = new Array<number>(12).fill(0);
		for (let i = 0; i < 12_000; i++) {
			const hue = hashHue(`user-${i}`);
			counts[hue] = (counts[hue] ?? 0) + 1;
		}
		expect(Math.min(...counts)).toBeGreaterThan(800);
		expect(Math.max(...counts)).toBeLessThan(1200);
	});

	it('is next to the colour that somebody chose', () => {
		const degrees = (color: string) => 15 + 30 * (nearestHue(color) ?? Number.NaN);
		// The hues of these colours in oklch; one step of ours is 30°.
		for (const [color, hue] of [
			['#ff0000', 29],
			['#ff8000', 52],
			['#00ff00', 142],
			['#00ffff', 195],
			['#0000ff', 264],
			['#ff00ff', 328],
		] as const) {
			expect(Math.abs(degrees(color) - hue), color).toBeLessThanOrEqual(30);
		}
	});

	it('is not taken from greys, nor from what is no colour', () => {
		for (const color of ['#808080', '#000000', '#ffffff', 'url(x)', '', undefined])
			expect(nearestHue(color)).toBeUndefined();
	});
});

describe('initials', () => {
	it('are the first and the last word, in their own case', () => {
		expect(initials('Ada Lovelace')).toBe('AL');
		expect(initials('Johann Wolfgang von Goethe')).toBe('JG');
		expect(initials('build-bot')).toBe('bb');
		expect(initials('Tim')).toBe('T');
	});

	it('are one letter where letters do not stand apart', () => {
		expect(initials('山田 太郎')).toBe('山');
		expect(initials('ليلى حسن')).toBe('ل');
	});

	it('pass over signs, and are empty where there is no letter', () => {
		expect(initials('🎉 Grace (admin)')).toBe('Ga');
		expect(initials('🎉')).toBe('');
		expect(initials('𝒜da')).toBe('𝒜');
	});
});
