import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FaultProxy, startProxy } from '../faults/proxy.ts';
import { findFreePort } from '../support/ports.ts';
import { runCommand } from '../support/process.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { ROOT } from '../support/sources.ts';
import { SECRET, sign } from '../support/tokens.ts';

const COMMAND = path.join(ROOT, 'dist', 'cli.js');

interface Finding {
	name: string;
	standing: 'ok' | 'warning' | 'wrong' | 'unknown';
	text: string;
	advice?: string;
}

interface Report {
	ok: boolean;
	findings: Finding[];
	published?: { events: number };
	ways?: Record<string, { received: number; lost: number[]; doubled: number }>;
	clock?: { offsetMs: number };
	version?: string;
}

let open: TestRelay;
let closed: TestRelay;
let folder: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-doctor-'));
	open = await startRelay({ vars: {} });
	// 10 a minute: as many at once, and then one in six seconds.
	closed = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET, LIVE_FEED_MAX_PUBLISHES: '10' } });
});
afterAll(async () => {
	for (const close of closers) await close();
	await open?.stop();
	await closed?.stop();
	await rm(folder, { recursive: true, force: true });
});

let channels = 0;

/** What it finds, by name, as a program reads it. */
async function examine(relay: string, args: string[] = [], env: Record<string, string> = {}) {
	const channel = `patient-${++channels}`;
	const given = ['doctor', relay, '--json', '--events', '12', '--channel', channel, ...args];
	const { code, output, afterMs } = await runCommand(process.execPath, [COMMAND, ...given], env).exited;
	const report = JSON.parse(output) as Report; // the command's documented output
	const found = Object.fromEntries(report.findings.map((finding) => [finding.name, finding]));
	const wrong = report.findings.flatMap(({ name, standing }) => (standing === 'wrong' ? [name] : []));
	expect(report.ok, output).toBe(code === 0);
	expect(code, output).toBe(wrong.length > 0 ? 1 : 0);
	// Whatever is wrong has something to do about it.
	for (const finding of report.findings) if (finding.standing === 'wrong') expect(finding.advice).toMatch(/\w/);
	return { channel, report, found, wrong, output, afterMs };
}

async function listen(server: net.Server): Promise<number> {
	const sockets = new Set<net.Socket>();
	server.on('connection', (socket: net.Socket) => {
		sockets.add(socket);
		socket.on('error', () => {}); // whoever is told nonsense hangs up
	});
	closers.push(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return (server.address() as AddressInfo).port; // it listens on a port
}

async function answerWith(status: number, body: string, headers: http.OutgoingHttpHeaders = {}): Promise<string> {
	const server = http.createServer((_request, response) => response.writeHead(status, headers).end(body));
	return `http://127.0.0.1:${await listen(server)}`;
}

async function startFaults(): Promise<FaultProxy> {
	const proxy = await startProxy(Number(new URL(open.url).port));
	closers.push(() => proxy.stop());
	return proxy;
}

// Most of it is waiting for what does not come.
describe.concurrent('live-feed doctor', () => {
	test('of a relay that is well, nothing is wrong: each way gets every event once and in order', async () => {
		const { channel, report, wrong, found } = await examine(open.url, [
			'--events',
			'40',
			'--origin',
			'http://localhost:5173',
		]);
		expect(wrong).toEqual([]);
		expect(report.findings.map(({ name }) => name)).toEqual([
			...['DNS', 'TCP', 'HTTP', 'Clock', 'Version', 'Origin', 'Access', 'Publish'],
			...['WebSocket', 'SSE', 'NDJSON', 'Long polling', 'Stored', 'Limits'],
		]);
		for (const way of ['WebSocket', 'SSE', 'NDJSON', 'Long polling']) {
			expect(report.ways?.[way]).toMatchObject({
				received: 40,
				lost: [],
				doubled: 0,
				latency: { p50: expect.any(Number) },
			});
			expect(found[way]?.text).toMatch(/^40 of 40, once and in order; p50 [\d.]+, p95 [\d.]+, p99 [\d.]+ ms\.$/);
		}
		const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
		expect(report.version).toBe(version);
		expect(Math.abs(report.clock?.offsetMs ?? Number.NaN)).toBeLessThan(1000);
		const events = await fetch(`${open.url}/channels/${channel}/events?limit=100`).then((page) => page.json());
		expect((events as { events: unknown[] }).events).toHaveLength(40);
	});

	test('in a terminal it says what it writes, each finding in a line of 80 columns, and what to do at the end', async () => {
		const well = await runCommand(process.execPath, [COMMAND, 'doctor', open.url, '--events', '3']).exited;
		expect(well.code, well.output).toBe(0);
		expect(well.output).toContain('writing 3 events to live-feed-doctor.');
		expect(well.output).toMatch(/\n {2}✓ WebSocket {4}3 of 3, once and in order;/);
		expect(well.output).toMatch(/\n {2}✓ Nothing is wrong\.\n\n$/);
		const url = `http://127.0.0.1:${await findFreePort()}`;
		const ill = await runCommand(process.execPath, [COMMAND, 'doctor'], { LIVE_FEED_RELAY: url }).exited;
		expect(ill.code).toBe(1);
		expect(ill.output).toMatch(
			/✗ TCP {10}Nothing listens on port \d+ of 127\.0\.0\.1\.\n\n {2}✗ One thing is wrong: TCP\.\n/,
		);
		expect(ill.output).toMatch(/What to do\n\n {2}✗ TCP {10}Start the relay there/);
		for (const line of `${well.output}${ill.output}`.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
	});

	test.each<[string, () => Promise<string>, string, RegExp]>([
		[
			'a page',
			() => answerWith(200, '<h1>Hello</h1>', { server: 'nginx/1.22.1' }),
			'HTTP',
			/no live-feed relay.*nginx\/1\.22\.1/,
		],
		['a proxy without its relay', () => answerWith(502, 'Bad Gateway'), 'HTTP', /does not reach the relay behind it/],
		[
			'another address',
			() => answerWith(301, '', { location: 'https://relay.example.org/health' }),
			'HTTP',
			/leads elsewhere/,
		],
		['a wall', () => answerWith(403, 'No'), 'HTTP', /before the relay answers 403/],
		[
			'another protocol',
			async () =>
				`http://127.0.0.1:${await listen(net.createServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')))}`,
			'HTTP',
			/No request is answered/,
		],
		['https where http is', async () => open.url.replace('http:', 'https:'), 'TLS', /speaks no TLS/],
	])('%s is no relay, and is called what it is', async (_name, start, name, pattern) => {
		const { found, wrong } = await examine(await start());
		expect(wrong).toEqual([name]);
		expect(found[name]?.text).toMatch(pattern);
	});

	test('what takes connections and says nothing does not hold it up', async () => {
		const { found, wrong, afterMs } = await examine(`http://127.0.0.1:${await listen(net.createServer())}`);
		expect(wrong).toEqual(['HTTP']);
		expect(found.HTTP?.text).toMatch(/no request answered/);
		expect(afterMs).toBeLessThan(patience(12_000));
	});

	test('a certificate that signs itself is found before anything is asked', async (context) => {
		const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
		const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
		const more = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert];
		const isMade = await promisify(execFile)('openssl', [...args, ...more]).then(
			() => true,
			() => false,
		);
		if (!isMade) return context.skip();
		let asked = 0;
		const options = { key: await readFile(key), cert: await readFile(cert) };
		const url = `https://localhost:${await listen(https.createServer(options, () => asked++))}`;
		const ill = await examine(url);
		expect(ill.wrong).toEqual(['TLS']);
		expect(ill.found.TLS?.text).toMatch(/signed by itself/);
		expect(asked).toBe(0);
		const known = await examine(url.replace('localhost', '127.0.0.1'), [], { NODE_EXTRA_CA_CERTS: cert });
		expect(known.found.TLS?.text).toMatch(/is for other names/);
	});

	test.each<[string, () => Promise<string | undefined>, string, RegExp]>([
		['none', async () => undefined, 'Access', /asks for a token/],
		['what is none', async () => 'eyJ.none.at-all', 'Access', /does not take the token/],
		['one that has expired', () => sign({ exp: Math.floor(Date.now() / 1000) - 60 }), 'Access', /has expired/],
		['one for another channel', () => sign({ channels: ['elsewhere'] }), 'Access', /does not allow it/],
		['one that may not publish', () => sign({ can: ['read'] }), 'Publish', /does not allow it/],
	])('of a relay that wants a token, given %s', async (_name, make, name, pattern) => {
		const token = await make();
		const { found, wrong, output } = await examine(
			closed.url,
			[],
			token === undefined ? {} : { LIVE_FEED_TOKEN: token },
		);
		expect(wrong).toEqual([name]);
		expect(found[name]?.text).toMatch(pattern);
		if (token !== undefined) expect(output).not.toContain(token);
		if (name === 'Publish') expect(found.WebSocket).toMatchObject({ standing: 'unknown', text: /Connects/ });
	});

	test('with a token in a file it gets through, and tells the limit that it met', async () => {
		const file = path.join(folder, 'token.txt');
		await writeFile(file, `${await sign({})}\n`);
		const { report, found, wrong } = await examine(closed.url, ['--events', '11', '--token-file', file]);
		expect(wrong).toEqual([]);
		expect(report.published?.events).toBe(11);
		expect(found.Limits).toMatchObject({ standing: 'warning' });
		expect(found.Limits?.text).toMatch(/^Refused \d+ × rate-limited, for [\d.]+ m?s at most\.$/);
	});

	test('messages that are dropped and doubled on the way are counted, and the relay is not blamed', async () => {
		const proxy = await startFaults();
		proxy.set({
			message: (text) => (/"n":4[,}]/.test(text) ? 'drop' : /"n":7[,}]/.test(text) ? 'duplicate' : 'pass'),
		});
		const { report, found, wrong } = await examine(proxy.url);
		expect(wrong).toEqual(['WebSocket']);
		expect(report.ways?.WebSocket).toMatchObject({ received: 11, lost: [4], doubled: 1 });
		expect(found.WebSocket?.text).toMatch(/^11 of 12: 1 lost \(4\), 1 came twice;/);
		expect(found.Stored?.standing).toBe('ok');
	});

	test('streams that are held back are found, and what to set in the proxy is said', async () => {
		const proxy = await startFaults();
		proxy.set({ holdStreams: true });
		const { found, wrong, afterMs } = await examine(proxy.url);
		expect(wrong).toEqual(['SSE', 'NDJSON']);
		expect(found.SSE).toMatchObject({ text: /nothing comes|Not a byte/, advice: /proxy_buffering off/ });
		expect(found.WebSocket?.standing).toBe('ok');
		expect(afterMs).toBeLessThan(patience(20_000));
	});

	test('a proxy that passes no WebSocket on is found', async () => {
		const proxy = await startFaults();
		proxy.set({ refuseUpgrades: true });
		const { found, wrong } = await examine(proxy.url);
		expect(wrong).toEqual(['WebSocket']);
		expect(found.WebSocket?.advice).toMatch(/proxy_set_header Upgrade/);
	});

	test('a line that goes dead meanwhile ends, and says so', async () => {
		const proxy = await startFaults();
		const running = examine(proxy.url, ['--events', '400']);
		await expect.poll(() => proxy.connections.filter(({ via }) => via === 'websocket').length).toBe(1);
		proxy.set({ hole: true });
		const { wrong, found, afterMs } = await running;
		expect(wrong).toContain('Publish');
		expect(found.Publish?.text).toMatch(/^After \d+ of 400 nobody answers any more\./);
		expect(afterMs).toBeLessThan(patience(40_000));
	});

	test('a clock that differs, and a page that is not served, are found', async () => {
		const server = http.createServer((request, response) => {
			if (request.url === '/health') {
				const time = Date.now() - 600_000;
				response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'ok', time }));
				return;
			}
			const asked = http.request(
				open.url + request.url,
				{ method: request.method, headers: request.headers },
				(answer) => {
					response.writeHead(answer.statusCode ?? 500, answer.headers);
					answer.pipe(response);
				},
			);
			asked.on('error', () => response.destroy());
			request.pipe(asked);
			response.on('close', () => asked.destroy());
		});
		const url = `http://127.0.0.1:${await listen(server)}`;
		const { found, wrong } = await examine(url);
		expect(wrong).toEqual(['Clock', 'WebSocket']);
		expect(found.WebSocket?.advice).toMatch(/proxy_set_header Upgrade/);
		expect(found.Clock?.text).toMatch(/^The relay’s clock is (600\.\d|59\d\.\d) s behind ours/);
		const refused = await examine(open.url, ['--origin', 'https://www.example.org']);
		expect(refused.wrong).toEqual(['Origin']);
		expect(refused.found.Origin).toMatchObject({ text: /www\.example\.org/, advice: /LIVE_FEED_ORIGINS/ });
	});

	test.each<[string, string[], Record<string, string>, RegExp]>([
		['no address', ['relay'], {}, /Give the relay address/],
		['no channel', ['--channel', 'a b'], {}, /A channel name has/],
		['no number', ['--events', 'many'], {}, /from 1 to 2000/],
		['a token as an option', ['--token', 'x'], {}, /unknown option '--token'/],
	])('%s is a slip in its use', async (_name, args, env, pattern) => {
		const { code, output } = await runCommand(process.execPath, [COMMAND, 'doctor', ...args], env).exited;
		expect(code).toBe(2);
		expect(output).toMatch(pattern);
	});
});
