// The thin shell over PartyKit, over a room whose storage fails when it is told to.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { settle } from '../support/channel.ts';

interface Server {
	onRequest(request: Request): Promise<Response>;
	onConnect(connection: TestConnection, context: { request: Request }): void;
	onMessage(message: string, connection: TestConnection): void;
	onClose(connection: TestConnection): void;
}

// Its types are those of workers, which tests do not have: so by an address that is no literal.
const { default: Relay } = (await import(new URL('../../relay/hosts/partykit.ts', import.meta.url).href)) as {
	default: new (room: object) => Server;
};

/** A room's storage in memory; a failing disk is not to be had of the real one. */
class TestStorage {
	readonly stored = new Map<string, unknown>();
	failsToRead = false;
	storesAtOnce = false;
	/** Writes that have begun: called with true they reach the disk. */
	readonly writes: ((isStored: boolean) => void)[] = [];

	async get(key: string): Promise<unknown> {
		if (this.failsToRead) throw new Error('disk');
		return this.stored.get(key);
	}

	async list({
		prefix,
		start = prefix,
		end = `${prefix}~`,
		reverse = false,
		limit,
	}: {
		prefix: string;
		start?: string;
		end?: string;
		reverse?: boolean;
		limit: number;
	}) {
		if (this.failsToRead) throw new Error('disk');
		const keys = [...this.stored.keys()].filter((key) => key >= start && key < end).sort();
		const some = (reverse ? keys.reverse() : keys).slice(0, limit);
		return new Map(some.map((key) => [key, this.stored.get(key)]));
	}

	put(entries: Record<string, unknown>): Promise<void> {
		return new Promise((resolve, reject) => {
			const settle = (isStored: boolean) => {
				if (!isStored) return reject(new Error('disk'));
				for (const [key, value] of Object.entries(entries)) this.stored.set(key, value);
				resolve();
			};
			if (this.storesAtOnce) settle(true);
			else this.writes.push(settle);
		});
	}
}

class TestConnection {
	state: unknown = null;
	readonly messages: Record<string, unknown>[] = [];
	closed: number | undefined;

	send(data: string | Uint8Array): void {
		if (this.closed !== undefined) throw new Error('closed');
		this.messages.push(JSON.parse(typeof data === 'string' ? data : new TextDecoder().decode(data)));
	}

	close(code: number): void {
		this.closed ??= code;
	}

	setState(state: unknown): void {
		this.state = structuredClone(state);
	}
}

function open() {
	const storage = new TestStorage();
	const connections: TestConnection[] = [];
	const room = {
		id: 'room',
		env: {},
		storage,
		getConnections: () => connections.filter(({ closed }) => closed === undefined),
	};
	let relay = new Relay(room);
	const request = (method: string, body?: string, accept = 'application/json') =>
		relay.onRequest(
			new Request('http://relay/parties/main/room/events', {
				method,
				headers: { accept, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
				...(body === undefined ? {} : { body }),
			}),
		);
	return {
		storage,
		publish: (text: string) => request('POST', JSON.stringify({ text })),
		read: async () => (await (await request('GET')).json()) as { events: { text: string; seq: number }[] },
		presence: async () => (await relay.onRequest(new Request('http://relay/parties/main/room/presence'))).json(),
		stream: () => request('GET', undefined, 'application/x-ndjson'),
		connect() {
			const connection = new TestConnection();
			connections.push(connection);
			relay.onConnect(connection, { request: new Request('http://relay/') });
			return {
				connection,
				say: (message: object) => relay.onMessage(JSON.stringify(message), connection),
				leave: () => relay.onClose(connection),
			};
		},
		/** The room's memory is gone, its sockets and what they remember are not. */
		sleep() {
			relay = new Relay(room);
		},
	};
}

describe('a relay whose storage fails', () => {
	beforeEach(() => {
		vi.spyOn(console, 'error').mockImplementation(() => {});
		// The engine's own pipe, with its back-pressure.
		vi.stubGlobal(
			'IdentityTransformStream',
			class extends TransformStream {
				constructor(options: { highWaterMark: number }) {
					super({}, { ...options, size: (chunk) => chunk.length }, { highWaterMark: 0 });
				}
			},
		);
	});

	afterEach(() => {
		vi.restoreAllMocks();
		vi.unstubAllGlobals();
	});

	it('[ERR4] serves nothing before the log is loaded, and tries again to load what could not be', async () => {
		const { storage, publish, read } = open();
		storage.failsToRead = true;
		expect((await publish('a')).status).toBe(503);
		expect((await publish('b')).status).toBe(503);
		storage.failsToRead = false;
		const answer = publish('c');
		await expect.poll(() => storage.writes.length).toBe(1);
		storage.writes.shift()?.(true);
		expect((await answer).status).toBe(201);
		expect((await read()).events).toMatchObject([{ text: 'c', seq: 1 }]);
	});

	it('[ERR4] a write that fails ends the channel: drafts that wait are refused and never stored, streams and sockets end', async () => {
		const { storage, publish, read, stream, connect } = open();
		const { connection, say } = connect();
		say({ type: 'hello', protocol: 1 });
		const reader = (await stream()).body?.getReader();
		await expect.poll(() => connection.messages.length).toBe(1);
		const first = publish('a');
		await expect.poll(() => storage.writes.length).toBe(1);
		await first; // nothing holds it here as the engine's output gate does
		// Both wait: the last broadcast has not drained when the first is handed in.
		vi.useFakeTimers({ toFake: ['setTimeout'] });
		const second = publish('b');
		await settle();
		const third = publish('c');
		await settle();
		expect(storage.writes).toHaveLength(2);
		storage.writes[0]?.(false);
		vi.useRealTimers();
		expect((await third).status).toBe(503);
		await second;
		expect(connection.messages.at(-1)).toMatchObject({ type: 'error', code: 'storage-failed' });
		expect(connection.closed).toBe(4503);
		const all = async () => {
			while (!(await reader?.read())?.done);
		};
		await expect(all()).rejects.toThrow();
		storage.writes[1]?.(false);
		await settle();
		expect(storage.writes).toHaveLength(2); // nothing commits into the old log
		// The old log's later failure is not the new one's.
		const again = publish('d');
		await expect.poll(() => storage.writes.length).toBe(3);
		storage.writes[2]?.(true);
		expect((await again).status).toBe(201);
		expect((await read()).events).toMatchObject([{ text: 'd', seq: 1 }]);
	});

	it('[WIN6] what a socket remembers is saved before the room sleeps, and is in force after it', async () => {
		const { storage, connect, sleep, publish } = open();
		const { connection, say, leave } = connect();
		say({ type: 'hello', protocol: 1, types: ['message'] });
		await expect.poll(() => connection.messages.length).toBe(1);
		const bytes = JSON.stringify(connection.messages[0]).length;
		say({ type: 'seen', bytes: 10 });
		await expect.poll(() => connection.state).toMatchObject({ types: ['message'], seen: 10, outstanding: bytes - 10 });
		sleep();
		say({ type: 'seen', bytes: 20 });
		await expect.poll(() => connection.state).toMatchObject({ types: ['message'], seen: 20, outstanding: bytes - 20 });
		const answer = publish('a');
		await expect.poll(() => storage.writes.length).toBe(1);
		storage.writes.shift()?.(true);
		await answer;
		expect(connection.messages.at(-1)).toMatchObject({ type: 'entries', from: 1, to: 1 });
		leave();
	});

	it('[WIN6] a viewer who was behind when the room fell asleep is sent the rest when he confirms, though nothing else wakes it', async () => {
		const { storage, connect, sleep, publish } = open();
		storage.storesAtOnce = true;
		const { connection, say, leave } = connect();
		say({ type: 'hello', protocol: 1 });
		await expect.poll(() => connection.messages.length).toBe(1);
		for (let index = 0; index < 80; index++) await publish('x'.repeat(8000));
		const seqs = () =>
			connection.messages.flatMap((message) => (message.entries ?? []) as { seq: number }[]).map(({ seq }) => seq);
		const had = seqs().length;
		expect(had).toBeLessThan(70);
		await expect.poll(() => connection.state).toMatchObject({ types: null, position: had });
		sleep();
		say({ type: 'seen', bytes: 1 });
		await settle();
		expect(seqs()).toHaveLength(had);
		say({ type: 'seen', bytes: 500_000 });
		await expect.poll(() => seqs().length).toBe(80);
		expect(seqs()).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
		leave();
	});

	it('[PRES7] [PRES10] who is here outlasts the sleep, and who leaves during it is missed', async () => {
		const { connect, sleep, presence } = open();
		const join = (name: string) => {
			const person = connect();
			person.say({ type: 'hello', protocol: 1, presence: { name } });
			return person;
		};
		const [ada, tim, grace] = [join('Ada'), join('Tim'), join('Grace')];
		await expect.poll(() => grace.connection.messages.at(-1)).toMatchObject({ type: 'presence', total: 3 });
		await expect
			.poll(() => ada.connection.messages.at(-1))
			.toMatchObject({ joined: [{ name: 'Ada' }, { name: 'Tim' }, { name: 'Grace' }] });
		sleep();
		expect(await presence()).toMatchObject({ total: 3, people: [{ name: 'Ada' }, { name: 'Tim' }, { name: 'Grace' }] });
		sleep();
		tim.leave();
		await expect
			.poll(() => ada.connection.messages.at(-1))
			.toMatchObject({ type: 'presence', total: 2, joined: [], left: [{ name: 'Tim' }] });
		expect(await presence()).toMatchObject({ total: 2 });
		for (const { leave } of [ada, grace]) leave();
	});
});
