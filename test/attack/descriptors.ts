// Descriptors: more connections than a relay may have files and sockets open.
// Knows limits of a shell, sockets and what a subscriber hears; never knows how a relay keeps room.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { WebSocket } from 'ws';
import { group, type ScenarioOptions, type ScenarioResult, until } from '../faults/scenario.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { findFreePort } from '../support/ports.ts';
import { ROOT } from '../support/sources.ts';

/** Fewer than the reserve. */
const BATCH = 20;

export async function runDescriptors({ short }: ScenarioOptions): Promise<ScenarioResult> {
	if (process.platform === 'win32') return { lines: ['not on Windows, which has no such limit'], failures: [] };
	const [limit, count] = short ? [300, 400] : [1024, 1500];
	const stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-descriptors-'));
	const port = await findFreePort();
	const start = `ulimit -n ${limit} && exec ${JSON.stringify(process.execPath)} --import tsx relay/run/start.ts --built`;
	const child = spawn('/bin/sh', ['-c', start], {
		cwd: ROOT,
		env: { ...process.env, PORT: String(port), LIVE_FEED_STATE: stateDir, LIVE_FEED_ENGINE: 'workerd' },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => {
			output += text;
		});
	const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
	const url = `http://127.0.0.1:${port}`;
	const sockets: WebSocket[] = [];
	try {
		const isUp = () =>
			fetch(`${url}/health`).then(
				({ ok }) => ok,
				() => false,
			);
		if (!(await until(isUp, 60_000)))
			return { lines: [], failures: [`the relay does not start: ${output.slice(-500)}`] };
		const channel = createChannelName('descriptors');
		const subscriber = await Conversation.join(url, channel);
		const codes = new Map<string, number>();
		// Few at a time: those that are refused are gone before the next ones come.
		for (let n = 0; n < count; n += BATCH) {
			const batch = Array.from({ length: BATCH }, () => connect(url, channel));
			sockets.push(...batch.map(({ socket }) => socket));
			for (const { answer } of batch) {
				const code = await answer;
				codes.set(code, (codes.get(code) ?? 0) + 1);
			}
		}
		const failures: string[] = [];
		if (!codes.has('relay-full')) failures.push('nobody is told that the relay is full');
		const publish = async (text: string) => {
			const response = await fetch(`${url}/channels/${channel}/events`, { method: 'POST', body: text }).catch(
				() => undefined,
			);
			return response?.status === 201;
		};
		if (!(await publish('while it is full'))) failures.push('nothing can be published while the relay is full');
		const hears = (text: string) => until(() => JSON.stringify(subscriber.events).includes(text), 10_000);
		if (!(await hears('while it is full'))) failures.push('the subscriber of before does not hear of it');
		if (/engine died/.test(output)) failures.push(`the engine has died: ${output.slice(-300)}`);
		for (const socket of sockets.splice(0)) socket.terminate();

		// All at once: the engine's listener takes them before the relay can refuse any.
		for (let n = 0; n < count; n++) sockets.push(connect(url, channel).socket);
		await until(() => sockets.every(({ readyState }) => readyState !== WebSocket.CONNECTING), 10_000);
		for (const socket of sockets.splice(0)) socket.terminate();
		const deaths = () => output.match(/engine died/g)?.length ?? 0;
		if (!(await until(() => publish('after all at once'), 30_000))) failures.push('the relay does not come back');
		const page = await (await fetch(`${url}/channels/${channel}/events`)).text();
		if (!page.includes('while it is full')) failures.push('what was stored is gone');
		subscriber.socket.terminate();
		return {
			lines: [
				`${group(count)} sockets and ${group(limit)} descriptors, ${BATCH} at a time: ${[...codes].map(([code, many]) => `${group(many)} ${code}`).join(', ')}; all at once: the engine died ${deaths()} times and was started again; on 2d48d35: one beyond the descriptors ends it, and five times in a row the relay`,
			],
			failures,
		};
	} finally {
		for (const socket of sockets) socket.terminate();
		child.kill('SIGTERM');
		await ended;
		await rm(stateDir, { recursive: true, force: true, maxRetries: 3 });
	}
}

/** Connects and says hello. `answer` is the first that is said, or how it ended; it never rejects. */
function connect(url: string, channel: string): { socket: WebSocket; answer: Promise<string> } {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/channels/${channel}/events`);
	const answer = new Promise<string>((resolve) => {
		socket.on('error', () => resolve('not connected'));
		socket.on('open', () => socket.send('{"type":"hello","protocol":1,"history":0}'));
		socket.on('message', (data) => {
			const { type, code } = JSON.parse(String(data)) as { type: string; code?: string };
			resolve(code ?? type);
		});
		socket.on('close', (code) => resolve(String(code)));
	});
	return { socket, answer };
}
