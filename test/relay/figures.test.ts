// What a relay tells of itself and its channels: figures in three forms, a channel's own, and emptying one.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { findFreePort } from '../support/ports.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const CHECK_HTTP = '/usr/lib/nagios/plugins/check_http';

/** The value of a metric, or undefined. */
function read(text: string, metric: string): number | undefined {
	const line = text.split('\n').find((one) => one.startsWith(`${metric} `));
	return line === undefined ? undefined : Number(line.slice(metric.length + 1));
}

const text = async (url: string, headers: Record<string, string> = {}) => (await fetch(url, { headers })).text();

function checkMetrics(metrics: string): void {
	// Debian's package `prometheus` has it, which `.ci/run` installs.
	const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: metrics });
	expect(error, 'promtool is of the Debian package prometheus').toBeUndefined();
	expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
}

describe('an open relay', () => {
	let relay: TestRelay;
	beforeAll(async () => {
		const vars = { LIVE_FEED_KEEP_ENTRIES: '100 few-*=3', LIVE_FEED_MAX_EVENT_BYTES: '65536 small-*=300' };
		relay = await startRelay({ vars });
	});
	afterAll(() => relay?.stop());

	const publish = (channel: string, body: unknown) =>
		ask(`${relay.url}/channels/${channel}/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});

	it('[FIG1] counts what it does, for all and for each channel', async () => {
		const channel = createChannelName('figures');
		const before = await text(`${relay.url}/metrics`);
		const viewer = await Conversation.join(relay.url, channel, {});
		const events = Array.from({ length: 5 }, (_, n) => ({ text: `event ${n}`, key: `k${n}` }));
		await publish(channel, events);
		await publish(channel, events);
		await publish(channel, { text: 'x'.repeat(9000) });
		await viewer.until(() => viewer.events.length === 5, 'five events');
		const of = async (what: string) => text(`${relay.url}/channels/${channel}/${what}`);
		const metrics = await of('metrics');
		const own = (metric: string, more = '') =>
			read(metrics, `live_feed_channel_${metric}{channel="${channel}"${more}}`);
		expect({
			events: own('events_total'),
			receipts: own('receipts_total'),
			duplicates: own('duplicate_receipts_total'),
			refusals: own('refusals_total', ',code="invalid-event"'),
			sockets: own('viewers', ',transport="socket"'),
			commits: own('commit_entries_count'),
			entries: own('commit_entries_sum'),
			queued: own('queued_drafts'),
			lag: own('viewer_lag_entries'),
		}).toEqual({
			...{ events: 5, receipts: 10, duplicates: 5, refusals: 1, sockets: 1, commits: 1, entries: 5, queued: 0, lag: 0 },
		});
		// The hello, three requests, and this one is not over yet.
		expect(own('requests_total')).toBeGreaterThanOrEqual(4);
		expect(own('frames_total')).toBeGreaterThanOrEqual(2);
		expect(own('storage_write_seconds_count')).toBeGreaterThanOrEqual(1);
		const after = await text(`${relay.url}/metrics`);
		for (const metric of ['live_feed_events_total', 'live_feed_receipts_total']) {
			expect((read(after, metric) ?? 0) - (read(before, metric) ?? 0)).toBe(metric.includes('events') ? 5 : 10);
		}
		checkMetrics(metrics);
		checkMetrics(after);
		await viewer.close();
		await expect
			.poll(async () => read(await of('metrics'), `live_feed_channel_connections{channel="${channel}"}`))
			.toBe(0);
	});

	it('[FIG1] counts who is connected by how he is', async () => {
		const channel = createChannelName('transports');
		await publish(channel, { text: 'first' });
		const address = `${relay.url}/channels/${channel}/events`;
		const controller = new AbortController();
		const { signal } = controller;
		for (const accept of ['text/event-stream', 'application/x-ndjson', 'text/plain', 'text/plain'])
			await fetch(address, { headers: { accept }, signal });
		const waiting = fetch(`${address}?wait=30&after=0&limit=1&type=never`, { signal }).catch(() => {});
		const figures = async () =>
			(await ask(`${relay.url}/channels/${channel}/status`, { headers: { accept: 'application/json' } })).body;
		await expect
			.poll(async () => (await figures()).viewers)
			.toEqual({ socket: 0, sse: 1, ndjson: 1, text: 2, poll: 1 });
		// Waiting is no work.
		expect((await figures()).idlePercent).toBeGreaterThan(50);
		controller.abort(); // of a stream that is left the engine tells with the next ping
		await waiting;
	});

	it('[FIG2] says by a line and a status whether all is well; check_http and the line agree', async () => {
		const { port } = new URL(relay.url);
		expect(existsSync(CHECK_HTTP), `${CHECK_HTTP} is of the Debian package monitoring-plugins-basic`).toBe(true);
		// Not in this process' own time: the relay would close what waits for it.
		const check = (at: string, path: string) =>
			new Promise<number>((resolve) => {
				const args = ['-H', '127.0.0.1', '-p', at, '-u', path, '-N', '-t', '10'];
				execFile(CHECK_HTTP, args).once('exit', (code) => resolve(code ?? -1));
			});
		for (const [query, state, exit] of [
			['', 'OK', 0],
			['?critical.idlePercent=101:', 'CRITICAL', 2],
		] as const) {
			const answer = await fetch(`${relay.url}/status${query}`);
			expect(await answer.text()).toMatch(new RegExp(`^LIVE-FEED ${state} - .*\\| requestsPerSecond=`));
			expect(await check(port, `/status${query}`)).toBe(exit);
		}
		expect(await check(String(await findFreePort()), '/status')).toBe(2); // nobody there
		expect((await ask(`${relay.url}/status?warning.idle=3`)).body).toMatchObject({ code: 'invalid-parameter' });
	});

	it('[FIG3] tells since when it runs', async () => {
		const { status, time, since } = (await ask(`${relay.url}/health`)).body;
		expect(status).toBe('ok');
		expect(since).toBeLessThanOrEqual(time);
		expect(time - since).toBeLessThan(600_000);
	});

	it('[CHAN1] tells what there is of a channel, and whether there is one', async () => {
		const channel = createChannelName('described');
		const address = `${relay.url}/channels/${channel}`;
		expect(await ask(address)).toMatchObject({ status: 404, body: { code: 'not-found' } });
		expect((await fetch(address, { method: 'HEAD' })).status).toBe(404);
		await publish('few-x', { text: 'another one' });
		const sizes: number[] = [];
		for (let n = 1; n <= 5; n++) {
			await publish(channel, { text: `event ${n}`, level: 'error' });
			const { body } = await ask(address);
			sizes.push(body.bytes);
			expect(body).toMatchObject({ channel, first: 1, last: n, count: n, viewers: { total: 0, socket: 0 } });
			expect(body.pulse.counts.error.at(-1) + body.pulse.counts.error.at(-2)).toBe(n);
		}
		expect((await fetch(address, { method: 'HEAD' })).status).toBe(200);
		// What it holds grows by what comes.
		expect(sizes.every((bytes, index) => bytes > (sizes[index - 1] ?? 50))).toBe(true);
	});

	it('[CHAN2] keeps and takes as much as the setting of its name says', async () => {
		const few = `few-${createChannelName('keep')}`;
		for (let n = 1; n <= 5; n++) await publish(few, { text: `event ${n}` });
		expect((await ask(`${relay.url}/channels/${few}`)).body).toMatchObject({ first: 3, last: 5, count: 3 });
		const small = `small-${createChannelName('size')}`;
		expect(await publish(small, { text: 'x'.repeat(300) })).toMatchObject({
			status: 413,
			body: { code: 'event-too-large', detail: expect.stringContaining('at most 300 bytes') },
		});
		expect((await publish(small, { text: 'x'.repeat(100) })).status).toBe(201);
	});

	it('[CHAN3] empties a channel: all who are there come back to another log, and nothing of it is left', async () => {
		const channel = createChannelName('emptied');
		const address = `${relay.url}/channels/${channel}`;
		const first = await publish(channel, { text: 'first', key: 'k' });
		const viewer = await Conversation.join(relay.url, channel, {});
		await viewer.until(() => viewer.events.length === 1, 'the event');
		const stream = await fetch(`${address}/events`, { headers: { accept: 'application/x-ndjson' } });
		const emptied = await ask(address, { method: 'DELETE' });
		expect(emptied).toMatchObject({ status: 200, body: { channel, epoch: expect.stringMatching(/^\w+$/) } });
		const { epoch } = emptied.body;
		expect(epoch).not.toBe(first.body.epoch);
		await viewer.until(() => viewer.closed !== undefined, 'the close');
		expect(viewer.closed).toMatchObject({ code: 1012 });
		expect((await stream.text()).trim().split('\n').at(-1)).toContain('"goaway"');
		expect((await ask(address)).body).toMatchObject({ epoch, first: 0, last: 0, count: 0, bytes: 0 });
		expect((await ask(`${address}/events?after=${first.body.id}`)).body).toMatchObject({ epoch, events: [] });
		const back = await Conversation.join(relay.url, channel, { position: first.body.id });
		expect(back.messages[0]).toMatchObject({ epoch, recovered: false, first: 0, last: 0 });
		// Its key is new again.
		expect((await publish(channel, { text: 'again', key: 'k' })).body).toMatchObject({
			seq: 1,
			duplicate: false,
			epoch,
		});
		await back.until(() => back.events.length === 1, 'what comes after');
		await back.close();
		expect((await ask(`${address}/events?after=0`)).body.events.map((one: { text: string }) => one.text)).toEqual([
			'again',
		]);
	});

	it('[CHAN3] is emptied once after the other, and ends what nc reads', async () => {
		const channel = createChannelName('thrice');
		const address = `${relay.url}/channels/${channel}`;
		await publish(channel, { text: 'first' });
		const typed = `GET /channels/${channel}/events HTTP/1.0\r\nHost: localhost\r\nAccept: text/plain\r\n\r\n`;
		const socket = net.connect(Number(new URL(relay.url).port), '127.0.0.1').setEncoding('utf8');
		let plain = '';
		socket.on('data', (part: string) => {
			plain += part;
		});
		const ended = new Promise((resolve) => socket.once('close', resolve));
		socket.on('error', () => {}).write(typed);
		await expect.poll(() => plain).toContain('first');
		const answers = await Promise.all([1, 2, 3].map(() => ask(address, { method: 'DELETE' })));
		expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
		await ended;
		expect(plain.trimEnd().split('\n').at(-1)).toMatch(/^-- the relay is restarting; after=/);
		const { epoch } = (await ask(address)).body;
		expect(answers.filter(({ body }) => body.epoch === epoch).length).toBeGreaterThanOrEqual(1);
		expect((await publish(channel, { text: 'again' })).body).toMatchObject({ epoch, seq: 1 });
	});

	it('[CHAN3] [PUB5] loses no draft that comes while a channel is emptied', async () => {
		const channel = createChannelName('busy');
		await publish(channel, { text: 'first' });
		const address = `${relay.url}/channels/${channel}`;
		const drafts = Array.from({ length: 40 }, (_, n) => publish(channel, { text: `draft ${n}`, key: `k${n}` }));
		const emptied = await ask(address, { method: 'DELETE' });
		expect(emptied.status).toBe(200);
		const answers = await Promise.all(drafts);
		for (const { status, body } of answers)
			expect(status === 201 || (status === 503 && body.code === 'storage-failed'), JSON.stringify(body)).toBe(true);
		const events = (await ask(`${address}/events?after=0&limit=1000`)).body.events as { text: string }[];
		const stored = answers.filter(({ status, body }) => status === 201 && body.epoch === emptied.body.epoch);
		expect(events.length).toBe(stored.length);
	});

	it('[PAGE6] answers a page that has not changed from memory, without asking storage', async () => {
		const channel = createChannelName('etag');
		const address = `${relay.url}/channels/${channel}/events`;
		await publish(channel, { text: 'first' });
		const etag = (await fetch(address)).headers.get('etag') ?? '';
		const asked = async () => {
			const metrics = await text(`${relay.url}/channels/${channel}/metrics`);
			const count = (kind: string) =>
				read(metrics, `live_feed_channel_storage_${kind}_seconds_count{channel="${channel}"}`);
			return [count('read'), count('write')];
		};
		const before = await asked();
		for (let n = 0; n < 50; n++)
			expect((await fetch(address, { headers: { 'if-none-match': etag } })).status).toBe(304);
		expect(await asked()).toEqual(before);
		await publish(channel, { text: 'second' });
		expect((await fetch(address, { headers: { 'if-none-match': etag } })).status).toBe(200);
	});
});

describe('a relay that asks for tokens', () => {
	let relay: TestRelay;
	beforeAll(async () => {
		relay = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET } });
	});
	afterAll(() => relay?.stop());

	it('[FIG4] tells figures to who may have them, of all channels only where the token is for all', async () => {
		const token = (can: string[], channels: string[]) => sign({ can, channels });
		const [all, one, reader, moderator] = await Promise.all([
			...[token(['metrics'], ['*']), token(['metrics'], ['a*']), token(['read'], ['*']), token(['moderate'], ['ab'])],
		]);
		const codes = async (path: string, method = 'GET') =>
			Promise.all(
				[undefined, all, one, reader, moderator].map(async (given) => {
					const { status, body } = await ask(`${relay.url}${path}`, { method, headers: given ? bearer(given) : {} });
					return body?.code ?? status;
				}),
			);
		const [needed, no] = ['token-needed', 'forbidden'];
		expect(await codes('/metrics')).toEqual([needed, 200, no, no, no]);
		expect(await codes('/status')).toEqual([needed, 200, no, no, no]);
		expect(await codes('/channels/ab/metrics')).toEqual([needed, 200, 200, no, no]);
		expect(await codes('/channels/ab/status')).toEqual([needed, 200, 200, no, no]);
		expect(await codes('/channels/cd/status')).toEqual([needed, 200, no, no, no]);
		expect(await codes('/channels/ab')).toEqual([needed, 'not-found', 'not-found', 'not-found', no]);
		expect(await codes('/channels/ab', 'DELETE')).toEqual([needed, no, no, no, 'not-found']);
		expect(await codes('/health')).toEqual([200, 200, 200, 200, 200]);
	});
});
