// What all channels of a distributed relay report to: sums, limits, and what survives its sleep.
import { describe, expect, it } from 'vitest';
import { emptyReadings } from '../../relay/figures.ts';
import { Quotas } from '../../relay/quotas.ts';
import type { ChannelReport, Charge } from '../../relay/services/channel-report.ts';
import { Collector } from '../../relay/services/collector.ts';
import { readSettings } from '../../relay/settings.ts';
import { MapStorage } from '../support/map-storage.ts';

const HOUR_MS = 3_600_000;

function open(storage = new MapStorage(), deployment = 'one', vars: Record<string, string> = {}) {
	const clock = { now: 1_800_000_000_000 };
	const collector = new Collector({
		storage,
		deployment,
		limits: readSettings(vars).limits,
		clock: () => clock.now,
	});
	return { storage, clock, collector };
}

interface Said {
	memory?: string;
	sockets?: number;
	addresses?: [string, number][];
	requests?: number;
	events?: number;
	charges?: Charge[];
}

function report(channel: string, said: Said): ChannelReport {
	const { memory = 'first', sockets = 0, addresses = [], requests = 0, events = 0, charges = [] } = said;
	return {
		...{ channel, memory, addresses, charges, ungreeted: 0, backlogBytes: 100 * sockets },
		connections: { socket: sockets, sse: 0, ndjson: 0, text: 0, poll: 0 },
		readings: { ...emptyReadings(0), requests, events },
		strain: { drafts: 1, draftBytes: 10, lag: sockets },
	};
}

describe('a collector', () => {
	it('[DIST1] adds up what channels report, each by its newest report', async () => {
		const { collector } = open();
		await collector.report(report('a', { sockets: 2, requests: 10, events: 5 }));
		await collector.report(report('b', { sockets: 1, requests: 1, events: 1 }));
		await collector.report(report('a', { sockets: 3, requests: 12, events: 5 }));
		expect(await collector.summarise()).toMatchObject({
			...{ channels: 2, viewers: { socket: 4 }, backlogBytes: 400, drafts: 2, draftBytes: 20, lag: 3 },
			readings: { requests: 13, events: 6 },
		});
		await collector.report(report('a', { requests: 13, events: 5 }));
		expect(await collector.summarise()).toMatchObject({
			channels: 1,
			viewers: { socket: 1 },
			readings: { requests: 14 },
		});
		expect(await collector.connectedChannels()).toEqual(['b']);
	});

	it('[DIST1] adds what a new memory counts to what an earlier one has counted', async () => {
		const { collector } = open();
		await collector.report(report('a', { sockets: 2, requests: 10, events: 5 }));
		await collector.report(report('a', { memory: 'second', sockets: 2, requests: 3, events: 1 }));
		expect(await collector.summarise()).toMatchObject({
			viewers: { socket: 2 },
			readings: { requests: 13, events: 6 },
		});
	});

	it('[DIST1] has all of it after its own sleep, and no connections after another deployment', async () => {
		const { collector, storage } = open();
		await collector.report(report('a', { sockets: 2, requests: 10 }));
		const awake = open(storage).collector;
		expect(await awake.summarise()).toMatchObject({ viewers: { socket: 2 }, readings: { requests: 10 } });
		await awake.report(report('a', { sockets: 2, requests: 11 }));
		expect(await awake.summarise()).toMatchObject({ readings: { requests: 11 } });
		const deployed = open(storage, 'two').collector;
		expect(await deployed.connectedChannels()).toEqual([]);
		expect(await deployed.summarise()).toMatchObject({
			channels: 0,
			viewers: { socket: 0 },
			readings: { requests: 11 },
		});
	});

	it('[DIST2] tells a channel what is connected elsewhere, of all and of its own addresses', async () => {
		const { collector } = open();
		await collector.report(
			report('a', {
				sockets: 3,
				addresses: [
					['192.0.2.1', 2],
					['192.0.2.2', 1],
				],
			}),
		);
		const view = await collector.report(report('b', { sockets: 1, addresses: [['192.0.2.1', 1]] }));
		expect(view).toMatchObject({ connections: 3, addresses: [['192.0.2.1', 2]], intervalMs: 5000 });
	});

	it('[DIST2] takes what channels have used of a limit from all of them', async () => {
		const { collector } = open();
		const charge = (amount: number): Said => ({ charges: [['publishes subject ada', amount, 100]] });
		expect((await collector.report(report('a', charge(60)))).left).toEqual([['publishes subject ada', 40]]);
		expect((await collector.report(report('b', charge(30)))).left).toEqual([['publishes subject ada', 10]]);
	});

	it('[DIST2] refuses new channels beyond their limit at once', () => {
		const { collector } = open(undefined, undefined, { LIVE_FEED_MAX_NEW_CHANNELS: '2' });
		const who = { subject: 'ada', rights: 0 };
		expect([collector.openChannel(who), collector.openChannel(who)]).toEqual([undefined, undefined]);
		expect(collector.openChannel(who)).toMatchObject({ retryMs: 30_000 });
	});

	it('[DIST1] forgets a channel without connections after an hour, and keeps its totals', async () => {
		const { collector, clock, storage } = open();
		await collector.report(report('gone', { requests: 7 }));
		clock.now += 2 * HOUR_MS;
		await collector.report(report('a', { sockets: 1 }));
		clock.now += HOUR_MS;
		await collector.report(report('a', { sockets: 1 }));
		expect([...(await storage.list({ prefix: 'channel:', limit: 10 })).keys()]).toEqual(['channel:a']);
		expect(await collector.summarise()).toMatchObject({ readings: { requests: 7 } });
	});
});

describe('quotas that hold beyond one memory', () => {
	const name = 'publishes subject ada';

	it('[DIST2] drain what was taken, without what is of a connection alone', () => {
		const quotas = new Quotas(() => 0, true);
		quotas.take([name, 'publishes connection 1'], 3, 100);
		quotas.charge([name], 2, 100);
		expect(quotas.drain()).toEqual([[name, 5, 100]]);
		expect(quotas.drain()).toEqual([]);
	});

	it('[DIST2] leave no more than others have left, less what was taken meanwhile', () => {
		const quotas = new Quotas(() => 0, true);
		quotas.take([name], 10, 100);
		const taken = quotas.drain();
		quotas.take([name], 5, 100);
		quotas.adopt(name, 20);
		expect(quotas.left(name)).toBe(15);
		quotas.adopt(name, 1000);
		expect(quotas.left(name)).toBe(15);
		quotas.restore(taken);
		expect(quotas.drain()).toEqual([[name, 15, 100]]);
	});
});
