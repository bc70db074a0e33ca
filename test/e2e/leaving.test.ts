import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page as BrowserPage } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../../relay/protocol/event.ts';
import { type BrowserName, launch, listBrowsers } from '../reading/browsers.ts';
import { openWatched, type Site, startSite } from '../security/site.ts';
import { isLong } from '../support/form.ts';
import { waitUntilLive, writePage } from '../support/panel.ts';
import { readPolicy } from '../support/readme.ts';
import { ROOT } from '../support/sources.ts';
import { setStage } from '../support/stage.ts';

const CLICKS = isLong ? 100 : 6;
const DECLARED = isLong ? 100 : 3;

describe('a page that is being left', () => {
	const stage = setStage();

	it(`publishes a click on a real link before it is gone, ${CLICKS} of ${CLICKS}`, async () => {
		// Half of the clicks come as soon as the link can be pressed, before the panel is connected.
		const body = `<live-feed channel="clicks" history="0"></live-feed><a href="/elsewhere">Leave</a>
			<script type="module">
				const feed = document.querySelector('live-feed');
				document.querySelector('a').addEventListener('click', () => {
					feed.publish('link.click', { text: 'click #' });
				});
				document.documentElement.dataset.ready = '';
			</script>`;
		const page = await stage.browser.newPage();
		for (let n = 1; n <= CLICKS; n++) {
			await writePage(page, stage.relay.url, body.replace('click #', `click ${n}`));
			if (n % 2 === 0) await waitUntilLive(page);
			else await page.waitForSelector('html[data-ready]', { state: 'attached' });
			await Promise.all([page.waitForURL(/elsewhere$/), page.click('a')]);
		}
		const wanted = Array.from({ length: CLICKS }, (_, index) => `click ${index + 1}`);
		const read = async () => {
			const response = await fetch(`${stage.relay.url}/channels/clicks/events?after=0&limit=1000`);
			const { events } = (await response.json()) as Page;
			return events.map(({ text }) => text ?? '');
		};
		// The last one may still be on its way.
		await expect.poll(async () => new Set(await read()).size).toBe(CLICKS);
		const found = await read();
		console.log(`${new Set(found).size} of ${CLICKS} clicks arrived, ${found.length - new Set(found).size} doubled`);
		expect(found.toSorted()).toEqual(wanted.toSorted());
	});

	describe('by what its markup declares', () => {
		let site: Site;
		let policy: string;
		beforeAll(async () => {
			site = await startSite();
			policy = readPolicy()
				.replaceAll('wss://relay.example.org', stage.relay.url.replace('http', 'ws'))
				.replaceAll('https://relay.example.org', stage.relay.url)
				.replace("form-action 'none'", "form-action 'self'")
				.replace('img-src https:', 'img-src data:'); // the icon
		});
		afterAll(() => site?.close());

		/** Opens a page with the script and this body, under the policy of README.md. */
		const open = (browser: Awaited<ReturnType<typeof launch>>, body: string) =>
			openWatched(
				browser,
				site.addPage(
					`<!doctype html><html lang="en"><meta charset="utf-8"><title>Declared</title><link rel="icon" href="data:,"><script type="module" src="${stage.relay.url}/live-feed.js"></script>${body}`,
					{ 'content-security-policy': policy },
				),
				[''],
			);
		const read = async (channel: string) => {
			const response = await fetch(`${stage.relay.url}/channels/${channel}/events?after=0&limit=1000`);
			return ((await response.json()) as Page).events;
		};
		/** Resolves once what publishes is loaded, by a press of its own that is cancelled. */
		const waitForPart = (page: BrowserPage) =>
			page.waitForFunction(() => {
				const probe = document.createElement('i');
				probe.dataset.liveFeedPublish = 'probe';
				probe.dataset.liveFeedChannel = 'probe';
				let isHeard = false;
				probe.addEventListener('live-feed-publish', (event) => {
					isHeard = true;
					event.preventDefault();
				});
				document.body.append(probe);
				probe.click();
				probe.remove();
				return isHeard;
			});
		/** From the moment when the script is there to the moment when that part is; milliseconds. */
		const measureWindow = (page: BrowserPage) =>
			page.evaluate(() => {
				const ends = (what: RegExp) =>
					performance.getEntriesByType('resource').find(({ name }) => what.test(name)) as PerformanceResourceTiming; // it is here
				return Math.round(ends(/markup-/).responseEnd - ends(/live-feed\.js/).responseEnd);
			});
		const LINK = 'href="/elsewhere" data-live-feed-publish="link.click"';
		/** A link over a line of its own, one over a panel's, and a form. */
		const KINDS = [
			(channel: string, text: string) =>
				`<a id="go" ${LINK} data-live-feed-channel="${channel}" data-live-feed-text="${text}">Leave</a>`,
			(channel: string, text: string) =>
				`<a id="go" ${LINK} data-live-feed-text="${text}">Leave</a><live-feed channel="${channel}" history="0"></live-feed>`,
			(channel: string, text: string) =>
				`<form action="/elsewhere" data-live-feed-publish="sent" data-live-feed-channel="${channel}" data-live-feed-text="${text}"><button id="go">Send</button></form>`,
		];

		it.each(listBrowsers())(
			`publishes ${DECLARED} of ${DECLARED} links and forms that navigate, in %s`,
			async (name: BrowserName) => {
				const browser = await launch(name);
				const channel = `declared-${name}`;
				const windows: number[] = [];
				try {
					for (let n = 1; n <= DECLARED; n++) {
						const kind = KINDS[n % KINDS.length] as (typeof KINDS)[number];
						const { page, readCaught } = await open(browser, kind(channel, `click ${n}`));
						await waitForPart(page);
						windows.push(await measureWindow(page));
						expect((await readCaught()).violations).toEqual([]);
						await Promise.all([page.waitForNavigation(), page.click('#go')]);
						expect(page.url()).toMatch(/elsewhere\??$/);
						await page.close();
					}
					const texts = async () => (await read(channel)).map(({ text }) => text ?? '');
					await expect.poll(async () => new Set(await texts()).size).toBe(DECLARED);
					const found = await texts();
					console.log(
						`${name}: ${new Set(found).size} of ${DECLARED} declared clicks arrived, ${found.length - DECLARED} doubled; its part came ${windows.toSorted((a, b) => a - b)[DECLARED / 2]} ms after the script, ${Math.max(...windows)} at the most`,
					);
					expect(found).toHaveLength(DECLARED);
				} finally {
					await browser.close();
				}
			},
			600_000,
		);

		it('keeps what is pressed before the part that publishes is there', async () => {
			const page = await stage.browser.newPage();
			let release = () => {};
			const held = new Promise<void>((resolve) => {
				release = resolve;
			});
			await page.route(/markup-/, async (route) => {
				await held;
				await route.continue();
			});
			const asked = page.waitForRequest(/markup-/);
			await writePage(
				page,
				stage.relay.url,
				`<div data-live-feed-channel="early"><button data-live-feed-publish="first">1</button>
				<form data-live-feed-publish="second" data-live-feed-fields="word"><input name="word"><button id="send">2</button></form></div>`,
			);
			await page.evaluate(() => document.addEventListener('submit', (event) => event.preventDefault()));
			await asked;
			await page.click('button');
			await page.fill('input', 'hello');
			await page.click('#send');
			expect(await read('early')).toEqual([]);
			release();
			await expect.poll(async () => (await read('early')).map(({ type }) => type)).toEqual(['first', 'second']);
			expect((await read('early')).at(1)?.data).toEqual({ word: 'hello' });
			await page.close();
		});

		it('does what README.md shows, and its table has every attribute that is read', async () => {
			const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
			const [, example = ''] = /^```html\n((?:(?!```)[\s\S])*data-live-feed-publish[\s\S]*?)^```$/m.exec(readme) ?? [];
			const browser = await launch('chromium');
			try {
				for (const selector of ['a', 'button']) {
					const page = await browser.newPage();
					await page.goto(site.addPage(`<!doctype html>${example.replace('http://localhost:1999', stage.relay.url)}`));
					await waitForPart(page);
					await page.type('[name=topic]', 'lit');
					await page.type('[name=email]', 'ada@example.org');
					await Promise.all([page.waitForNavigation(), page.click(selector)]);
					await page.close();
				}
				await expect.poll(async () => (await read('visits')).length).toBe(2);
				const [click, search] = await read('visits');
				expect(click).toMatchObject({ type: 'link.click', text: 'opened the guide' });
				expect(search).toMatchObject({ type: 'search', level: 'success', data: { topic: 'lit' } });
				for (const event of [click, search])
					expect(JSON.stringify(event)).not.toMatch(/email|ada@|Guide|\/guide|127\.0\.0\.1|Mozilla/);
			} finally {
				await browser.close();
			}
			const code = ['markup', 'markup-draft', 'markup-channel']
				.map((name) => readFileSync(path.join(ROOT, 'widget', `${name}.ts`), 'utf8'))
				.join('\n');
			const known = [...code.matchAll(/\b(?:read|find)\('([\w-]+)'\)/g)].map(([, name]) => `data-live-feed-${name}`);
			const listed = [...readme.matchAll(/^\| `(data-live-feed-[\w-]+)` \|/gm)].map(([, name]) => name);
			expect(listed.toSorted()).toEqual(known.toSorted());
		});

		it.each(listBrowsers())(
			'takes real presses by mouse and keyboard for one event each, in %s',
			async (name: BrowserName) => {
				const browser = await launch(name);
				const channel = `pressed-${name}`;
				try {
					const { page, readCaught } = await open(
						browser,
						`<div data-live-feed-channel="${channel}">
						<p data-live-feed-publish="label"><label id="label">Agree <input type="checkbox"></label></p>
						<a id="link" href="#here" data-live-feed-publish="link">Here</a>
						<a id="tab" href="/elsewhere" data-live-feed-publish="tab">There</a>
						<form id="form" data-live-feed-publish="form" data-live-feed-fields="word"><input id="word" name="word"></form>
						<form id="twice" data-live-feed-publish="twice"><button id="send">Send</button></form>
						<button disabled data-live-feed-publish="disabled" id="disabled">No</button>
						<button data-live-feed-publish="quick" id="quick">Quick</button></div>`,
					);
					await waitForPart(page);
					await page.evaluate(() => document.addEventListener('submit', (event) => event.preventDefault()));
					await page.click('#label');
					await page.focus('#link');
					await page.keyboard.press('Enter');
					await page.click('#tab', { button: 'middle' });
					await page.type('#word', 'hello');
					await page.keyboard.press('Enter');
					await page.keyboard.press('Enter');
					await page.click('#send', { count: 2 });
					await page.click('#disabled');
					await page.click('#quick', { count: 2 });
					await expect.poll(async () => (await read(channel)).filter(({ type }) => type === 'quick').length).toBe(2);
					expect((await read(channel)).map(({ type }) => type)).toEqual([
						...['label', 'link', 'tab', 'form', 'form', 'twice', 'quick', 'quick'],
					]);
					expect((await readCaught()).violations).toEqual([]);
				} finally {
					await browser.close();
				}
			},
		);
	});
});
