// Work on events in a real panel: what it shows of them, what may be asked for, threads, and what is written at the foot.
import { expect } from 'chai';
import { MAX_TEXT_BYTES } from '../../relay/protocol/limits.ts';
import type { LiveFeed } from '../../widget/index.ts';
import '../../widget/index.ts';
import { relayUrl } from '../support/relay-in-browser.ts';
import { newChannel, post, until } from './page.ts';

const root = (feed: LiveFeed): ShadowRoot => feed.shadowRoot as ShadowRoot; // the element always has one
const find = <E extends HTMLElement>(feed: LiveFeed, selector: string) => root(feed).querySelector<E>(selector);
const all = (feed: LiveFeed, selector: string) => [...root(feed).querySelectorAll<HTMLElement>(selector)];
const textOf = (node: Element | null | undefined) => node?.textContent?.replace(/\s+/g, ' ').trim() ?? '';
const row = (feed: LiveFeed, text: string) => all(feed, 'li.row[data-seq]').find((line) => textOf(line).includes(text));
const press = (node: Element | null | undefined) => (node as HTMLElement).click();
const button = (within: Element | null | undefined, label: string) =>
	[...(within?.querySelectorAll<HTMLElement>('button') ?? [])].find(
		(one) => one.getAttribute('aria-label') === label || textOf(one) === label,
	);

function show(channel: string, attributes: Record<string, string> = {}): LiveFeed {
	const feed = document.createElement('live-feed');
	for (const [name, value] of Object.entries({ relay: relayUrl, channel, ...attributes }))
		feed.setAttribute(name, value);
	document.body.append(feed);
	return feed;
}

/** A panel with what was posted before, with all that work takes. */
async function showWork(events: unknown[], attributes: Record<string, string> = {}): Promise<LiveFeed> {
	const channel = newChannel();
	if (events.length > 0) await post(channel, events);
	const feed = show(channel, attributes);
	await until(() => find(feed, events.length > 0 ? '.acts .menu' : '.composer'), 'what work takes');
	return feed;
}

const ids = (feed: LiveFeed) => Object.fromEntries(feed.events.map(({ id, text }) => [text ?? '', id]));
const entry = (text: string, more: object = {}) => ({ type: 'change.fix', text, status: 'open', ...more });

/** Types as a hand would: the value, and what tells of it. */
function type(field: HTMLTextAreaElement | HTMLInputElement | null, text: string): void {
	if (!field) throw new Error('there is no field');
	field.focus();
	field.value = text;
	field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

function strike(target: Element | null, key: string, more: KeyboardEventInit = {}): boolean {
	const down = new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more });
	return target?.dispatchEvent(down) ?? true;
}

const foot = (feed: LiveFeed) => find<HTMLTextAreaElement>(feed, '.panel > .composer textarea');
const nameField = (feed: LiveFeed) => find<HTMLInputElement>(feed, '.panel > .composer .name-field');
const hint = (feed: LiveFeed) => textOf(find(feed, '.panel > .composer .hint'));

describe('work on events', () => {
	beforeEach(() => {
		for (const name of Object.keys(localStorage)) if (/live-feed (name|draft)/.test(name)) delete localStorage[name];
	});
	afterEach(() => {
		for (const feed of document.querySelectorAll('live-feed')) feed.remove();
	});

	it('shows where a piece of work stands, by a sign and a word, and who has said so', async () => {
		const feed = await showWork([entry('one'), { text: 'plain' }]);
		expect(textOf(row(feed, 'one')?.querySelector('.status'))).to.equal('Open');
		expect(row(feed, 'plain')?.querySelector('.status, .entry-acts')).to.equal(null);
		press(button(row(feed, 'one'), 'Resolve'));
		await until(() => row(feed, 'one')?.querySelector('.status.resolved svg'), 'resolved');
		expect(button(row(feed, 'one'), 'Resolve')).to.equal(undefined);
		press(button(row(feed, 'one'), 'Reopen'));
		await until(() => row(feed, 'one')?.querySelector('.status.reopened'), 'reopened');
		await post(feed.channel ?? '', { target: ids(feed).one, status: 'cancelled', actor: { name: 'Grace' } });
		await until(() => row(feed, 'one')?.querySelector('.status.cancelled'), 'cancelled');
		expect(textOf(row(feed, 'one')?.querySelector('.since'))).to.equal('by Grace, now');
	});

	it('says at the row why something was not done, and forgets it with the next act', async () => {
		const feed = await showWork([entry('one')]);
		const before = row(feed, 'one');
		// Behind the panel's back, so that it presses what has gone by.
		const { change } = feed;
		feed.change = (id, fields) => change.call(feed, id, { ...fields, ...(fields.status ? { ifMatch: 99 } : {}) });
		press(button(before, 'Resolve'));
		await until(() => row(feed, 'one')?.querySelector('.refusal'), 'the refusal');
		expect(textOf(row(feed, 'one')?.querySelector('.refusal'))).to.contain('changed meanwhile');
		expect(all(feed, '.row-pending')).to.deep.equal([]);
		feed.change = change;
		press(button(row(feed, 'one'), 'Resolve'));
		await until(() => row(feed, 'one')?.querySelector('.status.resolved'), 'resolved');
		expect(row(feed, 'one')?.querySelector('.refusal')).to.equal(null);
	});

	it('reacts with a sign that is offered, or any other, and takes it back', async () => {
		const feed = await showWork([{ text: 'one' }]);
		press(button(row(feed, 'one'), 'React'));
		press(await until(() => button(row(feed, 'one'), '🎉'), 'the picker'));
		const mine = await until(() => row(feed, 'one')?.querySelector('.reaction[aria-pressed=true]'), 'one’s own');
		expect(textOf(mine)).to.equal('🎉1');
		expect(mine.getAttribute('aria-label')).to.equal('🎉 1, with yours');
		expect(row(feed, 'one')?.querySelector('.picker')).to.equal(null);
		press(mine);
		await until(() => !row(feed, 'one')?.querySelector('.reaction'), 'none any more');
		press(button(row(feed, 'one'), 'React'));
		type(await until(() => row(feed, 'one')?.querySelector<HTMLInputElement>('.picker input'), 'the field'), '+1');
		press(button(row(feed, 'one')?.querySelector('.picker'), 'Add'));
		await until(() => textOf(row(feed, 'one')?.querySelector('.reaction')) === '+11', 'another sign');
	});

	it('edits in place, and unfolds what was there before', async () => {
		const feed = await showWork([], { compose: '' });
		type(nameField(feed), 'Ada');
		type(foot(feed), 'first words');
		strike(foot(feed), 'Enter');
		await until(() => row(feed, 'first words')?.querySelector('.menu'), 'the message');
		await until(() => feed.events[0]?.author, 'whose it is');
		press(button(row(feed, 'first words'), 'More'));
		press(await until(() => button(row(feed, 'first words'), 'Edit'), 'Edit'));
		type(await until(() => find<HTMLTextAreaElement>(feed, '.editor textarea'), 'the editor'), 'other words');
		press(button(find(feed, '.editor'), 'Save'));
		press(await until(() => row(feed, 'other words')?.querySelector('.edited'), 'the mark'));
		await until(
			() => textOf(row(feed, 'other words')?.querySelector('.texts')).includes('first words'),
			'the earlier text',
		);
	});

	it('asks twice before it removes, and says by whom it was removed', async () => {
		const feed = await showWork([{ text: 'one' }, { text: 'two' }]);
		press(button(row(feed, 'one'), 'More'));
		press(await until(() => button(row(feed, 'one'), 'Remove'), 'Remove'));
		await until(() => textOf(row(feed, 'one')?.querySelector('.ask')).includes('for everybody'), 'the question');
		press(button(row(feed, 'one'), 'Keep'));
		await until(() => !row(feed, 'one')?.querySelector('.drawer'), 'kept');
		await post(feed.channel ?? '', { target: ids(feed).one, removed: true, actor: { name: 'Grace' } });
		const removed = await until(() => find(feed, '.row-removed'), 'the removed row');
		expect(textOf(removed.querySelector('.text'))).to.match(/^Removed by Grace, \d/);
		expect(removed.querySelector('.onto, .entry-acts')).to.equal(null);
	});

	it('opens a thread in place, answers in it, and hears what others answer', async () => {
		const feed = await showWork([entry('one', { actor: { name: 'Ada' } }), { text: 'two' }]);
		const top = row(feed, 'one')?.getBoundingClientRect().top;
		press(button(row(feed, 'one'), 'Reply'));
		const area = await until(() => find<HTMLTextAreaElement>(feed, '.thread textarea'), 'the thread’s field');
		await until(() => root(feed).activeElement === area, 'the focus in it');
		expect(row(feed, 'one')?.getBoundingClientRect().top).to.equal(top);
		type(find<HTMLInputElement>(feed, '.thread .name-field'), 'Tim');
		type(area, 'an answer');
		strike(area, 'Enter');
		await until(() => textOf(find(feed, '.reply .text')) === 'Tim unverified an answer', 'the reply');
		expect(row(feed, 'two')).not.to.equal(undefined);
		expect(all(feed, 'li.row[data-seq]').length).to.equal(2);
		await post(feed.channel ?? '', {
			type: 'comment',
			text: 'another',
			replyTo: ids(feed).one,
			actor: { name: 'Grace' },
		});
		await until(() => all(feed, '.reply').length === 2, 'the other reply');
		await until(() => textOf(find(feed, '.replies')) === '2 replies · now', 'how many they are');
		press(button(all(feed, '.reply')[1], 'Reply'));
		await until(() => find<HTMLTextAreaElement>(feed, '.thread textarea')?.value === '@Grace ', 'whom it answers');
		await post(feed.channel ?? '', { target: ids(feed).one, status: 'resolved', actor: { name: 'Grace' } });
		await until(() => textOf(find(feed, '.became')).startsWith('Grace resolved this'), 'what became of it');
		strike(find(feed, '.thread textarea'), 'Escape');
		await until(() => !find(feed, '.thread'), 'closed');
	});

	it('draws some of a thousand replies, and pages to the first', async () => {
		const feed = await showWork([entry('one')]);
		const replyTo = ids(feed).one;
		await post(
			feed.channel ?? '',
			Array.from({ length: 1000 }, (_, n) => ({ type: 'comment', text: `reply ${n + 1}`, replyTo })),
		);
		// A reply has no status: none of them is loaded with the entry.
		const other = show(feed.channel ?? '', { status: 'open' });
		feed.remove();
		press(await until(() => find(other, '.replies'), 'the replies'));
		await until(() => all(other, '.reply').length === 3, 'the newest');
		expect(textOf(find(other, '.thread button'))).to.equal('Show 997 earlier');
		const texts = () => all(other, '.reply .text').map((one) => textOf(one));
		for (let step = 0; step < 40 && !texts()[0]?.endsWith('reply 1'); step++) {
			const before = texts()[0];
			press(find(other, '.thread > button'));
			await until(() => texts()[0] !== before, 'older ones');
			expect(texts().length).to.be.lessThan(301);
		}
		expect(texts()[0]).to.contain('reply 1');
		expect(textOf(find(other, '.thread > ol + button'))).to.match(/^Show [\d,]+ newer$/);
	});

	it('marks what names the reader, and counts it', async () => {
		localStorage['live-feed name'] = 'Ada Lovelace';
		const feed = await showWork([{ text: 'for @grace' }]);
		expect(find(feed, '.row-mention')).to.equal(null);
		expect(feed.mentions).to.equal(0);
		feed.pause();
		await post(feed.channel ?? '', [{ text: 'for @ada' }, { text: 'for all' }]);
		await until(() => feed.mentions === 1 && feed.unread === 2, 'one of two');
		feed.countMentions = true;
		await post(feed.channel ?? '', { text: 'for nobody' });
		await until(() => feed.unread === 1, 'mentions alone');
		feed.resume();
		const named = await until(() => find(feed, '[part~=row-mention]'), 'the row');
		expect(textOf(named.querySelector('.me'))).to.equal('@ada');
	});

	it('answers keys of the list: r, e and Escape', async () => {
		const feed = await showWork([{ text: 'one' }]);
		row(feed, 'one')?.focus();
		strike(row(feed, 'one') ?? null, 'e');
		await until(() => root(feed).activeElement?.matches('.sign-button'), 'the picker');
		strike(root(feed).activeElement, 'Escape');
		await until(() => root(feed).activeElement?.matches('.row'), 'back at the row');
		strike(row(feed, 'one') ?? null, 'r');
		await until(() => root(feed).activeElement?.matches('.answer textarea'), 'the field');
	});
});

describe('the field at the foot', () => {
	beforeEach(() => {
		for (const name of Object.keys(localStorage)) if (/live-feed (name|draft)/.test(name)) delete localStorage[name];
	});
	afterEach(() => {
		for (const feed of document.querySelectorAll('live-feed')) feed.remove();
	});

	it('is there only where it is asked for', async () => {
		const feed = await showWork([{ text: 'one' }]);
		expect(find(feed, '.composer')).to.equal(null);
		feed.compose = true;
		await until(() => foot(feed), 'the field');
	});

	it('sends with Enter as the page lets it, breaks a line with Shift+Enter, and leaves an input method alone', async () => {
		localStorage['live-feed name'] = 'Ada';
		const feed = await showWork([], { compose: '' });
		const drafts: unknown[] = [];
		feed.addEventListener('live-feed-publish', ({ draft }) => drafts.push(draft));
		type(foot(feed), 'こんにちは');
		expect(strike(foot(feed), 'Enter', { isComposing: true })).to.equal(true);
		expect(strike(foot(feed), 'Enter', { shiftKey: true })).to.equal(true);
		expect(drafts).to.deep.equal([]);
		expect(strike(foot(feed), 'Enter')).to.equal(false);
		await until(() => row(feed, 'こんにちは'), 'the row');
		expect(drafts).to.have.length(1);
		expect(drafts[0]).to.deep.include({ type: 'message', text: 'こんにちは', actor: { name: 'Ada' } });
		expect(foot(feed)?.value).to.equal('');
		type(foot(feed), ' \n ');
		strike(foot(feed), 'Enter');
		await feed.updateComplete;
		expect(drafts).to.have.length(1);
	});

	it('asks for a name once, and says what is wrong with one', async () => {
		const feed = await showWork([], { compose: '' });
		expect(hint(feed)).to.contain('unverified');
		const attempts: [string, string][] = [
			['  ', 'Say first'],
			['x'.repeat(81), 'at most 80'],
			['Ada\u202e', 'invisible'],
			['A\u0007da', 'invisible'],
		];
		for (const [name, words] of attempts) {
			type(nameField(feed), name);
			type(foot(feed), 'hello');
			strike(foot(feed), 'Enter');
			await until(() => hint(feed).includes(words), words);
			await until(() => root(feed).activeElement === nameField(feed), 'the focus at the name');
		}
		expect(feed.events).to.deep.equal([]);
		type(nameField(feed), ' Ada Lovelace ');
		strike(foot(feed), 'Enter');
		await until(() => row(feed, 'Ada Lovelace unverified hello'), 'the message');
		expect(nameField(feed)).to.equal(null);
		expect(localStorage['live-feed name']).to.equal('Ada Lovelace');
		const again = await showWork([], { compose: '' });
		expect(nameField(again)).to.equal(null);
		press(find(again, '.composer .avatar'));
		await until(() => nameField(again)?.value === 'Ada Lovelace', 'the name again');
	});

	it('says that a name is somebody else’s, and sends all the same', async () => {
		const channel = newChannel();
		await post(channel, { text: 'one', actor: { name: 'Grace' } });
		const feed = show(channel, { compose: '' });
		await until(() => nameField(feed) && row(feed, 'one'), 'the field');
		type(nameField(feed), 'Grace');
		await until(() => hint(feed).includes('Somebody here is called Grace'), 'the hint');
		type(foot(feed), 'me too');
		strike(foot(feed), 'Enter');
		await until(() => row(feed, 'Grace unverified me too'), 'the message');
	});

	it('counts down what is left from four fifths on, and sends nothing that is too long', async () => {
		localStorage['live-feed name'] = 'Ada';
		const feed = await showWork([], { compose: '' });
		type(foot(feed), 'é'.repeat(MAX_TEXT_BYTES * 0.39));
		await feed.updateComplete;
		expect(hint(feed)).to.equal('');
		type(foot(feed), 'é'.repeat(MAX_TEXT_BYTES * 0.45));
		await until(() => /^Room for \d+ more bytes/.test(hint(feed)), 'what is left');
		type(foot(feed), `${'é'.repeat(MAX_TEXT_BYTES / 2)}xy`);
		await until(() => hint(feed).startsWith('Too long by 2 bytes'), 'what is too much');
		expect(find(feed, '.send')?.getAttribute('aria-disabled')).to.equal('true');
		strike(foot(feed), 'Enter');
		await feed.updateComplete;
		expect(foot(feed)?.value).to.have.length(MAX_TEXT_BYTES / 2 + 2);
		expect(feed.events).to.deep.equal([]);
	});

	it('keeps what was not sent for the next visit, and not what was', async () => {
		localStorage['live-feed name'] = 'Ada';
		const feed = await showWork([], { compose: '' });
		type(foot(feed), 'half a');
		const channel = feed.channel ?? '';
		feed.remove();
		const again = show(channel, { compose: '' });
		await until(() => foot(again)?.value === 'half a', 'the draft');
		type(foot(again), 'half a sentence');
		strike(foot(again), 'Enter');
		await until(() => row(again, 'half a sentence'), 'the message');
		expect(Object.keys(localStorage).filter((name) => name.startsWith('live-feed draft'))).to.deep.equal([]);
	});

	it('gives back what the page has refused, and says nothing is sent', async () => {
		localStorage['live-feed name'] = 'Ada';
		const feed = await showWork([], { compose: '' });
		feed.addEventListener('live-feed-publish', (event) => event.preventDefault());
		type(foot(feed), 'not this');
		strike(foot(feed), 'Enter');
		await until(() => foot(feed)?.value === 'not this', 'the text again');
		expect(feed.events).to.deep.equal([]);
	});
});
