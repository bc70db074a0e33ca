// Which address is what: the script, health, and the channels.
// Knows paths and methods; never knows what a channel does with a request.

import { deny, type Identity } from '../identity.ts';
import type { Refused } from '../journal.ts';
import { FeedError } from '../protocol/errors.ts';
import { MAX_REQUEST_URL_CHARS } from '../protocol/limits.ts';
import { parseChannel } from '../protocol/types.ts';
import type { Settings } from '../settings.ts';
import type { StorageState } from '../storage-state.ts';
import { readAddress } from './addresses.ts';
import { capabilitiesFor } from './admission.ts';
import {
	ANY_ORIGIN,
	answerJson,
	answerMethod,
	answerPreflight,
	answerProblem,
	shareHeaders,
	shareWith,
	wantsGzip,
} from './answers.ts';
import { readBytes } from './bodies.ts';
import type { BodyBudget } from './body-budget.ts';
import { EVENT_METHODS } from './changes.ts';
import { CHANNEL_METHODS } from './channels.ts';
import { answerControl, CONTROLS, type Control } from './control.ts';
import { answerMetrics, answerStatus, type Report } from './figures.ts';
import { PLAIN_HEADER } from './history.ts';
import { checkOrigin } from './origins.ts';

/** What the edge needs of its host. */
export interface Edge {
	/** A file of the built site, or nothing. */
	fetchFile: (path: string) => Promise<Response | null>;
	/** Asks a channel, by the path after its name. */
	fetchChannel: (channel: string, path: string, request: ChannelRequest) => Promise<Response>;
	settings: Pick<Settings, 'isOpen' | 'origins' | 'addressHeader'>;
	/** Bounds the bodies in flight. */
	bodies: BodyBudget;
	/** Returns the sender's identity on a channel. Rejects with a FeedError for a token that is none. */
	identify: (headers: Headers, channel: string, address: string | undefined) => Promise<Identity>;
	onRefused: (error: FeedError, about: Refused) => void;
	/** Writes down a fault of ours, and answers what may be said of it. */
	onFault: (error: unknown) => FeedError;
	clock: () => number;
	control: Control;
	/** Counts a request that no channel answers. */
	countRequest: () => void;
	/** When the relay began, ms since the Unix epoch. Undefined where no memory spans all of it. */
	since: number | undefined;
	/** Whether what is published can be stored. */
	storage: Pick<StorageState, 'isFull'>;
	/** What is told of the whole relay; rejects with a FeedError for who may not know it. */
	report: (headers: Headers) => Promise<Report>;
}

/** What of a request a channel is given. */
export interface ChannelRequest {
	method: string;
	headers: Headers;
	body?: Uint8Array<ArrayBuffer>;
}

/** How a channel is told where a request comes from, and why its socket is to be refused: names that no client can send. */
export const ADDRESS_HEADER = 'live-feed-address';
export const REFUSAL_HEADER = 'live-feed-refusal';
/** How a channel is told that its storage was damaged and is to be emptied: a name that no client can send. */
export const DAMAGED_HEADER = 'live-feed-damaged';
/** The key that makes who has no token the author of what he publishes, as `author` of a hello. */
export const AUTHOR_HEADER = 'live-feed-author';
/** The address of a request whose `Host` makes none: no file is there, which PartyKit would serve. */
export const NOWHERE = 'http://nowhere.invalid/nowhere';
const CHANNEL_HEADERS = [
	'accept',
	'accept-encoding',
	'authorization',
	'content-type',
	'idempotency-key',
	'if-match',
	'if-none-match',
	'last-event-id',
	AUTHOR_HEADER,
	'sec-websocket-extensions',
	'sec-websocket-protocol',
];
const READ = 'GET, HEAD, OPTIONS';
/** What a channel has below its address, and what may be done with it. */
const RESOURCES: ReadonlyMap<string, string> = new Map([
	['events', 'GET, HEAD, POST, OPTIONS'],
	['presence', READ],
	['metrics', READ],
	['status', READ],
	['', CHANNEL_METHODS],
]);
/** Where the build puts the script and its later parts: elsewhere, so that their addresses answer with our own headers. */
const SCRIPTS = '/script';
/** What is at these addresses never changes: a part of the script; and the script of one build, with its parts. */
const PINNED = /^\/live-feed(\/[\w-]+|@[\w.-]+(\/[\w-]+)?)\.js$/;
const INTEGRITY = '/live-feed/integrity.json';
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Answers whatever is asked of the relay's address. */
export async function answer(request: Request, edge: Edge): Promise<Response> {
	let origin: string | undefined;
	const about: Refused = { via: 'http' };
	const { pathname, href } = new URL(request.url);
	// A channel counts its own; what does not get there is counted as it is refused. Here they have no time: the engine
	// forgets what a client has left in the middle, and it would be worked on for ever.
	const isOfChannel = pathname.startsWith('/channels/');
	if (!isOfChannel && !CONTROLS.includes(pathname)) edge.countRequest();
	try {
		if (href === NOWHERE)
			throw new FeedError('invalid-parameter', 'The header Host names the host and port of this relay.');
		try {
			origin = checkOrigin(request.headers, edge.settings);
		} catch (error) {
			// A page can read why only from a socket; the script is for everybody.
			if (isUpgrade(request)) return await route(request, edge, about, error as FeedError);
			if (!isScript(new URL(request.url).pathname)) throw error;
		}
		return shareWith(await route(request, edge, about), origin);
	} catch (error) {
		const known = error instanceof FeedError ? error : edge.onFault(error);
		edge.onRefused(known, about);
		if (isOfChannel) edge.countRequest();
		return shareWith(answerProblem(known), origin);
	}
}

/** A GET alone becomes a socket (RFC 6455, 4.1); of any other the engine has failed. */
function isUpgrade(request: Request): boolean {
	return request.method === 'GET' && request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

function isScript(pathname: string): boolean {
	return pathname === '/live-feed.js' || pathname === INTEGRITY || PINNED.test(pathname);
}

async function route(request: Request, edge: Edge, about: Refused, refusal?: FeedError): Promise<Response> {
	const url = new URL(request.url);
	if (request.url.length > MAX_REQUEST_URL_CHARS) {
		throw new FeedError('url-too-long', `An address has at most ${MAX_REQUEST_URL_CHARS} characters here.`);
	}
	if (PINNED.test(url.pathname)) return readOnly(request, () => answerScript(request, edge, url.pathname, FOR_EVER));
	switch (url.pathname) {
		case '/live-feed.js':
		case INTEGRITY:
			return readOnly(request, () => answerScript(request, edge, url.pathname, 'no-cache'));
		case '/health':
			return readOnly(request, async () => answerHealth(edge));
		case '/metrics':
			return readOnly(request, async () => answerMetrics(await edge.report(request.headers)));
		case '/status':
			return readOnly(request, async () => answerStatus(await edge.report(request.headers), request));
		default:
			if (CONTROLS.includes(url.pathname)) return answerControl(request, edge.control);
			return routeChannel(request, url, edge, about, refusal);
	}
}

/** `about` is set to what is known of the sender, for the log. */
async function routeChannel(
	request: Request,
	url: URL,
	edge: Edge,
	about: Refused,
	refusal?: FeedError,
): Promise<Response> {
	const [, base, name, resource = '', id, ...more] = url.pathname.split('/');
	const methods = id === undefined ? RESOURCES.get(resource) : findEventMethods(resource, id, more);
	if (base !== 'channels' || name === undefined || methods === undefined) {
		throw new FeedError(
			'not-found',
			'Events are at /channels/{channel}/events, figures at /metrics and /status, the script at /live-feed.js, a demo at /.',
		);
	}
	if (request.method === 'OPTIONS') return answerPreflight(methods);
	if (!methods.split(', ').includes(request.method)) return answerMethod(methods);
	const channel = parseChannel(decodeName(name));
	const { method } = request;
	const isSocket = resource === 'events' && id === undefined && isUpgrade(request);
	const asked: ChannelRequest = { method, headers: selectHeaders(request, isSocket) };
	const address = readAddress(request.headers, edge.settings.addressHeader);
	if (address !== undefined) asked.headers.set(ADDRESS_HEADER, address);
	// Before the body is read and the channel is woken: a socket shows its token only in its hello.
	if (!isSocket) {
		about.channel = channel;
		about.address = address;
		const who = await edge.identify(asked.headers, channel, address);
		about.subject = who.subject;
		const denied = deny(who, edge.clock(), ...capabilitiesFor(method, resource, id));
		if (denied) throw denied;
	}
	// Every program names itself; who types into `nc` does not, and nothing would take the sizes of chunks out for him.
	if (!request.headers.has('user-agent')) asked.headers.set(PLAIN_HEADER, '1');
	if (refusal) asked.headers.set(REFUSAL_HEADER, refusal.message);
	// Read here: what is passed on as a stream and breaks off is an error in two places, and in one of them nobody's.
	if (!/^(GET|HEAD)$/.test(method)) asked.body = await readBytes(request, { budget: edge.bodies });
	const path = (resource === '' ? [] : [resource, ...(id === undefined ? [] : [id, ...more])]).map((part) =>
		encodeURIComponent(decodeName(part)),
	);
	try {
		return await edge.fetchChannel(channel, `/${path.join('/')}${url.search}`, asked);
	} finally {
		if (asked.body) edge.bodies.remove(asked.body.length);
	}
}

/** Below one event: itself, or its reactions. */
function findEventMethods(resource: string, id: string, more: readonly string[]): string | undefined {
	return resource === 'events' && id !== '' ? EVENT_METHODS[['', ...more].join('/')] : undefined;
}

/** What a channel reads, and of that only ASCII: other bytes have ended the process of a host's debugger. */
function selectHeaders(request: Request, isSocket: boolean): Headers {
	const selected = new Headers();
	for (const name of isSocket ? [...CHANNEL_HEADERS, 'upgrade'] : CHANNEL_HEADERS) {
		const value = request.headers.get(name);
		if (value !== null && /^[\x20-\x7e]*$/.test(value)) selected.set(name, value);
		else if (value !== null)
			throw new FeedError('invalid-parameter', `The header ${name} holds printable ASCII characters.`);
	}
	return selected;
}

function decodeName(name: string): string {
	try {
		return decodeURIComponent(name);
	} catch {
		return ''; // refused as a name, with what a name is
	}
}

async function readOnly(request: Request, answerIt: () => Promise<Response>): Promise<Response> {
	if (request.method === 'OPTIONS') return answerPreflight(READ);
	if (request.method !== 'GET' && request.method !== 'HEAD') return answerMethod(READ);
	return answerIt();
}

/** A relay whose disk is full still serves its readers, so that nobody is to take it away from them: 200 in any case. */
function answerHealth({ clock, since, storage }: Edge): Response {
	return answerJson({ status: storage.isFull ? 'storage-failed' : 'ok', time: clock(), since });
}

/** The drop-in script, a part of it, or what these are to be: for pages of any origin, compressed when it was built. */
async function answerScript(request: Request, edge: Edge, path: string, caching: string): Promise<Response> {
	const file = await edge.fetchFile(SCRIPTS + path);
	if (!file?.ok)
		throw new FeedError(
			'not-found',
			'There is no such part of the script; without `npm run build` there is none at all.',
		);
	const script = await file.arrayBuffer();
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', script)).slice(0, 9);
	const etag = `W/"${btoa(String.fromCharCode(...digest))}"`;
	const headers = shareHeaders({
		...ANY_ORIGIN,
		'content-type': path === INTEGRITY ? 'application/json' : 'text/javascript; charset=utf-8',
		'cache-control': caching,
		'cross-origin-resource-policy': 'cross-origin',
		vary: 'accept-encoding',
		etag,
	});
	if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
	if (request.method === 'HEAD') return new Response(null, { headers });
	const zipped = wantsGzip(request) ? await edge.fetchFile(`${SCRIPTS}${path}.gz`) : null;
	if (!zipped?.ok) return new Response(script, { headers });
	headers['content-encoding'] = 'gzip';
	const asItIs: ResponseInit & { encodeBody: 'manual' } = { headers, encodeBody: 'manual' }; // it is compressed already
	return new Response(await zipped.arrayBuffer(), asItIs);
}
