// What the edge refuses before a channel is asked: rights before bodies, and bounds over bodies.
import { describe, expect, it } from 'vitest';
import { readBytes } from '../../relay/http/bodies.ts';
import { allowedMs, BodyBudget } from '../../relay/http/body-budget.ts';
import { answer } from '../../relay/http/routes.ts';
import { Identities } from '../../relay/identity.ts';
import { createError } from '../../relay/protocol/errors.ts';
import { readSettings } from '../../relay/settings.ts';

const settings = readSettings({ LIVE_FEED_SECRET: 'x'.repeat(32), LIVE_FEED_PUBLIC: 'news' });

async function ask(path: string, init: RequestInit) {
	let asked = 0;
	const identities = new Identities(settings, () => 0);
	const request = new Request(`http://relay${path}`, init);
	const { status } = await answer(request, {
		...{ clock: () => 0, settings, since: 0, bodies: new BodyBudget(), storage: { isFull: false } },
		fetchFile: async () => null,
		fetchChannel: async () => {
			asked++;
			return new Response(null, { status: 204 });
		},
		identify: async (_headers, channel, address) => identities.identify(undefined, channel, address),
		onRefused: () => {},
		onFault: () => createError('internal'),
		control: { secret: undefined, goAway: async () => {}, setMachine: async () => {} },
		countRequest: () => {},
		report: async () => Promise.reject(createError('forbidden')),
	});
	return { status, asked, isBodyRead: request.bodyUsed };
}

describe('a request without rights', () => {
	it.each([
		['GET', '/channels/any/events'],
		['GET', '/channels/any/events/1'],
		['HEAD', '/channels/any'],
		['DELETE', '/channels/news'],
		['GET', '/channels/any/presence'],
		['GET', '/channels/any/metrics'],
		['GET', '/channels/any/status'],
		['POST', '/channels/news/events'],
		['PATCH', '/channels/news/events/1'],
		['POST', '/channels/news/events/1/reactions'],
	])('[HTTP15] %s %s reaches no channel, and its body is not read', async (method, path) => {
		const body = /POST|PATCH/.test(method) ? { body: 'a'.repeat(1000) } : {};
		expect(await ask(path, { method, ...body })).toEqual({ status: 401, asked: 0, isBodyRead: false });
	});

	it('[HTTP15] with the right to read reaches it', async () => {
		expect(await ask('/channels/news/events', {})).toMatchObject({ status: 204, asked: 1 });
	});
});

describe('bodies in flight', () => {
	const post = (body: BodyInit) => new Request('http://relay', { method: 'POST', body, duplex: 'half' } as RequestInit);

	it('[HTTP16] have one bound over all of them', async () => {
		const budget = new BodyBudget(1500);
		expect(await readBytes(post('a'.repeat(1000)), { budget })).toHaveLength(1000);
		await expect(readBytes(post('a'.repeat(1000)), { budget })).rejects.toMatchObject({ code: 'relay-full' });
		expect(budget.bytes).toBe(1000); // the one that is still worked on
	});

	it('[HTTP16] are given up where they stop, and count no more', async () => {
		const budget = new BodyBudget();
		let isCancelled = false;
		const stuck = new ReadableStream<Uint8Array>({
			start: (controller) => controller.enqueue(new Uint8Array(1)),
			cancel: () => {
				isCancelled = true;
			},
		});
		const reading = readBytes(post(stuck), { budget, graceMs: 10 });
		await expect(reading).rejects.toMatchObject({ code: 'invalid-event' });
		expect({ isCancelled, bytes: budget.bytes }).toEqual({ isCancelled: true, bytes: 0 });
	});

	it('[HTTP16] have more time the more of them came', () => {
		expect(allowedMs(0)).toBe(10_000);
		expect(allowedMs(1024 * 1024)).toBe(74_000);
	});
});
