// What becomes of memory over a long time and over many requests: of the relay on both engines, and of each engine without it.
// Knows whole trees of processes and a line through samples; never knows what they keep there.
import { Agent, request } from 'node:http';
import process from 'node:process';
import { group } from '../../faults/scenario.ts';
import { megabytes } from '../../reading/heap.ts';
import { createChannelName } from '../../support/conversation.ts';
import { fitTrend } from '../../support/trend.ts';
import { readTreeResident } from '../../support/usage.ts';
import type { Contender, Running } from '../contenders/contender.ts';
import { liveFeed, liveFeedOnPartyKit, partykit, workerd } from '../contenders/index.ts';
import { createDraft } from '../load/draft.ts';
import { Stage } from '../load/stage.ts';
import type { BenchOptions, Measure, Row } from '../measure.ts';
import { createFaultRow, createMissingRow, isInstalled } from './present.ts';

const measure = 'endurance';
/** A long time: events a second, viewers, and seconds; an hour with `HOUR=1`. */
const [RATE, READERS] = [50, 20];
const [SECONDS, SHORT_SECONDS, HOUR_SECONDS] = [600, 30, 3600];
/** More events than are kept, and more keys: what only fills up is full by then. */
const [FILL, FILL_RATE] = [12_000, 1000];
const [WARM_UP_S, SHORT_WARM_UP_S] = [180, 10];
/** Memory goes up and down with what is collected: parts of the run as long as that are one sample each. */
const BLOCKS = 20;
const SAMPLE_MS = 500;
/** Of the standard error on either side, for 95 in 100. */
const SIGMAS = 2.1;
/** Requests, each with a key, over so many connections; memory is looked at after each part. */
const [REQUESTS, SHORT_REQUESTS, CONNECTIONS, PARTS] = [200_000, 4000, 16, 20];
/** What is measured here is no limit. */
const FREE = { LIVE_FEED_MAX_PUBLISHES: '100000000', LIVE_FEED_MAX_PUBLISHED_BYTES: '100000000000' };

export const endurance: Measure = {
	name: measure,
	async run(options) {
		const all = [liveFeed, workerd, liveFeedOnPartyKit, partykit];
		const rows = all.filter((one) => !isInstalled(one)).map((one) => createMissingRow(measure, one, ''));
		const here = all.filter(isInstalled);
		for (const contender of here) rows.push(await measureRequests(contender, options));
		return [...rows, ...(await measureTime(here, options))];
	},
};

const createKeyed = (by: number, n: number) => ({ ...createDraft(by, n), key: `key ${by} ${n}` });

/** All at the same time, so that what the machine does is done to each of them. */
async function measureTime(contenders: readonly Contender[], { isShort, say }: BenchOptions): Promise<Row[]> {
	const seconds = isShort ? SHORT_SECONDS : process.env.HOUR === '1' ? HOUR_SECONDS : SECONDS;
	const load = `${RATE} events/s with keys to ${READERS} viewers for ${group(seconds)} s, retention and keys full`;
	const stages: Stage[] = [];
	for (const contender of contenders) {
		const stage = await Stage.open(contender, { viewers: READERS, publishers: 1, create: createKeyed, vars: FREE });
		stages.push(stage);
	}
	try {
		// One after the other: what is published here is much.
		const faults = new Map<Stage, string | undefined>();
		for (const stage of stages) {
			const { fault } = await stage.run(FILL_RATE, (isShort ? FILL / 10 : FILL) / FILL_RATE, 0);
			faults.set(stage, fault);
		}
		await Promise.all(
			stages.map(async (stage) => {
				const { fault } = await stage.run(RATE, isShort ? SHORT_WARM_UP_S : WARM_UP_S, 0);
				faults.set(stage, faults.get(stage) ?? fault);
			}),
		);
		const samples = new Map(stages.map((stage) => [stage, [] as { at: number; rss: number }[]]));
		const begin = performance.now();
		let looks = 0;
		const sampler = setInterval(() => {
			const at = (performance.now() - begin) / 1000;
			for (const [stage, own] of samples) own.push({ at, rss: readTreeResident(stage.running.findPids()) });
			if (++looks % (120_000 / SAMPLE_MS) !== 0) return;
			const now = stages.map((stage) => `${stage.who} ${megabytes(samples.get(stage)?.at(-1)?.rss)}`);
			say(`  ${Math.round(at)} of ${seconds} s: ${now.join(', ')}`);
		}, SAMPLE_MS);
		const runs = await Promise.all(stages.map((stage) => stage.run(RATE, seconds, 0))).finally(() =>
			clearInterval(sampler),
		);
		return stages.map((stage, index) => {
			const fault = faults.get(stage) ?? runs[index]?.fault;
			if (fault !== undefined) return createFaultRow(measure, stage.who, load, fault);
			const own = samples.get(stage) ?? [];
			const points = cut(own.filter(({ at }) => at <= seconds).map(({ at, rss }) => [at / 3600, rss] as const));
			const trend = findTrend(points);
			const last = findTrend(points.slice(-Math.round(BLOCKS / 2)));
			return {
				...{ measure, who: stage.who, load },
				figure:
					`${signed(trend.slope)} ± ${megabytes(trend.within)} an hour (95 %), in the last half ${signed(last.slope)} ± ${megabytes(last.within)}; ` +
					`${megabytes(points[0]?.[1])} in the first twentieth, ${megabytes(points.at(-1)?.[1])} in the last`,
				values: { seconds, ...trend, lastSlope: last.slope, lastWithin: last.within, samples: own.length },
				goal: { text: 'a slope of zero, within its uncertainty', isMet: trend.slope - trend.within <= 0 },
			};
		});
	} finally {
		for (const stage of stages) await stage.close();
	}
}

async function measureRequests(contender: Contender, { isShort, say }: BenchOptions): Promise<Row> {
	const total = isShort ? SHORT_REQUESTS : REQUESTS;
	const load = `${group(total)} requests with a key each, ${CONNECTIONS} connections`;
	const running = await contender.start({ vars: FREE });
	const publish = new Requests(running, contender.dialect.publisherPath(createChannelName('requests')));
	try {
		const points: [number, number][] = [];
		const begin = performance.now();
		for (let part = 1; part <= PARTS; part++) {
			await publish.send(total / PARTS);
			points.push([(part * total) / PARTS, readTreeResident(running.findPids())]);
		}
		const perSecond = total / ((performance.now() - begin) / 1000);
		// In the first half what is kept, and the keys, fill up.
		const { slope, within } = findTrend(points.slice(PARTS / 2));
		const [each, around] = [slope * 100_000, within * 100_000];
		const at = (share: number) => megabytes(points[Math.round(PARTS * share) - 1]?.[1]);
		say(`  ${contender.name}: ${at(1)} after ${group(total)} requests`);
		return {
			...{ measure, who: contender.name, load },
			figure:
				`${at(1 / 8)} after an eighth, ${at(0.5)} after half, ${at(1)} at the end: ` +
				`in the last half ${signed(each)} ± ${megabytes(around)} for 100,000 (95 %); ${group(perSecond)} a second`,
			values: { total, slope: each, within: around, perSecond },
		};
	} finally {
		publish.close();
		await running.stop();
	}
}

/** Requests over connections that stay open, one at a time on each. */
class Requests {
	readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
	readonly #port: number;
	readonly #path: string;
	#next = 0;

	constructor({ port }: Running, path: string) {
		this.#port = port;
		this.#path = path;
	}

	async send(count: number): Promise<void> {
		const end = this.#next + count;
		const work = async () => {
			while (this.#next < end) await this.#post(JSON.stringify(createKeyed(0, this.#next++)));
		};
		await Promise.all(Array.from({ length: CONNECTIONS }, work));
	}

	close(): void {
		this.#agent.destroy();
	}

	#post(body: string): Promise<void> {
		return new Promise((resolve, reject) => {
			const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
			const sent = request(
				{ host: '127.0.0.1', port: this.#port, path: this.#path, method: 'POST', agent: this.#agent, headers },
				(response) => {
					response.resume();
					response.once('end', () =>
						response.statusCode === 201 ? resolve() : reject(new Error(`Expected 201 and got ${response.statusCode}.`)),
					);
				},
			);
			sent.once('error', reject);
			sent.end(body);
		});
	}
}

/** Neighbouring samples say the same again, and would make the line look surer than it is. */
function cut(samples: readonly (readonly [x: number, rss: number])[]): (readonly [number, number])[] {
	const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
	return Array.from({ length: BLOCKS }, (_, block) => {
		const own = samples.slice((block * samples.length) / BLOCKS, ((block + 1) * samples.length) / BLOCKS);
		return [mean(own.map(([x]) => x)), mean(own.map(([, rss]) => rss))] as const;
	});
}

function findTrend(points: readonly (readonly [number, number])[]): { slope: number; within: number } {
	const { slope, error } = fitTrend(points);
	return { slope, within: SIGMAS * error };
}

function signed(bytes: number): string {
	return `${bytes < 0 ? '' : '+'}${megabytes(bytes)}`;
}
