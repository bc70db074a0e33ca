// The relay on Durable Objects: a channel is one object with SQLite storage whose sockets hibernate.
// Knows Workers, on Cloudflare and in a workerd of this machine; never knows what a request or a message means.
import { DurableObject } from 'cloudflare:workers';
import { answerRequest, type EdgeHost } from '../edge.ts';
import { answerSite } from '../http/site.ts';
import { BARE_PING, BARE_PONG } from '../protocol/limits.ts';
import { Room } from '../room.ts';
import { RemoteServices } from '../services/remote-services.ts';
import { type Environment, findRelay, INSIDE, openFiles } from './environment.ts';
import { openIsolate } from './isolate.ts';
import { ObjectHost } from './object-host.ts';

export { Relay } from './relay-object.ts';

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
