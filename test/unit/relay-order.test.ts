// A publisher's order where drafts are refused because too many wait.

import { describe, expect, it } from 'vitest';
import type { Channel, Result } from '../../relay/channel.ts';
import { answerPublish } from '../../relay/http/publish.ts';
import { ANYBODY } from '../../relay/identity.ts';
import { createTestChannel, settle, type TestChannel } from '../support/channel.ts';
import { createRandom, withSeed } from '../support/random.ts';
import { openSession } from '../support/session.ts';

/** A channel that is busy: what is handed in waits until the test drains. */
async function createBusyChannel(maxQueueBytes: number): Promise<TestChannel> {
	const test = await createTestChannel({}, { maxQueueBytes });
	test.publish([{ text: 'first' }]);
	await settle();
	expect(test.channel.last).toBe(1);
	return test;
}

async function readTexts(channel: Channel): Promise<(string | undefined)[]> {
	const { events } = await channel.page({ after: { epoch: 'k3f9', seq: 1 }, limit: 1000, types: [] });
	return events.map(({ text }) => text);
}

class Sender {
	readonly results = new Map<number, string>();
	readonly #channel: Channel;

	constructor(channel: Channel) {
		this.#channel = channel;
	}

	settle(results: readonly Result[]): void {
		for (const result of results) this.results.set(result.ref, 'receipt' in result ? 'stored' : result.error.code);
	}

	send(ref: number, bytes = 100): void {
		this.#channel.publish(this, [{ ref, draft: { type: 'message', text: String(ref) }, bytes }], ANYBODY);
	}

	giveUp(ref: number): void {
		this.#channel.giveUp(this, ref);
	}

	get codes(): (string | undefined)[] {
		return [...this.results].sort(([a], [b]) => a - b).map(([, code]) => code);
	}
}

describe('a full queue', () => {
	it('[ORD1] refuses what is too much at once, and takes it again when it has emptied', async () => {
		const test = await createBusyChannel(1000);
		const sender = new Sender(test.channel);
		for (let ref = 1; ref <= 3; ref++) sender.send(ref);
		expect([...sender.results]).toEqual([[3, 'overloaded']]);
		const other = new Sender(test.channel);
		other.send(1);
		expect(other.codes).toEqual(['overloaded']);
		await test.drainAll();
		sender.send(3);
		other.send(1);
		await test.drainAll();
		expect(sender.codes).toEqual(['stored', 'stored', 'stored']);
		expect(other.codes).toEqual(['stored']);
		expect(await readTexts(test.channel)).toEqual(['1', '2', '3', '1']);
	});

	it('[ORD1] takes one draft however large, as long as nothing waits', async () => {
		const test = await createBusyChannel(10);
		const sender = new Sender(test.channel);
		sender.send(1);
		await test.drainAll();
		expect(sender.codes).toEqual(['stored']);
	});

	it('[ORD2] later drafts of that publisher wait for the refused one, others do not', async () => {
		const test = await createBusyChannel(1000);
		const [sender, other] = [new Sender(test.channel), new Sender(test.channel)];
		for (let ref = 1; ref <= 3; ref++) sender.send(ref);
		await test.drainAll();
		sender.send(4);
		other.send(4);
		await test.drainAll();
		expect(sender.codes).toEqual(['stored', 'stored', 'overloaded', 'out-of-order']);
		expect(other.codes).toEqual(['stored']);
		for (const ref of [3, 4, 5]) {
			sender.send(ref);
			await test.drainAll();
		}
		expect(sender.codes).toEqual(Array(5).fill('stored'));
		expect(await readTexts(test.channel)).toEqual(['1', '2', '4', '3', '4', '5']);
	});

	it('[ORD2] one that is refused again still has to come first', async () => {
		const test = await createBusyChannel(1000);
		const sender = new Sender(test.channel);
		for (let ref = 1; ref <= 4; ref++) sender.send(ref);
		sender.send(3);
		sender.send(4);
		expect(sender.codes).toEqual(['overloaded', 'out-of-order']);
		await test.drainAll();
		sender.send(4);
		expect(sender.results.get(4)).toBe('out-of-order');
	});

	it('[ORD2] [ORD4] a refused one that is given up is waited for no longer; another is', async () => {
		const test = await createBusyChannel(1000);
		const sender = new Sender(test.channel);
		for (let ref = 1; ref <= 4; ref++) sender.send(ref);
		await test.drainAll();
		sender.giveUp(4);
		sender.send(5);
		sender.giveUp(3);
		sender.send(6);
		await test.drainAll();
		expect(sender.codes).toEqual(['stored', 'stored', 'overloaded', 'out-of-order', 'out-of-order', 'stored']);
	});

	it('[ORD4] a refusal that is final holds nothing up', async () => {
		const test = await createBusyChannel(100_000);
		const publisher = test.publish([{ text: 'a', key: 'k' }, { text: 'b', key: 'k' }, { text: 'c' }]);
		await test.drainAll();
		expect(publisher.seqs).toEqual([2, 'key-conflict', 3]);
	});

	it('[ORD3] of many in one request, those after a refused one are refused', async () => {
		const test = await createBusyChannel(2000);
		const drafts = Array.from({ length: 10 }, (_, index) => ({ text: String(index) }));
		const request = () =>
			new Request('http://relay/events', {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(drafts),
			});
		const [answer, refused] = [
			answerPublish(test.channel, request(), ANYBODY, () => {}),
			answerPublish(test.channel, request(), ANYBODY, () => {}),
		];
		await settle();
		await test.drainAll();
		const { events } = (await (await answer).json()) as { events: { seq?: number; error?: { code: string } }[] };
		const taken = events.filter(({ seq }) => seq !== undefined).length;
		expect(taken).toBeGreaterThan(3);
		expect(events.map(({ error }) => error?.code)).toEqual([
			...Array(taken).fill(undefined),
			'overloaded',
			...Array(9 - taken).fill('out-of-order'),
		]);
		const none = await refused;
		expect([none.status, none.headers.get('retry-after')]).toEqual([503, '2']);
		expect(await none.json()).toMatchObject({ code: 'overloaded', retryable: true });
		expect(await readTexts(test.channel)).toEqual(range(taken));
	});

	it('[ORD2] on a socket: the error has the ref, the socket stays open, and a give-up lets the later ones through', async () => {
		const test = await createBusyChannel(1000);
		const { session, socket, faults } = openSession(test);
		session.receive('{"type":"hello","protocol":1,"types":["none"]}');
		await settle();
		socket.messages.length = 0;
		for (let ref = 1; ref <= 4; ref++) {
			session.receive(JSON.stringify({ type: 'publish', ref, draft: { text: 'x'.repeat(100) } }));
		}
		expect(socket.messages.map(({ ref, code }) => [ref, code])).toEqual([
			[3, 'overloaded'],
			[4, 'out-of-order'],
		]);
		await test.drainAll();
		session.receive('{"type":"give-up","ref":3}');
		session.receive('{"type":"publish","ref":4,"draft":{"text":"4"}}');
		await test.drainAll();
		expect(socket.messages.filter(({ type }) => type === 'receipts')).toMatchObject([
			{ receipts: [{ ref: 1 }, { ref: 2 }] },
			{ receipts: [{ ref: 4, seq: 4 }] },
		]);
		expect(socket.closed).toBeUndefined();
		expect(faults).toEqual([]);
	});

	it('[ORD1] [ORD2] [PUB2] whoever sends again what was refused has all stored once, in order, however often that is', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			for (let round = 0; round < 30; round++) {
				const test = await createBusyChannel(random.pick([400, 1000, 5000]));
				const count = 40;
				const senders = [1, 2, 3].map((name) => ({
					name,
					next: 1,
					stored: 0,
					refused: new Set<number>(),
					settle(results: readonly Result[]) {
						for (const result of results) {
							if ('receipt' in result) {
								expect(result.ref).toBe(this.stored + 1);
								this.stored = result.ref;
							} else this.refused.add(result.ref);
						}
					},
				}));
				const step = (sender: (typeof senders)[number]) => {
					// It has heard of a refusal: it goes back to the first that was refused.
					if (sender.refused.size > 0 && random.below(3) === 0) {
						sender.next = Math.min(...sender.refused);
						sender.refused.clear();
					}
					if (sender.next > count) return;
					const ref = sender.next++;
					const bytes = random.pick([50, 100, 600]);
					const draft = { type: 'message', text: `${sender.name}-${ref}` };
					test.channel.publish(sender, [{ ref, draft, bytes }], ANYBODY);
				};
				for (let turn = 0; turn < 20_000 && senders.some(({ stored }) => stored < count); turn++) {
					step(random.pick(senders));
					if (random.below(4) === 0) test.drain();
				}
				await test.drainAll();
				const texts = await readTexts(test.channel);
				for (const { name } of senders) {
					const own = texts.filter((text) => text?.startsWith(`${name}-`));
					expect(own).toEqual(Array.from({ length: count }, (_, index) => `${name}-${index + 1}`));
				}
			}
		}));
});

function range(count: number): string[] {
	return Array.from({ length: count }, (_, index) => String(index));
}
