// One connection for all who want the same of a relay: the last to leave closes it.
// Knows who uses a client and which types each of them wants; never knows what they are.
import { type ClientOptions, FeedClient } from './feed-client.ts';
import { checkTypes } from './subscriptions.ts';

const clients = new Map<string, SharedClient>();
const users = new WeakMap<object, FeedClient>();

export class SharedClient {
	readonly client: FeedClient;
	readonly #key: string;
	/** What each user wants to be transferred; undefined for all. */
	readonly #wishes = new Map<object, readonly string[] | undefined>();

	private constructor(key: string, options: ClientOptions) {
		this.#key = key;
		this.client = new FeedClient(options);
	}

	/**
	 * A client for the same relay, channel and types, which is there already or begins.
	 * @throws FeedError as `FeedClient` does
	 */
	static join(user: object, options: ClientOptions): SharedClient {
		const { relay, channel, types, history = '', token, tokenUrl, getToken } = options;
		// Who begins as no other may, was refused, or has a token that may become another's, is on his own.
		const own = /^\d*[smhd]?$/.test(String(history)) ? '' : history;
		const key = [relay, channel, types, own, token, tokenUrl].join('\n');
		const known = clients.get(key);
		const isSame = !token && known?.client.getToken === getToken && known?.client.connection !== 'refused';
		const shared = known && isSame ? known : new SharedClient(key, options);
		clients.set(key, shared);
		shared.want(user, types);
		users.set(user, shared.client);
		return shared;
	}

	/** The client that a user has joined last. */
	static of(user: object): FeedClient | undefined {
		return users.get(user);
	}

	/**
	 * Changes what a user wants: transferred is what any of them does.
	 * @throws FeedError `invalid-parameter`
	 */
	want(user: object, types: readonly string[] | undefined): void {
		this.#wishes.set(user, checkTypes(types));
		this.#transfer();
	}

	leave(user: object): void {
		this.#wishes.delete(user);
		users.delete(user);
		if (this.#wishes.size > 0) this.#transfer();
		else {
			if (clients.get(this.#key) === this) clients.delete(this.#key);
			this.client.close();
		}
	}

	#transfer(): void {
		const wishes = [...this.#wishes.values()];
		this.client.setTypes(wishes.includes(undefined) ? undefined : [...new Set(wishes.flatMap((types) => types ?? []))]);
	}
}
