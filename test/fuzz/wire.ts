// WebSocket frames as bytes (RFC 6455, 5.2), right ones and wrong ones.
// Knows the framing; never knows what is said in it.

export interface FrameOptions {
	opcode: number;
	payload: Uint8Array;
	/** False for all but the last piece of a message. */
	isFinal?: boolean;
	/** Three bits that are 0 unless an extension says otherwise. */
	reserved?: number;
	/** Undefined leaves the mask out, which no client may. */
	mask?: number | undefined;
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** One frame as a client sends it. */
export function encodeFrame({ opcode, payload, isFinal = true, reserved = 0, mask }: FrameOptions): Buffer {
	const { length } = payload;
	const isLong = length > 65_535;
	const lengthBytes = isLong ? 8 : length > 125 ? 2 : 0;
	const start = 2 + lengthBytes + (mask === undefined ? 0 : 4);
	const frame = Buffer.allocUnsafe(start + length);
	frame[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
	frame[1] = (mask === undefined ? 0 : 0x80) | (isLong ? 127 : lengthBytes === 2 ? 126 : length);
	if (isLong) frame.writeBigUInt64BE(BigInt(length), 2);
	else if (lengthBytes === 2) frame.writeUInt16BE(length, 2);
	frame.set(payload, start);
	if (mask !== undefined) {
		frame.writeUInt32BE(mask, start - 4);
		// A mask of zeros changes nothing, and is what most frames have: a million of them are to be sent.
		if (mask !== 0)
			for (let at = start; at < frame.length; at++)
				frame[at] = (frame[at] ?? 0) ^ ((mask >>> (24 - 8 * ((at - start) & 3))) & 255);
	}
	return frame;
}

/** Cuts what a relay sends into its frames; whatever comes in pieces waits for the rest. */
export class FrameReader {
	#rest: Buffer = Buffer.alloc(0);
	#pieces: Buffer[] = [];
	#opcode = 0;

	/** The whole messages, and control frames, that these bytes complete. */
	*read(chunk: Buffer): Generator<{ opcode: number; payload: Buffer }> {
		let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
		for (;;) {
			if (bytes.length < 2) break;
			const [first, second] = [bytes[0] as number, bytes[1] as number]; // it has two
			const short = second & 0x7f;
			const start = 2 + (short === 127 ? 8 : short === 126 ? 2 : 0);
			if (bytes.length < start) break;
			const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
			if (bytes.length < start + length) break;
			const payload = bytes.subarray(start, start + length);
			bytes = bytes.subarray(start + length);
			const opcode = first & 0x0f;
			if (opcode >= CLOSE) {
				yield { opcode, payload };
				continue;
			}
			if (opcode !== 0) this.#opcode = opcode;
			this.#pieces.push(payload);
			if ((first & 0x80) === 0) continue;
			const whole = this.#pieces.length === 1 ? payload : Buffer.concat(this.#pieces);
			this.#pieces = [];
			yield { opcode: this.#opcode, payload: whole };
		}
		this.#rest = bytes;
	}
}
