// Many headless clients come back after the relay was killed: spread out, and soon.
// Knows when each connection was tried and how many are live; never knows how a client chooses its moment.
import { type ChildProcess, fork } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { startCrashingRelay } from './crash.ts';
import { startProxy } from './proxy.ts';
import type { Told } from './return-clients.ts';
import { group, pause, type ScenarioOptions, type ScenarioResult, until } from './scenario.ts';

/** Chance is the clients' own here: no seed repeats it. */
export const KEPT_SEEDS: readonly number[] = [];

const CHANNEL = 'return';
const PROCESSES = 2;
const WINDOW_MS = 100;
/** The bound of the promise, for a thousand clients. */
const MAX_SHARE = 0.05;
const LIVE_WITHIN_MS = 15_000;

export async function runReturn({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const count = short ? 40 : 1000;
	const relay = await startCrashingRelay();
	const proxy = await startProxy(relay.port);
	const children: ChildProcess[] = [];
	const failures: string[] = [];
	const ask = async (): Promise<Told> => {
		const told = children.map(hear);
		for (const child of children) child.send('tell');
		const all = await Promise.all(told);
		return {
			live: sum(all.map(({ live }) => live)),
			lost: sum(all.map(({ lost }) => lost)),
			chosen: all.flatMap(({ chosen }) => chosen),
		};
	};
	try {
		const script = fileURLToPath(new URL('return-clients.ts', import.meta.url));
		for (let index = 0; index < PROCESSES; index++) {
			// Processes of their own, so that the proxy's clock is not held up by the clients' work.
			children.push(fork(script, [proxy.url, CHANNEL, String(count / PROCESSES)], { execArgv: ['--import', 'tsx'] }));
		}
		const joined = await Promise.all(children.map(hear));
		if (sum(joined.map(({ live }) => live)) !== count) throw new Error('not all clients began');

		const before = proxy.attempts.length;
		const lag = monitorEventLoopDelay({ resolution: 5 });
		lag.enable();
		const killedAt = performance.now();
		await relay.crash();
		const answeredMs = performance.now() - killedAt;
		let told: Told = { live: 0, lost: 0, chosen: [] };
		const isBack = await until(async () => {
			told = await ask();
			if (told.live < count) await pause(50);
			return told.lost === count && told.live === count;
		}, LIVE_WITHIN_MS * 4);
		const liveMs = performance.now() - killedAt;
		const attempts = proxy.attempts.slice(before).map((time) => time - killedAt);
		const { peak, at } = findPeak(attempts);
		const share = peak / attempts.length;
		const meant = findPeak(told.chosen.toSorted((a, b) => a - b)).peak;
		if (!isBack) failures.push(`${told.live} clients of ${count} are live, ${told.lost} were cut off`);
		else if (!short && liveMs > LIVE_WITHIN_MS) failures.push(`all were live only after ${group(liveMs)} ms`);
		// The share of a few is chance, and the tests assert no speed: only the thousand are held to it.
		if (!short && share > MAX_SHARE) {
			failures.push(`${(share * 100).toFixed(1)} % of the attempts fell into 100 ms, ${group(at)} ms after the kill`);
		}
		return {
			lines: [
				`${group(count)} clients after a kill, answered again after ${group(answeredMs)} ms: all live after ${(liveMs / 1000).toFixed(1)} s; ${group(attempts.length)} attempts, at most ${peak} (${(share * 100).toFixed(1)} %) within 100 ms, at ${group(at)} ms; as the clients chose it, at most ${meant} (${((meant / told.chosen.length) * 100).toFixed(1)} %)`,
				`attempts by half seconds: ${histogram(attempts).join(' ')}; the measuring process was held up for ${group(lag.max / 1e6)} ms at most`,
			],
			failures,
		};
	} finally {
		for (const child of children) if (child.connected) child.disconnect();
		await proxy.stop();
		await relay.stop();
	}
}

function hear(child: ChildProcess): Promise<Told> {
	return new Promise((resolve, reject) => {
		const end = () => reject(new Error('a process of clients has ended'));
		child.once('exit', end);
		child.once('message', (told) => {
			child.off('exit', end);
			resolve(told as Told); // it says nothing else
		});
	});
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}

/** The fullest 100 ms, wherever they begin. `times` in order. */
function findPeak(times: readonly number[]): { peak: number; at: number } {
	let [peak, at, start] = [0, 0, 0];
	for (const [end, time] of times.entries()) {
		while (time - (times[start] as number) > WINDOW_MS) start++; // start is at most end
		if (end - start + 1 <= peak) continue;
		peak = end - start + 1;
		at = times[start] as number;
	}
	return { peak, at };
}

function histogram(times: readonly number[]): number[] {
	const halves = Array.from({ length: Math.ceil((times.at(-1) ?? 0) / 500) }, () => 0);
	for (const time of times) halves[Math.floor(time / 500)] = (halves[Math.floor(time / 500)] ?? 0) + 1;
	return halves;
}
