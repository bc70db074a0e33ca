// What is read in a terminal, by the programs that people have there: curl and nc, against a real relay.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createChannelName } from '../support/conversation.ts';
import { type RunningCommand, runCommand } from '../support/process.ts';
import { needPrograms } from '../support/program.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
const running: RunningCommand[] = [];

beforeAll(async () => {
	needPrograms('curl', 'nc');
	relay = await startRelay({ vars: {} });
});
afterEach(async () => {
	for (const command of running.splice(0)) await end(command);
});
afterAll(() => relay?.stop());

async function end(command: RunningCommand): Promise<string> {
	command.signal('SIGTERM', true);
	return (await command.exited).output;
}

function type(line: string): RunningCommand {
	const command = runCommand('sh', ['-c', line]);
	running.push(command);
	return command;
}

const address = (channel: string, query = '') => `'${relay.url}/channels/${channel}/events${query}'`;
const curl = (channel: string, query = '', accept = 'text/plain') =>
	type(`exec curl -sSN -H 'accept: ${accept}' ${address(channel, query)}`);

/** A request as it is typed, with `head` for its lines after the first. */
const nc = (channel: string, query = '', version = '1.0', head = 'Host: localhost\\r\\nAccept: text/plain\\r\\n') =>
	type(
		`printf 'GET /channels/${channel}/events${query} HTTP/${version}\\r\\n${head}\\r\\n' | nc 127.0.0.1 ${new URL(relay.url).port}`,
	);

async function publish(channel: string, ...drafts: object[]): Promise<string[]> {
	const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(drafts) };
	const response = await fetch(`${relay.url}/channels/${channel}/events`, init);
	const { events } = (await response.json()) as { events: { id: string }[] }; // the relay's documented answer
	return events.map(({ id }) => id);
}

/** What came after the headers, where there are any. */
const bodyOf = ({ output }: RunningCommand) => output.split('\r\n\r\n').at(-1) ?? '';
/** The lines without their times, as `level type text [id]`. */
const linesOf = (command: RunningCommand) =>
	bodyOf(command)
		.split(/(?<=\n)/)
		.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /, ''));
const line = (text: string, id: string | undefined, kind = 'info    message') => `${kind} ${text} [${id}]\n`;

describe.each([
	['curl', curl],
	['nc by HTTP/1.0', nc],
	['nc by HTTP/1.1', (channel: string, query?: string) => nc(channel, query, '1.1')],
] as const)('text for %s', (_, read) => {
	it('[STREAM2] [STREAM6] is history, and then each line while it happens, and nothing else', async () => {
		const channel = createChannelName('lines');
		const ids = await publish(channel, { text: 'one' }, { text: 'two' });
		const reader = read(channel);
		await expect.poll(() => linesOf(reader)).toEqual([line('one', ids[0]), line('two', ids[1])]);
		const shown = linesOf(reader);
		for (const text of ['three 漢字 👍', 'four', 'x'.repeat(5000)]) {
			const [id] = await publish(channel, { text });
			shown.push(line(text, id));
			await expect.poll(() => linesOf(reader)).toEqual(shown);
		}
	});

	it('[STREAM2] goes on after the id of the last line, with nothing lost and nothing twice', async () => {
		const channel = createChannelName('resumed');
		const first = await publish(channel, { text: 'one' }, { text: 'two' });
		const reader = read(channel, '?after=0');
		await expect.poll(() => linesOf(reader)).toHaveLength(2);
		const [, id = ''] = /\[([^[\]]+)\]\n$/.exec(await end(reader)) ?? [];
		expect(id).toBe(first[1]);
		const missed = await publish(channel, { text: 'three' }, { text: 'four' });
		const again = read(channel, `?after=${id}`);
		await expect.poll(() => linesOf(again)).toEqual([line('three', missed[0]), line('four', missed[1])]);
		const [live] = await publish(channel, { text: 'five' });
		await expect.poll(() => linesOf(again).at(-1)).toBe(line('five', live));
	});

	it('[STREAM3] is filtered by type and by status, history and live', async () => {
		const channel = createChannelName('filtered');
		const drafts = [{ type: 'login' }, { type: 'deploy.done', text: 'a' }, { type: 'bug', text: 'b', status: 'open' }];
		const ids = await publish(channel, ...drafts);
		const [deploys, open] = [read(channel, '?type=deploy.*,other'), read(channel, '?status=open')];
		await expect.poll(() => linesOf(deploys)).toEqual([line('a', ids[1], 'info    deploy.done')]);
		await expect.poll(() => linesOf(open)).toEqual([line('b', ids[2], 'info    bug')]);
		const live = await publish(channel, ...drafts);
		await expect.poll(() => linesOf(deploys)[1]).toBe(line('a', live[1], 'info    deploy.done'));
		await expect.poll(() => linesOf(open)[1]).toBe(line('b', live[2], 'info    bug'));
		expect([linesOf(deploys).length, linesOf(open).length]).toEqual([2, 2]);
	});
});

describe('what is typed into nc', () => {
	it('[STREAM6] [ENG2] shows the headers first, and no sizes of chunks are announced', async () => {
		const channel = createChannelName('headers');
		await publish(channel, { text: 'one' });
		const reader = nc(channel);
		await reader.waitFor(/one/);
		const [head = ''] = reader.output.split('\r\n\r\n');
		expect(head.split('\r\n')[0]).toBe(`HTTP/1.${relay.engine?.name === 'workerd' ? 0 : 1} 200 OK`);
		expect(head).toMatch(/\r\ncontent-type: text\/plain; charset=utf-8/i);
		expect(head).not.toMatch(/transfer-encoding/i);
	});

	it('[STREAM6] answers at once where there is nothing to show, and says from where it goes on', async () => {
		const channel = createChannelName('quiet');
		const [id] = await publish(channel, { text: 'one' });
		for (const query of ['?limit=0', '?type=never', `?after=${id}`]) {
			const reader = nc(channel, query);
			await reader.waitFor(
				new RegExp(
					`^HTTP/1\\.[01] 200 OK\\r\\n[\\s\\S]*\\r\\n\\r\\n-- nothing new; after=${id} goes on from here --\\n$`,
				),
			);
		}
	});

	it('[STREAM6] needs a Host: without it the engine refuses what it does not hand on', async () => {
		const reader = nc(createChannelName('nobody'), '', '1.0', 'Accept: text/plain\\r\\n');
		await reader.waitFor(/^HTTP\/1\.[01] 400 Bad Request\r\n/);
	});

	it('[PAGE8] tells in one line what is wrong with a parameter', async () => {
		const reader = nc(createChannelName('wrong'), '?since=yesterday');
		await reader.waitFor(/^HTTP\/1\.[01] 400 [\s\S]*"detail":"Expected a span such as 90s/);
	});
});

describe('NDJSON for a program behind curl', () => {
	it('[STREAM1] is a line of JSON for each event, filtered, and goes on after the id of the last', async () => {
		const channel = createChannelName('program');
		const read = (query: string) => curl(channel, query, 'application/x-ndjson');
		const seqs = (command: RunningCommand) =>
			command.output
				.split('\n')
				.filter((text) => text !== '')
				.map((text) => JSON.parse(text).seq);
		const [, second] = await publish(channel, { type: 'a' }, { type: 'b' });
		const reader = read('?type=b&after=0');
		await expect.poll(() => seqs(reader)).toEqual([2]);
		await end(reader);
		await publish(channel, { type: 'b' }, { type: 'a' }, { type: 'b', status: 'open' });
		const [again, open] = [read(`?type=b&after=${second}`), read('?status=open')];
		await expect.poll(() => seqs(again)).toEqual([3, 5]);
		await expect.poll(() => seqs(open)).toEqual([5]);
	});
});

describe('a relay that is started again', () => {
	it('[AWAY2] [STREAM2] tells curl and nc where to go on, and there nothing is missing', async () => {
		const channel = createChannelName('restart');
		await publish(channel, { type: 'a', text: 'one' }, { type: 'b' });
		const readers = [curl, nc].map((read) => read(channel, '?type=a'));
		for (const reader of readers) await reader.waitFor(/one \[/);
		const [, last] = await publish(channel, { type: 'a', text: 'two' }, { type: 'b' });
		for (const reader of readers) await reader.waitFor(/two \[/);
		await relay.engine?.restart();
		for (const reader of readers) {
			const [, after] = await reader.waitFor(/\n-- the relay is restarting; after=(\S+) goes on from here --\n+$/);
			expect(after).toBe(last);
			expect((await reader.exited).code).toBe(0);
		}
		const [id] = await publish(channel, { type: 'a', text: 'three' });
		const again = nc(channel, `?type=a&after=${last}`);
		await expect.poll(() => linesOf(again)).toEqual([line('three', id, 'info    a')]);
	});
});
