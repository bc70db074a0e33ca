import { getHeapStatistics } from 'node:v8';
import { afterEach, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, type FeedError } from '../../relay/protocol/errors.ts';
import type { Draft, Receipt } from '../../relay/protocol/event.ts';
import { createPublisher, type Publisher, type PublisherOptions } from '../../widget/publisher/index.ts';
import { type AnsweringServer, type Asked, type Said, startAnswering } from '../support/answering.ts';
import { findFreePort } from '../support/ports.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(answer: Parameters<typeof startAnswering>[0]): Promise<AnsweringServer> {
	const server = await startAnswering(answer);
	cleanups.push(() => server.stop());
	return server;
}

/** A publisher that is closed when the test is over, and what it told of. */
function begin(relay: string, options: Partial<PublisherOptions> = {}) {
	const told: { code: string; text: string | undefined }[] = [];
	const onError = (error: FeedError, draft: Draft) => {
		told.push({ code: error.code, text: draft.text });
	};
	const publisher: Publisher = createPublisher({ relay, channel: 'builds', onError, ...options });
	cleanups.push(() => publisher.close(0));
	return { publisher, told };
}

const draftsOf = ({ body }: Asked) => body as Draft[]; // every request of a publisher is an array
const textsOf = (asked: Asked) => draftsOf(asked).map(({ text }) => text);
let seq = 0;
const store = (): Receipt => ({ id: `e:${++seq}`, seq, time: 1, duplicate: false });
const storeAll = (asked: Asked): Said => ({ status: 201, body: { epoch: 'e', events: draftsOf(asked).map(store) } });
/** Problem details as any relay may give them, also a later one that knows more codes. */
const problem = (code: string, more: object = {}) => {
	const retryable = ERRORS[code as ErrorCode]?.retryable ?? code === 'rate-limited';
	return {
		type: `urn:live-feed:error:${code}`,
		title: code,
		status: 400,
		detail: `${code}!`,
		code,
		retryable,
		...more,
	};
};
const text = (n: number | string) => ({ text: String(n) });
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

describe('what is handed in', () => {
	it('goes in one request where it comes at one go, and the rest in the next', async () => {
		const server = await serve(storeAll);
		const { publisher } = begin(server.url);
		const first = numbers(1, 3).map((n) => publisher.publish('step', text(n)));
		await server.waitFor(1);
		for (const n of numbers(4, 9)) publisher.publish({ text: n });
		expect(await publisher.flush()).toBe(true);
		expect(server.asked.map(textsOf)).toEqual([numbers(1, 3), numbers(4, 9)]);
		expect(server.asked[0]).toMatchObject({ path: '/channels/builds/events', authorization: undefined });
		expect((await Promise.all(first)).map((receipt) => receipt?.id)).toHaveLength(3);
		expect(draftsOf(server.asked[0] as Asked)[0]).toMatchObject({ type: 'step', text: '1' });
	});

	it('has a key of its own where none is given, and is taken as it is at the call', async () => {
		const server = await serve(storeAll);
		const { publisher } = begin(server.url);
		const draft = { text: 'before', key: 'mine' };
		publisher.publish(draft);
		draft.text = 'after';
		publisher.publish('a');
		publisher.publish('a');
		await publisher.flush();
		const [mine, one, other] = draftsOf(server.asked[0] as Asked);
		expect(mine).toEqual({ text: 'before', key: 'mine' });
		expect(one?.key).toMatch(/^[0-9a-f-]{36}$/);
		expect(other?.key).not.toBe(one?.key);
	});

	it('has U+FFFD in the place of half of a surrogate pair', async () => {
		const server = await serve(storeAll);
		const { publisher } = begin(server.url);
		publisher.publish({ text: 'Deployed 🚀'.slice(0, 10), data: { ['🚀'.slice(1)]: '\\ud83d' } });
		expect(await publisher.flush()).toBe(true);
		const [draft] = draftsOf(server.asked[0] as Asked); // one request has come
		expect(draft).toMatchObject({ text: 'Deployed \ufffd', data: { '\ufffd': '\\ud83d' } });
	});

	it('is sent in requests of 5,000 events and 1 MiB at most', async () => {
		const sizes: number[] = [];
		const server = await serve((asked) => {
			sizes.push(Buffer.byteLength(JSON.stringify(asked.body)));
			return storeAll(asked);
		});
		const { publisher } = begin(server.url, { maxBytes: 1e9 });
		for (const n of numbers(1, 5001)) publisher.publish({ text: n, key: n });
		for (const n of numbers(1, 200)) publisher.publish({ text: n, data: 'é'.repeat(8000) });
		await publisher.flush();
		expect(server.asked.map((asked) => draftsOf(asked).length)[0]).toBe(5000);
		expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
		expect(Math.max(...sizes)).toBeGreaterThan(1000 * 1000);
		expect(server.asked.flatMap(textsOf)).toEqual([...numbers(1, 5001), ...numbers(1, 200)]);
	});

	it('is refused where it can be no event, and the caller is not thrown at', async () => {
		const server = await serve(storeAll);
		const { publisher, told } = begin(server.url);
		const loop: Record<string, unknown> = {};
		loop.loop = loop;
		const wrong = [undefined, null, 7, { type: 'a', data: loop }, { type: 'a', data: 1n }];
		for (const draft of wrong) expect(await publisher.publish(draft as Draft)).toBe(undefined); // on purpose not one
		expect(await publisher.publish({ data: 'x'.repeat(70_000) })).toBe(undefined);
		expect(told.map(({ code }) => code)).toEqual([...wrong.map(() => 'invalid-event'), 'event-too-large']);
		expect(server.asked).toEqual([]);
	});

	it('throws only where a publisher is made for no channel or no relay', () => {
		expect(() => createPublisher({ relay: 'http://localhost', channel: 'a b' })).toThrow('channel name');
		expect(() => createPublisher({ relay: '', channel: 'a' })).toThrow('relay address');
	});
});

describe('each answer', () => {
	it('207: what is stored is settled, what is refused is told of, what comes later comes first', async () => {
		const server = await serve((asked, n) => {
			if (n > 1) return storeAll(asked);
			const events = [
				store(),
				{ error: problem('invalid-event') },
				store(),
				...[{ error: problem('overloaded') }, { error: problem('out-of-order') }],
			];
			return { status: 207, headers: { 'retry-after': '0' }, body: { epoch: 'e', events } };
		});
		const { publisher, told } = begin(server.url);
		const all = numbers(1, 5).map((n) => publisher.publish(text(n)));
		await server.waitFor(1);
		publisher.publish(text(6));
		expect(await publisher.flush()).toBe(true);
		expect(server.asked.map(textsOf)).toEqual([numbers(1, 5), numbers(4, 6)]);
		expect(draftsOf(server.asked[1] as Asked)[0]?.key).toBe(draftsOf(server.asked[0] as Asked)[3]?.key);
		expect((await Promise.all(all)).map((receipt) => receipt !== undefined)).toEqual([true, false, true, true, true]);
		expect(told).toEqual([{ code: 'invalid-event', text: '2' }]);
	});

	it.each<[string, (drafts: Draft[]) => Said]>([
		[
			'a problem with a result for each',
			(d) => ({
				status: 503,
				body: problem('storage-failed', { events: d.map(() => ({ error: problem('storage-failed') })) }),
			}),
		],
		['a problem for all', () => ({ status: 503, body: problem('relay-full', { retryMs: 1 }) })],
		["a proxy's page", () => ({ status: 502, body: '<h1>Bad gateway</h1>', headers: { 'content-type': 'text/html' } })],
		['too many requests', () => ({ status: 429, body: 'slow down' })],
		['half an answer', () => ({ status: 201, body: '{"epoch": "e", "eve' })],
		['an answer for fewer', (d) => ({ status: 201, body: { epoch: 'e', events: d.slice(1).map(store) } })],
		['receipts that are none', (d) => ({ status: 201, body: { epoch: 'e', events: d.map(() => null) } })],
	])('%s: all of it comes again with the same keys', async (_name, say) => {
		const server = await serve((asked, n) => (n === 1 ? say(draftsOf(asked)) : storeAll(asked)));
		const { publisher, told } = begin(server.url);
		const all = numbers(1, 3).map((n) => publisher.publish(text(n)));
		await server.waitFor(2);
		await publisher.flush();
		expect(server.asked[1]?.body).toEqual(server.asked[0]?.body);
		expect((await Promise.all(all)).every((receipt) => receipt)).toBe(true);
		expect(told).toEqual([]);
	});

	it.each<[string, Said, string]>([
		['forbidden', { status: 403, body: problem('forbidden') }, 'forbidden'],
		['a place without a relay', { status: 404, body: 'Not found' }, 'relay-unreachable'],
		['a redirect', { status: 302, headers: { location: '/elsewhere' } }, 'relay-unreachable'],
		['a page of a channel', { status: 200, body: { epoch: 'e', events: [] } }, 'relay-unreachable'],
	])('%s: it is final for these, and the next ones are tried', async (_name, said, code) => {
		const server = await serve((asked, n) => (n === 1 ? said : storeAll(asked)));
		const { publisher, told } = begin(server.url);
		expect(await publisher.publish(text(1))).toBe(undefined);
		expect(await publisher.publish(text(2))).toMatchObject({ duplicate: false });
		expect(told).toEqual([{ code, text: '1' }]);
		expect(server.asked.map(({ path }) => path)).toEqual(Array(2).fill('/channels/builds/events'));
	});

	it('413 of a proxy: it sends fewer at a time, and all of them', async () => {
		const server = await serve((asked) => (draftsOf(asked).length > 10 ? { status: 413, body: '' } : storeAll(asked)));
		const { publisher, told } = begin(server.url);
		for (const n of numbers(1, 100)) publisher.publish(text(n));
		expect(await publisher.flush()).toBe(true);
		const taken = server.asked.filter((asked) => draftsOf(asked).length <= 10);
		expect(taken.flatMap(textsOf)).toEqual(numbers(1, 100));
		expect(told).toEqual([]);
	});

	it('413 for one alone is final', async () => {
		const server = await serve(() => ({ status: 413, body: problem('event-too-large') }));
		const { publisher, told } = begin(server.url);
		await publisher.publish(text(1));
		expect(told).toEqual([{ code: 'event-too-large', text: '1' }]);
	});

	it('rate-limited: it sends fewer at a time, so that a limit below its batch is no end', async () => {
		const limited = problem('rate-limited', { retryMs: 1 });
		const server = await serve((asked) =>
			draftsOf(asked).length > 8 ? { status: 429, body: limited } : storeAll(asked),
		);
		const { publisher } = begin(server.url);
		for (const n of numbers(1, 9)) publisher.publish(text(n));
		await server.waitFor(3);
		expect(server.asked.map((asked) => draftsOf(asked).length)).toEqual([9, 5, 4]);
	});

	it('Retry-After: not even a flush comes earlier; without it a flush tries at once', async () => {
		for (const retryAfter of ['3600', new Date(Date.now() + 3_600_000).toUTCString(), undefined]) {
			const headers: Record<string, string> = retryAfter ? { 'retry-after': retryAfter } : {};
			const server = await serve((asked, n) => (n === 1 ? { status: 503, headers } : storeAll(asked)));
			const { publisher } = begin(server.url);
			publisher.publish(text(1));
			await server.waitFor(1);
			expect(await publisher.flush(retryAfter ? 700 : 4000)).toBe(!retryAfter);
			expect(server.asked).toHaveLength(retryAfter ? 1 : 2);
		}
	});
});

describe('a token', () => {
	const invalid = (code: string): Said => ({ status: 401, body: problem(code) });
	const takes = (token: string) => (asked: Asked) =>
		asked.authorization === `Bearer ${token}` ? storeAll(asked) : invalid('token-expired');

	it('is sent as it is given, without white space around it', async () => {
		const server = await serve(takes('one'));
		expect(await begin(server.url, { token: 'one\n' }).publisher.publish('a')).toBeDefined();
	});

	it('is asked for once, and again when it is no longer taken', async () => {
		let valid = 'token-1';
		let asked = 0;
		const server = await serve((request) => takes(valid)(request));
		const { publisher, told } = begin(server.url, { token: async () => `token-${++asked}` });
		for (const n of numbers(1, 3)) await publisher.publish(text(n));
		expect(asked).toBe(1);
		valid = 'token-2';
		const all = numbers(4, 6).map((n) => publisher.publish(text(n)));
		expect((await Promise.all(all)).every((receipt) => receipt)).toBe(true);
		expect(asked).toBe(2);
		valid = 'token-3';
		expect(await publisher.publish(text(7))).toBeDefined();
		expect(told).toEqual([]);
	});

	it('that is refused after one refresh is final: what waits is lost and told of, and nothing is asked any more', async () => {
		let asked = 0;
		const server = await serve(() => invalid('token-invalid'));
		const { publisher, told } = begin(server.url, { token: () => `token-${++asked}` });
		publisher.publish(text(1));
		await publisher.publish(text(2));
		expect({ asked, requests: server.asked.length }).toEqual({ asked: 2, requests: 2 });
		await publisher.publish(text(3));
		expect({ asked, requests: server.asked.length }).toEqual({ asked: 2, requests: 2 });
		expect(told).toEqual(numbers(1, 3).map((n) => ({ code: 'token-invalid', text: n })));
	});

	it('that is no function is not sent twice', async () => {
		const server = await serve(() => invalid('token-invalid'));
		const { publisher, told } = begin(server.url, { token: 'stale' });
		await publisher.publish(text(1));
		expect(server.asked).toHaveLength(1);
		expect(told).toEqual([{ code: 'token-invalid', text: '1' }]);
	});

	it('whose function fails is asked for again, and no request is made without it', async () => {
		const server = await serve(takes('late'));
		const outcomes = [
			() => Promise.reject(new Error('no answer')),
			() => {
				throw new Error('no');
			},
			() => 'late',
		];
		let asked = 0;
		const { publisher, told } = begin(server.url, { token: () => outcomes[asked++]?.() as string });
		expect(await publisher.publish(text(1))).toBeDefined();
		expect({ asked, requests: server.asked.length, told }).toEqual({ asked: 3, requests: 1, told: [] });
	});

	it('that no header can hold is final, and is not shown', async () => {
		const server = await serve(storeAll);
		const errors: FeedError[] = [];
		const { publisher } = begin(server.url, { token: 'sec\nret', onError: (error) => errors.push(error) });
		await publisher.publish(text(1));
		expect(errors.map(({ code }) => code)).toEqual(['token-invalid']);
		expect(String(errors)).not.toMatch(/sec|ret/);
		expect(server.asked).toEqual([]);
	});
});

describe('a relay that is away', () => {
	it('is why something waits, and not any more once it is back', async () => {
		const port = await findFreePort();
		const { publisher } = begin(`http://127.0.0.1:${port}`, {});
		expect(publisher.trouble).toBe(undefined);
		const receipt = publisher.publish(text(1));
		await expect.poll(() => publisher.trouble?.code).toBe('relay-unreachable');
		const server = await startAnswering(storeAll, port);
		cleanups.push(() => server.stop());
		await publisher.flush();
		await receipt;
		expect(publisher.trouble).toBe(undefined);
	});

	it('costs the caller nothing: no rejection, no more memory than allowed, and what waits comes once it is back', async () => {
		const rejections: unknown[] = [];
		const onRejection = (reason: unknown) => rejections.push(reason);
		process.on('unhandledRejection', onRejection);
		cleanups.push(async () => process.off('unhandledRejection', onRejection));
		const port = await findFreePort();
		const { publisher, told } = begin(`http://127.0.0.1:${port}`, { maxEvents: 100, onError: () => {} });
		const before = getHeapStatistics().used_heap_size;
		for (let n = 1; n <= 50_000; n++) publisher.publish('step', text(n));
		expect(publisher.waiting).toBe(100);
		await publisher.flush(300);
		expect(getHeapStatistics().used_heap_size - before).toBeLessThan(200 * 1024 * 1024);
		const server = await startAnswering(storeAll, port);
		cleanups.push(() => server.stop());
		expect(await publisher.flush()).toBe(true);
		expect(server.asked.flatMap(textsOf)).toEqual(numbers(1, 100));
		expect({ rejections, told }).toEqual({ rejections: [], told: [] });
	});

	it('is given up after a while, and told of', async () => {
		const { publisher, told } = begin(`http://127.0.0.1:${await findFreePort()}`, { maxWaitMs: 1 });
		expect(await publisher.publish(text(1))).toBe(undefined);
		expect(told).toEqual([{ code: 'relay-unreachable', text: '1' }]);
	});

	it('a full queue refuses the newest, by number and by bytes, and tells', async () => {
		const relay = `http://127.0.0.1:${await findFreePort()}`;
		for (const limit of [{ maxEvents: 3 }, { maxBytes: 210 }]) {
			const { publisher, told } = begin(relay, limit);
			const all = numbers(1, 4).map((n) => publisher.publish({ text: n, key: 'k'.repeat(40) }));
			expect(await all[3]).toBe(undefined);
			expect(told).toEqual([{ code: 'outbox-full', text: '4' }]);
			expect(publisher.waiting).toBe(3);
		}
	});

	it('rejects where that is asked for', async () => {
		const relay = `http://127.0.0.1:${await findFreePort()}`;
		const publisher = createPublisher({ relay, channel: 'a', throws: true, maxEvents: 0, onError: () => {} });
		await expect(publisher.publish('a')).rejects.toMatchObject({ code: 'outbox-full' });
	});

	it('a handler that throws or publishes harms nothing', async () => {
		const relay = `http://127.0.0.1:${await findFreePort()}`;
		let calls = 0;
		const publisher: Publisher = createPublisher({
			...{ relay, channel: 'a', maxEvents: 0 },
			onError() {
				calls++;
				publisher.publish('failed');
				throw new Error('on purpose');
			},
		});
		expect(await publisher.publish('a')).toBe(undefined);
		expect(await publisher.publish('a')).toBe(undefined);
		expect(calls).toBe(2);
	});
});

describe('the end', () => {
	it('close sends what waits, and takes nothing more', async () => {
		const server = await serve(storeAll);
		const { publisher, told } = begin(server.url);
		const last = publisher.publish(text(1));
		const closing = publisher.close();
		publisher.publish(text(2));
		expect(await closing).toBe(true);
		expect(await last).toBeDefined();
		expect(told).toEqual([{ code: 'closed', text: '2' }]);
	});

	it('close gives up what is not answered in time, and ends the request', async () => {
		const server = await serve(() => undefined);
		const { publisher, told } = begin(server.url);
		const last = publisher.publish(text(1));
		await server.waitFor(1);
		expect(await publisher.close(10)).toBe(false);
		expect(await last).toBe(undefined);
		expect(told).toEqual([{ code: 'closed', text: '1' }]);
		expect(publisher.waiting).toBe(0);
	});

	it('flush waits for what was handed in before it, not for what comes after', async () => {
		let release: (said: Said | undefined) => void = () => {};
		const server = await serve((asked, n) =>
			n === 1
				? storeAll(asked)
				: new Promise((resolve) => {
						release = resolve;
					}),
		);
		const { publisher } = begin(server.url);
		publisher.publish(text(1));
		const flushed = publisher.flush();
		await server.waitFor(1);
		publisher.publish(text(2));
		expect(await flushed).toBe(true);
		await server.waitFor(2);
		expect(publisher.waiting).toBe(1);
		release(storeAll(server.asked[1] as Asked));
		expect(await publisher.flush()).toBe(true);
	});
});
