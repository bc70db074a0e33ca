// The relay on PartyKit: the only file that knows it. A room is a channel.
// Knows rooms, connections and storage; never knows what a message or a request means.
import type * as Party from 'partykit/server';
import { Audience } from './audience.ts';
import { Channel, spreadReturn } from './channel.ts';
import { answerMethod, answerProblem } from './http/answers.ts';
import { answerHistory } from './http/history.ts';
import { answerPublish } from './http/publish.ts';
import { answer } from './http/routes.ts';
import { StorageLog } from './log-storage.ts';
import { createError, FeedError } from './protocol/errors.ts';
import { HELLO_TIMEOUT_MS, STALL_TIMEOUT_MS } from './protocol/limits.ts';
import { Session, type SessionMemory } from './session.ts';
import { readSettings } from './settings.ts';
import { Backlog } from './window.ts';

/** How long changes of what must survive sleep gather, milliseconds; the timer keeps the relay awake until they are saved. */
const SAVE_MS = 1000;

/** What a connection keeps through the relay's sleep. */
type Memory = SessionMemory & { process: string };

const clock = (): number => Date.now();
/** All rooms of a process share it. */
const audience = new Audience();
/** How a room is told to say that the relay stops; no address from outside leads to a room. */
const GO_AWAY = '/goaway';

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

/** Faults of our own: for the log of whoever runs the relay, never for a client. */
function reportFault(error: unknown): void {
	console.error(JSON.stringify({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
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
	/** A connection is the same object for as long as the room is awake. */
	readonly #sessions = new Map<Party.Connection, Session>();
	readonly #unsaved = new Set<Session>();
	readonly #stallTimeoutMs: number;

	constructor(room: Party.Room) {
		this.room = room;
		this.#stallTimeoutMs = this.#readStallTimeout();
	}

	/** Rooms have no public address of their own: channels do. */
	static onBeforeRequest(): Response {
		return answerProblem(new FeedError('not-found', 'Events are at /channels/{channel}/events.'));
	}

	static onBeforeConnect(): Response {
		return Relay.onBeforeRequest();
	}

	static onFetch(request: Party.Request, lobby: Party.FetchLobby): Promise<Response> {
		return answer(request as unknown as Request, {
			clock,
			control: {
				secret: (lobby.env.LIVE_FEED_CONTROL as string | undefined) || undefined,
				goAway: async () => {
					const tell = (name: string) => lobby.parties.main?.get(name).fetch(GO_AWAY, { method: 'POST' });
					await Promise.allSettled(audience.channels.map(tell));
				},
			},
			fetchFile: (path) => lobby.assets.fetch(path),
			fetchChannel: (channel, path, { method, body }, headers) => {
				const room = lobby.parties.main?.get(channel);
				if (!room) throw new Error('PartyKit has no main party');
				return room.fetch(path, { method, headers, body } as RequestInit);
			},
		});
	}

	async onRequest(request: Party.Request): Promise<Response> {
		try {
			if (new URL(request.url).pathname.endsWith(GO_AWAY)) return await this.#goAway();
			const standard = request as unknown as Request; // PartyKit's own type of the same thing
			switch (request.method) {
				case 'POST':
					return await answerPublish(await this.#getChannel(), standard);
				case 'GET':
				case 'HEAD':
					return await answerHistory(await this.#getChannel(), standard, {
						clock,
						createPipe: () => new IdentityTransformStream({ highWaterMark: 65_536 }),
						enter: () => audience.enter(this.room.id),
						leave: () => audience.leave(this.room.id),
					});
				default:
					return answerMethod('GET, HEAD, POST, OPTIONS');
			}
		} catch (error) {
			if (!(error instanceof FeedError)) reportFault(error);
			return answerProblem(error);
		}
	}

	onConnect(connection: Party.Connection): void {
		audience.enter(this.room.id);
		const session = this.#open(connection, () => clearTimeout(timer)); // a timer that runs keeps the relay awake
		const timer = setTimeout(() => session.expire(), HELLO_TIMEOUT_MS);
	}

	onMessage(message: string | ArrayBuffer | ArrayBufferView, connection: Party.Connection): void {
		(this.#sessions.get(connection) ?? this.#open(connection)).receive(message);
	}

	/** Comes only when the connection is gone: for one that we closed and whose peer does not read, with its reset. */
	onClose(connection: Party.Connection): void {
		const session = this.#sessions.get(connection) ?? this.#open(connection);
		session.end();
		this.#unsaved.delete(session);
		this.#sessions.delete(connection);
		audience.leave(this.room.id);
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
		const connections = [...this.room.getConnections<SessionMemory>()];
		const returnMs = this.#channel?.returnMs ?? spreadReturn(connections.length);
		this.#channel?.goAway();
		for (const connection of connections) {
			(this.#sessions.get(connection) ?? this.#open(connection)).goAway(returnMs);
		}
		await new Promise((resolve) => setTimeout(resolve, 0)); // the engine has sent it by then
		return new Response(null, { status: 204 });
	}

	#open(connection: Party.Connection, onHello = () => {}): Session {
		const memory = connection.state as Memory | null;
		const session: Session = new Session({
			socket: connection as unknown as {
				send(data: string | Uint8Array): void;
				close(code: number, reason: string): void;
			},
			getChannel: () => this.#channel ?? this.#getChannel(),
			peekChannel: () => this.#channel,
			clock,
			memory,
			remember: (memory) => {
				if (memory.types !== undefined) onHello();
				const state: Memory = { ...memory, process: nameProcess() };
				connection.setState(state);
			},
			saveLater: () => this.#saveLater(session),
			backlog,
			isCounted: memory?.process === nameProcess(),
			stallTimeoutMs: this.#stallTimeoutMs,
			startTimer,
			onFault: reportFault,
		});
		this.#sessions.set(connection, session);
		return session;
	}

	#saveLater(session: Session): void {
		if (this.#unsaved.size === 0) setTimeout(() => this.#save(), SAVE_MS);
		this.#unsaved.add(session);
	}

	#save(): void {
		const sessions = [...this.#unsaved];
		this.#unsaved.clear();
		for (const session of sessions) {
			try {
				session.save();
			} catch (error) {
				reportFault(error);
			}
		}
	}

	/** Settings that are wrong are told where the channel is loaded; here they only must not harm. */
	#readStallTimeout(): number {
		try {
			return readSettings(this.room.env).stallTimeoutMs;
		} catch {
			return STALL_TIMEOUT_MS;
		}
	}

	/** `onStart` is no barrier on this runtime, so whoever needs the channel waits here; what failed is tried again. */
	#getChannel(): Promise<Channel> {
		this.#loading ??= this.#load().catch((error) => {
			this.#loading = undefined;
			reportFault(error);
			throw createError('storage-failed');
		});
		return this.#loading;
	}

	async #load(): Promise<Channel> {
		const options = { ...readSettings(this.room.env), clock, createEpoch };
		const log = new StorageLog(this.room.storage, options, (error) => this.#forget(channel, error));
		const channel: Channel = new Channel({ log, clock, afterDrain: (run) => setTimeout(run, 0), onFault: reportFault });
		await channel.load();
		// Those who were live before the relay slept: nothing was published since, or it would have woken.
		for (const connection of this.room.getConnections<SessionMemory>()) {
			(this.#sessions.get(connection) ?? this.#open(connection)).resume(channel);
		}
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
