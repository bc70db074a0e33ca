// Small: odd forms of requests, and addresses of sockets that are long.
// Knows what is written to the listener and what comes back; never knows which part of a relay answers.
import net from 'node:net';
import { group, type ScenarioOptions, type ScenarioResult, until } from '../faults/scenario.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { startRelay } from '../support/relay.ts';

/** The most that a line of the log may have, characters. */
const MAX_LINE = 1000;
const LONG = 'x'.repeat(900);
const FORMS: Record<string, string> = {
	'another host in the address': 'GET http://evil.example/channels/any/events HTTP/1.1\r\nHost: relay\r\n',
	'a long address of another host': `GET http://evil.example/${LONG} HTTP/1.1\r\nHost: relay\r\n`,
	'another scheme': `GET ftp://evil.example/${LONG} HTTP/1.1\r\nHost: relay\r\n`,
	'an address without a host': 'GET http:// HTTP/1.1\r\nHost: relay\r\n',
	'two lines with a host': `GET /health?${LONG} HTTP/1.1\r\nHost: one\r\nHost: two\r\n`,
	'a long host': `GET /health HTTP/1.1\r\nHost: ${LONG}\r\n`,
};
/** What only our own code or an engine's would say. */
const INTERNALS = /\bat .{1,200}:\d+:\d+|node_modules|\.ts\b|kj\/|Exception/;

export async function runSmall({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const times = short ? 5 : 50;
	const lines: string[] = [];
	const relay = await startRelay({ vars: {}, log: (line) => lines.push(line) });
	const port = Number(new URL(relay.url).port);
	const failures: string[] = [];
	const told: string[] = [];
	try {
		for (const [what, head] of Object.entries(FORMS)) {
			const statuses = new Set<string>();
			for (let n = 0; n < times; n++) {
				const answer = await ask(port, `${head}Connection: close\r\n\r\n`);
				statuses.add(answer.slice(9, 12));
				if (answer === '') failures.push(`${what}: no answer`);
				if (INTERNALS.test(answer)) failures.push(`${what}: the answer says ${answer.slice(0, 300)}`);
			}
			told.push(`${what} ${[...statuses].join(', ')}`);
		}
		const longest = Math.max(0, ...lines.map(({ length }) => length));
		const most = Object.keys(FORMS).length * times;
		if (longest > MAX_LINE) failures.push(`a line of the log has ${group(longest)} characters`);
		if (lines.length > most) failures.push(`${group(lines.length)} lines of the log for ${group(most)} requests`);
		const options = { search: `_pk=${'x'.repeat(257)}` };
		const viewer = await Conversation.join(relay.url, createChannelName('small'), {}, options);
		if (viewer.closed) failures.push(`a socket with a long parameter is closed with ${viewer.closed.code}`);
		viewer.socket.terminate();
		return {
			lines: [
				`${group(most)} odd requests: ${group(lines.length)} lines of the log, ${group(longest)} characters at most; a parameter of 257 characters closes no socket; on 2d48d35: a line as long as the request, and 1011`,
				told.join('; '),
			],
			failures,
		};
	} finally {
		await relay.stop();
	}
}

async function ask(port: number, request: string): Promise<string> {
	let answer = '';
	let isOver = false;
	const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
	socket.on('data', (data) => {
		answer += data;
	});
	socket.on('error', () => {}); // it is closed after that
	socket.on('close', () => {
		isOver = true;
	});
	await until(() => isOver, 5000);
	socket.destroy();
	return answer;
}
