// Requests that break off or claim what is not so, byte by byte, against a real relay.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RawAnswer, RawClient } from '../fuzz/raw-request.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';

const lines: string[] = [];
let relay: TestRelay;
let port: number;

beforeAll(async () => {
	relay = await startRelay({ vars: {}, log: (line) => lines.push(line) });
	port = relay.engine?.port ?? 0;
});
afterAll(async () => {
	await relay?.stop();
});

async function ask(request: string, hangsUp = false): Promise<[status: number, code: string | undefined]> {
	const client = new RawClient(port);
	const [first = '', ...rest] = request.split('\r\n');
	const bytes = Buffer.from([first, `Host: 127.0.0.1:${port}`, ...rest].join('\r\n'));
	const answer = (await client.ask(bytes, { isHead: false, hangsUp, patienceMs: patience(20_000) })) as RawAnswer;
	client.end();
	const isJson = answer.body.startsWith('{');
	return [answer.status, isJson ? JSON.parse(answer.body).code : undefined];
}

const path = '/channels/broken/events HTTP/1.1';
const json = 'Content-Type: application/json';

it('[ERR3] a GET with a body is a GET', async () => {
	expect(await ask(`GET ${path}\r\nContent-Length: 12\r\n\r\n{"text":"a"}`)).toEqual([200, undefined]);
});

it('[ENG1] a length that none has is refused by the engine, in words of its own; PartyKit passes over a number', async () => {
	const isWorkerd = relay.engine?.name === 'workerd';
	for (const length of ['-1', '99999999999999999999', 'twelve']) {
		const status = isWorkerd ? 400 : length === 'twelve' ? 500 : 200;
		expect(await ask(`GET ${path}\r\nContent-Length: ${length}\r\n\r\n`), length).toEqual([status, undefined]);
	}
});

it('[ERR3] a body that breaks off, or is too large, is refused and no uncaught error of the relay', async () => {
	const chunked = `POST ${path}\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n`;
	expect(await ask(`${chunked}zz\r\n{"text":"a"}\r\n0\r\n\r\n`)).toEqual([400, 'invalid-event']);
	expect(await ask(`${chunked}c\r\n{"text":"a"}\r\n`, true)).toEqual([400, 'invalid-event']);
	expect(await ask(`POST ${path}\r\n${json}\r\nContent-Length: 20\r\n\r\n{"text":"a"}`, true)).toEqual([
		400,
		'invalid-event',
	]);
	const large = 'x'.repeat(1_048_577);
	expect(await ask(`POST ${path}\r\nContent-Length: ${large.length}\r\n\r\n${large}`)).toEqual([
		413,
		'batch-too-large',
	]);
	expect(await ask(`${chunked}100001\r\n${large}\r\n0\r\n\r\n`)).toEqual([413, 'batch-too-large']);
	expect(await ask(`GET ${path}\r\n\r\n`)).toEqual([200, undefined]);
	expect(lines.filter((line) => /^Uncaught|"level":"error"/.test(line))).toEqual([]);
	// Each would be a request of the engine's own to the process that starts it: half of what one costs.
	expect(lines.filter((line) => /\b(GET|POST) \//.test(line))).toEqual([]);
});

it.each(['/%zz', '/channels/%zz/events', '/%', '/constructor', '/__proto__', '/toString', '/%E0%A4%A'])(
	'[ERR1] an address that PartyKit itself would stumble over is refused by the table: %s',
	async (address) => {
		const [status, code] = await ask(`GET ${address} HTTP/1.1\r\n\r\n`);
		expect([status, code]).toEqual(address.startsWith('/channels') ? [400, 'invalid-channel'] : [404, 'not-found']);
	},
);
