// Costly reads: the requests that look through most of a large channel, eight at once and then a hundred.
// Knows what is asked and how long a bystander on another channel waits; never knows how a relay reads.

import { group, pause, type ScenarioOptions, type ScenarioResult, until } from '../faults/scenario.ts';
import { Conversation } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';

const CHANNEL = 'large';
const BATCH = 5000;
/** Longest p99 of a bystander in the short form, ms: on 2d48d35 the eight requests alone kept it waiting for seconds. */
const MAX_P99_MS = 500;

/** A p99 of no more than this is no delay in the long form either: a busy machine alone makes that, ms. */
const LEAST_MS = 50;

/** How often each is measured in the long form. */
const ROUNDS = 3;

/** A thread of the whole log, a type that nothing has, a status that one has, from the very beginning. */
const PATHS = [
	'type=rare',
	'status=open',
	'since=2020-01-01T00:00:00Z&type=rare',
	'after=0&type=rare',
	'after=0&limit=1000',
	'limit=1000',
	'since=2020-01-01T00:00:00Z&limit=1000&status=resolved',
	'thread=THREAD',
];

export async function runCostlyReads({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const events = short ? 10_000 : 100_000;
	const relay = await startRelay({
		vars: { LIVE_FEED_KEEP_ENTRIES: '200000', LIVE_FEED_MAX_REPLAYED_BYTES: '', LIVE_FEED_MAX_MESSAGES: '' },
	});
	const failures: string[] = [];
	const lines: string[] = [];
	try {
		const thread = await fill(relay, events);
		const paths = PATHS.map((path) => path.replace('THREAD', thread));
		const counts = short ? [8, 32] : [8, 100];
		const rest: number[] = [];
		const under = new Map<number, number[]>(counts.map((count) => [count, []]));
		// By turns, since the machine has other work at times.
		for (let round = 0; round < (short ? 1 : ROUNDS); round++) {
			for (const [count, waits] of under) {
				rest.push(...(await measure(relay, () => pause(short ? 1000 : 3000))));
				waits.push(...(await measure(relay, () => askMany(relay, paths, count))));
			}
		}
		const before = sum(rest);
		lines.push(`${group(events)} events; a ping on another channel while nobody reads: ${tell(before)}`);
		for (const [count, waits] of under) {
			const during = sum(waits);
			const old = count === 8 ? '; on 2d48d35 p50 3,600 ms, with 100,000 events' : '';
			lines.push(`while ${count} of the costliest requests are answered: ${tell(during)}${old}`);
			const limit = Math.max(2 * before.p99, short ? patience(MAX_P99_MS) : LEAST_MS);
			if (during.p99 > limit)
				failures.push(`with ${count} requests a ping takes ${tell(during)}; without ${tell(before)}`);
		}
		// What is bounded is found all the same.
		const found = await follow(relay, 'status=open');
		if (found.events !== 1) failures.push(`following next finds ${found.events} open events in place of 1`);
		lines.push(`the one open event is found with ${found.pages} requests`);
		return { lines, failures };
	} finally {
		await relay.stop();
	}
}

/** Asks all at once; of nine, the last is a hello. */
async function askMany(relay: TestRelay, paths: readonly string[], count: number): Promise<void> {
	const one = async (n: number) => {
		if (n === paths.length) await greet(relay);
		else await (await open(relay, paths[n] as string)).arrayBuffer(); // n is below the length; reading JSON would keep this process busy
	};
	await Promise.all(Array.from({ length: count }, (_, n) => one(n % (paths.length + 1))));
}

interface Waits {
	p50: number;
	p99: number;
	count: number;
}

const tell = ({ p50, p99, count }: Waits) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms of ${group(count)}`;

/** Publishes the events; the first is open, and the newest answers it. Returns the id of the first. */
async function fill({ url }: TestRelay, count: number): Promise<string> {
	const publish = async (drafts: object[]): Promise<string> => {
		const response = await fetch(`${url}/channels/${CHANNEL}/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(drafts.length === 1 ? drafts[0] : drafts),
		});
		if (!response.ok) throw new Error(`publishing was answered ${response.status}: ${await response.text()}`);
		const answer = await response.json();
		return (answer as { id?: string }).id ?? '';
	};
	const id = await publish([{ text: 'the first', type: 'task', status: 'open' }]);
	for (let n = 0; n < count; n += BATCH)
		await publish(Array.from({ length: BATCH }, (_, k) => ({ text: `event ${n + k}`, type: 'build.done' })));
	await publish([{ text: 'an answer', type: 'answer', replyTo: id }]);
	return id;
}

async function open({ url }: TestRelay, query: string): Promise<Response> {
	const response = await fetch(`${url}/channels/${CHANNEL}/events?${query}`, {
		headers: { accept: 'application/json', 'accept-encoding': 'identity' },
		signal: AbortSignal.timeout(patience(120_000)),
	});
	if (!response.ok) throw new Error(`${query} was answered ${response.status}: ${await response.text()}`);
	return response;
}

async function ask(relay: TestRelay, query: string): Promise<{ events: unknown[]; next: string | null }> {
	return (await open(relay, query)).json() as Promise<{ events: unknown[]; next: string | null }>;
}

/** Follows `next` back to the beginning. */
async function follow(relay: TestRelay, query: string): Promise<{ events: number; pages: number }> {
	let page = await ask(relay, query);
	let events = page.events.length;
	let pages = 1;
	while (page.next !== null) {
		page = await ask(relay, `${query}&before=${page.next}`);
		events += page.events.length;
		pages++;
	}
	return { events, pages };
}

/** Says hello twice, with a type that nothing has. */
async function greet({ url }: TestRelay): Promise<void> {
	const socket = await Conversation.open(url, CHANNEL);
	for (let ref = 1; ref <= 2; ref++) socket.send({ type: 'hello', protocol: 1, types: ['rare'], history: 1000, ref });
	await until(() => socket.messages.some(({ type, ref }) => type === 'welcome' && ref === 2), 120_000);
	socket.close();
}

/** Pings on another channel, one after the other, until something is over. Returns how long each took, ms. */
async function measure({ url }: TestRelay, act: () => Promise<unknown>): Promise<number[]> {
	const socket = await Conversation.join(url, 'bystander', { history: 0 });
	const waits: number[] = [];
	let isOver = false;
	const acting = act().finally(() => {
		isOver = true;
	});
	while (!isOver) {
		socket.forget();
		const start = performance.now();
		socket.send({ type: 'ping', n: waits.length }); // a bare one the engine answers by itself
		await socket.next('pong');
		waits.push(performance.now() - start);
		await pause(2);
	}
	await acting;
	await socket.close();
	return waits;
}

function sum(waits: number[]): Waits {
	waits.sort((one, other) => one - other);
	const at = (share: number) => waits[Math.min(Math.floor(waits.length * share), waits.length - 1)] ?? 0;
	return { p50: at(0.5), p99: at(0.99), count: waits.length };
}
