// A token and a panel: where it comes from, where it goes, and where it never stands. A real relay with a secret, in Chromium.
import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { type FaultProxy, startProxy } from '../faults/proxy.ts';
import { ask } from '../support/ask.ts';
import { createChannelName } from '../support/conversation.ts';
import { isLong } from '../support/form.ts';
import { openPage, readRows, waitUntilLive, writePage } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';
import { openTokenOffice, type TokenOffice } from '../support/token-office.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const SHORT_S = 4;
const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1000) + seconds;
const signShort = () => sign({ exp: inSeconds(SHORT_S), jti: String(Math.random()) });

describe('a token', () => {
	const stage = setStage({ vars: { LIVE_FEED_SECRET: SECRET } });
	/** A browser's profile, a line to the relay, somebody who gives tokens, and a channel: each test has its own. */
	const it = test.extend<{ scene: Awaited<ReturnType<typeof setScene>> }>({
		// biome-ignore lint/correctness/noEmptyPattern: the runner reads here that it needs nothing else
		scene: async ({}, use) => {
			const scene = await setScene();
			await use(scene);
			await scene.context.close();
			await scene.proxy.stop();
			await scene.office.stop();
		},
	});

	async function setScene() {
		const channel = createChannelName('token');
		const context: BrowserContext = await stage.browser.newContext();
		const proxy: FaultProxy = await startProxy(Number(new URL(stage.relay.url).port));
		const office: TokenOffice = await openTokenOffice(() => sign());

		/** A page, and what goes out of it: tokens of hellos by socket, and of requests with their addresses. */
		async function open(body: string) {
			const sockets: string[][] = [];
			const requests: { url: string; token: string | undefined }[] = [];
			const watch = (page: Page) => {
				page.on('websocket', (socket) => {
					const hellos: string[] = [];
					sockets.push(hellos);
					socket.on('framesent', ({ payload }) => {
						const message = JSON.parse(String(payload));
						if (message.type === 'hello') hellos.push(message.token);
					});
				});
				page.on('request', (request) => {
					requests.push({ url: request.url(), token: request.headers().authorization?.replace('Bearer ', '') });
				});
			};
			context.once('page', watch);
			const { page, errors } = await openPage(context, proxy.url, body);
			return { page, errors, sockets, requests };
		}

		const withUrl = (more = '') => `<live-feed channel="${channel}" token-url="${office.url}" ${more}></live-feed>`;

		async function publish(text: string): Promise<void> {
			const headers = { ...bearer(await sign({ sub: 'server' })), 'content-type': 'application/json' };
			const { status } = await ask(`${stage.relay.url}/channels/${channel}/events`, {
				...{ method: 'POST', headers },
				body: JSON.stringify({ type: 'message', text }),
			});
			expect(status).toBe(201);
		}

		async function readChannel(): Promise<FeedEvent[]> {
			const url = `${stage.relay.url}/channels/${channel}/events?after=0&limit=1000`;
			return (await ask(url, { headers: bearer(await sign({ sub: 'server' })) })).body.events ?? [];
		}
		const readTexts = async () => (await readChannel()).map(({ text }) => text);

		return { channel, context, proxy, office, open, withUrl, publish, readChannel, readTexts };
	}

	const readConnection = (page: Page) => page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.connection);
	const readPanel = (page: Page) =>
		page.evaluate(() => document.querySelector('live-feed')?.shadowRoot?.textContent?.replace(/\s+/g, ' ') ?? '');

	/** Everything of the page in which a token could be read: its documents, properties of the panel, storage, addresses. */
	const readEverything = (page: Page) =>
		page.evaluate(() => {
			const feed = document.querySelector('live-feed') as LiveFeed & { token: unknown };
			const own = Object.getOwnPropertyNames(feed).map((name) =>
				String((feed as unknown as Record<string, unknown>)[name]),
			);
			return [
				document.documentElement.outerHTML,
				feed.shadowRoot?.innerHTML,
				String(feed.token),
				...own,
				JSON.stringify({ ...localStorage, ...sessionStorage }),
				document.cookie,
				location.href,
				...performance.getEntries().map(({ name }) => name),
			].join('\n');
		});

	it.for<[string, (token: string) => string]>([
		['in markup', (token) => `<live-feed channel="CHANNEL" token="${token}"></live-feed>`],
		[
			'as a property before the definition',
			(token) =>
				`<live-feed channel="CHANNEL"></live-feed><script>if (customElements.get('live-feed')) throw 1;
				document.querySelector('live-feed').token = '${token}'; document.currentScript.remove();</script>`,
		],
		[
			'as an attribute of an element that is made later',
			(token) =>
				`<script type="module">await customElements.whenDefined('live-feed');
				const feed = document.createElement('live-feed'); feed.setAttribute('channel', 'CHANNEL');
				feed.setAttribute('token', '${token}'); globalThis.left = feed.hasAttribute('token');
				document.body.append(feed);</script>`,
		],
	])('%s is taken and removed at once, and cannot be read', async ([, body], { scene: { channel, open } }) => {
		const token = await sign();
		const { page, errors, requests, sockets } = await open(body(token).replace('CHANNEL', channel));
		await page.waitForFunction(() => document.querySelector('live-feed:defined'));
		expect(await page.evaluate(() => document.querySelector('live-feed')?.hasAttribute('token'))).toBe(false);
		expect(await page.evaluate(() => (globalThis as { left?: boolean }).left)).not.toBe(true);
		await waitUntilLive(page);
		await page.evaluate(() => {
			for (const script of document.querySelectorAll('script')) script.remove(); // the page's own words
		});
		expect(await readEverything(page)).not.toContain(token);
		expect(requests.filter(({ url }) => url.includes(token))).toEqual([]);
		expect(sockets).toEqual([[token]]);
		expect(errors).toEqual([]);
	});

	it('that nobody gives this reader is final, and said', async ({ scene: { office, open, withUrl } }) => {
		office.answer = async () => 401;
		const { page, sockets } = await open(withUrl());
		await expect.poll(() => readConnection(page)).toBe('refused');
		await expect.poll(() => readPanel(page)).toMatch(/Not allowed.*There is no token for you here.*token-needed/);
		expect(office.given).toEqual([undefined]);
		expect(sockets).toEqual([]);
		office.answer = () => sign();
		await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.reconnect());
		await waitUntilLive(page);
	});

	it('that the relay refuses is asked for once more, and then it is said', async ({
		scene: { office, open, withUrl },
	}) => {
		office.answer = () => sign({}, `${SECRET}, another`);
		const { page, sockets } = await open(withUrl());
		await expect.poll(() => readConnection(page)).toBe('refused');
		await expect.poll(() => readPanel(page)).toMatch(/Not set up.*token-invalid/);
		expect(office.given).toHaveLength(2);
		expect(sockets.flat()).toHaveLength(2);
		office.answer = () => sign();
		await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.reconnect());
		await waitUntilLive(page);
	});

	it('is nobody else’s: elements share a connection by token-url, and never by a token', async ({
		scene: { channel, proxy, open, withUrl, readChannel },
	}) => {
		const [ada, vera] = [await sign({ sub: 'ada' }), await sign({ sub: 'vera' })];
		const { page, sockets } = await open(`${withUrl()}${withUrl()}`);
		await waitUntilLive(page);
		expect(sockets).toHaveLength(1);
		await writePage(
			page,
			proxy.url,
			`<live-feed channel="${channel}" token="${ada}"></live-feed><live-feed channel="${channel}" token="${vera}"></live-feed>`,
		);
		await waitUntilLive(page);
		expect(sockets.slice(1).flat().sort()).toEqual([ada, vera].sort());
		// One gets the other's: it alone goes on with it.
		const subjects = () =>
			page.evaluate(async () => {
				const feeds = [...document.querySelectorAll<LiveFeed>('live-feed')];
				const seqs = await Promise.all(feeds.map(async (feed) => (await feed.publish('message')).seq));
				return seqs;
			});
		const actorsOf = async (seqs: number[]) => {
			const events = await readChannel();
			return seqs.map((seq) => events.find((event) => event.seq === seq)?.actor?.id);
		};
		expect(await actorsOf(await subjects())).toEqual(['ada', 'vera']);
		await page.evaluate((token) => {
			const [feed] = document.querySelectorAll('live-feed');
			Object.assign(feed as LiveFeed, { token });
			const other = document.createElement('live-feed');
			other.setAttribute('channel', feed?.getAttribute('channel') ?? '');
			document.body.append(other);
		}, vera);
		// The third has no token at all: it sees what anybody sees, which is nothing.
		const third = () => page.evaluate(() => [...document.querySelectorAll<LiveFeed>('live-feed')][2]?.connection);
		await expect.poll(third).toBe('refused');
		await page.evaluate(() => document.querySelectorAll('live-feed')[2]?.remove());
		await waitUntilLive(page);
		expect(await actorsOf(await subjects())).toEqual(['vera', 'vera']);
	});

	it('comes late to one of two elements that share a connection: the other one’s stays without it', async ({
		scene: { channel, office, open },
	}) => {
		const url = `<live-feed channel="${channel}" token-url="${office.url}"></live-feed>`;
		const { page, sockets } = await open(url + url);
		await waitUntilLive(page);
		const vera = await sign({ sub: 'vera' });
		await page.evaluate((token) => Object.assign(document.querySelector('live-feed') as LiveFeed, { token }), vera);
		await expect.poll(() => sockets.length).toBe(2);
		await waitUntilLive(page);
		expect(sockets[0]).not.toContain(vera);
		expect(sockets[1]).toContain(vera);
	});

	it('that is taken away proves nothing any more', async ({ scene: { channel, open } }) => {
		const { page } = await open(`<live-feed channel="${channel}" token="${await sign()}"></live-feed>`);
		await waitUntilLive(page);
		await page.evaluate(() => Object.assign(document.querySelector('live-feed') as LiveFeed, { token: '' }));
		await expect.poll(() => readConnection(page)).toBe('refused');
	});

	it('goes with the click of a page that is left', async ({ scene: { proxy, open, withUrl, readTexts } }) => {
		const body = `${withUrl('history="0"')}<a href="/elsewhere">Leave</a><script type="module">
			const feed = document.querySelector('live-feed');
			document.querySelector('a').addEventListener('click', () => { feed.publish('link.click', { text: 'click #' }); });
		</script>`;
		const { page } = await open(body.replace('#', '1'));
		for (let n = 1; n <= 10; n++) {
			if (n > 1) await writePage(page, proxy.url, body.replace('#', String(n)));
			await waitUntilLive(page);
			// The line is as good as gone when half of them are clicked: only a request can still bring it.
			if (n % 2 === 0) proxy.set({ refuseUpgrades: true });
			if (n % 2 === 0) proxy.cut('hole', ({ via }) => via === 'websocket');
			await Promise.all([page.waitForURL(/elsewhere$/), page.click('a')]);
			proxy.heal();
		}
		const wanted = Array.from({ length: 10 }, (_, index) => `click ${index + 1}`);
		await expect.poll(async () => (await readTexts()).toSorted()).toEqual(wanted.toSorted());
	});

	it('says whose drafts are kept: nobody else publishes them', async ({
		scene: { channel, proxy, open, readChannel, readTexts },
	}) => {
		const body = (token: string) => `<live-feed channel="${channel}" token="${token}"></live-feed>`;
		const [ada, vera] = [await sign({ sub: 'ada' }), await sign({ sub: 'vera' })];
		const { page } = await open(body(ada));
		await waitUntilLive(page);
		await proxy.closePort();
		proxy.cut('reset');
		await expect.poll(() => readConnection(page)).toBe('offline');
		await page.evaluate(() => void document.querySelector<LiveFeed>('live-feed')?.publish('message', { text: 'mine' }));
		await page.goto('about:blank');
		await proxy.openPort();
		await writePage(page, proxy.url, body(vera));
		await waitUntilLive(page);
		await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.publish('message', { text: 'hers' }));
		expect(await readTexts()).toEqual(['hers']);
		await writePage(page, proxy.url, body(ada));
		await expect.poll(readTexts).toEqual(['hers', 'mine']);
		expect((await readChannel()).map(({ actor }) => actor?.id)).toEqual(['vera', 'ada']);
		await expect
			.poll(() => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith('live-feed @'))))
			.toEqual([]);
	});

	// They wait for tokens to expire and for clients to try again, and leave the machine to each other meanwhile.
	describe.concurrent('in time', () => {
		// The ways differ in where a token comes from alone; the long form tests both, and every transport.
		it.for(isLong ? ['token-url', 'getToken'] : ['token-url'])(
			'of `%s` is renewed on the open line: one socket, and nothing is missed',
			async (way, { expect, scene: { channel, office, open, withUrl, publish } }) => {
				// Long enough to be renewed in time on a machine that is busy.
				office.answer = () => sign({ exp: inSeconds(2 * SHORT_S), jti: String(Math.random()) });
				const body =
					way === 'token-url'
						? withUrl()
						: `<live-feed channel="${channel}"></live-feed><script>document.querySelector('live-feed').getToken =
						async () => (await (await fetch('${office.url}', { credentials: 'include' })).json()).token;</script>`;
				const { page, sockets, errors } = await open(body);
				await waitUntilLive(page);
				await page.evaluate(() => {
					const told: string[] = [];
					Object.assign(globalThis, { told });
					for (const type of ['live-feed-connection-change', 'live-feed-gap', 'live-feed-error'])
						document.querySelector('live-feed')?.addEventListener(type, () => {
							const { connection } = document.querySelector('live-feed') as LiveFeed;
							if (type !== 'live-feed-connection-change' || connection !== 'live') told.push(`${type} ${connection}`);
						});
				});
				const wanted: string[] = [];
				for (let n = 1; sockets.flat().length < 3; n++) {
					await publish(String(n));
					wanted.push(String(n));
					await expect.poll(() => readRows(page)).toEqual(expect.arrayContaining([expect.stringContaining(String(n))]));
				}
				expect(new Set(sockets.flat()).size).toBe(3);
				expect(sockets).toHaveLength(1);
				expect(
					await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events.map(({ text }) => text)),
				).toEqual(wanted);
				// A hello in between is caught up with, and says no more than that.
				expect(
					await page.evaluate(() =>
						(globalThis as unknown as { told: string[] }).told.filter((one) => !/catching-up/.test(one)),
					),
				).toEqual([]);
				expect(errors).toEqual([]);
			},
		);

		it('that has expired while the device slept is not sent any more, whatever the page says before there is another', async ({
			expect,
			scene: { context, office, open, withUrl, readTexts },
		}) => {
			await context.clock.install();
			office.answer = () => sign({ exp: inSeconds(120), jti: String(Math.random()) });
			const { page, sockets } = await open(withUrl());
			await waitUntilLive(page);
			const said = sockets.flat().length;
			let give = () => {};
			const isAsked = new Promise<void>((resolve) => {
				office.answer = async () => {
					resolve();
					await new Promise<void>((resolve) => {
						give = resolve;
					});
					return sign();
				};
			});
			await context.clock.fastForward(600_000);
			await page.evaluate(async () => {
				const feed = document.querySelector('live-feed') as LiveFeed;
				feed.types = 'message';
				await feed.updateComplete;
				void feed.publish('message', { text: 'awake' });
			});
			await isAsked;
			give();
			await expect.poll(readTexts).toEqual(['awake']);
			await expect.poll(() => readRows(page)).toEqual([expect.stringContaining('awake')]);
			const later = sockets.flat().slice(said);
			expect(later.length).toBeGreaterThan(0);
			expect(later).not.toContain(office.given[0]);
		});

		it('that has expired while the relay was away is not sent any more, by whatever is handed in', async ({
			expect,
			scene: { proxy, office, open, withUrl, readTexts },
		}) => {
			office.answer = signShort;
			const { page, sockets } = await open(withUrl());
			await waitUntilLive(page);
			await proxy.closePort();
			proxy.cut('reset');
			const said = sockets.flat().length;
			const known = [...office.given];
			await expect.poll(() => Date.now() / 1000 > expiryOf(known.at(-1) ?? ''), { interval: 100 }).toBe(true);
			await page.evaluate(() => {
				void document.querySelector<LiveFeed>('live-feed')?.publish('message', { text: 'later' });
			});
			await proxy.openPort();
			await expect.poll(readTexts).toEqual(['later']);
			for (const token of sockets.flat().slice(said)) expect(known).not.toContain(token);
		});

		it('that is given no more while the panel is live ends it before the old one is over', async ({
			expect,
			scene: { office, open, withUrl },
		}) => {
			office.answer = signShort;
			const { page } = await open(withUrl());
			await waitUntilLive(page);
			office.answer = async () => 403;
			await expect.poll(() => readConnection(page)).toBe('refused');
			await expect.poll(() => readPanel(page)).toMatch(/Not allowed.*There is no token for you here/);
		});

		it('whose endpoint is away is waited for: offline, tried again, live', async ({
			expect,
			scene: { office, open, withUrl },
		}) => {
			office.answer = async () => 503;
			const { page, sockets } = await open(withUrl());
			await expect.poll(() => readConnection(page)).toBe('offline');
			await expect.poll(() => office.given.length).toBeGreaterThan(1);
			expect(sockets).toEqual([]);
			office.answer = () => sign();
			await waitUntilLive(page);
		});

		it.for<readonly [string, { holdStreams?: boolean }, RegExp]>([
			['the event stream', {}, /\/events(\?(?!wait)|$)/] as const,
			...(isLong ? [['long polling', { holdStreams: true }, /wait=25/] as const] : []),
		])(
			'goes in the header by %s, where WebSockets are blocked, and is renewed',
			async ([, faults, address], { expect, scene: { proxy, office, open, withUrl, publish, readTexts } }) => {
				office.answer = () => sign({ exp: inSeconds(8), jti: String(Math.random()) });
				proxy.set({ refuseUpgrades: true, ...faults });
				const { page, requests } = await open(withUrl());
				await waitUntilLive(page, 60_000);
				const lines = () =>
					requests.filter(({ url, token }) => url.startsWith(proxy.url) && address.test(url) && token !== undefined);
				const first = lines().length;
				for (
					let n = 1;
					new Set(
						lines()
							.slice(first)
							.map(({ token }) => token),
					).size < 2;
					n++
				) {
					await publish(`there ${n}`);
					const text = `here ${n}`;
					await page.evaluate(
						(text) => document.querySelector<LiveFeed>('live-feed')?.publish('message', { text }),
						text,
					);
					await expect.poll(() => readRows(page)).toEqual(expect.arrayContaining([expect.stringContaining(text)]));
				}
				const texts = await readTexts();
				expect(
					await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.events.map(({ text }) => text)),
				).toEqual(texts);
				expect(new Set(texts).size).toBe(texts.length);
				for (const { url } of requests) for (const token of office.given) expect(url).not.toContain(token);
				const asked = requests.filter(({ url }) => url.startsWith(`${proxy.url}/channels/`));
				expect(asked.filter(({ token }) => token === undefined)).toEqual([]);
			},
		);

		it('that expires while no other can be had: what is handed in meanwhile arrives once, in order', async ({
			expect,
			scene: { office, open, withUrl, readTexts },
		}) => {
			office.answer = signShort;
			const { page } = await open(withUrl());
			await waitUntilLive(page);
			office.answer = async () => 503;
			const wanted: string[] = [];
			for (let n = 1; (await readConnection(page)) !== 'offline'; n++) {
				wanted.push(String(n));
				await page.evaluate(
					(text) => void document.querySelector<LiveFeed>('live-feed')?.publish('message', { text }),
					String(n),
				);
			}
			for (let n = 1; n <= 10; n++) {
				wanted.push(`offline ${n}`);
				await page.evaluate(
					(text) => void document.querySelector<LiveFeed>('live-feed')?.publish('message', { text }),
					`offline ${n}`,
				);
			}
			office.answer = () => sign();
			await expect.poll(async () => (await readTexts()).length).toBe(wanted.length);
			expect(await readTexts()).toEqual(wanted);
		});

		it('of another, on the same panel, does not publish what the first one has handed in', async ({
			expect,
			scene: { channel, proxy, open, readTexts },
		}) => {
			const { page } = await open(`<live-feed channel="${channel}" token="${await sign({ sub: 'ada' })}"></live-feed>`);
			await waitUntilLive(page);
			await proxy.closePort();
			proxy.cut('reset');
			await expect.poll(() => readConnection(page)).toBe('offline');
			const told = page.evaluate(() =>
				document
					.querySelector<LiveFeed>('live-feed')
					?.publish('message', { text: 'mine' })
					.catch(({ code }) => code),
			);
			await page.evaluate(
				(token) => Object.assign(document.querySelector('live-feed') as LiveFeed, { token }),
				await sign({ sub: 'vera' }),
			);
			expect(await told).toBe('closed');
			await proxy.openPort();
			await page.evaluate(() => document.querySelector<LiveFeed>('live-feed')?.publish('message', { text: 'hers' }));
			expect(await readTexts()).toEqual(['hers']);
		});
	});
});

function expiryOf(token: string): number {
	return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).exp;
}
