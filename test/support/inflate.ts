// What a frame of the relay says, whether or not it came deflated ([DEFL1]).
// Knows how it is marked; never knows who asked for it.
import { inflateSync } from 'node:zlib';

/** The first byte of zlib format as the relay writes it (RFC 1950, 2.2). */
const DEFLATED = 0x78;

export function isDeflated(frame: Uint8Array): boolean {
	return frame[0] === DEFLATED;
}

export function readFrame(frame: Uint8Array): string {
	return new TextDecoder().decode(isDeflated(frame) ? inflateSync(frame) : frame);
}
