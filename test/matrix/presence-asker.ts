// Asks a relay who is here, and to be counted among them.
// Knows the request, the hello and what of people each shows; never knows which code is expected.
import { Conversation, type Message } from '../support/conversation.ts';
import type { Caller, Cast } from './callers.ts';
import { type CellAsker, KEPT, readAnswer, readHelloToken, readRefusal, type Seen, say, tell } from './cell-asker.ts';
import type { Cell } from './cells.ts';
import { PATIENCE_MS, type Sent, send } from './request.ts';

/** In every channel that is asked for, from the beginning on. */
const SOMEBODY = `${KEPT} somebody`;

export class PresenceAsker {
	readonly #url: string;
	readonly #asker: CellAsker;
	readonly #owner: Caller;
	readonly #somebody: Caller;
	readonly #present: Conversation[] = [];

	constructor(url: string, asker: CellAsker, owner: Caller, somebody: Caller) {
		this.#url = url;
		this.#asker = asker;
		this.#owner = owner;
		this.#somebody = somebody;
	}

	static async open(url: string, asker: CellAsker, owner: Caller, cast: Cast, isOpen: boolean): Promise<PresenceAsker> {
		return new PresenceAsker(url, asker, owner, isOpen ? {} : { token: await cast.as(SOMEBODY) });
	}

	/** Has somebody come to each channel. */
	async prepare(cells: readonly Cell[]): Promise<void> {
		for (const channel of new Set(cells.map((cell) => cell.channel))) {
			const presence = { name: SOMEBODY };
			const socket = await Conversation.join(this.#url, channel, { token: this.#somebody.token, presence });
			this.#present.push(socket);
			await socket.next('presence');
			// Of a channel that is empty, who may not read it is told the same as who may.
			const headers = this.#asker.headersOf(this.#owner, { 'content-type': 'application/json' });
			const body = JSON.stringify({ text: 'for everybody' });
			await send(this.#asker.address(channel), { method: 'POST', headers, body }).whole();
		}
	}

	async ask(cell: Cell, caller: Caller): Promise<Seen> {
		try {
			return await (cell.what === 'here' ? this.#look(cell, caller) : this.#greet(cell, caller));
		} catch (error) {
			return { code: `failed: ${(error as Error).message.slice(0, 300)}`, transcript: '' };
		}
	}

	close(): void {
		for (const { socket } of this.#present) socket.terminate();
	}

	#get(channel: string, by: Caller): Sent {
		const search = by.search ? `?${by.search}` : '';
		return send(`${this.#url}/channels/${channel}/presence${search}`, { headers: this.#asker.headersOf(by) });
	}

	async #look({ channel }: Cell, caller: Caller): Promise<Seen> {
		const sent = this.#get(channel, caller);
		if ((await sent.status) !== 200) return readRefusal(sent);
		const { total, people } = JSON.parse(await sent.whole()) as Message;
		return tell(sent, total > 0 && people.some(isSomebody) ? 'ok' : 'without who is here');
	}

	async #greet(cell: Cell, caller: Caller): Promise<Seen> {
		const { channel } = cell;
		const token = readHelloToken(caller);
		const { authorization: _, 'live-feed-author': __, ...headers } = this.#asker.headersOf(caller);
		const socket = await Conversation.open(this.#url, channel, { headers });
		try {
			const presence = { name: `guest ${cell.caller}` };
			socket.send({ type: 'hello', protocol: 1, token, author: caller.author, presence });
			await socket.until(() => socket.messages.length > 0, 'an answer', PATIENCE_MS);
			const [welcome] = socket.messages;
			if (welcome.type !== 'welcome') return await readAnswer(socket);
			await socket.ping(); // whatever else was on its way has come
			const told = socket.messages.find(({ type }) => type === 'presence');
			const { people } = JSON.parse(await this.#get(channel, this.#owner).whole()) as Message;
			const isIt = (person: Message) => isPerson(person, cell, caller);
			if (people.some(isIt) !== (told !== undefined)) return say(socket, told ? 'told and not counted' : 'counted');
			if (!told) return say(socket, welcome.epoch === '-' && welcome.last === 0 ? 'bl' : 'wo');
			return say(socket, told.people.some(isSomebody) && told.people.some(isIt) ? 'ok' : 'told of others');
		} finally {
			socket.socket.terminate();
		}
	}
}

function isSomebody({ id, name }: Message): boolean {
	return id === SOMEBODY || name === SOMEBODY;
}

/** As the token says, whatever he says; and as he says where nothing is proven. */
function isPerson(person: Message, { caller: who }: Cell, { subject, name }: Caller): boolean {
	if (subject === undefined) return person.name === `guest ${who}` && person.verified === false;
	return person.id === subject && person.name === name && person.verified === true;
}
