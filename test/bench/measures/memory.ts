// What the engine holds: for each idle viewer, and for each kept event, on disk as well.
// Knows resident memory and files; never knows what the engine keeps there.
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import { group, pause } from '../../faults/scenario.ts';
import { megabytes } from '../../reading/heap.ts';
import { percentile } from '../../reading/scenario.ts';
import { createChannelName } from '../../support/conversation.ts';
import { startRelay, type TestRelay } from '../../support/relay.ts';
import { readResident } from '../../support/usage.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { PacedPublisher } from '../pace.ts';

const about = { measure: 'memory', who: 'live-feed' };
/** Idle viewers, and events that are kept: few and many, since what the engine has anyway is no part of either. */
const [VIEWERS, SHORT_VIEWERS] = [
	[1000, 3000],
	[100, 300],
] as const;
const [KEPT, SHORT_KEPT] = [
	[10_000, 100_000],
	[1000, 10_000],
] as const;
const EVENT_BYTES = 1000;
/** Memory is looked at once nothing has happened for so long, so many times, and the middle counts; milliseconds. */
const [REST_MS, LOOKS, LOOK_MS] = [2000, 9, 200];
/** What is measured here is no limit. */
const FREE = { LIVE_FEED_MAX_PUBLISHES: '100000000', LIVE_FEED_MAX_PUBLISHED_BYTES: '100000000000' };

export const memory: Measure = {
	name: 'memory',
	async run(options) {
		return [await measureViewers(options), ...(await measureEvents(options))];
	},
};

/** An event of some 200 bytes as it is stored. */
const createDraft = (n: number) => ({ text: `event ${n} `.padEnd(60, '.') });

async function measureViewers({ isShort, say }: BenchOptions): Promise<Row> {
	const [few, many] = isShort ? SHORT_VIEWERS : VIEWERS;
	const relay = await startRelay({ vars: FREE });
	const sockets: WebSocket[] = [];
	const channel = createChannelName('memory');
	const join = async (count: number) => {
		for (; sockets.length < count; await pause(0)) {
			const open = Array.from({ length: Math.min(25, count - sockets.length) }, () => openSocket(relay.url, channel));
			sockets.push(...(await Promise.all(open)));
		}
	};
	try {
		const publisher = await PacedPublisher.join(relay.url, channel, createDraft);
		await publisher.fill(100);
		// What the first of them bring about is no part of each.
		await join(few / 10);
		for (const socket of sockets.splice(0)) socket.close();
		const base = await readAtRest(relay);
		await join(few);
		const withFew = await readAtRest(relay);
		await join(many);
		const withMany = await readAtRest(relay);
		publisher.close();
		const each = [(withFew - base) / few, (withMany - withFew) / (many - few)] as const;
		say(`memory: ${many} viewers`);
		return {
			...about,
			load: `${group(few)} and ${group(many)} idle viewers on sockets`,
			figure: `${megabytes(base)}, ${megabytes(withFew)}, ${megabytes(withMany)}: ${kilobytes(each[0])} a viewer for the first ${group(few)}, ${kilobytes(each[1])} for the others`,
			values: { base, few, withFew, many, withMany, bytesOfFew: each[0], bytesOfMany: each[1] },
		};
	} finally {
		for (const socket of sockets) socket.terminate();
		await relay.stop();
	}
}

function openSocket(relay: string, channel: string): Promise<WebSocket> {
	const address = `${relay.replace(/^http/, 'ws')}/channels/${channel}/events`;
	const socket = new WebSocket(address, { perMessageDeflate: false });
	return new Promise((resolve, reject) => {
		socket.once('error', reject);
		socket.once('open', () => socket.send('{"type":"hello","protocol":1,"history":0}'));
		socket.once('message', () => resolve(socket));
	});
}

interface Kept {
	kept: number;
	/** As the channel counts them, and their bytes. */
	count: number;
	bytes: number;
	/** Of the engine just after they were published, and started anew with nothing but what is kept; bytes. */
	published: number;
	loaded: number;
	disk: number;
}

async function measureEvents({ isShort, say }: BenchOptions): Promise<Row[]> {
	const all: Kept[] = [];
	for (const kept of isShort ? SHORT_KEPT : KEPT) {
		all.push(await fillAndRestart(kept));
		say(`memory: ${kept} events kept`);
	}
	const [few, many] = all as [Kept, Kept];
	const lost = all.find(({ kept, count }) => count !== kept);
	const load = `${group(few.kept)} and ${group(many.kept)} events kept, of ${group(many.bytes / many.count)} bytes each`;
	if (lost) {
		const figure = `no figure: of ${group(lost.kept)} events ${group(lost.count)} are kept`;
		return [{ ...about, load, figure, values: { lost: true } }];
	}
	// What a channel takes anyway is in both.
	const each = (of: (kept: Kept) => number) => (of(many) - of(few)) / (many.kept - few.kept);
	const [memory, published, disk] = [
		each(({ loaded }) => loaded),
		each((one) => one.published),
		each((one) => one.disk),
	];
	return [
		{
			...about,
			load,
			figure: `in memory ${group(memory)} bytes an event (${megabytes(few.loaded)} to ${megabytes(many.loaded)}), and ${group(published)} just after they were published`,
			values: { memory, published, few: few.loaded, many: many.loaded },
			goal: { text: `under ${group(EVENT_BYTES)} bytes an event`, isMet: memory < EVENT_BYTES },
		},
		{
			...about,
			load,
			figure: `on disk ${group(disk)} bytes an event (${megabytes(few.disk)} to ${megabytes(many.disk)})`,
			values: { disk, few: few.disk, many: many.disk },
			goal: { text: `under ${group(EVENT_BYTES)} bytes an event`, isMet: disk < EVENT_BYTES },
		},
	];
}

async function fillAndRestart(kept: number): Promise<Kept> {
	const relay = await startRelay({ vars: { ...FREE, LIVE_FEED_KEEP_ENTRIES: String(kept) } });
	try {
		const channel = createChannelName('kept');
		const publisher = await PacedPublisher.join(relay.url, channel, createDraft);
		// A tenth more, so that some go.
		await publisher.fill(Math.round(kept * 1.1));
		publisher.close();
		const published = await readAtRest(relay);
		await relay.engine?.restart();
		const disk = readDisk(relay);
		const address = `${relay.url}/channels/${channel}`;
		await (await fetch(`${address}/events?limit=1000`)).text();
		const loaded = await readAtRest(relay);
		// To count them it reads them all: afterwards.
		const { count, bytes } = (await (await fetch(address)).json()) as { count: number; bytes: number };
		return { kept, count, bytes, published, loaded, disk };
	} finally {
		await relay.stop();
	}
}

/** Of all files of a relay's state, as they take room; bytes. */
function readDisk({ stateDir = '' }: TestRelay): number {
	return readdirSync(stateDir, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).blocks * 512, 0);
}

/** The engine's resident memory once it has come to rest, bytes. */
async function readAtRest(relay: TestRelay): Promise<number> {
	await pause(REST_MS);
	const seen: number[] = [];
	for (let look = 0; look < LOOKS; look++) {
		seen.push(readResident(relay.engine?.enginePid).rss);
		await pause(LOOK_MS);
	}
	return percentile(seen, 50);
}

function kilobytes(bytes: number): string {
	return `${(bytes / 1000).toFixed(1)} kB`;
}
