// Proves that limits hold while others go on: `npm run test:limits`, or `npm run test:limits -- --short`.
// Knows its two floods, what is allowed, and how figures are kept; never knows how a relay counts.
import process from 'node:process';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { keepResults } from '../support/results.ts';
import { patience } from '../support/slowness.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const HEADER = 'cf-connecting-ip';
const isShort = process.argv.includes('--short');
const SECONDS = isShort ? 6 : 60;
/** Events a minute that each may publish; the flood hands in ten times as many, half by socket and half by request. */
const PUBLISHES = isShort ? 600 : 6000;
const TIMES = isShort ? 60 : 10;
const NEW_CHANNELS = isShort ? 12 : 120;
/** What one client tries in a minute, by request and by socket in turn. */
const TRIED_CHANNELS = 500;
/** Others: each publishes so many events a second and reads what all of them publish. */
const OTHERS = 8;
const OTHERS_RATE = 10;
const MAX_P99_MS = 250;

const printed: string[] = [];
const say = (line: string) => {
	printed.push(line);
	process.stdout.write(`${line}\n`);
};
const failures: string[] = [];
const hold = (isTrue: boolean, what: string) => {
	if (!isTrue) failures.push(what);
};
const group = (value: number) => Math.round(value).toLocaleString('en-US');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs something so many times a second, evenly, until the time is over; what is late is made up for. */
async function pace(perSecond: number, act: (n: number) => void): Promise<number> {
	const start = performance.now();
	let done = 0;
	for (let now = 0; now < SECONDS; now = (performance.now() - start) / 1000) {
		for (const due = Math.floor(Math.min(now, SECONDS) * perSecond); done < due; ) act(++done);
		await pause(10);
	}
	return done;
}

/** Codes and how often each was the answer. */
class Codes {
	readonly #counts = new Map<string, number>();

	add(code: string): void {
		this.#counts.set(code, this.of(code) + 1);
	}

	of(code: string): number {
		return this.#counts.get(code) ?? 0;
	}

	/** True where nothing else was answered. */
	areOnly(...codes: string[]): boolean {
		return [...this.#counts.keys()].every((code) => codes.includes(code));
	}

	toString(): string {
		return [...this.#counts].map(([code, count]) => `${group(count)} ${code}`).join(', ');
	}
}

class Other {
	readonly name: string;
	readonly socket: Conversation;
	readonly received: { text: string; ms: number }[] = [];
	readonly sent: string[] = [];
	receipts = 0;
	refusals = 0;
	#read = 0;

	constructor(name: string, socket: Conversation) {
		this.name = name;
		this.socket = socket;
		socket.socket.on('message', () => this.#receive());
	}

	publish(n: number): void {
		const text = `${this.name} ${n} ${performance.now()}`;
		this.sent.push(text);
		this.socket.send({ type: 'publish', ref: n, draft: { text } });
	}

	#receive(): void {
		const now = performance.now();
		for (; this.#read < this.socket.messages.length; this.#read++) {
			const message = this.socket.messages[this.#read];
			if (message.type === 'receipts') this.receipts += message.receipts.length;
			else if (message.type === 'error') this.refusals++;
			else if (message.type === 'entries')
				for (const { text } of message.entries) this.received.push({ text, ms: now - Number(text.split(' ')[2]) });
		}
	}
}

const relay = await startRelay({
	vars: {
		LIVE_FEED_SECRET: SECRET,
		LIVE_FEED_ADDRESS_HEADER: HEADER,
		LIVE_FEED_PUBLIC: 'open-*',
		LIVE_FEED_MAX_PUBLISHES: String(PUBLISHES),
		LIVE_FEED_MAX_NEW_CHANNELS: String(NEW_CHANNELS),
		// Whoever floods gives up each event that is refused: it is the limit of events that is to stop him, and not this one.
		LIVE_FEED_MAX_MESSAGES: String(PUBLISHES * TIMES * 2),
	},
});
try {
	await run(relay);
} finally {
	await relay.stop();
}
for (const failure of failures) say(`✗ ${failure}`);
say(failures.length === 0 ? 'All of it holds.' : `${failures.length} things do not hold.`);
if (!isShort) keepResults('limits', printed);
process.exit(failures.length === 0 ? 0 : 1);

async function run({ url }: TestRelay): Promise<void> {
	const channel = createChannelName('work');
	const others = await Promise.all(
		Array.from({ length: OTHERS }, async (_, index) => {
			const token = await sign({ sub: `other-${index}` });
			const headers = { [HEADER]: `198.51.100.${index + 1}` };
			return new Other(`other-${index}`, await Conversation.join(url, channel, { token, history: 0 }, { headers }));
		}),
	);
	const calm = await measure(others, async () => {});
	describeOthers('nobody floods', calm);
	const flood = await measure(others, () => floodEvents(url, channel));
	describeOthers('others, while one token floods', flood);
	const channels = await measure(others, () => floodChannels(url));
	describeOthers('others, while one client opens channels', channels);
	for (const { socket } of others) await socket.close();
}

interface Figures {
	sent: number;
	p50: number;
	p99: number;
	max: number;
}

/** Has the others publish and read while something else goes on; all that is theirs must arrive, in order. */
async function measure(others: readonly Other[], meanwhile: () => Promise<void>): Promise<Figures> {
	for (const other of others) {
		other.received.length = 0;
		other.sent.length = 0;
		other.receipts = 0;
	}
	const isTheirs = ({ text }: { text: string }) => text.startsWith('other-');
	await Promise.all([
		meanwhile(),
		...others.map((other, index) => pause(index * 11).then(() => pace(OTHERS_RATE, (n) => other.publish(n)))),
	]);
	const sent = others.reduce((sum, one) => sum + one.sent.length, 0);
	const deadline = performance.now() + patience(10_000);
	const isComplete = () =>
		others.every((one) => one.received.filter(isTheirs).length >= sent && one.receipts >= one.sent.length);
	while (!isComplete() && performance.now() < deadline) await pause(50);
	// What the flood has stored is theirs to see as well; its last ones may still be on their way to some.
	const all = Math.min(...others.map(({ received }) => received.length));
	const orderOf = ({ received }: Other) =>
		received
			.slice(0, all)
			.map(({ text }) => text)
			.join('\n');
	const order = orderOf(others[0] as Other); // there are some
	for (const other of others) {
		const texts = other.received.filter(isTheirs).map(({ text }) => text);
		hold(!other.socket.closed, `${other.name} was cut off: ${JSON.stringify(other.socket.closed)}`);
		hold(other.refusals === 0, `${other.name} was refused ${other.refusals} times`);
		hold(other.receipts === other.sent.length, `${other.name} has ${other.receipts} receipts of ${other.sent.length}`);
		hold(texts.length === sent && new Set(texts).size === sent, `${other.name} was sent ${texts.length} of ${sent}`);
		hold(orderOf(other) === order, `${other.name} was sent another order`);
		for (const { name, sent: own } of others) {
			const theirs = texts.filter((text) => text.startsWith(`${name} `));
			hold(theirs.join('\n') === own.join('\n'), `${other.name} was sent what ${name} published in another order`);
		}
	}
	const times = others.flatMap(({ received }) => received.filter(isTheirs).map(({ ms }) => ms)).sort((a, b) => a - b);
	const at = (share: number) => times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? Infinity;
	return { sent, p50: at(0.5), p99: at(0.99), max: at(1) };
}

function describeOthers(when: string, { sent, p50, p99, max }: Figures): void {
	say(
		`${when}: ${OTHERS} published ${group(sent)} events and were each sent all of them, in order; from publish to receipt of the event p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, at most ${max.toFixed(1)} ms`,
	);
	hold(p99 <= MAX_P99_MS, `${when}: p99 is ${p99.toFixed(1)} ms, and ${MAX_P99_MS} at the most`);
}

/** One subject, ten times what it may, on the channel on which the others are. */
async function floodEvents(url: string, channel: string): Promise<void> {
	const token = await sign({ sub: 'flooder' });
	const [sockets, requests] = [new Codes(), new Codes()];
	const headers = { [HEADER]: '203.0.113.1' };
	const start = performance.now();
	const rate = (PUBLISHES / 60) * TIMES;
	const socket = await Conversation.join(url, channel, { token, history: 0, types: ['none'] }, { headers });
	let retryMs = 0;
	let answered = 0;
	socket.socket.on('message', () => {
		for (const message of socket.messages.splice(0)) {
			if (message.type === 'receipts') for (const _ of message.receipts) sockets.add('stored');
			if (message.type === 'error') {
				sockets.add(message.code);
				if (message.code === 'rate-limited') retryMs = Math.max(retryMs, message.retryMs);
				// It gives up each one, or nothing more of it would be looked at.
				socket.send({ type: 'give-up', ref: message.ref });
			}
			answered += message.type === 'receipts' ? message.receipts.length : message.type === 'error' ? 1 : 0;
		}
	});
	const byRequest: Promise<void>[] = [];
	const post = async (): Promise<void> => {
		const response = await fetch(`${url}/channels/${channel}/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', ...bearer(token), [HEADER]: '203.0.113.2' },
			body: JSON.stringify(Array(10).fill({ text: 'flood by request' })),
		});
		const { events, code } = (await response.json()) as Message;
		for (const one of events ?? Array(10).fill({ error: { code } })) requests.add(one.error?.code ?? 'stored');
		if (response.status === 429 && !response.headers.get('retry-after')) requests.add('without Retry-After');
	};
	const [bySocket, asked] = await Promise.all([
		pace(rate / 2, (ref) => socket.send({ type: 'publish', ref, draft: { text: 'flood by socket' } })),
		pace(rate / 20, () => byRequest.push(post())),
	]);
	await Promise.all(byRequest);
	await socket.until(() => answered >= bySocket, 'an answer to each');
	const seconds = (performance.now() - start) / 1000;
	const stored = sockets.of('stored') + requests.of('stored');
	const allowed = PUBLISHES + (PUBLISHES / 60) * seconds;
	say(
		`one token, ${group(bySocket + asked * 10)} events in ${seconds.toFixed(1)} s, ${TIMES} times its limit: ${group(stored)} stored, ${group(allowed)} are allowed (${group(PUBLISHES)} at once and as many a minute)`,
	);
	say(`  by socket: ${sockets}; by request: ${requests}; told to come again within ${group(retryMs)} ms`);
	hold(stored <= allowed * 1.01, `${stored} of the flood were stored, and ${Math.floor(allowed)} are allowed`);
	hold(stored >= Math.min(allowed, bySocket + asked * 10) * 0.98, `only ${stored} of the flood were stored`);
	hold(sockets.areOnly('stored', 'rate-limited', 'out-of-order'), `another answer by socket: ${sockets}`);
	hold(requests.areOnly('stored', 'rate-limited', 'out-of-order'), `another answer by request: ${requests}`);
	await socket.close();
}

/** One client behind the proxy, with and without a token, opens channel after channel. */
async function floodChannels(url: string): Promise<void> {
	const token = await sign({ sub: 'opener' });
	const headers = { [HEADER]: '203.0.113.9' };
	const codes = new Codes();
	const tries: Promise<void>[] = [];
	const ask = async (): Promise<void> => {
		const response = await fetch(`${url}/channels/${createChannelName('open')}/events`, { headers });
		const { code } = (await response.json()) as Message;
		codes.add(response.status === 200 ? 'opened' : `${response.status} ${code}`);
	};
	const talk = async (): Promise<void> => {
		const socket = await Conversation.open(url, createChannelName('open'), { headers });
		socket.send({ type: 'hello', protocol: 1, token });
		await socket.until(() => socket.messages.length > 0, 'an answer');
		const [{ type, code }] = socket.messages as [Message];
		if (type === 'welcome') await socket.close();
		codes.add(type === 'welcome' ? 'opened' : `${(await socket.waitForClose()).code} ${code}`);
	};
	const start = performance.now();
	const tried = await pace(TRIED_CHANNELS / 60, (n) => tries.push(n % 2 === 0 ? ask() : talk()));
	await Promise.all(tries);
	const seconds = (performance.now() - start) / 1000;
	const allowed = NEW_CHANNELS + (NEW_CHANNELS / 60) * seconds;
	say(
		`one client, ${tried} new channels in ${seconds.toFixed(1)} s, half by request and half by socket: ${codes}; ${group(allowed)} are allowed`,
	);
	hold(
		codes.of('opened') <= allowed + 1,
		`${codes.of('opened')} channels were opened, and ${Math.floor(allowed)} are allowed`,
	);
	hold(codes.of('opened') >= Math.min(allowed, tried) * 0.95, `only ${codes.of('opened')} channels were opened`);
	hold(codes.areOnly('opened', '429 rate-limited', '4429 rate-limited'), `another answer: ${codes}`);
}
