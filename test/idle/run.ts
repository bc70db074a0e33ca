// Proves that idle viewers cost nothing: `npm run test:idle`, or `npm run test:idle -- --short`.
// Knows what viewers are sent and what a process has used (Linux); never knows the relay's inside.
import http from 'node:http';
import process from 'node:process';
import { WebSocket } from 'ws';
import { Vigil } from '../../widget/client/vigil.ts';
import { createChannelName } from '../support/conversation.ts';
import { startRelay } from '../support/relay.ts';
import { keepResults } from '../support/results.ts';
import { patience } from '../support/slowness.ts';
import { readCpu } from '../support/usage.ts';

const isShort = process.argv.includes('--short');
const [EACH, SECONDS] = isShort ? [50, 35] : [1000, 300];
/** Sockets alone, as a page with a panel has them; for so long that each asks as often as the others. */
const [SOCKETS, SOCKET_SECONDS] = isShort ? [150, 30] : [3000, 125];
/** Of one core, for so many sockets. */
const MAX_CPU = 0.02;
const WAIT_S = 30;

const printed: string[] = [];
const say = (line: string) => {
	printed.push(line);
	process.stdout.write(`${line}\n`);
};
const failures: string[] = [];
const hold = (isTrue: boolean, what: string) => {
	if (!isTrue) failures.push(what);
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const relay = await startRelay();
const channel = createChannelName('idle');
const address = `${relay.url}/channels/${channel}/events`;
const agent = new http.Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
const sockets: WebSocket[] = [];
const streams: http.IncomingMessage[] = [];
let isOver = false;
/** Pings of all sockets. */
let asked = 0;
/** What came, by transport: how often, and what was neither an answer to a ping nor one. */
const came = new Map<string, { pings: number; others: string[] }>();

function note(transport: string, isPing: boolean, text: string): void {
	const one = came.get(transport) ?? { pings: 0, others: [] };
	if (isPing) one.pings++;
	else one.others.push(text.slice(0, 80));
	came.set(transport, one);
}

/** As a panel does: it says hello, and after a while of silence asks whether somebody is there. */
async function openSocket(): Promise<void> {
	const socket = new WebSocket(address.replace(/^http/, 'ws'), { perMessageDeflate: false });
	sockets.push(socket);
	await new Promise<void>((resolve, reject) => {
		socket.once('error', reject);
		socket.once('open', () => socket.send('{"type":"hello","protocol":1,"history":0}'));
		socket.once('message', () => {
			socket.on('message', (data) => note('socket', String(data).startsWith('{"type":"pong"'), String(data)));
			resolve();
		});
	});
	let heardAt = Date.now();
	socket.on('message', () => {
		heardAt = Date.now();
	});
	const vigil = new Vigil({
		isOpen: () => socket.readyState === WebSocket.OPEN,
		heardAt: () => heardAt,
		outbox: { waiting: [], takenAt: 0 },
		ping: () => {
			asked++;
			socket.send('{"type":"ping"}');
		},
		restart: () => {
			if (!isOver) failures.push('a socket had no answer to its ping');
		},
	});
	socket.once('close', () => vigil.end());
}

const PINGS: Record<string, RegExp> = {
	'text/event-stream': /^(: ping\nid: \S+\n\n)+$/,
	'application/x-ndjson': /^\n+$/,
	'text/plain': /^$/,
};

async function openStream(accept: string): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		const request = http.get(`${address}?limit=0`, { agent, headers: { accept } }, (response) => {
			streams.push(response);
			response.setEncoding('utf8').on('error', () => {}); // it ends with its relay
			let isWelcome = accept !== 'text/event-stream';
			response.on('data', (text: string) => {
				if (isWelcome) note(accept, PINGS[accept]?.test(text) ?? false, text);
				else isWelcome = text.includes('event: welcome');
			});
			resolve();
		});
		request.once('error', reject);
	});
}

async function poll(position: string): Promise<void> {
	while (!isOver) {
		const text = await new Promise<string>((resolve) => {
			const request = http.get(`${address}?wait=${WAIT_S}&after=${position}`, { agent }, (response) => {
				streams.push(response);
				let body = '';
				response.setEncoding('utf8').on('data', (part: string) => {
					body += part;
				});
				response.on('end', () => resolve(body));
				response.on('error', () => resolve('{"events":[]}'));
			});
			request.once('error', () => resolve('{"events":[]}'));
		});
		if (!isOver) note('poll', text.includes('"events":[]'), text);
	}
}

/** Of all channels, and read without waking one. */
async function readMetrics(): Promise<Record<'reads' | 'writes' | 'viewers', number>> {
	const text = await (await fetch(`${relay.url}/metrics`)).text();
	const read = (metric: string) => Number(new RegExp(`^live_feed_${metric} (\\S+)$`, 'm').exec(text)?.[1]);
	return {
		reads: read('storage_read_seconds_count'),
		writes: read('storage_write_seconds_count'),
		viewers: read('connections'),
	};
}

/** Waits, and says what the engine has used and asked of storage meanwhile. */
async function watch(name: string, seconds: number): Promise<{ cpu: number; operations: number }> {
	const pid = relay.engine?.enginePid;
	const [before, cpuBefore, start] = [await readMetrics(), readCpu([pid]), performance.now()];
	await pause(seconds * 1000);
	const [cpu, elapsed] = [(readCpu([pid]) - cpuBefore) / 1000, (performance.now() - start) / 1000];
	const after = await readMetrics();
	const operations = after.reads + after.writes - before.reads - before.writes;
	say(
		`${name}: ${after.viewers} connected for ${Math.round(elapsed)} s, ${operations} storage operations, ${((cpu / elapsed) * 100).toFixed(2)} % of one core`,
	);
	// Of those who poll, some are just between two requests.
	hold(
		after.viewers >= before.viewers - EACH / 10,
		`${name}: ${before.viewers} were connected, and then ${after.viewers}`,
	);
	hold(operations === 0, `${name}: ${operations} storage operations`);
	return { cpu: cpu / elapsed, operations };
}

async function inTens(count: number, open: () => Promise<void>): Promise<void> {
	for (let n = 0; n < count; n += 10) await Promise.all(Array.from({ length: Math.min(10, count - n) }, open));
}

try {
	const response = await fetch(address, { method: 'POST', body: 'the only event' });
	const { id } = (await response.json()) as { id: string };

	await inTens(SOCKETS, openSocket);
	await pause(2000); // who has just come is still being told of
	const { cpu } = await watch(`${SOCKETS} sockets`, SOCKET_SECONDS);
	say(`  ${asked} pings in all`);
	hold(cpu < MAX_CPU, `the engine uses ${(cpu * 100).toFixed(2)} % of a core for ${SOCKETS} idle sockets`);
	for (const socket of sockets.splice(EACH)) socket.terminate();

	for (const accept of Object.keys(PINGS)) await inTens(EACH, () => openStream(accept));
	for (let n = 0; n < EACH; n++) void poll(id);
	await pause(5000);
	came.clear();
	await watch(`${EACH} on each of five transports`, SECONDS);
	for (const [transport, { pings, others }] of came) {
		say(`  ${transport}: ${pings} pings or empty answers, ${others.length} others${others[0] ? `: ${others[0]}` : ''}`);
		hold(others.length === 0, `${transport} was sent ${others.length} frames that are no pings`);
	}
	// They were there to be told: the next event reaches all of them.
	isOver = true;
	const count = () => [...came.values()].reduce((sum, { others }) => sum + others.length, 0);
	await fetch(address, { method: 'POST', body: 'at last' });
	const deadline = Date.now() + patience(20_000);
	while (count() < EACH * 4 && Date.now() < deadline) await pause(50);
	say(`  the next event reached ${count()} of ${EACH * 4} that are connected`);
	hold(count() === EACH * 4, `the next event reached ${count()} of ${EACH * 4}`);
} finally {
	isOver = true;
	for (const socket of sockets) socket.terminate();
	for (const stream of streams) stream.destroy();
	agent.destroy();
	await relay.stop();
}
if (!isShort) keepResults('idle', printed);
for (const failure of failures) say(`FAILED: ${failure}`);
process.exit(failures.length > 0 ? 1 : 0);
