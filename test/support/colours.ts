// Colours as tests compute them: tokens of a style sheet, and how far two of them are apart.
// Knows notations and WCAG's contrast; never knows which pairs are read together.

/** One of the two that a page may have. */
export type Scheme = 'light' | 'dark';
/** Linear light, 0 to 1. */
export type Rgb = readonly [number, number, number];
/** Colours by the name of their token, without its prefix. */
export type Tokens = Map<string, Record<Scheme, string>>;

export const SCHEMES: readonly Scheme[] = ['light', 'dark'];

/** The colours that a style sheet sets, or falls back to, for `--live-feed-*`. */
export function readTokens(css: string): Tokens {
	const found = css.matchAll(/--live-feed-([\w-]+)[,:] (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6});)/g);
	return new Map(
		[...found].map(([, name = '', light, dark, both = '']) => [name, { light: light ?? both, dark: dark ?? both }]),
	);
}

/** From `#rrggbb`. */
export function fromHex(hex: string): Rgb {
	const channel = (i: number) => {
		const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
		return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	};
	return [channel(1), channel(3), channel(5)];
}

/** From lightness, chroma and degrees, clipped to what a screen has. */
export function fromOklch(l: number, c: number, h: number): Rgb {
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
}

/** Contrast, 1 to 21. */
export function ratio(one: Rgb, other: Rgb): number {
	const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
	const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
	return (light + 0.05) / (dark + 0.05);
}

/** What words are read on. */
export const GROUNDS: readonly string[] = ['surface', 'sunken', 'selected', 'accent-tint', 'error-tint'];

/**
 * The least contrast of a colour over the grounds that it is read on.
 * @throws Error for a token that is not in the set
 */
export function worst(set: Tokens, name: string, scheme: Scheme, grounds = GROUNDS): number {
	const color = (token: string) => {
		const value = set.get(token)?.[scheme];
		if (!value) throw new Error(`There is no token ${token}.`);
		return fromHex(value);
	};
	return Math.min(...grounds.map((ground) => ratio(color(name), color(ground))));
}
