// What breaks the rules of WebSocket itself, and sockets that do not behave: bytes that no library sends.
// Knows the rules (RFC 6455, 5 and 7.4); never knows the feed's protocol beyond a greeting.
import fc from 'fast-check';
import type { Histogram } from './histogram.ts';
import { RawSocket } from './raw-socket.ts';
import type { Target } from './session.ts';
import { BINARY, CLOSE, encodeFrame, PING, PONG, TEXT } from './wire.ts';

export interface Rudeness {
	what: string;
	/** Each as hexadecimal. */
	frames: string[];
	/** Does it read what comes, and how does it go? */
	reads: boolean;
}

const ping = Buffer.from('{"type":"ping"}');
const hex = (...frames: Buffer[]) => frames.map((frame) => frame.toString('hex'));
const rude = (what: string, ...frames: Buffer[]): Rudeness => ({ what, frames: hex(...frames), reads: true });

const reserved = fc
	.integer({ min: 1, max: 7 })
	.map((reserved) => rude('reserved bits', encodeFrame({ opcode: TEXT, payload: ping, reserved, mask: 0 })));
const unmasked = fc
	.constantFrom(TEXT, BINARY, PING, CLOSE)
	.map((opcode) => rude('no mask', encodeFrame({ opcode, payload: ping })));
const unknownOpcode = fc
	.constantFrom(3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
	.map((opcode) => rude('unknown opcode', encodeFrame({ opcode, payload: ping, mask: 0 })));
const continuation = fc
	.boolean()
	.map((isFinal) => rude('continuation of nothing', encodeFrame({ opcode: 0, payload: ping, isFinal, mask: 0 })));
const interrupted = fc
	.constantFrom(TEXT, BINARY)
	.map((opcode) =>
		rude(
			'message within a message',
			encodeFrame({ opcode: TEXT, payload: ping, isFinal: false, mask: 0 }),
			encodeFrame({ opcode, payload: ping, mask: 0 }),
		),
	);
const control = fc
	.constantFrom(PING, PONG, CLOSE)
	.chain((opcode) =>
		fc.constantFrom(
			rude('long control frame', encodeFrame({ opcode, payload: Buffer.alloc(126, 97), mask: 0 })),
			rude('control frame in pieces', encodeFrame({ opcode, payload: ping, isFinal: false, mask: 0 })),
			rude('control frame of 125 bytes', encodeFrame({ opcode, payload: Buffer.alloc(125, 3), mask: 0 })),
		),
	);
const pings = fc
	.integer({ min: 1, max: 300 })
	.map((count) =>
		rude(
			'many pings',
			...Array.from({ length: count }, () => encodeFrame({ opcode: PING, payload: Buffer.alloc(125, 97), mask: 7 })),
		),
	);
const close = fc
	.tuple(
		fc.constantFrom(0, 999, 1000, 1001, 1004, 1005, 1006, 1011, 1015, 1016, 2999, 3000, 4000, 4401, 4999, 5000, 65_535),
		fc.constantFrom('', 'bye', 'é'.repeat(60), '\ufffd'),
	)
	.map(([code, reason]) => {
		const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
		return rude(
			'odd close code',
			encodeFrame({ opcode: CLOSE, payload, mask: 0 }),
			encodeFrame({ opcode: TEXT, payload: ping, mask: 0 }),
		);
	});
const shortClose = fc
	.constantFrom('', '03', 'ffff', '03e8ff', '03e8c0af')
	.map((payload) => rude('odd close', encodeFrame({ opcode: CLOSE, payload: Buffer.from(payload, 'hex'), mask: 0 })));
const lyingLength = fc
	.constantFrom(
		'81ff7fffffffffffffff00000000',
		'81ffffffffffffffffff00000000',
		'81ff000000000000000500000000',
		'81fe000500000000',
		'81ff0000000000100001',
		'01ff00000000ffffffff00000000',
	)
	.map((bytes): Rudeness => ({ what: 'odd length', frames: [bytes], reads: true }));
const garbage = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => rude('any bytes', Buffer.from(bytes)));
const endless = fc
	.integer({ min: 2, max: 400 })
	.map((count) =>
		rude(
			'message without end',
			...Array.from({ length: count }, (_, index) =>
				encodeFrame({ opcode: index === 0 ? TEXT : 0, payload: ping, isFinal: false, mask: 0 }),
			),
		),
	);
const half = fc
	.integer({ min: 1, max: 20 })
	.map((length) => rude('half a frame', encodeFrame({ opcode: TEXT, payload: ping, mask: 9 }).subarray(0, length)));
const publish = (n: number) =>
	encodeFrame({
		opcode: TEXT,
		payload: Buffer.from(`{"type":"publish","ref":${n},"draft":{"text":"${'x'.repeat(200)}"}}`),
		mask: 0,
	});
const deaf = fc.integer({ min: 1, max: 200 }).map(
	(count): Rudeness => ({
		what: 'never reads',
		frames: hex(...Array.from({ length: count }, (_, n) => publish(n))),
		reads: false,
	}),
);
const leaves = fc.integer({ min: 1, max: 200 }).map((count): Rudeness => {
	const bytes = Buffer.concat(Array.from({ length: count }, (_, n) => publish(n)));
	return { what: 'leaves in the middle', frames: hex(bytes.subarray(0, bytes.length - 130)), reads: true };
});

export const rudeness: fc.Arbitrary<Rudeness> = fc.oneof(
	...[reserved, unmasked, unknownOpcode, continuation, interrupted, control, pings, close, shortClose],
	...[lyingLength, garbage, endless, half, deaf, leaves],
);

/** Over a mebibyte, which the engine itself refuses, and takes ten seconds to. */
export const oversize: Rudeness = rude(
	'over 1 MiB',
	encodeFrame({ opcode: TEXT, payload: Buffer.alloc(1_048_577, 32), mask: 0 }),
);

/** How long a socket is watched that was rude, milliseconds: what the engine does, it does at once or much later. */
const WATCH_MS = 250;

/** Is rude once, and leaves. What comes of it is counted: whether it harms anybody else is for them to say. */
export async function beRude(
	target: Target,
	{ what, frames, reads }: Rudeness,
	tally: Histogram,
	watchMs = WATCH_MS,
): Promise<void> {
	let outcome: string | undefined;
	let settle: () => void = () => {};
	const settled = new Promise<void>((resolve) => {
		settle = resolve;
	});
	const socket = await RawSocket.connect({
		port: target.port,
		path: `/channels/${target.channelPrefix}0/events`,
		headers: target.headers ?? [],
		onText: (text) => {
			if (!text.includes('"ref":987654')) return;
			outcome ??= 'goes on';
			settle();
		},
		onClose: (code) => {
			outcome ??= `closed ${code === 1006 ? 'without a word' : `with ${code}`}`;
			settle();
		},
	});
	socket.say({ type: 'hello', protocol: 1, history: reads ? 0 : 1000, ...(reads ? { types: ['none'] } : {}) });
	if (!reads) socket.stopReading();
	for (const frame of frames) socket.write(Buffer.from(frame, 'hex'));
	socket.say({ type: 'publish', ref: 987_654, draft: {} });
	const timer = setTimeout(settle, what === 'leaves in the middle' ? 0 : watchMs);
	await settled;
	clearTimeout(timer);
	tally.add(`${what}: ${outcome ?? (what === 'leaves in the middle' ? 'left' : 'no answer')}`);
	socket.reset();
}
