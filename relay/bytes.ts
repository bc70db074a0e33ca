// Runs of UTF-8, put together once.
// Knows lengths; never knows what the bytes mean.

const encoder = new TextEncoder();

/** All parts as one array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	let length = 0;
	for (const part of parts) length += part.length;
	const whole = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

/** `before`, then the parts with `separator` between, then `after`. */
export function joinBytes(before: string, parts: readonly Uint8Array[], separator: string, after: string): Uint8Array {
	const between = encoder.encode(separator);
	const all: Uint8Array[] = [encoder.encode(before)];
	for (const [index, part] of parts.entries()) {
		if (index > 0) all.push(between);
		all.push(part);
	}
	all.push(encoder.encode(after));
	return concatBytes(all);
}
