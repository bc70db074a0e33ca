// Drafts on their way: bounds, refusals, another try, and what a browser keeps; in a real page against a real relay.
import { expect } from 'chai';
import { FeedError } from '../../relay/protocol/errors.ts';
import type { Page } from '../../relay/protocol/event.ts';
import { connect, type FeedClient } from '../../widget/client/index.ts';
import { adoptDrafts } from '../../widget/client/left-drafts.ts';
import { Outbox } from '../../widget/client/outbox.ts';
import { SharedClient } from '../../widget/client/shared-client.ts';
import type { LiveFeed } from '../../widget/index.ts';
import '../../widget/index.ts';
import { killRelay, relayUrl, restartRelay } from '../support/relay-in-browser.ts';
import { newChannel, post, until } from './page.ts';

const kept = (channel: string) => Object.keys(localStorage).filter((name) => name.includes(`/${channel}/`));
const history = async (channel: string) => {
	const response = await fetch(`${relayUrl}/channels/${channel}/events?after=0&limit=1000`);
	return ((await response.json()) as Page).events.map(({ text }) => text);
};
const clients: FeedClient[] = [];
function dial(channel: string): FeedClient {
	const client = connect({ relay: relayUrl, channel });
	clients.push(client);
	return client;
}

describe('the outbox', () => {
	afterEach(() => {
		for (const client of clients.splice(0)) client.close();
	});

	it('takes drafts before there is a connection, and answers each with its receipt, in order', async () => {
		const channel = newChannel();
		const client = dial(channel);
		const promises = [1, 2, 3].map((n) => client.publish('message', { text: `draft ${n}` }));
		expect(client.outbox.map(({ state, draft }) => [state, draft.text])).to.deep.equal([
			['waiting', 'draft 1'],
			['waiting', 'draft 2'],
			['waiting', 'draft 3'],
		]);
		expect(kept(channel).length).to.equal(3);
		expect((await Promise.all(promises)).map(({ seq }) => seq)).to.deep.equal([1, 2, 3]);
		expect(client.outbox).to.deep.equal([]);
		expect(kept(channel)).to.deep.equal([]);
	});

	it('keeps what was refused for good until it is tried again or discarded, and says so by the promise', async () => {
		const channel = newChannel();
		const client = dial(channel);
		await until(() => client.connection === 'live', 'live');
		await client.publish({ type: 'message', text: 'first', key: 'same' });
		const error = await client.publish({ type: 'message', text: 'other', key: 'same' }).catch((reason) => reason);
		expect(error).to.be.instanceOf(FeedError);
		expect(error.code).to.equal('key-conflict');
		const [failed] = client.outbox;
		expect(failed).to.include({ state: 'failed', error });
		client.retry(failed?.ref ?? 0);
		await until(() => client.outbox[0]?.state === 'failed', 'the second refusal');
		client.discard(failed?.ref ?? 0);
		expect(client.outbox).to.deep.equal([]);
		await client.publish('message', { text: 'after' });
		expect(await history(channel)).to.deep.equal(['first', 'after']);
	});

	it('rejects what is given up while it waits, and sends the rest', async () => {
		const channel = newChannel();
		await killRelay();
		const client = dial(channel);
		const promises = [1, 2, 3].map((n) => client.publish('message', { text: `draft ${n}` }));
		promises[1]?.catch(() => {});
		client.discard(client.outbox[1]?.ref ?? 0);
		expect(await promises[1]?.catch(({ code }) => code)).to.equal('closed');
		await restartRelay();
		client.reconnect();
		await Promise.all([promises[0], promises[2]]);
		expect(await history(channel)).to.deep.equal(['draft 1', 'draft 3']);
	});

	it('sends what another page has left, and not what is too old or nothing of ours', async () => {
		const channel = newChannel();
		const left = new Outbox(`${relayUrl}/channels/${channel}/events`);
		const nobody = () => {};
		left.add({ type: 'message', text: 'left 1' }, nobody, nobody);
		left.add({ type: 'message', text: 'left 2' }, nobody, nobody);
		left.keep();
		const prefix = `live-feed ${relayUrl}/channels/${channel}/events `;
		localStorage.setItem(`${prefix}nonsense`, '{');
		const old = JSON.stringify({ type: 'publish', ref: 1, draft: { type: 'message', text: 'old', key: 'old' } });
		localStorage.setItem(`${prefix}${Date.now() - 90_000_000} 1 x`, old);
		localStorage.setItem(`${prefix}${Date.now() - 90_000_000} 2 x sent`, old.replace('old', 'sent'));
		const client = dial(channel);
		await until(async () => (await history(channel)).length === 2, 'both');
		await client.publish('message', { text: 'after' });
		expect(await history(channel)).to.deep.equal(['left 1', 'left 2', 'after']);
		await until(() => client.outbox.length === 1, 'only the old one');
		expect(client.outbox[0]).to.include({ state: 'failed' });
		expect(client.outbox[0]?.draft.text).to.equal('old');
		client.discard(client.outbox[0]?.ref ?? 0);
		await until(() => kept(channel).length === 0, 'nothing to be kept');
	});

	it('leaves what other pages have handed in to them, whatever becomes of this one', async () => {
		const channel = newChannel();
		const left = new Outbox(`${relayUrl}/channels/${channel}/events`);
		const nobody = () => {};
		left.add({ type: 'message', text: 'left' }, nobody, nobody);
		left.keep();
		const client = dial(channel);
		await until(() => client.connection === 'live', 'live');
		client.close();
		const other = new Outbox(`${relayUrl}/channels/${channel}/events`);
		other.add({ type: 'message', text: 'later' }, nobody, nobody);
		other.keep();
		const heir = new Outbox(`${relayUrl}/channels/${channel}/events`);
		adoptDrafts(heir);
		const adopted = heir.waiting.filter(({ isAdopted }) => isAdopted);
		expect(adopted.length).to.be.at.least(1);
		for (const { ref, isAdopted } of adopted) heir.take(ref, isAdopted);
		expect(kept(channel).length).to.equal(adopted.length);
		dial(channel);
		await until(async () => (await history(channel)).length === 2, 'both');
		expect(await history(channel)).to.deep.equal(['left', 'later']);
		await until(() => kept(channel).length === 0, 'nothing to be kept');
	});

	it('sends what was left before what is new, and gives each draft a key', async () => {
		const channel = newChannel();
		const left = new Outbox(`${relayUrl}/channels/${channel}/events`);
		const nobody = () => {};
		for (const text of ['old 1', 'old 2']) left.add({ type: 'message', text }, nobody, nobody);
		left.keep();
		const client = dial(channel);
		const receipt = client.publish(JSON.parse('{"type":"message","text":"new","key":null}'), undefined);
		receipt.catch(() => {});
		expect(client.outbox.at(-1)?.draft.key).to.match(/^[a-z0-9]+$/);
		expect((await receipt).seq).to.equal(3);
		expect(await history(channel)).to.deep.equal(['old 1', 'old 2', 'new']);
	});

	it('is bounded by count and by size, and refuses what is more', async () => {
		const channel = newChannel();
		const box = new Outbox(`${relayUrl}/channels/${channel}/events`);
		const nobody = () => {};
		const refusal = (act: () => void) => {
			try {
				act();
				return undefined;
			} catch (error) {
				return (error as FeedError).code;
			}
		};
		for (let n = 0; n < 1000; n++) box.add({ type: 'a' }, nobody, nobody);
		expect(refusal(() => box.add({ type: 'a' }, nobody, nobody))).to.equal('outbox-full');
		const wide = new Outbox(`${relayUrl}/channels/${channel}/wide`);
		const large = { type: 'a', text: 'x'.repeat(8000), data: 'x'.repeat(32_000) };
		let count = 0;
		while (refusal(() => wide.add(large, nobody, nobody)) === undefined) count++;
		expect(count).to.be.within(40, 60);
		expect(refusal(() => wide.add({ type: 'a', text: 'x'.repeat(70_000) }, nobody, nobody))).to.equal(
			'event-too-large',
		);
	});

	it('leaves nothing in the browser of drafts whose promise was rejected by `close`', async () => {
		const channel = newChannel();
		await killRelay();
		const client = dial(channel);
		const promise = client.publish('message', { text: 'never' }).catch(({ code }) => code);
		expect(kept(channel).length).to.equal(1);
		client.close();
		expect(await promise).to.equal('closed');
		expect(kept(channel)).to.deep.equal([]);
		await restartRelay();
	});
});

describe('a shared client', () => {
	const join = (user: object, channel: string, types?: string[]) =>
		SharedClient.join(user, { relay: relayUrl, channel, types });

	it('is one for who wants the same, and ends with the last', () => {
		const channel = newChannel();
		const [one, two, three] = [{}, {}, {}];
		const first = join(one, channel);
		expect(join(two, channel).client).to.equal(first.client);
		expect(join(three, channel, ['a.*']).client).not.to.equal(first.client);
		first.client.connect();
		first.leave(one);
		expect(first.client.connection).to.equal('connecting');
		first.leave(two);
		expect(first.client.connection).to.equal('idle');
		expect(join(one, channel).client).not.to.equal(first.client);
		join(one, channel).leave(one);
		join(three, channel, ['a.*']).leave(three);
	});

	it('transfers what any of its users wants, and to each element what that one does', async () => {
		const channel = newChannel();
		const feeds = [1, 2].map(() => {
			const feed = document.createElement('live-feed') as LiveFeed;
			Object.assign(feed, { channel, relay: relayUrl, types: 'a' });
			document.body.append(feed);
			return feed;
		});
		const [one, two] = feeds as [LiveFeed, LiveFeed];
		await until(() => feeds.every(({ connection }) => connection === 'live'), 'live');
		const heard: string[] = [];
		const received: string[] = [];
		two.addEventListener('live-feed-received', ({ events }) => received.push(...events.map(({ type }) => type)));
		one.subscribe('b', ({ type }) => heard.push(type));
		await until(async () => {
			await post(channel, { type: 'b' });
			return heard.length > 0;
		}, 'what was subscribed to');
		await post(channel, { type: 'a', text: 'shown' });
		await until(() => feeds.every(({ events }) => events.length === 1), 'the event of both');
		expect(received).to.deep.equal(['a']);
		for (const feed of feeds) feed.remove();
	});
});
