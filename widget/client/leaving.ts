// Drafts of a page that is being left.
// Knows what a browser still sends then; never knows what becomes of it.
import type { Outgoing } from './outbox.ts';

/** What a leaving page hands over at the most, bytes; with room for the form around it. */
const LEAVING_BYTES = 60_000;

/** Hands over drafts so that they arrive although the page ends; their keys make a repeat harmless. */
export function sendLeaving(url: string, drafts: readonly Outgoing[], headers: HeadersInit = {}): void {
	if (drafts.length === 0) return;
	// Browsers let a leaving page send 64 KiB; the oldest drafts go first.
	let bytes = 0;
	const first = drafts.filter(({ json }) => {
		bytes += encodeURIComponent(json).length;
		return bytes < LEAVING_BYTES;
	});
	// A form needs no preflight, which a page that is being left would not live to see answered; a token does.
	const body = new URLSearchParams({ events: `[${first.map(({ json }) => JSON.stringify(JSON.parse(json).draft))}]` });
	fetch(url, { method: 'POST', body, keepalive: true, headers }).catch(() => {
		// Nobody is left to tell; if the page comes back, the drafts are sent again.
	});
}
