// Who is here, against a real relay over real sockets.
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type FaultProxy, startProxy } from '../faults/proxy.ts';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { isLong } from '../support/form.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const JOINS = isLong ? 1000 : 200;
const JOINING_MS = JOINS * 10;
const PING_MS = 12_000;

let relay: TestRelay;
let asking: TestRelay;
let proxy: FaultProxy;

beforeAll(async () => {
	[relay, asking] = await Promise.all([startRelay({ vars: {} }), startRelay({ vars: { LIVE_FEED_SECRET: SECRET } })]);
	proxy = await startProxy(Number(new URL(relay.url).port));
});
afterAll(async () => {
	await proxy?.stop();
	await Promise.all([relay?.stop(), asking?.stop()]);
});

const KEY = 'a-random-key-of-a-browser';
const join = (channel: string, presence: object, more: object = {}, url = relay.url) =>
	Conversation.join(url, channel, { presence, ...more });
const isPresence = ({ type }: Message) => type === 'presence';
const framesOf = (viewer: Conversation): Message[] => viewer.messages.filter(isPresence);
const lastOf = (viewer: Conversation): Message => framesOf(viewer).at(-1) ?? { people: [], joined: [], left: [] };
const read = (channel: string, init: RequestInit = {}, url = relay.url) =>
	ask(`${url}/channels/${channel}/presence`, init);
const until = (viewer: Conversation, total: number, what: string) =>
	viewer.until(() => lastOf(viewer).total === total, what);

describe.concurrent('presence', () => {
	it('[PRES1] [PRES2] [PRES3] counts three pages of one browser once, renames and misses him', async ({ expect }) => {
		const channel = createChannelName('tabs');
		const viewer = await join(channel, { name: 'Viewer' });
		await until(viewer, 1, 'himself');
		const tabs = await Promise.all([1, 2, 3].map(() => join(channel, { name: 'Ada', color: 'red' }, { author: KEY })));
		await until(viewer, 2, 'Ada');
		expect(lastOf(viewer)).toMatchObject({
			people: [
				{ name: 'Viewer', verified: false },
				{ id: /^[0-9a-z]{16}$/, name: 'Ada', color: 'red', verified: false },
			].map((person) => (person.id ? { ...person, id: expect.stringMatching(person.id) } : person)),
			joined: [{ name: 'Ada' }],
			left: [],
		});
		tabs[0]?.send({ type: 'hello', protocol: 1, presence: { name: 'Ada Lovelace' } });
		await viewer.until(() => lastOf(viewer).people[1]?.name === 'Ada Lovelace', 'another name');
		expect(lastOf(viewer)).toMatchObject({ total: 2, joined: [], left: [] });
		await tabs[0]?.close();
		tabs[1]?.send({ type: 'hello', protocol: 1 }); // and does not want to be told any more
		const before = framesOf(viewer).length;
		await tabs[1]?.ping();
		expect((await read(channel)).body.total).toBe(2);
		tabs[2]?.socket.terminate();
		await until(viewer, 1, 'that she left');
		expect(lastOf(viewer)).toMatchObject({ joined: [], left: [{ name: 'Ada Lovelace' }] });
		expect(framesOf(viewer)).toHaveLength(before + 1);
		await viewer.close();
	});

	it('[PRES8] takes the right to it, and [PRES3] says the name that a token proves', async ({ expect }) => {
		const channel = createChannelName('rights');
		const can = ['read', 'presence'];
		const [ada, mute] = await Promise.all([sign({ name: 'Ada', can }), sign({ sub: 'tim', can: ['read', 'publish'] })]);
		const known = await join(channel, { name: 'Root', color: 'blue' }, { token: ada }, asking.url);
		await until(known, 1, 'herself');
		expect(lastOf(known).people).toEqual([{ id: 'ada', name: 'Ada', color: 'blue', verified: true }]);
		const unknown = await join(channel, { name: 'Tim' }, { token: mute }, asking.url);
		await unknown.ping();
		expect(framesOf(unknown)).toEqual([]);
		const [allowed, refused, nobody] = await Promise.all([
			read(channel, { headers: bearer(ada) }, asking.url),
			read(channel, { headers: bearer(mute) }, asking.url),
			read(channel, {}, asking.url),
		]);
		expect([allowed.status, allowed.body.total]).toEqual([200, 1]);
		expect([refused.status, refused.body.code, nobody.status, nobody.body.code]).toEqual([
			...[403, 'forbidden', 401, 'token-needed'],
		]);
		await Promise.all([known.close(), unknown.close()]);
	});

	it('[PRES3] refuses a name that nobody may have', async ({ expect }) => {
		for (const presence of [{ name: 'x'.repeat(81) }, { name: 'a\u0000b' }, { age: 3 }, 'Ada', { color: 7 }]) {
			const viewer = await Conversation.open(relay.url, createChannelName('wrong'));
			viewer.send({ type: 'hello', protocol: 1, presence });
			expect((await viewer.next('error')).code).toMatch(/^invalid-/);
			await viewer.close();
		}
	});

	it('[PRES7] remembers the longest names and colours through sleep, beside the longest filter and address', async ({
		expect,
	}) => {
		const channel = createChannelName('wide').padEnd(64, 'x');
		const wide = (length: number) => 'ж'.repeat(length);
		const room = `http://127.0.0.1:12345/channels/${channel}/events?`.length;
		const search = 'x'.repeat(512 - room);
		const types = Array.from({ length: 4 }, (_, index) => `${index}`.padEnd(63, 't')); // 255 bytes with the spaces between
		const presence = { name: wide(80), color: wide(128) };
		const token = await sign({ sub: wide(128), name: wide(80), can: ['read', 'presence'] });
		for (const [url, hello] of [
			[relay.url, { author: KEY }],
			[asking.url, { token }],
		] as const) {
			const viewer = await Conversation.join(url, channel, { presence, types, ...hello }, { search });
			await until(viewer, 1, 'himself');
			expect(lastOf(viewer).people).toMatchObject([{ name: presence.name, color: presence.color }]);
			await viewer.ping();
			expect(viewer.messages.filter(({ type }) => type === 'error')).toEqual([]);
			await viewer.close();
		}
	});

	it('[PRES10] is read by a request, which creates no channel', async ({ expect }) => {
		const channel = createChannelName('read');
		const { status, headers, body } = await read(channel);
		expect([status, body, headers.get('cache-control')]).toEqual([200, { total: 0, people: [] }, 'no-store']);
		const [head, options, post] = await Promise.all(
			['HEAD', 'OPTIONS', 'POST'].map((method) => read(channel, { method })),
		);
		expect([head?.status, options?.status, post?.status]).toEqual([200, 204, 405]);
		expect(post?.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
		expect((await ask(`${relay.url}/channels/${channel}/events`)).body.epoch).toBe('-');
		const viewer = await join(channel, { name: 'Ada' });
		expect((await read(channel)).body).toMatchObject({ total: 1, people: [{ name: 'Ada', verified: false }] });
		await viewer.close();
	});

	it(`[PRES4] ${JOINS} joins in ${JOINING_MS / 1000} s cost each viewer a frame a second at the most`, async ({
		expect,
	}) => {
		const channel = createChannelName('crowd');
		const viewers = await Promise.all([1, 2, 3].map(() => join(channel, {})));
		await Promise.all(viewers.map((viewer) => until(viewer, 3, 'all viewers')));
		const began = performance.now();
		for (const viewer of viewers) viewer.forget();
		const joining: Promise<Conversation>[] = [];
		await new Promise<void>((resolve) => {
			const timer = setInterval(() => {
				const due = Math.min(((performance.now() - began) / JOINING_MS) * JOINS, JOINS);
				while (joining.length < due) joining.push(join(channel, {}));
				if (joining.length < JOINS) return;
				clearInterval(timer);
				resolve();
			}, 10);
		});
		const crowd = await Promise.all(joining);
		await Promise.all(viewers.map((viewer) => until(viewer, JOINS + 3, 'the whole crowd')));
		const seconds = (performance.now() - began) / 1000;
		const most = Math.floor(seconds) + 1;
		for (const viewer of viewers) {
			expect(framesOf(viewer).length).toBeLessThanOrEqual(most);
			for (const { people, joined } of framesOf(viewer)) expect(people.length <= 20 && joined.length <= 10).toBe(true);
		}
		// With the whole one that each begins with.
		for (const one of crowd) expect(framesOf(one).length).toBeLessThanOrEqual(most + 1);
		for (const { socket } of [...viewers, ...crowd]) socket.terminate();
	});
});

// These wait for as long as the rules say.
const describeLong = () => {
	it('[PRES6] misses within 40 s whoever is cut off without a word, and greets him when he is heard again', async ({
		expect,
	}) => {
		const channel = createChannelName('cut');
		const viewer = await join(channel, { name: 'Viewer' });
		const cut = await join(channel, { name: 'Ada' }, {}, proxy.url);
		await until(viewer, 2, 'Ada');
		const pinging = setInterval(() => viewer.send({ type: 'ping', position: true }), PING_MS);
		proxy.set({ hole: true });
		await viewer.until(() => lastOf(viewer).total === 1, 'that she is gone', 40_000);
		expect(lastOf(viewer).left).toMatchObject([{ name: 'Ada' }]);
		proxy.heal();
		cut.send({ type: 'ping', position: true });
		await until(viewer, 2, 'that she is back');
		expect(lastOf(viewer).joined).toMatchObject([{ name: 'Ada' }]);
		clearInterval(pinging);
		await Promise.all([viewer.close(), cut.close()]);
	});

	it('[PRES7] knows after its sleep who is here', async ({ expect }) => {
		const channel = createChannelName('sleep');
		const people = [await join(channel, { name: 'Ada' }), await join(channel, { name: 'Tim' }, { author: KEY })];
		const [ada, tim] = people as [Conversation, Conversation];
		await until(ada, 2, 'Tim');
		// Only silence lets it sleep: a pong without a position is of one that has just woken.
		let pong: Message;
		do {
			await new Promise((resolve) => setTimeout(resolve, 15_000));
			pong = await ada.ping();
			tim.send({ type: 'ping', position: true });
		} while (pong.position !== undefined);
		expect((await read(channel)).body).toMatchObject({ total: 2, people: [{ name: 'Ada' }, { name: 'Tim' }] });
		const before = framesOf(ada).length;
		tim.socket.terminate();
		await until(ada, 1, 'that he left');
		expect(framesOf(ada)).toHaveLength(before + 1);
		await ada.close();
	});
};
if (isLong) describe.concurrent('presence for longer', describeLong);
