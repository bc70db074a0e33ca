import { spawn } from 'node:child_process';
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import { createPublisher, type PublisherOptions } from '../../widget/publisher/index.ts';
import { type CrashingRelay, startCrashingRelay } from '../faults/crash.ts';
import { startAnswering } from '../support/answering.ts';
import { isLong } from '../support/form.ts';
import { createRandom, withSeed } from '../support/random.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { ROOT } from '../support/sources.ts';
import { sign as signWith } from '../support/tokens.ts';

const SECRET = 'a-secret-of-the-publishers-own-relay';
const KILLS = isLong ? 4 : 2;
const sign = (claims: JWTPayload = {}, secret = SECRET) => signWith(claims, secret);

let relay: CrashingRelay;
beforeAll(async () => {
	relay = await startCrashingRelay({ LIVE_FEED_KEEP_ENTRIES: '100000' });
});
afterAll(() => relay?.stop());

/** All that a channel keeps, from its first event on. */
async function readAll(channel: string): Promise<FeedEvent[]> {
	const events: FeedEvent[] = [];
	for (let after = '0'; ; ) {
		const response = await fetch(`${relay.url}/channels/${channel}/events?after=${after}&limit=1000`);
		const page = (await response.json()) as Page; // the relay's documented answer
		events.push(...page.events);
		if (page.events.length === 0 || page.next === null) return events;
		after = page.next;
	}
}

/** A program of a user, from the built package; with `code` in which `publisher` is one. */
function runProgram(code: string, address = relay.url, channel = 'program') {
	const begin = `import { createPublisher } from 'live-feed/publisher';
		const publisher = createPublisher({ relay: ${JSON.stringify(address)}, channel: ${JSON.stringify(channel)} });`;
	const child = spawn(process.execPath, ['--input-type=module', '-e', `${begin}\n${code}`], {
		cwd: ROOT, // the package knows itself by its name
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (chunk: string) => {
			output += chunk;
		});
	}
	return {
		child,
		said: new Promise<void>((resolve) => child.stdout.once('data', () => resolve())),
		exited: new Promise<{ code: number | null; output: string }>((resolve) => {
			child.once('close', (exit) => resolve({ code: exit, output }));
		}),
	};
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));

describe('the publisher and a relay', () => {
	it('that is killed again and again has each event exactly once and in order', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			const told: string[] = [];
			const publisher = createPublisher({ relay: relay.url, channel: 'kills', onError: ({ code }) => told.push(code) });
			const receipts: Promise<{ id: string; seq: number; duplicate: boolean } | undefined>[] = [];
			let n = 0;
			let isOver = false;
			const publishing = (async () => {
				for (; !isOver; await new Promise((resolve) => setTimeout(resolve, 1))) {
					for (let count = random.between(1, 20); count > 0; count--) {
						// Never more than it takes, however long the relay is away on a busy machine.
						if (publisher.waiting < 9000) receipts.push(publisher.publish('load', { text: String(++n) }));
					}
				}
			})();
			for (let kill = 1; kill <= KILLS; kill++) {
				await receipts.at(-1); // it is back and has answered
				const enough = n + random.between(50, 400);
				while (n < enough) await new Promise((resolve) => setTimeout(resolve, 1));
				await relay.crash();
			}
			isOver = true;
			await publishing;
			expect(await publisher.flush(60_000)).toBe(true);
			const events = await readAll('kills');
			expect(events.map(({ text }) => text)).toEqual(numbers(n));
			expect((await Promise.all(receipts)).map((receipt) => receipt?.id)).toEqual(events.map(({ id }) => id));
			expect(told).toEqual([]);
			const again = (await Promise.all(receipts)).filter((receipt) => receipt?.duplicate).length;
			console.info(
				`publisher: ${n} events through ${KILLS} kills, each once and in order; ${again} of them were sent twice`,
			);
			await publisher.close();
		}));

	it('whose answers are lost has each event exactly once, and the publisher the first receipts', async () => {
		const channel = 'answers';
		const server = await startAnswering(async ({ path, body }, n) => {
			const headers = { 'content-type': 'application/json' };
			const response = await fetch(relay.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
			const answer = await response.text();
			return n % 3 === 0 ? { status: response.status, body: answer } : { status: 504 };
		});
		const publisher = createPublisher({ relay: server.url, channel });
		const receipts = numbers(50).map((text) => publisher.publish({ text }));
		expect(await publisher.flush()).toBe(true);
		receipts.push(...numbers(50).map((text) => publisher.publish({ text: `again ${text}` })));
		expect(await publisher.close()).toBe(true);
		const events = await readAll(channel);
		expect(events.map(({ text }) => text)).toEqual([...numbers(50), ...numbers(50).map((text) => `again ${text}`)]);
		expect((await Promise.all(receipts)).map((receipt) => [receipt?.id, receipt?.duplicate])).toEqual(
			events.map(({ id }) => [id, true]),
		);
		await server.stop();
	});

	it('10,000 events at one go are stored in order', async () => {
		const publisher = createPublisher({ relay: relay.url, channel: 'flood' });
		for (const text of numbers(10_000)) publisher.publish({ text });
		expect(await publisher.close(60_000)).toBe(true);
		expect((await readAll('flood')).map(({ text }) => text)).toEqual(numbers(10_000));
	});

	it('what the relay refuses is told of in its words, and the others are stored', async () => {
		const told: string[] = [];
		const publisher = createPublisher({
			...{ relay: relay.url, channel: 'refused' },
			onError: ({ code, message }, draft) => told.push(`${draft.text} ${code} ${message}`),
		});
		publisher.publish({ text: 'one' });
		publisher.publish('not a type', { text: 'two' });
		publisher.publish({ text: 'three' });
		expect(await publisher.close()).toBe(true);
		expect((await readAll('refused')).map(({ text }) => text)).toEqual(['one', 'three']);
		expect(told.join()).toMatch(/^two invalid-event `type` is a name/);
	});
});

describe('a relay that asks for tokens', () => {
	let secured: TestRelay;
	beforeAll(async () => {
		secured = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET, LIVE_FEED_MAX_PUBLISHES: '600' } });
	});
	afterAll(() => secured?.stop());

	const begin = (channel: string, token: PublisherOptions['token'], told: string[] = []) =>
		createPublisher({ relay: secured.url, channel, token, onError: ({ code }) => told.push(code) });

	it('stores what has one; the function is asked again when it has expired', async () => {
		const tokens = [await sign({ exp: 1 }), await sign()];
		const publisher = begin('proven', () => tokens.shift() ?? '');
		expect(await publisher.publish({ text: 'one' })).toMatchObject({ seq: 1 });
		expect(await publisher.publish({ text: 'two' })).toMatchObject({ seq: 2 });
		expect(tokens).toEqual([]);
	});

	it.each<[string, () => Promise<string> | undefined, string]>([
		['none', () => undefined, 'token-needed'],
		['one of another secret', () => sign({}, `${SECRET}, another`), 'token-invalid'],
		['one for other channels', () => sign({ channels: ['other-*'] }), 'forbidden'],
		['one for reading', () => sign({ can: ['read'] }), 'forbidden'],
	])('refuses %s, and the publisher tells', async (_name, make, code) => {
		const told: string[] = [];
		expect(await begin('proven', await make(), told).publish({ text: 'one' })).toBe(undefined);
		expect(told).toEqual([code]);
	});

	it('and limits what one sends: all of it within the limit is stored in order, and the rest waits for its time', async () => {
		const publisher = begin('limited', await sign({ sub: 'busy' }));
		const texts = Array.from({ length: 700 }, (_, index) => String(index + 1));
		const receipts = texts.map((text) => publisher.publish({ text }));
		await Promise.all(receipts.slice(0, 600));
		expect(publisher.waiting).toBeGreaterThan(0);
		expect(publisher.waiting).toBeLessThanOrEqual(100);
		await publisher.close(0);
	});
});

describe('a program that ends', () => {
	it('by itself ends after its events are stored, without a flush', async () => {
		const { exited } = runProgram("for (let n = 1; n <= 2500; n++) publisher.publish('step', { text: String(n) });");
		expect(await exited).toEqual({ code: 0, output: '' });
		expect((await readAll('program')).map(({ text }) => text)).toEqual(numbers(2500));
	});

	it('by SIGTERM sends what waits, with a close in its handler', async () => {
		const code = `
			let n = 0;
			const timer = setInterval(() => { publisher.publish('step', { text: String(++n) }); if (n === 20) console.log('busy'); }, 1);
			process.once('SIGTERM', async () => {
				clearInterval(timer);
				for (let more = 0; more < 500; more++) publisher.publish('step', { text: String(++n) });
				const isFlushed = await publisher.close();
				console.log(isFlushed, n);
				process.exit(0);
			});`;
		const { child, said, exited } = runProgram(code, relay.url, 'sigterm');
		await said;
		child.kill('SIGTERM');
		const { code: exit, output } = await exited;
		const [, count] = /true (\d+)\n$/.exec(output) ?? [];
		expect({ exit, output }).toEqual({ exit: 0, output: `busy\ntrue ${count}\n` });
		expect((await readAll('sigterm')).map(({ text }) => text)).toEqual(numbers(Number(count)));
	});

	it('is not held by a relay that is away, and hears how many are lost where it closes', async () => {
		const server = await startAnswering(() => ({ status: 503, headers: { 'retry-after': '3600' } }));
		const left = runProgram("publisher.publish('a');", server.url);
		expect(await left.exited).toEqual({ code: 0, output: '' });
		const closed = runProgram("publisher.publish('a'); console.log(await publisher.close(50));", server.url);
		const { code, output } = await closed.exited;
		expect(code).toBe(0);
		expect(output).toMatch(/false\n/);
		expect(output).toMatch(/1 lost .*\(closed\)/);
		await server.stop();
	});
});
