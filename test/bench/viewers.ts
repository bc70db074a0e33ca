// A process of many viewers on one channel: counts what arrives, and how late.
// Started by fanout.ts; says what it saw when asked. Knows sockets; never knows what is measured with it.
import { WebSocket } from 'ws';
import { SEEN_BYTES } from '../../relay/protocol/limits.ts';

const [url = '', count = '0'] = process.argv.slice(2);
const delays: number[] = [];
let deliveries = 0;
let frames = 0;
let bytes = 0;
let disorder = 0;

const join = () =>
	new Promise<void>((resolve, reject) => {
		const socket = new WebSocket(url, { perMessageDeflate: false });
		let last = 0;
		let received = 0;
		let confirmed = 0;
		socket.on('error', reject);
		socket.on('open', () => socket.send('{"type":"hello","protocol":1,"history":0}'));
		socket.on('message', (data: Buffer) => {
			received += data.length;
			if (received - confirmed >= SEEN_BYTES) {
				confirmed = received;
				socket.send(`{"type":"seen","bytes":${confirmed}}`);
			}
			// Parsing each frame a thousand times would measure this process and not the relay: the range is enough.
			const range = /"from":(\d+),"to":(\d+)/.exec(data.subarray(0, 90).toString('latin1'));
			if (!range) {
				const { type, after } = JSON.parse(data.toString());
				if (type !== 'welcome') return;
				last = after;
				resolve();
				return;
			}
			if (Number(range[1]) !== last + 1) disorder++;
			deliveries += Number(range[2]) - last;
			last = Number(range[2]);
			bytes += data.length;
			if (++frames % 41 > 0) return;
			const now = performance.timeOrigin + performance.now();
			for (const { data: sent } of JSON.parse(data.toString()).entries) delays.push(now - sent.at);
		});
	});

for (let joined = 0; joined < Number(count); joined += 25) {
	await Promise.all(Array.from({ length: Math.min(25, Number(count) - joined) }, join));
}
process.send?.('ready');
process.on('message', (message) => {
	if (message === 'forget') {
		delays.length = 0;
		deliveries = bytes = disorder = 0;
	} else if (message === 'tell') process.send?.({ delays, deliveries, bytes, disorder });
});
process.on('disconnect', () => process.exit(0));
