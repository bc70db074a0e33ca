// The address of a relay, as a page or a program gives it.
// Knows its form and what a browser forbids; never knows channels.
import { FeedError } from '../../relay/protocol/errors.ts';

/**
 * `https://relay.example.org/` → the same without a slash at its end, query or hash.
 * @throws FeedError `no-relay`, `mixed-content`
 */
export function parseRelay(relay: string): string {
	const { origin, hostname, protocol, pathname } = URL.canParse(relay) ? new URL(relay) : ({} as Partial<URL>);
	if (!protocol?.startsWith('http')) {
		throw new FeedError('no-relay', 'Give the relay address, such as `https://relay.example.org`.');
	}
	if (
		globalThis.location?.protocol === 'https:' &&
		protocol === 'http:' &&
		!/^(127\.|\[::1]$|(.*\.)?localhost$)/.test(hostname ?? '')
	) {
		throw new FeedError('mixed-content', `A page over https needs a relay over https, not \`${origin}\`.`);
	}
	let address = `${origin}${pathname}`;
	while (address.endsWith('/')) address = address.slice(0, -1);
	return address;
}
