// The relay on PartyKit: the only file that knows it. A room is a channel.
// Knows rooms, connections and storage; never knows what a message or a request means.
import type * as Party from 'partykit/server';
import { Audience, type Transport } from './audience.ts';
import { Channel, spreadReturn } from './channel.ts';
import { ChannelFigures, Figures, type Work } from './figures.ts';
import { Heartbeat } from './heartbeat.ts';
import { answerJson, answerProblem } from './http/answers.ts';
import { answerChange, answerEvent } from './http/changes.ts';
import { answerChannel } from './http/channels.ts';
import { answerMetrics, answerStatus, type Report } from './http/figures.ts';
import { answerHistory } from './http/history.ts';
import { answerPublish } from './http/publish.ts';
import { ADDRESS_HEADER, AUTHOR_HEADER, answer, NOWHERE, REFUSAL_HEADER } from './http/routes.ts';
import { deny, hasExpired, Identities, type Identity, NOBODY } from './identity.ts';
import { Journal, type Refused } from './journal.ts';
import { Limiter } from './limiter.ts';
import { emptyStorage, type KeyValueStorage, StorageLog } from './log-storage.ts';
import { Presence } from './presence.ts';
import { CHANGING, WRITING } from './protocol/capabilities.ts';
import { parseAuthor } from './protocol/client-message.ts';
import { createError, FeedError } from './protocol/errors.ts';
import { HELLO_TIMEOUT_MS } from './protocol/limits.ts';
import { NO_EPOCH } from './protocol/position.ts';
import { Session, type SessionMemory } from './session.ts';
import { readSettings, retentionOf, type Settings, valueFor } from './settings.ts';
import { inSlices } from './slices.ts';
import { TimedStorage } from './timed-storage.ts';
import { Backlog } from './window.ts';

/**
 * What must survive sleep is saved once nothing was asked for so long, and where there is no end to it after so many times that;
 * milliseconds. The timer keeps the relay awake until then.
 */
const SAVE_MS = 1000;
const MAX_SAVE_WAITS = 10;

/** What a connection keeps through the relay's sleep. */
type Memory = SessionMemory & { process: string };

/** What the settings decide, for all rooms of a process. */
interface House {
	settings: Settings;
	identities: Identities;
	limiter: Limiter;
	/** Of the relay, and of each channel. */
	figures: Figures;
	channelFigures: ChannelFigures;
}

const clock = (): number => Date.now();
/** All rooms of a process share these. */
const audience = new Audience();
const journal = new Journal(clock, (line) => console.error(line));
/** Of the engine's process, bytes, where whoever started it says so. */
let memoryBytes: number | undefined;
let house: House | undefined;
let connections = 0;
/** How a room is told to say that the relay stops; no address from outside leads to a room. */
const GO_AWAY = 'goaway';
/** What else there is below a channel's address. */
const PRESENCE = 'presence';
const METRICS = 'metrics';
const STATUS = 'status';
/** A token is for the whole relay where it is for all channels, which is what this name stands for. */
const ALL_CHANNELS = '*';

/** All rooms of a process are in one isolate, and its memory is one: this outlasts a room's sleep. */
const backlog = new Backlog();
let processName = '';

/** Tells whether a room woke in the process in which it fell asleep. Chance is not to be had before the first request. */
function nameProcess(): string {
	processName ||= createEpoch();
	return processName;
}

function startTimer(ms: number, run: () => void): () => void {
	const timer = setTimeout(run, ms);
	return () => clearTimeout(timer);
}

/** Runs it once the engine has sent what it was given. */
function afterDrain(run: () => void): void {
	setTimeout(run, 0);
}

/** Faults of our own: for the log of whoever runs the relay, never for a client. */
function reportFault(error: unknown): FeedError {
	return journal.fault(error);
}

/**
 * PartyKit looks for a file before it asks us, and fails at addresses whose percent signs encode nothing and at names that
 * every object has. It decodes the path first: what it could not find in any case is made such that it does not.
 */
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

/** And it answers with a fault of its own where the `Host` of a request makes no address: that is refused like all else that is wrong. */
const PatientURL = new Proxy(URL, {
	construct(Standard, given: ConstructorParameters<typeof URL>, created) {
		try {
			return Reflect.construct(Standard, given, created);
		} catch (error) {
			if (given.length === 1 && /^https?:/.test(String(given[0]))) return new Standard(NOWHERE);
			throw error;
		}
	},
});
Object.assign(globalThis, { URL: PatientURL });

/** Settings that are wrong are told at every request, and nothing is served. */
function openHouse(env: Record<string, unknown>): House {
	if (!house) {
		const settings = readSettings(env);
		const figures = new Figures(clock);
		house = {
			settings,
			identities: new Identities(settings, clock),
			limiter: new Limiter(settings.limits, clock),
			figures,
			channelFigures: new ChannelFigures(clock, figures),
		};
	}
	return house;
}

/** @throws FeedError `token-invalid` */
function readToken(headers: Headers): string | undefined {
	const given = headers.get('authorization');
	if (given === null) return undefined;
	const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(given)?.[1];
	if (token !== undefined) return token;
	throw new FeedError('token-invalid', 'The token comes as `Authorization: Bearer …` (RFC 6750).');
}

/** @throws FeedError `invalid-message` */
function readAuthor(headers: Headers): string | undefined {
	const key = headers.get(AUTHOR_HEADER);
	return key === null ? undefined : parseAuthor(key);
}

/** What follows a room's own address, `/parties/main/{room}`: `events`, an event's id, what is below it. */
function pathIn(request: Request): string[] {
	return new URL(request.url).pathname.split('/').slice(4).map(decodeURIComponent);
}

/** What is told of the whole relay. Nobody is woken for it. */
function reportRelay({ figures, channelFigures }: House): Report {
	return {
		channel: undefined,
		readings: figures.read(),
		viewers: audience.count(),
		channels: audience.channels.length,
		...channelFigures.strain,
		...{ backlogBytes: backlog.bytes, memoryBytes },
	};
}

function refuse(error: FeedError | undefined): void {
	if (error) throw error;
}

function createEpoch(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(7));
	return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n).toString(36);
}

export default class Relay implements Party.Server {
	readonly options = { hibernate: true };
	readonly room: Party.Room;
	#channel: Channel | undefined;
	#loading: Promise<Channel> | undefined;
	#presence: Presence | undefined;
	readonly #heartbeat = new Heartbeat({
		...{ clock, afterDrain },
		listeners: () => this.#openAll(),
	});
	#counted: Figures | undefined;
	/** A connection is the same object for as long as the room is awake. */
	readonly #sessions = new Map<Party.Connection, Session>();
	readonly #unsaved = new Set<Session>();
	/** Those of them whose turn it is: who changes meanwhile has another. */
	readonly #saving = new Set<Session>();
	/** Something was asked since that was looked at last. */
	#isBusy = false;
	/** Ends the waiting for a hello. */
	readonly #greeted = new WeakMap<Party.Connection, () => void>();
	/** Those that were counted as gone. */
	readonly #gone = new WeakSet<Party.Connection>();

	constructor(room: Party.Room) {
		this.room = room;
	}

	/** Rooms have no public address of their own: channels do. */
	static onBeforeRequest(): Response {
		return answerProblem(new FeedError('not-found', 'Events are at /channels/{channel}/events.'));
	}

	static onBeforeConnect(): Response {
		return Relay.onBeforeRequest();
	}

	static async onFetch(request: Party.Request, lobby: Party.FetchLobby): Promise<Response> {
		let own: House;
		try {
			own = openHouse(lobby.env);
		} catch (error) {
			return answerProblem(reportFault(error));
		}
		const { settings, figures, identities } = own;
		return answer(request as unknown as Request, {
			clock,
			settings,
			onRefused: (error, about) => {
				figures.refused(error.code);
				journal.refusal(error, about);
			},
			onFault: reportFault,
			figures,
			since: figures.since,
			report: async (headers) => {
				const who = await identities.identify(readToken(headers), ALL_CHANNELS);
				refuse(deny(who, clock(), 'metrics'));
				return reportRelay(own);
			},
			control: {
				setMemory: (bytes) => {
					memoryBytes = bytes > 0 ? bytes : undefined;
				},
				secret: (lobby.env.LIVE_FEED_CONTROL as string | undefined) || undefined,
				goAway: async () => {
					const tell = (name: string) => lobby.parties.main?.get(name).fetch(`/${GO_AWAY}`, { method: 'POST' });
					await Promise.allSettled(audience.channels.map(tell));
				},
			},
			fetchFile: (path) => lobby.assets.fetch(path),
			fetchChannel: (channel, path, asked) => {
				const room = lobby.parties.main?.get(channel);
				if (!room) throw new Error('PartyKit has no main party');
				return room.fetch(path, asked as unknown as RequestInit); // PartyKit's own type of the same thing
			},
		});
	}

	async onRequest(request: Party.Request): Promise<Response> {
		this.#isBusy = true;
		const standard = request as unknown as Request; // PartyKit's own type of the same thing
		const address = standard.headers.get(ADDRESS_HEADER) ?? undefined;
		let who: Identity = { ...NOBODY, address };
		let work: Work | undefined;
		try {
			work = this.#figures.begin();
			const [resource, id, part] = pathIn(standard);
			if (resource === GO_AWAY) return await this.#goAway();
			const { identities } = openHouse(this.room.env);
			const { headers } = standard;
			who = await identities.identify(readToken(headers), this.room.id, address, readAuthor(headers));
			if (resource === PRESENCE) return this.#readPresence(who);
			if (resource === METRICS || resource === STATUS) {
				refuse(deny(who, clock(), 'metrics'));
				return resource === METRICS ? answerMetrics(this.#report()) : answerStatus(this.#report(), standard);
			}
			const isRead = request.method === 'GET' || request.method === 'HEAD';
			if (resource === undefined || resource === '')
				return await (isRead ? this.#describe(who, request.method === 'HEAD') : this.#empty(who));
			if (id === undefined || isRead)
				return await (isRead ? this.#read(standard, who, id, work) : this.#publish(standard, who));
			refuse(deny(who, clock(), ...CHANGING));
			return await answerChange(await this.#findChannel(who), standard, who, id, part === 'reactions');
		} catch (error) {
			const known = error instanceof FeedError ? error : reportFault(error);
			if (work) this.#noteRefusal(known, 'http', who); // without it there is nothing to count with
			return answerProblem(known);
		} finally {
			work?.end();
		}
	}

	get #figures(): Figures {
		this.#counted ??= openHouse(this.room.env).channelFigures.of(this.room.id);
		return this.#counted;
	}

	#report(): Report {
		const { id } = this.room;
		return { channel: id, readings: this.#figures.read(), viewers: audience.count(id), ...this.#figures.strain };
	}

	/** What there is of the channel. */
	async #describe(who: Identity, isHead: boolean): Promise<Response> {
		refuse(deny(who, clock(), 'read', 'metrics'));
		const channel = await this.#findChannel(who);
		return answerChannel(channel, this.room.id, audience.count(this.room.id), isHead);
	}

	/** Removes all that was published; who is connected comes back to another log. */
	async #empty(who: Identity): Promise<Response> {
		refuse(deny(who, clock(), 'moderate'));
		const channel = await this.#findChannel(who);
		// Somebody else has emptied it meanwhile: what is there now is another.
		if (this.#channel !== channel) return this.#empty(who);
		if (channel.epoch === NO_EPOCH) throw new FeedError('not-found', 'Nothing was published to this channel yet.');
		const { returnMs } = channel;
		this.#channel = undefined;
		this.#loading = this.#begin(async () => {
			await emptyStorage(this.#storage, createEpoch);
			return this.#load();
		});
		channel.goAway();
		for (const session of [...this.#sessions.values()]) session.goAway(returnMs);
		channel.fail(createError('storage-failed')); // drafts that wait come again, to the new log
		const { epoch } = await this.#loading;
		journal.emptied(this.#about('http', who));
		return answerJson({ channel: this.room.id, epoch });
	}

	get #storage(): KeyValueStorage {
		return new TimedStorage(this.room.storage as unknown as KeyValueStorage, this.#figures, clock); // its methods of these names
	}

	/** What a stranger sends is not even looked at. */
	async #publish(request: Request, who: Identity): Promise<Response> {
		refuse(deny(who, clock(), ...WRITING));
		return answerPublish(await this.#findChannel(who), request, who, ({ code }) => this.#figures.refused(code));
	}

	async #read(request: Request, who: Identity, id: string | undefined, work: Work): Promise<Response> {
		const { settings, limiter } = openHouse(this.room.env);
		const figures = this.#figures;
		const { address } = who;
		const check = () => refuse(deny(who, clock(), 'read'));
		check();
		refuse(limiter.replay({ who }));
		refuse(audience.refuse(settings.limits, address, false));
		const channel = await this.#findChannel(who);
		if (id !== undefined) return answerEvent(channel, id);
		return answerHistory(channel, request, {
			...{ clock, who, work },
			check,
			createPipe: (isPlain) => {
				const strategy = { highWaterMark: 65_536 };
				// A body of unknown length is sent in chunks with their sizes, to HTTP/1.0 as well; one that never reaches its length is not.
				return isPlain
					? new FixedLengthStream(Number.MAX_SAFE_INTEGER, strategy)
					: new IdentityTransformStream(strategy);
			},
			enter: (transport: Transport) => audience.enter(this.room.id, transport, address),
			leave: (transport: Transport) => audience.leave(this.room.id, transport, address),
			sent: (bytes) => figures.sent(bytes),
			isOver: () => hasExpired(who, clock()),
			replayed: (bytes) => limiter.replayed({ who }, bytes),
		});
	}

	#readPresence(who: Identity): Response {
		refuse(deny(who, clock(), 'presence'));
		if (!this.#channel && !this.#presence) refuse(openHouse(this.room.env).limiter.openChannel({ who }));
		return answerJson(this.#getPresence().read());
	}

	/** With those who were here before the relay slept. */
	#getPresence(): Presence {
		if (!this.#presence) {
			this.#presence = new Presence({
				...{ clock, startTimer, afterDrain, onFault: reportFault },
			});
			for (const connection of this.room.getConnections<SessionMemory>()) {
				if (connection.state?.presence && !this.#sessions.has(connection)) this.#open(connection);
			}
		}
		return this.#presence;
	}

	/** Loads the channel, which not everybody may do with any number of them. */
	async #findChannel(who: Identity): Promise<Channel> {
		if (!this.#channel) refuse(openHouse(this.room.env).limiter.openChannel({ who }));
		return this.#getChannel();
	}

	/** Counted, and where it is worth a line written down; faults of our own were written down before. */
	#noteRefusal(error: FeedError, via: Refused['via'], who: Identity): void {
		this.#figures.refused(error.code);
		journal.refusal(error, this.#about(via, who));
	}

	#about(via: Refused['via'], { subject, address }: Identity): Refused {
		return { via, channel: this.room.id, subject, address };
	}

	onConnect(connection: Party.Connection, { request }: Party.ConnectionContext): void {
		const address = request.headers.get(ADDRESS_HEADER) ?? undefined;
		const refusal = request.headers.get(REFUSAL_HEADER);
		const full = audience.refuse(openHouse(this.room.env).settings.limits, address, true);
		audience.enter(this.room.id, 'socket', address);
		const isGreeted = audience.await();
		const session = this.#open(connection, address, refusal === null ? full : new FeedError('origin-refused', refusal));
		const timer = setTimeout(() => {
			session.expire();
			isGreeted(); // one whose peer never closes it may outlast this room's memory, and is closed in any case
		}, HELLO_TIMEOUT_MS);
		this.#greeted.set(connection, () => {
			clearTimeout(timer); // one that runs keeps the relay awake
			isGreeted();
		});
		session.save(); // where it comes from is known from the beginning on
	}

	onMessage(message: string | ArrayBuffer | ArrayBufferView, connection: Party.Connection): void {
		this.#isBusy = true;
		this.#figures.measure(() => (this.#sessions.get(connection) ?? this.#open(connection)).receive(message));
	}

	/** Comes only when the connection is gone: for one that we closed and whose peer does not read, with its reset. */
	onClose(connection: Party.Connection): void {
		if (this.#gone.has(connection)) return; // an error and its close come both
		this.#gone.add(connection);
		const session = this.#sessions.get(connection) ?? this.#open(connection);
		session.end();
		this.#unsaved.delete(session);
		this.#saving.delete(session);
		this.#sessions.delete(connection);
		this.#greeted.get(connection)?.();
		audience.leave(this.room.id, 'socket', session.who.address);
		try {
			connection.close(1000); // the client's own close completes only with ours
		} catch {
			// It was cut off and has nothing left to close.
		}
	}

	onError(connection: Party.Connection): void {
		this.onClose(connection);
	}

	/** Tells everybody here that the relay is about to stop; a channel that sleeps need not be loaded for it. */
	async #goAway(): Promise<Response> {
		const sessions = this.#openAll();
		const returnMs = this.#channel?.returnMs ?? spreadReturn(sessions.length);
		this.#channel?.goAway();
		for (const session of sessions) session.goAway(returnMs);
		await new Promise<void>(afterDrain);
		return new Response(null, { status: 204 });
	}

	/** All who are connected, those of before the relay slept too. */
	#openAll(): Session[] {
		const connections = [...this.room.getConnections<SessionMemory>()];
		return connections.map((connection) => this.#sessions.get(connection) ?? this.#open(connection));
	}

	#open(connection: Party.Connection, address?: string, refusal?: FeedError): Session {
		const { settings, identities, limiter } = openHouse(this.room.env);
		const memory = connection.state as Memory | null;
		const figures = this.#figures;
		const session: Session = new Session({
			socket: connection as unknown as {
				send(data: string | Uint8Array): void;
				close(code: number, reason: string): void;
			},
			getChannel: () => this.#channel ?? this.#getChannel(),
			peekChannel: () => this.#channel,
			identify: (token, author) => identities.identify(token, this.room.id, session.who.address, author),
			limiter,
			onSent: (bytes) => figures.sent(bytes),
			getPresence: () => this.#getPresence(),
			heartbeat: this.#heartbeat,
			...{ address, refusal },
			connection: `${nameProcess()}-${++connections}`,
			onRefused: (error, who) => this.#noteRefusal(error, 'socket', who),
			clock,
			memory,
			remember: (memory) => {
				if (memory.types !== undefined) this.#greeted.get(connection)?.();
				const state: Memory = { ...memory, process: nameProcess() };
				connection.setState(state);
			},
			saveLater: () => this.#saveLater(session),
			backlog,
			isCounted: memory?.process === nameProcess(),
			stallTimeoutMs: settings.stallTimeoutMs,
			startTimer,
			onFault: reportFault,
		});
		this.#sessions.set(connection, session);
		if (memory?.presence) this.#getPresence().resume(session, memory.presence);
		return session;
	}

	#saveLater(session: Session): void {
		if (this.#unsaved.size === 0) this.#saveOnceQuiet(0);
		this.#unsaved.add(session);
	}

	#saveOnceQuiet(waits: number): void {
		this.#isBusy = false;
		setTimeout(() => {
			if (this.#isBusy && waits < MAX_SAVE_WAITS) {
				this.#saveOnceQuiet(waits + 1);
				return;
			}
			for (const session of this.#unsaved) this.#saving.add(session);
			this.#unsaved.clear();
			this.#save();
		}, SAVE_MS);
	}

	#save(): void {
		const save = (session: Session) => {
			if (!this.#saving.delete(session)) return;
			try {
				session.save();
			} catch (error) {
				reportFault(error);
			}
		};
		inSlices([...this.#saving], save, afterDrain);
	}

	/** `onStart` is no barrier on this runtime, so whoever needs the channel waits here; what failed is tried again. */
	#getChannel(): Promise<Channel> {
		this.#loading ??= this.#begin(() => this.#load());
		return this.#loading;
	}

	#begin(load: () => Promise<Channel>): Promise<Channel> {
		const loading = load().catch((error) => {
			if (this.#loading === loading) this.#loading = undefined; // or another has begun since
			reportFault(error);
			throw createError('storage-failed');
		});
		return loading;
	}

	async #load(): Promise<Channel> {
		const { settings, limiter } = openHouse(this.room.env);
		const { id } = this.room;
		const figures = this.#figures;
		const options = { retention: retentionOf(settings, id), clock, createEpoch };
		const log = new StorageLog(this.#storage, options, (error) => this.#forget(channel, error));
		const channel: Channel = new Channel({
			...{ log, clock, limiter, figures, maxEventBytes: valueFor(settings.maxEventBytes, id) },
			afterDrain: (run) => afterDrain(() => figures.occupy(run)),
			onFault: reportFault,
			onRefused: (error, who) => this.#noteRefusal(error, 'publish', who),
			onModerated: (change, who) => journal.act(change, this.#about('publish', who)),
		});
		await channel.load();
		// Those who were live before the relay slept: nothing was published since, or it would have woken.
		for (const session of this.#openAll()) session.resume(channel);
		this.#channel = channel;
		return channel;
	}

	/** A write did not reach the disk: nothing in memory is to be trusted, and everybody comes back to what is stored. */
	#forget(channel: Channel, error: unknown): void {
		reportFault(error);
		if (this.#channel !== channel) return; // its last writes fail too, and another has taken its place
		const failure = createError('storage-failed');
		this.#channel = undefined;
		this.#loading = undefined;
		channel.fail(failure);
		for (const session of this.#sessions.values()) session.fail(failure);
	}
}
