// Full disk: the disk fills up under a relay that is published to by all ways in, twice. Viewers stay, readers read, the log has
// one line, and what was refused is stored once when there is room again.
// Knows a disk and publishers; never knows how a relay finds out.
import { group, type ScenarioOptions, type ScenarioResult, until } from '../faults/scenario.ts';
import { ask } from '../support/ask.ts';
import { Conversation } from '../support/conversation.ts';
import { TestDisk } from '../support/disk.ts';
import { startRelay } from '../support/relay.ts';

const BEFORE =
	'on 2d48d35: 20 of 20 drafts got 500 `internal`, 20 of 20 viewers were cut (1006), 241 lines in the log, /health ok, /status 200';
const CHANNEL = 'full';

export async function runFullDisk({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const [viewerCount, attempts, rounds] = short ? [20, 100, 2] : [500, 5000, 5];
	const disk = await TestDisk.open();
	const log: string[] = [];
	const failures: string[] = [];
	const viewers: Conversation[] = [];
	let stop = async () => {};
	try {
		const relay = await startRelay({
			vars: { LIVE_FEED_DISK_RESERVE: String(disk.reserve) },
			folder: disk.folder,
			log: (line) => {
				if (/"level":"(error|info)"/.test(line)) log.push(line);
			},
		});
		stop = () => relay.stop();
		const events = `${relay.url}/channels/${CHANNEL}/events`;
		const publish = (body: unknown) =>
			ask(events, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
		const health = async () => (await ask(`${relay.url}/health`)).body.status as string;
		await publish({ text: 'first' });
		for (let n = 0; n < viewerCount; n++) viewers.push(await Conversation.join(relay.url, CHANNEL));
		const publisher = await Conversation.join(relay.url, CHANNEL, { history: 0, types: ['none'] });
		let stored = 1;
		let refused = 0;
		for (let round = 1; round <= rounds; round++) {
			await disk.fill(async () => (await health()) !== 'ok');
			for (let n = 0; n < attempts; n++) {
				const { status, body } = await publish({ text: `${round} ${n}`, key: `${round}-${n}` });
				if (status === 503 && body.code === 'storage-failed') refused++;
				else failures.push(`${status} ${body.code} to a draft`);
			}
			const from = publisher.messages.length;
			publisher.send({ type: 'publish', ref: round, draft: { text: 'socket' } });
			await publisher.until(() => publisher.messages.length > from, 'a refusal');
			if (publisher.messages.at(-1).code !== 'storage-failed') failures.push('a draft on a socket was not refused');
			const page = await ask(`${events}?limit=1000`);
			if (page.body.last !== stored) failures.push(`${page.body.last} events can be read of ${stored}`);
			if ((await ask(`${relay.url}/status`)).status !== 503) failures.push('/status says nothing');
			await disk.release();
			if (!(await until(async () => (await health()) === 'ok', 20_000))) failures.push('it did not recover');
			for (let n = 0; n < 10; n++) await publish({ text: `${round} ${n}`, key: `${round}-${n}` });
			publisher.send({ type: 'publish', ref: round, draft: { text: 'socket' } });
			stored += 11;
			for (const viewer of viewers) await viewer.until(() => viewer.events.length === stored, 'what was stored');
		}
		const cut = [...viewers, publisher].filter(({ closed }) => closed !== undefined).length;
		if (cut > 0) failures.push(`${cut} sockets were cut`);
		const lines = log.filter((line) => /"storage"|"fault"/.test(line));
		if (lines.length !== 2 * rounds) failures.push(`${lines.length} lines in the log: ${lines.slice(0, 3).join(' ')}`);
		return {
			lines: [
				`a disk that was full ${rounds} times: ${group(refused)} of ${group(rounds * attempts)} drafts refused with 503 storage-failed, ${cut} of ${group(viewers.length + 1)} sockets cut, ${group(stored)} events stored and seen, ${lines.length} lines in the log`,
				BEFORE,
			],
			failures,
		};
	} finally {
		for (const viewer of viewers) await viewer.close().catch(() => {});
		await stop();
		await disk.remove();
	}
}
