// Who is here on a panel's channel: asked for where the page wants it, named by what the reader called himself.
// Knows attributes, people and when they came and went; never knows sockets, or how anybody is shown.
import { findStorage } from './client/browser-storage.ts';
import type { FeedClient } from './client/feed-client.ts';
import type { Company } from './client/presence.ts';
import { seqOf } from './client/timeline.ts';
import type { Place } from './reading.ts';
import type { Here, Move } from './views/presence.ts';

/** What the reader has called himself on this origin. */
const NAME = 'live-feed name';
/** Lines that are kept, and people that one names. */
const MOST_MOVES = 100;
const MOST_NAMED = 10;

/** What a reader is to be present as; undefined for one who is not to be. */
type Wish = { name?: string } | undefined;

/** What the elements that share a client want. */
const wishes = new WeakMap<FeedClient, Map<object, Wish>>();

export interface PeopleView {
	people: Here | undefined;
	moves: readonly Move[];
}

export class People {
	readonly #place: Pick<Place, 'root' | 'timeline' | 'getClient' | 'redraw'>;
	#client: FeedClient | undefined;
	#stop: (() => void) | undefined;
	#wish = '';
	#moves: readonly Move[] = [];
	#isOpen = false;
	#count = 0;

	constructor(place: Pick<Place, 'root' | 'timeline' | 'getClient' | 'redraw'>) {
		this.#place = place;
	}

	get view(): PeopleView {
		const company = this.#wish ? this.#client?.company : undefined;
		// Of a cut connection nobody knows who is still here.
		const isKnown = company && this.#client?.connection === 'live';
		return { people: isKnown ? { ...company, isOpen: this.#isOpen } : undefined, moves: this.#moves };
	}

	toggle(): void {
		this.#isOpen = !this.#isOpen;
		void this.#place.redraw();
	}

	/** There is a connection: is there whom the attributes and the reader's name make him, unless he is already. */
	attend(): void {
		const client = this.#place.getClient();
		const wish = this.#readWish(client);
		const json = wish ? JSON.stringify(wish) : '';
		if (client === this.#client && json === this.#wish) return;
		if (client !== this.#client) this.#leave();
		this.#wish = json;
		if (!client || (!wish && !this.#client)) return;
		this.#client = client;
		this.#stop ??= client.on('presence', () => this.#handle(client.company));
		if (!wish) this.#moves = [];
		want(client, this, wish);
	}

	/** Another log, or another channel, or none. */
	clear(): void {
		this.#moves = [];
		if (this.#place.getClient() !== this.#client) this.#leave();
	}

	#leave(): void {
		this.#stop?.();
		this.#stop = undefined;
		if (this.#client) want(this.#client, this, undefined);
		this.#client = undefined;
		this.#wish = '';
		this.#moves = [];
	}

	/** Who only reads is not announced to others: that takes an attribute. */
	#readWish(client: FeedClient | undefined): Wish {
		const host = this.#place.root.host as Element & { compose: boolean; presence: boolean; noPresence: boolean }; // the element itself
		if (host.noPresence) return undefined;
		if (host.compose) {
			const name = client?.own?.subject ? '' : (findStorage('localStorage')?.[NAME] ?? '').trim();
			return name ? { name } : {};
		}
		return host.presence ? {} : undefined;
	}

	#handle(company: Company | undefined): void {
		if (company && this.#wish) {
			const { joined, moreJoined, left, moreLeft } = company;
			this.#note('left', left, moreLeft);
			this.#note('joined', joined, moreJoined);
		}
		void this.#place.redraw();
	}

	/** Those who come and go one after the other are a line: until an event lies between, or the other kind of move. */
	#note(kind: Move['kind'], people: Move['people'], more: number): void {
		const seq = seqOf(this.#place.timeline.items.at(-1));
		const moves = [...this.#moves];
		const last = moves.at(-1);
		let some = people;
		// A slow reload: whoever is back at once was never gone.
		if (kind === 'joined' && last?.kind === 'left' && last.seq === seq) {
			some = people.filter(({ id }) => !last.people.some((one) => one.id === id));
			const others = last.people.filter(({ id }) => !people.some((one) => one.id === id));
			if (others.length + last.more === 0) moves.pop();
			else moves.splice(-1, 1, { ...last, people: others });
		}
		if (some.length + more === 0) {
			this.#moves = moves;
			return;
		}
		const same = moves.at(-1);
		if (same?.kind === kind && same.seq === seq) {
			const all = [...same.people, ...some];
			const named = all.slice(0, MOST_NAMED);
			moves.splice(-1, 1, { ...same, people: named, more: same.more + more + all.length - named.length });
		} else moves.push({ key: `move ${++this.#count}`, kind, seq, people: some, more });
		this.#moves = moves.slice(-MOST_MOVES);
	}
}

/** A client is present if any of its elements wants it to be: by the name of the one that knows it. */
function want(client: FeedClient, element: object, wish: Wish): void {
	const all = wishes.get(client) ?? new Map<object, Wish>();
	wishes.set(client, all);
	const before = JSON.stringify(choose(all));
	if (wish) all.set(element, wish);
	else all.delete(element);
	const chosen = choose(all);
	if (JSON.stringify(chosen) === before) return;
	// So that several pages of a browser are one person.
	const claimed = chosen && !client.own?.subject ? client.claim() : Promise.resolve();
	claimed.then(() => client.setPresence(choose(all))).catch(() => {}); // nothing is loaded while the relay is away: with the next line
}

function choose(all: ReadonlyMap<object, Wish>): Wish {
	const wanted = [...all.values()];
	return wanted.find((wish) => wish?.name) ?? wanted[0];
}
