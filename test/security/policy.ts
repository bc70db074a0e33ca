// Every feature of the panel in a page with the strictest policy that it needs: nothing of it is violated.
// Knows the policy, features and what a browser reports; never knows how a feature is made.
import type { Page } from 'puppeteer-core';
import { TRANSPORT_MEMORY } from '../../widget/client/transport.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { until } from '../faults/scenario.ts';
import type { ReadingScenario } from '../reading/scenario.ts';
import { readPolicy } from '../support/readme.ts';
import { startRelay } from '../support/relay.ts';
import { openWatched, startSite } from './site.ts';

const LONG = Array.from({ length: 12 }, (_, line) => `line ${line + 1}`).join('\n');

export const runPolicy: ReadingScenario = async ({ browser }) => {
	const relay = await startRelay({ vars: {} });
	/** Nobody may read there without a token. */
	const secured = await startRelay({ vars: { LIVE_FEED_SECRET: 'x'.repeat(40) } });
	const site = await startSite();
	const failures: string[] = [];
	const features: string[] = [];
	const describePolicy = (url: string) =>
		readPolicy()
			.replaceAll('wss://relay.example.org', url.replace('http', 'ws'))
			.replaceAll('https://relay.example.org', url)
			// As tight as the pictures allow.
			.replace('img-src https:', `img-src ${site.origin}`);
	const policy = describePolicy(relay.url);
	const channels = `${relay.url}/channels`;
	const publish = async (channel: string, drafts: readonly object[]) => {
		const answer = await fetch(`${channels}/${channel}/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(drafts),
		});
		if (answer.status !== 201) throw new Error(await answer.text());
	};
	const rows = Array.from({ length: 120 }, (_, i) => ({
		text: `row ${i + 1} by @ada: \`npm test\` at https://a.example/${i}`,
		url: 'https://ci.example/214',
		level: ['info', 'success', 'warning', 'error', 'debug'][i % 5],
		actor: { id: `u${i % 3}`, name: 'Ada', image: `${site.origin}/picture/${i % 3}.gif`, color: '#aa3300' },
		data: { run: i, ok: [true, null] },
		at: Date.now() - 3600_000 * i,
	}));
	await publish('whole', [...rows, { text: LONG }]);
	await publish(
		'bot',
		Array.from({ length: 5 }, () => ({ type: 'ping', text: 'ping', actor: { id: 'b', kind: 'bot' } })),
	);

	/** A page with this body under the policy; `use` does what a reader or a page would. */
	const visit = async (
		name: string,
		body: string,
		use: (page: Page) => Promise<void>,
		{ hash = '', url = relay.url } = {},
	) => {
		const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Strict</title><link rel="stylesheet" href="${url}/live-feed/themes/newsroom.css"><script type="module" src="${url}/live-feed.js"></script>${body}`;
		const address = site.addPage(html, { 'content-security-policy': describePolicy(url) });
		const { page, readCaught } = await openWatched(browser, address + hash, ['']);
		try {
			await use(page);
			features.push(name);
		} catch (error) {
			failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
		}
		const { violations, scripts } = await readCaught();
		failures.push(...[...violations, ...scripts].map((what) => `${name}: ${what}`));
		await page.close();
	};
	const find = (page: Page, selector: string, nth = 0) =>
		until(
			() =>
				page.evaluate(
					(which, index) => {
						const feed = document.querySelectorAll('live-feed')[index];
						return Boolean(feed?.shadowRoot?.querySelector(which));
					},
					selector,
					nth,
				),
			15_000,
		).then((found) => {
			if (!found) throw new Error(`there is no ${selector}`);
		});
	const press = async (page: Page, selector: string) => {
		await find(page, selector);
		await page.evaluate((which) => {
			document
				.querySelector('live-feed')
				?.shadowRoot?.querySelector(which)
				?.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true }));
		}, selector);
	};
	const waitFor = async (page: Page, what: string, isSo: () => boolean) => {
		if (!(await until(() => page.evaluate(isSo), 15_000))) throw new Error(`not ${what}`);
	};
	const isLive = () =>
		[...document.querySelectorAll<LiveFeed>('live-feed')].every(({ connection }) => connection === 'live');

	try {
		await visit(
			'rows, pictures, links, themes',
			'<live-feed channel="whole" heading="Whole" count-in-title></live-feed>',
			async (page) => {
				await find(page, '.avatar img');
				await find(page, '.text a');
				await find(page, '.meta a');
				await find(page, '.pulse');
				// The sheet was let in, by which a violation is told from one that nobody tried.
				await waitFor(page, 'in the theme', () => {
					const section = document.querySelector('live-feed')?.shadowRoot?.querySelector('section');
					return (
						section !== null &&
						section !== undefined &&
						getComputedStyle(section).backgroundColor === 'rgb(255, 253, 248)'
					);
				});
				await press(page, '.data');
				await find(page, 'pre');
				await press(page, '.row-long .more');
				await find(page, '.row-expanded');
				await press(page, '.act');
				await press(page, '[data-seq]');
				await find(page, '.row-selected');
				features.push('data unfolded', 'long text', 'copy link', 'selection');
				await page.evaluate(() => {
					const root = document.querySelector('live-feed')?.shadowRoot;
					root
						?.querySelector('[data-seq]')
						?.dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true, composed: true }));
				});
				await find(page, 'dialog[open]');
				await page.evaluate(() =>
					document.querySelector('live-feed')?.shadowRoot?.querySelector<HTMLElement>('dialog .button')?.click(),
				);
				features.push('keys dialog');
				await page.evaluate(() =>
					document.querySelector('live-feed')?.shadowRoot?.querySelector('.list')?.scrollTo(0, 1500),
				);
				await publish('whole', [{ text: 'new while away' }]);
				await press(page, '.pill');
				features.push('pill');
				await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.loadOlder());
				await waitFor(
					page,
					'older rows',
					() => (document.querySelector<LiveFeed>('live-feed')?.events.length ?? 0) > 60,
				);
				features.push('history');
				await page.evaluate(() => {
					const pulse = document.querySelector('live-feed')?.shadowRoot?.querySelector('.pulse');
					pulse?.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, clientX: 10 }));
					pulse?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
				});
				features.push('pulse');
				await press(page, '.tool');
				await publish('whole', [{ text: 'while paused' }]);
				await waitFor(page, 'paused', () => document.querySelector<LiveFeed>('live-feed')?.paused === true);
				await press(page, '.tool');
				features.push('pause');
				await page.pdf();
				features.push('print');
			},
		);
		await visit('folds', '<live-feed channel="bot"></live-feed>', async (page) => {
			await press(page, '.fold');
			await find(page, '.row-inside');
		});
		await visit(
			'Arabic, compact, newest last',
			'<live-feed lang="ar" dir="rtl" channel="whole" density="compact" order="newest-last"></live-feed>',
			async (page) => {
				await waitFor(page, 'in Arabic', () =>
					/[\u0600-\u06ff]/.test(
						document.querySelector('live-feed')?.shadowRoot?.querySelector('.words')?.textContent ?? '',
					),
				);
			},
		);
		await visit(
			'empty, slots, no header',
			'<live-feed channel="nothing" no-header><b slot="footer">Foot</b></live-feed><live-feed channel="nothing-too"></live-feed>',
			async (page) => {
				await waitFor(page, 'live', isLive);
				await find(page, '.note .title', 1);
			},
		);
		await visit('renderEvent', '<live-feed channel="whole"></live-feed>', async (page) => {
			await page.evaluate(() => {
				const feed = document.querySelector('live-feed');
				if (!feed) return;
				feed.renderEvent = ({ seq, text }) => {
					if (seq % 3 === 0) return `own ${text}`;
					if (seq % 3 === 1) return null;
					const box = document.createElement('b');
					box.textContent = text ?? '';
					return box;
				};
			});
			await find(page, '.row-own b');
		});
		await visit('publish and subscribe', '<live-feed channel="talk"></live-feed>', async (page) => {
			await waitFor(page, 'live', isLive);
			const heard = await page.evaluate(async () => {
				const feed = document.querySelector('live-feed');
				const said = new Promise<string | undefined>((resolve) =>
					feed?.subscribe('greeting', ({ text }) => resolve(text)),
				);
				await feed?.publish('greeting', { text: 'Hello' });
				return said;
			});
			if (heard !== 'Hello') throw new Error(`heard ${heard}`);
		});
		await visit('a link to a row', '<live-feed channel="whole"></live-feed>', (page) => find(page, '.row-selected'), {
			hash: '#whole/40',
		});
		for (const [rung, transport] of ['WebSocket', 'event stream', 'long polling'].entries()) {
			await visit(transport, '<p>', async (page) => {
				await page.evaluate(
					(name, value, body) => {
						sessionStorage[name] = value;
						const feed = document.createElement('live-feed');
						feed.setAttribute('channel', body);
						document.body.append(feed);
					},
					TRANSPORT_MEMORY + relay.url,
					String(rung),
					'whole',
				);
				await waitFor(page, 'live', isLive);
				await publish('whole', [{ text: `by ${transport}` }]);
				await waitFor(page, 'there', () => /^by /.test(document.querySelector('live-feed')?.events.at(-1)?.text ?? ''));
				await page.evaluate(() => document.querySelector('live-feed')?.publish('back', {}));
			});
		}
		await visit(
			'turned away by the relay',
			'<live-feed channel="whole"></live-feed>',
			async (page) => {
				await waitFor(page, 'turned away', () =>
					/^(refused|offline)$/.test(document.querySelector('live-feed')?.connection ?? ''),
				);
				await find(page, '.note .title');
			},
			{ url: secured.url },
		);
		await visit('set up wrongly', '<live-feed channel="-"></live-feed><live-feed></live-feed>', async (page) => {
			await find(page, '.note .title');
			await find(page, '.note .title', 1);
		});
		await visit('offline', '<live-feed channel="whole"></live-feed>', async (page) => {
			await waitFor(page, 'live', isLive);
			await find(page, '.act');
			await relay.engine?.stop();
			await waitFor(page, 'offline', () => document.querySelector('live-feed')?.connection === 'offline');
			await page.evaluate(() => {
				document
					.querySelector('live-feed')
					?.publish('message', { text: 'later' })
					.catch(() => {});
			});
			await find(page, '.row-pending');
			await find(page, '.ring');
			await page.evaluate(() => document.querySelector('live-feed')?.reconnect());
		});

		// The policy is in force: what it forbids is refused and told.
		const strict = await openWatched(
			browser,
			site.addPage('<!doctype html><title>Strict</title><p>', { 'content-security-policy': policy }),
			[''],
		);
		await strict.page.evaluate(() => {
			const style = document.createElement('style');
			style.textContent = 'p { color: red }';
			document.body.append(style);
			const script = document.createElement('script');
			try {
				script.textContent = 'pwned()';
				document.body.append(script);
			} catch {
				// Trusted Types throw where the browser has them.
			}
			new Image().src = 'https://canary.invalid/';
		});
		await until(async () => (await strict.readCaught()).violations.length >= 3, 5000);
		const { violations } = await strict.readCaught();
		if (violations.length < 3) failures.push(`the policy let pass what it forbids: ${violations.join('; ')}`);
		await strict.page.close();
		return {
			lines: [
				`${features.length} features, ${failures.length} violations of ${policy}`,
				features.join(' · '),
				`in force: ${violations.length} reports for what it forbids`,
			],
			failures,
		};
	} finally {
		await relay.stop();
		await secured.stop();
		await site.close();
	}
};
