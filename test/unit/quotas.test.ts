// What is left to whom: buckets, and the limits that are held by them.
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../relay/http/addresses.ts';
import { Limiter } from '../../relay/limiter.ts';
import { Quotas } from '../../relay/quotas.ts';
import { readSettings } from '../../relay/settings.ts';
import { createRandom, withSeed } from '../support/random.ts';

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

describe('a quota that holds beyond this memory', () => {
	const create = () => {
		const clock = { now: 1_800_000_000_000 };
		return { clock, quotas: new Quotas(() => clock.now, true), rest: new Quotas(() => clock.now, true) };
	};

	it('is drained once: what was taken and given back, of all names but connections', () => {
		const { quotas } = create();
		quotas.take(['p subject ada', 'p connection 1'], 3, 10);
		quotas.take(['p subject ada', 'p address 10.0.0.1'], 2, 10);
		quotas.charge(['p subject ada'], -1, 10);
		quotas.take(['p subject ada'], 100, 10); // not given, so not taken
		expect(quotas.drain()).toEqual([
			['p subject ada', 4, 10],
			['p address 10.0.0.1', 2, 10],
		]);
		expect(quotas.drain()).toEqual([]);
		expect(createQuotas().quotas.drain()).toEqual([]);
	});

	it('cannot be kept from others by a subject that is named like a connection', () => {
		const { quotas } = create();
		quotas.take(['p subject a connection b'], 1, 10);
		expect(quotas.drain()).toEqual([['p subject a connection b', 1, 10]]);
	});

	it('is drained again after it could not be passed on, with what was taken meanwhile', () => {
		const { quotas } = create();
		quotas.take(['a'], 3, 10);
		const taken = quotas.drain();
		quotas.take(['a'], 2, 10);
		quotas.restore(taken);
		expect(quotas.drain()).toEqual([['a', 5, 10]]);
		expect(quotas.left('a')).toBe(5); // taken once
	});

	it('has no more left than what others have left of it, less what was taken since, and never more for it', () => {
		const { clock, quotas } = create();
		quotas.take(['a'], 1, 10);
		quotas.drain();
		quotas.take(['a'], 2, 10);
		quotas.adopt('a', 5);
		expect(quotas.left('a')).toBe(3);
		quotas.adopt('a', Number.POSITIVE_INFINITY);
		quotas.adopt('a', 10);
		expect(quotas.left('a')).toBe(3);
		quotas.adopt('unknown', -5);
		expect(quotas.left('unknown')).toBe(Number.POSITIVE_INFINITY);
		quotas.adopt('a', -10);
		expect(quotas.take(['a'], 1, 10)).toBe(13 * 6000);
		clock.now += 13 * 6000;
		expect(quotas.take(['a'], 1, 10)).toBe(0);
	});

	it('is stored and taken back, unless it is full, and holds by another setting too', () => {
		const { clock, quotas, rest } = create();
		quotas.charge(['a'], 30, 10);
		quotas.take(['b'], 1, 10);
		rest.resume('a', quotas.keep('a') as NonNullable<ReturnType<Quotas['keep']>>);
		expect(rest.left('a')).toBe(-20);
		clock.now += MINUTE;
		expect([rest.left('a'), quotas.keep('b'), quotas.keep('c')]).toEqual([-10, undefined, undefined]);
		rest.resume('a', { left: 5, at: clock.now, perMinute: 10 });
		expect(rest.left('a')).toBe(-10);
		rest.resume('d', { left: 900, at: clock.now, perMinute: 1000 });
		expect(rest.take(['d'], 10, 10)).toBe(0);
		expect(rest.take(['d'], 1, 10)).toBe(6000);
	});

	it('is together no more than the limit and what each part took before it had reported', () =>
		withSeed((seed) => {
			const random = createRandom(seed);
			const { clock, rest } = create();
			const LIMIT = 60;
			const parts = Array.from({ length: 5 }, () => new Quotas(() => clock.now, true));
			let [given, charged] = [0, 0];
			const start = clock.now;
			for (let step = 0; step < 5000; step++) {
				clock.now += random.below(200);
				const part = random.pick(parts);
				if (random.below(4) > 0) {
					const amount = random.between(1, 3);
					if (part.take(['a'], amount, LIMIT) === 0) given += amount;
					continue;
				}
				const taken = part.drain();
				if (random.below(5) === 0) {
					part.restore(taken);
					continue;
				}
				for (const [name, amount, perMinute] of taken) rest.charge([name], amount, perMinute);
				charged += taken.reduce((sum, [, amount]) => sum + amount, 0);
				for (const [name] of taken) part.adopt(name, rest.left(name));
			}
			const waiting = parts.flatMap((part) => part.drain()).reduce((sum, [, amount]) => sum + amount, 0);
			expect(charged + waiting).toBe(given); // none lost, none twice
			const allowed = LIMIT + ((clock.now - start) / MINUTE) * LIMIT;
			expect(given).toBeLessThanOrEqual(allowed + parts.length * LIMIT);
			expect(given).toBeGreaterThan(allowed * 0.5);
		}));
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
