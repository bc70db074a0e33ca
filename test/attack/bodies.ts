// Bodies: requests without a token that send all of a large body but its last byte, and stop.
// Knows how many are answered while they wait, and what memory they hold; never knows how a relay refuses them.
import net from 'node:net';
import { group, type ScenarioOptions, type ScenarioResult, since, until } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { readResident } from '../support/usage.ts';

const SECRET = 'the-secret-of-the-relay-under-attack-by-bodies';
const BODY_BYTES = 1024 * 1024;
const MEGABYTE = 1024 * 1024;
/** Of what the bodies would hold, this much may be held: what was on its way before the refusal. */
const MAX_SHARE = 0.5;

export async function runBodies({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const count = short ? 100 : 400;
	const relay = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET } });
	const sockets: net.Socket[] = [];
	try {
		const readMemory = () => readResident(relay.engine?.enginePid).rss;
		await (await fetch(`${relay.url}/health`)).arrayBuffer();
		const before = readMemory();
		const part = Buffer.alloc(BODY_BYTES - 1, 'a');
		const start = performance.now();
		const statuses = new Map<string, number>();
		let over = 0;
		for (let n = 0; n < count; n++) {
			const socket = net.connect(Number(new URL(relay.url).port), '127.0.0.1');
			sockets.push(socket);
			socket.on('error', () => {}); // the relay ends it once it has answered, and a client that still writes may miss that
			socket.once('close', () => over++);
			socket.once('data', (data) => {
				const status = String(data).slice(9, 12);
				statuses.set(status, (statuses.get(status) ?? 0) + 1);
			});
			socket.write(`POST /channels/any/events HTTP/1.1\r\nHost: relay\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
			socket.write(part);
		}
		// Sooner than the time limit of bodies, of which these have none to wait for.
		const areOver = await until(() => over === count, 8000);
		const answered = [...statuses.values()].reduce((sum, one) => sum + one, 0);
		const seconds = since(start);
		const grown = readMemory() - before;
		const failures: string[] = [];
		if (!areOver) failures.push(`${group(count - over)} of ${group(count)} wait for the end of their bodies`);
		if (answered === 0 || statuses.get('401') !== answered)
			failures.push(`the statuses were ${JSON.stringify([...statuses])}`);
		if (grown > count * BODY_BYTES * MAX_SHARE) failures.push(`memory has grown by ${group(grown / MEGABYTE)} MB`);
		const alive = await fetch(`${relay.url}/health`);
		if (!alive.ok) failures.push(`/health is answered with ${alive.status}`);
		return {
			lines: [
				`${group(count)} requests without a token that send all but one byte of 1 MiB: ${group(over)} closed after ${seconds.toFixed(1)} s, ${group(answered)} of them read why, memory +${group(Math.max(0, grown) / MEGABYTE)} MB; on 2d48d35: 400 of 400 open after 50 s, +240 MB`,
			],
			failures,
		};
	} finally {
		for (const socket of sockets) socket.destroy();
		await relay.stop();
	}
}
