// The engine of the relay without the relay, started as that is: what is left when none of it is ours.
// Knows its addresses; never knows which figure is wanted.
import { ROOT } from '../../../relay/run/engine.ts';
import type { Contender } from './contender.ts';
import { startRoom } from './live-feed.ts';
import { findPackage } from './package.ts';
import { ws } from './ws.ts';

export const partykit: Contender = {
	name: 'PartyKit',
	dialect: {
		...ws.dialect,
		viewerPath: (channel) => `/parties/main/${channel}`,
		publisherPath: (channel) => `/parties/main/${channel}?_pk=publisher`,
	},
	findVersion: () => findPackage('partykit'),
	install: 'npm ci',
	async start() {
		const { running } = await startRoom({
			program: { engine: 'partykit', root: ROOT, config: 'test/bench/contenders/partykit.json' },
		});
		return running;
	},
};
