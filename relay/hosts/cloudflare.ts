// The relay on Durable Objects: a channel is one object with SQLite storage whose sockets hibernate.
// Knows Workers, on Cloudflare and in a workerd of this machine; never knows what a request or a message means.
import { DurableObject } from 'cloudflare:workers';
import { answerRequest, type EdgeHost } from '../edge.ts';
import type { Host, Link } from '../host.ts';
import { answerSite } from '../http/site.ts';
import type { KeyValueStorage } from '../log-storage.ts';
import { BARE_PING, BARE_PONG } from '../protocol/limits.ts';
import { Room } from '../room.ts';
import { openIsolate } from './isolate.ts';

/** What the configuration binds, beside the settings of the relay. */
export interface Environment extends Record<string, unknown> {
	CHANNEL: DurableObjectNamespace<Channel>;
	/** The built site. */
	SITE: Fetcher;
	LIVE_FEED_CONTROL?: string;
}

/** Requests between the edge and an object have no host of their own. */
const INSIDE = 'http://channel';

class WebSocketLink implements Link {
	readonly #socket: WebSocket;
	readonly #context: DurableObjectState;

	constructor(socket: WebSocket, context: DurableObjectState) {
		this.#socket = socket;
		this.#context = context;
	}

	get state(): unknown {
		return this.#socket.deserializeAttachment() ?? null;
	}

	remember(state: unknown): void {
		this.#socket.serializeAttachment(state);
	}

	send(data: string | Uint8Array): void {
		this.#socket.send(data);
	}

	close(code: number, reason?: string): void {
		this.#socket.close(code, reason);
	}

	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	get pingedAt(): number | undefined {
		return this.#context.getWebSocketAutoResponseTimestamp(this.#socket)?.getTime();
	}
}

/** An object as its room sees it. */
export class ObjectHost implements Host {
	readonly #context: DurableObjectState;
	readonly #environment: Environment;
	/** A socket is the same object for as long as its Durable Object is awake, and so is its link. */
	readonly #links = new WeakMap<WebSocket, WebSocketLink>();

	constructor(context: DurableObjectState, environment: Environment) {
		this.#context = context;
		this.#environment = environment;
	}

	get name(): string {
		return this.#context.id.name as string; // objects are made by name alone
	}

	get storage(): KeyValueStorage {
		return this.#context.storage as unknown as KeyValueStorage; // its methods of these names
	}

	get services() {
		return openIsolate(this.#environment);
	}

	*links(): Iterable<Link> {
		for (const socket of this.#context.getWebSockets())
			if (socket.readyState === WebSocket.OPEN) yield this.linkOf(socket);
	}

	linkOf(socket: WebSocket): Link {
		let link = this.#links.get(socket);
		if (!link) {
			link = new WebSocketLink(socket, this.#context);
			this.#links.set(socket, link);
		}
		return link;
	}
}

export class Channel extends DurableObject<Environment> {
	readonly #host: ObjectHost;
	readonly #room: Room;

	constructor(context: DurableObjectState, environment: Environment) {
		super(context, environment);
		this.#host = this.createHost(context, environment);
		this.#room = new Room(this.#host);
		// Wakes no object, and costs a fifth.
		context.setWebSocketAutoResponse(new WebSocketRequestResponsePair(BARE_PING, BARE_PONG));
	}

	/** A test may put itself between. */
	protected createHost(context: DurableObjectState, environment: Environment): ObjectHost {
		return new ObjectHost(context, environment);
	}

	override async fetch(request: Request): Promise<Response> {
		if (request.headers.get('upgrade') === null) {
			const [, ...path] = new URL(request.url).pathname.split('/').map(decodeURIComponent);
			return this.#room.answer(request, path);
		}
		const { 0: theirs, 1: ours } = new WebSocketPair();
		this.ctx.acceptWebSocket(ours);
		this.#room.connect(this.#host.linkOf(ours), request.headers);
		return new Response(null, { status: 101, webSocket: theirs });
	}

	override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
		this.#room.receive(this.#host.linkOf(socket), message);
	}

	override webSocketClose(socket: WebSocket): void {
		this.#room.disconnect(this.#host.linkOf(socket));
	}

	override webSocketError(socket: WebSocket): void {
		this.#room.disconnect(this.#host.linkOf(socket));
	}
}

function createEdgeHost(environment: Environment): EdgeHost {
	const { CHANNEL, SITE, LIVE_FEED_CONTROL } = environment;
	return {
		get services() {
			return openIsolate(environment);
		},
		controlSecret: LIVE_FEED_CONTROL || undefined,
		fetchFile: (path) => SITE.fetch(`http://site${path}`),
		fetchChannel: (channel, path, asked) => CHANNEL.getByName(channel).fetch(`${INSIDE}${path}`, asked as RequestInit),
	};
}

export default {
	fetch(request: Request, environment: Environment): Promise<Response> {
		const host = createEdgeHost(environment);
		return answerSite(request, host.fetchFile, () => answerRequest(request, host));
	},
};
