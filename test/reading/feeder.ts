// What a panel takes for a relay, and feeds it as fast as it can take it: a day's events in minutes.
// Knows the frames of the protocol that a viewer is sent, and his window; never knows storage, and has no history.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { WINDOW_BYTES } from '../../relay/protocol/limits.ts';
import type { Entries, Welcome } from '../../relay/protocol/relay-message.ts';
import { pause, until } from '../faults/scenario.ts';

const EPOCH = 'day';
/** Events in a frame, as a relay gathers them under load. */
const FRAME = 200;

export interface Feeder {
	/** Without a slash at the end. */
	readonly url: string;
	/** The newest `seq` that was sent; what was not confirmed yet is on its way. */
	readonly last: number;
	/** Sends so many more; resolves once all but a window's worth is confirmed. */
	feed(count: number): Promise<void>;
	/** Sends so many a second. */
	feedAt(rate: number, count: number): Promise<void>;
	close(): Promise<void>;
}

/** For one panel at a time. `describe` says what an event is about, besides its place. */
export async function startFeeder(describe: (seq: number) => Omit<FeedEvent, 'id' | 'seq' | 'time'>): Promise<Feeder> {
	let last = 0;
	let [sent, confirmed] = [0, 0];
	let viewer: WebSocket | undefined;
	const server = createServer((_, response) => {
		// Nothing older than what was sent is kept.
		response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
		response.end(JSON.stringify({ epoch: EPOCH, first: 1, last, events: [], next: null }));
	});
	const sockets = new WebSocketServer({ server, perMessageDeflate: false });
	sockets.on('connection', (socket) => {
		socket.on('message', (bytes) => {
			const message = JSON.parse(String(bytes)) as { type: string; ref?: number; bytes?: number };
			if (message.type === 'seen') confirmed = message.bytes ?? confirmed;
			if (message.type === 'ping')
				socket.send(JSON.stringify({ type: 'pong', time: Date.now(), position: `${EPOCH}:${last}` }));
			if (message.type !== 'hello') return;
			const welcome: Welcome = {
				...{ type: 'welcome', protocol: 1, epoch: EPOCH, first: 1, last, after: last, recovered: true },
				...(message.ref === undefined ? {} : { ref: message.ref }),
				...{ time: Date.now(), returnMs: 1000, pulse: { minute: Math.floor(Date.now() / 60_000) - 59, counts: {} } },
			};
			const text = JSON.stringify(welcome);
			[sent, confirmed] = [text.length, 0];
			viewer = socket;
			socket.send(text);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const send = (count: number) => {
		const time = Date.now();
		const entries = Array.from({ length: count }, (_, index): FeedEvent => {
			const seq = last + index + 1;
			return { id: `${EPOCH}:${seq}`, seq, time, ...describe(seq) };
		});
		const frame: Entries = { type: 'entries', epoch: EPOCH, from: last + 1, to: last + count, entries };
		const text = JSON.stringify(frame);
		last += count;
		sent += Buffer.byteLength(text);
		viewer?.send(text);
	};
	const hasRoom = () => viewer !== undefined && sent - confirmed < WINDOW_BYTES;
	const waitForRoom = async () => {
		if (hasRoom()) return;
		if (!(await until(hasRoom, 60_000))) throw new Error('the panel has confirmed nothing for a minute');
	};
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
		get last() {
			return last;
		},
		async feed(count) {
			for (let left = count; left > 0; left -= FRAME) {
				await waitForRoom();
				send(Math.min(left, FRAME));
			}
		},
		async feedAt(rate, count) {
			const start = performance.now();
			for (let done = 0; done < count; ) {
				const due = Math.min(Math.floor(((performance.now() - start) / 1000) * rate), count) - done;
				if (due > 0) send(due);
				done += Math.max(due, 0);
				await pause(30);
			}
		},
		async close() {
			for (const client of sockets.clients) client.terminate();
			sockets.close();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
