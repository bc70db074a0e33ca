// What the fuzzed relay has beside the relay: an address that shows the prototypes in its isolate, two channels on which the
// engine fails, and some whose epoch is known before, so that events can be named.
// Knows the built-in objects that JSON could reach; never knows an engine, nor what the relay does.
import type { KeyValueStorage } from '../../../../relay/log-storage.ts';

const REACHABLE = [Object.prototype, Array.prototype, String.prototype, Number.prototype, Boolean.prototype, Function];
const NO_DISK = 'no-disk';
const NO_SETTINGS = 'no-settings';
/** Channels on which no innocent reads, and their epoch. */
const NAMED = /^fuzz-[2-7]$/;
const EPOCH = 'fuzz';

/** Every property of them; what was changed or added looks otherwise. */
function describe(object: object): string[] {
	return Reflect.ownKeys(object).map((key) => {
		const { value, get, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(object, key) ?? {};
		const what = typeof value === 'object' ? 'object' : (value ?? get);
		return [key, what, writable, enumerable, configurable].map(String).join(' ');
	});
}

/** `GET /fuzz/prototypes`; undefined for every other address. */
export function answerPrototypes(request: Request): Promise<Response> | undefined {
	if (new URL(request.url).pathname !== '/fuzz/prototypes') return undefined;
	const inherited = [];
	for (const key in {}) inherited.push(key);
	return Promise.resolve(Response.json({ inherited, prototypes: REACHABLE.map(describe) }));
}

/** @throws Error on the channel that has no settings */
export function checkSettings(channel: string): void {
	if (channel === NO_SETTINGS) throw new Error('fuzzed: there are no settings');
}

/**
 * The channel's storage, which for some knows the epoch from the beginning on.
 * @throws Error on the channel that has no disk
 */
export function breakStorage(channel: string, storage: KeyValueStorage): KeyValueStorage {
	if (channel === NO_DISK) throw new Error('fuzzed: there is no disk');
	if (!NAMED.test(channel)) return storage;
	return new Proxy(storage, {
		get(target, name) {
			const value: unknown = Reflect.get(target, name, target);
			if (typeof value !== 'function') return value;
			if (name !== 'get') return value.bind(target);
			return async (key: string) => (await target.get(key)) ?? (key === 'head' ? { epoch: EPOCH } : undefined);
		},
	});
}
