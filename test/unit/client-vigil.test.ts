// When a client asks whether its connection lives, and for what: over a clock that is moved by hand.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Vigil } from '../../widget/client/vigil.ts';

function open() {
	const pings: ('full' | 'bare')[] = [];
	const state = { heardAt: Date.now(), restarts: 0 };
	const vigil = new Vigil({
		isOpen: () => true,
		heardAt: () => state.heardAt,
		outbox: { waiting: [], takenAt: 0 },
		ping: (isFull) => pings.push(isFull ? 'full' : 'bare'),
		restart: () => {
			state.restarts++;
		},
	});
	return { pings, state, vigil };
}

describe('a vigil', () => {
	beforeEach(() => {
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	it('[PING3] asks into silence for a sign of life alone, and after a sleep of the device for the position', () => {
		const { pings, state, vigil } = open();
		vi.advanceTimersByTime(25_000);
		expect(pings).toEqual(['bare']);
		state.heardAt = Date.now();
		vi.advanceTimersByTime(15_000);
		expect(pings).toEqual(['bare']);
		vi.setSystemTime(Date.now() + 60_000);
		vi.advanceTimersByTime(5000);
		expect(pings).toEqual(['bare', 'full']);
		vigil.end();
	});

	it('leaves a connection on which nothing comes, and stays where anything does', () => {
		const { state, vigil } = open();
		vi.advanceTimersByTime(26_000);
		state.heardAt = Date.now(); // the engine's answer
		vi.advanceTimersByTime(14_000);
		expect(state.restarts).toBe(0);
		vi.advanceTimersByTime(30_000);
		expect(state.restarts).toBeGreaterThan(0);
		vigil.end();
	});
});
