// The two browsers that reading is proven in, driven with real wheel, mouse and keys.
// Knows where they are installed and how they are started; never knows a page.
import { existsSync } from 'node:fs';
import puppeteer, { type Browser } from 'puppeteer-core';
import { findBrowser } from '../support/browser.ts';

export const BROWSERS = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof BROWSERS)[number];

const FIREFOX_PLACES = [
	'/usr/bin/firefox-esr',
	'/usr/bin/firefox',
	'/snap/bin/firefox',
	'/Applications/Firefox.app/Contents/MacOS/firefox',
	'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];

/** A page as large as this shows any of our panels whole; CSS pixels. */
export const VIEWPORT = { width: 1000, height: 760 };

/** Where Firefox is: `FIREFOX_PATH`, or one of the usual places; undefined where it is not installed. */
export function findFirefox(): string | undefined {
	const asked = process.env.FIREFOX_PATH;
	if (asked && !existsSync(asked)) throw new Error(`FIREFOX_PATH names ${asked}, and there is no such file.`);
	return asked || FIREFOX_PLACES.find((place) => existsSync(place));
}

/** The browsers that this machine has. */
export function listBrowsers(): BrowserName[] {
	return BROWSERS.filter((name) => name === 'chromium' || findFirefox() !== undefined);
}

/** A headless browser with a scrollbar that takes room and can be dragged; close it afterwards. */
export async function launch(name: BrowserName): Promise<Browser> {
	if (name === 'chromium') {
		const { executablePath, args, env } = await findBrowser();
		return puppeteer.launch({
			browser: 'chrome',
			executablePath,
			// So that what is measured of the heap is not rounded.
			args: [...args, '--enable-precise-memory-info'],
			ignoreDefaultArgs: ['--hide-scrollbars'],
			env: { ...process.env, ...env },
			defaultViewport: VIEWPORT,
			protocolTimeout: 600_000,
		});
	}
	const executablePath = findFirefox();
	if (executablePath === undefined) throw new Error('No Firefox found. Install one, or name it in FIREFOX_PATH.');
	return puppeteer.launch({
		browser: 'firefox',
		executablePath,
		defaultViewport: VIEWPORT,
		protocolTimeout: 600_000,
		extraPrefsFirefox: { 'widget.gtk.overlay-scrollbars.enabled': false, 'ui.useOverlayScrollbars': 0 },
	});
}
