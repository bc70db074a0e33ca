// A clock that is wrong for a moment: what it hides comes back, and it deletes nothing.
// Knows the steady clock and the log; never knows an engine.
import { describe, expect, it } from 'vitest';
import { createEntry } from '../../relay/log.ts';
import { StorageLog } from '../../relay/log-storage.ts';
import { SteadyClock } from '../../relay/steady-clock.ts';
import { openTestChannel, settle } from '../support/channel.ts';
import { MapStorage } from '../support/map-storage.ts';

const START = 1_800_000_000_000;
const MINUTE = 60_000;
const DAY = 86_400_000;

function createClock() {
	const wall = { now: START };
	const steady = new SteadyClock(() => wall.now);
	steady.now();
	return { wall, steady };
}

describe('the steady clock', () => {
	it('[LOG9] goes with the engine clock by small steps, and back at once', () => {
		const { wall, steady } = createClock();
		for (const step of [1, 1000, MINUTE, -5000, 3, -DAY]) {
			wall.now += step;
			expect(steady.now()).toBe(wall.now);
		}
	});

	it('[LOG9] believes no jump of a moment', () => {
		const { wall, steady } = createClock();
		wall.now += DAY;
		expect(steady.now()).toBe(START);
		wall.now += 5000;
		expect(steady.now()).toBe(START + 5000);
		wall.now -= DAY;
		expect(steady.now()).toBe(START + 5000);
		wall.now += 2 * MINUTE - 1;
		steady.now();
		wall.now += MINUTE;
		expect(steady.now()).toBeLessThanOrEqual(wall.now);
	});

	it('[LOG9] believes a jump that has lasted for a minute', () => {
		const { wall, steady } = createClock();
		wall.now += DAY;
		steady.now();
		wall.now += MINUTE;
		expect([steady.now(), steady.isSure()]).toEqual([wall.now, true]);
	});

	it('[LOG9] is not sure right after a start, a jump or a step back', () => {
		const { wall, steady } = createClock();
		expect(steady.isSure()).toBe(false);
		wall.now += MINUTE;
		expect(steady.isSure()).toBe(true);
		wall.now -= 1;
		expect(steady.isSure()).toBe(false);
	});
});

/** Events of an hour, kept for two. `isSure` is what the clock says of itself. */
async function open(clock: { now: number }, isSure: () => boolean, steady: () => number = () => clock.now) {
	const storage = new MapStorage();
	const options = {
		...{ retention: { entries: 10_000, ageMs: 2 * 60 * MINUTE }, clock: steady, isSure },
		createEpoch: () => 'k3f9',
	};
	const log = new StorageLog(storage, options, (error) => {
		throw error;
	});
	await log.load();
	const append = (count: number, time: number) => {
		for (let n = 0; n < count; n++) {
			const seq = log.last + 1;
			log.append([createEntry({ id: `k3f9:${seq}`, seq, time, type: 'message', text: 'x'.repeat(900) })], []);
		}
	};
	for (let n = 0; n < 60; n++) append(2, START + n * MINUTE);
	clock.now = START + 60 * MINUTE;
	await settle();
	const segments = () => [...storage.values.keys()].filter((key) => key.startsWith('e:')).length;
	return { log, storage, append, segments };
}

it('[LOG9] shows again what one read of a wrong clock has hidden', async () => {
	const clock = { now: START };
	const { log } = await open(clock, () => true);
	clock.now += DAY;
	await log.expire();
	expect(log.first).toBe(log.last + 1);
	clock.now -= DAY;
	await log.expire();
	expect(log.first).toBe(1);
	expect(await log.read(0, 1000)).toHaveLength(120);
});

it('[LOG9] deletes nothing by a clock that is not sure', async () => {
	const clock = { now: START };
	const { log, append, segments } = await open(clock, () => false);
	const before = segments();
	clock.now += DAY;
	append(2, clock.now);
	await settle();
	expect(segments()).toBeGreaterThanOrEqual(before);
	clock.now -= DAY;
	await log.expire();
	expect(log.first).toBe(1);
});

it('[LOG9] deletes by a clock that is sure', async () => {
	const clock = { now: START };
	const { append, segments } = await open(clock, () => true);
	const before = segments();
	clock.now += DAY;
	append(10, clock.now);
	await settle();
	expect(segments()).toBeLessThan(before / 2);
});

it('[LOG9] a write of a wrong moment gets the time of before, and retention goes on', async () => {
	const wall = { now: START };
	const steady = new SteadyClock(() => wall.now);
	const { log } = await open(wall, steady.isSure, steady.now);
	for (let n = 0; n < 70; n++) {
		steady.now(); // it is read at least once a minute
		wall.now += MINUTE / 2;
	}
	const test = await openTestChannel(log, {
		get now() {
			return steady.now();
		},
	} as { now: number });
	const before = steady.now();
	wall.now += DAY;
	test.publish([{ text: 'in a wrong moment' }]);
	await test.drainAll();
	wall.now -= DAY;
	expect(log.lastTime - before).toBeLessThan(MINUTE);
	expect(log.first).toBe(1);
	expect(test.channel.readPulse().minute * MINUTE).toBeLessThan(wall.now);
});
