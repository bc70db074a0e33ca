// How fast the relay is: `node --import tsx test/bench/fanout.ts [viewers]`. Not a test: machines differ.
// Knows how load is made and summed up; never knows the relay's inside. Ends by itself, on loopback only.
import { type ChildProcess, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { startRelay } from '../support/relay.ts';

const VIEWERS = Number(process.argv[2] ?? 1000);
const PROCESSES = 4;
const SECONDS = 6;
/** What is still on its way after that is counted as missing. */
const LATE_MS = 15_000;
const RATES = [50, 500, 2000, 5000, 9000];
const TEXT = 'x'.repeat(60); // an event of about 200 bytes

interface Seen {
	delays: number[];
	deliveries: number;
	bytes: number;
	disorder: number;
}

const hear = <T>(child: ChildProcess) =>
	new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)));
const round = (value: number) => Math.round(value).toLocaleString('en');

const relay = await startRelay({ vars: {} });
try {
	console.log(`${cpus().length} cores, ${VIEWERS} viewers, every event stored`);
	await measureReceipts();
	await measureDeliveries();
} finally {
	await relay.stop();
}

/** One socket with 256 drafts in flight. */
async function measureReceipts(): Promise<void> {
	const publisher = await Conversation.join(relay.url, createChannelName('receipts'), { types: ['never'] });
	let receipts = 0;
	let ref = 0;
	const send = () => publisher.send({ type: 'publish', ref: ref++, draft: { text: TEXT } });
	publisher.socket.on('message', (data) => {
		const message = JSON.parse(String(data));
		if (message.type !== 'receipts') return;
		receipts += message.receipts.length;
		publisher.forget();
		if (performance.now() < end) for (const _ of message.receipts) send();
	});
	const start = performance.now();
	const end = start + SECONDS * 1000;
	for (let draft = 0; draft < 256; draft++) send();
	await delay(SECONDS * 1000);
	console.log(`receipts over one socket: ${round((receipts / (performance.now() - start)) * 1000)}/s`);
	publisher.socket.terminate();
}

/** All viewers on one channel, at several rates. */
async function measureDeliveries(): Promise<void> {
	const channel = createChannelName('fanout');
	const url = `${relay.url.replace(/^http/, 'ws')}/channels/${channel}/events`;
	const script = fileURLToPath(new URL('viewers.ts', import.meta.url));
	const children = Array.from({ length: PROCESSES }, () => fork(script, [url, String(Math.ceil(VIEWERS / PROCESSES))]));
	const publisher = await Conversation.join(relay.url, channel, { types: ['never'] });
	try {
		await Promise.all(children.map((child) => hear<string>(child)));
		for (const rate of RATES) {
			for (const child of children) child.send('forget');
			await publisher.ping();
			let sent = 0;
			const start = performance.now();
			for (let now = start; now < start + SECONDS * 1000; now = performance.now()) {
				const due = Math.floor(((now - start) / 1000) * rate);
				for (; sent < due; sent++) {
					const data = { at: performance.timeOrigin + performance.now() };
					publisher.send({ type: 'publish', ref: sent, draft: { text: TEXT, data } });
				}
				await delay(2);
			}
			const wanted = sent * PROCESSES * Math.ceil(VIEWERS / PROCESSES);
			let seen: Seen[] = [];
			const total = (field: 'deliveries' | 'bytes' | 'disorder') => seen.reduce((sum, one) => sum + one[field], 0);
			const late = performance.now() + LATE_MS;
			do {
				await delay(50);
				const told = children.map((child) => hear<Seen>(child));
				for (const child of children) child.send('tell');
				seen = await Promise.all(told);
			} while (total('deliveries') < wanted && performance.now() < late);
			const seconds = (performance.now() - start) / 1000;
			const delays = seen.flatMap((one) => one.delays).sort((a, b) => a - b);
			const at = (share: number) => round(delays[Math.floor(delays.length * share)] ?? Number.NaN);
			console.log(
				`${rate} events/s: ${round(total('deliveries') / seconds)} deliveries/s, ` +
					`p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${round(total('bytes') / total('deliveries'))} bytes an event, ` +
					`missing ${wanted - total('deliveries')}, out of order ${total('disorder')}`,
			);
			publisher.forget();
		}
	} finally {
		for (const child of children) child.disconnect();
		publisher.socket.terminate();
	}
}
