// The relay on PartyKit's dev server: a channel is a room of its main party.
// Knows PartyKit and the faults of its router; never knows what a request or a message means.
import type * as Party from 'partykit/server';
import { answerRequest, type EdgeHost } from '../edge.ts';
import type { Host, Link } from '../host.ts';
import { answerProblem } from '../http/answers.ts';
import { NOWHERE } from '../http/routes.ts';
import { answerSite } from '../http/site.ts';
import type { KeyValueStorage } from '../log-storage.ts';
import { FeedError } from '../protocol/errors.ts';
import { Room } from '../room.ts';
import { openIsolate } from './isolate.ts';

/** The parts of a room's own address, `/parties/main/{room}`, before its path. */
const ADDRESS_PARTS = 4;
/** Every request of the relay reads a file of the site (relay/run/partykit-patches.mjs), so that the name is of no account. */
const SITE = 'http://site';

/**
 * PartyKit looks for a file before it asks the relay. It fails at addresses whose percent signs encode nothing, and at names
 * that every object has. It decodes the path first, so what it could not find in any case is decoded such that it does not fail.
 */
function patchDecoding(): void {
	const decode = globalThis.decodeURIComponent;
	globalThis.decodeURIComponent = (text) => {
		try {
			const path = decode(text);
			return path.startsWith('/') && path.slice(1) in Object.prototype ? `${path}/` : path;
		} catch (error) {
			if (text.startsWith('/')) return text;
			throw error;
		}
	};
}

/** PartyKit fails where the `Host` of a request makes no address. The relay refuses such a request with words. */
function patchAddresses(): void {
	const TolerantURL = new Proxy(URL, {
		construct(Standard, given: ConstructorParameters<typeof URL>, created) {
			try {
				return Reflect.construct(Standard, given, created);
			} catch (error) {
				if (given.length === 1 && /^https?:/.test(String(given[0]))) return new Standard(NOWHERE);
				throw error;
			}
		},
	});
	Object.assign(globalThis, { URL: TolerantURL });
}

patchDecoding();
patchAddresses();

/** PartyKit has its own types of the standard ones. */
const toStandard = (request: Party.Request): Request => request as unknown as Request;

class PartyKitLink implements Link {
	readonly #connection: Party.Connection;

	constructor(connection: Party.Connection) {
		this.#connection = connection;
	}

	get state(): unknown {
		return this.#connection.state;
	}

	remember(state: unknown): void {
		this.#connection.setState(state);
	}

	send(data: string | Uint8Array): void {
		this.#connection.send(data);
	}

	close(code: number, reason?: string): void {
		this.#connection.close(code, reason);
	}
}

/** A room as PartyKit calls it. */
class PartyKitHost implements Host {
	readonly #room: Party.Room;
	/** A connection is the same object for as long as the room is awake, and so is its link. */
	readonly #links = new WeakMap<Party.Connection, PartyKitLink>();

	constructor(room: Party.Room) {
		this.#room = room;
	}

	get name(): string {
		return this.#room.id;
	}

	get storage(): KeyValueStorage {
		return this.#room.storage as unknown as KeyValueStorage; // its methods of these names
	}

	get services() {
		return openIsolate(this.#room.env);
	}

	*links(): Iterable<Link> {
		for (const connection of this.#room.getConnections()) yield this.linkOf(connection);
	}

	linkOf(connection: Party.Connection): Link {
		let link = this.#links.get(connection);
		if (!link) {
			link = new PartyKitLink(connection);
			this.#links.set(connection, link);
		}
		return link;
	}
}

/** By these parameters clients would choose the name of their connection, also one that is too long or another's. */
function withoutConnection(path: string): string {
	const [before = '', query = ''] = path.split('?', 2);
	const others = query.split('&').filter((one) => !/^(_|%5f)/i.test(one));
	return query === '' ? path : `${before}?${others.join('&')}`;
}

export default class Relay implements Party.Server {
	readonly options = { hibernate: true };
	readonly #host: PartyKitHost;
	readonly #room: Room;

	constructor(room: Party.Room) {
		this.#host = new PartyKitHost(room);
		this.#room = new Room(this.#host);
	}

	/** Rooms have no public address of their own: channels do. */
	static onBeforeRequest(): Response {
		return answerProblem(new FeedError('not-found', 'Events are at /channels/{channel}/events.'));
	}

	static onBeforeConnect(): Response {
		return Relay.onBeforeRequest();
	}

	static onFetch(request: Party.Request, lobby: Party.FetchLobby): Promise<Response> {
		const host: EdgeHost = {
			get services() {
				return openIsolate(lobby.env);
			},
			controlSecret: (lobby.env.LIVE_FEED_CONTROL as string | undefined) || undefined,
			fetchFile: (path) => fetch(`${SITE}${path}`),
			fetchChannel: (channel, path, asked) => {
				const room = lobby.parties.main?.get(channel);
				if (!room) throw new Error('PartyKit has no main party');
				return room.fetch(withoutConnection(path), asked as unknown as RequestInit); // PartyKit's own type of the same thing
			},
		};
		return answerSite(toStandard(request), host.fetchFile, () => answerRequest(toStandard(request), host));
	}

	onRequest(request: Party.Request): Promise<Response> {
		const { pathname } = new URL(request.url);
		return this.#room.answer(toStandard(request), pathname.split('/').slice(ADDRESS_PARTS).map(decodeURIComponent));
	}

	onConnect(connection: Party.Connection, { request }: Party.ConnectionContext): void {
		this.#room.connect(this.#host.linkOf(connection), toStandard(request as Party.Request).headers);
	}

	onMessage(message: string | ArrayBuffer | ArrayBufferView, connection: Party.Connection): void {
		this.#room.receive(this.#host.linkOf(connection), message);
	}

	onClose(connection: Party.Connection): void {
		this.#room.disconnect(this.#host.linkOf(connection));
	}

	onError(connection: Party.Connection): void {
		this.onClose(connection);
	}
}
