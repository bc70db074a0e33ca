// Readers under whom events change: between the pages of a beginning, and faster than they read.
import { describe, expect, it } from 'vitest';
import { isChange } from '../../relay/protocol/event.ts';
import { KEPT_CHANGES } from '../../relay/protocol/limits.ts';
import { createTestChannel, RecordingSink, type TestChannel } from '../support/channel.ts';

const changesOf = ({ events }: RecordingSink) => events.filter(isChange);

/** A sink that stops after its first frame. */
class Pausing extends RecordingSink {
	override write(bytes: Uint8Array): void {
		super.write(bytes);
		if (this.writes === 1) this.stop();
	}
}

describe('who begins with several pages', () => {
	it('[CHG10] [CHG6] is told what changed after the first of them', async () => {
		const test = await createTestChannel();
		test.publish(Array.from({ length: 40 }, () => ({ text: 'old', data: 'x'.repeat(30_000) })));
		await test.drainAll();
		const sink = new Pausing();
		const joining = test.join({ history: 1000 }, undefined, sink);
		await test.drainAll();
		expect(sink.seqs.length).toBeGreaterThan(1);
		expect(sink.seqs.length).toBeLessThan(40);
		test.publish([{ target: 'k3f9:1', text: 'new' }, { target: 'k3f9:40', text: 'new too' }, { text: 'more' }]);
		await test.drainAll();
		sink.go();
		await joining;
		await test.drainAll();
		expect(sink.seqs).toEqual([...Array.from({ length: 43 }, (_, n) => n + 1)]);
		expect(changesOf(sink)).toMatchObject([{ state: { text: 'new' } }, { state: { text: 'new too' } }]);
		expect(sink.events[39]).toMatchObject({ seq: 40, text: 'new too' });
	});

	it('[CHG10] is sent nothing but events where nothing changed meanwhile', async () => {
		const test = await createTestChannel();
		test.publish([{ text: 'old' }]);
		await test.drainAll();
		test.publish([{ target: 'k3f9:1', text: 'new' }, { text: 'more' }]);
		await test.drainAll();
		test.publish([{ target: 'k3f9:1', pinned: true }]);
		await test.drainAll();
		const sink = await test.join({ history: 1000 });
		expect(sink.seqs).toEqual([1, 3]);
		expect(sink.events[0]).toMatchObject({ text: 'new', pinned: true });
		expect(sink.runs.at(-1)?.to).toBe(4);
	});
});

describe('who is overtaken by more changes than are kept', () => {
	/** A reader who has stopped at the first event, while so much has happened to it. */
	async function overtake(test: TestChannel, sink: RecordingSink): Promise<void> {
		test.publish([{ text: 'one' }, { text: 'two' }]);
		await test.drainAll();
		await test.join({ position: { epoch: 'k3f9', seq: 1 } }, undefined, sink);
		sink.stop();
		const count = KEPT_CHANGES + 100;
		test.publish(Array.from({ length: count }, (_, n) => ({ target: 'k3f9:1', pinned: n % 2 === 0 })));
		await test.drainAll();
		expect(test.log.changesFrom).toBe(103);
		sink.go();
		await test.drainAll();
	}

	it('[CHG9] [SEAM3] sees a hole on a socket, and is told the range as he comes back', async () => {
		const test = await createTestChannel();
		const sink = new RecordingSink();
		await overtake(test, sink);
		const hole = sink.runs.find(({ from }) => from > 3);
		expect(hole?.from).toBe(103);
		expect(sink.seqs.slice(0, 2)).toEqual([2, 103]);
		const begin = await test.channel.begin({ position: { epoch: 'k3f9', seq: 2 } }, sink.viewer.filter);
		expect(begin).toEqual({ after: 2, recovered: true, refresh: { from: 3, to: 102 } });
		const again = await test.join({ position: { epoch: 'k3f9', seq: 2 } });
		expect([again.runs[0]?.from, again.seqs[0], again.seqs.at(-1)]).toEqual([3, 103, 5102]);
	});

	it('[CHG9] [STREAM1] is told the range in a stream that can say it', async () => {
		const test = await createTestChannel();
		const told: number[][] = [];
		const sink: RecordingSink & { refresh?: (from: number, to: number) => void } = new RecordingSink();
		sink.refresh = (from, to) => told.push([from, to]);
		await overtake(test, sink);
		expect([told, sink.skipped]).toEqual([[[3, 102]], []]);
		expect(sink.seqs.slice(0, 2)).toEqual([2, 103]);
		expect(sink.seqs.at(-1)).toBe(5102);
	});
});
