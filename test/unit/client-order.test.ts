// A publisher's order where drafts are refused for now, seen from the client: over a line that a test answers by hand.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FeedClient } from '../../widget/client/feed-client.ts';
import { Posting } from '../../widget/client/posting.ts';
import type { CreateTransport, TransportHandlers } from '../../widget/client/transport.ts';

interface Sent {
	type: string;
	ref: number;
	draft: { text: string };
}

/** A client over a line whose other end is the test. */
function open() {
	const sent: Sent[] = [];
	let handlers!: TransportHandlers;
	let isOpen = false;
	const createTransport: CreateTransport = (_, own) => {
		handlers = own;
		return {
			open() {
				isOpen = true;
				queueMicrotask(() => own.onOpen());
			},
			send(text) {
				const message = JSON.parse(text) as Sent;
				if (isOpen) sent.push(message);
				if (message.type === 'hello') welcome(message.ref);
				return isOpen;
			},
			close() {
				isOpen = false;
			},
		};
	};
	const say = (message: object) => handlers.onMessage(JSON.stringify(message));
	const welcome = (ref: number) =>
		say({
			...{ type: 'welcome', protocol: 1, ref, epoch: 'k3f9', first: 1, last: 3, after: 3, recovered: true, time: 0 },
			...{ pulse: { minute: 0, counts: {} }, returnMs: 0 },
		});
	const client = new FeedClient({ relay: 'http://localhost', channel: 'a', createTransport });
	client.connect();
	return { client, sent, say, drafts: () => sent.filter(({ type }) => type === 'publish').map(({ ref }) => ref) };
}

const receipt = (ref: number, seq: number) => ({
	type: 'receipts',
	receipts: [{ ref, id: `k3f9:${seq}`, seq, time: 1, duplicate: false }],
});
const refusal = (ref: number, code: string, retryable = true) => ({
	type: 'error',
	ref,
	code,
	message: code,
	retryable,
});

const ends: (() => void)[] = [];
afterEach(() => {
	for (const end of ends.splice(0)) end();
});

describe('a client whose drafts are refused for now', () => {
	it('sends them again in their order, and holds back what is handed in meanwhile', async () => {
		const { client, say, drafts } = open();
		ends.push(() => client.close());
		await expect.poll(() => client.connection).toBe('live');
		const promises = [1, 2, 3].map((n) => client.publish('message', { text: String(n) }));
		expect(drafts()).toEqual([1, 2, 3]);
		say(receipt(1, 4));
		say(refusal(2, 'overloaded'));
		say(refusal(3, 'out-of-order'));
		promises.push(client.publish('message', { text: '4' }));
		expect(drafts()).toEqual([1, 2, 3]);
		await expect.poll(drafts).toEqual([1, 2, 3, 2, 3, 4]);
		for (const [index, ref] of [2, 3, 4].entries()) say(receipt(ref, 5 + index));
		expect((await Promise.all(promises)).map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
		expect(client.outbox).toEqual([]);
	});

	it('goes on after one that is refused for good, and after one that is given up', async () => {
		const { client, say, drafts, sent } = open();
		ends.push(() => client.close());
		await expect.poll(() => client.connection).toBe('live');
		const [one, two, three] = [1, 2, 3].map((n) => client.publish('message', { text: String(n) }));
		say(refusal(1, 'invalid-event', false));
		await expect(one).rejects.toMatchObject({ code: 'invalid-event' });
		say(refusal(2, 'overloaded'));
		two?.catch(() => {});
		client.discard(2);
		await expect(two).rejects.toMatchObject({ code: 'closed' });
		expect(sent.at(-1)).toEqual({ type: 'give-up', ref: 2 });
		say(refusal(3, 'out-of-order'));
		await expect.poll(drafts).toEqual([1, 2, 3, 3]);
		say(receipt(3, 4));
		expect(await three).toMatchObject({ seq: 4 });
	});
});

describe('drafts by POST', () => {
	it('drops what is queued behind one that was refused for now: it comes again behind it', async () => {
		const bodies: string[][] = [];
		const answers = [
			[
				{ id: 'k3f9:1', seq: 1, time: 1, duplicate: false },
				{ error: { code: 'overloaded', detail: 'full', retryable: true } },
			],
		];
		const server: Server = createServer(async (request, response) => {
			let body = '';
			for await (const chunk of request) body += chunk;
			bodies.push((JSON.parse(body) as { text: string }[]).map(({ text }) => text));
			response.setHeader('content-type', 'application/json');
			response.statusCode = 207;
			response.end(JSON.stringify({ epoch: 'k3f9', events: answers.shift() ?? [] }));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		ends.push(() => server.close());
		const { port } = server.address() as AddressInfo; // it listens on one
		const abort = new AbortController();
		ends.push(() => abort.abort());
		const messages: { type: string }[] = [];
		const handlers = {
			onOpen() {},
			onClose() {},
			onMessage: (text: string) => void messages.push(JSON.parse(text)),
		};
		const posting = new Posting(`http://127.0.0.1:${port}/`, handlers, abort.signal);
		const draft = (text: string) => ({ type: 'publish' as const, ref: Number(text), draft: { type: 'message', text } });
		posting.send(draft('1'));
		await expect.poll(() => messages.length).toBeGreaterThan(0);
		expect(bodies).toEqual([['1']]);
		answers.push([{ id: 'k3f9:1', seq: 1, time: 1, duplicate: false }], []);
		answers.shift();
		expect(messages.map(({ type }) => type)).toEqual(['receipts']);
		answers.length = 0;
		answers.push([{ error: { code: 'overloaded', detail: 'full', retryable: true } }] as never);
		posting.send(draft('2'));
		posting.send(draft('3'));
		await expect.poll(() => messages.map(({ type }) => type)).toEqual(['receipts', 'error']);
		posting.send(draft('2'));
		await expect.poll(() => bodies.length).toBe(3);
		expect(bodies).toEqual([['1'], ['2'], ['2']]);
	});

	it('[PUB6] posts what waits with the token that it was handed over with', async () => {
		const posted: [string, string[]][] = [];
		let answer: () => void = () => {};
		const server: Server = createServer(async (request, response) => {
			let body = '';
			for await (const chunk of request) body += chunk;
			const drafts = JSON.parse(body) as { text: string }[];
			posted.push([request.headers.authorization ?? '', drafts.map(({ text }) => text)]);
			const isRefused = posted.length === 2;
			if (posted.length === 1)
				await new Promise<void>((resolve) => {
					answer = resolve;
				});
			response.setHeader('content-type', 'application/json');
			response.statusCode = isRefused ? 401 : 201;
			const events = drafts.map((_, index) => ({ id: `k3f9:${index}`, seq: index, time: 1, duplicate: false }));
			response.end(JSON.stringify(isRefused ? { code: 'token-expired', detail: 'It is over.' } : { events }));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		ends.push(() => server.close());
		const { port } = server.address() as AddressInfo; // it listens on one
		const abort = new AbortController();
		ends.push(() => abort.abort());
		const messages: { type: string; ref?: number; retryable?: boolean }[] = [];
		const handlers = {
			onOpen() {},
			onClose() {},
			onMessage: (text: string) => void messages.push(JSON.parse(text)),
		};
		const posting = new Posting(`http://127.0.0.1:${port}/`, handlers, abort.signal);
		const send = (ref: number) => posting.send({ type: 'publish', ref, draft: { type: 'message', text: String(ref) } });
		posting.token = 'of-alice';
		for (const ref of [1, 2, 3]) send(ref);
		await expect.poll(() => posted.length).toBe(1);
		posting.token = 'of-bob';
		send(4);
		answer();
		await expect.poll(() => posted.length).toBeGreaterThan(1);
		await expect.poll(() => messages.length).toBe(4);
		expect(posted).toEqual([
			['Bearer of-alice', ['1']],
			['Bearer of-alice', ['2', '3']],
			['Bearer of-bob', ['4']],
		]);
		// Alice's token is over, and Bob's line goes on.
		expect(messages.slice(1, 3)).toMatchObject([
			{ type: 'error', ref: 2, retryable: true },
			{ type: 'error', ref: 3, retryable: true },
		]);
	});
});
