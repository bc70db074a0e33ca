// A page that goes and comes back, and one that is idle until the relay sleeps: the feed is complete.
// Knows a browser's back/forward cache and the relay's sleep; never knows how either is told.
import type { LiveFeed } from '../../widget/live-feed.ts';
import { startRelay } from '../support/relay.ts';
import { openPages, post, readTexts, waitUntilLive } from './pages.ts';
import { pause, type ScenarioOptions, type ScenarioResult, until } from './scenario.ts';

/** The engine puts an idle room to sleep after some 14 s. */
const SLEEP_MS = 16_000;

export async function runPageLife({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const relay = await startRelay({ vars: {} });
	// Browsers that are driven have it off unless told otherwise.
	const pages = await openPages({ isWhole: true, ignoreDefaultArgs: ['--disable-back-forward-cache'] });
	const failures: string[] = [];
	try {
		const [journeys, slept] = await Promise.all([travel(), sleep()]);
		return { lines: [journeys, slept], failures };
	} finally {
		await pages.close();
		await relay.stop();
	}

	/** Away and back, with events published while the page is frozen. */
	async function travel(): Promise<string> {
		const channel = 'journey';
		const page = await pages.open(`<live-feed channel="${channel}" relay="${relay.url}"></live-feed>`);
		const home = page.url();
		await page.evaluate(() => {
			const life: boolean[] = [];
			Object.assign(window, { life });
			addEventListener('pageshow', ({ persisted }) => life.push(persisted));
		});
		await waitUntilLive(page);
		const rounds = short ? 3 : 30;
		let persisted = 0;
		for (let round = 1; round <= rounds; round++) {
			await post(relay.url, channel, { text: `before ${round}` });
			await page.goto(`${new URL(home).origin}/elsewhere`);
			await post(relay.url, channel, { text: `away ${round}` });
			// The driver's own way back waits for a load, and a page that was only frozen does not load.
			await page.evaluate(() => void setTimeout(() => history.back()));
			await page.waitForURL(home, { waitUntil: 'commit' });
			await until(() => page.evaluate(() => 'life' in window).catch(() => false), 10_000);
			await post(relay.url, channel, { text: `back ${round}` });
			const life = await page.evaluate(() => (window as unknown as { life?: boolean[] }).life ?? []);
			if (life.length === round && life.every(Boolean)) persisted++;
			const isComplete = await until(async () => (await readTexts(page)).length >= 3 * round, 15_000);
			if (!isComplete) failures.push(`round ${round}: ${(await readTexts(page)).length} events of ${3 * round}`);
		}
		const texts = await readTexts(page);
		const wanted = Array.from({ length: rounds }, (_, n) => [
			`before ${n + 1}`,
			`away ${n + 1}`,
			`back ${n + 1}`,
		]).flat();
		if (texts.join() !== wanted.join()) failures.push(`after ${rounds} journeys: ${texts.join(', ')}`);
		if (persisted < rounds) failures.push(`pageshow.persisted was true ${persisted} of ${rounds} times`);
		return `${rounds} times away and back: persisted ${persisted} times, ${texts.length} of ${wanted.length} events, once and in order`;
	}

	/** Nothing happens until the relay sleeps; then filter, order, limits and receipts are as they were. */
	async function sleep(): Promise<string> {
		const channel = 'sleep';
		const page = await pages.open(`<live-feed channel="${channel}" relay="${relay.url}" types="kept.*"></live-feed>`);
		await waitUntilLive(page);
		await post(relay.url, channel, { type: 'kept.one', text: 'one' });
		await until(async () => (await readTexts(page)).length === 1, 10_000);
		const rounds = short ? 1 : 3;
		let seq = 1;
		for (let round = 1; round <= rounds; round++) {
			await pause(SLEEP_MS);
			await post(relay.url, channel, { type: 'other', text: 'filtered' });
			await post(relay.url, channel, { type: 'kept.two', text: `woken ${round}` });
			seq += 2;
			const outcome = await page.evaluate(async (text) => {
				const feed = document.querySelector<LiveFeed>('live-feed');
				const receipt = await feed?.publish('kept.three', { text });
				const code = await feed?.publish('kept.three', { data: 'x'.repeat(40_000) }).catch((error) => error.code);
				return { seq: receipt?.seq, code };
			}, `answered ${round}`);
			seq += 1;
			if (outcome.seq !== seq) failures.push(`after sleep ${round} the receipt has seq ${outcome.seq}, not ${seq}`);
			if (outcome.code !== 'invalid-event')
				failures.push(`after sleep ${round} an event too large gets ${outcome.code}`);
		}
		const wanted = ['one', ...Array.from({ length: rounds }, (_, n) => [`woken ${n + 1}`, `answered ${n + 1}`]).flat()];
		await until(async () => (await readTexts(page)).length >= wanted.length, 10_000);
		const texts = await readTexts(page);
		if (texts.join() !== wanted.join()) failures.push(`after the sleep: ${texts.join(', ')}`);
		return `${rounds} times ${SLEEP_MS / 1000} s idle, then published: ${texts.length} of ${wanted.length} events of the filter, seq ${seq} as counted, limits in force`;
	}
}
