import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runVerb } from '../support/command.ts';
import { ROOT } from '../support/sources.ts';

const SECRET = 'a-secret-of-this-test-0123456789abcdef';
const ADA = ['--subject', 'ada', '--channels', 'deploys,team-*', '--can', 'read,publish', '--for', '2h'];

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-token-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs it to its end; what it prints is a token, as it should be. */
function run(args: string[], env: Record<string, string> = { LIVE_FEED_SECRET: SECRET }, input = '', isBuilt = true) {
	return runVerb(args, { env, input, isBuilt, isToken: true });
}

describe.each([false, true])('live-feed token (built: %s)', (isBuilt) => {
	it('prints a token and nothing else, and explains it', async () => {
		const names = ['--name', 'Ada Lovelace', '--issuer', 'us', '--audience', 'feed'];
		const signed = await run(['token', ...ADA, ...names], undefined, '', isBuilt);
		expect(signed).toMatchObject({ code: 0, errors: '', output: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/) });
		const key = new TextEncoder().encode(SECRET);
		const { payload } = await jwtVerify(signed.output.trim(), key, { issuer: 'us', audience: 'feed' });
		expect(payload).toMatchObject({
			sub: 'ada',
			name: 'Ada Lovelace',
			channels: ['deploys', 'team-*'],
			can: ['read', 'publish'],
		});
		expect(payload.exp).toBe((payload.iat ?? 0) + 7200);
		const explained = await run(['token', 'explain', '-'], undefined, signed.output, isBuilt);
		expect(explained).toMatchObject({ code: 0, errors: '' });
		expect(explained.output).toMatch(
			/✓ A relay with these settings takes it, for another (2 hours|1 hour 59 minutes)\./,
		);
		expect(explained.output).not.toContain(SECRET);
	});

	it('says its version, and how it is used', async () => {
		const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
		expect(await run(['--version'], {}, '', isBuilt)).toEqual({ code: 0, output: `${version}\n`, errors: '' });
		const bare = await run([], {}, '', isBuilt);
		expect(bare).toMatchObject({ code: 0, errors: '', output: expect.stringMatching(/^Usage: live-feed/) });
		expect(bare.output).toContain('Exit codes: 0 done, 1 failed');
	});
});

describe('live-feed token', () => {
	it('explains a token that is given as an argument, with what is wrong, and as JSON', async () => {
		const { output } = await run(['token', ...ADA]);
		const env = { LIVE_FEED_SECRET: `${SECRET}-another` };
		const wrong = await run(['token', 'explain', output.trim()], env);
		expect(wrong).toMatchObject({
			code: 1,
			errors: '',
			output: expect.stringMatching(/refuses it\.\n.*not signed with the secret/),
		});
		const json = await run(['token', 'explain', '--json'], env, `Bearer ${output}`);
		expect(json.code).toBe(1);
		expect(JSON.parse(json.output)).toMatchObject({
			...{ taken: false, signature: 'wrong', algorithm: 'HS256', claims: { sub: 'ada' } },
			faults: [{ code: 'token-invalid' }],
		});
		for (const { output, errors } of [wrong, json]) expect(output + errors).not.toContain(SECRET);
	});

	it('takes the secret from a file, and from the settings', async () => {
		const files = {
			lines: `# of the relay\nLIVE_FEED_SECRET="${SECRET}"\nLIVE_FEED_ISSUER=us\n`,
			json: JSON.stringify({ LIVE_FEED_SECRET: SECRET, LIVE_FEED_ISSUER: 'us' }),
		};
		for (const [name, text] of Object.entries(files)) {
			const file = path.join(folder, name);
			await writeFile(file, text);
			const { output, code } = await run(['token', ...ADA], { LIVE_FEED_SETTINGS: file });
			expect(code).toBe(0);
			await jwtVerify(output.trim(), new TextEncoder().encode(SECRET), { issuer: 'us' });
		}
		const file = path.join(folder, 'secret');
		await writeFile(file, `${SECRET}\n`);
		const { output } = await run(['token', ...ADA, '--secret-file', file], {});
		expect(await run(['token', 'explain', '--secret-file', file], {}, output)).toMatchObject({ code: 0 });
	});

	it.each<[string, string[], Record<string, string>, number, RegExp]>([
		['nothing', ['token'], {}, 2, /needs --subject, --channels, --can, --for too, as in/],
		['no lifetime', ['token', ...ADA.slice(0, -2)], {}, 2, /needs --for too/],
		['a lifetime without a unit', ['token', ...ADA.slice(0, -1), '3600'], {}, 2, /such as 90s, 10m, 2h or 7d/],
		[
			'an unknown capability',
			['token', '--can', 'read,fly'],
			{},
			2,
			/"fly" is no capability\. There are read, publish/,
		],
		['a bad channel', ['token', '--channels', 'a*b'], {}, 2, /"a\*b" is no channel/],
		['a long name', ['token', '--name', 'a'.repeat(81)], {}, 2, /80 characters at most; this one has 81/],
		['a long subject', ['token', '--subject', 'a'.repeat(129)], {}, 2, /1 to 128 characters; this one has 129/],
		['an unknown verb', ['tokn'], {}, 2, /error/],
		['a secret as an option', ['token', '--secret', 'x'], {}, 2, /unknown option '--secret'/],
		['no secret', ['token', ...ADA], {}, 1, /no secret to sign with\. Set LIVE_FEED_SECRET/],
		[
			'a short secret',
			['token', ...ADA],
			{ LIVE_FEED_SECRET: 'tooshort' },
			1,
			/has 8 characters; it needs 32 at least/,
		],
		['no such file', ['token', ...ADA, '--secret-file', '/nowhere'], {}, 1, /--secret-file names \/nowhere/],
		['an empty input', ['token', 'explain'], {}, 2, /no token on standard input/],
	])('%s: says what to do, and prints no token', async (_name, args, env, code, pattern) => {
		const ran = await run(args, env);
		expect(ran).toMatchObject({ code, output: '', errors: expect.stringMatching(pattern) });
		expect(ran.errors).not.toMatch(/tooshort|\n\s+at /);
	});
});
