// The relay that the browser tests share, as a page sees it.
// Knows its address and how to end it and bring it back; never knows what a test publishes. Take a channel of your own.

/** Without a slash at the end. */
export const relayUrl: string = await (await fetch('/relay/url')).text();

/** SIGKILL for the relay's engine; resolves when it is gone. */
export async function killRelay(): Promise<void> {
	await command('/relay/kill');
}

/** Brings it back on the same address and state; resolves when it answers. */
export async function restartRelay(): Promise<void> {
	await command('/relay/restart');
}

async function command(path: string): Promise<void> {
	const response = await fetch(path, { method: 'POST' });
	if (!response.ok) throw new Error(await response.text());
}
