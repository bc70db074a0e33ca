// The rows of a list against the plainest model of them: whatever comes, goes or is folded, each event is there once and in order.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { prependEvents } from '../../widget/client/changes.ts';
import { seqOf, Timeline } from '../../widget/client/timeline.ts';
import { type Row, Rows, seqOfRow } from '../../widget/rows.ts';
import type { Fold } from '../../widget/views/panel.ts';
import { withSeed } from '../support/random.ts';

/** Few of each, so that neighbours are often alike, and often nearly. */
type Kind = Pick<FeedEvent, 'type' | 'text' | 'level' | 'url' | 'actor'>;
const bot: Kind['actor'] = { id: 'ci', name: 'build-bot', kind: 'bot', verified: true };
const BEAT: Kind = { type: 'beat', text: 'Still here' };
const KINDS: Kind[] = [
	BEAT,
	{ ...BEAT, actor: bot },
	{ ...BEAT, actor: { id: 'ci', name: 'build-bot', kind: 'person', verified: true } },
	{ ...BEAT, actor: { id: 'ci', name: 'build-bot', verified: true } },
	{ ...BEAT, actor: { ...bot, id: 'cd' } },
	{ ...BEAT, actor: { ...bot, name: 'Build bot' } },
	{ ...BEAT, level: 'error' },
	{ ...BEAT, url: 'https://example.org/' },
	{ ...BEAT, text: 'Still there' },
	{ ...BEAT, type: 'pulse' },
];

/** What an event is of, and how long after the one before it happened, minutes. */
interface Made {
	kind: number;
	minutes: number;
	hasAt: boolean;
}

type Step =
	| { do: 'append' | 'prepend'; made: Made[] }
	| { do: 'gap'; size: number }
	| { do: 'drop'; share: number }
	| { do: 'toggle'; which: number }
	| { do: 'clear' | 'foldOrNot' | 'pauseOrNot' };

const made: fc.Arbitrary<Made> = fc.record({
	kind: fc.oneof({ weight: 4, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(KINDS.length - 1) }),
	minutes: fc.oneof(
		{ weight: 6, arbitrary: fc.constant(1) },
		{ weight: 1, arbitrary: fc.constantFrom(9.9, 10, -9, -60) },
	),
	hasAt: fc.boolean(),
});
const some = fc.array(made, { minLength: 1, maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 20, arbitrary: fc.record({ do: fc.constant('append' as const), made: some }) },
	{ weight: 12, arbitrary: fc.record({ do: fc.constant('prepend' as const), made: some }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('gap' as const), size: fc.integer({ min: 1, max: 5 }) }) },
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constant('drop' as const), share: fc.double({ min: 0, max: 0.99, noNaN: true }) }),
	},
	{ weight: 16, arbitrary: fc.record({ do: fc.constant('toggle' as const), which: fc.nat(20) }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear' as const, 'foldOrNot' as const) }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('pauseOrNot' as const) }) },
);

/** What a channel does to a panel, and what its rows have to be after that. */
class Trial {
	readonly timeline = new Timeline();
	readonly rows = new Rows();
	#isFolding = true;
	/** The newest that may be a row while it is paused. */
	#until: number | undefined;
	/** Seqs begin in the middle, so that there is something before. */
	#oldest = 5000;
	#newest = 5000;
	#shown = new Map<number, Row>();
	#wasOpened = false;
	/** How many there were at the last look. */
	#drops = 0;

	constructor() {
		this.sync();
	}

	/** Does a step to the timeline, or to the rows. */
	take(step: Step): void {
		const { timeline } = this;
		switch (step.do) {
			case 'append':
				this.append(step.made);
				break;
			case 'prepend': {
				// As loaded from the relay again: what was dropped, or what was there before us.
				const { items } = timeline;
				const [first] = items;
				if (!first) return;
				const begin = first.kind === 'gap' ? first.from : first.event.seq;
				prependEvents(
					timeline,
					step.made.map((one, i) => this.#event(begin - step.made.length + i, one)),
				);
				this.#oldest = Math.min(this.#oldest, begin - step.made.length);
				break;
			}
			case 'gap':
				timeline.addGap({ from: this.#newest + 1, to: this.#newest + step.size });
				this.#newest += step.size;
				break;
			case 'drop': {
				// As `append` does it once there are 110,000.
				timeline.drop(Math.floor(timeline.items.length * step.share));
				break;
			}
			case 'clear':
				timeline.clear();
				if (this.#until !== undefined) this.#until = 0;
				break;
			case 'pauseOrNot':
				this.#until = this.#until === undefined ? seqOf(timeline.items.at(-1)) : undefined;
				break;
			case 'foldOrNot':
				this.#isFolding = !this.#isFolding;
				break;
			case 'toggle':
				this.toggle(step.which);
		}
	}

	append(all: readonly Made[]): void {
		this.timeline.append(all.map((one) => this.#event(++this.#newest, one)));
	}

	#event(seq: number, { kind, minutes, hasAt }: Made): FeedEvent {
		// An event that comes again has to be the same one.
		const time = 1_700_000_000_000 + seq * 60_000;
		const known = this.#known.get(seq);
		if (known) return known;
		const event = {
			...{ id: `k3f9:${seq}`, seq, time, ...(KINDS[kind] ?? BEAT) },
			...(hasAt || minutes !== 1 ? { at: time + (minutes - 1) * 60_000 } : {}),
		};
		this.#known.set(seq, event);
		return event;
	}
	readonly #known = new Map<number, FeedEvent>();

	/** Has one of the folds opened or closed. */
	toggle(which: number): void {
		this.sync();
		const folds = this.all.filter((row): row is Fold => row.kind === 'fold');
		const fold = folds[which % Math.max(folds.length, 1)];
		if (!fold) return;
		const number = this.rows.find(fold.event.seq);
		const [before, end] = [this.#shown, this.rows.end];
		this.#wasOpened = true;
		const more = this.rows.toggle(fold);
		claim(this.rows.end - end === more, `${more} rows more`);
		claim(more === (fold.events.length - 1) * (fold.isOpen ? -1 : 1), 'a row for each event, or one for all');
		const after = this.rows.at(number + more);
		const isIt = after?.kind === 'fold' && after.key === fold.key && after.event === fold.event;
		claim(isIt && after.isOpen === !fold.isOpen, 'the same fold, the other way');
		for (const [at, row] of before) {
			if (at > number) claim(this.rows.at(at + more) === row, `row ${at} ${more} further on`);
			else if (at < number + Math.min(more, 0)) claim(this.rows.at(at) === row, `row ${at} where it was`);
		}
		this.check();
	}

	get all(): Row[] {
		return this.rows.slice(this.rows.first, this.rows.end);
	}

	/** Has the rows take over what has changed, and compares what was there with what is. */
	sync(): void {
		const before = this.#shown;
		const { drops } = this.timeline;
		const lost = Math.max(0, ...drops.slice(this.#drops));
		this.#drops = drops.length;
		const isSame = this.rows.sync(this.timeline, this.#isFolding, this.#until);
		if (!isSame) this.#wasOpened = false;
		this.check();
		if (!isSame) return;
		const all = this.all;
		const kept = new Set(namesOf(all));
		for (const [number, row] of before) {
			// The list's rows are other objects only where they are something else now.
			claim(this.rows.at(number) === row || !all.includes(row), `row ${number} where it was`);
			if (row.kind === 'gap' || row.isInside || !kept.has(keyOf(row))) continue;
			// What was dropped has grown no further, though it may be here again.
			if (((row.kind === 'fold' && row.events[0]) || row.event).seq <= lost) continue;
			const now = all.find((other) => other.kind !== 'gap' && !other.isInside && holds(other, row.event));
			claim(now && keyOf(now) === keyOf(row), `the key ${keyOf(row)} for as long as it grows`);
		}
	}

	check(): void {
		const { rows, timeline } = this;
		const all = this.all;
		this.#shown = new Map(all.map((row, i) => [rows.first + i, row]));
		claim(all.length === rows.end - rows.first, 'as many rows as numbers');
		const known = timeline.items.filter((item) => seqOf(item) <= (this.#until ?? Number.POSITIVE_INFINITY));
		const names = known.map((item) => (item.kind === 'gap' ? `gap ${item.to}` : item.event.id));
		claim(`${namesOf(all)}` === `${names}`, `the rows ${names}, and not ${namesOf(all)}`);
		const keys = all.map(keyOf);
		claim(new Set(keys).size === keys.length, `keys that differ in ${keys}`);
		for (const [number, row] of this.#shown) {
			const [before, next] = [rows.at(number - 1), rows.at(number + 1)];
			const range = rows.slice(number, number + 1);
			claim(rows.at(number) === row && range.length === 1 && range[0] === row, `the row of number ${number}`);
			claim(rows.find(seqOfRow(row)) === number, `number ${number} for what it stands for`);
			// What is between two rows is found at the later one.
			claim(!before || rows.find(seqOfRow(before) + 1) === number, `number ${number} for what follows ${number - 1}`);
			if (row.kind === 'fold') this.#checkFold(row, number);
			const isOfFold = next && next.kind !== 'gap' && (next.isInside || (next.kind === 'fold' && next.isOpen));
			claim(row.kind !== 'event' || !row.isInside || isOfFold, 'a fold after what is inside it');
		}
		claim(!rows.at(rows.first - 1) && !rows.at(rows.end), 'nothing beyond both ends');
		claim(rows.find(0) === rows.first && rows.find(this.#newest + 1) === rows.end, 'both ends to be found');
		if (!this.#wasOpened) this.#checkWhole(all);
	}

	#checkFold({ event, events, isOpen }: Fold, number: number): void {
		claim(this.#isFolding && events.at(-1) === event && events.length > 1, 'a fold of two events at least');
		claim(
			events.every((one, i) => i === 0 || areAlike(events[i - 1] as FeedEvent, one)),
			'alike events in a fold',
		);
		if (!isOpen) return;
		const inside = this.rows.slice(number - events.length + 1, number);
		claim(
			inside.length === events.length - 1 &&
				inside.every((row, i) => row.kind === 'event' && row.isInside && row.event === events[i]),
			`all but one of the ${events.length} events before their open fold`,
		);
		const before = this.rows.at(number - events.length);
		claim(before?.kind !== 'event' || !before.isInside, 'no more than those');
	}

	/** Nothing that is alike stands side by side. */
	#checkWhole(all: readonly Row[]): void {
		for (const [i, row] of all.entries()) {
			const before = all[i - 1];
			if (!this.#isFolding || !before || before.kind === 'gap' || row.kind === 'gap') continue;
			const first = row.kind === 'fold' ? (row.events[0] as FeedEvent) : row.event;
			claim(!areAlike(before.event, first), `${before.event.id} and ${first.id} in one row`);
		}
	}
}

/** Cheaper than an expectation, of which there would be millions. */
function claim(is: unknown, what: string): void {
	if (!is) throw new Error(`expected ${what}`);
}

function namesOf(rows: readonly Row[]): string[] {
	return rows.flatMap((row) =>
		row.kind === 'gap'
			? `gap ${row.to}`
			: row.kind === 'fold' && !row.isOpen
				? row.events.map(({ id }) => id)
				: row.event.id,
	);
}

/** By what the list tells its lines apart. */
function keyOf(row: Row): string {
	if (row.kind === 'gap') return `gap ${row.from} ${row.to}`;
	return row.kind === 'fold' ? row.key : `${row.event.id}${row.isInside ? ' inside' : ''}`;
}

function holds(row: Row, event: FeedEvent): boolean {
	return row.kind === 'fold' ? row.events.includes(event) : row.kind === 'event' && row.event === event;
}

/** As one would say it: the same words about the same thing, by the same program, within ten minutes. */
function areAlike(one: FeedEvent, other: FeedEvent): boolean {
	const say = ({ type, text, level, url, actor }: FeedEvent) =>
		JSON.stringify([type, text, level, url, actor && [actor.id, actor.name, actor.kind]]);
	const isOfProgram = !one.actor || one.actor.kind === 'bot';
	const apart = Math.abs((other.at ?? other.time) - (one.at ?? one.time));
	return isOfProgram && say(one) === say(other) && apart < 600_000;
}

const beats = (count: number, minutes = 1): Made[] =>
	Array.from({ length: count }, () => ({ kind: 0, minutes, hasAt: false }));

/** What the rows read like: `×3` for a fold, `▾3` for an open one. */
function picture({ all }: Trial): string {
	return all
		.map((row) =>
			row.kind === 'gap'
				? 'gap'
				: row.kind === 'fold'
					? `${row.isOpen ? '▾' : '×'}${row.events.length}`
					: row.isInside
						? '·'
						: '1',
		)
		.join(' ');
}

describe('the rows of a list', () => {
	it('have every event once and in order, folded only where neighbours are alike, whatever comes, goes, opens and closes', () =>
		withSeed((seed) => {
			fc.assert(
				fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 30 }), (turns) => {
					const trial = new Trial();
					for (const turn of turns) {
						// Several things happen between two looks.
						for (const one of turn) trial.take(one);
						trial.sync();
					}
				}),
				{ seed, numRuns: 1000 },
			);
		}));

	it('fold alike events as they come, one by one or all at once, and say how many they are', () => {
		const trial = new Trial();
		for (let n = 0; n < 3; n++) {
			trial.append(beats(1));
			trial.sync();
		}
		trial.append([...beats(2), { kind: 8, minutes: 1, hasAt: false }, ...beats(2)]);
		trial.sync();
		expect(picture(trial)).toBe('×5 1 ×2');
	});

	// All of these were found by the test above.
	it('show what was missing, was dropped and came after all, between two looks', () => {
		const trial = new Trial();
		trial.take({ do: 'gap', size: 1 });
		trial.sync();
		trial.append(beats(1));
		trial.sync();
		trial.take({ do: 'drop', share: 0.5 });
		trial.take({ do: 'prepend', made: [{ kind: 8, minutes: 1, hasAt: false }] });
		trial.sync();
		expect(picture(trial)).toBe('1 1');
	});

	it('show as one again what was dropped and loaded again between two looks', () => {
		const trial = new Trial();
		trial.append(beats(2));
		trial.sync();
		trial.take({ do: 'drop', share: 0.5 });
		trial.take({ do: 'prepend', made: beats(1) });
		trial.sync();
		expect(picture(trial)).toBe('×2');
	});

	it('never fold what a person says into what a program of the same name said', () => {
		const trial = new Trial();
		trial.append([2, 1, 1, 2].map((kind) => ({ kind, minutes: 1, hasAt: false })));
		trial.sync();
		expect(picture(trial)).toBe('1 ×2 1');
	});

	it('do not fold what is said to have happened an hour before the one before it', () => {
		const trial = new Trial();
		trial.append([...beats(2), ...beats(1, -60)]);
		trial.sync();
		expect(picture(trial)).toBe('×2 1');
	});

	it('say of an open fold how many are left of it once older ones were dropped, and close it over those', () => {
		const trial = new Trial();
		trial.append(beats(4));
		trial.toggle(0);
		trial.take({ do: 'drop', share: 0.25 });
		trial.sync();
		expect(picture(trial)).toBe('· · ▾3');
		trial.toggle(0);
		expect(picture(trial)).toBe('×3');
	});

	it('show one event as itself where all that it was folded with was dropped', () => {
		const trial = new Trial();
		trial.append(beats(4));
		trial.sync();
		trial.take({ do: 'drop', share: 0.75 });
		trial.sync();
		expect(picture(trial)).toBe('1');
	});

	it('leave as it was what was loaded again before more is dropped', () => {
		const trial = new Trial();
		trial.append(beats(2));
		trial.sync();
		trial.take({ do: 'drop', share: 0.5 });
		trial.sync();
		trial.take({ do: 'prepend', made: [...beats(2), { kind: 1, minutes: 1, hasAt: false }, ...beats(1)] });
		trial.toggle(1);
		expect(picture(trial)).toBe('×2 1 · ▾2');
		trial.take({ do: 'drop', share: 0.2 });
		trial.sync();
		expect(picture(trial)).toBe('1 1 · ▾2');
	});

	it('have keys that differ where dropped events are loaded again before their open fold', () => {
		const trial = new Trial();
		trial.append(beats(4));
		trial.toggle(0);
		trial.take({ do: 'drop', share: 0.25 });
		trial.sync();
		trial.take({ do: 'prepend', made: beats(2) });
		trial.sync();
		expect(picture(trial)).toBe('×2 · · ▾3');
	});

	it('have nothing that comes while it is paused, also not in a fold', () => {
		const trial = new Trial();
		trial.append(beats(1));
		trial.take({ do: 'pauseOrNot' });
		trial.append(beats(2));
		trial.sync();
		expect(picture(trial)).toBe('1');
		trial.take({ do: 'pauseOrNot' });
		trial.sync();
		expect(picture(trial)).toBe('×3');
	});

	it('open no other fold than the one that was pressed, though that one was dropped meanwhile', () => {
		const trial = new Trial();
		trial.append([...beats(2), { kind: 8, minutes: 1, hasAt: false }, ...beats(2)]);
		trial.sync();
		const [pressed] = trial.all as [Fold];
		trial.take({ do: 'drop', share: 0.6 });
		trial.sync();
		expect(trial.rows.toggle(pressed)).toBe(0);
		expect(picture(trial)).toBe('×2');
	});
});
