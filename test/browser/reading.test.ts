// What somebody sees who reads a panel while it goes on: folds, what waits, what is unread, and how one gets to a row.
import { expect } from 'chai';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/index.ts';
import '../../widget/index.ts';
import { relayUrl } from '../support/relay-in-browser.ts';
import { newChannel, post, until } from './page.ts';

const root = (feed: LiveFeed): ShadowRoot => feed.shadowRoot as ShadowRoot; // the element always has one
const list = (feed: LiveFeed) => find(feed, '.list') as HTMLElement; // and that too
const find = (feed: LiveFeed, selector: string) => root(feed).querySelector<HTMLElement>(selector);
const get = (feed: LiveFeed, selector: string) => until(() => find(feed, selector), selector);
const all = (feed: LiveFeed, selector: string) => [...root(feed).querySelectorAll<HTMLElement>(selector)];
const said = (element: Element | null | undefined) => element?.textContent?.replace(/\s+/g, ' ').trim() ?? '';
const state = (feed: LiveFeed) => said(find(feed, '[part=state]'));
const pill = (feed: LiveFeed) => said(find(feed, '[part=pill]'));
/** The sentences of the drawn rows, from the top. */
const rows = (feed: LiveFeed) => all(feed, '[part~=row-text]').map(said);
const row = (feed: LiveFeed, seq: number) => find(feed, `.row[data-seq="${seq}"]`);
const topOf = (element: Element | null) => element?.getBoundingClientRect().top ?? Number.NaN;
const texts = (count: number, from = 1) =>
	Array.from({ length: count }, (_, index) => ({ text: `text ${from + index}` }));
const beats = (count: number) => Array.from({ length: count }, () => ({ type: 'beat', text: 'Still here' }));

/** What is asked for has been drawn, and what that asked for. */
async function settled(feed: LiveFeed): Promise<void> {
	for (let frames = 0; frames < 4; frames++) await new Promise((resolve) => requestAnimationFrame(resolve));
	await feed.updateComplete;
}

function make(channel: string, attributes: Record<string, string>): LiveFeed {
	const feed = document.createElement('live-feed');
	const usual = { relay: relayUrl, channel, style: 'block-size: 300px; display: block', lang: 'en' };
	for (const [name, value] of Object.entries({ ...usual, ...attributes })) feed.setAttribute(name, value);
	return feed;
}

/** A panel in the page, with all that is loaded later, and rows where there are any. */
async function open(channel: string, attributes: Record<string, string> = {}): Promise<LiveFeed> {
	const feed = make(channel, attributes);
	document.body.append(feed);
	await until(() => feed.connection === 'live' && root(feed).adoptedStyleSheets.length > 3, 'a whole panel');
	await settled(feed);
	return feed;
}

/** A panel of a channel of its own, to which this was published before. */
async function show(before: object[], attributes: Record<string, string> = {}): Promise<LiveFeed> {
	const channel = newChannel();
	await post(channel, before);
	return open(channel, attributes);
}

/** Publishes more, and waits until the panel has it. */
async function add(feed: LiveFeed, events: object[]): Promise<void> {
	const newest = (feed.events.at(-1)?.seq ?? 0) + events.length;
	await post(feed.channel ?? '', events);
	await until(() => feed.events.at(-1)?.seq === newest, 'what was published');
	await settled(feed);
}

async function scrollTo(feed: LiveFeed, top: number): Promise<void> {
	list(feed).scrollTop = top;
	await settled(feed);
}

/** The pointer comes to an element of the list. */
function point(element: Element): void {
	const { left, top, width, height } = element.getBoundingClientRect();
	const at = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, composed: true };
	element.dispatchEvent(new PointerEvent('pointermove', at));
}

/** It goes away from there. */
function unpoint(feed: LiveFeed): void {
	list(feed).dispatchEvent(new PointerEvent('pointerleave'));
}

const hasFocus = (feed: LiveFeed, seq: number) => !!row(feed, seq) && root(feed).activeElement === row(feed, seq);

function press(target: Element, key: string): void {
	target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true }));
}

const plainTitle = document.title;
const plainAddress = location.href;

describe('somebody who reads', () => {
	afterEach(() => {
		for (const element of document.querySelectorAll('live-feed, iframe')) element.remove();
		getSelection()?.removeAllRanges();
		document.title = plainTitle;
		history.replaceState(null, '', plainAddress);
	});

	describe('finds alike events in one row', () => {
		for (const order of ['newest-first', 'newest-last'])
			it(`that opens and closes without moving from under the pointer (${order})`, async () => {
				const feed = await show([...texts(20), ...beats(5), ...texts(6, 21)], { order });
				const fold = await get(feed, '.row-folded');
				expect(said(fold.querySelector('[part=chip]'))).to.equal('×5');
				expect(rows(feed).filter((text) => text === 'Still here').length).to.equal(1);
				fold.scrollIntoView({ block: 'center' });
				await settled(feed);
				const button = fold.querySelector('.fold') as HTMLElement;
				point(button);
				const top = topOf(button);
				button.click();
				await until(() => all(feed, '.row-inside').length === 4, 'the others');
				await settled(feed);
				expect(topOf(button)).to.be.closeTo(top, 1);
				expect(button.getAttribute('aria-expanded')).to.equal('true');
				const seqs = all(feed, '.row-inside, .row-folded').map(({ dataset }) => Number(dataset.seq));
				const expected = [21, 22, 23, 24, 25];
				expect(seqs).to.deep.equal(order === 'newest-first' ? expected.toReversed() : expected);
				button.click();
				await until(() => all(feed, '.row-inside').length === 0, 'one row again');
				await settled(feed);
				expect(topOf(button)).to.be.closeTo(top, 1);
			});

		it('which counts on while it is closed, and while it is open', async () => {
			const feed = await show([...texts(3), ...beats(2)]);
			const fold = await get(feed, '.row-folded');
			const count = () => said(find(feed, '.row-folded [part=chip]'));
			await add(feed, beats(1));
			await until(() => count() === '×3', 'three');
			find(feed, '.fold')?.click();
			await until(() => all(feed, '.row-inside').length === 2, 'the others');
			await add(feed, beats(2));
			await until(() => count() === '×5', 'five');
			expect(all(feed, '.row-inside').length).to.equal(4);
			expect(find(feed, '.row-folded')).to.equal(fold);
			expect(rows(feed)).to.deep.equal([...Array(5).fill('Still here'), 'text 3', 'text 2', 'text 1']);
		});

		it('which stays under the pointer while it is open and more of them come', async () => {
			const feed = await show([...texts(3), ...beats(3)]);
			(await get(feed, '.fold')).click();
			await until(() => all(feed, '.row-inside').length === 2, 'the others');
			await settled(feed);
			const button = find(feed, '.fold') as HTMLElement;
			const top = topOf(button);
			point(button);
			await add(feed, beats(2));
			expect(button.isConnected).to.equal(true);
			expect(topOf(button)).to.equal(top);
			button.click();
			await until(() => all(feed, '.row-inside').length === 0, 'one row again');
		});

		it('which stays in its place with the focus in it while more of them come', async () => {
			const feed = await show([...texts(3), ...beats(1)]);
			const beat = row(feed, 4) as HTMLElement;
			beat.focus();
			const top = topOf(beat);
			await add(feed, beats(1));
			await until(() => said(beat).includes('×2'), 'two');
			await add(feed, beats(1));
			await until(() => said(beat).includes('×3'), 'three');
			expect(topOf(beat)).to.equal(top);
			expect(root(feed).activeElement).to.equal(beat);
			expect(beat.tabIndex).to.equal(0);
			expect(rows(feed)).to.deep.equal(['Still here', 'text 3', 'text 2', 'text 1']);
		});

		it('unless the page wants rows of their own, at once', async () => {
			const feed = await show([...texts(2), ...beats(3)], { 'no-fold': '' });
			await until(() => rows(feed).length === 5, 'five rows');
			feed.noFold = false;
			await until(() => rows(feed).length === 3, 'three rows');
			feed.noFold = true;
			await until(() => rows(feed).length === 5, 'five again');
			expect(find(feed, '[part=chip]')).to.equal(null);
		});

		it('which stays while the panel is paused, though more of them come and it is paused once more', async () => {
			const feed = await show([...texts(3), ...beats(2)]);
			await get(feed, '.row-folded');
			feed.pause();
			await settled(feed);
			await add(feed, beats(3));
			await until(() => state(feed).includes('3 waiting'), 'the words');
			feed.pause();
			await settled(feed);
			expect(state(feed)).to.contain('3 waiting');
			expect(rows(feed)).to.deep.equal(['Still here', 'text 3', 'text 2', 'text 1']);
			expect(said(find(feed, '[part=chip]'))).to.equal('×2');
			feed.resume();
			await until(() => said(find(feed, '[part=chip]')) === '×5', 'five');
		});
	});

	describe('sees what the page draws', () => {
		const draw = ({ seq, text = '' }: FeedEvent) => {
			const node = document.createElement('b');
			node.textContent = `${seq}: ${text}`;
			return node;
		};

		it('from a node, a sentence, or nothing, in which case the row is ours', async () => {
			const channel = newChannel();
			const feed = make(channel, {});
			feed.renderEvent = (event) =>
				({ node: draw(event), words: `So <i>${event.text}</i>`, none: null })[event.type] ?? undefined;
			document.body.append(feed);
			await post(
				channel,
				['node', 'words', 'none', 'other'].map((type) => ({ type, text: `a ${type}` })),
			);
			await until(() => all(feed, '.row-own').length === 2, 'two of the page’s');
			expect(said(row(feed, 1))).to.equal('1: a node');
			expect(said(row(feed, 2))).to.equal('So <i>a words</i>');
			expect(find(feed, 'i')).to.equal(null);
			expect([row(feed, 3), row(feed, 4)].map((own) => own?.classList.contains('row-own'))).to.deep.equal([
				false,
				false,
			]);
			expect(said(row(feed, 3))).to.contain('a none');
		});

		it('in rows that were there before, and ours again without it', async () => {
			const feed = await show(texts(3));
			feed.renderEvent = draw;
			await until(() => all(feed, '.row-own b').length === 3, 'the page’s rows');
			feed.renderEvent = undefined;
			await until(() => all(feed, '.row-own').length === 0 && rows(feed).length === 3, 'our rows');
		});

		it('as the same node for as long as it is there, drawn once', async () => {
			const channel = newChannel();
			await post(channel, texts(3));
			let calls = 0;
			const feed = await open(channel);
			feed.renderEvent = (event) => {
				calls++;
				return draw(event);
			};
			await until(() => all(feed, 'b').length === 3, 'the page’s rows');
			const nodes = all(feed, 'b');
			row(feed, 2)?.click();
			await until(() => find(feed, '.row-selected'), 'selected');
			feed.density = 'compact';
			await add(feed, texts(1, 4));
			await until(() => all(feed, 'b').length === 4, 'one more');
			expect(all(feed, 'b').slice(1)).to.deep.equal(nodes);
			expect(calls).to.equal(4);
		});

		it('for each of alike events, since it may not tell how many they are', async () => {
			const feed = await show(beats(3));
			await get(feed, '.row-folded');
			feed.renderEvent = draw;
			await until(() => all(feed, '.row-own').length === 3, 'the page’s rows');
			await add(feed, beats(1));
			await until(() => all(feed, '.row-own').length === 4, 'one more');
		});

		it('in each of two panels that draw with the same function', async () => {
			const channel = newChannel();
			await post(channel, texts(3));
			const panels = [await open(channel), await open(channel)];
			for (const feed of panels) feed.renderEvent = draw;
			await until(() => panels.every((feed) => all(feed, '.row-own').length === 3), 'the page’s rows');
			await post(channel, texts(2, 4));
			await until(() => panels.every((feed) => all(feed, '.row-own').length === 5), 'live ones');
			expect(panels.map((feed) => all(feed, '.row-own b').length)).to.deep.equal([5, 5]);
		});

		it('as our row where that fails, of which the page is told once for each event', async () => {
			const feed = await show(texts(2));
			const errors: unknown[] = [];
			feed.addEventListener('live-feed-error', ({ error }) => errors.push(error));
			const fault = new Error('the page’s own');
			feed.renderEvent = () => {
				throw fault;
			};
			await until(() => errors.length === 2, 'both');
			row(feed, 2)?.click();
			feed.density = 'compact';
			await until(() => find(feed, '.row-selected'), 'selected');
			await settled(feed);
			expect(rows(feed)).to.deep.equal(['text 2', 'text 1']);
			expect(errors).to.deep.equal([fault, fault]);
		});
	});

	describe('is told how much is unread', () => {
		it('while he is away from the edge, and not any more once he is back', async () => {
			const feed = await show(texts(40));
			const told: number[] = [];
			feed.addEventListener('live-feed-unread-change', ({ unread }) => told.push(unread));
			await add(feed, texts(2, 41));
			await until(() => rows(feed)[0] === 'text 42', 'what he sees come');
			expect([feed.unread, told]).to.deep.equal([0, []]);
			await scrollTo(feed, 600);
			await add(feed, texts(2, 43));
			await add(feed, texts(1, 45));
			await until(() => feed.unread === 3, 'three');
			expect(feed.matches(':state(unread)')).to.equal(true);
			await scrollTo(feed, 0);
			await until(() => feed.unread === 0 && !feed.matches(':state(unread)'), 'none');
			expect(told.at(-1)).to.equal(0);
			expect(told.slice(0, -1)).to.deep.equal([2, 3]);
		});

		it('until the page says that all is read', async () => {
			const feed = await show(texts(40));
			await scrollTo(feed, 600);
			await add(feed, texts(2, 41));
			await until(() => feed.unread === 2, 'two');
			feed.markRead();
			expect(feed.unread).to.equal(0);
			await add(feed, texts(1, 43));
			await until(() => feed.unread === 1, 'the next one');
		});

		it('as nothing on the first visit, and as what came since on the next one', async () => {
			const channel = newChannel();
			await post(channel, texts(40));
			const first = await open(channel);
			expect(first.unread).to.equal(0);
			expect(find(first, '.new')).to.equal(null);
			first.remove();
			await until(() => first.connection === 'idle', 'gone');
			await post(channel, texts(200, 41));
			const next = make(channel, { paused: '', history: '30' });
			document.body.append(next);
			await until(() => next.unread === 200, 'two hundred, of which not all are here');
			await until(() => next.matches(':state(unread)'), 'its state');
			next.resume();
			await until(() => next.unread === 0, 'none');
		});

		it('of the channel that is shown, where that becomes another', async () => {
			const [one, other] = [newChannel(), newChannel()];
			await post(one, texts(3));
			await post(other, texts(40));
			const feed = await open(one);
			await until(() => feed.unread === 0, 'a first visit');
			feed.channel = other;
			await until(() => rows(feed)[0] === 'text 40', 'the other channel');
			await settled(feed);
			await scrollTo(feed, 600);
			await add(feed, texts(2, 41));
			await until(() => feed.unread === 2, 'two');
			feed.remove();
			await until(() => feed.connection === 'idle', 'gone');
			await post(one, texts(1, 4));
			const next = make(one, { paused: '' });
			document.body.append(next);
			await until(() => next.unread === 1, 'one, of the first channel');
		});

		it('of which another tab has read its part', async () => {
			const feed = await show(texts(40));
			await scrollTo(feed, 600);
			await add(feed, texts(2, 41));
			await until(() => feed.unread === 2, 'two');
			const frame = document.createElement('iframe');
			frame.srcdoc = `<script type="module" src="/widget/index.ts"></script>
				<live-feed relay="${relayUrl}" channel="${feed.channel}"></live-feed>`;
			document.body.append(frame);
			frame.scrollIntoView();
			await until(() => feed.unread === 0, 'none');
			expect(row(feed, 42)).to.equal(null);
		});

		it('in the title of the page where that is wanted, whatever else becomes of the title', async () => {
			document.title = 'Deploys';
			const feed = await show(texts(40), { 'count-in-title': '' });
			await scrollTo(feed, 600);
			await add(feed, texts(3, 41));
			await until(() => document.title === '(3) Deploys', 'three');
			document.title = 'Deploys of today';
			await add(feed, texts(1, 44));
			await until(() => document.title === '(4) Deploys of today', 'four');
			feed.countInTitle = false;
			await until(() => document.title === 'Deploys of today', 'no number');
			feed.countInTitle = true;
			await until(() => document.title === '(4) Deploys of today', 'four again');
			await scrollTo(feed, 0);
			await until(() => document.title === 'Deploys of today', 'none');
		});

		it('in a page without a title too, and no more once the panel is gone', async () => {
			document.title = '';
			const feed = await show(texts(40), { 'count-in-title': '' });
			await scrollTo(feed, 600);
			await add(feed, texts(1, 41));
			await until(() => document.title === '(1)', 'one');
			await add(feed, texts(1, 42));
			await until(() => document.title === '(2)', 'two');
			feed.remove();
			await until(() => document.title === '', 'none');
		});

		it('as the sum of two panels', async () => {
			document.title = 'Both';
			const one = await show(texts(40), { 'count-in-title': '' });
			const two = await show(texts(40), { 'count-in-title': '' });
			await scrollTo(one, 600);
			await scrollTo(two, 600);
			await add(one, texts(2, 41));
			await add(two, texts(3, 41));
			await until(() => document.title === '(5) Both', 'five');
			one.remove();
			await until(() => document.title === '(3) Both', 'three');
			two.markRead();
			await until(() => document.title === 'Both', 'none');
		});
	});

	describe('finds a line above what came while he was away', () => {
		/** The rows from the top, and the line among them. */
		const lines = (feed: LiveFeed) =>
			all(feed, '.row[data-seq], .new').map((line) => (line.matches('.new') ? 'new' : Number(line.dataset.seq)));

		it('because the panel was paused; it stays until he was away once more', async () => {
			const feed = await show(texts(3));
			feed.pause();
			await settled(feed);
			await add(feed, texts(2, 4));
			feed.resume();
			await until(() => lines(feed).length === 6, 'rows and line');
			expect(lines(feed)).to.deep.equal([5, 4, 'new', 3, 2, 1]);
			expect(said(find(feed, '.new'))).to.match(/^New since \d/);
			await add(feed, texts(1, 6));
			await until(() => row(feed, 6), 'a live one');
			expect(lines(feed)).to.deep.equal([6, 5, 4, 'new', 3, 2, 1]);
			feed.pause();
			await settled(feed);
			await add(feed, texts(1, 7));
			feed.resume();
			await until(() => row(feed, 7), 'the next');
			expect(lines(feed)).to.deep.equal([7, 'new', 6, 5, 4, 3, 2, 1]);
		});

		it('because he read what is older', async () => {
			const feed = await show(texts(40));
			await scrollTo(feed, 600);
			await add(feed, texts(2, 41));
			await add(feed, texts(1, 43));
			await scrollTo(feed, 0);
			await until(() => row(feed, 43) && find(feed, '.new'), 'rows and line');
			expect(lines(feed).slice(0, 5)).to.deep.equal([43, 42, 41, 'new', 40]);
		});

		it('because he comes back another time', async () => {
			const channel = newChannel();
			await post(channel, texts(5));
			const first = await open(channel);
			first.remove();
			await until(() => first.connection === 'idle', 'gone');
			await post(channel, texts(2, 6));
			const next = await open(channel);
			await until(() => find(next, '.new'), 'the line');
			expect(lines(next)).to.deep.equal([7, 6, 'new', 5, 4, 3, 2, 1]);
			await add(next, texts(1, 8));
			expect(lines(next)).to.deep.equal([8, 7, 6, 'new', 5, 4, 3, 2, 1]);
		});
	});

	describe('sees how much waits beyond the edge', () => {
		it('with the errors among it, and gets there by a press', async () => {
			const feed = await show(texts(60));
			await scrollTo(feed, 900);
			expect(pill(feed)).to.equal('');
			await add(feed, texts(3, 61));
			await until(() => pill(feed) === '3 new', 'three');
			await add(feed, [
				{ level: 'error', text: 'bad' },
				{ level: 'error', text: 'worse' },
			]);
			await until(() => pill(feed) === '5 new · 2 errors', 'the errors');
			find(feed, '[part=pill]')?.click();
			await until(() => rows(feed)[0] === 'worse' && list(feed).scrollTop === 0, 'the edge');
			await until(() => pill(feed) === '', 'no pill');
		});

		it('not while the panel is paused, which says so itself', async () => {
			const feed = await show(texts(60));
			await scrollTo(feed, 900);
			await add(feed, texts(3, 61));
			await until(() => pill(feed) === '3 new', 'three');
			feed.pause();
			await until(() => pill(feed) === '', 'no pill');
			await add(feed, texts(1, 64));
			await until(() => state(feed) === 'Paused · 1 waiting', 'the words');
			expect(pill(feed)).to.equal('');
		});

		it('and how much less it is with each row that he comes by on his way up', async () => {
			const feed = await show(texts(60));
			await scrollTo(feed, 900);
			await add(feed, texts(30, 61));
			await until(() => pill(feed) === '30 new', 'thirty');
			const counts = [30];
			// As a wheel does, a little at a time.
			await until(async () => {
				await scrollTo(feed, Math.max(list(feed).scrollTop - 100, 1));
				const count = Number.parseInt(pill(feed), 10) || 0;
				if (count !== counts.at(-1)) counts.push(count);
				return count === 0;
			}, 'all of it met');
			expect(counts).to.deep.equal(counts.toSorted((one, other) => other - one));
			expect(counts.length).to.be.greaterThan(5);
			expect(rows(feed)[0]).to.equal('text 90');
		});
	});

	describe('keeps the rows where they are', () => {
		it('for as long as words of them are selected', async () => {
			const feed = await show(texts(5));
			const sentence = row(feed, 3)?.querySelector('[part=row-text]') as HTMLElement;
			const top = topOf(sentence);
			getSelection()?.setBaseAndExtent(sentence, 0, sentence, sentence.childNodes.length);
			expect(String(getSelection())).to.contain('text 3');
			await add(feed, texts(2, 6));
			await until(() => pill(feed) === '2 new', 'the pill');
			expect(rows(feed)[0]).to.equal('text 5');
			expect(topOf(sentence)).to.equal(top);
			getSelection()?.removeAllRanges();
			await until(() => rows(feed)[0] === 'text 7', 'the newest');
			expect(String(getSelection())).to.equal('');
		});

		it('also in a browser that wants to be asked for a selection in the older way', async () => {
			const { getComposedRanges } = Selection.prototype as { getComposedRanges?: (options: object) => StaticRange[] };
			if (!getComposedRanges) return;
			const older = function (this: Selection, shadowRoot: ShadowRoot): StaticRange[] {
				if (!(shadowRoot instanceof ShadowRoot)) throw new TypeError('Argument 1 must be an instance of ShadowRoot');
				return getComposedRanges.call(this, { shadowRoots: [shadowRoot] });
			};
			Object.assign(Selection.prototype, { getComposedRanges: older });
			try {
				const feed = await show(texts(5));
				const sentence = row(feed, 3)?.querySelector('[part=row-text]') as HTMLElement;
				getSelection()?.setBaseAndExtent(sentence, 0, sentence, sentence.childNodes.length);
				await add(feed, texts(2, 6));
				await until(() => pill(feed) === '2 new', 'the pill');
				expect(rows(feed)[0]).to.equal('text 5');
				getSelection()?.removeAllRanges();
				await until(() => rows(feed)[0] === 'text 7', 'the newest');
			} finally {
				Object.assign(Selection.prototype, { getComposedRanges });
			}
		});

		it('while one of them has the focus of the keyboard', async () => {
			const feed = await show(texts(5));
			press(list(feed), 'j');
			await until(() => hasFocus(feed, 5), 'the first row');
			press(row(feed, 5) as HTMLElement, 'j');
			await until(() => hasFocus(feed, 4), 'the next');
			expect(row(feed, 4)?.matches(':focus-visible')).to.equal(true);
			await add(feed, texts(2, 6));
			await until(() => pill(feed) === '2 new', 'the pill');
			expect(rows(feed)[0]).to.equal('text 5');
			press(row(feed, 4) as HTMLElement, 'k');
			await until(() => hasFocus(feed, 5), 'the row before');
			row(feed, 5)?.blur();
			await until(() => rows(feed)[0] === 'text 7', 'the newest');
		});

		it('while a pointer moves over them, and only so long', async () => {
			const feed = await show(texts(5));
			point(row(feed, 4) as HTMLElement);
			await add(feed, texts(1, 6));
			expect(rows(feed)[0]).to.equal('text 5');
			unpoint(feed);
			await until(() => rows(feed)[0] === 'text 6', 'the newest');
		});

		it('and goes by keys to either end', async () => {
			const feed = await show(texts(40));
			press(list(feed), 'End');
			await until(() => hasFocus(feed, 1), 'the last row');
			press(row(feed, 1) as HTMLElement, 'Home');
			await until(() => hasFocus(feed, 40), 'the first row');
		});
	});

	describe('has addresses of rows', () => {
		it('to copy, or in the bar of addresses where nothing may be copied', async () => {
			const feed = await show(texts(3));
			const button = row(feed, 2)?.querySelector('.act') as HTMLElement;
			expect(button.getAttribute('aria-label')).to.equal('Copy link');
			button.click();
			await until(() => button.getAttribute('aria-label') === 'Link copied', 'that it is done');
			const copied = await navigator.clipboard.readText().catch(() => '');
			expect([copied, location.href]).to.include(new URL(`#${feed.channel}/2`, plainAddress).href);
			await until(() => said(find(feed, '[role=status]')) === 'Link copied', 'the same in words');
			// What one copies is before one's eyes.
			expect(find(feed, '.row-selected')).to.equal(null);
		});

		it('that lead there when the page is opened with one', async () => {
			const channel = newChannel();
			await post(channel, texts(50));
			history.replaceState(null, '', `#${channel}/12`);
			const feed = await open(channel);
			const selected = await get(feed, '.row-selected');
			expect(selected.dataset.seq).to.equal('12');
			await settled(feed);
			const box = list(feed).getBoundingClientRect();
			expect(topOf(selected)).to.be.within(box.top, box.bottom - 20);
		});

		it('that lead to what is not loaded yet', async () => {
			const channel = newChannel();
			await post(channel, texts(700));
			await post(channel, texts(700, 701));
			history.replaceState(null, '', `#${channel}/33`);
			const feed = await open(channel, { history: '20' });
			const selected = await get(feed, '.row-selected');
			expect(said(selected)).to.contain('text 33');
			await settled(feed);
			const box = list(feed).getBoundingClientRect();
			expect(topOf(selected)).to.be.within(box.top, box.bottom - 20);
			// The way back is as long as it is.
			press(selected, 'Home');
			await until(() => rows(feed)[0] === 'text 1400' && list(feed).scrollTop === 0, 'the edge');
		});

		it('that lead to one of those that are folded into a row, and unfold it', async () => {
			const channel = newChannel();
			await post(channel, [...texts(20), ...beats(5), ...texts(20, 26)]);
			history.replaceState(null, '', `#${channel}/22`);
			const feed = await open(channel);
			const selected = await get(feed, '.row-selected');
			expect(selected.dataset.seq).to.equal('22');
			expect(all(feed, '.row-inside').length).to.equal(4);
		});

		it('that lead there also where the relay was reached late', async () => {
			const channel = newChannel();
			await post(channel, texts(50));
			history.replaceState(null, '', `#${channel}/12`);
			const feed = make(channel, { relay: 'http://127.0.0.1:9' });
			document.body.append(feed);
			await until(() => said(find(feed, '.note:not([hidden])')).includes('Cannot reach the relay'), 'the words');
			feed.relay = relayUrl;
			expect((await get(feed, '.row-selected')).dataset.seq).to.equal('12');
		});

		it('that lead there when one is followed later, and no second time by themselves', async () => {
			const feed = await show(texts(50));
			location.hash = `#${feed.channel}/9`;
			await until(() => find(feed, '.row-selected')?.dataset.seq === '9', 'the first');
			location.hash = `#${feed.channel}/40`;
			await until(() => find(feed, '.row-selected')?.dataset.seq === '40', 'the second');
			location.hash = '#elsewhere/9';
			await settled(feed);
			location.hash = `#${feed.channel}/9`;
			await until(() => find(feed, '.row-selected')?.dataset.seq === '9', 'the first again');
			await scrollTo(feed, 0);
			await add(feed, texts(1, 51));
			await until(() => rows(feed)[0] === 'text 51', 'the newest');
			expect(list(feed).scrollTop).to.equal(0);
		});
	});

	describe('looks into the hour', () => {
		it('a minute at a time by the pointer, which takes the place of the state', async () => {
			const feed = await show([...texts(2), { level: 'error', text: 'bad' }]);
			const pulse = await get(feed, '[part=pulse]');
			const { left, right, top, height } = pulse.getBoundingClientRect();
			const at = (clientX: number) =>
				pulse.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY: top + height / 2, bubbles: true }));
			at(right - 1);
			// A minute may have ended since.
			await until(() => / · \d events?/.test(state(feed)), 'the words');
			at(left + 1);
			await until(() => /^\d+:\d+ ?\S* · 0 events$/.test(state(feed)), 'the oldest minute');
			pulse.dispatchEvent(new PointerEvent('pointerleave'));
			await until(() => state(feed) === 'Live', 'the state');
		});

		it('by arrows, and goes to the first row of a minute by Enter or a press', async () => {
			const feed = await show(texts(45));
			const pulse = await get(feed, '[part=pulse]');
			pulse.focus();
			press(pulse, 'ArrowLeft');
			await until(() => pulse.getAttribute('aria-valuenow') === '58', 'a minute before');
			expect(state(feed)).to.equal(pulse.getAttribute('aria-valuetext'));
			press(pulse, 'ArrowRight');
			await until(() => pulse.getAttribute('aria-valuenow') === '59', 'the running minute');
			press(pulse, 'Home');
			await until(() => pulse.getAttribute('aria-valuenow') === '0', 'an hour before');
			press(pulse, 'Enter');
			const isInView = () => {
				const box = list(feed).getBoundingClientRect();
				const top = topOf(row(feed, 1));
				return top >= box.top && top < box.bottom;
			};
			await until(isInView, 'the first row');
			await scrollTo(feed, 0);
			expect(isInView()).to.equal(false);
			pulse.dispatchEvent(new MouseEvent('click', { bubbles: true }));
			await until(isInView, 'the first row again');
			pulse.blur();
			await until(() => state(feed) === 'Live', 'the state');
			// The keys of the panel are there too.
			press(pulse, 'p');
			await until(() => feed.paused, 'paused');
		});
	});

	describe('has keys', () => {
		it('of which `?` shows a list, that Escape closes and that gives the focus back', async () => {
			const feed = await show(texts(3));
			press(list(feed), 'j');
			await until(() => hasFocus(feed, 3), 'the first row');
			press(row(feed, 3) as HTMLElement, '?');
			const dialog = (await get(feed, 'dialog')) as HTMLDialogElement;
			expect(dialog.open).to.equal(true);
			expect(said(dialog)).to.contain('Next row').and.contain('Pause or resume');
			press(dialog, '?');
			expect(all(feed, 'dialog').length).to.equal(1);
			// What Escape asks a dialog to do.
			(dialog as HTMLDialogElement & { requestClose?(): void }).requestClose?.() ?? dialog.close();
			await until(() => all(feed, 'dialog').length === 0, 'closed');
			await until(() => hasFocus(feed, 3), 'the focus back');
			press(row(feed, 3) as HTMLElement, 'p');
			await until(() => feed.paused, 'paused');
		});

		it('that are letters while he types into a field of the page', async () => {
			const feed = make(newChannel(), {});
			const field = document.createElement('input');
			field.slot = 'actions';
			feed.append(field);
			document.body.append(feed);
			await post(feed.channel ?? '', texts(40));
			await until(() => rows(feed).length > 5 && root(feed).adoptedStyleSheets.length > 3, 'a whole panel');
			field.focus();
			const taken: string[] = [];
			feed.addEventListener('keydown', (event) => event.defaultPrevented && taken.push(event.key));
			for (const key of ['p', 'j', 'k', 'Home', 'End', '?', 'ArrowDown']) press(field, key);
			await settled(feed);
			expect(taken).to.deep.equal([]);
			expect(feed.paused).to.equal(false);
			expect(document.activeElement).to.equal(field);
			expect([root(feed).activeElement, find(feed, 'dialog'), list(feed).scrollTop]).to.deep.equal([null, null, 0]);
		});
	});

	it('has rows of the types that are shown, also where older ones of others were on their way', async () => {
		const feed = await show([...beats(3), ...texts(60)], { history: '5', 'no-fold': '' });
		const { fetch } = window;
		let isAsked = false;
		let release = () => {};
		const gate = new Promise<void>((resolve) => {
			release = resolve;
		});
		window.fetch = async (...request) => {
			isAsked = true;
			await gate;
			return fetch(...request);
		};
		try {
			const loading = feed.loadOlder();
			await until(() => isAsked, 'a request');
			window.fetch = fetch;
			feed.types = 'beat';
			await until(() => rows(feed).length === 3, 'those of the other type');
			release();
			await loading;
			await settled(feed);
			expect(rows(feed)).to.deep.equal(Array(3).fill('Still here'));
		} finally {
			Object.assign(window, { fetch });
		}
	});

	for (const order of ['newest-first', 'newest-last'] as const)
		it(`stays at the live edge while the panel is moved, or not shown (${order})`, async () => {
			const feed = await show(texts(40), { order });
			const newest = () => rows(feed).at(order === 'newest-first' ? 0 : -1);
			const isSeen = () => {
				const [box, last] = [list(feed), row(feed, feed.events.at(-1)?.seq ?? 0)].map((e) =>
					e?.getBoundingClientRect(),
				);
				return !!box && !!last && last.top >= box.top - 1 && last.bottom <= box.bottom + 1;
			};
			document.body.prepend(feed);
			await add(feed, texts(1, 41));
			await until(() => newest() === 'text 41' && isSeen(), 'the first after it was moved');
			feed.style.display = 'none';
			await settled(feed);
			await add(feed, texts(2, 42));
			feed.style.display = 'block';
			await until(() => newest() === 'text 43' && isSeen(), 'the newest after it was hidden');
			expect(pill(feed)).to.equal('');
		});

	it('finds what he was reading where it was after the panel was moved, or not shown', async () => {
		const feed = await show(texts(60));
		await scrollTo(feed, 700);
		const [read] = all(feed, '.row').filter((line) => topOf(line) >= topOf(list(feed)));
		const at = () => topOf(read as HTMLElement) - topOf(list(feed));
		const before = at();
		document.body.prepend(feed);
		await settled(feed);
		expect(at()).to.be.closeTo(before, 1);
		feed.style.display = 'none';
		await settled(feed);
		await add(feed, texts(2, 61));
		feed.style.display = 'block';
		await settled(feed);
		expect(at()).to.be.closeTo(before, 1);
	});

	for (const order of ['newest-first', 'newest-last'])
		it(`stays where a script scrolls in the frame in which the panel gets another size, ${order}`, async () => {
			const feed = await show(texts(40), { order });
			const edge = list(feed).scrollTop;
			// Sizes are observed at the end of the frame; the event of the scroll comes with the next one.
			await new Promise((resolve) => requestAnimationFrame(resolve));
			const wanted = Math.abs(edge - 600);
			list(feed).scrollTop = wanted;
			feed.style.blockSize = '340px';
			await settled(feed);
			expect(list(feed).scrollTop).to.be.closeTo(wanted, 1);
		});

	for (const order of ['newest-first', 'newest-last'])
		it(`stays at the newest row in every size, and after it was not shown, ${order}`, async () => {
			const feed = await show(texts(40), { order });
			for (const style of ['block-size: 500px', 'block-size: 200px', 'display: none', 'block-size: 300px']) {
				feed.setAttribute('style', `display: block; ${style}`);
				await settled(feed);
			}
			await add(feed, texts(1, 41));
			expect(rows(feed).filter((text) => text === 'text 41')).to.have.length(1);
			const { scrollTop, scrollHeight, clientHeight } = list(feed);
			expect(order === 'newest-first' ? scrollTop : scrollHeight - clientHeight - scrollTop).to.be.below(1);
		});

	it('keeps the focus in the panel after a press on the pill by keyboard', async () => {
		const feed = await show(texts(40));
		await scrollTo(feed, 600);
		await add(feed, texts(2, 41));
		const button = await get(feed, '[part=pill]');
		button.focus();
		button.click();
		await until(() => !find(feed, '[part=pill]') && rows(feed)[0] === 'text 42', 'the newest');
		await until(() => root(feed).activeElement === list(feed), 'the focus');
		expect(list(feed).scrollTop).to.equal(0);
	});

	it('comes back to a page that was opened in the background to a whole panel, however much came', async () => {
		const { requestAnimationFrame } = window;
		const hidden = Object.getOwnPropertyDescriptor(Document.prototype, 'hidden') as PropertyDescriptor; // every browser has it
		const frames: FrameRequestCallback[] = [];
		Object.defineProperty(Document.prototype, 'hidden', { ...hidden, get: () => true });
		window.requestAnimationFrame = (frame) => frames.push(frame);
		const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
		try {
			const feed = make(newChannel(), {});
			document.body.append(feed);
			while (feed.connection !== 'live') await next();
			for (const text of texts(5)) await post(feed.channel ?? '', [text]);
			while (feed.events.length < 5 || root(feed).adoptedStyleSheets.length <= 3) await next();
			// At the most the one that draws it.
			expect(frames.length).to.be.lessThan(2);
		} finally {
			Object.defineProperty(Document.prototype, 'hidden', hidden);
			Object.assign(window, { requestAnimationFrame });
		}
	});

	for (const order of ['newest-first', 'newest-last'])
		it(`has no more nodes with ten thousand events than with a few hundred (${order})`, async () => {
			const feed = await show(texts(300), { order });
			const count = () => {
				const walker = document.createTreeWalker(root(feed)); // comments too
				let nodes = 0;
				while (walker.nextNode()) nodes++;
				return nodes;
			};
			const [few, rowsOfFew] = [count(), all(feed, '[data-seq]').length];
			for (let from = 301; from <= 10_300; from += 2000) await add(feed, texts(2000, from));
			await until(() => all(feed, '[data-seq]').length >= rowsOfFew && row(feed, 10_300), 'the newest');
			expect(feed.events.length).to.be.greaterThan(10_000);
			// Of what a row has, a wider number is no node; the hour's bars are one drawing.
			expect(count()).to.be.at.most(few + 30);
			expect(all(feed, '[data-seq]').length).to.be.at.most(rowsOfFew);
		});

	it('who listens to the page hears nothing of events that only a program asked for', async () => {
		const feed = await show(texts(3), { types: 'message' });
		const voice = (panel: LiveFeed) => find(panel, '[role=status]') as HTMLElement;
		const heard: (string | null)[] = [];
		new MutationObserver(() => heard.push(voice(feed).textContent)).observe(voice(feed), { childList: true });
		let asked = 0;
		feed.subscribe('beat', () => asked++);
		await post(feed.channel ?? '', beats(1));
		await until(() => asked === 1, 'what was asked for');
		// Another panel shows what comes later, and tells of it later.
		const other = await open(feed.channel ?? '', { types: 'beat' });
		await post(feed.channel ?? '', beats(1));
		await until(() => said(voice(other)) === '1 new', 'where it is shown');
		await post(feed.channel ?? '', texts(1, 4));
		await until(() => heard.at(-1) === '1 new', 'what is shown here');
		expect(heard).to.deep.equal(['1 new']);
	});

	it('who listens to the page finds a region with a name, and a list in it', async () => {
		const feed = await show([...texts(2), { text: 'שלום', actor: { name: 'דנה' } }], { heading: 'Releases' });
		const section = find(feed, 'section');
		expect(section?.getAttribute('aria-label')).to.equal('Releases');
		const body = find(feed, 'ol');
		expect(body?.getAttribute('role')).to.equal('list');
		expect(all(feed, 'ol > li').length).to.equal(body?.children.length);
		const voice = find(feed, '[role=status]');
		expect([said(voice), voice?.closest('ol')]).to.deep.equal(['', null]);
		expect(row(feed, 3)?.querySelector('[part=row-text]')?.matches(':dir(rtl)')).to.equal(true);
		expect(row(feed, 2)?.querySelector('[part=row-text]')?.matches(':dir(ltr)')).to.equal(true);
		await add(feed, texts(2, 4));
		await until(() => said(voice) === '2 new', 'what came, in words');
		feed.setAttribute('dir', 'rtl');
		expect(section && getComputedStyle(section).direction).to.equal('rtl');
	});
});
