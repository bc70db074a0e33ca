// What a token is signed by, and how exactly its times hold: the same for whoever signs, explains and takes one.
// Knows names and numbers; never knows keys, claims or what time it is.

/** By a shared secret (RFC 7518, 3.2), which has 256 bits at least. */
export const SECRET_ALGORITHM = 'HS256';
export const MIN_SECRET_CHARS = 32;
/** The first signs, both verify: one takes the other's place while both are there. */
export const MAX_SECRETS = 2;
/** By a private key, of which the relay has the public one (RFC 7518, 3.1; RFC 8037; RFC 9864). */
export const KEY_ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];
/** Clocks differ: a token may begin to hold so much later than now, seconds. Its end is exact. */
export const EARLY_S = 5;
