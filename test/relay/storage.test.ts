// A disk that is full and files that are damaged, from outside, against a real relay: nobody who reads is cut off, and what
// cannot be read can be named and emptied.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseEngine } from '../../relay/run/engine.ts';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { TestDisk } from '../support/disk.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { DAMAGES, damage, findFile } from '../support/state-files.ts';
import { readTreeResident } from '../support/usage.ts';

const poll = { timeout: patience(20_000), interval: 50 };

function publishTo(url: string, body: unknown) {
	const headers = { 'content-type': 'application/json' };
	return ask(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

describe('a relay whose disk fills up', () => {
	let relay: TestRelay;
	let disk: TestDisk;
	const log: Record<string, unknown>[] = [];
	beforeAll(async () => {
		disk = await TestDisk.open();
		const vars = { LIVE_FEED_DISK_RESERVE: String(disk.reserve) };
		const note = (line: string) => {
			if (line.startsWith('{')) log.push(JSON.parse(line));
		};
		relay = await startRelay({ vars, folder: disk.folder, log: note });
	});
	afterAll(async () => {
		await relay?.stop();
		await disk?.remove();
	});
	const health = async () => (await ask(`${relay.url}/health`)).body.status;
	const fill = () => disk.fill(async () => (await health()) !== 'ok');

	it('[ERR7] [OPS1] refuses what is published for now, keeps everybody connected, says so once, and stores again when there is room', async () => {
		const channel = createChannelName('full');
		const events = `${relay.url}/channels/${channel}/events`;
		expect((await publishTo(events, { text: 'before' })).status).toBe(201);
		const [viewer, publisher] = [
			await Conversation.join(relay.url, channel),
			await Conversation.join(relay.url, channel),
		];
		await fill();

		for (const body of [{ text: 'a' }, [{ text: 'b' }, { text: 'c' }]]) {
			const { status, headers, body: problem } = await publishTo(events, body);
			expect([status, problem.code, problem.retryable]).toEqual([503, 'storage-failed', true]);
			expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
		}
		publisher.send({ type: 'publish', ref: 1, draft: { text: 'd' } });
		publisher.send({ type: 'publish', ref: 2, draft: { text: 'e' } });
		expect(await publisher.next('error')).toMatchObject({
			ref: 1,
			code: 'storage-failed',
			retryMs: expect.any(Number),
		});
		expect(await publisher.next('error')).toMatchObject({ ref: 2, code: 'out-of-order', retryable: true });
		expect(await publishTo(`${relay.url}/channels/${createChannelName('new')}/events`, { text: 'f' })).toMatchObject({
			status: 503,
			body: { code: 'storage-failed' },
		});
		expect((await ask(events)).body.events).toMatchObject([{ text: 'before' }]);
		await viewer.ping();

		expect(await ask(`${relay.url}/health`)).toMatchObject({ status: 200, body: { status: 'storage-failed' } });
		const line = await ask(`${relay.url}/status`);
		expect([line.status, line.body]).toEqual([503, expect.stringMatching(/^LIVE-FEED CRITICAL - storage is full/)]);
		const json = await ask(`${relay.url}/status`, { headers: { accept: 'application/json' } });
		expect(json.body).toMatchObject({
			status: 'critical',
			passed: [{ name: 'storage', value: 'full' }],
			storageFull: 1,
		});

		await disk.release();
		await expect.poll(health, poll).toBe('ok');
		for (const ref of [1, 2]) publisher.send({ type: 'publish', ref, draft: { text: String(ref) } });
		const texts = () => viewer.events.map(({ text }) => text);
		await viewer.until(() => viewer.events.length === 3, 'what was sent again');
		expect(texts()).toEqual(['before', '1', '2']);
		expect([viewer.closed, publisher.closed]).toEqual([undefined, undefined]);
		expect((await ask(`${relay.url}/status`)).status).toBe(200);
		expect(log.filter(({ storage, fault }) => storage ?? fault).map(({ storage }) => storage)).toEqual(['full', 'ok']);
		await Promise.all([viewer.close(), publisher.close()]);
	});
});

describe('a relay on this machine', () => {
	let relay: TestRelay;
	beforeAll(async () => {
		relay = await startRelay({ vars: {} });
	});
	afterAll(() => relay?.stop());

	it('[FIG5] tells the memory of its engine, of all its processes, and the room on its disk', async () => {
		const read = async () => {
			const metrics = (await ask(`${relay.url}/metrics`)).body as string;
			const of = (name: string) => Number(new RegExp(`^live_feed_${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
			return { engine: of('memory_bytes'), tree: of('tree_memory_bytes'), free: of('disk_free_bytes') };
		};
		await expect.poll(async () => (await read()).engine, poll).toBeGreaterThan(0);
		const { engine, tree, free } = await read();
		// PartyKit is several processes, and the starter is one in any case.
		const own = readTreeResident([relay.engine?.pid]);
		expect(tree).toBeGreaterThan(engine);
		expect(tree).toBeGreaterThan(own / 2);
		expect(free).toBeGreaterThan(0);
	});
});

// On PartyKit nothing but the engine reaches its files.
if (chooseEngine() === 'workerd') describe('a channel whose file is damaged', testDamage);

function testDamage(): void {
	let relay: TestRelay;
	const log: Record<string, unknown>[] = [];
	beforeAll(async () => {
		relay = await startRelay({
			vars: {},
			log: (line) => {
				if (line.startsWith('{')) log.push(JSON.parse(line));
			},
		});
	});
	afterAll(() => relay?.stop());
	const of = (channel: string) => log.filter((line) => line.channel === channel && line.storage !== undefined);

	it('[CHAN4] is named in the log, can be emptied, and begins another epoch where all is gone', async () => {
		const channels = DAMAGES.map((how) => ({ how, channel: createChannelName(how) }));
		const epochs = new Map<string, string>();
		for (const { channel } of channels) {
			for (let batch = 0; batch < 6; batch++) {
				const events = Array.from({ length: 20 }, () => ({ text: 'x'.repeat(1000) }));
				epochs.set(channel, (await publishTo(`${relay.url}/channels/${channel}/events`, events)).body.epoch);
			}
		}
		const { stateDir = '', engine } = relay;
		await engine?.stop();
		for (const { how, channel } of channels) await damage(findFile(stateDir, channel), how);
		await engine?.restart();

		for (const { how, channel } of channels) {
			const url = `${relay.url}/channels/${channel}`;
			const file = path.basename(findFile(stateDir, channel));
			const answers = [await ask(`${url}/events?limit=1000`), await ask(`${url}/events?limit=1000`)];
			if (how === 'cut' || how === 'flipped') {
				expect(answers.map(({ status, body }) => [how, status, body.code])).toEqual(
					Array(2).fill([how, 503, 'storage-failed']),
				);
				expect(of(channel)).toMatchObject([{ level: 'error', storage: 'failed', file }]);
			} else {
				expect(answers.map(({ body }) => body.events)).toEqual([[], []]);
				expect(answers[0]?.body.epoch).not.toMatch(new RegExp(`^(-|${epochs.get(channel)})$`));
				expect(of(channel)).toMatchObject([{ level: 'error', storage: 'lost', file }]);
				// Whoever had something of before is told of a reset.
				const viewer = await Conversation.join(relay.url, channel, { position: `${epochs.get(channel)}:120` });
				expect(viewer.messages[0]).toMatchObject({ recovered: false, epoch: answers[0]?.body.epoch });
				await viewer.close();
			}
			const emptied = await ask(url, { method: 'DELETE' });
			expect([how, emptied.status]).toEqual([how, 200]);
			const { status, body } = await publishTo(`${url}/events`, { text: 'after' });
			expect([how, status, body.epoch, body.seq]).toEqual([how, 201, emptied.body.epoch, 1]);
			expect(of(channel)).toHaveLength(1);
		}
		await engine?.restart();
		for (const { channel } of channels)
			expect((await ask(`${relay.url}/channels/${channel}/events`)).body.events).toMatchObject([{ text: 'after' }]);
		for (const { channel } of channels) expect(of(channel)).toHaveLength(1);
	});

	it('[CHAN4] can be emptied also where it was damaged while it was in use', async () => {
		for (const how of DAMAGES) {
			const channel = createChannelName(`live-${how}`);
			const url = `${relay.url}/channels/${channel}`;
			for (let batch = 0; batch < 6; batch++)
				await publishTo(
					`${url}/events`,
					Array.from({ length: 20 }, () => ({ text: 'x'.repeat(1000) })),
				);
			await relay.engine?.restart(); // SQLite writes its log into the file
			await ask(`${url}/events?limit=1`);
			await damage(findFile(relay.stateDir ?? '', channel), how);
			const emptied = await ask(url, { method: 'DELETE' });
			expect([how, emptied.status]).toEqual([how, 200]);
			expect((await publishTo(`${url}/events`, { text: 'after' })).body).toMatchObject({ seq: 1 });
			expect((await ask(`${url}/events`)).body.events).toMatchObject([{ text: 'after' }]);
		}
	});

	it('[CHAN4] is emptied by no one without the right to, also where its room cannot look at rights', async () => {
		const channel = createChannelName('rights');
		const secret = 's'.repeat(32);
		const own = await startRelay({ vars: { LIVE_FEED_SECRET: secret } });
		try {
			const { stateDir = '', engine } = own;
			const { SignJWT } = await import('jose');
			const sign = (can: string[]) =>
				new SignJWT({ channels: [channel], can })
					.setProtectedHeader({ alg: 'HS256' })
					.setSubject('ada')
					.setExpirationTime('1h')
					.sign(new TextEncoder().encode(secret));
			const headers = async (...can: string[]) => ({ authorization: `Bearer ${await sign(can)}` });
			const url = `${own.url}/channels/${channel}`;
			for (let batch = 0; batch < 6; batch++) {
				const body = JSON.stringify(Array.from({ length: 20 }, () => ({ text: 'x'.repeat(1000) })));
				const init = { ...(await headers('publish')), 'content-type': 'application/json' };
				expect((await ask(`${url}/events`, { method: 'POST', headers: init, body })).status).toBe(201);
			}
			await engine?.stop();
			await damage(findFile(stateDir, channel), 'cut');
			await engine?.restart();
			expect((await ask(url, { method: 'DELETE' })).status).toBe(401);
			const mine = { ...(await headers('read', 'publish')), 'live-feed-damaged': '1' };
			expect((await ask(url, { method: 'DELETE', headers: mine })).status).toBe(403);
			expect((await ask(url, { method: 'DELETE', headers: await headers('moderate') })).status).toBe(200);
		} finally {
			await own.stop();
		}
	});
}
