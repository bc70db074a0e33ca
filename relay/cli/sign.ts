// A token, signed.
// Knows claims and the algorithm of a shared secret; never knows options or where secrets lie.
import { SignJWT } from 'jose';
import { SECRET_ALGORITHM } from '../protocol/token.ts';

export interface Grant {
	subject: string;
	name: string | undefined;
	channels: readonly string[];
	can: readonly string[];
	/** Milliseconds. */
	lifetimeMs: number;
	issuer: string | undefined;
	audience: string | undefined;
}

/** Signs what somebody may do, from `now` (milliseconds since 1970) on. */
export function signToken(grant: Grant, secret: string, now: number): Promise<string> {
	const { subject, name, channels, can, lifetimeMs, issuer, audience } = grant;
	const seconds = Math.floor(now / 1000);
	const token = new SignJWT({ ...(name === undefined ? {} : { name }), channels, can })
		.setProtectedHeader({ alg: SECRET_ALGORITHM, typ: 'JWT' })
		.setSubject(subject)
		.setIssuedAt(seconds)
		.setExpirationTime(seconds + Math.ceil(lifetimeMs / 1000));
	if (issuer !== undefined) token.setIssuer(issuer);
	if (audience !== undefined) token.setAudience(audience);
	return token.sign(new TextEncoder().encode(secret));
}
