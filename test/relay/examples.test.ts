// The examples of PROTOCOL.md, run as they stand there.
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createChannelName } from '../support/conversation.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const text = readFileSync(new URL('../../relay/protocol/PROTOCOL.md', import.meta.url), 'utf8');
const example = (language: string): string => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(text)?.[1] ?? '';
let relay: TestRelay;

beforeAll(async () => {
	relay = await startRelay();
});
afterAll(async () => {
	await relay?.stop();
});

const fill = (code: string, channel: string): string =>
	code
		.replaceAll('https://RELAY', relay.url)
		.replaceAll('wss://RELAY', relay.url.replace(/^http/, 'ws'))
		.replaceAll('/channels/deploys/', `/channels/${channel}/`);

it('[HTTP3] [FORM1] the curl commands publish, read and follow', async () => {
	const [publish = '', read = '', follow = ''] = fill(example('sh'), createChannelName('deploys')).trim().split('\n');
	const run = async (command: string) =>
		(await promisify(execFile)('sh', ['-c', command.replace('curl ', 'curl -sS ')])).stdout;
	expect(JSON.parse(await run(publish))).toMatchObject({ seq: 1, duplicate: false });
	expect(JSON.parse(await run(read))).toMatchObject({ events: [{ text: 'deploy 214 finished' }] });
	const child = spawn('sh', ['-c', `exec ${follow}`], { stdio: ['ignore', 'pipe', 'ignore'] });
	let lines = '';
	for await (const chunk of child.stdout) {
		lines += chunk;
		if (lines.includes('\n')) break;
	}
	child.kill();
	expect(lines).toMatch(/^\d{4}-.*Z info {4}message deploy 214 finished \[\w+:1\]\n$/);
});

it('[SEAM1] [WS1] the client of a few lines shows every event once, in order', async () => {
	const channel = createChannelName('deploys');
	const seen: number[] = [];
	const sockets: WebSocket[] = [];
	let onLine = () => {};
	class Tracked extends WebSocket {
		constructor(url: string) {
			super(url);
			sockets.push(this);
		}
	}
	const log = (seq: number) => {
		seen.push(seq);
		onLine();
	};
	const retry = (run: () => void) => void setImmediate(run); // it waits for a second or more; a test does not
	new Function('WebSocket', 'console', 'setTimeout', fill(example('js'), channel))(Tracked, { log, warn: log }, retry);
	const publish = async (count: number) => {
		const body = JSON.stringify(Array(count).fill({ text: 'a' }));
		await fetch(`${relay.url}/channels/${channel}/events`, {
			method: 'POST',
			body,
			headers: { 'content-type': 'application/json' },
		});
	};
	const until = (count: number) =>
		new Promise<void>((resolve) => {
			onLine = () => seen.length >= count && resolve();
			onLine();
		});
	await publish(30);
	await until(30);
	sockets.at(-1)?.terminate();
	await publish(70);
	await until(100);
	expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
	for (const socket of sockets) {
		socket.onclose = null;
		socket.terminate();
	}
});
