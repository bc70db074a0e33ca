// A channel, read from a position on, across whatever cuts the line: every entry once and in order, and gaps told.
// Knows positions, pauses and what a stream tells; never knows how it is shown.
//
// By server-sent events, of the relay's streams the one that says how far a reader is before his first entry and while a filter
// lets nothing through: without that, what came during a cut would be missed, or what was filtered out be taken for a gap.
import { setTimeout as delay } from 'node:timers/promises';
import {
	describeOutage,
	parseRetryAfter,
	type Refusal,
	readRefusal,
	type Trouble,
} from '../../widget/publisher/request.ts';
import { FeedError } from '../protocol/errors.ts';
import type { FeedEntry, Status } from '../protocol/event.ts';
import { MIN_RETURN_MS, PING_INTERVAL_MS } from '../protocol/limits.ts';
import type { Welcome } from '../protocol/relay-message.ts';
import { isWanted } from '../protocol/wish.ts';
import { type Access, authorize } from './access.ts';
import { EventStreamParser, type ServerSentEvent } from './event-stream.ts';
import { Failure } from './verb.ts';

/** Entries that are no longer kept; without a range, another log than the reader's begins. */
export interface Gap {
	position: string;
	from?: number;
	to?: number;
}

export type Told =
	| { what: 'connected'; position: string }
	/** `json` is the entry as the relay wrote it. */
	| { what: 'entry'; entry: FeedEntry; json: string }
	| { what: 'gap'; gap: Gap }
	/** Changes in this range are no longer kept: what is known of events before it may be out of date. */
	| { what: 'refresh'; refresh: { from: number; to: number } }
	/** It is tried again. */
	| { what: 'cut'; reason: string; waitMs: number };

export interface ReaderOptions extends Access {
	channel: string;
	/** Where to begin, as parameters of the address: one of `after`, `since` and `limit`, or none. */
	start: Readonly<Record<string, string>>;
	types: readonly string[];
	status: readonly Status[];
	signal: AbortSignal;
	/** A stream that says nothing for so long is cut, milliseconds: two pings of the relay unless given. */
	silenceMs?: number | undefined;
}

/** Why a stream ended, as far as it is known. */
interface End {
	reason: string;
	/** The relay has asked for this pause. */
	retryMs?: number | undefined;
	/** It is about to stop, and those who read come back spread over this time. */
	returnMs?: number | undefined;
}

/** Full jitter up to a bound that doubles from the first on, milliseconds. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/**
 * All that is told, until `signal` is aborted. It reads no faster than it is asked.
 * @throws FeedError what is refused for good
 */
export async function* readChannel(options: ReaderOptions): AsyncGenerator<Told> {
	const { signal } = options;
	let position: string | undefined;
	let [failures, returnMs, wasConnected] = [0, 0, false];
	while (!signal.aborted) {
		const stream = new ChannelStream(options, position, wasConnected);
		for await (const told of stream.read()) {
			if (told.what === 'connected') [failures, wasConnected, returnMs] = [0, true, stream.returnMs];
			yield told;
		}
		position = stream.position;
		if (signal.aborted) return;
		const { reason, retryMs, returnMs: asked } = stream.end;
		const bound = Math.min(FIRST_RETRY_MS * 2 ** failures++, LAST_RETRY_MS);
		const most = Math.max(bound, asked ?? returnMs);
		const waitMs = (retryMs ?? 0) + Math.random() * (retryMs === undefined ? most : FIRST_RETRY_MS);
		yield { what: 'cut', reason, waitMs };
		await delay(waitMs, undefined, { signal }).catch(() => {});
	}
}

/** One connection. */
class ChannelStream {
	/** Up to here everything has been told. */
	position: string | undefined;
	returnMs = MIN_RETURN_MS;
	end: End = { reason: 'the relay ended it' };
	readonly #options: ReaderOptions;
	readonly #wasConnected: boolean;
	#isOpen = false;
	/** True where the relay does not choose for this reader. */
	#chooses = false;

	constructor(options: ReaderOptions, position: string | undefined, wasConnected: boolean) {
		this.#options = options;
		this.position = position;
		this.#wasConnected = wasConnected;
	}

	async *read(): AsyncGenerator<Told> {
		const abort = new AbortController();
		const stop = () => abort.abort();
		this.#options.signal.addEventListener('abort', stop);
		try {
			const body = await this.#within(abort, this.#open(abort.signal));
			if (!body) return;
			this.#isOpen = true;
			const parser = new EventStreamParser();
			for (const reader = body.getReader(); ; ) {
				const { done, value } = await this.#within(abort, reader.read());
				if (done) return;
				for (const event of parser.push(value)) {
					yield* this.#take(event);
					// Only now: whoever took it and has written it goes on from here.
					this.position = event.id ?? this.position;
					if (event.type === 'goaway') return;
				}
			}
		} catch (error) {
			if (error instanceof FeedError) throw error;
			// A file with the token may be written just now.
			const isTold = error instanceof Failure || (error as Error).name === 'TimeoutError';
			const reason = this.#isOpen ? 'the connection broke' : describeOutage(error).message;
			this.end = { reason: isTold ? (error as Error).message : reason };
		} finally {
			this.#options.signal.removeEventListener('abort', stop);
			abort.abort();
		}
	}

	/** Waits no longer than a relay that is there would be silent. */
	async #within<T>(abort: AbortController, promise: Promise<T>): Promise<T> {
		const { silenceMs = 2 * PING_INTERVAL_MS } = this.#options;
		let timer: NodeJS.Timeout | undefined;
		const silence = new Promise<never>((_resolve, reject) => {
			timer = setTimeout(() => {
				reject(new DOMException(`nothing came for ${Math.round(silenceMs / 1000)} s`, 'TimeoutError'));
				abort.abort();
			}, silenceMs);
		});
		try {
			return await Promise.race([promise, silence]);
		} finally {
			clearTimeout(timer);
		}
	}

	/** The stream, or nothing where it is tried again, for the reason in `end`. */
	async #open(signal: AbortSignal): Promise<ReadableStream<Uint8Array> | undefined> {
		const { relay, channel, start, types, status, readToken } = this.#options;
		const parameters = new URLSearchParams(this.position === undefined ? start : { after: this.position });
		if (types.length > 0) parameters.set('type', types.join(','));
		if (status.length > 0) parameters.set('status', status.join(','));
		const response = await fetch(`${relay}/channels/${channel}/events?${parameters}`, {
			headers: { accept: 'text/event-stream', ...authorize(readToken()) },
			signal,
		});
		const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
		if (response.status === 200 && isStream && response.body) return response.body;
		const answer = (await response.json().catch(() => undefined)) as Trouble | undefined; // whatever it is
		const header = parseRetryAfter(response.headers.get('retry-after'));
		const refusal: Refusal = readRefusal(answer, response.status, false, header);
		// Of a relay that was there, a proxy may say anything until it is back.
		const isForeign = refusal.error.code === 'relay-unreachable';
		if (!refusal.isRetryable && !(isForeign && this.#wasConnected)) throw refusal.error;
		this.end = { reason: refusal.error.message, retryMs: refusal.retryMs };
		return undefined;
	}

	*#take({ type, data, id }: ServerSentEvent): Generator<Told> {
		if (data === '') return;
		const { types, status } = this.#options;
		const said = JSON.parse(data); // of a relay, as far as its address says
		if (type === 'gap') yield { what: 'gap', gap: said };
		else if (type === 'goaway') this.end = { reason: 'the relay is restarting', returnMs: said.returnMs };
		else if (type === 'welcome') {
			const { returnMs, refresh, types: chosen, status: chosenStatus }: Partial<Welcome> = said;
			this.returnMs = returnMs ?? this.returnMs;
			this.#chooses = (types.length > 0 && !chosen) || (status.length > 0 && !chosenStatus);
			yield { what: 'connected', position: id ?? '' };
			if (refresh) yield { what: 'refresh', refresh };
		} else if (type === 'message' || type === 'change') {
			const entry: FeedEntry = said;
			if (!this.#chooses || isWanted(entry, { types, status })) yield { what: 'entry', entry, json: data };
		}
		// Anything else is of a later relay.
	}
}
