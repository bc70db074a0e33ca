// A clock that is wrong for a moment: a day ahead for one read, for one write, and a day back, on a log of one hour kept for two.
// Knows the clock and what is stored; never knows an engine.
import { Channel } from '../../relay/channel.ts';
import { ANYBODY } from '../../relay/identity.ts';
import { StorageLog } from '../../relay/log-storage.ts';
import { parseDraft } from '../../relay/protocol/draft.ts';
import { SteadyClock } from '../../relay/steady-clock.ts';
import type { Scenario } from '../faults/scenario.ts';
import { MapStorage } from '../support/map-storage.ts';

const START = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const EVENTS = 120;

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A channel as a room opens it, on a clock that is moved by hand, with an event each half minute of an hour. */
async function open(keptMs: number) {
	const wall = { now: START };
	const { now: clock, isSure } = new SteadyClock(() => wall.now);
	const storage = new MapStorage();
	const faults: unknown[] = [];
	const retention = { entries: 10_000, ageMs: keptMs };
	const log = new StorageLog(storage, { retention, clock, isSure, createEpoch: () => 'k3f9' }, (error) =>
		faults.push(error),
	);
	const channel = new Channel({
		...{ log, clock },
		afterDrain: (run) => setTimeout(run, 0),
		onFault: (error) => faults.push(error),
	});
	await channel.load();
	const publish = async (text: string, key?: string) => {
		const results = await new Promise<readonly object[]>((resolve) => {
			const draft = parseDraft({ text, ...(key === undefined ? {} : { key }) });
			channel.publish({ settle: resolve }, [{ ref: 0, draft, bytes: 1000 }], ANYBODY);
		});
		for (let n = 0; n < 3; n++) await settle();
		return results[0] as { receipt?: { time: number; duplicate: boolean } };
	};
	for (let n = 0; n < EVENTS; n++) {
		await publish('x'.repeat(900), n === 0 ? 'first' : undefined);
		wall.now += MINUTE_MS / 2;
	}
	const count = async () => (await channel.page({ limit: 1000, types: [] })).events.length;
	const segments = () => [...storage.values.keys()].filter((key) => key.startsWith('e:')).length;
	return { wall, channel, publish, count, segments, faults };
}

export const runClock: Scenario = async () => {
	const failures: string[] = [];
	const hold = (isTrue: boolean, text: string) => {
		if (!isTrue) failures.push(text);
	};
	const log = await open(2 * HOUR_MS);
	const { wall, channel, publish, count, segments, faults } = log;

	wall.now += DAY_MS;
	const during = await count();
	wall.now -= DAY_MS;
	const after = await count();
	hold(during === EVENTS && after === EVENTS, `a read a day ahead shows ${during} events, and ${after} afterwards`);

	const stored = segments();
	wall.now += DAY_MS;
	const ahead = await publish('a day ahead');
	const again = await publish('x'.repeat(900), 'first');
	wall.now -= DAY_MS;
	const kept = await count();
	const left = segments();
	const lead = (ahead.receipt?.time ?? 0) - wall.now;
	hold(
		kept === EVENTS + 1 && left >= stored,
		`after a write a day ahead ${kept} events and ${left} of ${stored} segments are left`,
	);
	hold(lead <= MINUTE_MS, `its time is ${lead} ms ahead`);
	hold(again.receipt?.duplicate === true, 'a key is forgotten by a wrong clock');
	const pulse = Object.values(channel.readPulse().counts).flat();
	const counted = pulse.reduce((sum: number, one) => sum + (one ?? 0), 0);
	hold(counted > EVENTS / 2, `the pulse of the hour counts ${counted} events`);

	// Retention goes on: three hours later all of these are too old, a little late.
	for (let minutes = 0; minutes < 183; minutes++) {
		wall.now += MINUTE_MS;
		if (minutes % 10 === 0) await count();
		else channel.readPulse();
	}
	const old = await count();
	hold(old === 0, `${old} events are shown that are too old`);
	for (let n = 0; n < 10; n++) await publish('x'.repeat(900));
	hold(segments() < stored / 2, `${segments()} of ${stored} segments are left of what is too old`);

	wall.now -= DAY_MS;
	const back = await publish('a day back');
	hold(back.receipt !== undefined, 'nothing is taken while the clock is a day back');
	wall.now += DAY_MS;
	const shown = await count();
	hold(shown === 11, `${shown} of 11 events are shown after a day back`);
	hold(faults.length === 0, `${faults.length} faults: ${faults[0]}`);
	return {
		lines: [
			`one read a day ahead: ${after} of ${EVENTS} events shown afterwards; 0 until a restart on 2d48d35`,
			`one write a day ahead: ${kept} of ${EVENTS + 1} events kept, its time ${lead} ms ahead; 1 kept, 86,400,000 ms ahead on 2d48d35`,
			`three hours later ${old} of them are shown and their segments deleted; none for a day on 2d48d35`,
		],
		failures,
	};
};
