import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import { findFreePort } from '../support/ports.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { findLog, LEAST_LINES } from '../support/system-log.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = path.join(ROOT, 'demo', 'publish-records.mjs');

/** Runs the command as a reader would. */
function run(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
	return new Promise((resolve) => {
		execFile(process.execPath, [COMMAND, ...args], { cwd: tmpdir() }, (error, output, errors) => {
			resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output, errors });
		});
	});
}

describe('the command that publishes records', () => {
	let relay: TestRelay;
	let folder: string;
	beforeAll(async () => {
		[relay, folder] = await Promise.all([startRelay(), mkdtemp(path.join(tmpdir(), 'live-feed-records-'))]);
	});
	afterAll(async () => {
		await relay?.stop();
		await rm(folder, { recursive: true, force: true });
	});

	/** All that a channel keeps, from its first event on. */
	async function readAll(channel: string): Promise<FeedEvent[]> {
		const events: FeedEvent[] = [];
		for (let after = '0'; ; ) {
			const response = await fetch(`${relay.url}/channels/${channel}/events?after=${after}&limit=1000`);
			const page = (await response.json()) as Page;
			events.push(...page.events);
			if (page.events.length === 0 || page.next === null) return events;
			after = page.next;
		}
	}

	it('publishes the commits of this repository in their order, and none of them twice', async () => {
		const format = '--format=%H%x09%at%x09%s';
		const log = execFileSync('git', ['-C', ROOT, 'log', '--reverse', '--topo-order', format], { encoding: 'utf8' });
		const commits = log
			.trimEnd()
			.split('\n')
			.map((line) => line.split('\t'));
		const first = await run('git', ROOT, '--relay', relay.url, '--channel', 'commits');
		expect(first).toMatchObject({ code: 0, errors: '' });
		expect(first.output).toContain(`${commits.length} published, 0 there already, 0 refused`);

		const events = await readAll('commits');
		expect(events.map(({ data, at, text }) => [(data as { hash: string }).hash, String(at ?? 0), text])).toEqual(
			commits.map(([hash, seconds, ...subject]) => [hash, `${seconds}000`, subject.join('\t')]),
		);
		expect(events.every(({ type, actor }) => type === 'git.commit' && actor?.name)).toBe(true);
		expect(JSON.stringify(events.map(({ actor }) => actor))).not.toContain('@');

		const second = await run('git', ROOT, '--relay', `${relay.url}/`, '--channel', 'commits');
		expect(second).toMatchObject({ code: 0 });
		expect(second.output).toContain(`0 published, ${commits.length} there already, 0 refused`);
		expect(await readAll('commits')).toEqual(events);
	});

	it(`publishes a system log of ${LEAST_LINES} lines and more, complete and in order, and none of it twice`, async () => {
		const file = await findLog(folder);
		const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-9000);
		const args = ['log', file, '--relay', relay.url, '--channel', 'system', '--last', '9000'];
		expect(lines.length).toBeGreaterThanOrEqual(LEAST_LINES);
		const first = await run(...args);
		expect(first).toMatchObject({ code: 0, errors: '' });
		expect(first.output).toContain(`${lines.length} published, 0 there already, 0 refused`);

		const events = await readAll('system');
		expect(events.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
		expect(events.map(({ text }) => text)).toEqual(lines.map((line) => line.slice(20).trimEnd()));
		expect(events.map(({ at }) => at)).toEqual(lines.map((line) => Date.parse(line.slice(0, 19))));
		expect(events.map(({ type }) => type)).toEqual(lines.map((line) => `dpkg.${line.split(' ')[2]}`));

		const second = await run(...args);
		expect(second).toMatchObject({ code: 0 });
		expect(second.output).toContain(`0 published, ${lines.length} there already, 0 refused`);
		expect((await readAll('system')).at(-1)?.seq).toBe(lines.length);
	});

	it('publishes a compressed changelog from its oldest release on, without addresses', async () => {
		const release = (n: number) =>
			`hello (2.${n}-1) unstable; urgency=${n === 2 ? 'high' : 'medium'}\n\n  * Change ${n},\n    with more to say.\n\n -- Ada Lovelace <ada@example.org>  Tue, 0${n} Jan 2019 10:00:00 +0100\n`;
		const file = path.join(folder, 'changelog.Debian.gz');
		await writeFile(file, gzipSync([3, 2, 1].map(release).join('\n')));
		expect(await run('log', file, '--relay', relay.url, '--channel', 'changelog')).toMatchObject({ code: 0 });
		const events = await readAll('changelog');
		expect(events.slice(0, 4).map(({ type, text }) => [type, text])).toEqual([
			['changelog.release', 'hello (2.1-1) unstable; urgency=medium'],
			['changelog.change', '* Change 1,'],
			['changelog.change', 'with more to say.'],
			['changelog.signature', '-- Ada Lovelace  Tue, 01 Jan 2019 10:00:00 +0100'],
		]);
		expect(events.map(({ at }) => at)).toEqual([1, 2, 3].flatMap((day) => Array(4).fill(Date.UTC(2019, 0, day, 9))));
		expect(events.filter(({ level }) => level === 'warning').map(({ text }) => text)).toEqual([
			'hello (2.2-1) unstable; urgency=high',
		]);
		expect(events.every(({ actor }) => actor?.name === 'Ada Lovelace')).toBe(true);
		expect(JSON.stringify(events)).not.toContain('@');
	});

	it('publishes only the newest records where that is asked for', async () => {
		const file = path.join(folder, 'app.log');
		await writeFile(file, '2026-11-20T14:02:00Z one\nwithout a date\r\n\n2026-11-20 14:03:00.5+01:00 three\n');
		expect(await run('log', file, '--last', '2', '--relay', relay.url, '--channel', 'app')).toMatchObject({ code: 0 });
		expect((await readAll('app')).map(({ type, text, at }) => ({ type, text, at }))).toEqual([
			{ type: 'log.line', text: 'without a date', at: Date.UTC(2026, 10, 20, 14, 2) },
			{ type: 'log.line', text: 'three', at: Date.UTC(2026, 10, 20, 13, 3, 0, 500) },
		]);
	});

	it('exits with 1 and the first reason when the relay refuses', async () => {
		const file = path.join(folder, 'short.log');
		await writeFile(file, '2026-11-20T14:02:00Z one\n');
		const { code, output, errors } = await run('log', file, '--relay', relay.url, '--channel', 'not a name');
		expect(code).toBe(1);
		expect(output).toContain('0 published, 0 there already, 1 refused');
		expect(errors).toMatch(/channel name has 1 to 64/);
	});

	it('exits with 2 and what to do when it is not used rightly, finds nothing to read, or no relay', async () => {
		const nothing = path.join(folder, 'nothing.log');
		await writeFile(nothing, '\n');
		const nobody = `http://127.0.0.1:${await findFreePort()}`;
		const cases: [string[], RegExp][] = [
			[[], /Say what to publish/],
			[['tail'], /Say what to publish/],
			[['log'], /Say which file/],
			[['log', nothing, '--speed', 'high'], /--speed/],
			[['log', nothing, '--last', '0'], /--last is a number/],
			[['log', nothing, '--relay', 'localhost:1999'], /--relay is an address/],
			[['log', nothing, '--relay', relay.url], /nothing to publish/],
			[['log', path.join(folder, 'missing.log')], /cannot be read: ENOENT/],
			[['git', folder], /not a git repository/],
			[['git', ROOT, '--relay', nobody], /No relay answers at .*npm start.*--relay/],
		];
		for (const [args, reason] of cases) {
			const { code, output, errors } = await run(...args);
			expect({ args, code, output }).toEqual({ args, code: 2, output: '' });
			expect(errors).toMatch(reason);
			expect(errors).not.toMatch(/^ {4}at /m);
		}
	});

	it('tells another server from a relay', async () => {
		const server = createServer((_, response) => response.end('<h1>It works</h1>'));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const address = server.address();
		try {
			const relayless = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
			const { code, errors } = await run('git', ROOT, '--relay', relayless);
			expect(code).toBe(2);
			expect(errors).toMatch(/answered 200, and not as a relay does/);
		} finally {
			server.closeAllConnections();
			server.close();
		}
	});

	it('explains itself', async () => {
		const { code, output } = await run('--help');
		expect(code).toBe(0);
		for (const word of ['git', 'log', '--relay', '--channel', '--last']) expect(output).toContain(word);
	});
});
