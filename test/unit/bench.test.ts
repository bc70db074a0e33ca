// What the bench counts, finds and prints; and that it notices what a server leaves out.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { deflateSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { liveFeed, socketIo } from '../bench/contenders/index.ts';
import { Delays, median } from '../bench/load/delays.ts';
import { FrameScanner } from '../bench/load/frame-scanner.ts';
import { KnownFrames, keyOf } from '../bench/load/known-frames.ts';
import { findBestRun, MAX_P99_MS } from '../bench/load/search.ts';
import type { Run } from '../bench/load/stage.ts';
import { addUp, Tally } from '../bench/load/tally.ts';
import { Viewer } from '../bench/load/viewer.ts';
import { formatTable, show, showMany } from '../bench/table.ts';
import { encodeFrame } from '../fuzz/wire.ts';

describe('delays', () => {
	it('are told by their share, to one part in a hundred', () => {
		const delays = new Delays();
		for (let ms = 1; ms <= 1000; ms++) delays.add(ms);
		for (const share of [0.01, 0.5, 0.99, 1])
			expect(Math.abs(delays.at(share) / (share * 1000) - 1)).toBeLessThan(0.011);
	});

	it('of several processes add up to what one would have seen', () => {
		const [one, other, both] = [new Delays(), new Delays(), new Delays()];
		for (let ms = 1; ms <= 100; ms++) {
			(ms % 3 === 0 ? one : other).add(ms);
			both.add(ms);
		}
		one.addPairs(other.toPairs());
		expect(one.total).toBe(100);
		for (const share of [0.1, 0.5, 0.99]) expect(one.at(share)).toBe(both.at(share));
	});

	it('have no percentile where there is none, and take a clock that stood still', () => {
		const delays = new Delays();
		expect(delays.at(0.5)).toBeNaN();
		for (const ms of [0, -0.001]) delays.add(ms);
		expect(delays.at(0.99)).toBeLessThan(0.02);
		expect(median([3, 1, 2])).toBe(2);
		expect(median([])).toBeNaN();
	});
});

describe('a scanner of frames', () => {
	const payloads = [0, 1, 125, 126, 65_535, 65_536, 70_000].map((length) => Buffer.alloc(length, `${length} `));
	const texts = payloads.map((payload) => payload.toString('latin1'));
	const stream = Buffer.concat(payloads.map((payload) => encodeFrame({ opcode: 2, payload })));

	const scan = (pieces: Iterable<[start: number, end: number]>) => {
		const found: string[] = [];
		const scanner = new FrameScanner((_, bytes, start, end) => found.push(bytes.toString('latin1', start, end)));
		for (const [start, end] of pieces) scanner.read(stream, start, end);
		return found;
	};

	it('finds all of them wherever they are cut', () => {
		expect(scan([[0, stream.length]])).toEqual(texts);
		const cut = function* (size: number): Iterable<[number, number]> {
			for (let at = 0; at < stream.length; at += size) yield [at, Math.min(at + size, stream.length)];
		};
		for (const size of [1, 127, 4096, 65_537]) expect(scan(cut(size))).toEqual(texts);
	});

	it('takes no part of a message for one', () => {
		const scanner = new FrameScanner(() => {});
		const part = encodeFrame({ opcode: 1, payload: Buffer.from('part'), isFinal: false });
		expect(() => scanner.read(part, 0, part.length)).toThrow('a part of one');
	});
});

describe('known frames', () => {
	it('are told apart by length, beginning and end', () => {
		const frame = (from: number, text: string) =>
			Buffer.from(`{"type":"entries","epoch":"k3f9","from":${from},${text}}`);
		const frames = [frame(1, 'a'), frame(2, 'a'), frame(1, 'b'), frame(1, 'aa'), deflateSync(frame(1, 'a'))];
		expect(new Set(frames.map((bytes) => keyOf(bytes, 0, bytes.length))).size).toBe(frames.length);
		const within = Buffer.concat([Buffer.from('before'), frame(1, 'a'), Buffer.from('after')]);
		expect(keyOf(within, 6, within.length - 5)).toBe(keyOf(frame(1, 'a'), 0, frame(1, 'a').length));
	});

	it('are forgotten, the oldest first, before they are too many', () => {
		const known = new KnownFrames();
		for (let key = 0; key < 5000; key++) known.add(key, { from: key, to: key });
		expect(known.find(0)).toBeUndefined();
		expect(known.find(4999)).toEqual({ from: 4999, to: 4999 });
	});
});

describe('the best rate', () => {
	/** A system that keeps up with so many events a second. */
	const search = (capacity: number, fault?: string) =>
		findBestRun({
			...{ firstRate: 100, stepSeconds: 1, seconds: 2, refinements: 3, onRun: () => {} },
			run: async (rate) =>
				({
					rate,
					isSteady: true,
					p99: rate > capacity ? MAX_P99_MS + 1 : 10,
					fault: rate > capacity ? fault : undefined,
				}) as Run,
		});

	it('is found to a tenth, wherever it lies', async () => {
		for (const capacity of [40, 100, 1234, 9000]) {
			const found = (await search(capacity))?.rate ?? 0;
			expect(found).toBeLessThanOrEqual(capacity);
			expect(found).toBeGreaterThan(capacity * 0.7);
		}
	});

	it('is never one at which something was lost', async () => {
		expect((await search(1000, 'An event was lost.'))?.fault).toBeUndefined();
		expect(await search(0)).toBeUndefined();
	});
});

describe('a table', () => {
	it('is aligned, names each measure once, and says whether a goal is met', () => {
		const row = (measure: string, who: string) => ({ measure, who, load: '10 viewers', figure: '1 ms', values: {} });
		expect(
			formatTable([
				{ ...row('latency', 'ws'), goal: { text: '≤ 3 ×', isMet: true } },
				{ ...row('latency', 'live-feed'), goal: { text: '≤ 3 ×', isMet: false } },
				row('wire', 'Nchan'),
			]),
		).toEqual([
			'measure  who        load        figure  goal   met',
			'-------  ---------  ----------  ------  -----  ---',
			'latency  ws         10 viewers  1 ms    ≤ 3 ×  yes',
			'         live-feed  10 viewers  1 ms    ≤ 3 ×  NO',
			'wire     Nchan      10 viewers  1 ms',
		]);
	});

	it('shows as many digits as mean something', () => {
		expect([0.123, 12.34, 1234.5, Number.NaN].map(show)).toEqual(['0.12', '12.3', '1,235', '–']);
		expect([999, 152_000.4, 8_860_000].map(showMany)).toEqual(['999', '152,000', '8.86 M']);
	});
});

describe('a viewer', () => {
	let server: WebSocketServer | undefined;
	let viewer: Viewer | undefined;

	afterEach(async () => {
		viewer?.close();
		for (const client of server?.clients ?? []) client.terminate();
		await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
	});

	const entries = (from: number, to: number, given = to) => {
		const own = Array.from({ length: given - from + 1 }, (_, index) => ({
			seq: from + index,
			data: { by: 0, n: from + index, at: performance.timeOrigin + performance.now() },
		}));
		return Buffer.from(JSON.stringify({ type: 'entries', epoch: 'k3f9', from, to, entries: own }));
	};

	/** What one makes of a relay that sends these frames, and a ping at the end. */
	async function watch(frames: readonly Uint8Array[], isSample: boolean): Promise<Tally> {
		server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
		await once(server, 'listening');
		const answered = new Promise<void>((resolve) => {
			server?.on('connection', (socket) => {
				socket.on('pong', () => resolve());
				socket.once('message', () => {
					socket.send('{"type":"welcome","after":4}');
					for (const frame of frames) socket.send(frame);
					socket.ping();
				});
			});
		});
		const tally = new Tally();
		viewer = await Viewer.open({
			...{ port: (server.address() as AddressInfo).port, channel: 'a', dialect: liveFeed.dialect },
			...{ isSample, after: undefined, tally, known: new KnownFrames() },
		});
		await answered;
		return tally;
	}

	it.each([true, false])('counts what is whole, deflated or not (a sample: %s)', async (isSample) => {
		const tally = await watch([entries(5, 6), deflateSync(entries(7, 400)), entries(401, 401)], isSample);
		expect(tally.fault).toBeUndefined();
		expect([tally.deliveries, tally.frames, viewer?.count]).toEqual([397, 3, 397]);
		expect(tally.delays.total).toBe(isSample ? 397 : 0);
	});

	it.each([
		['one is left out', [entries(5, 6), entries(8, 9)], 'After 6 came 8.'],
		['one comes twice', [entries(5, 6), entries(5, 6)], 'After 6 came 5.'],
		['a frame holds less than it says', [entries(5, 9, 8)], 'Expected 5 to 9, and got 4 entries.'],
	])('notices where %s', async (_, frames, fault) => {
		for (const isSample of [true, false]) {
			const tally = await watch(frames, isSample);
			expect(tally.fault).toContain(fault);
			viewer?.close();
		}
	});

	it('adds up with others, and says whom the fewest reached', () => {
		const tally = new Tally();
		tally.deliveries = 5;
		const { deliveries, fewest, most, viewers } = addUp([tally.tell([2, 3]), tally.tell([1, 4])]);
		expect([deliveries, fewest, most, viewers]).toEqual([10, 1, 4, 4]);
	});

	it('of Socket.IO is asked and told as its protocol says', () => {
		const hear = (text: string) => socketIo.dialect.decode(Buffer.from(text));
		expect(hear('0{"sid":"a"}')).toEqual({ kind: 'asked', answer: '40' });
		expect(hear('2')).toEqual({ kind: 'asked', answer: '3' });
		expect(hear('40{"sid":"b"}')).toEqual({ kind: 'ready', last: 0 });
		const data = { by: 1, n: 2, at: 3 };
		expect(hear(`42["event",{"text":"a","data":${JSON.stringify(data)}},"offset"]`)).toMatchObject({ events: [data] });
	});
});
