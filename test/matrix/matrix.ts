// Asks every cell of the tables, and looks at what it did.
// Knows the order: what is kept, who reads and follows, who publishes, what is stored; never knows how a relay decides.
import type { Message } from '../support/conversation.ts';
import { look } from '../support/spill.ts';
import { type Caller, type Cast, UNSPEAKABLE } from './callers.ts';
import { CellAsker, isRead, KEPT, type Kept, readRefusal, type Seen } from './cell-asker.ts';
import { type Cell, nameCell, readTable } from './cells.ts';
import { ChangeAsker, groupCells } from './change-asker.ts';
import { CHANGE_TABLE, OPEN_CHANGE_TABLE } from './change-table.ts';
import { FiguresAsker } from './figures-asker.ts';
import { FIGURES_TABLE, OPEN_FIGURES_TABLE } from './figures-table.ts';
import { LaterCells, nameActor } from './later.ts';
import { PresenceAsker } from './presence-asker.ts';
import { OPEN_PRESENCE_TABLE, PRESENCE_TABLE } from './presence-table.ts';
import { send } from './request.ts';
import { DOORS, LATER_TABLE, OPEN_TABLE, TABLE } from './table.ts';
import { isSaidBy, Targets } from './targets.ts';

/** So many cells are begun at once. */
const AT_ONCE = 48;
/** A stack, a file, a library, a value that nobody formatted: nothing that a stranger is to read. */
const INTERNAL =
	/\bat (async )?[\w.<>#]+ \(|(?<!\/live-feed)\.(ts|js|mjs)\b|node_modules|\bjose\b|workerd|partykit|\bJW[TSEK]\w*(Error|Failed|Invalid|Expired)|\bERR_|TypeError|RangeError|\[object |\bundefined\b|\bNaN\b/i;

export interface Figures {
	cells: number;
	/** Each red cell, and what was seen in it. */
	red: Map<string, string>;
	/** Answers and sockets of which every word was looked at. */
	searched: number;
}

/** A relay, and every line that it has printed. */
export interface Asked {
	url: string;
	lines: readonly string[];
}

/** Against two relays that were started with the variables of `cast`, and have nothing stored. */
export async function runMatrix(relays: { secured: Asked; open: Asked }, cast: Cast): Promise<Figures> {
	const figures: Figures = { cells: 0, red: new Map(), searched: 0 };
	const open = {
		cells: readTable(OPEN_TABLE),
		later: [],
		changes: readTable(OPEN_CHANGE_TABLE),
		presence: readTable(OPEN_PRESENCE_TABLE),
		shown: readTable(OPEN_FIGURES_TABLE),
	};
	await runTables(relays.open, cast, open, 'open: ', figures);
	const secured = {
		cells: readTable(TABLE),
		later: readTable(LATER_TABLE),
		changes: readTable(CHANGE_TABLE),
		presence: readTable(PRESENCE_TABLE),
		shown: readTable(FIGURES_TABLE),
	};
	await runTables(relays.secured, cast, secured, '', figures);
	await runDoors(relays.secured.url, cast, figures);
	return figures;
}

async function runTables(
	{ url, lines }: Asked,
	cast: Cast,
	{ cells, later, changes, presence, shown }: Record<'cells' | 'later' | 'changes' | 'presence' | 'shown', Cell[]>,
	prefix: string,
	figures: Figures,
): Promise<void> {
	const isOpen = prefix !== '';
	const owner: Caller = isOpen ? { author: cast.ownerKey } : { token: cast.owner };
	/** To an open relay nobody is proven, whatever he brings. */
	const callerOf = ({ caller }: Cell): Caller => {
		const one = cast.callers[caller] as Caller; // each of the tables is one of the cast
		return isOpen ? { ...one, subject: undefined, name: undefined } : one;
	};
	const kept = new Map<string, Kept>();
	const asker = new CellAsker(url, kept);
	const targets = new Targets(asker, cast, isOpen);
	// Whom a later hello proved is one of the cast too.
	const findCaller = (cell: Cell) => (cell.caller in cast.callers ? callerOf(cell) : undefined);
	await targets.prepare([...changes, ...later], findCaller);
	/** By whom it is done: after another hello, or before it. */
	const findActor = (cell: Cell) => findCaller(cell) ?? cast.callers[nameActor(cell) ?? ''];
	const publish = async (channel: string, draft: object): Promise<string> => {
		const headers = asker.headersOf(owner, { 'content-type': 'application/json' });
		const sent = send(asker.address(channel), { method: 'POST', headers, body: JSON.stringify(draft) });
		const body = JSON.parse(await sent.whole()) as Message;
		if (body.id === undefined) throw new Error(`Nothing can be prepared: ${JSON.stringify(body)}`);
		return body.id;
	};
	await Promise.all(
		[...new Set([...cells, ...later].map(({ channel }) => channel))].map(async (channel) => {
			const textOf = (which: string) => `${KEPT} ${which} of ${channel}`;
			const store = async (text: string) => ({ text, id: await publish(channel, { text }) });
			const before = textOf('work before');
			const work = { ...(await store(before)), before, text: textOf('work'), reply: textOf('reply') };
			await publish(channel, { target: work.id, text: work.text });
			await publish(channel, { text: work.reply, replyTo: work.id, status: 'open' });
			const first = await store(textOf('first'));
			kept.set(channel, { work, first, second: await store(textOf('second')), live: textOf('live') });
		}),
	);
	const publishLive = async (of: Cell[]) => {
		const channels = [...new Set(of.map(({ channel }) => channel))];
		await Promise.all(channels.map((channel) => publish(channel, { text: (kept.get(channel) as Kept).live })));
	};
	// Whoever may read is shown what is kept, also on the way to something else.
	const greetings = [...cells, ...changes].filter(({ what, expected }) => /\bhello$/.test(what) && expected === 'ok');
	const readers = new Set(greetings.map(nameRow));
	for (const cell of later) readers.add(nameRow(cell));
	const mayRead = (cell: Cell) => readers.has(nameRow(cell)) || (isRead(cell) && cell.expected === 'ok');
	const judge = (cell: Cell, seen: Seen, isShown = mayRead(cell)) => {
		figures.cells++;
		figures.searched++;
		const fault =
			seen.code === (cell.expected === 'mo' ? 'ok' : cell.expected)
				? findSpilt(seen, isShown)
				: `expected ${cell.expected}, saw ${seen.code}`;
		if (fault) figures.red.set(prefix + nameCell(cell), fault);
	};

	const lasting = new LaterCells(url, cast, asker, kept, targets);
	await cast.expireJust();
	const reads = cells.filter(isRead);
	let tell = () => {};
	const published = new Promise<void>((resolve) => {
		tell = resolve;
	});
	const answers: Promise<void>[] = [];
	await inTurn(reads, (cell) => {
		return new Promise<void>((resolve) => {
			const asked = asker.ask(cell, callerOf(cell), resolve, published);
			answers.push(asked.then((seen) => judge(cell, seen)));
		});
	});
	await publishLive(reads);
	tell();
	await Promise.all(answers);
	await inTurn(
		cells.filter((cell) => !isRead(cell)),
		async (cell) => judge(cell, await asker.ask(cell, callerOf(cell), () => {}, published)),
	);
	await cast.expireJust();
	const [elsewhere] = kept.values() as Iterable<Kept>;
	const changer = new ChangeAsker(url, asker, targets, elsewhere as Kept); // there is one channel at least
	await inTurn(groupCells(changes), async (asking) => {
		const [one] = asking.cells as [Cell];
		const seen = await changer.ask(asking, callerOf(one));
		for (const [index, cell] of asking.cells.entries()) judge(cell, seen[index] as Seen);
	});
	const greeter = await PresenceAsker.open(url, asker, owner, cast, isOpen);
	await greeter.prepare(presence);
	// One after the other: only the first of those who are here are named.
	for (const cell of presence) judge(cell, await greeter.ask(cell, callerOf(cell)), cell.expected === 'ok');
	greeter.close();
	const measurer = new FiguresAsker(url, asker, owner);
	// One after the other where it is of the same channel: what one makes of it another would count.
	for (const cell of shown) judge(cell, await measurer.ask(cell, callerOf(cell)), false);
	if (later.length > 0) {
		// Not before: a body may not take as long as all of the above.
		await lasting.open(later);
		for (const [cell, seen] of await lasting.finish(() => publishLive(later))) judge(cell, seen);
	}
	const stored = await readStored(asker, owner, kept.keys());
	for (const cell of [...cells, ...later].filter(isWrite)) {
		const fault = checkStored(cell, stored, findActor(cell));
		if (fault) figures.red.set(prefix + nameCell(cell), fault);
	}
	for (const [name, fault] of await targets.check(lines, findActor)) figures.red.set(prefix + name, fault);
}

function isWrite({ what }: Cell): boolean {
	return ['post', 'reply', 'batch', 'junk', 'wpost', 'wreply', 'early', 'slow', 'flight'].includes(what);
}

/** All events of all channels, by their texts. */
async function readStored(
	asker: CellAsker,
	owner: Caller,
	channels: Iterable<string>,
): Promise<ReadonlyMap<string, Message>> {
	const stored = new Map<string, Message>();
	for (const channel of channels) {
		for (let after = '0'; ; ) {
			const sent = send(asker.address(channel, `limit=1000&after=${after}`), { headers: asker.headersOf(owner) });
			const page = JSON.parse(await sent.whole()) as Message;
			for (const event of page.events) stored.set(event.text, event);
			if (page.events.length === 0) break;
			after = page.next;
		}
	}
	return stored;
}

/** What is stored is what the tables let through, as the one whom the token proved. */
function checkStored(cell: Cell, stored: ReadonlyMap<string, Message>, by: Caller | undefined): string | undefined {
	const name = nameCell(cell);
	for (const text of cell.what === 'batch' ? [name, `${name} reply`] : [name]) {
		const event = stored.get(text);
		const isTaken = cell.expected === 'ok' || (cell.expected === 'mx' && text !== name);
		if (isTaken !== (event !== undefined)) return event ? 'stored all the same' : 'not stored';
		if (event && !isSaidBy(event.actor, by)) return `stored as ${JSON.stringify(event.actor)}`;
	}
	return undefined;
}

/** Every word that may not be in an answer. */
function findSpilt({ transcript }: Seen, mayRead: boolean): string | undefined {
	const internal = INTERNAL.exec(look('answers', transcript))?.[0];
	if (internal !== undefined) return `said ${internal}`;
	const unspeakable = UNSPEAKABLE.find((word) => transcript.includes(word));
	if (unspeakable !== undefined) return `repeated ${unspeakable}`;
	if (!mayRead && transcript.includes(KEPT)) return 'showed what is kept';
	return undefined;
}

async function runDoors(url: string, { callers }: Cast, figures: Figures): Promise<void> {
	const upgrade = {
		...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
		'sec-websocket-key': 'bGl2ZS1mZWVkLW1hdHJpeA==',
	};
	for (const line of DOORS.split('\n').filter(Boolean)) {
		const [method = '', path = '', caller = '', expected = ''] = line.split(/\s+/);
		const asker = new CellAsker(url, new Map());
		const headers = asker.headersOf(callers[caller] as Caller, method === 'SOCKET' ? upgrade : {});
		const sent = send(url + path, { method: method === 'SOCKET' ? 'GET' : method, headers });
		const status = await sent.status;
		const isBare = status < 400 || method === 'HEAD';
		const seen = isBare ? { code: String(status), transcript: await sent.whole() } : await readRefusal(sent);
		figures.cells++;
		figures.searched++;
		const fault =
			seen.code === expected ? findSpilt(seen, expected === '200') : `expected ${expected}, saw ${seen.code}`;
		if (fault) figures.red.set(line.replace(/\s+/g, ' '), fault);
	}
}

function nameRow({ caller, channel }: Cell): string {
	return `${caller} ${channel}`;
}

/** Begins so many at once, and the next as soon as one is done. */
async function inTurn<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
	const rest = [...items];
	const work = async () => {
		for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item);
	};
	await Promise.all(Array.from({ length: AT_ONCE }, work));
}
