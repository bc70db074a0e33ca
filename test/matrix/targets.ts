// Events that are there to be changed, one for each cell, and what has become of them.
// Knows how each stands before and is to stand after a change; never knows how it is asked for, nor who may.
import { isDeepStrictEqual } from 'node:util';
import type { Message } from '../support/conversation.ts';
import type { Caller, Cast } from './callers.ts';
import { type CellAsker, CLAIMED, KEPT } from './cell-asker.ts';
import { type Cell, nameCell } from './cells.ts';
import { PATIENCE_MS, send } from './request.ts';

/** The changes of the table: the draft of each without its target, and what is changed by it. */
export const CHANGES: Record<string, { draft: Message; change: string }> = {
	edit: { draft: { text: 'changed words' }, change: 'edit' },
	status: { draft: { status: 'resolved' }, change: 'status' },
	react: { draft: { reaction: '👍' }, change: 'reaction' },
	back: { draft: { reaction: '👍', on: false }, change: 'reaction' },
	pin: { draft: { pinned: true }, change: 'pin' },
	unpin: { draft: { pinned: false }, change: 'pin' },
	remove: { draft: { removed: true }, change: 'removal' },
	wpin: { draft: { pinned: true }, change: 'pin' },
	fpin: { draft: { pinned: true }, change: 'pin' },
	freact: { draft: { reaction: '👍' }, change: 'reaction' },
	slowpin: { draft: { pinned: true }, change: 'pin' },
	stale: { draft: { status: 'resolved', ifMatch: 999_999 }, change: 'status' },
};
/** What is left of an event that was removed. */
const PLACE = ['id', 'removed', 'seq', 'time', 'type', 'version'];
const LOOK_MS = 20;

/** The change of a column, and whether it is of one's own event. */
export function readAction(what: string): { action: string; isOwn: boolean } {
	const last = what.split(' ').at(-1) ?? '';
	return { action: last.replace('*', ''), isOwn: !last.endsWith('*') };
}

/** Has it an event of its own? Not so a hello, what is no JSON, and a change of another channel's event. */
export function hasTarget({ what }: Pick<Cell, 'what'>): boolean {
	return readAction(what).action in CHANGES;
}

interface Target {
	cell: Cell;
	id: string;
	before: Message;
}

export class Targets {
	readonly #asker: CellAsker;
	readonly #cast: Cast;
	readonly #isOpen: boolean;
	readonly #targets = new Map<string, Target>();
	/** Of each channel, the position at which all is prepared. */
	readonly #prepared = new Map<string, string>();

	constructor(asker: CellAsker, cast: Cast, isOpen: boolean) {
		this.#asker = asker;
		this.#cast = cast;
		this.#isOpen = isOpen;
	}

	idOf(cell: Omit<Cell, 'expected'>): string {
		return this.#targets.get(nameCell(cell))?.id ?? '';
	}

	/** `callerOf`: undefined for who is proven by a later hello. */
	async prepare(cells: readonly Cell[], callerOf: (cell: Cell) => Caller | undefined): Promise<void> {
		const channels = new Set(cells.map(({ channel }) => channel));
		await Promise.all(
			[...channels].map(async (channel) => {
				const here = cells.filter((cell) => cell.channel === channel && hasTarget(cell));
				const authors = new Map<string, { author: Caller; cells: Cell[] }>();
				for (const cell of here) {
					const author = await this.#authorOf(cell, callerOf(cell));
					const key = JSON.stringify(author);
					authors.set(key, { author, cells: [...(authors.get(key)?.cells ?? []), cell] });
				}
				for (const { author, cells } of authors.values()) {
					const drafts = cells.map((cell) => ({ text: `${KEPT} ${nameCell(cell)}`, status: 'open', actor: CLAIMED }));
					const receipts = await this.#publish(channel, author, drafts);
					for (const [index, cell] of cells.entries())
						this.#targets.set(nameCell(cell), { cell, id: receipts[index].id, before: undefined });
				}
				await this.#begin(channel, here, callerOf);
				const { events, last } = await this.#read(channel);
				this.#prepared.set(channel, last);
				for (const cell of here) {
					const target = this.#targets.get(nameCell(cell)) as Target; // just set
					target.before = events.get(target.id);
				}
			}),
		);
	}

	/** What is taken off and taken back has to be there: a reaction of whoever asks, and one of somebody else. */
	async #begin(channel: string, cells: Cell[], callerOf: (cell: Cell) => Caller | undefined): Promise<void> {
		const of = (...actions: string[]) => cells.filter(({ what }) => actions.includes(readAction(what).action));
		const react = (some: Cell[]) => some.map((cell) => ({ target: this.idOf(cell), reaction: '👍' }));
		const pins = of('unpin').map((cell) => ({ target: this.idOf(cell), pinned: true }));
		const backs = of('back');
		await this.#publish(channel, await this.#owner(), [...pins, ...react(backs)]);
		const rows = new Map<string, { author: Caller; cells: Cell[] }>();
		for (const cell of backs) {
			const author = await this.#proxyOf(callerOf(cell));
			const key = JSON.stringify(author);
			rows.set(key, { author, cells: [...(rows.get(key)?.cells ?? []), cell] });
		}
		for (const { author, cells } of rows.values()) await this.#publish(channel, author, react(cells));
	}

	async #authorOf(cell: Cell, caller: Caller | undefined): Promise<Caller> {
		return readAction(cell.what).isOwn ? this.#proxyOf(caller) : this.#owner();
	}

	/** The same person, with every right; who proves nothing is taken for the one whom most tokens name. */
	async #proxyOf(caller: Caller | undefined): Promise<Caller> {
		if (this.#isOpen) return caller?.author === undefined ? {} : { author: caller.author };
		return { token: await this.#cast.as(caller?.subject ?? 'both') };
	}

	async #owner(): Promise<Caller> {
		return this.#isOpen ? { author: this.#cast.ownerKey } : { token: this.#cast.owner };
	}

	/** What the cell asks for, on whatever way it goes. */
	draftOf(cell: Omit<Cell, 'expected'>, claimed: object): Message {
		const { action } = readAction(cell.what);
		return { target: this.idOf(cell), ...CHANGES[action]?.draft, actor: claimed };
	}

	/** What is wrong with what has become of them, by the cells' names. `lines` are those of the relay's log so far; `actorOf`: by whom each is done. */
	async check(lines: readonly string[], actorOf: (cell: Cell) => Caller | undefined): Promise<Map<string, string>> {
		const told = await this.#readLines(lines);
		const faults = new Map<string, string>();
		const byChannel = new Map<string, { events: Map<string, Message>; changes: Map<string, Message[]> }>();
		for (const [channel, after] of this.#prepared) {
			const { events } = await this.#read(channel);
			const { changes } = await this.#read(channel, after);
			byChannel.set(channel, { events, changes });
		}
		for (const [name, target] of this.#targets) {
			const { events, changes } = byChannel.get(target.cell.channel) as NonNullable<ReturnType<typeof byChannel.get>>;
			const after = events.get(target.id);
			const entries = changes.get(target.id) ?? [];
			const fault = findFault({ ...target, by: actorOf(target.cell) }, after, entries, told);
			if (fault) faults.set(name, fault);
		}
		if (lines.some((line) => line.includes('"moderated"') && line.includes(KEPT)))
			faults.set('the log', 'it says what was changed');
		return faults;
	}

	/** The changes that the relay's log tells of. Its lines come in their order: once the last one is there, all are. */
	async #readLines(lines: readonly string[]): Promise<Set<string>> {
		const [channel = ''] = this.#prepared.keys();
		const stranger: Caller = this.#isOpen ? { author: 'key-of-the-last-line' } : { token: await this.#cast.as('both') };
		const [{ id: target }] = (await this.#publish(channel, stranger, [{ text: 'the last line' }])) as [Message];
		const [{ id }] = (await this.#publish(channel, await this.#owner(), [{ target, pinned: true }])) as [Message];
		const deadline = Date.now() + PATIENCE_MS;
		while (!lines.some((line) => line.includes(id)) && Date.now() < deadline)
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		return new Set(lines.flatMap((line) => /"moderated":.*"id":"([^"]+)"/.exec(line)?.[1] ?? []));
	}

	async #publish(channel: string, by: Caller, drafts: object[]): Promise<Message[]> {
		if (drafts.length === 0) return [];
		const headers = this.#asker.headersOf(by, { 'content-type': 'application/json' });
		const sent = send(this.#asker.address(channel), { method: 'POST', headers, body: JSON.stringify(drafts) });
		const status = await sent.status;
		const body = await sent.whole();
		if (status !== 201) throw new Error(`Nothing can be prepared: ${status} ${body.slice(0, 300)}`);
		return (JSON.parse(body) as Message).events;
	}

	/** All events of a channel as they stand, and the changes after a position. */
	async #read(
		channel: string,
		from = '0',
	): Promise<{ events: Map<string, Message>; changes: Map<string, Message[]>; last: string }> {
		const events = new Map<string, Message>();
		const changes = new Map<string, Message[]>();
		const headers = this.#asker.headersOf(await this.#owner());
		for (let after = from; ; ) {
			const page = JSON.parse(
				await send(this.#asker.address(channel, `limit=1000&after=${after}`), { headers }).whole(),
			);
			for (const event of page.events) events.set(event.id, event);
			for (const change of page.changes ?? [])
				changes.set(change.target, [...(changes.get(change.target) ?? []), change]);
			if (page.next === after) return { events, changes, last: `${page.epoch}:${page.last}` };
			after = page.next;
		}
	}
}

/** What was refused is as it was; what was done is done once, as the one who did it, and told of where it was another's. */
function findFault(
	{ cell, by, before }: Target & { by: Caller | undefined },
	after: Message,
	entries: Message[],
	told: ReadonlySet<string>,
): string | undefined {
	const isDone = cell.expected === 'ok' || cell.expected === 'mo';
	const { action } = readAction(cell.what);
	if (!before || !after) return 'it is gone';
	if (!isDone) {
		if (!isDeepStrictEqual(before, after) || entries.length > 0)
			return `changed all the same: ${JSON.stringify(after)}`;
		return undefined;
	}
	const [entry, ...more] = entries;
	if (!entry || more.length > 0 || entry.change !== CHANGES[action]?.change) return `${entries.length} changes`;
	if (after.version !== entry.seq) return `version ${after.version} by the change ${entry.seq}`;
	const how = STANDS[action]?.(before, after);
	if (how !== true) return `stands so: ${JSON.stringify(after)}`;
	const signer = action === 'edit' ? after.edited : action === 'status' ? after.statusBy : after.removed;
	for (const { actor } of signer ? [entry, signer] : [entry])
		if (!isSaidBy(actor, by)) return `done as ${JSON.stringify(actor)}`;
	const isTold = told.has(entry.id);
	if (isTold !== (cell.expected === 'mo')) return isTold ? 'told of as of another’s' : 'not told of';
	return undefined;
}

/** How an event stands after each change. */
const STANDS: Record<string, (before: Message, after: Message) => boolean> = {
	edit: (_, { text, edited }) => text === 'changed words' && edited.count === 1,
	status: (before, { status, text }) => status === 'resolved' && text === before.text,
	react: (before, { reactions }) => before.reactions === undefined && isDeepStrictEqual(reactions, { '👍': 1 }),
	back: (before, { reactions }) => before.reactions['👍'] === 2 && isDeepStrictEqual(reactions, { '👍': 1 }),
	pin: (before, { pinned }) => before.pinned === undefined && pinned === true,
	fpin: (before, { pinned }) => before.pinned === undefined && pinned === true,
	freact: (before, { reactions }) => before.reactions === undefined && isDeepStrictEqual(reactions, { '👍': 1 }),
	wpin: (before, { pinned }) => before.pinned === undefined && pinned === true,
	unpin: (before, { pinned }) => before.pinned === true && pinned === undefined,
	remove: (_, after) => isDeepStrictEqual(Object.keys(after).sort(), PLACE),
};

/** Everybody claimed to be the boss. */
export function isSaidBy(actor: Message, caller: Caller | undefined): boolean {
	if (actor?.kind !== 'bot') return false;
	if (caller === undefined) return actor.verified === true && actor.id !== 'boss' && actor.name === 'Proven';
	const { subject, name } = caller;
	if (subject === undefined) return actor.verified === false && actor.id === 'boss';
	return actor.verified === true && actor.id === subject && actor.name === name;
}
