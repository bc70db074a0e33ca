// What belongs to the whole relay, where all of its channels share one isolate: all figures are exact at once.
// Knows what is counted; never knows an engine, nor how requests come.
import { Audience } from '../audience.ts';
import { ChannelFigures, Figures } from '../figures.ts';
import { BodyBudget } from '../http/body-budget.ts';
import type { Report } from '../http/figures.ts';
import { Identities, type Identity } from '../identity.ts';
import { Journal, type Refused } from '../journal.ts';
import { Limiter } from '../limiter.ts';
import type { FeedError } from '../protocol/errors.ts';
import { createRandomName } from '../random-name.ts';
import { ReadingTurns } from '../reading-turns.ts';
import { type ChannelFiles, Reclaimer } from '../reclaimer.ts';
import { readSettings, type Settings } from '../settings.ts';
import { SteadyClock } from '../steady-clock.ts';
import { type MachineReadings, StorageState } from '../storage-state.ts';
import { Backlog } from '../window.ts';
import type { ChannelServices, RelayServices } from './services.ts';

const clock = (): number => Date.now();

/** Outlives the sleep of every channel. An engine has one for each isolate. */
export class ProcessServices implements ChannelServices, RelayServices {
	readonly settings: Settings;
	readonly identities: Identities;
	readonly connections = new Audience();
	readonly limiter: Limiter;
	readonly bodies = new BodyBudget();
	readonly backlog = new Backlog();
	readonly outlivesSleep = true;
	readonly journal = new Journal(clock, (line) => console.error(line));
	readonly storage = new StorageState(clock, (note) => this.journal.storage(note));
	readonly turns = new ReadingTurns(clock);
	readonly reclaimer = new Reclaimer();
	readonly steadyClock = new SteadyClock(clock);
	readonly #metrics = new Figures(clock);
	readonly #channelMetrics = new ChannelFigures(clock, this.#metrics);
	#memoryName = '';
	#connectionCount = 0;
	#machine: MachineReadings = {};

	/** @throws Error that names a setting which is wrong, and what it may be */
	constructor(environment: Record<string, unknown>) {
		this.settings = readSettings(environment);
		this.identities = new Identities(this.settings, clock);
		this.limiter = new Limiter(this.settings.limits, clock);
	}

	get since(): number {
		return this.#metrics.since;
	}

	get memoryName(): string {
		this.#memoryName ||= createRandomName(); // no randomness before the first request
		return this.#memoryName;
	}

	nameConnection(): string {
		return `${this.memoryName}-${++this.#connectionCount}`;
	}

	metricsOf(channel: string): Figures {
		return this.#channelMetrics.of(channel);
	}

	openChannel(who: Identity): FeedError | undefined {
		return this.limiter.openChannel({ who });
	}

	reclaim(files: ChannelFiles): Promise<void> {
		return this.reclaimer.reclaim(files, (channel) => this.connections.has(channel));
	}

	recordActivity(): void {
		// Everybody counts in this memory already.
	}

	countRequest(): void {
		this.#metrics.begin().end();
	}

	recordRefusal(error: FeedError, about: Refused): void {
		this.#metrics.refused(error.code);
		this.journal.refusal(error, about);
	}

	reportFault(error: unknown): FeedError {
		return this.journal.fault(error);
	}

	async report(): Promise<Report> {
		return {
			channel: undefined,
			readings: this.#metrics.read(),
			viewers: this.connections.count(),
			channels: this.connections.channels.length,
			...this.#channelMetrics.strain,
			backlogBytes: this.backlog.bytes,
			...this.#machine,
		};
	}

	async connectedChannels(): Promise<string[]> {
		return this.connections.channels;
	}

	setMachine(readings: MachineReadings): void {
		this.#machine = readings;
		this.storage.setDisk(readings);
	}
}
