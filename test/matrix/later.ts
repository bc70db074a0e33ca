// What becomes of connections whose token ends, or is followed by another.
// Knows the order of what happens on them; never knows which code is expected.
import { Conversation } from '../support/conversation.ts';
import type { Caller, Cast } from './callers.ts';
import {
	type CellAsker,
	CLAIMED,
	KEPT,
	type Kept,
	readAnswer,
	readRefusal,
	type Seen,
	say,
	tell,
} from './cell-asker.ts';
import type { Cell } from './cells.ts';
import { PATIENCE_MS, type Sent, send } from './request.ts';
import { hasTarget, type Targets } from './targets.ts';

/** How long a token is that ends while its connections are open: they open within it on a busy machine too, milliseconds. */
const LASTS_MS = 3000;
const ATTEMPTS = 3;
/** The number of what is sent right before another hello. */
const IN_FLIGHT = 3;
/** What is: an event, and changes of one that is there. */
const FLIGHTS = ['flight', 'fpin', 'freact'];
/** Who says a second hello, and with whose token: undefined for none. */
const SECOND: Record<string, { before: string; after: string | undefined }> = {
	renewed: { before: 'both', after: 'second-secret' },
	bare: { before: 'both', after: undefined },
	narrowed: { before: 'both', after: 'reader' },
	blinded: { before: 'both', after: 'publisher' },
	widened: { before: 'reader', after: 'both' },
	moved: { before: 'both', after: 'of-news' },
	promoted: { before: 'both', after: 'keeper' },
	deposed: { before: 'keeper', after: 'both' },
	exchanged: { before: 'both', after: 'everything' },
	demoted: { before: 'everything', after: 'reader' },
	broken: { before: 'both', after: 'other-secret' },
	outdated: { before: 'both', after: 'expired' },
};
const STREAMS: Record<string, string> = {
	sse: 'text/event-stream',
	ndj: 'application/x-ndjson',
	text: 'text/plain',
};

/** Returns by whose token it is done, undefined for a cell without another hello. A hello without a token leaves who was there. */
export function nameActor({ caller, what }: Cell): string | undefined {
	const { before, after } = SECOND[caller] ?? {};
	return FLIGHTS.includes(what) ? before : (after ?? before);
}

/** A connection that is open. */
interface Open {
	cell: Cell;
	socket?: Conversation;
	sent?: Sent;
}

export class LaterCells {
	readonly #url: string;
	readonly #cast: Cast;
	readonly #asker: CellAsker;
	readonly #kept: ReadonlyMap<string, Kept>;
	readonly #targets: Targets;
	readonly #open: Open[] = [];
	#ending = '';

	constructor(url: string, cast: Cast, asker: CellAsker, kept: ReadonlyMap<string, Kept>, targets: Targets) {
		this.#url = url;
		this.#cast = cast;
		this.#asker = asker;
		this.#kept = kept;
		this.#targets = targets;
	}

	/** Opens a connection for each cell, again and with more time where the machine was too slow for it. */
	async open(cells: readonly Cell[]): Promise<void> {
		for (let attempt = 1; ; attempt++) {
			this.#ending = await this.#cast.until((Date.now() + attempt * LASTS_MS) / 1000);
			const opening = await Promise.allSettled(cells.map((cell) => this.#openOne(cell)));
			const open = opening.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
			if (open.length === cells.length) {
				this.#open.push(...open);
				return;
			}
			for (const one of open) close(one);
			if (attempt === ATTEMPTS) throw opening.find((one) => one.status === 'rejected')?.reason;
		}
	}

	/** Waits for the end of the token, has `publish` called, and answers what came of each. */
	async finish(publish: () => Promise<void>): Promise<[Cell, Seen][]> {
		const channel = this.#open[0]?.cell.channel ?? '';
		// Whatever the clock says: asked until it is over.
		for (let status = 200; status === 200; ) {
			const sent = send(this.#asker.address(channel), { headers: this.#asker.headersOf({ token: this.#ending }) });
			status = await sent.status;
			await sent.whole();
		}
		await Promise.all(this.#open.map((one) => this.#renew(one)));
		const acts = this.#open.map((one) => (this.#isPassive(one) ? undefined : this.#act(one)));
		await Promise.all(acts);
		await publish();
		const seen = this.#open.map(async (one, index): Promise<[Cell, Seen]> => {
			try {
				return [one.cell, (await acts[index]) ?? (await this.#act(one))];
			} catch (error) {
				return [one.cell, { code: `failed: ${(error as Error).message.slice(0, 300)}`, transcript: '' }];
			} finally {
				close(one);
			}
		});
		return Promise.all(seen);
	}

	async #openOne(cell: Cell): Promise<Open> {
		const { caller: name, channel, what } = cell;
		const before = SECOND[name]?.before;
		const caller: Caller = before === undefined ? { token: this.#ending } : (this.#cast.callers[before] as Caller);
		const address = this.#asker.address(channel);
		if (what === 'slow') {
			const headers = this.#asker.headersOf(caller, { 'content-type': 'application/json' });
			const body = JSON.stringify(this.#asker.draft(cell));
			return { cell, sent: send(address, { method: 'POST', headers, body: body.slice(0, -1), held: true }) };
		}
		if (what === 'slowpin') {
			const { target, ...change } = this.#targets.draftOf(cell, CLAIMED);
			const headers = this.#asker.headersOf(caller, { 'content-type': 'application/json' });
			const body = JSON.stringify(change).slice(0, -1);
			const below = this.#asker.address(channel, undefined, `/${target}`);
			return { cell, sent: send(below, { method: 'PATCH', headers, body, held: true }) };
		}
		if (what === 'poll') {
			const { second } = this.#kept.get(channel) as Kept;
			const search = `?wait=30&after=${second.id}`;
			return { cell, sent: send(address + search, { headers: this.#asker.headersOf(caller) }) };
		}
		const accept = STREAMS[what];
		if (accept !== undefined) {
			const sent = send(address, { headers: this.#asker.headersOf(caller, { accept }) });
			if (!(await sent.until((body) => body.includes(KEPT)))) throw new Error(`${name} ${what} did not open`);
			return { cell, sent };
		}
		const socket = await Conversation.join(this.#url, channel, { token: caller.token, ref: 1 });
		await socket.until(() => socket.events.length > 1, 'what is kept', PATIENCE_MS);
		return { cell, socket };
	}

	/** Another hello, where the cell has one, up to its answer. */
	async #renew({ cell, socket }: Open): Promise<void> {
		const second = SECOND[cell.caller];
		if (!socket || !second) return;
		const token = second.after === undefined ? undefined : this.#cast.callers[second.after]?.token;
		if (FLIGHTS.includes(cell.what)) socket.send({ type: 'publish', ref: IN_FLIGHT, draft: this.#draftOf(cell) });
		socket.send({ type: 'hello', protocol: 1, token, ref: 2 });
		await socket.until(
			() =>
				socket.messages.some(
					({ type, ref }) => (type === 'error' && ref !== IN_FLIGHT) || (type === 'welcome' && ref === 2),
				),
			'the answer to the other hello',
			PATIENCE_MS,
		);
	}

	/** Does it wait for what is published? */
	#isPassive({ cell }: Open): boolean {
		return cell.what === 'live' || cell.what === 'poll' || cell.what in STREAMS;
	}

	async #act({ cell, socket, sent }: Open): Promise<Seen> {
		const { live } = this.#kept.get(cell.channel) as Kept;
		if (sent) return this.#readRest(cell, sent, live);
		const talk = socket as Conversation; // one of the two is there
		if (FLIGHTS.includes(cell.what)) return readAnswer(talk, IN_FLIGHT);
		if (talk.messages.some(({ type }) => type === 'error')) return withoutLive(await readAnswer(talk), live);
		if (cell.what === 'live') {
			const { caller } = cell;
			const isBlind = talk.messages.findLast(({ type }) => type === 'welcome').epoch === '-';
			if (caller === 'ending') return withoutLive(await readAnswer(talk), live);
			if (!isBlind)
				await talk.until(() => JSON.stringify(talk.events).includes(live), 'what is published', PATIENCE_MS);
			await talk.ping();
			const seen = say(talk, isBlind ? 'bl' : 'ok');
			return isBlind ? withoutLive(seen, live) : seen;
		}
		if (cell.what === 'ping') {
			talk.send({ type: 'ping', position: true });
			await talk.until(
				() => talk.messages.some(({ type }) => type === 'pong' || type === 'error'),
				'a pong',
				PATIENCE_MS,
			);
			return talk.messages.some(({ type }) => type === 'pong') ? say(talk, 'ok') : readAnswer(talk);
		}
		if (cell.what === 'late') {
			talk.send({ type: 'hello', protocol: 1, token: this.#cast.callers.both?.token, ref: 2 });
			await talk.until(
				() => talk.messages.some(({ type, ref }) => type === 'error' || (type === 'welcome' && ref === 2)),
				'an answer',
				PATIENCE_MS,
			);
			return talk.messages.some(({ type }) => type === 'error') ? readAnswer(talk) : say(talk, 'ok');
		}
		talk.send({ type: 'publish', ref: 1, draft: this.#draftOf(cell) });
		return readAnswer(talk, 1);
	}

	#draftOf(cell: Cell): object {
		return hasTarget(cell) ? this.#targets.draftOf(cell, CLAIMED) : this.#asker.draft(cell);
	}

	async #readRest(cell: Cell, sent: Sent, live: string): Promise<Seen> {
		if (cell.what === 'slow' || cell.what === 'slowpin') {
			sent.finish('}');
			return (await sent.status) < 300 ? tell(sent, 'ok') : readRefusal(sent);
		}
		if (cell.what === 'poll') return (await sent.status) === 200 ? tell(sent, 'ok') : readRefusal(sent);
		await sent.until((body) => body.includes(live));
		return withoutLive(tell(sent, sent.isOver ? 'end' : 'goes on'), live);
	}
}

function close({ socket, sent }: Open): void {
	socket?.socket.terminate();
	sent?.close();
}

function withoutLive({ code, transcript }: Seen, live: string): Seen {
	return { code: transcript.includes(live) ? `${code} with what was published` : code, transcript };
}
