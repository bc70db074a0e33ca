// Who is here, in real browsers: seen to come, to go, and to be missed.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.ts';
import { openPage, waitUntilLive } from '../support/panel.ts';
import { patience } from '../support/slowness.ts';
import { type Stage, setStage } from '../support/stage.ts';

const panel = (channel: string, attributes = 'compose') => `<live-feed channel="${channel}" ${attributes}></live-feed>`;

/** What the header says of who is here; undefined where it says nothing. */
const readHere = (page: Page) =>
	page.evaluate(() => document.querySelector('live-feed')?.shadowRoot?.querySelector('.here')?.textContent?.trim());
/** The quiet lines and the rows, from the top, without what isolates names. */
const readLines = (page: Page) =>
	page.evaluate(() =>
		[...(document.querySelector('live-feed')?.shadowRoot?.querySelectorAll('.moves, .row .text') ?? [])].map((line) =>
			(line.textContent ?? '').replace(/[\u2068\u2069]/g, '').trim(),
		),
	);
const until = (page: Page, here: string | undefined, timeout = patience(20_000)) =>
	expect.poll(() => readHere(page), { timeout }).toBe(here);

async function open(where: Stage, channel: string, name = '', attributes?: string, browser: Browser = where.browser) {
	const context = await browser.newContext();
	await context.addInitScript((called) => {
		if (called) localStorage['live-feed name'] = called;
	}, name);
	const opened = await openPage(context, where.relay.url, panel(channel, attributes));
	await waitUntilLive(opened.page);
	return { context, ...opened };
}

const publish = (relay: string, channel: string, text: string) =>
	fetch(`${relay}/channels/${channel}/events`, { method: 'POST', body: text });

describe('people', () => {
	const stage = setStage();
	let other: Browser;

	beforeAll(async () => {
		other = await launch();
	});
	afterAll(async () => {
		await other?.close();
	});

	it('see each other join and leave, and three tabs of one of them are one', async () => {
		const channel = 'people';
		await publish(stage.relay.url, channel, 'first');
		const ada = await open(stage, channel, 'Ada');
		await until(ada.page, '1 here');
		const tim = await open(stage, channel, 'Tim', 'compose', other);
		await until(tim.page, '2 here');
		await until(ada.page, '2 here');
		await expect.poll(() => readLines(ada.page)).toEqual(['Tim joined', 'first']);
		// Two more tabs of his, and a reload, are nobody else.
		for (const _ of [1, 2]) {
			const { page } = await openPage(tim.context, stage.relay.url, panel(channel));
			await until(page, '2 here');
		}
		await tim.page.reload();
		await until(tim.page, '2 here');
		await ada.page.click('.here');
		const readNames = () =>
			ada.page.evaluate(() =>
				[...(document.querySelector('live-feed')?.shadowRoot?.querySelectorAll('.people .name') ?? [])].map(
					(one) => one.textContent,
				),
			);
		await expect.poll(readNames).toEqual(['Ada', 'Tim']);
		await expect.poll(() => readLines(ada.page)).toEqual(['Tim joined', 'first']);
		await publish(stage.relay.url, channel, 'second');
		await tim.context.close();
		await until(ada.page, '1 here');
		await expect.poll(() => readLines(ada.page)).toEqual(['Tim left', 'second', 'Tim joined', 'first']);
		const unread = await ada.page.evaluate(() => document.querySelector('live-feed')?.unread);
		expect(unread).toBeLessThan(2);
		expect([...ada.errors, ...tim.errors]).toEqual([]);
		await ada.context.close();
	});

	it('are not announced by a panel that only reads, nor by one that is told not to', async () => {
		const channel = 'shy';
		await publish(stage.relay.url, channel, 'first');
		const known = await open(stage, channel, '', 'presence');
		await until(known.page, '1 here');
		const reader = await open(stage, channel, 'Eve', '');
		const told = await open(stage, channel, 'Eve', 'compose no-presence');
		expect(
			await reader.page.evaluate(() => Object.keys(localStorage).filter((name) => name.includes('author'))),
		).toEqual([]);
		const last = await open(stage, channel, 'Tim');
		await until(known.page, '2 here');
		expect([await readHere(reader.page), await readHere(told.page)]).toEqual([undefined, undefined]);
		await last.page.evaluate(() => document.querySelector('live-feed')?.setAttribute('no-presence', ''));
		await until(known.page, '1 here');
		await until(last.page, undefined);
		for (const { context, errors } of [known, reader, told, last]) {
			expect(errors).toEqual([]);
			await context.close();
		}
	});

	it('whose browser is killed are gone', async () => {
		const channel = 'killed';
		await publish(stage.relay.url, channel, 'first');
		const ada = await open(stage, channel, 'Ada');
		const victim = await launch({ handleSIGTERM: false });
		const tim = await open(stage, channel, 'Tim', 'compose', victim);
		await until(ada.page, '2 here');
		const { pid } = await findProcess(victim, tim.page);
		process.kill(pid, 'SIGKILL');
		await until(ada.page, '1 here', 40_000);
		await expect.poll(() => readLines(ada.page)).toContain('Tim left');
		await ada.context.close();
	});
});

/** Of the browser itself: with it goes all that it has started. */
async function findProcess(browser: Browser, page: Page): Promise<{ pid: number }> {
	const session = await page.context().browser()?.newBrowserCDPSession();
	if (!session) throw new Error(`Expected ${browser.version()} to have a session of its own.`);
	const { processInfo } = await session.send('SystemInfo.getProcessInfo');
	const main = processInfo.find(({ type }) => type === 'browser');
	if (!main) throw new Error('Expected the browser to name its own process.');
	return { pid: main.id };
}
