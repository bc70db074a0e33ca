// `npm run demo:monitor`: a relay with a secret and the library that reports to it, started together and ended together.
// Knows ports and processes; never knows what either of them does.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const secret = process.env.LIVE_FEED_SECRET || randomBytes(48).toString('base64url');
const relayPort = await findPort(Number(process.env.RELAY_PORT || 1999));
const port = await findPort(Number(process.env.PORT || 3000));
const relay = `http://localhost:${relayPort}`;

const programs = [];
let isEnding = false;

/** What one of them has printed stands in the terminal, as it would alone. */
function start(args, env) {
	const program = spawn(process.execPath, args, {
		cwd: ROOT,
		stdio: ['ignore', 'inherit', 'inherit'],
		env: { ...process.env, LIVE_FEED_SECRET: secret, ...env },
	});
	// Neither is any good without the other.
	programs.push({ program, exited: once(program, 'exit').then(([code]) => end(code ?? 1)) });
}

async function end(code) {
	if (isEnding) return;
	isEnding = true;
	for (const { program } of programs) program.kill('SIGTERM');
	await Promise.all(programs.map(({ exited }) => exited));
	process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));

// As `npm start` does; with channels of its own.
start(['--import', 'tsx', 'relay/run/start.ts'], {
	PORT: String(relayPort),
	LIVE_FEED_STATE: process.env.LIVE_FEED_STATE || '.partykit/monitor',
});
await answers(`${relay}/health`);
start(['demo/monitor/server.mjs'], { PORT: String(port), LIVE_FEED_RELAY: relay });
await answers(`http://localhost:${port}/icon.svg`);
console.log('It is seen at /monitor: signed in as the administrator, and refused to the visitor. Ctrl-C ends both.');

/** Resolves once there is an answer at the address. */
async function answers(url) {
	for (;;) {
		try {
			if ((await fetch(url)).ok) return;
		} catch {
			// It has just been started.
		}
		await delay(100);
	}
}

/** The port, or another one that is free where it is taken. */
async function findPort(wanted) {
	const server = net.createServer();
	const listening = Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
	server.listen(wanted, '127.0.0.1');
	if (!(await listening)) return await findPort(0);
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}
