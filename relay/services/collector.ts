// Where a distributed relay comes together: one object to which all channels report, late by up to 30 s.
// Knows reports and what they add up to; never knows an engine, nor what a channel does.
import { type Connections, countAll, TRANSPORTS } from '../audience.ts';
import { addReadings, emptyReadings, type Readings, subtractReadings } from '../figures.ts';
import type { Report } from '../http/figures.ts';
import type { Identity } from '../identity.ts';
import { Limiter } from '../limiter.ts';
import type { KeyValueStorage } from '../log-storage.ts';
import { Quotas } from '../quotas.ts';
import type { Limits } from '../settings.ts';
import type { ChannelReport, Refusal, RelayView } from './channel-report.ts';

/** The time between two reports of a channel: as long as keeps all of them together below 10 a second, within these bounds, ms. */
const MS_PER_CHANNEL = 100;
const MIN_INTERVAL_MS = 5000;
const MAX_INTERVAL_MS = 30_000;
/** A channel without connections is forgotten after this time without a report, ms. Its object is gone by then. */
const FORGET_MS = 3_600_000;
/** Channels that are read from storage at once. */
const LOADED_AT_ONCE = 1000;

const CHANNELS = 'channel:';
const TOTALS = 'totals';

/** The newest report of a channel. */
interface Known extends Omit<ChannelReport, 'charges'> {
	at: number;
}

/** What outlasts every memory that counts. */
interface Totals {
	/** The deployment whose sockets are counted. A deployment ends all sockets of the one before. */
	deployment: string;
	readings: Readings;
}

export interface CollectorOptions {
	storage: KeyValueStorage;
	limits: Limits;
	/** Milliseconds since the Unix epoch. */
	clock: () => number;
	/** Names this deployment. Default: all are one. */
	deployment?: string;
}

export class Collector {
	readonly #options: CollectorOptions;
	readonly #quotas: Quotas;
	readonly #limiter: Limiter;
	readonly #channels = new Map<string, Known>();
	#totals: Totals;
	#loading: Promise<void> | undefined;
	#sweptAt = 0;

	constructor(options: CollectorOptions) {
		const { clock, limits, deployment = '' } = options;
		this.#options = options;
		this.#quotas = new Quotas(clock);
		this.#limiter = new Limiter(limits, clock, this.#quotas);
		this.#totals = { deployment, readings: emptyReadings(clock()) };
	}

	/** Takes a channel's report. Returns what the channel has to know of the rest. */
	async report({ charges, ...report }: ChannelReport): Promise<RelayView> {
		await this.#load();
		const { storage, clock } = this.#options;
		const { channel } = report;
		const before = this.#channels.get(channel);
		const isSameMemory = before?.memory === report.memory;
		const { readings } = this.#totals;
		addReadings(readings, isSameMemory ? subtractReadings(report.readings, before.readings) : report.readings);
		for (const [name, amount, perMinute] of charges) this.#quotas.charge([name], amount, perMinute);
		const known: Known = { ...report, at: clock() };
		this.#channels.set(channel, known);
		await storage.put({ [CHANNELS + channel]: known, [TOTALS]: this.#totals });
		await this.#forget();
		return this.#describeRest(
			report,
			charges.map(([name]) => name),
		);
	}

	/** Checks the limit of new channels. Undefined where one more may be opened. */
	openChannel(who: Identity): Refusal | undefined {
		const error = this.#limiter.openChannel({ who });
		return error && { message: error.message, retryMs: error.retryMs };
	}

	/** Returns the channels that have connections. */
	async connectedChannels(): Promise<string[]> {
		await this.#load();
		return [...this.#channels.values()]
			.filter(({ connections }) => countAll(connections) > 0)
			.map(({ channel }) => channel);
	}

	/** Returns the metrics of the whole relay. */
	async summarise(): Promise<Report> {
		await this.#load();
		const now = this.#options.clock();
		const viewers: Connections = { socket: 0, sse: 0, ndjson: 0, text: 0, poll: 0 };
		const readings: Readings = { ...this.#totals.readings, time: now };
		const rates: Readings[] = [];
		const sum = { drafts: 0, draftBytes: 0, lag: 0, channels: 0, backlogBytes: 0 };
		for (const { connections, strain, backlogBytes, readings: own, at } of this.#channels.values()) {
			for (const transport of TRANSPORTS) viewers[transport] += connections[transport];
			if (countAll(connections) > 0) sum.channels++;
			sum.backlogBytes += backlogBytes;
			sum.drafts += strain.drafts;
			sum.draftBytes += strain.draftBytes;
			sum.lag = Math.max(sum.lag, strain.lag);
			if (now - at <= 2 * MAX_INTERVAL_MS) rates.push(own);
		}
		return { channel: undefined, readings: joinRates(readings, rates), viewers, ...sum };
	}

	#describeRest({ channel, addresses }: Omit<ChannelReport, 'charges'>, names: string[]): RelayView {
		const wanted = new Map(addresses.map(([address]) => [address, 0]));
		let connections = 0;
		let ungreeted = 0;
		let active = 0;
		const now = this.#options.clock();
		for (const other of this.#channels.values()) {
			if (now - other.at < MAX_INTERVAL_MS) active++;
			if (other.channel === channel) continue;
			connections += countAll(other.connections);
			ungreeted += other.ungreeted;
			for (const [address, count] of other.addresses)
				if (wanted.has(address)) wanted.set(address, (wanted.get(address) ?? 0) + count);
		}
		return {
			connections,
			ungreeted,
			addresses: [...wanted],
			left: names.map((name) => [name, this.#quotas.left(name)]),
			intervalMs: Math.min(Math.max(active * MS_PER_CHANNEL, MIN_INTERVAL_MS), MAX_INTERVAL_MS),
		};
	}

	/** What was reported outlasts the sleep of this object. */
	#load(): Promise<void> {
		this.#loading ??= this.#read().catch((error) => {
			this.#loading = undefined;
			throw error;
		});
		return this.#loading;
	}

	async #read(): Promise<void> {
		const { storage, deployment = '' } = this.#options;
		const totals = (await storage.get(TOTALS)) as Totals | undefined; // written below alone
		if (!totals) return;
		this.#totals = { ...totals, deployment };
		for (let start = CHANNELS; ; ) {
			const page = await storage.list({ prefix: CHANNELS, start, limit: LOADED_AT_ONCE });
			for (const value of page.values()) {
				const known = value as Known;
				// A deployment has ended all sockets, and no object says so.
				const ended = { connections: noConnections(), ungreeted: 0, addresses: [], backlogBytes: 0 };
				this.#channels.set(known.channel, totals.deployment === deployment ? known : { ...known, ...ended });
			}
			if (page.size < LOADED_AT_ONCE) return;
			start = `${[...page.keys()].at(-1)}\0`;
		}
	}

	/** Channels that nobody is connected to and that have been silent for long. */
	async #forget(): Promise<void> {
		const now = this.#options.clock();
		if (now - this.#sweptAt < FORGET_MS) return;
		this.#sweptAt = now;
		const old = [...this.#channels.values()].filter(
			({ connections, at }) => countAll(connections) === 0 && now - at >= FORGET_MS,
		);
		const names = old.map(({ channel }) => channel).slice(0, 100);
		for (const name of names) this.#channels.delete(name);
		if (names.length > 0) await this.#options.storage.delete(names.map((name) => CHANNELS + name));
	}
}

/** Rates of the last minute add up; of durations the slowest channel's p95 is told. */
function joinRates(totals: Readings, rates: readonly Readings[]): Readings {
	const requestsPerSecond = rates.reduce((sum, one) => sum + one.requestsPerSecond, 0);
	const weighted = rates.reduce((sum, one) => sum + one.meanMs * one.requestsPerSecond, 0);
	return {
		...totals,
		requestsPerSecond,
		meanMs: requestsPerSecond === 0 ? 0 : weighted / requestsPerSecond,
		p95Ms: Math.max(0, ...rates.map(({ p95Ms }) => p95Ms)),
		idle: Math.min(1, ...rates.map(({ idle }) => idle)),
	};
}

function noConnections(): Connections {
	return { socket: 0, sse: 0, ndjson: 0, text: 0, poll: 0 };
}
