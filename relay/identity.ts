// Who somebody is on a channel: from a token, or from none, to a subject and rights.
// Knows JSON Web Tokens (RFC 7519) and the settings they are checked by; never knows requests, sockets or what is asked for.
import {
	createLocalJWKSet,
	decodeProtectedHeader,
	errors,
	type JWTPayload,
	type JWTVerifyOptions,
	jwtVerify,
} from 'jose';
import { CAPABILITIES, type Capability } from './protocol/capabilities.ts';
import { createError, FeedError } from './protocol/errors.ts';
import { MAX_ACTOR_ID_CHARS, MAX_ACTOR_NAME_CHARS, MAX_TOKEN_CHARS } from './protocol/limits.ts';
import { EARLY_S, KEY_ALGORITHMS, SECRET_ALGORITHM } from './protocol/token.ts';
import { isChannelPattern, matchesChannel } from './protocol/types.ts';
import type { Settings } from './settings.ts';

export interface Identity {
	/** Whom a token proved; empty for the unproven. */
	readonly subject: string;
	/** The name that goes with it, where the token has one. */
	readonly name?: string | undefined;
	/** Whose he is where no token proves it: the hash of the key that he showed. */
	readonly author?: string | undefined;
	/** What he may do on this channel: a bit for each of `CAPABILITIES`. */
	readonly rights: number;
	/** From then on he may nothing any more, milliseconds since 1970. */
	readonly expires?: number | undefined;
	/** Where he comes from, where the relay is told. */
	readonly address?: string | undefined;
}

function toRights(capabilities: readonly string[]): number {
	return CAPABILITIES.reduce((bits, one, index) => (capabilities.includes(one) ? bits | (1 << index) : bits), 0);
}

/** Who has said nothing yet. */
export const NOBODY: Identity = { subject: '', rights: 0 };

/** Whoever reaches an open relay: nobody is proven, and everything is allowed. */
export const ANYBODY: Identity = { subject: '', rights: toRights(CAPABILITIES) };

/** May he do one of these? */
export function can({ rights }: Identity, ...capabilities: Capability[]): boolean {
	return capabilities.some((one) => (rights & (1 << CAPABILITIES.indexOf(one))) !== 0);
}

/** All that he may do. */
export function capabilitiesOf(who: Identity): Capability[] {
	return CAPABILITIES.filter((one) => can(who, one));
}

/** Why he may do none of these, or not any more; undefined where he may: `token-expired`, `token-needed` or `forbidden`. */
export function deny(who: Identity, now: number, ...capabilities: Capability[]): FeedError | undefined {
	if (hasExpired(who, now)) return createError('token-expired');
	if (can(who, ...capabilities)) return undefined;
	if (who.subject === '') return createError('token-needed');
	return new FeedError(
		'forbidden',
		`The token does not allow this on this channel; it takes one whose \`can\` has ${capabilities.join(' or ')} and whose \`channels\` have its name.`,
	);
}

export function hasExpired({ expires }: Identity, now: number): boolean {
	return expires !== undefined && expires <= now;
}

/** Of an author's key (SHA-256), short enough to be shown with each of his events, and telling nothing of the key. */
const HASH_CHARS = 16;
const encoder = new TextEncoder();

export async function hashAuthor(key: string): Promise<string> {
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(key)));
	const number = digest.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
	return number.toString(36).padStart(HASH_CHARS, '0').slice(-HASH_CHARS);
}

/** Answers who a token proves on a channel. */
export class Identities {
	readonly #settings: Settings;
	readonly #clock: () => number;
	readonly #secrets: readonly Uint8Array[];
	readonly #keys: ReturnType<typeof createLocalJWKSet> | undefined;

	constructor(settings: Settings, clock: () => number) {
		this.#settings = settings;
		this.#clock = clock;
		this.#secrets = settings.secrets.map((secret) => encoder.encode(secret));
		this.#keys = settings.keys && createLocalJWKSet(settings.keys);
	}

	/**
	 * At once for who has neither token nor author's key. Whether a token is over is for `deny` to say, at each thing that is done.
	 * @throws FeedError `token-invalid`, `token-expired`
	 */
	identify(
		token: string | undefined,
		channel: string,
		address?: string,
		author?: string,
	): Identity | Promise<Identity> {
		if (this.#settings.isOpen) return withAuthor({ ...ANYBODY, address }, author);
		const isPublic = this.#settings.publicChannels.some((pattern) => matchesChannel(pattern, channel));
		const rights = isPublic ? toRights(['read']) : 0;
		if (token === undefined) return withAuthor({ subject: '', rights, address }, author);
		return this.#verify(token).then((claims) => {
			const isHere = claims.channels.some((pattern) => matchesChannel(pattern, channel));
			return {
				...{ subject: claims.subject, name: claims.name, expires: claims.expires, address },
				rights: rights | (isHere ? toRights(claims.can) : 0),
			};
		});
	}

	async #verify(token: string): Promise<Claims> {
		if (token.length > MAX_TOKEN_CHARS) refuse(`it has more than ${MAX_TOKEN_CHARS} characters`);
		const { issuer, audience } = this.#settings;
		const options: JWTVerifyOptions = {
			requiredClaims: ['exp', 'sub'],
			clockTolerance: EARLY_S,
			currentDate: new Date(this.#clock()),
			...(issuer ? { issuer } : {}),
			...(audience ? { audience } : {}),
		};
		try {
			return parseClaims(await this.#readPayload(token, options));
		} catch (error) {
			if (error instanceof FeedError) throw error;
			if (error instanceof errors.JWTExpired) throw createError('token-expired');
			if (error instanceof errors.JWTClaimValidationFailed) return refuse(describeClaim(error.claim));
			if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
				return refuse('no key of this relay has signed it');
			if (error instanceof errors.JOSEAlgNotAllowed) return refuse('it is signed in a way that is not allowed here');
			// Whatever else is wrong with it: what a stranger sends is never a fault of ours.
			return refuse('it is no signed JSON Web Token');
		}
	}

	/** A secret proves HS256 and nothing else, a public key what is signed by its private one: none takes the other's place. */
	async #readPayload(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
		if (decodeProtectedHeader(token).alg !== SECRET_ALGORITHM && this.#keys) {
			return (await jwtVerify(token, this.#keys, { ...options, algorithms: KEY_ALGORITHMS })).payload;
		}
		let failure: unknown = new errors.JWSSignatureVerificationFailed();
		for (const secret of this.#secrets) {
			try {
				return (await jwtVerify(token, secret, { ...options, algorithms: [SECRET_ALGORITHM] })).payload;
			} catch (error) {
				failure = error;
				if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
			}
		}
		throw failure;
	}
}

function withAuthor(who: Identity, key: string | undefined): Identity | Promise<Identity> {
	return key === undefined ? who : hashAuthor(key).then((author) => ({ ...who, author }));
}

interface Claims {
	subject: string;
	name: string | undefined;
	channels: string[];
	can: string[];
	expires: number;
}

function refuse(why: string): never {
	throw new FeedError('token-invalid', `The token is refused: ${why}. \`live-feed token explain\` tells more of it.`);
}

function describeClaim(claim: string): string {
	if (claim === 'iss') return 'it is from another issuer than this relay takes tokens from';
	if (claim === 'aud') return 'it is meant for another audience';
	if (claim === 'nbf') return 'it does not hold yet';
	return `its claim \`${claim}\` is missing or wrong`;
}

/** Whoever signs may put anything into a claim; this is shown, and kept beside keys. */
function isWord(value: unknown, maxChars: number): value is string {
	return typeof value === 'string' && value.length <= maxChars && !/\p{Cc}/u.test(value);
}

function parseClaims({ sub, name, channels, can, exp = 0 }: JWTPayload): Claims {
	if (!isWord(sub, MAX_ACTOR_ID_CHARS) || sub === '')
		return refuse(`\`sub\` is a string of 1 to ${MAX_ACTOR_ID_CHARS} characters, none of them a control character`);
	// Two subjects would be one if their surrogates were replaced; a name may be cut anywhere.
	if (!sub.isWellFormed()) return refuse('`sub` has half of a surrogate pair, which is no Unicode');
	if (name !== undefined && !isWord(name, MAX_ACTOR_NAME_CHARS))
		return refuse(
			`\`name\` is a string of ${MAX_ACTOR_NAME_CHARS} characters at most, none of them a control character`,
		);
	if (!Array.isArray(channels) || !channels.every(isChannelPattern))
		return refuse('`channels` is an array of channel names, or of beginnings with a `*` at their end');
	if (!Array.isArray(can) || !can.every((one) => typeof one === 'string'))
		return refuse(`\`can\` is an array of ${CAPABILITIES.join(', ')}`);
	return { subject: sub, name: name?.toWellFormed(), channels, can, expires: exp * 1000 };
}
