// A short random name for what must not be mistaken for another: a log, a memory.
// Knows how it is drawn; never knows what it names.

/** Returns 56 random bits in base 36: 1 to 11 lower-case letters and digits. */
export function createRandomName(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(7));
	return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n).toString(36);
}
