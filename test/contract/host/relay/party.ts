// The cases of the log's contract on PartyKit, each in a room of its own with its own storage.
// Knows PartyKit; never knows what a case checks.
import type * as Party from 'partykit/server';
import { type EngineStorage, runCase } from './run-case.ts';

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

	onRequest(request: Party.Request): Promise<Response> {
		return runCase(request as unknown as Request, this.room.storage as unknown as EngineStorage); // its methods
	}
}
