// What outlasts a crash of the relay. These need a relay of our own, also where RELAY names another.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const relays: TestRelay[] = [];

async function start(vars: Record<string, string> = {}): Promise<TestRelay> {
	const relay = await startRelay({ vars });
	relays.push(relay);
	return relay;
}

afterAll(async () => {
	await Promise.all(relays.map((relay) => relay.stop()));
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function post(relay: TestRelay, channel: string, drafts: unknown[]): Promise<Message> {
	const response = await fetch(`${relay.url}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(drafts),
	});
	expect(response.status).toBe(201);
	return await response.json();
}

async function readAll(relay: TestRelay, channel: string): Promise<Message[]> {
	const events: Message[] = [];
	for (let after = '0'; ; ) {
		const response = await fetch(`${relay.url}/channels/${channel}/events?limit=1000&after=${after}`);
		const page = (await response.json()) as Message;
		events.push(...page.events);
		if (page.next === after || page.events.length === 0) return events;
		after = page.next;
	}
}

describe.concurrent('a relay', () => {
	let crasher: TestRelay;
	let keeper: TestRelay;

	beforeAll(async () => {
		[crasher, keeper] = await Promise.all([start(), start({ LIVE_FEED_KEEP_ENTRIES: '20', LIVE_FEED_KEEP_AGE: '1d' })]);
	});

	it('[LOG7] [KEY2] that is killed under load has every event that had a receipt, in order, once', async ({
		expect,
	}) => {
		const channel = createChannelName('crash');
		const receipts = new Map<string, Message>();
		const keys: string[] = [];
		for (let round = 0; round < 3; round++) {
			const publisher = await Conversation.join(crasher.url, channel, { history: 0 });
			const taken = () =>
				publisher.messages.filter(({ type }) => type === 'receipts').flatMap((message) => message.receipts);
			const first = keys.length;
			for (let ref = 0; ref < 2000; ref++) {
				const key = `${round}-${ref}`;
				keys.push(key);
				publisher.send({ type: 'publish', ref, draft: { text: `${key} ${'x'.repeat(ref % 300)}`, key } });
			}
			await publisher.until(() => taken().length > 300, 'the first receipts');
			crasher.engine?.killEngine();
			expect((await publisher.waitForClose()).code).toBe(1006);
			for (const { ref, ...receipt } of taken()) receipts.set(keys[first + ref] ?? '', receipt);
			await crasher.engine?.restart();
		}
		const events = await readAll(crasher, channel);
		expect(events.map(({ seq }) => seq)).toEqual(range(1, events.length));
		const texts = events.map(({ text }) => text.split(' ')[0]);
		expect(new Set(texts).size).toBe(texts.length);
		const bySeq = new Map(events.map((event) => [event.seq, event]));
		for (const [key, { seq, id, time }] of receipts) {
			expect(bySeq.get(seq)).toMatchObject({ id, time, text: expect.stringMatching(`^${key} `) });
		}
		// A publisher sends again what had no receipt: what was stored all the same is stored once.
		const again = keys.map((key) => ({ text: `${key} ${'x'.repeat(Number(key.split('-')[1]) % 300)}`, key }));
		for (let start = 0; start < again.length; start += 1000)
			await post(crasher, channel, again.slice(start, start + 1000));
		const whole = await readAll(crasher, channel);
		expect(whole.length).toBe(keys.length);
		expect(new Set(whole.map(({ text }) => text)).size).toBe(keys.length);
	});

	it('[LOG5] [POS5] [SEAM3] that keeps 20 entries tells a viewer who comes late what is missing', async ({
		expect,
	}) => {
		const channel = createChannelName('keep');
		const { epoch } = await post(
			keeper,
			channel,
			range(1, 50).map((n) => ({ text: `event ${n}` })),
		);
		const viewer = await Conversation.open(keeper.url, channel);
		viewer.send({ type: 'hello', protocol: 1, position: `${epoch}:10` });
		expect(await viewer.next('welcome')).toMatchObject({
			first: 31,
			last: 50,
			after: 30,
			recovered: false,
			missing: { from: 11, to: 30 },
		});
		await viewer.ping();
		expect(viewer.seqs).toEqual(range(31, 50));
		const page = await fetch(`${keeper.url}/channels/${channel}/events?after=${epoch}:10`);
		expect(await page.json()).toMatchObject({ missing: { from: 11, to: 30 }, next: `${epoch}:50` });
	});
});
