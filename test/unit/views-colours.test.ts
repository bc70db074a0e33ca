// Every pair of colours that is read together, computed from the tokens themselves (LOOK §2).
import { describe, expect, it } from 'vitest';
import { contrast as contrastSheet } from '../../widget/styles/contrast.ts';
import { rows } from '../../widget/styles/rows.ts';
import { tokens } from '../../widget/styles/tokens.ts';

type Scheme = 'light' | 'dark';
type Rgb = readonly [number, number, number];
const SCHEMES: readonly Scheme[] = ['light', 'dark'];

function readTokens(css: string): Map<string, Record<Scheme, string>> {
	const found = css.matchAll(/--live-feed-([\w-]+), light-dark\((#\w{6}), (#\w{6})\)/g);
	return new Map([...found].map(([, name = '', light = '', dark = '']) => [name, { light, dark }]));
}

const base = readTokens(tokens.cssText);
const contrast = new Map([...base, ...readTokens(contrastSheet.cssText)]);
contrast.set('text-3', contrast.get('text-2') ?? { light: '', dark: '' });

const fromHex = (hex: string): Rgb => {
	const channel = (i: number) => {
		const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
		return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	};
	return [channel(1), channel(3), channel(5)];
};

const fromOklch = (l: number, c: number, h: number): Rgb => {
	const a = c * Math.cos((h * Math.PI) / 180);
	const b = c * Math.sin((h * Math.PI) / 180);
	const x = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
	const y = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
	const z = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
	const clip = (n: number) => Math.min(1, Math.max(0, n));
	return [
		clip(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
		clip(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
		clip(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z),
	];
};

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
const ratio = (one: Rgb, other: Rgb) => {
	const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
	return (light + 0.05) / (dark + 0.05);
};

const GROUNDS = ['surface', 'sunken', 'selected', 'accent-tint', 'error-tint'];

/** The least contrast of a colour over the grounds that it is read on. */
function worst(set: typeof base, name: string, scheme: Scheme, grounds = GROUNDS): number {
	const color = (token: string) => {
		const value = set.get(token)?.[scheme];
		if (!value) throw new Error(`There is no token ${token}.`);
		return fromHex(value);
	};
	return Math.min(...grounds.map((ground) => ratio(color(name), color(ground))));
}

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
