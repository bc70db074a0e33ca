// Bytes made small once for all who are sent them: zlib format (RFC 1950), as `DecompressionStream('deflate')` reads it.
// Knows bytes; never knows what they say or who gets them.

/** Less is sent as it is: it would become smaller by little, and later. */
const MIN_DEFLATED_BYTES = 1024;

/** True for what is worth it. */
export function isDeflatable(bytes: Uint8Array): boolean {
	return bytes.length >= MIN_DEFLATED_BYTES;
}

export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
	const { readable, writable } = new CompressionStream('deflate');
	const writer = writable.getWriter();
	// Where one of them fails, reading does too, and says so.
	writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => {});
	writer.close().catch(() => {});
	return new Uint8Array(await new Response(readable).arrayBuffer());
}
