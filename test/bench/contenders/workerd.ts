// The engine of the relay without the relay, started as that is: what is left when none of it is ours.
// Knows its addresses; never knows which figure is wanted.
import path from 'node:path';
import { ROOT } from '../../../relay/run/engine.ts';
import { findTestProgram } from '../../support/program-under-test.ts';
import type { Contender } from './contender.ts';
import { startRoom } from './live-feed.ts';
import { findPackage } from './package.ts';
import { ws } from './ws.ts';

const SOURCE = path.join(ROOT, 'test', 'bench', 'contenders', 'hub');

export const workerd: Contender = {
	name: 'workerd',
	dialect: {
		...ws.dialect,
		viewerPath: (channel) => `/${channel}`,
		publisherPath: (channel) => `/${channel}?publisher`,
	},
	findVersion: () => findPackage('workerd'),
	install: 'npm ci',
	async start() {
		const { running } = await startRoom({ program: await findTestProgram(SOURCE, 'workerd') });
		return running;
	},
};
