// Pages that those who catch up share.
import { describe, expect, it } from 'vitest';
import { createTestChannel, RecordingSink, settle, type TestChannel } from '../support/channel.ts';
import { createRandom, withSeed } from '../support/random.ts';

/** Publishes so many events of 8 kB, each as a frame of its own. */
async function publishMany(test: TestChannel, count: number): Promise<void> {
	for (let index = 0; index < count; index++) {
		test.publish([{ text: 'x'.repeat(8000) }]);
		await test.drainAll();
	}
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

function countReads(test: TestChannel): { reads: number } {
	const counter = { reads: 0 };
	const { log } = test;
	const read = log.read.bind(log);
	log.read = (after, limit) => {
		counter.reads++;
		return read(after, limit);
	};
	return counter;
}

describe('those who catch up', () => {
	it('[SEAM2] read each page of the log once for all, wherever they fell behind, and get everything once', async () => {
		const test = await createTestChannel();
		const sinks: RecordingSink[] = [];
		for (let index = 0; index < 30; index++) sinks.push(await test.join({ history: 0 }));
		for (const sink of sinks) {
			sink.stop();
			await publishMany(test, 1); // each falls behind at an event of his own
		}
		await publishMany(test, 170);
		const counter = countReads(test);
		for (const sink of sinks) sink.go();
		await test.drainAll();
		expect(counter.reads).toBeLessThan(10);
		for (const sink of sinks) expect(sink.seqs).toEqual(upTo(200));
	});

	it('[SEAM2] [SEAM3] whoever stops and goes on at any time, with or without a filter, gets everything once and in order', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			const test = await createTestChannel();
			const sinks: RecordingSink[] = [];
			for (let index = 0; index < 12; index++) sinks.push(await test.join({}, index % 3 === 0 ? ['b'] : undefined));
			for (let step = 0; step < 150; step++) {
				const sink = random.pick(sinks);
				if (random.below(3) === 0) sink.go();
				else sink.stop();
				const drafts = upTo(random.between(1, 20)).map(() => ({
					type: random.pick(['a', 'b']),
					text: 'x'.repeat(random.below(8000)),
				}));
				test.publish(drafts);
				if (random.below(2) === 0) test.drain();
				else await settle();
			}
			for (const sink of sinks) sink.go();
			await test.drainAll();
			test.publish([{ type: 'b' }]);
			await test.drainAll();
			const { last } = test.channel;
			const wanted = sinks[1]?.events.filter(({ type }) => type === 'b').map(({ seq }) => seq);
			for (const [index, sink] of sinks.entries()) {
				expect(sink.seqs).toEqual(index % 3 === 0 ? wanted : upTo(last));
				let covered = 0;
				for (const { from, to } of sink.runs) {
					expect(from).toBeLessThanOrEqual(covered + 1);
					covered = to;
				}
				expect(covered).toBe(last);
			}
		}));

	it('[SEAM3] a page that was read before the log was trimmed is not given to one who comes later', async () => {
		const test = await createTestChannel({ entries: 40 });
		await publishMany(test, 40);
		const waits = new RecordingSink();
		const first = await test.join({ history: 40 });
		first.stop();
		waits.stop();
		const joining = test.join({ position: { epoch: 'k3f9', seq: 0 } }, undefined, waits);
		await settle();
		await publishMany(test, 20);
		first.go();
		await test.drainAll();
		await publishMany(test, 30);
		waits.go();
		await joining;
		await test.drainAll();
		expect(waits.seqs).toEqual(upTo(90).slice(50));
		expect(waits.skipped).toEqual([[1, 50]]);
	});
});
