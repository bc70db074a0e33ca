// What becomes of the events of a timeline: changed, answered, removed, brought anew, or put in between. Pure; loaded once it is needed.
// Knows an event's state and which of two is newer; never knows the network, rows, or who has changed it.
import { type Change, type EventState, type FeedEntry, type FeedEvent, isChange } from '../../relay/protocol/event.ts';
import { seqOf, Timeline, type TimelineItem, toItem } from './timeline.ts';

/** Where the first item is that stands for a `seq` or a later one. */
export function findIndex(items: readonly TimelineItem[], seq: number): number {
	let [low, high] = [0, items.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (seqOf(items[middle]) < seq) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** An event of a timeline by its id; undefined where it is not there. */
export function findEvent({ items }: Timeline, id: string): FeedEvent | undefined {
	const item = items[findIndex(items, seqIn(id))];
	return item?.kind === 'event' && item.event.id === id ? item.event : undefined;
}

/** The `seq` of an id, or of a position that the relay has given. */
export function seqIn(id: string): number {
	return Number(id.slice(id.indexOf(':') + 1));
}

/** What became of a timeline. */
export interface Outcome {
	/** Events that are others now, or were put in between, as they stand. */
	changed: FeedEvent[];
	/** Of events that the timeline does not have. */
	unknown: Change[];
}

/** Takes over changes, in whatever order they come: the newest state of an event wins. */
export function applyChanges(timeline: Timeline, changes: readonly Change[]): Outcome {
	const outcome: Outcome = { changed: [], unknown: [] };
	for (const change of changes) {
		const { target } = change;
		const event = findEvent(timeline, target);
		if (!event) outcome.unknown.push(change);
		else replace(timeline, event, withState(event, stateOf(change)), outcome.changed);
	}
	return outcome;
}

/**
 * Counts replies to events that a timeline has, each once: an event that has come later than a reply has counted it
 * already. Answers the answered ones.
 */
export function countReplies(timeline: Timeline, replies: readonly FeedEvent[]): FeedEvent[] {
	const changed: FeedEvent[] = [];
	for (const { replyTo, seq, time } of replies) {
		const event = replyTo === undefined ? undefined : findEvent(timeline, replyTo);
		if (!event || seq <= (event.replies?.seq ?? event.seq)) continue; // nothing answers itself, or what comes later
		const count = (event.replies?.count ?? 0) + 1;
		replace(timeline, event, { ...event, replies: { count, seq, time } }, changed);
	}
	return changed;
}

/** Takes over the states of events that have come once more. Answers those that are others now. */
export function mergeEvents(timeline: Timeline, events: readonly FeedEvent[]): FeedEvent[] {
	const changed: FeedEvent[] = [];
	for (const event of events) {
		const known = findEvent(timeline, event.id);
		if (known) replace(timeline, known, newestOf(known, event), changed);
	}
	return changed;
}

/** Puts an event where it belongs; answers false where it is there already. */
export function insertEvent(timeline: Timeline, event: FeedEvent): boolean {
	const { items } = timeline;
	const index = findIndex(items, event.seq);
	const item = items[index];
	const isThere = item && (item.kind === 'gap' ? item.from <= event.seq : item.event.seq === event.seq);
	if (!isThere) items.splice(index, 0, toItem(event));
	return !isThere;
}

/** Puts older events, oldest first, before those that a timeline has. */
export function prependEvents(timeline: Timeline, events: readonly FeedEvent[]): void {
	const [first] = timeline.items;
	const oldest = !first ? Number.POSITIVE_INFINITY : first.kind === 'gap' ? first.from : first.event.seq;
	const older = events.filter(({ seq }) => seq < oldest).map(toItem);
	timeline.items.unshift(...older);
}

function replace({ items }: Timeline, before: FeedEvent, event: FeedEvent, changed: FeedEvent[]): void {
	if (event === before) return;
	items[findIndex(items, event.seq)] = toItem(event);
	changed.push(event);
}

/** What a change says of its event; a removal says it even where nothing is kept of that. */
function stateOf({ state, change, actor, seq, time }: Change): EventState | undefined {
	if (state) return { version: seq, ...state };
	if (change !== 'removal') return undefined;
	return { version: seq, removed: { ...(actor ? { actor } : {}), time } };
}

/** An event with the state that a change has brought; the same one where it is no newer. */
function withState(event: FeedEvent, state: EventState | undefined): FeedEvent {
	if (!state) return event;
	const { version, text, status, statusBy, reactions, replies, edited, pinned, removed, ...content } = event;
	const sentence = state.text ?? text;
	return newestOf(event, { ...content, ...(sentence === undefined ? {} : { text: sentence }), ...state });
}

/** Of two states of an event the newer one, with the newer count of replies; the same one as known where nothing is new. */
function newestOf(known: FeedEvent, other: FeedEvent): FeedEvent {
	const event = (other.version ?? 0) > (known.version ?? 0) ? bare(other) : known;
	const replies = (other.replies?.seq ?? 0) > (known.replies?.seq ?? 0) ? other.replies : known.replies;
	return !replies || event.replies?.seq === replies.seq ? event : { ...event, replies };
}

/** What is left of a removed event, which is all that is kept of it anywhere. */
function bare(event: FeedEvent): FeedEvent {
	if (!event.removed) return event;
	const { id, seq, time, type, replyTo, replyType, replies, version, removed } = event;
	return {
		...{ id, seq, time, type, removed },
		...(replyTo === undefined ? {} : { replyTo }),
		...(replyType === undefined ? {} : { replyType }),
		...(replies === undefined ? {} : { replies }),
		...(version === undefined ? {} : { version }),
	};
}

/** Changes and answers to events that a timeline does not have are remembered so far: a page that is on its way may bring those. */
const MAX_EARLY = 5000;

/** What happens to the events of one timeline, in whatever order live entries and pages of history come. */
export class Amendments {
	readonly #timeline: Timeline;
	/** Those whose events are not there, oldest first. */
	#early: FeedEntry[] = [];
	#clears: number;

	constructor(timeline: Timeline) {
		this.#timeline = timeline;
		this.#clears = timeline.clears;
	}

	/** Live events have come, and are in the timeline where they are shown. Answers those that others answer now. */
	count(events: readonly FeedEvent[]): FeedEvent[] {
		this.#remember(events.filter(({ replyTo }) => replyTo !== undefined && !findEvent(this.#timeline, replyTo)));
		return countReplies(this.#timeline, events);
	}

	/** Live changes have come. */
	apply(changes: readonly Change[]): Outcome {
		const outcome = applyChanges(this.#timeline, changes);
		this.#remember(outcome.unknown);
		return outcome;
	}

	/** A page has put events into the timeline, which may be older than what is known of them. Answers those that are others now. */
	settle(): FeedEvent[] {
		const events = this.#early.filter((entry): entry is FeedEvent => !isChange(entry));
		const { changed } = applyChanges(this.#timeline, this.#early.filter(isChange));
		return [...changed, ...countReplies(this.#timeline, events)];
	}

	#remember(entries: readonly FeedEntry[]): void {
		const { clears } = this.#timeline;
		this.#early = [...(clears === this.#clears ? this.#early : []), ...entries].slice(-MAX_EARLY);
		this.#clears = clears;
	}
}

/** A timeline that takes changes too: what a reader without a panel has. */
export class LiveTimeline extends Timeline {
	readonly #amendments = new Amendments(this);

	override append(events: readonly FeedEvent[]): number {
		const dropped = super.append(events);
		this.#amendments.count(events);
		return dropped;
	}

	/** Puts a page of older events, oldest first, before those that are here. */
	prepend(events: readonly FeedEvent[]): void {
		prependEvents(this, events);
		this.#amendments.settle();
	}

	/** Takes over what became of events; answers those that are others now. */
	change(changes: readonly Change[]): FeedEvent[] {
		return this.#amendments.apply(changes).changed;
	}

	/** Takes over events that have come once more, as after `refresh`; answers those that are others now. */
	merge(events: readonly FeedEvent[]): FeedEvent[] {
		return mergeEvents(this, events);
	}
}
