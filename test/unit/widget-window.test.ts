// Which rows are drawn while others are dropped, as far as that can be told without a screen.
import { afterEach, describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { seqOf, Timeline } from '../../widget/client/timeline.ts';
import { Rows, seqOfRow } from '../../widget/rows.ts';
import { type Frame, ListWindow, RUSH_MS } from '../../widget/window.ts';

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

	describe('where whole views go by', () => {
		const { now } = performance;
		afterEach(() => {
			performance.now = now;
		});

		it('draws what is in view alone from the second on, and all once none has for a while', () => {
			let time = 1000;
			performance.now = () => time;
			const timeline = new Timeline();
			const rows = new Rows();
			const frame = { rows, list: { clientHeight: 600 }, isNewestFirst: () => true } as unknown as Frame;
			const window = new ListWindow(frame);
			/** So many events come, and are drawn after so many milliseconds. */
			const draw = (count: number, ms = 16): number => {
				const last = timeline.events.length;
				timeline.append(events(last + 1, last + count));
				time += ms;
				window.change(() => rows.sync(timeline, false));
				window.follow(rows.end);
				expect(window.drawn.map(seqOfRow).at(-1)).toBe(last + count);
				return window.drawn.length;
			};
			draw(100);
			const all = draw(0, 1000);
			expect(draw(100)).toBe(all);
			const few = draw(100);
			expect([few < all, few * 48 > 600, window.isRushing]).toEqual([true, true, true]);
			// One that comes between goes by as well.
			expect(draw(1)).toBe(few);
			expect(draw(100, RUSH_MS - 17)).toBe(few);
			expect([draw(0, RUSH_MS), window.isRushing]).toEqual([all, false]);
			for (let times = 0; times < 20; times++) expect(draw(5)).toBe(all);
		});
	});
});
