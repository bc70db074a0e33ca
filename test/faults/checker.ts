// The promise as one pure function: what was handed in, acknowledged, shown and kept, against each other.
// Knows publishers, counters, `seq` and logs; never knows how any of it was brought about or written down.

/** An event, known by who published it and the how manieth of his it is. */
export interface Mark {
	publisher: string;
	n: number;
}

/** An event where it lies in a log. */
export interface Placed extends Mark {
	epoch: string;
	seq: number;
}

/** What a viewer was told, in the order in which it was. */
export type Step =
	| ({ kind: 'event' } & Placed)
	/** A range that is said to be no longer kept. `firstThen`: the oldest that was kept by then at the latest. */
	| { kind: 'gap'; from: number; to: number; firstThen?: number }
	/** The log is said to be lost; what follows is of another. */
	| { kind: 'reset' };

export interface ViewerRecord {
	name: string;
	steps: readonly Step[];
	/** Everything after this `seq` of the first log is to be seen: from the beginning unless given. */
	begin?: number;
	/** Everything up to this `seq` of the last log is to be seen: what is in the log unless given. */
	end?: number;
	/** Which events he is to see: all unless given. */
	wants?: (mark: Mark) => boolean;
	/** What he sees is a choice of the events: only order and doubles are checked. */
	isPartial?: true;
}

/** A log as it was last read. Logs follow each other: the next one began after this one was lost. */
export interface LogRecord {
	epoch: string;
	/** The oldest `seq` that is kept. */
	first: number;
	last: number;
	events: readonly Placed[];
}

export interface Evidence {
	/** Each draft once or more: repeats are the same draft. */
	handedIn: readonly Mark[];
	receipts: readonly Placed[];
	logs: readonly LogRecord[];
	viewers: readonly ViewerRecord[];
	/** Publishers that hand in their drafts in no order. */
	unordered?: readonly string[];
}

export interface Verdict {
	/** Had a receipt, and lies neither where it said nor before what is kept. */
	lost: string[];
	/** One draft stored twice, or shown twice to one viewer. */
	doubled: string[];
	/** A publisher's order is not the log's, or a viewer's is not. */
	reordered: string[];
	/** In the log, to be seen by a viewer, neither seen by him nor in a gap that he was told of. */
	silentlyMissing: string[];
	/** A gap over what was kept, or over what he had seen. */
	falseGap: string[];
	/** One log after another without a word, or an event of a log that was lost before. */
	mixed: string[];
	/** Stored or shown, and never handed in; or shown as another event than the one that is stored. */
	invented: string[];
	counts: {
		handedIn: number;
		receipts: number;
		stored: number;
		shown: number;
		gaps: number;
		gapEvents: number;
		resets: number;
	};
}

/** How many entries of one kind are written out; the rest is counted. */
const MAX_ENTRIES = 20;

const name = ({ publisher, n }: Mark): string => `${publisher} ${n}`;
const place = ({ epoch, seq }: { epoch: string; seq: number }): string => `${epoch}:${seq}`;

/** Compares what ought to be with what is. */
export function check(evidence: Evidence): Verdict {
	const { handedIn, receipts, logs, viewers, unordered = [] } = evidence;
	const lists = {
		lost: new Findings(),
		doubled: new Findings(),
		reordered: new Findings(),
		silentlyMissing: new Findings(),
		falseGap: new Findings(),
		mixed: new Findings(),
		invented: new Findings(),
	};
	const counts = {
		handedIn: new Set(handedIn.map(name)).size,
		receipts: receipts.length,
		stored: 0,
		shown: 0,
		gaps: 0,
		gapEvents: 0,
		resets: 0,
	};
	const drafts = new Set(handedIn.map(name));
	/** Everything that is known to have been stored: by history, and by receipts for what is no longer kept. */
	const stored = new Map<string, string>();

	for (const log of logs) {
		counts.stored += log.last;
		const places = new Map<string, number>();
		const newest = new Map<string, Placed>();
		let before = log.first - 1;
		for (const event of log.events) {
			if (event.seq !== before + 1) {
				lists.lost.add(`${log.epoch}: ${event.seq} follows ${before} in history`);
			}
			before = event.seq;
			stored.set(place(event), name(event));
			const other = places.get(name(event));
			if (other !== undefined) lists.doubled.add(`${name(event)} is stored as ${other} and as ${place(event)}`);
			places.set(name(event), event.seq);
			if (!drafts.has(name(event)))
				lists.invented.add(`${name(event)} is stored as ${place(event)}, nobody handed it in`);
			const earlier = newest.get(event.publisher);
			if (earlier && earlier.n > event.n && other === undefined && !unordered.includes(event.publisher)) {
				lists.reordered.add(`${name(event)} is stored as ${place(event)}, after ${name(earlier)}`);
			}
			if (!earlier || earlier.n < event.n) newest.set(event.publisher, event);
		}
		if (log.events.length > 0 && before !== log.last) {
			lists.lost.add(`${log.epoch}: history ends with ${before}, not with ${log.last}`);
		}
	}

	const seqs = new Map<string, number>();
	for (const receipt of receipts) {
		const log = logs.find(({ epoch }) => epoch === receipt.epoch);
		const what = `${name(receipt)} has a receipt for ${place(receipt)}`;
		const own = `${receipt.epoch} ${name(receipt)}`;
		const earlier = seqs.get(own);
		if (earlier !== undefined && earlier !== receipt.seq) lists.doubled.add(`${what} and one for ${earlier}`);
		seqs.set(own, receipt.seq);
		const known = stored.get(place(receipt));
		if (!log) lists.lost.add(`${what}, a log that nobody knows`);
		else if (receipt.seq < log.first) {
			if (known !== undefined && known !== name(receipt)) lists.doubled.add(`${what}, and so has ${known}`);
			stored.set(place(receipt), name(receipt));
		} else if (known !== name(receipt)) lists.lost.add(`${what}, where ${known ?? 'nothing'} lies`);
	}

	for (const viewer of viewers) checkViewer(viewer, logs, stored, lists, counts);
	return {
		...(Object.fromEntries(Object.entries(lists).map(([kind, list]) => [kind, list.entries])) as Record<
			keyof typeof lists,
			string[]
		>),
		counts,
	};
}

function checkViewer(
	{ name: who, steps, begin = 0, end, wants, isPartial }: ViewerRecord,
	logs: readonly LogRecord[],
	stored: ReadonlyMap<string, string>,
	lists: Record<'doubled' | 'reordered' | 'silentlyMissing' | 'falseGap' | 'mixed' | 'invented', Findings>,
	counts: Verdict['counts'],
): void {
	const indexOf = new Map(logs.map(({ epoch }, index) => [epoch, index]));
	const seen = new Set<string>();
	let gaps: { from: number; to: number; isOfNext: boolean }[] = [];
	/** The log that he is in, and how far. */
	let index = -1;
	let firstIndex = -1;
	let seq = begin;
	let isReset = true; // the first log needs no word

	const leave = (upTo: number | undefined) => {
		const log = logs[index];
		if (!log || isPartial) return;
		const start = index === firstIndex ? begin : 0;
		const missing: number[] = [];
		for (let at = start + 1; at <= (upTo ?? log.last); at++) {
			const id = place({ epoch: log.epoch, seq: at });
			if (seen.has(id) || gaps.some(({ from, to }) => at >= from && at <= to)) continue;
			const mark = stored.get(id);
			// What was trimmed without a receipt is unknown: he may not have wanted it.
			if (wants && (mark === undefined || !wants(parseMark(mark)))) continue;
			missing.push(at);
		}
		for (const range of ranges(missing)) lists.silentlyMissing.add(`${who} was not shown ${log.epoch}:${range}`);
	};

	for (const step of steps) {
		if (step.kind === 'reset') {
			counts.resets++;
			isReset = true;
			continue;
		}
		if (step.kind === 'gap') {
			counts.gaps++;
			counts.gapEvents += step.to - step.from + 1;
			const log = logs[isReset ? index + 1 : index] ?? logs[index];
			const first = step.firstThen ?? log?.first ?? 0;
			const what = `${who} was told that ${step.from} to ${step.to} are gone`;
			if (step.to >= first) lists.falseGap.add(`${what}, and ${first} is the oldest that was kept`);
			if (step.from <= seq && !isReset) lists.falseGap.add(`${what}, and had been shown up to ${seq}`);
			gaps.push({ from: step.from, to: step.to, isOfNext: isReset });
			continue;
		}
		counts.shown++;
		const id = place(step);
		const its = indexOf.get(step.epoch);
		if (its === undefined) {
			lists.invented.add(`${who} was shown ${name(step)} as ${id}, a log that nobody knows`);
			continue;
		}
		if (index === -1) firstIndex = its;
		if (seen.has(id)) {
			lists.doubled.add(`${who} was shown ${id} (${name(step)}) twice`);
			continue;
		}
		if (its < index) lists.mixed.add(`${who} was shown ${id} (${name(step)}) after the log ${logs[index]?.epoch}`);
		else if (its > index) {
			if (!isReset)
				lists.mixed.add(`${who} was shown ${id} (${name(step)}) after ${logs[index]?.epoch}:${seq} without a word`);
			leave(seq); // the rest of that log was lost with it
			gaps = gaps.filter(({ isOfNext }) => isOfNext).map((gap) => ({ ...gap, isOfNext: false }));
			if (index !== -1) seq = 0;
			index = its;
		}
		isReset = false;
		seen.add(id);
		const mark = stored.get(id);
		const log = logs[its] as LogRecord; // it was found above
		if (mark !== undefined && mark !== name(step)) {
			lists.invented.add(`${who} was shown ${name(step)} as ${id}, where ${mark} lies`);
		} else if (mark === undefined && step.seq >= log.first) {
			lists.invented.add(`${who} was shown ${name(step)} as ${id}, where nothing lies`);
		}
		if (its === index && step.seq < seq) lists.reordered.add(`${who} was shown ${id} (${name(step)}) after ${seq}`);
		if (its === index) seq = Math.max(seq, step.seq);
	}
	if (index === -1 && logs.length > 0) {
		index = logs.length - 1;
		firstIndex = index;
	}
	leave(end);
	if (index !== -1 && index < logs.length - 1 && !isPartial && end === undefined && (logs.at(-1)?.last ?? 0) > 0) {
		lists.silentlyMissing.add(`${who} was shown nothing of the log ${logs.at(-1)?.epoch}`);
	}
}

/** Sentences, of which the first few are kept. */
class Findings {
	#more = 0;
	readonly #sentences: string[] = [];

	add(sentence: string): void {
		if (this.#sentences.length < MAX_ENTRIES) this.#sentences.push(sentence);
		else this.#more++;
	}

	get entries(): string[] {
		return this.#more === 0 ? this.#sentences : [...this.#sentences, `and ${this.#more} more`];
	}
}

function parseMark(text: string): Mark {
	const space = text.lastIndexOf(' ');
	return { publisher: text.slice(0, space), n: Number(text.slice(space + 1)) };
}

/** 3, 4, 5, 9 → `3 to 5`, `9`. */
function ranges(numbers: readonly number[]): string[] {
	const found: string[] = [];
	for (let index = 0; index < numbers.length; ) {
		let length = 1;
		while (numbers[index + length] === (numbers[index] as number) + length) length++;
		const from = numbers[index] as number; // below the length
		found.push(length === 1 ? String(from) : `${from} to ${from + length - 1}`);
		index += length;
	}
	return found;
}
