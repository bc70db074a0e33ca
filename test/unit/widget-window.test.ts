// Which rows are drawn while others are dropped, as far as that can be told without a screen.
import { describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { seqOf, Timeline } from '../../widget/client/timeline.ts';
import { Rows, seqOfRow } from '../../widget/rows.ts';
import { type Frame, ListWindow } from '../../widget/window.ts';

const events = (from: number, to: number): FeedEvent[] =>
	Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i, id: `e:${from + i}`, type: 'a', time: from + i }));

describe('a window of rows', () => {
	it('keeps those that are being read when they are dropped with many more, and has all that are left after them', () => {
		const timeline = new Timeline();
		const rows = new Rows();
		// All that is asked of a screen as long as nothing is drawn.
		const frame = { rows, list: { clientHeight: 600 }, isNewestFirst: () => true } as unknown as Frame;
		const window = new ListWindow(frame);
		const sync = () => window.change(() => rows.sync(timeline, false));
		timeline.append(events(1, 109_000));
		sync();
		window.follow(rows.end);
		window.show(rows.find(30), 0);
		const read = window.drawn.map(seqOfRow);
		expect(read).toContain(30);
		timeline.append(events(109_001, 111_000));
		expect(seqOf(timeline.items[0])).toBe(11_001);
		sync();
		window.stay(rows.end);
		expect(window.drawn.map(seqOfRow)).toEqual(read);
		expect([window.older, window.newer]).toEqual([0, 100_000]);
		window.show(rows.find(11_001), 0);
		expect(window.drawn.map(seqOfRow)).toContain(11_001);
		expect(window.drawn.map(seqOfRow)).toContain(read.at(-1));
	});
});
