// Work on events as people do it, with the built script: each with a token that says what he may. A real relay with a secret, in Chromium.
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeDraft, Draft } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { ask } from '../support/ask.ts';
import { createChannelName } from '../support/conversation.ts';
import { openPage } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const AUTHOR = ['read', 'publish', 'comment', 'react', 'status:own', 'edit:own', 'remove:own'];
const ADMIN = [...AUTHOR, 'status:any', 'moderate'];

describe('work on events', () => {
	const stage = setStage({ vars: { LIVE_FEED_SECRET: SECRET } });
	let contexts: BrowserContext[] = [];
	let channel: string;
	beforeEach(() => {
		channel = createChannelName('work');
	});
	afterEach(async () => {
		for (const context of contexts.splice(0)) await context.close();
	});

	/** Somebody's panel, in a browser of his own. */
	async function come(name: string, can: readonly string[], attributes = ''): Promise<Page> {
		const context = await stage.browser.newContext();
		contexts = [...contexts, context];
		const token = await sign({ sub: name.toLowerCase(), name, can: [...can] });
		const body = `<live-feed channel="${channel}" token="${token}" ${attributes}></live-feed>`;
		const { page } = await openPage(context, stage.relay.url, body);
		await page.waitForFunction(() => document.querySelector<LiveFeed>('live-feed')?.connection === 'live');
		return page;
	}

	/** What somebody publishes by another way. */
	async function tell(name: string, draft: Draft | ChangeDraft): Promise<string> {
		const token = await sign({ sub: name.toLowerCase(), name, can: ADMIN });
		const { status, body } = await ask(`${stage.relay.url}/channels/${channel}/events`, {
			method: 'POST',
			headers: { ...bearer(token), 'content-type': 'application/json' },
			body: JSON.stringify(draft),
		});
		expect([200, 201]).toContain(status);
		return body.id;
	}

	const find = (page: Page, selector: string) => page.locator(`live-feed ${selector}`);
	const row = (page: Page, text: string) => find(page, `li.row[data-seq]:has-text("${text}")`);

	it('lets an author and an admin change a status, and nobody else; all see it at once', async () => {
		await tell('Ada', { type: 'change.fix', text: 'Logins survive', status: 'open' });
		const [ada, grace, tim] = await Promise.all([come('Ada', AUTHOR), come('Grace', ADMIN), come('Tim', AUTHOR)]);
		await row(tim, 'Logins').locator('.status.open').waitFor();
		await row(tim, 'Logins').locator('.acts .onto').first().waitFor({ state: 'attached' });
		expect(await row(tim, 'Logins').locator('.entry-acts').count()).toBe(0);
		await row(ada, 'Logins').locator('.entry-acts button:has-text("Resolve")').click();
		for (const page of [ada, grace, tim]) await row(page, 'Logins').locator('.status.resolved').waitFor();
		await row(grace, 'Logins').locator('.entry-acts button:has-text("Reopen")').click();
		for (const page of [ada, grace, tim])
			await row(page, 'Logins').locator('.since:has-text("by Grace, now")').waitFor();
	});

	it('comments in a thread that others have open', async () => {
		await tell('Ada', { type: 'change.fix', text: 'Logins survive', status: 'open' });
		const [ada, tim] = await Promise.all([come('Ada', AUTHOR), come('Tim', ['read', 'comment'])]);
		await row(tim, 'Logins').hover();
		await row(tim, 'Logins').locator('[aria-label=Reply]').click();
		// His token says who he is: no name is asked for.
		expect(await find(tim, '.name-field').count()).toBe(0);
		await find(tim, '.answer textarea').fill('Not on the tablet, @ada');
		await find(tim, '.answer textarea').press('Enter');
		await find(tim, '.reply:has-text("Not on the tablet")').waitFor();
		await row(ada, 'Logins').locator('.replies:has-text("1 reply")').click();
		await find(ada, '.reply:has-text("Tim")').locator('.me').waitFor();
		await find(ada, '.answer textarea').fill('Now it does');
		await find(ada, '.answer textarea').press('Enter');
		await find(tim, '.reply:has-text("Now it does")').waitFor();
	});

	it('counts reactions of different people once each, and shows each his own', async () => {
		await tell('Ada', { type: 'message', text: 'It works' });
		const [ada, tim] = await Promise.all([come('Ada', AUTHOR), come('Tim', AUTHOR)]);
		const signs = find(ada, '.picker .sign-button');
		// What answers the key may still be on its way.
		const press = async () => {
			if ((await signs.count()) === 0) {
				await row(ada, 'It works').focus();
				await ada.keyboard.press('e');
			}
			return signs.count();
		};
		await expect.poll(press, { interval: 1000 }).toBeGreaterThan(0);
		await find(ada, '.picker .sign-button:has-text("🎉")').press('Enter');
		await row(tim, 'It works').locator('.reaction[aria-pressed=false]:has-text("1")').click();
		for (const page of [ada, tim])
			await row(page, 'It works').locator('.reaction[aria-pressed=true]:has-text("2")').waitFor();
		await ada.reload();
		await row(ada, 'It works').locator('.reaction[aria-pressed=true]:has-text("2")').waitFor();
	});

	it('edits, pins and removes, and leaves nothing of what was removed', async () => {
		await tell('Ada', { type: 'message', text: 'A first thought' });
		const [ada, grace] = await Promise.all([come('Ada', AUTHOR), come('Grace', ADMIN)]);
		const press = async (page: Page, text: string, label: string) => {
			await row(page, text).hover();
			await row(page, text).locator('.acts .menu').click();
			await row(page, text).locator(`.drawer button:has-text("${label}")`).click();
		};
		await press(ada, 'A first thought', 'Edit');
		await find(ada, '.editor textarea').fill('A second thought');
		await find(ada, '.editor textarea').press('Enter');
		await row(grace, 'A second thought').locator('.edited').click();
		await row(grace, 'A second thought').locator('.texts:has-text("A first thought")').waitFor();
		await press(grace, 'A second thought', 'Pin');
		await row(ada, 'A second thought').locator('.mark:has-text("Pinned")').waitFor();
		await press(grace, 'A second thought', 'Remove');
		await row(grace, 'A second thought').locator('.drawer .danger').click();
		await find(ada, '.row-removed:has-text("Removed by Grace")').waitFor();
		expect(await ada.locator('live-feed').evaluate((feed) => feed.shadowRoot?.textContent)).not.toContain('thought');
	});

	it('writes at the foot, and keeps a draft across a reload', async () => {
		const page = await come('Ada', AUTHOR, 'compose');
		const field = find(page, '.panel > .composer textarea');
		await field.fill('Half a');
		await page.reload();
		await page.waitForFunction(() => document.querySelector<LiveFeed>('live-feed')?.connection === 'live');
		expect(await field.inputValue()).toBe('Half a');
		await field.pressSequentially(' sentence');
		await field.press('End');
		await field.press('Enter');
		await row(page, 'sentence').waitFor();
		expect(await field.inputValue()).toBe('');
		await page.reload();
		await row(page, 'sentence').waitFor();
		expect(await field.inputValue()).toBe('');
	});

	it('says to whom may only read that he can not write', async () => {
		await tell('Ada', { type: 'message', text: 'It works' });
		const page = await come('Tim', ['read'], 'compose');
		await find(page, 'p.composer:has-text("You can read here")').waitFor();
		expect(await find(page, 'textarea, .acts .menu').count()).toBe(0);
	});
});
