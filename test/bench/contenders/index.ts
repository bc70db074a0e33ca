// All that are measured, in the order in which they are named.
// Knows their names; never knows what they are.
import type { Contender } from './contender.ts';
import { liveFeed, liveFeedOnPartyKit, liveFeedPlain } from './live-feed.ts';
import { nchan } from './nchan.ts';
import { partykit } from './partykit.ts';
import { socketIo } from './socket-io.ts';
import { workerd } from './workerd.ts';
import { ws } from './ws.ts';

export { liveFeed, liveFeedOnPartyKit, liveFeedPlain, nchan, partykit, socketIo, workerd, ws };

export const CONTENDERS: readonly Contender[] = [
	liveFeed,
	liveFeedOnPartyKit,
	liveFeedPlain,
	nchan,
	workerd,
	partykit,
	socketIo,
	ws,
];

/** @throws Error where nobody has this name */
export function findContender(name: string): Contender {
	const found = CONTENDERS.find((contender) => contender.name === name);
	if (!found) throw new Error(`Expected one of ${CONTENDERS.map((one) => one.name).join(', ')}; it is "${name}".`);
	return found;
}
