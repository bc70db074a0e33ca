// Who is connected here and elsewhere, and when it is enough.
import { describe, expect, it } from 'vitest';
import { Audience, countAll } from '../../relay/audience.ts';
import { readSettings } from '../../relay/settings.ts';

const limits = (variables: Record<string, string>) => readSettings(variables).limits;

describe('an audience', () => {
	it('counts connections elsewhere towards every limit, and not as its own', () => {
		const audience = new Audience();
		const bounds = limits({
			LIVE_FEED_ADDRESS_HEADER: 'x-forwarded-for',
			LIVE_FEED_MAX_CONNECTIONS: '10',
			LIVE_FEED_MAX_CONNECTIONS_PER_ADDRESS: '3',
			LIVE_FEED_MAX_UNGREETED: '2',
		});
		const refusals = (address = 'a') =>
			[true, false].map((isSocket) => audience.refuse(bounds, address, isSocket)?.code);
		audience.enter('one', 'socket', 'a');
		expect(refusals()).toEqual([undefined, undefined]);
		audience.setElsewhere(9, 0, []);
		expect(refusals()).toEqual(['relay-full', 'relay-full']);
		audience.setElsewhere(8, 2, []);
		expect(refusals()).toEqual(['relay-full', undefined]);
		audience.setElsewhere(8, 1, [
			['a', 1],
			['b', 3],
		]);
		expect(refusals()).toEqual([undefined, undefined]);
		expect(refusals('b')).toEqual(['relay-full', 'relay-full']);
		audience.setElsewhere(8, 1, [['a', 2]]);
		expect([refusals(), refusals('b')]).toEqual([
			['relay-full', 'relay-full'],
			[undefined, undefined],
		]);
		expect([countAll(audience.count()), audience.ungreeted, audience.addresses]).toEqual([1, 0, [['a', 1]]]);
		audience.leave('one', 'socket', 'a');
		expect(audience.addresses).toEqual([]);
	});
});
