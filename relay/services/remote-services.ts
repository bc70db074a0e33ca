// What belongs to the whole relay, as the edge of a distributed relay has it: nothing of its own, all asked for.
// Knows what is asked of the collector; never knows an engine. It lives for one request.
import { BodyBudget } from '../http/body-budget.ts';
import type { Report } from '../http/figures.ts';
import { Identities } from '../identity.ts';
import { Journal, type Refused } from '../journal.ts';
import type { FeedError } from '../protocol/errors.ts';
import { readSettings, type Settings } from '../settings.ts';
import { StorageState } from '../storage-state.ts';
import type { RelayServices } from './services.ts';

const clock = (): number => Date.now();

/** The one object to which all channels report. */
export interface RemoteSummary {
	summarise(): Promise<Report>;
	connectedChannels(): Promise<string[]>;
}

export class RemoteServices implements RelayServices {
	readonly settings: Settings;
	readonly storage = new StorageState(clock, (note) => this.#journal.storage(note));
	/** Of one request: the platform bounds the memory of its isolates. */
	readonly bodies = new BodyBudget();
	readonly #journal = new Journal(clock, (line) => console.error(line));
	readonly #collector: RemoteSummary;

	/** @throws Error that names a setting which is wrong, and what it may be */
	constructor(environment: Record<string, unknown>, collector: RemoteSummary) {
		this.settings = readSettings(environment);
		this.#collector = collector;
	}

	get identities(): Identities {
		return new Identities(this.settings, clock);
	}

	countRequest(): void {
		// The platform counts what its edge answers.
	}

	/** A line for each: no memory here could bound them, and the platform keeps one for each request anyway. */
	recordRefusal(error: FeedError, about: Refused): void {
		this.#journal.refusal(error, about);
	}

	reportFault(error: unknown): FeedError {
		return this.#journal.fault(error);
	}

	report(): Promise<Report> {
		return this.#collector.summarise();
	}

	connectedChannels(): Promise<string[]> {
		return this.#collector.connectedChannels();
	}

	/** The platform removes what holds nothing. */
	readonly reclaimer = { ask: <T>(_channel: string, send: () => Promise<T>): Promise<T> => send() };

	async reclaim(): Promise<void> {
		// There are no files to be seen.
	}

	setMachine(): void {
		// Nobody but the platform sees it.
	}
}
