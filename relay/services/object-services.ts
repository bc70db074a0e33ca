// What belongs to the whole relay, as one channel of a distributed relay has it: its own share, exact, and the rest as it was
// reported last.
// Knows when to report; never knows how reports travel, nor what a channel does.
import { Audience } from '../audience.ts';
import { Figures } from '../figures.ts';
import { Identities, type Identity } from '../identity.ts';
import { Journal } from '../journal.ts';
import { Limiter } from '../limiter.ts';
import { FeedError } from '../protocol/errors.ts';
import { Quotas } from '../quotas.ts';
import { createRandomName } from '../random-name.ts';
import { ReadingTurns } from '../reading-turns.ts';
import { readSettings, type Settings } from '../settings.ts';
import { SteadyClock } from '../steady-clock.ts';
import { StorageState } from '../storage-state.ts';
import { Backlog } from '../window.ts';
import type { ChannelReport, Refusal, RelayView } from './channel-report.ts';
import type { ChannelServices } from './services.ts';

const clock = (): number => Date.now();
/** A first report waits this long for what else happens, ms. */
const GATHER_MS = 1000;

/** The one object to which all channels report. */
export interface RemoteCollector {
	report(report: ChannelReport): Promise<RelayView>;
	openChannel(who: Identity): Promise<Refusal | undefined>;
}

/** Begins anew with each life of a channel's object: links that are older are counted again. */
export class ObjectServices implements ChannelServices {
	readonly settings: Settings;
	readonly identities: Identities;
	readonly connections = new Audience();
	readonly limiter: Limiter;
	/** Objects of other channels may be in other isolates, so each has a bound of its own. */
	readonly backlog = new Backlog();
	readonly journal = new Journal(clock, (line) => console.error(line));
	readonly storage = new StorageState(clock, (note) => this.journal.storage(note));
	readonly turns = new ReadingTurns(clock);
	readonly steadyClock = new SteadyClock(clock);
	readonly memoryName = createRandomName();
	readonly outlivesSleep = false;
	readonly #channel: string;
	readonly #collector: RemoteCollector;
	readonly #quotas = new Quotas(clock, true);
	readonly #metrics = new Figures(clock);
	#connectionCount = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#nextAt = 0;
	/** What was reported last, to report nothing twice. */
	#reported = '';

	/** @throws Error that names a setting which is wrong, and what it may be */
	constructor(channel: string, environment: Record<string, unknown>, collector: RemoteCollector) {
		this.#channel = channel;
		this.#collector = collector;
		this.settings = readSettings(environment);
		this.identities = new Identities(this.settings, clock);
		this.limiter = new Limiter(this.settings.limits, clock, this.#quotas);
	}

	nameConnection(): string {
		return `${this.memoryName}-${++this.#connectionCount}`;
	}

	metricsOf(): Figures {
		return this.#metrics;
	}

	async openChannel(who: Identity): Promise<FeedError | undefined> {
		if (this.settings.limits.newChannels === undefined) return undefined;
		const refusal = await this.#collector.openChannel(who);
		if (!refusal) return undefined;
		const error = new FeedError('rate-limited', refusal.message);
		if (refusal.retryMs !== undefined) error.retryMs = refusal.retryMs;
		return error;
	}

	/** The timer keeps the object awake until the report. */
	recordActivity(): void {
		this.#timer ??= setTimeout(() => void this.#report(), Math.max(GATHER_MS, this.#nextAt - clock()));
	}

	async #report(): Promise<void> {
		const charges = this.#quotas.drain();
		const report = this.#describe();
		const summary = summarise(report);
		if (summary === this.#reported && charges.length === 0) {
			this.#timer = undefined;
			return;
		}
		try {
			const view = await this.#collector.report({ ...report, charges });
			this.#reported = summary;
			this.#nextAt = clock() + view.intervalMs;
			this.connections.setElsewhere(view.connections, view.ungreeted, view.addresses);
			for (const [name, left] of view.left) this.#quotas.adopt(name, left);
		} catch (error) {
			this.#quotas.restore(charges);
			this.#nextAt = clock() + GATHER_MS;
			this.journal.fault(error);
		}
		this.#timer = undefined;
		// What happened meanwhile, and what the engine still had to send.
		this.recordActivity();
	}

	#describe(): Omit<ChannelReport, 'charges'> {
		const { connections, backlog, settings } = this;
		return {
			channel: this.#channel,
			memory: this.memoryName,
			connections: connections.count(),
			ungreeted: connections.ungreeted,
			// There may be ten thousands of them, and nothing else needs them.
			addresses: settings.limits.connectionsPerAddress === undefined ? [] : connections.addresses,
			backlogBytes: backlog.bytes,
			readings: this.#metrics.read(),
			strain: { ...this.#metrics.strain },
		};
	}
}

/** What of a report is news: its rates change with time alone. */
function summarise({ readings, ...report }: Omit<ChannelReport, 'charges'>): string {
	const { requests, events, receipts, duplicates, frames, frameBytes, refusals } = readings;
	return JSON.stringify([report, requests, events, receipts, duplicates, frames, frameBytes, refusals]);
}
