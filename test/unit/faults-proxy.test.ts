import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type FaultProxy, startProxy } from '../faults/proxy.ts';

/** Echoes what it gets, by WebSocket and by POST; `/stream` sends server-sent events until it is told to end. */
class EchoServer {
	readonly server = http.createServer((request, response) => {
		if (request.url === '/stream') {
			response.writeHead(200, { 'content-type': 'text/event-stream' });
			response.write('data: 1\n\n');
			this.streams.push(response);
			return;
		}
		request.pipe(response);
	});
	readonly streams: http.ServerResponse[] = [];
	readonly sockets = new WebSocketServer({ server: this.server });
	closes = 0;

	constructor() {
		this.sockets.on('connection', (socket) => {
			socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
			socket.on('close', () => this.closes++);
			socket.on('error', () => {});
		});
	}

	async listen(): Promise<number> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		return (this.server.address() as AddressInfo).port;
	}

	stop(): void {
		for (const socket of this.sockets.clients) socket.terminate();
		this.server.closeAllConnections();
		this.server.close();
	}
}

interface Peer {
	socket: WebSocket;
	heard: string[];
	closed: number | undefined;
	error: string | undefined;
}

describe('the fault proxy', () => {
	let echo: EchoServer;
	let proxy: FaultProxy;

	beforeEach(async () => {
		echo = new EchoServer();
		proxy = await startProxy(await echo.listen());
	});

	afterEach(async () => {
		await proxy.stop();
		echo.stop();
	});

	function begin(): Peer {
		const socket = new WebSocket(proxy.url.replace('http', 'ws'));
		const peer: Peer = { socket, heard: [], closed: undefined, error: undefined };
		socket.on('message', (data) => peer.heard.push(String(data)));
		socket.on('error', (error) => {
			peer.error = (error as NodeJS.ErrnoException).code ?? error.message;
		});
		socket.on('close', (code) => {
			peer.closed = code;
		});
		return peer;
	}

	async function open(): Promise<Peer> {
		const peer = begin();
		await expect.poll(() => peer.socket.readyState).toBe(WebSocket.OPEN);
		return peer;
	}

	/** An upgraded connection whose bytes are looked at; `end` says how it ended. */
	function openRaw(): { text: string; end: string | undefined } {
		const raw = { text: '', end: undefined as string | undefined };
		const client = net.connect(proxy.port, '127.0.0.1');
		client.on('data', (bytes) => {
			raw.text += bytes.toString('latin1');
		});
		client.on('error', ({ code }: NodeJS.ErrnoException) => {
			raw.end = code;
		});
		client.on('close', () => {
			raw.end ??= 'close';
		});
		const key = Buffer.alloc(16).toString('base64');
		client.write(
			`GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
		);
		return raw;
	}

	const post = async (text: string) => (await fetch(proxy.url, { method: 'POST', body: text })).text();

	it('passes WebSocket and HTTP, and knows which is which', async () => {
		const peer = await open();
		const long = 'ö'.repeat(70_000);
		for (const text of ['one', 'two', long]) peer.socket.send(text);
		await expect.poll(() => peer.heard).toEqual(['one', 'two', long]);
		expect(await post('three')).toBe('three');
		expect(proxy.connections.map(({ via }) => via)).toEqual(expect.arrayContaining(['websocket', 'http']));
		expect(proxy.attempts).toHaveLength(2);
	});

	it('passes a close on, from either side', async () => {
		const peer = await open();
		peer.socket.close(1000);
		await expect.poll(() => [peer.closed, echo.closes]).toEqual([1000, 1]);
		const other = await open();
		for (const socket of echo.sockets.clients) socket.close(4400);
		await expect.poll(() => other.closed).toBe(4400);
		await expect.poll(() => proxy.connections).toEqual([]);
	});

	it.each(['close', 'reset'] as const)('cuts connections: %s', async (how) => {
		const [first, second] = [await open(), await open()];
		expect(proxy.cut(how, ({ id }) => id === 1)).toBe(1);
		await expect.poll(() => first.closed).toBe(1006);
		await expect.poll(() => echo.closes).toBe(1);
		second.socket.send('still here');
		await expect.poll(() => second.heard).toEqual(['still here']);
	});

	it('tells a close from a reset', async () => {
		for (const [how, end] of [
			['close', 'close'],
			['reset', 'ECONNRESET'],
		] as const) {
			const raw = openRaw();
			await expect.poll(() => raw.text).toContain('\r\n\r\n');
			proxy.cut(how);
			await expect.poll(() => raw.end).toBe(end);
		}
	});

	it('cuts a connection in the middle of a frame', async () => {
		const raw = openRaw();
		await expect.poll(() => raw.text).toContain('\r\n\r\n');
		const head = raw.text.length;
		proxy.cut('truncate');
		for (const socket of echo.sockets.clients) socket.send('0123456789');
		await expect.poll(() => raw.end).toBe('close');
		expect(raw.text.slice(head)).toBe('\x81\x0a0123');
		await expect.poll(() => echo.closes).toBe(1);
	});

	it('is a black hole, and passes afterwards what waited', async () => {
		const peer = await open();
		proxy.set({ hole: true });
		peer.socket.send('into the hole');
		const late = begin();
		const other = await startProxy(proxy.port); // time for it to pass, were there no hole
		const through = new WebSocket(other.url.replace('http', 'ws'));
		through.on('error', () => {});
		await expect.poll(() => proxy.connections.length).toBe(3);
		expect(peer.heard).toEqual([]);
		expect(late.socket.readyState).toBe(WebSocket.CONNECTING);
		proxy.heal();
		await expect.poll(() => peer.heard).toEqual(['into the hole']);
		await expect.poll(() => late.socket.readyState).toBe(WebSocket.OPEN);
		await other.stop();
	});

	it('hides from each side that the other is gone while it is a hole', async () => {
		const peer = await open();
		proxy.cut('hole');
		const own = [...echo.sockets.clients][0] as WebSocket;
		peer.socket.terminate();
		await expect.poll(() => peer.closed).toBe(1006);
		expect(own.readyState).toBe(WebSocket.OPEN);
		expect(echo.closes).toBe(0);
	});

	it('delays both directions and keeps the order', async () => {
		const peer = await open();
		proxy.set({ delayMs: 60 });
		const start = performance.now();
		for (const text of ['1', '2', '3']) peer.socket.send(text);
		await expect.poll(() => peer.heard, { interval: 5 }).toEqual(['1', '2', '3']);
		expect(performance.now() - start).toBeGreaterThan(110);
	});

	it('refuses connections in three ways, and takes them again', async () => {
		for (const refuse of ['close', 'reset'] as const) {
			proxy.set({ refuse });
			const peer = begin();
			await expect.poll(() => peer.closed).toBe(1006);
			if (refuse === 'reset') expect(peer.error).toBe('ECONNRESET');
		}
		proxy.heal();
		await proxy.closePort();
		const peer = begin();
		await expect.poll(() => peer.error).toBe('ECONNREFUSED');
		expect(proxy.attempts, 'a closed port counts nothing').toHaveLength(2);
		await proxy.openPort();
		await open();
	});

	it('refuses upgrades and lets HTTP pass', async () => {
		proxy.set({ refuseUpgrades: true });
		const peer = begin();
		await expect.poll(() => peer.error).toContain('403');
		expect(await post('passes')).toBe('passes');
		proxy.heal();
		await open();
	});

	it('holds streams back until they end, and nothing else', async () => {
		proxy.set({ holdStreams: true });
		const response = await fetch(`${proxy.url}/stream`);
		let text = '';
		const reading = (async () => {
			for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) text += Buffer.from(chunk);
		})();
		expect(await post('passes')).toBe('passes');
		expect(text).toBe('');
		echo.streams[0]?.end('data: 2\n\n');
		await reading;
		expect(text).toBe('data: 1\n\ndata: 2\n\n');
		proxy.heal();
		const live = (await fetch(`${proxy.url}/stream`)).body?.getReader();
		expect(Buffer.from((await live?.read())?.value ?? []).toString()).toBe('data: 1\n\n');
		await live?.cancel();
	});

	it('drops, doubles and halves single messages', async () => {
		const peer = await open();
		const other = await open();
		proxy.set({
			message: (text) => (text === 'b' ? 'drop' : text === 'c' ? 'duplicate' : text === 'd-long' ? 'truncate' : 'pass'),
			only: ({ id }) => id === 1,
		});
		for (const text of ['a', 'b', 'c', 'd-long', 'e']) {
			peer.socket.send(text);
			other.socket.send(text);
		}
		await expect.poll(() => peer.heard).toEqual(['a', 'c', 'c', 'd-l', 'e']);
		await expect.poll(() => other.heard).toEqual(['a', 'b', 'c', 'd-long', 'e']);
	});

	it('does to chosen connections what it is told, and leaves the others alone', async () => {
		const peer = await open();
		proxy.set({ hole: true, only: ({ via }) => via === 'websocket' });
		peer.socket.send('waits');
		expect(await post('passes')).toBe('passes');
		expect(peer.heard).toEqual([]);
		proxy.heal();
		await expect.poll(() => peer.heard).toEqual(['waits']);
	});
});
