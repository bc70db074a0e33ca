// A channel over a log in memory, whose clock and engine are moved by hand, and viewers that record.
// Knows the channel's seams; never knows sockets, storage or PartyKit.
import { Channel, type ChannelOptions, type Publisher, type Result } from '../../relay/channel.ts';
import { type Filter, type Form, type Run, socketForm } from '../../relay/frame.ts';
import { ANYBODY, type Identity } from '../../relay/identity.ts';
import type { Amendments, Entry, Log, Retention, StoredPulse, UsedKey } from '../../relay/log.ts';
import { MemoryLog } from '../../relay/log-memory.ts';
import type { Start } from '../../relay/log-reader.ts';
import { parseDraft } from '../../relay/protocol/draft.ts';
import type { ChangeDraft, Draft, FeedEvent } from '../../relay/protocol/event.ts';
import { type Sink, Viewer } from '../../relay/viewer.ts';
import { readFrame } from './inflate.ts';

/** A log in memory that counts commits and can fail. */
export class TestLog extends MemoryLog {
	readonly commits: { entries: number; keys: number; bytes: number }[] = [];
	/** Thrown by the next append. */
	failure: Error | undefined;
	/** Held back: `read` and `readBack` resolve when these are called. */
	waiting: (() => void)[] = [];
	isSlow = false;

	override append(
		entries: readonly Entry[],
		keys: readonly UsedKey[],
		amendments?: Amendments,
		pulse?: StoredPulse,
	): void {
		const { failure } = this;
		this.failure = undefined;
		if (failure) throw failure;
		const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
		this.commits.push({ entries: entries.length, keys: keys.length, bytes });
		super.append(entries, keys, amendments, pulse);
	}

	override async read(after: number, limit: number): Promise<Entry[]> {
		return this.#hold(await super.read(after, limit)); // as it was when it was asked for, like a storage's own list
	}

	override async readEvents(after: number, limit: number): Promise<Entry<FeedEvent>[]> {
		return this.#hold(await super.readEvents(after, limit));
	}

	async #hold<T>(page: T): Promise<T> {
		if (this.isSlow) await new Promise<void>((resolve) => this.waiting.push(resolve));
		return page;
	}
}

export interface TestChannel<L extends Log = TestLog> {
	channel: Channel;
	log: L;
	/** Milliseconds since 1970. */
	clock: { now: number };
	faults: unknown[];
	/** The engine's turn: what waited for the drain runs. False where nothing did. */
	drain(): boolean;
	/** Drains until nothing waits any more. */
	drainAll(): Promise<void>;
	/** How many drains were asked for so far. */
	readonly drains: number;
	publish(drafts: readonly (Draft | ChangeDraft)[], subject?: string): TestPublisher;
	join(start?: Start, types?: readonly string[], sink?: RecordingSink): Promise<RecordingSink>;
}

/** Records what came of his drafts. */
export class TestPublisher implements Publisher {
	readonly who: Identity;
	readonly results: Result[] = [];
	readonly settled: number[] = [];

	constructor(subject: string) {
		this.who = { ...ANYBODY, subject };
	}

	settle(results: readonly Result[]): void {
		this.settled.push(results.length);
		this.results.push(...results);
	}

	get seqs(): (number | string)[] {
		return this.results.map((result) => ('receipt' in result ? result.receipt.seq : result.error.code));
	}
}

/** Keeps each frame that a viewer is sent. */
export class RecordingSink implements Sink {
	readonly runs: { from: number; to: number; events: FeedEvent[] }[] = [];
	readonly skipped: [number, number][] = [];
	readonly form: Form;
	readonly inflates: boolean;
	writes = 0;
	/** Of all that was written. */
	bytes = 0;
	failures = 0;
	isOpen = true;
	viewer!: Viewer;
	#wake: (() => void)[] = [];

	constructor(form: Form = socketForm, inflates = false) {
		this.form = form;
		this.inflates = inflates;
	}

	isReady(): boolean {
		return this.isOpen;
	}

	whenReady(): Promise<void> {
		return new Promise((resolve) => this.#wake.push(resolve));
	}

	write(bytes: Uint8Array): void {
		this.writes++;
		this.bytes += bytes.length;
		const run = JSON.parse(readFrame(bytes));
		this.runs.push({ from: run.from, to: run.to, events: run.entries });
	}

	skip(from: number, to: number): void {
		this.skipped.push([from, to]);
	}

	fail(): void {
		this.failures++;
	}

	/** The reader stops reading. */
	stop(): void {
		this.isOpen = false;
	}

	/** The reader reads on. */
	go(): void {
		this.isOpen = true;
		for (const wake of this.#wake.splice(0)) wake();
	}

	get events(): FeedEvent[] {
		return this.runs.flatMap(({ events }) => events);
	}

	get seqs(): number[] {
		return this.events.map(({ seq }) => seq);
	}
}

export function countFrames(counter: { frames: number }): Form {
	return (run: Run) => {
		counter.frames++;
		return socketForm(run);
	};
}

export async function createTestChannel(
	retention: Partial<Retention> = {},
	options: Pick<ChannelOptions, 'maxEventBytes' | 'maxQueueBytes' | 'sliceViewers'> = {},
): Promise<TestChannel> {
	const clock = { now: 1_800_000_000_000 };
	const log = new TestLog({
		retention: { entries: 10_000, ageMs: undefined, ...retention },
		clock: () => clock.now,
		createEpoch: () => 'k3f9',
	});
	return openTestChannel(log, clock, options);
}

/** The same over any log. */
export async function openTestChannel<L extends Log>(
	log: L,
	clock: { now: number },
	options: Pick<ChannelOptions, 'maxEventBytes' | 'maxQueueBytes' | 'sliceViewers'> = {},
): Promise<TestChannel<L>> {
	const faults: unknown[] = [];
	const turns: (() => void)[] = [];
	let drains = 0;
	const channel = new Channel({
		log,
		clock: () => clock.now,
		afterDrain: (run) => {
			drains++;
			turns.push(run);
		},
		onFault: (error) => faults.push(error),
		...options,
	});
	await channel.load();
	const drain = () => {
		const turn = turns.shift();
		turn?.();
		return turn !== undefined;
	};
	let nextRef = 1;
	return {
		channel,
		log,
		clock,
		faults,
		drain,
		get drains() {
			return drains;
		},
		async drainAll() {
			do {
				await settle();
			} while (drain());
		},
		publish(drafts, subject = '') {
			const publisher = new TestPublisher(subject);
			channel.publish(
				publisher,
				drafts.map((draft) => ({ ref: nextRef++, draft: parseDraft(draft), bytes: JSON.stringify(draft).length })),
				publisher.who,
			);
			return publisher;
		},
		async join(start = {}, types, sink = new RecordingSink()) {
			const filter = channel.takeFilter({ types }) ?? (channel.takeFilter() as Filter); // for all it is always given
			const viewer = new Viewer(sink, filter);
			sink.viewer = viewer;
			const begin = await channel.begin(start, filter);
			await channel.feed(viewer, begin, start.position === undefined || !begin.recovered);
			return sink;
		},
	};
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
	await new Promise((resolve) => setImmediate(resolve));
}
