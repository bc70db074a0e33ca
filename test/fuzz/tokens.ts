// Tokens of every kind, and what each comes to.
// Knows how tokens are made and spoilt; never knows how the relay looks at one.
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';

/** A token, and the codes that its holder gets: undefined where he is let in. */
export interface Credential {
	kind: string;
	token: string | undefined;
	/** To a hello. */
	hello?: string;
	/** To a GET. */
	read?: string;
	/** To a draft, on a socket that is let in or by a POST. */
	publish?: string;
}

export interface Tokens {
	/** What a relay is given to check them by. */
	vars: Record<string, string>;
	credentials: Credential[];
	/** One that may read and publish. */
	good: string;
}

const ISSUER = 'https://id.example.org';
const AUDIENCE = 'live-feed';

/** Makes secrets and keys of its own. */
export async function createTokens(): Promise<Tokens> {
	const secrets = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
	const [first, second, stranger] = secrets.map((secret) => new TextEncoder().encode(secret)) as [
		Uint8Array,
		Uint8Array,
		Uint8Array,
	];
	const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
	const other = await generateKeyPair('ES256');
	const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'a' };
	const rights = { channels: ['fuzz-*'], can: ['read', 'publish', 'react', 'status:any', 'moderate'] };
	const build = (claims: object = {}, alg = 'HS256') => {
		const all = { sub: 'ada', ...rights, ...claims };
		return new SignJWT(all).setProtectedHeader({ alg }).setIssuer(ISSUER).setAudience(AUDIENCE).setExpirationTime('2h');
	};
	const good = await build().sign(first);
	const [head = '', body = '', signature = ''] = good.split('.');
	const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const refused = (kind: string, token: string | undefined, code = 'token-invalid'): Credential => ({
		kind,
		token,
		hello: code,
		read: code,
		publish: code,
	});
	return {
		vars: {
			LIVE_FEED_SECRET: `${secrets[0]} ${secrets[1]}`,
			LIVE_FEED_KEYS: JSON.stringify({ keys: [jwk] }),
			LIVE_FEED_ISSUER: ISSUER,
			LIVE_FEED_AUDIENCE: AUDIENCE,
		},
		good,
		credentials: [
			{ kind: 'good', token: good },
			{ kind: 'second secret', token: await build().sign(second) },
			{ kind: 'public key', token: await build({}, 'ES256').sign(privateKey) },
			{ kind: 'may only read', token: await build({ can: ['read'] }).sign(first), publish: 'forbidden' },
			{ kind: 'may only publish', token: await build({ can: ['publish'] }).sign(first), read: 'forbidden' },
			refused('none', undefined, 'token-needed'),
			refused('elsewhere', await build({ channels: ['other', 'fuzz'] }).sign(first), 'forbidden'),
			refused('may nothing', await build({ can: ['constructor', '__proto__'] }).sign(first), 'forbidden'),
			refused('expired', await build().setExpirationTime(1000).sign(first), 'token-expired'),
			refused('not yet valid', await build().setNotBefore('1h').sign(first)),
			refused('wrong secret', await build().sign(stranger)),
			refused('wrong key', await build({}, 'ES256').sign(other.privateKey)),
			refused(
				'alg none',
				new UnsecuredJWT({ sub: 'ada', ...rights })
					.setIssuer(ISSUER)
					.setAudience(AUDIENCE)
					.setExpirationTime('2h')
					.encode(),
			),
			refused('alg None', `${encode({ alg: 'None' })}.${body}.`),
			// The public key is known to everybody: it must not do as a secret.
			refused(
				'algorithm swapped, by the key as PEM',
				await build().sign(new TextEncoder().encode(await exportSPKI(publicKey))),
			),
			refused(
				'algorithm swapped, by the key as JSON',
				await build().sign(new TextEncoder().encode(JSON.stringify(jwk))),
			),
			refused('algorithm swapped, in its head', `${encode({ alg: 'ES256', kid: 'a' })}.${body}.${signature}`),
			refused('HS512', await build({}, 'HS512').sign(new Uint8Array(64))),
			refused('wrong issuer', await build().setIssuer('https://evil.example').sign(first)),
			refused('wrong audience', await build().setAudience('other').sign(first)),
			refused(
				'without an end',
				await new SignJWT({ sub: 'ada', ...rights })
					.setProtectedHeader({ alg: 'HS256' })
					.setIssuer(ISSUER)
					.setAudience(AUDIENCE)
					.sign(first),
			),
			refused('without a subject', await build({ sub: undefined }).sign(first)),
			refused('subject of 129', await build({ sub: 'x'.repeat(129) }).sign(first)),
			refused('channels no list', await build({ channels: '*' }).sign(first)),
			refused('oversized', await build({ x: 'x'.repeat(4096) }).sign(first)),
			refused(
				'payload swapped',
				`${head}.${encode({ sub: 'eve', ...rights, iss: ISSUER, aud: AUDIENCE, exp: 4e9 })}.${signature}`,
			),
			refused('critical head', `${encode({ alg: 'HS256', crit: ['x'], x: 1 })}.${body}.${signature}`),
			refused('signature cut', `${head}.${body}.${signature.slice(0, -4)}`),
			refused('two parts', `${head}.${body}`),
			refused(
				'__proto__ in its head',
				`${Buffer.from('{"__proto__":{"alg":"HS256"}}').toString('base64url')}.${body}.${signature}`,
			),
			...['a', '...', '.', 'null', 'Bearer', 'x'.repeat(5000)].map((token) => refused('garbage', token)),
		],
	};
}
