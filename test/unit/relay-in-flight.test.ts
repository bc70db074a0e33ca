// Hellos, changes and refused drafts that are in flight while the identity of their socket changes.
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../relay/channel.ts';
import { ANYBODY, type Identity } from '../../relay/identity.ts';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { createTestChannel, settle, type TestChannel } from '../support/channel.ts';
import { openSession } from '../support/session.ts';

const READ = 1;
const PUBLISH = 2;
const CAST: Record<string, Identity> = {
	alice: { ...ANYBODY, subject: 'alice', name: 'Alice' },
	bob: { subject: 'bob', name: 'Bob', rights: READ },
	writer: { subject: 'writer', rights: PUBLISH },
	carol: { ...ANYBODY, subject: 'carol' },
};

const identify = (token = '') => CAST[token] ?? ANYBODY;
const hello = (token: string, ref = 1) => JSON.stringify({ type: 'hello', protocol: 1, token, ref });
const publish = (ref: number, draft: object) => JSON.stringify({ type: 'publish', ref, draft });

async function readEvents({ channel }: TestChannel): Promise<FeedEvent[]> {
	return (await channel.page({ limit: 1000, types: [] })).events;
}

describe('a change of identity', () => {
	it('[PUB6] leaves the welcome of a hello that waits to the identity that it proved', async () => {
		const test = await createTestChannel();
		let load: (channel: Channel) => void = () => {};
		const loading = new Promise<Channel>((resolve) => {
			load = resolve;
		});
		const { session, socket } = openSession(test, {
			...{ identify, getChannel: () => loading, peekChannel: () => undefined },
		});
		session.receive(hello('writer', 1));
		session.receive(hello('bob', 2));
		load(test.channel);
		await test.drainAll();
		const welcomes = socket.messages.filter(({ type }) => type === 'welcome');
		expect(welcomes.map(({ ref, own }) => [ref, (own as { can: string[] }).can])).toEqual([
			[1, ['publish']],
			[2, ['read']],
		]);
	});

	it('[PUB6] the end of a token leaves changes that were accepted before it', async () => {
		const test = await createTestChannel();
		const short = { ...ANYBODY, subject: 'alice', expires: test.clock.now + 1000 };
		test.publish([{ text: 'of Carol' }], 'carol');
		await test.drainAll();
		const { session, socket } = openSession(test, { identify: () => short });
		session.receive(hello('short'));
		await test.drainAll();
		session.receive(publish(1, { text: 'first' }));
		await settle();
		session.receive(publish(2, { text: 'second' }));
		session.receive(publish(3, { target: 'k3f9:1', pinned: true }));
		test.clock.now += 2000;
		session.receive(publish(4, { text: 'too late' }));
		await test.drainAll();
		const events = await readEvents(test);
		expect(events.map(({ text }) => text)).toEqual(['of Carol', 'first', 'second']);
		expect(events[0]?.pinned).toBe(true);
		expect(socket.closed?.[0]).toBe(4401);
	});

	it('[ORD2] another person on the socket does not wait for what was refused before', async () => {
		const test = await createTestChannel({}, { maxQueueBytes: 1000 });
		const { session, socket } = openSession(test, { identify });
		session.receive(hello('alice'));
		await test.drainAll();
		session.receive(publish(1, { text: 'first' }));
		await settle();
		session.receive(publish(2, { text: 'x'.repeat(400) }));
		session.receive(publish(3, { text: 'x'.repeat(400) })); // does not fit beside the other
		session.receive(publish(4, { text: 'y' }));
		const codes = () => socket.messages.filter(({ type }) => type === 'error').map(({ ref, code }) => [ref, code]);
		expect(codes()).toEqual([
			[3, 'overloaded'],
			[4, 'out-of-order'],
		]);
		session.receive(hello('carol', 2));
		await test.drainAll();
		session.receive(publish(5, { text: 'of Carol' }));
		await test.drainAll();
		expect(codes()).toHaveLength(2);
		expect((await readEvents(test)).at(-1)).toMatchObject({ text: 'of Carol', actor: { id: 'carol' } });
	});

	it('[PRES2] what sleep keeps of presence is of the identity that asked for it', async () => {
		const test = await createTestChannel();
		const { session, presence, memory } = openSession(test, { identify });
		session.receive(JSON.stringify({ type: 'hello', protocol: 1, token: 'alice', presence: { color: 'red' } }));
		await test.drainAll();
		expect(memory().presence).toMatchObject({ color: 'red' });
		expect(presence.remember(session, CAST.bob as Identity)).toBeUndefined(); // one of the cast
		expect(presence.read().people).toMatchObject([{ id: 'alice', name: 'Alice', verified: true }]);
	});
});
