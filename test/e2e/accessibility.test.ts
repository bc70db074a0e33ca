// What axe finds in panels as readers have them: scenes of test/shots, each in every way that one may look at them.
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findScene } from '../shots/scenes.ts';
import { type Shown, Studio } from '../shots/studio.ts';
import { isLong } from '../support/form.ts';

/** Those with rows have 20 and more. */
const NAMES = [
	...['live', 'pill', 'paused', 'new-since', 'unfolded', 'gap', 'compact', 'data', 'outbox', 'keys'],
	...['changelog', 'thread', 'acts', 'composer', 'composer-name'],
	...['offline-none', 'empty'],
];
const LEAST_ROWS = 20;

/** Rules about a whole page; this one holds nothing but the panel. */
const NOT_OURS = {
	region: { enabled: false }, // where a panel stands among landmarks is its page's choice
	'landmark-one-main': { enabled: false }, // the page's own main
	'page-has-heading-one': { enabled: false }, // the page's own h1: the panel begins with an h2
};

type Media = NonNullable<Parameters<Page['emulateMedia']>[0]>;
interface Variant {
	name: string;
	media?: Media;
	width?: number;
	/** Of the page's root. */
	dir?: string;
	rootSize?: string;
}

const VARIANTS: readonly Variant[] = [
	{ name: 'light' },
	{ name: 'dark', media: { colorScheme: 'dark' } },
	{ name: 'forced colours', media: { forcedColors: 'active' } },
	{ name: 'right to left', dir: 'rtl' },
	{ name: 'a page of 320 px', width: 320 },
	{ name: 'text of 200 %', rootSize: '200%' },
];

/** These are about what lies outside of the view: they keep the height that a panel has. */
const IN_A_VIEW = ['pill', 'gap', 'keys'];
/** All rows of the others fit in, since the contrast of what is scrolled away cannot be measured; pixels. */
const TALL = 9000;

async function change(shown: Shown, { media = {}, width = 640, dir = 'ltr', rootSize = '' }: Variant): Promise<void> {
	const { page, scene } = shown;
	const height = IN_A_VIEW.includes(scene.name) || scene.rows === 0 ? 0 : TALL;
	await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', ...media });
	await page.setViewportSize({ width, height: height || 800 });
	await page.evaluate(
		([direction, size, blockSize]) => {
			document.documentElement.dir = direction;
			document.documentElement.style.fontSize = size;
			document.body.className = 'bare';
			document.querySelector('live-feed')?.style.setProperty('block-size', blockSize);
		},
		[dir, rootSize, height ? `${height}px` : ''] as const,
	);
	await shown.settle();
}

interface Findings {
	problems: string[];
	/** Elements whose contrast was measured, and those where it cannot be. */
	measured: number;
	undecided: number;
}

async function look(page: Page): Promise<Findings> {
	return page.evaluate(async (rules) => {
		const { violations, passes, incomplete } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
			rules,
			preload: false,
		});
		return {
			problems: violations.flatMap(({ id, help, nodes }) =>
				nodes.map(({ target, html, any }) => {
					const why = any.map(({ message }) => message).join('; ');
					return `${id} (${help}) at ${target.flat().join(' ')}: ${html.slice(0, 120)} ${why}`;
				}),
			),
			measured: passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0,
			undecided: incomplete.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0,
		};
	}, NOT_OURS);
}

describe('axe', () => {
	let studio: Studio;
	const seen = { scenes: 0, looks: 0, rows: 0, measured: 0, undecided: 0 };
	beforeAll(async () => {
		studio = await Studio.open();
	});
	afterAll(async () => {
		await studio?.close();
		console.log(
			`axe looked at ${seen.scenes} scenes in ${isLong ? VARIANTS.length : 1} ways, ${seen.looks} looks with ${seen.rows} rows; it measured the contrast of ${seen.measured} elements and could not tell that of ${seen.undecided}`,
		);
	});

	it('finds a word that cannot be read, in the shadow root of a panel', async () => {
		const shown = await studio.show(findScene('live'));
		try {
			await shown.page.evaluate(axe.source);
			await shown.feed.evaluate((element) => element.style.setProperty('--live-feed-text-3', '#bbb'));
			await change(shown, { name: 'light' });
			const { problems } = await look(shown.page);
			expect(problems.filter((problem) => /^color-contrast .*live-feed .*time/.test(problem)).length).toBeGreaterThan(
				0,
			);
		} finally {
			await shown.close();
		}
	});

	// The short form tests each scene in one variant, the long form in all of them.
	const choose = (name: string) =>
		isLong ? VARIANTS : VARIANTS.filter((_, at) => at === (NAMES.indexOf(name) + 1) % VARIANTS.length);

	it.each(NAMES)(`finds nothing in the scene "%s", however one looks at it`, async (name) => {
		const scene = findScene(name);
		if (scene.rows > 0) expect(scene.rows).toBeGreaterThanOrEqual(LEAST_ROWS);
		const shown = await studio.show(scene);
		try {
			await shown.page.evaluate(axe.source);
			const problems: string[] = [];
			for (const variant of choose(name)) {
				await change(shown, variant);
				const found = await look(shown.page);
				problems.push(...found.problems.map((problem) => `${name}, ${variant.name}: ${problem}`));
				const rows = await shown.feed.locator('li.row').count();
				expect(rows, `rows of ${name}, ${variant.name}`).toBeGreaterThanOrEqual(Math.min(scene.rows, LEAST_ROWS));
				seen.looks += 1;
				seen.rows += rows;
				seen.measured += found.measured;
				seen.undecided += found.undecided;
			}
			seen.scenes += 1;
			expect(problems).toEqual([]);
		} finally {
			await shown.close();
		}
	});
});
