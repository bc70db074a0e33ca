// What the browser keeps for pages of an origin, or for a tab.
// Knows that there may be none of it; never knows what is kept.

/** A storage; nothing in a worker, in Node, or where the user forbids it. */
export function findStorage(kind: 'localStorage' | 'sessionStorage'): Record<string, string> | undefined {
	try {
		return (globalThis as { document?: unknown }).document
			? (globalThis as { [name in typeof kind]?: Record<string, string> })[kind]
			: undefined;
	} catch {
		return undefined;
	}
}

/** Under this name a browser keeps the key of who publishes from it without a token. */
export const AUTHOR_MEMORY = 'live-feed author';
