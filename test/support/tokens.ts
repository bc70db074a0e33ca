// Tokens as whoever runs a relay signs them, and as nobody should.
// Knows claims and signatures; never knows what a relay makes of them.
import { type JWTPayload, SignJWT } from 'jose';

export const SECRET = 'a-secret-of-the-tests-which-is-long-enough';

/** Payloads and signatures of every token of this process, so that they can be looked for where none may be. */
export const tokenParts = new Set<string>();
/** Shorter than that, it is no part of a token that holds. */
const LEAST_CHARS = 16;

/** Claims in place of the usual ones; undefined leaves one out. */
export type Claims = { [K in keyof JWTPayload]: JWTPayload[K] | undefined };

/** Claims of somebody who may read and publish everywhere for an hour, with others in their place. */
export async function sign(claims: Claims = {}, secret = SECRET): Promise<string> {
	const exp = Math.floor(Date.now() / 1000) + 3600;
	const payload = { sub: 'ada', channels: ['*'], can: ['read', 'publish'], exp, ...claims } as JWTPayload; // what is undefined, JSON leaves out
	return rememberToken(
		await new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret)),
	);
}

/** One that was made elsewhere is looked for too. */
export function rememberToken(token: string): string {
	for (const part of token.split('.').slice(1)) if (part.length > LEAST_CHARS) tokenParts.add(part);
	return token;
}

export function bearer(token: string): Record<string, string> {
	return { authorization: `Bearer ${token}` };
}
