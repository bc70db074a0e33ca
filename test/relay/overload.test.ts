// More than a relay can store at once, from outside, against a real one.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;

beforeAll(async () => {
	relay = await startRelay();
});
afterAll(async () => {
	await relay?.stop();
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Large enough that what is sent at once is far more than the relay holds. */
const draft = (n: number) => ({ type: 'big', text: String(n), data: 'x'.repeat(30_000) });

it('[ORD1] [ORD2] who sends far too much on one socket is refused, stays connected, and has all stored in order in the end', async () => {
	const publisher = await Conversation.join(relay.url, createChannelName('overload'), { history: 0, types: ['none'] });
	const count = 1200;
	const codes: string[] = [];
	for (let refused = range(1, count); refused.length > 0; ) {
		const from = publisher.messages.length;
		for (const ref of refused) publisher.send({ type: 'publish', ref, draft: draft(ref) });
		await publisher.ping();
		const errors = publisher.messages.slice(from).filter(({ type }) => type === 'error');
		codes.push(...errors.map(({ code }) => code));
		// The first one for the queue, and all after it for their order.
		if (errors.length > 0) {
			const left = refused.slice(refused.indexOf(errors[0]?.ref));
			expect(errors.map(({ ref, code, retryable }) => [ref, code, retryable])).toEqual(
				left.map((ref, index) => [ref, index === 0 ? 'overloaded' : 'out-of-order', true]),
			);
		}
		refused = errors.map(({ ref }) => ref);
	}
	expect(codes).toContain('overloaded');
	const receipts = () =>
		publisher.messages
			.filter(({ type }) => type === 'receipts')
			.flatMap((message): Message[] => message.receipts)
			.map(({ ref, seq }) => [ref, seq]);
	await publisher.until(() => receipts().length >= count, 'all receipts');
	expect(receipts()).toEqual(range(1, count).map((n) => [n, n]));
	await publisher.close();
});

it('[ORD1] [ORD3] [ERR3] requests that bring too much are refused with 503 and Retry-After, or from one event on', async () => {
	const channel = createChannelName('overload');
	const body = JSON.stringify(range(1, 30).map(draft));
	const ask = async () => {
		const headers = { 'content-type': 'application/json' };
		const response = await fetch(`${relay.url}/channels/${channel}/events`, { method: 'POST', headers, body });
		return { status: response.status, headers: response.headers, body: (await response.json()) as Message };
	};
	const answers = await Promise.all(range(1, 60).map(ask));
	const full = answers.filter(({ status }) => status === 503);
	expect(full.length).toBeGreaterThan(0);
	let stored = 0;
	for (const { status, headers, body } of answers) {
		if (status === 503) {
			expect(headers.get('retry-after')).toBe('2');
			expect(body).toMatchObject({ code: 'overloaded', retryable: true });
		}
		const codes = body.events.map(({ error }: Message) => error?.code);
		const taken = codes.filter((code: unknown) => code === undefined).length;
		stored += taken;
		const refused = taken === 30 ? [] : ['overloaded', ...Array(29 - taken).fill('out-of-order')];
		expect(codes).toEqual([...Array(taken).fill(undefined), ...refused]);
	}
	const page = (await (await fetch(`${relay.url}/channels/${channel}/events?limit=0`)).json()) as Message;
	expect(page.last).toBe(stored);
});
