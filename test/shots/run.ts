// `npm run shots [-- scene…] [--out folder]`: pictures of each scene in every width and scheme, and sheets of them.
// Knows widths, schemes and files; never knows how a scene is reached.
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { buildSite } from '../../widget/build/build.ts';
import { ROOT } from '../support/sources.ts';
import type { Language } from './content.ts';
import { findMissingFonts } from './fonts.ts';
import { findScene, SCENES, type Scene } from './scenes.ts';
import { makeSheet, type Picture } from './sheet.ts';
import { type Shown, Studio } from './studio.ts';

const WIDTHS = [280, 360, 640, 1000];
/** Between the panel and the edge of a picture, pixels. */
const MARGIN = 16;
/** Scenes that are looked at in every way there is. */
const FULL = ['live', 'paused', 'pill', 'gap', 'compact'];
/** What is printed may be long. */
const MAX_HEIGHT = 2400;

/** One way to look: the media of a page, and how large its text is. */
interface Look {
	media: NonNullable<Parameters<Page['emulateMedia']>[0]>;
	rootSize?: string;
}

const PLAIN = { media: 'screen', colorScheme: 'light', forcedColors: 'none', contrast: 'no-preference' } as const;
const LOOKS = {
	light: { media: PLAIN },
	dark: { media: { ...PLAIN, colorScheme: 'dark' } },
	forced: { media: { ...PLAIN, forcedColors: 'active' } },
	'forced-dark': { media: { ...PLAIN, colorScheme: 'dark', forcedColors: 'active' } },
	contrast: { media: { ...PLAIN, contrast: 'more' } },
	'contrast-dark': { media: { ...PLAIN, colorScheme: 'dark', contrast: 'more' } },
	large: { media: PLAIN, rootSize: '200%' },
	print: { media: { ...PLAIN, media: 'print' } },
} as const satisfies Record<string, Look>;
type LookName = keyof typeof LOOKS;

/** What is shot of a scene: in a language, in these ways, at these widths. */
interface Order {
	language: Language;
	looks: readonly LookName[];
	widths: readonly number[];
	/** Before the name of the look. */
	prefix: string;
}

function listOrders({ name }: Scene): Order[] {
	const plain: Order = { language: 'en', prefix: '', widths: WIDTHS, looks: ['light', 'dark'] };
	const forced: Order = { ...plain, widths: [360, 640], looks: ['forced'] };
	if (!FULL.includes(name)) return [plain, forced];
	return [
		plain,
		{ ...plain, looks: ['forced', 'forced-dark', 'contrast', 'contrast-dark', 'large'] },
		{ ...plain, widths: [640], looks: ['print'] },
		{ ...plain, language: 'ar', prefix: 'rtl', looks: ['light', 'dark', 'forced'] },
		{ ...plain, language: 'ja', prefix: 'ja', looks: ['light'] },
	];
}

async function shoot(shown: Shown, width: number, look: Look, file: string): Promise<void> {
	const { page, feed } = shown;
	await page.setViewportSize({ width: width + 2 * MARGIN, height: 800 });
	await page.emulateMedia(look.media);
	await page.evaluate((size) => {
		document.documentElement.style.fontSize = size;
	}, look.rootSize ?? '');
	await shown.settle();
	const box = await feed.boundingBox();
	if (!box) throw new Error(`the panel of "${shown.scene.name}" has no box`);
	const isPrint = look.media.media === 'print';
	// A dialog may be taller than the panel under it.
	const dialog = await page.evaluate(
		() =>
			document.querySelector('live-feed')?.shadowRoot?.querySelector('dialog[open]')?.getBoundingClientRect().bottom,
	);
	const height = Math.min(Math.max(box.y + box.height, dialog ?? 0) + MARGIN, isPrint ? MAX_HEIGHT : 800);
	await page.screenshot({
		path: file,
		clip: { x: 0, y: 0, width: width + 2 * MARGIN, height },
		fullPage: isPrint,
		animations: 'disabled',
	});
}

/** All pictures of a scene; answers them by the name of their look. */
async function shootScene(studio: Studio, scene: Scene, folder: string): Promise<(Picture & { look: string })[]> {
	const pictures: (Picture & { look: string })[] = [];
	let shown: Shown | undefined;
	let language: Language | undefined;
	try {
		for (const order of listOrders(scene)) {
			if (order.language !== language) {
				await shown?.close();
				shown = await studio.show(scene, order.language);
				language = order.language;
			}
			for (const width of order.widths) {
				for (const name of order.looks) {
					const look = [order.prefix, name].filter(Boolean).join('-');
					const file = `${scene.name}-${width}-${look}.png`;
					if (shown) await shoot(shown, width, LOOKS[name], path.join(folder, file));
					pictures.push({ file, look, caption: `${width} ${look}` });
				}
			}
		}
	} finally {
		await shown?.close();
	}
	return pictures;
}

const { values, positionals } = parseArgs({
	options: { out: { type: 'string', default: path.join('dist', 'shots') }, 'no-build': { type: 'boolean' } },
	allowPositionals: true,
});
const folder = path.resolve(ROOT, values.out);
const scenes = positionals.length > 0 ? positionals.map(findScene) : SCENES;
const begun = performance.now();

const missing = findMissingFonts();
if (missing === undefined) process.stdout.write('There is no fontconfig to ask for fonts; look for boxes yourself.\n');
else for (const name of missing) process.stdout.write(`! No font for ${name} is installed: pictures show boxes.\n`);

if (!values['no-build']) await buildSite();
if (positionals.length === 0) await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });

const studio = await Studio.open();
const failures: string[] = [];
const forced: Picture[] = [];
let count = 0;
const sheet = async (name: string, pictures: readonly Picture[]) => {
	if (pictures.length === 0) return;
	const file = await makeSheet(studio.context, folder, name, pictures);
	process.stdout.write(`${path.relative(ROOT, file)}  ${pictures.length} pictures\n`);
};
try {
	for (const scene of scenes) {
		try {
			const pictures = await shootScene(studio, scene, folder);
			count += pictures.length;
			const isPlain = ({ look }: { look: string }) => look === 'light' || look === 'dark';
			await sheet(scene.name, pictures.filter(isPlain));
			const others = pictures.filter((one) => !isPlain(one));
			if (FULL.includes(scene.name)) {
				for (const look of ['forced', 'contrast', 'large', 'print', 'rtl', 'ja'])
					await sheet(
						`${scene.name}-${look}`,
						others.filter((one) => one.look.startsWith(look)),
					);
			}
			forced.push(
				...others
					.filter(({ caption }) => caption === '360 forced')
					.map((one) => ({ ...one, caption: `${scene.name} ${one.caption}` })),
			);
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			failures.push(message);
			process.stdout.write(`✗ ${message}\n`);
		}
	}
	await sheet('forced-colours', forced);
} finally {
	await studio.close();
}
const seconds = Math.round((performance.now() - begun) / 1000);
process.stdout.write(
	`\n${count} pictures of ${scenes.length - failures.length} of ${scenes.length} scenes in ${seconds} s\n`,
);
for (const message of failures) process.stdout.write(`✗ ${message}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
