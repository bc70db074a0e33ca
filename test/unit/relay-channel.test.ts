// The channel: commits, order, filters, the seam between history and live, and who is kept from harming whom.

import { describe, expect, it } from 'vitest';
import { type Filter, socketForm } from '../../relay/frame.ts';
import { ANYBODY } from '../../relay/identity.ts';
import type { Draft } from '../../relay/protocol/event.ts';
import {
	MAX_COMMIT_BYTES,
	MAX_DEFLATED_COMMIT_BYTES,
	MAX_FILTERS,
	MAX_JOINED_BYTES,
	MAX_PAGE_BYTES,
	SLICE_VIEWERS,
} from '../../relay/protocol/limits.ts';
import { Viewer } from '../../relay/viewer.ts';
import { countFrames, createTestChannel, RecordingSink, settle } from '../support/channel.ts';
import { createRandom, withSeed } from '../support/random.ts';

const texts = (count: number, text = 'text'): Draft[] => Array.from({ length: count }, () => ({ text }));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const sizes = (log: { commits: { entries: number }[] }): number[] => log.commits.map(({ entries }) => entries);

/** A channel with one event and three viewers who have it, who are sent a frame one after the other. */
async function openWithThree() {
	const test = await createTestChannel({}, { sliceViewers: 1 });
	test.publish(texts(1));
	await test.drainAll();
	const viewers = [await test.join({ history: 0 }), await test.join({ history: 0 }), await test.join({ history: 0 })];
	return { test, viewers };
}

describe('commits', () => {
	it('[COM1] all drafts that gather while a broadcast drains are one storage operation and one frame a viewer', async () => {
		const { channel, log, publish, join, drain, drainAll } = await createTestChannel();
		publish([{ text: 'first' }]);
		await drainAll();
		const counter = { frames: 0 };
		const form = countFrames(counter);
		const viewers: RecordingSink[] = [];
		for (let index = 0; index < 250; index++)
			viewers.push(await join({ history: 0 }, undefined, new RecordingSink(form)));
		publish([{ text: 'second' }]); // goes out at once: the channel is idle
		for (let index = 0; index < 127; index++) publish([{ text: `gathers ${index}` }]);
		expect(sizes(log)).toEqual([1, 1]);
		while (drain());
		await settle();
		expect(sizes(log)).toEqual([1, 1, 127]);
		expect(counter.frames).toBe(2); // encoded once for all
		for (const { writes, seqs } of viewers) expect([writes, seqs]).toEqual([2, range(2, 129)]);
		expect(channel.last).toBe(129);
	});

	it('[COM1] an idle channel commits at once', async () => {
		const { publish, drainAll } = await createTestChannel();
		publish(texts(1));
		await drainAll();
		const publisher = publish(texts(1));
		expect(publisher.seqs).toEqual([2]);
	});

	it('[COM2] a commit takes about 64 KiB; what is more waits for the next drain', async () => {
		const { log, publish, drainAll } = await createTestChannel();
		const publisher = publish(texts(60, 'x'.repeat(8000)));
		await drainAll();
		expect(publisher.seqs).toEqual(range(1, 60));
		expect(log.commits.length).toBeGreaterThan(6);
		for (const { bytes } of log.commits) expect(bytes).toBeLessThan(MAX_COMMIT_BYTES + 8200);
		for (const { bytes } of log.commits.slice(0, -1)) expect(bytes).toBeGreaterThanOrEqual(MAX_COMMIT_BYTES);
	});

	it('[COM2] takes more where all can inflate and little is left of it, and no more where one cannot or it stays large', async () => {
		const { log, publish, drain, join } = await createTestChannel();
		const viewer = await join({ history: 0 }, undefined, new RecordingSink(socketForm, true));
		await join({ history: 0 }, ['never']); // cannot inflate, and is sent nothing of it
		const commits = async (drafts: Draft[]) => {
			const { length } = log.commits;
			const last = log.last + drafts.length;
			publish(drafts);
			while (viewer.seqs.at(-1) !== last) {
				await settle();
				drain();
			}
			return log.commits.slice(length).map(({ bytes }) => bytes);
		};
		const alike = texts(100, 'x'.repeat(8000));
		const [first, second] = await commits(alike);
		expect(first).toBeLessThan(MAX_COMMIT_BYTES + 8200);
		expect(second).toBeGreaterThanOrEqual(MAX_DEFLATED_COMMIT_BYTES);
		expect(second).toBeLessThan(MAX_DEFLATED_COMMIT_BYTES + 8200);
		expect(viewer.seqs).toEqual(range(1, 100));
		expect(viewer.bytes).toBeLessThan(100 * 80);
		// Digits of chance become half as much.
		const random = createRandom(7);
		const chance = Array.from({ length: 100 }, () => ({
			text: Array.from({ length: 8000 }, () => random.below(10)).join(''),
		}));
		const [, after] = (await commits(chance)).slice(-3);
		expect(after).toBeGreaterThan(MAX_COMMIT_BYTES * 1.5);
		expect(after).toBeLessThan(MAX_COMMIT_BYTES * 3);
		await commits(alike);
		await join({ history: 0 });
		expect((await commits(alike)).slice(1)).toSatisfy((sizes: number[]) =>
			sizes.every((bytes) => bytes < MAX_COMMIT_BYTES + 8200),
		);
	});

	it('[COM3] a frame goes to a hundred viewers before the engine gets its turn', async () => {
		const test = await createTestChannel();
		test.publish(texts(1));
		await test.drainAll();
		const viewers: RecordingSink[] = [];
		for (let index = 0; index < 2 * SLICE_VIEWERS + 1; index++) viewers.push(await test.join({ history: 0 }));
		const reached = () => viewers.filter(({ writes }) => writes > 0).length;
		test.publish(texts(1));
		test.publish(texts(1, 'x'.repeat(MAX_JOINED_BYTES)));
		for (const expected of [SLICE_VIEWERS, 2 * SLICE_VIEWERS, 2 * SLICE_VIEWERS + 1]) {
			expect(reached()).toBe(expected);
			expect(test.log.commits.length).toBe(2);
			test.drain();
		}
		// One turn more is for what the engine has read meanwhile.
		expect(test.log.commits.length).toBe(2);
		test.drain();
		expect(test.log.commits.length).toBe(3);
	});

	it('[COM4] little is committed between two slices, and whoever was not sent the frame before has both as one', async () => {
		const test = await createTestChannel({}, { sliceViewers: 2 });
		test.publish(texts(1));
		await test.drainAll();
		const counter = { frames: 0 };
		const form = countFrames(counter);
		const viewers: RecordingSink[] = [];
		for (let index = 0; index < 5; index++)
			viewers.push(await test.join({ history: 0 }, undefined, new RecordingSink(form)));
		const runs = () => viewers.map((viewer) => viewer.runs.map(({ from, to }) => `${from}-${to}`).join(' '));
		test.publish([{ text: 'second' }]);
		test.publish([{ text: 'third' }]);
		expect(runs()).toEqual(['2-2', '2-2', '', '', '']);
		test.drain();
		expect(sizes(test.log)).toEqual([1, 1, 1]);
		expect(runs()).toEqual(['2-2', '2-2', '2-3', '2-3', '']);
		const late = await test.join({ history: 0 }, undefined, new RecordingSink(form));
		viewers.push(late); // he has what is committed by now
		test.publish([{ text: 'fourth' }]);
		test.drain();
		expect(runs()).toEqual(['2-2 3-4', '2-2', '2-3', '2-3', '2-4', '']);
		await test.drainAll();
		expect(runs()).toEqual(['2-2 3-4', '2-2 3-4', '2-3 4-4', '2-3 4-4', '2-4', '4-4']);
		expect(counter.frames).toBe(5); // each once, for however many
		expect(sizes(test.log)).toEqual([1, 1, 1, 1]);
	});

	it('[COM4] more than little waits until all have been sent the frame before', async () => {
		const { test, viewers } = await openWithThree();
		test.publish(texts(1));
		for (let count = 0; count < 4; count++) test.publish(texts(1, 'x'.repeat(MAX_JOINED_BYTES / 4)));
		await test.drainAll();
		expect(sizes(test.log)).toEqual([1, 1, 4]);
		for (const { writes, seqs } of viewers) expect([writes, seqs]).toEqual([2, range(2, 6)]);
	});

	it('[COM4] [FILT1] a filter leaves out of joined frames what it leaves out of each', async () => {
		const test = await createTestChannel({}, { sliceViewers: 1 });
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		const wishes = [undefined, ['a'], ['b'], ['c']];
		const viewers: RecordingSink[] = [];
		for (const types of wishes) viewers.push(await test.join({ history: 0 }, types));
		for (const type of ['a', 'b', 'a', 'b', 'c']) {
			test.publish([{ type }]);
			test.drain();
		}
		await test.drainAll();
		expect(viewers.map(({ seqs }) => seqs)).toEqual([range(2, 6), [2, 4], [3, 5], [6]]);
		for (const { runs, viewer } of viewers) {
			expect(viewer.cursor).toBe(6);
			for (const [index, { from }] of runs.entries()) expect(from).toBeLessThanOrEqual((runs[index - 1]?.to ?? 1) + 1);
		}
	});

	it('[COM4] [GONE1] nobody is sent what was removed by the time that its removal has a receipt', async () => {
		const { test, viewers } = await openWithThree();
		test.publish([{ text: 'secret' }]);
		const remover = test.publish([{ target: 'k3f9:2', removed: true }]);
		test.publish([{ text: 'later' }]);
		while (remover.results.length === 0) test.drain();
		expect(viewers.map(({ runs }) => runs[0]?.to)).toEqual([2, 2, 2]);
		await test.drainAll();
		for (const { seqs } of viewers) expect(seqs).toEqual(range(2, 4));
	});

	it('[COM4] [ERR4] storing that fails between two slices stops nothing', async () => {
		const { test, viewers } = await openWithThree();
		test.publish(texts(1));
		const refused = test.publish(texts(1));
		test.log.failure = new Error('disk');
		test.drain();
		expect(refused.seqs).toEqual(['storage-failed']);
		const taken = test.publish(texts(1));
		await test.drainAll();
		expect(taken.seqs).toEqual([3]);
		for (const { seqs } of viewers) expect(seqs).toEqual([2, 3]);
	});

	it('[COM4] who leaves as he is sent his frame is sent no other, though that threw', async () => {
		const test = await createTestChannel({}, { sliceViewers: 1 });
		test.publish(texts(1));
		await test.drainAll();
		const gone = await test.join({ history: 0 });
		gone.write = () => {
			gone.writes++;
			test.channel.leave(gone.viewer);
			throw new Error('on purpose');
		};
		test.publish(texts(1));
		await test.drainAll();
		test.publish(texts(1));
		await test.drainAll();
		expect(gone.writes).toBe(1);
	});

	it('[COM1] what is published by somebody who is told of his last is in the next commit', async () => {
		const test = await createTestChannel();
		test.publish(texts(1));
		await test.drainAll();
		const viewer = await test.join({ history: 0 });
		const nested = { settle: () => {} };
		let isFirst = true;
		const settle = () => {
			if (isFirst)
				test.channel.publish(nested, [{ ref: 1, draft: { type: 'message', text: 'nested' }, bytes: 50 }], ANYBODY);
			isFirst = false;
		};
		test.channel.publish({ settle }, [{ ref: 1, draft: { type: 'message', text: 'outer' }, bytes: 50 }], ANYBODY);
		await test.drainAll();
		expect(viewer.events.map(({ seq, text }) => [seq, text])).toEqual([
			[2, 'outer'],
			[3, 'nested'],
		]);
	});

	it('[COM4] [PUB5] one who cannot be sent his frame is fed from the log, and holds nobody up', async () => {
		const { test, viewers } = await openWithThree();
		const [broken] = viewers as [RecordingSink];
		const { write } = broken;
		broken.write = () => {
			broken.write = write;
			throw new Error('on purpose');
		};
		for (let count = 0; count < 4; count++) {
			test.publish(texts(1));
			test.drain();
		}
		await test.drainAll();
		for (const { seqs } of viewers) expect(seqs).toEqual(range(2, 5));
		expect(test.faults).toMatchObject([{ message: 'on purpose' }]);
	});

	it('[PUB2] receipts of a publisher come in the order of his drafts, refused ones among them', async () => {
		const { publish, drainAll } = await createTestChannel();
		const publisher = publish([
			{ text: 'a', key: 'k' },
			{ text: 'b', key: 'k' },
			{ text: 'a', key: 'k' },
			{ text: 'c' },
		]);
		await drainAll();
		expect(publisher.seqs).toEqual([1, 'key-conflict', 1, 2]);
		expect(publisher.results.map(({ ref }) => ref)).toEqual([1, 2, 3, 4]);
		expect(publisher.settled).toEqual([4]);
	});

	it('[LOG8] `time` never goes back, though the clock does', async () => {
		const { publish, drainAll, clock, join } = await createTestChannel();
		publish(texts(1));
		await drainAll();
		clock.now -= 60_000;
		publish(texts(1));
		await drainAll();
		const { events } = await join();
		expect(events[1]?.time).toBe(events[0]?.time);
	});

	it('[LIM3] an event that becomes too large with what the relay adds is refused, and alone', async () => {
		const large: Draft = { text: '"'.repeat(8192) }; // each is two bytes of JSON
		const maxEventBytes = JSON.stringify({ type: 'message', ...large }).length + 20; // with no room for id, seq and time
		const { publish, drainAll, log } = await createTestChannel({}, { maxEventBytes });
		const publisher = publish([{ text: 'a' }, large, { text: 'b' }]);
		await drainAll();
		expect(publisher.seqs).toEqual([1, 'event-too-large', 2]);
		expect(sizes(log)).toEqual([2]);
	});

	it('[ERR4] when storing fails, that draft and all that wait behind it are refused as retryable', async () => {
		const { publish, drainAll, log, faults, channel } = await createTestChannel();
		publish(texts(1));
		await settle();
		const [first, second] = [publish([{ text: 'a' }, { text: 'b' }]), publish(texts(30, 'x'.repeat(8000)))];
		log.failure = new Error('disk');
		await drainAll();
		expect([first.seqs, second.seqs]).toEqual([Array(2).fill('storage-failed'), Array(30).fill('storage-failed')]);
		expect(channel.last).toBe(1);
		expect(faults).toHaveLength(1);
	});

	it('[ERR4] when the keys cannot be loaded, drafts are refused as retryable, and the next publish tries again', async () => {
		const { publish, drainAll, log } = await createTestChannel();
		const { loadKeys } = log;
		log.loadKeys = () => Promise.reject(new Error('disk'));
		const refused = publish(texts(2));
		await drainAll();
		expect(refused.seqs).toEqual(['storage-failed', 'storage-failed']);
		log.loadKeys = loadKeys;
		const taken = publish(texts(1));
		await drainAll();
		expect(taken.seqs).toEqual([1]);
	});
});

describe('keys', () => {
	it('[KEY1] a repeated key gets the first receipt again and stores nothing', async () => {
		const { publish, drainAll, clock, log } = await createTestChannel();
		const draft: Draft = { type: 'deploy.done', text: 'Deploy 214', data: { a: 1, b: [2] }, key: 'deploy-214' };
		const first = publish([draft, draft]);
		await drainAll();
		clock.now += 5000;
		const later = publish([{ key: 'deploy-214', data: { b: [2], a: 1 }, text: 'Deploy 214', type: 'deploy.done' }]);
		await drainAll();
		const receipts = [...first.results, ...later.results].map((result) => 'receipt' in result && result.receipt);
		const receipt = { id: 'k3f9:1', seq: 1, time: 1_800_000_000_000 };
		expect(receipts).toEqual([
			{ ...receipt, duplicate: false },
			{ ...receipt, duplicate: true },
			{ ...receipt, duplicate: true },
		]);
		expect(sizes(log)).toEqual([1]);
	});

	it.each([
		['text', { text: 'b' }],
		['type', { text: 'a', type: 'other' }],
		['data', { text: 'a', data: { x: 1 } }],
		['data of another shape', { text: 'a', data: [['x', 1]] }],
		['level', { text: 'a', level: 'error' as const }],
	])('[KEY3] the same key with another %s is refused, and names the event that has it', async (_, other) => {
		const { publish, drainAll } = await createTestChannel();
		publish([
			{ text: 'a', data: { x: 2 }, key: 'k' },
			{ text: 'a', key: 'plain' },
		]);
		publish([{ text: 'a', data: { x: 1 }, key: 'object' }]);
		await drainAll();
		const keys = ['k', 'plain', 'object'].filter(
			(key) => key !== 'object' || !('x' in (((other as Draft).data as object) ?? {})),
		);
		for (const key of keys) {
			const publisher = publish([{ ...other, key }]);
			await drainAll();
			const [result] = publisher.results;
			expect(result).toMatchObject({ error: { code: 'key-conflict', message: expect.stringContaining('k3f9:') } });
		}
	});

	it('[KEY4] a key is of its publisher alone, and never shown', async () => {
		const { publish, drainAll, join } = await createTestChannel();
		const ada = publish([{ text: 'a', key: 'k' }], 'ada');
		const bob = publish([{ text: 'b', key: 'k' }], 'bob');
		await drainAll();
		expect([ada.seqs, bob.seqs]).toEqual([[1], [2]]);
		const { events } = await join();
		expect(JSON.stringify(events)).not.toContain('key');
	});
});

describe('filters', () => {
	it('[FILT1] a filter leaves out what it does not choose, and frames cover what was left out', async () => {
		const { publish, drainAll, join } = await createTestChannel();
		const filtered = await join({}, ['deploy.*']);
		for (const type of ['login', 'deploy.started', 'login', 'login', 'deploy.done', 'deploy']) {
			publish([{ type }]);
			await drainAll();
		}
		expect(filtered.events.map(({ type }) => type)).toEqual(['deploy.started', 'deploy.done']);
		expect(filtered.runs.map(({ from, to }) => [from, to])).toEqual([
			[1, 2],
			[3, 5],
		]);
		const late = await join({ position: { epoch: 'k3f9', seq: 0 } }, ['deploy.*']);
		expect(late.runs.map(({ from, to }) => [from, to])).toEqual([[1, 6]]);
		expect(late.seqs).toEqual([2, 5]);
	});

	it('[FILT2] viewers with the same wish, however written, share one filter and one frame', async () => {
		const { publish, drainAll, join } = await createTestChannel();
		const counter = { frames: 0 };
		const form = countFrames(counter);
		const wishes = [
			['a', 'b'],
			['b', 'a'],
			['a', 'b', 'a'],
		];
		const viewers: RecordingSink[] = [];
		for (const types of wishes) viewers.push(await join({ history: 0 }, types, new RecordingSink(form)));
		expect(new Set(viewers.map(({ viewer }) => viewer.filter)).size).toBe(1);
		publish([{ type: 'a' }]);
		await drainAll();
		expect(counter.frames).toBe(1);
	});

	it('[FILT2] a channel evaluates 16 filters beside everything; one that is given back is free again', async () => {
		const { channel } = await createTestChannel();
		expect(channel.takeFilter({ types: [] })).toBeDefined();
		const filters = Array.from({ length: MAX_FILTERS }, (_, index) => channel.takeFilter({ types: [`type-${index}`] }));
		expect(filters).not.toContain(undefined);
		expect(channel.takeFilter({ types: ['one.more'] })).toBeUndefined();
		expect(channel.takeFilter({ types: ['type-3'] })).toBe(filters[3]);
		expect(channel.takeFilter({ types: ['*', 'type-3'] })?.types).toEqual([]);
		for (let times = 0; times < 2; times++) if (filters[3]) channel.releaseFilter(filters[3]);
		expect(channel.takeFilter({ types: ['one.more'] })).toBeDefined();
		expect(channel.takeFilter({ types: ['type-3'] })).toBeUndefined();
	});

	it.each([
		[256, true],
		[257, false],
	])('[FILT2] a filter of %i bytes is evaluated: %s', async (bytes, isTaken) => {
		const { channel } = await createTestChannel();
		const types = ['a', 'b', 'c', 'd'].map((name) => name.repeat(61));
		types.push('e'.repeat(bytes - 4 * 62));
		expect(channel.takeFilter({ types }) !== undefined).toBe(isTaken);
	});

	it('[FILT1] who joins a shared filter late is told of no hole and no double', async () => {
		const { publish, drainAll, join } = await createTestChannel();
		const early = await join({}, ['a']);
		publish([{ type: 'a' }, { type: 'b' }, { type: 'b' }]);
		await drainAll();
		const late = await join({ history: 0 }, ['a']);
		publish([{ type: 'b' }, { type: 'a' }]);
		await drainAll();
		expect(early.runs.map(({ from, to }) => [from, to])).toEqual([
			[1, 3],
			[4, 5],
		]);
		expect(late.seqs).toEqual([5]);
		expect(late.runs[0]?.from).toBeLessThanOrEqual(4);
	});
});

describe('where a reader begins', () => {
	const filled = async (count: number, retention = {}) => {
		const test = await createTestChannel(retention);
		for (let index = 0; index < count; index++) {
			test.publish([{ type: index % 10 === 0 ? 'rare' : 'often' }]);
			await test.drainAll();
			test.clock.now += 1000;
		}
		return test;
	};

	it.each([
		[undefined, 51, 100],
		[0, 101, 100],
		[7, 94, 100],
		[5000, 1, 100],
	])('[HELLO5] history %s: from %i on', async (history, from, to) => {
		const { join } = await filled(100);
		expect((await join({ history })).seqs).toEqual(range(from, to));
	});

	it('[HELLO5] history counts the events that the filter lets through', async () => {
		const { join } = await filled(100);
		expect((await join({ history: 3 }, ['rare'])).seqs).toEqual([71, 81, 91]);
		expect((await join({ history: 300 }, ['rare'])).seqs).toEqual(range(0, 9).map((tens) => tens * 10 + 1));
		expect((await join({ history: 3 }, ['never'])).seqs).toEqual([]);
	});

	it('[HELLO5] history as a span begins so long ago, with 1,000 events at the most', async () => {
		const test = await createTestChannel();
		for (let index = 0; index < 1500; index++) {
			test.publish(texts(1));
			test.clock.now += 1000;
			await test.drainAll();
		}
		expect((await test.join({ history: '10s' })).seqs).toEqual(range(1491, 1500));
		expect((await test.join({ history: '30d' })).seqs).toEqual(range(501, 1500));
		expect((await test.join({ history: '0s' })).seqs).toEqual([]);
		expect((await test.join({ since: 0 })).seqs).toEqual(range(1, 1500));
		expect((await test.join({ since: test.clock.now - 2000 })).seqs).toEqual([1499, 1500]);
	});

	it('[POS2] after a position everything follows, and nothing twice', async () => {
		const { channel, join } = await filled(20);
		const filter = channel.takeFilter({ types: [] });
		if (!filter) throw new Error('no filter');
		expect(await channel.begin({ position: { epoch: 'k3f9', seq: 12 } }, filter)).toEqual({
			after: 12,
			recovered: true,
		});
		expect((await join({ position: { epoch: 'k3f9', seq: 12 } })).seqs).toEqual(range(13, 20));
		expect((await join({ position: { epoch: 'k3f9', seq: 20 } })).seqs).toEqual([]);
	});

	it('[POS3] the position of an empty channel resumes from the first entry that ever comes', async () => {
		const test = await createTestChannel();
		const waiting = await test.join({});
		expect(test.channel.position).toBe('-:0');
		test.publish(texts(3));
		await test.drainAll();
		expect(waiting.seqs).toEqual([1, 2, 3]);
		expect((await test.join({ position: { epoch: '-', seq: 0 } })).seqs).toEqual([1, 2, 3]);
	});

	it.each([
		['another log', { epoch: 'other', seq: 5 }],
		['the future of this one', { epoch: 'k3f9', seq: 21 }],
	])('[POS4] with a position of %s, all that is kept follows and it is said', async (_, position) => {
		const { channel, join } = await filled(20);
		const filter = channel.takeFilter({ types: [] });
		if (!filter) throw new Error('no filter');
		expect(await channel.begin({ position }, filter)).toEqual({ after: 0, recovered: false });
		expect((await join({ position })).seqs).toEqual(range(1, 20));
	});

	it('[POS5] what was trimmed since a position is named by its range', async () => {
		const { channel, join } = await filled(50, { entries: 10 });
		const filter = channel.takeFilter({ types: [] });
		if (!filter) throw new Error('no filter');
		const begin = (seq: number) => channel.begin({ position: { epoch: 'k3f9', seq } }, filter);
		expect(await begin(12)).toEqual({ after: 40, recovered: false, missing: { from: 13, to: 40 } });
		expect(await begin(40)).toEqual({ after: 40, recovered: true });
		expect((await join({ position: { epoch: 'k3f9', seq: 12 } })).seqs).toEqual(range(41, 50));
	});

	it('[POS5] what has grown too old since a position is named by its range', async () => {
		const { channel, clock } = await filled(50, { ageMs: 10_000 });
		const filter = channel.takeFilter({ types: [] });
		if (!filter) throw new Error('no filter');
		clock.now += 3000;
		expect(await channel.begin({ position: { epoch: 'k3f9', seq: 12 } }, filter)).toMatchObject({
			missing: { from: 13, to: 43 },
		});
		clock.now += 60_000;
		expect(await channel.begin({ position: { epoch: 'k3f9', seq: 12 } }, filter)).toMatchObject({
			missing: { from: 13, to: 50 },
		});
		expect(await channel.begin({ history: 10 }, filter)).toEqual({ after: 50, recovered: true });
	});
});

describe('the seam between history and live', () => {
	it(
		'[SEAM1] a viewer that joins at any moment sees every entry once, in order',
		() =>
			withSeed(async (seed) => {
				const random = createRandom(seed);
				for (let round = 0; round < 60; round++) {
					const test = await createTestChannel({}, { sliceViewers: random.between(1, 5) });
					const sinks: { sink: RecordingSink; from: number }[] = [];
					const joining: Promise<unknown>[] = [];
					test.publish([{ type: 'a' }]);
					await test.drainAll();
					for (let step = 0; step < 80; step++) {
						test.log.isSlow = random.below(3) > 0;
						switch (random.below(7)) {
							case 0:
							case 1: {
								const text = 'x'.repeat(random.pick([1, 1, MAX_JOINED_BYTES]));
								test.publish(
									Array.from({ length: random.between(1, 5) }, () => ({ type: random.pick(['a', 'b']), text })),
								);
								break;
							}
							case 2: {
								const sink = new RecordingSink();
								const seq = random.between(0, test.channel.last);
								sinks.push({ sink, from: seq });
								joining.push(
									test.join({ position: { epoch: 'k3f9', seq } }, random.pick([undefined, ['a'], ['b']]), sink),
								);
								break;
							}
							case 3:
								for (const release of test.log.waiting.splice(0, random.between(1, 3))) release();
								break;
							case 4:
								for (const { sink } of sinks) if (random.below(3) === 0) sink.stop();
								break;
							case 5:
								for (const { sink } of sinks) if (random.below(2) === 0) sink.go();
								break;
							default:
								test.drain();
						}
						if (random.below(2) === 0) await settle();
					}
					test.log.isSlow = false;
					for (let turn = 0; turn < 200; turn++) {
						for (const release of test.log.waiting.splice(0)) release();
						for (const { sink } of sinks) sink.go();
						await settle();
						if (!test.drain() && sinks.every(({ sink }) => sink.viewer?.isLive)) break;
					}
					await Promise.all(joining);
					const all = await test.channel.page({ limit: 1000, types: [], after: { epoch: '-', seq: 0 } });
					for (const { sink, from } of sinks) {
						const { filter } = sink.viewer;
						const wanted = all.events
							.filter((event) => event.seq > from && filter.matches(event))
							.map(({ seq }) => seq);
						expect(sink.seqs).toEqual(wanted);
						let covered = from;
						for (const run of sink.runs) {
							expect(run.from).toBeLessThanOrEqual(covered + 1);
							expect(run.to).toBeGreaterThan(covered);
							covered = run.to;
						}
						expect(sink.viewer.cursor).toBe(test.channel.last);
					}
					expect(test.faults).toEqual([]);
				}
			}),
		30_000,
	);

	it('[SEAM1] who joins during a broadcast gets it from history, and the next one live', async () => {
		const test = await createTestChannel();
		test.publish(texts(1));
		await test.drainAll();
		for (let index = 0; index < SLICE_VIEWERS; index++) await test.join({ history: 0 });
		test.publish(texts(1)); // its second slice is still to come
		const late = await test.join({ position: { epoch: 'k3f9', seq: 0 } });
		test.publish(texts(1));
		await test.drainAll();
		expect(late.runs.map(({ from, to }) => [from, to])).toEqual([
			[1, 2],
			[3, 3],
		]);
	});

	it('[SEAM2] a slow reader gets no live frames, and everything from the log once he reads again', async () => {
		const test = await createTestChannel();
		const [slow, quick] = [await test.join({}), await test.join({})];
		test.publish(texts(2));
		await test.drainAll();
		slow.stop();
		for (let index = 0; index < 40; index++) {
			test.publish(texts(1, 'x'.repeat(8000)));
			await test.drainAll();
		}
		expect([slow.writes, quick.writes]).toEqual([1, 41]);
		slow.go();
		await test.drainAll();
		expect(slow.seqs).toEqual(range(1, 42));
		expect(slow.writes).toBeLessThan(6); // pages, not frames
		test.publish(texts(1));
		await test.drainAll();
		expect(slow.seqs).toEqual(range(1, 43));
	});

	it('[SEAM3] a reader who is overtaken by retention is told what he misses', async () => {
		const test = await createTestChannel({ entries: 10 });
		const slow = await test.join({});
		test.publish(texts(1));
		await test.drainAll();
		slow.stop();
		for (let index = 0; index < 30; index++) {
			test.publish(texts(1));
			await test.drainAll();
		}
		slow.go();
		await test.drainAll();
		expect(slow.skipped).toEqual([[2, 21]]);
		expect(slow.runs.at(-1)).toMatchObject({ from: 22, to: 31 });
	});

	it('[SEAM3] what is stored while an expired log is read is not lost', async () => {
		const test = await createTestChannel({ ageMs: 1000 });
		test.publish(texts(5));
		await test.drainAll();
		test.clock.now += 2000;
		test.log.isSlow = true;
		const sink = new RecordingSink();
		const joining = test.join({ position: { epoch: 'k3f9', seq: 5 } }, undefined, sink);
		await settle();
		await joining;
		const behind = new RecordingSink();
		const viewer = new Viewer(behind, sink.viewer.filter);
		const feeding = test.channel.feed(viewer, { after: 2 }); // as one who has fallen behind
		await settle();
		test.publish(texts(1));
		await settle();
		test.log.isSlow = false;
		for (const release of test.log.waiting.splice(0)) release();
		await feeding;
		await test.drainAll();
		expect(behind.seqs).toEqual([6]);
		expect(sink.seqs).toEqual([6]);
	});

	it('[PUB5] one viewer whose socket throws, and one publisher who does, harm nobody', async () => {
		const test = await createTestChannel();
		const broken = await test.join({});
		broken.write = () => {
			throw new Error('the socket is gone');
		};
		const well = await test.join({});
		test.publish(texts(2));
		await settle();
		const bad = { settle: () => expect.unreachable('thrown on purpose') };
		test.channel.publish(bad, [{ ref: 1, draft: { type: 'a' }, bytes: 12 }], ANYBODY);
		const good = test.publish(texts(1));
		await test.drainAll();
		expect(well.seqs).toEqual([1, 2, 3, 4]);
		expect(good.seqs).toEqual([4]);
		expect(test.faults.length).toBeGreaterThanOrEqual(2);
	});

	it('[SLEEP2] a filtered viewer who was asleep is told of no hole by the first frame', async () => {
		const test = await createTestChannel();
		test.publish([{ type: 'a' }, { type: 'b' }]);
		await test.drainAll();
		const sink = new RecordingSink();
		test.channel.resume(new Viewer(sink, test.channel.takeFilter({ types: ['a'] }) as Filter)); // the first filter is given
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		expect(sink.runs).toMatchObject([{ from: 1, to: 3, events: [{ seq: 3 }] }]);
	});

	it('[SLEEP2] [SEAM3] who has slept, and is slow before his first frame, is told of no hole', async () => {
		const test = await createTestChannel();
		test.publish([{ type: 'a' }, { type: 'b' }]);
		await test.drainAll();
		const sink = new RecordingSink();
		const viewer = new Viewer(sink, test.channel.takeFilter({ types: ['a'] }) as Filter); // the first filter is given
		sink.viewer = viewer;
		test.channel.resume(viewer);
		sink.stop();
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		sink.go();
		await test.drainAll();
		expect(sink.runs).toMatchObject([{ from: 1, to: 3, events: [{ seq: 3 }] }]);
	});

	it('[SEAM1] a viewer who leaves in the middle is sent nothing more', async () => {
		const test = await createTestChannel();
		const gone = await test.join({});
		test.channel.leave(gone.viewer);
		test.publish(texts(3));
		await test.drainAll();
		expect(gone.writes).toBe(0);
		test.log.isSlow = true;
		const reading = new RecordingSink();
		const joining = test.join({ history: 2 }, undefined, reading);
		await settle();
		test.channel.leave(reading.viewer);
		for (const release of test.log.waiting.splice(0)) release();
		await joining;
		test.publish(texts(1));
		await test.drainAll();
		expect([reading.writes, reading.viewer.isLive]).toEqual([0, false]);
	});
});

describe('pages', () => {
	const filled = async (count: number, text = 'text', retention = {}) => {
		const test = await createTestChannel(retention);
		for (let index = 0; index < count; index++) {
			test.publish([{ type: index % 7 === 0 ? 'rare' : 'often', text }]);
			test.clock.now += 1000;
			await test.drainAll();
		}
		return test;
	};
	const read = (events: { seq: number }[]) => events.map(({ seq }) => seq);

	it.each([[[]], [['rare']], [['rare', 'often']], [['never']]])(
		'[PAGE2] [PAGE3] following `next` forward and back reaches every event of %j once',
		async (types) => {
			const { channel } = await filled(120);
			const wanted = range(1, 120).filter((seq) => types.length !== 1 || (types[0] === 'rare' && seq % 7 === 1));
			for (const limit of [1, 2, 7, 50, 120, 1000]) {
				const forward: number[] = [];
				for (let after = { epoch: '-', seq: 0 }; ; ) {
					const page = await channel.page({ after, limit, types });
					forward.push(...read(page.events));
					const seq = Number(page.next?.split(':')[1]);
					if (seq === page.last) break;
					expect(seq).toBeGreaterThan(after.seq);
					after = { epoch: page.epoch, seq };
				}
				expect(forward).toEqual(wanted);
				const back: number[] = [];
				for (let before = { epoch: 'k3f9', seq: 121 }; ; ) {
					const page = await channel.page({ before, limit, types });
					back.unshift(...read(page.events));
					if (page.next === null) break;
					const seq = Number(page.next.split(':')[1]);
					expect(seq).toBeLessThan(before.seq);
					before = { epoch: page.epoch, seq };
				}
				expect(back).toEqual(wanted);
			}
		},
	);

	it('[PAGE1] a page stays within about 256 KiB in both directions, filtered or not, and `next` goes on', async () => {
		const { channel } = await filled(120, 'x'.repeat(8000));
		for (const types of [[], ['often']]) {
			for (const where of [
				{ after: { epoch: '-', seq: 0 } },
				{ before: { epoch: 'k3f9', seq: 121 } },
				{ since: 0 },
				{},
			]) {
				const page = await channel.page({ ...where, limit: 1000, types });
				const bytes = JSON.stringify(page.events).length;
				expect(bytes).toBeLessThan(MAX_PAGE_BYTES + 1000);
				expect(bytes).toBeGreaterThan(MAX_PAGE_BYTES - 10_000);
				const position = Number(page.next?.split(':')[1]);
				const [first, last] = [page.events[0]?.seq ?? 0, page.events.at(-1)?.seq ?? 0];
				if ('before' in where) expect(position).toBe(first);
				else if ('after' in where || 'since' in where) expect(position - last).toBeLessThan(2);
				else expect(position).toBe(120);
			}
		}
	});

	it('[PAGE3] before the first kept event there is nothing, and before another log neither', async () => {
		const { channel } = await filled(30, 'text', { entries: 10 });
		expect(await channel.page({ before: { epoch: 'k3f9', seq: 21 }, limit: 5, types: [] })).toMatchObject({
			events: [],
			next: null,
		});
		expect(await channel.page({ before: { epoch: 'k3f9', seq: 25 }, limit: 50, types: [] })).toMatchObject({
			next: null,
		});
		expect(await channel.page({ before: { epoch: 'other', seq: 25 }, limit: 5, types: [] })).toMatchObject({
			events: [],
			next: null,
		});
		const beyond = await channel.page({ before: { epoch: 'k3f9', seq: 9e15 }, limit: 2, types: [] });
		expect(read(beyond.events)).toEqual([29, 30]);
	});

	it('[PAGE7] a page after what is no longer kept says what is missing', async () => {
		const { channel } = await filled(30, 'text', { entries: 10 });
		const page = await channel.page({ after: { epoch: 'k3f9', seq: 3 }, limit: 5, types: [] });
		expect(page).toMatchObject({ first: 21, missing: { from: 4, to: 20 }, next: 'k3f9:25' });
		expect(read(page.events)).toEqual(range(21, 25));
	});

	it('[PAGE4] `since` begins with the first event stored at that time or later', async () => {
		const { channel, clock } = await filled(30);
		const since = (time: number) => channel.page({ since: time, limit: 1000, types: [] });
		expect(read((await since(clock.now - 3000)).events)).toEqual([28, 29, 30]);
		expect(read((await since(clock.now - 3001)).events)).toEqual([28, 29, 30]);
		expect(read((await since(0)).events)).toEqual(range(1, 30));
		expect(await since(clock.now)).toMatchObject({ events: [], next: 'k3f9:30' });
	});

	it('[PAGE5] a limit of 0 gives no events and a position', async () => {
		const { channel } = await filled(3);
		expect(await channel.page({ limit: 0, types: [] })).toMatchObject({ events: [], next: 'k3f9:3' });
		expect(await channel.page({ limit: 0, types: [], after: { epoch: 'k3f9', seq: 1 } })).toMatchObject({
			events: [],
			next: 'k3f9:1',
		});
	});

	it('[LOG1] pages of a channel that nothing was published to are empty, and create nothing', async () => {
		const { channel, log } = await createTestChannel();
		const empty = { epoch: '-', first: 0, last: 0, events: [] };
		expect(await channel.page({ limit: 10, types: [] })).toEqual({ ...empty, next: '-:0' });
		expect(await channel.page({ limit: 10, types: ['a'], after: { epoch: '-', seq: 0 } })).toEqual({
			...empty,
			next: '-:0',
		});
		expect(await channel.page({ limit: 10, types: [], before: { epoch: '-', seq: 0 } })).toEqual({
			...empty,
			next: null,
		});
		expect(await channel.page({ limit: 10, types: [], since: 0 })).toEqual({ ...empty, next: '-:0' });
		expect(log.commits).toEqual([]);
	});
});

describe('the pulse', () => {
	it('[PULSE1] counts the last hour by minute and level, and again after a restart', async () => {
		const test = await createTestChannel();
		test.publish([{ text: 'old' }]);
		await test.drainAll();
		test.clock.now += 3_600_000;
		test.publish([{ text: 'a' }, { text: 'b', level: 'error' }]);
		await test.drainAll();
		test.clock.now += 120_000;
		test.publish([{ text: 'c' }]);
		await test.drainAll();
		const pulse = test.channel.readPulse();
		expect(pulse.minute).toBe(Math.floor(test.clock.now / 60_000) - 59);
		expect(pulse.counts.info).toEqual([...Array(57).fill(0), 1, 0, 1]);
		expect(pulse.counts.error).toEqual([...Array(57).fill(0), 1, 0, 0]);
		expect(Object.keys(pulse.counts)).toEqual(['info', 'error']);
		await test.channel.load();
		expect(test.channel.readPulse().counts.error?.reduce((sum, count) => sum + count)).toBe(2); // counted twice: the ring is the same
		test.clock.now += 3_600_000;
		expect(test.channel.readPulse().counts).toEqual({});
	});
});
