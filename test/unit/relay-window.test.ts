// What a window and the backlog of all count.
import { describe, expect, it } from 'vitest';
import { MAX_OUTSTANDING_BYTES, SEEN_BYTES, WINDOW_BYTES } from '../../relay/protocol/limits.ts';
import { Backlog, Window } from '../../relay/window.ts';
import { createRandom, withSeed } from '../support/random.ts';

describe('a window', () => {
	it('[WIN2] is open up to its size, and what is confirmed opens it again', () => {
		const window = new Window(new Backlog());
		window.send(WINDOW_BYTES);
		expect(window.isOpen).toBe(true);
		window.send(1);
		expect(window.isOpen).toBe(false);
		expect(window.confirm(1)).toBe(true);
		expect(window.isOpen).toBe(true);
		expect(window.outstanding).toBe(WINDOW_BYTES);
	});

	it('[WIN1] counts no confirmation twice, and none for more than was sent', () => {
		const window = new Window(new Backlog());
		window.send(100);
		expect([window.confirm(60), window.confirm(60), window.confirm(20)]).toEqual([true, false, false]);
		expect(window.outstanding).toBe(40);
		window.confirm(Number.MAX_SAFE_INTEGER);
		window.send(70);
		expect(window.outstanding).toBe(70);
		expect(window.confirm(Number.MAX_SAFE_INTEGER)).toBe(false);
	});

	it('[WIN7] has outstanding what the engine holds, be it less than was counted or more', () => {
		const backlog = new Backlog();
		const window = new Window(backlog);
		window.send(WINDOW_BYTES + 1);
		expect(window.hold(WINDOW_BYTES + 1)).toBe(false);
		expect(window.isOpen).toBe(false);
		expect(window.hold(300_000)).toBe(true);
		expect([window.isOpen, window.outstanding, backlog.bytes]).toEqual([true, 300_000, 300_000 - SEEN_BYTES]);
		expect(window.hold(WINDOW_BYTES * 3)).toBe(false);
		expect([window.isOpen, window.isOverdrawn]).toEqual([false, true]);
		expect(window.hold(0)).toBe(true);
		expect(backlog.bytes).toBe(0);
	});

	it('[WIN6] is the same after a sleep, and what its relay forgot to count comes right with a confirmation', () => {
		const backlog = new Backlog();
		const window = new Window(backlog);
		window.send(300_000);
		window.confirm(100_000);
		const { memory } = window;
		window.send(500); // not saved any more
		const woken = new Window(backlog, memory, true);
		expect(woken.outstanding).toBe(200_000);
		woken.confirm(300_500);
		expect(woken.outstanding).toBe(0);
		woken.send(10);
		expect(woken.outstanding).toBe(10);
		expect(new Window(new Backlog(), woken.memory).memory).toEqual(woken.memory);
	});
});

describe('the backlog of all', () => {
	it('[WIN5] halves windows at half of its bound, quarters them at three quarters, and is full at the bound', () => {
		const backlog = new Backlog();
		const sizes = [0, 0.5, 0.75, 1, 2].map((share) => {
			backlog.add(share * MAX_OUTSTANDING_BYTES - backlog.bytes);
			return [backlog.windowBytes, backlog.isFull];
		});
		expect(sizes).toEqual([
			[WINDOW_BYTES, false],
			[WINDOW_BYTES / 2, false],
			[WINDOW_BYTES / 4, false],
			[WINDOW_BYTES / 4, true],
			[WINDOW_BYTES / 4, true],
		]);
		// A reader who keeps to the rule confirms before his window is full, however small it is.
		expect(WINDOW_BYTES / 4).toBeGreaterThanOrEqual(SEEN_BYTES);
	});

	it('[WIN5] does not count what a reader may leave unconfirmed, but all that a closed one holds', () => {
		const backlog = new Backlog();
		const [idle, stalled] = [new Window(backlog), new Window(backlog)];
		idle.send(SEEN_BYTES);
		stalled.send(SEEN_BYTES + 1000);
		expect(backlog.bytes).toBe(1000);
		stalled.close();
		expect(backlog.bytes).toBe(SEEN_BYTES + 1000);
		idle.close();
		expect(backlog.bytes).toBe(SEEN_BYTES * 2 + 1000);
		const woken = new Window(backlog, idle.memory, true);
		woken.end();
		stalled.end();
		expect(backlog.bytes).toBe(0);
	});

	it('[WIN6] takes over what another process remembered', () => {
		const window = new Window(new Backlog());
		window.send(SEEN_BYTES * 2);
		const elsewhere = new Backlog();
		const moved = new Window(elsewhere, window.memory, false);
		expect(elsewhere.bytes).toBe(SEEN_BYTES);
		moved.end();
		expect(elsewhere.bytes).toBe(0);
	});

	it('[WIN5] is nothing once all windows have ended, whatever happened before', () =>
		withSeed((seed) => {
			const random = createRandom(seed);
			const backlog = new Backlog();
			let windows = Array.from({ length: 5 }, () => new Window(backlog));
			for (let step = 0; step < 2000; step++) {
				const window = random.pick(windows);
				const act = random.below(20);
				if (act < 10) window.send(random.below(50_000));
				else if (act < 12) window.hold(random.below(500_000));
				else if (act < 18) window.confirm(random.below(step * 10_000 + 1));
				else if (act === 18) window.close();
				else windows = windows.map((one) => new Window(backlog, one.memory, true));
				const least = windows.reduce((sum, { outstanding }) => sum + Math.max(outstanding - SEEN_BYTES, 0), 0);
				expect(backlog.bytes).toBeGreaterThanOrEqual(least);
			}
			for (const window of windows) window.end();
			expect(backlog.bytes).toBe(0);
		}));
});
