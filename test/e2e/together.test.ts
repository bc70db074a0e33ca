// People work a changelog together in real browsers, on the demo's page, while the engine is killed in the middle.
// `FILM=folder` keeps a picture of each step.
import path from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { launch, listBrowsers } from '../reading/browsers.ts';
import { ask } from '../support/ask.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const AUTHOR = ['read', 'publish', 'comment', 'react', 'status:own', 'edit:own'];
const ADMIN = [...AUTHOR, 'status:any'];

let relay: TestRelay;
let browsers: Browser[];
let steps = 0;

beforeAll(async () => {
	const names = listBrowsers();
	[relay, browsers] = await Promise.all([
		startRelay({ vars: { LIVE_FEED_SECRET: SECRET } }),
		Promise.all([launch('chromium'), launch(names.at(-1) ?? 'chromium')]),
	]);
});
afterAll(async () => {
	for (const browser of browsers ?? []) await browser.close();
	await relay?.stop();
});

async function come(browser: Browser, name: string, can: string[]): Promise<Page> {
	const page = await (await browser.createBrowserContext()).newPage();
	await page.goto(`${relay.url}/changelog.html`);
	const token = await sign({ sub: name.toLowerCase(), name, can });
	await page.evaluate((given) => {
		const feed = document.querySelector<LiveFeed>('live-feed');
		if (feed) feed.token = given;
	}, token);
	await page.waitForFunction(() => document.querySelector<LiveFeed>('live-feed')?.connection === 'live');
	return page;
}

async function film(...pages: Page[]): Promise<void> {
	steps++;
	for (const [index, page] of pages.entries()) {
		if (process.env.FILM) await page.screenshot({ path: path.join(process.env.FILM, `${steps}-${index + 1}.png`) });
	}
}

/** Presses a button of the row with a text, once it is there. */
async function press(page: Page, text: string, label: string): Promise<void> {
	await page.locator(`live-feed >>> li.row ::-p-text(${text})`).wait();
	await page.waitForFunction(
		(text, label) => {
			const rows = document.querySelector('live-feed')?.shadowRoot?.querySelectorAll('li.row') ?? [];
			const row = [...rows].find((one) => one.textContent?.includes(text));
			const button = [...(row?.querySelectorAll('button') ?? [])].find(
				(one) => one.textContent?.trim() === label || one.getAttribute('aria-label') === label,
			);
			button?.click();
			return button !== undefined;
		},
		{},
		text,
		label,
	);
}

const shows = (page: Page, text: string, selector: string) =>
	page.waitForFunction(
		(text, selector) => {
			const rows = document.querySelector('live-feed')?.shadowRoot?.querySelectorAll('li.row') ?? [];
			return [...rows].some((row) => row.textContent?.includes(text) && row.querySelector(selector));
		},
		{},
		text,
		selector,
	);

const eventsOf = (page: Page): Promise<FeedEvent[]> =>
	page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events ?? []);

it('two browsers work a changelog through a killed engine and end equal; a third is refused', async () => {
	const [one, other] = browsers as [Browser, Browser]; // both were launched
	const [ada, grace, tim] = await Promise.all([
		come(one, 'Ada', AUTHOR),
		come(other, 'Grace', ADMIN),
		come(one, 'Tim', ['read', 'comment']),
	]);
	await ada.type('[name=text]', 'Logins survive a restart');
	await ada.type('[name=name]', 'Ada');
	await ada.click('.entry button');
	for (const page of [ada, grace, tim]) await shows(page, 'Logins survive', '.status.open');
	await film(ada, grace, tim);

	await press(grace, 'Logins survive', 'Reply');
	await grace.locator('live-feed >>> .answer textarea').fill('On the tablet too?');
	await grace.keyboard.press('Enter');
	await shows(ada, 'Logins survive', '.replies');
	await film(ada, grace, tim);

	const gone = relay.engine?.exited;
	relay.engine?.killEngine();
	await gone;
	// While nobody answers: it waits, and arrives once.
	await press(ada, 'Logins survive', 'Resolve');
	await film(ada, grace, tim);
	await relay.engine?.restart();
	for (const page of [ada, grace, tim]) await shows(page, 'Logins survive', '.status.resolved');
	await film(ada, grace, tim);

	await press(grace, 'Logins survive', 'Reopen');
	for (const page of [ada, grace, tim]) await shows(page, 'Logins survive', '.status.reopened');
	const [entry] = await eventsOf(tim);
	const refusal = await tim.evaluate(async (id) => {
		const feed = document.querySelector<LiveFeed>('live-feed');
		return feed?.change(id, { status: 'cancelled' }).then(String, ({ code }) => code);
	}, entry?.id ?? '');
	expect(refusal).toBe('forbidden');
	await film(ada, grace, tim);

	const token = await sign({ sub: 'ada', can: AUTHOR });
	const { body } = await ask(`${relay.url}/channels/changelog/events`, { headers: bearer(token) });
	const stands = body.events.filter(({ type }: FeedEvent) => type.startsWith('change.'));
	expect(stands).toMatchObject([{ status: 'reopened', statusBy: { actor: { name: 'Grace' } }, replies: { count: 1 } }]);
	for (const page of [ada, grace, tim]) {
		await page.waitForFunction(() => document.querySelector<LiveFeed>('live-feed')?.connection === 'live');
		expect((await eventsOf(page)).filter(({ type }) => type.startsWith('change.'))).toEqual(stands);
	}
});
