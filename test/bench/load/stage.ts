// A system that runs, its viewers and its publishers, and what happens at a rate.
// Knows when a run counts; never knows which rate is wanted.
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { createChannelName } from '../../support/conversation.ts';
import { readCpu } from '../../support/usage.ts';
import type { Contender, Draft, Running, StartOptions } from '../contenders/contender.ts';
import { Crowd } from './crowd.ts';
import { Publishers } from './publishers.ts';

/** What is still on its way after that is lost. */
const LATE_MS = 30_000;
/** Where nothing has come for so long, nothing will. */
const LOST_MS = 1000;
/** A system keeps up where nothing is further behind at the end than this. */
const BEHIND_MS = 500;
/** Who is so late at once is not asked for longer. */
const HOPELESS_MS = 1000;
/** Between two looks at what has come. */
const LOOK_MS = 25;

export interface Run {
	/** Events a second that were wanted, and how many were published. */
	rate: number;
	sent: number;
	viewers: number;
	/** Event deliveries a second, from the first publish until the last event came. */
	deliveriesPerSecond: number;
	/** Milliseconds. */
	p50: number;
	p99: number;
	/** On the wire, for one event to one viewer. */
	bytesPerEvent: number;
	eventsPerFrame: number;
	/** Shares of one core: the system's, and that of those who make the load. */
	systemCpu: number;
	loadCpu: number;
	/** The system's processor time for one delivery, microseconds. */
	cpuPerDelivery: number;
	/** The system kept up. */
	isSteady: boolean;
	/** Why nothing of it is printed: an event was lost, came twice or out of order. */
	fault: string | undefined;
}

export interface StageOptions extends StartOptions {
	viewers: number;
	/** 4 unless given. */
	publishers?: number;
	/** Of so many viewers one says how late each event is: of 50 unless given. */
	sampleEvery?: number;
	/** What is published, unless it is as from a busy shop. */
	create?: (by: number, n: number) => Draft;
}

export class Stage {
	readonly running: Running;
	readonly channel: string;
	readonly crowd: Crowd;
	readonly #contender: Contender;
	readonly #publishers: Publishers;
	#isOver = false;

	private constructor(contender: Contender, running: Running, channel: string, crowd: Crowd, publishers: Publishers) {
		this.#contender = contender;
		this.running = running;
		this.channel = channel;
		this.crowd = crowd;
		this.#publishers = publishers;
	}

	/** Starts the system, and resolves when all are its viewers and publishers. */
	static async open(
		contender: Contender,
		{ viewers, publishers: count = 4, sampleEvery, create, ...options }: StageOptions,
	): Promise<Stage> {
		const running = await contender.start(options);
		const crowd = Crowd.start();
		try {
			const channel = createChannelName('bench');
			const where = { port: running.port, channel };
			await crowd.open({
				...where,
				contender: contender.name,
				count: viewers,
				...(sampleEvery ? { sampleEvery } : {}),
			});
			const publishers = await Publishers.open({
				...{ ...where, dialect: contender.dialect, count },
				...(create ? { create } : {}),
			});
			return new Stage(contender, running, channel, crowd, publishers);
		} catch (error) {
			await crowd.stop();
			await running.stop();
			throw error;
		}
	}

	/** Publishes evenly at a rate, waits for all of it, and says what came of it. */
	async run(rate: number, seconds: number, warmSeconds = 1): Promise<Run> {
		if (warmSeconds > 0) {
			const warm = await this.#run(rate, warmSeconds);
			if (warm.fault !== undefined || warm.p99 > HOPELESS_MS) return warm;
		}
		return await this.#run(rate, seconds);
	}

	async #run(rate: number, seconds: number): Promise<Run> {
		const { crowd, running } = this;
		const publishers = this.#publishers;
		await crowd.forget();
		const [systemPids, loadPids] = [running.findPids(), [process.pid, ...crowd.pids]];
		const [system, load] = [readCpu(systemPids), readCpu(loadPids)];
		const [before, refused] = [publishers.sent, publishers.refused];
		const start = performance.now();
		const end = start + seconds * 1000;
		for (let now = start; now < end; now = performance.now()) {
			const due = Math.ceil(((now - start) / 1000) * rate) - (publishers.sent - before);
			if (due > 0) publishers.publish(due);
			// Whoever is a second behind after as long a time will not catch up.
			if (publishers.inFlight > Math.max(rate, 500) || publishers.unsentBytes > 4 * 1024 * 1024) break;
			await delay(2);
		}
		const published = performance.now();
		const sent = publishers.sent - before;
		let seen = await crowd.tell();
		const wanted = sent * seen.viewers;
		while (seen.deliveries < wanted && performance.now() < published + LATE_MS && seen.faults === 0) {
			await delay(LOOK_MS);
			seen = await crowd.tell();
		}
		const elapsed = performance.now() - start;
		const used = readCpu(systemPids) - system;
		const lastAt = seen.lastAt - performance.timeOrigin;
		const refusals = publishers.refused - refused;
		const fault =
			seen.fault ??
			(publishers.closed > 0 ? 'A publisher was cut off.' : undefined) ??
			(refusals > 0 ? `${refusals} events were refused.` : undefined) ??
			(seen.deliveries < wanted && seen.lastAt > performance.timeOrigin + performance.now() - LOST_MS
				? `${wanted - seen.deliveries} deliveries were still to come after ${LATE_MS / 1000} s.`
				: undefined) ??
			(seen.fewest !== sent || seen.most !== sent
				? `Of ${sent} events, a viewer was sent from ${seen.fewest} to ${seen.most}.`
				: undefined);
		return {
			...{ rate, sent, viewers: seen.viewers, fault },
			deliveriesPerSecond: (seen.deliveries / Math.max(lastAt - start, seconds * 1000)) * 1000,
			p50: seen.spread.at(0.5),
			p99: seen.spread.at(0.99),
			bytesPerEvent: seen.wireBytes / seen.deliveries,
			eventsPerFrame: seen.deliveries / seen.frames,
			systemCpu: used / elapsed,
			loadCpu: (readCpu(loadPids) - load) / elapsed,
			cpuPerDelivery: (used * 1000) / seen.deliveries,
			isSteady: lastAt - published < BEHIND_MS && sent > rate * seconds * 0.97,
		};
	}

	/** The name of the system. */
	get who(): string {
		return this.#contender.name;
	}

	async close(): Promise<void> {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#publishers.close();
		await this.crowd.stop();
		await this.running.stop();
	}
}
