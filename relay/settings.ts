// The relay's settings, read from its variables.
// Knows names, forms and defaults; never knows what a setting does.
import type { JSONWebKeySet } from 'jose';
import type { Retention } from './log.ts';
import { DEFAULT_KEPT_ENTRIES, MAX_EVENT_BYTES, STALL_TIMEOUT_MS } from './protocol/limits.ts';
import { parseSpan } from './protocol/since.ts';
import { MAX_SECRETS, MIN_SECRET_CHARS } from './protocol/token.ts';
import { isChannelPattern, matchesChannel } from './protocol/types.ts';

/** How much of each there may be; undefined for as much as comes. What is of a minute may come all at once. */
export interface Limits {
	/** Events a minute, of a subject, of a connection and of an address. */
	publishes: number | undefined;
	/** Bytes of events a minute, of the same. */
	publishedBytes: number | undefined;
	/** Messages a minute on one socket that bring no event: pings, hellos, and what is none. */
	messages: number | undefined;
	/** Connections to the relay, and from one address. */
	connections: number | undefined;
	connectionsPerAddress: number | undefined;
	/** Sockets that have not said hello. */
	ungreeted: number | undefined;
	/** Channels a minute that are not in use yet, of a subject and of an address. */
	newChannels: number | undefined;
	/** Bytes of history a minute, of a subject, of a connection and of an address. */
	replayedBytes: number | undefined;
}

/** A value of all channels, and of those that a pattern chooses; the most precise first. */
export interface PerChannel<T> {
	general: T;
	special: { pattern: string; value: T }[];
}

export function valueFor<T>({ general, special }: PerChannel<T>, channel: string): T {
	const found = special.find(({ pattern }) => matchesChannel(pattern, channel));
	return found ? found.value : general;
}

export interface Settings {
	/** How many events are kept; and for how long, milliseconds, undefined for as long as they are not too many. */
	keptEntries: PerChannel<number>;
	keptAgeMs: PerChannel<number | undefined>;
	/** How large an event may be as JSON, bytes. */
	maxEventBytes: PerChannel<number>;
	/** A viewer whose window is full and who confirms nothing for this long is closed, milliseconds. */
	stallTimeoutMs: number;
	/** So much of the disk stays free, bytes: where less is, nothing is stored. Default: the starter of the engine decides. */
	diskReserveBytes: number | undefined;
	/** Nobody has to prove who he is. */
	isOpen: boolean;
	/** Shared secrets, of which the first signs. */
	secrets: string[];
	/** Public keys (RFC 7517). */
	keys: JSONWebKeySet | undefined;
	issuer: string | undefined;
	audience: string | undefined;
	/** Channels that anybody may read: names, and beginnings with a `*` at their end. */
	publicChannels: string[];
	/** Pages of these origins are served; undefined where no list is given. */
	origins: string[] | undefined;
	/** The header in which the proxy tells a client's address, in small letters. */
	addressHeader: string | undefined;
	limits: Limits;
}

type Variables = Record<string, unknown>;

/** What a channel keeps. */
export function retentionOf({ keptEntries, keptAgeMs }: Settings, channel: string): Retention {
	return { entries: valueFor(keptEntries, channel), ageMs: valueFor(keptAgeMs, channel) };
}

/** Is it an origin as a browser writes it, `https://www.example.org`, without anything after it? */
export function isOrigin(text: string): boolean {
	try {
		return new URL(text).origin === text;
	} catch {
		return false;
	}
}

export function isSetting(name: string): boolean {
	return NAMES.includes(name);
}

/** The variables of an environment that are settings of the relay; an empty one is as if it were not there. */
export function selectSettings(environment: Record<string, string | undefined>): Record<string, string> {
	return Object.fromEntries(
		Object.entries(environment).filter((entry): entry is [string, string] => isSetting(entry[0]) && !!entry[1]?.trim()),
	);
}

/** Every variable that is a setting of the relay, in the order of README.md. */
export function listSettings(): readonly string[] {
	return NAMES;
}

/** What holds where a setting is not set, as it would be written; undefined where nothing does. */
export function findDefault(name: string, isOpen: boolean): string | undefined {
	if (name === 'LIVE_FEED_KEEP_ENTRIES') return String(DEFAULT_KEPT_ENTRIES);
	if (name === 'LIVE_FEED_MAX_EVENT_BYTES') return String(MAX_EVENT_BYTES);
	if (name === 'LIVE_FEED_STALL_TIMEOUT') return String(STALL_TIMEOUT_MS / 1000);
	const [, secured] = Object.values(LIMITS).find(([limit]) => limit === name) ?? [];
	return secured === undefined || isOpen ? undefined : String(secured);
}

/**
 * Each is described in README.md.
 * @throws Error that names the variable and what it may be; never what a secret is
 */
export function readSettings(variables: Variables): Settings {
	const read = (name: string) => String(variables[name] || '').trim();
	const words = (name: string) => read(name).split(/\s+/).filter(Boolean);
	const secrets = words('LIVE_FEED_SECRET');
	if (secrets.length > MAX_SECRETS || secrets.some((secret) => secret.length < MIN_SECRET_CHARS))
		fail('LIVE_FEED_SECRET', `a secret of ${MIN_SECRET_CHARS} characters at least, or two with a space between`);
	const keys = parseKeySet(read('LIVE_FEED_KEYS'));
	const isOpen = secrets.length === 0 && !keys;
	const publicChannels = words('LIVE_FEED_PUBLIC');
	for (const pattern of publicChannels) {
		if (!isChannelPattern(pattern))
			fail('LIVE_FEED_PUBLIC', 'channel names with spaces between, or beginnings such as `team-*`', pattern);
	}
	const origins = words('LIVE_FEED_ORIGINS');
	for (const origin of origins) {
		// A `*` may be part of a name, and is meant as a pattern, which would never match.
		if (!isOrigin(origin) || origin.includes('*'))
			fail('LIVE_FEED_ORIGINS', 'whole origins with spaces between, such as https://www.example.org', origin);
	}
	const addressHeader = read('LIVE_FEED_ADDRESS_HEADER').toLowerCase();
	if (!/^[a-z0-9-]*$/.test(addressHeader))
		fail('LIVE_FEED_ADDRESS_HEADER', 'the name of a header, such as cf-connecting-ip', addressHeader);
	return {
		keptEntries: readPerChannel(words, 'LIVE_FEED_KEEP_ENTRIES', DEFAULT_KEPT_ENTRIES, parseEntries),
		keptAgeMs: readPerChannel(words, 'LIVE_FEED_KEEP_AGE', undefined, parseAge),
		maxEventBytes: readPerChannel(words, 'LIVE_FEED_MAX_EVENT_BYTES', MAX_EVENT_BYTES, parseEventBytes),
		stallTimeoutMs: readStallTimeout(read),
		diskReserveBytes: readDiskReserve(read),
		...{ isOpen, secrets, keys, publicChannels },
		issuer: read('LIVE_FEED_ISSUER') || undefined,
		audience: read('LIVE_FEED_AUDIENCE') || undefined,
		origins: origins.length > 0 ? origins : undefined,
		addressHeader: addressHeader || undefined,
		limits: readLimits(read, isOpen),
	};
}

function fail(name: string, expected: string, given?: string): never {
	throw new Error(`${name} is ${expected}${given === undefined ? '' : `; it is "${given}"`}.`);
}

/** A value, and others as `pattern=value`, with spaces between: `10000 audit-*=100000`. */
function readPerChannel<T>(
	words: (name: string) => string[],
	name: string,
	general: T,
	parse: (text: string) => T | string,
): PerChannel<T> {
	const found: PerChannel<T> = { general, special: [] };
	const given = words(name);
	for (const [index, word] of given.entries()) {
		const [, pattern, text = ''] = /^(?:([^=]*)=)?(.*)$/.exec(word) ?? [];
		const value = parse(text);
		// What is wrong with it is said in words; no value is a string.
		if (typeof value === 'string') fail(name, value, text);
		if (pattern === undefined && index === 0) found.general = value;
		else if (pattern === undefined || !isChannelPattern(pattern))
			fail(name, 'a value for all channels, and after it others such as audit-*=VALUE', word);
		else found.special.push({ pattern, value });
	}
	// A whole name before a beginning, and a longer beginning before a shorter one.
	const precision = (pattern: string) => (pattern.endsWith('*') ? pattern.length : Number.POSITIVE_INFINITY);
	found.special.sort((one, other) => precision(other.pattern) - precision(one.pattern) || 0);
	return found;
}

function parseEntries(text: string): number | string {
	return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 'a number from 1 to 9999999, such as 10000';
}

function parseAge(text: string): number | string {
	return parseSpan(text) || 'a span such as 30d, 12h or 90m';
}

function parseEventBytes(text: string): number | string {
	const bytes = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
	return bytes >= 256 && bytes <= MAX_EVENT_BYTES ? bytes : `a number of bytes from 256 to ${MAX_EVENT_BYTES}`;
}

function readStallTimeout(read: (name: string) => string): number {
	const stall = read('LIVE_FEED_STALL_TIMEOUT') || String(STALL_TIMEOUT_MS / 1000);
	if (!/^[1-9]\d{0,3}$/.test(stall))
		fail('LIVE_FEED_STALL_TIMEOUT', 'a number of seconds from 1 to 9999, such as 30', stall);
	return Number(stall) * 1000;
}

function readDiskReserve(read: (name: string) => string): number | undefined {
	const reserve = read('LIVE_FEED_DISK_RESERVE');
	if (!/^(|0|[1-9]\d{0,14})$/.test(reserve))
		fail('LIVE_FEED_DISK_RESERVE', 'a number of bytes, such as 16777216', reserve);
	return reserve === '' ? undefined : Number(reserve);
}

/**
 * A set given here is never fetched: a token must not choose where keys come from.
 * @throws Error that names the variable and what it may be
 */
export function parseKeySet(text: string): JSONWebKeySet | undefined {
	if (text === '') return undefined;
	const expected = 'a JSON Web Key Set of public keys: {"keys": [{"kty": "EC", "alg": "ES256", …}]}';
	let set: { keys?: unknown };
	try {
		set = JSON.parse(text);
	} catch {
		return fail('LIVE_FEED_KEYS', expected);
	}
	const keys = Array.isArray(set?.keys) ? (set.keys as Record<string, unknown>[]) : [];
	if (keys.length === 0 || !keys.every((key) => typeof key?.kty === 'string')) fail('LIVE_FEED_KEYS', expected);
	if (keys.some((key) => key.kty === 'oct' || 'd' in key))
		fail('LIVE_FEED_KEYS', 'a set of public keys alone; one of these is secret and belongs to whoever signs');
	return set as JSONWebKeySet; // looked at just now; whether a key is sound shows when it is used
}

/** Name, and what a relay that asks for tokens allows where nothing is said. An open one is limited by what is said alone. */
const LIMITS: Record<keyof Limits, [name: string, secured: number]> = {
	publishes: ['LIVE_FEED_MAX_PUBLISHES', 60_000],
	publishedBytes: ['LIVE_FEED_MAX_PUBLISHED_BYTES', 64 * 1024 * 1024],
	messages: ['LIVE_FEED_MAX_MESSAGES', 1200],
	connections: ['LIVE_FEED_MAX_CONNECTIONS', 20_000],
	connectionsPerAddress: ['LIVE_FEED_MAX_CONNECTIONS_PER_ADDRESS', 200],
	ungreeted: ['LIVE_FEED_MAX_UNGREETED', 2000],
	newChannels: ['LIVE_FEED_MAX_NEW_CHANNELS', 120],
	replayedBytes: ['LIVE_FEED_MAX_REPLAYED_BYTES', 256 * 1024 * 1024],
};

function readLimits(read: (name: string) => string, isOpen: boolean): Limits {
	const limits = Object.entries(LIMITS).map(([key, [name, secured]]) => {
		const text = read(name);
		if (!/^(|[1-9]\d{0,11})$/.test(text)) fail(name, `a whole number above 0, such as ${secured}`, text);
		return [key, text === '' ? (isOpen ? undefined : secured) : Number(text)];
	});
	return Object.fromEntries(limits) as unknown as Limits; // one for each of its keys
}

const NAMES: readonly string[] = [
	...[
		'LIVE_FEED_SECRET',
		'LIVE_FEED_KEYS',
		'LIVE_FEED_ISSUER',
		'LIVE_FEED_AUDIENCE',
		'LIVE_FEED_PUBLIC',
		'LIVE_FEED_ORIGINS',
	],
	...['LIVE_FEED_ADDRESS_HEADER', 'LIVE_FEED_KEEP_ENTRIES', 'LIVE_FEED_KEEP_AGE', 'LIVE_FEED_MAX_EVENT_BYTES'],
	...['LIVE_FEED_STALL_TIMEOUT', 'LIVE_FEED_DISK_RESERVE'],
	...Object.values(LIMITS).map(([name]) => name),
];
