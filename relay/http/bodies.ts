// The body of a POST → drafts, in each of the forms that people send.
// Knows content types and encodings; never knows channels or what becomes of a draft.
import { concatBytes } from '../bytes.ts';
import { DRAFT_FIELD_NAMES, parseDraft } from '../protocol/draft.ts';
import { FeedError } from '../protocol/errors.ts';
import type { ChangeDraft, CheckedDraft } from '../protocol/event.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES } from '../protocol/limits.ts';
import { allowedMs, type BodyBudget } from './body-budget.ts';

/** One item of a body: a draft, or why it is none. */
export type Item = { draft: CheckedDraft | ChangeDraft } | { error: FeedError };

export interface Body {
	items: Item[];
	/** True where the form is one of many events, even if it holds one. */
	isMany: boolean;
}

/** All of a body, with its length. */
export type ReadBody = Body & { bytes: number };

const encoder = new TextEncoder();
const FORMS =
	'application/json, application/x-ndjson, text/plain, application/x-www-form-urlencoded or multipart/form-data';

/**
 * Reads the drafts of a POST. What is wrong with one item stays with that item.
 * @throws FeedError for what concerns the whole: `batch-too-large`, `invalid-utf8`, `invalid-json`, `unsupported-content`,
 * `event-too-large` and `invalid-event` where the form holds one event
 */
export async function readBody(request: Request): Promise<ReadBody> {
	const type = (request.headers.get('content-type') ?? 'text/plain').split(';')[0]?.trim().toLowerCase() ?? '';
	const bytes = await readBytes(request);
	if (bytes.length === 0) throw noEvent();
	const body = await parseBody(type, bytes, request.headers.get('content-type') ?? '');
	if (body.items.length === 0) throw noEvent();
	if (body.items.length > MAX_BATCH_EVENTS) {
		throw new FeedError(
			'batch-too-large',
			`A request has at most ${MAX_BATCH_EVENTS} events; this one has ${body.items.length}.`,
		);
	}
	const [only] = body.items;
	if (!body.isMany && only && 'error' in only) throw only.error;
	return { ...body, bytes: bytes.length };
}

async function parseBody(type: string, bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<Body> {
	switch (type) {
		case 'application/json':
			return parseJson(decode(bytes));
		case 'application/x-ndjson':
		case 'application/ndjson':
		case 'application/jsonl':
			return parseLines(decode(bytes));
		case 'text/plain':
			return single(() => ({ text: decode(bytes).replace(/\r?\n$/, '') }), bytes.length);
		case 'application/x-www-form-urlencoded':
			return parseForm(decode(bytes));
		case 'multipart/form-data':
			return parseMultipart(bytes, contentType);
		default:
			throw new FeedError('unsupported-content', `Send ${FORMS}; this is ${type.slice(0, 60) || 'without a type'}.`);
	}
}

/** What bounds a body that comes from outside. */
export interface Intake {
	/** The reader of the body removes from it what was added, once the body is no longer needed. */
	budget: BodyBudget;
	/** Default: 10 s. */
	graceMs?: number;
}

/**
 * The body, and no more of it than is allowed: a stream may be endless.
 * @throws FeedError `batch-too-large`, `relay-full`, and `invalid-event` where it does not come whole or in time; what was
 * added to the budget is removed then
 */
export async function readBytes(request: Request, intake?: Intake): Promise<Uint8Array<ArrayBuffer>> {
	const tooLarge = () =>
		new FeedError('batch-too-large', `A request has at most ${MAX_BATCH_BYTES} bytes. Send fewer events at a time.`);
	if (Number(request.headers.get('content-length')) > MAX_BATCH_BYTES) throw tooLarge();
	const reader = request.body?.getReader();
	const parts: Uint8Array[] = [];
	let length = 0;
	let added = 0;
	const time = intake && reader ? watchTime(() => allowedMs(length, intake.graceMs)) : undefined;
	try {
		while (reader) {
			const reading = reader.read().catch(() => {
				throw new FeedError('invalid-event', 'The body ended before it was whole.');
			});
			const { done, value } = await (time ? Promise.race([reading, time.over]) : reading);
			if (done) break;
			length += value.length;
			if (length > MAX_BATCH_BYTES) throw tooLarge();
			const full = intake?.budget.add(value.length);
			if (full) throw full;
			added += value.length;
			parts.push(value);
		}
	} catch (error) {
		intake?.budget.remove(added);
		// Not awaited: a client that has stopped sending holds it up.
		reader?.cancel().catch(() => {});
		throw error;
	} finally {
		time?.stop();
	}
	return concatBytes(parts);
}

/** `over` rejects with `invalid-event` once the allowed time, which may grow meanwhile, is over. One timer for all of a body. */
function watchTime(allowed: () => number): { over: Promise<never>; stop: () => void } {
	const start = Date.now();
	let timer: ReturnType<typeof setTimeout> | undefined;
	const over = new Promise<never>((_, reject) => {
		const look = () => {
			const left = start + allowed() - Date.now();
			if (left > 0) timer = setTimeout(look, left);
			else reject(new FeedError('invalid-event', 'The body came too slowly. Send it faster, or fewer events.'));
		};
		look();
	});
	over.catch(() => {}); // also where nobody waits for it at that moment
	const stop = () => {
		if (timer !== undefined) clearTimeout(timer);
	};
	return { over, stop };
}

/** @throws FeedError `invalid-utf8` */
export function decode(bytes: Uint8Array): string {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
	} catch {
		throw notUtf8();
	}
}

const noEvent = (): FeedError =>
	new FeedError('invalid-event', 'The body holds no event. Send a text, or JSON such as {"type": "deploy.done"}.');

const notUtf8 = (): FeedError => new FeedError('invalid-utf8', 'The body is to be UTF-8.');

/** One event; what is wrong with it is wrong with the request. */
function single(read: () => unknown, bytes: number): Body {
	return { items: [parseItem(read, bytes)], isMany: false };
}

function parseItem(read: () => unknown, bytes: number): Item {
	try {
		if (bytes > MAX_EVENT_BYTES) {
			throw new FeedError('event-too-large', `An event has at most ${MAX_EVENT_BYTES} bytes; this one has ${bytes}.`);
		}
		return { draft: parseDraft(read()) };
	} catch (error) {
		if (error instanceof FeedError) return { error };
		throw error;
	}
}

function readJson(text: string, what: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new FeedError(
			'invalid-json',
			`${what} is not valid JSON. An event is {"type": "deploy.done", "text": "Deploy 214 finished"}.`,
		);
	}
}

function parseJson(text: string): Body {
	const value = readJson(text, 'The body');
	if (!Array.isArray(value)) return single(() => value, encoder.encode(text).length);
	// An item's size is measured after its depth is known: JSON.stringify fails at what JSON.parse takes.
	return { items: value.map((item) => parseItem(() => item, 0)), isMany: true };
}

function parseLines(text: string): Body {
	const lines = text.split('\n').filter((line) => line.trim() !== '');
	return {
		items: lines.map((line, index) =>
			parseItem(() => readJson(line, `Line ${index + 1}`), encoder.encode(line).length),
		),
		isMany: true,
	};
}

/**
 * A form's fields are the draft's; `actor` is a name, `data` JSON, and `events` alone an array of drafts.
 * `curl -d …` says that it sends a form, whatever it sends: a JSON object or array is taken as such, and a body
 * without a field of ours is a text.
 */
function parseForm(text: string): Body {
	if (/^\s*[{[]/.test(text) && isJson(text)) return parseJson(text);
	const fields = [...new URLSearchParams(text)];
	if (fields.some(([name]) => name === 'events' || DRAFT_FIELD_NAMES.includes(name))) {
		const count = (of: string) => of.split('\ufffd').length;
		// Percent-encoded bytes that are no UTF-8 become U+FFFD; one that is meant was in the body.
		if (count(fields.flat().join('')) > count(text.replaceAll(/%ef%bf%bd/gi, '\ufffd'))) throw notUtf8();
		return parseFields(fields);
	}
	let sentence = text.replace(/\r?\n$/, '');
	if (!/[\s=]/.test(sentence) && /%[0-9a-f]{2}/i.test(sentence)) {
		try {
			sentence = decodeURIComponent(sentence.replaceAll('+', ' '));
		} catch {
			// Not encoded after all: it is meant as it stands.
		}
	}
	return single(() => ({ text: sentence }), encoder.encode(sentence).length);
}

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false; // a sentence that begins with a bracket
	}
}

async function parseMultipart(bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<Body> {
	let fields: [string, string | File][];
	try {
		fields = [...(await new Response(bytes, { headers: { 'content-type': contentType } }).formData())];
	} catch {
		throw new FeedError('unsupported-content', 'The multipart body cannot be read.');
	}
	const texts = fields.map(([name, value]): [string, string] => {
		// A file input that is left empty is sent all the same.
		if (typeof value !== 'string' && value.size > 0) {
			throw new FeedError('unsupported-content', 'Files are not taken; link to one with `url`.');
		}
		return [name, typeof value === 'string' ? value : ''];
	});
	decode(bytes);
	return parseFields(texts);
}

function parseFields(fields: Iterable<[string, string]>): Body {
	// Without a prototype, so that a field called `__proto__` is refused like any other that is not ours.
	const draft: Record<string, unknown> = Object.create(null);
	let bytes = 0;
	for (const [name, value] of fields) {
		bytes += encoder.encode(value).length;
		// A field that is left empty in a page is one that is not given.
		if (value === '') continue;
		if (name === 'events') return parseJson(value);
		if (name === 'data') draft[name] = readJson(value, '`data`');
		else if (name === 'actor') draft[name] = value.startsWith('{') ? readJson(value, '`actor`') : { name: value };
		else draft[name] = name === 'at' && /^-?\d+$/.test(value) ? Number(value) : value;
	}
	return single(() => draft, bytes);
}
