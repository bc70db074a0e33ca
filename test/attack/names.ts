// Names: requests and sockets, with rights and without, for names that nobody has published to, and channels that were emptied.
// Knows which files an engine keeps and when they must be gone; never knows how a relay removes them.
import { readdirSync } from 'node:fs';
import { WebSocket } from 'ws';
import { chooseEngine } from '../../relay/run/engine.ts';
import { group, type ScenarioOptions, type ScenarioResult, until } from '../faults/scenario.ts';
import { ask } from '../support/ask.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const ORIGIN = 'https://allowed.example';
const IN_FLIGHT = 16;
/** An object sleeps after ten seconds without a request; the relay looks every ten seconds. */
const GONE_MS = 90_000;
/** That a stream was left is noticed a minute later. The long form waits for it. */
const SLOW = 'a stream';
const OBJECT = /[0-9a-f]{64}\.(sqlite|mark)$/;

/** What reaches a channel and stores nothing. */
const WAYS: Record<string, (relay: TestRelay, channel: string) => Promise<unknown>> = {
	page: ({ url }, channel) => ask(`${url}/channels/${channel}/events`),
	filter: ({ url }, channel) => ask(`${url}/channels/${channel}/events?types=deploy.*`),
	presence: ({ url }, channel) => ask(`${url}/channels/${channel}/presence`),
	status: ({ url }, channel) => ask(`${url}/channels/${channel}/status`),
	[SLOW]: async ({ url }, channel) => {
		const over = new AbortController();
		await fetch(`${url}/channels/${channel}/events`, { headers: { accept: 'text/event-stream' }, signal: over.signal });
		over.abort();
	},
	'a poll': ({ url }, channel) => ask(`${url}/channels/${channel}/events?after=0&wait=1`),
	'a silent socket': (relay, channel) => open(relay, channel),
	'a socket': (relay, channel) => open(relay, channel, {}, JSON.stringify({ type: 'hello', protocol: 1 })),
	'a refused origin': (relay, channel) => open(relay, channel, { origin: 'https://other.example' }),
	'a refused draft': ({ url }, channel) =>
		ask(`${url}/channels/${channel}/events`, { method: 'POST', body: '{"none":1}', headers: JSON_BODY }),
	'an emptied channel': async ({ url }, channel) => {
		await publish(url, channel, 'removed');
		await ask(`${url}/channels/${channel}`, { method: 'DELETE' });
	},
};
const JSON_BODY = { 'content-type': 'application/json' };

export async function runNames({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const each = short ? 5 : 1000;
	const relay = await startRelay({ vars: { LIVE_FEED_ORIGINS: ORIGIN } });
	try {
		const { stateDir = '', engine } = relay;
		const listFiles = () => readdirSync(stateDir, { recursive: true }).filter((file) => OBJECT.test(`${file}`));
		const failures: string[] = [];
		const kept = await publish(relay.url, 'kept', 'kept');
		const expected = listFiles().length;
		const ways = Object.keys(WAYS).filter((way) => !short || way !== SLOW);
		const names = ways.flatMap((way) =>
			Array.from({ length: each }, (_, n) => [way, `${way.replaceAll(' ', '-')}-${n}`] as const),
		);
		const waiting = [...names];
		const work = async () => {
			for (let next = waiting.pop(); next; next = waiting.pop()) await WAYS[next[0]]?.(relay, next[1]);
		};
		await Promise.all(Array.from({ length: IN_FLIGHT }, work));
		const most = listFiles().length;
		const before = performance.now();
		// PartyKit's engine lets nobody remove a file while it runs: there they go at the next start.
		if (chooseEngine() === 'partykit') await engine?.restart();
		const isGone = await until(() => listFiles().length === expected, GONE_MS * (short ? 1 : 10));
		const seconds = (performance.now() - before) / 1000;
		if (!isGone)
			failures.push(`${group(listFiles().length - expected)} files are left of ${group(names.length)} names`);

		// Removed or not, each name is as good as new, and what was stored is there.
		const again = names.filter((_, index) => index % Math.ceil(each / 5) === 0);
		for (const [, name] of again) {
			await publish(relay.url, name, 'again');
			const { body } = await ask(`${relay.url}/channels/${name}/events`);
			const texts = body.events.map(({ text }: { text: string }) => text);
			if (texts.join() !== 'again') failures.push(`${name} holds ${texts.join()}`);
		}
		await engine?.restart();
		for (const [name, text] of [['kept', 'kept'], ...again.map(([, name]) => [name, 'again'])]) {
			const { body } = await ask(`${relay.url}/channels/${name}/events`);
			if (body.events.at(-1)?.text !== text) failures.push(`after a restart ${name} holds ${JSON.stringify(body)}`);
			if (name === 'kept' && body.epoch !== kept) failures.push(`the channel that was kept has another epoch`);
		}
		return {
			lines: [
				`${group(names.length)} names in ${ways.length} ways: ${group(most - expected)} files at most, all gone ${seconds.toFixed(0)} s later; ${group(again.length)} published to again, 0 lost; on 2d48d35: a file of 8 KB for each, for ever`,
			],
			failures: failures.slice(0, 8),
		};
	} finally {
		await relay.stop();
	}
}

/** Publishes one event. Returns the epoch. */
async function publish(url: string, channel: string, text: string): Promise<string> {
	const init = { method: 'POST', headers: JSON_BODY, body: JSON.stringify({ text }) };
	const { status, body } = await ask(`${url}/channels/${channel}/events`, init);
	if (status !== 201) throw new Error(`Expected 201 and got ${status}: ${JSON.stringify(body)}`);
	return body.epoch;
}

/** Opens a socket, says what is given, and closes it once there was an answer or there is none to come. */
async function open(
	{ url }: TestRelay,
	channel: string,
	headers: Record<string, string> = {},
	message?: string,
): Promise<void> {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/channels/${channel}/events`, { headers });
	await new Promise((resolve, reject) => {
		socket.once('open', resolve);
		socket.once('error', reject);
	});
	const closed = new Promise((resolve) => socket.once('close', resolve));
	if (message !== undefined) {
		const answered = new Promise((resolve) => socket.once('message', resolve));
		socket.send(message);
		await answered;
	}
	socket.close();
	await closed;
}
