// Unknown input → a checked draft, or an error that says what was expected.
// Knows every field's rule; never knows who publishes or where it is kept.
import { FeedError } from './errors.ts';
import { type Actor, type CheckedDraft, type Draft, type Json, LEVELS, type Level } from './event.ts';
import {
	MAX_ACTOR_ID_CHARS,
	MAX_ACTOR_NAME_CHARS,
	MAX_DATA_BYTES,
	MAX_DATA_LEVELS,
	MAX_KEY_CHARS,
	MAX_TEXT_BYTES,
	MAX_URL_CHARS,
} from './limits.ts';
import { NO_EPOCH, parsePosition } from './position.ts';
import { parseIsoTime } from './since.ts';
import { isName } from './types.ts';

type Checker<T> = (value: unknown, field: string) => T;

const encoder = new TextEncoder();
/** Latest time a Date can hold (ECMA-262, 21.4.1.1), milliseconds. */
const MAX_TIME_MS = 8.64e15;
const KEY = /^[\x20-\x7e]+$/;

function refuse(message: string): never {
	throw new FeedError('invalid-event', message);
}

function byteLength(text: string): number {
	return encoder.encode(text).length;
}

const parseString =
	(max: number, what: string): Checker<string> =>
	(value, field) => {
		if (typeof value !== 'string') return refuse(`\`${field}\` is ${what}, at most ${max} characters.`);
		if (value.length > max) return refuse(`\`${field}\` has at most ${max} characters; this one has ${value.length}.`);
		return value;
	};

const parseType: Checker<string> = (value, field) => {
	if (isName(value)) return value;
	return refuse(
		`\`${field}\` is a name of 1 to 64 of A-Z a-z 0-9 . _ - that begins with a letter or digit, such as deploy.done. A sentence belongs into \`text\`.`,
	);
};

const parseText: Checker<string> = (value, field) => {
	if (typeof value !== 'string') return refuse(`\`${field}\` is a string.`);
	const bytes = byteLength(value);
	if (bytes > MAX_TEXT_BYTES) {
		return refuse(
			`\`${field}\` has at most ${MAX_TEXT_BYTES} bytes; this one has ${bytes}. Put more into \`data\`, or link to it with \`url\`.`,
		);
	}
	return value;
};

const parseLevel: Checker<Level> = (value, field) => {
	if (LEVELS.includes(value as Level)) return value as Level; // `includes` has just proven it
	return refuse(`\`${field}\` is one of ${LEVELS.join(', ')}.`);
};

const parseAddress =
	(protocols: readonly string[]): Checker<string> =>
	(value, field) => {
		const text = parseString(MAX_URL_CHARS, 'an address')(value, field);
		let protocol = '';
		try {
			protocol = new URL(text).protocol;
		} catch {
			// Not an address at all: refused below with what was expected.
		}
		if (protocols.includes(protocol)) return text;
		return refuse(
			`\`${field}\` is a whole address that begins with ${protocols.join(' or ')}, such as https://example.org/214.`,
		);
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

function checkJson(value: unknown, field: string, levels: number): void {
	if (typeof value === 'number' && !Number.isFinite(value)) refuse(`\`${field}\` has a number that JSON cannot hold.`);
	if (typeof value !== 'object' || value === null) return;
	if (levels === 0) refuse(`\`${field}\` has at most ${MAX_DATA_LEVELS} levels of arrays and objects.`);
	// Own keys only: JSON.parse makes `__proto__` an own key, which harms whoever copies it with an assignment.
	if (Object.hasOwn(value, '__proto__')) refuse(`\`${field}\` may not have the key __proto__.`);
	for (const item of Object.values(value)) checkJson(item, field, levels - 1);
}

const parseData: Checker<Json> = (value, field) => {
	checkJson(value, field, MAX_DATA_LEVELS);
	const bytes = byteLength(JSON.stringify(value));
	if (bytes > MAX_DATA_BYTES) {
		refuse(`\`${field}\` has at most ${MAX_DATA_BYTES} bytes as JSON; this one has ${bytes}.`);
	}
	return value as Json; // JSON.parse gave it and the walk above has seen all of it
};

const parseKind: Checker<'person' | 'bot'> = (value, field) =>
	value === 'person' || value === 'bot' ? value : refuse(`\`${field}\` is person or bot.`);

const ACTOR_FIELDS: { [K in keyof Omit<Actor, 'verified'>]-?: Checker<NonNullable<Actor[K]>> } = {
	id: parseString(MAX_ACTOR_ID_CHARS, 'a string'),
	name: parseString(MAX_ACTOR_NAME_CHARS, 'a name'),
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
};

const BY_RELAY: Record<string, string> = {
	id: 'the relay gives it',
	seq: 'the relay gives it',
	time: 'the relay gives it; when it happened belongs into `at`',
	verified: 'the relay gives it',
};

/** The fields of a draft, in the order in which an error lists them. */
export const DRAFT_FIELD_NAMES: readonly string[] = Object.keys(DRAFT_FIELDS);

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

/**
 * Unknown input → a draft with its `type` filled in.
 * @throws FeedError `invalid-event`
 */
export function parseDraft(value: unknown): CheckedDraft {
	const draft = parseFields<Draft>(value, '', DRAFT_FIELDS);
	if (draft.type === undefined && draft.text === undefined) {
		refuse('An event has a `type`, a `text`, or both: {"type": "deploy.done"} or {"text": "Deploy 214 finished"}.');
	}
	return { type: 'message', ...draft };
}
