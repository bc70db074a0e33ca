// The relay on Durable Objects: a channel is one object with SQLite storage whose sockets hibernate.
// Knows Workers, on Cloudflare and in a workerd of this machine; never knows what a request or a message means.
import { DurableObject } from 'cloudflare:workers';
import { answerRequest, type EdgeHost, RECOUNT } from '../edge.ts';
import type { Host, Link, Mark } from '../host.ts';
import { answerSite } from '../http/site.ts';
import type { Identity } from '../identity.ts';
import type { KeyValueStorage } from '../log-storage.ts';
import { BARE_PING, BARE_PONG } from '../protocol/limits.ts';
import { Room } from '../room.ts';
import type { ChannelReport } from '../services/channel-report.ts';
import { Collector } from '../services/collector.ts';
import { ObjectServices, type RemoteCollector } from '../services/object-services.ts';
import { RemoteServices, type RemoteSummary } from '../services/remote-services.ts';
import type { ChannelServices } from '../services/services.ts';
import { readSettings } from '../settings.ts';
import { openIsolate } from './isolate.ts';
import { ObjectFiles } from './object-files.ts';

/** What the configuration binds, beside the settings of the relay. */
export interface Environment extends Record<string, unknown> {
	CHANNEL: DurableObjectNamespace<Channel>;
	/** Bound where objects may be in other isolates: there one object has what belongs to the whole relay. */
	RELAY?: DurableObjectNamespace<Relay>;
	/** Names the deployment, where the platform does. */
	VERSION?: { id: string };
	/** The built site. */
	SITE: Fetcher;
	/** The folder that holds the objects' files, where the relay runs on one machine. */
	FILES?: Fetcher;
	LIVE_FEED_CONTROL?: string;
}

/** All channels report to the object of this name. */
const RELAY_NAME = 'relay';
/** Requests between the edge and an object have no host of their own. */
const INSIDE = 'http://channel';

/** Undefined where the relay does not see them. */
function openFiles({ FILES, CHANNEL }: Environment): ObjectFiles | undefined {
	return FILES && new ObjectFiles(FILES, (channel) => String(CHANNEL.idFromName(channel)));
}

/** The stub has the same methods, by RPC. */
function findRelay(relay: DurableObjectNamespace<Relay>): RemoteCollector & RemoteSummary {
	return relay.getByName(RELAY_NAME) as unknown as RemoteCollector & RemoteSummary;
}

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
	#services: ObjectServices | undefined;

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

	get file(): string | undefined {
		return openFiles(this.#environment)?.nameOf(this.name);
	}

	get mark(): Mark | undefined {
		return openFiles(this.#environment)?.markOf(this.name);
	}

	readonly abandon = (reason: string): void => this.#context.abort(reason);

	get services(): ChannelServices {
		const { RELAY } = this.#environment;
		if (!RELAY) return openIsolate(this.#environment);
		this.#services ??= new ObjectServices(this.name, this.#environment, findRelay(RELAY));
		return this.#services;
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

/** The one object to which all channels report, where they may be in other isolates. */
export class Relay extends DurableObject<Environment> {
	readonly #collector: Collector;

	constructor(context: DurableObjectState, environment: Environment) {
		super(context, environment);
		this.#collector = new Collector({
			storage: context.storage as unknown as KeyValueStorage, // its methods of these names
			limits: readSettings(environment).limits,
			clock: () => Date.now(),
			deployment: environment.VERSION?.id ?? '',
			recount: (channel) => environment.CHANNEL.getByName(channel).fetch(`${INSIDE}/${RECOUNT}`, { method: 'POST' }),
		});
	}

	report(report: ChannelReport) {
		return this.#collector.report(report);
	}

	openChannel(who: Identity) {
		return this.#collector.openChannel(who);
	}

	summarise() {
		return this.#collector.summarise();
	}

	connectedChannels() {
		return this.#collector.connectedChannels();
	}
}

function createEdgeHost(environment: Environment): EdgeHost {
	const { CHANNEL, RELAY, SITE, LIVE_FEED_CONTROL } = environment;
	return {
		get services() {
			return RELAY ? new RemoteServices(environment, findRelay(RELAY)) : openIsolate(environment);
		},
		controlSecret: LIVE_FEED_CONTROL || undefined,
		// Cloudflare redirects a path with a bare @ to this form.
		fetchFile: (path) => SITE.fetch(`http://site${path.replaceAll('@', '%40')}`),
		files: openFiles(environment),
		fetchChannel: (channel, path, asked) => CHANNEL.getByName(channel).fetch(`${INSIDE}${path}`, asked as RequestInit),
	};
}

export default {
	fetch(request: Request, environment: Environment): Promise<Response> {
		const host = createEdgeHost(environment);
		return answerSite(request, host.fetchFile, () => answerRequest(request, host));
	},
};
