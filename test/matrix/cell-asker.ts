// Asks a relay what a cell says, and answers with the code of what came of it.
// Knows requests, messages and what each must show; never knows which code is expected.
import { Conversation, type Message } from '../support/conversation.ts';
import type { Caller } from './callers.ts';
import type { Cell } from './cells.ts';
import { PATIENCE_MS, type Sent, send } from './request.ts';
import { CODES } from './table.ts';

/** In every event that the matrix keeps: what may not be read has it, and so is seen wherever it gets to. */
export const KEPT = 'kept-words';

/** Two events that a channel has from the beginning. */
export interface Kept {
	first: { id: string; text: string };
	second: { id: string; text: string };
	/** A piece of work from before these: how it read at first, how it reads, and an answer to it that is open. */
	work: { id: string; text: string; before: string; reply: string };
	/** Published when everybody follows who may. */
	live: string;
}

/** What came of a cell: a code of the tables, or what was wrong; and every word that the relay said. */
export interface Seen {
	code: string;
	transcript: string;
}

const ACCEPT: Record<string, string> = {
	...{ page: 'application/json', after: 'application/json', poll: 'application/json' },
	...{ sse: 'text/event-stream', last: 'text/event-stream', ndj: 'application/x-ndjson', text: 'text/plain' },
};
const READS = [...Object.keys(ACCEPT), 'one', 'thread', 'hello', 'resume', 'live', 'status'];
/** Whose whole answer waits for what is published later. */
const FOLLOWS = ['poll', 'sse', 'last', 'ndj', 'text', 'live'];
/** Whoever publishes says that he is somebody else. */
export const CLAIMED = { id: 'boss', name: 'The Boss', kind: 'bot' };
const encoder = new TextEncoder();

export function isRead({ what }: Pick<Cell, 'what'>): boolean {
	return READS.includes(what);
}

export class CellAsker {
	readonly #url: string;
	readonly #kept: ReadonlyMap<string, Kept>;

	constructor(url: string, kept: ReadonlyMap<string, Kept>) {
		this.#url = url;
		this.#kept = kept;
	}

	/** `follows` is called as soon as what is published from then on has to come; `published` resolves once it is. */
	async ask(cell: Cell, caller: Caller, follows: () => void, published: Promise<void>): Promise<Seen> {
		try {
			if (cell.what === 'one' || cell.what === 'thread') return await this.#look(cell, caller);
			if (cell.what in ACCEPT) return await this.#read(cell, caller, follows, published);
			if (['post', 'reply', 'batch', 'junk'].includes(cell.what)) return await this.#publish(cell, caller);
			return await this.#talk(cell, caller, follows, published);
		} catch (error) {
			return { code: `failed: ${(error as Error).message.slice(0, 300)}`, transcript: '' };
		} finally {
			follows();
		}
	}

	/** `below`: of one event, or of what that has. */
	address(channel: string, search?: string, below = ''): string {
		return `${this.#url}/channels/${channel}/events${below}${search ? `?${search}` : ''}`;
	}

	headersOf({ token, headers, author }: Caller, more: Record<string, string> = {}): Record<string, string> {
		const own = headers ?? (token === undefined ? {} : { authorization: `Bearer ${token}` });
		const key = author === undefined ? {} : { 'live-feed-author': author };
		const entries = Object.entries({ ...own, ...key, ...more });
		return Object.fromEntries(entries.map(([name, value]) => [name, value.replace('HOST', this.#url)]));
	}

	async #read(cell: Cell, caller: Caller, follows: () => void, published: Promise<void>): Promise<Seen> {
		const { channel, what } = cell;
		const { first, second, live } = this.#keptOf(channel);
		const own: Record<string, string> = { after: `after=${first.id}`, poll: `wait=30&after=${second.id}` };
		const search = [own[what], caller.search].filter(Boolean).join('&');
		const accept = ACCEPT[what] as string;
		const resumed: Record<string, string> = what === 'last' ? { 'last-event-id': first.id } : {};
		const sent = send(this.address(channel, search), { headers: this.headersOf(caller, { accept, ...resumed }) });
		if (what === 'poll') follows();
		try {
			const status = await sent.status;
			if (status !== 200) return await readRefusal(sent);
			const isResumed = ['after', 'last', 'poll'].includes(what);
			if (what !== 'poll' && !(await sent.until((body) => body.includes(second.text))))
				return tell(sent, 'without what is kept');
			if (FOLLOWS.includes(what)) {
				follows();
				await published;
				if (!(await sent.until((body) => body.includes(live)))) return tell(sent, 'without what is published');
			}
			if (sent.body.includes(first.text) === isResumed) return tell(sent, 'from elsewhere on');
			return tell(sent, 'ok');
		} finally {
			sent.close();
		}
	}

	/** One event with its earlier texts, or the answers to it. */
	async #look({ channel, what }: Cell, caller: Caller): Promise<Seen> {
		const { first, work } = this.#keptOf(channel);
		const isOne = what === 'one';
		const own = isOne ? [] : [`thread=${work.id}`];
		const search = [...own, caller.search].filter(Boolean).join('&');
		const address = this.address(channel, search, isOne ? `/${work.id}` : '');
		const sent = send(address, { headers: this.headersOf(caller) });
		if ((await sent.status) !== 200) return readRefusal(sent);
		const { text, versions, events } = JSON.parse(await sent.whole()) as Message;
		const texts: string[] = isOne
			? [text, ...versions.map((version: Message) => version.text)]
			: events.map((event: Message) => event.text);
		const isAll = isOne ? texts.join() === [work.text, work.before].join() : texts[0] === work.reply;
		return tell(sent, isAll && !texts.includes(first.text) ? 'ok' : `showed ${texts}`);
	}

	async #publish(cell: Cell, caller: Caller): Promise<Seen> {
		const { what, channel } = cell;
		const bodies: Record<string, string> = {
			post: JSON.stringify(this.draft(cell)),
			reply: JSON.stringify(this.draft(cell)),
			batch: JSON.stringify([this.draft(cell), this.draft({ ...cell, what: 'batch reply' })]),
			junk: '{"text": ',
		};
		const sent = send(this.address(channel, caller.search), {
			method: 'POST',
			headers: this.headersOf(caller, { 'content-type': 'application/json' }),
			body: bodies[what] as string,
		});
		const status = await sent.status;
		await sent.whole();
		if (status === 207) {
			const [plain, reply] = (JSON.parse(sent.body) as Message).events;
			return tell(sent, plain.error?.code === 'forbidden' && reply.id ? 'mx' : 'another part of it');
		}
		return status === 201 ? tell(sent, 'ok') : readRefusal(sent);
	}

	/** What is published for a cell; its text is the cell's name. */
	draft({ caller, channel, what }: Omit<Cell, 'expected'>): object {
		const replyTo = /reply/.test(what) ? { replyTo: this.#keptOf(channel).first.id } : {};
		return { text: `${caller} ${channel} ${what}`, actor: CLAIMED, ...replyTo };
	}

	async #talk(cell: Cell, caller: Caller, follows: () => void, published: Promise<void>): Promise<Seen> {
		const { channel, what } = cell;
		const { first, second, live, work } = this.#keptOf(channel);
		const { authorization: _, 'live-feed-author': __, ...headers } = this.headersOf(caller);
		// The token of who opens is in the hello, unless it is told apart.
		const upgrade = caller.helloToken === null ? this.headersOf(caller) : headers;
		const options = { headers: upgrade, ...(caller.search ? { search: caller.search } : {}) };
		const socket = await Conversation.open(this.#url, channel, options);
		try {
			const publish = { type: 'publish', ref: 1, draft: this.draft(cell) };
			if (what === 'early') {
				socket.send(publish);
				return await readAnswer(socket);
			}
			const token = readHelloToken(caller);
			const position = what === 'resume' ? { position: first.id } : {};
			const wish = what === 'status' ? { status: ['open'] } : {};
			socket.send({ type: 'hello', protocol: 1, token, author: caller.author, ...position, ...wish });
			await socket.until(() => socket.messages.length > 0, 'an answer', PATIENCE_MS);
			const [welcome] = socket.messages;
			if (welcome.type !== 'welcome') return await readAnswer(socket);
			if (welcome.subject !== caller.subject) return say(socket, `welcome as ${welcome.subject}`);
			if (what === 'wpost' || what === 'wreply') {
				socket.send(publish);
				return await readAnswer(socket, 1);
			}
			const isBlind = welcome.epoch === '-';
			if (what === 'status' && !isBlind) {
				await socket.until(() => includes(socket, work.reply), 'the open one', PATIENCE_MS);
				await socket.ping();
				return say(socket, includes(socket, second.text) ? 'others too' : 'ok');
			}
			if (!isBlind) await socket.until(() => includes(socket, second.text), 'what is kept', PATIENCE_MS);
			follows();
			if (what === 'live') {
				await published;
				if (!isBlind) await socket.until(() => includes(socket, live), 'what is published', PATIENCE_MS);
			}
			await socket.ping(); // whatever else was on its way has come
			if (isBlind) return say(socket, JSON.stringify(socket.messages).includes(KEPT) ? 'shown to the blind' : 'bl');
			return say(socket, includes(socket, first.text) === (what === 'resume') ? 'from elsewhere on' : 'ok');
		} finally {
			socket.socket.terminate();
		}
	}

	#keptOf(channel: string): Kept {
		const kept = this.#kept.get(channel);
		if (!kept) throw new Error(`Nothing was prepared on ${channel}.`);
		return kept;
	}
}

function includes(socket: Conversation, text: string): boolean {
	return socket.events.some((event) => event.text === text);
}

/** What he says in a hello. */
export function readHelloToken({ token, helloToken }: Caller): string | undefined {
	return helloToken === undefined ? token : (helloToken ?? undefined);
}

export function tell({ transcript }: Sent, code: string): Seen {
	return { code, transcript };
}

/** The code of a refusal over HTTP, where all of it is as the table has it. */
export async function readRefusal(sent: Sent): Promise<Seen> {
	const status = await sent.status;
	await sent.whole();
	const problem = parse(sent.body);
	const row = Object.entries(CODES).find(([, { code }]) => code === problem?.code);
	const isWhole =
		row?.[1].status === status &&
		problem.status === status &&
		String(sent.headers['content-type']).startsWith('application/problem+json') &&
		(status === 401) === (sent.headers['www-authenticate'] === 'Bearer') &&
		!(row[0] === 'or' && 'access-control-allow-origin' in sent.headers);
	return tell(sent, isWhole ? row[0] : `${status} ${sent.body.slice(0, 200)}`);
}

function parse(body: string): Message {
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}

export function say({ messages, closed }: Conversation, code: string): Seen {
	return { code, transcript: `${JSON.stringify(messages)}\n${closed?.reason ?? ''}` };
}

/** The code of what a socket is answered, with the close that belongs to it; of a draft where a `ref` is given. */
export async function readAnswer(socket: Conversation, ref?: number): Promise<Seen> {
	const find = () =>
		socket.messages.find(
			(message) => message.type === 'error' || (message.type === 'receipts' && message.receipts[0].ref === ref),
		);
	await socket.until(() => find() !== undefined, 'an answer', PATIENCE_MS);
	const answer = find();
	if (answer.type === 'receipts') return say(socket, 'ok');
	const row = Object.entries(CODES).find(([, { code }]) => code === answer.code);
	if (!row) return say(socket, `${answer.code}: ${answer.message}`);
	const [code, { close }] = row;
	// A draft that may not be published is refused alone.
	const isOfDraft = ['nt', 'fb'].includes(code) && ref !== undefined && answer.ref === ref;
	if (close === undefined || isOfDraft) {
		await socket.ping();
		return say(socket, code);
	}
	const closed = await socket.waitForClose();
	const isShort = encoder.encode(closed.reason).length <= 123;
	return say(socket, closed.code === close && isShort ? code : `${code} closed with ${closed.code}`);
}
