// An object without any of our code: what comes from a publisher is stored and goes to every viewer. What the engine takes.
// Knows objects and their sockets; never knows what is said. Started by workerd.ts.
import { DurableObject } from 'cloudflare:workers';

/** The tag of publishers' sockets, which are sent nothing. */
const PUBLISHER = 'publisher';
/** So many messages are stored, as the relay keeps them unless told otherwise. */
const KEPT = 10_000;
const encoder = new TextEncoder();

export class Channel extends DurableObject {
	#viewers: Set<WebSocket> | undefined;
	#count = 0;

	override async fetch(request: Request): Promise<Response> {
		if (request.method === 'POST') {
			this.#take(await request.text());
			return new Response(null, { status: 201 });
		}
		const { 0: theirs, 1: ours } = new WebSocketPair();
		const isPublisher = new URL(request.url).searchParams.has(PUBLISHER);
		this.ctx.acceptWebSocket(ours, isPublisher ? [PUBLISHER] : []);
		if (!isPublisher) this.#findViewers().add(ours);
		return new Response(null, { status: 101, webSocket: theirs });
	}

	override webSocketMessage(_: WebSocket, message: string): void {
		this.#take(message);
	}

	#take(message: string): void {
		void this.ctx.storage.put(String(++this.#count), message); // the engine holds back what is sent until it is on disk
		if (this.#count > KEPT) void this.ctx.storage.delete(String(this.#count - KEPT));
		const bytes = encoder.encode(message);
		for (const viewer of this.#findViewers()) viewer.send(bytes);
	}

	override webSocketClose(socket: WebSocket): void {
		this.#findViewers().delete(socket);
	}

	/** Those of before it slept too. */
	#findViewers(): Set<WebSocket> {
		this.#viewers ??= new Set(
			this.ctx.getWebSockets().filter((socket) => !this.ctx.getTags(socket).includes(PUBLISHER)),
		);
		return this.#viewers;
	}
}

export default {
	fetch(request: Request, { CHANNEL }: { CHANNEL: DurableObjectNamespace<Channel> }): Response | Promise<Response> {
		const { pathname } = new URL(request.url);
		if (pathname === '/health') return new Response(null, { status: 200 });
		return CHANNEL.getByName(pathname.slice(1)).fetch(request);
	},
};
