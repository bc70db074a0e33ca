// The relay that a page means.
// Knows the page's meta element and relative addresses; never knows what is there.

/** The address as a whole, of the one that is named or of `<meta name="live-feed-relay">`; what is no address stays as it is. */
export function findRelay(named: string | null | undefined): string {
	const relay = named || (document.querySelector<HTMLMetaElement>('meta[name=live-feed-relay]')?.content ?? '');
	return relay && URL.canParse(relay, document.baseURI) ? new URL(relay, document.baseURI).href : relay;
}
