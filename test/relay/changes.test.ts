// What becomes of an event, from outside: every way to change it and to see that, against a relay that asks for tokens and an open one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, type Json } from '../support/ask.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { parseEventStream, TextStream } from '../support/text-stream.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

/** Asks for tokens. */
let guarded: TestRelay;
let open: TestRelay;
const streams: TextStream[] = [];

beforeAll(async () => {
	[guarded, open] = await Promise.all([startRelay({ vars: { LIVE_FEED_SECRET: SECRET } }), startRelay({ vars: {} })]);
});
afterAll(async () => {
	for (const stream of streams) await stream.close();
	await Promise.all([guarded?.stop(), open?.stop()]);
});

const KEY = 'the-key-of-one-browser';
const OTHER_KEY = 'the-key-of-another-one';

/** One caller on one channel. */
class Caller {
	readonly address: string;
	readonly headers: Record<string, string>;

	constructor(relay: TestRelay, channel: string, headers: Record<string, string> = {}) {
		this.address = `${relay.url}/channels/${channel}/events`;
		this.headers = headers;
	}

	post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
		return this.#send('POST', '', body, headers);
	}

	patch(id: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
		return this.#send('PATCH', `/${id}`, body, headers);
	}

	remove(id: string, headers: Record<string, string> = {}): Promise<Answer> {
		return this.#send('DELETE', `/${id}`, undefined, headers);
	}

	react(id: string, reaction: string, method = 'POST'): Promise<Answer> {
		return this.#send(method, `/${id}/reactions`, { reaction });
	}

	get(query = '', headers: Record<string, string> = {}): Promise<Answer> {
		return ask(this.address + query, { headers: { ...this.headers, ...headers } });
	}

	/** One event as it stands. */
	async event(id: string): Promise<Json> {
		return (await this.get(`/${id}`)).body;
	}

	/** Publishes one event and answers its id. */
	async create(draft: object = { text: 'hello' }): Promise<string> {
		const { status, body } = await this.post(draft);
		expect(status).toBe(201);
		return body.id;
	}

	async #send(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
		const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
		const text = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
		return ask(this.address + path, { method, headers: { ...type, ...this.headers, ...headers }, ...text });
	}
}

const anybody = (channel = createChannelName('changes'), author?: string) =>
	new Caller(open, channel, author === undefined ? {} : { 'live-feed-author': author });
const channelOf = ({ address }: Caller) => address.split('/').at(-2) as string; // it ends so
const seqOf = (id: string) => Number(id.split(':')[1]);

async function somebody(channel: string, sub: string, ...can: string[]): Promise<Caller> {
	return new Caller(guarded, channel, bearer(await sign({ sub, name: sub, can: ['read', ...can] })));
}

async function stream(caller: Caller, accept: string, query = '', headers = {}): Promise<TextStream> {
	const opened = await TextStream.open(caller.address + query, accept, { ...caller.headers, ...headers });
	streams.push(opened);
	return opened;
}

/** Publishes on a socket, and answers what came of it. */
async function send(socket: Conversation, ref: number, draft: object): Promise<Json> {
	socket.send({ type: 'publish', ref, draft });
	let found: Json;
	await socket.until(() => {
		found = socket.messages
			.flatMap((message) => (message.type === 'receipts' ? message.receipts : message.type === 'error' ? message : []))
			.find((one) => one.ref === ref);
		return found !== undefined;
	}, `an answer to ${ref}`);
	return found;
}

describe('a change', () => {
	it('[CHG1] [CHG6] [CHG7] goes every way that a draft goes, and is told with the state of its event', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'a bug', status: 'open' });
		const viewer = await Conversation.join(open.url, channelOf(caller));
		const socket = await Conversation.join(open.url, channelOf(caller));
		const actor = { name: 'Ada' };
		const receipt = await send(socket, 1, { target: id, status: 'resolved', actor });
		expect(receipt).toMatchObject({ seq: 2, duplicate: false, id: `${id.split(':')[0]}:2` });
		expect((await caller.post({ target: id, text: 'a bug, mended', key: 'one' })).body).toMatchObject({ seq: 3 });
		const many = await caller.post([{ text: 'another' }, { target: id, pinned: true }, { target: id, reaction: '👍' }]);
		expect([many.status, many.body.events.map(({ seq }: Json) => seq)]).toEqual([201, [4, 5, 6]]);
		const lines = `${JSON.stringify({ target: id, reaction: '🎉' })}\n${JSON.stringify({ target: id, removed: true })}`;
		const ndjson = { 'content-type': 'application/x-ndjson' };
		expect((await caller.post(lines, ndjson)).body.events).toMatchObject([{ seq: 7 }, { seq: 8 }]);
		await viewer.until(() => viewer.events.some(({ seq }) => seq === 8), 'all of them');
		const by = { actor: { ...actor, verified: false }, time: receipt.time };
		expect(viewer.events[1]).toEqual({
			...{
				id: receipt.id,
				seq: 2,
				time: receipt.time,
				change: 'status',
				target: id,
				type: 'message',
				status: 'resolved',
			},
			...{ actor: by.actor, state: { version: 2, status: 'resolved', statusBy: by } },
		});
		const told = viewer.events.map(({ change, reaction, on, status }) => ({ change, reaction, on, status }));
		expect(JSON.parse(JSON.stringify(told))).toEqual([
			...[
				{ status: 'open' },
				{ change: 'status', status: 'resolved' },
				{ change: 'edit' },
				{},
				{ change: 'pin', on: true },
			],
			...[
				{ change: 'reaction', reaction: '👍', on: true },
				{ change: 'reaction', reaction: '🎉', on: true },
			],
			{ change: 'removal' },
		]);
		expect(viewer.events[2].state).toMatchObject({ text: 'a bug, mended', edited: { count: 1 }, status: 'resolved' });
		expect(viewer.events[4].state).not.toHaveProperty('reactions');
		for (const one of [viewer, socket]) await one.close();
	});

	it('[CHG6] leaves the event as it stands now on every page and in every history', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'a bug', status: 'open', actor: { name: 'Eve' } });
		await caller.patch(id, { text: 'a bug indeed', actor: { name: 'Ada' } });
		await caller.patch(id, { status: 'cancelled' });
		await caller.patch(id, { pinned: true });
		await caller.react(id, '👍');
		const { events } = (await caller.get()).body;
		expect(events).toEqual([
			{
				...{
					id,
					seq: 1,
					time: events[0].time,
					type: 'message',
					text: 'a bug indeed',
					actor: { name: 'Eve', verified: false },
				},
				...{
					status: 'cancelled',
					statusBy: { time: expect.any(Number) },
					pinned: true,
					reactions: { '👍': 1 },
					version: 5,
				},
				edited: { actor: { name: 'Ada', verified: false }, time: expect.any(Number), count: 1 },
			},
		]);
		const viewer = await Conversation.join(open.url, channelOf(caller));
		await viewer.until(() => viewer.events.length > 0, 'history');
		expect(viewer.events).toEqual(events);
		const sse = await stream(caller, 'text/event-stream');
		await sse.until((text) => text.includes('cancelled'), 'history');
		expect(JSON.parse(parseEventStream(sse.text).events[1]?.data ?? '')).toEqual(events[0]);
		await viewer.close();
	});

	it.each([
		['no target that is one', { target: 'nothing', text: 'x' }],
		['no field', { target: 'k:1' }],
		['two fields', { target: 'k:1', text: 'x', pinned: true }],
		['an unknown status', { target: 'k:1', status: 'done' }],
		['an oversized text', { target: 'k:1', text: 'x'.repeat(8193) }],
		['control characters', { target: 'k:1', text: 'a\u0007' }],
		['a sign with a space', { target: 'k:1', reaction: 'a b' }],
		['a sign of 33 bytes', { target: 'k:1', reaction: 'x'.repeat(33) }],
		['no sign', { target: 'k:1', reaction: '' }],
		['`on` without a sign', { target: 'k:1', pinned: true, on: false }],
		['`removed` taken back', { target: 'k:1', removed: false }],
		['a field of an event', { target: 'k:1', text: 'x', type: 'deploy' }],
		['a number as `ifMatch` that is none', { target: 'k:1', text: 'x', ifMatch: '17' }],
	])('[CHG1] with %s is refused, on a socket and by request, and nothing is stored', async (_, draft) => {
		const caller = anybody();
		const socket = await Conversation.join(open.url, channelOf(caller));
		expect(await send(socket, 1, draft)).toMatchObject({ type: 'error', code: 'invalid-event' });
		expect((await caller.post(draft)).body).toMatchObject({ code: 'invalid-event', status: 400 });
		expect((await socket.ping()).time).toBeGreaterThan(0);
		expect((await caller.get()).body.last).toBe(0);
		await socket.close();
	});

	it('[CHG2] of what is no event here, or not any more, is refused, and nobody is disconnected', async () => {
		const [caller, elsewhere] = [anybody(), anybody()];
		const id = await caller.create();
		const other = await elsewhere.create();
		const { body: change } = await caller.patch(id, { pinned: true });
		const socket = await Conversation.join(open.url, channelOf(caller));
		const epoch = id.split(':')[0];
		const unknown = [other, change.id, `${epoch}:99`, `${epoch}:${Number.MAX_SAFE_INTEGER}`, 'zzz:1'];
		for (const [index, target] of unknown.entries()) {
			expect(await send(socket, index, { target, text: 'x' })).toMatchObject({
				code: 'unknown-event',
				retryable: false,
			});
			expect((await caller.patch(target, { status: 'resolved' })).body.code).toBe('unknown-event');
			expect((await caller.remove(target)).status).toBe(404);
			expect((await caller.react(target, '👍')).status).toBe(404);
			expect((await caller.get(`/${target}`)).body).toMatchObject({ code: 'unknown-event', status: 404 });
		}
		await caller.remove(id);
		for (const body of [{ text: 'x' }, { status: 'resolved' }, { pinned: false }])
			expect((await caller.patch(id, body)).body).toMatchObject({ code: 'removed-event', status: 410 });
		expect((await caller.react(id, '👍')).status).toBe(410);
		expect(await send(socket, 100, { target: id, text: 'x' })).toMatchObject({ code: 'removed-event' });
		expect(await send(socket, 101, { text: 'still here' })).toMatchObject({ seq: 4 });
		expect((await caller.get('', {})).body.last).toBe(4);
		await socket.close();
	});

	it('[CHG3] that changes nothing is answered with the last change', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'same', status: 'open' });
		const twice = async (change: () => Promise<Answer>, before: number, after: number) => {
			const answers = [await change(), await change()].map(({ status, body }) => [status, body.seq, body.duplicate]);
			expect(answers).toEqual(
				before === after
					? [
							[200, before, true],
							[200, before, true],
						]
					: [
							[200, after, false],
							[200, after, true],
						],
			);
		};
		await twice(() => caller.patch(id, { text: 'same' }), 1, 1);
		await twice(() => caller.patch(id, { status: 'open' }), 1, 1);
		await twice(() => caller.patch(id, { pinned: false }), 1, 1);
		await twice(() => caller.react(id, '👍', 'DELETE'), 1, 1);
		await twice(() => caller.patch(id, { status: 'resolved' }), 1, 2);
		await twice(() => caller.react(id, '👍'), 2, 3);
		await twice(() => caller.patch(id, { pinned: true }), 3, 4);
		await twice(() => caller.patch(id, { text: 'other' }), 4, 5);
		await twice(() => caller.remove(id), 5, 6);
		expect((await caller.get()).body.last).toBe(6);
	});

	it('[CHG4] with `ifMatch`, of 50 at once exactly one changes it, and the others are told what it is now', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'one for all', status: 'open' });
		const sockets = await Promise.all(Array.from({ length: 25 }, () => Conversation.join(open.url, channelOf(caller))));
		const bySocket = sockets.map((socket, n) =>
			send(socket, n, { target: id, status: n % 2 ? 'resolved' : 'cancelled', ifMatch: 1 }),
		);
		const byRequest = Array.from({ length: 25 }, (_, n) =>
			caller.patch(id, { status: n % 2 ? 'resolved' : 'cancelled' }, { 'if-match': '"1"' }).then(({ body }) => body),
		);
		const answers = await Promise.all([...bySocket, ...byRequest]);
		const now = await caller.event(id);
		expect(answers.filter(({ duplicate }) => duplicate === false)).toMatchObject([{ seq: 2 }]);
		const refused = answers.filter(({ code }) => code === 'changed-meanwhile');
		expect(refused).toHaveLength(49);
		const { versions: _, ...event } = now;
		for (const answer of refused) expect(answer.event).toEqual(event);
		for (const socket of sockets) await socket.until(() => socket.events.length === 2, 'both entries');
		expect(new Set(sockets.map((socket) => socket.events[1].state.status))).toEqual(new Set([now.status]));
		for (const socket of sockets) await socket.close();
	});

	it('[CHG4] [ONE3] `If-Match` takes what the ETag says, and is refused where it says nothing', async () => {
		const caller = anybody();
		const id = await caller.create();
		const etag = (await caller.get(`/${id}`)).headers.get('etag') as string;
		expect((await caller.patch(id, { text: 'two' }, { 'if-match': etag })).status).toBe(200);
		const late = await caller.patch(id, { text: 'three' }, { 'if-match': etag });
		expect([late.status, late.headers.get('content-type')]).toEqual([412, 'application/problem+json; charset=utf-8']);
		expect(late.body).toMatchObject({
			code: 'changed-meanwhile',
			retryable: false,
			event: { id, version: 2, text: 'two' },
		});
		expect((await caller.remove(id, { 'if-match': '"1"' })).status).toBe(412);
		for (const match of ['W/"2"', '"two"', '"1", "2"', '-1'])
			expect((await caller.patch(id, { text: 'x' }, { 'if-match': match })).body.code).toBe('invalid-parameter');
		expect((await caller.patch(id, { text: 'three' }, { 'if-match': '*' })).body.seq).toBe(3);
		expect((await caller.remove(id, { 'if-match': '"3"' })).body.seq).toBe(4);
	});

	it('[CHG5] is made by the author, known by the token, and by who may change those of all', async () => {
		const channel = createChannelName('changes');
		const ada = await somebody(channel, 'ada', 'publish', 'status:own', 'edit:own', 'remove:own');
		const eve = await somebody(channel, 'eve', 'publish', 'status:own', 'edit:own', 'remove:own');
		const bob = await somebody(channel, 'bob', 'status:any', 'moderate');
		const reader = await somebody(channel, 'joe');
		const reacting = await somebody(channel, 'zoe', 'react');
		const id = await ada.create({ text: 'mine', status: 'open', actor: { id: 'eve', name: 'Eve' } });
		const tries = [{ status: 'resolved' }, { text: 'not mine' }, { pinned: true }];
		for (const body of tries) {
			for (const who of [eve, reader, reacting])
				expect((await who.patch(id, body)).body).toMatchObject({ code: 'forbidden', status: 403 });
			expect((await new Caller(guarded, channel).patch(id, body)).body.code).toBe('token-needed');
		}
		for (const who of [eve, reader, reacting]) expect((await who.remove(id)).status).toBe(403);
		expect((await ada.react(id, '👍')).status).toBe(403);
		expect((await ada.patch(id, { pinned: true })).status).toBe(403);
		expect((await ada.get()).body).toMatchObject({ last: 1, events: [{ status: 'open', text: 'mine' }] });
		expect((await reacting.react(id, '👍')).body.seq).toBe(2);
		expect((await reacting.post({ target: id, reaction: '🎉' })).body.seq).toBe(3);
		expect((await ada.patch(id, { status: 'resolved' })).body.seq).toBe(4);
		expect((await ada.patch(id, { text: 'mine, mended' })).body.seq).toBe(5);
		expect((await bob.patch(id, { status: 'reopened', actor: { id: 'ada' } })).body.seq).toBe(6);
		expect((await bob.patch(id, { text: 'theirs' })).body.seq).toBe(7);
		expect((await bob.patch(id, { pinned: true })).body.seq).toBe(8);
		const verified = (name: string) => ({ actor: { id: name, name, verified: true } });
		expect(await bob.event(id)).toMatchObject({
			...{ ...verified('ada'), statusBy: verified('bob'), edited: verified('bob'), reactions: { '👍': 1, '🎉': 1 } },
			versions: [
				{ text: 'mine', ...verified('ada') },
				{ text: 'mine, mended', ...verified('ada') },
			],
		});
		expect((await ada.remove(id)).body.seq).toBe(9);
		const theirs = await ada.create();
		expect((await bob.remove(theirs)).status).toBe(200);
		expect((await bob.event(theirs)).removed).toMatchObject(verified('bob'));
	});

	it('[CHG5] on a socket it is refused alone, also where its sender may not publish', async () => {
		const channel = createChannelName('changes');
		const ada = await somebody(channel, 'ada', 'publish');
		const id = await ada.create();
		const token = await sign({ sub: 'zoe', can: ['read', 'react'] });
		const socket = await Conversation.join(guarded.url, channel, { token });
		expect(await send(socket, 1, { target: id, removed: true })).toMatchObject({ code: 'forbidden' });
		expect(await send(socket, 2, { target: id, reaction: '👍' })).toMatchObject({ seq: 2 });
		expect(await send(socket, 3, { text: 'hello' })).toMatchObject({ code: 'forbidden' });
		expect((await ada.get()).body.last).toBe(2);
		await socket.close();
	});

	it('[CHG5] tells nothing of the event to who may not read', async () => {
		const channel = createChannelName('changes');
		const ada = await somebody(channel, 'ada', 'publish');
		const id = await ada.create({ text: 'for readers alone' });
		const blind = new Caller(guarded, channel, bearer(await sign({ sub: 'tom', can: ['status:any', 'moderate'] })));
		const answers = [
			await blind.patch(id, { status: 'resolved' }, { 'if-match': '"99"' }),
			await blind.patch(id, { status: 'reopened' }),
			await blind.get(`/${id}`),
		];
		expect(answers.map(({ body }) => body.code)).toEqual(['changed-meanwhile', 'wrong-status', 'forbidden']);
		expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain('for readers alone');
		expect((await blind.patch(id, { status: 'resolved' })).status).toBe(200);
	});

	it('[CHG8] [THR2] comes through a filter by the type of its event, that of a reply by either', async () => {
		const caller = anybody();
		const viewer = await Conversation.join(open.url, channelOf(caller), { types: ['deploy.*'] });
		const deploy = await caller.create({ type: 'deploy.done' });
		const reply = await caller.create({ type: 'message', text: 'why?', replyTo: deploy });
		const other = await caller.create({ type: 'message', text: 'alone' });
		for (const id of [deploy, reply, other]) await caller.react(id, '👍');
		await caller.remove(reply);
		await caller.create({ type: 'deploy.done' });
		await viewer.until(() => viewer.events.some(({ seq }) => seq === 8), 'the last');
		expect(viewer.seqs).toEqual([1, 2, 4, 5, 7, 8]);
		expect(viewer.events[1]).toMatchObject({ replyTo: deploy, replyType: 'deploy.done' });
		const { body } = await caller.get('?type=deploy.*');
		expect(body.events.map(({ seq }: Json) => seq)).toEqual([1, 2, 8]);
		await viewer.close();
	});

	it('[CHG8] [FILT4] by status, events are chosen and changes come through', async () => {
		const caller = anybody();
		const [one, two] = [
			await caller.create({ text: 'one', status: 'open' }),
			await caller.create({ text: 'two', status: 'open' }),
		];
		await caller.create({ text: 'no piece of work' });
		const viewer = await Conversation.join(open.url, channelOf(caller), { status: ['open', 'reopened'] });
		expect(viewer.messages[0].status).toEqual(['open', 'reopened']);
		await caller.patch(two, { status: 'resolved' });
		await viewer.until(() => viewer.events.some(({ seq }) => seq === 4), 'the change');
		expect(viewer.seqs).toEqual([1, 2, 4]);
		const seqs = async (query: string) => (await caller.get(query)).body.events.map(({ seq }: Json) => seq);
		expect(await seqs('?status=open,reopened')).toEqual([1]);
		expect(await seqs('?status=resolved')).toEqual([2]);
		expect(await seqs(`?status=resolved&status=open&after=0`)).toEqual([1, 2]);
		expect((await caller.get('?status=done')).body.code).toBe('invalid-parameter');
		const later = await Conversation.join(open.url, channelOf(caller), { status: ['resolved'] });
		await later.until(() => later.events.length > 0, 'history');
		expect(later.events).toMatchObject([{ id: two, status: 'resolved' }]);
		await caller.patch(one, { status: 'cancelled' });
		await later.until(() => later.events.length > 1, 'the change');
		expect(later.events[1]).toMatchObject({ target: one, state: { status: 'cancelled' } });
		for (const socket of [viewer, later]) await socket.close();
		const wrong = await Conversation.open(open.url, channelOf(caller));
		wrong.send({ type: 'hello', protocol: 1, status: ['done'] });
		expect(await wrong.next('error')).toMatchObject({ code: 'invalid-message' });
		await wrong.close();
	});

	it('[CHG10] [HELLO7] of before is sent to who resumes, and to nobody who begins', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'old', status: 'open' });
		const reader = await Conversation.join(open.url, channelOf(caller));
		await reader.close();
		await caller.patch(id, { status: 'resolved' });
		await caller.create({ text: 'new' });
		await caller.patch(id, { text: 'older' });
		const fresh = await Conversation.join(open.url, channelOf(caller));
		const back = await Conversation.join(open.url, channelOf(caller), { position: id });
		for (const socket of [fresh, back]) {
			await caller.patch(id, { pinned: socket === fresh });
			await socket.until(() => socket.events.at(-1)?.seq === (socket === fresh ? 5 : 6), 'what is live');
		}
		expect(fresh.seqs.slice(0, 3)).toEqual([1, 3, 5]);
		expect(fresh.events[0]).toMatchObject({ status: 'resolved', text: 'older' });
		expect(back.seqs).toEqual([2, 3, 4, 5, 6]);
		// As they stand when they are sent: the first tells already what came of the second.
		expect(back.events[0].state).toMatchObject({ version: 4, status: 'resolved', text: 'older' });
		for (const socket of [fresh, back]) await socket.close();
	});

	it('[CHG1] [KEY1] with a key is made once, whatever comes in between', async () => {
		const caller = anybody();
		const id = await caller.create({ status: 'open', text: 'x' });
		const once = { 'idempotency-key': 'resolve' };
		expect((await caller.patch(id, { status: 'resolved' }, once)).body).toMatchObject({ seq: 2, duplicate: false });
		await caller.patch(id, { status: 'reopened' });
		expect((await caller.patch(id, { status: 'resolved' }, once)).body).toMatchObject({ seq: 2, duplicate: true });
		expect((await caller.event(id)).status).toBe('reopened');
		expect((await caller.patch(id, { status: 'cancelled' }, once)).body).toMatchObject({
			code: 'key-conflict',
			status: 409,
		});
		// What changed nothing has used its key too.
		const nothing = { 'idempotency-key': 'nothing' };
		expect((await caller.patch(id, { status: 'reopened' }, nothing)).body).toMatchObject({ seq: 3, duplicate: true });
		await caller.patch(id, { status: 'resolved' });
		expect((await caller.patch(id, { status: 'reopened' }, nothing)).body).toMatchObject({ seq: 3, duplicate: true });
		expect((await caller.event(id)).status).toBe('resolved');
	});
});

describe('a status', () => {
	it('[STAT1] goes from one to another as the rule says, and no other way', async () => {
		const caller = anybody();
		const paths: Record<string, string[]> = {
			open: [],
			resolved: ['resolved'],
			cancelled: ['cancelled'],
			reopened: ['resolved', 'reopened'],
			none: [],
		};
		const allowed: Record<string, string[]> = {
			...{ none: ['open', 'resolved', 'cancelled'], open: ['resolved', 'cancelled'], resolved: ['reopened'] },
			...{ cancelled: ['reopened'], reopened: ['resolved', 'cancelled'] },
		};
		for (const from of Object.keys(paths)) {
			for (const to of ['open', 'resolved', 'cancelled', 'reopened']) {
				if (to === from) continue;
				const id = await caller.create({ text: from, ...(from === 'none' ? {} : { status: 'open' }) });
				for (const status of paths[from] as string[]) await caller.patch(id, { status });
				const { status, body } = await caller.patch(id, { status: to });
				const isAllowed = allowed[from]?.includes(to) ?? false;
				expect([from, to, status, body.code]).toEqual([
					from,
					to,
					isAllowed ? 200 : 409,
					isAllowed ? undefined : 'wrong-status',
				]);
			}
		}
	});

	it('[EV1] [EV2] of a new event is open', async () => {
		const caller = anybody();
		expect((await caller.post({ text: 'x', status: 'resolved' })).body.code).toBe('invalid-event');
		for (const field of ['version', 'reactions', 'replies', 'edited', 'removed', 'author', 'replyType', 'statusBy'])
			expect((await caller.post({ text: 'x', [field]: {} })).body.code).toBe('invalid-event');
	});
});

describe('reactions', () => {
	it('[REACT1] [REACT2] of 100 people at once are 100, one for each and sign, and everybody knows his own', async () => {
		const channel = createChannelName('changes');
		const id = await anybody(channel).create();
		const people = Array.from({ length: 100 }, (_, n) => anybody(channel, `person-${n}-of-one-hundred`));
		const pressed = await Promise.all(people.map((person) => person.react(id, '👍')));
		expect(pressed.filter(({ body }) => body.duplicate === false)).toHaveLength(100);
		const again = await Promise.all(people.slice(0, 30).map((person) => person.react(id, '👍')));
		expect(again.every(({ body }) => body.duplicate === true)).toBe(true);
		expect((await anybody(channel).event(id)).reactions).toEqual({ '👍': 100 });
		await Promise.all(people.slice(0, 40).map((person) => person.react(id, '👍', 'DELETE')));
		expect((await people[0]?.react(id, '🎉'))?.status).toBe(200);
		expect((await anybody(channel).event(id)).reactions).toEqual({ '👍': 60, '🎉': 1 });
		const last = await Conversation.join(open.url, channel, { author: 'person-99-of-one-hundred' });
		const none = await Conversation.join(open.url, channel, { author: 'person-7-of-one-hundred' });
		expect([last, none].map(({ messages }) => messages[0].own.reacted)).toEqual([{ [seqOf(id)]: ['👍'] }, undefined]);
		for (const socket of [last, none]) await socket.close();
		const byQuery = await ask(`${people[99]?.address}/${id}/reactions?reaction=${encodeURIComponent('👍')}`, {
			method: 'DELETE',
			headers: people[99]?.headers ?? {},
		});
		expect(byQuery.body).toMatchObject({ duplicate: false });
		expect((await anybody(channel).event(id)).reactions).toEqual({ '👍': 59, '🎉': 1 });
	});

	it('[REACT1] of one event have 20 signs, and of those that are there everybody may use more', async () => {
		const channel = createChannelName('changes');
		const id = await anybody(channel).create();
		const [one, other] = [anybody(channel, KEY), anybody(channel, OTHER_KEY)];
		const signs = Array.from({ length: 20 }, (_, n) => ({ target: id, reaction: `sign-${n}` }));
		expect((await one.post(signs)).status).toBe(201);
		expect((await other.react(id, 'one-more')).body).toMatchObject({ code: 'too-many-reactions', status: 409 });
		expect((await other.react(id, 'sign-7')).status).toBe(200);
		expect((await one.react(id, 'sign-0', 'DELETE')).status).toBe(200);
		expect((await other.react(id, 'one-more')).status).toBe(200);
		expect(Object.keys((await one.event(id)).reactions)).toHaveLength(20);
	});

	it('[REACT1] of one person are 4,000 at most: more get a typed refusal, and nobody is disconnected', async () => {
		const channel = createChannelName('changes');
		const caller = anybody(channel, KEY);
		const viewer = await Conversation.join(open.url, channel);
		const { body } = await caller.post(Array.from({ length: 210 }, (_, n) => ({ text: `event ${n}` })));
		const ids: string[] = body.events.map(({ id }: Json) => id);
		const signs = Array.from({ length: 20 }, (_, n) => `sign-${n}`);
		const all = ids.flatMap((target) => signs.map((reaction) => ({ target, reaction })));
		const answers = (await caller.post(all)).body.events;
		expect(answers.filter(({ duplicate }: Json) => duplicate === false)).toHaveLength(4000);
		expect(answers.filter(({ error }: Json) => error?.code === 'too-many-reactions')).toHaveLength(200);
		expect((await viewer.ping()).time).toBeGreaterThan(0);
		expect(viewer.closed).toBeUndefined();
		expect((await caller.get('?limit=0')).body.last).toBe(210 + 4000);
		expect((await caller.react(ids[0] as string, 'sign-0', 'DELETE')).status).toBe(200);
		expect((await caller.react(ids[209] as string, 'sign-0')).status).toBe(200);
		await viewer.close();
	});
});

describe('a removed event', () => {
	it('[GONE1] leaves its place, and its content is found through no read', async () => {
		const channel = createChannelName('changes');
		const caller = anybody(channel, KEY);
		const live = await Conversation.join(open.url, channel);
		const question = await caller.create({ text: 'a question' });
		const secret = {
			text: 'SECRET-0',
			actor: { name: 'SECRET-1' },
			url: 'https://secret.test/SECRET-2',
			data: { x: 'SECRET-3' },
		};
		const id = await caller.create({ ...secret, type: 'note', replyTo: question, status: 'open' });
		await caller.create({ text: 'an answer', replyTo: id });
		await caller.patch(id, { text: 'SECRET-4' });
		await caller.patch(id, { text: 'SECRET-5' });
		await caller.react(id, '👍');
		await live.until(() => live.events.length === 6, 'all of before');
		const waiting = caller.get(`?after=${id}&wait=20&type=note`);
		expect((await waiting).body.changes).toHaveLength(3);
		live.forget();
		const { body: receipt } = await anybody(channel, OTHER_KEY).remove(id);
		await live.until(() => live.events.length === 1, 'the removal');
		expect(live.events[0]).toMatchObject({ change: 'removal', target: id, state: { removed: { time: receipt.time } } });
		const stub = {
			...{ id, seq: 2, time: expect.any(Number), type: 'note', replyTo: question, replyType: 'message', version: 7 },
			...{ replies: { count: 1, seq: 3, time: expect.any(Number) }, removed: { time: receipt.time } },
		};
		expect(await caller.event(id)).toEqual({ ...stub, versions: [] });
		const [fresh, back] = [
			await Conversation.join(open.url, channel),
			await Conversation.join(open.url, channel, { position: question }),
		];
		const [sse, ndjson, text] = [
			await stream(caller, 'text/event-stream', '', { 'last-event-id': question }),
			await stream(caller, 'application/x-ndjson', `?after=${question}`),
			await stream(caller, 'text/plain'),
		];
		await caller.create({ text: 'LAST' });
		for (const one of [fresh, back]) await one.until(() => one.events.at(-1)?.text === 'LAST', 'the last');
		for (const one of [sse, ndjson, text]) await one.until((so) => so.includes('LAST'), 'the last');
		const pages = await Promise.all(
			[
				'',
				'?limit=1000&after=0',
				`?after=${question}`,
				`?thread=${question}`,
				'?type=note',
				`?before=${receipt.id}`,
			].map((query) => caller.get(query)),
		);
		expect(pages[3]?.body.events).toEqual([stub]);
		const seen = JSON.stringify([
			live.messages,
			fresh.messages,
			back.messages,
			sse.text,
			ndjson.text,
			text.text,
			pages.map(({ body }) => body),
		]);
		expect(seen).not.toContain('SECRET');
		expect(text.text).toContain('(removed)');
		for (const socket of [live, fresh, back]) await socket.close();
	});

	it('[GONE1] [PUB4] that comes and goes in one request shows its content to nobody', async () => {
		const caller = anybody();
		const first = await caller.create({ text: 'first' });
		const live = await Conversation.join(open.url, channelOf(caller));
		const epoch = first.split(':')[0];
		const { body } = await caller.post([
			...[{ text: 'SECRET-0' }, { target: `${epoch}:2`, text: 'SECRET-1' }, { target: first, text: 'SECRET-2' }],
			...[
				{ target: `${epoch}:2`, removed: true },
				{ target: first, removed: true },
			],
		]);
		expect(body.events).toMatchObject([{ seq: 2 }, { seq: 3 }, { seq: 4 }, { seq: 5 }, { seq: 6 }]);
		await live.until(() => live.events.some(({ seq }) => seq === 6), 'all of it');
		expect(JSON.stringify(live.messages)).not.toContain('SECRET');
		expect(await caller.event(first)).toMatchObject({ removed: {}, versions: [] });
		await live.close();
	});
});

describe('a thread', () => {
	it('[THR1] is counted on what it answers, by the entries themselves', async () => {
		const caller = anybody();
		const id = await caller.create({ type: 'bug', text: 'a bug' });
		const { body } = await caller.post([
			{ text: 'one', replyTo: id },
			{ text: 'two', replyTo: id },
		]);
		const reply = body.events[1];
		const lost = await caller.create({ text: 'to nobody', replyTo: 'zzz:1' });
		await caller.remove(reply.id);
		expect((await caller.event(id)).replies).toEqual({ count: 2, seq: 3, time: reply.time });
		const { events } = (await caller.get()).body;
		expect(events.map(({ replyType }: Json) => replyType)).toEqual([undefined, 'bug', 'bug', undefined]);
		expect((await caller.event(lost)).replyTo).toBe('zzz:1');
		const late = await caller.create({ text: 'to a removed one', replyTo: reply.id });
		expect(await caller.event(reply.id)).toMatchObject({ removed: {}, replies: { count: 1, seq: seqOf(late) } });
	});

	it('[THR3] is read page by page, back and forward', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'question' });
		for (let round = 0; round < 3; round++)
			await caller.post(
				Array.from({ length: 80 }, (_, n) => ({ text: `${round}/${n}`, ...(n % 2 ? { replyTo: id } : {}) })),
			);
		const page = async (query: string) => (await caller.get(`?thread=${id}&${query}`)).body;
		const backwards: Json[] = [];
		let asked = 0;
		for (let next: string | null = ''; next !== null && asked < 20; asked++) {
			const { events, next: before }: Json = await page(`limit=50${next ? `&before=${next}` : ''}`);
			backwards.unshift(...events);
			next = before;
		}
		const forwards: Json[] = [];
		for (let after = id; ; asked++) {
			const { events, next } = await page(`limit=50&after=${after}`);
			if (events.length === 0) break;
			forwards.push(...events);
			after = next;
		}
		expect(forwards).toHaveLength(120);
		expect(backwards).toEqual(forwards);
		expect(forwards.every(({ replyTo }) => replyTo === id)).toBe(true);
		expect((await page('limit=2')).events.map(({ text }: Json) => text)).toEqual(['2/77', '2/79']);
		const other = await caller.create({ text: 'alone' });
		expect((await caller.get(`?thread=${other}`)).body).toMatchObject({ events: [], next: null });
		expect((await caller.get('?thread=zzz:1')).body.events).toEqual([]);
		for (const query of ['thread=x', `thread=${id}&since=1h`, `thread=${id}&wait=1`])
			expect([400]).toContain((await caller.get(`?${query}`)).status);
	});
});

describe('oneself', () => {
	it('[OWN1] [OWN2] [CHG5] is who shows the same key, by socket and by request', async () => {
		const channel = createChannelName('changes');
		const [one, other] = [anybody(channel, KEY), anybody(channel, OTHER_KEY)];
		const id = await one.create();
		const socket = await Conversation.join(open.url, channel, { author: KEY });
		const { own } = socket.messages[0];
		expect(own).toEqual({
			author: expect.stringMatching(/^[a-z0-9]{16}$/),
			can: expect.arrayContaining(['react', 'moderate']),
		});
		expect((await one.event(id)).author).toBe(own.author);
		await socket.until(() => socket.events.length > 0, 'history');
		expect(socket.events[0].author).toBe(own.author);
		await other.patch(id, { pinned: true });
		await socket.until(() => socket.events.length > 1, 'the change');
		expect(socket.events[1].author).not.toBe(own.author);
		const page = (await one.get(`?after=${id}&wait=1`)).body;
		expect(page.own).toEqual(own);
		expect(JSON.stringify([socket.messages, page])).not.toContain(KEY);
		for (const author of ['short', 'x'.repeat(65), 'with a space in it', 7]) {
			const wrong = await Conversation.open(open.url, channel);
			wrong.send({ type: 'hello', protocol: 1, author });
			expect((await wrong.next('error')).code).toBe('invalid-message');
			await wrong.close();
		}
		expect((await anybody(channel, 'short').post({ text: 'x' })).body.code).toBe('invalid-message');
		await socket.close();
	});

	it('[OWN2] says what a token lets one do, and whose reactions are whose', async () => {
		const channel = createChannelName('changes');
		const ada = await somebody(channel, 'ada', 'publish', 'react', 'status:own');
		const id = await ada.create();
		await ada.react(id, '👍');
		const token = await sign({ sub: 'ada', can: ['read', 'react'] });
		const socket = await Conversation.join(guarded.url, channel, { token, author: KEY });
		expect(socket.messages[0].own).toEqual({ can: ['read', 'react'], reacted: { 1: ['👍'] } });
		const eve = await Conversation.join(guarded.url, channel, { token: await sign({ sub: 'eve', can: ['read'] }) });
		expect(eve.messages[0].own).toEqual({ can: ['read'] });
		for (const one of [socket, eve]) await one.close();
	});
});

describe('over HTTP', () => {
	it('[PAGE9] a page after a position has the changes of what its reader has', async () => {
		const caller = anybody();
		const [one, two] = [await caller.create({ text: 'one' }), await caller.create({ text: 'two' })];
		await caller.patch(one, { text: 'ONE' });
		const three = await caller.create({ text: 'three' });
		await caller.react(three, '👍');
		await caller.patch(two, { pinned: true });
		const { body } = await caller.get(`?after=${two}`);
		expect(body.events).toMatchObject([{ id: three, reactions: { '👍': 1 } }]);
		expect(body.changes).toMatchObject([
			{ target: one, state: { text: 'ONE' } },
			{ target: two, state: { pinned: true } },
		]);
		expect((await caller.get(`?after=${body.next}`)).body).not.toHaveProperty('changes');
		expect((await caller.get()).body).not.toHaveProperty('changes');
		expect((await caller.get('?after=0')).body).not.toHaveProperty('changes');
		let next = two;
		const met: number[] = [];
		for (let round = 0; round < 3; round++) {
			const page = (await caller.get(`?after=${next}&limit=1`)).body;
			met.push(...[...page.events, ...(page.changes ?? [])].map(({ seq }: Json) => seq));
			next = page.next;
		}
		expect(met).toEqual([3, 4, 5]);
		const ofThree = (await caller.get(`?after=${two}&type=other`)).body;
		expect([ofThree.events, ofThree.changes]).toEqual([[], undefined]);
	});

	it('[WAIT1] [WAIT4] who waits is answered with a change, and with who he is', async () => {
		const caller = anybody(undefined, KEY);
		const id = await caller.create({ type: 'bug', text: 'one', status: 'open' });
		const waits = ['', '&type=bug', '&status=open'].map((query) => caller.get(`?after=${id}&wait=20${query}`));
		const other = caller.get(`?after=${id}&wait=1&type=note`);
		expect((await other).body).toMatchObject({ events: [], next: id });
		await caller.patch(id, { status: 'resolved' });
		for (const { body } of await Promise.all(waits)) {
			expect(body).toMatchObject({ events: [], changes: [{ change: 'status', state: { status: 'resolved' } }] });
			expect([seqOf(body.next), body.own.author.length]).toEqual([2, 16]);
		}
	});

	it('[ONE1] one event has its earlier texts, and an ETag that is its version', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'one', actor: { name: 'Eve' } });
		const before = await caller.get(`/${id}`);
		expect([before.headers.get('etag'), before.body.versions, before.body.text]).toEqual(['"1"', [], 'one']);
		await caller.patch(id, { text: 'two', actor: { name: 'Ada' } });
		await caller.patch(id, { text: 'three' });
		const { body, headers } = await caller.get(`/${id}`);
		expect([headers.get('etag'), body.text, body.edited.count]).toEqual(['"3"', 'three', 2]);
		expect(body.versions).toEqual([
			{ text: 'one', time: before.body.time, actor: { name: 'Eve', verified: false } },
			{ text: 'two', time: expect.any(Number), actor: { name: 'Ada', verified: false } },
		]);
		// A reply changes what is answered, and is no change of it.
		await caller.create({ text: 'a reply', replyTo: id });
		const again = await caller.get(`/${id}`, { 'if-none-match': '"3"' });
		expect([again.status, again.body.replies?.count]).toEqual([200, 1]);
		const head = await ask(`${caller.address}/${id}`, { method: 'HEAD' });
		expect([head.status, head.headers.get('etag')]).toEqual([200, '"3"']);
		expect((await caller.get('/nothing')).body.code).toBe('invalid-position');
	});

	it('[ONE1] [CHG6] the newest 100 texts of many stay readable, oldest first', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'text 0' });
		await caller.post(Array.from({ length: 130 }, (_, n) => ({ target: id, text: `text ${n + 1}` })));
		const { versions, text, edited } = await caller.event(id);
		expect(versions.map((version: Json) => version.text)).toEqual(
			Array.from({ length: 100 }, (_, n) => `text ${n + 30}`),
		);
		expect([text, edited.count, Object.keys(versions[0]).sort()]).toEqual(['text 130', 130, ['text', 'time']]);
	});

	it('[ONE2] takes each method where it belongs, and says which', async () => {
		const caller = anybody();
		const id = await caller.create({ text: 'x' });
		const wrong = await ask(`${caller.address}/${id}`, { method: 'PUT', body: '{}' });
		expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, PATCH, DELETE, OPTIONS']);
		const get = await ask(`${caller.address}/${id}/reactions`);
		expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, DELETE, OPTIONS']);
		expect((await ask(`${caller.address}/${id}/other`)).status).toBe(404);
		expect((await caller.patch(id, { reaction: '👍' })).body.code).toBe('invalid-event');
		expect((await caller.patch(id, {})).body.code).toBe('invalid-event');
		expect((await caller.patch(id, [])).body.code).toBe('invalid-event');
		expect((await caller.patch(id, '{"status"')).body.code).toBe('invalid-json');
		expect((await caller.patch(id, { status: 'resolved', text: 'both' })).body.code).toBe('invalid-event');
		const latin = await ask(`${caller.address}/${id}`, {
			method: 'PATCH',
			body: new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x7d]),
		});
		expect(latin.body.code).toBe('invalid-utf8');
		expect((await caller.get()).body.last).toBe(1);
		const preflight = await ask(`${caller.address}/${id}`, {
			method: 'OPTIONS',
			headers: { origin: 'http://localhost:8000', 'access-control-request-method': 'PATCH' },
		});
		expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
		expect(preflight.headers.get('access-control-allow-headers')).toMatch(/if-match/i);
		expect(preflight.headers.get('access-control-allow-headers')).toMatch(/live-feed-author/i);
	});

	it('[SSE5] [STREAM1] [STREAM2] a change is one in each stream', async () => {
		const caller = anybody();
		const id = await caller.create({ type: 'bug', text: 'one', status: 'open' });
		const [sse, ndjson, text] = [
			await stream(caller, 'text/event-stream'),
			await stream(caller, 'application/x-ndjson'),
			await stream(caller, 'text/plain'),
		];
		await caller.patch(id, { status: 'resolved', actor: { name: 'Ada' } });
		await caller.patch(id, { text: 'two' });
		await caller.react(id, '👍');
		for (const one of [sse, ndjson, text]) await one.until((so) => so.includes('👍'), 'all of them');
		const { events, lastId } = parseEventStream(sse.text);
		expect(events.map(({ type, id: name }) => [type, seqOf(name)])).toEqual([
			...[
				['welcome', 0],
				['message', 1],
				['change', 2],
				['change', 3],
				['change', 4],
			],
		]);
		expect(JSON.parse(events[2]?.data ?? '')).toMatchObject({
			change: 'status',
			target: id,
			state: { status: 'resolved' },
		});
		expect(seqOf(lastId)).toBe(4);
		const lines = ndjson.text
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line));
		expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
		expect(lines[2]).toEqual(JSON.parse(events[3]?.data ?? ''));
		expect(
			text.text
				.trim()
				.split('\n')
				.map((line) => line.replace(/^\S+ /, '')),
		).toEqual([
			`info    bug one [${id}]`,
			...[`Ada: resolved ${id}`, `edited ${id}: two`, `👍 ${id}`].map(
				(words, index) => `change  bug ${words} [${lines[index + 1].id}]`,
			),
		]);
		const resumed = await stream(caller, 'text/event-stream', '', { 'last-event-id': id });
		await resumed.until((so) => so.includes('👍'), 'what came after');
		expect(parseEventStream(resumed.text).events.map(({ type }) => type)).toEqual([
			'welcome',
			'change',
			'change',
			'change',
		]);
	});
});

describe('changes beyond those that are kept', () => {
	it('[CHG9] [PAGE9] are told of as a range to be read again, and are no gap', async () => {
		const channel = createChannelName('changes');
		const caller = anybody(channel);
		const { events } = (await caller.post(Array.from({ length: 10 }, (_, n) => ({ text: `event ${n}` })))).body;
		const old = events[9].id;
		const people = Array.from({ length: 4 }, (_, n) => anybody(channel, `one-of-four-people-${n}`));
		for (let round = 0; round < 4; round++) {
			const on = round % 2 === 0;
			const signs = Array.from({ length: 16 }, (_, n) => `sign-${n}`);
			const drafts = events.flatMap(({ id }: Json) => signs.map((reaction) => ({ target: id, reaction, on })));
			const all = await Promise.all(people.map((person) => person.post([...drafts])));
			expect(all.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
		}
		for (let round = 0; round < 5; round++)
			await caller.post(Array.from({ length: 1000 }, (_, n) => ({ target: old, pinned: n % 2 === 0 })));
		await caller.react(events[0].id, '👍');
		const last = (await caller.get('?limit=0')).body.last;
		expect(last).toBe(10 + 2560 + 5000 + 1);
		const back = await Conversation.join(open.url, channel, { position: old });
		const { refresh, recovered, missing, after } = back.messages[0];
		expect([recovered, missing, after]).toEqual([true, undefined, 10]);
		expect(refresh.from).toBe(11);
		expect(last - refresh.to).toBeGreaterThanOrEqual(5000);
		await back.until(() => back.events.at(-1)?.seq === last, 'the rest');
		expect(back.events[0].seq).toBe(refresh.to + 1);
		const page = (await caller.get(`?after=${old}&limit=1`)).body;
		expect([page.refresh, page.missing, page.changes.length]).toEqual([refresh, undefined, 1]);
		const sse = await stream(caller, 'text/event-stream', '', { 'last-event-id': old });
		await sse.until((text) => text.includes('event: change'), 'the first');
		expect(sse.text).not.toContain('event: gap');
		expect(JSON.parse(parseEventStream(sse.text).events[0]?.data ?? '').refresh).toEqual(refresh);
		const ndjson = await stream(caller, 'application/x-ndjson', `?after=${old}`);
		await ndjson.until((text) => text.includes('\n'), 'the first line');
		expect(JSON.parse(ndjson.text.split('\n')[0] as string)).toEqual({ refresh });
		const near = await Conversation.join(open.url, channel, { position: `${old.split(':')[0]}:${refresh.to}` });
		expect(near.messages[0]).not.toHaveProperty('refresh');
		for (const socket of [back, near]) await socket.close();
	});
});
