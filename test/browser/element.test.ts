// What a page can do with the element, in a real browser against a real relay.
import { expect } from 'chai';
import { FeedError } from '../../relay/protocol/errors.ts';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { connect } from '../../widget/client/index.ts';
import type { LiveFeed } from '../../widget/index.ts';
import '../../widget/index.ts';
import { killRelay, relayUrl, restartRelay } from '../support/relay-in-browser.ts';
import { newChannel, patience, post, until } from './page.ts';

/** An element in the page, live unless told otherwise. */
async function show(attributes: Record<string, string>, wait = true): Promise<LiveFeed> {
	const feed = document.createElement('live-feed');
	for (const [name, value] of Object.entries({ relay: relayUrl, ...attributes })) feed.setAttribute(name, value);
	document.body.append(feed);
	if (wait) await until(() => feed.connection === 'live', 'live');
	return feed;
}

const root = (feed: LiveFeed): ShadowRoot => feed.shadowRoot as ShadowRoot; // the element always has one
const rows = (feed: LiveFeed): string[] =>
	[...root(feed).querySelectorAll('[part~=row-text]')].map((row) => row.textContent?.trim() ?? '');
const words = (feed: LiveFeed): string => root(feed).querySelector('[part=state]')?.textContent?.trim() ?? '';
const note = (feed: LiveFeed): string => root(feed).querySelector('.note:not([hidden])')?.textContent?.trim() ?? '';
const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const texts = (count: number, from = 1) =>
	Array.from({ length: count }, (_, index) => ({ text: `text ${from + index}` }));

/** What the page reports as uncaught while `act` runs; mocha would take it for a failure. */
async function catchReports(act: () => Promise<void>): Promise<unknown[]> {
	const reports: unknown[] = [];
	const before = window.onerror;
	window.onerror = (_message, _source, _line, _column, error) => {
		reports.push(error);
		return true;
	};
	await act();
	window.onerror = before;
	return reports;
}

describe('<live-feed>', () => {
	afterEach(() => {
		for (const feed of document.querySelectorAll('live-feed')) feed.remove();
	});

	it('shows what is published, newest on top, with its history', async () => {
		const channel = newChannel();
		await post(channel, texts(3));
		const feed = await show({ channel });
		await until(() => rows(feed).length === 3, 'history');
		await post(channel, {
			type: 'deploy.failed',
			level: 'error',
			text: 'Health check timed out',
			actor: { name: 'build-bot', kind: 'bot' },
		});
		await until(() => rows(feed).length === 4, 'the live row');
		expect(rows(feed)[0]).to.match(/^build-bot\s+unverified\s+Health check timed out$/);
		expect(rows(feed).slice(1)).to.deep.equal(['text 3', 'text 2', 'text 1']);
		expect(root(feed).querySelector('.row-error .level')?.textContent).to.contain('Error');
		expect(feed.events.map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4]);
		expect(words(feed)).to.equal('Live');
		expect(feed.matches(':state(live)')).to.equal(true);
	});

	it('shows a name alone as a sentence, and everything hostile as text', async () => {
		const channel = newChannel();
		const hostile = '<img src=x onerror="alert(1)"><style>*{display:none}</style>';
		const feed = await show({ channel });
		await post(channel, [
			{ type: 'customAlert' },
			{
				text: hostile,
				actor: { name: hostile.slice(0, 60), image: 'https://example.invalid/a.png', color: 'red;}' },
				data: { [hostile]: hostile },
			},
		]);
		await until(() => rows(feed).length === 2, 'both rows');
		expect(rows(feed)[1]).to.equal('customAlert');
		expect(rows(feed)[0]).to.contain(hostile);
		expect(root(feed).querySelectorAll('script, style, [style], img[src=x]').length).to.equal(0);
	});

	it('publishes, and resolves with the receipt once it is stored', async () => {
		const channel = newChannel();
		const feed = await show({ channel });
		const published: string[] = [];
		feed.addEventListener('live-feed-published', ({ draft, receipt }) =>
			published.push(`${draft.type} ${receipt.seq}`),
		);
		const receipt = await feed.publish('customAlert', { data: { button: 3 } });
		expect(receipt).to.include({ seq: 1, duplicate: false });
		expect((await feed.publish({ text: 'Hello', level: 'success' })).seq).to.equal(2);
		await until(() => feed.events.length === 2, 'both events');
		expect(feed.events[0]).to.deep.include({
			type: 'customAlert',
			data: { button: 3 },
			id: receipt.id,
			time: receipt.time,
		});
		expect(feed.events[1]).to.include({ type: 'message', text: 'Hello', level: 'success' });
		expect(published).to.deep.equal(['customAlert 1', 'undefined 2']);
	});

	it('says that a lone string is a type, and how to send a text', async () => {
		const feed = await show({ channel: newChannel() });
		const error = await feed.publish('Deploy done').catch((reason) => reason);
		expect(error).to.be.instanceOf(FeedError);
		expect(error.code).to.equal('invalid-event');
		expect(error.message).to.contain("publish('message', {text})");
	});

	it('passes on what the relay says of a bad draft, and goes on', async () => {
		const feed = await show({ channel: newChannel() });
		const refused = [
			feed.publish('a', { text: 'x'.repeat(9000) }),
			feed.publish('a', { level: 'fatal' as 'error' }),
			feed.publish('a', { url: 'javascript:alert(1)' }),
			feed.publish('a', { data: 'x'.repeat(70_000) }),
			feed.publish({} as { type: string }),
		];
		const codes = await Promise.all(
			refused.map((promise) =>
				promise.then(
					() => 'stored',
					(error) => error.code,
				),
			),
		);
		expect(codes).to.deep.equal([
			'invalid-event',
			'invalid-event',
			'invalid-event',
			'event-too-large',
			'invalid-event',
		]);
		expect((await feed.publish('fine')).seq).to.equal(1);
		expect(feed.connection).to.equal('live');
	});

	it('lets the page change or cancel a draft before it is sent', async () => {
		const feed = await show({ channel: newChannel() });
		feed.addEventListener('live-feed-publish', (event) => {
			if (event.draft.type === 'secret') event.preventDefault();
			event.draft.data = { page: 'test' };
		});
		const error = await feed.publish('secret').catch((reason) => reason);
		expect(error.code).to.equal('cancelled');
		await feed.publish('open');
		await until(() => feed.events.length === 1, 'the event');
		expect(feed.events[0]).to.deep.include({ type: 'open', data: { page: 'test' } });
	});

	it('calls subscribers from now on, once each and in order, and chains', async () => {
		const channel = newChannel();
		await post(channel, [{ type: 'alert', text: 'before' }]);
		const feed = await show({ channel });
		const calls: string[] = [];
		const stop = new AbortController();
		const note = (who: string) => (event: FeedEvent) => calls.push(`${who} ${event.type} ${event.text}`);
		const same = feed
			.subscribe('alert', note('one'))
			.subscribe('deploy.*', note('prefix'))
			.subscribe('*', note('all'))
			.subscribe('alert', note('stopped'), { signal: stop.signal });
		expect(same).to.equal(feed);
		stop.abort();
		await post(channel, [
			{ type: 'alert', text: '1' },
			{ type: 'deploy.done', text: '2' },
			{ type: 'deploy', text: '3' },
		]);
		await until(() => calls.length === 5, 'five calls');
		expect(calls).to.deep.equal([
			'one alert 1',
			'all alert 1',
			'prefix deploy.done 2',
			'all deploy.done 2',
			'all deploy 3',
		]);
	});

	it('tells a subscriber history first where he asks for it', async () => {
		const channel = newChannel();
		await post(channel, texts(1200));
		const feed = await show({ channel, history: '5' });
		const seen: number[] = [];
		feed.subscribe('message', ({ seq }) => seen.push(seq), { since: 0 });
		await post(channel, texts(3, 1201));
		await until(() => seen.length >= 1203, 'all');
		expect(seen).to.deep.equal(Array.from({ length: 1203 }, (_, index) => index + 1));
	});

	it('reports a callback that throws, and calls the others', async () => {
		const channel = newChannel();
		const feed = await show({ channel });
		const errors: unknown[] = [];
		const calls: number[] = [];
		const fault = new Error('the page’s own');
		feed.addEventListener('live-feed-error', ({ error }) => errors.push(error));
		feed.subscribe('*', () => {
			throw fault;
		});
		feed.subscribe('*', ({ seq }) => calls.push(seq));
		const reports = await catchReports(async () => {
			await post(channel, texts(2));
			await until(() => calls.length === 2, 'the others');
		});
		expect(errors).to.deep.equal([fault, fault]);
		expect(reports).to.deep.equal([fault, fault]);
		await until(() => rows(feed).length === 2, 'the rows');
		expect(feed.connection).to.equal('live');
	});

	it('transfers and shows the types of `types`; a subscription to another widens what is transferred alone', async () => {
		const channel = newChannel();
		await post(channel, [
			{ type: 'deploy.done', text: 'old deploy' },
			{ type: 'login', text: 'old login' },
		]);
		const feed = await show({ channel, types: 'deploy.*' });
		const received: string[] = [];
		const logins: string[] = [];
		feed.addEventListener('live-feed-received', ({ events }) => received.push(...events.map(({ text = '' }) => text)));
		await post(channel, [
			{ type: 'login', text: 'not for us' },
			{ type: 'deploy.failed', text: 'new deploy' },
		]);
		await until(() => received.includes('new deploy'), 'the deploy');
		expect(received).not.to.include('not for us');
		feed.subscribe('login', ({ text = '' }) => logins.push(text));
		await until(async () => {
			await post(channel, { type: 'login', text: 'for us' });
			return logins.length > 0;
		}, 'the login');
		// Rows are drawn with the next frame, which may come later than the answer to a request.
		await until(() => rows(feed).length > 1, 'the new row');
		expect(rows(feed)).to.deep.equal(['new deploy', 'old deploy']);
	});

	it('calls each subscriber once and in order while subscriptions come and go under load', async () => {
		const channel = newChannel();
		const feed = await show({ channel, types: 'shown', history: '0' });
		const seen: number[] = [];
		feed.subscribe('load', ({ seq }) => seen.push(seq));
		const load = (async () => {
			for (let n = 0; n < 40; n++)
				await post(
					channel,
					Array.from({ length: 20 }, () => ({ type: 'load' })),
				);
		})();
		for (let n = 0; n < 30; n++) {
			const stop = new AbortController();
			feed.subscribe(`extra-${n}`, () => {}, { signal: stop.signal });
			await new Promise((resolve) => requestAnimationFrame(resolve));
			if (n % 2) stop.abort();
		}
		await load;
		await post(channel, { type: 'load' });
		await until(() => seen.at(-1) === 801, 'the last');
		const first = seen[0] as number;
		expect(seen).to.deep.equal(Array.from({ length: 801 - first + 1 }, (_, index) => first + index));
	});

	it('tells history and goes on live without a hole, though it is published to meanwhile, and only once', async () => {
		const channel = newChannel();
		await post(channel, texts(300));
		let isOver = false;
		const load = (async () => {
			for (let n = 301; !isOver; n++) await post(channel, texts(1, n));
		})();
		const lists: number[][] = [];
		const feeds: LiveFeed[] = [];
		for (let n = 0; n < 6; n++) {
			const feed = await show({ channel, history: '5' }, false);
			const seen: number[] = [];
			feed.subscribe('*', ({ seq }) => seen.push(seq), { since: 0 });
			feeds.push(feed);
			lists.push(seen);
		}
		await until(() => lists.every((seen) => (seen.at(-1) ?? 0) > 330), 'some live ones');
		feeds[0]?.remove();
		document.body.append(feeds[0] as LiveFeed);
		isOver = true;
		await load;
		const last = ((await (await fetch(`${relayUrl}/channels/${channel}/events?limit=1`)).json()) as { last: number })
			.last;
		await until(() => lists.slice(1).every((seen) => seen.at(-1) === last), 'all of it');
		for (const seen of lists.slice(1))
			expect(seen).to.deep.equal(Array.from({ length: last }, (_, index) => index + 1));
		const [moved = []] = lists;
		expect(new Set(moved).size).to.equal(moved.length);
	});

	it('stores a draft as it was handed in', async () => {
		const channel = newChannel();
		const feed = await show({ channel });
		const state = { n: 0 };
		const receipts = [1, 2, 3].map((n) => {
			state.n = n;
			return feed.publish('state', { data: state });
		});
		await Promise.all(receipts);
		await until(() => feed.events.length === 3, 'all three');
		expect(feed.events.map(({ data }) => data)).to.deep.equal([{ n: 1 }, { n: 2 }, { n: 3 }]);
		const late = await feed.publish('big', { data: '\ufffd'.repeat(10_920) }).catch((error) => error.code);
		expect(late).to.equal('event-too-large');
	});

	it('shows the rows of other types when `types` changes', async () => {
		const channel = newChannel();
		await post(
			channel,
			range(20).map((n) => ({ type: n % 2 ? 'odd' : 'even', text: `${n}` })),
		);
		const feed = await show({ channel, types: 'even' });
		await until(() => rows(feed).length === 10, 'the even ones');
		feed.types = 'even odd';
		await until(() => rows(feed).length === 20, 'all');
		expect(feed.events.map(({ text }) => Number(text))).to.deep.equal(range(20));
		feed.types = 'odd';
		await until(() => rows(feed).length === 10 && rows(feed)[0] === '19', 'the odd ones');
	});

	it('draws nothing new while the reader is away from the edge, and all of it when he is back', async () => {
		const channel = newChannel();
		await post(channel, texts(80));
		const feed = await show({ channel, style: 'block-size: 300px' });
		await until(() => rows(feed).length === 50, 'history');
		const list = () => root(feed).querySelector('.list') as HTMLElement;
		await until(() => root(feed).adoptedStyleSheets.length > 3, 'what is loaded later');
		list().scrollTop = 400;
		await until(() => list().scrollTop > 100, 'scrolled');
		await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
		const read = root(feed).querySelectorAll<HTMLElement>('[data-seq]')[10] as HTMLElement;
		const top = read.getBoundingClientRect().top;
		await post(channel, texts(200, 81));
		await until(() => feed.events.at(-1)?.seq === 280, 'the new ones');
		await feed.updateComplete;
		expect(read.isConnected).to.equal(true);
		expect(read.getBoundingClientRect().top).to.equal(top);
		expect(rows(feed).some((text) => text === 'text 280')).to.equal(false);
		list().scrollTop = 0;
		await until(() => rows(feed)[0] === 'text 280', 'the newest');
	});

	it('lets a callback subscribe and unsubscribe', async () => {
		const channel = newChannel();
		const feed = await show({ channel });
		const calls: string[] = [];
		const stop = new AbortController();
		feed.subscribe('a', ({ seq }) => {
			calls.push(`one ${seq}`);
			stop.abort();
			feed.subscribe('a', ({ seq: later }) => calls.push(`added at ${seq}: ${later}`));
		});
		feed.subscribe('a', () => calls.push('stopped'), { signal: stop.signal });
		await post(channel, [{ type: 'a' }, { type: 'a' }]);
		await until(() => calls.length >= 3, 'the calls');
		expect(calls).to.deep.equal(['one 1', 'one 2', 'added at 1: 2']);
	});

	it('says at once what is no type, and at the first answer what is no history, and does not try for ever', async () => {
		const feed = await show({ channel: newChannel() });
		expect(() => feed.subscribe('Deploy done', () => {})).to.throw(FeedError, /deploy\.\*/);
		for (const [attributes, code] of [
			[{ history: '-5' }, 'invalid-parameter'],
			[{ types: 'deploy.* /x/' }, 'invalid-parameter'],
		] as const) {
			const wrong = await show({ channel: newChannel(), ...attributes }, false);
			await until(() => words(wrong) === 'Not set up' && note(wrong).includes(code), code);
			expect(await wrong.publish('a').catch((error) => error.code)).to.equal(code);
			wrong.remove();
		}
	});

	it('begins with as much history as it is told', async () => {
		const channel = newChannel();
		await post(channel, texts(60));
		const [none, two, span, usual] = await Promise.all([
			show({ channel, history: '0' }),
			show({ channel, history: '2' }),
			show({ channel, history: '2h' }),
			show({ channel }),
		]);
		await until(() => span.events.length === 60 && usual.events.length === 50 && two.events.length === 2, 'all four');
		expect(none.events).to.deep.equal([]);
	});

	it('loads older events on demand until the channel begins', async () => {
		const channel = newChannel();
		await post(channel, texts(530));
		const feed = await show({ channel, history: '20' });
		await until(() => feed.events.length === 20, 'history');
		const sizes: number[] = [];
		for (let n = 0; n < 4; n++) {
			await feed.loadOlder();
			sizes.push(feed.events.length);
		}
		expect(sizes).to.deep.equal([270, 520, 530, 530]);
		expect(feed.events.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 530 }, (_, index) => index + 1));
	});

	it('pauses drawing alone, says how many wait, and drops them in', async () => {
		const channel = newChannel();
		await post(channel, texts(2));
		const feed = await show({ channel });
		await until(() => rows(feed).length === 2, 'history');
		const heard: number[] = [];
		feed.subscribe('*', ({ seq }) => heard.push(seq));
		feed.pause();
		await post(channel, texts(3, 3));
		await until(() => heard.length === 3 && words(feed).includes('3 waiting'), 'the words');
		expect(rows(feed)).to.deep.equal(['text 2', 'text 1']);
		expect(feed.hasAttribute('paused')).to.equal(true);
		expect(feed.events.length).to.equal(5);
		feed.resume();
		await until(() => rows(feed).length === 5, 'all rows');
		expect(words(feed)).to.equal('Live');
	});

	it('takes order, density, heading and time zone from attributes, and days from when it happened', async () => {
		const channel = newChannel();
		const at = (day: number, hour: number) => Date.UTC(2025, 10, day, hour, 30);
		await post(channel, [
			{ text: 'first', at: at(17, 23) },
			{ text: 'second', at: at(18, 8) },
		]);
		const feed = await show({
			channel,
			order: 'newest-last',
			density: 'compact',
			heading: 'Releases',
			lang: 'en-GB',
			'time-zone': 'UTC',
		});
		await until(() => rows(feed).length === 2, 'rows');
		expect(rows(feed)).to.deep.equal(['first', 'second']);
		expect(root(feed).querySelector('h2')?.textContent).to.equal('Releases');
		await until(
			() => getComputedStyle(root(feed).querySelector('[part~=row-avatar]') as Element).display === 'none',
			'compact',
		);
		expect(
			[...root(feed).querySelectorAll('[part=separator], [part=row-time]')].map((part) => part.textContent?.trim()),
		).to.deep.equal(['17 Nov 2025', '23:30:00', '18 Nov 2025', '08:30:00']);
	});

	it('says in the panel and in an event what its author has to mend, and throws nothing', async () => {
		const cases: [Record<string, string>, string, RegExp][] = [
			[{}, 'no-channel', /channel="deploys"/],
			[{ channel: 'no spaces' }, 'invalid-channel', /A-Z a-z 0-9/],
			[{ channel: 'fine', relay: 'ftp://example.org' }, 'no-relay', /https:\/\/relay\.example\.org/],
			[{ channel: 'fine', relay: '' }, 'no-relay', /https:\/\/relay\.example\.org/],
		];
		for (const [attributes, code, text] of cases) {
			const errors: unknown[] = [];
			const listen = ({ error }: HTMLElementEventMap['live-feed-error']) => errors.push((error as FeedError).code);
			document.addEventListener('live-feed-error', listen);
			const feed = await show(attributes, false);
			await until(() => text.test(note(feed)), `the words for ${code}`);
			expect(note(feed)).to.match(text);
			expect(errors).to.deep.equal([code]);
			await until(() => words(feed) === 'Not set up', 'the state in words');
			const refused = await feed.publish('a').catch((error) => error.code);
			expect(refused).to.equal(code);
			document.removeEventListener('live-feed-error', listen);
			feed.remove();
		}
	});

	it('says that the relay cannot be reached, when it tries again, and by a button now', async () => {
		const errors: string[] = [];
		const feed = await show({ channel: 'unreachable', relay: 'http://127.0.0.1:9' }, false);
		feed.addEventListener('live-feed-error', ({ error }) => errors.push((error as FeedError).code));
		await until(() => note(feed).includes('Cannot reach the relay'), 'the words');
		expect(note(feed)).to.contain('http://127.0.0.1:9');
		expect(errors[0]).to.equal('relay-unreachable');
		expect(feed.connection).to.equal('offline');
		expect(root(feed).querySelector('.note button')?.textContent).to.equal('Retry');
		feed.relay = relayUrl;
		await until(() => feed.connection === 'live' && note(feed).includes('Nothing here yet'), 'another relay');
	});

	it('honours what was set before it was defined, and is defined twice without harm', async () => {
		expect(() => customElements.get('live-feed')).not.to.throw();
		await import('../../widget/index.ts');
		const early = document.createElement('div');
		early.innerHTML = '<live-feed hidden>Fallback</live-feed>';
		const feed = early.firstElementChild as LiveFeed;
		const channel = newChannel();
		Object.assign(feed, { channel, relay: relayUrl, heading: 'Early' });
		feed.hidden = false;
		document.body.append(feed);
		await until(() => feed.connection === 'live', 'live');
		expect(root(feed).querySelector('h2')?.textContent).to.equal('Early');
	});

	it('keeps its connection when it is moved, and ends it when it is removed', async () => {
		const channel = newChannel();
		const feed = await show({ channel });
		const changes: string[] = [];
		feed.addEventListener('live-feed-connection-change', ({ connection }) => changes.push(connection));
		const place = document.createElement('div');
		document.body.append(place);
		place.append(feed);
		await post(channel, { text: 'after the move' });
		await until(() => rows(feed).length === 1, 'the row');
		expect(changes).to.deep.equal([]);
		feed.remove();
		await until(() => feed.connection === 'idle', 'idle');
		document.body.append(feed);
		await until(() => feed.connection === 'live' && rows(feed).length === 1, 'live again');
		place.remove();
	});

	it('goes on by itself after the relay was killed, and has everything once', async function () {
		this.timeout(patience(60_000)); // it comes back when its own back-off says so
		const channel = newChannel();
		await post(channel, texts(2));
		const feed = await show({ channel });
		const heard: string[] = [];
		feed.subscribe('*', ({ text = '' }) => heard.push(text));
		await until(() => rows(feed).length === 2, 'history');
		await killRelay();
		await until(() => words(feed).startsWith('Offline · as of'), 'the words');
		expect(rows(feed).length).to.equal(2);
		const late = feed.publish('message', { text: 'while it was away' });
		await restartRelay();
		await post(channel, texts(2, 3));
		expect((await late).duplicate).to.equal(false);
		await until(() => feed.connection === 'live' && heard.length === 3 && rows(feed).length === 5, 'all rows');
		expect(heard.toSorted()).to.deep.equal(['text 3', 'text 4', 'while it was away']);
		expect(feed.events.map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4, 5]);
		await until(() => words(feed) === 'Live', 'live');
	});

	it('draws the pulse of the hour, live events included', async () => {
		const channel = newChannel();
		await post(channel, [...texts(3), { level: 'error', text: 'bad' }]);
		const feed = await show({ channel });
		const name = () => root(feed).querySelector('[part=pulse]')?.getAttribute('aria-label') ?? '';
		await until(() => name().startsWith('4 events in the last hour'), 'the pulse');
		await post(channel, { text: 'one more' });
		await until(() => name().startsWith('5 events'), 'the live one');
		expect(name()).to.match(/1 error$/);
	});

	it('selects a row, unless the page takes that over', async () => {
		const channel = newChannel();
		const feed = await show({ channel });
		await post(channel, texts(2));
		await until(() => rows(feed).length === 2, 'rows');
		const row = () => root(feed).querySelector('li.row') as HTMLElement;
		row().click();
		await until(() => row().getAttribute('aria-current') === 'true', 'selected');
		const taken: number[] = [];
		feed.addEventListener('live-feed-select', (event) => {
			event.preventDefault();
			taken.push((event as HTMLElementEventMap['live-feed-select']).event.seq);
		});
		row().click();
		expect(taken).to.deep.equal([2]);
		expect(row().getAttribute('aria-current')).to.equal('true');
	});
});

describe('connect()', () => {
	it('publishes and subscribes without a panel', async () => {
		const channel = newChannel();
		const [one, two] = [connect({ relay: relayUrl, channel }), connect({ relay: relayUrl, channel })];
		const heard: string[] = [];
		const stop = two.subscribe('hello', ({ text = '' }) => heard.push(text));
		await until(() => two.connection === 'live', 'live');
		await one.publish('hello', { text: 'first' });
		await until(() => heard.length === 1, 'the first');
		stop();
		await one.publish('hello', { text: 'second' });
		const page = await two.fetchPage({ after: '0' });
		expect(page.events.map(({ text }) => text)).to.deep.equal(['first', 'second']);
		expect(heard).to.deep.equal(['first']);
		one.close();
		two.close();
		expect(one.connection).to.equal('idle');
		expect(await one.publish('late').catch((error) => error.code)).to.equal('closed');
	});

	it('throws what is wrong with its options, since its author is there to read it', () => {
		expect(() => connect({ relay: relayUrl, channel: '' })).to.throw(FeedError, /channel name/);
		expect(() => connect({ relay: 'relay', channel: 'a' })).to.throw(FeedError, /relay address/);
	});

	it('bounds what waits while the relay is away', async () => {
		const client = connect({ relay: 'http://127.0.0.1:9', channel: 'away' });
		const waiting = Array.from({ length: 1000 }, () => client.publish('a').catch((error) => error.code));
		expect(await client.publish('b').catch((error) => error.code)).to.equal('outbox-full');
		client.close();
		expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(['closed']));
	});
});
