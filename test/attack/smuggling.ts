// Smuggling: requests whose end two programs could see at two places, with another request behind. The listener refuses them, or
// sees one request and nothing more: what is behind never becomes a request of its own.
// Knows HTTP/1.1 (RFC 9112, 11.2) as bytes; never knows the relay's own addresses but one.
import net from 'node:net';
import { chooseEngine } from '../../relay/run/engine.ts';
import type { ScenarioOptions, ScenarioResult } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';

const BEFORE = 'on 2d48d35, which ran on PartyKit: 4 × 400, 5 × 201, 5 × 500, 1 × 200; 6 of those behind were answered';
const BEHIND = 'GET /live-feed.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const END = '0\r\n\r\n';

const post = (headers: string, body: string): string =>
	`POST /channels/smuggling/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n${headers}\r\n${body}`;
const length = (bytes: string): string => `Content-Length: ${bytes.length}\r\n`;

/** By what is ambiguous. */
const FORMS: Record<string, string> = {
	'a length and chunks': post(`${length(END + BEHIND)}Transfer-Encoding: chunked\r\n`, END + BEHIND),
	'chunks and a length': post(
		'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n',
		`${BEHIND.length.toString(16)}\r\n${BEHIND}\r\n${END}`,
	),
	'two lengths': post(`Content-Length: 1\r\n${length(`a${BEHIND}`)}`, `a${BEHIND}`),
	'a list of lengths': post(`Content-Length: 1, ${BEHIND.length + 1}\r\n`, `a${BEHIND}`),
	'a length with a sign': post('Content-Length: +1\r\n', `a${BEHIND}`),
	'a space before the colon': post('Content-Length : 1\r\n', `a${BEHIND}`),
	'another coding': post(`Transfer-Encoding: xchunked\r\n${length(END + BEHIND)}`, END + BEHIND),
	'a tab before the coding': post(`Transfer-Encoding:\tchunked\r\n${length(END + BEHIND)}`, END + BEHIND),
	'two codings': post(
		`Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n${length(END + BEHIND)}`,
		END + BEHIND,
	),
	'a folded line': post(`Transfer-Encoding:\r\n chunked\r\n${length(END + BEHIND)}`, END + BEHIND),
	'a bare CR': post(`X: y\rContent-Length: 1\r\n`, `a${BEHIND}`),
	'a negative chunk': post('Transfer-Encoding: chunked\r\n', `-1\r\na\r\n${END}${BEHIND}`),
	'a chunk beyond 64 bits': post('Transfer-Encoding: chunked\r\n', `10000000000000001\r\na\r\n${END}${BEHIND}`),
	'a line end in a chunk extension': post('Transfer-Encoding: chunked\r\n', `1;\na\r\n${END}${BEHIND}`),
	'a body of a GET': `GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n${length(BEHIND)}\r\n${BEHIND}`,
};

export async function runSmuggling(_: ScenarioOptions): Promise<ScenarioResult> {
	const relay = await startRelay({ vars: {} });
	try {
		const failures: string[] = [];
		const counts = new Map<string, number>();
		const port = Number(new URL(relay.url).port);
		for (const [form, text] of Object.entries(FORMS)) {
			const answers = await ask(port, text);
			const what = answers[0] ?? 'closed';
			counts.set(what, (counts.get(what) ?? 0) + 1);
			if (answers.length > 1) failures.push(`${form}: ${answers.length} answers, ${answers.join(', ')}`);
		}
		const shown = [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
		return {
			lines: [
				`${Object.keys(FORMS).length} forms of requests with another behind: ${shown}; ${failures.length} of those behind were answered`,
				BEFORE,
			],
			// PartyKit's engine is of 2024 and listens by itself: behind a proxy there, what the proxy takes is what holds.
			failures: chooseEngine() === 'workerd' ? failures : [],
		};
	} finally {
		await relay.stop();
	}
}

/** Returns the statuses of all answers to these bytes, behind which nothing comes. */
function ask(port: number, text: string): Promise<string[]> {
	return new Promise((resolve) => {
		let all = '';
		const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.end(text, 'latin1'));
		socket.setTimeout(patience(5000), () => socket.destroy());
		socket.on('data', (bytes) => {
			all += bytes.toString('latin1');
		});
		socket.on('error', () => {}); // `close` follows
		socket.on('close', () => resolve([...all.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status = '']) => status)));
	});
}
