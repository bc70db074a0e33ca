// Many headless clients come back after the relay was killed: spread out, and soon.
// Knows when each connection was tried and who is live; never knows how a client chooses its moment.
import { type Connection, FeedClient } from '../../widget/client/index.ts';
import { startCrashingRelay } from './crash.ts';
import { startProxy } from './proxy.ts';
import { group, pause, type ScenarioOptions, type ScenarioResult, until } from './scenario.ts';
import './viewers.ts'; // for a WebSocket in Node

/** Chance is the clients' own here: no seed repeats it. */
export const KEPT_SEEDS: readonly number[] = [];

const CHANNEL = 'return';
const WINDOW_MS = 100;
/** The bound of the promise, for a thousand clients. */
const MAX_SHARE = 0.05;
const LIVE_WITHIN_MS = 15_000;

export async function runReturn({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const count = short ? 100 : 1000;
	const relay = await startCrashingRelay();
	const proxy = await startProxy(relay.port);
	const clients: FeedClient[] = [];
	const failures: string[] = [];
	try {
		for (let index = 0; index < count; index++) {
			const client = new FeedClient({ relay: proxy.url, channel: CHANNEL, history: 0 });
			clients.push(client);
			client.connect();
			if (index % 25 === 24) await until(() => client.connection === 'live', 20_000);
		}
		const isLive = ({ connection }: { connection: Connection }) => connection === 'live';
		if (!(await until(() => clients.every(isLive), 30_000))) throw new Error('not all clients began');
		await pause(500); // the relay has told whoever was to be told

		const lost = new Set<FeedClient>();
		for (const client of clients) client.on('state', () => isLive(client) || lost.add(client));
		const before = proxy.attempts.length;
		const killedAt = performance.now();
		await relay.crash();
		const answeredMs = performance.now() - killedAt;
		const isBack = await until(
			() => lost.size === count && clients.every(isLive),
			LIVE_WITHIN_MS * 2 - (performance.now() - killedAt),
		);
		const liveMs = performance.now() - killedAt;
		const attempts = proxy.attempts.slice(before).map((time) => time - killedAt);
		const { peak, at } = findPeak(attempts);
		const share = peak / attempts.length;
		if (!isBack) failures.push(`${clients.filter((client) => !isLive(client)).length} clients are not live`);
		else if (liveMs > LIVE_WITHIN_MS) failures.push(`all were live only after ${group(liveMs)} ms`);
		// A hundred come back within a second: there the share is chance, and only the thousand are held to it.
		if (!short && share > MAX_SHARE) {
			failures.push(`${(share * 100).toFixed(1)} % of the attempts fell into 100 ms, ${group(at)} ms after the kill`);
		}
		return {
			lines: [
				`${group(count)} clients after a kill, answered again after ${group(answeredMs)} ms: all live after ${(liveMs / 1000).toFixed(1)} s; ${group(attempts.length)} attempts, at most ${peak} (${(share * 100).toFixed(1)} %) within 100 ms, at ${group(at)} ms`,
				`attempts by half seconds: ${histogram(attempts).join(' ')}`,
			],
			failures,
		};
	} finally {
		for (const client of clients) client.close();
		await proxy.stop();
		await relay.stop();
	}
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
