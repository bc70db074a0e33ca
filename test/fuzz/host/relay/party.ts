// The relay as it is, one address more that shows the prototypes in its isolate, two channels on which the engine fails, and
// some whose epoch is known before, so that events can be named.
// Knows the built-in objects that JSON could reach; never knows who asks, nor what the relay does.
import type * as Party from 'partykit/server';
import Relay from '../../../../relay/hosts/partykit.ts';

const REACHABLE = [Object.prototype, Array.prototype, String.prototype, Number.prototype, Boolean.prototype, Function];

/** Every property of them; what was changed or added looks otherwise. */
function describe(object: object): string[] {
	return Reflect.ownKeys(object).map((key) => {
		const { value, get, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(object, key) ?? {};
		const what = typeof value === 'object' ? 'object' : (value ?? get);
		return [key, what, writable, enumerable, configurable].map(String).join(' ');
	});
}

/** What goes wrong on a channel of this name when the relay asks the engine for it. */
const BROKEN: Record<string, keyof Party.Room> = { 'no-disk': 'storage', 'no-settings': 'env' };

/** Channels on which no innocent reads, and their epoch. */
const NAMED = /^fuzz-[2-7]$/;
const EPOCH = 'fuzz';

/** A storage that knows the epoch from the beginning on. */
function nameEpoch(storage: Party.Storage): Party.Storage {
	return new Proxy(storage, {
		get(target, name) {
			const value: unknown = Reflect.get(target, name, target);
			if (typeof value !== 'function') return value;
			if (name !== 'get') return value.bind(target);
			return async (key: string) => (await target.get(key)) ?? (key === 'head' ? { epoch: EPOCH } : undefined);
		},
	});
}

function breakRoom(room: Party.Room): Party.Room {
	const broken = BROKEN[room.id];
	if (broken === undefined && !NAMED.test(room.id)) return room;
	return new Proxy(room, {
		get(target, name) {
			if (name === 'storage' && broken === undefined) return nameEpoch(target.storage);
			if (name === broken) throw new Error(`fuzzed: there is no ${broken}`);
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
}

// biome-ignore lint/style/noDefaultExport: PartyKit requires one
export default class FuzzedRelay extends Relay {
	constructor(room: Party.Room) {
		super(breakRoom(room));
	}

	static override async onFetch(request: Party.Request, lobby: Party.FetchLobby): Promise<Response> {
		if (new URL(request.url).pathname !== '/fuzz/prototypes') return Relay.onFetch(request, lobby);
		const inherited = [];
		for (const key in {}) inherited.push(key);
		return Response.json({ inherited, prototypes: REACHABLE.map(describe) });
	}
}
