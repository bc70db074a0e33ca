// The rows of a list whose events change, are answered and come in between, against the plainest model of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { applyChanges, countReplies, findEvent, insertEvent, prependEvents } from '../../widget/client/changes.ts';
import { seqOf, Timeline } from '../../widget/client/timeline.ts';
import { type Row, Rows, seqOfRow } from '../../widget/rows.ts';
import { withSeed } from '../support/random.ts';

type Step =
	| { do: 'append' | 'prepend'; answers: number[] }
	| { do: 'status' | 'none' | 'removal' | 'toggle' | 'insert'; which: number }
	| { do: 'pauseOrNot' };

const which = fc.nat(30);
/** 0 is no answer; others say that they answer what came so far before: 9 themselves, and -1 what comes next. */
const answers = fc.array(
	fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: -1, max: 9 }) }),
	{
		minLength: 1,
		maxLength: 6,
	},
);
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), answers }) },
	{ weight: 4, arbitrary: fc.record({ do: fc.constant('prepend' as const), answers }) },
	{
		weight: 6,
		arbitrary: fc.record({ do: fc.constantFrom('status' as const, 'none' as const, 'removal' as const), which }),
	},
	{ weight: 5, arbitrary: fc.record({ do: fc.constantFrom('toggle' as const, 'insert' as const), which }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('pauseOrNot' as const) }) },
);

class Trial {
	readonly timeline = new Timeline();
	readonly rows = new Rows();
	#changed: FeedEvent[] = [];
	#left: FeedEvent[] = [];
	#newest = 5000;
	#until: number | undefined;
	#version = 9000;

	take(step: Step): void {
		const { timeline } = this;
		const { events } = timeline;
		switch (step.do) {
			case 'append': {
				const added = step.answers.map((back) => this.#event(++this.#newest, back));
				// A filter leaves some out, which may pass it later.
				const shown = added.filter(({ seq }) => seq % 7 !== 0);
				this.#left.push(...added.filter(({ seq }) => seq % 7 === 0));
				timeline.append(shown);
				this.#changed.push(...countReplies(timeline, shown));
				break;
			}
			case 'prepend': {
				const oldest = events[0]?.seq;
				if (oldest === undefined) return;
				prependEvents(
					timeline,
					step.answers.map((back, i) => this.#event(oldest - step.answers.length + i, back)),
				);
				break;
			}
			case 'insert': {
				const event = this.#left.splice(step.which % Math.max(this.#left.length, 1), 1)[0];
				if (event && event.seq > (events[0]?.seq ?? 0) && insertEvent(timeline, event)) this.#changed.push(event);
				break;
			}
			case 'toggle': {
				this.sync();
				const folds = this.all.filter((row) => row.kind === 'fold');
				const fold = folds[step.which % Math.max(folds.length, 1)];
				if (fold?.kind === 'fold') this.rows.toggle(fold);
				break;
			}
			case 'pauseOrNot':
				this.#until = this.#until === undefined ? seqOf(timeline.items.at(-1)) : undefined;
				break;
			default: {
				const event = events[step.which % Math.max(events.length, 1)];
				if (!event) return;
				const version = ++this.#version;
				const state =
					step.do === 'removal'
						? { version, removed: { time: 1 } }
						: { version, ...(step.do === 'status' ? { status: 'resolved' as const } : {}) };
				const change = step.do === 'removal' ? 'removal' : 'status';
				const { changed } = applyChanges(timeline, [
					{ id: `e:${version}`, seq: version, time: 1, change, target: event.id, type: 'beat', state },
				]);
				this.#changed.push(...changed);
			}
		}
	}

	#event(seq: number, back: number): FeedEvent {
		const beat = { id: `e:${seq}`, seq, time: seq * 60_000, type: 'beat', text: 'Still here' };
		const answered = seq - (back === 9 ? 0 : back);
		return back === 0 ? beat : { ...beat, type: 'say', text: `${seq}`, replyTo: `e:${answered}` };
	}

	get all(): Row[] {
		return this.rows.slice(this.rows.first, this.rows.end);
	}

	sync(): void {
		this.rows.sync(this.timeline, true, this.#until, this.#changed);
		this.#changed = [];
		this.check();
	}

	check(): void {
		const { all, rows, timeline } = this;
		const shown = all.flatMap((row) =>
			row.kind === 'gap' ? [] : row.kind === 'fold' && !row.isOpen ? row.events : row.event,
		);
		const until = this.#until ?? Number.POSITIVE_INFINITY;
		const wanted = timeline.events.filter(
			({ seq, replyTo }) =>
				seq <= until && (replyTo === undefined || (findEvent(timeline, replyTo)?.seq ?? seq) >= seq),
		);
		expect(shown.map(({ seq }) => seq)).toEqual(wanted.map(({ seq }) => seq));
		expect(shown.every((event, i) => event === wanted[i])).toBe(true);
		const keys = all.map((row) =>
			row.kind === 'gap' ? '' : row.kind === 'fold' ? row.key : `${row.event.id}${row.isInside}`,
		);
		expect(new Set(keys).size).toBe(keys.length);
		for (const [i, row] of all.entries()) {
			expect(rows.find(seqOfRow(row))).toBe(rows.first + i);
			if (row.kind !== 'fold') continue;
			expect(row.events.length).toBeGreaterThan(1);
			expect(row.events.every(({ status, removed, replies }) => !status && !removed && !replies)).toBe(true);
			const inside = row.isOpen ? row.events.length - 1 : 0;
			expect(all.slice(i - inside, i).every((one) => one.kind === 'event' && one.isInside)).toBe(true);
			const before = all[i - inside - 1];
			expect(before?.kind === 'event' && before.isInside).toBeFalsy();
		}
	}
}

describe('the rows of events that change', () => {
	it('are those of a fresh list: every event once, in order and as it stands, replies with what they answer', () =>
		withSeed((seed) => {
			fc.assert(
				fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 30 }), (turns) => {
					const trial = new Trial();
					for (const turn of turns) {
						for (const one of turn) trial.take(one);
						trial.sync();
					}
				}),
				{ seed, numRuns: 400 },
			);
		}));
});
