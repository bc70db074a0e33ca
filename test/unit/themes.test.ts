// The themes: readable as the panel's own colours are, and made of documented tokens alone.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findElement, makeManifest } from '../../widget/build/manifest.ts';
import { readTokens, SCHEMES, worst } from '../support/colours.ts';
import { listSources, ROOT } from '../support/sources.ts';

const files = listSources(['widget/themes'], /\.css$/);
const documented = findElement(await makeManifest()).cssProperties;
const colours = documented.filter(({ syntax }) => syntax === '<color>').map(({ name }) => name);

/** Least contrasts by what is read; for those who asked their system for more, a theme's own colours stay. */
const LEAST = { text: 12, 'text-2': 7, 'text-3': 4.5, ok: 7, warn: 7, error: 7, accent: 7 };
const MORE = { text: 15, 'text-2': 12, 'text-3': 7, ok: 7, warn: 7, error: 7, accent: 7 };

it('there are three', () => {
	expect(files.map((file) => path.basename(file))).toEqual(['contrast.css', 'newsroom.css', 'terminal.css']);
});

describe.each(files)('%s', (file) => {
	const css = readFileSync(path.join(ROOT, file), 'utf8');
	const name = path.basename(file, '.css');
	const [, comment = '', selector = '', body = ''] = /^\/\*([\s\S]*?)\*\/\n([^{]*) \{\n([^}]*)\}\n$/.exec(css) ?? [];
	const lines = body.split('\n').filter(Boolean);
	const set = readTokens(css);

	it('is one rule of nothing but documented tokens, and all the colours', () => {
		const properties = lines.map((line) => /^\t([\w-]+): [^;]+;$/.exec(line)?.[1]);
		const names = documented.map((token) => token.name);
		expect(properties.filter((property) => !names.includes(property ?? ''))).toEqual([]);
		expect(new Set(properties).size).toBe(lines.length);
		expect(colours.filter((colour) => !properties.includes(colour))).toEqual([]);
		expect(set.size).toBe(colours.length);
	});

	it('is for every panel that names no theme, yields to any rule of the page, and says how to narrow it', () => {
		expect(selector).toBe(`:where(live-feed:not([class*='theme-']), live-feed.theme-${name})`);
		expect(comment).toContain(`<live-feed class="theme-${name}">`);
	});

	it.each(SCHEMES)('is read as well as the panel itself, in the %s scheme', (scheme) => {
		for (const [colour, least] of Object.entries(name === 'contrast' ? MORE : LEAST))
			expect(worst(set, colour, scheme), colour).toBeGreaterThanOrEqual(least);
		expect(worst(set, 'on-accent', scheme, ['accent']), 'on-accent').toBeGreaterThanOrEqual(7);
		expect(worst(set, 'control', scheme, ['surface', 'sunken']), 'control').toBeGreaterThanOrEqual(3);
	});
});
