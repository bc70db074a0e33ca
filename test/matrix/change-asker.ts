// Asks a relay to change events, by each way that there is, and answers with the code of what came of it.
// Knows requests, messages and receipts; never knows which code is expected.
import { Conversation, type Message } from '../support/conversation.ts';
import type { Caller } from './callers.ts';
import {
	type CellAsker,
	CLAIMED,
	type Kept,
	readAnswer,
	readHelloToken,
	readRefusal,
	type Seen,
	say,
	tell,
} from './cell-asker.ts';
import type { Cell } from './cells.ts';
import { PATIENCE_MS, type Sent, send } from './request.ts';
import { CODES } from './table.ts';
import { hasTarget, type Targets } from './targets.ts';

/** The cells of one row that are asked together, or one alone. */
export interface Asking {
	via: string;
	cells: Cell[];
}

/** All of a row that go by one socket or in one POST; the others each by itself. */
export function groupCells(cells: readonly Cell[]): Asking[] {
	const groups = new Map<string, Asking>();
	for (const cell of cells) {
		const [via = '', action] = cell.what.split(' ');
		const name = [cell.caller, cell.channel, via, ...(via === 'ws' || via === 'batch' ? [] : [action])].join(' ');
		const group = groups.get(name) ?? { via, cells: [] };
		group.cells.push(cell);
		groups.set(name, group);
	}
	return [...groups.values()];
}

export class ChangeAsker {
	readonly #url: string;
	readonly #asker: CellAsker;
	readonly #targets: Targets;
	readonly #elsewhere: Kept;

	/** `elsewhere`: events of another channel. */
	constructor(url: string, asker: CellAsker, targets: Targets, elsewhere: Kept) {
		this.#url = url;
		this.#asker = asker;
		this.#targets = targets;
		this.#elsewhere = elsewhere;
	}

	/** What came of each cell, in their order. */
	async ask({ via, cells }: Asking, caller: Caller): Promise<Seen[]> {
		try {
			if (via === 'ws') return await this.#talk(cells, caller);
			if (via === 'batch') return await this.#publishAll(cells, caller);
			const [cell] = cells as [Cell];
			return [await (via === 'http' ? this.#request(cell, caller) : this.#publish(cell, caller))];
		} catch (error) {
			const seen = { code: `failed: ${(error as Error).message.slice(0, 300)}`, transcript: '' };
			return cells.map(() => seen);
		}
	}

	#draftOf(cell: Cell): Message {
		if (hasTarget(cell)) return this.#targets.draftOf(cell, CLAIMED);
		return { target: this.#elsewhere.first.id, status: 'resolved', actor: CLAIMED };
	}

	/** A request to the event: its own method and address for each change. */
	async #request(cell: Cell, caller: Caller): Promise<Seen> {
		const isJunk = cell.what === 'http junk';
		const { target, ifMatch, on, removed, ...fields } = this.#draftOf(cell);
		const isReaction = fields.reaction !== undefined;
		const method = removed || on === false ? 'DELETE' : isReaction ? 'POST' : 'PATCH';
		const below = `/${target}${isReaction ? '/reactions' : ''}`;
		const sent = send(this.#asker.address(cell.channel, caller.search, below), {
			method,
			headers: this.#asker.headersOf(caller, {
				'content-type': 'application/json',
				...(ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }),
			}),
			body: isJunk ? '{"text": ' : JSON.stringify(fields),
		});
		if ((await sent.status) !== 200) return readChangeRefusal(sent);
		return tell(sent, readReceipt(JSON.parse(await sent.whole())));
	}

	async #publish(cell: Cell, caller: Caller): Promise<Seen> {
		const sent = this.#post(cell.channel, caller, this.#draftOf(cell));
		if ((await sent.status) !== 201) return readChangeRefusal(sent);
		return tell(sent, readReceipt(JSON.parse(await sent.whole())));
	}

	#post(channel: string, caller: Caller, body: object): Sent {
		const headers = this.#asker.headersOf(caller, { 'content-type': 'application/json' });
		return send(this.#asker.address(channel, caller.search), { method: 'POST', headers, body: JSON.stringify(body) });
	}

	async #publishAll(cells: readonly Cell[], caller: Caller): Promise<Seen[]> {
		const [{ channel }] = cells as [Cell];
		const drafts = cells.map((cell) => this.#draftOf(cell));
		const sent = this.#post(channel, caller, drafts);
		const status = await sent.status;
		const { events, status: said } = JSON.parse(await sent.whole()) as Message;
		if (events === undefined) {
			const seen = await readChangeRefusal(sent);
			return cells.map(() => seen);
		}
		const refused = events.filter((event: Message) => event.error).length;
		const expected = refused === 0 ? 201 : refused < events.length ? 207 : said;
		if (status !== expected || events.length !== cells.length) return cells.map(() => tell(sent, `${status} of all`));
		return events.map((event: Message) => {
			if (!event.error) return tell(sent, readReceipt(event));
			const row = codeOf(event.error);
			return tell(
				sent,
				row !== undefined && CODES[row]?.status !== event.error.status ? 'another status' : readError(event.error, row),
			);
		});
	}

	async #talk(cells: readonly Cell[], caller: Caller): Promise<Seen[]> {
		const [{ channel }] = cells as [Cell];
		const token = readHelloToken(caller);
		const { authorization: _, 'live-feed-author': __, ...headers } = this.#asker.headersOf(caller);
		const socket = await Conversation.open(this.#url, channel, { headers });
		try {
			socket.send({ type: 'hello', protocol: 1, token, author: caller.author });
			await socket.until(() => socket.messages.length > 0, 'an answer', PATIENCE_MS);
			const [welcome] = socket.messages;
			if (welcome.type !== 'welcome') {
				const seen = await readAnswer(socket);
				return cells.map(() => seen);
			}
			const changes = cells.filter(({ what }) => what !== 'ws hello');
			for (const [index, cell] of changes.entries())
				socket.send({ type: 'publish', ref: index + 1, draft: this.#draftOf(cell) });
			const answers = () => readAnswers(socket.messages);
			await socket.until(() => answers().size === changes.length, 'all answers', PATIENCE_MS);
			await socket.ping(); // whatever else was on its way has come
			return cells.map((cell) => {
				if (cell.what === 'ws hello') return say(socket, welcome.epoch === '-' ? 'bl' : 'ok');
				const answer = answers().get(changes.indexOf(cell) + 1);
				return say(socket, answer.receipt ? readReceipt(answer.receipt) : readError(answer, codeOf(answer)));
			});
		} finally {
			socket.socket.terminate();
		}
	}
}

/** Receipts and errors by their `ref`. */
function readAnswers(messages: readonly Message[]): Map<number, Message> {
	const answers = new Map<number, Message>();
	for (const message of messages) {
		if (message.type === 'error') answers.set(message.ref, message);
		for (const receipt of message.receipts ?? []) answers.set(receipt.ref, { receipt });
	}
	return answers;
}

function readReceipt({ id, seq, duplicate }: Message): string {
	return duplicate === false && id?.endsWith(`:${seq}`) ? 'ok' : `receipt ${id} ${seq} ${duplicate}`;
}

function codeOf({ code }: Message): string | undefined {
	return Object.entries(CODES).find(([, row]) => row.code === code)?.[0];
}

/** The code of a refusal; of an event that has changed, whether that was shown. */
function readError(error: Message, code: string | undefined): string {
	if (code === undefined) return `${error.code}: ${error.message ?? error.detail}`;
	if (code === 'cm') return error.event ? 'cm' : 'cb';
	return error.event ? `${code} with the event` : code;
}

async function readChangeRefusal(sent: Sent): Promise<Seen> {
	const { code, transcript } = await readRefusal(sent);
	return { code: code in CODES ? readError(JSON.parse(sent.body), code) : code, transcript };
}
