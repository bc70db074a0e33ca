// Identity: a socket publishes as one person and says hello as another before its drafts are stored.
// Knows whose words were handed in and whose are stored; never knows when a relay stores them.
import { group, type ScenarioOptions, type ScenarioResult } from '../faults/scenario.ts';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { startRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

interface Stored {
	events: { text: string; actor?: { id: string; verified?: boolean } }[];
	next: string | null;
}

export async function runIdentity({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const [few, many] = [30, short ? 400 : 4000];
	const relay = await startRelay({ vars: { LIVE_FEED_SECRET: SECRET, LIVE_FEED_KEEP_ENTRIES: '10000' } });
	try {
		const found = [await change(relay.url, few), await change(relay.url, many)] as const;
		const failures = found.flatMap(({ count, wrong, missing }) => [
			...(wrong > 0 ? [`${group(wrong)} of ${group(count)} drafts of alice are stored as of another`] : []),
			...(missing > 0 ? [`${group(missing)} of ${group(count)} drafts of alice are not stored`] : []),
		]);
		const [{ wrong: first }, { wrong: second }] = found;
		return {
			lines: [
				`${group(first)} of ${few} and ${group(second)} of ${group(many)} drafts of one person are stored as of another who may only read; on 2d48d35: 30 of 30, and 2,882 of 4,001 with many in flight`,
			],
			failures,
		};
	} finally {
		await relay.stop();
	}
}

/** Publishes as alice, who may, and says hello as bob at once, who may only read. */
async function change(url: string, count: number): Promise<{ count: number; wrong: number; missing: number }> {
	const channel = createChannelName('identity');
	const alice = await sign({ sub: 'alice', can: ['read', 'publish'] });
	const bob = await sign({ sub: 'bob', can: ['read'] });
	const socket = await Conversation.join(url, channel, { token: alice, history: 0 });
	for (let ref = 1; ref <= count; ref++)
		socket.send({ type: 'publish', ref, draft: { text: `of alice ${ref}`, key: `key ${ref}` } });
	socket.send({ type: 'hello', protocol: 1, token: bob, history: 0, ref: count + 1 });
	let [settled, isBob] = [0, false];
	await socket.until(
		() => {
			for (const message of socket.messages.splice(0)) {
				if (message.type === 'receipts') settled += message.receipts.length;
				if (message.type === 'error') settled++;
				if (message.type === 'welcome' && message.ref === count + 1) isBob = true;
			}
			return isBob && settled === count;
		},
		'all answers',
		patience(60_000),
	);
	socket.socket.terminate();
	const stored: Stored['events'] = [];
	for (let before = ''; ; ) {
		const address = `${url}/channels/${channel}/events?limit=1000${before && `&before=${before}`}`;
		const { body }: { body: Stored } = await ask(address, { headers: bearer(alice) });
		stored.push(...body.events);
		if (body.next === null) break;
		before = body.next;
	}
	const own = stored.filter(({ text }) => text.startsWith('of alice'));
	const wrong = own.filter(({ actor }) => actor?.id !== 'alice' || actor.verified !== true).length;
	return { count, wrong, missing: count - own.length };
}
