// Many pictures on one sheet that a person can look through.
// Knows files, captions and a page that shows them; never knows what is on them.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext } from 'playwright-core';

export interface Picture {
	/** A PNG in the folder of the sheet. */
	file: string;
	caption: string;
}

/** Widest line of a sheet, pixels. */
const MAX_WIDTH = 1480;

/** Makes `sheet-{name}.png` of pictures that lie in `folder`, at their own size. Answers its path. */
export async function makeSheet(
	context: BrowserContext,
	folder: string,
	name: string,
	pictures: readonly Picture[],
): Promise<string> {
	const figures = pictures.map(
		({ file, caption }) => `<figure><figcaption>${caption}</figcaption><img src="${file}" alt=""></figure>`,
	);
	const page = path.join(folder, `sheet-${name}.html`);
	await writeFile(
		page,
		`<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><style>body{margin:12px;display:flex;flex-wrap:wrap;gap:12px;align-items:start;background:#9aa0a8;font:600 13px system-ui,sans-serif}h1{flex:none;inline-size:100%;margin:0;font-size:18px}figure{margin:0}figcaption{padding-block-end:4px}img{display:block}</style><h1>${name}</h1>${figures.join('')}</html>`,
	);
	const file = path.join(folder, `sheet-${name}.png`);
	const tab = await context.newPage();
	try {
		await tab.setViewportSize({ width: MAX_WIDTH, height: 800 });
		await tab.goto(`file://${page}`);
		await tab.screenshot({ path: file, fullPage: true });
	} finally {
		await tab.close();
	}
	return file;
}
