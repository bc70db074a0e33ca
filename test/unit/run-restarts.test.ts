// What the starter decides by numbers: how long it waits before it starts an engine again, and how many connections fit.
import { describe, expect, it } from 'vitest';
import { connectionsWithin, readDescriptorLimit } from '../../relay/run/descriptors.ts';
import { pauseAfter } from '../../relay/run/supervisor.ts';

describe('an engine that has died', () => {
	it('is started again at once, then after pauses that double up to 30 s, however often it dies', () => {
		const pauses = [1, 2, 3, 4, 8, 9, 10, 1000, 1_000_000].map(pauseAfter);
		expect(pauses).toEqual([0, 250, 500, 1000, 16_000, 30_000, 30_000, 30_000, 30_000]);
	});
});

describe('connections', () => {
	it('are as many as the descriptors leave room for, at two each and with a reserve', () => {
		expect([10, 129, 300, 1024, 20_000, 1_048_576].map(connectionsWithin)).toEqual([1, 1, 86, 409, 8000, 419_430]);
	});

	it.runIf(process.platform === 'linux')('have a limit that the system tells', () => {
		expect(readDescriptorLimit()).toBeGreaterThan(100);
	});
});
