// What a panel says and in which language, in a real browser: a page's own words everywhere, other languages where they are wished.
import { expect } from 'chai';
import type { LiveFeed } from '../../widget/index.ts';
import '../../widget/index.ts';
import { Language } from '../../widget/language.ts';
import { english, type Words } from '../../widget/words.ts';
import { laterEnglish } from '../../widget/words-later.ts';
import { killRelay, relayUrl, restartRelay } from '../support/relay-in-browser.ts';
import { newChannel, post, until } from './page.ts';

const root = (feed: LiveFeed): ShadowRoot => feed.shadowRoot as ShadowRoot; // the element always has one
const words = (feed: LiveFeed): string => root(feed).querySelector('[part=state]')?.textContent?.trim() ?? '';
const rows = (feed: LiveFeed): number => root(feed).querySelectorAll('.row[data-seq]').length;

function show(attributes: Record<string, string>, messages?: Partial<Words>): LiveFeed {
	const feed = document.createElement('live-feed');
	for (const [name, value] of Object.entries({ relay: relayUrl, ...attributes })) feed.setAttribute(name, value);
	feed.messages = messages;
	document.body.append(feed);
	return feed;
}

/** In all that others wrote, so that it is known for theirs. */
const THEIRS = 'theirs';
const theirChannel = () => `${THEIRS}-${newChannel()}`;
/** Rows of every level and with everything that a row may have. */
const THEIR_EVENTS = [
	...['debug', 'info', 'success', 'warning', 'error'].map((level) => ({ level, text: `${THEIRS} ${level}` })),
	{ url: `https://${THEIRS}.example/`, data: { [THEIRS]: 1 }, actor: { name: THEIRS } },
	{ text: `${THEIRS}\n`.repeat(12), actor: { name: THEIRS, kind: 'bot' } },
].map((event) => ({ type: THEIRS, ...event }));

/** Every English word in brackets. */
function bracketed(): Words {
	return wrap({ ...english, ...laterEnglish }) as Words; // it keeps the shape
}

function wrap(value: unknown): unknown {
	if (typeof value === 'string') return `⟦${value.replace(/[⟦⟧]/g, '')}⟧`;
	if (typeof value === 'function') return (...given: unknown[]) => wrap(value(...given));
	return Object.fromEntries(Object.entries(Object(value)).map(([key, one]) => [key, wrap(one)]));
}

const BRACKETED = /^\s*⟦[^⟦⟧]*⟧\s*$/;
const SAID = ['title', 'aria-label', 'aria-description', 'alt', 'placeholder'];
/** Not for Words: what Intl writes, names of keys, what is to be typed, and what nobody reads. */
const NOT_WORDS = 'style, time, .day, kbd, .code, [aria-hidden=true]';

/** Whatever a reader may see or hear of a panel that is neither in brackets nor somebody else's. */
function strayWords(feed: LiveFeed): string[] {
	return [...root(feed).querySelectorAll('*')]
		.filter((element) => !element.closest(NOT_WORDS))
		.flatMap((element) => {
			const attributes = SAID.map((name) => element.getAttribute(name) ?? '');
			// A sentence may hold `code`, which parts it.
			if (BRACKETED.test(element.textContent ?? '')) return attributes;
			const texts = [...element.childNodes].map((node) => (node instanceof Text ? node.data.trim() : ''));
			return [...attributes, ...texts];
		})
		.filter((said) => /\p{L}/u.test(said) && !BRACKETED.test(said) && !said.includes(THEIRS));
}

/** The languages that the page has loaded. */
const loaded = (): string[] =>
	performance.getEntriesByType('resource').flatMap(({ name }) => /\/widget\/words\/(.*)\.ts/.exec(name)?.[1] ?? []);

/** A relay in a few lines: to each message it answers what `answer` says, a message or the code of a close. */
function standIn(answer: (message: { type: string; ref: number }) => object | number | undefined): () => void {
	const before = window.WebSocket;
	class Socket extends EventTarget {
		readyState = 0;
		binaryType = '';
		constructor() {
			super();
			queueMicrotask(() => {
				this.readyState = 1;
				this.dispatchEvent(new Event('open'));
			});
		}
		send(text: string): void {
			const said = answer(JSON.parse(text));
			if (typeof said === 'number') this.dispatchEvent(new CloseEvent('close', { code: said, reason: THEIRS }));
			else if (said) this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(said) }));
		}
		close(): void {
			this.readyState = 3;
		}
	}
	window.WebSocket = Socket as unknown as typeof WebSocket; // as much of one as is used
	return () => {
		window.WebSocket = before;
	};
}

const welcome = { type: 'welcome', protocol: 1, first: 0, last: 0, after: 0, recovered: false, returnMs: 0 };
const pulse = { minute: 0, counts: {} };

describe('the words of a panel', () => {
	const undo: (() => unknown)[] = [];
	afterEach(async () => {
		for (const feed of document.querySelectorAll('live-feed')) feed.remove();
		for (const step of undo.splice(0)) await step();
	});

	it('are found by this test where a page has not replaced them', async () => {
		const channel = theirChannel();
		await post(channel, THEIR_EVENTS);
		const feed = show({ channel });
		await until(() => strayWords(feed).includes('Show all'), 'what is loaded later');
		expect(strayWords(feed)).to.include.members(['Live', 'Pause', 'Error', 'unverified', 'Data, 1 field']);
	});

	it('are the page’s own while live, paused and offline', async () => {
		const channel = theirChannel();
		await post(channel, THEIR_EVENTS);
		const feed = show({ channel }, bracketed());
		await until(() => rows(feed) === THEIR_EVENTS.length && root(feed).querySelector('.end, .pulse'), 'live');
		for (const button of root(feed).querySelectorAll<HTMLElement>('.more, .data')) button.click();
		await until(() => root(feed).querySelector('pre') && root(feed).querySelector('.row-expanded'), 'all of it');
		expect(words(feed)).to.equal('⟦Live⟧');
		expect(strayWords(feed)).to.deep.equal([]);
		feed.pause();
		await post(channel, THEIR_EVENTS);
		await until(() => words(feed) === `⟦Paused · ${THEIR_EVENTS.length} waiting⟧`, 'paused');
		expect(strayWords(feed)).to.deep.equal([]);
		undo.push(restartRelay);
		await killRelay();
		await until(() => words(feed).startsWith('⟦Offline'), 'offline');
		expect(strayWords(feed)).to.deep.equal([]);
	});

	it('are the page’s own in all that work on events takes', async () => {
		const channel = theirChannel();
		const actor = { name: THEIRS };
		await post(channel, [{ type: THEIRS, text: `${THEIRS} entry`, status: 'open', actor }]);
		const feed = show({ channel, compose: '' }, bracketed());
		await until(() => root(feed).querySelector('.menu'), 'what work takes');
		const [entry] = feed.events;
		await post(channel, [
			{ target: entry?.id, status: 'resolved', actor },
			{ target: entry?.id, pinned: true },
			{ type: THEIRS, text: THEIRS, replyTo: entry?.id, actor },
		]);
		await until(() => root(feed).querySelector('.replies'), 'a reply');
		const press = (selector: string) => root(feed).querySelector<HTMLElement>(selector)?.click();
		press('.replies');
		for (const what of ['.onto ~ .onto', '.menu', '.drawer .danger']) {
			press(what);
			await until(() => root(feed).querySelector('.drawer'), what);
			await feed.updateComplete;
			expect(strayWords(feed)).to.deep.equal([]);
		}
		await until(() => root(feed).querySelector('.thread .reply'), 'the thread');
		press('.send');
		expect(strayWords(feed)).to.deep.equal([]);
	});

	it('are the page’s own where there is nothing, and where the relay does not answer', async () => {
		const empty = show({ channel: theirChannel() }, bracketed());
		await until(() => root(empty).querySelector('.note:not([hidden])'), 'empty');
		expect(strayWords(empty)).to.deep.equal([]);
		empty.pause();
		await until(() => words(empty) === '⟦Paused⟧', 'paused, though nothing ever came');
		expect(strayWords(empty)).to.deep.equal([]);
		const cut = show({ channel: theirChannel(), relay: 'http://127.0.0.1:9' }, bracketed());
		await until(() => root(cut).querySelector('.note:not([hidden]) .button'), 'the way out');
		expect(strayWords(cut)).to.deep.equal([]);
	});

	it('are the page’s own where the relay refuses', async () => {
		undo.push(standIn(() => ({ type: 'error', code: 'unsupported-protocol', message: THEIRS, retryable: false })));
		const feed = show({ channel: theirChannel(), relay: 'http://refuses.example' }, bracketed());
		await until(
			() => root(feed).querySelector('.note:not([hidden]) .title')?.textContent?.includes('Not set up'),
			'refused',
		);
		expect(words(feed)).to.equal('⟦Not set up⟧');
		expect(strayWords(feed)).to.deep.equal([]);
	});

	it('are the page’s own for gaps and for what was not sent', async () => {
		let epoch = 'one';
		undo.push(
			standIn(({ type, ref }) => {
				if (type === 'publish') return { type: 'error', ref, code: 'invalid-event', message: THEIRS, retryable: false };
				if (type !== 'hello') return undefined;
				const missing = epoch === 'one' ? { missing: { from: 1, to: 3 }, after: 3, last: 3 } : {};
				return { ...welcome, ...missing, ref, epoch, time: Date.now(), pulse };
			}),
		);
		const feed = show({ channel: theirChannel(), relay: 'http://forgets.example' }, bracketed());
		await until(() => root(feed).querySelector('.gap')?.textContent?.includes('1 to 3'), 'the gap');
		const refused = feed.publish(THEIRS).catch(({ code }) => code);
		await until(() => root(feed).querySelector('.failed'), 'the draft that was refused');
		expect(await refused).to.equal('invalid-event');
		expect(root(feed).querySelectorAll('.row-pending button').length).to.equal(2);
		expect(strayWords(feed)).to.deep.equal([]);
		epoch = 'two';
		feed.reconnect();
		await until(() => root(feed).querySelector('.gap')?.textContent?.includes('anew'), 'another log');
		expect(strayWords(feed)).to.deep.equal([]);
	});

	it('may be some of the page’s, whose dates are then those of its language', async () => {
		const channel = theirChannel();
		await post(channel, { text: THEIRS });
		const feed = show({ channel, lang: 'de-AT' }, { live: 'Läuft', pause: 'Anhalten' });
		await until(() => words(feed) === 'Läuft' && root(feed).querySelector('.end'), 'its words');
		expect(root(feed).querySelector('.tool')?.getAttribute('title')).to.equal('Anhalten (p)');
		expect(root(feed).querySelector('.end')?.textContent).to.equal('This is where the channel begins.');
		expect(root(feed).querySelector('time')?.textContent).to.equal('jetzt');
		expect(root(feed).querySelector('.day')?.textContent).to.equal('Heute');
		feed.messages = undefined;
		await until(() => words(feed) === 'Live', 'the panel’s words');
		expect(root(feed).querySelector('time')?.textContent).to.equal('now');
	});

	it('are English where there are none for the language, and nothing else is loaded', async () => {
		const channel = theirChannel();
		await post(channel, THEIR_EVENTS);
		for (const lang of ['en-GB', 'de', 'not a language', '']) {
			const feed = show({ channel, lang });
			await until(() => root(feed).querySelector('.end') && rows(feed) > 0, 'rows, and what is loaded later');
			expect(words(feed)).to.equal('Live');
			expect(root(feed).querySelector('.day')?.textContent).to.equal('Today');
		}
		expect(loaded()).to.deep.equal([]);
	});

	it('are Arabic where the page is, with its dates and numbers, and turn with the page', async () => {
		const channel = theirChannel();
		await post(channel, THEIR_EVENTS);
		const feed = show({ channel, lang: 'ar-EG', dir: 'rtl' });
		await until(() => words(feed) === 'مباشر', 'Arabic');
		expect(loaded()).to.deep.equal(['ar']);
		expect(root(feed).querySelector('.row-error .level')?.textContent?.trim()).to.equal('خطأ');
		expect(root(feed).querySelector('time')?.textContent).to.equal('الآن');
		expect(root(feed).querySelector('.day')?.textContent).to.equal('اليوم');
		expect(root(feed).querySelector('.pulse')?.getAttribute('aria-label')).to.match(/^٧ أحداث في الساعة الأخيرة/);
		expect(getComputedStyle(root(feed).querySelector('.list') as Element).direction).to.equal('rtl');
		// Names of keys stay as they are on the keys.
		const latin = strayWords(feed).filter((said) => /[A-Za-z]{2}/.test(said));
		expect(latin).to.deep.equal([]);
		// As of the next draw, whatever the reason for it.
		feed.lang = 'en';
		await post(channel, { text: THEIRS });
		await until(() => words(feed) === 'Live', 'English');
		feed.lang = 'ar';
		await post(channel, { text: THEIRS });
		await until(() => words(feed) === 'مباشر', 'Arabic again');
		expect(loaded()).to.deep.equal(['ar']);
	});

	it('stay English where a language cannot be loaded, which is asked for once and not at every draw', async () => {
		let asked = 0;
		const language = new Language(() => expect.fail('nothing was loaded'), {
			ar: () => {
				asked++;
				return Promise.reject(new Error('not there'));
			},
		});
		const speaker = document.createElement('live-feed');
		speaker.lang = 'ar';
		const before = language.choose(speaker);
		await new Promise(requestAnimationFrame);
		expect(language.choose(speaker)).to.equal(before);
		expect(before.live).to.equal('Live');
		expect(language.locale).to.match(/^en/);
		expect(asked).to.equal(1);
	});
});
