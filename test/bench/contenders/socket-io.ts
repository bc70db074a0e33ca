// Socket.IO, as the bench starts it and talks to it: in its own protocol over a WebSocket.
// Knows Engine.IO 4 and Socket.IO 5 as far as that needs it; never knows which figure is wanted.
import type { Contender } from './contender.ts';
import { findPackage } from './package.ts';
import { startProgram } from './program.ts';

const PATH = '/socket.io/?EIO=4&transport=websocket';
const [OPEN, PING, MESSAGE, CONNECT, EVENT] = ['0', '2', '4', '0', '2'];

export const socketIo: Contender = {
	name: 'Socket.IO',
	dialect: {
		viewerPath: () => PATH,
		greet: () => undefined,
		isWelcomed: true,
		decode(payload) {
			const text = payload.toString();
			if (text[0] === OPEN) return { kind: 'asked', answer: '40' };
			if (text[0] === PING) return { kind: 'asked', answer: '3' };
			if (text[0] !== MESSAGE) return { kind: 'other' };
			if (text[1] === CONNECT) return { kind: 'ready', last: 0 };
			if (text[1] !== EVENT) return { kind: 'other' };
			// With recovery there is a third item: where to go on after this one.
			const [, { data }] = JSON.parse(text.slice(2));
			return { kind: 'events', from: 0, to: 0, events: [data] };
		},
		isEvent: (bytes, start) => bytes[start] === 0x34 && bytes[start + 1] === 0x32,
		publisherPath: () => PATH,
		greetAsPublisher: () => ['40/publish,'],
		publisherWaits: 2,
		encode: (draft) => `42/publish,["event",${JSON.stringify(draft)}]`,
		isAnswered: false,
		readAnswers: (text) => ({ accepted: 0, refused: 0, ...(text === PING ? { answer: '3' } : {}) }),
	},
	findVersion: () => findPackage('socket.io'),
	install: 'npm ci',
	start: () => startProgram('serve-socket-io.ts'),
};
