// Where a request comes from, as the proxy before the relay tells it.
// Knows how addresses are written (RFC 4291, RFC 5952); never knows what is counted by them.

/**
 * The address that the proxy next to us has seen: it writes it at the end. Undefined where there is none.
 * IPv6 counts by its first 64 bits, of which whoever has one address has all the others (RFC 6177); a port does not count.
 */
export function readAddress(headers: Headers, header: string | undefined): string | undefined {
	const told = header && headers.get(header)?.split(',').at(-1)?.trim();
	if (!told) return undefined;
	const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?$/i.exec(told)?.[1];
	if (v4) return v4.split('.').every((part) => Number(part) < 256) ? v4.split('.').map(Number).join('.') : undefined;
	const v6 = /^\[([\da-f:.]+)\](?::\d{1,5})?$/i.exec(told)?.[1] ?? told;
	if (!/^[\da-f:.]{2,45}$/i.test(v6) || !v6.includes(':')) return undefined;
	try {
		return toNetwork(new URL(`http://[${v6}]`).hostname.slice(1, -1));
	} catch {
		return undefined;
	}
}

/** `2001:db8::1:2` → `2001:db8:0:0::/64`. */
function toNetwork(address: string): string {
	const [front = '', back] = address.split('::');
	const parts = front === '' ? [] : front.split(':');
	const behind = back ? back.split(':') : [];
	if (back !== undefined) parts.push(...Array(8 - parts.length - behind.length).fill('0'), ...behind);
	return `${parts.slice(0, 4).join(':')}::/64`;
}
