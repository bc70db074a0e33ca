// What somebody sees of events that change while he reads: in their places, without being moved.
import { expect } from 'chai';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/index.ts';
import '../../widget/index.ts';
import { relayUrl } from '../support/relay-in-browser.ts';
import { newChannel, post, until } from './page.ts';

const root = (feed: LiveFeed): ShadowRoot => feed.shadowRoot as ShadowRoot; // the element always has one
const list = (feed: LiveFeed) => root(feed).querySelector('.list') as HTMLElement; // and that too
const row = (feed: LiveFeed, seq: number) => root(feed).querySelector<HTMLElement>(`.row[data-seq="${seq}"]`);
const drawn = (feed: LiveFeed) =>
	[...root(feed).querySelectorAll<HTMLElement>('.row[data-seq]')].map(({ dataset }) => Number(dataset.seq));
const find = (feed: LiveFeed, seq: number) => feed.events.find((event) => event.seq === seq) as FeedEvent; // the test has published it

/** What is asked for has been drawn, and what that asked for. */
async function settled(feed: LiveFeed): Promise<void> {
	for (let frames = 0; frames < 4; frames++) await new Promise((resolve) => requestAnimationFrame(resolve));
	await feed.updateComplete;
}

async function show(before: object[], attributes: Record<string, string> = {}): Promise<LiveFeed> {
	const channel = newChannel();
	if (before.length > 0) await post(channel, before);
	return open(channel, attributes);
}

async function open(channel: string, attributes: Record<string, string> = {}): Promise<LiveFeed> {
	const feed = document.createElement('live-feed');
	const usual = { relay: relayUrl, channel, style: 'block-size: 300px; display: block', lang: 'en' };
	for (const [name, value] of Object.entries({ ...usual, ...attributes })) feed.setAttribute(name, value);
	document.body.append(feed);
	await until(() => feed.connection === 'live' && root(feed).adoptedStyleSheets.length > 3, 'a whole panel');
	await settled(feed);
	return feed;
}

/** Changes an event as another program would. */
async function patch(id: string, channel: string, body: object): Promise<void> {
	const response = await fetch(`${relayUrl}/channels/${channel}/events/${encodeURIComponent(id)}`, {
		method: 'PATCH',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	if (!response.ok) throw new Error(await response.text());
}

const works = (count: number) => Array.from({ length: count }, (_, i) => ({ text: `work ${i + 1}`, status: 'open' }));
const topIn = (feed: LiveFeed, seq: number) =>
	(row(feed, seq)?.getBoundingClientRect().top ?? Number.NaN) - list(feed).getBoundingClientRect().top;

describe('a panel of events that change', () => {
	afterEach(() => {
		for (const feed of document.querySelectorAll('live-feed')) feed.remove();
	});

	it('shows each as it stands, tells of changes, and changes one itself', async () => {
		const feed = await show(works(3));
		const told: string[] = [];
		feed.addEventListener('live-feed-changed', ({ changes }) => {
			for (const { change, target, status } of changes) told.push(`${change} ${target.split(':')[1]} ${status}`);
		});
		const before = find(feed, 2);
		const receipt = await feed.change(before.id, { status: 'resolved' });
		expect(receipt).to.include({ seq: 4, duplicate: false });
		await until(() => find(feed, 2).status === 'resolved', 'the status');
		expect(find(feed, 2)).not.to.equal(before);
		expect(find(feed, 2)).to.include({ text: 'work 2', version: 4 });
		expect(told).to.deep.equal(['status 2 resolved']);
		await patch(before.id, feed.channel ?? '', { text: 'another text' });
		await until(() => row(feed, 2)?.textContent?.includes('another text'), 'the other text in its row');
		expect(drawn(feed)).to.deep.equal([3, 2, 1]);
		const error = await feed.change(before.id, { status: 'cancelled', ifMatch: 2 }).catch((thrown) => thrown);
		expect([error.code, error.event?.text]).to.deep.equal(['changed-meanwhile', 'another text']);
		// Whoever comes later is told the same.
		const later = await open(feed.channel ?? '');
		await until(() => later.events.length === 3, 'its history');
		expect(later.events).to.deep.equal(feed.events);
	});

	it('has no rows for replies to what is here, and counts them there, and not as unread', async () => {
		const feed = await show([{ text: 'asked' }, { text: 'said' }]);
		const { id } = find(feed, 1);
		await post(feed.channel ?? '', [{ text: 'answered', replyTo: id }, { text: 'said again' }]);
		await until(() => row(feed, 4), 'what was said again');
		expect(drawn(feed)).to.deep.equal([4, 2, 1]);
		expect(find(feed, 1).replies?.count).to.equal(1);
		await until(() => feed.unread === 0, 'all is read');
		feed.pause();
		await post(feed.channel ?? '', [{ text: 'answered again', replyTo: id }, { text: 'said at last' }]);
		await until(() => feed.unread === 1, 'one that is unread');
		expect(find(feed, 1).replies?.count).to.equal(2);
		feed.resume();
		await until(() => feed.unread === 0, 'all is read');
		await post(feed.channel ?? '', [{ text: 'answered at last', replyTo: id }]);
		await until(() => find(feed, 1).replies?.count === 3, 'three');
		await settled(feed);
		expect([feed.unread, drawn(feed)]).to.deep.equal([0, [6, 4, 2, 1]]);
		// One who sees only the end has a row for what answers something else, until that is here.
		const end = await open(feed.channel ?? '', { history: '2' });
		expect(drawn(end)).to.deep.equal([7, 6]);
		await end.loadOlder();
		await until(() => drawn(end).join() === '6,4,2,1', 'no rows for replies');
		expect(end.events.map(({ replies }) => replies?.count)).to.deep.equal(
			feed.events.map(({ replies }) => replies?.count),
		);
	});

	it('shows the statuses that are wanted: what loses one stays, what gets one comes to its place', async () => {
		const feed = await show([...works(5), { text: 'no work' }], { history: '3' });
		const ids = feed.events.map(({ id }) => id.replace(/\d+$/, ''))[0];
		const channel = feed.channel ?? '';
		feed.remove();
		await patch(`${ids}2`, channel, { status: 'resolved' });
		await patch(`${ids}4`, channel, { status: 'cancelled' });
		const wanted = await open(channel, { status: 'open reopened', history: '2' });
		await until(() => drawn(wanted).join() === '5,3', 'two that are open');
		await patch(`${ids}5`, channel, { status: 'resolved' });
		await until(() => find(wanted, 5).status === 'resolved', 'it is resolved');
		await patch(`${ids}4`, channel, { status: 'reopened' });
		await until(() => drawn(wanted).join() === '5,4,3', 'the reopened one at its place');
		await patch(`${ids}2`, channel, { status: 'reopened' });
		await post(channel, [{ text: 'new', status: 'open' }, { text: 'no work either' }]);
		await until(() => row(wanted, 12), 'a new one');
		expect(drawn(wanted)).to.deep.equal([12, 5, 4, 3]);
		wanted.status = 'resolved';
		await until(() => drawn(wanted).join() === '5', 'the only one that is resolved');
		wanted.status = null;
		await until(() => drawn(wanted).length === 8, 'all');
	});

	it('leaves what is read where it is while rows above and below grow, and one in between is answered out of its place', async () => {
		const feed = await show([{ text: 'first' }, ...works(120)], { history: '60' });
		const channel = feed.channel ?? '';
		const epoch = find(feed, 121).id.split(':')[0];
		list(feed).scrollTop = 1200;
		await settled(feed);
		const seq = drawn(feed).find((one) => topIn(feed, one) >= 0) as number; // it is full of rows
		const top = topIn(feed, seq);
		for (const other of [seq + 2, seq + 9, seq - 1]) {
			await patch(`${epoch}:${other}`, channel, { text: 'a long text '.repeat(60) });
			await until(() => find(feed, other).edited, 'another text');
			await settled(feed);
			expect(topIn(feed, seq)).to.be.closeTo(top, 1);
		}
		expect(feed.events.every((event, i, all) => i === 0 || event.seq > (all[i - 1]?.seq ?? 0))).to.equal(true);
	});

	it('takes changed ones out of a fold, and leaves what is read where it is', async () => {
		const beats = Array.from({ length: 6 }, () => ({ type: 'beat', text: 'Still here' }));
		const feed = await show([...beats, ...works(40)]);
		list(feed).scrollTop = list(feed).scrollHeight;
		await settled(feed);
		// How tall the rows are that were not drawn yet shows as they are.
		await until(() => {
			list(feed).scrollTop = list(feed).scrollHeight;
			return row(feed, 6);
		}, 'the fold');
		await settled(feed);
		const top = topIn(feed, 8);
		await feed.change(find(feed, 3).id, { reaction: '👍' });
		await until(() => row(feed, 3), 'a row of its own');
		await settled(feed);
		expect(drawn(feed).slice(-3)).to.deep.equal([6, 3, 2]);
		expect(topIn(feed, 8)).to.be.closeTo(top, 1);
	});

	it('is right again after more changes than are kept, without a gap, and without being moved', async () => {
		const feed = await show(works(80), { history: '60' });
		const channel = feed.channel ?? '';
		const { id } = find(feed, 70);
		const epoch = id.split(':')[0];
		list(feed).scrollTop = 900;
		await settled(feed);
		const seq = drawn(feed).find((one) => topIn(feed, one) >= 0) as number; // it is full of rows
		const top = topIn(feed, seq);
		let told = 0;
		feed.addEventListener('live-feed-changed', ({ changes }) => {
			told += changes.length;
		});
		dispatchEvent(new Event('pagehide'));
		await post(channel, [
			{ target: id, status: 'resolved' },
			{ target: `${epoch}:${seq + 1}`, text: 'a long text '.repeat(60) },
			{ target: `${epoch}:75`, removed: true },
			{ text: 'an answer', replyTo: `${epoch}:71` },
		]);
		for (let n = 0; n < 11; n++)
			await post(
				channel,
				Array.from({ length: 500 }, (_, i) => ({ target: `${epoch}:22`, reaction: '👍', on: i % 2 === 0 })),
			);
		dispatchEvent(new Event('pageshow'));
		await until(() => find(feed, 70).status === 'resolved', 'what was resolved meanwhile');
		await settled(feed);
		expect(told).to.be.below(5503);
		expect(find(feed, 75)).not.to.have.property('text');
		expect(find(feed, 71).replies?.count).to.equal(1);
		expect(topIn(feed, seq)).to.be.closeTo(top, 1);
		expect(root(feed).querySelector('.gap')).to.equal(null);
	});
});
