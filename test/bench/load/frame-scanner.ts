// Finds frames in what a server sends (RFC 6455, 5.2) without looking at what is in them.
// Knows headers; copies a frame only where it comes in pieces. Never knows what a frame says.

/** `bytes` from `start` to `end` is the payload; it is only lent. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

const SPILL_BYTES = 64 * 1024;
/** Shared by all of a process: at one moment few frames are in pieces. */
const spills: Buffer[] = [];

export class FrameScanner {
	readonly #onFrame: OnFrame;
	/** A header that came in pieces. */
	readonly #header = Buffer.alloc(10);
	#headerLength = 0;
	/** A payload that came in pieces. */
	#spill: Buffer | undefined;
	#filled = 0;
	#opcode = 0;
	#length = 0;

	constructor(onFrame: OnFrame) {
		this.#onFrame = onFrame;
	}

	/** @throws Error at a frame that is part of a message: none of those measured sends such */
	read(bytes: Buffer, start: number, end: number): void {
		let at = start;
		for (;;) {
			if (this.#spill) {
				const taken = Math.min(this.#length - this.#filled, end - at);
				bytes.copy(this.#spill, this.#filled, at, at + taken);
				this.#filled += taken;
				at += taken;
				if (this.#filled < this.#length) return;
				const spill = this.#spill;
				this.#spill = undefined;
				this.#onFrame(this.#opcode, spill, 0, this.#length);
				if (spill.length === SPILL_BYTES) spills.push(spill);
			} else if (this.#headerLength > 0) {
				const header = this.#header;
				while (at < end && this.#headerLength < measureHeader(header, 0, this.#headerLength))
					header[this.#headerLength++] = bytes[at++] as number;
				if (this.#headerLength < measureHeader(header, 0, this.#headerLength)) return;
				this.#headerLength = 0;
				this.#take(header, 0);
				at = this.#passOn(bytes, at, end);
			} else {
				if (at === end) return;
				const length = measureHeader(bytes, at, end);
				if (end - at < length) {
					bytes.copy(this.#header, 0, at, end);
					this.#headerLength = end - at;
					return;
				}
				this.#take(bytes, at);
				at = this.#passOn(bytes, at + length, end);
			}
		}
	}

	#take(bytes: Buffer, at: number): void {
		const first = bytes[at] as number;
		const short = (bytes[at + 1] as number) & 0x7f;
		this.#opcode = first & 0x0f;
		if ((first & 0x80) === 0 || this.#opcode === 0) throw new Error('Expected whole messages, and got a part of one.');
		this.#length =
			short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
	}

	/** Hands it over where all of it is there. */
	#passOn(bytes: Buffer, at: number, end: number): number {
		if (end - at >= this.#length) {
			this.#onFrame(this.#opcode, bytes, at, at + this.#length);
			return at + this.#length;
		}
		this.#spill = this.#length > SPILL_BYTES ? Buffer.allocUnsafe(this.#length) : takeSpill();
		bytes.copy(this.#spill, 0, at, end);
		this.#filled = end - at;
		return end;
	}
}

function takeSpill(): Buffer {
	return spills.pop() ?? Buffer.allocUnsafeSlow(SPILL_BYTES);
}

/** Bytes of the header, as far as it is there to be seen. */
function measureHeader(bytes: Buffer, at: number, end: number): number {
	if (end - at < 2) return 2;
	const short = (bytes[at + 1] as number) & 0x7f;
	return short === 127 ? 10 : short === 126 ? 4 : 2;
}
