// Who a token proves, where the settings leave out what the authorisation matrix has.
import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { hashAuthor, Identities } from '../../relay/identity.ts';
import { readSettings } from '../../relay/settings.ts';

const SECRET = 'a-secret-of-more-than-64-characters-so-that-it-would-do-for-HS512-as-well';

it.each(['HS384', 'HS512'])('[AUTH2] a secret without keys beside it verifies HS256 alone, and not %s', async (alg) => {
	const identities = new Identities(readSettings({ LIVE_FEED_SECRET: SECRET }), Date.now);
	const sign = (by: string) =>
		new SignJWT({ sub: 'ada', channels: ['*'], can: ['read'] })
			.setProtectedHeader({ alg: by })
			.setExpirationTime('1h')
			.sign(new TextEncoder().encode(SECRET));
	expect(await identities.identify(await sign('HS256'), 'deploys')).toMatchObject({ subject: 'ada' });
	await expect(identities.identify(await sign(alg), 'deploys')).rejects.toMatchObject({ code: 'token-invalid' });
});

const KEY = 'a-random-key-of-a-browser';

it('[AUTH10] a key shown without a token makes its holder the author, by a hash that does not tell the key', async () => {
	const author = await hashAuthor(KEY);
	expect(author).toMatch(/^[0-9a-z]{16}$/);
	expect(await hashAuthor(`${KEY}2`)).not.toBe(author);
	const open = new Identities(readSettings({}), Date.now);
	const asking = new Identities(readSettings({ LIVE_FEED_SECRET: SECRET, LIVE_FEED_PUBLIC: 'deploys' }), Date.now);
	expect(await open.identify(undefined, 'deploys', undefined, KEY)).toMatchObject({ subject: '', author });
	expect(await asking.identify(undefined, 'deploys', undefined, KEY)).toMatchObject({ subject: '', author });
	expect(open.identify(undefined, 'deploys')).not.toHaveProperty('author');
});

it('[AUTH10] beside a token a key says nothing', async () => {
	const identities = new Identities(readSettings({ LIVE_FEED_SECRET: SECRET }), Date.now);
	const token = await new SignJWT({ sub: 'ada', channels: ['*'], can: ['read'] })
		.setProtectedHeader({ alg: 'HS256' })
		.setExpirationTime('1h')
		.sign(new TextEncoder().encode(SECRET));
	const who = await identities.identify(token, 'deploys', undefined, KEY);
	expect(who).toMatchObject({ subject: 'ada' });
	expect(who).not.toHaveProperty('author');
});
