// A Durable Object as its room sees it: storage, sockets that hibernate, and what belongs to the whole relay.
// Knows the engine's interfaces; never knows what a request or a message means.
import type { Host, Link, Mark } from '../host.ts';
import type { KeyValueStorage } from '../log-storage.ts';
import { ObjectServices } from '../services/object-services.ts';
import type { ChannelServices } from '../services/services.ts';
import { type Environment, findRelay, openFiles } from './environment.ts';
import { openIsolate } from './isolate.ts';

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
