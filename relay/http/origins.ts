// From which pages, and under which names, the relay is used.
// Knows hosts and origins (RFC 6454); never knows who asks, nor what for.
import { FeedError } from '../protocol/errors.ts';
import { isOrigin, type Settings } from '../settings.ts';

/** Any page may have a frame of this kind, so none of them can be let in. */
const NO_ORIGIN =
	'A page without an origin of its own, opened from a file or in a sandboxed frame, is not served. Open it by http, from localhost for a relay on this machine.';

/**
 * Refuses a page that is not to use this relay; answers its origin where it may read what is answered, undefined where no page asks.
 * An open relay trusts whoever reaches it, so it takes only hosts that no stranger's name leads to (DNS rebinding).
 * @throws FeedError `origin-refused`
 */
export function checkOrigin(
	headers: Headers,
	{ isOpen, origins }: Pick<Settings, 'isOpen' | 'origins'>,
): string | undefined {
	const origin = headers.get('origin');
	const host = headers.get('host') ?? '';
	if (isOpen && !isSafeHost(host) && !origins?.some((one) => new URL(one).host === host)) {
		throw refuse(`An open relay answers only where it is called localhost, and not ${show(host)}`, 'its origin');
	}
	if (origin === null || origins?.includes(origin)) return origin ?? undefined;
	// By https nobody else's name leads here: our certificate does not have it. By http it does.
	const isOwn = origin === `https://${host}` || (origin === `http://${host}` && isSafeHost(host));
	// A page of the relay itself, by an address of this machine, is no stranger to an open one.
	if (isOwn || (isOpen ? isLoopback(origin) : !origins)) return origin;
	if (origin === 'null') throw new FeedError('origin-refused', NO_ORIGIN);
	throw refuse(`This relay does not serve pages of ${show(origin)}`, 'that');
}

function refuse(what: string, add: string): FeedError {
	return new FeedError('origin-refused', `${what}. Whoever runs it may add ${add} to LIVE_FEED_ORIGINS.`);
}

/** What a stranger sent, in a sentence of ours. */
function show(text: string): string {
	return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 80) || 'no name';
}

/** A name of this machine itself (RFC 6761, 6.3), or an address, which no foreign name can stand for. */
function isSafeHost(host: string): boolean {
	const name = host.replace(/:\d{1,5}$/, '');
	return isLoopbackName(name) || isAddress(name);
}

function isLoopback(origin: string): boolean {
	if (!isOrigin(origin)) return false;
	const { protocol, hostname } = new URL(origin);
	return /^https?:$/.test(protocol) && isLoopbackName(hostname);
}

function isLoopbackName(name: string): boolean {
	return /^([a-z0-9-]+\.)*localhost$/i.test(name) || name === '[::1]' || (/^127\./.test(name) && isAddress(name));
}

/** In the one way of writing it that browsers use: of `0x7f.1` nobody knows what another program makes. */
function isAddress(name: string): boolean {
	return /^(\d[\d.]*|\[[\da-f:]+\])$/i.test(name) && isOrigin(`http://${name}`);
}
