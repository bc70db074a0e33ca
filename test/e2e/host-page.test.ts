// Panel and page do each other no harm: hostile style sheets and globals, and foreign text that turns its surroundings around.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openPage, waitUntilLive, waitUntilPainted } from '../support/panel.ts';
import { setStage } from '../support/stage.ts';

const stage = setStage();
const publish = (channel: string, draft: object) =>
	fetch(`${stage.relay.url}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(draft),
	});

/** What a page may do to everything in it. */
const SHEET = `<style>
	body, body * { all: unset; display: block !important; color: red !important; font: 40px serif !important; direction: rtl !important }
	:host, :root { --_surface: red; --_text: red; --_size: 90px }
	li, button, .row, .panel, ol { display: none !important; position: fixed !important }
	::part(nothing) { display: none }
	.panel * { visibility: hidden !important }
	svg, path { transform: scale(9) !important }
</style>`;

/** Runs before the script: a page, or what it includes, that alters what everybody shares. */
function spoil(): void {
	const add = (target: object, name: string) =>
		Object.defineProperty(target, name, {
			value: () => 'not yours',
			enumerable: true,
			configurable: true,
			writable: true,
		});
	for (const prototype of [Object.prototype, Array.prototype, String.prototype, Function.prototype])
		add(prototype, 'extra');
	for (const prototype of [Event.prototype, Element.prototype, HTMLElement.prototype]) add(prototype, 'extra');
	add(Array.prototype, 'contains');
	add(String.prototype, 'format');
	const names = [
		'LiveFeed',
		'FeedClient',
		'connect',
		'relay',
		'later',
		'html',
		'css',
		'panel',
		'channel',
		'words',
		'icons',
		'Reader',
	];
	for (const name of names) Object.assign(globalThis, { [name]: 'the page’s own' });
	const { define } = CustomElementRegistry.prototype;
	CustomElementRegistry.prototype.define = function (...given) {
		return define.apply(this, given);
	};
	class Event_ extends Event {}
	Object.assign(globalThis, { Event: Event_ });
}

/** Where the parts of a row are, and how its words are drawn. */
const measure = (page: Page) =>
	page.evaluate(() => {
		const root = document.querySelector('live-feed')?.shadowRoot;
		const section = root?.querySelector('section');
		const edge = section?.getBoundingClientRect();
		return [section, ...(root?.querySelectorAll('.row, .text, .meta, .time, .avatar, .tool, .heading') ?? [])].map(
			(element) => {
				if (!element) return 'none';
				const { left, top, width, height } = element.getBoundingClientRect();
				const { color, fontSize, display, direction } = getComputedStyle(element);
				const box = [left - (edge?.left ?? 0), top - (edge?.top ?? 0), width, height].map(Math.round);
				return `${element.className} ${box} ${color} ${fontSize} ${display} ${direction}`;
			},
		);
	});

describe('a hostile page', () => {
	it('cannot break the panel by its style sheet', async () => {
		await publish('sheet', { text: 'Read me', actor: { name: 'Ada' }, level: 'warning', at: 0 });
		const panel = '<div><live-feed channel="sheet"></live-feed></div>';
		const size =
			'<style>live-feed { display: block !important; inline-size: 600px !important; block-size: 400px !important }</style>';
		const seen: string[][] = [];
		for (const sheet of ['', SHEET]) {
			// What is inherited is the page's to say; a panel may be in any language and colour.
			const { page, errors } = await openPage(
				stage.browser,
				stage.relay.url,
				`${sheet}${size}<style>live-feed { direction: ltr !important }</style>${panel}`,
			);
			await waitUntilLive(page);
			await waitUntilPainted(page, 'Read me');
			await page.waitForFunction(() => document.querySelector('live-feed')?.shadowRoot?.querySelector('.act'));
			seen.push(await measure(page));
			expect(errors).toEqual([]);
			await page.close();
		}
		expect(seen[0]?.length).toBeGreaterThan(6);
		expect(seen[1]).toEqual(seen[0]);
	});

	it('cannot break the panel by what it adds to globals and prototypes', async () => {
		const page = await stage.browser.newPage();
		const errors: string[] = [];
		page.on('pageerror', (error) => errors.push(error.message));
		await page.addInitScript('globalThis.__name = (target) => target');
		await page.addInitScript(spoil);
		await page.goto(`${stage.relay.url}/five-line.html`);
		await page.evaluate(() => document.querySelector('live-feed')?.setAttribute('channel', 'globals'));
		await waitUntilLive(page);
		const heard = await page.evaluate(async () => {
			const feed = document.querySelector('live-feed');
			const said = new Promise<unknown>((resolve) => feed?.subscribe('greeting', ({ data }) => resolve(data)));
			await feed?.publish('greeting', {
				text: 'Hello',
				data: { a: [1] },
				actor: { name: 'Ada' },
				url: 'https://a.example/',
			});
			return said;
		});
		expect(heard).toMatchObject({ a: [1] });
		await waitUntilPainted(page, 'Hello');
		const root = page.locator('live-feed');
		await root.locator('.data').click();
		expect(JSON.parse((await root.locator('pre').textContent()) ?? '')).toEqual({ a: [1] });
		await root.locator('.tool').click();
		expect(await page.evaluate(() => document.querySelector('live-feed')?.paused)).toBe(true);
		expect(errors).toEqual([]);
		await page.close();
	});

	it('finds nothing of ours in its globals, prototypes and document but the element', async () => {
		const look = () => {
			const prototypes = [
				Object,
				Array,
				String,
				Function,
				Promise,
				Event,
				EventTarget,
				Node,
				Element,
				HTMLElement,
				Document,
				Window,
			];
			const names = prototypes.map(
				({ name, prototype }) => `${name}: ${Reflect.ownKeys(prototype).map(String).sort()}`,
			);
			return {
				globals: Reflect.ownKeys(globalThis).map(String),
				names,
				sheets: document.adoptedStyleSheets.length,
			};
		};
		const page = await stage.browser.newPage();
		await page.addInitScript('globalThis.__name = (target) => target');
		await page.addInitScript(
			`globalThis.look = ${look.toString()}; globalThis.before = null; globalThis.before = look();`,
		);
		await page.goto(`${stage.relay.url}/five-line.html`);
		await waitUntilLive(page);
		await publish('deploys', { text: 'Here', data: [1] });
		await page.locator('live-feed').locator('.data').first().click();
		await page.locator('live-feed').locator('pre').first().waitFor();
		const { before, after, sheets, isDefined } = await page.evaluate(() => {
			const { look, before } = globalThis as unknown as {
				look: () => ReturnType<typeof Object>;
				before: { globals: string[]; names: string[] };
			};
			const after = look() as { globals: string[]; names: string[]; sheets: number };
			return { before, after, sheets: after.sheets, isDefined: customElements.get('live-feed') !== undefined };
		});
		expect(isDefined).toBe(true);
		expect(after.names).toEqual(before.names);
		expect(sheets).toBe(0);
		const added = after.globals.filter((name) => !before.globals.includes(name) && name !== 'before');
		expect(added).toEqual([]);
		await page.close();
	});
});

describe('foreign text', () => {
	const HOSTILE = [
		'\u202eevil',
		'\u2067evil',
		'evil\u202e',
		'\u202d\u202e\u2066',
		'\u2069\u2069\u202cevil\u202e',
		'שלום\u202e',
	];

	/** For each row: the words of ours and of the other fields that do not read from the left, or stand in another order. */
	const readTurned = (page: Page) =>
		page.evaluate(() =>
			[...(document.querySelector('live-feed')?.shadowRoot?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])].map(
				(row) => {
					const parts = new Map<string, Text>();
					const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
					for (let node = walker.nextNode(); node; node = walker.nextNode()) {
						const text = node as Text; // the walker shows nothing else
						if (!text.parentElement?.closest('.avatar')) parts.set(text.data.trim(), text);
					}
					const measure = (words: string, isLast = false) => {
						const node = parts.get(words);
						if (!node) return undefined;
						const range = document.createRange();
						const from = node.data.search(/\S/) + (isLast ? words.length - 1 : 0);
						range.setStart(node, from);
						range.setEnd(node, from + 1);
						return range.getBoundingClientRect().left;
					};
					const turned: string[] = [];
					let count = 0;
					// In each of these lines, from the left; a sentence that is read from the right has its name there.
					const names = ['Plain name', 'unverified', 'Plain text'];
					const sentence = row.querySelector('.text');
					if (sentence && getComputedStyle(sentence).direction === 'rtl') names.reverse();
					for (const line of [names, ['Warning', 'plain.type', 'a.example', '{1}']]) {
						let before = Number.NEGATIVE_INFINITY;
						for (const words of line) {
							const [left, right] = [measure(words), measure(words, true)];
							if (left === undefined || right === undefined) continue;
							count++;
							if (left > right) turned.push(`${words} is turned around`);
							if (left < before) turned.push(`${words} stands before what it follows`);
							before = right;
						}
					}
					return { seq: Number(row.dataset.seq), count, turned };
				},
			),
		);

	it('turns nothing around but itself', async () => {
		const plain = {
			...{ type: 'plain.type', text: 'Plain text', actor: { name: 'Plain name' }, level: 'warning' },
			...{ url: 'https://a.example/', data: { a: 1 } },
		};
		let rows = 0;
		let refused = 0;
		for (const evil of HOSTILE) {
			for (const fields of [
				{ text: evil },
				{ actor: { name: evil } },
				{ actor: { id: evil } },
				{ url: `https://a.example/${evil}` },
				{ data: { [evil]: evil } },
			]) {
				if ((await publish('turned', { ...plain, ...fields })).status === 201) rows++;
				else refused++;
			}
		}
		// In names they are not taken, since browsers do not keep them there; marks and letters are.
		expect(refused).toBe(HOSTILE.length * 2);
		for (const actor of [{ name: 'שלום' }, { name: '\u200f123' }, { id: 'مرحبا\u200f' }]) {
			expect((await publish('turned', { ...plain, actor })).status).toBe(201);
			rows++;
		}
		const size = '<style>live-feed { display: block; block-size: 4000px; inline-size: 800px }</style>';
		const body = `${size}<live-feed channel="turned" no-fold></live-feed>`;
		const { page, errors } = await openPage(stage.browser, stage.relay.url, body);
		await expect
			.poll(() =>
				page.evaluate(() => document.querySelector('live-feed')?.shadowRoot?.querySelectorAll('.row:has(.act)').length),
			)
			.toBe(rows);
		const seen = await readTurned(page);
		expect(Math.min(...seen.map(({ count }) => count))).toBeGreaterThanOrEqual(5);
		expect(seen.filter(({ turned }) => turned.length > 0)).toEqual([]);
		expect(errors).toEqual([]);
		await page.close();
	});

	it('in data is escaped where it is not seen, and stands apart where it is read from the right', async () => {
		const data = { 'a\u202eb': '\u200bשלום\u2066', plain: 'x\u0085' };
		await publish('unseen', { text: 'Data', data });
		const { page } = await openPage(stage.browser, stage.relay.url, '<live-feed channel="unseen"></live-feed>');
		await page.locator('live-feed').locator('.data').click();
		const pre = page.locator('live-feed').locator('pre');
		expect(await pre.textContent()).toBe('{\n  "a\\u202eb": "\\u200bשלום\\u2066",\n  "plain": "x\\u0085"\n}');
		expect(await pre.locator('bdi').allTextContents()).toEqual(['"\\u200bשלום\\u2066"']);
		await page.close();
	});
});
