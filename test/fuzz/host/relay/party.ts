// The fuzzed relay on PartyKit. cloudflare.ts beside it is the same on Durable Objects.
// Knows PartyKit; never knows who asks, nor what the relay does.
import type * as Party from 'partykit/server';
import Relay from '../../../../relay/hosts/partykit.ts';
import type { KeyValueStorage } from '../../../../relay/log-storage.ts';
import { answerPrototypes, breakStorage, checkSettings } from './broken.ts';

function breakRoom(room: Party.Room): Party.Room {
	return new Proxy(room, {
		get(target, name) {
			if (name === 'storage') return breakStorage(target.id, target.storage as unknown as KeyValueStorage); // its methods
			if (name === 'env') checkSettings(target.id);
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
}

export default class FuzzedRelay extends Relay {
	constructor(room: Party.Room) {
		super(breakRoom(room));
	}

	static override onFetch(request: Party.Request, lobby: Party.FetchLobby): Promise<Response> {
		return answerPrototypes(request as unknown as Request) ?? Relay.onFetch(request, lobby);
	}
}
