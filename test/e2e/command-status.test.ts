// `live-feed status` and `live-feed settings` as they are typed.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAnswering } from '../support/answering.ts';
import { runVerb } from '../support/command.ts';
import { findFreePort } from '../support/ports.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

describe('live-feed status', () => {
	let relay: TestRelay;
	beforeAll(async () => {
		relay = await startRelay();
	});
	afterAll(() => relay?.stop());
	const status = (address: string, ...args: string[]) => runVerb(['status', ...args, '--relay', address]);

	it('of a relay that runs says so, with its clock: exit code 0', async () => {
		const ran = await status(relay.url);
		expect(ran.code).toBe(0);
		expect(ran.output).toContain(`● Running  ${relay.url}\n`);
		expect(ran.output).toMatch(/Its clock {2}\d{4}-\d\d-\d\dT[\d:]+Z\n/);
		const json = await status(relay.url, 'deploys', '--json');
		expect(json.code).toBe(0);
		expect(JSON.parse(json.output)).toBeTypeOf('object');
	});

	it('where nobody answers says what to look at: exit code 1', async () => {
		const ran = await status(`http://127.0.0.1:${await findFreePort()}`);
		expect(ran).toMatchObject({ code: 1, output: '' });
		expect(ran.errors).toMatch(/^error: No relay answers at http:\S+\. .*ECONNREFUSED.*LIVE_FEED_RELAY.*\n$/);
	});

	// A relay with figures, one that asks for a token, one without them; something else, and one that hangs.
	it.each<[string, Record<string, { status: number; body: unknown }>, number, RegExp, RegExp]>([
		[
			'figures',
			{ '/status': { status: 200, body: { events: 1234, viewers: { socket: 2 } } } },
			0,
			/events +1,234\n +viewers\.socket +2\n/,
			/^$/,
		],
		[
			'no token',
			{ '/status': { status: 401, body: { code: 'token-needed' } } },
			0,
			/Running[\s\S]*Since/,
			/no figures: they take a token that may `metrics`/,
		],
		[
			'a token that may not',
			{ '/status': { status: 403, body: { code: 'forbidden' } } },
			0,
			/Running/,
			/the token may not `metrics`/,
		],
		['no figures', {}, 0, /Running/, /this relay gives none/],
		[
			'something else',
			{ '/health': { status: 200, body: '<h1>Hello</h1>' } },
			1,
			/^$/,
			/Something else than a live-feed relay answers/,
		],
		[
			'a proxy alone',
			{ '/health': { status: 502, body: '<h1>Bad gateway</h1>' } },
			1,
			/^$/,
			/is no relay that runs\. The answer, with status 502/,
		],
	])('meets %s', async (_name, answers, code, output, errors) => {
		const health = { status: 200, body: { status: 'ok', time: Date.now(), since: Date.now() - 60_000 } };
		const known: Record<string, { status: number; body: unknown }> = { '/health': health, ...answers };
		const server = await startAnswering(
			({ path: asked }) => known[asked] ?? { status: 404, body: { code: 'not-found' } },
		);
		expect(await status(server.url)).toEqual({
			...{ code, output: expect.stringMatching(output) },
			errors: expect.stringMatching(errors),
		});
		await server.stop();
	});

	it('does not wait for ever', async () => {
		const server = await startAnswering(() => undefined);
		const ran = await status(server.url, '--timeout', '1s');
		expect(ran).toMatchObject({ code: 1, errors: expect.stringContaining('has not answered within 1 second') });
		await server.stop();
	});
});

describe('live-feed settings', () => {
	it('shows what holds and where it is from, as text and as JSON, and no secret', async () => {
		const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-settings-'));
		const file = path.join(folder, 'settings');
		const secret = 'a-secret-of-this-test-0123456789abcdef';
		await writeFile(file, `LIVE_FEED_SECRET=${secret}\nLIVE_FEED_KEEP_AGE=30d\n`);
		const env = { LIVE_FEED_SETTINGS: file, PORT: '3000' };
		const text = await runVerb(['settings'], { env });
		expect(text).toMatchObject({ code: 0, errors: '' });
		expect(text.output).toMatch(/LIVE_FEED_SECRET +file +\(38 characters\)\n/);
		expect(text.output).toMatch(/PORT +environment +3000\n/);
		const json = await runVerb(['settings', '--json'], { env });
		const shown = JSON.parse(json.output);
		expect(shown).toMatchObject({ open: false, file, wrong: [], notes: [] });
		expect(shown.settings).toContainEqual({ name: 'LIVE_FEED_KEEP_AGE', value: '30d', from: 'file' });
		for (const { output } of [text, json]) expect(output).not.toContain(secret);
		await writeFile(file, 'LIVE_FEED_SECRTE=x\n');
		const wrong = await runVerb(['settings'], { env: { ...env, LIVE_FEED_KEEP_AGE: 'soon' } });
		expect(wrong).toMatchObject({ code: 1, errors: '' });
		expect(wrong.output).toMatch(/✗ \S+ has LIVE_FEED_SECRTE, which is no setting of the relay\./);
		expect(wrong.output).toMatch(/✗ LIVE_FEED_KEEP_AGE is a span such as 30d, 12h or 90m; it is "soon"\./);
		await rm(folder, { recursive: true });
	});
});
