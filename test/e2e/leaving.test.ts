import { describe, expect, it } from 'vitest';
import type { Page } from '../../relay/protocol/event.ts';
import { waitUntilLive, writePage } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';

const CLICKS = 100;

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
		await expect.poll(async () => new Set(await read()).size, { timeout: 5000 }).toBe(CLICKS);
		const found = await read();
		console.log(`${new Set(found).size} of ${CLICKS} clicks arrived, ${found.length - new Set(found).size} doubled`);
		expect(found.toSorted()).toEqual(wanted.toSorted());
	});
});
