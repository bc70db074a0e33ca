// Asks a relay for its figures and what there is of a channel, and to empty one.
// Knows the requests and what each shows; never knows which code is expected.
import type { Message } from '../support/conversation.ts';
import type { Caller } from './callers.ts';
import { type CellAsker, KEPT, readRefusal, type Seen, tell } from './cell-asker.ts';
import type { Cell } from './cells.ts';
import { type Sent, send } from './request.ts';

export class FiguresAsker {
	readonly #url: string;
	readonly #asker: CellAsker;
	readonly #owner: Caller;

	constructor(url: string, asker: CellAsker, owner: Caller) {
		this.#url = url;
		this.#asker = asker;
		this.#owner = owner;
	}

	async ask(cell: Cell, caller: Caller): Promise<Seen> {
		try {
			return await (cell.what === 'empty' ? this.#empty(cell, caller) : this.#look(cell, caller));
		} catch (error) {
			return { code: `failed: ${(error as Error).message.slice(0, 300)}`, transcript: '' };
		}
	}

	async #look({ channel, what }: Cell, caller: Caller): Promise<Seen> {
		if (what === 'about') await this.#publish(channel);
		const sent = this.#send(caller, channel, { metrics: '/metrics', figures: '/status', about: '' }[what] as string);
		if ((await sent.status) !== 200) return readRefusal(sent);
		const shown = { metrics: /^live_feed_\S*requests_total\S* \d+$/m, figures: /^LIVE-FEED OK /, about: /"count":\d/ };
		return tell(sent, shown[what as keyof typeof shown].test(await sent.whole()) ? 'ok' : 'without figures');
	}

	async #empty({ channel, caller: who }: Cell, caller: Caller): Promise<Seen> {
		const own = `${channel}-${who}`;
		await this.#publish(own);
		const sent = this.#send(caller, own, '', 'DELETE');
		const status = await sent.status;
		const { count } = JSON.parse(await this.#send(this.#owner, own).whole()) as Message;
		if (count !== (status === 200 ? 0 : 1)) return tell(sent, `${status} and ${count} events`);
		return status === 200 ? tell(sent, 'ok') : readRefusal(sent);
	}

	#send(by: Caller, channel: string, path = '', method = 'GET'): Sent {
		const below = channel === '*' ? '' : `/channels/${channel}`;
		const search = by.search ? `?${by.search}` : '';
		return send(`${this.#url}${below}${path}${search}`, { method, headers: this.#asker.headersOf(by) });
	}

	/** What nobody is to be shown who may not read. */
	async #publish(channel: string): Promise<void> {
		const headers = this.#asker.headersOf(this.#owner, { 'content-type': 'application/json' });
		const body = JSON.stringify({ text: `${KEPT} of ${channel}` });
		await send(this.#asker.address(channel), { method: 'POST', headers, body }).whole();
	}
}
