import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { launch } from '../support/browser.ts';
import { openPage, readRows, waitUntilLive, waitUntilPainted } from '../support/panel.ts';
import { startRelay } from '../support/relay.ts';
import { setStage } from '../support/stage.ts';

const run = promisify(execFile);

describe('what is published', () => {
	const stage = setStage();

	it('with curl is painted in a browser', async () => {
		const { page, errors } = await openPage(
			stage.browser,
			stage.relay.url,
			'<live-feed channel="from-curl"></live-feed>',
		);
		await waitUntilLive(page);
		await run('curl', ['-sS', '--fail', '-d', 'deploy 214 finished', `${stage.relay.url}/channels/from-curl/events`]);
		await waitUntilPainted(page, 'deploy 214 finished');
		expect(errors).toEqual([]);
		await page.close();
	});

	it('by an element is painted in a second browser and arrives in curl', async () => {
		const other = await launch();
		const [{ page }, { page: second }] = await Promise.all([
			openPage(stage.browser, stage.relay.url, '<live-feed channel="by-element"></live-feed>'),
			openPage(other, stage.relay.url, '<live-feed channel="by-element"></live-feed>'),
		]);
		await Promise.all([waitUntilLive(page), waitUntilLive(second)]);
		const curl = spawn('curl', [
			'-sSN',
			'-H',
			'accept: text/event-stream',
			`${stage.relay.url}/channels/by-element/events`,
		]);
		let output = '';
		const arrived = new Promise<void>((resolve, reject) => {
			curl.stdout.on('data', (chunk: Buffer) => {
				output += chunk.toString();
				if (output.includes('Ada was here')) resolve();
			});
			curl.once('exit', () => reject(new Error(`curl ended: ${output}`)));
		});
		const receipt = await page.evaluate(() =>
			document.querySelector<LiveFeed>('live-feed')?.publish('visit', { text: 'Ada was here', actor: { name: 'Ada' } }),
		);
		expect(receipt).toMatchObject({ seq: 1, duplicate: false });
		await Promise.all([waitUntilPainted(page, 'Ada was here'), waitUntilPainted(second, 'Ada was here'), arrived]);
		curl.removeAllListeners('exit');
		curl.kill();
		expect(output).toContain(`id: ${receipt?.id}\ndata: {`);
		await other.close();
		await page.close();
	});

	it('reaches two panels on one page, each its own channel, in its own order and density', async () => {
		const { page, errors } = await openPage(
			stage.browser,
			stage.relay.url,
			`<live-feed channel="left" heading="Left"></live-feed>
			<live-feed channel="right" order="newest-last" density="compact"></live-feed>`,
		);
		await waitUntilLive(page);
		for (const channel of ['left', 'right']) {
			const lines = [1, 2, 3].map((n) => JSON.stringify({ text: `${channel} ${n}` })).join('\n');
			await run('curl', [
				'-sS',
				'--fail',
				'-H',
				'content-type: application/x-ndjson',
				'--data-binary',
				lines,
				`${stage.relay.url}/channels/${channel}/events`,
			]);
		}
		await waitUntilPainted(page, 'left 3', 0);
		await waitUntilPainted(page, 'right 3', 1);
		expect(await readRows(page, 0)).toEqual(['left 3', 'left 2', 'left 1']);
		expect(await readRows(page, 1)).toEqual(['right 1', 'right 2', 'right 3']);
		expect(errors).toEqual([]);
		await page.close();
	});

	it('is still there after the relay was restarted, and the open panel goes on by itself', async () => {
		const own = await startRelay({ vars: { LIVE_FEED_KEEP_ENTRIES: '10000' } });
		const { page } = await openPage(stage.browser, own.url, '<live-feed channel="restarted"></live-feed>');
		await waitUntilLive(page);
		const publish = (text: string) =>
			run('curl', ['-sS', '--fail', '-d', text, `${own.url}/channels/restarted/events`]);
		await publish('before the restart');
		await waitUntilPainted(page, 'before the restart');
		await own.engine?.restart();
		await publish('after the restart');
		await waitUntilPainted(page, 'after the restart');
		const { page: later } = await openPage(stage.browser, own.url, '<live-feed channel="restarted"></live-feed>');
		await waitUntilPainted(later, 'after the restart');
		const expected = ['after the restart', 'before the restart'];
		expect(await readRows(page)).toEqual(expected);
		expect(await readRows(later)).toEqual(expected);
		await page.close();
		await later.close();
		await own.stop();
	});

	it('says in a page opened from a file how to open it instead', async () => {
		const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-file-'));
		const file = path.join(folder, 'page.html');
		await writeFile(
			file,
			`<!doctype html><meta charset="utf-8"><script type="module" src="${stage.relay.url}/live-feed.js"></script><live-feed channel="from-file"></live-feed>`,
		);
		const page = await stage.browser.newPage();
		await page.goto(pathToFileURL(file).href);
		// Playwright's selectors look into shadow trees.
		await page.locator('live-feed .note', { hasText: 'Open it by http' }).waitFor();
		await page.close();
		await rm(folder, { recursive: true });
	});
});
