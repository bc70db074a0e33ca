// The themes as a page gets them: from a relay, by one line, for every panel or for one.
import { describe, expect, it } from 'vitest';
import { openPage, waitUntilLive } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';

const stage = setStage();
const NAMES = ['contrast', 'terminal', 'newsroom'];

describe('a theme', () => {
	const link = (name: string) => `<link rel="stylesheet" href="${stage.relay.url}/live-feed/themes/${name}.css">`;

	/** The ground and the letters of each panel, by its id. */
	async function readGrounds(body: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Record<string, string>> {
		const { page, errors } = await openPage(stage.browser, stage.relay.url, body);
		await page.emulateMedia({ colorScheme });
		await waitUntilLive(page);
		const grounds = await page.evaluate(() =>
			[...document.querySelectorAll('live-feed')].map((feed) => {
				const { backgroundColor, color } = getComputedStyle(feed.shadowRoot?.querySelector('section') ?? feed);
				return [feed.id, `${color} on ${backgroundColor}`] as const;
			}),
		);
		expect(errors).toEqual([]);
		await page.close();
		return Object.fromEntries(grounds);
	}

	it('is one line, for every panel of the page, in both schemes', async () => {
		const page = `<meta name="color-scheme" content="light dark">${link('contrast')}<live-feed id="one" channel="a"></live-feed>`;
		expect(await readGrounds(page)).toEqual({ one: 'rgb(0, 0, 0) on rgb(255, 255, 255)' });
		expect(await readGrounds(page, 'dark')).toEqual({ one: 'rgb(255, 255, 255) on rgb(0, 0, 0)' });
	});

	it('is for one panel where others name another, or none', async () => {
		const panels = [...NAMES, 'none'].map(
			(name) => `<live-feed id="${name}" class="theme-${name}" channel="a"></live-feed>`,
		);
		expect(await readGrounds(NAMES.map(link).join('') + panels.join(''))).toEqual({
			contrast: 'rgb(0, 0, 0) on rgb(255, 255, 255)',
			terminal: 'rgb(220, 248, 226) on rgb(11, 15, 12)',
			newsroom: 'rgb(28, 25, 23) on rgb(255, 253, 248)',
			none: 'rgb(22, 24, 29) on rgb(255, 255, 255)',
		});
	});

	it("yields to a rule of the page's own, wherever that stands", async () => {
		const rule = '<style>live-feed { --live-feed-surface: rgb(1, 2, 3) }</style>';
		const page = `${rule}${link('terminal')}<live-feed id="one" channel="a"></live-feed>`;
		expect(await readGrounds(page)).toEqual({ one: 'rgb(220, 248, 226) on rgb(1, 2, 3)' });
	});
});
