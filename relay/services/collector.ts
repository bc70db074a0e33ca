// Where a distributed relay comes together: one object to which all channels report, late by up to 30 s.
// Knows reports and what they add up to; never knows an engine, nor what a channel does.
import { type Connections, countAll, TRANSPORTS } from '../audience.ts';
import { addReadings, emptyReadings, type Readings, subtractReadings } from '../figures.ts';
import type { Report } from '../http/figures.ts';
import type { Identity } from '../identity.ts';
import { Limiter } from '../limiter.ts';
import type { KeyValueStorage } from '../log-storage.ts';
import { type Bucket, Quotas } from '../quotas.ts';
import type { Limits } from '../settings.ts';
import type { ChannelReport, Refusal, RelayView } from './channel-report.ts';

/** The time between two reports of a channel: as long as keeps all of them together below 10 a second, within these bounds, ms. */
const MS_PER_CHANNEL = 100;
const MIN_INTERVAL_MS = 5000;
const MAX_INTERVAL_MS = 30_000;
/** A channel without connections is forgotten after this time without a report, ms. Its object is gone by then. */
const FORGET_MS = 3_600_000;
/** How often channels and limits are looked through, ms. */
const SWEEP_MS = 600_000;
/**
 * A channel with connections that was silent for this long is woken, ms. Its object may have ended without a report: a crash
 * ends all of its sockets.
 */
const SILENT_MS = 600_000;
/** Channels that are woken at each sweep. */
const WOKEN_AT_ONCE = 100;
/** Keys that are read from storage at once, and written. */
const LOADED_AT_ONCE = 1000;
const WRITTEN_AT_ONCE = 100;

const CHANNELS = 'channel:';
const LIMITS = 'limit:';
const TOTALS = 'totals';

/** The newest report of a channel. */
interface Known extends Omit<ChannelReport, 'charges'> {
	at: number;
	/** The deployment that reported it. A deployment ends all sockets of the one before. */
	deployment: string;
}

/** What outlasts every memory that counts. */
interface Totals {
	readings: Readings;
}

export interface CollectorOptions {
	storage: KeyValueStorage;
	limits: Limits;
	/** Milliseconds since the Unix epoch. */
	clock: () => number;
	/** Names this deployment. Default: all are one. */
	deployment?: string;
	/** Wakes a channel, which reports then. Default: none is woken. */
	recount?: (channel: string) => Promise<unknown>;
}

export class Collector {
	readonly #options: CollectorOptions;
	readonly #quotas: Quotas;
	readonly #limiter: Limiter;
	readonly #channels = new Map<string, Known>();
	#totals: Totals;
	/** Limits that are in storage. */
	readonly #stored = new Set<string>();
	/** When a channel was woken last, ms since the Unix epoch. */
	readonly #wokenAt = new Map<string, number>();
	#loading: Promise<void> | undefined;
	#sweptAt = 0;

	constructor(options: CollectorOptions) {
		const { clock, limits } = options;
		this.#options = options;
		this.#quotas = new Quotas(clock, true); // what was taken is written to storage
		this.#limiter = new Limiter(limits, clock, this.#quotas);
		this.#totals = { readings: emptyReadings(clock()) };
	}

	/** Takes a channel's report. Returns what the channel has to know of the rest. */
	async report({ charges, ...report }: ChannelReport): Promise<RelayView> {
		await this.#load();
		const { storage, clock, deployment = '' } = this.#options;
		const { channel } = report;
		const before = this.#channels.get(channel);
		const isSameMemory = before?.memory === report.memory;
		const { readings } = this.#totals;
		addReadings(readings, isSameMemory ? subtractReadings(report.readings, before.readings) : report.readings);
		for (const [name, amount, perMinute] of charges) this.#quotas.charge([name], amount, perMinute);
		const known: Known = { ...report, at: clock(), deployment };
		this.#channels.set(channel, known);
		this.#wokenAt.delete(channel);
		await storage.put({ [CHANNELS + channel]: known, [TOTALS]: this.#totals });
		await this.#storeLimits();
		await this.#sweep();
		return this.#describeRest(
			report,
			charges.map(([name]) => name),
		);
	}

	/** Checks the limit of new channels. Undefined where one more may be opened. */
	async openChannel(who: Identity): Promise<Refusal | undefined> {
		await this.#load();
		const error = this.#limiter.openChannel({ who });
		await this.#storeLimits();
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
		const totals = (await storage.get(TOTALS)) as Totals | undefined; // written above alone
		if (totals) this.#totals = totals;
		await this.#readAll(CHANNELS, (name, value) => {
			const known = value as Known;
			// A deployment has ended all sockets, and no object says so.
			const strain = { drafts: 0, draftBytes: 0, lag: 0 };
			const ended = { connections: noConnections(), ungreeted: 0, addresses: [], backlogBytes: 0, strain };
			this.#channels.set(name, known.deployment === deployment ? known : { ...known, ...ended });
		});
		await this.#readAll(LIMITS, (name, value) => {
			this.#stored.add(name);
			this.#quotas.resume(name, value as Bucket);
		});
	}

	async #readAll(prefix: string, take: (name: string, value: unknown) => void): Promise<void> {
		for (let start = prefix; ; ) {
			const page = await this.#options.storage.list({ prefix, start, limit: LOADED_AT_ONCE });
			for (const [key, value] of page) take(key.slice(prefix.length), value);
			if (page.size < LOADED_AT_ONCE) return;
			start = `${[...page.keys()].at(-1)}\0`;
		}
	}

	/** What was taken of limits outlasts the sleep of this object. */
	async #storeLimits(): Promise<void> {
		const entries = this.#quotas.drain().flatMap(([name]): [string, Bucket][] => {
			const bucket = this.#quotas.keep(name);
			return bucket ? [[name, bucket]] : [];
		});
		for (let start = 0; start < entries.length; start += WRITTEN_AT_ONCE) {
			const some = entries.slice(start, start + WRITTEN_AT_ONCE);
			for (const [name] of some) this.#stored.add(name);
			await this.#options.storage.put(Object.fromEntries(some.map(([name, bucket]) => [LIMITS + name, bucket])));
		}
	}

	/** Forgets channels and limits that count no more, and has silent channels report. */
	async #sweep(): Promise<void> {
		const { clock, recount } = this.#options;
		const now = clock();
		if (Math.abs(now - this.#sweptAt) < SWEEP_MS) return;
		this.#sweptAt = now;
		const channels = [...this.#channels.values()];
		const old = channels.filter(({ connections, at }) => countAll(connections) === 0 && now - at >= FORGET_MS);
		const full = [...this.#stored].filter((name) => !this.#quotas.keep(name));
		for (const { channel } of old) this.#channels.delete(channel);
		for (const name of full) this.#stored.delete(name);
		await this.#delete([...old.map(({ channel }) => CHANNELS + channel), ...full.map((name) => LIMITS + name)]);
		if (!recount) return;
		const silent = channels
			.filter(({ connections, at, channel }) => {
				const lastAt = Math.max(at, this.#wokenAt.get(channel) ?? 0);
				return countAll(connections) > 0 && now - lastAt >= SILENT_MS;
			})
			.sort((one, other) => one.at - other.at)
			.slice(0, WOKEN_AT_ONCE);
		for (const { channel } of silent) {
			this.#wokenAt.set(channel, now);
			recount(channel).catch(() => {}); // it is asked again
		}
	}

	async #delete(keys: readonly string[]): Promise<void> {
		for (let start = 0; start < keys.length; start += WRITTEN_AT_ONCE)
			await this.#options.storage.delete(keys.slice(start, start + WRITTEN_AT_ONCE));
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
