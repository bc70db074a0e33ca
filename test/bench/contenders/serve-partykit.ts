// A room of PartyKit without any of our code: what comes from a publisher is stored and goes to every viewer. What the engine takes.
// Knows rooms and their sockets; never knows what is said. Started by partykit.ts.
import type * as Party from 'partykit/server';

/** The names of publishers' connections begin so: they are sent nothing. */
const PUBLISHER = 'publisher';
/** So many messages are stored, as the relay keeps them unless told otherwise. */
const KEPT = 10_000;
const encoder = new TextEncoder();

export default class Hub implements Party.Server {
	/** Asked whether it is ready. */
	static onFetch(): Response {
		return new Response(null, { status: 200 });
	}

	readonly options = { hibernate: true };
	readonly room: Party.Room;
	#viewers: Set<Party.Connection> | undefined;
	#count = 0;

	constructor(room: Party.Room) {
		this.room = room;
	}

	onConnect(connection: Party.Connection): void {
		if (isViewer(connection)) this.#findViewers().add(connection);
	}

	onClose(connection: Party.Connection): void {
		this.#findViewers().delete(connection);
	}

	onMessage(message: string): void {
		this.#take(message);
	}

	async onRequest(request: Party.Request): Promise<Response> {
		this.#take(await request.text());
		return new Response(null, { status: 201 });
	}

	#take(message: string): void {
		void this.room.storage.put(String(++this.#count), message); // the engine holds back what is sent until it is on disk
		if (this.#count > KEPT) void this.room.storage.delete(String(this.#count - KEPT));
		const bytes = encoder.encode(message);
		for (const viewer of this.#findViewers()) viewer.send(bytes);
	}

	/** Those of before it slept too. */
	#findViewers(): Set<Party.Connection> {
		this.#viewers ??= new Set([...this.room.getConnections()].filter(isViewer));
		return this.#viewers;
	}
}

function isViewer({ id }: Party.Connection): boolean {
	return !id.startsWith(PUBLISHER);
}
