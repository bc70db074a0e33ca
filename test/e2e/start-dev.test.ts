import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Checkout, makeCheckout } from '../support/checkout.ts';
import { findFreePort } from '../support/ports.ts';
import { type RunningCommand, runCommand } from '../support/process.ts';
import { patience } from '../support/slowness.ts';

/** Whatever is saved here, nobody else's relay loads anew. */
let checkout: Checkout;
let stateDir: string;
let url: string;
let command: RunningCommand;

beforeEach(async () => {
	checkout = await makeCheckout();
	stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-dev-'));
	const port = await findFreePort();
	url = `http://127.0.0.1:${port}`;
	command = runCommand(
		'npm',
		['run', 'dev'],
		{ PORT: String(port), LIVE_FEED_STATE: stateDir },
		{ cwd: checkout.root },
	);
	await command.waitFor(/Running/);
});

afterEach(async () => {
	command.signal('SIGTERM', true);
	await command.exited;
	await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
	await checkout.remove();
});

/** As an editor does that saves without a change. */
async function save(file: string): Promise<void> {
	await utimes(path.join(checkout.root, file), new Date(), new Date());
}

test('npm run dev rebuilds relay, widget and demo at every save, and goes on answering', async () => {
	await save('relay/room.ts');
	await command.waitFor(/relay rebuilt/, patience(15_000));
	await save('widget/words.ts');
	await command.waitFor(/widget rebuilt/, patience(15_000));
	await save('demo/index.html');
	await command.waitFor(/demo copied/, patience(15_000));

	// A reload may cut what is asked for in that moment; the next one who asks is answered.
	const ask = async (path: string) => fetch(url + path).catch(() => undefined);
	await expect.poll(async () => (await ask('/health'))?.status).toBe(200);
	const type = async () => (await ask('/live-feed.js'))?.headers.get('content-type') ?? command.output;
	await expect.poll(type).toContain('javascript');
	command.signal('SIGINT', true);
	const exit = await command.exited;
	expect(exit).toMatchObject({ code: 0 });
	expect(exit.afterMs).toBeLessThan(3000);
});
