// Every setting of the relay: as it should be, as it should not, and what is said then.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { matchesChannel } from '../../relay/protocol/types.ts';
import { readSettings, retentionOf, selectSettings, valueFor } from '../../relay/settings.ts';

const SECRET = 'qZ7-a-secret-that-nobody-may-ever-read-in-a-text';
const OTHER = 'wX8-another-secret-that-nobody-may-read-either';
const KEY = { kty: 'EC', crv: 'P-256', x: 'AQ', y: 'Ag', alg: 'ES256' };
const LIMITS = {
	LIVE_FEED_MAX_PUBLISHES: ['publishes', 60_000],
	LIVE_FEED_MAX_PUBLISHED_BYTES: ['publishedBytes', 64 * 1024 * 1024],
	LIVE_FEED_MAX_MESSAGES: ['messages', 1200],
	LIVE_FEED_MAX_CONNECTIONS: ['connections', 20_000],
	LIVE_FEED_MAX_CONNECTIONS_PER_ADDRESS: ['connectionsPerAddress', 200],
	LIVE_FEED_MAX_UNGREETED: ['ungreeted', 2000],
	LIVE_FEED_MAX_NEW_CHANNELS: ['newChannels', 120],
	LIVE_FEED_MAX_REPLAYED_BYTES: ['replayedBytes', 256 * 1024 * 1024],
} as const;

describe('settings', () => {
	it('that are not there are those of an open relay without limits', () => {
		const settings = readSettings({});
		expect(settings).toMatchObject({ isOpen: true, secrets: [], publicChannels: [], stallTimeoutMs: 30_000 });
		expect(retentionOf(settings, 'deploys')).toEqual({ entries: 10_000, ageMs: undefined });
		expect(valueFor(settings.maxEventBytes, 'deploys')).toBe(65_536);
		expect([settings.keys, settings.issuer, settings.audience, settings.origins, settings.addressHeader]).toEqual(
			Array(5).fill(undefined),
		);
		expect(Object.values(settings.limits)).toEqual(Array(8).fill(undefined));
	});

	it('with a secret or keys ask for tokens, and have limits', () => {
		for (const variables of [{ LIVE_FEED_SECRET: SECRET }, { LIVE_FEED_KEYS: JSON.stringify({ keys: [KEY] }) }]) {
			const { isOpen, limits } = readSettings(variables);
			expect(isOpen).toBe(false);
			expect(limits).toEqual(Object.fromEntries(Object.values(LIMITS)));
		}
	});

	it.each([
		['LIVE_FEED_SECRET', `  ${SECRET}  `, { secrets: [SECRET] }],
		['LIVE_FEED_SECRET', `${SECRET}\n${OTHER}`, { secrets: [SECRET, OTHER] }],
		['LIVE_FEED_SECRET', ' ', { secrets: [], isOpen: true }],
		['LIVE_FEED_SECRET', 'base64+with/padding=and-thirty-two==', { secrets: ['base64+with/padding=and-thirty-two=='] }],
		['LIVE_FEED_KEYS', JSON.stringify({ keys: [KEY] }), { keys: { keys: [KEY] } }],
		['LIVE_FEED_ISSUER', ' https://id.example.org ', { issuer: 'https://id.example.org' }],
		['LIVE_FEED_AUDIENCE', 'live-feed', { audience: 'live-feed' }],
		['LIVE_FEED_PUBLIC', 'news  status-*', { publicChannels: ['news', 'status-*'] }],
		['LIVE_FEED_PUBLIC', '*', { publicChannels: ['*'] }],
		[
			'LIVE_FEED_ORIGINS',
			'https://www.example.org http://localhost:8080',
			{ origins: ['https://www.example.org', 'http://localhost:8080'] },
		],
		['LIVE_FEED_ADDRESS_HEADER', 'CF-Connecting-IP', { addressHeader: 'cf-connecting-ip' }],
		['LIVE_FEED_KEEP_ENTRIES', '1', { keptEntries: { general: 1, special: [] } }],
		['LIVE_FEED_KEEP_AGE', '90m', { keptAgeMs: { general: 5_400_000, special: [] } }],
		['LIVE_FEED_MAX_EVENT_BYTES', '2048', { maxEventBytes: { general: 2048, special: [] } }],
		[
			'LIVE_FEED_KEEP_AGE',
			'audit-*=365d',
			{ keptAgeMs: { general: undefined, special: [{ pattern: 'audit-*', value: 31_536_000_000 }] } },
		],
		['LIVE_FEED_STALL_TIMEOUT', '5', { stallTimeoutMs: 5000 }],
		['LIVE_FEED_DISK_RESERVE', '0', { diskReserveBytes: 0 }],
	])('%s may be %j', (name, value, expected) => {
		expect(readSettings({ [name]: value })).toMatchObject(expected);
	});

	it('of a channel are those of the most precise pattern, in whatever order they stand', () => {
		const settings = readSettings({ LIVE_FEED_KEEP_ENTRIES: '500 *=400 team-*=300 team-ops=100 team-o*=200 b-*=50' });
		const kept = ['team-ops', 'team-one', 'team-two', 'b-1', 'other'].map(
			(name) => retentionOf(settings, name).entries,
		);
		expect(kept).toEqual([100, 200, 300, 50, 400]);
	});

	it.each([
		['LIVE_FEED_SECRET', 'short', '32 characters'],
		['LIVE_FEED_KEEP_ENTRIES', '10 20', 'audit-*=VALUE; it is "20"'],
		['LIVE_FEED_KEEP_ENTRIES', 'team-*=many', 'a number from 1 to 9999999'],
		['LIVE_FEED_KEEP_AGE', '30d te*m=1d', 'audit-*=VALUE; it is "te*m=1d"'],
		['LIVE_FEED_KEEP_AGE', '30d =1d', 'audit-*=VALUE'],
		['LIVE_FEED_MAX_EVENT_BYTES', '70000', 'from 256 to 65536'],
		['LIVE_FEED_MAX_EVENT_BYTES', '100', 'from 256 to 65536'],
		['LIVE_FEED_SECRET', `${SECRET} short`, '32 characters'],
		['LIVE_FEED_SECRET', `${SECRET} ${OTHER} ${SECRET}x`, 'or two'],
		['LIVE_FEED_KEYS', 'https://id.example.org/keys', 'JSON Web Key Set'],
		['LIVE_FEED_KEYS', '{}', 'JSON Web Key Set'],
		['LIVE_FEED_KEYS', '{"keys": []}', 'JSON Web Key Set'],
		['LIVE_FEED_KEYS', '{"keys": [null]}', 'JSON Web Key Set'],
		['LIVE_FEED_KEYS', 'null', 'JSON Web Key Set'],
		['LIVE_FEED_KEYS', JSON.stringify({ keys: [{ ...KEY, d: SECRET }] }), 'public keys alone'],
		['LIVE_FEED_KEYS', JSON.stringify({ keys: [{ kty: 'oct', k: SECRET }] }), 'public keys alone'],
		['LIVE_FEED_PUBLIC', 'a b*c', 'channel names'],
		['LIVE_FEED_PUBLIC', 'news,status', 'channel names'],
		['LIVE_FEED_PUBLIC', '-*', 'channel names'],
		['LIVE_FEED_ORIGINS', '*', 'whole origins'],
		['LIVE_FEED_ORIGINS', 'https://*.example.org', 'whole origins'],
		['LIVE_FEED_ORIGINS', 'null', 'whole origins'],
		['LIVE_FEED_ORIGINS', 'www.example.org', 'whole origins'],
		['LIVE_FEED_ORIGINS', 'https://www.example.org/', 'whole origins'],
		['LIVE_FEED_ORIGINS', 'https://a.example.org,https://b.example.org', 'whole origins'],
		['LIVE_FEED_ADDRESS_HEADER', 'x real ip', 'name of a header'],
		['LIVE_FEED_KEEP_ENTRIES', '0', 'number from 1'],
		['LIVE_FEED_KEEP_ENTRIES', '1e4', 'number from 1'],
		['LIVE_FEED_KEEP_AGE', '30 days', 'a span'],
		['LIVE_FEED_KEEP_AGE', '0s', 'a span'],
		['LIVE_FEED_STALL_TIMEOUT', '10000', 'seconds from 1'],
		['LIVE_FEED_DISK_RESERVE', '16M', 'a number of bytes'],
	])('%s may not be %j, and the text says what it is', (name, value, expected) => {
		let text = '';
		try {
			readSettings({ [name]: value });
		} catch (error) {
			text = (error as Error).message;
		}
		expect(text).toContain(`${name} is `);
		expect(text).toContain(expected);
		expect(text).not.toContain(SECRET);
		expect(text).not.toContain(OTHER);
		expect(text).not.toMatch(/\bshort\b/);
	});

	it.each(Object.entries(LIMITS))('%s is a whole number above 0', (name, [key]) => {
		expect(readSettings({ [name]: '17' }).limits).toMatchObject({ [key]: 17 });
		expect(readSettings({ [name]: '17', LIVE_FEED_SECRET: SECRET }).limits).toMatchObject({ [key]: 17 });
		for (const wrong of ['0', '-1', '1.5', '1e9', 'many', '17 MB', '0x11', '1000000000000']) {
			expect(() => readSettings({ [name]: wrong })).toThrow(`${name} is a whole number above 0`);
		}
	});

	it('a beginning with a * chooses the channels that begin so', () => {
		expect(matchesChannel('team-*', 'team-a')).toBe(true);
		expect(matchesChannel('team-*', 'team')).toBe(false);
		expect(matchesChannel('team', 'team-a')).toBe(false);
		expect(matchesChannel('*', 'anything')).toBe(true);
	});

	it('are what an environment has of them; an empty one is none', () => {
		const environment = { LIVE_FEED_SECRET: SECRET, LIVE_FEED_PUBLIC: ' ', LIVE_FEED_STATE: 'x', PATH: '/bin' };
		expect(selectSettings({ ...environment, LIVE_FEED_ORIGINS: undefined })).toEqual({ LIVE_FEED_SECRET: SECRET });
	});
});

describe('a settings file', () => {
	let folder: string;
	let file: string;
	let collect: () => Record<string, string>;
	const kept = { ...process.env };

	beforeAll(async () => {
		folder = await mkdtemp(path.join(tmpdir(), 'live-feed-settings-'));
		file = path.join(folder, 'settings');
		process.env.LIVE_FEED_SETTINGS = file; // read once, when the module is loaded
		({ collectSettings: collect } = await import('../../relay/run/settings-file.ts'));
	});
	beforeEach(() => {
		delete process.env.LIVE_FEED_SECRET;
		delete process.env.LIVE_FEED_PUBLIC;
	});
	afterAll(async () => {
		process.env = kept;
		await rm(folder, { recursive: true, force: true });
	});
	const read = (text: string) => {
		writeFileSync(file, text);
		return collect();
	};

	it('has a line for each, with remarks, quotes and an `export` where one likes', () => {
		const text = `\ufeff# the relay\r\n\r\nexport LIVE_FEED_SECRET = "${SECRET} ${OTHER}"\r\n  LIVE_FEED_PUBLIC=news status-*\n# LIVE_FEED_ISSUER=x\nLIVE_FEED_AUDIENCE=\n`;
		expect(read(text)).toEqual({ LIVE_FEED_SECRET: `${SECRET} ${OTHER}`, LIVE_FEED_PUBLIC: 'news status-*' });
	});

	it('or is one object of JSON, with lists, numbers and keys as they are', async () => {
		const { publicKey } = await generateKeyPair('ES256', { extractable: true });
		const keys = { keys: [await exportJWK(publicKey)] };
		const values = {
			LIVE_FEED_KEYS: keys,
			LIVE_FEED_ORIGINS: ['https://a.example.org', 'https://b.example.org'],
			LIVE_FEED_MAX_PUBLISHES: 600,
			LIVE_FEED_ISSUER: null,
		};
		const settings = readSettings(read(JSON.stringify(values, null, '\t')));
		expect(settings).toMatchObject({ keys, origins: values.LIVE_FEED_ORIGINS, issuer: undefined });
		expect(settings.limits.publishes).toBe(600);
	});

	it('goes behind the environment, unless that has an empty value', () => {
		process.env.LIVE_FEED_PUBLIC = 'news';
		process.env.LIVE_FEED_SECRET = '';
		expect(read(`LIVE_FEED_SECRET=${SECRET}\nLIVE_FEED_PUBLIC=other\n`)).toEqual({
			LIVE_FEED_SECRET: SECRET,
			LIVE_FEED_PUBLIC: 'news',
		});
	});

	it.each([
		[`# one\n\nLIVE_FEED_SECRET: ${SECRET}\n`, 'line 3 is something else'],
		[`LIVE_FEED_SECRET=${SECRET}\n${OTHER}\n`, 'line 2 is something else'],
		[`LIVE_FEED_SECRTE=${SECRET}\n`, 'LIVE_FEED_SECRTE, which is no setting'],
		[`{"LIVE_FEED_SECRET": "${SECRET}"`, 'begins like JSON'],
		[`{"SECRET": "${SECRET}"}`, 'SECRET, which is no setting'],
		[`LIVE_FEED_SECRET=${SECRET.slice(0, 20)}\n`, '32 characters'],
		[`LIVE_FEED_SECRET=${SECRET} # ${OTHER}\n`, '32 characters'],
	])('%j is refused, and the text says where it is wrong and no secret', (text, expected) => {
		let message = '';
		try {
			read(text);
		} catch (error) {
			message = (error as Error).message;
		}
		expect(message).toContain(expected);
		expect(message).not.toContain(SECRET.slice(0, 20));
		expect(message).not.toContain(OTHER);
	});
});
