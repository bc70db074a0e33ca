// The token of a client: had before a line is opened, put into its hello, renewed before it expires, and never used beyond that.
// Knows where a token comes from and until when it holds; never knows what else is said, or keeps it anywhere but here.
import { FeedError } from '../../relay/protocol/errors.ts';
import { findStorage } from './browser-storage.ts';
import type { Outbox } from './outbox.ts';
import type { CreateTransport } from './transport.ts';

/** A token goes in this header and never in an address (RFC 6750, 2.1); an author's key goes beside it. */
export function authorise(token: string | undefined, author?: string): Record<string, string> {
	return {
		...(token ? { authorization: `Bearer ${token}` } : {}),
		...(author ? { 'live-feed-author': author } : {}),
	};
}

/** A new one is had a minute before a token ends, or at half of one that is short: pages and networks may be slow. */
const LEFT = 0.5;
const MOST_LEFT_MS = 60_000;
const LEAST_LEFT_MS = 500;
/** Another try where none could be had, and the longest that a timer waits; milliseconds. */
const RETRY_MS = 5000;
const LONGEST_MS = 2_000_000_000;
/** An address that has not answered by then will not; milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;

/** Where a token comes from: one of these. */
export interface CredentialSource {
	/** A token, for as long as it holds. */
	token?: string | undefined;
	/** Answers a token whenever a new one is needed; none where it answers nothing. */
	getToken?: (() => string | undefined | Promise<string | undefined>) | undefined;
	/** Address that answers a token, as text or as `{"token": "…"}`, to the page's own credentials. */
	tokenUrl?: string | undefined;
}

/** The client whose token it is. */
interface Bearer {
	/** Says hello again, on the line that is open. */
	renew(): void;
	/** Drops the line and opens another. */
	restart(): void;
}

export class Credentials {
	readonly #source: CredentialSource;
	readonly #bearer: Bearer;
	readonly #outbox: Outbox;
	readonly #url: string;
	#token: string | undefined;
	/** By this device's clock; undefined where it is not known. */
	#expires: number | undefined;
	/** One was refused, and the relay has taken none since. */
	#wasRefused = false;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#asking: Promise<void> | undefined;
	/** There is a line, or one is on its way. */
	#isOpen = false;

	/** @param outbox Drafts that are this reader's, and nobody else's. */
	constructor(source: CredentialSource, outbox: Outbox, bearer: Bearer) {
		this.#source = source;
		this.#bearer = bearer;
		this.#outbox = outbox;
		this.#url = outbox.prefix;
		this.#take(source.token);
	}

	/** Of each request. */
	get headers(): Record<string, string> {
		return authorise(this.#isOver() ? undefined : this.#token);
	}

	/** Another, from the page itself. Answers whether the present line goes on with it. */
	set(token: string | undefined): boolean {
		this.#take(token);
		this.#wasRefused = false;
		// A hello without one would leave the reader who he was.
		if (!token || !this.#isOpen) return false;
		this.#bearer.renew();
		return true;
	}

	/** The same transport, whose lines are opened with a token and whose hellos bring it. */
	wrap(create: CreateTransport): CreateTransport {
		return (url, handlers) => {
			let attempts = 0;
			const inner = create(url, {
				...handlers,
				onMessage: (text) => this.#hear(text) || handlers.onMessage(text),
				onClose: (code, reason) => {
					this.#isOpen = false;
					handlers.onClose(code, reason);
				},
			});
			return {
				open: () => {
					inner.close();
					const attempt = ++attempts;
					this.#isOpen = false;
					this.#prepare().then(
						() => {
							if (attempt !== attempts) return;
							this.#isOpen = true;
							inner.open();
						},
						({ code, message }: FeedError) => {
							if (attempt !== attempts) return;
							const retryable = code !== 'token-needed';
							handlers.onMessage(JSON.stringify({ type: 'error', code, message, retryable }));
							if (retryable) handlers.onClose(0, '');
						},
					);
				},
				send: (text) => {
					// This device has slept: what is over is not shown to anybody. What waits is sent once there is another.
					if (this.#isOpen && this.#isRenewable && this.#isOver()) {
						if (!this.#asking) this.#bearer.restart();
						return false;
					}
					const isHello = this.#token !== undefined && text.startsWith('{"type":"hello"');
					return inner.send(isHello ? `{"type":"hello","token":${JSON.stringify(this.#token)}${text.slice(15)}` : text);
				},
				close: () => {
					attempts++;
					this.#isOpen = false;
					clearTimeout(this.#timer);
					inner.close();
				},
			};
		};
	}

	/** Learns from what the relay says of the token. Answers whether that is nobody else's matter. */
	#hear(text: string): boolean {
		if (!/^\{"type":"(welcome|error)"/.test(text)) return false;
		const { type, code = '', ref, expires, time } = JSON.parse(text);
		if (type === 'welcome') {
			this.#wasRefused = false;
			if (expires) {
				this.#expires = expires - time + Date.now();
				this.#wait();
			}
			return false;
		}
		if (ref !== undefined || !code.startsWith('token') || !this.#isRenewable) return false;
		this.#token = undefined;
		// Once: one that has just been had and is refused too is final, until somebody wants to try again.
		if (this.#wasRefused) return false;
		this.#wasRefused = true;
		this.#bearer.restart();
		return true;
	}

	get #isRenewable(): boolean {
		return !!(this.#source.getToken || this.#source.tokenUrl);
	}

	/** Will it be refused by then? */
	#isOver(soonMs = 0): boolean {
		return this.#expires !== undefined && Date.now() >= this.#expires - soonMs;
	}

	/** A token that holds, where one can be had. */
	async #prepare(): Promise<void> {
		if (this.#isRenewable && (this.#token === undefined || this.#isOver(LEAST_LEFT_MS))) await this.#ask();
	}

	/** Until it is time for a new one. */
	#wait(retryMs?: number): void {
		clearTimeout(this.#timer);
		if (!this.#isRenewable || this.#expires === undefined || !this.#isOpen) return;
		const left = this.#expires - Date.now();
		const wait = retryMs ?? left - Math.max(Math.min(left * LEFT, MOST_LEFT_MS), LEAST_LEFT_MS);
		const run = wait > LONGEST_MS ? () => this.#wait() : () => void this.#renew();
		this.#timer = setTimeout(run, Math.min(Math.max(wait, 0), LONGEST_MS));
	}

	/** On the open line while the old one holds; after that, on another. */
	async #renew(): Promise<void> {
		const expires = this.#expires ?? 0;
		try {
			await this.#ask();
			if (!this.#isOpen) return;
			if (Date.now() < expires) this.#bearer.renew();
			else this.#bearer.restart();
		} catch (error) {
			// Nobody who may have one any more: it is said at once, and not only when the old one is over.
			if ((error as FeedError).code === 'token-needed' && this.#isOpen) {
				this.#token = undefined;
				this.#bearer.restart();
			} else this.#wait(RETRY_MS);
		}
	}

	#ask(): Promise<void> {
		this.#asking ??= this.#fetch()
			.then((token) => this.#take(token))
			.finally(() => {
				this.#asking = undefined;
			});
		return this.#asking;
	}

	/** Goes on with this one, whoever's it is: what another has handed in is kept for him, and not sent under this name. */
	#take(token: string | undefined): void {
		this.#token = token || undefined;
		this.#expires = undefined;
		const subject = token ? subjectOf(token) : undefined;
		const prefix = subject === undefined ? this.#url : `live-feed @${encodeURIComponent(subject)} ${this.#url}`;
		const outbox = this.#outbox;
		if (prefix === outbox.prefix) return;
		const isOther = outbox.prefix !== this.#url;
		if (isOther) outbox.keep();
		const storage = findStorage('localStorage') ?? {};
		const kept = outbox.waiting.filter(({ name }) => name);
		for (const own of outbox.waiting) {
			if (isOther) outbox.take(own.ref, true)?.reject(new FeedError('closed', 'It was handed in by somebody else.'));
			else if (own.name) {
				delete storage[own.name];
				delete own.name;
			}
		}
		outbox.prefix = prefix;
		if (kept.length > 0) outbox.keep();
	}

	/** @throws FeedError `token-needed` where there is none for this reader, `token-unavailable` where there is none now */
	async #fetch(): Promise<string | undefined> {
		const { getToken, tokenUrl } = this.#source;
		try {
			if (getToken) return (await getToken()) || undefined;
			const response = await fetch(tokenUrl as string, {
				credentials: 'include',
				cache: 'no-store',
				headers: { accept: 'application/json, text/plain' },
				signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
			});
			if (response.status === 401 || response.status === 403)
				throw new FeedError('token-needed', 'There is no token for you here.');
			if (!response.ok) throw new Error(String(response.status));
			const text = (await response.text()).trim();
			return (text.startsWith('{') ? JSON.parse(text).token : text) || undefined;
		} catch (error) {
			// What it says of itself is not passed on: it may hold anything.
			throw error instanceof FeedError && error.code === 'token-needed'
				? error
				: new FeedError('token-unavailable', 'No token can be had; it is tried again.');
		}
	}
}

/** Whom the relay will take its bearer for: no more than a label here, since it is the relay that looks at the signature. */
function subjectOf(token: string): string | undefined {
	try {
		const [, claims = ''] = token.split('.');
		const text = atob(claims.replace(/-/g, '+').replace(/_/g, '/'));
		return String(JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (byte) => byte.charCodeAt(0)))).sub);
	} catch {
		return undefined; // none that a relay takes
	}
}
