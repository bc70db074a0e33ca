// One viewer who stops reading: what it costs the relay and the others. `npm run test:faults -- slow-viewer`
// Knows how to be slow; never knows the relay's inside.
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { SEEN_BYTES } from '../../relay/protocol/limits.ts';
import { createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { readResident } from '../support/usage.ts';
import type { ScenarioOptions, ScenarioResult } from './scenario.ts';

const MB = 1_000_000;
/** Of the full form, and of the short one: what the relay keeps for one who stops does not depend on them. */
const [READERS, FEW_READERS] = [20, 2];
/** Of the relay's memory over the same run with nobody stalled, at the most. */
const MAX_GROWTH_MB = 20;
/** The others' p99 with a stalled viewer, as a multiple of that without. */
const MAX_DELAY_RATIO = 1.2;
/** Of the rounds of both kinds the quieter are compared: in the others it is the machine that is measured. */
const QUIET = 0.25;
/** An event of some 8.2 kB; a request has 25 of them, since larger ones leave the engine more to collect than is measured here. */
const TEXT = 'x'.repeat(8000);
const BATCH = 25;
const DEADLINE_MS = 120_000;

/** The engine's resident memory and its highest so far, MB. */
function readMemory(relay: TestRelay): { rss: number; peak: number } {
	const { rss, peak } = readResident(relay.engine?.enginePid);
	return { rss: rss / MB, peak: peak / MB };
}

async function waitUntil(condition: () => boolean, what: string): Promise<void> {
	const deadline = Date.now() + patience(DEADLINE_MS);
	while (!condition()) {
		if (Date.now() > deadline) throw new Error(`waited for ${what}`);
		await delay(5);
	}
}

/** A socket that reads, confirms, and knows only ranges: parsing each frame would measure this process and not the relay. */
class Reader {
	readonly socket: WebSocket;
	bytes = 0;
	/** Everything up to here has come. */
	last = 0;
	/** Frames that did not begin where the one before ended. */
	holes = 0;
	readonly delays: number[] = [];
	closed: number | undefined;
	isWelcome = false;
	#confirmed = 0;
	#isTimed = false;

	constructor(url: string, hello: object = {}) {
		this.socket = new WebSocket(url, { perMessageDeflate: false });
		this.socket.on('error', () => {}); // `close` follows
		this.socket.on('close', (code) => {
			this.closed = code;
		});
		this.socket.on('open', () => this.socket.send(JSON.stringify({ type: 'hello', protocol: 1, ...hello })));
		this.socket.on('message', (data: Buffer) => this.#read(data));
	}

	static async join(url: string, hello: object = {}): Promise<Reader> {
		const reader = new Reader(url, hello);
		await waitUntil(() => reader.isWelcome, 'a welcome');
		return reader;
	}

	time(isTimed: boolean): void {
		this.#isTimed = isTimed;
	}

	#read(data: Buffer): void {
		this.bytes += data.length;
		if (this.bytes - this.#confirmed >= SEEN_BYTES && this.closed === undefined) {
			this.#confirmed = this.bytes;
			this.socket.send(`{"type":"seen","bytes":${this.bytes}}`);
		}
		const range = /^\{"type":"entries".*?"from":(\d+),"to":(\d+)/.exec(data.subarray(0, 120).toString('latin1'));
		if (!range) {
			const message = JSON.parse(data.toString());
			if (message.type !== 'welcome') return;
			this.last = message.after;
			this.isWelcome = true;
			return;
		}
		if (Number(range[1]) !== this.last + 1) this.holes++;
		this.last = Number(range[2]);
		if (!this.#isTimed) return;
		const now = performance.timeOrigin + performance.now();
		for (const { data: sent } of JSON.parse(data.toString()).entries) if (sent?.at) this.delays.push(now - sent.at);
	}
}

/** A stream that stops before its first byte; asked to, it reads all and tells the events' numbers. */
class StalledStream {
	readonly #response: http.IncomingMessage;
	readonly seqs: number[] = [];
	#rest = '';

	private constructor(response: http.IncomingMessage) {
		this.#response = response;
	}

	static open(url: string): Promise<StalledStream> {
		return new Promise((resolve, reject) => {
			const request = http.get(url, { headers: { accept: 'text/event-stream' } }, (response) => {
				response.on('error', () => {}); // it ends with its relay
				response.pause();
				resolve(new StalledStream(response));
			});
			request.on('error', reject);
		});
	}

	read(): void {
		this.#response.setEncoding('latin1').on('data', (text: string) => {
			const lines = (this.#rest + text).split('\n');
			this.#rest = lines.pop() ?? '';
			for (const line of lines) {
				// Only an event has an id: the welcome before them has none.
				if (line.startsWith('data: {"id"')) this.seqs.push(JSON.parse(line.slice(6)).seq);
			}
		});
		this.#response.resume();
	}

	close(): void {
		this.#response.destroy();
	}
}

class Stage {
	readonly relay: TestRelay;
	readonly events: string;
	readonly socket: string;
	readonly readers: Reader[] = [];
	/** The newest `seq` that was published. */
	last = 0;

	private constructor(relay: TestRelay) {
		this.relay = relay;
		this.events = `${relay.url}/channels/${createChannelName('slow')}/events`;
		this.socket = this.events.replace(/^http/, 'ws');
	}

	/** A relay that keeps all that is published here and is patient with the one who stops, and its readers. */
	static async open(readers: number): Promise<Stage> {
		const vars = { LIVE_FEED_KEEP_ENTRIES: '100000', LIVE_FEED_STALL_TIMEOUT: '3600' };
		const stage = new Stage(await startRelay({ vars }));
		for (let index = 0; index < readers; index++) stage.readers.push(await Reader.join(stage.socket, { history: 0 }));
		return stage;
	}

	/** Broadcasts so many bytes, no faster than the readers read. */
	async broadcast(bytes: number): Promise<void> {
		const body = JSON.stringify(Array.from({ length: BATCH }, () => ({ text: TEXT })));
		for (let sent = 0; sent < bytes; sent += body.length) {
			await this.#post(body);
			await this.#follow();
		}
	}

	/** Publishes small events at a steady rate and tells how long after they reached the readers, in milliseconds. */
	async measureDelays(seconds: number, rate: number): Promise<number[]> {
		for (const reader of this.readers) {
			reader.delays.length = 0;
			reader.time(true);
		}
		const publisher = await Reader.join(this.socket, { types: ['never'] });
		const start = performance.now();
		let sent = 0;
		for (let now = start; now < start + seconds * 1000; now = performance.now()) {
			for (const due = Math.floor(((now - start) / 1000) * rate); sent < due; sent++) {
				const data = { at: performance.timeOrigin + performance.now() };
				publisher.socket.send(JSON.stringify({ type: 'publish', ref: sent, draft: { text: TEXT.slice(0, 60), data } }));
			}
			await delay(2);
		}
		this.last += sent;
		await this.#follow();
		publisher.socket.terminate();
		for (const reader of this.readers) reader.time(false);
		return this.readers.flatMap(({ delays }) => delays);
	}

	get holes(): number {
		return this.readers.reduce((sum, { holes }) => sum + holes, 0);
	}

	async close(): Promise<void> {
		for (const { socket } of this.readers) socket.terminate();
		await this.relay.stop();
	}

	async #post(body: string): Promise<void> {
		const response = await fetch(this.events, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body,
		});
		const { events } = (await response.json()) as { events: { seq: number }[] };
		if (response.status !== 201) throw new Error(`publishing was answered with ${response.status}`);
		this.last = events.at(-1)?.seq ?? this.last;
	}

	async #follow(): Promise<void> {
		await waitUntil(() => this.readers.every(({ last }) => last >= this.last), 'the readers');
	}
}

/** A socket that has everything so far and stops reading. */
async function stall(stage: Stage): Promise<Reader> {
	const reader = await Reader.join(stage.socket, { history: 0 });
	reader.socket.pause();
	return reader;
}

const round = (value: number) => value.toFixed(1);

function percentile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

/** Runs all of it, each part on a relay of its own. */
export async function runSlowViewer({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const lines: string[] = [];
	const failures: string[] = [];
	const check = (holds: boolean, failure: string) => {
		if (!holds) failures.push(failure);
	};
	const total = (short ? 30 : 300) * MB;
	const readers = short ? FEW_READERS : READERS;
	const warmUp = total / 10;

	/**
	 * Broadcasts with some viewer stopped, and tells by how much the relay's memory grew: the median over the second half, since
	 * what the engine collects late comes and goes, and what it must keep only grows.
	 */
	const grow = async (name: string, run: (stage: Stage) => Promise<() => Promise<void> | void>) => {
		const stage = await Stage.open(readers);
		try {
			await stage.broadcast(warmUp);
			const start = readMemory(stage.relay);
			const began = performance.now();
			const samples: number[] = [];
			const sampler = setInterval(() => samples.push(readMemory(stage.relay).rss), 50);
			const after = await run(stage).finally(() => clearInterval(sampler));
			const seconds = (performance.now() - began) / 1000;
			const end = readMemory(stage.relay);
			const median = percentile([...samples.slice(samples.length / 2), end.rss], 0.5);
			lines.push(
				`${name}: ${total / MB} MB to ${readers} readers in ${round(seconds)} s, the relay's memory ${round(start.rss)} -> ` +
					`${round(median)} MB in the second half, ${round(end.rss)} at the end, ${round(end.peak)} at its highest`,
			);
			await after();
			check(stage.holes === 0, `${name}: readers saw ${stage.holes} holes`);
			return median - start.rss;
		} finally {
			await stage.close();
		}
	};

	// Twice in the full form, since the same run differs by several MB from itself; the higher is what counts.
	const controls: number[] = [];
	for (const name of short ? ['nobody stalled'] : ['nobody stalled', 'nobody stalled, again']) {
		controls.push(
			await grow(name, async (stage) => {
				await stage.broadcast(total);
				return () => {};
			}),
		);
	}
	const nobody = Math.max(...controls);
	const compare = (name: string, growth: number) => {
		const more = growth - nobody;
		lines.push(`${name}: ${round(more)} MB over the run with nobody stalled (at most ${MAX_GROWTH_MB})`);
		check(more <= MAX_GROWTH_MB, `${name}: the relay grew by ${round(more)} MB over the run with nobody stalled`);
	};

	compare(
		'a socket that stops',
		await grow('a socket stalled', async (stage) => {
			const slow = await stall(stage);
			const from = slow.last;
			await stage.broadcast(total);
			return async () => {
				slow.socket.resume();
				await waitUntil(() => slow.last === stage.last || slow.closed !== undefined, 'the slow one');
				lines.push(
					`the socket that stopped has ${slow.last - from} of ${stage.last - from} events after it woke, ${slow.holes} holes`,
				);
				check(slow.last === stage.last && slow.holes === 0, 'the socket that stopped is not complete');
			};
		}),
	);

	compare(
		'a stream that stops',
		await grow('a stream stalled', async (stage) => {
			const from = stage.last;
			const slow = await StalledStream.open(`${stage.events}?limit=0`);
			await stage.broadcast(total);
			return async () => {
				slow.read();
				await waitUntil(() => slow.seqs.at(-1) === stage.last, 'the slow stream');
				const isWhole = slow.seqs.every((seq, index) => seq === from + index + 1);
				lines.push(
					`the stream that stopped has ${slow.seqs.length} of ${stage.last - from} events after it woke, ${isWhole ? 'in order' : 'NOT in order'}`,
				);
				check(isWhole && slow.seqs.length === stage.last - from, 'the stream that stopped is not complete');
				slow.close();
			};
		}),
	);

	if (!short)
		compare(
			'ten sockets that stop, closed by the relay, their TCP still open',
			await grow('ten sockets stalled one after another', async (stage) => {
				const slow: Reader[] = [];
				for (let index = 0; index < 10; index++) {
					const one = await stall(stage);
					slow.push(one);
					await stage.broadcast(total / 10);
					one.socket.send('{"type":"hello","protocol":2}'); // for which a relay closes
				}
				return async () => {
					for (const { socket } of slow) socket.resume();
					await waitUntil(() => slow.every(({ closed }) => closed !== undefined), 'the closes');
					const codes = [...new Set(slow.map(({ closed }) => closed))];
					lines.push(`the ten were closed with ${codes.join(', ')}`);
					check(codes.length === 1 && codes[0] === 4406, `the ten were closed with ${codes.join(', ')}`);
				};
			}),
		);

	await measureOthers();
	return { lines, failures };

	/**
	 * Rounds with and without a stalled viewer by turns, each first in every other pair, so that what else the machine does
	 * falls on both. The one pair of the short form says nothing for a verdict, but whether anybody misses an event.
	 */
	async function measureOthers(): Promise<void> {
		const stage = await Stage.open(readers);
		const [without, stalled]: [number[], number[]] = [[], []];
		const seconds = short ? 1 : 2;
		const measure = async () => {
			await stage.measureDelays(0.3, 200); // whoever came or left just before is not what is measured
			return percentile(await stage.measureDelays(seconds, 200), 0.99);
		};
		const measureStalled = async () => {
			const slow = await stall(stage);
			slow.socket.send('{"type":"hello","protocol":1,"history":1000}'); // fills its window
			const delayMs = await measure();
			slow.socket.terminate();
			return delayMs;
		};
		try {
			await stage.broadcast(5 * MB);
			for (let pair = 0; pair < (short ? 1 : 25); pair++) {
				if (pair % 2 === 0) without.push(await measure());
				stalled.push(await measureStalled());
				if (pair % 2 === 1) without.push(await measure());
			}
			check(stage.holes === 0, `readers saw ${stage.holes} holes`);
		} finally {
			await stage.close();
		}
		const [before, after] = [percentile(without, QUIET), percentile(stalled, QUIET)];
		const ratio = after / before;
		lines.push(
			`the others' p99: ${round(before)} ms without and ${round(after)} ms with a stalled viewer, ${ratio.toFixed(2)} times ` +
				`(at most ${MAX_DELAY_RATIO}${short ? ', checked in the full form' : ''}); quarter of ${without.length} rounds each, whose ` +
				`medians are ${round(percentile(without, 0.5))} and ${round(percentile(stalled, 0.5))} ms`,
		);
		if (!short)
			check(
				ratio <= MAX_DELAY_RATIO,
				`the others' p99 is ${ratio.toFixed(2)} times that without a stalled viewer, more than ${MAX_DELAY_RATIO}`,
			);
	}
}
