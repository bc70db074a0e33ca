// The plainest log of events and changes: what a relay keeps and says, without being one.
// Knows entries, present states and pages; never knows who reads them.
import type { Change, ChangeKind, EventState, FeedEntry, FeedEvent, Page } from '../../relay/protocol/event.ts';
import { isChange } from '../../relay/protocol/event.ts';

export const EPOCH = 'k3f9';

export class ChangingLog {
	/** Events as they stand, and changes. */
	readonly #entries: FeedEntry[] = [];

	get last(): number {
		return this.#entries.length;
	}

	/** As they stand, oldest first. */
	get events(): FeedEvent[] {
		return this.#entries.filter((entry): entry is FeedEvent => !isChange(entry));
	}

	publish(fields: Partial<FeedEvent> = {}): FeedEvent {
		const seq = this.last + 1;
		const event: FeedEvent = {
			...{ id: `${EPOCH}:${seq}`, seq, time: seq * 1000, type: 'note' },
			text: `${seq}`,
			...fields,
		};
		this.#entries.push(event);
		const answered = this.events.find(({ id }) => id === event.replyTo);
		if (answered) {
			const count = (answered.replies?.count ?? 0) + 1;
			this.#put({ ...answered, replies: { count, seq, time: event.time } });
		}
		return event;
	}

	/** Changes an event; of one that is removed nothing is left to be changed. */
	change(kind: ChangeKind, target: FeedEvent, more: Partial<Change> & { text?: string } = {}): void {
		const { text, ...fields } = more;
		const before = this.#entries[target.seq - 1] as FeedEvent; // one of its own
		if (before.removed) return;
		const seq = this.last + 1;
		const time = seq * 1000;
		this.#entries.push({
			...{ id: `${EPOCH}:${seq}`, seq, time, change: kind, target: target.id, type: target.type, ...fields },
		});
		const { id, type, replyTo, replyType, replies } = before;
		if (kind === 'removal') {
			const left = { id, seq: before.seq, time: before.time, type, replyTo, replyType, replies };
			this.#put({ ...(defined(left) as FeedEvent), version: seq, removed: { time } });
			return;
		}
		const reactions = { ...before.reactions };
		if (fields.reaction)
			reactions[fields.reaction] = (reactions[fields.reaction] ?? 0) + (fields.on === false ? -1 : 1);
		for (const [sign, count] of Object.entries(reactions)) if (count <= 0) delete reactions[sign];
		const changed: Record<ChangeKind, object> = {
			edit: { text, edited: { time, count: (before.edited?.count ?? 0) + 1 } },
			status: { status: fields.status, statusBy: { time } },
			reaction: { reactions: Object.keys(reactions).length > 0 ? reactions : undefined },
			pin: { pinned: fields.on ? true : undefined },
			removal: {},
		};
		this.#put(defined({ ...before, version: seq, ...changed[kind] }) as FeedEvent);
	}

	/** Entries after one, up to another, as they are sent now. */
	entries(after: number, to = this.last): FeedEntry[] {
		return this.#entries.slice(after, to).map((entry) => {
			if (!isChange(entry)) return structuredClone(entry);
			const event = this.#entries[Number(entry.target.split(':')[1]) - 1] as FeedEvent; // made of one
			return structuredClone({ ...entry, state: stateOf(event) });
		});
	}

	/** The page of events before a `seq`. */
	pageBefore(seq: number, limit: number): Page {
		const older = this.events.filter((event) => event.seq < seq);
		const events = structuredClone(older.slice(-limit));
		const next = older.length > limit ? (events[0]?.id ?? null) : null;
		return { epoch: EPOCH, first: 1, last: this.last, events, next };
	}

	#put(event: FeedEvent): void {
		this.#entries[event.seq - 1] = event;
	}
}

function stateOf({
	version,
	text,
	status,
	statusBy,
	reactions,
	replies,
	edited,
	pinned,
	removed,
}: FeedEvent): EventState {
	const state = { version, text: edited && text, status, statusBy, reactions, replies, edited, pinned, removed };
	return defined(state) as EventState;
}

function defined<T extends object>(value: T): T {
	return JSON.parse(JSON.stringify(value)); // which leaves out what is undefined
}
