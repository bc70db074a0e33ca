// Strangers: requests without a token for names that nobody has published to.
// Knows how many files, how much memory and which statuses they leave; never knows how a relay refuses them.
import { readdirSync } from 'node:fs';
import { group, type ScenarioOptions, type ScenarioResult } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { readResident } from '../support/usage.ts';

const SECRET = 'the-secret-of-the-relay-under-attack-by-strangers';
const IN_FLIGHT = 16;
const MEGABYTE = 1024 * 1024;
/** What memory may grow by, bytes: the engine's own allocations for requests that are over. */
const MAX_GROWTH = 48 * MEGABYTE;
const PATHS = ['/events', '', '/presence', '/metrics', '/status', '/events/1'];

export async function runStrangers({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const count = short ? 300 : 10_000;
	const relay = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET } });
	try {
		const { stateDir = '', engine } = relay;
		const countFiles = () =>
			readdirSync(stateDir, { recursive: true }).filter((file) => /\.sqlite/.test(`${file}`)).length;
		const readMemory = () => readResident(engine?.enginePid).rss;
		const statuses = new Map<number, number>();
		let next = 0;
		const ask = async (to: number) => {
			while (next < to) {
				const n = next++;
				const response = await fetch(`${relay.url}/channels/name-${n}${PATHS[n % PATHS.length]}`);
				await response.arrayBuffer();
				statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
			}
		};
		const askAll = (to: number) => Promise.all(Array.from({ length: IN_FLIGHT }, () => ask(to)));
		const filesBefore = countFiles();
		await askAll(count / 10); // the engine has its memory for requests from then on
		const memoryBefore = readMemory();
		await askAll(count);
		const grown = readMemory() - memoryBefore;
		const files = countFiles() - filesBefore;
		const failures: string[] = [];
		if (files > 0) failures.push(`${group(files)} files are left of ${group(count)} names`);
		if (statuses.get(401) !== count) failures.push(`the statuses were ${JSON.stringify([...statuses])}`);
		if (grown > MAX_GROWTH) failures.push(`memory has grown by ${group(grown / MEGABYTE)} MB`);
		return {
			lines: [
				`${group(count)} requests without a token for ${group(count)} names: ${group(files)} files, memory ${grown < 0 ? '-' : '+'}${group(Math.abs(grown) / MEGABYTE)} MB; on 2d48d35: 300 files of 8 KB for 300 names`,
			],
			failures,
		};
	} finally {
		await relay.stop();
	}
}
