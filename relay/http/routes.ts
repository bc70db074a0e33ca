// Which address is what: the script, health, and the channels.
// Knows paths and methods; never knows what a channel does with a request.
import { FeedError } from '../protocol/errors.ts';
import { MAX_REQUEST_URL_CHARS } from '../protocol/limits.ts';
import { parseChannel } from '../protocol/types.ts';
import { answerJson, answerMethod, answerPreflight, answerProblem, shareHeaders } from './answers.ts';
import { answerControl, type Control } from './control.ts';

/** What the edge needs of its host. */
export interface Edge {
	/** A file of the built site, or nothing. */
	fetchFile: (path: string) => Promise<Response | null>;
	/** Hands a request on to a channel, as the path after its name, with the headers that a channel reads. */
	fetchChannel: (channel: string, path: string, request: Request, headers: Headers) => Promise<Response>;
	clock: () => number;
	control: Control;
}

const CHANNEL_HEADERS = [
	'accept',
	'accept-encoding',
	'content-length',
	'content-type',
	'idempotency-key',
	'if-none-match',
	'last-event-id',
	'sec-websocket-extensions',
	'sec-websocket-protocol',
	'upgrade',
];
const READ = 'GET, HEAD, OPTIONS';
/** Where the build puts the script and its later parts: elsewhere, so that their addresses answer with our own headers. */
const SCRIPTS = '/script';
/** A part of the script: its name changes with its content. */
const PART = /^\/live-feed\/[\w-]+\.js$/;

/** Answers whatever is asked of the relay's address. */
export async function answer(request: Request, edge: Edge): Promise<Response> {
	try {
		return await route(request, edge);
	} catch (error) {
		return answerProblem(error);
	}
}

async function route(request: Request, edge: Edge): Promise<Response> {
	const url = new URL(request.url);
	if (request.url.length > MAX_REQUEST_URL_CHARS) {
		throw new FeedError('url-too-long', `An address has at most ${MAX_REQUEST_URL_CHARS} characters here.`);
	}
	if (PART.test(url.pathname))
		return readOnly(request, () => answerScript(request, edge, url.pathname, 'public, max-age=31536000, immutable'));
	switch (url.pathname) {
		case '/live-feed.js':
			return readOnly(request, () => answerScript(request, edge, url.pathname, 'no-cache'));
		case '/control/goaway':
			return answerControl(request, edge.control);
		case '/health':
			return readOnly(request, async () => answerJson({ status: 'ok', time: edge.clock() }));
		default:
			return routeChannel(request, url, edge);
	}
}

async function routeChannel(request: Request, url: URL, edge: Edge): Promise<Response> {
	const [, base, name, resource, ...more] = url.pathname.split('/');
	if (base !== 'channels' || resource !== 'events' || more.length > 0 || name === undefined) {
		throw new FeedError(
			'not-found',
			'Events are at /channels/{channel}/events, the script at /live-feed.js, a demo at /.',
		);
	}
	const methods = 'GET, HEAD, POST, OPTIONS';
	if (request.method === 'OPTIONS') return answerPreflight(methods);
	if (!methods.split(', ').includes(request.method)) return answerMethod(methods);
	const channel = parseChannel(decodeName(name));
	return edge.fetchChannel(channel, `/${resource}${url.search}`, request, selectHeaders(request));
}

/** What a channel reads, and of that only ASCII: other bytes have ended the process of a host's debugger. */
function selectHeaders(request: Request): Headers {
	const selected = new Headers();
	for (const name of CHANNEL_HEADERS) {
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

/** The drop-in script or a part of it: for pages of any origin, compressed when it was built. */
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
		'content-type': 'text/javascript; charset=utf-8',
		'cache-control': caching,
		'cross-origin-resource-policy': 'cross-origin',
		vary: 'accept-encoding',
		etag,
	});
	if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
	if (request.method === 'HEAD') return new Response(null, { headers });
	const wantsGzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
	const zipped = wantsGzip ? await edge.fetchFile(`${SCRIPTS}${path}.gz`) : null;
	if (!zipped?.ok) return new Response(script, { headers });
	headers['content-encoding'] = 'gzip';
	const asItIs: ResponseInit & { encodeBody: 'manual' } = { headers, encodeBody: 'manual' }; // it is compressed already
	return new Response(await zipped.arrayBuffer(), asItIs);
}
