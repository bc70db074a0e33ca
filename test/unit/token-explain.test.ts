import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type Explanation, explainToken } from '../../relay/cli/explain.ts';
import { type Keys, readKeys } from '../../relay/cli/keys.ts';
import { formatExplanation, showExplanation } from '../../relay/cli/show.ts';
import { signToken } from '../../relay/cli/sign.ts';
import { formatSpan } from '../../relay/cli/terminal.ts';
import { CAPABILITIES } from '../../relay/protocol/capabilities.ts';

const NOW = 1_800_000_000_000;
const SECRETS = ['first-0123456789-0123456789-0123456789', 'second-0123456789-0123456789-0123456789'] as const;
const OTHER = 'other-0123456789-0123456789-0123456789';
const keysOf = (environment: Record<string, string> = { LIVE_FEED_SECRET: SECRETS.join('\n') }): Keys =>
	readKeys(environment);

const good = { sub: 'ada', channels: ['deploys'], can: ['read'], exp: NOW / 1000 + 7200 };
function sign(claims: object, secret: string = SECRETS[0], alg = 'HS256'): Promise<string> {
	return new SignJWT(claims as JWTPayload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret)); // on purpose not always one
}

const explain = async (token: string | Promise<string>, keys = keysOf()) => explainToken(await token, keys, NOW);
const show = (explanation: Explanation) => showExplanation(explanation, NOW, false);

/** A token with these parts, however wrong they are. */
function assemble(header: object, claims: object, signature = ''): string {
	const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
	return `${part(header)}.${part(claims)}.${signature}`;
}

it('a token whose subject is cut in the middle of an emoji is explained', async () => {
	const { faults } = await explain(sign({ ...good, sub: '🚀'.slice(0, 1) }));
	expect(JSON.stringify(faults)).toContain('half of a surrogate pair');
});

describe('a token that was signed here', () => {
	it('says what was asked for, and nothing is wrong with it', async () => {
		const grant = { subject: 'ada', name: 'Ada', channels: ['deploys', 'team-*'], can: ['read', 'status:own'] };
		const names = { issuer: 'us', audience: 'feed' };
		const token = await signToken({ ...grant, ...names, lifetimeMs: 7_200_000 }, SECRETS[0], NOW);
		const keys = { ...keysOf(), issuer: 'us', audience: 'feed' };
		expect(await explain(token, keys)).toEqual({
			algorithm: 'HS256',
			signature: 'right',
			signedBy: 'the first secret of LIVE_FEED_SECRET',
			claims: {
				...{
					sub: 'ada',
					name: 'Ada',
					channels: ['deploys', 'team-*'],
					can: ['read', 'status:own'],
					iss: 'us',
					aud: 'feed',
				},
				...{ iat: NOW / 1000, exp: NOW / 1000 + 7200 },
			},
			faults: [],
			notes: [],
		});
		expect(show(await explain(token, keys))).toBe(`
  ✓ A relay with these settings takes it, for another 2 hours.

  Who        Ada (ada)
  May        read, status:own
  Where      deploys, team-* (all that begin so)
  Until      2027-01-15 10:00:00 UTC, in 2 hours
  Issued     2027-01-15 08:00:00 UTC, less than a second ago
  Issuer     us
  Audience   feed
  Algorithm  HS256
  Signature  right: the first secret of LIVE_FEED_SECRET

`);
	});

	it('with the second secret is right too: that is how secrets are changed', async () => {
		const { signature, signedBy, faults } = await explain(sign(good, SECRETS[1]));
		expect({ signature, signedBy, faults }).toEqual({
			signature: 'right',
			signedBy: 'the second secret of LIVE_FEED_SECRET',
			faults: [],
		});
	});

	it('may have any capability, and * for all channels', async () => {
		const token = sign({ ...good, channels: ['*'], can: CAPABILITIES });
		expect((await explain(token)).faults).toEqual([]);
		expect(show(await explain(token))).toContain('every channel');
	});
});

describe('a token that a relay would refuse', () => {
	it.each<[string, () => string | Promise<string>, RegExp, string?]>([
		['is none', () => 'abc', /no token/],
		['has claims that are no JSON', () => 'eyJhbGciOiJIUzI1NiJ9.eyJ.abc', /no token/],
		['is signed with another secret', () => sign(good, OTHER), /not signed with either secret/],
		[
			'was altered',
			async () =>
				(await sign(good)).replace(
					/\.[^.]+\./,
					`.${Buffer.from(JSON.stringify({ ...good, can: ['moderate'] })).toString('base64url')}.`,
				),
			/not signed/,
		],
		['has no algorithm', () => assemble({ alg: 'none' }, good), /algorithm is "none"/],
		['has another algorithm', () => sign(good, SECRETS[0].repeat(2), 'HS512'), /algorithm is "HS512"/],
		[
			'asks for a public key where there is none',
			() => assemble({ alg: 'ES256' }, good, 'abc'),
			/ES256 needs a public key/,
		],
		['has expired', () => sign({ ...good, exp: NOW / 1000 }), /has expired/, 'token-expired'],
		['never expires', () => sign({ ...good, exp: undefined }), /no `exp`/],
		['expires at no time', () => sign({ ...good, exp: 'tomorrow' }), /no `exp`|no token/],
		['does not hold yet', () => sign({ ...good, nbf: NOW / 1000 + 6 }), /not hold yet/],
		['has no subject', () => sign({ ...good, sub: undefined }), /subject has 1 to 128 characters; there is none/],
		['has too long a subject', () => sign({ ...good, sub: 'a'.repeat(129) }), /this one has 129/],
		['has too long a name', () => sign({ ...good, name: 'a'.repeat(81) }), /80 characters at most; this one has 81/],
		['has no channels', () => sign({ ...good, channels: undefined }), /Channels are a list/],
		['has one channel and no list', () => sign({ ...good, channels: 'deploys' }), /Channels are a list/],
		['has a star inside a channel', () => sign({ ...good, channels: ['ok', 'team-*-x'] }), /"team-\*-x" is no channel/],
		[
			'is too long',
			() => sign({ ...good, channels: Array(500).fill('a-name-of-a-channel') }),
			/4096 characters at most/,
		],
	])('%s', async (_name, make, pattern, code = 'token-invalid') => {
		const explanation = await explain(await make());
		expect(explanation.faults).toHaveLength(1);
		expect(explanation.faults[0]).toMatchObject({ code, text: expect.stringMatching(pattern) });
		expect(show(explanation)).toContain('refuses it');
		expect(JSON.parse(formatExplanation(explanation))).toMatchObject({ taken: false });
	});

	it('has the wrong issuer and audience, and everything else that is wrong is said at once', async () => {
		const keys = keysOf({ LIVE_FEED_SECRET: OTHER, LIVE_FEED_ISSUER: 'us', LIVE_FEED_AUDIENCE: 'feed' });
		const wrong = { iss: 'them', aud: ['a', 'b'], exp: 1, can: 'fly' };
		const { faults } = await explain(sign({ ...good, ...wrong }), keys);
		expect(faults.map(({ text }) => text.slice(0, 20))).toEqual([
			...[
				'It is not signed wit',
				'Capabilities are a l',
				'It has expired.',
				'Its issuer is not us',
				'Its audience is not ',
			],
		]);
	});

	it('turns and moves nothing in the terminal that shows it', async () => {
		const shown = show(await explain(sign({ ...good, sub: 'a\u001b[2Jb\u202ec\nd', name: '\u0007' })));
		expect(shown).toContain('\ufffd (a\ufffd[2Jb\ufffdc\ufffdd)');
	});
});

it('what a relay passes over is no fault, and is said all the same', async () => {
	const explanation = await explain(sign({ ...good, can: ['read', 'fly'], channels: [] }));
	expect(explanation).toMatchObject({
		faults: [],
		notes: ['It is for no channel.', expect.stringMatching(/^"fly" is no/)],
	});
	expect(show(explanation)).toContain('! It is for no channel.');
});

describe('keys', () => {
	it.each(['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'])('a set of public keys: %s', async (algorithm) => {
		const { privateKey, publicKey } = await generateKeyPair(algorithm);
		const another = await generateKeyPair(algorithm);
		const [first, second] = [await exportJWK(another.publicKey), await exportJWK(publicKey)];
		const keys = {
			keys: [
				{ ...first, kid: 'first' },
				{ ...second, kid: 'second' },
			],
		};
		const own = keysOf({ LIVE_FEED_KEYS: JSON.stringify(keys) });
		const token = (key: CryptoKey) => new SignJWT(good).setProtectedHeader({ alg: algorithm, kid: 'second' }).sign(key);
		expect(await explain(token(privateKey), own)).toMatchObject({ signature: 'right', faults: [] });
		const { privateKey: stranger } = await generateKeyPair(algorithm);
		expect(await explain(token(stranger), own)).toMatchObject({
			signature: 'wrong',
			faults: [{ code: 'token-invalid' }],
		});
		expect((await explain(sign(good), own)).faults).toMatchObject([
			{ text: expect.stringMatching(/only LIVE_FEED_KEYS/) },
		]);
	});

	it('a public key is never taken for a shared secret', async () => {
		const { publicKey } = await generateKeyPair('ES256');
		const jwk = await exportJWK(publicKey);
		const own = keysOf({ LIVE_FEED_KEYS: JSON.stringify({ keys: [jwk] }) });
		const { signature } = await explain(sign(good, JSON.stringify(jwk)), own);
		expect(signature).toBe('unchecked');
	});

	it('without any, nobody can tell', async () => {
		const explanation = await explain(sign(good), keysOf({}));
		expect(explanation).toMatchObject({ signature: 'unchecked', faults: [] });
		expect(JSON.parse(formatExplanation(explanation))).toMatchObject({ taken: null });
	});

	it.each([
		[{ LIVE_FEED_SECRET: 'short' }, /The secret of LIVE_FEED_SECRET has 5 characters; it needs 32 at least/],
		[{ LIVE_FEED_SECRET: `${OTHER} short` }, /The second secret .* has 5 characters/],
		[{ LIVE_FEED_SECRET: `${OTHER} ${OTHER} ${OTHER}` }, /there are 3/],
		[{ LIVE_FEED_KEYS: '[]' }, /JSON Web Key Set/],
		[
			{ LIVE_FEED_SETTINGS: '/nowhere/at/all' },
			/LIVE_FEED_SETTINGS names \/nowhere\/at\/all, which cannot be read \(ENOENT\)/,
		],
	])('%j is refused with what to do', (environment, pattern) => {
		expect(() => readKeys(environment)).toThrow(pattern);
	});
});

it('a span is told in its two largest units', () => {
	const spans = [900, 1000, 61_000, 7_199_400, 86_400_000 * 2 - 1, 93_600_000, 86_400_000 * 400];
	expect(spans.map(formatSpan)).toEqual([
		...['less than a second', '1 second', '1 minute 1 second', '2 hours', '2 days', '1 day 2 hours', '400 days'],
	]);
});
