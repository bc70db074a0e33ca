// What a token says, and everything for which a relay with the keys at hand would refuse it.
// Knows signatures, claims and clocks; never knows how it is shown.
import {
	type CompactJWSHeaderParameters,
	compactVerify,
	createLocalJWKSet,
	decodeJwt,
	decodeProtectedHeader,
	type JWTPayload,
} from 'jose';
import { MAX_TOKEN_CHARS } from '../protocol/limits.ts';
import { EARLY_S, KEY_ALGORITHMS, SECRET_ALGORITHM } from '../protocol/token.ts';
import { checkCapabilities, checkChannels, checkName, checkSubject } from './claims.ts';
import type { Keys } from './keys.ts';

/** What a relay calls each reason. */
export type Refusal = 'token-invalid' | 'token-expired';

export interface Fault {
	code: Refusal;
	text: string;
}

export interface Explanation {
	algorithm: string | undefined;
	/** `unchecked` where no key is at hand that could tell. */
	signature: 'right' | 'wrong' | 'unchecked';
	/** Which key it was, or why there is none, in words. */
	signedBy: string;
	claims: JWTPayload;
	/** Empty where a relay would take it. */
	faults: Fault[];
	/** What is no fault, and surely not meant. */
	notes: string[];
}

/** Looks at all of it, so that everything that is wrong is said at once; `now` is in milliseconds since 1970. */
export async function explainToken(token: string, keys: Keys, now: number): Promise<Explanation> {
	const faults: Fault[] = [];
	const notes: string[] = [];
	const refuse = (text: string | undefined, code: Refusal = 'token-invalid') => {
		if (text !== undefined) faults.push({ code, text });
	};
	let header: Partial<CompactJWSHeaderParameters> = {};
	let claims: JWTPayload = {};
	try {
		header = decodeProtectedHeader(token);
		claims = decodeJwt(token);
	} catch {
		refuse('It is no token: three parts of base64url with dots between, the first two JSON, as in eyJ….eyJ….c2ln.');
		const signedBy = 'nothing that could be looked at';
		return { algorithm: header.alg, signature: 'unchecked', signedBy, claims, faults, notes };
	}
	if (token.length > MAX_TOKEN_CHARS) {
		refuse(`A token has ${MAX_TOKEN_CHARS} characters at most; this one has ${token.length}.`);
	}
	const { signature, signedBy, fault } = await checkSignature(token, header.alg, keys);
	refuse(fault);
	refuse(checkSubject(claims.sub));
	if (claims.name !== undefined) refuse(checkName(claims.name));
	if (Array.isArray(claims.channels) && claims.channels.length === 0) notes.push('It is for no channel.');
	else refuse(checkChannels(claims.channels));
	const oddity = checkCapabilities(claims.can);
	if (Array.isArray(claims.can) && claims.can.every((one) => typeof one === 'string')) {
		if (oddity !== undefined) notes.push(oddity);
	} else refuse(oddity);
	checkTimes(claims, now, refuse);
	const { issuer, audience } = keys;
	if (issuer && claims.iss !== issuer) refuse(`Its issuer is not ${issuer}, which LIVE_FEED_ISSUER asks for.`);
	if (audience && ![claims.aud].flat().includes(audience)) {
		refuse(`Its audience is not ${audience}, which LIVE_FEED_AUDIENCE asks for.`);
	}
	return { algorithm: header.alg, signature, signedBy, claims, faults, notes };
}

function checkTimes(
	{ exp, nbf }: JWTPayload,
	now: number,
	refuse: (text: string | undefined, code?: Refusal) => void,
): void {
	if (typeof exp !== 'number') refuse('It has no `exp`: a token says until when it holds.');
	else if (exp * 1000 <= now) refuse('It has expired.', 'token-expired');
	if (nbf !== undefined && typeof nbf !== 'number') refuse('Its `nbf` is no time.');
	else if (nbf !== undefined && nbf * 1000 > now + EARLY_S * 1000) refuse('It does not hold yet.');
}

interface Check {
	signature: Explanation['signature'];
	signedBy: string;
	fault?: string;
}

async function checkSignature(token: string, algorithm: string | undefined, keys: Keys): Promise<Check> {
	if (algorithm === SECRET_ALGORITHM) return await checkShared(token, keys);
	if (algorithm !== undefined && KEY_ALGORITHMS.includes(algorithm)) return await checkPublic(token, algorithm, keys);
	const fault = `Its algorithm is ${JSON.stringify(algorithm)}; a relay takes ${SECRET_ALGORITHM}, ${KEY_ALGORITHMS.join(', ')}.`;
	return { signature: 'unchecked', signedBy: 'no algorithm that a relay takes', fault };
}

async function checkShared(token: string, { secrets, source, keySet }: Keys): Promise<Check> {
	for (const [index, secret] of secrets.entries()) {
		const key = new TextEncoder().encode(secret);
		if (!(await isSigned(() => compactVerify(token, key, { algorithms: [SECRET_ALGORITHM] })))) continue;
		const which = secrets.length > 1 ? ['the first secret', 'the second secret'][index] : 'the secret';
		return { signature: 'right', signedBy: `${which} of ${source}` };
	}
	if (secrets.length > 0) {
		const which = secrets.length > 1 ? 'either secret' : 'the secret';
		return {
			signature: 'wrong',
			signedBy: `not by ${which} of ${source}`,
			fault: `It is not signed with ${which} of ${source}.`,
		};
	}
	if (keySet) {
		const fault = `${SECRET_ALGORITHM} needs a shared secret, and only LIVE_FEED_KEYS is set.`;
		return { signature: 'unchecked', signedBy: 'a secret that is not at hand', fault };
	}
	return { signature: 'unchecked', signedBy: 'a secret that is not at hand: set LIVE_FEED_SECRET to check it' };
}

async function checkPublic(token: string, algorithm: string, { secrets, keySet }: Keys): Promise<Check> {
	if (keySet) {
		const isRight = await isSigned(() => compactVerify(token, createLocalJWKSet(keySet), { algorithms: [algorithm] }));
		if (isRight) return { signature: 'right', signedBy: 'a key of LIVE_FEED_KEYS' };
		const fault =
			'It is signed with none of the keys in LIVE_FEED_KEYS. Where several are of its kind, its header says which (`kid`).';
		return { signature: 'wrong', signedBy: 'no key of LIVE_FEED_KEYS', fault };
	}
	const signedBy = 'a key that is not at hand: set LIVE_FEED_KEYS to check it';
	if (secrets.length === 0) return { signature: 'unchecked', signedBy };
	const fault = `${algorithm} needs a public key, and only LIVE_FEED_SECRET is set.`;
	return { signature: 'unchecked', signedBy, fault };
}

async function isSigned(verify: () => Promise<unknown>): Promise<boolean> {
	try {
		await verify();
		return true;
	} catch {
		return false; // why not is told by the claims, and no word of a library is for the reader
	}
}
