// Bombs: a few thousand bytes that a decompressor makes many megabytes of, by strangers, over sockets and as bodies. Nothing is
// inflated: a frame costs what it weighs.
// Knows WebSocket frames and their compression (RFC 7692); never knows a relay's limits.
import { deflateRawSync, gzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { group, type ScenarioOptions, type ScenarioResult, until } from '../faults/scenario.ts';
import { RawSocket } from '../fuzz/raw-socket.ts';
import { encodeFrame, TEXT } from '../fuzz/wire.ts';
import { ask } from '../support/ask.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { readCpu } from '../support/usage.ts';

const BEFORE =
	'before, on workerd: RFC 7692 was agreed on, 40 frames cost 2.5 s of the one thread, 63 ms each; on 2d48d35, which ran on PartyKit, 4 ms each';
const BOMB_BYTES = 30_000_000;
/** A bit of a frame's first byte: its payload is compressed. */
const COMPRESSED = 0x40;
const OFFER = 'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover';

export async function runBombs({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const times = short ? 40 : 400;
	const relay = await startRelay({ vars: {} });
	const failures: string[] = [];
	try {
		const payload = deflateRawSync(Buffer.alloc(BOMB_BYTES, 'a'), { level: 9 });
		const bomb = encodeFrame({ opcode: TEXT, payload, mask: 0 });
		bomb[0] = (bomb[0] ?? 0) | COMPRESSED;
		const plain = encodeFrame({ opcode: TEXT, payload: Buffer.alloc(payload.length, 'a'), mask: 0 });
		const usual = await measure(relay, plain, times);
		const cost = await measure(relay, bomb, times);
		const { status } = await ask(`${relay.url}/channels/bombs/events`, {
			method: 'POST',
			headers: { 'content-encoding': 'gzip', 'content-type': 'text/plain' },
			body: gzipSync(Buffer.alloc(BOMB_BYTES, 'a')),
		});
		if (status !== 400 && status !== 415) failures.push(`a compressed body got ${status}`);
		if (cost > 10 * usual + 5)
			failures.push(`${cost.toFixed(0)} ms of the processor for each, ${usual.toFixed(1)} usual`);
		const { extensions } = await openSocket(relay.url);
		if (extensions !== '') failures.push(`the relay agrees on ${extensions}`);
		return {
			lines: [
				`${group(times)} frames of ${group(payload.length)} bytes that stand for ${group(BOMB_BYTES)}, by strangers: ${cost.toFixed(1)} ms of the processor each, ${usual.toFixed(1)} for as many bytes that are not compressed; a compressed body ${status}`,
				BEFORE,
			],
			failures,
		};
	} finally {
		await relay.stop();
	}
}

/** Returns what the engine's processor takes for a frame from a stranger, ms. */
async function measure({ url, engine }: TestRelay, frame: Uint8Array, times: number): Promise<number> {
	const before = readCpu([engine?.enginePid]);
	let closed = 0;
	for (let n = 0; n < times; n++) {
		const socket = await RawSocket.connect({
			port: Number(new URL(url).port),
			path: '/channels/bombs/events',
			headers: [OFFER],
			onText: () => {},
			onClose: () => closed++,
		});
		socket.write(frame); // before any hello
		socket.close();
	}
	if (!(await until(() => closed === times, 60_000))) throw new Error(`${times - closed} sockets hang`);
	return (readCpu([engine?.enginePid]) - before) / times;
}

/** Opens a socket that offers compression. */
async function openSocket(url: string): Promise<WebSocket> {
	const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/channels/bombs/events`, { perMessageDeflate: true });
	await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
	socket.terminate();
	return socket;
}
