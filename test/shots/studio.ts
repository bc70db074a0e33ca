// A relay, a browser and a server for pages, in which scenes are opened one after another.
// Knows how a scene comes to stand in a page, and says by name which one does not; never knows what is done with it then.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { ChangeDraft, Draft } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { launch } from '../support/browser.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { type Content, deploys, type Language } from './content.ts';
import { Line } from './line.ts';
import type { Scene } from './scenes.ts';

/** Entries that a channel keeps here: few, so that a gap is soon made. */
const KEPT_ENTRIES = 200;
/** What a scene waits for comes within this time, or not at all; milliseconds. */
const PATIENCE_MS = patience(30_000);
/** Rows that a panel draws at the least, where there are so many. */
const LEAST_DRAWN = 20;
const FACE =
	'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 56 56"><path fill="#d8c3a5" d="M0 0h56v56H0z"/><circle cx="28" cy="22" r="11" fill="#8a4f2d"/><path fill="#2f5d62" d="M6 56c0-14 10-21 22-21s22 7 22 21z"/></svg>';
const PAGE_STYLE =
	':root{color-scheme:light dark}body{margin:16px;background:light-dark(#eef0f4,#08090b)}body.bare{margin:0}';

/** What a scene has in its hands. */
export interface Stage {
	readonly page: Page;
	readonly feed: Locator;
	readonly content: Content;
	readonly line: Line;
	readonly origin: string;
	publish(drafts: readonly (Draft | ChangeDraft)[]): Promise<void>;
	/** Something inside of the panel, as a CSS selector. */
	find(selector: string): Locator;
	/** Runs in the page until it answers true. */
	until(what: string, condition: (feed: LiveFeed) => boolean): Promise<void>;
	/** Resolves once the panel has so many events, besides those that were told before. */
	received(count: number): Promise<void>;
}

/** A scene as it stands in its page. */
export interface Shown {
	readonly scene: Scene;
	readonly page: Page;
	readonly feed: Locator;
	/** Rows that are drawn. */
	readonly rows: number;
	/** Scrolls to what the scene is about, and resolves once nothing is on its way any more. */
	settle(): Promise<void>;
	close(): Promise<void>;
}

export class Studio {
	readonly #relay: TestRelay;
	readonly #browser: Browser;
	readonly context: BrowserContext;
	readonly #server: Server;
	readonly #origin: string;
	readonly #pages = new Map<string, string>();
	#channels = 0;

	private constructor(relay: TestRelay, browser: Browser, context: BrowserContext, server: Server) {
		this.#relay = relay;
		this.#browser = browser;
		this.context = context;
		this.#server = server;
		this.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
		server.on('request', ({ url = '/' }, response) => {
			if (url === '/face.svg') response.setHeader('content-type', 'image/svg+xml').end(FACE);
			else if (this.#pages.has(url))
				response.setHeader('content-type', 'text/html; charset=utf-8').end(this.#pages.get(url));
			else response.writeHead(404).end();
		});
	}

	/** The site must have been built. */
	static async open(): Promise<Studio> {
		const [relay, browser] = await Promise.all([
			startRelay({ vars: { LIVE_FEED_KEEP_ENTRIES: String(KEPT_ENTRIES) } }),
			launch(),
		]);
		const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return new Studio(relay, browser, context, server);
	}

	/**
	 * Opens a scene in a page of its own, so wide.
	 * @throws Error that names the scene, where it cannot be reached
	 */
	async show(scene: Scene, language: Language = 'en', width = 672): Promise<Shown> {
		const page = await this.context.newPage();
		page.setDefaultTimeout(PATIENCE_MS);
		const errors: string[] = [];
		page.on('pageerror', (error) => errors.push(error.message));
		try {
			await page.setViewportSize({ width, height: 800 });
			const stage = await this.#build(scene, language, page);
			await scene.act?.(stage);
			await stage.find(scene.ready).first().waitFor();
			const rows = stage.find('li.row');
			// All are there; drawn is what is near the view.
			await page.waitForFunction(
				(least) => (document.querySelector('live-feed')?.events.length ?? 0) >= least,
				scene.rows,
			);
			if (scene.rows > 0) await rows.nth(Math.min(scene.rows, LEAST_DRAWN) - 1).waitFor({ state: 'attached' });
			const settle = () => this.#settle(stage, scene);
			await settle();
			if (errors.length > 0) throw new Error(`the page threw: ${errors.join('; ')}`);
			const { feed } = stage;
			return { scene, page, feed, rows: await rows.count(), settle, close: () => page.close() };
		} catch (error) {
			await page.close();
			const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
			const doing = `rows: ${scene.rows}, to be seen: ${scene.ready}`;
			throw new Error(`The scene "${scene.name}" cannot be reached (${doing}): ${reason}`);
		}
	}

	async close(): Promise<void> {
		await this.#browser.close();
		await this.#relay.stop();
		this.#server.closeAllConnections();
		this.#server.close();
	}

	async #build(scene: Scene, language: Language, page: Page): Promise<Stage> {
		const content = deploys(language);
		const given = scene.attributes ?? {};
		const channel = given.channel ?? `${scene.name}-${language}-${++this.#channels}`;
		const publish = async (drafts: readonly (Draft | ChangeDraft)[]) => {
			const response = await fetch(`${this.#relay.url}/channels/${channel}/events`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(drafts),
			});
			if (response.status !== 201) throw new Error(`the relay refused: ${await response.text()}`);
		};
		const told = scene.told?.(content, Date.now(), this.#origin) ?? [];
		if (told.length > 0) await publish(told);
		const line = await Line.lay(page, scene.line ?? 'open');
		const attributes = { relay: this.#relay.url, channel, heading: content.heading, history: '200', ...given };
		await this.#write(page, language, attributes);
		const feed = page.locator('live-feed');
		const until = (what: string, condition: (feed: LiveFeed) => boolean) =>
			page
				.waitForFunction(`(${condition})(document.querySelector('live-feed'))`)
				.then(() => {})
				.catch((error) => {
					throw new Error(`waited until ${what}; ${error instanceof Error ? error.message : error}`);
				});
		return {
			...{ page, feed, content, line, publish, until, origin: this.#origin },
			find: (selector) => page.locator(`live-feed ${selector}`),
			received: async (count) => {
				await page.waitForFunction(
					(wanted) => (document.querySelector<LiveFeed>('live-feed')?.events.length ?? 0) >= wanted,
					told.length + count,
				);
			},
		};
	}

	/** A page with the script and the element; `''` leaves an attribute away. */
	async #write(page: Page, language: Language, attributes: Record<string, string>): Promise<void> {
		const written = Object.entries(attributes)
			.filter(([, value]) => value !== '')
			.map(([name, value]) => `${name}="${value === 'true' ? '' : value.replaceAll('"', '&quot;')}"`);
		const address = `/${this.#pages.size + 1}`;
		const direction = language === 'ar' ? 'rtl' : 'ltr';
		this.#pages.set(
			address,
			`<!doctype html><html lang="${language === 'en' ? 'en-GB' : language}" dir="${direction}"><meta charset="utf-8"><title>Scene</title><link rel="icon" href="data:,"><style>${PAGE_STYLE}</style><script type="module" src="${this.#relay.url}/live-feed.js"></script><live-feed ${written.join(' ')}></live-feed></html>`,
		);
		await page.goto(this.#origin + address);
	}

	async #settle({ page, feed, find }: Stage, scene: Scene): Promise<void> {
		if (scene.inView)
			await find(scene.inView)
				.first()
				.evaluate((element) => element.scrollIntoView({ block: 'center' }));
		await feed.evaluate(async (element) => {
			await document.fonts.ready;
			await (element as LiveFeed).updateComplete; // it is the only one in the page
			// Two frames later it has been on the screen.
			await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
		});
		await page.waitForFunction(() => {
			const root = document.querySelector('live-feed')?.shadowRoot;
			const view = root?.querySelector('.list')?.getBoundingClientRect();
			return [...(root?.querySelectorAll('img') ?? [])].every((image) => {
				const box = image.getBoundingClientRect();
				return image.complete || !view || box.top > view.bottom || box.bottom < view.top;
			});
		});
	}
}
