// Who calls in the matrix: what each of the tables' names is on the wire, and the settings that the relays have.
// Knows tokens, good ones and every kind of bad one; never knows what a relay makes of them.
import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { type Claims, rememberToken, sign } from '../support/tokens.ts';

/** What somebody sends: a token in the hello and the Authorization header, or what is sent in their place. */
export interface Caller {
	token?: string | undefined;
	/** The key that makes him an author where nobody is proven. */
	author?: string;
	/** In place of `Authorization: Bearer` and the token. */
	headers?: Record<string, string>;
	/** In place of the token, on the socket; null for none. */
	helloToken?: string | null;
	/** Put at the end of each address. */
	search?: string;
	/** As which events are stored that he publishes; undefined for nobody proven. */
	subject?: string | undefined;
	name?: string | undefined;
}

export const ISSUER = 'https://issuer.matrix.test';
export const AUDIENCE = 'audience-of-the-matrix';
const LISTED = 'https://www.example.org';
const SECRETS = ['matrix-secret-that-signs-and-is-long', 'matrix-secret-that-was-before-that'];
const OTHER_SECRET = 'matrix-secret-that-no-relay-was-given';
/** Values of claims, and others that no answer may repeat. */
export const UNSPEAKABLE = [
	...['issuer.matrix', AUDIENCE, 'issuer.foreign', 'audience-of-others', 'elsewhere', 'PADDING', 'admin'],
	...[...SECRETS, OTHER_SECRET],
];

const seconds = () => Date.now() / 1000;
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

export interface Cast {
	callers: Record<string, Caller>;
	/** Everything of the relay that asks for tokens, and of the one that is open. */
	vars: { secured: Record<string, string>; open: Record<string, string> };
	/** A token of somebody who may do all everywhere, to prepare with and to look at what was done; and a key for where there are none. */
	owner: string;
	ownerKey: string;
	/** One of somebody else who may do all everywhere, to publish what is his. */
	as: (subject: string) => Promise<string>;
	/** One that may do all, with an end of its own. */
	until: (exp: number) => Promise<string>;
	/** Has `just-expired` and `all-just-over` expire just now: for some seconds, clocks that differ are allowed for. */
	expireJust: () => Promise<void>;
}

/** Makes everybody, with keys that were not there before. */
export async function createCast(): Promise<Cast> {
	const [ec, rsa, ed, stranger] = await Promise.all([
		generateKeyPair('ES256', { extractable: true }),
		generateKeyPair('RS256', { extractable: true }),
		generateKeyPair('EdDSA', { extractable: true }),
		generateKeyPair('ES256', { extractable: true }),
	]);
	// The RSA key says nothing of how it signs: what it may do is the relay's to know.
	const keys = [
		{ ...(await exportJWK(ec.publicKey)), alg: 'ES256', kid: 'ec' },
		{ ...(await exportJWK(rsa.publicKey)), kid: 'rsa' },
		{ ...(await exportJWK(ed.publicKey)), kid: 'ed' },
	];
	const hour = () => Math.floor(seconds()) + 3600;
	const base = (): Claims => ({
		...{ sub: 'both', name: 'Proven', channels: ['own', 'team-*', 'elsewhere'], can: ['read', 'publish'] },
		...{ exp: hour(), iss: ISSUER, aud: AUDIENCE },
	});
	const sharedly = (claims: Claims = {}, secret = SECRETS[0]) => sign({ ...base(), ...claims }, secret);
	const openly = async (header: JWTHeaderParameters, key: CryptoKey, claims: Claims = {}) =>
		rememberToken(await new SignJWT({ ...base(), ...claims } as JWTPayload).setProtectedHeader(header).sign(key));
	const byHand = (header: object, payload: object, signature: string) =>
		rememberToken(`${encode(header)}.${encode(payload)}.${signature}`);
	/** Signed as the header does not say, by a key that is no secret. */
	const mixed = (header: object, secret: string) => {
		const content = `${encode(header)}.${encode(base())}`;
		return rememberToken(`${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`);
	};
	/** A token of so many characters. */
	const ofLength = async (length: number) => {
		const rest = length - (await sharedly({ padding: '' })).length;
		for (let fill = Math.floor((rest * 3) / 4) - 3; ; fill++) {
			const token = await sharedly({ padding: 'PADDING'.padEnd(fill, 'x') });
			if (token.length >= length) return token;
		}
	};
	const role = async (sub: string, can: string[], claims: Claims = {}): Promise<Caller> => ({
		...{ subject: sub, name: 'Proven', token: await sharedly({ sub, can, ...claims }) },
	});
	const good = async (token: Promise<string> | string): Promise<Caller> => ({
		...{ subject: 'both', name: 'Proven', token: await token },
	});
	const bad = async (token: Promise<string> | string): Promise<Caller> => ({ token: await token });
	const both = await sharedly();
	const [head = '', payload = '', signature = ''] = both.split('.');
	const changing = ['react', 'status:own', 'status:any', 'edit:own', 'remove:own', 'moderate'];
	const all = ['read', 'publish', 'comment', ...changing, 'presence'];
	const bearer = { authorization: `Bearer ${both}` };
	const page = async (origin: string): Promise<Caller> => ({ ...(await good(both)), headers: { ...bearer, origin } });
	const bothAll = await sharedly({ can: all });
	const others = new Map<string, Promise<string>>();
	const callers: Record<string, Caller> = {
		anonymous: {},
		reader: await role('reader', ['read']),
		publisher: await role('publisher', ['publish']),
		commenter: await role('commenter', ['comment']),
		both: await good(both),
		talker: await role('talker', ['read', 'comment']),
		moderator: await role('moderator', ['moderate']),
		reacter: await role('reacter', ['react']),
		'status-own': await role('status-own', ['status:own']),
		'status-any': await role('status-any', ['status:any']),
		'edit-own': await role('edit-own', ['edit:own']),
		'remove-own': await role('remove-own', ['remove:own']),
		present: await role('present', ['presence']),
		measurer: await role('measurer', ['metrics']),
		'measurer-of-all': await role('measurer-of-all', ['metrics'], { channels: ['*'] }),
		greeter: await role('greeter', ['publish', 'presence']),
		visitor: await role('visitor', ['read', 'presence']),
		member: await role('member', ['read', 'comment', 'react', 'status:own', 'edit:own', 'remove:own']),
		keeper: await role('keeper', ['read', 'status:any', 'moderate']),
		everything: await role('everything', [...all, 'metrics']),
		nothing: await role('nothing', []),
		pretender: await role('pretender', ['admin', '*', 'READ', 'read ', 'publish:any', 'constructor', 'length']),
		'of-all': await role('of-all', ['read', 'publish'], { channels: ['*'] }),
		'of-news': await role('of-news', ['read'], { channels: ['news'] }),
		'of-none': await role('of-none', ['read', 'publish'], { channels: [] }),
		'writer-of-news': await role('writer-of-news', ['publish'], { channels: ['news'] }),

		'all-of-es256': await good(openly({ alg: 'ES256', kid: 'ec' }, ec.privateKey, { can: all })),
		'all-by-second': await good(sharedly({ can: all }, SECRETS[1])),
		'page-of-all': { ...(await good(bothAll)), headers: { authorization: `Bearer ${bothAll}`, origin: LISTED } },
		'all-just-over': await bad(sharedly({ can: all, exp: Math.floor(seconds()) - 1 })),
		'by-key': { author: 'key-of-the-matrix-1' },
		'without-key': {},
		'second-secret': await good(sharedly({}, SECRETS[1])),
		es256: await good(openly({ alg: 'ES256', kid: 'ec' }, ec.privateKey)),
		rs256: await good(openly({ alg: 'RS256', kid: 'rsa' }, rsa.privateKey)),
		ps256: await good(
			openly({ alg: 'PS256', kid: 'rsa' }, await reuse(rsa.privateKey, { name: 'RSA-PSS', hash: 'SHA-256' })),
		),
		eddsa: await good(openly({ alg: 'EdDSA', kid: 'ed' }, ed.privateKey)),
		audiences: await good(sharedly({ aud: ['audience-of-others', AUDIENCE] })),
		soon: await good(sharedly({ nbf: Math.floor(seconds()) + 3 })),
		longest: await good(ofLength(4096)),
		'small-bearer': { ...(await good(both)), headers: { authorization: `bearer ${both}` } },

		'none-at-all': await bad('none'),
		'three-nothings': await bad('e30.e30.e30'),
		'other-secret': await bad(sharedly({}, OTHER_SECRET)),
		'other-key': await bad(openly({ alg: 'ES256', kid: 'ec' }, stranger.privateKey)),
		'no-algorithm': await bad(byHand({ alg: 'none' }, base(), '')),
		'algorithm-NONE': await bad(byHand({ alg: 'NONE', typ: 'JWT' }, base(), '')),
		'no-signature': await bad(rememberToken(`${head}.${payload}.`)),
		tampered: await bad(rememberToken(`${head}.${encode({ ...base(), channels: ['*'] })}.${signature}`)),
		hs512: await bad(
			rememberToken(
				await new SignJWT(base() as JWTPayload)
					.setProtectedHeader({ alg: 'HS512' })
					.sign(new TextEncoder().encode(SECRETS[0])),
			),
		),
		'public-jwk-as-key': await bad(sharedly({}, JSON.stringify(await exportJWK(ec.publicKey)))),
		'public-pem-as-key': await bad(sharedly({}, await exportSPKI(ec.publicKey))),
		'es256-by-secret': await bad(mixed({ alg: 'ES256', kid: 'ec' }, SECRETS[0] as string)),
		rs512: await bad(
			openly({ alg: 'RS512', kid: 'rsa' }, await reuse(rsa.privateKey, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' })),
		),
		'own-key-in-header': await bad(
			openly(
				{ alg: 'ES256', kid: 'own', jwk: await exportJWK(stranger.publicKey), jku: 'https://issuer.foreign/keys' },
				stranger.privateKey,
			),
		),
		critical: await bad(mixed({ alg: 'HS256', crit: ['unheard'], unheard: 1 }, SECRETS[0] as string)),
		'not-yet': await bad(sharedly({ nbf: Math.floor(seconds()) + 600 })),
		'other-issuer': await bad(sharedly({ iss: 'https://issuer.foreign' })),
		'no-issuer': await bad(sharedly({ iss: undefined })),
		'other-audience': await bad(sharedly({ aud: 'audience-of-others' })),
		'no-audience': await bad(sharedly({ aud: undefined })),
		'no-end': await bad(sharedly({ exp: undefined })),
		'end-as-text': await bad(mixedClaims({ exp: String(hour()) })),
		'no-subject': await bad(sharedly({ sub: undefined })),
		'empty-subject': await bad(sharedly({ sub: '' })),
		'long-subject': await bad(sharedly({ sub: 's'.repeat(129) })),
		'number-subject': await bad(mixedClaims({ sub: 5 })),
		'broken-subject': await bad(sharedly({ sub: 'both\nelse' })),
		'long-name': await bad(sharedly({ name: 'n'.repeat(81) })),
		'number-name': await bad(sharedly({ name: 5 })),
		'broken-name': await bad(sharedly({ name: 'Proven\u0007' })),
		'no-channels': await bad(sharedly({ channels: undefined })),
		'text-channels': await bad(sharedly({ channels: '*' })),
		'bad-channels': await bad(sharedly({ channels: ['own', 'a b'] })),
		'inner-star': await bad(sharedly({ channels: ['own', 'o*n'] })),
		'no-rights': await bad(sharedly({ can: undefined })),
		'text-rights': await bad(sharedly({ can: 'read publish' })),
		'number-rights': await bad(sharedly({ can: ['read', 'publish', 1] })),
		'too-long': await bad(ofLength(4097)),
		expired: await bad(sharedly({ exp: Math.floor(seconds()) - 3600 })),
		'just-expired': await bad(sharedly({ exp: Math.floor(seconds()) - 1 })),

		basic: { headers: { authorization: 'Basic dXNlcjpwYXNzd29yZA==' } },
		'two-tokens': { headers: { authorization: `Bearer ${both} ${both}` }, helloToken: `${both} ${both}` },
		'header-of-socket': { ...(await good(both)), helloToken: null },
		'in-address': { search: `token=${both}` },
		'in-cookie': { headers: { cookie: `token=${both}; authorization=Bearer%20${both}` }, helloToken: null },

		'page-listed': await page(LISTED),
		'page-own': await page('HOST'),
		'page-foreign': await page('https://foreign.test'),
		'page-foreign-anon': { headers: { origin: 'https://foreign.test' } },
		'page-null': await page('null'),
		'page-http': await page('http://www.example.org'),
		'page-longer': await page(`${LISTED}.foreign.test`),
		'page-loopback': await page('http://localhost:8080'),
		'called-localhost': { headers: { host: 'localhost' } },
		'called-by-address': { headers: { host: '192.168.7.9:1999' } },
		'called-as-listed': { headers: { host: 'www.example.org' } },
		'called-otherwise': { headers: { host: 'rebound.foreign.test' } },
	};
	const shared = { LIVE_FEED_ORIGINS: LISTED };
	return {
		callers,
		vars: {
			secured: {
				...shared,
				...{ LIVE_FEED_SECRET: SECRETS.join(' '), LIVE_FEED_KEYS: JSON.stringify({ keys }) },
				...{ LIVE_FEED_ISSUER: ISSUER, LIVE_FEED_AUDIENCE: AUDIENCE, LIVE_FEED_PUBLIC: 'news public-*' },
			},
			open: shared,
		},
		owner: await sharedly({ sub: 'owner', channels: ['*'], can: all }),
		ownerKey: 'key-of-the-owner-1',
		as: (sub) => {
			const token = others.get(sub) ?? sharedly({ sub, channels: ['*'], can: all });
			others.set(sub, token);
			return token;
		},
		until: (exp) => sharedly({ exp, channels: ['team-later', 'public-later'], can: all }),
		expireJust: async () => {
			const exp = seconds() - 0.001;
			callers['just-expired'] = await bad(sharedly({ exp }));
			callers['all-just-over'] = await bad(sharedly({ exp, can: all }));
		},
	};

	/** Claims of types that no library would sign. */
	function mixedClaims(claims: object): string {
		const content = `${encode({ alg: 'HS256' })}.${encode({ ...base(), ...claims })}`;
		const secret = SECRETS[0] as string;
		return rememberToken(`${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`);
	}
}

/** The same key, to sign in another way. */
async function reuse(key: CryptoKey, algorithm: RsaHashedImportParams): Promise<CryptoKey> {
	const jwk = await crypto.subtle.exportKey('jwk', key);
	delete jwk.alg;
	return crypto.subtle.importKey('jwk', jwk, algorithm, true, ['sign']);
}
