// A channel's room, for every engine: its log, its sockets, its requests, and what it keeps through sleep.
// Knows what a room is asked for and when it sleeps; never knows which engine runs it, nor what a message means.
import type { Transport } from './audience.ts';
import { Channel, spreadReturn } from './channel.ts';
import { GO_AWAY, RECOUNT } from './edge.ts';
import type { Figures, Work } from './figures.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Host, Link } from './host.ts';
import { answerJson, answerProblem } from './http/answers.ts';
import { answerChange, answerEvent } from './http/changes.ts';
import { answerChannel } from './http/channels.ts';
import { readAuthor, readToken } from './http/credentials.ts';
import { answerMetrics, answerStatus, type Report } from './http/figures.ts';
import { answerHistory } from './http/history.ts';
import { answerPublish } from './http/publish.ts';
import { ADDRESS_HEADER, DAMAGED_HEADER, REFUSAL_HEADER } from './http/routes.ts';
import { deny, hasExpired, type Identity, NOBODY } from './identity.ts';
import { Journal, type Refused } from './journal.ts';
import type { Limiter } from './limiter.ts';
import { beginStorage, emptyStorage, type KeyValueStorage, StorageLog } from './log-storage.ts';
import { Presence } from './presence.ts';
import { CHANGING, WRITING } from './protocol/capabilities.ts';
import { createError, FeedError } from './protocol/errors.ts';
import { HELLO_TIMEOUT_MS } from './protocol/limits.ts';
import { NO_EPOCH } from './protocol/position.ts';
import { createRandomName } from './random-name.ts';
import type { ChannelServices } from './services/services.ts';
import { Session, type SessionMemory } from './session.ts';
import { retentionOf, valueFor } from './settings.ts';
import { inSlices } from './slices.ts';
import { StorageFault } from './storage-state.ts';
import { TimedStorage } from './timed-storage.ts';

/**
 * What must survive sleep is saved once nothing was asked for so long, and where there is no end to it after so many times that;
 * milliseconds. The timer keeps the relay awake until then.
 */
const SAVE_MS = 1000;
const MAX_SAVE_WAITS = 10;

/** What a connection keeps through the relay's sleep. */
type Memory = SessionMemory & { process: string };

const clock = (): number => Date.now();
/** What else there is below a channel's address. */
const PRESENCE = 'presence';
const METRICS = 'metrics';
const STATUS = 'status';

function startTimer(ms: number, run: () => void): () => void {
	const timer = setTimeout(run, ms);
	return () => clearTimeout(timer);
}

/** Runs it once the engine has sent what it was given. */
function afterDrain(run: () => void): void {
	setTimeout(run, 0);
}

/** What a link kept through the room's sleep. The room alone wrote it. */
function readMemory(link: Link): Memory | null {
	return link.state as Memory | null;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function refuse(error: FeedError | undefined): void {
	if (error) throw error;
}

export class Room {
	readonly #host: Host;
	#channel: Channel | undefined;
	#loading: Promise<Channel> | undefined;
	#presence: Presence | undefined;
	readonly #heartbeat = new Heartbeat({
		...{ clock, afterDrain },
		listeners: () => this.#openAll(),
	});
	#counted: Figures | undefined;
	/** A connection is the same object for as long as the room is awake. */
	readonly #sessions = new Map<Link, Session>();
	readonly #unsaved = new Set<Session>();
	/** Those of them whose turn it is: who changes meanwhile has another. */
	readonly #saving = new Set<Session>();
	/** Something was asked since that was looked at last. */
	#isBusy = false;
	/** Ends the waiting for a hello. */
	readonly #greeted = new WeakMap<Link, () => void>();
	/** Those that were counted as gone. */
	readonly #gone = new WeakSet<Link>();

	/** It was written down beside the storage that there is something in it. */
	#isMarked = false;
	/** Links that are older than the memory of this room were counted again. */
	#isRecounted = false;

	constructor(host: Host) {
		this.#host = host;
	}

	#recount(): void {
		for (const link of this.#host.links()) if (readMemory(link) && !this.#sessions.has(link)) this.#open(link);
	}

	/** Something is asked of the room. */
	#wake(): ChannelServices {
		const services = this.#services;
		this.#isBusy = true;
		if (!this.#isRecounted) {
			this.#isRecounted = true;
			if (!services.outlivesSleep) this.#recount();
		}
		services.recordActivity();
		return services;
	}

	/** Answers a request. `path` is what follows the channel's own address, decoded: `events`, an event's id, what is below it. */
	async answer(request: Request, [resource, id, part]: readonly string[]): Promise<Response> {
		const address = request.headers.get(ADDRESS_HEADER) ?? undefined;
		let who: Identity = { ...NOBODY, address };
		let work: Work | undefined;
		try {
			work = this.#figures.begin();
			if (resource === GO_AWAY) return await this.#goAway();
			const { identities } = this.#wake();
			if (resource === RECOUNT) return new Response(null, { status: 204 });
			const { headers } = request;
			who = await identities.identify(readToken(headers), this.#host.name, address, readAuthor(headers));
			if (resource === PRESENCE) return await this.#readPresence(who);
			if (resource === METRICS || resource === STATUS) {
				refuse(deny(who, clock(), 'metrics'));
				return resource === METRICS ? answerMetrics(this.#report()) : answerStatus(this.#report(), request);
			}
			const isRead = request.method === 'GET' || request.method === 'HEAD';
			if (resource === undefined || resource === '')
				return await (isRead
					? this.#describe(who, request.method === 'HEAD')
					: this.#empty(who, headers.has(DAMAGED_HEADER)));
			if (id === undefined || isRead)
				return await (isRead ? this.#read(request, who, id, work) : this.#publish(request, who));
			refuse(deny(who, clock(), ...CHANGING));
			return await answerChange(await this.#findChannel(who), request, who, id, part === 'reactions');
		} catch (error) {
			const known = error instanceof FeedError ? error : this.#reportFault(error);
			if (work) this.#noteRefusal(known, 'http', who); // without it there is nothing to count with
			return answerProblem(known);
		} finally {
			work?.end();
		}
	}

	get #services(): ChannelServices {
		return this.#host.services;
	}

	get #figures(): Figures {
		this.#counted ??= this.#services.metricsOf(this.#host.name);
		return this.#counted;
	}

	/** Writes down a fault of the relay. Returns what may be said of it. */
	readonly #reportFault = (error: unknown): FeedError => {
		try {
			if (error instanceof StorageFault) {
				this.#services.storage.fail(this.#host.name, this.#host.file, error);
				return createError('storage-failed');
			}
			return this.#services.journal.fault(error);
		} catch {
			// The settings are wrong, so there are no services; the fault is written down all the same.
			return new Journal(clock, (line) => console.error(line)).fault(error);
		}
	};

	#report(): Report {
		const { name } = this.#host;
		return {
			channel: name,
			readings: this.#figures.read(),
			viewers: this.#services.connections.count(name),
			...this.#figures.strain,
		};
	}

	/** What there is of the channel. */
	async #describe(who: Identity, isHead: boolean): Promise<Response> {
		refuse(deny(who, clock(), 'read', 'metrics'));
		const channel = await this.#findChannel(who);
		return answerChannel(channel, this.#host.name, this.#services.connections.count(this.#host.name), isHead);
	}

	/** Removes all that was published, also what cannot be read; who is connected comes back to another log. */
	async #empty(who: Identity, isDamaged: boolean): Promise<Response> {
		refuse(deny(who, clock(), 'moderate'));
		const channel = await (isDamaged ? this.#loading : this.#findChannel(who))?.catch((error) => {
			if (error instanceof FeedError && error.code === 'storage-failed') return undefined;
			throw error;
		});
		// Somebody else has emptied it meanwhile: what is there now is another.
		if (this.#channel !== channel) return this.#empty(who, isDamaged);
		if (channel?.epoch === NO_EPOCH && !isDamaged)
			throw new FeedError('not-found', 'Nothing was published to this channel yet.');
		const returnMs = channel?.returnMs ?? spreadReturn(this.#sessions.size);
		this.#channel = undefined;
		this.#loading = this.#begin(async () => {
			await emptyStorage(this.#storage, createRandomName);
			this.#isMarked = false; // the next write says again that there is something
			return this.#load();
		});
		channel?.goAway();
		for (const session of [...this.#sessions.values()]) session.goAway(returnMs);
		channel?.fail(createError('storage-failed')); // drafts that wait come again, to the new log
		const { epoch } = await this.#loading;
		this.#services.journal.emptied(this.#about('http', who));
		return answerJson({ channel: this.#host.name, epoch });
	}

	get #storage(): KeyValueStorage {
		return new TimedStorage(this.#host.storage, this.#figures, clock, () => this.#setMark());
	}

	/** Once for as long as the room is awake. */
	#setMark(): void {
		if (this.#isMarked) return;
		this.#isMarked = true;
		this.#services.reclaimer?.keep(this.#host.name);
		this.#host.mark?.set().catch(() => {
			this.#isMarked = false; // at the next write
		});
	}

	/** What a stranger sends is not even looked at. */
	async #publish(request: Request, who: Identity): Promise<Response> {
		refuse(deny(who, clock(), ...WRITING));
		return answerPublish(await this.#findChannel(who), request, who, ({ code }) => this.#figures.refused(code));
	}

	async #read(request: Request, who: Identity, id: string | undefined, work: Work): Promise<Response> {
		const services = this.#services;
		const { settings, limiter, connections } = services;
		const figures = this.#figures;
		const { address } = who;
		const check = () => refuse(deny(who, clock(), 'read'));
		check();
		refuse(limiter.replay({ who }));
		refuse(connections.refuse(settings.limits, address, false));
		const channel = await this.#findChannel(who);
		const replayed = (bytes: number) => limiter.replayed({ who }, bytes);
		if (id !== undefined) return answerEvent(channel, id, replayed);
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
			enter: (transport: Transport) => connections.enter(this.#host.name, transport, address),
			leave: (transport: Transport) => {
				connections.leave(this.#host.name, transport, address);
				services.recordActivity();
			},
			sent: (bytes) => figures.sent(bytes),
			isOver: () => hasExpired(who, clock()),
			replayed,
		});
	}

	async #readPresence(who: Identity): Promise<Response> {
		refuse(deny(who, clock(), 'presence'));
		if (!this.#channel && !this.#presence) refuse(await this.#services.openChannel(who));
		return answerJson(this.#getPresence().read());
	}

	/** With those who were here before the relay slept. */
	#getPresence(): Presence {
		if (!this.#presence) {
			this.#presence = new Presence({
				...{ clock: this.#services.steadyClock.now, startTimer, afterDrain, onFault: this.#reportFault },
			});
			for (const link of this.#host.links()) {
				if (readMemory(link)?.presence && !this.#sessions.has(link)) this.#open(link);
			}
		}
		return this.#presence;
	}

	/** Loads the channel, which not everybody may do with any number of them. */
	async #findChannel(who: Identity): Promise<Channel> {
		if (!this.#channel) refuse(await this.#services.openChannel(who));
		return this.#getChannel();
	}

	/** Counted, and where it is worth a line written down; faults of our own were written down before. */
	#noteRefusal(error: FeedError, via: Refused['via'], who: Identity): void {
		this.#figures.refused(error.code);
		this.#services.journal.refusal(error, this.#about(via, who));
	}

	#about(via: Refused['via'], { subject, address }: Identity): Refused {
		return { via, channel: this.#host.name, subject, address };
	}

	/** A client has opened a socket. */
	connect(connection: Link, headers: Headers): void {
		const address = headers.get(ADDRESS_HEADER) ?? undefined;
		const refusal = headers.get(REFUSAL_HEADER);
		const { connections, settings } = this.#wake();
		const full = connections.refuse(settings.limits, address, true);
		connections.enter(this.#host.name, 'socket', address);
		const isGreeted = connections.await();
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

	/** A socket has sent a message. */
	receive(connection: Link, message: string | ArrayBuffer | ArrayBufferView): void {
		this.#wake();
		this.#figures.measure(() => (this.#sessions.get(connection) ?? this.#open(connection)).receive(message));
	}

	/** Comes only when the connection is gone: for one that we closed and whose peer does not read, with its reset. */
	disconnect(connection: Link): void {
		if (this.#gone.has(connection)) return; // an error and its close come both
		this.#gone.add(connection);
		this.#wake();
		const session = this.#sessions.get(connection) ?? this.#open(connection);
		session.end();
		this.#unsaved.delete(session);
		this.#saving.delete(session);
		this.#sessions.delete(connection);
		this.#greeted.get(connection)?.();
		this.#services.connections.leave(this.#host.name, 'socket', session.address);
		try {
			connection.close(1000); // the client's own close completes only with ours
		} catch {
			// It was cut off and has nothing left to close.
		}
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
		return [...this.#host.links()].map((link) => this.#sessions.get(link) ?? this.#open(link));
	}

	#open(link: Link, address?: string, refusal?: FeedError): Session {
		const services = this.#services;
		const { settings, identities, limiter, connections, memoryName } = services;
		const memory = readMemory(link);
		const figures = this.#figures;
		const isCounted = memory?.process === memoryName;
		// The memory that counts connections is younger than this one.
		if (memory && !isCounted) connections.enter(this.#host.name, 'socket', memory.who?.address);
		const session: Session = new Session({
			socket: link,
			getChannel: () => this.#channel ?? this.#getChannel(),
			peekChannel: () => this.#channel,
			identify: (token, author) => identities.identify(token, this.#host.name, session.address, author),
			limiter,
			openChannel: (who) => services.openChannel(who),
			onSent: (bytes) => figures.sent(bytes),
			getPresence: () => this.#getPresence(),
			heartbeat: this.#heartbeat,
			...{ address, refusal },
			connection: services.nameConnection(),
			onRefused: (error, who) => this.#noteRefusal(error, 'socket', who),
			clock,
			memory,
			remember: (memory) => {
				if (memory.types !== undefined) this.#greeted.get(link)?.();
				const state: Memory = { ...memory, process: memoryName };
				link.remember(state);
			},
			saveLater: () => this.#saveLater(session),
			backlog: services.backlog,
			isCounted,
			stallTimeoutMs: settings.stallTimeoutMs,
			startTimer,
			onFault: this.#reportFault,
		});
		this.#sessions.set(link, session);
		if (memory?.presence) this.#getPresence().resume(session, session.identity, memory.presence);
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
				this.#reportFault(error);
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
			this.#reportFault(error);
			// The engine may have a file open that is not what it was; opened anew it may be read, or is known to be damaged.
			if (error instanceof StorageFault && error.isOperation) this.#host.abandon?.('storage-failed');
			throw createError('storage-failed');
		});
		return loading;
	}

	async #load(): Promise<Channel> {
		const { settings, storage, turns, steadyClock } = this.#services;
		const limiter: Pick<Limiter, 'publish'> = {
			publish: (publisher, bytes) => storage.refusal ?? this.#services.limiter.publish(publisher, bytes),
		};
		const { name } = this.#host;
		const figures = this.#figures;
		const { now: clock, isSure } = steadyClock;
		const own = turns.open();
		const turn = (segments: number) => own.take(segments, sleep);
		const retention = retentionOf(settings, name);
		const options = { retention, clock, isSure, turn, createEpoch: createRandomName };
		const log = new StorageLog(this.#storage, options, (error) => this.#forget(channel, error));
		const channel: Channel = new Channel({
			...{ log, clock, turn, limiter, figures, maxEventBytes: valueFor(settings.maxEventBytes, name) },
			afterDrain: (run) => afterDrain(() => figures.occupy(run)),
			onFault: this.#reportFault,
			onRefused: (error, who) => this.#noteRefusal(error, 'publish', who),
			onModerated: (change, who) => this.#services.journal.act(change, this.#about('publish', who)),
		});
		await channel.load();
		if (channel.epoch === NO_EPOCH && (await this.#host.mark?.exists().catch(() => false))) {
			this.#services.storage.lose(name, this.#host.file);
			await beginStorage(this.#storage, createRandomName); // clients learn of it by another epoch
			await channel.load();
		}
		if (channel.last > 0) this.#services.reclaimer?.keep(name);
		else this.#services.reclaimer?.release(name);
		// Those who were live before the relay slept: nothing was published since, or it would have woken.
		for (const session of this.#openAll()) session.resume(channel);
		this.#channel = channel;
		return channel;
	}

	/** A write did not reach the disk: nothing in memory is to be trusted, and everybody comes back to what is stored. */
	#forget(channel: Channel, error: unknown): void {
		this.#reportFault(error);
		if (this.#channel !== channel) return; // its last writes fail too, and another has taken its place
		const failure = createError('storage-failed');
		this.#channel = undefined;
		this.#loading = undefined;
		channel.fail(failure);
		for (const session of this.#sessions.values()) session.fail(failure);
	}
}
