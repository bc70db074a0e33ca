// What comes together of a distributed relay: reports of channels, over storage in a map and a clock that is moved by hand.
import { describe, expect, it } from 'vitest';
import type { Connections } from '../../relay/audience.ts';
import { Figures } from '../../relay/figures.ts';
import { ANYBODY } from '../../relay/identity.ts';
import type { ChannelReport } from '../../relay/services/channel-report.ts';
import { Collector } from '../../relay/services/collector.ts';
import { readSettings } from '../../relay/settings.ts';
import { MapStorage } from '../support/map-storage.ts';

const MINUTE = 60_000;

/** A channel's object as it reports. */
class Part {
	readonly figures: Figures;
	readonly channel: string;
	memory: string;
	sockets = 0;
	more: Partial<ChannelReport> = {};

	constructor(channel: string, memory: string, clock: { now: number }) {
		this.channel = channel;
		this.memory = memory;
		this.figures = new Figures(() => clock.now);
	}

	publish(count: number): void {
		for (let n = 0; n < count; n++) {
			this.figures.begin().end();
			this.figures.committed(1, 100, 1);
			this.figures.settled(1, 0);
			this.figures.refused('forbidden');
		}
	}

	report(more: Partial<ChannelReport> = {}): ChannelReport {
		const connections: Connections = { socket: this.sockets, sse: 0, ndjson: 0, text: 0, poll: 0 };
		const { channel, memory, figures } = this;
		return {
			...{ channel, memory, connections, ungreeted: 0, addresses: [], backlogBytes: 0, charges: [] },
			...{ readings: figures.read(), strain: { ...figures.strain }, ...this.more, ...more },
		};
	}
}

function open(variables: Record<string, string> = {}) {
	const clock = { now: 1_800_000_000_000 };
	const storage = new MapStorage();
	const woken: string[] = [];
	const create = (deployment?: string) =>
		new Collector({
			...{ storage, clock: () => clock.now, limits: readSettings(variables).limits },
			...(deployment === undefined ? {} : { deployment }),
			recount: async (channel) => void woken.push(channel),
		});
	const part = (channel: string, memory = `${channel}-1`) => new Part(channel, memory, clock);
	return { clock, storage, woken, create, part, collector: create() };
}

const totalsOf = async (collector: Collector) => {
	const { viewers, readings, channels, backlogBytes } = await collector.summarise();
	const { events, receipts, requests, refusals } = readings;
	return { sockets: viewers.socket, channels, backlogBytes, events, receipts, requests, refusals };
};

describe('a collector', () => {
	it('[DIST1] adds up what channels have counted, each report once', async () => {
		const { collector, part } = open();
		const [one, other] = [part('one'), part('other')];
		one.sockets = 2;
		one.publish(3);
		other.sockets = 1;
		other.publish(4);
		for (const report of [one.report(), other.report({ backlogBytes: 7 }), one.report(), one.report()])
			await collector.report(report);
		const sum = { sockets: 3, channels: 2, backlogBytes: 7, events: 7, receipts: 7, requests: 7 };
		expect(await totalsOf(collector)).toEqual({ ...sum, refusals: { forbidden: 7 } });
		one.publish(1);
		one.sockets = 0;
		await collector.report(one.report());
		expect(await totalsOf(collector)).toMatchObject({ sockets: 1, channels: 1, events: 8 });
		expect(await collector.connectedChannels()).toEqual(['other']);
	});

	it('[DIST1] adds what another memory of the same channel counts, from its beginning', async () => {
		const { collector, part } = open();
		const [first, second] = [part('one', 'first'), part('one', 'second')];
		first.publish(5);
		first.sockets = 3;
		await collector.report(first.report());
		second.publish(2);
		second.sockets = 1;
		await collector.report(second.report());
		second.publish(1);
		await collector.report(second.report());
		expect(await totalsOf(collector)).toMatchObject({ events: 8, receipts: 8, sockets: 1, channels: 1 });
	});

	it('[DIST1] knows all of it after its own sleep, and goes on counting from there', async () => {
		const { collector, create, part, clock } = open();
		const parts = Array.from({ length: 1500 }, (_, n) => part(`channel-${n}`));
		for (const one of parts) {
			one.sockets = 1;
			one.publish(1);
			await collector.report(one.report());
		}
		const before = await totalsOf(collector);
		const { since } = (await collector.summarise()).readings;
		clock.now += 20_000;
		const woken = create();
		expect(await totalsOf(woken)).toEqual(before);
		expect((await woken.summarise()).readings.since).toBe(since);
		parts[0]?.publish(1);
		await woken.report((parts[0] as Part).report());
		expect(await totalsOf(woken)).toMatchObject({ events: 1501, sockets: 1500 });
	});

	it('[DIST1] has no connections of an earlier deployment, after its own sleep neither; what was counted stays', async () => {
		const { create, part } = open();
		const [one, other] = [part('one'), part('other')];
		for (const some of [one, other]) {
			some.sockets = 2;
			some.publish(1);
			await create('v1').report(some.report({ addresses: [['a', 2]], ungreeted: 1, backlogBytes: 5 }));
		}
		expect(await totalsOf(create('v1'))).toMatchObject({ sockets: 4, events: 2 });
		const next = create('v2');
		expect(await totalsOf(next)).toMatchObject({ sockets: 0, channels: 0, backlogBytes: 0, events: 2 });
		const back = part('one', 'one-2');
		back.sockets = 1;
		const view = await next.report(back.report({ addresses: [['a', 1]] }));
		expect(view).toMatchObject({ connections: 0, ungreeted: 0, addresses: [['a', 0]] });
		// The other channel was not written again since.
		expect(await totalsOf(create('v2'))).toMatchObject({ sockets: 1, channels: 1, events: 2 });
		expect(await create('v2').connectedChannels()).toEqual(['one']);
	});

	it('[DIST1] wakes channels that have connections and are silent, since an object that crashed says nothing', async () => {
		const { collector, part, clock, woken } = open();
		const [dead, idle, busy] = [part('dead'), part('idle'), part('busy')];
		for (const one of [dead, busy]) one.sockets = 1;
		for (const one of [dead, idle, busy]) await collector.report(one.report());
		expect(woken).toEqual([]);
		for (let minute = 0; minute < 25; minute++) {
			clock.now += MINUTE;
			await collector.report(busy.report());
		}
		expect(woken).toEqual(['dead', 'dead']);
		const again = part('dead', 'dead-2');
		await collector.report(again.report());
		expect(await totalsOf(collector)).toMatchObject({ sockets: 1, channels: 1 });
		expect(await collector.connectedChannels()).toEqual(['busy']);
	});

	it('[DIST1] forgets channels that nobody is connected to after an hour, all of them, and nothing that they counted', async () => {
		const { collector, part, clock, storage, create } = open();
		for (let n = 0; n < 350; n++) {
			const one = part(`gone-${n}`);
			one.publish(1);
			await collector.report(one.report());
		}
		const stays = part('stays');
		stays.sockets = 1;
		await collector.report(stays.report());
		expect(storage.values.size).toBe(352);
		clock.now += 70 * MINUTE;
		const late = part('late');
		await collector.report(late.report());
		expect([...storage.values.keys()].sort()).toEqual(['channel:late', 'channel:stays', 'totals']);
		expect(await totalsOf(create())).toMatchObject({ events: 350, sockets: 1 });
	});

	it('[DIST1] takes no report that it cannot add to what was stored, so that the channel reports again', async () => {
		const { create, part, storage } = open();
		const one = part('one');
		one.publish(2);
		await create().report(one.report());
		const read = storage.list;
		storage.list = () => Promise.reject(new Error('disk'));
		const woken = create();
		one.publish(1);
		await expect(woken.report(one.report({ charges: [['a', 5, 10]] }))).rejects.toThrow('disk');
		storage.list = read;
		const view = await woken.report(one.report({ charges: [['a', 5, 10]] }));
		expect(view.left).toEqual([['a', 5]]);
		expect(await totalsOf(woken)).toMatchObject({ events: 3 });
	});

	it('[DIST1] asks for reports the less often the more channels there are, and every 30 s at the least', async () => {
		const { collector, part } = open();
		const intervals: number[] = [];
		for (let n = 0; n < 400; n++) intervals.push((await collector.report(part(`channel-${n}`).report())).intervalMs);
		expect([intervals[0], intervals[99], intervals[399]]).toEqual([5000, 10_000, 30_000]);
		expect(Math.max(...intervals)).toBe(30_000);
	});

	it('[DIST2] says what is connected elsewhere, and of each address that was named', async () => {
		const { collector, part } = open();
		const [one, other, third] = [part('one'), part('other'), part('third')];
		one.sockets = 3;
		other.sockets = 4;
		third.sockets = 5;
		const address = (name: string, count: number): [string, number] => [name, count];
		await collector.report(one.report({ addresses: [address('a', 2), address('b', 1)], ungreeted: 1 }));
		await collector.report(other.report({ addresses: [address('a', 1), address('c', 3)], ungreeted: 2 }));
		const view = await collector.report(third.report({ addresses: [address('a', 5), address('d', 1)] }));
		expect(view).toMatchObject({ connections: 7, ungreeted: 3, addresses: [address('a', 3), address('d', 0)] });
	});

	it('[DIST2] [QUOTA4] charges what is taken of a limit over all channels, and through its own sleep', async () => {
		const { collector, create, part, clock } = open();
		const [one, other] = [part('one'), part('other')];
		const charges = (amount: number): ChannelReport['charges'] => [['publishes subject ada', amount, 60]];
		expect((await collector.report(one.report({ charges: charges(40) }))).left).toEqual([
			['publishes subject ada', 20],
		]);
		expect((await collector.report(other.report({ charges: charges(50) }))).left[0]?.[1]).toBe(-30);
		expect((await collector.report(one.report())).left).toEqual([]);
		clock.now += 10_000;
		expect((await create().report(one.report({ charges: charges(1) }))).left[0]?.[1]).toBe(-21);
		expect((await create().report(one.report({ charges: charges(-1) }))).left[0]?.[1]).toBe(-20);
		clock.now += 10 * MINUTE;
		expect((await create().report(one.report({ charges: charges(1) }))).left[0]?.[1]).toBe(59);
	});

	it('[DIST2] [QUOTA4] keeps more limits than one write takes, until they are whole again', async () => {
		const { create, part, clock, storage } = open();
		const names = Array.from({ length: 2500 }, (_, n) => `publishes address ${n}`);
		const one = part('one');
		one.sockets = 1;
		await create().report(one.report({ charges: names.map((name) => [name, 10, 10]) }));
		const woken = create();
		const view = await woken.report(one.report({ charges: [['publishes address 2499', 1, 10]] }));
		expect(view.left).toEqual([['publishes address 2499', -1]]);
		clock.now += 11 * MINUTE;
		await woken.report(one.report());
		expect([...storage.values.keys()].filter((key) => key.startsWith('limit:'))).toEqual([]);
	});

	it('[DIST2] [QUOTA2] holds the limit of new channels, and through its own sleep', async () => {
		const { collector, create, clock } = open({ LIVE_FEED_MAX_NEW_CHANNELS: '3' });
		const ada = { ...ANYBODY, subject: 'ada' };
		for (let n = 0; n < 3; n++) expect(await collector.openChannel(ada)).toBeUndefined();
		const refusal = await collector.openChannel(ada);
		expect(refusal).toMatchObject({ message: expect.stringContaining('3 new channels'), retryMs: 20_000 });
		expect(await create().openChannel(ada)).toMatchObject({ retryMs: 20_000 });
		expect(await create().openChannel({ ...ANYBODY, subject: 'eve' })).toBeUndefined();
		clock.now += 20_000;
		expect(await create().openChannel(ada)).toBeUndefined();
		expect(await create().openChannel(ada)).toBeDefined();
	});
});
