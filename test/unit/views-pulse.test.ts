// The hour that the pulse draws.
import { describe, expect, it } from 'vitest';
import { lastHour } from '../../widget/views/pulse.ts';

const minute = 29_000_000;
const counts = (at: number, n: number) => Array.from({ length: 60 }, (_, i) => (i === at ? n : 0));

describe('the last hour', () => {
	it('adds the levels up and keeps the errors apart', () => {
		const hour = lastHour({ minute: minute - 59, counts: { info: counts(59, 4), error: counts(59, 2) } }, minute);
		expect(hour).toHaveLength(60);
		expect(hour[59]).toEqual([6, 2]);
		expect(hour[0]).toEqual([0, 0]);
	});

	it('moves on with the clock', () => {
		const hour = lastHour({ minute: minute - 59, counts: { info: counts(59, 4) } }, minute + 10);
		expect(hour[49]).toEqual([4, 0]);
		expect(hour[59]).toEqual([0, 0]);
	});
});
