// Events of a program, on their way to one channel: in order, each once, bounded, and never in the program's way.
// Knows what waits, when to try again and when to give up; never knows the forms of answers or what the program is.
import { type ErrorCode, FeedError } from '../../relay/protocol/errors.ts';
import type { ChangeDraft, Draft, Receipt } from '../../relay/protocol/event.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES } from '../../relay/protocol/limits.ts';
import { parseChannel } from '../../relay/protocol/types.ts';
import { mendJson } from '../../relay/protocol/well-formed.ts';
import { parseRelay } from '../client/relay-address.ts';
import { type Answer, postDrafts, type Refusal, type Result } from './request.ts';

export interface PublisherOptions {
	/** The relay's address, such as `https://relay.example.org`. */
	relay: string;
	channel: string;
	/** Proves who publishes. A function is called before the first request, and again when the relay no longer takes what it gave. */
	token?: string | (() => string | Promise<string>) | undefined;
	/**
	 * Hears of every event that is lost, with the reason; what is only late is not told of. Unless given, `console.error`
	 * has one line a minute at the most.
	 */
	onError?: ((error: FeedError, draft: Draft) => void) | undefined;
	/** Promises of lost events are rejected; unless true, they resolve with undefined. */
	throws?: boolean | undefined;
	/** Events that may wait: 10,000 unless given. The one that would be too many is refused, with `outbox-full`. */
	maxEvents?: number | undefined;
	/** Bytes of JSON that may wait: 8 MiB unless given. */
	maxBytes?: number | undefined;
	/** How long the relay may be away until an event is given up, milliseconds: 5 minutes unless given. */
	maxWaitMs?: number | undefined;
}

interface Waiting {
	/** 1, 2, 3 … in the order in which they were handed in. */
	n: number;
	json: string;
	bytes: number;
	/** When it was handed in. */
	at: number;
	settle(receipt: Receipt | undefined, error?: FeedError): void;
}

/** Before the next attempt. */
interface Pause {
	ms: number;
	/** The relay has asked for it: no flush makes it shorter. */
	isAsked: boolean;
}

const MAX_WAITING_EVENTS = 10_000;
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
const MAX_WAIT_MS = 300_000;
/** Full jitter up to a bound that doubles from the first on, milliseconds. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
/** An answer that has not come by then will not come, milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;
/** How long `flush` and `close` wait unless told, milliseconds. */
const FLUSH_TIMEOUT_MS = 10_000;
/** After a refused token nothing is asked for so long, milliseconds. */
const REFUSED_MS = 60_000;
/** Without `onError`: one line in so long, milliseconds. */
const COMPLAINT_MS = 60_000;

/** Another token may help. */
const TOKEN_CODES: readonly ErrorCode[] = ['token-needed', 'token-invalid', 'token-expired'];

const encoder = new TextEncoder();

export class Publisher<Outcome extends Receipt | undefined = Receipt | undefined> {
	readonly #url: string;
	readonly #options: PublisherOptions;
	readonly #maxWaitMs: number;
	readonly #abort = new AbortController();
	/** Oldest first; the first ones are under way. */
	#waiting: Waiting[] = [];
	#bytes = 0;
	#isWorking = false;
	/** Of one request: less where a relay or proxy does not take so many. */
	#batchEvents = MAX_BATCH_EVENTS;
	#failures = 0;
	/** Ends the present pause, where that may be done. */
	#hurry: (() => void) | undefined;
	#token: string | undefined;
	#isRefreshed = false;
	/** Why nothing is sent until a time. */
	#refusal: { error: FeedError; until: number } | undefined;
	#trouble: FeedError | undefined;
	#handedIn = 0;
	#isTelling = false;
	/** Without `onError`: when it last complained, and how many were lost since. */
	#complainedAt = Number.NEGATIVE_INFINITY;
	#lost = 0;
	/** Called whenever something was settled. */
	readonly #watchers = new Set<() => void>();

	/** @internal */
	constructor(options: PublisherOptions) {
		this.#options = options;
		this.#url = `${parseRelay(options.relay)}/channels/${parseChannel(options.channel)}/events`;
		this.#maxWaitMs = options.maxWaitMs ?? MAX_WAIT_MS;
	}

	/** How many events wait for the relay's receipt. */
	get waiting(): number {
		return this.#waiting.length;
	}

	/** Why what waits is not stored yet, as the last attempt has shown; undefined where nothing stands in its way. */
	get trouble(): FeedError | undefined {
		return this.#waiting.length > 0 ? this.#trouble : undefined;
	}

	/**
	 * Hands an event in, and need not be waited for. A lone string is its type: `publish('deploy.done')`.
	 * Resolves with its receipt once it is stored, and with undefined where it is lost.
	 * @throws FeedError (as a rejection) if `throws` is true: what the relay refuses, `outbox-full`, `relay-unreachable`, `closed`
	 */
	publish(type: string, fields?: Omit<Draft, 'type'>): Promise<Outcome>;
	publish(draft: Draft): Promise<Outcome>;
	publish(first: string | Draft, fields?: Omit<Draft, 'type'>): Promise<Outcome> {
		return new Promise((resolve, reject) => {
			const draft = typeof first === 'string' ? { type: first, ...fields } : first;
			const settle = (receipt: Receipt | undefined, error?: FeedError) => {
				if (error && this.#options.throws) reject(error);
				else resolve(receipt as Outcome); // undefined only where `throws` is not true
			};
			try {
				this.#add(draft, settle);
			} catch (error) {
				this.#lose(Object(draft), settle, error as FeedError); // it throws nothing else
			}
		});
	}

	/**
	 * Changes an event by its id, in the same order as events: `change(id, {status: 'resolved'})`. Resolves as `publish` does.
	 * @throws FeedError as `publish` does
	 */
	change(target: string, fields: Omit<ChangeDraft, 'target'>): Promise<Outcome> {
		return this.publish({ ...fields, target } as Draft); // it goes the same way, and is lost the same way
	}

	/**
	 * Sends what waits now, whatever pause there is, and resolves with true once all that was handed in before is settled,
	 * with false where `timeoutMs` (10 s unless given) pass before.
	 */
	flush(timeoutMs = FLUSH_TIMEOUT_MS): Promise<boolean> {
		const last = this.#handedIn;
		const isDone = () => (this.#waiting[0]?.n ?? Number.POSITIVE_INFINITY) > last;
		if (isDone()) return Promise.resolve(true);
		this.#hurry?.();
		return new Promise((resolve) => {
			const watch = () => {
				if (isDone()) end(true);
			};
			const end = (isFlushed: boolean) => {
				clearTimeout(timer);
				this.#watchers.delete(watch);
				resolve(isFlushed);
			};
			// This one holds the process: whoever flushes wants it to live for so long.
			const timer = setTimeout(() => end(false), timeoutMs);
			this.#watchers.add(watch);
		});
	}

	/** As `flush`, and then gives up what is left, with `closed`. From the call on nothing more is taken. */
	async close(timeoutMs = FLUSH_TIMEOUT_MS): Promise<boolean> {
		const error = new FeedError('closed', 'The publisher was closed before the relay answered.');
		this.#refusal = { error, until: Number.POSITIVE_INFINITY };
		const isFlushed = await this.flush(timeoutMs);
		this.#abort.abort();
		this.#loseFirst(this.#waiting.length, error);
		return isFlushed;
	}

	#add(draft: Draft, settle: Waiting['settle']): void {
		if (this.#refusal && performance.now() < this.#refusal.until) throw this.#refusal.error;
		const { maxEvents = MAX_WAITING_EVENTS, maxBytes = MAX_WAITING_BYTES } = this.#options;
		// The newest is refused: what waits stays whole and in order, as it happened.
		if (this.#waiting.length >= maxEvents) throw this.#createFull();
		const json = writeDraft(draft);
		const bytes = encoder.encode(json).length;
		if (bytes > MAX_EVENT_BYTES) {
			throw new FeedError('event-too-large', `An event has at most ${MAX_EVENT_BYTES} bytes; this one has ${bytes}.`);
		}
		if (this.#bytes + bytes > maxBytes) throw this.#createFull();
		this.#waiting.push({ n: ++this.#handedIn, json, bytes, at: performance.now(), settle });
		this.#bytes += bytes;
		if (!this.#isWorking) void this.#work();
	}

	#createFull(): FeedError {
		const text = `${this.#waiting.length} events with ${this.#bytes} bytes wait for the relay already; \`maxEvents\` and \`maxBytes\` allow no more.`;
		return new FeedError('outbox-full', text);
	}

	/** One request at a time, until nothing waits. */
	async #work(): Promise<void> {
		this.#isWorking = true;
		await undefined; // what is handed in at one go goes in one request
		while (this.#waiting.length > 0) {
			const count = this.#countBatch();
			const answer = await this.#post(count);
			if (this.#abort.signal.aborted) break;
			const pause = this.#take(answer, count);
			if (pause) await this.#wait(pause);
		}
		this.#isWorking = false;
	}

	/** How many of those that wait make one request. */
	#countBatch(): number {
		const most = Math.min(this.#waiting.length, this.#batchEvents);
		let bytes = 2;
		let count = 0;
		while (count < most) {
			bytes += (this.#waiting[count]?.bytes ?? 0) + 1;
			if (bytes > MAX_BATCH_BYTES) break;
			count++;
		}
		return count;
	}

	async #post(count: number): Promise<Answer> {
		const abort = new AbortController();
		const end = () => abort.abort(this.#abort.signal.reason);
		this.#abort.signal.addEventListener('abort', end);
		const late = new DOMException(`no answer within ${ANSWER_TIMEOUT_MS} ms`, 'TimeoutError');
		const timer = letEnd(setTimeout(() => abort.abort(late), ANSWER_TIMEOUT_MS));
		try {
			const token = await this.#getToken(abort.signal);
			if (typeof token === 'object') return { status: token.isRetryable ? 0 : 401, refusal: token };
			const body = `[${this.#waiting.slice(0, count).map(({ json }) => json)}]`;
			return await postDrafts(this.#url, body, count, token, abort.signal);
		} finally {
			clearTimeout(timer);
			this.#abort.signal.removeEventListener('abort', end);
		}
	}

	async #getToken(signal: AbortSignal): Promise<string | undefined | Refusal> {
		const { token } = this.#options;
		if (token === undefined || this.#token !== undefined) return this.#token;
		const isOver = new Promise<never>((_resolve, reject) => {
			signal.addEventListener('abort', () => reject(signal.reason), { once: true });
		});
		try {
			const given = await Promise.race([typeof token === 'function' ? token() : token, isOver]);
			const text = String(given).trim();
			if (!/^[\x21-\x7e]+$/.test(text)) return { error: unsendable(), isRetryable: false };
			this.#token = text;
		} catch (error) {
			const text = `\`token\` gave none: ${(error as Error | undefined)?.message ?? error}.`;
			return { error: new FeedError('token-needed', text), isRetryable: true };
		}
		return this.#token;
	}

	/** Settles what an answer settles, and says how long to wait then. */
	#take(answer: Answer, count: number): Pause | undefined {
		const { status } = answer;
		if ('results' in answer) return this.#takeResults(answer.results);
		const { refusal } = answer;
		if (status === 401) {
			this.#takeRefusedToken(refusal.error);
			return undefined;
		}
		if (status !== 0) this.#isRefreshed = false;
		if (refusal.isRetryable) return this.#putOff(refusal, count);
		if (status === 413 && count > 1) {
			this.#batchEvents = Math.ceil(count / 2); // a proxy may take less at once than the relay
		} else {
			this.#loseFirst(count, refusal.error);
		}
		return undefined;
	}

	#takeResults(results: readonly Result[]): Pause | undefined {
		const sent = this.#waiting.slice(0, results.length);
		const kept: Waiting[] = [];
		const lost: [Waiting, FeedError][] = [];
		let delay: Refusal | undefined;
		let refused: FeedError | undefined;
		for (const [index, own] of sent.entries()) {
			const result = results[index] as Result; // as many as were sent
			if (!('error' in result)) own.settle(result);
			else if (TOKEN_CODES.includes(result.error.code)) {
				kept.push(own); // one may expire between two of them
				refused ??= result.error;
			} else if (!result.isRetryable) lost.push([own, result.error]);
			else {
				kept.push(own);
				delay ??= result; // the others stand behind this one
			}
		}
		this.#replaceFirst(sent.length, kept);
		for (const [own, error] of lost) this.#lose(JSON.parse(own.json), own.settle, error);
		if (kept.length < sent.length) {
			this.#trouble = undefined;
			this.#failures = 0;
			this.#batchEvents = Math.min(this.#batchEvents * 2, MAX_BATCH_EVENTS);
		}
		if (refused) this.#takeRefusedToken(refused);
		else this.#isRefreshed = false;
		return delay && this.#putOff(delay, sent.length);
	}

	/** Nothing can be done but wait; what has waited too long is given up. */
	#putOff({ error, retryMs }: Refusal, count: number): Pause {
		this.#trouble = error;
		const now = performance.now();
		const old = this.#waiting.findIndex(({ at }) => now - at < this.#maxWaitMs);
		this.#loseFirst(old < 0 ? this.#waiting.length : old, error);
		// So many at once may be more than it ever takes.
		if (error.code === 'rate-limited') this.#batchEvents = Math.max(Math.ceil(count / 2), 1);
		const bound = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS);
		const named = Math.min(retryMs ?? 0, this.#maxWaitMs);
		if (named > 0) return { ms: named + Math.random() * FIRST_RETRY_MS, isAsked: true };
		return { ms: Math.random() * bound, isAsked: false };
	}

	/** Once, another token may help; the next refusal is final. */
	#takeRefusedToken(error: FeedError): void {
		this.#token = undefined;
		if (typeof this.#options.token === 'function' && !this.#isRefreshed) {
			this.#isRefreshed = true;
			return;
		}
		this.#isRefreshed = false;
		if (this.#refusal?.error.code !== 'closed') this.#refusal = { error, until: performance.now() + REFUSED_MS };
		this.#loseFirst(this.#waiting.length, error);
	}

	async #wait({ ms, isAsked }: Pause): Promise<void> {
		const { signal } = this.#abort;
		await new Promise<void>((resolve) => {
			const end = () => {
				clearTimeout(timer);
				this.#hurry = undefined;
				signal.removeEventListener('abort', end);
				resolve();
			};
			const timer = letEnd(setTimeout(end, ms));
			if (!isAsked) this.#hurry = end;
			signal.addEventListener('abort', end);
		});
	}

	#replaceFirst(count: number, kept: readonly Waiting[]): Waiting[] {
		const gone = this.#waiting.slice(0, count);
		this.#waiting = [...kept, ...this.#waiting.slice(count)];
		for (const { bytes } of gone) this.#bytes -= bytes;
		for (const { bytes } of kept) this.#bytes += bytes;
		for (const watch of this.#watchers) watch();
		return gone;
	}

	#loseFirst(count: number, error: FeedError): void {
		for (const { json, settle } of this.#replaceFirst(count, [])) this.#lose(JSON.parse(json), settle, error);
	}

	#lose(draft: Draft, settle: Waiting['settle'], error: FeedError): void {
		settle(undefined, error);
		// Whoever publishes what went wrong must not be told of that again, and again.
		if (this.#isTelling) return;
		this.#isTelling = true;
		try {
			if (this.#options.onError) this.#options.onError(error, draft);
			else this.#complain(error);
		} catch (thrown) {
			console.error('live-feed: onError failed.', thrown); // it must not end the publisher
		}
		this.#isTelling = false;
	}

	#complain({ code, message }: FeedError): void {
		this.#lost++;
		const now = performance.now();
		if (now - this.#complainedAt < COMPLAINT_MS) return;
		console.error(`live-feed: ${this.#lost} lost on the way to ${this.#url} (${code}): ${message}`);
		this.#complainedAt = now;
		this.#lost = 0;
	}
}

/** The draft as it is now, with a key, so that it may be sent twice and is stored once. */
function writeDraft(draft: Draft): string {
	if (typeof draft !== 'object' || draft === null) {
		throw new FeedError('invalid-event', "Expected a type or a draft, such as publish('deploy.done').");
	}
	try {
		return mendJson(JSON.stringify({ ...draft, key: draft.key ?? crypto.randomUUID() }));
	} catch (error) {
		throw new FeedError('invalid-event', `The draft cannot be written as JSON: ${(error as Error).message}`);
	}
}

function unsendable(): FeedError {
	const text = '`token` gave none that can be sent: printable ASCII characters without spaces.';
	return new FeedError('token-invalid', text);
}

/** Lets the process end though the timer has not: Node and Bun, and Deno, whose timers may be numbers. */
function letEnd<T>(timer: T): T {
	const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: T): void } };
	if (typeof timer === 'number') Deno?.unrefTimer?.(timer);
	else (timer as { unref?(): void }).unref?.();
	return timer;
}
