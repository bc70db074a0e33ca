// How many events a second are on disk and answered, whichever way they come.
// Knows the ways of publishing to the relay; never knows how it stores. Nobody else stores, so nobody is beside it.
import http from 'node:http';
import { createChannelName } from '../../support/conversation.ts';
import { readCpu } from '../../support/usage.ts';
import type { Running } from '../contenders/contender.ts';
import { liveFeed } from '../contenders/index.ts';
import { createDraft } from '../load/draft.ts';
import { Publishers } from '../load/publishers.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { showMany, showShare } from '../table.ts';
import { createFaultRow, createMissingRow, isInstalled } from './present.ts';

/** Answers what was taken until it is over; throws where something was refused. */
type Way = (running: Running, channel: string, isOver: () => boolean, count: (taken: number) => void) => Promise<void>;

const WAYS: readonly { load: string; goal?: number; way: Way }[] = [
	{ load: 'single requests, 1 connection', way: inRequests(1, 1) },
	{ load: 'single requests, 50 connections', way: inRequests(50, 1) },
	{ load: 'requests of 1,000 events, 4 connections', goal: 50_000, way: inRequests(4, 1000) },
	{ load: '1 WebSocket, 512 drafts in flight', goal: 30_000, way: overSockets(1, 512) },
	{ load: '50 WebSockets, 64 drafts in flight each', way: overSockets(50, 64) },
];

export const publishing: Measure = {
	name: 'publishing',
	async run(options) {
		if (!isInstalled(liveFeed)) return [createMissingRow('publishing', liveFeed, '')];
		const rows: Row[] = [];
		const running = await liveFeed.start();
		try {
			for (const { load, goal, way } of WAYS) {
				try {
					rows.push(await measure(running, load, goal, way, options));
				} catch (error) {
					// One way that fails takes no figure of another with it.
					const fault = error instanceof Error ? error.message : String(error);
					rows.push(createFaultRow('publishing', liveFeed.name, load, fault));
				}
			}
		} finally {
			await running.stop();
		}
		return rows;
	},
};

async function measure(
	running: Running,
	load: string,
	goal: number | undefined,
	way: Way,
	{ isShort, say }: BenchOptions,
): Promise<Row> {
	const [warmMs, ms] = isShort ? [300, 1500] : [1000, 6000];
	let receipts = 0;
	let [begin, end] = [0, Number.POSITIVE_INFINITY];
	let [system, load0] = [0, 0];
	let perSecond = 0;
	const start = performance.now();
	const pids = running.findPids();
	let cpu = '';
	await way(
		running,
		createChannelName('publishing'),
		() => performance.now() >= end,
		(taken) => {
			const now = performance.now();
			if (begin === 0 && now >= start + warmMs) {
				[begin, end] = [now, now + ms];
				[system, load0] = [readCpu(pids), readCpu([process.pid])];
			} else if (begin > 0 && now < end) {
				receipts += taken;
				const elapsed = now - begin;
				perSecond = (receipts / elapsed) * 1000;
				if (elapsed > ms * 0.9 && cpu === '')
					cpu = `; CPU ${showShare((readCpu(pids) - system) / elapsed)} + load ${showShare((readCpu([process.pid]) - load0) / elapsed)}`;
			}
		},
	);
	say(`  ${load}: ${showMany(perSecond)} receipts/s${cpu}`);
	return {
		...{ measure: 'publishing', who: liveFeed.name, load },
		figure: `${showMany(perSecond)} receipts/s${cpu}`,
		values: { perSecond },
		...(goal === undefined ? {} : { goal: { text: showMany(goal), isMet: perSecond >= goal } }),
	};
}

/** Each connection asks again as soon as it is answered. */
function inRequests(connections: number, events: number): Way {
	return async ({ port }, channel, isOver, count) => {
		const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
		const ask = (body: string) =>
			new Promise<void>((resolve, reject) => {
				const request = http.request(
					{
						...{ agent, port, host: '127.0.0.1', method: 'POST', path: `/channels/${channel}/events` },
						headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
					},
					(response) => {
						let answer = '';
						response.setEncoding('utf8').on('data', (text: string) => {
							answer += text;
						});
						response.on('end', () => {
							// An event that was refused has an error in its place.
							const taken = answer.split('"duplicate":false').length - 1;
							if (response.statusCode === 201 && taken === events) resolve();
							else reject(new Error(`Expected ${events} receipts: ${response.statusCode} ${answer.slice(0, 200)}`));
						});
						response.on('error', reject);
					},
				);
				request.on('error', reject);
				request.end(body);
			});
		const askOn = async (by: number) => {
			for (let n = 0; !isOver(); n += events) {
				const drafts = Array.from({ length: events }, (_, index) => createDraft(by, n + index));
				await ask(JSON.stringify(events === 1 ? drafts[0] : drafts));
				count(events);
			}
		};
		try {
			await Promise.all(Array.from({ length: connections }, (_, by) => askOn(by)));
		} finally {
			agent.destroy();
		}
	};
}

/** Each socket has so many on their way, and publishes as many again as were answered. */
function overSockets(sockets: number, inFlight: number): Way {
	return async ({ port }, channel, isOver, count) => {
		const { dialect } = liveFeed;
		let [finish, fail] = [() => {}, (_: Error) => {}];
		const finished = new Promise<void>((resolve, reject) => {
			[finish, fail] = [resolve, reject];
		});
		const publishers = await Publishers.open({
			...{ port, channel, dialect, count: sockets },
			onAnswers(by, answers) {
				count(answers);
				if (publishers.refused > 0) fail(new Error(`${publishers.refused} events were refused.`));
				else if (!isOver()) publishers.publishOver(by, answers);
				else if (publishers.inFlight === 0) finish();
			},
			onClosed: () => fail(new Error('A publisher was cut off.')),
		});
		try {
			for (let by = 0; by < sockets; by++) publishers.publishOver(by, inFlight);
			await finished;
		} finally {
			publishers.close();
		}
	};
}
