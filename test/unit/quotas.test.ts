// What is left to whom: buckets, and the limits that are held by them.
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../relay/http/addresses.ts';
import { Limiter } from '../../relay/limiter.ts';
import { Quotas } from '../../relay/quotas.ts';
import { readSettings } from '../../relay/settings.ts';

const MINUTE = 60_000;

function createQuotas() {
	const clock = { now: 1_800_000_000_000 };
	return { clock, quotas: new Quotas(() => clock.now) };
}

describe('a quota', () => {
	it('is there all at once, and then comes again bit by bit', () => {
		const { clock, quotas } = createQuotas();
		expect(Array.from({ length: 10 }, () => quotas.take(['a'], 1, 10))).toEqual(Array(10).fill(0));
		expect(quotas.take(['a'], 1, 10)).toBe(6000);
		clock.now += 5990;
		expect(quotas.take(['a'], 1, 10)).toBeGreaterThan(0);
		clock.now += 10;
		expect(quotas.take(['a'], 1, 10)).toBe(0);
		clock.now += 100 * MINUTE;
		expect(quotas.take(['a'], 10, 10)).toBe(0);
		expect(quotas.take(['a'], 1, 10)).toBe(6000);
	});

	it('may be taken when it was said that it may', () => {
		const { clock, quotas } = createQuotas();
		for (const [amount, perMinute] of [
			[1, 7],
			[3, 11],
			[1000, 999_999],
		] as const) {
			const name = [String(perMinute)];
			quotas.take(name, perMinute, perMinute);
			for (let round = 0; round < 50; round++) {
				clock.now += quotas.take(name, amount, perMinute);
				expect(quotas.take(name, amount, perMinute)).toBe(0);
			}
		}
	});

	it('is taken from each name or from none', () => {
		const { quotas } = createQuotas();
		quotas.take(['b'], 10, 10);
		expect(quotas.take(['a', 'b'], 1, 10)).toBe(6000);
		expect(quotas.take(['a'], 10, 10)).toBe(0);
	});

	it('gives what is more than all of it to who has all, and is owed the rest', () => {
		const { clock, quotas } = createQuotas();
		expect(quotas.take(['a'], 25, 10)).toBe(0);
		expect(quotas.take(['a'], 1, 10)).toBe(16 * 6000);
		clock.now += 16 * 6000;
		expect(quotas.take(['a'], 1, 10)).toBe(0);
		quotas.charge(['b'], 1e15, 10);
		expect(quotas.take(['b'], 1, 10)).toBeGreaterThan(MINUTE);
	});

	it('holds nobody up for a clock that goes back, and gives nothing for it', () => {
		const { clock, quotas } = createQuotas();
		quotas.take(['a'], 10, 10);
		clock.now -= 24 * 60 * MINUTE;
		expect(quotas.take(['a'], 1, 10)).toBe(6000);
		clock.now += 6000;
		expect(quotas.take(['a'], 1, 10)).toBe(0);
	});

	it('of 100,000 names that come once takes the memory of a tenth of them', () => {
		const { clock, quotas } = createQuotas();
		let most = 0;
		for (let n = 0; n < 100_000; n++) {
			if (n % 100 === 0) clock.now += 60; // 100,000 in a minute
			quotas.take([`address ${n}`], 1, 600);
			most = Math.max(most, quotas.size);
		}
		console.log(`100,000 addresses in a minute: ${most} buckets at the most`);
		expect(most).toBeLessThanOrEqual(10_001);
	});

	it('that is owed is not forgotten for the many that come meanwhile', () => {
		const { clock, quotas } = createQuotas();
		quotas.charge(['debtor'], 1000, 10);
		for (let n = 0; n < 30_000; n++) {
			if (n % 1000 === 0) clock.now += MINUTE;
			quotas.take([`other ${n}`], 1, 10);
		}
		expect(quotas.take(['debtor'], 1, 10)).toBeGreaterThan(60 * MINUTE);
	});
});

describe('a limiter', () => {
	const clock = { now: 1_800_000_000_000 };
	const create = (variables: Record<string, string>) => new Limiter(readSettings(variables).limits, () => clock.now);
	const who = (subject = '', address?: string) => ({ who: { subject, rights: 0, address } });

	it('limits a subject wherever it comes from, an address whoever comes, and a connection', () => {
		const limiter = create({ LIVE_FEED_MAX_PUBLISHES: '2' });
		expect(limiter.publish(who('ada', '10.0.0.1'), 1)).toBeUndefined();
		expect(limiter.publish(who('ada', '10.0.0.2'), 1)).toBeUndefined();
		expect(limiter.publish(who('ada', '10.0.0.3'), 1)).toMatchObject({ code: 'rate-limited', retryMs: 30_000 });
		expect(limiter.publish(who('eve', '10.0.0.1'), 1)).toBeUndefined();
		expect(limiter.publish(who('bob', '10.0.0.1'), 1)).toMatchObject({ code: 'rate-limited' });
		const socket = { ...who(), connection: 'c1' };
		expect([1, 2, 3].map(() => limiter.publish(socket, 1)?.code)).toEqual([undefined, undefined, 'rate-limited']);
	});

	it('takes all of whom nothing is known for one', () => {
		const limiter = create({ LIVE_FEED_MAX_NEW_CHANNELS: '2' });
		expect([1, 2, 3].map(() => limiter.openChannel(who())?.code)).toEqual([undefined, undefined, 'rate-limited']);
		expect(limiter.openChannel(who('ada'))).toBeUndefined();
	});

	it('counts no event that it refuses for its bytes', () => {
		const limiter = create({ LIVE_FEED_MAX_PUBLISHES: '3', LIVE_FEED_MAX_PUBLISHED_BYTES: '100' });
		expect(limiter.publish(who('ada'), 100)).toBeUndefined();
		for (let n = 0; n < 10; n++) expect(limiter.publish(who('ada'), 50)?.message).toContain('bytes of events');
		clock.now += 30_000;
		expect(limiter.publish(who('ada'), 25)).toBeUndefined();
		expect(limiter.publish(who('ada'), 25)).toBeUndefined();
	});

	it('lets read until what was read is too much', () => {
		const limiter = create({ LIVE_FEED_MAX_REPLAYED_BYTES: '1000' });
		expect(limiter.replay(who('ada'))).toBeUndefined();
		limiter.replayed(who('ada'), 5000);
		expect(limiter.replay(who('ada'))?.retryMs).toBeGreaterThan(4 * MINUTE);
		expect(limiter.replay(who('eve'))).toBeUndefined();
	});

	it('limits nothing of an open relay but what is said', () => {
		const limiter = create({});
		for (let n = 0; n < 1000; n++) expect(limiter.publish(who('', '10.0.0.1'), 1e9)).toBeUndefined();
	});
});

describe('an address', () => {
	it.each([
		['203.0.113.7', '203.0.113.7'],
		['198.51.100.1, 203.0.113.7', '203.0.113.7'],
		['203.0.113.7:5123', '203.0.113.7'],
		['::ffff:203.0.113.7', '203.0.113.7'],
		['2001:db8::1:2', '2001:db8:0:0::/64'],
		['2001:DB8:0:0:ffff::9', '2001:db8:0:0::/64'],
		['[2001:db8::9]:443', '2001:db8:0:0::/64'],
		['::1', '0:0:0:0::/64'],
		['fe80:1:2:3:4:5:6:7', 'fe80:1:2:3::/64'],
		['203.0.113.999', undefined],
		['unknown', undefined],
		['_hidden', undefined],
		['', undefined],
		['1::2::3', undefined],
		[':::::', undefined],
		['203.0.113.7, evil', undefined],
		['abc', undefined],
	])('%j counts as %j', (told, address) => {
		expect(readAddress(new Headers({ 'x-real-ip': told }), 'x-real-ip')).toBe(address);
		expect(readAddress(new Headers({ 'x-real-ip': told }), undefined)).toBeUndefined();
	});
});
