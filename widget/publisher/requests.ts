// Each request to a server, told once it is answered: for Express, Fastify and Hono, and whatever is built like them.
// Knows methods, paths, statuses and times; never looks at queries, headers, cookies or bodies.
import type { Draft } from '../../relay/protocol/event.ts';
import { MAX_ACTOR_ID_CHARS, MAX_ACTOR_NAME_CHARS } from '../../relay/protocol/limits.ts';
import { type Feed, formatMs, grade, measure, tell, tidy } from './watch.ts';

/** Each is called once the request is answered, with the request as the framework has it by then (of Hono, its context). */
export interface RequestLogOptions<Asked> {
	/** Who asks: nobody unless given. A relay with tokens takes the token's word instead; the name is in `data.user` then. */
	actor?: ((request: Asked) => Draft['actor']) | undefined;
	/** What is told in place of the address's path, where that holds what is not everybody's, such as `/reset/:code`. */
	path?: ((request: Asked) => string | undefined) | undefined;
	/** True leaves a request out. */
	skip?: ((request: Asked) => unknown) | undefined;
	/** One that takes longer is a warning, milliseconds: 1000 unless given. */
	slowMs?: number | undefined;
}

/** One feed for all, or the feed of whoever asks, so that a token proves who that is. */
export type RequestFeed<Asked> = Feed | ((request: Asked) => Feed);

/** Of `node:http`, and of what Express makes of it. */
export interface NodeRequest {
	readonly method?: string | undefined;
	readonly url?: string | undefined;
	/** The whole one, where a router has shortened `url`. */
	readonly originalUrl?: string;
}

export interface NodeResponse {
	readonly statusCode: number;
	readonly headersSent: boolean;
	once(event: 'finish' | 'close', listener: () => void): unknown;
}

export interface FastifyRequest {
	readonly method: string;
	readonly originalUrl: string;
}

export interface HonoContext {
	readonly req: { readonly method: string; readonly url: string };
	readonly res: { readonly status: number };
	/** On Node, what `@hono/node-server` has beneath it. */
	readonly env: unknown;
}

/** Characters of a path that are told. */
const MAX_PATH_CHARS = 200;
const SLOW_MS = 1000;

/** Express: `app.use(logExpress(feed))` before the routes. For `node:http` alone: `log(request, response)`. */
export function logExpress<Asked extends NodeRequest = NodeRequest>(
	feed: RequestFeed<Asked>,
	options: RequestLogOptions<Asked> = {},
): (request: Asked, response: NodeResponse, next?: () => void) => void {
	return (request, response, next) => {
		const { method = '', originalUrl = request.url ?? '' } = request;
		watchResponse(response, begin(feed, options, request, method, originalUrl));
		next?.();
	};
}

/** Fastify: `app.addHook('onRequest', logFastify(feed))` before anything is registered. */
export function logFastify<Asked extends FastifyRequest = FastifyRequest>(
	feed: RequestFeed<Asked>,
	options: RequestLogOptions<Asked> = {},
): (request: Asked, reply: { readonly raw: NodeResponse }, done: () => void) => void {
	return (request, { raw }, done) => {
		watchResponse(raw, begin(feed, options, request, request.method, request.originalUrl));
		done();
	};
}

/** Hono: `app.use(logHono(feed))` before the routes. Elsewhere than on Node it is told when the answer begins. */
export function logHono<Asked extends HonoContext = HonoContext>(
	feed: RequestFeed<Asked>,
	options: RequestLogOptions<Asked> = {},
): (context: Asked, next: () => Promise<void>) => Promise<void> {
	return async (context, next) => {
		const end = begin(feed, options, context, context.req.method, context.req.url);
		const { outgoing } = (context.env ?? {}) as { outgoing?: NodeResponse }; // whatever a host hands in
		if (typeof outgoing?.once === 'function') {
			watchResponse(outgoing, end);
			return next();
		}
		try {
			await next();
		} catch (error) {
			end(500, false);
			throw error;
		}
		end(context.res.status, false);
	};
}

const UNKNOWN_PATH = '(unknown)';

type End = (status: number | undefined, isAborted: boolean) => void;

/** The one piece that all of them share. What it answers is called once, when there is an answer or nobody to have it. */
function begin<Asked>(
	feed: RequestFeed<Asked>,
	options: RequestLogOptions<Asked>,
	request: Asked,
	method: string,
	address: string,
): End {
	const start = performance.now();
	return (status, isAborted) =>
		tell(() => {
			const { actor: getActor, path: getPath, skip, slowMs = SLOW_MS } = options;
			if (skip?.(request)) return undefined;
			const ms = measure(start);
			// Who tells of another path hides this one, also where he has none to tell.
			const path = tidy(getPath ? (getPath(request) ?? UNKNOWN_PATH) : readPath(address), MAX_PATH_CHARS);
			const actor = tidyActor(getActor?.(request));
			const user = actor?.id ?? actor?.name;
			const became = isAborted ? `aborted after ${formatMs(ms)}` : `${status} in ${formatMs(ms)}`;
			const draft: Draft = {
				...{ type: 'request', text: `${method} ${path} ${became}` },
				...grade(!isAborted && (status ?? 0) >= 500, (!isAborted && (status ?? 0) >= 400) || ms > slowMs),
				data: {
					...{ method, path, ms },
					...(status === undefined ? {} : { status }),
					...(isAborted ? { aborted: true } : {}),
					...(user === undefined ? {} : { user }),
				},
				...(actor ? { actor } : {}),
			};
			return { feed: typeof feed === 'function' ? feed(request) : feed, draft };
		});
}

/** It has been answered when all of it was handed to the system; one that closes before was aborted. */
function watchResponse(response: NodeResponse, end: End): void {
	let isOver = false;
	const settle = (isAborted: boolean) => {
		if (isOver) return;
		isOver = true;
		end(response.headersSent ? response.statusCode : undefined, isAborted);
	};
	response.once('finish', () => settle(false));
	response.once('close', () => settle(true));
}

/** `https://user@host/path?query#hash` → `/path`: proxies are asked for whole addresses. */
function readPath(address: string): string {
	const [path = ''] = address.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
	return path || '/';
}

/** What a relay refuses, such as the number of a user or a name of control characters, would hide what its owner does. */
function tidyActor(actor: Draft['actor']): Draft['actor'] {
	if (!actor) return undefined;
	const { id, name, ...rest } = actor;
	return {
		...rest,
		...((id ?? undefined) === undefined ? {} : { id: tidy(String(id), MAX_ACTOR_ID_CHARS) }),
		...((name ?? undefined) === undefined ? {} : { name: tidy(String(name), MAX_ACTOR_NAME_CHARS) }),
	};
}
