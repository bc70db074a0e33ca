// GET /channels/{channel}/events, in all its forms.
// Knows parameters and the Accept header; never knows storage, nor how a stream is written.
import type { Channel } from '../channel.ts';
import type { Work } from '../figures.ts';
import { Filter } from '../frame.ts';
import type { Identity } from '../identity.ts';
import type { PageQuery } from '../log-reader.ts';
import { isStatus } from '../protocol/draft.ts';
import { FeedError } from '../protocol/errors.ts';
import { type Page, STATUSES, type Status } from '../protocol/event.ts';
import { DEFAULT_PAGE_EVENTS, MAX_PAGE_EVENTS, MAX_WAIT_SECONDS } from '../protocol/limits.ts';
import { formatPosition, NO_EPOCH, type Position, parsePosition } from '../protocol/position.ts';
import { parseSince } from '../protocol/since.ts';
import { isTypePattern } from '../protocol/types.ts';
import { answerJsonText, matchesEtag, shareHeaders, wantsGzip } from './answers.ts';
import { NDJSON, openStream, SSE, type StreamHost, type StreamKind, TEXT } from './streams.ts';

export interface HistoryOptions extends StreamHost {
	clock: () => number;
	/** Throws where he may read no longer. */
	check: () => void;
	who: Identity;
	/** Answering it; waiting for events is none. */
	work: Work;
}

/** How a channel is told that a request was typed by hand: a name that no client can send. */
export const PLAIN_HEADER = 'live-feed-plain';

const VARY = 'accept, accept-encoding';
/** A shorter page fits in a packet as it is. */
const MIN_GZIP_CHARS = 1024;
const PARAMETERS = ['after', 'before', 'since', 'limit', 'type', 'status', 'thread', 'wait'];

const STREAMS: Record<string, StreamKind> = {
	'text/plain': TEXT,
	'text/event-stream': SSE,
	'application/x-ndjson': NDJSON,
};

/** A page of JSON, or a stream that begins with what a page would hold and goes on. */
export async function answerHistory(channel: Channel, request: Request, options: HistoryOptions): Promise<Response> {
	const url = new URL(request.url);
	const query = parseQuery(url.searchParams, options.clock());
	const wait = parseWait(url.searchParams.get('wait'), query);
	const form = chooseForm(request.headers.get('accept') || '*/*');
	const kind = STREAMS[form];
	if (wait === undefined) {
		return kind ? answerStream(channel, request, kind, query, options) : answerPage(channel, request, query, options);
	}
	if (kind) throw new FeedError('invalid-parameter', '`wait` waits for a page of JSON; a stream never ends.');
	return answerWait(channel, request, query, request.method === 'HEAD' ? 0 : wait, options);
}

/** A page that is answered once there is something in it, or the time is over. */
async function answerWait(
	channel: Channel,
	request: Request,
	query: PageQuery,
	seconds: number,
	host: HistoryOptions,
): Promise<Response> {
	const over = new AbortController();
	const timer = setTimeout(() => over.abort(), seconds * 1000);
	if (seconds === 0) over.abort();
	host.enter('poll');
	host.work.pause();
	try {
		const page = await channel.waitForPage(query, over.signal, host.replayed);
		host.work.resume();
		host.check();
		const json = await channel.format({ ...page, own: await channel.describe(host.who) });
		return answerEvents(json, request, { vary: VARY });
	} finally {
		clearTimeout(timer);
		host.leave('poll');
	}
}

async function answerPage(channel: Channel, request: Request, query: PageQuery, host: StreamHost): Promise<Response> {
	const headers: Record<string, string> = { 'cache-control': 'no-cache', vary: VARY };
	if (query.since === undefined) {
		headers.etag = formatEtag(await channel.readRange());
		// Nothing is read for it.
		if (matchesEtag(request, headers.etag)) return new Response(null, { status: 304, headers: shareHeaders(headers) });
	}
	const page = await channel.page(query, host.replayed);
	if (headers.etag) headers.etag = formatEtag(page);
	return answerEvents(await channel.format(page), request, headers);
}

/** The same address shows something else as soon as the channel goes on, or forgets. */
function formatEtag({ epoch, first, last }: Pick<Page, 'epoch' | 'first' | 'last'>): string {
	return `"${formatPosition({ epoch, seq: last })}/${first}"`;
}

function answerEvents(json: string, request: Request, headers: Record<string, string>): Response {
	if (json.length < MIN_GZIP_CHARS || !wantsGzip(request)) return answerJsonText(json, 200, headers);
	// Other bytes of the same page (RFC 9110, 8.8.1).
	const etag: Record<string, string> = headers.etag ? { etag: `W/${headers.etag}` } : {};
	return answerJsonText(json, 200, { ...headers, ...etag, 'content-encoding': 'gzip' });
}

async function answerStream(
	channel: Channel,
	request: Request,
	kind: StreamKind,
	query: PageQuery,
	host: HistoryOptions,
): Promise<Response> {
	if (query.before || query.thread)
		throw new FeedError(
			'invalid-parameter',
			'`before` and `thread` read pages of JSON; a stream only goes forward, with all that comes.',
		);
	// A browser that reconnects repeats its old address, and says in the header how far it came.
	const last = request.headers.get('last-event-id');
	const position = last ? parsePosition(last) : query.after;
	const headers = shareHeaders({
		'content-type': kind.contentType,
		'cache-control': 'no-store, no-transform',
		'x-accel-buffering': 'no',
	});
	if (request.method === 'HEAD') return new Response(null, { headers });
	const { since, limit: history } = query;
	const begin = await channel.begin({ position, history, since }, new Filter(query), host.replayed);
	const own = await channel.describe(host.who);
	// A stream that says what it leaves out may leave out nothing: its reader chooses.
	const filter = channel.takeFilter(query) ?? (kind === SSE ? channel.takeFilter() : undefined);
	if (!filter)
		throw new FeedError(
			'invalid-parameter',
			'Too many different filters are in use on this channel; ask for all types and choose among them.',
		);
	const isPlain = kind === TEXT && request.headers.has(PLAIN_HEADER);
	const start = { begin, own, isFresh: position === undefined || !begin.recovered, isPlain };
	return new Response(openStream(channel, kind, filter, start, host), { headers });
}

/** Parameters of the address, each checked; an unknown one is a slip that would otherwise go unnoticed. */
function parseQuery(parameters: URLSearchParams, now: number): PageQuery {
	for (const name of parameters.keys()) {
		if (!PARAMETERS.includes(name)) {
			throw new FeedError(
				'invalid-parameter',
				`\`${name.slice(0, 40)}\` is not a parameter here: expected ${PARAMETERS.join(', ')}.`,
			);
		}
	}
	const query: PageQuery = {
		limit: parseLimit(parameters.get('limit')),
		types: parseTypes(parameters.getAll('type')),
		status: parseStatuses(parameters.getAll('status')),
	};
	const [after, before, since] = ['after', 'before', 'since'].map((name) => parameters.get(name));
	if ([after, before, since].filter((value) => value != null).length > 1) {
		throw new FeedError('invalid-parameter', 'Of `after`, `before` and `since`, a request has one.');
	}
	if (after != null) query.after = parseReadPosition(after);
	if (before != null) query.before = parseReadPosition(before);
	if (since != null) query.since = parseSince(since, now);
	const thread = parameters.get('thread');
	if (thread !== null) query.thread = parseThread(thread, query);
	return query;
}

function parseThread(text: string, { since }: PageQuery): Position {
	if (since === undefined) return parsePosition(text);
	throw new FeedError(
		'invalid-parameter',
		'`thread` is read with `before` or `after`, and from its newest reply without.',
	);
}

function parseStatuses(values: readonly string[]): Status[] {
	const statuses = values.flatMap((value) => value.split(','));
	if (statuses.every(isStatus)) return statuses;
	throw new FeedError(
		'invalid-parameter',
		`\`status\` is one of ${STATUSES.join(', ')}, or several of them with commas.`,
	);
}

/** A position, or 0 for the beginning of whatever log there is. */
function parseReadPosition(text: string): Position {
	return text === '0' ? { epoch: NO_EPOCH, seq: 0 } : parsePosition(text);
}

function parseLimit(text: string | null): number {
	if (text === null) return DEFAULT_PAGE_EVENTS;
	const limit = /^\d{1,6}$/.test(text) ? Number(text) : -1;
	if (limit < 0 || limit > MAX_PAGE_EVENTS) {
		throw new FeedError('invalid-parameter', `\`limit\` is a number of events from 0 to ${MAX_PAGE_EVENTS}.`);
	}
	return limit;
}

/** How long to wait, seconds; undefined where the request is not one that waits. */
function parseWait(text: string | null, { before, thread, limit }: PageQuery): number | undefined {
	if (text === null) return undefined;
	const seconds = /^\d{1,2}$/.test(text) ? Number(text) : -1;
	if (seconds < 0 || seconds > MAX_WAIT_SECONDS) {
		throw new FeedError('invalid-parameter', `\`wait\` is a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}.`);
	}
	if (before || thread || limit === 0) {
		throw new FeedError(
			'invalid-parameter',
			'`wait` is for what comes: without `before` and `thread`, and with a `limit` of 1 at least.',
		);
	}
	return seconds;
}

function parseTypes(values: readonly string[]): string[] {
	const types = values.flatMap((value) => value.split(','));
	for (const type of types) {
		if (!isTypePattern(type)) {
			throw new FeedError(
				'invalid-parameter',
				'`type` is a type such as deploy.done, a prefix such as deploy.*, or several of them with commas.',
			);
		}
	}
	return types;
}

/**
 * The form that the Accept header ranks highest (RFC 9110, 12.5.1); where it leaves the choice, the first of ours: JSON.
 * @throws FeedError `not-acceptable`
 */
function chooseForm(accept: string): string {
	const ranges = accept.split(',').map((part) => {
		const [range = '', ...rest] = part.split(';').map((piece) => piece.trim().toLowerCase());
		const q = rest.find((parameter) => parameter.startsWith('q='));
		return { range, quality: q ? Number(q.slice(2)) || 0 : 1 };
	});
	const rank = (form: string) => {
		// The most precise range that speaks of the form decides.
		const precise = [form, `${form.split('/')[0]}/*`, '*/*'];
		const match = precise.map((range) => ranges.find((one) => one.range === range)).find((one) => one !== undefined);
		return match?.quality ?? 0;
	};
	const forms = ['application/json', ...Object.keys(STREAMS)];
	const best = [...forms].sort((a, b) => rank(b) - rank(a))[0] as string; // there are four
	if (rank(best) > 0) return best;
	throw new FeedError('not-acceptable', `Events come as ${forms.join(', ')}.`);
}
