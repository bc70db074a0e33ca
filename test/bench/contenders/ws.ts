// A bare hub of `ws`, as the bench starts it and talks to it: what is left when a system has no features.
// Knows its messages; never knows which figure is wanted.
import type { Contender } from './contender.ts';
import { findPackage } from './package.ts';
import { startProgram } from './program.ts';

export const ws: Contender = {
	name: 'ws',
	dialect: {
		viewerPath: () => '/',
		greet: () => undefined,
		isWelcomed: false,
		decode: (payload) => ({ kind: 'events', from: 0, to: 0, events: [JSON.parse(payload.toString()).data] }),
		isEvent: () => true,
		publisherPath: () => '/publish',
		greetAsPublisher: () => [],
		publisherWaits: 0,
		encode: (draft) => JSON.stringify(draft),
		isAnswered: false,
		readAnswers: () => ({ accepted: 0, refused: 0 }),
	},
	findVersion: () => findPackage('ws'),
	install: 'npm ci',
	start: () => startProgram('serve-ws.ts'),
};
