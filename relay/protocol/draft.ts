// Unknown input → a checked draft, or an error that says what was expected.
// Knows every field's rule; never knows who publishes or where it is kept.
import { FeedError } from './errors.ts';
import {
	type Actor,
	type ChangeDraft,
	type CheckedDraft,
	type Draft,
	type Json,
	LEVELS,
	type Level,
	STATUSES,
	type Status,
} from './event.ts';
import {
	MAX_ACTOR_ID_CHARS,
	MAX_ACTOR_NAME_CHARS,
	MAX_DATA_BYTES,
	MAX_DATA_ITEMS,
	MAX_DATA_LEVELS,
	MAX_KEY_CHARS,
	MAX_REACTION_BYTES,
	MAX_TEXT_BYTES,
	MAX_URL_CHARS,
} from './limits.ts';
import { NO_EPOCH, parsePosition } from './position.ts';
import { parseIsoTime } from './since.ts';
import { isName } from './types.ts';
import { mendJson } from './well-formed.ts';

type Checker<T> = (value: unknown, field: string) => T;

const encoder = new TextEncoder();
/** Latest time a Date can hold (ECMA-262, 21.4.1.1), milliseconds. */
const MAX_TIME_MS = 8.64e15;
const KEY = /^[\x20-\x7e]+$/;
/** C0, DEL and C1: a terminal obeys them, a page hides them, and a URL parser drops some of them (CWE-150). */
const CONTROL = /\p{Cc}/u;
/** The same, but tabs and line ends, which a sentence may have; forms send the latter as CR LF. */
const CONTROL_IN_TEXT = /(?!\t|\r?\n)\p{Cc}/u;

/** Embeddings, overrides and isolates: one that is not closed in a name turns around what browsers draw behind it. */
const TURN = /[\u202a-\u202e\u2066-\u2069]/;

function refuse(message: string): never {
	throw new FeedError('invalid-event', message);
}

function byteLength(text: string): number {
	return encoder.encode(text).length;
}

/** How many bytes of UTF-8 a text has, where these are more than so many. Counted only where its length leaves a doubt. */
function excess(text: string, max: number): number | undefined {
	if (text.length * 3 <= max) return undefined;
	const bytes = byteLength(text);
	return bytes > max ? bytes : undefined;
}

function refuseControl(text: string, field: string, control: RegExp): void {
	const found = control.exec(text)?.[0];
	if (found === undefined) return;
	const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
	const allowed = control === CONTROL_IN_TEXT ? ' but tabs and line ends (LF or CR LF)' : '';
	refuse(`\`${field}\` has no control characters${allowed}; this one has U+${code}.`);
}

const parseString =
	(max: number, what: string): Checker<string> =>
	(value, field) => {
		if (typeof value !== 'string') return refuse(`\`${field}\` is ${what}, at most ${max} characters.`);
		if (value.length > max) return refuse(`\`${field}\` has at most ${max} characters; this one has ${value.length}.`);
		refuseControl(value, field, CONTROL);
		return value.toWellFormed();
	};

const parseNamed =
	(max: number, what: string): Checker<string> =>
	(value, field) => {
		const name = parseString(max, what)(value, field);
		if (TURN.test(name))
			refuse(
				`\`${field}\` has no characters that turn the direction of writing around (U+202A to U+202E, U+2066 to U+2069).`,
			);
		return name;
	};

const parseType: Checker<string> = (value, field) => {
	if (isName(value)) return value;
	return refuse(
		`\`${field}\` is a name of 1 to 64 of A-Z a-z 0-9 . _ - that begins with a letter or digit, such as deploy.done. A sentence belongs into \`text\`.`,
	);
};

const parseText: Checker<string> = (value, field) => {
	if (typeof value !== 'string') return refuse(`\`${field}\` is a string.`);
	const bytes = excess(value, MAX_TEXT_BYTES);
	if (bytes !== undefined) {
		return refuse(
			`\`${field}\` has at most ${MAX_TEXT_BYTES} bytes; this one has ${bytes}. Put more into \`data\`, or link to it with \`url\`.`,
		);
	}
	refuseControl(value, field, CONTROL_IN_TEXT);
	return value.toWellFormed();
};

const parseLevel: Checker<Level> = (value, field) => {
	if (LEVELS.includes(value as Level)) return value as Level; // `includes` has just proven it
	return refuse(`\`${field}\` is one of ${LEVELS.join(', ')}.`);
};

const parseAddress =
	(protocols: readonly string[]): Checker<string> =>
	(value, field) => {
		const text = parseString(MAX_URL_CHARS, 'an address')(value, field);
		let url: URL | undefined;
		try {
			url = new URL(text);
		} catch {
			// Not an address at all: refused below with what was expected.
		}
		if (!url || !protocols.includes(url.protocol)) {
			return refuse(
				`\`${field}\` is a whole address that begins with ${protocols.join(' or ')}, such as https://example.org/214.`,
			);
		}
		// `https://bank.example@evil.example` reads as the first and goes to the second; and a password is shown to all.
		if (url.username || url.password) return refuse(`\`${field}\` is an address without a user name or password.`);
		return text;
	};

const parseKey: Checker<string> = (value, field) => {
	if (typeof value === 'string' && value.length <= MAX_KEY_CHARS && KEY.test(value)) return value;
	return refuse(`\`${field}\` has 1 to ${MAX_KEY_CHARS} printable ASCII characters.`);
};

const parseTime: Checker<number> = (value, field) => {
	const time = typeof value === 'string' ? parseIsoTime(value) : value;
	if (typeof time === 'number' && Number.isFinite(time) && Math.abs(time) <= MAX_TIME_MS) return Math.round(time);
	return refuse(`\`${field}\` is milliseconds since 1970, or a date such as 2026-11-20T14:02:00Z.`);
};

const parseReplyTo: Checker<string> = (value, field) => {
	try {
		const { epoch, seq } = parsePosition(String(value));
		if (epoch !== NO_EPOCH && seq > 0) return String(value);
	} catch {
		// Said below in the words of this field.
	}
	return refuse(`\`${field}\` is the id of an event, such as k3f9a2:17.`);
};

/** Walks `data`, in which `seen` values were met before; says how many now. */
function checkJson(value: unknown, field: string, levels: number, seen: number): number {
	if (typeof value === 'number' && !Number.isFinite(value)) refuse(`\`${field}\` has a number that JSON cannot hold.`);
	if (seen > MAX_DATA_ITEMS) refuse(`\`${field}\` has at most ${MAX_DATA_ITEMS} values in all its arrays and objects.`);
	if (typeof value !== 'object' || value === null) return seen;
	if (levels === 0) refuse(`\`${field}\` has at most ${MAX_DATA_LEVELS} levels of arrays and objects.`);
	// Own keys only: JSON.parse makes `__proto__` an own key, which harms whoever copies it with an assignment.
	if (Object.hasOwn(value, '__proto__')) refuse(`\`${field}\` may not have the key __proto__.`);
	let count = seen;
	for (const item of Object.values(value)) count = checkJson(item, field, levels - 1, count + 1);
	return count;
}

const parseData: Checker<Json> = (value, field) => {
	checkJson(value, field, MAX_DATA_LEVELS, 0);
	const json = JSON.stringify(value);
	const mended = mendJson(json);
	const bytes = excess(mended, MAX_DATA_BYTES);
	if (bytes !== undefined) {
		refuse(`\`${field}\` has at most ${MAX_DATA_BYTES} bytes as JSON; this one has ${bytes}.`);
	}
	// Each lone surrogate is U+FFFD. Of two keys that are the same then, the later one stays.
	return (mended === json ? value : JSON.parse(mended)) as Json; // JSON.parse gave it and the walk above has seen all of it
};

const parseKind: Checker<'person' | 'bot'> = (value, field) =>
	value === 'person' || value === 'bot' ? value : refuse(`\`${field}\` is person or bot.`);

const ACTOR_FIELDS: { [K in keyof Omit<Actor, 'verified'>]-?: Checker<NonNullable<Actor[K]>> } = {
	id: parseNamed(MAX_ACTOR_ID_CHARS, 'a string'),
	name: parseNamed(MAX_ACTOR_NAME_CHARS, 'a name'),
	kind: parseKind,
	image: parseAddress(['https:', 'http:']),
	color: parseString(MAX_ACTOR_ID_CHARS, 'a CSS colour'),
};

const parseActor: Checker<Omit<Actor, 'verified'>> = (value, field) =>
	parseFields<Omit<Actor, 'verified'>>(value, field, ACTOR_FIELDS);

const DRAFT_FIELDS: { [K in keyof Draft]-?: Checker<NonNullable<Draft[K]>> } = {
	type: parseType,
	text: parseText,
	actor: parseActor,
	level: parseLevel,
	url: parseAddress(['https:', 'http:', 'mailto:']),
	data: parseData as Checker<NonNullable<Json>>, // null is JSON too; parseFields lets it through for `data`
	replyTo: parseReplyTo,
	key: parseKey,
	at: parseTime,
	status: (value, field) =>
		value === 'open' ? value : refuse(`\`${field}\` of a new event is open, or left out where it is no piece of work.`),
};

const parseFlag: Checker<boolean> = (value, field) =>
	typeof value === 'boolean' ? value : refuse(`\`${field}\` is true or false.`);

const parseStatus: Checker<Status> = (value, field) =>
	isStatus(value) ? value : refuse(`\`${field}\` is one of ${STATUSES.join(', ')}.`);

const parseReaction: Checker<string> = (value, field) => {
	const isWord = typeof value === 'string' && value !== '' && value !== '__proto__';
	const isSign = isWord && byteLength(value) <= MAX_REACTION_BYTES;
	if (isSign && !/[\p{Cc}\p{Cs}\p{Z}]/u.test(value) && !TURN.test(value)) return value;
	return refuse(`\`${field}\` is a sign such as 👍: 1 to ${MAX_REACTION_BYTES} bytes of UTF-8 without white space.`);
};

const CHANGE_FIELDS: { [K in keyof ChangeDraft]-?: Checker<NonNullable<ChangeDraft[K]>> } = {
	target: parseReplyTo,
	text: parseText,
	status: parseStatus,
	pinned: parseFlag,
	reaction: parseReaction,
	on: parseFlag,
	removed: (value, field) => (value === true ? value : refuse(`\`${field}\` is true: nothing brings it back.`)),
	actor: parseActor,
	key: parseKey,
	ifMatch: (value, field) =>
		Number.isSafeInteger(value) ? (value as number) : refuse(`\`${field}\` is the \`seq\` of the last change.`),
};
/** Each says what becomes of the event. */
const WHAT = ['text', 'status', 'pinned', 'reaction', 'removed'] as const;

const BY_RELAY: Record<string, string> = {
	id: 'the relay gives it',
	seq: 'the relay gives it',
	time: 'the relay gives it; when it happened belongs into `at`',
	verified: 'the relay gives it',
};

/** The fields of a draft, in the order in which an error lists them. */
export const DRAFT_FIELD_NAMES: readonly string[] = /* @__PURE__ */ Object.keys(DRAFT_FIELDS);

function parseFields<T>(value: unknown, field: string, fields: { [K in keyof T]-?: Checker<unknown> }): T {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		return refuse(`${field ? `\`${field}\`` : 'An event'} is a JSON object.`);
	}
	const parsed: Record<string, unknown> = {};
	for (const [name, item] of Object.entries(value)) {
		const path = field ? `${field}.${name}` : name;
		if (!Object.hasOwn(fields, name)) {
			const reason = Object.hasOwn(BY_RELAY, name) ? BY_RELAY[name] : `expected ${Object.keys(fields).join(', ')}`;
			return refuse(`\`${path.slice(0, 80)}\` is not a field that a publisher sets: ${reason}.`);
		}
		if (item === undefined) continue;
		parsed[name] = fields[name as keyof T](item, path); // hasOwn has just proven the key
	}
	return parsed as T; // every field went through its checker
}

export function isStatus(value: unknown): value is Status {
	return STATUSES.includes(value as Status);
}

/**
 * Who wants to be seen, as he says.
 * @throws FeedError `invalid-event`
 */
export function parsePresence(value: unknown): { name?: string; color?: string } {
	const { name, color } = ACTOR_FIELDS;
	return parseFields<{ name?: string; color?: string }>(value, 'presence', { name, color });
}

function parseChange(value: unknown): ChangeDraft {
	const draft = parseFields<ChangeDraft>(value, '', CHANGE_FIELDS);
	const what = WHAT.filter((name) => draft[name] !== undefined);
	if (draft.target === undefined || what.length !== 1)
		refuse(`A change has the id of its event as \`target\` and one of ${WHAT.join(', ')}.`);
	if (draft.on !== undefined && draft.reaction === undefined) refuse('`on` belongs to a `reaction`.');
	return draft;
}

export function isChangeDraft(draft: Draft | ChangeDraft): draft is ChangeDraft {
	return 'target' in draft;
}

/**
 * Unknown input → a draft with its `type` filled in, or one that changes the event of its `target`.
 * @throws FeedError `invalid-event`
 */
export function parseDraft(value: unknown): CheckedDraft | ChangeDraft {
	if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'target')) return parseChange(value);
	const draft = parseFields<Draft>(value, '', DRAFT_FIELDS);
	if (draft.type === undefined && draft.text === undefined) {
		refuse('An event has a `type`, a `text`, or both: {"type": "deploy.done"} or {"text": "Deploy 214 finished"}.');
	}
	return { type: 'message', ...draft };
}
