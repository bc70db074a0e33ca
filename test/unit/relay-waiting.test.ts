// Pages that are waited for: what ends the wait, and that nothing is missed between one page and the next.
import { describe, expect, it } from 'vitest';
import type { PageQuery } from '../../relay/log-reader.ts';
import { createError } from '../../relay/protocol/errors.ts';
import type { Page } from '../../relay/protocol/event.ts';
import { parsePosition } from '../../relay/protocol/position.ts';
import { createTestChannel, RecordingSink, settle, type TestChannel } from '../support/channel.ts';
import { createRandom, withSeed } from '../support/random.ts';

function wait(test: TestChannel, query: Partial<PageQuery> = {}) {
	const time = new AbortController();
	const waiting: { page: Page | undefined; error: unknown; over: () => void; answer: Promise<Page> } = {
		page: undefined,
		error: undefined,
		over: () => time.abort(),
		answer: test.channel.waitForPage({ limit: 50, types: [], ...query }, time.signal),
	};
	waiting.answer.then(
		(page) => {
			waiting.page = page;
		},
		(error) => {
			waiting.error = error;
		},
	);
	return waiting;
}

const seqs = (page: Page | undefined) => page?.events.map(({ seq }) => seq);
const behind = (seq: number, epoch = 'k3f9') => ({ after: { epoch, seq } });

async function filled(count: number, retention = {}) {
	const test = await createTestChannel(retention);
	test.publish(Array.from({ length: count }, () => ({ type: 'a' })));
	await test.drainAll();
	return test;
}

describe('waiting for a page', () => {
	it('[WAIT1] ends with the commit that has something for it', async () => {
		const test = await filled(3);
		const [all, some] = [wait(test, behind(3)), wait(test, { ...behind(3), types: ['b.*'] })];
		await settle();
		expect([all.page, some.page]).toEqual([undefined, undefined]);
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		expect([seqs(all.page), some.page]).toEqual([[4], undefined]);
		expect(all.page?.next).toBe('k3f9:4');
		test.publish([{ type: 'a' }, { type: 'b.c' }]);
		await test.drainAll();
		expect(seqs(some.page)).toEqual([6]);
	});

	it('[WAIT1] ends with a page without events when the time is over; `next` goes on past what the filter left out', async () => {
		const test = await filled(3);
		const [all, some] = [wait(test, behind(3)), wait(test, { ...behind(1), types: ['b'] })];
		await settle();
		all.over();
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		some.over();
		await settle();
		// One whose time is over is still given what came in the same moment.
		expect([seqs(all.page), all.page?.next]).toEqual([[4], 'k3f9:4']);
		expect(some.page).toMatchObject({ epoch: 'k3f9', first: 1, last: 4, events: [], next: 'k3f9:4' });
		const quiet = wait(test, behind(4));
		await settle();
		quiet.over();
		expect(await quiet.answer).toMatchObject({ events: [], next: 'k3f9:4' });
	});

	it('[WAIT1] [SEAM1] goes on where it was when only a repeat came meanwhile', async () => {
		const test = await filled(3);
		test.publish([{ type: 'a', key: 'k' }]);
		await test.drainAll();
		const waiting = wait(test, behind(4));
		await settle();
		test.publish([{ type: 'a', key: 'k' }]);
		await test.drainAll();
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		expect(seqs(waiting.page)).toEqual([5]);
	});

	it('[WAIT2] does not happen where there is something to say', async () => {
		const test = await filled(30, { entries: 10 });
		const answer = async (query: Partial<PageQuery>) => {
			const waiting = wait(test, query);
			await settle();
			return waiting.page;
		};
		expect(seqs(await answer({ limit: 3 }))).toEqual([28, 29, 30]);
		expect(seqs(await answer(behind(28)))).toEqual([29, 30]);
		expect(seqs(await answer({ since: 0, limit: 2 }))).toEqual([21, 22]);
		expect(await answer({ ...behind(3), types: ['b'] })).toMatchObject({
			events: [],
			missing: { from: 4, to: 20 },
			next: 'k3f9:30',
		});
		expect(await answer({ ...behind(3, 'other'), types: ['b'] })).toMatchObject({ epoch: 'k3f9', events: [] });
		expect(await answer({ ...behind(31), types: ['b'] })).toMatchObject({ epoch: 'k3f9', events: [] });
		const wiped = await createTestChannel();
		const known = wait(wiped, behind(3));
		await settle();
		expect(known.page).toMatchObject({ epoch: '-', events: [], next: '-:0' });
	});

	it('[WAIT2] without a position begins with the newest, and waits where there are none', async () => {
		const test = await filled(5);
		const waiting = wait(test, { types: ['b'] });
		await settle();
		expect(waiting.page).toBeUndefined();
		test.publish([{ type: 'a' }, { type: 'b' }]);
		await test.drainAll();
		expect([seqs(waiting.page), waiting.page?.next]).toEqual([[7], 'k3f9:7']);
	});

	it('[WAIT4] says what a welcome says of now', async () => {
		const test = await filled(1);
		expect(await wait(test).answer).toMatchObject({
			time: test.clock.now,
			pulse: test.channel.readPulse(),
			returnMs: 1000,
		});
		expect(await test.channel.page({ limit: 1, types: [] })).not.toHaveProperty('time');
	});

	it('[WAIT5] on a channel that nothing was published to ends with its first event, and creates nothing', async () => {
		const test = await createTestChannel();
		const waiting = [wait(test), wait(test, behind(0, '-')), wait(test, { ...behind(0, '-'), types: ['b'] })];
		await settle();
		expect([test.channel.epoch, test.log.commits]).toEqual(['-', []]);
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		expect(waiting.map(({ page }) => seqs(page))).toEqual([[1], [1], undefined]);
		waiting[2]?.over();
		await settle();
		expect(waiting[2]?.page).toMatchObject({ epoch: 'k3f9', events: [], next: 'k3f9:1' });
	});

	it('[WAIT5] [ERR4] ends with the channel, and so does whoever comes later', async () => {
		const test = await filled(2);
		const waiting = wait(test, behind(2));
		const viewer = await test.join();
		await settle();
		test.channel.fail(createError('storage-failed'));
		await settle();
		expect(waiting.error).toMatchObject({ code: 'storage-failed' });
		expect(viewer.failures).toBe(1);
		await expect(wait(test, behind(2)).answer).rejects.toMatchObject({ code: 'storage-failed' });
		await expect(test.join()).rejects.toMatchObject({ code: 'storage-failed' });
		expect(test.publish([{ text: 'a' }]).seqs).toEqual(['storage-failed']);
		expect(test.log.commits).toHaveLength(1);
	});

	it('[AWAY2] ends when the relay is about to stop', async () => {
		const test = await filled(2);
		const waiting = wait(test, behind(2));
		await settle();
		test.channel.goAway();
		expect(await waiting.answer).toMatchObject({ events: [], next: 'k3f9:2', returnMs: 1000 });
	});

	it('[SEAM1] [WAIT1] who asks on and on with `next` reads every event once, in order', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			for (let round = 0; round < 20; round++) {
				const test = await createTestChannel();
				const readers = [[], ['a'], ['b']].map((types) => ({
					types,
					next: '-:0',
					seen: [] as number[],
					waiting: undefined as ReturnType<typeof wait> | undefined,
				}));
				const step = () => {
					for (const reader of readers) {
						if (reader.waiting?.page) {
							reader.seen.push(...(seqs(reader.waiting.page) ?? []));
							reader.next = reader.waiting.page.next ?? '';
							reader.waiting = undefined;
						}
						reader.waiting ??= wait(test, {
							after: parsePosition(reader.next),
							types: reader.types,
							limit: random.between(1, 4),
						});
					}
				};
				for (let turn = 0; turn < 120; turn++) {
					test.log.isSlow = random.below(2) === 0;
					if (random.below(2) === 0) test.publish([{ type: random.pick(['a', 'b']) }]);
					if (random.below(3) === 0) test.drain();
					if (random.below(5) === 0) readers[random.below(3)]?.waiting?.over();
					for (const release of test.log.waiting.splice(0, random.below(4))) release();
					if (random.below(2) === 0) await settle();
					step();
				}
				test.log.isSlow = false;
				await test.drainAll();
				for (let turn = 0; turn < 300; turn++) {
					for (const release of test.log.waiting.splice(0)) release();
					await settle();
					step();
				}
				const { events } = await test.channel.page({ ...behind(0, '-'), limit: 1000, types: [] });
				for (const { types, seen } of readers) {
					const wanted = events.filter(({ type }) => types.length === 0 || types.includes(type as never));
					expect(seen).toEqual(wanted.map(({ seq }) => seq));
				}
			}
		}));
});

describe('the time in which to return', () => {
	it.each([
		[0, 1000],
		[142, 1000],
		[300, 2100],
		[4000, 15_000],
	])('[HELLO9] of %i viewers is %i ms', async (count, expected) => {
		const test = await filled(1);
		for (let index = 0; index < count; index++) await test.join({ history: 0 });
		expect(test.channel.returnMs).toBe(expected);
	});

	it('[PING1] is told anew to those who came when they were few', async () => {
		const test = await filled(1);
		const told: number[] = [];
		const first = new RecordingSink();
		Object.assign(first, { spread: (returnMs: number) => told.push(returnMs) });
		await test.join({ history: 0 }, undefined, first);
		for (let index = 1; index < 1000; index++) await test.join({ history: 0 });
		expect(told).toEqual([2002, 4004]);
	});

	it('[HELLO9] counts those who catch up, sleep or wait, and nobody who has left', async () => {
		const test = await filled(300);
		const filter = test.channel.takeFilter({ types: [] });
		if (!filter) throw new Error('no filter');
		const slow = await Promise.all(Array.from({ length: 100 }, () => test.join({ history: 0 })));
		for (const sink of slow) sink.stop();
		test.publish([{ type: 'a' }]);
		await test.drainAll();
		const { Viewer } = await import('../../relay/viewer.ts');
		for (const sink of slow) test.channel.resume(new Viewer(sink, filter));
		const waiting = Array.from({ length: 100 }, () => wait(test, behind(301)));
		await settle();
		expect(test.channel.returnMs).toBe(2100);
		for (const { over } of waiting) over();
		await settle();
		expect(test.channel.returnMs).toBe(1400);
		for (let index = 0; index < 100; index++) void test.join({ history: 0 });
		await settle();
		expect(test.channel.returnMs).toBe(2100);
		for (const { viewer } of slow) test.channel.leave(viewer);
		expect(test.channel.returnMs).toBe(1400);
	});
});
