// Drafts handed in offline arrive once and in order, although the page is reloaded or closed, with another tab open.
// Knows two tabs of one origin; never knows where a browser keeps what it keeps.
import type { Page } from 'playwright-core';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { startRelay } from '../support/relay.ts';
import { openPages, post, readHistory, readTexts, waitUntilLive } from './pages.ts';
import { startProxy } from './proxy.ts';
import { type ScenarioOptions, type ScenarioResult, until } from './scenario.ts';

const LEAVINGS = ['reload', 'close'] as const;

export async function runOutbox({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const failures: string[] = [];
	const relay = await startRelay({ vars: {} });
	const proxy = await startProxy(Number(new URL(relay.url).port));
	const pages = await openPages();
	const rounds = short ? 2 : 20;
	let stored = 0;
	try {
		for (let round = 0; round < rounds; round++) {
			const channel = `outbox-${round}`;
			const leaving = LEAVINGS[round % 2] as (typeof LEAVINGS)[number]; // there are two
			const body = `<live-feed channel="${channel}" relay="${proxy.url}"></live-feed>`;
			const [one, other] = [await pages.open(body), await pages.open(body)];
			await Promise.all([waitUntilLive(one), waitUntilLive(other)]);
			await proxy.closePort();
			proxy.cut('reset');
			await waitUntilOffline(one);
			await waitUntilOffline(other);
			await one.evaluate(() => {
				const feed = document.querySelector<LiveFeed>('live-feed');
				for (const n of [1, 2, 3]) void feed?.publish('message', { text: `offline ${n}` });
			});
			if (leaving === 'reload') await one.reload();
			else await one.close();
			await proxy.openPort();
			await other.evaluate(() => void window.dispatchEvent(new Event('online')));
			const wanted = ['offline 1', 'offline 2', 'offline 3'];
			await until(async () => (await readHistory(relay.url, channel)).length >= 3, 30_000);
			// Whatever either tab still sends comes before this.
			for (const page of leaving === 'reload' ? [one, other] : [other]) await waitUntilLive(page);
			await other.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.publish('message', { text: 'after' }));
			await post(relay.url, channel, { text: 'last' });
			await until(async () => (await readTexts(other)).includes('last'), 10_000);
			const history = await readHistory(relay.url, channel);
			const seen = await readTexts(other);
			for (const [who, texts] of [
				['history', history],
				['the other tab', seen],
			] as const)
				if (texts.join() !== [...wanted, 'after', 'last'].join())
					failures.push(`${leaving}: ${who} has ${texts.join(', ')}`);
			// What was seen is kept beside the drafts.
			const isDraft = (name: string) => !name.startsWith('live-feed seen ');
			const isEmpty = await until(
				async () => !(await other.evaluate(() => Object.keys(localStorage))).some(isDraft),
				10_000,
			);
			if (!isEmpty) failures.push(`${leaving}: the browser still keeps drafts`);
			stored += history.filter((text) => text.startsWith('offline')).length;
			if (!one.isClosed()) await one.close();
			await other.close();
		}
	} finally {
		await pages.close();
		await proxy.stop();
		await relay.stop();
	}
	const line = `${rounds * 3} drafts handed in offline, the tab reloaded or closed, another one open: ${stored} stored, once and in order`;
	return { lines: [line], failures };
}

async function waitUntilOffline(page: Page): Promise<void> {
	await page.waitForFunction(() => document.querySelector<LiveFeed>('live-feed')?.connection === 'offline');
}
