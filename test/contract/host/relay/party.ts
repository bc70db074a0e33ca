// Runs the cases of the log's contract inside the engine, each in a room of its own with its own storage.
// Knows PartyKit and how a case is named; never knows what a case checks.
import type * as Party from 'partykit/server';
import type { KeyValueStorage } from '../../../../relay/log-storage.ts';
import { StorageLog } from '../../../../relay/log-storage.ts';
import { CHANGE_CASES } from '../../change-cases.ts';
import { CountingStorage } from '../../counting-storage.ts';
import { CASES, type LogHost } from '../../log-cases.ts';

// biome-ignore lint/style/noDefaultExport: PartyKit requires one
export default class Contract implements Party.Server {
	readonly options = { hibernate: true };
	readonly room: Party.Room;

	constructor(room: Party.Room) {
		this.room = room;
	}

	static async onFetch(request: Party.Request, lobby: Party.FetchLobby): Promise<Response> {
		const url = new URL(request.url);
		if (url.pathname === '/health') return new Response('ok');
		const room = lobby.parties.main?.get(crypto.randomUUID());
		if (!room) throw new Error('PartyKit has no main party');
		return room.fetch(`/${url.search}`);
	}

	async onRequest(request: Party.Request): Promise<Response> {
		const parameters = new URL(request.url).searchParams;
		const run = { ...CASES, ...CHANGE_CASES }[parameters.get('case') ?? ''];
		if (!run) return new Response('no such case', { status: 404 });
		const storage = new CountingStorage(this.room.storage as unknown as KeyValueStorage); // its methods
		const failures: unknown[] = [];
		const clock = { now: 1_800_000_000_000 };
		const host: LogHost = {
			clock,
			seed: Number(parameters.get('seed')),
			traffic: storage.traffic,
			async open(retention = {}) {
				const options = {
					retention: { entries: 100_000, ageMs: undefined, ...retention },
					clock: () => clock.now,
					createEpoch: () => 'k3f9a2',
				};
				const log = new StorageLog(storage, options, (error) => failures.push(error));
				await log.load();
				return log;
			},
			countStored: async (prefix) => (await this.room.storage.list({ prefix })).size,
			search: async (text) => {
				const stored = await this.room.storage.list<Uint8Array>();
				const holds = (value: unknown) => value instanceof Uint8Array && new TextDecoder().decode(value).includes(text);
				return [...stored].flatMap(([key, value]) => (holds(value) ? [key] : []));
			},
			settle: () => storage.settle(),
		};
		try {
			await run(host);
			await storage.settle();
			if (failures.length > 0) throw failures[0];
			return new Response('passed');
		} catch (error) {
			return new Response(error instanceof Error ? (error.stack ?? error.message) : String(error), { status: 500 });
		}
	}
}
