// The documented shape of the element, held line by line against real panels: what is written is there, what is there is written.
import { expect } from 'chai';
import type { LiveFeed } from '../../widget/index.ts';
import '../../widget/index.ts';
import type { ElementShape } from '../../widget/build/manifest.ts';
import { relayUrl } from '../support/relay-in-browser.ts';
import { newChannel, post, until } from './page.ts';

const element = (await (await fetch('/shape.json')).json()) as ElementShape; // made by our own build

type Scene = () => Promise<LiveFeed>;

const root = (feed: LiveFeed): ShadowRoot => feed.shadowRoot as ShadowRoot; // the element always has one
const find = (feed: LiveFeed, part: string) => root(feed).querySelector<HTMLElement>(`[part~=${part}]`);
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** An element in the page, as an author would write it. */
function show(attributes: Record<string, string>, content = ''): LiveFeed {
	const feed = document.createElement('live-feed');
	for (const [name, value] of Object.entries({ relay: relayUrl, ...attributes })) feed.setAttribute(name, value);
	feed.innerHTML = content;
	document.body.append(feed);
	return feed;
}

/** A live panel with what was posted before, and all that is loaded later. */
async function showLive(events: unknown[], attributes: Record<string, string> = {}, content = ''): Promise<LiveFeed> {
	const channel = newChannel();
	if (events.length > 0) await post(channel, events);
	const feed = show({ channel, ...attributes }, content);
	// With nothing to show there is nothing that would be loaded later.
	const isWhole = () => events.length === 0 || root(feed).adoptedStyleSheets.length > 3;
	await until(() => feed.connection === 'live' && isWhole(), 'a panel with all its looks');
	return feed;
}

/** The same panel for all tests that ask for it: it may not be changed but by being looked at. */
function once(make: Scene): Scene {
	let made: Promise<LiveFeed> | undefined;
	return () => {
		made ??= make();
		return made;
	};
}

const ACTOR = { name: 'Ada Lovelace', kind: 'person' };
const long = 'A sentence that goes on and on. '.repeat(40);

/** One event of each kind that a row may show. */
const EVENTS = [
	{ type: 'deploy.done', text: 'yesterday', at: Date.now() - 86_400_000, actor: ACTOR },
	...['debug', 'info', 'success', 'warning', 'error'].map((level) => ({ type: `log.${level}`, level, text: level })),
	{ type: 'report.made', text: long, actor: ACTOR },
	{ text: 'With `code`, @ada and https://example.org', url: 'https://example.org/a', data: { n: 1 }, actor: ACTOR },
];

const rich = once(async () => {
	const feed = await showLive(EVENTS, {}, '<button slot="actions">More</button><p slot="footer">Foot</p>');
	await until(() => root(feed).querySelector('.row-wide') && find(feed, 'pulse'), 'rows and pulse');
	root(feed).querySelector<HTMLElement>('.data')?.click();
	await until(() => root(feed).querySelector('pre'), 'data');
	return feed;
});

const compact = once(async () => {
	const feed = await showLive(EVENTS, { density: 'compact' });
	await until(() => find(feed, 'row-error'), 'rows');
	return feed;
});

/** Its ground is stopped at the first moment, in which it is all there. */
const fresh = once(async () => {
	const feed = await showLive([]);
	await post(feed.channel ?? '', { text: 'just now' });
	await until(() => {
		const [animation] = find(feed, 'row-fresh')?.getAnimations() ?? [];
		animation?.pause();
		if (animation) animation.currentTime = 0;
		return animation;
	}, 'a fresh row');
	return feed;
});

const selected = once(async () => {
	const feed = await showLive([{ text: 'one' }]);
	(await until(() => find(feed, 'row'), 'a row')).click();
	await until(() => find(feed, 'row-selected'), 'the selected row');
	return feed;
});

const expanded = once(async () => {
	const feed = await showLive([{ text: long }]);
	(await until(() => root(feed).querySelector<HTMLElement>('.more'), 'Show all')).click();
	await until(() => find(feed, 'row-expanded'), 'the whole text');
	return feed;
});

const empty = once(async () => {
	const feed = await showLive([], {}, '<h3 slot="heading">Mine</h3><p slot="empty">Not a word</p>');
	await until(() => find(feed, 'empty')?.checkVisibility(), 'the words');
	return feed;
});

const offline = once(async () => {
	const feed = show({ relay: 'http://127.0.0.1:9', channel: 'nobody-there' });
	await until(() => feed.matches(':state(offline)'), 'offline');
	return feed;
});

const pending = once(async () => {
	const feed = show({ relay: 'http://127.0.0.1:9', channel: 'nobody-hears' });
	await until(() => feed.isConnected && feed.connection !== 'idle', 'a client');
	feed.publish('message', { text: 'not sent yet' }).catch(() => {});
	await until(() => find(feed, 'row-pending'), 'what waits');
	return feed;
});

/** A page that was away in the back/forward cache, while more was published than is kept. */
const gap = once(async () => {
	// Of the many it is sent none, so that the mark stands beside the row of before.
	const feed = await showLive([{ type: 'shown', text: 'before' }], { types: 'shown' });
	await until(() => find(feed, 'row'), 'the row of before');
	dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
	const many = Array.from({ length: 3_400 }, () => ({ type: 'a' }));
	for (let n = 0; n < 3; n++) await post(feed.channel ?? '', many);
	dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
	await until(() => find(feed, 'gap'), 'the mark of what is missing');
	return feed;
});

/** A reader further down, while new events come. */
const away = once(async () => {
	const feed = await showLive(
		Array.from({ length: 80 }, (_, n) => ({ text: `text ${n}`, type: `type-${n}` })),
		{ style: 'block-size: 300px' },
	);
	const list = await until(() => find(feed, 'list'), 'the list');
	await until(() => list.scrollHeight > 1000, 'rows');
	list.scrollTop = 400;
	await until(() => list.scrollTop > 100, 'scrolled');
	await frame();
	await frame();
	await post(feed.channel ?? '', [{ text: 'new' }, { text: 'bad', level: 'error' }]);
	await until(() => find(feed, 'pill')?.checkVisibility(), 'the pill');
	return feed;
});

/** Many alike in a row. */
const folded = once(async () => {
	const same = { type: 'probe.ok', text: 'Probe answered', actor: { name: 'prober', kind: 'bot' } };
	const feed = await showLive(Array.from({ length: 30 }, () => same));
	await until(() => find(feed, 'chip'), 'how many they are');
	return feed;
});

const unfolded = once(async () => {
	const same = { type: 'probe.ok', text: 'Probe answered' };
	const feed = await showLive(Array.from({ length: 3 }, () => same));
	(await until(() => root(feed).querySelector<HTMLElement>('.fold'), 'the fold')).click();
	await until(() => find(feed, 'row-inside'), 'those in it');
	return feed;
});

const own = once(async () => {
	const feed = await showLive([{ text: 'one' }]);
	feed.renderEvent = () => document.createElement('p');
	await until(() => find(feed, 'row-own'), 'the row of the page');
	return feed;
});

/** What has become of events, and a reader who takes part. */
const worked = once(async () => {
	const before = localStorage['live-feed name'];
	localStorage['live-feed name'] = 'Ada';
	const feed = await showLive(
		[{ text: 'pinned' }, { text: 'removed' }, { text: 'for @ada' }, { text: 'done', status: 'open' }],
		{ compose: '' },
	);
	const [pinned, removed, , done] = feed.events.map(({ id }) => id);
	await post(feed.channel ?? '', [
		{ target: pinned, pinned: true },
		{ target: removed, removed: true },
		{ target: done, status: 'resolved' },
		{ type: 'comment', text: 'a reply', replyTo: done },
	]);
	(await until(() => root(feed).querySelector<HTMLElement>('.replies'), 'the replies')).click();
	await until(() => find(feed, 'thread') && find(feed, 'row-removed') && find(feed, 'row-mention'), 'all of it');
	if (before === undefined) delete localStorage['live-feed name'];
	else localStorage['live-feed name'] = before;
	return feed;
});

/** Somebody who shows that he is here, with the names unfolded. */
const here = once(async () => {
	const feed = await showLive([{ text: 'one' }], { presence: '' });
	(await until(() => find(feed, 'presence'), 'how many are here')).click();
	await until(() => find(feed, 'people'), 'their names');
	return feed;
});

/** Where a part is to be seen that the first panel does not have. */
const PARTS: Record<string, Scene> = {
	chip: folded,
	composer: worked,
	empty,
	gap,
	people: here,
	pill: away,
	presence: here,
	'row-expanded': expanded,
	'row-folded': folded,
	'row-fresh': fresh,
	'row-inside': unfolded,
	'row-mention': worked,
	'row-own': own,
	'row-pending': pending,
	'row-pinned': worked,
	'row-removed': worked,
	'row-selected': selected,
	thread: worked,
};

const STATES: Record<string, Scene> = {
	live: rich,
	connecting: async () => {
		const feed = show({ relay: 'http://127.0.0.1:9', channel: 'not-yet' });
		// It asks for a relay in a microtask, and says so in the next one.
		for (let turn = 0; turn < 10 && !feed.matches(':state(connecting)'); turn++) await feed.updateComplete;
		return feed;
	},
	offline,
	refused: async () => {
		const feed = show({ channel: newChannel(), history: '-5' });
		await until(() => feed.connection === 'refused', 'refused');
		await feed.updateComplete;
		return feed;
	},
	paused: async () => {
		const feed = await showLive([]);
		feed.pause();
		await feed.updateComplete;
		return feed;
	},
	unread: away,
	empty,
};

/** Who sends an event. */
const SENDERS: Record<string, Scene> = {
	'live-feed-publish': pending,
	'live-feed-published': async () => {
		const feed = await showLive([]);
		await feed.publish('a');
		return feed;
	},
	'live-feed-received': fresh,
	'live-feed-changed': async () => {
		const feed = await showLive([{ type: 'a' }]);
		await until(() => feed.events.length === 1, 'an event');
		await feed.change(feed.events[0]?.id ?? '', { status: 'resolved' });
		await until(() => feed.events[0]?.status, 'its change');
		return feed;
	},
	'live-feed-select': selected,
	'live-feed-gap': gap,
	'live-feed-error': offline,
	'live-feed-connection-change': rich,
	'live-feed-unread-change': away,
};
const heard = new Map<string, Event>();

/** What an attribute may be written as, where it is no boolean. */
const VALUES: Record<string, string> = { order: 'newest-last', density: 'compact', history: '5' };

/** All parts that were seen in any panel. */
const seen = new Set<string>();
function look(feed: LiveFeed): void {
	for (const { part } of root(feed).querySelectorAll('[part]')) for (const name of part) seen.add(name);
}

const LOOKS = /color|background|stroke|fill|font|shadow|image/;

/** The computed looks of everything in a panel, with what stands before and after it. */
function readLooks(feed: LiveFeed): string[] {
	return [...root(feed).querySelectorAll('*')].flatMap((node) =>
		['', '::before', '::after'].map((pseudo) => {
			const style = getComputedStyle(node, pseudo);
			if (pseudo && style.content === 'none') return '';
			return [...style]
				.filter((name) => LOOKS.test(name))
				.map((name) => style.getPropertyValue(name))
				.join('|');
		}),
	);
}

/** Another value of the same kind than any that a panel has. */
function otherValue(token: string): string {
	if (token.endsWith('-size')) return '17px';
	return /-(font|mono)$/.test(token) ? 'fantasy' : 'rgb(1, 2, 3)';
}

async function changesALook(scene: Scene, token: string): Promise<boolean> {
	const feed = await scene();
	const before = readLooks(feed);
	feed.style.setProperty(token, otherValue(token));
	const after = readLooks(feed);
	feed.style.removeProperty(token);
	return after.some((looks, i) => looks !== before[i]);
}

describe('what is documented of <live-feed>', () => {
	const sheet = new CSSStyleSheet();
	before(() => {
		document.adoptedStyleSheets.push(sheet);
		for (const { name } of element.events) document.addEventListener(name, (event) => heard.set(name, event));
	});
	after(() => {
		for (const feed of document.querySelectorAll('live-feed')) feed.remove();
		document.adoptedStyleSheets = [];
	});

	for (const { name } of element.cssParts)
		it(`the part ${name} is there, and follows the page's style sheet`, async () => {
			const feed = await (PARTS[name] ?? rich)();
			look(feed);
			const part = find(feed, name);
			if (!part) throw new Error(`No element has the part ${name}; say in PARTS how to make one appear.`);
			sheet.replaceSync(`live-feed::part(${name}) { outline: 3px solid rgb(1, 2, 3) }`);
			expect(getComputedStyle(part).outlineColor).to.equal('rgb(1, 2, 3)');
			sheet.replaceSync('');
			expect(getComputedStyle(part).outlineColor).not.to.equal('rgb(1, 2, 3)');
		});

	for (const { name } of element.cssProperties)
		it(`the token ${name} changes how something looks`, async () => {
			for (const scene of [rich, compact, fresh, selected, worked]) if (await changesALook(scene, name)) return;
			if (await changesALook(away, name)) return; // the dearest one last
			throw new Error(`Nothing looks different with another ${name}.`);
		});

	for (const { name } of element.slots)
		it(`the slot ${name} shows what is put in`, async () => {
			const feed = await (name === 'actions' || name === 'footer' ? rich : empty)();
			const slot = root(feed).querySelector<HTMLSlotElement>(`slot[name=${name}]`);
			const [given] = slot?.assignedElements() ?? [];
			expect(given?.slot).to.equal(name);
			expect(given?.getBoundingClientRect().height).to.be.greaterThan(0);
		});

	for (const { name } of element.cssStates)
		it(`the state ${name} is matched, and not always`, async () => {
			const scene = STATES[name];
			if (!scene) throw new Error(`Say in STATES how a panel gets ${name}.`);
			const feed = await scene();
			look(feed);
			expect(feed.matches(`:state(${name})`)).to.equal(true);
			const other = await (name === 'live' ? offline : name === 'empty' ? rich : compact)();
			expect(other.matches(`:state(${name})`)).to.equal(false);
		});

	for (const { name, type } of element.events)
		it(`${name} is sent, and heard outside`, async () => {
			const scene = SENDERS[name];
			if (!scene) throw new Error(`Say in SENDERS which panel sends ${name}.`);
			await scene();
			const event = await until(() => heard.get(name), name);
			expect(event.constructor.name).to.equal(type?.text);
			expect(event.target).to.be.instanceOf(customElements.get('live-feed'));
		});

	// What proves somebody cannot be read back.
	for (const { name, fieldName = 'of none', type } of element.attributes.filter(({ name }) => name !== 'token'))
		it(`the attribute ${name} is the property ${fieldName}`, () => {
			const feed = document.createElement('live-feed');
			const isBoolean = type?.text === 'boolean';
			const value = isBoolean ? '' : (VALUES[name] ?? 'a');
			feed.setAttribute(name, value);
			expect(feed[fieldName as keyof LiveFeed]).to.equal(isBoolean ? true : value);
		});

	it('every property and method is there', () => {
		const feed = document.createElement('live-feed');
		const members = element.members.filter((member) => !member.static);
		const missing = members.filter(({ name, kind }) =>
			kind === 'method' ? typeof feed[name as keyof LiveFeed] !== 'function' : !(name in feed),
		);
		expect(missing).to.deep.equal([]);
	});

	it('no part that was seen meanwhile is undocumented', () => {
		const documented = element.cssParts.map(({ name }) => name);
		expect([...seen].filter((name) => !documented.includes(name))).to.deep.equal([]);
		expect(seen.size).to.be.greaterThan(15);
	});
});
