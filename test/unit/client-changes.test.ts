// What a reader makes of changes, in whatever order, pages and pieces they come: the same as one who comes last.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Change, type FeedEntry, type FeedEvent, isChange } from '../../relay/protocol/event.ts';
import { LiveTimeline } from '../../widget/client/changes.ts';
import { ChangingLog } from '../support/changing-log.ts';
import { withSeed } from '../support/random.ts';

type Step =
	| { do: 'publish' | 'reply' | 'edit' | 'removal'; which: number }
	| { do: 'status'; which: number; status: 'open' | 'resolved' | 'cancelled' | 'reopened' }
	| { do: 'reaction' | 'pin'; which: number; on: boolean }
	| { do: 'receive' | 'page' | 'again'; size: number };

const which = fc.nat(12);
const size = fc.integer({ min: 1, max: 6 });
const on = fc.boolean();
const status = fc.constantFrom('open' as const, 'resolved' as const, 'cancelled' as const, 'reopened' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ do: fc.constantFrom('publish' as const, 'reply' as const), which }) },
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constantFrom('edit' as const, 'edit' as const, 'removal' as const), which }),
	},
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('status' as const), which, status }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constantFrom('reaction' as const, 'pin' as const), which, on }) },
	{ weight: 5, arbitrary: fc.record({ do: fc.constant('receive' as const), size }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constantFrom('page' as const, 'again' as const), size }) },
);

function split(entries: FeedEntry[]): { events: FeedEvent[]; changes: Change[] } {
	return { events: entries.filter((entry): entry is FeedEvent => !isChange(entry)), changes: entries.filter(isChange) };
}

/** A log, and a reader of it who is behind. */
class Trial {
	readonly log = new ChangingLog();
	readonly timeline = new LiveTimeline();
	#position: number;

	constructor(history: number) {
		for (let n = 0; n < 8; n++) this.log.publish();
		this.timeline.append(this.log.pageBefore(Number.POSITIVE_INFINITY, history).events);
		this.#position = this.log.last;
	}

	take(step: Step): void {
		const { log, timeline } = this;
		const { events } = log;
		const target = events[events.length - 1 - (('which' in step ? step.which : 0) % events.length)] as FeedEvent;
		switch (step.do) {
			case 'publish':
				log.publish();
				break;
			case 'reply':
				log.publish({ replyTo: target.id, replyType: target.type });
				break;
			case 'edit':
				log.change('edit', target, { text: `edited at ${log.last}` });
				break;
			case 'status':
				log.change('status', target, { status: step.status });
				break;
			case 'reaction':
				log.change('reaction', target, { reaction: '👍', on: step.on });
				break;
			case 'pin':
				log.change('pin', target, { on: step.on });
				break;
			case 'removal':
				log.change('removal', target);
				break;
			case 'receive':
				this.receive(Math.min(this.#position + step.size, log.last));
				break;
			case 'page': {
				const [first] = timeline.events;
				timeline.prepend(log.pageBefore(first?.seq ?? this.#position + 1, step.size).events);
				break;
			}
			case 'again':
				// A page that was asked for and is late, or was asked for again.
				timeline.merge(log.pageBefore(this.#position + 1, step.size).events);
		}
	}

	/** Live entries up to one, as a client tells of them. */
	receive(to: number): void {
		const { events, changes } = split(this.log.entries(this.#position, to));
		this.timeline.append(events);
		this.timeline.change(changes);
		this.#position = to;
	}
}

describe('what a reader makes of changes', () => {
	it('is what one who comes last is told, whatever came when, live or by pages', () =>
		withSeed((seed) => {
			fc.assert(
				fc.property(fc.integer({ min: 0, max: 8 }), fc.array(step, { maxLength: 60 }), (history, steps) => {
					const trial = new Trial(history);
					for (const one of steps) trial.take(one);
					trial.receive(trial.log.last);
					const { events } = trial.timeline;
					const from = events[0]?.seq ?? Number.POSITIVE_INFINITY;
					expect(events).toEqual(trial.log.events.filter(({ seq }) => seq >= from));
				}),
				{ seed, numRuns: 500 },
			);
		}));

	const event: FeedEvent = { id: 'e:1', seq: 1, time: 1, type: 'fix', text: 'Slow', level: 'error', data: { a: 1 } };
	const change: Change = { id: 'e:2', seq: 2, time: 2, change: 'status', target: 'e:1', type: 'fix', state: {} };
	const show = (before: FeedEvent = event) => {
		const timeline = new LiveTimeline();
		timeline.append([before]);
		return timeline;
	};

	it('has other objects for what is another, and the same for what is not', () => {
		const timeline = show();
		expect(timeline.change([{ ...change, state: { version: 2, status: 'resolved' } }])).toEqual(timeline.events);
		const [now] = timeline.events;
		expect(now).not.toBe(event);
		expect(timeline.change([{ ...change, state: { version: 2, status: 'resolved' } }])).toEqual([]);
		expect(timeline.change([{ ...change, seq: 1, state: { version: 1, status: 'cancelled' } }])).toEqual([]);
		expect(timeline.events[0]).toBe(now);
		timeline.change([{ ...change, seq: 3, state: { version: 3 } }]);
		expect(timeline.events).toEqual([{ ...event, version: 3 }]);
	});

	it('keeps nothing of a removed event, also where the relay does not have it any more', () => {
		const timeline = show();
		timeline.change([{ ...change, change: 'removal', state: { version: 2, removed: { time: 2 } } }]);
		expect(timeline.events).toEqual([{ id: 'e:1', seq: 1, time: 1, type: 'fix', version: 2, removed: { time: 2 } }]);
		const other = show({ ...event, replies: { count: 1, seq: 1.5, time: 1 } });
		const { state: _, ...bare } = change;
		other.change([bare]);
		expect(other.events[0]?.text).toBe('Slow');
		other.change([{ ...bare, change: 'removal' }]);
		expect(Object.keys(other.events[0] ?? {}).sort()).toEqual([
			'id',
			'removed',
			'replies',
			'seq',
			'time',
			'type',
			'version',
		]);
	});

	it('takes no change of another log', () => {
		const timeline = show();
		expect(timeline.change([{ ...change, target: 'f:1', state: { version: 2, status: 'resolved' } }])).toEqual([]);
	});
});
