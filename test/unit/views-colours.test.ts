// Every pair of colours that is read together, computed from the tokens themselves (LOOK §2).
import { describe, expect, it } from 'vitest';
import { contrast as contrastSheet } from '../../widget/styles/contrast.ts';
import { rows } from '../../widget/styles/rows.ts';
import { tokens } from '../../widget/styles/tokens.ts';
import { work } from '../../widget/styles/work.ts';
import { fromOklch, ratio, readTokens, SCHEMES, worst } from '../support/colours.ts';

const base = readTokens(tokens.cssText + work.cssText);
const contrast = new Map([...base, ...readTokens(contrastSheet.cssText)]);
contrast.set('text-3', contrast.get('text-2') ?? { light: '', dark: '' });

describe.each(SCHEMES)('in the %s scheme', (scheme) => {
	it.each([
		['text', 12],
		['text-2', 7],
		['text-3', 4.5],
		['ok', 4.5],
		['warn', 4.5],
		['error', 4.5],
		['accent', 4.5],
	] as const)('%s is read at %d:1 or more wherever it stands', (name, least) => {
		expect(worst(base, name, scheme)).toBeGreaterThanOrEqual(least);
	});

	it('the borders of controls and the bars of the pulse are seen at 3:1', () => {
		expect(worst(base, 'control', scheme, ['surface', 'sunken'])).toBeGreaterThanOrEqual(3);
	});

	it('what is resolved is read at 4.5:1 on its ground, and at 7:1 where more contrast is wanted', () => {
		expect(worst(base, 'ok', scheme, ['ok-tint'])).toBeGreaterThanOrEqual(4.5);
		expect(worst(contrast, 'ok', scheme, ['ok-tint'])).toBeGreaterThanOrEqual(7);
	});

	it('words on accent are read at 4.5:1, and at 7:1 where more contrast is wanted', () => {
		expect(worst(base, 'on-accent', scheme, ['accent'])).toBeGreaterThanOrEqual(4.5);
		expect(worst(contrast, 'on-accent', scheme, ['accent'])).toBeGreaterThanOrEqual(7);
	});

	it.each(['text', 'text-2', 'text-3', 'ok', 'warn', 'error', 'accent'])(
		'%s is read at 7:1 where more contrast is wanted',
		(name) => {
			expect(worst(contrast, name, scheme)).toBeGreaterThanOrEqual(7);
		},
	);

	it('initials are read at 6.6:1 on each of the twelve hues', () => {
		const [ground, letters] = [
			...rows.cssText.matchAll(/light-dark\(oklch\(([\d. ]+) var\(--_hue\)\), oklch\(([\d. ]+) var/g),
		].map(([, light = '', dark = '']) => (scheme === 'light' ? light : dark).split(' ').map(Number));
		const hues = [...rows.cssText.matchAll(/\.h(\d+) \{ --_hue: (\d+)/g)];
		expect(hues).toHaveLength(12);
		for (const [, n, hue] of hues) {
			expect(Number(hue)).toBe(15 + 30 * Number(n));
			const at = ([l = 0, c = 0]: number[] = []) => fromOklch(l, c, Number(hue));
			expect(ratio(at(ground), at(letters)), `hue ${hue}`).toBeGreaterThanOrEqual(6.5);
		}
	});
});
