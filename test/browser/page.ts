// What tests in a page do all the time: channels of their own, waiting, handing events to the relay.
// Knows the relay's address; never knows a test.
import { relayUrl } from '../support/relay-in-browser.ts';

const slowness = Number(await (await fetch('/slowness')).text());

/** Returns a time-out for this machine, milliseconds. */
export const patience = (milliseconds: number): number => milliseconds * slowness;

let channels = 0;
/** A channel that no other test uses. */
export const newChannel = (): string => `page-${Date.now().toString(36)}-${++channels}`;

/** Resolves once `check` gives something; says what never came if it does not. */
export async function until<T>(check: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
	const end = performance.now() + patience(30_000);
	for (;;) {
		const value = await check();
		if (value) return value;
		if (performance.now() > end) throw new Error(`never: ${what}`);
		await new Promise((resolve) => requestAnimationFrame(resolve));
	}
}

/** Hands events to the relay as another program would. */
export async function post(channel: string, body: unknown): Promise<void> {
	const response = await fetch(`${relayUrl}/channels/${channel}/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	if (!response.ok) throw new Error(await response.text());
}
